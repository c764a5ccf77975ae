"""labelled: the form of labelled recordings, splits by person, choosing sources, the corpus `people`; bad input."""

from __future__ import annotations

import re
import warnings
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from bodies import SHARED
from people import LABELS, change, movement, write_people

from motion2language.data import corpora
from motion2language.data.labelled.form import Entry, read_motion, read_source, write_source
from motion2language.data.labelled.persons import person_of, split_by_person, why_no_split
from motion2language.data.labelled.selection import (
    Selection,
    choose,
    names_who_acts,
    read_selection,
    write_selection,
)
from motion2language.language.actions import ActionLexicon
from motion2language.language.vocabulary import tokenize
from motion2language.motion import CANONICAL, Motion


@pytest.fixture
def m2l(m2l):
    """Run `m2l data`; returns its status, standard output and standard error."""
    return partial(m2l, "data")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Two sources: four people of a studio, three of a gym."""
    root = tmp_path_factory.mktemp("people")
    write_people(root, "studio", ["ann", "bob", "cyd", "dan"], licence="ours")
    write_people(root, "gym", ["p1", "p2", "p3"], ["kick", "walk"])
    return root


def loaded(root: Path, split: str = "train") -> tuple[list, str]:
    with warnings.catch_warnings(record=True) as noted:
        warnings.simplefilter("always")
        samples = list(corpora.load("people", root, split))
    return samples, "\n".join(str(each.message) for each in noted)


# The form


def test_what_is_written_is_read(tmp_path):
    motions = [movement("walk", 0), movement("bow", 1)]
    clips = [
        {"id": "a", "label": "walk", "subject": "ann", "sentences": ["a person strolls"], "age": 30},
        {"id": 7, "label": None, "segments": [{"label": "bow", "start": 0.5, "end": 1.0}],
         "points": [{"label": "bow", "time": 0.7}], "same_trial_in": ["other"]},
    ]  # fmt: skip
    write_source(tmp_path / "mine", {"source": "mine", "licence": "ours"}, clips, motions)
    source = read_source(tmp_path / "mine.npz")
    assert (source.name, source.fps, source.about["licence"]) == ("mine", 20.0, "ours")
    one, two = source.entries
    assert (one.name, one.label, one.person, one.sentences) == ("mine/a", "walk", "ann", ("a person strolls",))
    assert dict(one.marks) == {"age": 30}
    assert (two.id, two.label, two.person, two.twins) == ("7", "", "", ("other",))
    (span,), (point,) = two.spans, two.points
    assert (span.label, span.start, span.end, point.start) == ("bow", 0.5, 1.0, 0.7)
    for entry, motion in zip(source.entries, motions, strict=True):
        again = read_motion(source.arrays, source.fps, entry.number, entry.name)
        np.testing.assert_array_equal(again.positions, motion.positions)
        assert (again.skeleton.joints, again.fps) == (CANONICAL.joints, 20.0)
        assert entry.seconds == motion.duration


@pytest.mark.parametrize(
    ("break_it", "message"),
    [
        (lambda path: path.with_suffix(".json").unlink(), r"x\.json: not found"),
        (lambda path: path.unlink(), r"x\.npz: not found"),
        (lambda path: path.write_bytes(path.read_bytes()[:500]), r"x\.npz: not an \.npz archive, or cut off"),
        (lambda path: path.with_suffix(".json").write_text("{"), r"x\.json: not JSON"),
        (lambda path: path.with_suffix(".json").write_text("[]"), r"x\.json: not labelled recordings; expected source"),
        (lambda path: path.with_suffix(".json").write_text('{"clips": [], "fps": 0}'), r"x\.json: fps is 0"),
        (
            lambda path: path.with_suffix(".json").write_text('{"clips": [], "fps": 20}'),
            r"holds 4 recordings, x\.json describes 0",
        ),
        (lambda path: change(path, 1, id="ann_kick_0"), "the id 'ann_kick_0' occurs twice"),
        (lambda path: change(path, 1, id=""), r"clip 1: has the id '', expected a name"),
        (lambda path: change(path, 1, label=3), r"clip 1: has the label 3, expected a text or null"),
        (lambda path: change(path, 1, sentences="walks"), r"clip 1: has sentences 'walks', expected a list"),
        (lambda path: change(path, 1, segments=[{"label": "walk"}]), r"clip 1: expected each of its segments to have"),
        (lambda path: change(path, 1, points=[3]), r"clip 1: expected each of its points to have label, time"),
        (
            lambda path: change(path, 1, segments=[{"label": "walk", "start": 2, "end": 1}]),
            r"clip 1: 'walk' lasts from 2 to 1 s of",
        ),
        (
            lambda path: change(path, 1, segments=[{"label": "walk", "start": 0, "end": 1e9}]),
            r"clip 1: 'walk' lasts from 0 to 1e\+09 s of",
        ),
    ],
)  # fmt: skip
def test_a_damaged_source_is_one_line(tmp_path, m2l, break_it, message):
    path = write_people(tmp_path, "x", ["ann", "bob"], ["kick", "walk"])
    break_it(path)
    status, out, err = m2l("check", "people", "--root", path)
    assert (status, out) == (1, "")
    assert re.search(message, err)
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"offsets": None}, "lacks offsets"),
        ({"offsets": np.array([0, 5, 3, 10])}, "offsets must rise from 0 to 10"),
        ({"offsets": np.array([0, 5])}, "offsets must rise from 0 to 10"),
        ({"offsets": np.array([0.0, 10.0])}, "'offsets' has type float64"),
        (
            {"positions": np.zeros((10, 20, 3))},
            r"positions have shape \(10, 20, 3\), expected \(frames, 21 joints, 3\)",
        ),
        ({"positions": np.zeros((10, 63))}, r"'positions' has type float64 and shape \(10, 63\)"),
        ({"parents": np.zeros(21, dtype=int)}, "the root comes first"),
        ({"joint_names": np.array(["a"] * 21)}, "joint names must be unique"),
        ({"joint_names": np.array([{}] * 21)}, "pickled objects"),
    ],
)
def test_damaged_arrays_are_named(tmp_path, arrays, message):
    good = {"positions": np.zeros((10, 21, 3)), "offsets": np.array([0, 10]), "joint_names": np.array(CANONICAL.joints)}
    values = good | {"parents": np.array(CANONICAL.parents)} | arrays
    np.savez(tmp_path / "x.npz", **{key: value for key, value in values.items() if value is not None})
    (tmp_path / "x.json").write_text('{"fps": 20, "clips": [{"id": "a", "label": "walk"}]}')
    with pytest.raises(ValueError, match=rf"x\.npz: .*{message}"):
        read_source(tmp_path / "x.npz")


# Splits


def entries(source: str, people: dict[str, int]) -> list[Entry]:
    return [
        Entry(source, number, f"{person}{number}", 1.0, "walk", person)
        for person, count in people.items()
        for number in range(count)
    ]


def test_a_person_is_in_one_split_whatever_they_do_and_wherever():
    mixed = entries("cmu_amc", {f"{n:02}": 3 for n in range(12)}) + entries(
        "cmu_bvh", {f"{n:02}": 2 for n in range(20)}
    )
    mixed += entries("kard", {f"{n:02}": 4 for n in range(8)}) + entries("wild", {"": 9})
    splits = split_by_person(mixed)
    people = {split: {person_of(entry) for entry in kept} for split, kept in splits.items()}
    assert (
        people["train"] & people["val"] == people["train"] & people["test"] == people["val"] & people["test"] == set()
    )
    assert sum(map(len, splits.values())) == len(mixed)
    assert {len([p for p in people[split] if p.startswith("cmu/")]) for split in ("val", "test")} == {2}
    assert {len([p for p in people[split] if p.startswith("kard/")]) for split in ("val", "test")} == {1}
    assert all(entry in splits["train"] for entry in mixed[-9:]), "nobody knows whose they are"


def test_splits_do_not_depend_on_order_or_on_other_sources():
    one, two = entries("kard", {f"{n:02}": 4 for n in range(8)}), entries("gym", {f"{n:02}": 1 for n in range(5)})
    alone = {split: {entry.name for entry in kept} for split, kept in split_by_person(one).items()}
    mixed = split_by_person([*reversed(two), *reversed(one)])
    for split, kept in mixed.items():
        assert {entry.name for entry in kept if entry.source == "kard"} == alone[split]


def test_shares_of_people_can_be_given():
    people = entries("kard", {f"{n:02}": 1 for n in range(10)})
    assert {split: len(kept) for split, kept in split_by_person(people, 0.3, 0).items()} == {
        "train": 7,
        "val": 3,
        "test": 0,
    }


@pytest.mark.parametrize(
    ("people", "reason"),
    [
        ({"ann": 9}, r"one person only \(kard/ann\): a split by person cannot be made; it needs 3 people"),
        ({"ann": 9, "": 2}, "one person only .*, 2 recordings without a person: a split"),
        ({"ann": 9, "bob": 2}, "2 people only: a split by person cannot be made"),
        ({"": 4}, "none of 4 recordings names a person"),
    ],
)
def test_too_few_people_is_told(people, reason):
    assert re.match(reason, why_no_split(entries("kard", people)))
    assert why_no_split(entries("kard", {"a": 1, "b": 1, "c": 1})) == ""


# The corpus


def test_the_corpus_has_sentences_of_the_table_and_splits_by_person(folder):
    splits = {split: loaded(folder, split)[0] for split in ("train", "val", "test")}
    assert {split: len(samples) for split, samples in splits.items()} == {"train": 14, "val": 8, "test": 8}
    lexicon = ActionLexicon.learn(())
    for split, samples in splits.items():
        for sample in samples:
            assert (sample.split, sample.segments) == (split, ())
            label = sample.name.split("_")[1]
            assert len(sample.captions) >= 4
            for caption in sample.captions:
                assert [verb for _, verb in lexicon.find(tokenize(caption.text))] == [label], caption
    walk = next(sample for sample in splits["train"] if sample.name.startswith("studio/") and "_walk_" in sample.name)
    assert walk.motion.fps == 20
    assert walk.motion.skeleton.joints == CANONICAL.joints


def test_a_recording_is_described_by_its_own_sentences_or_by_its_parts_in_order(tmp_path):
    path = write_people(tmp_path, "studio", ["ann", "bob", "cyd"], ["kick", "walk"])
    for number in range(0, 6, 2):
        change(path, number, sentences=["A man kicks a door.", "kicking", "kick"])
        parts = [{"label": "bow", "start": 0.9, "end": 1.2}, {"label": "kick", "start": 0.1, "end": 0.8}]
        change(path, number + 1, label=None, segments=parts)
    samples = loaded(path)[0]
    assert {caption.text for sample in samples if "kick" in sample.name for caption in sample.captions} == {
        "A man kicks a door."
    }
    (walk,) = (sample for sample in samples if "walk" in sample.name)
    assert [(part.label, part.start, part.end) for part in walk.segments] == [("kick", 0.1, 0.8), ("bow", 0.9, 1.2)]
    assert all(text.find("kick") < text.find("bow") for text in (caption.text for caption in walk.captions))
    assert [caption.text for caption in loaded(path)[0][1].captions] == [caption.text for caption in walk.captions]


def test_who_acts_must_be_named():
    assert all(map(names_who_acts, ("a person walks", "Someone waves.", "The man sits", "she limps")))
    assert not any(map(names_who_acts, ("walks", "a walk", "", "person", "walking slowly", "raise your hand")))


def test_a_toml_file_chooses_sources_and_shares_and_adds_actions(folder, tmp_path):
    change(write_people(tmp_path, "extra", ["zoe"], ["bow"]), 0, label="moonwalk")
    (tmp_path / "mine.toml").write_text('[actions.moonwalk]\nverb = "moonwalk"\nphrases = ["moonwalks"]\n')
    choice = tmp_path / "choice.toml"
    choice.write_text('folder = "."\nactions = "mine.toml"\n')
    samples, noted = loaded(choice)
    assert [caption.text for caption in samples[0].captions] == ["a person moonwalks"]
    assert "one person only (extra/zoe): a split by person cannot be made" in noted
    choice.write_text(f'folder = "{folder}"\nwithout = ["gym"]\ntest = 0\n')
    assert {sample.name.split("/")[0] for sample in loaded(choice)[0]} == {"studio"}
    assert loaded(choice, "test")[0] == []
    choice.write_text(f'folder = "{folder}"\nsources = ["g*"]\n')
    assert {sample.name.split("/")[0] for sample in loaded(choice)[0]} == {"gym"}


def test_actions_may_be_left_out(folder, tmp_path):
    choice = tmp_path / "choice.toml"
    choice.write_text(f'folder = "{folder}"\nleave = ["kick", "bow"]\n')
    samples, noted = loaded(choice)
    assert not any("kick" in sample.name or "bow" in sample.name for sample in samples)
    assert any("walk" in sample.name for sample in samples)
    assert "11 of 30 recordings show an action that the selection leaves out: " in noted
    choice.write_text(f'folder = "{folder}"\nleave = ["kik"]\n')
    with pytest.raises(ValueError, match=r"leave: no action 'kik' in the table; did you mean 'kick'\?"):
        loaded(choice)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("folder = 3", "folder"),
        ("", "folder: Field required"),
        ('folder = "."\nsource = ["x"]', "source: Extra inputs"),
        ('folder = "."\nval = 2', "val: Input should be less than 1"),
        ("folder", "not a TOML file"),
        ('folder = "none"', "none: no such folder"),
        ('folder = "."', "holds no pair X.npz and X.json"),
    ],
)
def test_a_wrong_choice_is_one_line(tmp_path, m2l, content, message):
    (tmp_path / "choice.toml").write_text(content)
    status, _, err = m2l("check", "people", "--root", tmp_path / "choice.toml")
    assert (status, len(err.splitlines())) == (1, 1)
    assert message in err


@pytest.mark.parametrize(
    ("line", "message"),
    [('sources = ["gmy"]', "no source 'gmy'; there are gym, studio"), ('without = ["*"]', "no source is left")],
)
def test_a_source_that_is_not_there_is_named(folder, tmp_path, line, message):
    (tmp_path / "choice.toml").write_text(f'folder = "{folder}"\n{line}')
    with pytest.raises(ValueError, match=re.escape(message)):
        corpora.load("people", tmp_path / "choice.toml", "train")


# What cannot be used is left out and named, the rest goes on


def test_what_cannot_be_used_is_left_out_and_named(tmp_path, m2l):
    people = ["ann", "bob", "cyd", "dan"]
    motions = [movement(label, 10 * n) for n in range(len(people)) for label in LABELS]
    clips = [{"id": f"{p}_{label}", "label": label, "subject": p} for p in people for label in LABELS]
    broken = {
        0: Motion(motions[0].positions[:3], 20.0, CANONICAL),
        1: Motion(motions[1].positions * [-1, 1, 1], 20.0, CANONICAL),
        2: Motion(motions[2].positions * 0, 20.0, CANONICAL),
    }
    clips[3]["label"] = "clapp"
    clips[4]["label"] = None
    motions = [broken.get(number, motion) for number, motion in enumerate(motions)]
    write_source(tmp_path / "x", {"source": "x"}, clips, motions)
    with np.load(tmp_path / "x.npz") as arrays:
        values = dict(arrays)
    values["positions"][values["offsets"][5] + 2, 4] = np.nan
    np.savez(tmp_path / "x.npz", **values)
    status, out, err = m2l("check", "people", "--root", tmp_path)
    assert status == 0
    assert sum(int(line.split()[1]) for line in out.splitlines()[1:]) == 18
    for text in (
        "1 of 24 recordings are shorter than 0.4 s: x/ann_kick",
        "1 of 24 recordings cannot be mapped to the body: its feet are on the wrong sides",
        "1 of 24 recordings cannot be mapped to the body: the body is 0 m tall",
        "label that means no action: the label 'clapp' means no action of the table; did you mean 'clap'?: x/ann_clap",
        "1 of 24 recordings have neither a label nor a sentence: x/ann_squat",
        "1 of 24 recordings hold positions that are not finite numbers: x/ann_jump",
    ):
        assert text in err
    assert all(line.startswith("m2l: ") for line in err.splitlines())


def test_one_take_in_two_sources_is_used_once(tmp_path):
    one = write_people(tmp_path, "cmu_a", ["01", "02", "03"], ["walk"])
    two = write_people(tmp_path, "cmu_b", ["01", "02", "03"], ["walk"])
    change(one, 0, same_trial_in=["cmu_b"])
    change(two, 1, same_trial_in=["cmu_a"])
    chosen = choose(read_selection(tmp_path))
    assert [each.entry.name for each in chosen.recordings] == [
        "cmu_a/01_walk_0", "cmu_a/02_walk_0", "cmu_a/03_walk_0", "cmu_b/03_walk_0",
    ]  # fmt: skip
    assert chosen.left_out == {"stand in another source too": ("cmu_b/01_walk_0", "cmu_b/02_walk_0")}


def test_an_action_with_one_recording_and_a_label_with_two_meanings_are_told(tmp_path):
    (tmp_path / "mine.toml").write_text('[labels.gym]\nkick = "punch"\n')
    change(write_people(tmp_path, "gym", ["p1", "p2", "p3"], ["kick"]), 0, label="walk")
    write_people(tmp_path, "studio", ["ann", "bob", "cyd"], ["kick"])
    (tmp_path / "choice.toml").write_text('folder = "."\nactions = "mine.toml"\n')
    notes = choose(read_selection(tmp_path / "choice.toml")).notes
    assert notes == (
        "1 of 3 actions have one recording only: walk",
        "the label 'kick' means 'punch' in gym, 'kick' in studio; sentences say each as its own source means it",
    )


def test_two_sources_of_one_name_and_nothing_usable_are_errors(tmp_path):
    path = write_people(tmp_path, "x", ["ann"], ["kick"])
    change(path, 0, label="xyz")
    with pytest.raises(ValueError, match="none of its recordings can be used: 1 have a label that means no action"):
        choose(read_selection(tmp_path))
    for suffix in (".npz", ".json"):
        (tmp_path / f"y{suffix}").write_bytes(path.with_suffix(suffix).read_bytes())
    with pytest.raises(ValueError, match="two sources are called 'x'"):
        choose(read_selection(tmp_path))


def test_a_root_is_needed_and_must_be_there(tmp_path):
    with pytest.raises(ValueError, match="corpus 'people' needs --root"):
        corpora.load("people", None, "train")
    with pytest.raises(FileNotFoundError, match="no such folder"):
        corpora.load("people", tmp_path / "none", "train")


def test_the_shared_recordings_are_read_and_none_is_refused_for_its_sides(tmp_path):
    root = SHARED / "data/people"
    if not root.is_dir():
        pytest.skip("no shared data")
    (tmp_path / "choice.toml").write_text(f'folder = "{root}"\nsources = ["cmu_*", "msrdaily"]')
    chosen = choose(read_selection(tmp_path / "choice.toml"))
    assert len(chosen.recordings) == 450
    assert {reason: len(names) for reason, names in chosen.left_out.items()} == {
        "have a label that the table leaves out": 22,
        "stand in another source too": 14,
        "have neither a label nor a sentence": 1,
    }
    assert not why_no_split([each.entry for each in chosen.recordings])


def test_a_written_selection_is_read_again(tmp_path):
    folder = tmp_path / 'people "of" Zürich 🙂'
    chosen = Selection(
        folder=folder, sources=("kard", "cmu_*"), leave=("drink",), actions=tmp_path / "mine.toml", val=0.2
    )
    assert read_selection(write_selection(tmp_path / "choice.toml", chosen)) == chosen
    assert read_selection(write_selection(tmp_path / "all.toml", Selection(folder=folder))) == Selection(folder=folder)
