"""The segmenter: numpy as torch, chunks as the whole, files that fit or are refused; pieces and their sentence."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from bodies import walking

from motion2language.captioning import boundaries, take_sentences, timing
from motion2language.captioning.captioner import Captioner
from motion2language.captioning.cut_pieces import cut_again
from motion2language.captioning.judge_pieces import LOOKS, Shown, judge_again, look, name_alone
from motion2language.captioning.loading import load_model
from motion2language.captioning.loops import set_going
from motion2language.captioning.measures import MEASURES, OTHERS
from motion2language.captioning.model_folder import load_segmenter
from motion2language.captioning.search_segments import Piece, best_row, find
from motion2language.cli.caption import SAMPLES
from motion2language.formats.reading import read_motion
from motion2language.language.actions import ActionLexicon
from motion2language.model import segmenter as segmenter_module
from motion2language.model.segmenter import Action, Evidence, Segmenter, SegmenterConfig, Tower
from motion2language.motion import CANONICAL, Motion
from motion2language.transcript import Segment, TimedWord, Transcript

torch = pytest.importorskip("torch")

ACTIONS = {
    "walk": Action(label="walk", phrase="walks", continues=True),
    "walk backwards": Action(label="walk", phrase="walks backwards", continues=True),
    "kick": Action(label="kick", phrase="kicks"),
}
SMALL = SegmenterConfig(
    actions=ACTIONS,
    names=Tower(width=8, dilations=(1, 2)),
    bounds=Tower(width=8, dilations=(1,)),
    hidden=6,
    longest=12,
    price=0.1,
)


def _torch_segmenter(seed: int = 0):
    from motion2language.model.segmenter_torch import TorchSegmenter

    torch.manual_seed(seed)
    return TorchSegmenter(SMALL).eval()


def _segmenter(config: SegmenterConfig = SMALL, seed: int = 0) -> Segmenter:
    network = _torch_segmenter(seed)
    return Segmenter(config, network.arrays(np.zeros(124, np.float32), np.ones(124, np.float32)))


def _evidence(frames: int, spans: list[tuple[int, int, int]], chance: float = 0.9) -> Evidence:
    """What a segmenter that is sure of the spans [start, end) of actions says."""
    shown = np.full((frames, 4), 0.01)
    starts, ends = np.full(frames, -6.0), np.full(frames, -6.0)
    pieces = np.zeros(((frames + 1) // 2, SMALL.longest), np.float32)
    shown[:, 0] = 1
    for start, end, action in spans:
        shown[start:end] = 0.01
        shown[start:end, action] = 0.97
        starts[start], ends[end - 1] = 3.0, 3.0
        pieces[start // 2, (end - start) // 2 - 1] = chance
    return Evidence(shown / shown.sum(1, keepdims=True), starts, ends, pieces)


@pytest.mark.parametrize("frames", [2, 3, 24, 61])
def test_numpy_says_what_torch_says(frames: int) -> None:
    values = np.random.default_rng(frames).normal(size=(frames, 124)).astype(np.float32)
    found = _segmenter()(values)
    padded = torch.from_numpy(np.concatenate([values, values[-1:]]) if frames % 2 else values)[None]
    network, lengths = _torch_segmenter(), torch.tensor([frames])
    with torch.no_grad():
        names = network.name(padded, lengths)[0, :frames].softmax(-1).numpy()
        edges, memory = network.bound(padded, lengths)
        pieces = network.judge(memory)[0].sigmoid().numpy()
    assert np.allclose(found.frames, names, atol=1e-5)
    assert np.allclose(np.stack([found.starts, found.ends], 1), edges[0, :frames].numpy(), atol=1e-4)
    steps = len(found.pieces)
    within = np.arange(steps)[:, None] + np.arange(1, SMALL.longest + 1) <= steps
    assert np.allclose(found.pieces[within], pieces[within], atol=1e-5)
    assert not found.pieces[~within].any()


def test_a_recording_of_many_chunks_is_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(1).normal(size=(151, 124)).astype(np.float32)
    whole = _segmenter()(values)
    monkeypatch.setattr(segmenter_module, "CHUNK", 17)
    cut = _segmenter()(values)
    for name in ("frames", "starts", "ends", "pieces"):
        assert np.allclose(getattr(whole, name), getattr(cut, name), atol=1e-5), name


@pytest.mark.parametrize(("chunk", "together"), [(3000, 400), (40, 60), (40, 1)])
def test_recordings_looked_at_together_are_as_each_alone(
    chunk: int, together: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    random, segmenter = np.random.default_rng(5), _segmenter()
    recordings = [random.normal(size=(frames, 124)).astype(np.float32) for frames in (9, 2, 61, 30, 3)]
    alone = [segmenter(values) for values in recordings]
    vectors = [segmenter.vectors(values) for values in recordings]
    monkeypatch.setattr(segmenter_module, "CHUNK", chunk)
    monkeypatch.setattr(segmenter_module, "TOGETHER", together)
    for one, other in zip(segmenter.of_all(recordings), alone, strict=True):
        for name in ("frames", "starts", "ends", "pieces"):
            np.testing.assert_allclose(getattr(one, name), getattr(other, name), atol=1e-5)
    for one, other in zip(segmenter.vectors_of_all(recordings), vectors, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4)
    assert segmenter.name_all([]) == segmenter.vectors_of_all([]) == segmenter.of_all([]) == []


def test_takes_cut_together_are_cut_as_each_alone(cutter: Captioner) -> None:
    takes = [cutter.prepare(_take(seconds)) for seconds in (7.0, 12.0, 3.0)]
    seen = np.ones((takes[1].frames, 21), bool)
    seen[:, [CANONICAL.index(f"{side}_{joint}") for side in ("left", "right") for joint in ("elbow", "wrist")]] = False
    takes[1] = replace(takes[1], seen=seen)
    together = take_sentences.cut_all(cutter.segmenter, takes)
    for take, found in zip(takes, together, strict=True):
        own = take_sentences.cut(cutter.segmenter, take)
        assert [(piece.start, piece.end, piece.label) for piece in found.pieces] == [
            (piece.start, piece.end, piece.label) for piece in own.pieces
        ]
        assert found.body is take


def test_best_row_is_the_best_of_all() -> None:
    random = np.random.default_rng(2)
    for _ in range(20):
        worth = random.normal(-0.3, 1, size=(6, 4))

        def most(step: int, worth: np.ndarray = worth) -> float:
            rest = [worth[step, n] + most(step + n + 1) for n in range(4) if step + n + 1 <= 6]
            return max([most(step + 1), *rest]) if step < 6 else 0.0

        row = best_row(worth)
        assert sum(worth[first, last - first - 1] for first, last in row) == pytest.approx(most(0))
        assert all(before[1] <= after[0] for before, after in itertools.pairwise(row))


def test_strikes_in_a_row_stay_apart_and_walking_goes_on() -> None:
    kicks = find(_evidence(40, [(4, 14, 3), (14, 24, 3)]), SMALL)
    assert [(piece.start, piece.end, piece.label) for piece in kicks] == [(4, 14, "kick"), (14, 24, "kick")]
    (walk,) = find(_evidence(40, [(4, 14, 1), (14, 24, 2)]), SMALL)
    assert (walk.start, walk.end, walk.label) == (4, 24, "walk")
    assert 0 < walk.probability < 1


def test_bounds_go_on_over_frames_that_surely_show_the_action() -> None:
    evidence = _evidence(60, [(10, 20, 3), (30, 40, 1)])
    evidence.frames[6:30] = [0.01, 0.01, 0.01, 0.97]
    evidence.frames[40:50] = [0.05, 0.95, 0.0, 0.0]  # walking, and not surely
    kick, walk = find(evidence, SMALL)
    assert (kick.start, kick.end, kick.label) == (6, 30, "kick")
    assert (walk.start, walk.end, walk.label) == (30, 40, "walk")


def test_nothing_is_said_of_a_take_without_action() -> None:
    assert find(_evidence(40, []), SMALL) == []
    assert find(_evidence(40, [(4, 14, 3)], chance=0.05), SMALL) == []  # less likely right than the price


def test_pieces_keep_order_and_length_on_noise() -> None:
    random = np.random.default_rng(3)
    for frames in (2, 3, 5, 50):
        shown = random.random((frames, 4))
        pieces = random.random(((frames + 1) // 2, SMALL.longest)).astype(np.float32)
        steps = np.arange(len(pieces))[:, None] + np.arange(1, SMALL.longest + 1)
        evidence = Evidence(
            shown / shown.sum(1, keepdims=True),
            random.normal(size=frames),
            random.normal(size=frames),
            np.where(steps <= len(pieces), pieces, 0),
        )
        found = find(evidence, replace(SMALL, price=0.0))
        edges = [edge for piece in found for edge in (piece.start, piece.end)]
        assert edges == sorted(edges) and edges[0] >= 0 and edges[-1] <= frames
        assert all(piece.end > piece.start for piece in found)


PIECES = [
    Piece(4, 14, "walk", "walks", 0.9, 0.9, 9.0, 0.8, 0.7, 0.6),
    Piece(16, 24, "kick", "kicks", 0.9, 0.9, 20.0, 0.8, 0.7, 0.6),
    Piece(26, 34, "kick", "kicks", 0.9, 0.9, 30.0, 0.8, 0.7, 0.6),
]
LEXICON = ActionLexicon({"walks": "walk", "walking": "walk", "kicks": "kick"})


def _words(text: str, time: float) -> tuple[TimedWord, ...]:
    return tuple(TimedWord(word, time, time, time) for word in text.split())


def test_sentence_of_pieces() -> None:
    about = Transcript((), 4.0, "take", "model")
    spoken = [_words("someone is walking", 0.9), _words("a person kicks and walks", 2.0), ()]
    said = take_sentences.word_pieces(PIECES, spoken, LEXICON, about, 10.0, 0.3)
    assert said.text == "someone is walking then kicks then kicks again"
    assert [segment.label for segment in said.segments] == ["walk", "kick", "kick"]
    sides = [_words(f"a person kicks the {side} leg", 2.0) for side in ("left", "right")]
    kicks = take_sentences.word_pieces(PIECES[1:], sides, LEXICON, about, 10.0, 0.3)
    assert kicks.text == "a person kicks the left leg then kicks the right leg"  # not "again"
    assert said.segments[1].words[0].time == pytest.approx(2.0)
    assert [(segment.start, segment.end) for segment in said.segments] == [(0.4, 1.4), (1.6, 2.4), (2.6, 3.4)]
    assert Transcript.from_dict(said.to_dict()).text == said.text
    for time, moved in ((0.2, 0.4), (1.7, 1.4)):  # said of the piece as it was found, before its bounds moved
        words = _words("someone walks", time)
        (segment,) = take_sentences.word_pieces(PIECES[:1], [words], LEXICON, about, 10.0, 0.3).segments
        assert all((word.time, word.start, word.end) == (moved, *sorted((time, moved))) for word in segment.words)


def test_a_piece_is_named_anew_by_words_of_an_action_that_the_segmenter_never_learnt() -> None:
    lexicon, known = ActionLexicon(LEXICON.forms | {"juggles": "juggle"}), frozenset(("walk", "kick"))
    about, piece = Transcript((), 4.0, "take", "model"), PIECES[0]
    for text, label in (
        ("a person juggles", "juggle"),
        ("a person juggles and kicks", "walk"),
        ("a person kicks", "walk"),
        ("a person", "walk"),
        ("", "walk"),
    ):
        words = _words(text, 0.9)
        named = take_sentences._named_anew(piece, words, lexicon, known)
        assert named.label == label
        said = take_sentences.word_pieces([named], [words], lexicon, about, 10.0, 0.3)
        assert [segment.label for segment in said.segments] == [label]
        assert ("juggles" in said.text) == (label == "juggle")


def test_own_sentence_is_kept_where_it_names_the_same() -> None:
    words = _words("a person walks", 0.5), _words("then kicks", 2.0)
    segments = Segment(0.0, 1.0, "walk", words[0]), Segment(1.0, 4.0, "kick", words[1])
    whole = Transcript(segments, 4.0, "take", "model")
    bounded = take_sentences.bound_sentence(whole, PIECES[:2], 10.0)
    assert bounded is not None and bounded.text == whole.text
    assert [(segment.start, segment.end) for segment in bounded.segments] == [(0.4, 1.4), (1.6, 2.4)]
    assert [word.time for word in bounded.segments[0].words] == [0.5] * 3
    late = replace(whole, segments=(segments[0], replace(segments[1], words=_words("then kicks", 3.0))))
    bounded = take_sentences.bound_sentence(late, PIECES[:2], 10.0)
    assert bounded is not None and [word.time for word in bounded.segments[1].words] == [2.4] * 2
    assert take_sentences.bound_sentence(whole, PIECES, 10.0) is None  # two kicks are not one


def test_a_sentence_is_kept_where_the_draws_agree_and_it_names_enough() -> None:
    def sentence(*chances: float) -> Transcript:
        return Transcript(tuple(Segment(0.0, 1.0, "walk", _words("walks", 0.5), chance) for chance in chances), 4.0)

    surely = [replace(PIECES[0], probability=0.9)] * 3  # 2.7 right actions on average
    assert take_sentences.is_sure(sentence(0.9, 0.6), surely)
    assert not take_sentences.is_sure(sentence(0.9, 0.2), surely)  # the draws do not agree
    assert not take_sentences.is_sure(sentence(0.9), surely)  # fewer than half of what the pieces promise
    assert take_sentences.is_sure(sentence(0.9), [replace(PIECES[0], probability=0.2)] * 8)
    assert not take_sentences.is_sure(sentence(), [])
    assert take_sentences.is_sure(sentence(0.9, 0.3), [replace(PIECES[0], probability=0.5)] * 2)  # as many as they do


@pytest.mark.parametrize(
    ("label", "end", "after", "kept"),
    [
        ("walk", 3.5, (20, 30), False),  # it goes on where the body has stopped from 1.4 to 2.0 s
        ("walk", 2.9, (20, 30), True),  # it ends there
        ("turn", 3.5, (20, 30), False),
        ("walk", 3.5, (16, 30), True),  # no stop
    ],
)
def test_a_sure_sentence_is_kept_unless_it_goes_on_where_the_body_stops(label, end, after, kept) -> None:
    words = (TimedWord("walks", 1.0, 0.5, 1.5, 0.9),)
    said = Transcript((Segment(0.2, end, label, words, 0.9),), 4.0)
    start, last = after
    pieces = [replace(PIECES[0], probability=0.3), replace(PIECES[0], start=start, end=last, probability=0.3)]
    assert take_sentences.is_sure(said, pieces)
    assert take_sentences.is_kept(said, pieces, 10.0) is kept


class Told:
    """A segmenter that says nothing itself, and of whole pieces, if anything, always the same."""

    def __init__(self, config: SegmenterConfig = SMALL, measured: tuple[float, ...] = ()) -> None:
        self.config = config
        self.measured = (lambda rows: np.tile(measured, (len(rows), 1))) if measured else None

    def name_all(self, recordings):
        assert not recordings
        return []


def _judge(
    piece: Piece,
    alone: np.ndarray,
    shares: dict[str, float],
    config: SegmenterConfig = SMALL,
    measured: tuple[float, ...] = (),
) -> Piece:
    """The piece judged again, its frames alone being as given."""
    shown = Shown(np.zeros((40, 124)), _evidence(40, []), Told(config, measured))
    shown.named.update({(piece.start, piece.end, beside): alone for beside in LOOKS})
    (judged,) = judge_again([piece], [shares], shown)
    return judged


def test_a_second_judge_may_change_a_label() -> None:
    evidence = _evidence(40, [(4, 14, 3)])
    evidence.frames[4:14] = [0.1, 0.35, 0.0, 0.55]  # kick rather than walk
    pieces = find(evidence, SMALL)
    assert [piece.label for piece in pieces] == ["kick"] and pieces[0].judged is None
    alone = evidence.frames[4:14]
    for shares, label in (
        ({}, "kick"),
        ({"walk": 0.5, "kick": 0.4}, "kick"),
        ({"walk": 0.9}, "walk"),
        ({"bow": 1.0}, "kick"),
    ):
        judged = _judge(pieces[0], alone, shares)
        assert judged.label == label and judged.judged == shares.get(label, 0.0)
        assert (judged.start, judged.end, judged.bounded) == (pieces[0].start, pieces[0].end, pieces[0].bounded)
    sure = replace(SMALL, calibration={"judged": (0.0, 0.0, 0.0, 1.0)})
    assert _judge(pieces[0], alone, {"walk": 0.9}, sure).probability == pytest.approx(0.9)


def test_what_is_measured_of_a_piece_may_change_its_label() -> None:
    evidence = _evidence(40, [(4, 14, 3)])
    alone = np.tile([0.1, 0.35, 0.0, 0.55], (10, 1))  # kick rather than walk
    (piece,) = find(evidence, SMALL)
    for measured, label, chance in (((0.4, 0.1, 0.5), "kick", 0.5), ((0.5, 0.4, 0.1), "walk", 0.9)):
        judged = _judge(piece, alone, {}, measured=measured)
        assert judged.label == label and judged.measured == pytest.approx(chance)
    assert _judge(piece, alone, {}).measured is None
    sure = replace(SMALL, calibration={"judged": (0.0, 0.0, 0.0, 0.0, 1.0)})
    assert _judge(piece, alone, {}, sure, (0.5, 0.4, 0.1)).probability == pytest.approx(0.9)
    other = replace(SMALL, calibration={"judged": (9.0, 0.0, 0.0, 0.0)})  # of a segmenter that measures nothing
    assert _judge(piece, alone, {}, other, (0.5, 0.4, 0.1)).probability < 0.9


def test_an_action_that_was_never_measured_is_judged_by_its_frames() -> None:
    (piece,) = find(_evidence(40, [(4, 14, 3)]), SMALL)
    for kicks, label in ((0.6, "kick"), (0.2, "walk")):
        alone = np.tile([0.0, 1 - kicks, 0.0, kicks], (10, 1))
        judged = _judge(piece, alone, {}, measured=(0.9, 0.1))  # the kick was taught later
        assert judged.label == label and judged.measured == pytest.approx(kicks if label == "kick" else 1 - kicks)


def test_a_piece_that_is_another_action_by_itself_gets_its_label() -> None:
    evidence = _evidence(40, [(4, 14, 3)])
    evidence.frames[4:14] = [0.1, 0.35, 0.0, 0.55]  # kick rather than walk
    pieces = find(evidence, SMALL)
    for walks, label in ((0.3, "kick"), (0.6, "walk")):
        assert _judge(pieces[0], np.full((10, 4), [0.1, walks, 0.0, 0.9 - walks]), {}).label == label


class Eyes:
    """A segmenter for which a frame shows what its first value says: 1 walking, 3 a kick, 4 a punch; all else nothing.

    A stretch that shows several actions is less clear, as one seen by a network.
    """

    measured = None
    config = replace(SMALL, actions={**ACTIONS, "punch": Action(label="punch", phrase="punches")})

    def name_all(self, recordings: list[np.ndarray]) -> list[np.ndarray]:
        shown = [np.eye(5)[values[:, 0].astype(int)] for values in recordings]
        return [0.6 * each + 0.4 * each.mean(0) for each in shown]


@pytest.mark.parametrize(
    ("frames", "odds", "bounds"),
    [
        ({(4, 14): 4, (14, 24): 3}, -3.0, [(4, 14), (14, 24)]),  # a punch and a kick, taken for a kick
        ({(4, 14): 4, (14, 24): 3}, -6.0, [(4, 14), (14, 24)]),  # the parts are clearer
        ({(4, 14): 4, (14, 24): 3}, -10.0, [(4, 24)]),  # nothing ends there
        ({(4, 24): 3}, -3.0, [(4, 14), (14, 24)]),  # two kicks
        ({(4, 24): 3}, -6.0, [(4, 24)]),
        ({(4, 8): 4, (8, 24): 3}, -3.0, [(4, 14), (14, 24)]),
    ],
)
def test_a_piece_is_cut_where_something_ends_or_its_parts_are_clearer(frames, odds, bounds) -> None:
    evidence = _evidence(40, [(4, 24, 3)])
    evidence = replace(evidence, frames=np.pad(evidence.frames, ((0, 0), (0, 1))))  # no punch among the kicks
    evidence.starts[14], evidence.ends[13] = odds / 2, odds / 2
    values = np.zeros((40, 124), np.float32)
    for stretch, action in frames.items():
        values[slice(*stretch)] = action
    pieces = find(evidence, Eyes.config)
    assert [(piece.start, piece.end) for piece in pieces] == [(4, 24)]
    cut = cut_again(pieces, Shown(values, evidence, Eyes()))
    assert [(piece.start, piece.end) for piece in cut] == bounds
    assert all(0 <= piece.bounded <= 1 for piece in cut)


@pytest.mark.parametrize(
    ("second", "shown", "odds", "bounds"),
    [
        ((12, 3), 3, -9.0, [(4, 24)]),  # a kick that nothing ended
        ((12, 3), 3, 3.0, [(4, 10), (12, 24)]),  # two kicks
        ((12, 3), 4, -6.0, [(4, 10), (12, 24)]),  # each is clearer by itself
        ((12, 2), 3, -9.0, [(4, 10), (12, 24)]),  # two actions
        ((18, 3), 3, -9.0, [(4, 10), (18, 24)]),  # too far apart
    ],
)
def test_pieces_of_one_action_are_one_unless_something_ends_or_each_is_clearer(second, shown, odds, bounds) -> None:
    """The second piece begins at a frame and is an action; the frames of the first, alone, show one that may differ."""
    evidence = _evidence(40, [(4, 10, 3), (second[0], 24, second[1])])
    evidence = replace(evidence, frames=np.pad(evidence.frames, ((0, 0), (0, 1))))
    evidence.ends[9], evidence.starts[second[0]] = odds / 2, odds / 2
    values = np.zeros((40, 124), np.float32)
    values[:, 0] = 3
    values[:11, 0] = shown
    pieces = find(evidence, Eyes.config)
    assert len(pieces) == 2
    found = cut_again(pieces, Shown(values, evidence, Eyes()))
    assert [(piece.start, piece.end) for piece in found] == bounds


def _seen(frames: int, spans: dict[tuple[int, int], int], speed: float = 0.0) -> np.ndarray:
    """Features (T, 124) whose first column tells Eyes what each frame shows, of a body that moves at a speed."""
    values = np.zeros((frames, 124), np.float32)
    for stretch, action in spans.items():
        values[slice(*stretch), 0] = action
    values[:, 121] = speed  # up
    return values


def _evidence_of_five(frames: int, spans: list[tuple[int, int, int]], odds: float) -> Evidence:
    """As `_evidence`, with a column for Eyes' fifth action, where any frame may begin or end something."""
    evidence = _evidence(frames, spans)
    evidence.starts[:], evidence.ends[:] = odds, odds
    return replace(evidence, frames=np.pad(evidence.frames, ((0, 0), (0, 1))))


