"""Pieces of takes, live beside offline: `python benchmarks/live_pieces.py [--takes TAKES] [--compose BNR.json]`.

A model that cuts takes gets each recording frame by frame. For each kind of recording: how many of the pieces that it
finds in the whole recording it gives out live (both bounds within half a second; and with the same action), how many
it gives out for each of those, how long after its end a piece is given out (those that the stream's end gives out do
not count), and how many of the true segments either way finds.

`--settings` does the same for several settings of live/pieces.py.
"""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from motion2language.captioning import take_sentences
from motion2language.captioning.captioner import Captioner
from motion2language.captioning.loading import load_model
from motion2language.captioning.windows import Described, shift
from motion2language.live import events, pieces
from motion2language.live.body import gapped
from motion2language.live.captioner import LiveCaptioner
from motion2language.motion import Motion
from motion2language.scoring.takes import take_scores
from motion2language.training.reproduce.takes import Test, tests_of
from motion2language.transcript import Segment, Transcript

TOLERANCE = 0.5  # seconds
SETTINGS = ((2.0, 0.2, 5.0), (3.0, 0.2, 4.0), (3.0, 0.2, 5.0), (3.0, 0.4, 6.0))  # SOON, HOPE, LATE
HEAD = (
    "SOON, HOPE, LATE",
    "recordings",
    "pieces of the whole",
    "found live",
    "with the action",
    "live pieces for each",
    "delay, median",
    "75 %",
    "95 %",
    "longest",
    "named: live, whole",
    "both bounds: live, whole",
    "ms of processor time a second",
)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--takes", type=Path)
    parser.add_argument("--compose", type=Path)
    parser.add_argument("--model", default="default")
    parser.add_argument("--first", type=int, default=40, help="recordings of each kind")
    parser.add_argument("--settings", action="store_true")
    options = parser.parse_args()
    captioner = load_model(options.model)
    print("| | " + " | ".join(HEAD) + " |\n| --- |" + " --- |" * len(HEAD))
    for test in tests_of(options.takes, None, options.compose):
        motions = [take.motion for take in test.takes[: options.first]]
        whole = [describe_whole(captioner, motion) for motion in motions]
        own = (pieces.SOON, pieces.HOPE, pieces.LATE)
        for setting in SETTINGS if options.settings else (own,):
            pieces.SOON, pieces.HOPE, pieces.LATE = setting
            cells = compare(captioner, test, motions, whole)
            print(f"| {test.name} | " + " | ".join([", ".join(map(str, setting)), *cells]) + " |", flush=True)


def compare(captioner: Captioner, test: Test, motions: Sequence[Motion], whole: Sequence[Transcript]) -> list[str]:
    """The cells of a test."""
    begun = time.process_time()
    heard = [listen(captioner, motion) for motion in motions]
    spent = time.process_time() - begun
    given = [own for own, _ in heard]
    pairs = [(each, own) for said, own in zip(whole, given, strict=True) for each in said.segments]
    found = np.mean([any(near(each, other) for other in own) for each, own in pairs])
    same = np.mean([any(near(each, other) and each.label == other.label for other in own) for each, own in pairs])
    late = [late for _, own in heard for late in own] or [np.nan]
    live = [Transcript(own, said.duration) for own, said in zip(given, whole, strict=True)]
    truth = [take.segments for take in test.takes[: len(motions)]]
    scores = [take_scores(truth, said, test.known) for said in (live, whole)]
    return [
        str(len(motions)),
        str(len(pairs)),
        f"{found:.3f}",
        f"{same:.3f}",
        f"{sum(map(len, given)) / len(pairs):.2f}",
        *(f"{late:.1f} s" for late in np.quantile(late, (0.5, 0.75, 0.95, 1))),
        *(", ".join(f"{own[name]:.2f}" for own in scores) for name in ("named", "both")),
        f"{1000 * spent / sum(motion.duration for motion in motions):.0f}",
    ]


def describe_whole(captioner: Captioner, motion: Motion) -> Transcript:
    """The pieces of the whole recording, each worded by itself."""
    body = captioner.prepare(motion)
    live = pieces.LivePieces(captioner, 0.0)
    empty = Described(Transcript((), motion.duration), (), body.frames)
    take = take_sentences.cut(live.segmenter, body)
    return take_sentences.describe(take, empty, live.describe(take.parts), captioner.lexicon, 0.3).transcript


def listen(captioner: Captioner, motion: Motion) -> tuple[tuple[Segment, ...], list[float]]:
    """The segments that a stream of the recording gives, and the delay of each piece after its end."""
    live = LiveCaptioner(captioner, motion.skeleton, unit="m", up="y")
    given: list[events.Event] = []
    for number, positions in enumerate(gapped(motion)):
        given += live.feed(positions, number / motion.fps)
    first: dict[float, events.Piece] = {}  # by its start, as it was given out first
    for event in given:
        if isinstance(event, events.Piece):
            first.setdefault(event.segment.start, event)
    late = [event.said - event.segment.end for event in first.values()]
    given += live.finish()
    sentences = [event for event in given if isinstance(event, events.Sentence)]
    segments = [segment for sentence in sentences for segment in sentence.segments]
    return tuple(shift(each, 0.0, motion.duration) for each in segments if each.start < motion.duration), late


def near(one: Segment, other: Segment) -> bool:
    """Whether both bounds of two segments lie near each other."""
    return max(abs(one.start - other.start), abs(one.end - other.end)) <= TOLERANCE + 1e-9


if __name__ == "__main__":
    main()
