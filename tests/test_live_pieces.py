"""Live pieces: those of the whole recording as soon as they are certain, never taken back, in bounded memory."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pytest
from bodies import walking
from small import captioner as small_captioner

from motion2language.captioning import boundaries, take_sentences
from motion2language.captioning.captioner import Captioner
from motion2language.captioning.loading import load_model
from motion2language.captioning.meeting import AROUND, NEAR
from motion2language.captioning.search_segments import best_row, certain_row
from motion2language.captioning.windows import Described
from motion2language.live import events, pieces
from motion2language.live.captioner import LiveCaptioner, require_live, transcribe
from motion2language.live.draws import Patience
from motion2language.live.pieces import LivePieces
from motion2language.live.stream import as_json, as_text
from motion2language.model.segmenter import Action, Evidence, Segmenter, SegmenterConfig, Tower
from motion2language.motion import CANONICAL, Motion, Skeleton
from motion2language.transcript import Segment, Transcript

torch = pytest.importorskip("torch")

SMALL = SegmenterConfig(
    actions={
        "walk": Action(label="walk", phrase="walks", continues=True),
        "kick": Action(label="kick", phrase="kicks"),
        "bow": Action(label="bow", phrase="bows"),
    },
    names=Tower(width=8, dilations=(1, 2)),
    bounds=Tower(width=8, dilations=(1,)),
    hidden=6,
    longest=12,
    price=0.3,
)


def segmenter(config: SegmenterConfig = SMALL, seed: int = 0) -> Segmenter:
    """One of random weights, which says much."""
    from motion2language.model.segmenter_torch import TorchSegmenter

    torch.manual_seed(seed)
    network = TorchSegmenter(config).eval()
    return Segmenter(config, network.arrays(np.zeros(124, np.float32), np.ones(124, np.float32)))


@pytest.fixture(scope="module")
def cutter() -> Captioner:
    """The shipped synthetic model with such a segmenter."""
    return replace(load_model("synthetic"), segmenter=segmenter())


def take(seconds: float, fps: float = 10.0, *, legs: bool = True) -> Motion:
    """Walking that changes its size, so that a segmenter has something to tell apart.

    legs  change too; if not, a part of it measures as the whole does, in leg lengths
    """
    frames = round(seconds * fps)
    positions = walking(frames)
    changes = [legs or not joint.endswith(("pelvis", "hip", "knee", "ankle", "toe")) for joint in CANONICAL.joints]
    positions[:, :, 1] += 0.2 * np.sin(np.arange(frames) / fps * 2.3)[:, None] * np.linspace(0, 1, 21) * changes
    return Motion(positions, fps, CANONICAL, "take")


def listen(one: Captioner, motion: Motion, **options) -> list[events.Event]:
    live = LiveCaptioner(one, motion.skeleton, unit="m", up="y", **options)
    found = [event for k, frame in enumerate(motion.positions) for event in live.feed(frame, k / motion.fps)]
    return [*found, *live.finish()]


def of(kind: type, found: Iterable[events.Event]) -> list:
    return [event for event in found if isinstance(event, kind)]


def segments_of(found: Iterable[events.Event]) -> list[Segment]:
    return [segment for sentence in of(events.Sentence, found) for segment in sentence.segments]


def whole(one: Captioner, motion: Motion) -> tuple[Segment, ...]:
    """The pieces of the whole recording."""
    body = one.prepare(motion)
    live = LivePieces(one, 0.0)
    described = Described(Transcript((), motion.duration), (), body.frames)
    take = take_sentences.cut(live.segmenter, body)
    return take_sentences.describe(take, described, live.describe(take.parts), one.lexicon, 0.3).transcript.segments


def test_what_is_certain_of_a_row_is_in_every_longer_one() -> None:
    random, early = np.random.default_rng(0), 0
    for _ in range(60):
        worth = random.uniform(-1, 1, size=(40, 5))
        final = best_row(worth)
        for steps in range(1, 40):
            row, certain = certain_row(worth[:steps], 1.0)
            assert row == best_row(worth[:steps])
            assert row[:certain] == final[:certain]
            early += certain
    assert early > 1000


def test_hope_makes_fewer_pieces_certain() -> None:
    worth = np.random.default_rng(1).uniform(-1, 1, size=(40, 5))
    sums = [sum(certain_row(worth[:steps], hope)[1] for steps in range(1, 41)) for hope in (0.0, 0.3, 1.0)]
    assert sums[0] > sums[1] > sums[2] > 0


@pytest.mark.parametrize(
    ("seed", "legs", "near"), [(1, True, 0.02), (2, True, 0.02), (4, True, 0.02), (0, False, 1e-5), (4, False, 1e-5)]
)
def test_pieces_that_are_proven_are_those_of_the_whole_recording(
    cutter: Captioner, seed: int, legs: bool, near: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where legs change, what is kept of a stream has other leg lengths than the whole, and chances differ a little."""
    monkeypatch.setattr(pieces, "HOPE", 1.0)
    monkeypatch.setattr(pieces, "LATE", 1000.0)
    monkeypatch.setattr(pieces, "LONGEST", np.inf)
    one, motion = replace(cutter, segmenter=segmenter(seed=seed)), take(24.0, legs=legs)
    found, expected = listen(one, motion), whole(one, motion)
    early = [event for event in of(events.Piece, found) if event.said < motion.duration - 0.2]
    assert len(early) > len(expected) // 2 > 3
    said = segments_of(found)
    assert [segment.label for segment in said] == [segment.label for segment in expected]
    bounds = [(segment.start, segment.end) for segment in said]
    np.testing.assert_allclose(bounds, [(segment.start, segment.end) for segment in expected], atol=1e-6)
    chances = [(one.probability, one.start_probability, one.end_probability) for one in said]
    expected_chances = [(one.probability, one.start_probability, one.end_probability) for one in expected]
    np.testing.assert_allclose(chances, expected_chances, atol=near)


