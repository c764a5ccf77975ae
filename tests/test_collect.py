"""m2l data collect: a folder of motion files and a table become labelled recordings; bad tables, files and disks."""

from __future__ import annotations

import errno
import json
import re
import shlex
import warnings
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from people import LABELS, movement

from motion2language.data import corpora
from motion2language.data.actions import load_actions
from motion2language.data.labelled import form
from motion2language.data.labelled.form import read_motion, read_source
from motion2language.data.labelled.selection import read_selection
from motion2language.formats import bvh, npz
from motion2language.motion import CANONICAL, Motion

ROWS = "file,label,person\n"


@pytest.fixture
def m2l(m2l):
    """Run `m2l data`; returns its status, standard output and standard error."""
    return partial(m2l, "data")


@pytest.fixture
def takes(tmp_path) -> Path:
    """A folder of six BVH files, two of each of three people, in subfolders, and their table labels.csv beside it."""
    folder = tmp_path / "takes"
    rows = ["file,label,person"]
    for number, person in enumerate(("ann", "bob", "cyd")):
        (folder / person).mkdir(parents=True)
        for label in ("kick", "walk"):
            bvh.write(movement(label, number), folder / person / f"{label}.bvh")
            rows.append(f"{person}/{label}.bvh,{label},{person}")
    (tmp_path / "labels.csv").write_text("\n".join(rows) + "\n")
    return folder


def put(takes: Path, text: str) -> Path:
    path = takes.parent / "labels.csv"
    path.write_text(text)
    return path


def collected(m2l, takes: Path, *words) -> tuple[int, str, str]:
    return m2l("collect", takes, "--labels", takes.parent / "labels.csv", "--out", takes.parent / "mine.npz", *words)


def test_a_folder_becomes_labelled_recordings_that_are_checked_and_composed(takes, tmp_path, m2l):
    status, out, err = collected(m2l, takes)
    assert (status, err) == (0, "")
    assert "mine.npz and " in out and "mine.json: 6 labels: kick 3, walk 3" in out
    source = read_source(tmp_path / "mine.npz")
    assert (source.name, source.fps) == ("mine", 20.0)
    assert [(entry.id, entry.label, entry.person) for entry in source.entries[:2]] == [
        ("ann/kick", "kick", "ann"),
        ("ann/walk", "walk", "ann"),
    ]
    motion = read_motion(source.arrays, source.fps, 0, "kick")
    kick = movement("kick", 0)
    place = motion.skeleton.joints.index("left_ankle")
    np.testing.assert_allclose(motion.positions[:, place], kick.positions[:, CANONICAL.index("left_ankle")], atol=2e-3)
    status, out, _ = m2l("check", "people", "--root", tmp_path / "mine.npz")
    assert status == 0
    assert [line.split()[:2] for line in out.splitlines()[1:]] == [["train", "2"], ["val", "2"], ["test", "2"]]
    words = ("--train", 2, "--val", 2, "--test", 2, "--out", tmp_path / "mix")
    assert m2l("compose", "--people", tmp_path / "mine.npz", *words)[0] == 0


def test_parts_sentences_and_rates_stand_in_the_table(takes, tmp_path, m2l):
    seconds = movement("kick", 0).duration
    put(
        takes,
        "file, label, start, end, person, sentence, fps\n"
        f"ann/kick,kick,0,0.5,ann,,\n./ann/kick.bvh,walk,0.5,{seconds:.2f},,,\n"
        'bob/walk,walk,,,bob,"A man walks, slowly.",\nbob/walk,walk,,,,someone strolls,\n'
        "bob\\kick.bvh,,,,bob,a person kicks,\ncyd/kick,kick,,,cyd,,10\ncyd/walk,walk,,,cyd,,\nann/walk,walk,,,ann,,\n",
    )
    status, out, err = collected(m2l, takes)
    assert (status, err) == (0, "m2l: note: " + err.partition("m2l: note: ")[2])
    assert "kick 2, walk 4" in out
    assert "1 recordings have no label that means an action, such as mine/bob/kick" in err
    entries = {entry.id: entry for entry in read_source(tmp_path / "mine.npz").entries}
    assert [(span.label, span.start) for span in entries["ann/kick"].spans] == [("kick", 0.0), ("walk", 0.5)]
    assert entries["bob/walk"].sentences == ("A man walks, slowly.", "someone strolls")
    texts = {sample.name: sample.captions[0].text for sample in every_sample(tmp_path / "mine.npz")}
    assert texts["mine/bob/kick"] == "a person kicks"


