"""What each step of cutting gives: `python benchmarks/cutting.py [--takes TAKES --people PEOPLE --compose BNR.json]`.

A model that cuts takes describes each test of `m2l reproduce takes` as it is, then without one step of cutting, then
without all of them. For takes cut by hand and composed ones: the share of known actions that are named, of segments
whose bounds are both met, F1 at an overlap of half, and said segments for each true one. For marked instants: those
inside a segment of the action, and takes whose count is right within one.
"""

import argparse
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from motion2language.captioning import cut_pieces, judge_pieces, meeting, search_segments, take_sentences
from motion2language.captioning.captioner import Captioner
from motion2language.captioning.judge_pieces import Shown
from motion2language.captioning.loading import load_model
from motion2language.captioning.search_segments import Piece, continues
from motion2language.captioning.take_sentences import Take
from motion2language.captioning.windows import Described
from motion2language.language.actions import ActionLexicon
from motion2language.scoring.takes import instant_scores, take_scores
from motion2language.training.reproduce.takes import Test, tests_of


def stays_whole(piece: Piece, shown: Shown, parts: Sequence[Piece]) -> bool:
    """Whether a piece may be cut if no action that goes on ever is."""
    return not continues(piece.label, shown.segmenter.config)


def by_movement(take: Take, whole: Described, lexicon: ActionLexicon) -> Described:
    """A sentence with the bounds that it has before a segmenter is asked: those of changes of movement alone."""
    return whole


Setting = tuple[Any, str, Any]
STEPS: dict[str, Sequence[Setting]] = {
    "walking is not cut at stops": [(cut_pieces, "GAITS", frozenset())],
    "bounds stay within three frames": [(search_segments, "SURELY", math.inf)],
    "what goes on is never cut": [(cut_pieces, "_may_be_cut", stays_whole)],
    "nothing is found between pieces": [(cut_pieces, "MOVES", math.inf)],
    "pieces are not joined again": [(cut_pieces, "BREAK", -1)],
    "pieces are not measured": [(judge_pieces, "THIRD", 0.0), (cut_pieces, "MEASURED", 0.0)],
    "one look at each piece": [(judge_pieces, "LOOKS", (judge_pieces.BESIDE,))],
    "bounds stay where pieces meet": [(meeting, "NEAR", 0)],
    "what was seen bounds no sentence": [(take_sentences, "bound", by_movement)],
}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="default")
    for name in ("takes", "people", "compose"):
        parser.add_argument(f"--{name}", type=Path)
    parser.add_argument("--split", choices=("val", "test"), default="test", help="of people; no step was chosen on val")
    options = parser.parse_args()
    captioner = load_model(options.model)
    tests = tests_of(options.takes, options.people, options.compose, options.split)
    print("| | " + " | ".join(test.name for test in tests) + " |")
    print("| --- |" + " --- |" * len(tests))
    rows = {"as it is": [], **STEPS, "none of these": [setting for settings in STEPS.values() for setting in settings]}
    for name, settings in rows.items():
        with changed(settings):
            cells = [score(captioner, test) for test in tests]
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


@contextmanager
def changed(settings: Sequence[Setting]) -> Iterator[None]:
    """Set attributes of modules within a block."""
    before = [(module, name, getattr(module, name)) for module, name, _ in settings]
    try:
        for module, name, value in settings:
            setattr(module, name, value)
        yield
    finally:
        for module, name, value in before:
            setattr(module, name, value)


def score(captioner: Captioner, test: Test) -> str:
    """The cell of a test."""
    said = list(captioner.transcribe_all([take.motion for take in test.takes], facts=False))
    if any(take.instants for take in test.takes):
        scores = instant_scores([take.instants for take in test.takes], said)
        names = ("inside", "counted")
    else:
        scores = take_scores([take.segments for take in test.takes], said, test.known)
        names = ("named", "both", "f1@50", "said")
    return " / ".join(f"{scores[name]:.2f}" for name in names)


if __name__ == "__main__":
    main()