def test_a_piece_comes_again_with_the_bound_where_the_next_one_meets_it(
    cutter: Captioner, monkeypatch: pytest.MonkeyPatch
) -> None:
    motion = take(24.0)
    one = replace(cutter, segmenter=segmenter(seed=1))
    given = of(events.Piece, listen(one, motion, facts=True))
    again = [
        (first.segment, second.segment)
        for (first, second) in itertools.combinations(given, 2)
        if first.segment.start == second.segment.start and first.segment.words == second.segment.words
    ]
    assert any(0 < abs(first.end - second.end) <= NEAR / 10 + 1e-6 for first, second in again)
    following = {event.segment.start for event in given}
    moved = [(first, second) for first, second in again if second.end < first.end]
    assert moved and all(any(abs(second.end - start) < 1e-6 for start in following) for _, second in moved)
    assert any(second.facts is not None and second.facts != first.facts for first, second in moved)
    assert all(word.time <= second.end for _, second in moved for word in second.words)
    monkeypatch.setattr("motion2language.captioning.meeting.NEAR", 0)
    as_found = of(events.Piece, listen(one, motion))
    assert [event.segment.label for event in as_found] != [] and len(as_found) < len(given)


@pytest.mark.parametrize("seed", [6, 19, 34, 50])
def test_whatever_a_segmenter_sees_pieces_are_in_order_and_sentences_have_their_last_form(
    cutter: Captioner, seed: int
) -> None:
    """Segmenters of random weights and settings, on a body that may stand still on the way."""
    random = np.random.default_rng(seed)
    goes_on = dict(zip(SMALL.actions, random.random(3) < 0.5, strict=True))
    actions = {name: replace(action, continues=bool(goes_on[name])) for name, action in SMALL.actions.items()}
    longest, price = int(random.choice([12, 30, 60])), float(random.choice([0.1, 0.2, 0.3]))
    one = replace(cutter, segmenter=segmenter(replace(SMALL, actions=actions, longest=longest, price=price), seed=seed))
    motion = take(30.0)
    positions = motion.positions.copy()
    if random.random() < 0.5:
        positions[100:160] = positions[100:101]
    found = listen(one, replace(motion, positions=positions), facts=True)
    last = {event.segment.start: event.segment for event in of(events.Piece, found)}
    said = segments_of(found)
    assert said and list(last.values()) == said
    assert all(before.end <= after.start + 1e-9 for before, after in itertools.pairwise(said))
    assert all(segment.start <= word.time <= segment.end for segment in said for word in segment.words)


def test_a_view_keeps_the_frames_that_a_bound_needs(cutter: Captioner) -> None:
    live = LivePieces(cutter, 0.0)
    assert 2 * live._context >= AROUND + pieces.MOVE + boundaries.SMOOTHING // 2


def test_pieces_come_late_enough_and_soon_enough(cutter: Captioner) -> None:
    motion = take(20.0)
    late = [event.said - event.segment.end for event in of(events.Piece, listen(cutter, motion))
            if event.said < motion.duration - 0.2]  # fmt: skip
    moved = 0.4  # a bound moves by three frames, and the clock is a frame behind
    assert len(late) > 3
    assert all(pieces.SOON - moved <= each <= pieces.LATE + pieces.LOOK + moved for each in late)


