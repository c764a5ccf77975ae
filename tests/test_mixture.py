"""composing of many people's takes: cores, sides, pools by person, dense motions, their segments and sentences."""

from __future__ import annotations

import json
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from people import change, movement, write_people

from motion2language.data import corpora
from motion2language.data.actions import load_actions
from motion2language.data.composing.cores import find_core, find_rests, find_side, in_body_axes, stands
from motion2language.data.composing.dense import Dense, load_dense
from motion2language.data.composing.drawing import Drawing, Held, Shown, distances
from motion2language.data.composing.mixing import mix, with_lengths
from motion2language.data.composing.pool import Pool, make_pools
from motion2language.data.labelled.form import write_source
from motion2language.data.labelled.selection import choose, read_selection
from motion2language.data.synthesis import make_recording
from motion2language.language.actions import ActionLexicon
from motion2language.language.vocabulary import tokenize
from motion2language.motion import CANONICAL, Motion

TABLE = load_actions()
PEOPLE = ["ann", "bob", "cyd", "dan"]


@pytest.fixture
def m2l(m2l):
    """Run `m2l data`; returns its status, standard output and standard error."""
    return partial(m2l, "data")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("people")
    write_people(root, "studio", PEOPLE)
    write_people(root, "gym", ["p1", "p2", "p3"], ["kick", "walk", "bow"])
    return root


def pool_of(root: Path, split: str = "train") -> Pool:
    return make_pools(choose(read_selection(root)), {}, TABLE, 10.0, 11)[split]


def standing(seconds: float, fps: float = 10.0) -> np.ndarray:
    frame = movement("walk", 0).positions[:1]
    return np.repeat(frame, round(seconds * fps), axis=0)


# What a take shows


@pytest.mark.parametrize("action", ["wave_left", "kick_right", "bow", "jump"])
def test_the_core_of_a_take_leaves_out_who_stands_before_and_after(action):
    motion = make_recording([9, 1], (action,)).motion.resample(10)
    pad = [np.repeat(motion.positions[place : place + 1], 20, axis=0) for place in (0, -1)]
    alone = find_core(in_body_axes(motion.positions), 10.0)
    first, end = find_core(in_body_axes(np.concatenate([pad[0], motion.positions, pad[1]])), 10.0)
    assert abs(first - 20 - alone[0]) <= 1
    assert abs(end - 20 - alone[1]) <= 1


def arms_out(positions: np.ndarray) -> np.ndarray:
    """The frames with both arms stretched to the sides, in place of however they are."""
    changed = positions.copy()
    for side, sign in (("left", 1), ("right", -1)):
        across = positions[:, CANONICAL.index("left_hip")] - positions[:, CANONICAL.index("right_hip")]
        across /= np.linalg.norm(across, axis=-1, keepdims=True)
        shoulder = positions[:, CANONICAL.index(f"{side}_shoulder")]
        for joint, reach in (("elbow", 0.28), ("wrist", 0.55)):
            changed[:, CANONICAL.index(f"{side}_{joint}")] = shoulder + sign * reach * across
    return changed


def test_a_calibration_pose_is_no_part_of_the_core():
    still = standing(1.5)
    share = np.linspace(0, 1, 8)[:, None, None]
    lowering = (1 - share) * arms_out(still[:1]) + share * still[:1]
    kick = movement("kick", 3).resample(10).positions
    kick = kick - kick[0, 0] + still[0, 0]
    take = np.concatenate([arms_out(still), lowering, still, kick])
    first, end = find_core(in_body_axes(take), 10.0)
    assert first >= len(still) + len(lowering) - 2
    assert end > len(take) - len(kick)
    only = np.concatenate([arms_out(still), lowering, still])  # the pose is all that happens: then it is the action
    assert find_core(in_body_axes(only), 10.0)[0] < len(still) + len(lowering) - 2


