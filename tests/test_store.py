"""The store returns what was written, whatever interrupted the writing and however many runs need it at once."""

import os
import resource
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from motion2language.data.store import (
    Record,
    StoreSpec,
    default_folder,
    delete,
    filling,
    layout,
    list_stores,
    open_or_count,
    open_or_make,
)
from motion2language.data.store.keys import code, digest
from motion2language.motion import CANONICAL, Motion, Skeleton

STICK = Skeleton("stick", ("foot", "head"), (-1, 0))
COUNT = 12


def made(number: int) -> Record:
    """Motion `number`: three bodies, one of them with angles; every fifth cannot be read."""
    if number % 5 == 4:
        raise ValueError(f"recording {number} is damaged")
    random = np.random.default_rng(number)
    skeleton, frames = (STICK, CANONICAL)[number % 2], 3 + number
    angles = random.normal(size=(frames, 7)) if number % 3 == 0 else None
    positions = random.normal(size=(frames, len(skeleton.joints), 3))
    seen = random.random(positions.shape[:2]) < 0.5 if number % 4 == 2 else None
    contacts = random.random((frames, 4)) < 0.5 if number % 4 == 1 else None
    motion = Motion(positions, 10 / 3, skeleton, f"take {number}", angles, seen, contacts)
    return Record(motion, {"text": "gé\n", "number": number})


def contents(key: str = "a", make=made, count: int = COUNT) -> StoreSpec:
    makers = [partial(make, number) for number in range(count)]
    return StoreSpec("corpus-train", "corpus, train", key, makers, as_it_is)


def as_it_is(record: Record) -> Record:
    return record


def same(record: Record | None, other: Record | None) -> bool:
    if record is None or other is None:
        return record is other
    arrays = np.array_equal(record.motion.positions, other.motion.positions) and (
        record.motion.angles is other.motion.angles is None or np.array_equal(record.motion.angles, other.motion.angles)
    )
    arrays &= np.array_equal(record.motion.seen, other.motion.seen)
    arrays &= np.array_equal(record.motion.contacts, other.motion.contacts)
    facts = [(each.about, each.motion.fps, each.motion.skeleton, each.motion.name) for each in (record, other)]
    return arrays and facts[0] == facts[1]


def require_whole(store, count: int = COUNT) -> None:
    assert len(store) == count
    assert all(same(store[number], None if number % 5 == 4 else made(number)) for number in range(count))


def refuse(_: int) -> Record:
    raise AssertionError("read again")


def test_records_are_read_back_unchanged_and_made_only_once(tmp_path, capsys):
    require_whole(open_or_make(tmp_path, contents()))
    assert "corpus, train: 12 recordings stored in" in capsys.readouterr().err
    store = open_or_make(tmp_path, contents(make=refuse))
    require_whole(store)
    assert capsys.readouterr().err == f"m2l: corpus, train: 12 recordings in the store {tmp_path / 'corpus-train'}\n"
    assert not store[0].motion.positions.flags.writeable
    assert {path.name for path in tmp_path.iterdir()} - {"corpus-train.lock"} == {"corpus-train"}
    values = np.fromfile(tmp_path / "corpus-train" / "values.f32", "<f4")
    np.testing.assert_array_equal(values[: 3 * 2 * 3], made(0).motion.positions.ravel())


def test_a_large_store_is_announced_with_its_size_and_how_to_do_without(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(filling, "LARGE", 2000)
    open_or_make(tmp_path / "a", contents(make=whole, count=20))  # each 10 frames of two joints: 4,800 bytes in all
    assert capsys.readouterr().err.startswith(
        f"m2l: corpus, train: the store will take about 0 MB in {tmp_path / 'a'}; --no-store does without it"
    )
    monkeypatch.setattr(filling, "LARGE", 4801)
    open_or_make(tmp_path / "b", contents(make=whole, count=20))
    assert "will take" not in capsys.readouterr().err
    monkeypatch.setenv("MOTION2LANGUAGE_QUIET", "1")
    open_or_make(tmp_path / "b", contents(make=refuse, count=20))
    assert capsys.readouterr().err == ""


def whole(number: int) -> Record:
    skeleton = Skeleton("two", ("a", "b"), (-1, 0))
    return Record(Motion(np.zeros((10, 2, 3), np.float32), 10.0, skeleton, f"take {number}"), number)


def test_a_store_made_from_something_else_is_replaced(tmp_path):
    open_or_make(tmp_path, contents())
    require_whole(open_or_make(tmp_path, contents("b", count=7)), 7)
    require_whole(open_or_make(tmp_path, contents("b", refuse, 7)), 7)


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: os.truncate(folder / "values.f32", 100),
        lambda folder: os.truncate(folder / "index.jsonl", (folder / "index.jsonl").stat().st_size - 5),
        lambda folder: (folder / "index.jsonl").write_text(""),
        lambda folder: (folder / "index.jsonl").write_text("[]\n"),
        lambda folder: (folder / "index.jsonl").write_bytes(b'\xff{"format": 1}\n'),
        lambda folder: (folder / "values.f32").open("ab").write(b"more"),
        lambda folder: (folder / "index.jsonl").open("ab").write(b"null\n"),
        lambda folder: (folder / "values.f32").unlink(),
    ],
    ids=[
        "values cut",
        "index cut",
        "index empty",
        "index a list",
        "index no text",
        "values longer",
        "index longer",
        "no values",
    ],
)
def test_a_damaged_store_is_noticed_and_made_again(damage, tmp_path, capsys):
    open_or_make(tmp_path, contents())
    damage(tmp_path / "corpus-train")
    capsys.readouterr()
    require_whole(open_or_make(tmp_path, contents()))
    lines = capsys.readouterr().err.splitlines()
    assert "12 recordings stored" in lines[-1]
    assert all("the store is damaged and is made again" in line for line in lines[:-1])
    require_whole(open_or_make(tmp_path, contents(make=refuse)))


