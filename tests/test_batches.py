"""Batches of training: every pair once, the captioner's own features and words, the same in any share or thread."""

import threading
import time
from dataclasses import replace

import numpy as np
import pytest
import torch
from small import captioner
from test_augment import EVERYTHING
from test_train import TRAINING, run_config

from motion2language.body.absent import stand_in
from motion2language.captioning import features
from motion2language.data import corpora
from motion2language.language.vocabulary import EOS, PAD
from motion2language.motion import CANONICAL, Motion, Skeleton
from motion2language.training.augment import AugmentConfig
from motion2language.training.batches import AHEAD, BatchMaker, Drawn, batches, make_ahead
from motion2language.training.config import RunConfig, TrainConfig
from motion2language.training.pairs import feature_rows, make_pairs
from motion2language.training.prepare import prepare_samples
from motion2language.training.train import build_untrained

CPU = torch.device("cpu")
RUN = run_config()
READY = prepare_samples(TRAINING, RUN.model)
CAPTIONER = build_untrained(RUN, READY)


PLAIN = AugmentConfig()


def settings(captions: str = "one", augment: AugmentConfig = PLAIN) -> TrainConfig:
    return TrainConfig(captions=captions, augment=augment, batch_size=8)


def drawn(config: TrainConfig, count: int = 8, seed: int = 0) -> Drawn:
    pairs = make_pairs(READY, CAPTIONER, config)
    random = np.random.default_rng(seed)
    return Drawn(pairs, random.permutation(len(pairs))[:count], random.integers(2**63, size=count))


def test_every_pair_comes_once_an_epoch_in_batches_of_similar_length_and_another_order():
    config = settings("all")
    pairs = make_pairs(READY, CAPTIONER, config)
    assert len(pairs) == 3 * len(TRAINING)
    epochs = [[own.index for own in batches(pairs, config, 10.0, np.random.default_rng(seed))] for seed in (0, 1)]
    for groups in epochs:
        assert sorted(np.concatenate(groups).tolist()) == list(range(len(pairs)))
    spread = [np.ptp(pairs.frames[pairs.recordings[group]]) for group in epochs[0]]
    assert np.median(spread) < 0.35 * np.ptp(pairs.frames)
    assert epochs[0][0].tolist() != epochs[1][0].tolist()
    apart = [np.ptp(np.flatnonzero(pairs.recordings[np.concatenate(epochs[0])] == one)) for one in range(len(TRAINING))]
    assert np.median(apart) == 2  # the sentences of a recording follow each other


@pytest.mark.parametrize("name", ["canonical", "live", "paper", "partial"])
def test_a_batch_without_variations_is_what_the_captioner_reads(name):
    run = RunConfig.model_validate({"model": {"features": name}, "train": {"minimum_count": 1, "captions": "all"}})
    own = build_untrained(run, ready := prepare_samples(TRAINING, run.model))
    pairs = make_pairs(ready, own, run.train)
    batch = BatchMaker(own, run.train.augment, CPU).make(Drawn(pairs, np.array([4, 0, 5]), np.array([1, 2, 3])))
    assert batch.rows.tolist() == [1, 0, 1]
    for row, number in enumerate((0, 1)):
        expected = own.values(ready[number].motion)
        np.testing.assert_allclose(batch.values[row, : len(expected)].numpy(), expected, atol=1e-5)
        assert batch.lengths[row] == len(expected)
    for words, (number, caption) in zip(batch.tokens.tolist(), ((1, 1), (0, 0), (1, 2)), strict=True):
        text = own.vocabulary.encode(TRAINING[number].captions[caption].text)
        assert words == [*text, EOS, *[PAD] * (len(words) - len(text) - 1)]


def test_with_one_caption_each_is_drawn_and_no_rows_are_needed():
    one = drawn(settings(), 24)
    batch = BatchMaker(CAPTIONER, AugmentConfig(), CPU).make(one)
    assert batch.rows is None
    assert len(batch.values) == len(batch.tokens) == 24
    seen = set()
    for seed in range(20):
        tokens = BatchMaker(CAPTIONER, AugmentConfig(), CPU).make(replace(one, numbers=one.numbers + seed)).tokens
        seen.add(tuple(tokens[0].tolist()))
    assert len(seen) == 3


def test_a_share_of_a_batch_is_that_share_of_the_whole_one_with_all_variations():
    whole = drawn(settings(augment=EVERYTHING))
    maker = BatchMaker(CAPTIONER, EVERYTHING, CPU)
    batch = maker.make(whole)
    assert not torch.equal(batch.lengths, maker.make(drawn(settings(augment=EVERYTHING), seed=1)).lengths)
    for first in range(0, 8, 3):
        part = maker.make(whole.part(slice(first, first + 3)))
        for row, length in enumerate(part.lengths.tolist()):
            assert length == batch.lengths[first + row]
            torch.testing.assert_close(
                part.values[row, :length], batch.values[first + row, :length], atol=1e-4, rtol=1e-4
            )
            words = part.tokens.shape[1]
            assert torch.equal(part.tokens[row], batch.tokens[first + row, :words])


