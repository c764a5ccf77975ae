"""Variations of training recordings: what they change, how much and how often, and that the sentence stays true."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import varied
from small import recording

from motion2language.body.absent import stand_in
from motion2language.captioning.features import FEATURES
from motion2language.motion import CANONICAL, Motion
from motion2language.training.augment import AugmentConfig, counts, mirror_sentence, names_pace
from motion2language.training.bodies import Bodies, draw_frozen
from motion2language.training.draws import Draws, uniforms
from motion2language.training.tempo import draw_tempo, pad, vary_tempo

TEXT = "a person turns left and waves the right hand"
FPS = 10.0
MOTIONS = [recording(number).resample(FPS) for number in (5, 1, 3)]
MOTIONS.append(MOTIONS[0].frames_between(0, 1))
NUMBERS = np.random.default_rng(0).integers(2**63, size=len(MOTIONS))
EVERYTHING = AugmentConfig(
    mirror=0.5, speed=0.2, warp=0.4, bend=0.3, cut=0.2, hold=1.0, smoothing=0.2, bones=0.1, offsets=0.02, tilt=6,
    frozen_legs=0.4, frozen_bone=0.4, absent=0.4, noise=0.01, jitter=0.02, drift=0.02,
)  # fmt: skip


def frames_of(motions: list[Motion]) -> np.ndarray:
    return np.array([motion.frames for motion in motions])


def joined(motions: list[Motion]) -> torch.Tensor:
    return torch.from_numpy(np.concatenate([motion.positions.reshape(motion.frames, -1) for motion in motions]))


def vary(motions: list[Motion], numbers: np.ndarray, config: AugmentConfig, paced=False, whole=False) -> list[Motion]:
    """The motions, each varied by its number."""
    draws, frames, none = Draws(numbers), frames_of(motions), np.zeros(len(motions), bool)
    tempo = draw_tempo(frames, FPS, config, draws, none | paced, none | whole)
    positions = vary_tempo(joined(motions), frames, tempo)
    positions = Bodies(config, FPS, torch.device("cpu")).vary(positions, tempo.lengths, draws)
    return [
        replace(motion, positions=rows[:length].swapaxes(1, 2))
        for motion, rows, length in zip(motions, positions.numpy(), tempo.lengths, strict=True)
    ]


def many(config: AugmentConfig, count: int = 400, motion: Motion = MOTIONS[0]) -> list[Motion]:
    return vary([motion] * count, np.random.default_rng(1).integers(2**63, size=count), config)


def compare(found: list[Motion], expected: list[Motion], atol: float = 2e-5) -> None:
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one.positions, other.positions, atol=atol)


def is_uniform(values: np.ndarray, low: float, high: float) -> bool:
    """The distribution function is a line within what 400 numbers allow (Kolmogorov-Smirnov, 1 in 1000)."""
    ordered = (np.sort(values) - low) / (high - low)
    return np.abs(ordered - np.arange(len(values)) / len(values)).max() < 1.95 / len(values) ** 0.5


# the sentence


@pytest.mark.parametrize(
    ("text", "mirrored"),
    [
        (TEXT, "a person turns right and waves the left hand"),
        ("turns to the left, then right.", "turns to the right, then left."),
        ("Left-handed, rightwards; the LEFT", "right-handed, leftwards; the right"),
        ("walks clockwise", "walks counterclockwise"),
        ("anticlockwise or counter-clockwise or counter clockwise", "clockwise or clockwise or clockwise"),
        ("stands upright at a right angle", "stands upright at a right angle"),
    ],
)
def test_a_mirror_turns_every_word_of_a_side(text, mirrored):
    assert mirror_sentence(text) == mirrored


def test_a_sentence_that_names_a_pace_or_counts_is_known():
    assert [names_pace(text) for text in ("walks slowly", "Quick steps", "walks", "a steadfast walk")] == [1, 1, 0, 0]
    assert [counts(text) for text in ("claps twice", "takes 3 steps", "walks a circle", "walks")] == [1, 1, 1, 0]


# each variation against the plain one


def test_nothing_asked_nothing_changed():
    compare(vary(MOTIONS, NUMBERS, AugmentConfig()), MOTIONS, atol=0)
    assert not AugmentConfig().any
    assert EVERYTHING.any


def test_a_mirror_swaps_the_sides_and_turns_go_the_other_way():
    mirrored = vary(MOTIONS, NUMBERS, AugmentConfig(mirror=1))
    compare(mirrored, [varied.mirrored(motion) for motion in MOTIONS])
    compare(vary(mirrored, NUMBERS, AugmentConfig(mirror=1)), MOTIONS)
    rate = FEATURES["canonical"](MOTIONS[0])[:, 123]
    np.testing.assert_allclose(FEATURES["canonical"](mirrored[0])[:, 123], -rate, atol=1e-3)


@pytest.mark.parametrize(("speed", "seed"), [(0.2, 1), (0.9, 2), (0.9, 3)])
def test_another_speed_is_a_resampled_recording(speed, seed):
    numbers = np.random.default_rng(seed).integers(2**63, size=len(MOTIONS))
    factors = 1 + speed * Draws(numbers).around_zero("speed")
    expected = [varied.faster(motion, factor) for motion, factor in zip(MOTIONS, factors, strict=True)]
    compare(vary(MOTIONS, numbers, AugmentConfig(speed=speed)), expected)
    assert max(factors) > 1 > min(factors)


def test_bones_and_offsets_are_those_of_the_plain_body():
    draws, config = Draws(NUMBERS), AugmentConfig(mirror=0.5, bones=0.2, offsets=0.05)
    sides = draws.one("mirror") < 0.5
    logs, shifts = 0.2 * draws.normal("bones"), 0.05 * draws.normal("offsets").reshape(-1, 21, 3)
    expected = [
        varied.displaced(varied.other_bones(varied.mirrored(motion) if swap else motion, log), shift)
        for motion, swap, log, shift in zip(MOTIONS, sides, logs, shifts, strict=True)
    ]
    compare(vary(MOTIONS, NUMBERS, config), expected)
    assert 0 < sum(sides) < len(sides)


def test_a_tilt_turns_the_whole_recording_about_a_level_axis():
    found = many(AugmentConfig(tilt=6))
    angles = []
    for one in found:
        turn, *_ = np.linalg.lstsq(MOTIONS[0].positions.reshape(-1, 3), one.positions.reshape(-1, 3), rcond=None)
        np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-4)
        assert turn[0, 2] == pytest.approx(turn[2, 0], abs=1e-4)  # none about the vertical
        angles.append(np.degrees(np.arccos(min(1, turn[1, 1]))))
    assert is_uniform(np.array(angles), 0, 6)


def test_frozen_legs_keep_one_pose_in_the_body_and_the_rest_is_unchanged():
    found = many(AugmentConfig(frozen_legs=0.3), 200)
    legs = [index for index, name in enumerate(CANONICAL.joints) if name.endswith(("knee", "ankle", "toe"))]
    rest = [index for index in range(21) if index not in legs]
    frozen = 0
    for one in found:
        np.testing.assert_allclose(one.positions[:, rest], MOTIONS[0].positions[:, rest], atol=1e-6)
        bones = in_body_axes(one)[:, legs]
        still = np.ptp(bones, axis=0).max() < 1e-4
        frozen += still
        frames = np.abs(one.positions - MOTIONS[0].positions).max((1, 2)) < 1e-5
        assert frames.any()  # the pose of one of its frames
        assert frames.all() != still
    assert frozen == pytest.approx(60, abs=25)


def test_a_frozen_bone_is_one_of_a_limb_and_the_joints_beyond_it_move_along():
    found = many(AugmentConfig(frozen_bone=1), 200)
    seen = set()
    for one in found:
        bones, before = in_body_axes(one), in_body_axes(MOTIONS[0])
        changed = np.flatnonzero(np.abs(bones - before).max((0, 2)) > 1e-4)
        assert len(changed) <= 1
        if len(changed):
            assert np.ptp(bones[:, changed], axis=0).max() < 1e-4
            seen.add(CANONICAL.joints[changed[0]])
    assert seen == {"head", *(f"{side}_{part}" for side in ("left", "right")
                              for part in ("elbow", "wrist", "knee", "ankle", "toe"))}  # fmt: skip


def test_an_absent_part_stands_where_captioning_puts_it_and_the_rest_is_unchanged():
    short = MOTIONS[2].frames_between(0, 20)  # its batch is padded
    leg, arm = ("hip", "knee", "ankle", "toe"), ("collar", "shoulder", "elbow", "wrist")
    parts = [[joint for joint in CANONICAL.joints[1:] if not joint.endswith(leg)]]
    parts.append([joint for joint in CANONICAL.joints if joint.endswith(leg)])
    parts += [[f"{side}_{joint}" for joint in arm] for side in ("left", "right")]
    numbers = np.random.default_rng(1).integers(2**63, size=400)
    found = vary([MOTIONS[0], short] * 200, numbers, AugmentConfig(absent=0.3))[1::2]
    counts = np.zeros(len(parts), int)
    for one in found:
        off = np.abs(one.positions - short.positions).max((0, 2))
        moved = [joint for joint, distance in zip(CANONICAL.joints, off, strict=True) if distance > 1e-5]
        if not moved:
            continue
        part = next(number for number, joints in enumerate(parts) if joints == moved)
        counts[part] += 1
        shown = short.positions.copy()
        shown[:, [CANONICAL.index(joint) for joint in parts[part]]] = np.nan
        np.testing.assert_allclose(one.positions, stand_in(shown), atol=1e-6)
    assert counts.min() > 5
    assert counts.sum() == pytest.approx(60, abs=25)


def test_noise_moves_no_joint_that_is_absent():
    one = next(
        one for one in many(AugmentConfig(absent=1, noise=0.02), 20)
        if np.ptp(in_body_axes(one)[:, CANONICAL.index("left_ankle")], axis=0).max() < 1e-4
    )  # fmt: skip
    assert np.abs(one.positions[:, 0] - MOTIONS[0].positions[:, 0]).max() > 0.01


def in_body_axes(motion: Motion) -> np.ndarray:
    """Bones (T, J, 3) to the left, up and forward of the hips."""
    positions = motion.positions.astype(np.float64)
    bones = positions - positions[:, [max(0, parent) for parent in CANONICAL.parents]]
    left = positions[:, CANONICAL.index("left_hip")] - positions[:, CANONICAL.index("right_hip")]
    left = left * [1, 0, 1]
    left /= np.linalg.norm(left, axis=1, keepdims=True)
    axes = np.stack([left, np.broadcast_to([0.0, 1.0, 0.0], left.shape), np.cross(left, [0.0, 1.0, 0.0])], 1)
    return np.einsum("tac,tjc->tja", axes, bones)


# time


def test_a_held_end_repeats_its_pose():
    found = many(AugmentConfig(hold=1.2))
    first, last = [], []
    for one in found:
        before = int((np.abs(one.positions - MOTIONS[0].positions[0]).max((1, 2)) < 1e-6).sum()) - 1
        after = one.frames - MOTIONS[0].frames - before
        np.testing.assert_allclose(one.positions[before : before + MOTIONS[0].frames], MOTIONS[0].positions, atol=1e-6)
        first.append(before)
        last.append(after)
    for held in (first, last):
        assert max(held) == 12
        assert np.mean(np.array(held) > 0) == pytest.approx(0.48, abs=0.09)  # half; 1 in 24 of these rounds to 0
    assert abs(np.corrcoef(first, last)[0, 1]) < 0.2


@pytest.mark.parametrize("key", ["speed", "warp"])
def test_tempo_is_spread_as_said(key):
    config, count = AugmentConfig.model_validate({key: 0.5}), 400
    draws, none = Draws(np.random.default_rng(2).integers(2**63, size=count)), np.zeros(count, bool)
    rate = draw_tempo(np.full(count, 90), FPS, config, draws, none, none).rate
    assert is_uniform(rate - 1 if key == "speed" else np.log(rate), -0.5, 0.5)
    paced = draw_tempo(np.full(count, 90), FPS, config, draws, ~none, none).rate
    assert (paced == 1).all() == (key == "warp")


def test_a_cut_takes_from_both_ends_and_only_where_the_sentence_allows():
    config, count = AugmentConfig(cut=0.3), 400
    draws, none = Draws(np.random.default_rng(3).integers(2**63, size=count)), np.zeros(count, bool)
    tempo = draw_tempo(np.full(count, 100), FPS, config, draws, none, none)
    assert is_uniform(tempo.first, 0, 30)
    assert is_uniform(100 - tempo.first - tempo.moving, -0.5, 30.5)
    assert (draw_tempo(np.full(count, 100), FPS, config, draws, none, ~none).moving == 100).all()
    one = vary(MOTIONS[:1], NUMBERS[:1], config)[0]
    first = tempo_of(config).first[0]
    below = int(first)
    start = MOTIONS[0].positions[below] * (1 - first + below) + MOTIONS[0].positions[below + 1] * (first - below)
    np.testing.assert_allclose(one.positions[0], start, atol=1e-5)


def tempo_of(config: AugmentConfig):
    none = np.zeros(len(MOTIONS), bool)
    return draw_tempo(frames_of(MOTIONS), FPS, config, Draws(NUMBERS), none, none)


def test_a_bend_keeps_the_ends_and_the_length_and_never_runs_backwards():
    clock = replace(MOTIONS[0], positions=np.arange(60)[:, None, None] * np.ones((60, 21, 3)))
    found = [one.positions[:, 0, 0] for one in many(AugmentConfig(bend=0.5), motion=clock)]
    assert all(len(one) == 60 and abs(one[0]) < 0.4 and (np.diff(one) >= 0).all() for one in found)
    assert all(abs(one[-1] - 59) < 0.6 for one in found)
    first, last = (np.array([np.diff(one)[place] for one in found]) for place in (2, -4))
    assert is_uniform(first, 0.5, 1.5)
    assert np.corrcoef(first, last)[0, 1] < -0.98


def test_smoothing_averages_over_a_triangle():
    impulse = np.zeros((41, 21, 3), np.float32)
    impulse[20] = 1
    found = many(AugmentConfig(smoothing=0.5), motion=replace(MOTIONS[0], positions=impulse))
    heights = np.array([one.positions[20, 0, 0] for one in found])
    for one in found:
        assert one.positions[:, 0, 0].sum() == pytest.approx(1, abs=1e-5)
        np.testing.assert_allclose(one.positions[15:20], one.positions[25:20:-1], atol=1e-6)
    assert heights.max() == 1
    assert heights.min() == pytest.approx(0.2, abs=0.01)  # a triangle of half width 5
    still = replace(MOTIONS[0], positions=np.repeat(MOTIONS[0].positions[:1], 30, axis=0))
    compare(many(AugmentConfig(smoothing=0.5), 20, still), [still] * 20)


# the sensor


def test_noise_has_the_asked_spread_in_every_recording_and_no_memory():
    changes = [one.positions - MOTIONS[0].positions for one in many(AugmentConfig(noise=0.01))]
    spread = [change.std() for change in changes]
    assert spread == pytest.approx([0.01] * len(spread), rel=0.12)
    assert np.mean(spread) == pytest.approx(0.01, rel=0.01)
    assert abs(autocorrelation(changes, 1)) < 0.02
    assert not np.allclose(changes[0], changes[1], atol=1e-3)


@pytest.mark.parametrize("key", ["jitter", "drift"])
def test_jitter_and_drift_have_a_spread_of_their_own_in_each_recording(key):
    changes = [one.positions - MOTIONS[0].positions for one in many(AugmentConfig.model_validate({key: 0.03}))]
    spread = np.array([change.std() for change in changes])
    most = 0.03 if key == "jitter" else spread.max()
    assert spread.max() == pytest.approx(0.03, rel=0.2)
    assert is_uniform(spread, 0, most)


def test_jitter_forgets_in_a_frame_and_drift_in_about_a_second():
    quick, slow = (
        [one.positions - MOTIONS[0].positions for one in many(AugmentConfig.model_validate({key: 0.03}))]
        for key in ("jitter", "drift")
    )
    assert abs(autocorrelation(quick, 1)) < 0.02
    assert autocorrelation(slow, 1) > 0.8
    assert abs(autocorrelation(slow, 10)) < 0.05


def autocorrelation(changes: list[np.ndarray], lag: int) -> float:
    return float(np.mean([np.mean(one[lag:] * one[:-lag]) / np.mean(one * one) for one in changes]))


# randomness


def test_numbers_are_even_and_those_of_a_pair_are_its_own():
    numbers = np.random.default_rng(4).integers(2**63, size=500)
    table = uniforms(numbers, 40)
    assert is_uniform(table.ravel(), 0, 1)
    np.testing.assert_array_equal(uniforms(numbers[7:9], 40), table[7:9])
    np.testing.assert_array_equal(uniforms(numbers, 10), table[:, :10])
    between = np.corrcoef(table.T) - np.eye(40)
    assert np.abs(between).max() < 0.2
    in_a_row = uniforms(np.arange(500), 40)  # also for neighbouring numbers
    assert np.abs(np.corrcoef(in_a_row) - np.eye(500)).max() < 0.85
    assert is_uniform(in_a_row[:, 0], 0, 1)


def test_a_pair_is_varied_alike_in_any_batch_and_whatever_else_is_varied():
    whole = vary(MOTIONS, NUMBERS, EVERYTHING)
    for row, motion in enumerate(MOTIONS):
        compare(vary([motion], NUMBERS[row : row + 1], EVERYTHING), [whole[row]])
    backwards = vary(MOTIONS[::-1], NUMBERS[::-1].copy(), EVERYTHING)
    compare(backwards[::-1], whole)
    less = EVERYTHING.model_copy(update={"mirror": 0.0, "bones": 0.0, "jitter": 0.0})
    assert [one.frames for one in vary(MOTIONS, NUMBERS, less)] == [one.frames for one in whole]
    frozen = [draw_frozen(config, frames_of(MOTIONS), Draws(NUMBERS)) for config in (EVERYTHING, less)]
    np.testing.assert_array_equal(frozen[0][0], frozen[1][0])


def test_padding_repeats_the_last_pose():
    padded = pad(joined(MOTIONS), frames_of(MOTIONS))
    assert padded.shape == (4, max(frames_of(MOTIONS)), 63)
    for rows, motion in zip(padded.numpy(), MOTIONS, strict=True):
        own = motion.positions.reshape(motion.frames, -1)
        np.testing.assert_array_equal(rows[: len(own)], own)
        assert (rows[len(own) :] == own[-1]).all()
