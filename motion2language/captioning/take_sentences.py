"""The transcript of a take from its pieces: whose words describe each piece, and when.

The label of a piece is the likeliest by what the segmenter and the model say of the piece alone: they err in different
ways. Then there are four ways, the first that fits:

1. The sentence that the model says of the whole recording, if it promises as many right actions as the pieces do;
   nearly half as many suffice if the drawn sentences agree about its actions. Of recordings unlike those it learnt from
   they agree only in being short. Nothing of it may go on where the body was seen to stop on its way. Its bounds are
   set by boundaries.py: by changes of movement and by what the segmenter saw.
2. The same sentence, if it names just the actions of the pieces, in order. Its segments get the bounds of the pieces,
   and its words keep their times inside them.
3. Piece by piece what the model says of the piece alone, if that names the piece's action and nothing else, or one
   that the segmenter never learnt: a model that was adapted to a user's own actions knows more of them than it.
4. The phrase of the segmenter's table, at the moment around which the chance of the action lies.

The sentence begins with the subject of the first piece's words ("a person"); every other piece begins with "then". A
piece with the same action as the one before says "again", unless they name different sides.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import numpy as np

from motion2language.body import ensure_canonical
from motion2language.captioning import timing
from motion2language.captioning.boundaries import refine
from motion2language.captioning.cut_pieces import cut_all_again, is_stop
from motion2language.captioning.features import known_feature
from motion2language.captioning.judge_pieces import Shown, judge_again
from motion2language.captioning.meeting import meet
from motion2language.captioning.search_segments import Piece, find
from motion2language.captioning.timing import AGAIN, LEADING, group
from motion2language.captioning.ways import SHORTEST
from motion2language.captioning.windows import Described, shift
from motion2language.language.actions import ActionLexicon
from motion2language.language.movement import SIDES, name_other_sides
from motion2language.model.segmenter import Segmenter
from motion2language.motion import CANONICAL, Motion
from motion2language.transcript import Segment, TimedWord, Transcript

SUBJECT = ("a", "person")  # where no words of the model give one
JOIN = "then"
#: Mean probability of a sentence's actions from which on it is sure, and how many right actions a sure one must promise
#: for each right one that the pieces promise; any other must promise as many. Chosen on BNR-Compose's validation
#: motions and takes of people held out.
CERTAIN, SHARE = 0.7, 0.45
LIMBS = {"arm": ("elbow", "wrist"), "leg": ("knee", "ankle")}  # and the joints without which nothing of them is seen


@dataclass(frozen=True, eq=False)
class Take:
    """A prepared recording and its pieces, whose words are still to come.

    body    the recording
    shown   what its pieces are judged by; the segmenter names no action of a limb that the body lacks
    pieces  in order
    learnt  labels of all actions that the model's segmenter learnt
    """

    body: Motion
    shown: Shown
    pieces: list[Piece]
    learnt: Collection[str]

    @cached_property
    def stretches(self) -> list[tuple[int, int]]:
        """[first, last) of each piece in frames of the recording."""
        return [_stretch(piece, self.shown.segmenter.config.fps, self.body) for piece in self.pieces]

    @property
    def parts(self) -> list[Motion]:
        """Each piece alone."""
        return [self.body.frames_between(*stretch) for stretch in self.stretches]


def cut(segmenter: Segmenter, body: Motion) -> Take:
    """A prepared recording cut into pieces."""
    return cut_all(segmenter, [body])[0]


def cut_all(segmenter: Segmenter, bodies: Sequence[Motion]) -> list[Take]:
    """Prepared recordings cut into pieces; all are looked at together, which takes less time."""
    motions = [ensure_canonical(body).resample(segmenter.config.fps) for body in bodies]
    values = [known_feature(segmenter.config.features, motion) for motion in motions]
    shown: dict[int, Shown] = {}
    by_absent: dict[tuple[str, ...], list[int]] = {}
    for number, motion in enumerate(motions):
        by_absent.setdefault(tuple(absent_limbs(motion.seen)), []).append(number)
    for absent, numbers in by_absent.items():
        own = segmenter.without(absent)
        evidence = own.of_all([values[number] for number in numbers])
        shown |= {number: Shown(values[number], each, own) for number, each in zip(numbers, evidence, strict=True)}
    ordered = [shown[number] for number in range(len(bodies))]
    pieces = cut_all_again([find(each.evidence, each.segmenter.config) for each in ordered], ordered)
    return [Take(*each, segmenter.config.labels) for each in zip(bodies, ordered, pieces, strict=True)]


def absent_limbs(seen: np.ndarray | None) -> list[str]:
    """The limbs of LIMBS of which nothing is seen, by `Motion.seen` (T, 21) of a canonical body."""
    if seen is None:
        return []
    ends = {
        limb: [CANONICAL.index(f"{side}_{joint}") for side in SIDES for joint in joints]
        for limb, joints in LIMBS.items()
    }
    return [limb for limb, joints in ends.items() if not seen[:, joints].any()]


def bound(take: Take, whole: Described, lexicon: ActionLexicon) -> Described:
    """A recording's description by the sentence of its only window, bounded by what the segmenter saw too."""
    motion = ensure_canonical(take.body).resample(take.shown.segmenter.config.fps)
    anchors = timing.anchors(whole.transcript, lexicon)
    seen = take.shown.seen(0, motion.frames)
    return replace(whole, transcript=refine(whole.transcript, anchors, motion, seen=seen))


