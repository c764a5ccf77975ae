"""composing and clips: composed motions, their segments, sentences and splits; labels from CSV and names; bad input."""

from __future__ import annotations

import json
import re
import warnings
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from bodies import SHARED

from motion2language.body import map_joints
from motion2language.data import composing, corpora
from motion2language.data.clips import Clip, find_clips
from motion2language.data.composing.joining import compose
from motion2language.data.composing.recipe import Pause, Plan, Recipe, Take
from motion2language.data.statistics import to_markdown
from motion2language.data.synthesis import make_recording
from motion2language.formats import npz
from motion2language.formats.reading import ReadOptions
from motion2language.language.actions import ActionLexicon
from motion2language.language.vocabulary import tokenize
from motion2language.motion import CANONICAL, Motion

CLIPS = SHARED / "data/bnr/clips_10hz.npz"
LABELS = {"walk": "walk", "wave-left-hand": "wave_left", "bow": "bow", "walk-turn-left": "turn_left"}
PLAIN = Recipe(noise=0.0, before=Pause(0, 0, 0), between=Pause(0, 0, 0), after=Pause(0, 0, 0))


@pytest.fixture
def m2l(m2l):
    """Run `m2l data`; returns its status, standard output and standard error."""
    return partial(m2l, "data")


def recording(label: str, seed: int) -> Motion:
    return make_recording([7, seed], (LABELS[label],), name=f"{label}_{seed}").motion


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Four recordings of each of four labels, `LABEL_N.npz`, and their labels.csv."""
    root = tmp_path_factory.mktemp("clips")
    rows = ["file,label,style"]
    for label in LABELS:
        for seed in range(4):
            npz.write(recording(label, seed), root / f"{label}_{seed}.npz")
            rows.append(f"{label}_{seed}.npz,{label},{'happy' if seed % 2 else ''}")
    (root / "labels.csv").write_text("\n".join(rows))
    return root


def turned(motion: Motion, degrees: float, shift: tuple[float, float, float]) -> Motion:
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]])
    return Motion(motion.positions @ turn.T + shift, motion.fps, motion.skeleton, motion.name)


def heading(pose: np.ndarray) -> float:
    across = pose[CANONICAL.index("left_hip")] - pose[CANONICAL.index("right_hip")]
    return float(np.degrees(np.arctan2(across[0], across[2])))


def composed(takes: list[tuple[Motion, float, float, float]], recipe: Recipe = PLAIN, pauses: tuple = ()):
    motions = {f"clip{n}": motion for n, (motion, *_) in enumerate(takes)}
    plan = Plan(
        tuple(
            Take(Clip(f"clip{n}", "walk", lambda: takes[0][0]), *rest) for n, (_, *rest) in enumerate(takes)
        ),
        pauses or (0.0,) * (len(takes) + 1),
        (),
    )  # fmt: skip
    body = map_joints(CANONICAL, takes[0][0].positions)
    return compose(plan, motions, body, recipe, 10.0, np.random.default_rng(0))


def test_a_clip_goes_on_where_the_previous_one_ended():
    first, second = recording("walk", 0), turned(recording("bow", 1), 130, (5, 0, -3))
    made = composed([(first, 0, 1, 1), (second, 0, 1, 1)])
    one, two = len(first.resample(10).positions), len(second.resample(10).positions)
    assert len(made.positions) == one + 3 + two
    assert made.spans == ((0, one + 1), (one + 1, one + 3 + two))
    last, begun = made.positions[one - 1], made.positions[one + 3]
    assert heading(begun) == pytest.approx(heading(last), abs=0.1)
    assert begun[0, [0, 2]] == pytest.approx(last[0, [0, 2]], abs=1e-5)
    assert made.positions[0, 0, [0, 2]] == pytest.approx([0, 0], abs=1e-6)
    bones = np.linalg.norm(made.positions[:, 1:] - made.positions[:, list(CANONICAL.parents[1:])], axis=-1)
    low, high = (pick(bones[[one - 1, one + 3]], axis=0) for pick in (np.min, np.max))
    assert (bones[one : one + 3] >= low - 1e-4).all()
    assert (bones[one : one + 3] <= high + 1e-4).all()


def test_pauses_hold_the_pose_and_belong_to_no_action():
    walk = recording("walk", 0)
    made = composed([(walk, 0, 1, 1), (walk, 0, 1, 1)], pauses=(0.5, 1.0, 0.7))
    frames = len(walk.resample(10).positions)
    assert made.spans == ((5, 5 + frames), (15 + frames, 17 + 2 * frames))
    assert len(made.positions) == 24 + 2 * frames
    still = np.abs(np.diff(made.positions, axis=0)).max(axis=(1, 2)) < 1e-6
    assert still[:5].all()
    assert still[5 + frames : 13 + frames].all()
    assert still[-7:].all()


def test_speed_and_part():
    walk = recording("walk", 2)
    whole = composed([(walk, 0, 1, 1)]).spans[0][1]
    assert composed([(walk, 0, 1, 2.0)]).spans[0][1] == pytest.approx(whole / 2, abs=1)
    assert composed([(walk, 0.25, 0.5, 1.0)]).spans[0][1] == pytest.approx(whole / 2, abs=1)


def test_the_pair_is_read_by_the_corpus_and_its_splits_share_no_clip(folder, tmp_path, m2l):
    words = ("compose", "--clips", folder, "--train", 40, "--val", 10, "--test", 10, "--seed", 3)
    status, out, err = m2l(*words, "--out", tmp_path / "bench")
    assert (status, err) == (0, "")
    assert "train: 40 motions of 8 clips" in out
    data = json.loads((tmp_path / "bench.json").read_text())
    used = {split: set() for split in ("train", "val", "test")}
    for each in data["samples"].values():
        used[each["split"]] |= {part["clip"] for part in each["segments"]}
    assert all(used.values())
    assert used["train"] & used["val"] == used["train"] & used["test"] == used["val"] & used["test"] == set()
    samples = corpora.load("compose", tmp_path / "bench.json", "train")
    assert len(samples) == 40
    assert {len(sample.segments) for sample in samples} == {1, 2, 3, 4}
    lexicon = ActionLexicon.learn(())
    for sample in samples:
        assert len(sample.captions) == 3
        assert sample.segments[-1].end <= sample.motion.duration
        verbs = [part.label for part in sample.segments]
        for caption in sample.captions:
            assert [verb for _, verb in lexicon.find(tokenize(caption.text))] == verbs
    forms = data["verb_forms"]
    assert (forms["walking"], forms["makes"], forms["bow"]) == ("walk", "turn", "bow")
    again = tmp_path / "again"
    assert m2l(*words, "--out", again)[0] == 0
    for suffix in (".npz", ".json"):
        assert again.with_suffix(suffix).read_bytes() == (tmp_path / "bench").with_suffix(suffix).read_bytes()
    assert m2l(*words[:-1], 4, "--out", again)[0] == 0
    assert again.with_suffix(".json").read_bytes() != (tmp_path / "bench.json").read_bytes()


def test_another_seed_draws_other_motions_and_more_motions_do_not_change_the_first(folder, tmp_path, m2l):
    rows = [f"{label}_{seed},{label},train" for label in LABELS for seed in range(4)]
    (tmp_path / "t.csv").write_text("\n".join(["file,label,split", *rows]))
    made = {}
    for name, seed, count in (("few", 1, 4), ("more", 1, 6), ("other", 2, 4)):
        words = ("--labels", tmp_path / "t.csv", "--out", tmp_path / f"{name}.v1", "--seed", seed)
        assert m2l("compose", "--clips", folder, *words, "--train", count, "--val", 0, "--test", 0)[0] == 0
        made[name] = json.loads((tmp_path / f"{name}.v1.json").read_text())["samples"]
    assert list(made["more"].items())[:4] == list(made["few"].items())
    assert made["other"] != made["few"]


def test_the_clips_are_never_replaced(tmp_path, m2l):
    path = write_archive(tmp_path, a=recording("walk", 0).positions)
    status, _, err = m2l("compose", "--clips", path, "--out", path.with_suffix(""))
    assert (status, "would replace the clips" in err) == (1, True)


def test_labels_from_names_and_files_without_labels(folder, tmp_path):
    by_name = find_clips(folder, pattern="^(?P<label>.+)_[0-9]+$")
    by_table = find_clips(folder)
    assert [(clip.name, clip.label) for clip in by_name] == [(clip.name, clip.label) for clip in by_table]
    assert {clip.style for clip in by_table} == {"", "happy"}
    assert by_table[0].read().frames == recording("bow", 0).frames
    (tmp_path / "some.csv").write_text(
        "file,label,split,caption\nbow_0,bow,train,He bows.\nbow_0,bow,train,a bow\ngone,bow,val,\n"
    )
    with pytest.warns(UserWarning) as noted:
        (clip,) = find_clips(folder, tmp_path / "some.csv")
    assert (clip.captions, clip.split) == (("He bows.", "a bow"), "train")
    messages = " / ".join(str(each.message) for each in noted)
    assert "15 of 16 recordings have no label and are left out: bow_1, bow_2, bow_3, ..." in messages
    assert "1 of 2 labelled clips were not found: gone" in messages


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("", "expected a table with the columns file and label, found nothing"),
        ("name,label\na,b\n", "columns file and label, found"),
        ("file,label\nbow_0,bow\nbow_0,walk\n", "line 3: bow_0 is labelled twice, 'bow' and 'walk'"),
        ("file,label,split\nbow_0,bow,dev\n", "split 'dev', expected train, val, test"),
        ("file,label\nbow_0,\n", "line 2: no label"),
        ("file,label\nother,bow\n", "no label for any of 16 recordings"),
    ],
)  # fmt: skip
def test_a_useless_table_is_reported(table, message, folder, tmp_path):
    (tmp_path / "t.csv").write_text(table)
    with warnings.catch_warnings(), pytest.raises(ValueError, match=message):
        warnings.simplefilter("ignore")
        find_clips(folder, tmp_path / "t.csv")


def test_errors_of_composing_give_counts(folder, tmp_path, m2l):
    def fails(table: str, *more) -> str:
        (tmp_path / "t.csv").write_text("file,label,split\n" + table)
        words = ("compose", "--clips", folder, "--labels", tmp_path / "t.csv", "--out", tmp_path / "x")
        sizes = {"--train": 2, "--val": 0, "--test": 0} | dict(zip(more[::2], more[1::2], strict=True))
        status, _, err = m2l(*words, *(word for pair in sizes.items() for word in pair))
        assert status == 1
        assert list(tmp_path.glob("*x.*")) == []
        return err.splitlines()[-1]

    assert "1 of 2 labels, of 1 of 2 clips, have no phrases: jog (1)" in fails("bow_0,bow,\nwalk_0,jog,\n")
    assert "1 of 1 clips can be used (0 of labels left out, 0 too short)" in fails("bow_0,bow,\n")
    assert "1 of 2 clips have a split" in fails("bow_0,bow,train\nbow_1,bow,\n")
    assert "no clip for the 3 motions of val" in fails("bow_0,bow,\nbow_1,bow,\n", "--val", 3)
    assert "give at least one" in fails("bow_0,bow,\n", "--train", 0)
    (tmp_path / "p.toml").write_text('subjects = ["x"]\nconnectives = ["and"]\nactions.bow = {verb = "bow"}\n')
    assert "actions.bow.phrases: Field required" in fails("bow_0,bow,\n", "--phrases", tmp_path / "p.toml")
    status, _, err = m2l("compose", "--clips", folder, "--out", tmp_path / "none" / "x", "--train", 2)
    assert (status, "choose a folder that exists" in err) == (1, True)


def test_short_clips_are_skipped_and_counted(folder, tmp_path, m2l):
    short = tmp_path / "clips"
    short.mkdir()
    for name in ("bow_0", "bow_1", "walk_0"):
        motion = npz.read(folder / f"{name}.npz", ReadOptions()).motion
        npz.write(motion.clip(0, 0.5) if name == "bow_1" else motion, short / f"{name}.npz")
    words = ("--pattern", "(?P<label>[a-z]+)_", "--train", 3, "--val", 0, "--test", 0)
    status, _, err = m2l("compose", "--clips", short, "--out", tmp_path / "x", *words)
    assert status == 0
    assert "1 of 3 clips are shorter than 0.8 s and left out: bow_1" in err


def write_archive(folder: Path, **arrays) -> Path:
    np.savez(folder / "a.npz", **arrays)
    tree = {"joints": CANONICAL.joints, "parents": CANONICAL.parents, "fps": 30, "unit": "m", "up": "y"}
    clips = {name: {"content": "walk", "style": "old"} for name in arrays}
    (folder / "a.json").write_text(json.dumps(tree | {"clips": clips}))
    return folder / "a.npz"


def test_a_clip_that_cannot_be_mapped_is_left_out_and_the_rest_goes_on(folder, tmp_path, m2l):
    for path in folder.glob("*.npz"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "labels.csv").write_text((folder / "labels.csv").read_text())
    swapped = recording("walk", 0)
    npz.write(replace(swapped, positions=swapped.positions * [-1, 1, 1]), tmp_path / "walk_0.npz")
    words = ("--train", 4, "--val", 0, "--test", 0, "--out", tmp_path / "bench")
    status, _, err = m2l("compose", "--clips", tmp_path, *words)
    assert status == 0
    assert "1 of 16 clips cannot be used and are left out: walk_0 (" in err
    assert "its feet are on the wrong sides" in err
    parts = [
        part for s in json.loads((tmp_path / "bench.json").read_text())["samples"].values() for part in s["segments"]
    ]
    assert "walk_0" not in {part["clip"] for part in parts}


def test_an_archive_of_arrays_is_composed(tmp_path, m2l):
    walk = recording("walk", 0)
    path = write_archive(tmp_path, one=walk.positions, two=walk.positions.reshape(walk.frames, -1))
    assert m2l("compose", "--clips", path, "--out", tmp_path / "x", "--train", 3, "--val", 0, "--test", 0)[0] == 0
    (clip, _) = find_clips(path)
    assert (clip.name, clip.label, clip.style) == ("one", "walk", "old")
    assert (clip.read().positions == walk.positions).all()


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"b": np.zeros((20, 7))}, r"clip b: has type float64 and shape \(20, 7\), expected \(T, 21, 3\)"),
        ({"b": np.zeros((20, 21, 3))}, "b: .*expected 0.4 to 4.0"),
        ({"b": np.full((20, 21, 3), np.nan)}, "b: 20 of 20 frames contain a position that is not a finite number"),
    ],
)
def test_arrays_that_are_not_people_are_named(arrays, message, tmp_path, m2l):
    path = write_archive(tmp_path, a=recording("walk", 0).positions, **arrays)
    status, _, err = m2l("compose", "--clips", path, "--out", tmp_path / "x", "--train", 3, "--val", 0, "--test", 0)
    assert (status, list(tmp_path.glob("*x.*"))) == (1, [])
    assert re.search(message, err)


def test_damaged_archives_are_named(tmp_path):
    path = write_archive(tmp_path, a=np.zeros((2, 21, 3)))
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ValueError, match=r"a\.npz and a\.json: not an archive of clips"):
        find_clips(path)
    path = write_archive(tmp_path, a=np.zeros((2, 21, 3)))
    described = json.loads(path.with_suffix(".json").read_text())
    path.with_suffix(".json").write_text(json.dumps(described | {"clips": {}}))
    with pytest.raises(ValueError, match=r"a\.json: does not list clips; expected clips: name -> label"):
        find_clips(path)
    for content, message in (
        ("[" * 100000, r"not JSON in UTF-8 \(maximum recursion depth"),
        ("{", r"not JSON in UTF-8 \(Expecting property name"),
        (
            '{"clips": {"a": {"label": "walk"}, "a": {"label": "run"}}}',
            "1 names occur twice, such as a; use each",
        ),
    ):
        path.with_suffix(".json").write_text(content)
        with pytest.raises(ValueError, match=rf"a\.json: {message}"):
            find_clips(path)
    path.with_suffix(".json").unlink()
    with pytest.raises(FileNotFoundError, match=r"a\.json: not found; an archive of clips is a pair"):
        find_clips(path)


def test_a_damaged_array_is_named(tmp_path):
    path = write_archive(tmp_path, a=recording("walk", 0).positions)
    content = bytearray(path.read_bytes())
    content[2000] ^= 255
    path.write_bytes(content)
    (clip,) = find_clips(path)
    with pytest.raises(ValueError, match="clip a: its array is damaged"):
        clip.read()


def test_the_packaged_phrases_name_their_verbs():
    assert composing.load_phrases().misread_phrases() == []


def test_phrases_that_name_another_verb_cause_a_warning(folder, tmp_path, m2l):
    (tmp_path / "p.toml").write_text(
        'subjects = ["someone"]\nconnectives = ["and"]\nleave_out = ["walk", "walk-turn-left", "wave-left-hand"]\n'
        '[actions.bow]\nverb = "greet"\nphrases = ["bows", "stays put", "greets"]\n'
    )
    words = ("--phrases", tmp_path / "p.toml", "--train", 2, "--val", 0, "--test", 0)
    status, _, err = m2l("compose", "--clips", folder, "--out", tmp_path / "x", *words)
    assert status == 0
    assert "such as 'bows' (bow instead of greet); segments are scored by verb" in err


def test_phrases_of_two_verbs_that_begin_alike_are_told_apart_and_the_same_phrase_is_refused(tmp_path):
    (tmp_path / "p.toml").write_text(
        'subjects = ["x"]\nconnectives = ["and"]\n[actions.a]\nverb = "turn"\nphrases = ["makes a turn"]\n'
        '[actions.b]\nverb = "jump"\nphrases = ["makes a jump"]\n'
    )
    phrases = composing.load_phrases(tmp_path / "p.toml")
    assert "makes" not in phrases.verb_forms()
    lexicon = ActionLexicon.learn(["x makes a turn and makes a jump"], phrases.wordings())
    assert lexicon.find("x makes a jump and makes a turn".split()) == [(1, "jump"), (5, "turn")]
    (tmp_path / "p.toml").write_text((tmp_path / "p.toml").read_text().replace("makes a jump", "makes a turn"))
    with pytest.raises(ValueError, match=r"p\.toml: .*'makes a turn' says both 'turn' and 'jump'"):
        composing.load_phrases(tmp_path / "p.toml")


def test_statistics_count_motions_sentences_and_pauses():
    some, one = (
        [corpora.load("synthetic", None, split)[n] for n in range(count)] for split, count in (("val", 6), ("test", 1))
    )
    some[0] = replace(some[0], captions=(some[0].captions[0], *some[0].captions[:2]))
    table = to_markdown({"a": some, "b": one})
    assert "| motions, val | 6 | – |" in table
    assert "| motions, test | – | 1 |" in table
    assert "| sentences | 18, 5.6 % repeated within their motion |" in table
    lasting = np.mean([sample.motion.duration for sample in some])
    assert f"| seconds per motion | mean {lasting:.2f};" in table
    assert f"pause before | {100 * np.mean([sample.segments[0].start > 0.01 for sample in some]):.0f} %" in table


@pytest.mark.skipif(not CLIPS.exists(), reason="no ../shared/data/bnr")
def test_a_composed_corpus_has_the_statistics_of_bnr_compose(tmp_path, m2l):
    """300 motions have the figures that docs/results.md shows for 3,000, within sampling error."""
    status, _, err = m2l("compose", "--clips", CLIPS, "--out", tmp_path / "b", "--train", 300, "--val", 0, "--test", 0)
    assert (status, "call (2), dance-short (1), slash (2)" in err) == (0, True)
    ours, theirs = (
        corpora.load("compose", root, "train") for root in (tmp_path / "b.json", CLIPS.with_name("bnr_compose.json"))
    )

    def figures(samples) -> np.ndarray:
        parts = [part for sample in samples for part in sample.segments]
        words = [len(tokenize(caption.text)) for sample in samples for caption in sample.captions]
        return np.array(
            [
                np.mean([sample.motion.duration for sample in samples]),
                np.mean([len(sample.segments) for sample in samples]),
                np.mean([part.end - part.start for part in parts]),
                np.mean(words),
            ]
        )

    assert figures(ours) == pytest.approx(figures(theirs), rel=0.08)
