"""Live captions: equal to those of the whole recording, never taken back, bounded in memory, and robust."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch
from small import captioner, recording, without_torch

from motion2language.body import canonical_tree
from motion2language.captioning.features import FEATURES, LiveFeatures
from motion2language.captioning.timing import LOOSE
from motion2language.live import captioner as live_captioner
from motion2language.live import draws
from motion2language.live.captioner import LiveCaptioner, transcribe
from motion2language.live.clock import Clock
from motion2language.live.draws import Draws, Patience
from motion2language.live.events import Note, Sentence, Word
from motion2language.motion import Motion

NEVER = Patience(2.0, np.inf)  # no share is enough, no wait too long: all words come at the end


def model(seed: int = 2, encoder: str = "causal-convolution", haste: float = 2.0):
    """A tiny causal captioner whose random weights give some words; those of seeds 1 and 4 few.

    haste  taken from the logit of waiting
    """
    one = captioner(seed, kind="transducer", encoder=encoder, features="live", max_words=12, heads=1)
    with torch.no_grad():
        one.network.said_gate.bias[0] -= haste
    return without_torch(one)


ARM = ("shoulder", "elbow", "wrist")


def at_ten(number: int) -> Motion:
    return recording(number).resample(10.0)


def listen(one, motion: Motion, **options) -> list:
    live = LiveCaptioner(one, motion.skeleton, unit="m", up="y", **options)
    events = [event for k, frame in enumerate(motion.positions) for event in live.feed(frame, k / motion.fps)]
    return [*events, *live.finish()]


def test_live_features_step_by_step_equal_those_of_the_whole_and_need_no_later_frame():
    motion = at_ten(3)
    whole = FEATURES["live"](motion)
    steps = LiveFeatures(10.0)
    np.testing.assert_array_equal([steps.step(frame) for frame in motion.positions], whole)  # to the last bit
    np.testing.assert_array_equal(FEATURES["live"](motion.clip(0, 2.0)), whole[:20])
    np.testing.assert_allclose(whole, FEATURES["canonical"](motion), atol=0.2)


@pytest.mark.parametrize("fps", [25.0, 30.0, 60.0, 100.0, 120.0])
def test_the_clock_gives_what_resampling_the_whole_gives(fps):
    time = np.arange(int(4 * fps)) / fps
    frames = np.sin(time[:, None, None] * np.arange(1, 4)[None, None]) * np.ones((1, 5, 1))
    clock = Clock(10.0)
    poses = [pose for moment, frame in zip(time, frames, strict=True) for pose in clock.feed(moment, frame)]
    poses += clock.finish()
    from motion2language.motion import Skeleton

    skeleton = Skeleton("five", tuple("abcde"), (-1, 0, 1, 2, 3))
    whole = Motion(frames, fps, skeleton).resample(10.0).positions
    assert abs(len(poses) - len(whole)) <= 1
    np.testing.assert_allclose(poses[1:-1], whole[1 : len(poses) - 1], atol=2e-3)
    assert len(clock._frames) <= 0.2 * fps + 2


def test_the_clock_interpolates_missing_frames_and_follows_a_changing_rate():
    clock = Clock(10.0)
    times = [0.0, 0.03, 0.1, 0.2, 0.55, 0.6, 0.61, 0.7, 1.0]
    poses = [pose for time in times for pose in clock.feed(time, np.full((1, 3), time))]
    poses += clock.finish()
    np.testing.assert_allclose(np.ravel([pose[0, 0] for pose in poses]), np.arange(11) / 10, atol=0.04)


def numbers(transcript):
    """Times and probabilities of all words, and the bounds of all segments."""
    words = [(word.time, word.start, word.end, word.probability) for word in transcript.words]
    bounds = [(part.start, part.end, part.probability) for part in transcript.segments]
    return np.concatenate([np.ravel(words), np.ravel(bounds)]).astype(float)


@pytest.mark.parametrize("seed", [2, 3, 5, 6])
@pytest.mark.parametrize("encoder", ["causal-convolution", "causal-transformer", "hybrid", "gru", "mlp"])
def test_live_words_equal_those_of_a_search_of_the_whole(encoder, seed, monkeypatch):
    monkeypatch.setattr(draws, "AGREED", 2.0)  # no word is committed before the end
    monkeypatch.setattr(live_captioner, "PAUSE", np.inf)
    one, motion = model(seed, encoder), at_ten(seed)
    # Words said live stay: what an untrained network says twice in a row is not taken out.
    monkeypatch.setattr(type(one), "_without_babble", lambda _, hypothesis: hypothesis)
    (whole,) = one.search([one.values(motion)])
    transcript, words = transcribe(one, motion, patience=NEVER)
    assert [word.word for word in words] == one.vocabulary.decode(whole.tokens.tolist())
    assert words
    expected = one.timed(one.prepare(motion), whole)
    assert [part.label for part in transcript.segments] == [part.label for part in expected.segments]
    # Steps of a stream and of a whole recording are products of other sizes, whose kernels may round differently.
    np.testing.assert_allclose(numbers(transcript), numbers(expected), atol=1e-4)
    assert (transcript.text, transcript.duration) == (expected.text, expected.duration)


@pytest.mark.parametrize("patience", [Patience(0.01, 0.0), Patience(), NEVER])
def test_words_are_never_taken_back_and_come_in_order_of_time(patience):
    for seed in (2, 3, 5):
        events = listen(model(seed), at_ten(seed + 5), patience=patience)
        words = [event for event in events if isinstance(event, Word)]
        (sentence,) = [event for event in events if isinstance(event, Sentence)]
        assert [word.word for word in words] == [word.word for part in sentence.segments for word in part.words]
        assert all(word.time <= word.said for word in words)
        assert all(a.said <= b.said and a.time <= b.time for a, b in itertools.pairwise(words))
        assert events.index(sentence) > max(events.index(word) for word in words)


def test_an_action_that_too_few_draws_name_is_not_committed_after_the_wait(monkeypatch):
    def mean_delay(likely: float) -> float:
        monkeypatch.setattr(draws, "LIKELY", likely)
        monkeypatch.setattr(draws, "AGREED", 2.0)  # no detail is committed before the next action
        return float(np.mean([word.said for seed in (2, 3, 5)
                              for word in listen(model(seed), at_ten(7), patience=Patience(2.0, 0.0))
                              if isinstance(word, Word)]))  # fmt: skip

    assert mean_delay(0.0) < mean_delay(2.0) == mean_delay(2.5)


def test_actions_below_the_least_confidence_are_not_emitted():
    def count_actions(least: float) -> int:
        return len(transcribe(model(2), at_ten(7), patience=Patience(0.5, 0.3, least))[0].segments)

    assert count_actions(0.0) > count_actions(0.7) > count_actions(1.0) == 0


def test_at_the_end_a_sentence_stops_before_an_action_that_too_few_draws_name():
    one = captioner(1, kind="transducer", encoder="mlp", features="live")
    words = one.vocabulary.encode("a person walks and then jumps")
    one_draw, other = tuple(words), tuple(words[:3])

    def number(search: Draws, words: tuple[int, ...]) -> int:
        return search._prefixes.path(words)[-1]

    def kept(share: float, least: float) -> list[str]:
        search = Draws(one.transducer, one.vocabulary, one.lexicon, 30, Patience(least=least))
        few = round(share * draws.DRAWS)
        search._drawn = np.repeat([number(search, one_draw), number(search, other)], [few, draws.DRAWS - few])
        return one.vocabulary.decode(list(search._keep_likely(one_draw)))

    assert kept(0.25, 0.2) == "a person walks and then jumps".split()
    assert kept(0.25, 0.3) == "a person walks".split()
    assert kept(0.0, 1.0) == "a person walks".split()
    search = Draws(one.transducer, one.vocabulary, one.lexicon, 30, Patience(least=0.5))
    search._drawn[1] = number(search, one_draw)
    assert search._keep_likely(one_draw) == ()
    assert search._keep_likely(other[:2]) == ()  # a sentence without an action
    assert search._keep_likely((*other[:2], *one_draw[3:])) == ()
    search.committed = other
    assert search._keep_likely(one_draw[:2]) == one_draw[:2]  # details of a committed action
    search = Draws(one.transducer, one.vocabulary, one.lexicon, 30, Patience())
    assert search._keep_likely(other[:2]) == other[:2]


@pytest.mark.parametrize(
    ("drawn", "detail"),
    [
        ("person a", "person"),
        ("a a person then", "a a person"),  # not its beginning alone: the draws may disagree on what follows
        ("a a", ""),
        ("runs a person", ""),
        ("and then person", ""),
        ("", ""),
    ],
)
def test_details_are_committed_up_to_a_word_that_may_end_a_sentence(drawn, detail):
    one = captioner(1, kind="transducer", encoder="mlp", features="live")
    search = Draws(one.transducer, one.vocabulary, one.lexicon, 30, Patience())
    search.committed = tuple(one.vocabulary.encode("a person walks"))
    assert one.vocabulary.decode(list(search._detail(tuple(one.vocabulary.encode(drawn))))) == detail.split()


def test_less_patience_gives_words_earlier():
    def mean_delay(patience: Patience) -> float:
        return float(np.mean([word.said for seed in (2, 3, 5)
                              for word in listen(model(seed), at_ten(7), patience=patience)
                              if isinstance(word, Word)]))  # fmt: skip

    assert mean_delay(Patience(0.05, 0.0)) < mean_delay(Patience(0.9, 2.0)) <= mean_delay(NEVER)
    with pytest.raises(ValueError, match=r"sure 0\.0: expected a share above 0"):
        Patience(0.0, 1.0)
    with pytest.raises(ValueError, match=r"patience -1\.0 s: expected 0 or more"):
        Patience(0.5, -1.0)
    with pytest.raises(ValueError, match="give a probability from 0 to 1"):
        Patience(least=1.5)


def test_how_many_frames_arrive_together_changes_nothing():
    one, motion = model(2), recording(6)
    events = listen(one, motion)
    live = LiveCaptioner(one, motion.skeleton, unit="m", up="y")
    feeds = [live.feed(frame, k / motion.fps) for k, frame in enumerate(motion.positions)]
    late = [event for feed in feeds for event in feed]  # no event is read until all frames have arrived
    assert [*late, *live.finish()] == events


def test_a_model_that_needs_the_whole_recording_is_refused():
    for other in (
        captioner(kind="transducer"),
        captioner(),
        captioner(kind="transducer", encoder="causal-convolution"),
    ):
        with pytest.raises(
            ValueError, match="needs the whole recording; live captions need a model with a causal encoder"
        ):
            LiveCaptioner(other, recording().skeleton)


def notes(events: list) -> list[str]:
    return [event.text for event in events if isinstance(event, Note)]


def test_bad_frames_are_skipped_with_a_note_and_change_nothing_else():
    one, motion = model(), recording(2)
    clean = listen(one, motion)
    live = LiveCaptioner(one, motion.skeleton, unit="m", up="y")
    events = []
    for k, frame in enumerate(motion.positions):
        events += live.feed(frame, k / 30)
        if k == 40:
            events += live.feed(frame, k / 30)  # twice
            events += live.feed(frame, 0.1)  # late
            events += live.feed(frame * np.nan, (k + 0.5) / 30)
            events += live.feed(frame[:5], (k + 0.5) / 30)
            events += live.feed(frame * 0, (k + 0.5) / 30)  # no body
            events += live.feed(frame, float("nan"))
    events += live.finish()
    assert [event for event in events if not isinstance(event, Note)] == clean
    assert len(notes(events)) == 1
    assert (
        "frame skipped, 1 so far: its time is 1.333 s, expected later than the previous frame's 1.333 s"
        in notes(events)[0]
    )


def test_a_short_gap_is_interpolated_and_a_long_one_begins_a_new_take():
    one, motion = model(haste=8.0), recording(2)  # has words within two seconds
    times = np.arange(motion.frames) / 30

    def with_gap(seconds: float) -> list:
        live = LiveCaptioner(one, motion.skeleton, unit="m", up="y")
        moments = np.where(times < 2, times, times + seconds)
        events = [e for frame, time in zip(motion.positions, moments, strict=True) for e in live.feed(frame, time)]
        return [*events, *live.finish()]

    assert notes(with_gap(0.3)) == []
    events = with_gap(5.0)
    assert notes(events) == ["5.03 s without a frame; a new take begins"]
    sentences = [event for event in events if isinstance(event, Sentence)]
    assert len(sentences) == 2
    assert sentences[0].end <= 2.2
    assert sentences[1].start == pytest.approx(7.0, abs=0.04)
    assert all(segment.start >= 7.0 - 0.04 for segment in sentences[1].segments)


def test_dropped_frames_change_little():
    one, motion = model(3), recording(8)
    kept = np.random.default_rng(0).random(motion.frames) > 0.1
    kept[0] = True
    live = LiveCaptioner(one, motion.skeleton, unit="m", up="y")
    poses = []
    original = live_captioner._OpenSentence.feed
    live_captioner._OpenSentence.feed = lambda self, pose, seen: (poses.append(pose), original(self, pose, seen))[1]
    try:
        for k in np.flatnonzero(kept):
            list(live.feed(motion.positions[k], k / 30))
    finally:
        live_captioner._OpenSentence.feed = original
    whole = motion.resample(10.0).positions
    assert np.abs(np.array(poses)[1:-2] - whole[1 : len(poses) - 2]).max() < 0.08  # metres


def test_standing_still_ends_a_sentence_and_hours_do_not_grow():
    one, motion = model(), recording(2)
    still = np.repeat(motion.positions[-1:], 210, axis=0)
    live = LiveCaptioner(one, motion.skeleton, unit="m", up="y")
    sentences, time, sizes = [], 0.0, []
    for frame in [*motion.positions, *still, *motion.positions, *np.repeat(still, 9, axis=0)]:
        sentences += [event for event in live.feed(frame, time) if isinstance(event, Sentence)]
        time += 1 / 30
        open_sentence = live._sentence
        sizes.append(
            0
            if open_sentence is None
            else len(open_sentence.poses) + len(open_sentence.memory) + len(open_sentence._search.committed)
        )
    assert len(sentences) >= 2
    assert sentences[0].end == pytest.approx(motion.duration + live_captioner.PAUSE, abs=1.0)
    assert max(sizes) <= 1.5 * live_captioner.LONGEST * 10 + 4
    assert all(b.start >= a.end - 1e-6 for a, b in itertools.pairwise(sentences))


def test_a_body_that_stands_still_gives_no_words():
    for seed in (2, 3, 5):
        one, motion = model(seed, haste=8.0), recording(seed)  # has words for any motion
        still = replace(motion, positions=np.repeat(motion.positions[:1], 400, axis=0))
        assert listen(one, still, patience=NEVER) == []
        assert listen(one, motion, patience=NEVER)


def test_a_model_that_names_standing_still_says_nothing_before_the_body_moves():
    eager = Patience(0.01, 0.0)
    one, motion = model(2, haste=8.0), recording(2)  # has words for any motion, at once
    still = np.repeat(motion.positions[:1], 600, axis=0)
    assert listen(one, replace(motion, positions=still), patience=eager) == []
    begun = listen(one, replace(motion, positions=np.concatenate([still, motion.positions])), patience=eager)
    words = [event for event in begun if isinstance(event, Word)]
    assert words
    assert all(word.said >= 20.0 for word in words)


@pytest.mark.parametrize("odd", [-1.0, -1e-9, np.nan, np.inf, -np.inf])
def test_a_frame_with_an_invalid_time_gives_a_note_at_a_valid_one(odd):
    live = LiveCaptioner(model(), recording().skeleton, unit="m", up="y")
    (note,) = live.feed(recording().positions[0], odd)
    assert note == Note(f"frame skipped, 1 so far: its time is {odd}, expected seconds, 0 or later", 0.0)


def test_unit_up_and_joints_are_detected_while_it_runs():
    one, motion = model(2), recording(4)
    plain = listen(one, motion)
    live = LiveCaptioner(one, motion.skeleton)
    centimetres = motion.positions[..., [2, 0, 1]] * 100  # Z up
    events = [event for k, frame in enumerate(centimetres) for event in live.feed(frame, k / 30)]
    events += live.finish()
    assert [event.word for event in events if isinstance(event, Word)] == [
        event.word for event in plain if isinstance(event, Word)
    ]


def test_of_part_of_a_body_one_note_says_that_words_may_be_wrong():
    names = ("chest", "neck", "head", *(f"{side}_{joint}" for side in ("left", "right") for joint in ARM))
    motion, skeleton = recording(4), canonical_tree("upper", names)
    columns = [motion.skeleton.index(joint) for joint in skeleton.joints]
    events = listen(model(2), Motion(motion.positions[:, columns], motion.fps, skeleton))
    assert notes(events) == [
        "the body has no pelvis, legs; models learn whole bodies, so words about a part may be wrong"
    ]
    assert any(isinstance(event, Word) for event in events)
    assert notes(listen(model(2), motion)) == []


def test_a_stream_shorter_than_its_warm_up_is_described_at_its_end():
    one, motion = model(), recording(2).clip(0, 0.3)
    assert all(isinstance(event, Word | Sentence) for event in listen(one, motion))
    live = LiveCaptioner(one, motion.skeleton)
    assert list(live.finish()) == []


def test_a_whole_recording_captioned_live_gives_its_transcript():
    motion = replace(recording(3), name="take")
    transcript, words = transcribe(model(2), motion)
    assert transcript.duration == motion.duration
    assert transcript.text == " ".join(word.word for word in words)
    assert all(0 <= segment.start < segment.end <= motion.duration for segment in transcript.segments)


@pytest.mark.parametrize("patience", [Patience(0.01, 0.0), Patience(), NEVER])
def test_wherever_a_stream_ends_its_last_word_may_end_a_sentence(patience, monkeypatch):
    searches, finish = [], Draws.finish
    monkeypatch.setattr(Draws, "finish", lambda self: (searches.append(self), finish(self))[1])
    for seed, seconds in itertools.product(range(1, 4), (1.0, 3.0)):
        events = listen(model(seed), at_ten(seed + 5).clip(0, seconds), patience=patience)
        words = [event.word for event in events if isinstance(event, Word)]
        assert not words or words[-1] not in LOOSE
        assert len(words) == len(searches[-1].committed)
    assert any(search.loose_end for search in searches)