@pytest.mark.parametrize(
    ("action", "limb", "side"),
    [
        ("wave_left", "arm", "left"),
        ("raise_right", "arm", "right"),
        ("wave_both", "arm", "both"),
        ("kick_left", "leg", "left"),
        ("kick_right", "leg", "right"),
        ("walk", "arm", ""),
        ("walk", "leg", ""),
        ("bow", "arm", ""),
    ],
)
def test_a_side_is_told_beyond_doubt_or_not_at_all(action, limb, side):
    found = []
    for seed in range(6):
        axes = in_body_axes(make_recording([8, seed], (action,)).motion.resample(10).positions)
        first, end = find_core(axes, 10.0)
        found.append(find_side(axes[first:end], limb))
    assert set(found) <= {side, ""} | ({"both"} if action in ("bow", "walk") and limb == "arm" else set())
    if side:
        assert found.count(side) >= 4


def test_rests_are_still_and_whoever_sits_does_not_stand():
    motion = movement("kick", 1).resample(10)
    take = np.concatenate([standing(2), motion.positions - motion.positions[0, 0] + standing(0.1)[0, 0]])
    assert find_rests(in_body_axes(take), 10.0, 1.0)[0][0] == 0
    assert all(end - first >= 10 for first, end in find_rests(in_body_axes(take), 10.0, 1.0))
    assert find_rests(in_body_axes(arms_out(standing(3))), 10.0, 1.0) == []
    assert stands(in_body_axes(standing(1)))
    seated = make_recording([5, 0], ("sit",)).motion.resample(10).positions
    middle = len(seated) // 2
    assert not stands(in_body_axes(seated[middle - 3 : middle + 3]))


# Pools


def test_a_pool_holds_the_takes_of_its_people_on_the_canonical_body_on_the_ground(folder):
    chosen = choose(read_selection(folder))
    pools = make_pools(chosen, {}, TABLE, 10.0, 11)
    people = {split: {take.named.person for take in pool.takes} for split, pool in pools.items()}
    assert people["train"] & people["val"] == people["train"] & people["test"] == set()
    assert sum(len(pool.takes) for pool in pools.values()) == len(chosen.recordings)
    for take in pools["train"].takes:
        assert take.positions.shape[1:] == (21, 3)
        assert take.positions[..., 1].min() == pytest.approx(0, abs=0.05)
        assert len(take.poses) == len(take.positions)
        (stretch,) = take.stretches
        assert 0 <= stretch.begin < stretch.stop <= len(take.positions)
        assert stretch.meaning.action == take.named.name.split("_")[1]


def test_spans_and_marked_repetitions_are_stretches_in_order(tmp_path):
    path = write_people(tmp_path, "x", ["ann"], ["walk", "bow"])
    seconds = movement("bow", 0).duration
    change(path, 0, label=None, segments=[
        {"label": "bow", "start": 1.0, "end": 1.6}, {"label": "walk", "start": 0.0, "end": 0.9},
        {"label": "bow", "start": 1.7, "end": 1.8},
    ])  # fmt: skip
    change(path, 1, points=[{"label": "bow", "time": seconds * share} for share in (0.2, 0.5, 0.8)])
    spans, repetitions = (take.stretches for take in pool_of(tmp_path).takes)
    assert [(s.meaning.action, s.begin, s.stop) for s in spans] == [("walk", 0, 9), ("bow", 10, 16)], "one is too short"
    assert all(stretch.repeats for stretch in repetitions)
    assert [b.begin - a.stop for a, b in pairwise(repetitions)] == [0] * (len(repetitions) - 1)


def test_a_common_action_and_a_large_source_are_drawn_less_often_than_their_share(tmp_path):
    write_people(tmp_path, "large", ["ann", "bob"], ["walk"], takes=8)
    write_people(tmp_path, "small", ["p1"], ["kick"])
    pool = pool_of(tmp_path)
    assert len(pool.units) == 17
    drawn = pool.everywhere.draw(4000, np.random.default_rng(0))
    kicks = np.mean([pool.takes[pool.units[number].take].named.source == "small" for number in drawn])
    wanted = (1 * 1 / 17) ** -0.5 / ((1 * 1 / 17) ** -0.5 + 16 * (16 * 16 / 17) ** -0.5)
    assert kicks == pytest.approx(wanted, abs=0.03)
    assert wanted > 0.4


# Drawing and joining


def made(pool: Pool, seed: int, **values):
    dense, random = Dense(**values), np.random.default_rng(seed)
    steps = Drawing(pool, dense, TABLE).draw(random)
    return steps, mix(steps, pool, dense, random)