def test_measures_that_know_the_parts_better_than_the_whole_cut_a_piece() -> None:
    values = _seen(40, {(4, 24): 3})
    evidence = _evidence_of_five(40, [(4, 14, 3), (14, 24, 3)], -3.0)
    eyes = Eyes()
    eyes.config = replace(Eyes.config, longest=20)
    piece = replace(PIECES[0], start=4, end=24, label="kick")
    for known, count in (("the whole", 1), ("the parts", 2)):
        # the logarithm of a piece's frames is the first measure beside the courses
        length = MEASURES - OTHERS

        def measured(rows: np.ndarray, known: str = known, length: int = length) -> np.ndarray:
            short = rows[:, length] < np.log(16)
            sure = short if known == "the parts" else ~short
            return np.where(sure[:, None], [0.0, 0.0, 1.0, 0.0], np.full(4, 0.25))

        eyes.measured = measured
        assert len(cut_again([piece], Shown(values, evidence, eyes))) == count


@pytest.mark.parametrize(
    ("span", "spans"),
    [((4, 24, 1), {(4, 24): 1}), ((4, 24, 1), {(4, 14): 1, (14, 24): 3}), ((4, 14, 3), {(4, 14): 3})],
)
def test_an_action_that_goes_on_and_a_short_one_stay_whole(span, spans) -> None:
    evidence = _evidence(40, [span])
    pieces = find(evidence, SMALL)
    shown = Shown(_seen(40, spans), _evidence_of_five(40, [span], 2.0), Eyes())
    assert [(piece.start, piece.end) for piece in cut_again(pieces, shown)] == [span[:2]]