#: Joints that are seen, by which parts are: head, left arm, right arm, left leg, right leg.
SEEN = {
    (0, 0, 0, 1, 1): ("pelvis", "hip", "knee", "ankle", "toe"),
    (1, 1, 1, 0, 0): ("pelvis", "spine", "chest", "neck", "head", "collar", "shoulder", "elbow", "wrist"),
}


def test_partial_features_of_dropped_parts_are_those_of_such_a_recording():
    run = RunConfig.model_validate({"model": {"features": "partial"}, "train": {"minimum_count": 1}})
    ready = prepare_samples(TRAINING, run.model)
    own = build_untrained(run, ready)
    pairs = make_pairs(ready, own, settings(augment=AugmentConfig(absent=1)))
    every = Drawn(pairs, np.arange(24), np.random.default_rng(0).integers(2**63, size=24))
    batch = BatchMaker(own, AugmentConfig(absent=1), CPU).make(every)
    found = set()
    for rows, length, sample in zip(batch.values.numpy(), batch.lengths.tolist(), ready, strict=True):
        values = own.normalizer.invert(rows[:length])
        parts = tuple(values[0, 124:].round().astype(int).tolist())
        found.add(parts)
        arm = "right" if parts[1] else "left"
        seen = np.array([
            joint.endswith(SEEN[parts]) if parts in SEEN
            else not (joint.startswith(arm) and joint.endswith(("collar", "shoulder", "elbow", "wrist")))
            for joint in CANONICAL.joints
        ])  # fmt: skip
        shown = sample.motion.positions.copy()
        shown[:, ~seen] = np.nan
        partial = replace(sample.motion, positions=stand_in(shown), seen=np.tile(seen, (length, 1)))
        np.testing.assert_allclose(values, features.partial(partial), atol=2e-3)
    assert found == {*SEEN, (1, 0, 1, 1, 1), (1, 1, 0, 1, 1)}


def test_in_a_mirrored_recording_the_other_arm_is_absent_and_models_that_know_say_nothing(recwarn):
    run = RunConfig.model_validate({"model": {"features": "partial"}, "train": {"minimum_count": 1}})
    seen = np.ones((TRAINING[0].motion.frames, 21), bool)
    seen[:, CANONICAL.index("left_elbow")] = False
    lacking = [replace(TRAINING[0], motion=replace(TRAINING[0].motion, seen=seen))]
    ready = prepare_samples([*lacking, *TRAINING[1:3]], run.model)
    own = build_untrained(run, ready)
    assert not recwarn.list
    pairs = make_pairs(ready, own, settings(augment=AugmentConfig(mirror=1)))
    batch = BatchMaker(own, AugmentConfig(mirror=1), CPU).make(Drawn(pairs, np.array([0, 1]), np.array([5, 6])))
    values = own.normalizer.invert(batch.values.numpy())
    np.testing.assert_allclose(values[0, 0, 124:], [1, 1, 0, 1, 1], atol=1e-5)
    np.testing.assert_allclose(values[1, 0, 124:], 1, atol=1e-5)


def test_a_mirrored_recording_comes_with_the_mirrored_sentence():
    whole = drawn(settings(augment=AugmentConfig(mirror=0.5)), 24)
    batch = BatchMaker(CAPTIONER, AugmentConfig(mirror=0.5), CPU).make(whole)
    rate = 123  # the column of the turn rate
    swapped = 0
    for row, index in enumerate(whole.index.tolist()):
        plain = features.canonical(READY[index].motion)[:, rate]
        own = CAPTIONER.normalizer.invert(batch.values[row, : batch.lengths[row]].numpy())[:, rate]
        sentence = whole.pairs.sentences[index][whole.numbers[row] % 3]
        mirrored = np.abs(own + plain).max() < 1e-2 < np.abs(plain).max()
        swapped += mirrored
        expected = sentence.mirrored if mirrored else sentence.tokens
        assert [word for word in batch.tokens[row].tolist() if word != PAD] == expected.tolist()
    assert 4 < swapped < 20


def test_a_sentence_of_one_action_that_counts_nothing_may_be_cut():
    cut = settings("all", AugmentConfig(cut=0.2))
    sentences = make_pairs(READY, CAPTIONER, cut).sentences
    whole = [texts[0].whole for texts in sentences]
    several = [len(sample.segments) > 1 for sample in TRAINING for _ in sample.captions]
    assert not all(whole)
    assert not any(many and not kept for many, kept in zip(several, whole, strict=True))


