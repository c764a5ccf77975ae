"""files: a file is written whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import pytest

from motion2language.files import write_atomically, write_text


def half_then_fail(file: BinaryIO) -> None:
    file.write(b"half")
    file.flush()
    raise RuntimeError("power cut")


def half_then_stop(file: BinaryIO) -> None:
    file.write(b"half")
    raise KeyboardInterrupt


def test_text_is_utf8_with_line_ends_as_given(tmp_path: Path) -> None:
    write_text(tmp_path / "a.txt", "zwölf → 12\n")
    assert (tmp_path / "a.txt").read_bytes() == "zwölf → 12\n".encode()


def test_a_file_is_replaced_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("a longer old text")
    write_text(str(path), "new")
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_the_old_file_stands_until_the_new_one_is_whole(tmp_path: Path) -> None:
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


def test_an_error_leaves_no_new_file(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="power cut"):
        write_atomically(tmp_path / "a.txt", half_then_fail)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_one_clear_error(tmp_path: Path) -> None:
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
