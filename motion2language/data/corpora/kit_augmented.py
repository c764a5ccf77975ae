"""KIT-ML as HumanML3D's authors augmented it: 21 joints at 12.5 frames per second, mirrored, texts with times."""

from __future__ import annotations

from pathlib import Path

from motion2language.data import humanml3d_layout
from motion2language.data.samples import Sample, Samples

WHERE = "https://github.com/EricGuo5513/HumanML3D describes where to get KIT-ML in this form"


def load(root: Path | None, split: str, _: Path | None = None) -> Samples[Sample]:
    """The samples of `split`, read when indexed; `root` is the folder KIT-ML."""
    return humanml3d_layout.load("kit-augmented", "kit", WHERE, root, split)