def test_features_of_a_store_are_computed_once_into_a_file_of_it(tmp_path, monkeypatch):
    samples = corpora.cache("train few", None, corpora.load("synthetic", None, "train")[:4], tmp_path)
    ready = prepare_samples(samples, RUN.model)
    expected = [features.canonical(sample.motion) for sample in ready]
    for found in (
        feature_rows(ready, "canonical"),
        feature_rows(ready, "canonical"),
        feature_rows(list(ready), "canonical"),
    ):
        assert all(np.array_equal(one, other) for one, other in zip(found, expected, strict=True))
    (file,) = tmp_path.rglob("canonical.features")
    before = file.stat().st_mtime_ns
    feature_rows(ready, "canonical")
    assert file.stat().st_mtime_ns == before
    file.write_bytes(file.read_bytes()[:-4])  # cut off: computed again
    assert np.array_equal(feature_rows(ready, "canonical")[3], expected[3])


def test_a_feature_without_a_batched_form_is_computed_recording_by_recording(monkeypatch):
    monkeypatch.setitem(features.FEATURES, "smell", lambda motion: 2 * features.canonical(motion))
    noisy = AugmentConfig(noise=0.01, speed=0.2)
    own = replace(CAPTIONER, config=replace(CAPTIONER.config, features="smell"))
    whole = drawn(settings(augment=noisy))
    doubled, plain = BatchMaker(own, noisy, CPU).make(whole), BatchMaker(CAPTIONER, noisy, CPU).make(whole)
    mean, std = (torch.from_numpy(part) for part in (CAPTIONER.normalizer.mean, CAPTIONER.normalizer.std))
    for row, length in enumerate(plain.lengths.tolist()):
        twice = 2 * (plain.values[row, :length] * std + mean)
        torch.testing.assert_close(doubled.values[row, :length] * std + mean, twice, atol=1e-3, rtol=1e-3)


BODY = Skeleton("own", ("a", "b"), (-1, 0))


def two_joints(name: str) -> tuple:
    """Prepared recordings of a body of two joints with joint angles, and a captioner of theirs."""
    random = np.random.default_rng(0)
    motions = [
        Motion(random.normal(size=(length, 2, 3)), 10.0, BODY, str(length), random.normal(size=(length, 5)))
        for length in (30, 40)
    ]
    samples = [replace(sample, motion=motion) for sample, motion in zip(TRAINING, motions, strict=False)]
    run = RunConfig.model_validate({"model": {"features": name}, "train": {"minimum_count": 1}})
    return (ready := prepare_samples(samples, run.model)), build_untrained(run, ready)


@pytest.mark.parametrize(("name", "width"), [("paper", 6), ("angles", 5)])
def test_other_bodies_and_joint_angles_can_change_their_tempo(name, width):
    ready, own = two_joints(name)
    config = settings(augment=AugmentConfig(speed=0.3, hold=1.0, noise=0.01 if name == "paper" else 0.0))
    pairs = make_pairs(ready, own, config)
    batch = BatchMaker(own, config.augment, CPU).make(Drawn(pairs, np.arange(2), np.array([1, 2])))
    assert batch.values.shape == (2, int(batch.lengths.max()), width)
    assert batch.lengths.tolist() != [30, 40]


@pytest.mark.parametrize(
    ("name", "key", "message"),
    [
        ("paper", "mirror", r"train\.augment\.mirror: only the canonical body can be varied so.* 2 joints"),
        ("angles", "noise", r"train\.augment\.noise: varies positions of joints, and this model reads joint angles"),
        ("angles", "tilt", r"train\.augment\.tilt: only the canonical body"),
    ],
)
def test_what_these_recordings_cannot_have_is_said_before_training(name, key, message):
    ready, own = two_joints(name)
    with pytest.raises(ValueError, match=message):
        make_pairs(ready, own, settings(augment=AugmentConfig.model_validate({key: 0.5})))


def test_recordings_of_another_width_are_named():
    ready, own = two_joints("paper")
    with pytest.raises(ValueError, match="63 numbers in each frame, but the model reads 6; train on recordings of one"):
        make_pairs([*ready, READY[0]], own, settings())
    with pytest.raises(ValueError, match=r"63 numbers .* reads 124"):
        make_pairs(READY, replace(captioner(), config=replace(captioner().config, features="paper")), settings())


# the thread that makes batches ahead


def test_what_is_made_ahead_comes_in_order_and_only_a_few_are_ahead():
    started: list[int] = []
    given = iter(range(20))

    def make(number: int) -> int:
        started.append(number)
        time.sleep(0.001 * (number % 3))
        return number

    ahead = make_ahead(make, given)
    assert next(ahead) == 0
    time.sleep(0.05)
    assert started == list(range(AHEAD + 1))
    assert next(given) == AHEAD + 1
    assert [0, *ahead] == [number for number in range(20) if number != AHEAD + 1]


def test_an_error_of_the_thread_is_raised_in_its_turn():
    def make(number: int) -> int:
        if number == 3:
            raise ValueError("three")
        return number

    ahead = make_ahead(make, range(9))
    assert [next(ahead) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="three"):
        next(ahead)
    assert not any(thread.name.startswith("batches") for thread in threading.enumerate())


def test_a_loop_that_is_left_ends_the_thread():
    ahead = make_ahead(lambda number: number, range(10**9))
    next(ahead)
    ahead.close()
    assert not any(thread.name.startswith("batches") for thread in threading.enumerate())