def test_an_action_that_goes_on_is_cut_where_neither_part_is_that_action() -> None:
    wave, bow = Action(label="wave", phrase="waves", continues=True), Action(label="bow", phrase="bows")
    eyes = Eyes()
    eyes.config = replace(SMALL, actions={"wave": wave, "bow": bow, **dict(list(Eyes.config.actions.items())[2:])})
    evidence = _evidence(40, [(4, 24, 1)])
    evidence = replace(evidence, frames=np.pad(evidence.frames, ((0, 0), (0, 1))))
    evidence.starts[14], evidence.ends[13] = -1.5, -1.5
    pieces = find(evidence, eyes.config)
    assert [piece.label for piece in pieces] == ["wave"]
    for spans, count in (({(0, 14): 3, (14, 30): 4}, 2), ({(0, 30): 1}, 1), ({(0, 14): 1, (14, 30): 4}, 1)):
        assert len(cut_again(pieces, Shown(_seen(40, spans), evidence, eyes))) == count


@pytest.mark.parametrize(
    ("frames", "speed", "within", "found"),
    [
        ((14, 24), 1.0, (0, 40), [(4, 12), (12, 40)]),  # what is beside a piece shows a kick
        ((14, 24), 0.1, (0, 40), [(4, 12)]),  # the body stands
        ((14, 18), 1.0, (0, 40), [(4, 12)]),  # hardly a kick
        ((14, 24), 1.0, (4, 12), [(4, 12)]),  # it was not looked for there
        ((14, 24), 1.0, (4, 16), [(4, 12)]),  # too short
    ],
)
def test_where_a_body_moves_and_no_piece_is_one_is_found_if_it_shows_an_action(frames, speed, within, found) -> None:
    first, last = frames
    values = _seen(40, {(4, 10): 4, (first - 2, last + 16): 3} if last == 24 else {(4, 10): 4, frames: 3}, speed)
    evidence = _evidence(40, [(4, 12, 3)])
    evidence = replace(evidence, frames=np.pad(evidence.frames, ((0, 0), (0, 1))))
    eyes = Eyes()
    eyes.config = replace(Eyes.config, longest=20)
    (piece,) = find(evidence, Eyes.config)
    pieces = cut_again([replace(piece, label="punch")], Shown(values, evidence, eyes), within)
    assert [(piece.start, piece.end) for piece in pieces] == found