@pytest.mark.parametrize("every", [0.0, 100.0], ids=["each on the disk at once", "at the end"])
def test_ctrl_c_keeps_finished_records(every, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(layout, "EVERY", every)
    tried = []

    def stopping(number: int) -> Record:
        tried.append(number)
        if number == 8 and tried.count(8) == 1:
            raise KeyboardInterrupt
        return made(number)

    with pytest.raises(KeyboardInterrupt):
        open_or_make(tmp_path, contents(make=stopping))
    assert not (tmp_path / "corpus-train").exists()
    (info,) = list_stores(tmp_path)
    assert (info.path.name, info.motions, info.count) == ("corpus-train.partial", 8, COUNT)
    require_whole(open_or_make(tmp_path, contents(make=stopping)))
    assert tried == [*range(9), *range(8, COUNT)]
    assert "8 of them before" in capsys.readouterr().err


@pytest.mark.parametrize("cut", [1, 37, 400])
@pytest.mark.parametrize("file", ["values.f32", "index.jsonl"])
def test_after_a_crash_only_complete_records_are_used(file, cut, tmp_path):
    """Whatever is cut off either file, the next run completes the store."""
    with pytest.raises(KeyboardInterrupt):
        open_or_make(tmp_path, contents(make=lambda number: made(number) if number < 8 else _stop()))
    partial_file = tmp_path / "corpus-train.partial" / file
    os.truncate(partial_file, partial_file.stat().st_size - cut)
    require_whole(open_or_make(tmp_path, contents()))


def _stop() -> None:
    raise KeyboardInterrupt


def test_an_unfinished_store_made_from_something_else_is_not_continued(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        open_or_make(tmp_path, contents("other", make=lambda number: made(number + 100) if number < 3 else _stop()))
    require_whole(open_or_make(tmp_path, contents()))


def test_a_full_disk_is_one_line_and_no_half_written_record_is_used(tmp_path, monkeypatch):
    """The disk (here a limit on file size) is full in the middle of a motion's values."""
    monkeypatch.setattr(layout, "EVERY", 0.0)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    sizes = [3 * len(made(number).motion.skeleton.joints) * (3 + number) * 4 for number in (0, 1)]
    resource.setrlimit(resource.RLIMIT_FSIZE, (sum(sizes) + 7 * 4 * 3 + 50, before[1]))
    try:
        with pytest.raises(
            ValueError, match=r"File too large\); 2 of 12 recordings are stored .* --no-store"
        ) as raised:
            open_or_make(tmp_path, contents())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "corpus-train").exists()
    tried = []
    require_whole(open_or_make(tmp_path, contents(make=lambda number: tried.append(number) or made(number))))
    assert tried == list(range(2, COUNT))


def test_a_disk_full_when_the_index_is_written_is_also_one_line(tmp_path, monkeypatch):
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as context:
        context.setattr(layout.os, "fsync", full)
        with pytest.raises(ValueError, match=r"No space left on device\); 0 of 12 recordings are stored"):
            open_or_make(tmp_path, contents())
    require_whole(open_or_make(tmp_path, contents()))


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match=r"file/stores: cannot hold a store .*--no-store"):
        open_or_make(tmp_path / "file" / "stores", contents())