def is_heard(take: Take, whole: Described) -> bool:
    """Whether a recording's description hangs on what the model says of its pieces alone.

    whole  its description by sentences; it stays as it is if it is surer than pieces that are certainly right
    """
    certain = [replace(piece, probability=1.0) for piece in take.pieces]
    return len(whole.weights) != 1 or not is_kept(whole.transcript, certain, take.shown.segmenter.config.fps)


def describe(
    take: Take, whole: Described, said: Sequence[Transcript], lexicon: ActionLexicon, half_window: float
) -> Described:
    """A recording described piece by piece.

    whole        its description by sentences, one for each window
    said         what the model says of each of its parts
    half_window  seconds that a word of a phrase reaches to either side
    """
    config, about = take.shown.segmenter.config, replace(whole.transcript, segments=(), untimed="")
    pieces, spoken = hear(take, said, about.duration)
    alone = tuple(map(sure_of_one, said))
    if len(whole.weights) == 1:
        if is_kept(whole.transcript, pieces, config.fps):
            return bound(take, whole, lexicon)
        bounded = bound_sentence(whole.transcript, meet(pieces, take.shown), config.fps)
        if bounded is not None:
            return replace(whole, transcript=bounded, alone=alone)
    pieces = meet(name_anew(pieces, spoken, lexicon, take.learnt), take.shown)
    worded = word_pieces(pieces, spoken, lexicon, about, config.fps, half_window)
    return Described(worded, (), whole.frames, alone)


def hear(take: Take, said: Sequence[Transcript], duration: float) -> tuple[list[Piece], list[tuple[TimedWord, ...]]]:
    """The pieces, judged again by what the model says of each alone, and those words with their times in the recording.

    said      of each of its parts
    duration  of the recording, seconds
    """
    judged = judge_again(take.pieces, [shares(each) for each in said], take.shown)
    spoken: list[tuple[TimedWord, ...]] = []
    for (first, _), own in zip(take.stretches, said, strict=True):
        moved = (shift(segment, first / take.body.fps, duration) for segment in own.segments)
        spoken.append(tuple(word for segment in moved for word in segment.words))
    return judged, spoken


def sure_of_one(said: Transcript) -> float:
    """How probable the only action of a transcript is; 0 when it names none or several."""
    return (said.segments[0].probability or 0.0) if len(said.segments) == 1 and said.segments[0].label else 0.0


def shares(said: Transcript) -> dict[str, float]:
    """How sure the words for a piece alone are of each action: its probability, shared among all that are said."""
    found: dict[str, float] = defaultdict(float)
    for segment in said.segments:
        if segment.label is not None:
            found[segment.label] += (segment.probability or 0.0) / len(said.segments)
    return found


def is_kept(transcript: Transcript, pieces: Sequence[Piece], fps: float) -> bool:
    """Whether a sentence stays as it is: it is sure, and where the body stops on its way, no segment of it goes on."""
    stops = [(before.end / fps, after.start / fps) for before, after in pairwise(pieces) if is_stop(before, after)]
    said = transcript.segments
    goes_on = (each.start < first and each.end >= last + SHORTEST for each in said for first, last in stops)
    return is_sure(transcript, pieces) and not any(goes_on)


def is_sure(transcript: Transcript, pieces: Sequence[Piece]) -> bool:
    """Whether a sentence is to be kept although the recording has these pieces.

    Its probabilities sum to how many of its actions are right on average; so do theirs. Without pieces, only a sentence
    that is sure is said.
    """
    chances = [segment.probability or 0.0 for segment in transcript.segments]
    promised = sum(piece.probability for piece in pieces)
    if chances and sum(chances) >= CERTAIN * len(chances):
        return sum(chances) >= SHARE * promised
    return bool(pieces) and sum(chances) >= promised


