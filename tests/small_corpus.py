"""A corpus on disk and a configuration, small enough to train on in seconds: for tests of commands and processes."""

import json
from pathlib import Path

import numpy as np

from motion2language.data import corpora

CONFIG = """[model]
kind = "attention"
features = "canonical"
hidden = 16
embedding = 8
encoder_hidden = 16
dropout = 0.0

[train]
epochs = 2
batch_size = 8
minimum_count = 1
captions = "one"
augment = { noise = 0.01 }
"""


def write_corpus(folder: Path, sizes: dict[str, int] | None = None) -> Path:
    """A compose corpus of synthetic recordings; returns its root."""
    arrays, samples = {}, {}
    for split, size in (sizes or {"train": 22, "val": 6}).items():
        for sample in corpora.load("synthetic", None, split)[:size]:
            motion = sample.motion.resample(10.0)
            arrays[sample.name] = (100 * motion.positions).reshape(motion.frames, -1).astype(np.float16)
            segments = [
                {"verb": part.label, "start": int(10 * part.start), "end": min(int(10 * part.end) + 1, motion.frames)}
                for part in sample.segments
            ]
            captions = [caption.text for caption in sample.captions]
            samples[sample.name] = {"split": split, "captions": captions, "segments": segments}
    np.savez(folder / "corpus.npz", **arrays)
    skeleton = motion.skeleton
    described = {"fps": 10, "unit": "cm", "up": "y", "joints": skeleton.joints, "parents": skeleton.parents}
    (folder / "corpus.json").write_text(json.dumps(described | {"verb_forms": {}, "samples": samples}))
    return folder / "corpus.json"


def write_config(folder: Path) -> Path:
    """A configuration for it."""
    (folder / "small.toml").write_text(CONFIG)
    return folder / "small.toml"