def test_motions_are_joined_without_jumps_and_segments_lie_in_order(folder):
    pool = pool_of(folder)
    counts = []
    for seed in range(60):
        steps, motion = made(pool, seed)
        counts.append(len(motion.actions))
        assert motion.positions.dtype == np.float32
        assert motion.positions[0, 0, [0, 2]] == pytest.approx([0, 0], abs=0.01)
        assert np.isfinite(motion.positions).all()
        assert np.linalg.norm(np.diff(motion.positions, axis=0), axis=-1).max() * 10 < 15  # metres per second
        bounds = [bound for action in motion.actions for bound in (action.start, action.end)]
        assert bounds == sorted(bounds)
        assert bounds[-1] <= len(motion.positions) <= 10 * 30 + 40
        assert all(action.end > action.start for action in motion.actions)
        assert [action.meaning for action in motion.actions] == [
            deed.meaning for step in steps if isinstance(step, Shown) for deed in step.deeds
        ]
    assert {1, 2, 3, 4, 5, 6} <= set(counts)


def test_a_body_keeps_its_bones_across_people(folder):
    """No change of a body tells where one recording gives way to another: each bone keeps its median length."""
    pool = pool_of(folder)
    steps, motion = made(pool, 3, counts=(0, 0, 0, 0, 1.0), stay=(0, 0, 1.0), longest=60.0)
    wanted = pool.takes[next(step.take for step in steps if isinstance(step, Shown))].lengths
    parents = CANONICAL.parents[1:]
    for action in motion.actions:
        inside = motion.positions[action.start + 3 : action.end - 3]
        bones = np.linalg.norm(inside[:, 1:] - inside[:, parents], axis=-1)
        assert np.median(bones, axis=0) == pytest.approx(wanted[1:], rel=0.02, abs=0.003)


def test_bones_get_other_lengths_in_the_same_directions():
    frames = np.random.default_rng(0).normal(size=(5, 21, 3))
    own, wanted = np.full(21, 0.5), np.full(21, 0.5)
    wanted[CANONICAL.index("left_elbow")] = 1.0
    changed = with_lengths(frames, own, wanted)
    elbow, shoulder, wrist = (CANONICAL.index(f"left_{part}") for part in ("elbow", "shoulder", "wrist"))
    assert changed[:, shoulder] == pytest.approx(frames[:, shoulder])
    assert changed[:, elbow] - changed[:, shoulder] == pytest.approx(2 * (frames[:, elbow] - frames[:, shoulder]))
    assert changed[:, wrist] - changed[:, elbow] == pytest.approx(frames[:, wrist] - frames[:, elbow])
    assert with_lengths(frames, own, own) == pytest.approx(frames)


def test_staying_with_a_person_or_a_source_does(folder):
    pool = pool_of(folder)
    for stay, key in (((1.0, 0, 0), "person"), ((0, 1.0, 0), "source")):
        for seed in range(20):
            steps, _ = made(pool, seed, stay=stay, counts=(0, 0, 0, 1.0))
            shown = [step for step in steps if isinstance(step, Shown)]
            assert len({getattr(pool.takes[step.take].named, key) for step in shown}) == 1
    mixed = [made(pool, seed, stay=(0, 0, 1.0), counts=(0, 0, 0, 1.0))[0] for seed in range(20)]
    assert any(len({pool.takes[s.take].named.source for s in steps if isinstance(s, Shown)}) == 2 for steps in mixed)


def test_pauses_show_somebody_at_rest_or_hold_the_pose(folder):
    pool = pool_of(folder)
    steps = [step for seed in range(40) for step in made(pool, seed, between=1.0, pause=(1.0, 2.0), near=10.0)[0]]
    assert any(isinstance(step, Shown) and not step.deeds for step in steps)
    held = [step for seed in range(40) for step in made(pool, seed, between=1.0, near=0.0, rest=0)[0]]
    assert any(isinstance(step, Held) for step in held)
    assert not any(isinstance(step, Held) for seed in range(10) for step in made(pool, seed, between=0, outside=0)[0])


