"""LivePieces: a take cut into pieces while it goes on, each one action; a piece's words are never taken back.

The segmenter of a model sees seconds to both sides of a moment, so a piece is said some seconds after its end. Every
LOOK seconds the row of pieces worth most is found anew among the latest frames (captioning/search_segments.py), behind
the pieces that were said. A piece is said when it ended SOON seconds ago and stays in the row as long as
nothing under way turns out to be worth more than HOPE; or when it ended LATE seconds ago. It is named and worded as a
piece of a whole recording is (captioning/take_sentences.py).

A sentence ends after a piece that makes it LONGEST seconds long, when the body has stood still for PAUSE seconds, or
with the take. An action that goes on, such as walking, is said once in a sentence: its piece is given out again, with
its later end. So is a piece that another one follows at once, with another end, when that moves the bound between them
(captioning/meeting.py). Memory is bounded by the frames that a piece may still need and by one sentence.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from motion2language.captioning import boundaries
from motion2language.captioning.captioner import Captioner
from motion2language.captioning.cut_pieces import cut_again, is_unbroken
from motion2language.captioning.doubt import find_facts, judge, part_of
from motion2language.captioning.features import feature, joint_speed
from motion2language.captioning.judge_pieces import Shown, piece_between
from motion2language.captioning.meeting import AROUND, meet
from motion2language.captioning.search_segments import (
    MOVE,
    Piece,
    certain_row,
    chances_of_labels,
    goes_on,
    joined,
    piece_of,
    worths,
)
from motion2language.captioning.take_sentences import (
    Take,
    absent_limbs,
    hear,
    inside,
    name_anew,
    sure_of_one,
    word_pieces,
)
from motion2language.captioning.windows import shift
from motion2language.language.movement import GAITS
from motion2language.live import events
from motion2language.model.segmenter import PAIR, Segmenter
from motion2language.motion import CANONICAL, Motion
from motion2language.transcript import Facts, Segment, TimedWord, Transcript

LOOK = 0.5  # seconds between two looks; chosen
# Chosen on BNR-Compose's validation split and on takes cut by hand; benchmarks/live_pieces.py prints what they lead to.
SOON = 3.0  # seconds after its end from which a certain piece is said
LATE = 5.0  # seconds after its end from which any piece is said
HOPE = 0.2  # worth of a piece under way, as the search counts it (at most 1)
PAUSE = 5.0  # seconds of standing still that end a sentence; as in LiveCaptioner
LONGEST = 25.0  # seconds of a sentence after which no piece joins it; as in LiveCaptioner


def can_cut(captioner: Captioner) -> bool:
    """Whether a model can cut a stream into pieces: it has a segmenter, and both read one body at one rate."""
    config, segmenter = captioner.config, captioner.segmenter
    return (
        segmenter is not None
        and config.kind == "transducer"
        and config.joints == CANONICAL.joints
        and config.fps == segmenter.config.fps
    )


@dataclass(frozen=True, eq=False)
class _View:
    """What the latest frames show: the body, what its pieces are judged by, and the chances of labels (T, labels)."""

    body: Motion
    shown: Shown
    chances: np.ndarray


class LivePieces:
    """The pieces and sentences of one take, from its poses.

    begin   seconds of the stream at which the first pose is
    least   probability below which a piece is never said
    facts   give out what was measured of each piece
    absent  the canonical joints that the skeleton lacks
    """

    def __init__(
        self,
        captioner: Captioner,
        begin: float,
        least: float = 0.0,
        *,
        facts: bool = False,
        absent: Collection[str] = (),
    ) -> None:
        if captioner.segmenter is None or not can_cut(captioner):
            raise ValueError(f"model {captioner.name!r} did not learn to cut takes into pieces")
        self.captioner, self.begin, self.least, self.facts = captioner, begin, least, facts
        self._learnt: Collection[str] = captioner.segmenter.config.labels
        self.fps = captioner.config.fps
        present = np.array([joint not in absent for joint in CANONICAL.joints])
        self.segmenter: Segmenter = captioner.segmenter.without(absent_limbs(present[None]))
        self.poses: list[np.ndarray] = []  # from frame `dropped` of the take on
        self.seen: list[np.ndarray] = []  # of each pose
        self.dropped = 0  # frames, even
        self.segments: list[Segment] = []  # of the sentence, seconds of the stream
        self._next_step = 0  # of the take, from which the next piece may begin
        self._free = 0  # frame of the take at which the latest piece ends
        self._found: Piece | None = None  # the latest one of the row, in frames of the take; all of one that goes on
        self._latest: Piece | None = None  # the latest one that was said, likewise, as the segmenter named it
        self._given: Piece | None = None  # the same, named and bounded as it was given out
        self._label: str | None = None  # of the latest known piece of the sentence
        self._still, self._since_look = 0, 0
        config = self.segmenter.config
        context = max(config.names.reach, PAIR * (config.bounds.reach + 1), AROUND + MOVE + boundaries.SMOOTHING)
        self._context = -(-context // PAIR) + 1  # steps before the next piece that its evidence needs

    def feed(self, pose: np.ndarray, seen: np.ndarray | None = None) -> None:
        """Add one more pose (21, 3), and which of its joints are seen, (21,) bool; None if all are."""
        self.poses.append(pose.astype(np.float32))
        self.seen.append(np.ones(len(pose), bool) if seen is None else seen)
        self._since_look += 1
        if len(self.poses) > 1:
            speed = joint_speed(self._body(-2))[-1]
            self._still = self._still + 1 if speed < boundaries.STILL else 0

    def should_end(self) -> bool:
        """Never: its sentences end by themselves, since the next one needs the frames before it."""
        return False

    def take_new(self, now: float) -> Iterator[events.Event]:
        """The words, pieces and sentences that became final since the last call."""
        if self._since_look >= round(LOOK * self.fps):
            yield from self._look(now)

    def finish(self, now: float) -> Iterator[events.Event]:
        """All that remains, when no more poses come."""
        if self.poses:
            yield from self._look(now, ended=True)
        yield from self._end_sentence()

    def _look(self, now: float, ended: bool = False) -> Iterator[events.Event]:
        """Say the pieces that are certain by now, and forget the frames that no later one needs."""
        self._since_look = 0
        view, config = self._view(), self.segmenter.config
        first = self._next_step - self.dropped // PAIR
        row, certain = certain_row(worths(view.shown.evidence, view.chances, config)[first:], HOPE)
        row = [(begin + first, end + first) for begin, end in row]
        shown, said = view.shown, 0
        for number, (_, end) in enumerate(row):
            waited = (len(self.poses) - PAIR * end) / self.fps
            if not (ended or waited >= LATE or (number < certain and waited >= SOON)):
                break
            free = max(0, self._free - self.dropped)
            following = row[number + 1 : number + 2]
            piece = piece_of(shown.evidence, view.chances, config, row[number], free, following)
            before = self._found and _later(self._found, -self.dropped)
            if before is not None and before.end > 0 and goes_on(before, piece, config, view.chances):
                piece = joined(replace(before, start=max(0, before.start)), piece, shown.evidence, view.chances, config)
            self._found = _later(piece, self.dropped)
            for part in cut_again([piece], shown, (free, piece.end)):
                yield from self._say(part, view, now)
            self._next_step, self._free = end + self.dropped // PAIR, piece.end + self.dropped
            said += 1
        if ended:
            for part in cut_again([], shown, (max(0, self._free - self.dropped), len(self.poses))):
                yield from self._say(part, view, now)
        if self._still >= PAUSE * self.fps and said == len(row):
            yield from self._end_sentence()
        self._forget()

    def _view(self) -> _View:
        body = self._body()
        values = feature(self.segmenter.config.features)(body)
        evidence = self.segmenter(values)
        return _View(
            body, Shown(values, evidence, self.segmenter), chances_of_labels(evidence.frames, self.segmenter.config)
        )

    def _say(self, piece: Piece, view: _View, now: float) -> Iterator[events.Event]:
        """Give out a piece in frames of the view, or the one that was said, which it goes on with."""
        before = self._latest and _later(self._latest, -self.dropped)
        if before is not None and piece.end <= before.end:  # a way that was said
            return
        goes = before is not None and _is_one(before, piece, view.shown)
        if before is not None and not goes and piece.start < before.end:
            piece = piece_between(before.end, piece.end, view.shown)
        if before is not None and goes and before.start >= 0:
            piece = joined(before, piece, view.shown.evidence, view.chances, self.segmenter.config)
        elif before is not None and goes:  # its first frames are gone, and with them what could be measured of it
            self._latest = _later(replace(before, end=piece.end), self.dropped)
            self._given = self._given and replace(self._given, end=self._latest.end)
            end = self.begin + (self.dropped + piece.end) / self.fps
            longer = replace(self.segments[-1], end=end, end_probability=piece.end_probability, facts=None)
            yield from self._give(longer, now)
            return
        if not self.segments and (joint_speed(view.body)[piece.start : piece.end] < boundaries.STILL).all():
            self._latest = None  # the body has not moved since the sentence began
            return
        yield from self._name(piece, goes, view, now)

    def _name(self, piece: Piece, goes: bool, view: _View, now: float) -> Iterator[events.Event]:
        """Give out a piece with its words, in the place of the one that was said if it goes on with that.

        If it meets that one elsewhere than where it was found to end, that one comes first, again, with its new end.
        """
        body, latest = view.body, self._latest
        before = _later(self._given, -self.dropped) if latest and self._given else None
        take = Take(body, view.shown, [piece], self._learnt)
        heard = self.describe(take.parts)
        judged, spoken = hear(take, heard, body.duration)
        (named,) = name_anew(judged, spoken, self.captioner.lexicon, take.learnt)
        said = self.segments.pop() if goes else None
        self._latest = _later(piece, self.dropped) if said or named.probability >= self.least else None
        if self._latest is None:
            return
        ended = before
        if before is not None and goes:
            named = replace(named, start=max(0, before.start))
        elif before is not None:
            ended, named = meet([before, named], view.shown)
        segment = self._word(named, spoken, body, [*map(sure_of_one, heard)])
        if segment is None:  # nothing moves
            self._latest = latest if goes else None
            self.segments += [said] if said is not None else []
            return
        if before is not None and ended is not None and ended.end != before.end:
            self.segments[-1] = self._ending(self.segments[-1], ended.end, body)
            yield events.Piece(self.segments[-1], now)
        self._given = _later(named, self.dropped)
        if said is not None:  # to the last bit: by its start it is known for the same
            segment = replace(segment, start=said.start)
        if said is not None and said.known:  # its words stay
            chance = segment.probability if segment.label == said.label else said.probability
            kept = {name: getattr(said, name) for name in ("label", "words", "confidence", "known")}
            segment = replace(segment, probability=chance, **kept)
        elif segment.known:
            self._label = named.label
            yield from (events.Word(word.word, min(word.time, now), now) for word in segment.words)
        yield from self._give(segment, now, new=True)

    def _ending(self, segment: Segment, end: int, body: Motion) -> Segment:
        """The segment with another end, a frame of the view, and the facts of what it is now, if that is still seen."""
        later = self.begin + self.dropped / self.fps
        start, facts = segment.start - later, segment.facts
        if facts is not None and start >= 0:
            here = Transcript((replace(segment, start=start, end=end / self.fps, words=()),), body.duration)
            (found,) = find_facts([here], [body])
            facts = _at(found[0], later) if found else None
        ended = replace(segment, end=later + end / self.fps, facts=facts)
        return replace(ended, words=inside(ended.words, ended.start, ended.end))

    def _word(
        self, piece: Piece, spoken: Sequence[tuple[TimedWord, ...]], body: Motion, sure: Sequence[float]
    ) -> Segment | None:
        """The segment of a piece, seconds of the stream, with words that go on the sentence; None where nothing moves.

        sure  how sure the words for the piece alone are of one action, (1,)
        """
        before = [] if self._label is None else [replace(piece, label=self._label)]
        half_window = self.captioner.config.half_window_frames / self.fps
        about = Transcript((), body.duration)
        lexicon = self.captioner.lexicon
        worded = word_pieces([*before, piece], [*([()] * len(before)), *spoken], lexicon, about, self.fps, half_window)
        alone = replace(worded, segments=worded.segments[-1:])
        doubt, part = self.captioner.doubt, part_of(body, alone.segments[0])
        features = [] if doubt is None else [self.captioner.embed(part)]
        judged = judge(alone, body, doubt, features, sure).segments
        if not judged:
            return None
        (segment,) = judged
        later = self.begin + self.dropped / self.fps
        if not self.facts:
            segment = replace(segment, facts=None)
        elif segment.facts is not None:
            segment = replace(segment, facts=_at(segment.facts, later))
        return shift(segment, later, np.inf)

    def describe(self, parts: Sequence[Motion]) -> list[Transcript]:
        """What the model says of motions by itself."""
        captioner = self.captioner
        found = captioner.search([captioner.values(part) for part in parts])
        return [captioner.timed(part, each, refine=False) for part, each in zip(parts, found, strict=True)]

    def _give(self, segment: Segment, now: float, new: bool = False) -> Iterator[events.Event]:
        """Give out a segment, in the place of the last one unless it is new; a long sentence ends with it."""
        self.segments[len(self.segments) - (not new) :] = [segment]
        yield events.Piece(segment, now)
        if segment.end - self.segments[0].start >= LONGEST:
            yield from self._end_sentence()

    def _end_sentence(self) -> Iterator[events.Event]:
        if self.segments:
            end = max(last for each in self.segments for last in (each.end, *(word.end for word in each.words)))
            yield events.Sentence(tuple(self.segments), self.segments[0].start, end)
        self.segments, self._found, self._latest, self._given, self._label = [], None, None, None, None

    def _forget(self) -> None:
        """Drop the frames before those that the next piece's evidence needs.

        A piece that ended LATE seconds ago was said, so the next one began within its greatest length before that.
        """
        steps = (self.dropped + len(self.poses)) // PAIR
        oldest = steps - self.segmenter.config.longest - round((LATE + LOOK) * self.fps / PAIR) - 1
        self._next_step = max(self._next_step, oldest)
        drop = PAIR * max(0, self._next_step - self._context) - self.dropped
        if drop > 0:
            del self.poses[:drop], self.seen[:drop]
            self.dropped += drop

    def _body(self, first: int = 0) -> Motion:
        return Motion(np.stack(self.poses[first:]), self.fps, CANONICAL, seen=np.stack(self.seen[first:]))


def _is_one(before: Piece, after: Piece, shown: Shown) -> bool:
    """Whether a piece is the one before, known for longer now, or both are one action; two ways are not."""
    if after.label in GAITS:  # a way may turn out to have ended some frames earlier
        return after.start < max(before.start + 1, before.end - MOVE)
    return after.start < before.end or is_unbroken(before, after, shown)


def _at(facts: Facts, later: float) -> Facts:
    """The facts of what began so many seconds later."""
    return replace(facts, repetition_times=tuple(time + later for time in facts.repetition_times))


def _later(piece: Piece, frames: int) -> Piece:
    """The piece so many frames later."""
    return replace(piece, start=piece.start + frames, end=piece.end + frames, moment=piece.moment + frames)
