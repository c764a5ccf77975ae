"""Which files the rows of a table of labels mean, and how its cells are read: formats, Unicode, parts, characters."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import pytest
from people import movement

from motion2language.data.actions import load_actions
from motion2language.data.labelled.form import read_source
from motion2language.data.labelled.motion_files import MotionFiles, find_motion_files
from motion2language.formats import bvh, npz
from motion2language.motion import CANONICAL


@pytest.fixture
def takes(tmp_path) -> Path:
    """A folder with a take in two formats, a.bvh and a.npz, and one in one, b.bvh."""
    folder = tmp_path / "takes"
    folder.mkdir()
    bvh.write(movement("kick", 0), folder / "a.bvh")
    npz.write(movement("kick", 0), folder / "a.npz")
    bvh.write(movement("walk", 1), folder / "b.bvh")
    return folder


@pytest.fixture
def collected(m2l, takes, tmp_path):
    """Collect the takes that a table describes; returns status, standard output, standard error."""

    def run(table: str) -> tuple[int, str, str]:
        (tmp_path / "labels.csv").write_text(table, encoding="utf-8")
        return m2l("data", "collect", takes, "--labels", tmp_path / "labels.csv", "--out", tmp_path / "mine.npz")

    return run


def write_points(path: Path) -> None:
    """A walk as a table of joints."""
    motion = movement("walk", 0)
    names = [f"{joint}.{axis}" for joint in CANONICAL.joints for axis in "xyz"]
    frames = motion.positions.reshape(motion.frames, -1)
    lines = [",".join(["time", *names])]
    lines += [",".join(f"{value:.4f}" for value in (number / motion.fps, *row)) for number, row in enumerate(frames)]
    path.write_text("\n".join(lines) + "\n")


@pytest.mark.parametrize(
    ("file", "found"),
    [
        ("b", ["b"]),
        ("b.bvh", ["b"]),
        ("./b.BVH", ["b"]),
        ("b.fbx", ["b"]),
        ("b.1", []),
        ("a.npz", ["a.npz"]),
        ("a", ["a.bvh", "a.npz"]),
        ("a.fbx", ["a.bvh", "a.npz"]),
        ("c", ["c.csv", "c.json"]),
        ("c.csv", ["c.csv"]),
        ("d", ["d"]),
        ("d.csv", ["d"]),
        ("d.bvh", []),
        ("b.csv", ["b.csv"]),
        ("labels", []),
        ("labels.csv", []),
    ],
)
def test_a_row_means_the_file_it_names_or_the_one_recording_of_that_name(takes, file, found):
    for name in ("b.csv", "c.csv", "c.json", "d.csv", "labels.csv"):
        (takes / name).touch()
    files = find_motion_files(takes, takes / "labels.csv")
    assert files.find(file) == found
    assert files.searched == {"a.bvh", "a.npz", "b"}


def test_a_file_whose_name_ends_in_a_suffix_keeps_its_own_name(tmp_path):
    for name in ("a.bvh", "a.bvh.npz"):
        (tmp_path / name).touch()
    files = find_motion_files(tmp_path, tmp_path / "labels.csv")
    assert files.paths == {"a": tmp_path / "a.bvh", "a.bvh.npz": tmp_path / "a.bvh.npz"}
    assert [files.find(file) for file in ("a", "a.bvh", "a.bvh.npz")] == [["a"], ["a"], ["a.bvh.npz"]]


@pytest.mark.parametrize("forms", [("NFC", "NFD"), ("NFD", "NFC")])
def test_names_in_another_form_of_unicode_meet(forms):
    stored, written = (unicodedata.normalize(form, "für/übung") for form in forms)
    files = MotionFiles({stored: Path(f"{stored}.bvh")})
    assert files.find(written) == files.find(f"{written}.bvh") == [stored]
    both = MotionFiles({stored: Path(f"{stored}.bvh"), written: Path(f"{written}.bvh")})
    assert both.find(written) == [written]
    assert both.find(stored) == [stored]


def test_a_take_in_two_formats_is_read_as_the_table_says(collected, tmp_path):
    status, _, err = collected("file,label\na.npz,kick\nb,walk\n")
    assert status == 0
    assert [entry.id for entry in read_source(tmp_path / "mine.npz").entries] == ["a.npz", "b"]
    assert "a.bvh" not in err
    status, _, err = collected("file,label\nb,walk\n")
    assert status == 0
    assert "takes: 2 of 3 recordings are not in labels.csv: a.bvh, a.npz" in err
    status, _, err = collected("file,label\na,kick\nb,walk\n")
    assert status == 0
    assert "1 of 2 described files exist in several formats and are left out; add the suffix of one: a (a.bvh" in err
    assert "are not in" not in err
    assert [entry.id for entry in read_source(tmp_path / "mine.npz").entries] == ["b"]


def test_a_table_of_joints_is_a_recording_when_a_row_names_it(collected, takes, tmp_path):
    for path in takes.iterdir():
        path.unlink()
    for name in ("c.csv", "d.csv", "e.csv"):
        write_points(takes / name)
    status, _, err = collected("file,label\nc,walk\nd.csv,walk\n")
    assert status == 0
    assert [entry.id for entry in read_source(tmp_path / "mine.npz").entries] == ["c", "d"]
    assert "are not in" not in err


def test_reasons_that_differ_in_numbers_alone_are_one(collected, takes, tmp_path):
    table = "file,label,start,end\na.bvh,kick,0,98\na.npz,kick,0,99\nb,walk,0,0.001\n"
    npz.write(movement("kick", 0), takes / "c.npz")
    status, _, err = collected(f"{table}c,kick,0,0.5\n")
    assert status == 0
    assert err.count("2 of 4 recordings cannot be used (a part ends at 98 s, the recording lasts") == 1
    assert "1 of 4 recordings cannot be used (all its parts are shorter than a frame, 1/20 s): b" in err


def test_a_part_given_twice_is_kept_once_and_one_without_a_frame_is_left_out(collected, tmp_path):
    status, out, err = collected("file,label,start,end\nb,walk,0,0.5\nb,walk,0.0,0.5\nb,kick,0,0.5\nb,walk,0.6,0.601\n")
    assert status == 0
    assert "2 labels: kick 1, walk 1" in out
    assert "labels.csv: 1 parts are given twice; each is kept once: b (line 3)" in err
    assert "labels.csv: 1 parts are shorter than a frame, 1/20 s, and are left out: b (walk, 0.6 to 0.601 s)" in err
    assert [part["label"] for part in json.loads((tmp_path / "mine.json").read_text())["clips"][0]["segments"]] == [
        "walk",
        "kick",
    ]


@pytest.mark.parametrize("column", ["label", "person", "sentence", "phrase"])
@pytest.mark.parametrize("bad", ["\x1b", "\x07", "\x9b", "\u202e"])
def test_characters_that_steer_a_terminal_are_refused(collected, tmp_path, column, bad):
    cells = {"label": "wave", "person": "ann", "sentence": "a person waves", "phrase": "waves"}
    cells[column] += f"{bad}[31m"
    status, out, err = collected(f"file,{','.join(cells)}\nb,{','.join(cells.values())}\n")
    assert (status, out, len(err.splitlines())) == (1, "", 1)
    assert f"line 2: the {column} {cells[column]!r} has a character that cannot be shown, {bad!r}; remove it" in err
    assert not (tmp_path / "mine.npz").exists()


def test_other_spaces_and_forms_of_letters_are_no_difference(collected, tmp_path):
    ann = [unicodedata.normalize(form, "Änn") for form in ("NFC", "NFD")]
    table = f"file,label,person\nb,walk\u00a0 sideways,{ann[0]}\nb,walk sideways,{ann[1]}\n"
    assert collected(table)[0] == 0
    (entry,) = read_source(tmp_path / "mine.npz").entries
    assert (entry.label, entry.person) == ("walk sideways", ann[0])


def test_the_phrases_of_a_table_are_kept_beside_the_recordings(collected, m2l, tmp_path):
    status, out, err = collected("file,label,phrase\nb,hoop,spins a hoop\na.npz,mystery,\n")
    assert status == 0
    assert "mine.people.toml in place of" in out
    assert set(load_actions(tmp_path / "mine.actions.toml").actions) - set(load_actions().actions) == {"hoop"}
    assert "the label 'mystery' means no action of the table" in err
    assert "'hoop'" not in err
    _, out, _ = m2l("data", "check", "people", "--root", tmp_path / "mine.people.toml")
    assert out.splitlines()[1].split()[:2] == ["train", "1"]


def test_an_action_worded_in_two_places_is_one_line(collected, m2l, takes, tmp_path):
    own = tmp_path / "own.toml"
    own.write_text('[actions.hoop]\nverb = "spin"\nphrases = ["spins a hoop"]\n')
    (tmp_path / "labels.csv").write_text("file,label,phrase\nb,hoop,twirls a hoop\n")
    words = ("--labels", tmp_path / "labels.csv", "--out", tmp_path / "mine.npz", "--actions", own)
    for command in (("data", "collect"), ("adapt",)):
        status, _, err = m2l(*command, takes, *words)
        assert (status, len(err.splitlines())) == (1, 1)
        assert "labels.csv: 'hoop' has a phrase here and a row in" in err
    assert not (tmp_path / "mine.npz").exists()