@pytest.mark.parametrize(
    ("frames", "speed", "found"),
    [
        (5, 1.0, [(0, 5)]),
        (3, 1.0, [(0, 3)]),
        (2, 1.0, []),  # too short
        (40, 1.0, [(0, 40)]),
        (41, 1.0, []),  # longer than any piece
        (5, 0.1, []),  # the body stands
    ],
)
def test_a_short_recording_that_moves_is_one_piece_whatever_it_shows(frames, speed, found) -> None:
    eyes = Eyes()
    eyes.config = replace(Eyes.config, longest=20)
    pieces = cut_again([], Shown(_seen(frames, {}, speed), _evidence_of_five(frames, [], -6.0), eyes))
    assert [(piece.start, piece.end) for piece in pieces] == found


def test_names_are_those_of_the_middle_of_a_piece() -> None:
    evidence = _evidence(40, [(4, 14, 3)])
    (piece,) = find(evidence, SMALL)
    alone = np.full((10, 4), 0.0)
    alone[:, 3], alone[3:7] = 1.0, [0, 1, 0, 0]  # it walks in the middle, and kicks for longer
    assert _judge(piece, alone, {}).label == "walk"


def test_a_look_at_a_piece_leaves_out_its_edges_and_looks_beside() -> None:
    shown = Shown(_seen(40, {(9, 10): 1, (10, 20): 3, (20, 21): 4}), _evidence_of_five(40, [], -6.0), Eyes())
    piece = replace(PIECES[0], start=10, end=20)
    (found,) = look([piece], shown)
    inner = np.eye(5)[[3] * 8]
    outer = np.eye(5)[[1, *[3] * 10, 4]]
    expected = 0.6 * np.eye(5)[[3] * 10] + 0.4 * (inner.mean(0) + outer.mean(0)) / 2
    np.testing.assert_allclose(found, expected)
    short = replace(piece, end=12)
    assert look([short], shown)[0].shape == (2, 5)