SLOW = """
import sys, time
from functools import partial
from pathlib import Path
sys.path.insert(0, {tests!r})
from test_store import contents, made
def slow(number):
    with Path({log!r}).open("a") as file:
        file.write(f"{{number}}\\n")
    until = time.monotonic() + 120
    while number == 5 and not Path({log!r} + ".go").exists() and time.monotonic() < until:
        time.sleep(0.02)
    return made(number)
from motion2language.data.store import filling, open_or_make
filling.ALONE = 1e9
store = open_or_make(Path({folder!r}), contents(make=slow))
print(len(store))
"""


def start(folder: Path, log: Path) -> subprocess.Popen:
    """A run that makes a store and waits before its sixth recording until `log`.go exists."""
    words = SLOW.format(tests=str(Path(__file__).parent), log=str(log), folder=str(folder))
    return subprocess.Popen([sys.executable, "-c", words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for(log: Path, lines: int) -> None:
    until = time.monotonic() + 120
    while not (log.exists() and len(log.read_text().splitlines()) >= lines):
        assert time.monotonic() < until
        time.sleep(0.02)


def test_of_two_runs_at_once_one_makes_the_store_and_the_other_reports_that_it_waits(tmp_path):
    log = tmp_path / "log"
    first = start(tmp_path / "stores", log)
    wait_for(log, 6)
    second = start(tmp_path / "stores", log)
    assert "another run is making the store" in second.stderr.readline()
    (tmp_path / "log.go").touch()
    for run in (first, second):
        out, err = run.communicate(timeout=300)
        assert (run.returncode, out) == (0, "12\n"), err
    assert err.splitlines()[-1].endswith("recordings in the store " + str(tmp_path / "stores" / "corpus-train"))
    assert log.read_text().split() == [str(number) for number in range(COUNT)]


def test_a_killed_run_releases_its_lock_and_the_next_continues(tmp_path, capsys):
    log = tmp_path / "log"
    run = start(tmp_path, log)
    wait_for(log, 6)
    run.send_signal(signal.SIGKILL)
    run.wait()
    require_whole(open_or_make(tmp_path, contents()))
    assert "another run is making" not in capsys.readouterr().err  # nobody was waited for


def test_many_records_are_made_in_processes_in_order(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("motion2language.data.store.filling.ALONE", 0.0)
    monkeypatch.setattr("motion2language.data.store.filling._count_cores", lambda: 2)
    require_whole(open_or_make(tmp_path, contents(make=made, count=40)), 40)
    pids = StoreSpec("pids", "pids", "a", [partial(_with_pid, number) for number in range(24)], as_it_is)
    store = open_or_make(tmp_path, pids)
    assert [store[number].about[0] for number in range(24)] == list(range(24))
    assert os.getpid() not in {store[number].about[1] for number in range(24)}


def _with_pid(number: int) -> Record:
    return Record(made(0).motion, [number, os.getpid()])


def test_a_process_that_is_killed_is_one_line_and_nothing_is_lost(tmp_path, monkeypatch):
    monkeypatch.setattr("motion2language.data.store.filling.ALONE", 0.0)
    monkeypatch.setattr("motion2language.data.store.filling._count_cores", lambda: 2)
    with pytest.raises(ValueError, match="a process that read recordings was killed"):
        open_or_make(tmp_path, contents(make=_dying, count=40))
    (info,) = list_stores(tmp_path)
    assert info.motions < 40
    require_whole(open_or_make(tmp_path, contents(count=40)), 40)


def test_a_script_without_main_guard_gets_an_error_and_does_not_hang(tmp_path):
    words = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from pathlib import Path
from motion2language.data.store import filling
from test_store import contents
filling.ALONE, filling._count_cores = 0.0, lambda: 2
filling.open_or_make(Path({str(tmp_path / "stores")!r}), contents(count=40))
"""
    (tmp_path / "script.py").write_text(words)
    done = subprocess.run(
        [sys.executable, tmp_path / "script.py"], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 1
    assert "RuntimeError: a worker process that helps to make a store runs the whole script again" in done.stderr
    assert done.stderr.splitlines()[-1].endswith("(a script of your own needs if __name__ == '__main__':)")


def _dying(number: int) -> Record:
    if number == 30:
        os.kill(os.getpid(), signal.SIGKILL)
    return made(number)


def test_stores_are_listed_and_deleted_but_not_one_that_is_being_made(tmp_path):
    open_or_make(tmp_path, contents())
    (info,) = list_stores(tmp_path)
    assert (info.title, info.motions, info.count) == ("corpus, train", 12, 12)
    assert info.size == sum(path.stat().st_size for path in (tmp_path / "corpus-train").iterdir())
    run = start(tmp_path / "other", tmp_path / "log")
    wait_for(tmp_path / "log", 1)
    with pytest.raises(ValueError, match="a run is making this store"):
        delete(list_stores(tmp_path / "other"))
    (tmp_path / "log.go").touch()
    run.communicate(timeout=300)
    delete([*list_stores(tmp_path), *list_stores(tmp_path / "other")])
    assert list_stores(tmp_path) == list_stores(tmp_path / "other") == []


def test_a_key_changes_only_with_files_values_and_code(tmp_path, monkeypatch):
    file = tmp_path / "a.bvh"
    file.write_text("one")

    def key(*values: object) -> str:
        return digest([partial(made, file, *values)])

    first = key(1, "x", None)
    assert first == key(1, "x", None)
    assert len({first, key(2, "x", None), key(1, "x", ()), key("1", "x", None), key(1, ("x",), None)}) == 5
    monkeypatch.chdir(tmp_path)
    assert digest([partial(made, Path("a.bvh"), 1, "x", None)]) == first  # however the path is spelled
    os.utime(file, ns=(0, 12345))
    assert key(1, "x", None) != first
    for unknown in (tmp_path, lambda: 0, np.zeros(3)):
        with pytest.raises(TypeError):
            key(unknown)
    assert code("motion", "formats") != code("motion", "body")
    assert any(line.startswith("data/actions.toml ") for line in code("data"))


def test_the_skeleton_of_an_amc_is_part_of_its_key(tmp_path):
    (tmp_path / "02_01.amc").write_text("x")
    before = digest([tmp_path / "02_01.amc"])
    (tmp_path / "02.asf").write_text("y")
    assert digest([tmp_path / "02_01.amc"]) != before


def test_the_default_folder_is_that_of_the_environment_or_the_users_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("MOTION2LANGUAGE_STORE", str(tmp_path))
    assert default_folder() == tmp_path
    monkeypatch.setenv("MOTION2LANGUAGE_STORE", "none")
    assert default_folder() is None
    monkeypatch.delenv("MOTION2LANGUAGE_STORE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert default_folder() == tmp_path / "cache" / "motion2language"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert default_folder() == Path.home() / ".cache" / "motion2language"


def table(folder: Path, key: str = "a", count=len, files=("a", "bb", "cccc")) -> list[int]:
    return open_or_count(folder / "corpus.numbers.json", "corpus, letters", key, count, files)


def test_files_are_counted_once_per_key(tmp_path):
    assert table(tmp_path / "new") == table(tmp_path / "new", count=refuse) == [1, 2, 4]
    assert table(tmp_path / "new", "b", lambda file: 7) == table(tmp_path / "new", "b", refuse) == [7, 7, 7]


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "3", '{"key": "a"}', '{"key": "a", "numbers": 3}', '{"key": "a", "numbers": [1, 2]}',
     '{"key": "a", "numbers": [1, 2, "4"]}', '{"key": "a", "numbers": [1, 2, null]}', "[" * 100000],
)  # fmt: skip
def test_a_damaged_table_of_numbers_is_made_again(content, tmp_path):
    (tmp_path / "corpus.numbers.json").write_text(content)
    (info,) = list_stores(tmp_path)
    assert info.size == len(content)
    assert table(tmp_path) == table(tmp_path, count=refuse) == [1, 2, 4]


def test_a_table_is_written_atomically_and_a_failure_is_one_line(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        table(tmp_path, count=lambda file: _stop() if file == "cccc" else 1)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "corpus.numbers.json").mkdir()
    with pytest.raises(ValueError, match=r"cannot be written, it is a folder.*; choose another folder with --store"):
        table(tmp_path)
    with pytest.raises(ValueError, match=r"cannot hold a store \(.*\); choose another folder with --store"):
        table(Path(__file__) / "stores", count=refuse)


def test_two_runs_that_need_a_table_at_once_both_get_it(tmp_path):
    together = threading.Barrier(2)

    def count(file: str) -> int:
        together.wait(120)
        return len(file)

    with ThreadPoolExecutor(2) as runs:
        tables = list(runs.map(lambda _: table(tmp_path, count=count), range(2)))
    assert tables == [[1, 2, 4]] * 2
    assert [path.name for path in tmp_path.iterdir()] == ["corpus.numbers.json"]
    assert table(tmp_path, count=refuse) == [1, 2, 4]


def test_tables_are_listed_and_deleted_with_the_stores(tmp_path):
    open_or_make(tmp_path, contents())
    table(tmp_path)
    _, info = list_stores(tmp_path)
    assert (info.title, info.motions, info.count) == ("corpus, letters", 3, 3)
    delete(list_stores(tmp_path))
    assert list_stores(tmp_path) == []
    assert not list(tmp_path.glob("*.json"))
