"""files: a file is written completely or not at all; texts and archives are checked."""

from __future__ import annotations

import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pytest

from motion2language import files
from motion2language.files import (
    Lock,
    make_folder,
    one_line,
    parse_toml,
    read_arrays,
    read_text,
    remove_leftovers,
    write_atomically,
    write_text,
)


def half_then_fail(file: BinaryIO) -> None:
    file.write(b"half")
    file.flush()
    raise RuntimeError("power cut")


def half_then_stop(file: BinaryIO) -> None:
    file.write(b"half")
    raise KeyboardInterrupt


def test_text_is_utf8_with_line_ends_unchanged(tmp_path: Path) -> None:
    write_text(tmp_path / "a.txt", "zwölf → 12\n")
    assert (tmp_path / "a.txt").read_bytes() == "zwölf → 12\n".encode()


def test_a_file_is_replaced_and_no_temporary_file_is_left(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("a longer old text")
    write_text(str(path), "new")
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_the_old_file_stays_until_the_new_one_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")

    def write(file: BinaryIO) -> None:
        file.write(b"new")
        file.flush()
        assert path.read_text() == "old"

    write_atomically(path, write)
    assert path.read_text() == "new"


def test_others_may_read_the_file(tmp_path: Path) -> None:
    # Temporary files are private to their owner; the result is not.
    write_text(tmp_path / "a.txt", "new")
    assert (tmp_path / "a.txt").stat().st_mode & 0o777 == 0o644


def test_an_error_leaves_the_old_content_and_no_temporary_file(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(RuntimeError, match="power cut"):
        write_atomically(path, half_then_fail)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(path, half_then_stop)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_only_leftovers_of_killed_writers_are_removed(tmp_path: Path) -> None:
    killed = f"""
import os, signal
from motion2language.files import write_atomically
write_atomically({str(tmp_path / "a-b.json")!r}, lambda file: os.kill(os.getpid(), signal.SIGKILL))
"""
    subprocess.run([sys.executable, "-c", killed], check=False)
    (left,) = tmp_path.iterdir()
    others = {
        tmp_path / name
        for name in (".hidden", ".a-b.json-backup", ".a-b.jsonx-12345678", "a-b.json-12345678", ".c-12345678")
    }
    for other in others:
        other.touch()
    remove_leftovers([tmp_path / "a-b.json", tmp_path / "missing" / "a-b.json"])
    assert left not in tmp_path.iterdir()
    assert set(tmp_path.iterdir()) == others


def test_a_leftover_folder_is_removed_if_its_target_exists(tmp_path: Path) -> None:
    for name in ("best", ".best-12345678", ".last-12345678"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "weights").touch()
    remove_leftovers([tmp_path / "best", tmp_path / "last"])
    assert {path.name for path in tmp_path.iterdir()} == {"best", ".last-12345678"}


def test_an_error_leaves_no_new_file(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="power cut"):
        write_atomically(tmp_path / "a.txt", half_then_fail)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "missing" / "a.txt"
    with pytest.raises(ValueError, match=r"missing/a\.txt: cannot be written \(No such file.*choose a folder"):
        write_text(path, "new")
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_place_of_the_folder_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("old")
    with pytest.raises(ValueError, match=r"cannot be written.*choose a folder that exists"):
        write_text(tmp_path / "file" / "a.txt", "new")
    assert (tmp_path / "file").read_text() == "old"


def test_a_folder_in_place_of_the_file_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "a.txt").mkdir()
    with pytest.raises(ValueError, match=r"a\.txt: cannot be written"):
        write_text(tmp_path / "a.txt", "new")
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_arrays_are_read_and_an_archive_that_unpacks_to_too_much_is_refused(tmp_path, monkeypatch):
    np.savez_compressed(tmp_path / "a.npz", zeros=np.zeros(1_000_000), two=np.arange(2))
    np.testing.assert_array_equal(read_arrays(tmp_path / "a.npz")["two"], [0, 1])
    monkeypatch.setattr(files, "LARGEST_ARCHIVE", 1_000_000)
    monkeypatch.setattr(np, "load", None)
    with pytest.raises(ValueError, match=r"unpacks to 0\.0 GiB, the limit is"):
        read_arrays(tmp_path / "a.npz")


def test_other_files_and_members_are_refused(tmp_path):
    (tmp_path / "a.npz").write_bytes(b"hello")
    with pytest.raises(ValueError, match=r"not an \.npz archive, or cut off"):
        read_arrays(tmp_path / "a.npz")
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("words.txt", "hello")
    with pytest.raises(ValueError, match=r"'words\.txt' is not an array"):
        read_arrays(tmp_path / "a.npz")
    np.savez(tmp_path / "a.npz", objects=np.array([{}], dtype=object))
    with pytest.raises(ValueError, match="contains pickled objects"):
        read_arrays(tmp_path / "a.npz")


def test_text_is_read_without_a_byte_order_mark_and_must_be_utf8(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"\xef\xbb\xbfg\xc3\xa9\n")
    assert read_text(tmp_path / "a.txt", "one name per line") == "g\u00e9\n"
    (tmp_path / "a.txt").write_bytes(b"g\xe9\n")
    with pytest.raises(ValueError, match=r"a\.txt: not text in UTF-8; expected one name per line"):
        read_text(tmp_path / "a.txt", "one name per line")


def test_a_folder_is_made_with_its_parents_or_the_reason_is_given(tmp_path: Path) -> None:
    make_folder(tmp_path / "a" / "b")
    make_folder(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").is_dir()
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match=r"file/c: cannot be made \(Not a directory\); choose another --out"):
        make_folder(tmp_path / "file" / "c")


HOLD = """
import sys
from motion2language.files import Lock
assert Lock(sys.argv[1]).acquire()
print("held", flush=True)
sys.stdin.read()
"""


def test_a_lock_is_held_by_one_process_until_it_ends_however_it_ends(tmp_path: Path) -> None:
    path = tmp_path / "run.lock"
    words = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == "held\n"
        lock = Lock(path)
        assert not lock.acquire(wait=False)
        holder.kill()
        assert lock.acquire()
    assert not Lock(path).acquire(wait=False)
    lock.release()
    lock.release()
    assert Lock(path).acquire(wait=False)


def test_a_lock_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Lock(tmp_path / "none" / "run.lock").acquire(wait=False)


def test_toml_that_is_nested_deeply_is_refused_as_any_other_text():
    with pytest.raises(tomllib.TOMLDecodeError, match="nested too deeply"):
        parse_toml("a = " + "[" * 20_000 + "]" * 20_000)
    assert parse_toml("a = [1]") == {"a": [1]}


def test_a_text_with_a_name_that_is_not_utf_8_is_written_with_a_mark(tmp_path):
    write_text(tmp_path / "a.txt", "caf\udce9 and \ud83d\ude00 and \ud800")
    assert (tmp_path / "a.txt").read_text(encoding="utf-8") == "caf\ufffd and \U0001f600 and \ufffd"


def test_a_line_for_a_terminal_has_no_characters_that_steer_it():
    assert one_line(ValueError("a\x1b[31m\n  b\udce9")) == "a\ufffd[31m b\ufffd"