def test_a_segmenter_without_a_limb_never_names_its_actions() -> None:
    config = replace(SMALL, actions={**ACTIONS, "wave": Action(label="wave", phrase="waves", limb="arm")})
    torch.manual_seed(3)
    from motion2language.model.segmenter_torch import TorchSegmenter

    whole = Segmenter(config, TorchSegmenter(config).arrays(np.zeros(124, np.float32), np.ones(124, np.float32)))
    values = np.random.default_rng(3).normal(size=(20, 124)).astype(np.float32)
    assert whole.without(["leg"]) is whole and whole.without(()) is whole
    part = whole.without(["arm"])
    assert list(part.config.actions) == list(ACTIONS) and "wave" not in part.config.labels
    shares = whole(values).frames[:, :4]
    np.testing.assert_allclose(part(values).frames, shares / shares.sum(1, keepdims=True), rtol=1e-4)
    np.testing.assert_array_equal(part(values).pieces, whole(values).pieces)


@pytest.mark.parametrize(
    ("lost", "absent"),
    [((), []), (("elbow", "wrist"), ["arm"]), (("wrist",), []), (("knee", "ankle", "toe"), ["leg"])],
)
def test_limbs_of_which_nothing_is_seen_are_absent(lost, absent) -> None:
    seen = np.ones((9, 21), bool)
    for joint in lost:
        seen[:, [CANONICAL.index(f"{side}_{joint}") for side in ("left", "right")]] = False
    assert take_sentences.absent_limbs(seen) == absent
    seen[4] = True  # for a moment all are seen
    assert take_sentences.absent_limbs(seen) == take_sentences.absent_limbs(None) == []