def test_words_are_never_taken_back_and_sentences_are_made_of_them(cutter: Captioner) -> None:
    found = listen(cutter, take(36.0))
    sentences = of(events.Sentence, found)
    assert len(sentences) > 1
    said = [word.word for word in of(events.Word, found)]
    assert said == [word.word for segment in segments_of(found) if segment.known for word in segment.words]
    assert said
    assert all(word.time <= word.said for word in of(events.Word, found))
    assert all(a.end <= b.start + 1e-9 for a, b in itertools.pairwise(segments_of(found)))
    assert all(sentence.end - sentence.start < pieces.LONGEST + 12 for sentence in sentences)
    last = {event.segment.start: event.segment for event in of(events.Piece, found)}
    assert list(last.values()) == segments_of(found), "the last form of each piece is that of its sentence"
    for sentence in sentences:
        spoken = [segment for segment in sentence.segments if segment.known]
        assert all(segment.words[0].word == "then" for segment in spoken[1:])
        assert not spoken or spoken[0].words[0].word != "then"


def test_an_action_that_goes_on_is_said_once_and_its_piece_gets_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    only = replace(SMALL, actions={"walk": SMALL.actions["walk"]}, price=0.0)
    monkeypatch.setattr("motion2language.captioning.search_segments.GAP", 100)
    monkeypatch.setattr(pieces, "LONGEST", 12.0)
    one = replace(load_model("synthetic"), segmenter=segmenter(only))
    found = listen(one, take(30.0), facts=True)
    given = of(events.Piece, found)
    starts = [event.segment.start for event in given]
    assert len(set(starts)) < len(starts), "a piece comes again"
    ends = [event.segment.end for event in given]
    assert ends == sorted(ends)
    for sentence in of(events.Sentence, found):
        assert len(sentence.segments) == 1
    assert [word.word for word in of(events.Word, found)] == [
        word.word for segment in segments_of(found) if segment.known for word in segment.words
    ]
    gone = [segment for segment in segments_of(found) if segment.facts is None]
    assert gone, "what began before the kept frames has no facts of a part"


def test_hours_do_not_grow(cutter: Captioner) -> None:
    live = LivePieces(cutter, 0.0)
    kept = SMALL.longest * 2 + 10 * (pieces.LATE + 2 * pieces.LOOK) + 2 * live._context + 10
    for number, pose in enumerate(itertools.islice(itertools.cycle(take(20.0).positions), 300)):
        live.feed(pose)
        list(live.take_new(number / 10))
        assert len(live.poses) <= kept
        assert len(live.segments) <= 10 * (pieces.LONGEST + 2) / 2
    assert live.dropped > 200 and live.dropped % 2 == 0


class Moving(Segmenter):
    """Cuts where the body moves alone."""

    def __call__(self, values: np.ndarray) -> Evidence:
        found = super().__call__(values)
        moves = np.abs(values[:, 60:120]).max(1) > 0.05
        moved = np.append(moves, moves[-1:])[: 2 * len(found.pieces)].reshape(-1, 2).all(1)
        kept = found.pieces.copy()
        for begin, length in itertools.product(range(len(kept)), range(kept.shape[1])):
            kept[begin, length] *= moved[begin : begin + length + 1].all()
        return replace(found, pieces=kept)


def test_a_body_that_stands_still_ends_the_sentence(cutter: Captioner) -> None:
    one = replace(cutter, segmenter=Moving(SMALL, segmenter().weights))
    motion = take(12.0)
    still = np.repeat(motion.positions[-1:], 120, axis=0)
    found = listen(one, replace(motion, positions=np.concatenate([motion.positions, still, motion.positions])))
    first, second = of(events.Sentence, found)
    assert first.end <= 12.5 and second.start >= 23.5
    words = of(events.Word, found)
    assert found.index(first) < found.index(next(word for word in words if word.time > 20)), "before more comes"
    spoken = [segment.words[0].word for segment in second.segments if segment.known]
    assert spoken[0] == "a" and set(spoken[1:]) <= {"then"}


def test_a_piece_of_standing_still_is_not_said_before_the_body_moves(cutter: Captioner) -> None:
    motion = take(12.0)
    still = np.repeat(motion.positions[:1], 200, axis=0)
    assert segments_of(listen(cutter, motion))
    assert listen(cutter, replace(motion, positions=still)) == []
    said = segments_of(listen(cutter, replace(motion, positions=np.concatenate([still, motion.positions]))))
    assert said
    assert all(segment.end > 19.5 for segment in said)