def test_repetitions_are_one_action_with_a_count_and_takes_may_go_on_as_they_were(tmp_path):
    path = write_people(tmp_path, "x", ["ann"], ["bow"])
    seconds = movement("bow", 0).duration
    change(path, 0, points=[{"label": "bow", "time": seconds * share} for share in (0.2, 0.5, 0.8)])
    pool = pool_of(tmp_path)
    actions = [action for seed in range(40) for action in made(pool, seed)[1].actions]
    assert {action.meaning.count for action in actions} == {0, 2, 3}
    change(path, 0, points=[], label=None, segments=[
        {"label": "walk", "start": 0.0, "end": 0.5}, {"label": "bow", "start": 0.6, "end": 1.2},
    ])  # fmt: skip
    pool = pool_of(tmp_path)
    runs = [step for seed in range(40) for step in made(pool, seed, onward=1.0)[0] if isinstance(step, Shown)]
    both = [step for step in runs if len(step.deeds) == 2]
    assert both
    assert all([deed.meaning.action for deed in step.deeds] == ["walk", "bow"] for step in both)
    assert not [
        step
        for s in range(40)
        for step in made(pool, s, onward=0)[0]
        if isinstance(step, Shown) and len(step.deeds) > 1
    ]


def test_a_label_of_several_actions_is_taken_whole_and_not_scored(tmp_path, m2l):
    for n, person in enumerate(PEOPLE):
        motion = movement("walk", n)
        clip = {"id": "a", "label": "run, leap", "subject": person}
        write_source(tmp_path / f"cmu_{person}", {"source": f"cmu_{person}"}, [clip], [motion])
    pools = make_pools(choose(read_selection(tmp_path)), {}, TABLE, 10.0, 11)
    assert [stretch.exact for take in pools["train"].takes for stretch in take.stretches] == [False] * 4
    for seed in range(10):
        names = [action.meaning.action for action in made(pools["train"], seed)[1].actions]
        assert names == ["run", "leap"] * (len(names) // 2)
    status, _, err = m2l(
        "compose", "--people", tmp_path, "--out", tmp_path / "o", "--train", 1, "--val", 1, "--test", 0
    )
    assert status == 1
    assert "no take for the 1 motions of val" in err


def test_the_nearest_of_a_few_takes_comes_next(folder):
    pool = pool_of(folder)

    def gaps(candidates: int) -> float:
        far = []
        for seed in range(40):
            steps = [s for s in made(pool, seed, candidates=candidates, between=0, onward=0)[0] if isinstance(s, Shown)]
            for one, two in pairwise(steps):
                ends = pool.takes[one.take].poses[[one.end - 1]], pool.takes[two.take].poses[[two.first]]
                far.append(distances(*ends)[0, 0])
        return float(np.mean(far))

    assert gaps(8) < 0.7 * gaps(1)


# The files


def test_the_pair_is_read_by_the_corpus_and_the_same_call_writes_the_same_bytes(folder, tmp_path, m2l):
    words = ("compose", "--people", folder, "--train", 30, "--val", 6, "--test", 6, "--seed", 5)
    status, out, _ = m2l(*words, "--out", tmp_path / "mix")
    assert status == 0
    assert "train: 30 motions of" in out
    data = json.loads((tmp_path / "mix.json").read_text())
    takes = {split: set() for split in ("train", "val", "test")}
    for each in data["samples"].values():
        takes[each["split"]] |= {part["clip"].rsplit("_", 2)[0] for part in each["segments"]}
    assert takes["train"] & takes["val"] == takes["train"] & takes["test"] == takes["val"] & takes["test"] == set()
    samples = corpora.load("compose", tmp_path / "mix.json", "train")
    lexicon = ActionLexicon.learn([c.text for sample in samples for c in sample.captions], data["wordings"])
    for sample in samples:
        assert sample.motion.skeleton.joints == CANONICAL.joints
        verbs = [part.label for part in sample.segments]
        assert len(sample.captions) == 3
        for caption in sample.captions:
            assert [verb for _, verb in lexicon.find(tokenize(caption.text))] == verbs
    assert m2l(*words, "--out", tmp_path / "again")[0] == 0
    for suffix in (".npz", ".json"):
        assert (tmp_path / f"again{suffix}").read_bytes() == (tmp_path / f"mix{suffix}").read_bytes()
    few = ("compose", "--people", folder, "--train", 4, "--val", 0, "--test", 0, "--seed", 5)
    assert m2l(*few, "--out", tmp_path / "few")[0] == 0
    assert list(json.loads((tmp_path / "few.json").read_text())["samples"].items()) == list(data["samples"].items())[:4]


def test_clips_of_an_archive_join_in_as_a_source(folder, tmp_path, m2l):
    clips = {f"c{n}": make_recording([6, n], ("wave_left",)).motion.resample(10) for n in range(4)}
    clips["odd"] = Motion(clips["c0"].positions * [-1, 1, 1], 10.0, CANONICAL)
    labels = {name: {"label": "wave-left-hand", "style": "happy"} for name in clips} | {"c3": {"label": "call"}}
    header = {"joints": CANONICAL.joints, "parents": CANONICAL.parents, "fps": 10, "unit": "m", "up": "y"}
    (tmp_path / "clips.json").write_text(json.dumps(header | {"clips": labels}))
    np.savez(tmp_path / "clips.npz", **{name: motion.positions for name, motion in clips.items()})
    words = ("compose", "--people", folder, "--clips", tmp_path / "clips.npz", "--clips-source", "bandai")
    status, _, err = m2l(*words, "--out", tmp_path / "mix", "--train", 40, "--val", 0, "--test", 0)
    assert status == 0
    assert "1 clips are left out, its feet are on the wrong sides" in err
    assert "1 clips are left out, as the table leaves out their labels: c3" in err
    parts = [p for s in json.loads((tmp_path / "mix.json").read_text())["samples"].values() for p in s["segments"]]
    waves = [part for part in parts if part["clip"].startswith("bandai/")]
    assert waves
    assert all((part["action"], part["verb"], part["side"]) == ("wave", "wave", "left") for part in waves)


def test_a_recipe_of_ones_own(folder, tmp_path, m2l):
    recipe = tmp_path / "recipe.toml"
    recipe.write_text("counts = [0.0, 1.0]\nlongest = 60\ncaptions = 1\n")
    assert load_dense(recipe).captions == 1
    words = ("compose", "--people", folder, "--recipe", recipe, "--train", 5, "--val", 0, "--test", 0)
    assert m2l(*words, "--out", tmp_path / "mix")[0] == 0
    samples = json.loads((tmp_path / "mix.json").read_text())["samples"].values()
    assert {(len(sample["segments"]), len(sample["captions"])) for sample in samples} == {(2, 1)}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("counts = [0.5]", "counts: expected probabilities that sum to 1, found 0.5"),
        ("counts = []", "counts: expected probabilities"),
        ("tempo = [2, 1]", "tempo: expected a range above 0, the lower end first, found 2 to 1"),
        ("tempi = 3", "tempi: Extra inputs"),
        ("core = 2", "core: Input should be less than or equal to 1"),
        ("core", "not a TOML file"),
    ],
)
def test_a_wrong_recipe_is_one_line(folder, tmp_path, m2l, content, message):
    (tmp_path / "recipe.toml").write_text(content)
    words = ("compose", "--people", folder, "--recipe", tmp_path / "recipe.toml", "--out", tmp_path / "mix")
    status, _, err = m2l(*words)
    assert (status, len(err.splitlines())) == (1, 1)
    assert message in err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "of what? give --clips, --people, or both"),
        (("--clips", "x.npz", "--recipe", "r.toml"), "--recipe: only with --people"),
        (("--clips", "x.npz", "--actions", "a.toml"), "--actions: only with --people"),
        (("--people", "x", "--phrases", "p.toml"), "--phrases: not with --people"),
        (("--people", "mix.npz"), "would replace the clips"),
        (("--people", "none"), "none: no such folder"),
    ],
)
def test_wrong_options_are_one_line(tmp_path, m2l, monkeypatch, words, message):
    monkeypatch.chdir(tmp_path)
    status, _, err = m2l("compose", *words, "--out", "mix")
    assert (status, len(err.splitlines())) == (1, 1)
    assert message in err


def test_an_unwritable_target_is_told_before_the_work(folder, tmp_path, m2l):
    status, _, err = m2l("compose", "--people", folder, "--out", tmp_path / "none" / "mix")
    assert status == 1
    assert "cannot be written; choose a folder that exists and is yours" in err
