"""Five ways to find where segments end: `python benchmarks/boundaries.py BNR_COMPOSE.json` prints a Markdown table.

The sentences are those of `default` on the validation split, on which the shipped way was chosen; only the bounds of
their segments differ.
"""

import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from motion2language.captioning import boundaries, take_sentences, timing
from motion2language.captioning.captioner import Captioner
from motion2language.captioning.loading import load_model
from motion2language.captioning.loops import set_going
from motion2language.data import corpora
from motion2language.model.config import STRIDE
from motion2language.motion import Motion
from motion2language.scoring.segments import segment_scores
from motion2language.transcript import Transcript

SCORES = ("iou/strict/all", "iou/strict/several", "boundary_f1@0.2/strict/all", "boundary_f1@0.5/strict/all")


def main(root: Path) -> None:
    """Measure and print."""
    captioner = load_model("default")
    samples = corpora.load("compose", root, "val")
    motions = [set_going(captioner.prepare(sample.motion)) for sample in samples]
    ruled = list(captioner.transcribe_all(motions, refine=False, facts=False))
    anchors = [timing.anchors(transcript, captioner.lexicon) for transcript in ruled]
    clips = list(zip(ruled, anchors, motions, strict=True))
    cut = zip(motions, take_sentences.cut_all(captioner.segmenter, motions), strict=True)
    looks = [take.shown.seen(0, motion.frames) for motion, take in cut]
    seen = [boundaries.refine(*clip, seen=look) for clip, look in zip(clips, looks, strict=True)]
    encoded = [boundaries.refine(*clip, encoder_features(captioner, clip[2])) for clip in clips]
    ways = {
        "windows of the words, the paper's rule": ruled,
        "midway between phrases": [midway(transcript) for transcript in ruled],
        "changes of the encoder's features": encoded,
        "changes of pose and speeds": [boundaries.refine(*clip) for clip in clips],
        "and what the segmenter saw, as shipped": seen,
    }
    print("| bounds | IoU | IoU, several | boundary F1 0.2 s | 0.5 s |\n| --- | --- | --- | --- | --- |")
    for name, transcripts in ways.items():
        scores = segment_scores([sample.segments for sample in samples], transcripts, anchors)
        print(f"| {name} | " + " | ".join(f"{scores[score]:.3f}" for score in SCORES) + " |", flush=True)


def encoder_features(captioner: Captioner, motion: Motion) -> np.ndarray:
    """The encoder's memory at each frame (T, H), each column over its standard deviation."""
    memory, _ = captioner.transducer.encode(captioner.values(motion)[None], np.array([motion.frames]))
    frames = memory[0].repeat(STRIDE, 0)[: motion.frames].astype(np.float64)
    return frames / np.maximum(frames.std(axis=0), 1e-6)


def midway(transcript: Transcript) -> Transcript:
    """Segments that meet halfway between the last word of one and the first word of the next, in order of time."""
    segments = sorted(transcript.segments, key=lambda part: part.words[0].time if part.words else part.start)
    cuts = [(before.words[-1].time + after.words[0].time) / 2 for before, after in pairwise(segments)]
    edges = np.maximum.accumulate([0.0, *cuts, transcript.duration])
    bounded = [
        replace(part, start=float(min(first, last - 0.05)), end=float(last))
        for part, first, last in zip(segments, edges[:-1], np.maximum(edges[1:], 0.05), strict=True)
    ]
    return replace(transcript, segments=tuple(bounded))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