def test_frames_alone_see_nothing_of_what_is_beside_their_piece() -> None:
    segmenter, random = _segmenter(), np.random.default_rng(1)
    values = random.normal(size=(40, 124)).astype(np.float32)
    pieces = [replace(PIECES[0], start=10, end=20), replace(PIECES[0], start=0, end=6)]
    first, second = name_alone(pieces, Shown(values, segmenter(values), segmenter))
    np.testing.assert_allclose(first, segmenter.name(values[8:22])[2:12], atol=1e-6)  # kernels round differently
    np.testing.assert_allclose(second, segmenter.name(values[:8])[:6], atol=1e-6)
    values[:8] = values[22:] = 5.0
    again = name_alone(pieces[:1], Shown(values, segmenter(values), segmenter))[0]
    np.testing.assert_allclose(again, first, atol=1e-6)
    assert np.abs(segmenter(values).frames[10:20] - first).max() > 1e-3
    assert not np.allclose(first, segmenter.name(values)[10:20])


def test_what_is_said_of_a_piece_alone_is_shared_among_its_actions() -> None:
    parts = Segment(0.0, 1.0, "walk", (), 0.8), Segment(1.0, 2.0, "kick", (), 0.4), Segment(1.0, 2.0, None)
    assert take_sentences.shares(Transcript(parts, 2.0)) == pytest.approx({"walk": 0.8 / 3, "kick": 0.4 / 3})
    assert take_sentences.shares(Transcript((), 2.0)) == {}