def _stretch(piece: Piece, fps: float, body: Motion) -> tuple[int, int]:
    """[first, last) of the piece in frames of the recording, two or more."""
    first = min(round(piece.start / fps * body.fps), max(0, body.frames - 2))
    return first, min(max(round(piece.end / fps * body.fps), first + 2), body.frames)


def bound_sentence(transcript: Transcript, pieces: Sequence[Piece], fps: float) -> Transcript | None:
    """The model's own sentence with the bounds of the pieces; None when it names other actions than they do."""
    said = [segment.label for segment in transcript.segments]
    if not pieces or said != [piece.label for piece in pieces]:
        return None
    pairs = zip(transcript.segments, pieces, strict=True)
    bounded = (_segment(piece, segment.words, fps, transcript.duration) for segment, piece in pairs)
    return replace(transcript, segments=tuple(bounded))


def word_pieces(
    pieces: Sequence[Piece],
    spoken: Sequence[Sequence[TimedWord]],
    lexicon: ActionLexicon,
    about: Transcript,
    fps: float,
    half_window: float,
) -> Transcript:
    """The transcript made of the pieces.

    spoken       what the model says of each piece alone, times in the recording; may be empty
    about        gives duration, source and model
    half_window  seconds that a word of a phrase reaches to either side
    """
    segments: list[Segment] = []
    for number, (piece, words) in enumerate(zip(pieces, spoken, strict=True)):
        own = _of_action(words, piece, lexicon)
        subject, phrase = own if own else ((), _phrase(piece, about.duration, fps, half_window))
        if number == 0:
            leading = subject or tuple(replace(phrase[0], word=word) for word in SUBJECT)
        else:
            leading = (replace(phrase[0], word=JOIN),)
            said = [[word.word for word in each] for each in (segments[-1].words, phrase)]
            if segments[-1].label == piece.label and not name_other_sides(*said):
                phrase = (*phrase, replace(phrase[-1], word=AGAIN))
        segments.append(_segment(piece, (*leading, *phrase), fps, about.duration))
    return replace(about, segments=tuple(segments), untimed="")


def inside(words: Sequence[TimedWord], start: float, end: float) -> tuple[TimedWord, ...]:
    """The words with their moments between start and end."""
    times = [min(max(word.time, start), end) for word in words]
    return tuple(
        replace(word, time=time, start=min(word.start, time), end=max(word.end, time))
        for word, time in zip(words, times, strict=True)
    )


def name_anew(
    pieces: Sequence[Piece], spoken: Sequence[Sequence[TimedWord]], lexicon: ActionLexicon, learnt: Collection[str]
) -> list[Piece]:
    """The pieces, with the label of their words where these name a single action that the segmenter never learnt."""
    return [_named_anew(piece, words, lexicon, learnt) for piece, words in zip(pieces, spoken, strict=True)]


def _named_anew(piece: Piece, words: Sequence[TimedWord], lexicon: ActionLexicon, known: Collection[str]) -> Piece:
    groups = group(words, lexicon)
    label = groups[0][0] if len(groups) == 1 else None
    return piece if label is None or label in known else replace(piece, label=label)


def _of_action(
    words: Sequence[TimedWord], piece: Piece, lexicon: ActionLexicon
) -> tuple[tuple[TimedWord, ...], tuple[TimedWord, ...]] | None:
    """The words before the action and its phrase; None when they do not name the piece's action alone."""
    groups = group(words, lexicon)
    if len(groups) != 1 or groups[0][0] != piece.label:
        return None
    verb = groups[0][1]
    while verb > 0 and words[verb - 1].word in LEADING:  # "is walking"
        verb -= 1
    return tuple(words[:verb]), tuple(words[verb:])


def _phrase(piece: Piece, duration: float, fps: float, half_window: float) -> tuple[TimedWord, ...]:
    time = min(piece.moment / fps, duration)
    start, end = max(0.0, time - half_window), min(duration, time + half_window)
    return tuple(TimedWord(word, time, start, end, piece.probability) for word in piece.phrase.split())


def _segment(piece: Piece, words: tuple[TimedWord, ...], fps: float, duration: float) -> Segment:
    """The segment of a piece; words that were said of it with other bounds lie inside these."""
    end = min(piece.end / fps, duration)
    start = min(piece.start / fps, end - 0.5 / fps)
    return Segment(
        start,
        end,
        piece.label,
        inside(words, start, end),
        piece.probability,
        piece.start_probability,
        piece.end_probability,
        "pieces",
    )
