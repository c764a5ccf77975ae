"""Malformed recordings, models and streams: `python benchmarks/fuzz.py --count 1000 --seed 0 [--kinds bvh npz]`.

Each case is made from whole files of tests/seeds.py by a mutator that knows their structure: numbers, counts, names,
nesting, truncation, headers, splices of two files. It is read in a process with a limit of memory, watched by this one,
which ends it when a case takes too long. A case is named by seed, kind and number, and made again by --only. Prints a
table by kind and one line per failure; the exit status is 1 when anything fell.

With --folder the files there are read instead, and --against CHECKOUT reads with another version of the package.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import random
import re
import select
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import warnings
import zipfile
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
GIVE_UP = 600.0  # seconds by the clock, on a machine that does other work
MEMORY = 1_500_000_000  # bytes of data of the process that reads
LARGEST = 4_000_000  # bytes of a case
LONGEST = 2_500  # letters of a message
KINDS = "bvh npz npy xml amc c3d trc fbx glb gltf vrma mvnx json csv skeleton parquet model stream".split()
NUMBERS = [
    *b"nan inf -inf -1 0 1 -0 1e308 -1e308 1e-308 1e39 1e10 999999999999 4294967296 2147483647 65535 1_0 0x10".split(),
    *(b"1,5", b"3.", b"9" * 5000, b"\xc2\xb2"),
]
NAMES = [
    *(b"a" * 100_000, b"\x1b[31m", b"\xff\xfe", b"\xed\xb3\xa9", b"", b"MOTION", b"}", b"{", b"<a>", b"a a", b"\x00"),
    *(b"../../x", "\u202egnp.".encode(), b"Hips"),
]
SHAPES = (
    *("(5, 22, 3)", "(0, 22, 3)", "(99999999, 22, 3)", "(9" + "9" * 40 + ", 22, 3)", "(True, 22, 3)", "(-1, 22, 3)"),
    *("(5, 263)", "()", "5", "[5, 22, 3]", "(1e3, 22, 3)", "(" * 300 + ")" * 300, "-" * 3000 + "1", "(5, 2000, 3)"),
    *("None", "(4611686018427387904, 22, 3)"),
)


def main() -> int:
    """Run the cases and print what came of them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", default="0")
    parser.add_argument("--kinds", nargs="+", default=KINDS)
    parser.add_argument("--only", type=int, help="number of the one case to run, of one kind")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--against", type=Path, default=HERE)
    parser.add_argument("--slow", type=float, default=10.0, help="processor seconds from which a case hangs")
    parser.add_argument("--worker", nargs=2, metavar=("KIND", "FIRST"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.worker:
        return work(given, given.worker[0], int(given.worker[1]))
    kinds = ["folder"] if given.folder else given.kinds
    each = len(list(given.folder.iterdir())) if given.folder else -(-given.count // len(kinds))
    print(f"seed {given.seed}, {each} cases of each kind\n")
    print("| kind | cases | read | refused | fell | longest, CPU s | most memory, MB |\n|" + " --- |" * 7)
    failures: list[str] = []
    for kind in kinds:
        print(watch(given, kind, each, failures), flush=True)
    print("\n".join(["", *failures] if failures else ["", "no traceback, no hang, no case beyond the memory"]))
    return int(bool(failures))


def watch(given: argparse.Namespace, kind: str, each: int, failures: list[str]) -> str:
    """Let processes work through a kind's cases; a row of the table."""
    counts: Counter[str] = Counter()
    longest = memory = 0.0
    first = given.only or 0
    end = first + 1 if given.only is not None else each
    while first < end:
        options = ["--seed", given.seed, "--count", str(end), "--against", str(given.against)]
        options += ["--folder", str(given.folder)] if given.folder else []
        command = [sys.executable, __file__, *options, "--worker", kind, str(first)]
        environment = {**os.environ, "PYTHONPATH": str(given.against), "OMP_NUM_THREADS": "1"}
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment) as worker:
            at, fate = first, ""
            for line in lines_in_time(worker, given.slow):
                number, outcome, seconds, peak, message = line.split("\t", 4)
                at = int(number) + 1
                longest, memory = max(longest, float(seconds)), max(memory, float(peak))
                counts[outcome] += 1
                if outcome not in ("read", "refused"):
                    failures.append(f"{kind} {number}: {outcome}: {message}")
            if worker.poll() is None:
                worker.kill()
                fate = f"hangs (over {given.slow:g} s)"
            elif worker.wait() != 0:
                fate = f"the process ended with status {worker.returncode}"
        if at < end:
            counts["fell"] += 1
            failures.append(f"{kind} {at}: {fate or 'the process ended'}")
            at += 1
        first = at
    fell = sum(counts.values()) - counts["read"] - counts["refused"]
    return (f"| {kind} | {sum(counts.values())} | {counts['read']} | {counts['refused']} | {fell} | {longest:.2f} "
            f"| {memory:.0f} |")  # fmt: skip


def lines_in_time(worker: subprocess.Popen, slow: float) -> Iterator[str]:
    """The worker's lines, until it ends or works too long for one; its processor's seconds count, not the clock's."""
    assert worker.stdout is not None
    rest, begun, spent = b"", time.monotonic(), None
    while True:
        if not select.select([worker.stdout], [], [], 0.5)[0]:
            now = processor_seconds(worker.pid)
            spent = now if spent is None else spent
            if (now is not None and spent is not None and now - spent > slow) or time.monotonic() - begun > GIVE_UP:
                return
            continue
        piece = os.read(worker.stdout.fileno(), 65536)
        if not piece:
            worker.wait()
            return
        *whole, rest = (rest + piece).split(b"\n")
        begun, spent = time.monotonic(), processor_seconds(worker.pid)
        yield from (line.decode("utf-8", "replace") for line in whole)


def processor_seconds(pid: int) -> float | None:
    """Seconds of a processor that a process has had; None where the system does not tell."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


# In the worker


def work(given: argparse.Namespace, kind: str, first: int) -> int:
    """Read the cases from `first` on; a line each: number, outcome, seconds, peak memory, message."""
    import resource

    sys.path.insert(0, str(HERE / "tests"))
    seeds: dict[str, list[bytes]] = {}
    if kind != "folder":
        from seeds import parquet_file, seed_files

        seeds = {"parquet": [parquet_file()]} if kind == "parquet" else seed_files()
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    out = os.fdopen(os.dup(1), "w", encoding="utf-8", errors="replace")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    with tempfile.TemporaryDirectory() as folder:
        files = sorted(given.folder.iterdir()) if given.folder else []
        for number in range(first, given.count if kind != "folder" else len(files)):
            chance = random.Random(f"{given.seed}-{kind}-{number}")
            case = make_case(kind, seeds, chance, Path(folder)) if kind != "folder" else files[number]
            start = time.process_time()
            outcome, message = outcome_of(kind, case, chance)
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
            print(number, outcome, f"{time.process_time() - start:.3f}", peak, message, sep="\t", file=out, flush=True)
    return 0


def outcome_of(kind: str, case: Path, chance: random.Random) -> tuple[str, str]:  # noqa: PLR0911 - one for each
    """What reading a case comes to, and its message."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            run_case(kind, case, chance)
    except (ValueError, FileNotFoundError) as error:
        message = " ".join(str(error).split())[:300]
        text = str(error).replace(str(case), "")
        if "more data than fits in memory" in text:
            return "beyond the memory", message
        if re.search(r"cannot be read \(\w+", text):
            return "not foreseen by the reader", message
        if kind not in ("model", "stream") and str(case) not in str(error):
            return "does not name the file", message
        if "\n" in text or len(text) > LONGEST or not text.isprintable():
            return "message of several lines, or too long", repr(text)[:300]
        return "refused", message
    except BaseException as error:
        return f"traceback, {type(error).__name__}", " ".join(str(error).split())[:300]
    return "read", ""


def run_case(kind: str, case: Path, chance: random.Random) -> None:
    """Read and understand one case as the commands do."""
    from motion2language.body import describe, to_canonical

    if kind == "stream":
        from motion2language.live.events import Note

        listener = live_listener()
        listener.forget()
        for event in listener.describe_lines(case.read_text(encoding="utf-8", errors="replace").splitlines()):
            if isinstance(event, Note) and not (event.text.isprintable() and len(event.text) <= LONGEST):
                raise ValueError(event.text)
    elif kind == "model":
        from motion2language.captioning.loading import load_model
        from motion2language.data.corpora.synthetic import sample

        list(load_model(str(case)).describe_all([sample("test", 2).motion.clip(0, 1)], beam=1))
    else:
        from motion2language.formats.reading import ReadOptions, list_takes, read_with_axes

        given = chance.random() < 0.5
        rate = 30.0 if kind in ("npy", "amc", "folder") else None
        unit, up = ("cm", "y") if given else (None, None)
        takes = list_takes(case, ReadOptions(fps=rate))
        options = ReadOptions(fps=rate, unit=unit, up=up, take=chance.choice(takes) if len(takes) > 1 else None)
        motion, axes = read_with_axes(case, options)
        describe(motion, axes)
        with contextlib.suppress(ValueError):
            to_canonical(motion)


@lru_cache
def live_listener():
    """What describes streams, made once in a process."""
    from motion2language.live.separate import load_listener

    return load_listener("live")


def make_case(kind: str, seeds: dict[str, list[bytes]], chance: random.Random, folder: Path) -> Path:
    """Write a case; the path to read."""
    if kind == "model":
        return damaged_model(chance, folder)
    path = folder / f"take.{kind}"
    path.write_bytes(mutated(kind, seeds[kind], chance))
    if kind == "amc":
        whole = chance.random() < 0.4
        path.with_suffix(".asf").write_bytes(seeds["asf"][0] if whole else mutated("asf", seeds["asf"], chance))
    return path


def mutated(kind: str, files: list[bytes], chance: random.Random) -> bytes:
    """One of the files with one to five mutations."""
    content = chance.choice(files)
    own = {
        "npy": change_array,
        "npz": change_archive,
        "gltf": change_json,
        "glb": change_glb,
        "vrma": change_glb,
        "json": change_json,
    }
    for _ in range(chance.choice((1, 1, 1, 2, 3, 5))):
        text = b"\0" not in content[:2000]
        ways = [truncate, flip, splice] + (
            [change_number, change_name, nest, repeat_line] if text else [change_integer] * 3
        )
        if kind in own and chance.random() < 0.6:
            with contextlib.suppress(Exception):  # what is damaged already has no structure to change
                content = own[kind](content, chance)
            continue
        way = chance.choice(ways)
        content = splice(content, chance, chance.choice(files)) if way is splice else way(content, chance)
        content = content[:LARGEST]
    return content


def truncate(content: bytes, chance: random.Random) -> bytes:
    """The beginning of a file."""
    return content[: chance.randrange(len(content) + 1)]


def flip(content: bytes, chance: random.Random) -> bytes:
    """Some bytes are others."""
    changed = bytearray(content)
    for _ in range(chance.choice((1, 4, 32))):
        if changed:
            changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def splice(content: bytes, chance: random.Random, other: bytes = b"") -> bytes:
    """The beginning of one file and the end of another."""
    return content[: chance.randrange(len(content) + 1)] + other[chance.randrange(len(other) + 1) :]


def place_of(pattern: bytes, content: bytes, chance: random.Random) -> re.Match | None:
    """A match, as often in the head of a file as anywhere."""
    found = list(re.finditer(pattern, content[: chance.choice((600, 4000, len(content)))]))
    return chance.choice(found) if found else None


def change_number(content: bytes, chance: random.Random) -> bytes:
    """A number is odd, or a count wrong."""
    match = place_of(rb"(?<![\w.])-?\d[\d.eE+-]*", content, chance)
    if match is None:
        return content
    count = match[0].isdigit() and chance.random() < 0.3
    new = (
        str(int(match[0][:15]) * chance.choice((0, 2, 1000)) + chance.choice((-1, 1))).encode()
        if count
        else chance.choice(NUMBERS)
    )
    return content[: match.start()] + new + content[match.end() :]


def change_name(content: bytes, chance: random.Random) -> bytes:
    """A name is odd, or another of the file."""
    match, other = (place_of(rb"[A-Za-z_][\w:.]*", content, chance) for _ in range(2))
    if match is None or other is None:
        return content
    new = other[0] if chance.random() < 0.5 else chance.choice(NAMES)
    return content[: match.start()] + new + content[match.end() :]


def nest(content: bytes, chance: random.Random) -> bytes:
    """Brackets, braces, tags or joints in one another, closed or not."""
    opening, closing = chance.choice(
        ((b"{", b"}"), (b"[", b"]"), (b"<a>", b"</a>"), (b"JOINT j\n{\nOFFSET 0 1 0\n", b"}\n"))
    )
    at, depth = chance.randrange(len(content) + 1), chance.choice((1, 70, 3000, 50_000))
    return content[:at] + opening * depth + closing * chance.choice((0, depth)) + content[at:]


def repeat_line(content: bytes, chance: random.Random) -> bytes:
    """A line is dropped, or there many times."""
    lines = content.split(b"\n")
    at = chance.randrange(len(lines))
    often = min(chance.choice((0, 2, 100, 20_000)), LARGEST // (len(lines[at]) + 1))
    return b"\n".join(lines[:at] + [lines[at]] * often + lines[at + 1 :])


def change_integer(content: bytes, chance: random.Random) -> bytes:
    """A few bytes of a binary file are an extreme number."""
    size = chance.choice((1, 2, 4, 8))
    at = chance.randrange(max(1, min(len(content), chance.choice((64, 1024, len(content) or 1)))))
    full, real = b"\xff" * size, struct.pack("<d", chance.choice((1e308, float("nan"))))
    numbers = (
        full,
        bytes(size),
        full[1:] + b"\x7f",
        (b"\0\0\x80\x7f" * 2)[:size],
        b"\1" + bytes(size - 1),
        real[:size],
    )
    new = chance.choice(numbers)
    return content[:at] + new + content[at + size :]


def change_array(content: bytes, chance: random.Random) -> bytes:
    """An .npy whose header, or whose values, are others."""
    length = int.from_bytes(content[8:10], "little")
    header, data = content[10 : 10 + length].decode("latin-1"), content[10 + length :]
    shape = chance.choice(SHAPES)
    kind = chance.choice("<f4 <f8 <f2 |O <i8 >f4 |b1 <U5 <M8[s] <c16 |S0 |V8 <f16 x".split())
    if chance.random() < 0.5:
        header = re.sub(r"'shape': .*, }", f"'shape': {shape}, }}".replace("\\", ""), header)
    if chance.random() < 0.4:
        header = re.sub(r"'descr': '[^']*'", f"'descr': '{kind}'", header)
    if chance.random() < 0.3:
        data = (
            bytes(data[: chance.randrange(len(data) + 1)])
            + struct.pack("<f", chance.choice((1e38, float("nan"), 1e10))) * 20
        )
    raw = header.encode("latin-1", "replace")
    return content[:8] + (len(raw) & 0xFFFF).to_bytes(2, "little") + raw + data


def change_archive(content: bytes, chance: random.Random) -> bytes:
    """An .npz with an array less, changed, of another shape or type."""
    import numpy as np

    with np.load(io.BytesIO(content), allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    name = chance.choice(list(arrays))
    array = arrays[name]
    with np.errstate(all="ignore"):
        ways = (
            lambda: np.full(chance.choice((0, 1, 50_000, 300_000)), "a"),
            lambda: np.zeros(()),
            lambda: array.astype("U20"),
            lambda: np.repeat(array, chance.choice((0, 2, 40)), axis=0) if array.ndim else array,
            lambda: np.zeros((chance.choice((1, 3000, 400_000)), chance.choice((1, 21, 3000)), 3), "f2"),
            lambda: array * 1e30 if array.dtype.kind == "f" else array[::-1],
            lambda: np.full(array.shape, chance.choice((1e308, -1e308, np.inf, np.nan, 2**62))),
            lambda: np.array(["a" * 10**6] * 3),
            lambda: np.array("x" * chance.choice((10, 500_000))),
            lambda: array.astype("i8") if array.dtype.kind in "fiu" else array,
        )
        new = chance.choice(ways)()
    arrays[name] = new
    if chance.random() < 0.15:
        del arrays[name]
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    result = file.getvalue()
    if chance.random() < 0.1:
        with zipfile.ZipFile(file, "a") as archive, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            archive.writestr("positions.npy", b"\x93NUMPY\1\0v\0{'descr': '<f4'")
        result = file.getvalue()
    return result


def change_json(content: bytes, chance: random.Random) -> bytes:
    """A JSON text in which one value is another."""
    data = json.loads(content)
    holder, key = data, None
    for _ in range(chance.choice((1, 2, 3, 4, 6, 8))):
        inner = holder if key is None else holder[key]
        keys = list(inner) if isinstance(inner, dict) else range(len(inner)) if isinstance(inner, list) else []
        if not keys:
            break
        holder, key = inner, chance.choice(list(keys))
    odd = (
        None,
        True,
        -1,
        0,
        1,
        10**9,
        2**63,
        1e308,
        -1e30,
        "",
        "a" * 50_000,
        "\x1b[31m\ud800",
        [],
        {},
        [[]],
        [0] * 50_000,
    )
    odd += ([1e308, 0, 0], {"a": {}}, data if len(content) < 20_000 else 1)
    if key is None:
        return content
    if chance.random() < 0.2 and isinstance(holder, dict):
        del holder[key]
    elif chance.random() < 0.2 and isinstance(holder, list):
        holder.extend([holder[key]] * chance.choice((1, 50, 3000)))
    else:
        holder[key] = json.loads(json.dumps(chance.choice(odd)))
    return json.dumps(data).encode()


def change_glb(content: bytes, chance: random.Random) -> bytes:
    """A .glb whose JSON is changed, in whole chunks."""
    (length,) = struct.unpack_from("<I", content, 12)
    text = change_json(content[20 : 20 + length], chance)
    text += b" " * (-len(text) % 4)
    rest = content[20 + length :]
    return content[:8] + struct.pack("<III", 20 + len(text) + len(rest), len(text), 0x4E4F534A) + text + rest


def damaged_model(chance: random.Random, folder: Path) -> Path:
    """A copy of the shipped model `synthetic` with a file that is changed, or missing."""
    target = folder / "model"
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(HERE / "motion2language" / "pretrained" / "synthetic", target)
    file = chance.choice(sorted(path for path in target.iterdir() if path.suffix != ".md"))
    content = file.read_bytes()
    if chance.random() < 0.05:
        file.unlink()
        return target
    kind = {".json": "json", ".npz": "npz"}.get(file.suffix, "")
    file.write_bytes(mutated(kind, [content], chance))
    return target


if __name__ == "__main__":
    sys.exit(main())
