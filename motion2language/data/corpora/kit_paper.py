"""KIT-ML as the paper samples it: every 10th frame from frame 5 of the first release, without any low-pass.

`kit` resamples properly: it averages the 100 frames per second on the way down. Everything else is the same.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from motion2language.data.corpora import kit
from motion2language.data.index import AnyPath
from motion2language.data.samples import Sample, Samples
from motion2language.transcript import Caption

FIRST, EVERY = 5, 10  # frames; as in the official code of arXiv 2310.10594


def load(root: Path | None, split: str, store: Path | None = None) -> Samples[Sample]:
    """The samples of `split` at 10 frames per second, with joint angles, read when indexed; `store` as for kit."""
    return Samples([partial(_sample, *entry, split) for entry in kit.entries("kit-paper", root, split, store)])


def _sample(path: AnyPath, captions: tuple[Caption, ...], split: str) -> Sample:
    motion = kit.read(path)
    first = min(FIRST, motion.frames - 1)
    return Sample(kit.name_of(path), motion.frames_between(first, motion.frames, EVERY), captions, split)