def test_nothing_is_said_where_nothing_is_worth_it(cutter: Captioner) -> None:
    silent = replace(cutter, segmenter=segmenter(replace(SMALL, price=1.0)))
    assert listen(silent, take(12.0)) == []


@pytest.mark.parametrize("frames", [1, 2, 3, 7])
def test_a_stream_of_few_frames_is_described_at_its_end(cutter: Captioner, frames: int) -> None:
    motion = replace(take(2.0), positions=take(2.0).positions[:frames])
    assert all(0 <= segment.start < segment.end for segment in segments_of(listen(cutter, motion)))


def test_actions_below_the_least_probability_are_not_said(cutter: Captioner) -> None:
    motion = take(12.0)
    chances = sorted(segment.probability for segment in segments_of(listen(cutter, motion)))
    middle = chances[len(chances) // 2]
    said = segments_of(listen(cutter, motion, patience=Patience(least=middle)))
    assert 0 < len(said) < len(chances)
    assert all(segment.probability >= middle for segment in said)
    assert listen(cutter, motion, patience=Patience(least=1.0)) == []


def test_a_gap_begins_a_new_take_with_times_of_the_stream(cutter: Captioner) -> None:
    motion = take(12.0)
    live = LiveCaptioner(cutter, motion.skeleton, unit="m", up="y", facts=True)
    found: list[events.Event] = []
    for k, frame in enumerate(motion.positions):
        found += live.feed(frame, 1000 + k / 10 + (100 if k >= 60 else 0))
    found += live.finish()
    times = [(segment.start, segment.end) for segment in segments_of(found)]
    assert all(1000 <= start < end <= 1006.2 or 1106 <= start < end <= 1112.2 for start, end in times)
    assert {start > 1100 for start, _ in times} == {False, True}
    assert len(of(events.Note, found)) == 1
    for segment in segments_of(found):
        assert all(segment.start - 1 <= time <= segment.end + 1 for time in segment.facts.repetition_times)


def test_nothing_is_measured_of_joints_that_the_skeleton_lacks(
    cutter: Captioner, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged, judge = [], pieces.judge
    monkeypatch.setattr(pieces, "judge", lambda *given: (judged.append(given[1]), judge(*given))[1])
    motion, lost = take(8.0), {f"{side}_{joint}" for side in ("left", "right") for joint in ("elbow", "wrist")}
    kept = [number for number, joint in enumerate(CANONICAL.joints) if joint not in lost]
    parents = tuple(kept.index(CANONICAL.parents[number]) if number else -1 for number in kept)
    skeleton = Skeleton("no arms", tuple(CANONICAL.joints[number] for number in kept), parents)
    listen(cutter, Motion(motion.positions[:, kept], motion.fps, skeleton), facts=True)
    assert judged
    for body in judged:
        assert body.seen is not None
        assert {joint for joint, seen in zip(CANONICAL.joints, body.seen.any(axis=0), strict=True) if not seen} >= lost
    judged.clear()
    listen(cutter, motion, facts=True)
    assert judged and all(body.seen is None for body in judged)


def test_a_model_without_a_fitting_segmenter_is_refused(cutter: Captioner) -> None:
    other = replace(cutter, segmenter=segmenter(replace(SMALL, fps=20.0)))
    for one in (other, replace(cutter, segmenter=None), small_captioner()):
        with pytest.raises(ValueError, match="or one that learnt to cut takes, such as default"):
            require_live(one)
        with pytest.raises(ValueError, match="did not learn to cut"):
            LivePieces(one, 0.0)
    require_live(cutter)


def test_a_piece_as_json_and_as_text(cutter: Captioner) -> None:
    piece = of(events.Piece, listen(cutter, take(20.0)))[0]
    data = json.loads(as_json(piece))
    assert data["kind"] == "piece" and data["said"] == piece.said
    assert data["segment"] == Transcript((piece.segment,), 100.0).to_dict()["segments"][0]
    assert {"label", "text", "probability", "start_probability", "known"} <= set(data["segment"])
    assert as_text(piece) == ""


def test_the_shipped_model_describes_a_stream(capsys, monkeypatch) -> None:
    default = load_model("default")
    motion = take(8.0, 30.0)
    transcript, words = transcribe(default, motion)
    spoken = [word.word for segment in transcript.segments if segment.known for word in segment.words]
    assert [word.word for word in words] == spoken
    assert {segment.bounded_by for segment in transcript.segments} <= {"pieces"}
    assert transcript.segments