@pytest.fixture(scope="module")
def cutter() -> Captioner:
    """The shipped synthetic model with a segmenter of random weights that says much."""
    return replace(load_model("synthetic"), segmenter=_segmenter(replace(SMALL, price=0.0)))


def _take(seconds: float, fps: float = 10.0) -> Motion:
    return Motion(walking(round(seconds * fps)), fps, CANONICAL, "take")


@pytest.mark.parametrize("fps", [5.0, 30.0])
@pytest.mark.parametrize("seconds", [0.4, 6.0, 40.0])
def test_takes_of_any_length_and_rate_are_described(cutter: Captioner, seconds: float, fps: float) -> None:
    take = _take(seconds, fps)
    said = cutter.transcribe(take)
    assert said.duration == pytest.approx(take.duration)
    assert all(0 <= segment.start < segment.end <= said.duration + 1e-6 for segment in said.segments)
    assert all(segment.words for segment in said.segments)
    assert [word for word in said.words if not 0 <= word.time <= said.duration + 1e-6] == []


def test_takes_are_searched_together_and_described_as_each_alone(
    cutter: Captioner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(take_sentences, "is_sure", lambda *_: False)  # only pieces are worded
    takes, searched, find_words = [_take(seconds) for seconds in (7.0, 0.4, 5.0, 9.0)], [], Captioner.search
    alone = [cutter.transcribe(take) for take in takes]
    monkeypatch.setattr(Captioner, "search", lambda *given: searched.append(len(given[1])) or find_words(*given))
    together = list(cutter.transcribe_all(takes))
    assert [len(said.segments) for said in together] == [len(said.segments) for said in alone]
    assert searched == [
        4,
        sum(len(take_sentences.cut(cutter.segmenter, cutter.prepare(take)).pieces) for take in takes),
    ]
    for said, own in zip(together, alone, strict=True):
        assert (said.text, said.source) == (own.text, own.source)
        for one, other in zip(said.segments, own.segments, strict=True):
            assert (one.start, one.end, one.label) == (other.start, other.end, other.label)
            assert one.confidence == pytest.approx(other.confidence, abs=1e-5)
            times = [[word.time for word in each.words] for each in (one, other)]
            assert times[0] == pytest.approx(times[1], abs=1e-5)


@pytest.mark.parametrize("sure", [True, False])
@pytest.mark.parametrize(("seconds", "sentences"), [(7.0, [1]), (60.0, [])])
def test_only_what_may_be_said_is_searched_for(
    cutter: Captioner, monkeypatch: pytest.MonkeyPatch, seconds: float, sentences: list[int], sure: bool
) -> None:
    monkeypatch.setattr(take_sentences, "is_sure", lambda *_: sure)
    searched, find_words, take = [], Captioner.search, _take(seconds)
    monkeypatch.setattr(Captioner, "search", lambda *given: searched.append(len(given[1])) or find_words(*given))
    cutter.transcribe(take)
    pieces = len(take_sentences.cut(cutter.segmenter, cutter.prepare(take)).pieces)
    assert searched == (sentences if sentences and sure else [*sentences, pieces])


@pytest.mark.parametrize("heard", [False, True])
def test_a_sentence_that_stays_is_bounded_by_what_the_segmenter_saw(
    cutter: Captioner, monkeypatch: pytest.MonkeyPatch, heard: bool
) -> None:
    monkeypatch.setattr(take_sentences, "is_kept", lambda *_: True)
    monkeypatch.setattr(take_sentences, "is_heard", lambda *_: heard)
    recording = read_motion(SAMPLES / "4_walk_sideways_kick_clap_run.bvh")
    ruled = cutter.transcribe(recording, refine=False, facts=False)
    body, anchors = set_going(cutter.prepare(recording)), timing.anchors(ruled, cutter.lexicon)
    seen = take_sentences.cut(cutter.segmenter, body).shown.seen(0, body.frames)
    assert len(seen.bounds) == body.frames
    assert set(seen.actions) == set(SMALL.labels)
    (said,) = cutter.transcribe_all([recording], facts=False)
    assert said == boundaries.refine(ruled, anchors, body, seen=seen)
    assert said != boundaries.refine(ruled, anchors, body)


def test_nothing_is_said_where_no_piece_is_worth_it_and_no_sentence_is_sure(
    cutter: Captioner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(take_sentences, "CERTAIN", 1.1)
    silent = replace(cutter, segmenter=_segmenter(replace(SMALL, price=1.0)))
    assert silent.transcribe(_take(6.0)).segments == ()


def test_the_search_is_chosen_by_the_model_and_may_be_named(cutter: Captioner) -> None:
    take, plain = _take(6.0), replace(cutter, segmenter=None)
    sentence = plain.transcribe(take)
    assert cutter.transcribe(take, search="sentence") == sentence
    assert cutter.transcribe(take, refine=False).segments == plain.transcribe(take, refine=False).segments
    with pytest.warns(UserWarning, match="never learnt to cut takes"):
        assert plain.transcribe(take, search="segmental") == sentence
    with pytest.raises(ValueError, match="cannot be combined with refine=False"):
        cutter.transcribe(take, search="segmental", refine=False)
    with pytest.raises(ValueError, match="segmental or sentence"):
        cutter.transcribe(take, search="pieces", refine=False)
    with pytest.raises(ValueError, match="segmental or sentence"):
        cutter.transcribe(take, search="pieces")


def test_two_hours_are_searched_at_once() -> None:
    values = np.random.default_rng(6).normal(size=(72_000, 124)).astype(np.float32)
    pieces = find(_segmenter()(values), replace(SMALL, price=0.3))
    assert all(before.end <= after.start for before, after in itertools.pairwise(pieces))


def test_a_model_folder_keeps_its_segmenter(cutter: Captioner, tmp_path: Path) -> None:
    cutter.save(tmp_path / "model")
    again = load_segmenter(tmp_path / "model")
    assert again is not None and cutter.segmenter is not None and again.config == cutter.segmenter.config
    values = np.random.default_rng(7).normal(size=(60, 124)).astype(np.float32)
    assert np.allclose(again(values).frames, cutter.segmenter(values).frames, atol=2e-3)
    assert np.allclose(again(values).pieces, cutter.segmenter(values).pieces, atol=2e-3)
    assert load_model(tmp_path / "model").segmenter is not None


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("segmenter.json", b"{}", "actions"),
        ("segmenter.json", b"no json", "segmenter.json"),
        ("segmenter.safetensors", b"", "do not fit"),
        ("segmenter.safetensors", None, "do not fit"),
    ],
)
def test_a_damaged_segmenter_is_named(
    cutter: Captioner, tmp_path: Path, file: str, content: bytes | None, message: str
) -> None:
    cutter.save(tmp_path / "model")
    path = tmp_path / "model" / file
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    with pytest.raises(ValueError, match=message):
        load_model(tmp_path / "model")