def every_sample(root: Path) -> list:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [sample for split in ("train", "val", "test") for sample in corpora.load("people", root, split)]


def test_a_new_action_is_a_row_of_ones_own(takes, tmp_path, m2l):
    put(takes, ROWS + "ann/kick,moonwalk,ann\nann/walk,wlak,ann\nbob/kick,kick,bob\ncyd/kick,kick,cyd\n")
    (tmp_path / "mine.toml").write_text('[actions.moonwalk]\nverb = "moonwalk"\nphrases = ["moonwalks"]\n')
    status, _, err = collected(m2l, takes)
    assert status == 0
    assert "the label 'moonwalk' means no action of the table" in err
    assert "the label 'wlak' means no action of the table; did you mean 'walk'?: mine/ann/walk" in err
    status, _, err = collected(m2l, takes, "--actions", tmp_path / "mine.toml")
    assert "moonwalk'" not in err
    assert "'wlak'" in err
    assert "1 of 2 actions have one recording only: moonwalk" in err


def test_files_and_rows_without_each_other_are_named(takes, m2l):
    put(takes, ROWS + "ann/kick,kick,ann\nbob/kick,kick,bob\ncyd/kick,kick,cyd\ndan/kick,kick,dan\n")
    status, _, err = collected(m2l, takes)
    assert status == 0
    assert "labels.csv: 1 of 4 described files are not in" in err
    assert "dan/kick" in err
    assert "3 of 6 recordings are not in labels.csv: ann/walk, bob/walk, cyd/walk" in err


def test_one_person_only_is_told(takes, m2l):
    put(takes, ROWS + "ann/kick,kick,ann\nann/walk,walk,ann\n")
    status, _, err = collected(m2l, takes)
    assert status == 0
    assert "one person only (mine/ann): a split by person cannot be made; it needs 3 people of one source" in err
    assert "2 of 2 actions have one recording only: kick, walk" in err


def test_recordings_that_cannot_be_used_are_named_and_the_rest_is_collected(takes, m2l):
    bad = Motion(movement("walk", 0).positions[:3], 20.0, CANONICAL)
    bvh.write(bad, takes / "ann/walk.bvh")
    (takes / "ann/kick.bvh").write_text("HIERARCHY\nnonsense")
    npz.write(Motion(movement("kick", 1).positions * [-1, 1, 1], 20.0, CANONICAL), takes / "bob/kick.npz")
    (takes / "bob/kick.bvh").unlink()
    values = {"fps": np.float64(20), "joints": np.array(CANONICAL.joints), "parents": np.array(CANONICAL.parents)}
    broken = movement("walk", 1).positions.copy()
    broken[4, 3] = np.nan
    np.savez(takes / "bob/walk.npz", positions=broken, **values)
    (takes / "bob/walk.bvh").unlink()
    status, out, err = collected(m2l, takes)
    assert status == 0
    assert "2 labels: kick 1, walk 1" in out
    reasons = re.findall(r"takes: 1 of 6 recordings cannot be used \((.*)\): (\S+)$", err, re.MULTILINE)
    assert [name for _, name in reasons] == ["ann/kick", "ann/walk", "bob/kick", "bob/walk"]
    assert len({reason for reason, _ in reasons}) == 4
    assert "different skeletons" not in err
    assert all(line.startswith("m2l: note: ") for line in err.splitlines())


