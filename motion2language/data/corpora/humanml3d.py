"""HumanML3D: joints of the SMPL body at 20 frames per second, with three or more sentences each, some for a part.

Its folder is made from AMASS by the code of arXiv-published HumanML3D (Guo et al. 2022); it may not be redistributed.
"""

from __future__ import annotations

from pathlib import Path

from motion2language.data import humanml3d_layout
from motion2language.data.samples import Sample, Samples

WHERE = "make it from AMASS as https://github.com/EricGuo5513/HumanML3D describes"


def load(root: Path | None, split: str, _: Path | None = None) -> Samples[Sample]:
    """The samples of `split`, read when indexed; `root` is the folder HumanML3D."""
    return humanml3d_layout.load("humanml3d", "humanml3d", WHERE, root, split)
