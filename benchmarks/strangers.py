"""What strangers may send, tried on a version of the package: `python benchmarks/strangers.py [--against CHECKOUT]`.

Each row is a kind of file, stream, model or request that once went wrong, made here and given to the command in a
process that may take 12 s of a processor and 3 GB. Prints a table; nothing is judged.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(HERE), str(HERE / "tests")]  # the makers of files are of this version
SECONDS, MEMORY = 12, 3_000_000_000  # of a processor, bytes of data
TAKE = HERE / "motion2language" / "samples" / "1_wave.bvh"
QUICK = ["--model", "synthetic", "--beam", "1"]
PORT = 18_471  # and the next; chosen


def main() -> int:
    """Try every row and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--against", type=Path, default=HERE)
    against = parser.parse_args().against.resolve()
    os.environ |= {"PYTHONPATH": str(against), "OMP_NUM_THREADS": "1"}
    print("| what | comes to |\n| --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        for rows in (files, outputs, models, streams, requests):
            for what, found in rows(Path(folder)):
                print(f"| {what} | {found} |", flush=True)
    return 0


def m2l(*words: object, stdin: bytes = b"", seconds: int = SECONDS) -> str:
    """What a command comes to, in a few words."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))

    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-m", "motion2language", *map(str, words)], input=stdin, capture_output=True, check=False,
        preexec_fn=limit, cwd="/",
    )  # fmt: skip
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    text = (done.stdout + done.stderr).decode("utf-8", "replace")
    lines = [line for line in text.splitlines() if line.strip()]
    if done.returncode in (-signal.SIGKILL, -signal.SIGXCPU):
        found = f"killed after {SECONDS} s"
    elif "Traceback" in text:
        found = f"traceback, {lines[-1].split(':')[0].strip('│ ')}, {len(lines)} lines"
    else:
        found = f"status {done.returncode}, {len(lines)} line{'s' * (len(lines) != 1)}"
    found += f", the longest of {max(map(len, lines))} letters" if lines and max(map(len, lines)) > 3000 else ""
    found += ", escape sequences" if "\x1b[31m" in text else ""
    return f"{found}, {spent:.1f} s"


def files(folder: Path) -> Iterator[tuple[str, str]]:
    """Recordings that declare too much, or hold odd names."""
    from test_limits import SHAPE, bvh, chain, npy, npz, wide_trc

    many = np.arange(-1, 1999)
    (folder / "chain.asf").write_text(chain(20_000))
    deep = folder / "deep.toml"
    deep.write_text("a = " + "[" * 20_000 + "]" * 20_000)
    for name, make in {
        "one coordinate of 1e308.trc": one_far_coordinate,
        "200,000 joints of one name.npz": lambda: npz(
            fps=np.float64(30), parents=np.arange(-1, 199_999), positions=np.zeros((1, 200_000, 3), "f2"),
            joints=np.full(200_000, "a"),
        ),
        "20,000 joints.bvh": lambda: bvh(20_000, 2).encode(),
        "a chain of 20,000 bones.amc": lambda: b"1\nroot 1\n2\nroot 2\n",
        "30,000 frames of 2,000 joints at rest.npz": lambda: npz(
            fps=np.float64(30), parents=many, positions=np.zeros((30_000, 2000, 3), "f2"),
            joints=np.array([f"j{number}" for number in range(2000)]),
        ),
        "40,000 frames of 2,000 joints without channels.bvh": lambda: bvh(1999, 40_000).encode(),
        "9,000 labels, 9,000 rows.trc": lambda: wide_trc(9_000, 9_000).encode(),
        "a shape of 23 digits.npy": lambda: npy(SHAPE % "(99999999999999999999999, 22, 3)"),
        "a shape of (True, 22, 3).npy": lambda: npy(SHAPE % "(True, 22, 3)", bytes(600)),
        "a header of 4,000 minus signs.npy": lambda: npy(SHAPE % ("-" * 4000 + "1")),
        "escape sequences in a joint's name.bvh": lambda: bvh(1, 2, "\x1b[31mj").encode(),
        "a joint's name of 500,000 letters.bvh": lambda: bvh(1, 2, "j" * 500_000).encode(),
    }.items():  # fmt: skip
        path = folder / f"take{Path(name).suffix}"
        path.write_bytes(make())
        size = path.stat().st_size + ((folder / "chain.asf").stat().st_size if path.suffix == ".amc" else 0)
        options = ["--fps", 30] if path.suffix in (".npy", ".amc") else []
        options += ["--asf", folder / "chain.asf"] if path.suffix == ".amc" else []
        yield f"`{path.suffix}`, {size / 1000:,.0f} KB: {Path(name).stem}", m2l("inspect", path, *options)
        path.unlink()
    yield "`--joint-map`, TOML nested 20,000 deep", m2l("inspect", TAKE, "--joint-map", deep)
    for name in ("1", "3"):
        shutil.copy(TAKE, folder / f"{name}.bvh")
    (folder / "2.npy").write_bytes(npy(SHAPE % "(True, 22, 3)", bytes(600)))
    found = m2l("caption", *(folder / name for name in ("1.bvh", "2.npy", "3.bvh")), *QUICK, "--fps", 30, "--out",
                folder / "batch")  # fmt: skip
    written = len(list((folder / "batch").glob("*.json"))) if (folder / "batch").is_dir() else 0
    yield "a batch of three, the second of the shape (True, 22, 3)", f"{found}; {written} of 2 described"


def one_far_coordinate() -> bytes:
    """A .trc of 39 markers, one of them once too far away for arithmetic: the example of ../shared, or one like it."""
    from test_limits import with_one_huge_coordinate

    example = HERE.parent / "shared" / "cases" / "hostile" / "hang_svd_one_coordinate_1e308.trc"
    return example.read_bytes() if example.is_file() else with_one_huge_coordinate().encode()


def outputs(folder: Path) -> Iterator[tuple[str, str]]:
    """Whose an output is."""
    for name in "ab":
        (folder / name).mkdir()
        shutil.copy(TAKE.with_name("2_walk_bow.bvh" if name == "b" else TAKE.name), folder / name / "take.bvh")

    def written(out: Path) -> list[str]:
        return [path.read_text() for path in sorted(out.rglob("*.json"))] if out.is_dir() else []

    for what, options in (("--skip-written", ["--skip-written"]), ("no option", [])):
        out = folder / f"out {what}"
        m2l("caption", folder / "a/take.bvh", *QUICK, "--out", out)
        first = written(out)
        found = m2l("caption", folder / "b/take.bvh", *QUICK, "--out", out, *options)
        kept, there = written(out) == first, len(written(out))
        yield (
            f"`b/take.bvh` after `a/take.bvh` into one `--out`, {what}",
            (f"{re.sub(', [0-9.]+ s$', '', found)}; a's file is {'kept' if kept else 'replaced'}, {there} there"),
        )
    odd = os.fsencode(folder) + b"/take \xff.bvh"
    shutil.copy(TAKE, odd)
    yield "a file name that is not UTF-8", m2l("caption", os.fsdecode(odd), *QUICK, "--out", folder / "odd")


def models(folder: Path) -> Iterator[tuple[str, str]]:
    """Weights that are not numbers."""
    from safetensors.numpy import load_file, save_file

    model = folder / "model"
    shutil.copytree(HERE / "motion2language" / "pretrained" / "synthetic", model)
    weights = load_file(model / "weights.safetensors")
    save_file({name: np.full_like(value, np.nan) for name, value in weights.items()}, model / "weights.safetensors")
    yield "a model of NaN", m2l("caption", TAKE, "--model", model)


def streams(_: Path) -> Iterator[tuple[str, str]]:
    """A header that takes long."""
    header = json.dumps({"joints": ["a"] * 60_000, "parents": [-1, *range(59_999)]})
    yield "live: a header of 60,000 joints of one name", m2l("live", stdin=header.encode() + b"\n")


def requests(_: Path) -> Iterator[tuple[str, str]]:
    """The web app and the live page."""
    with serving("serve", "--port", PORT, "--model", "synthetic"):
        errors = [ask(PORT, "DELETE", "/api/health"), ask(PORT, "POST", "/api/transcribe"), ask(PORT, "GET", "/nope")]
        keys = sorted({key for _, body in errors for key in (json.loads(body) if body[:1] == b"{" else {"text": 0})})
        yield "three wrong requests at the web app: keys of their errors", ", ".join(keys)
        yield "a client that sends half a request", half_a_request(PORT)
        hung = [threading.Thread(target=post, args=(PORT, "a.trc", one_far_coordinate()), daemon=True)
                for _ in range(4)]  # fmt: skip
        for thread in hung:
            thread.start()
        time.sleep(1)
        yield "a good recording after four of the first kind above", post(PORT, "good.bvh", TAKE.read_bytes())
    with serving("live", "--udp", PORT + 1, "--serve", PORT):
        opened: list[socket.socket] = []
        status: list[bytes] = []
        threads = [threading.Thread(target=watch, args=(PORT, opened, status)) for _ in range(60)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        yield "60 live pages at once, 32 allowed", f"{status.count(b'200')} opened"


@contextmanager
def serving(*words: object) -> Iterator[None]:
    """A command that serves on PORT, until the block ends."""
    with subprocess.Popen(
        [sys.executable, "-m", "motion2language", *map(str, words)], cwd="/", stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    ) as server:  # fmt: skip
        try:
            for _ in range(600):
                try:
                    socket.create_connection(("127.0.0.1", PORT), 1).close()
                    break
                except OSError:
                    time.sleep(0.2)
            yield
        finally:
            os.killpg(server.pid, signal.SIGKILL)


def ask(port: int, method: str, path: str) -> tuple[int, bytes]:
    """The status and the body of an answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request(method, path)
    answer = connection.getresponse()
    return answer.status, answer.read()


def post(port: int, name: str, content: bytes) -> str:
    """What a recording comes to."""
    head = f'--x\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("POST", "/api/transcribe", head.encode() + content + b"\r\n--x--\r\n",
                           {"content-type": "multipart/form-data; boundary=x"})  # fmt: skip
        return f"status {connection.getresponse().status}"
    except OSError:
        return "no answer in 60 s"


def half_a_request(port: int) -> str:
    """How long a client is kept that sends half a head."""
    with socket.create_connection(("127.0.0.1", port), 30) as client:
        client.sendall(b"GET / HT")
        begun = time.monotonic()
        try:
            client.recv(100)
        except TimeoutError:
            return "kept for over 30 s"
        except OSError:
            pass
        return f"dropped after {time.monotonic() - begun:.0f} s"


def watch(port: int, opened: list[socket.socket], status: list[bytes]) -> None:
    """Open a live page's stream."""
    client = socket.create_connection(("127.0.0.1", port), 30)
    opened.append(client)
    client.sendall(b"GET /events HTTP/1.1\r\nhost: localhost\r\n\r\n")
    status.append(client.recv(1000).split(b" ")[1])


if __name__ == "__main__":
    sys.exit(main())
