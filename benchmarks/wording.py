"""Sentences and facts that cannot be right: `python benchmarks/wording.py FOLDER... [--most 200]` prints how many.

FOLDER  labelled recordings (pairs X.npz, X.json), as `people` and `takes` are; recordings are drawn by chance from all

Each is described by `default`, as it is and with --detail. Counted are words said twice in a row, phrases said twice
without an action between, sentences that begin with "then" or "and", words of unknown actions that are shown,
repetitions without their times or outside of their segment, steps longer than the way, and turns of the wrong sign.
"""

import argparse
import math
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np

from motion2language import load_model, writers
from motion2language.captioning.joining import join_repetitions
from motion2language.captioning.timing import JOINING
from motion2language.data.labelled.form import read_motion, read_source
from motion2language.motion import Motion
from motion2language.transcript import Facts, Segment, Transcript

LONGEST = 60.0  # seconds of a recording that are described; chosen
TURNED = 40.0  # degrees from which a turn has a side; as motion2language.language.movement


def main(folders: list[Path], most: int) -> None:
    """Describe and count."""
    captioner = load_model("default")
    found: Counter[str] = Counter()
    segments = 0
    recordings = draw(folders, most)
    for motion in recordings:
        transcript = captioner.transcribe(motion)
        segments += len(transcript.segments)
        for kind, said in (("as said", transcript), ("detail", writers.detailed(join_repetitions(transcript)))):
            for wrong in (*wrong_words(said), *(each for part in said.segments for each in wrong_facts(part))):
                found[wrong] += 1
                print(f"{motion.name}, {kind}: {wrong}: {said.text[:100]}")
    print(f"{len(recordings)} recordings, {segments} segments, {found.total()} that cannot be right: {dict(found)}")


def draw(folders: list[Path], most: int) -> list[Motion]:
    """Recordings drawn by chance, the same each time."""
    sources = [(path, read_source(path)) for folder in folders for path in sorted(folder.glob("*.npz"))]
    every = [(path, source.fps, entry) for path, source in sources for entry in source.entries]
    chosen = np.random.default_rng(0).choice(len(every), min(most, len(every)), replace=False)
    read = (read_motion(path, fps, entry.number, entry.name) for path, fps, entry in (every[at] for at in chosen))
    return [motion.clip(0, min(LONGEST, motion.duration)) for motion in read]


def wrong_words(said: Transcript) -> Iterator[str]:
    """What is wrong with a sentence."""
    words = said.text.split()
    if any(word == after for word, after in pairwise(words)):
        yield "a word twice in a row"
    if words and words[0] in JOINING:
        yield f"begins with {words[0]}"
    for segment in said.segments:
        phrase = [word.word for word in segment.words]
        halves = range(2, len(phrase) // 2 + 1)
        if any(phrase[at : at + n] == phrase[at + n : at + 2 * n] for n in halves for at in range(len(phrase) - n)):
            yield "a phrase twice in a segment"
        shown = writers.caption(segment)
        if not segment.known and segment.text and segment.text in shown:
            yield "words of an unknown action"


def wrong_facts(segment: Segment) -> Iterator[str]:
    """What is wrong with the facts of a segment."""
    facts = segment.facts or Facts()
    if any(not math.isfinite(value) for value in facts.known.values() if isinstance(value, float)):
        yield "a fact that is not a number"
    if (facts.repetitions or 0) != len(facts.repetition_times):
        yield "repetitions without their times"
    if any(not segment.start <= time <= segment.end for time in facts.repetition_times):
        yield "a repetition outside of its segment"
    if facts.displacement is not None and facts.displacement > (facts.travel or 0) + 1e-6:
        yield "displaced farther than travelled"
    if facts.step_length and facts.steps and facts.step_length * (facts.steps - 1) > 1.5 * (facts.travel or 0):
        yield "steps longer than the way"
    sides = {"left", "right"} & set(segment.text.split())
    turns = segment.label == "turn" and segment.known and abs(facts.turn or 0) >= TURNED and len(sides) == 1
    if turns and ("left" in sides) != ((facts.turn or 0) > 0):
        yield "a turn of the wrong sign"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--most", type=int, default=200)
    arguments = parser.parse_args()
    main(arguments.folders, arguments.most)