@pytest.mark.parametrize(
    ("count", "features", "message"),
    [
        (7, "canonical", "7 measures of features 'canonical'; expected 252"),
        (MEASURES, "angles", "252 measures of features 'angles'"),
        (MEASURES, "canonical", None),
    ],
)
def test_a_segmenter_of_other_measures_is_refused(
    cutter: Captioner, tmp_path: Path, count: int, features: str, message: str | None
) -> None:
    sizes = {"mean": (count,), "std": (count,), "first.weight": (256, count), "second.weight": (256, 256)}
    sizes |= {f"norms.{number}.{name}": (256,) for number in range(2) for name in ("weight", "bias")}
    sizes |= {"first.bias": (256,), "second.bias": (256,), "actions.weight": (2, 256), "actions.bias": (2,)}
    arrays = {f"measured.{name}": np.ones(size, np.float32) for name, size in sizes.items()}
    config = replace(cutter.segmenter.config, features=features)
    replace(cutter, segmenter=Segmenter(config, cutter.segmenter.weights | arrays)).save(tmp_path / "model", "card")
    if message is None:
        assert load_segmenter(tmp_path / "model").measured.actions == 2
        return
    with pytest.raises(ValueError, match=f"do not fit each other: it reads {message}"):
        load_segmenter(tmp_path / "model")


def test_weights_of_another_shape_are_refused() -> None:
    network = _torch_segmenter()
    arrays = network.arrays(np.zeros(124, np.float32), np.ones(124, np.float32))
    with pytest.raises(ValueError, match=r"here\.weight"):
        Segmenter(replace(SMALL, hidden=5), arrays | {"right.weight": np.zeros((1, 6), np.float32)})
    with pytest.raises(ValueError, match="std"):
        Segmenter(SMALL, arrays | {"std": np.zeros(124, np.float32)})