def test_several_skeletons_are_written_on_the_canonical_body(takes, tmp_path, m2l):
    (takes / "ann/walk.bvh").unlink()
    renamed = movement("walk", 0).skeleton
    joints = tuple(name.replace("_wrist", "_hand") for name in renamed.joints)
    other = Motion(movement("walk", 0).positions, 20.0, type(renamed)("other", joints, renamed.parents))
    npz.write(other, takes / "ann/walk.npz")
    status, _, err = collected(m2l, takes)
    assert status == 0
    assert "2 different skeletons; all are written on the canonical body" in err
    assert form.skeleton(tmp_path / "mine.npz").joints == CANONICAL.joints


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("", "expected a table with the columns file and label, found nothing"),
        ("name,label\n", "expected a table with the columns file and label, found name, label"),
        (ROWS + "ann/kick,kick,ann,4,5\n", "line 2: more cells than columns"),
        (ROWS + "ann/kick,,ann\n", "line 2: ann/kick has neither a label nor a sentence"),
        (ROWS + ",kick,ann\n", "line 2: no file"),
        (
            ROWS + "ann/kick,kick,ann\nann/kick,walk,ann\n",
            "line 3: ann/kick has the label 'walk' here, and 'kick' before",
        ),
        (
            ROWS + "ann/kick,kick,ann\nann/kick,kick,bob\n",
            "line 3: ann/kick has the person 'bob' here, and 'ann' before",
        ),
        ("file,label,start,end\nann/kick,kick,1,0.5\n", "line 2: from 1 to 0.5 s; give start < end"),
        ("file,label,start,end\nann/kick,kick,1,\n", "line 2: from 1 to nothing s; give start < end"),
        ("file,label,start\nann/kick,kick,1\n", "line 2: from 1 to nothing s; give start < end"),
        ("file,label,end\nann/kick,kick,1\n", "line 2: from nothing to 1 s; give start < end"),
        ("file,label,fps\nann/kick,kick,0\n", "line 2: fps is 0, expected frames per second, above 0"),
        ("file,label,label\nann/kick,kick,wave\n", "several columns label; keep one of each"),
        ("file,label,start,end\nann/kick,kick,a,2\n", "line 2: start is 'a', expected a number of 0 or above"),
        ("file,label,start,end\nann/kick,kick,-1,2\n", "line 2: start is '-1', expected a number of 0 or above"),
        ("file,label,start,end\nann/kick,kick,nan,2\n", "line 2: start is 'nan', expected a number"),
        ("file,label,start,end\nann/kick,,0,2\n", "line 2: a part without a label"),
        ("file,label,start,end\nann/kick,kick,0,1\nann/kick,kick,,\n", "line 3: ann/kick has a label of all of it and"),
        (ROWS + "other,kick,ann\n", "nothing to collect: 6 recordings, 1 described files"),
    ],
)
def test_a_wrong_table_is_one_line_and_nothing_is_written(takes, tmp_path, m2l, table, message):
    put(takes, table)
    status, out, err = collected(m2l, takes)
    assert (status, out) == (1, "")
    assert message in err.splitlines()[-1]
    assert all(line.startswith("m2l: note: ") for line in err.splitlines()[:-1])
    assert not (tmp_path / "mine.npz").exists()


def test_a_part_beyond_the_end_leaves_its_recording_out(takes, m2l):
    put(takes, "file,label,start,end\nann/kick,kick,0,99\nbob/kick,kick,0,0.5\n")
    status, _, err = collected(m2l, takes)
    assert status == 0
    assert "1 of 2 recordings cannot be used (a part ends at 99 s, the recording lasts" in err


def test_columns_that_nothing_reads_and_sentences_without_a_subject_are_told(takes, m2l):
    put(takes, "file,label,mood,sentence\nann/kick,kick,sad,kicks\nbob/kick,kick,,\n")
    status, _, err = collected(m2l, takes)
    assert status == 0
    assert "the columns mood are not used; there are file, label, start, end, person, sentence, phrase, fps" in err
    assert "1 recordings have a sentence that does not begin with who acts" in err


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda root: root / "none", "no such folder"),
        (lambda root: root, "contains no motion files"),
    ],
)
def test_a_folder_without_takes_is_one_line(tmp_path, m2l, make, message):
    (tmp_path / "empty").mkdir()
    (tmp_path / "labels.csv").write_text(ROWS)
    words = ("--labels", tmp_path / "labels.csv", "--out", tmp_path / "mine")
    status, _, err = m2l("collect", make(tmp_path / "empty"), *words)
    assert (status, len(err.splitlines())) == (1, 1)
    assert message in err


def test_wrong_places_and_rates_are_told_before_the_work(takes, tmp_path, m2l):
    words = ("collect", takes, "--labels", tmp_path / "labels.csv")
    for more, message in (
        (("--out", tmp_path / "none/mine"), "cannot be written; choose a folder that exists"),
        (("--out", tmp_path / "mine", "--rate", 0), "--rate 0.0: give 1 to 1000"),
        (("--out", tmp_path / "mine", "--actions", tmp_path / "labels.csv"), "not a TOML file"),
    ):
        status, _, err = m2l(*words, *more)
        assert (status, len(err.splitlines())) == (1, 1)
        assert message in err


def test_a_full_disk_leaves_what_was_there(takes, tmp_path, m2l, monkeypatch):
    assert collected(m2l, takes)[0] == 0
    before = {path: path.read_bytes() for path in (tmp_path / "mine.npz", tmp_path / "mine.json")}
    put(takes, ROWS + "ann/kick,kick,ann\n")

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    for name in ("write_text", "np.savez_compressed"):
        with monkeypatch.context() as patched:
            patched.setattr(f"motion2language.data.labelled.form.{name}", full)
            status, _, err = collected(m2l, takes)
        assert status == 1
        assert "mine.npz: cannot be written (No space left on device)" in err.splitlines()[-1]
        assert {path: path.read_bytes() for path in before} == before
        assert sorted(path.name for path in tmp_path.iterdir()) == ["labels.csv", "mine.json", "mine.npz", "takes"]


def test_labels_of_the_table_are_those_of_the_named_source(takes, tmp_path, m2l):
    put(takes, ROWS + "ann/kick,forward kick,ann\nbob/kick,forward kick,bob\ncyd/kick,forward kick,cyd\n")
    status, _, err = collected(m2l, takes, "--name", "kard")
    assert status == 0
    assert "means no action" not in err
    assert json.loads((tmp_path / "mine.json").read_text())["source"] == "kard"
    assert set(LABELS) > {"kick"}


def test_the_commands_of_the_guide_work_as_printed(tmp_path, m2l, monkeypatch):
    guide = (Path(__file__).parent.parent / "docs/guide/labelled-recordings.md").read_text()
    table, lines, row = (re.search(rf"```{kind}\n(.*?)```", guide, re.DOTALL)[1] for kind in ("csv", "bash", "toml"))
    (tmp_path / "motion2language").symlink_to(Path(corpora.__file__).parents[2])
    (tmp_path / "labels.csv").write_text(table)
    monkeypatch.chdir(tmp_path)
    for line in lines.splitlines():
        status, _, err = m2l(*shlex.split(line)[2:])
        assert (status, [text for text in err.splitlines() if "have one recording only" not in text]) == (0, []), line
    (tmp_path / "choice.toml").write_text(row.replace("../shared/data/people", "."))
    assert read_selection(tmp_path / "choice.toml").sources == ("kard", "cmu_*")
    own = re.findall(r"```toml\n(.*?)```", guide, re.DOTALL)[1]
    (tmp_path / "mine.toml").write_text(own)
    actions = load_actions(tmp_path / "mine.toml")
    assert [each.action for each in actions.meanings("mine", "mw and kick")] == ["moonwalk", "kick"]
    assert "over a hundred actions" in guide
    assert len(actions.actions) > 100
