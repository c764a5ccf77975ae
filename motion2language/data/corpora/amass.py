"""AMASS: its recordings (`.npz` of SMPL-H or SMPL-X), which have no sentences, with a JSON of sentences beside them.

The JSON is as for the corpus `annotations`; joints come from the body model on disk (formats/amass.py).
"""

from __future__ import annotations

from pathlib import Path

from motion2language.data.corpora.annotations import load as with_sentences
from motion2language.data.samples import Sample, Samples

WHERE = "AMASS is at https://amass.is.tue.mpg.de (SMPL-H, .npz)"


def load(root: Path | None, split: str, store: Path | None = None) -> Samples[Sample]:
    """The samples of `split`, read when indexed; `root` is AMASS' folder with annotations.json in it, or a JSON.

    Without a readable body model, each sample's error explains where to get it.
    """
    if root is None:
        raise ValueError(f"corpus 'amass' needs --root: its folder, with sentences in annotations.json; {WHERE}")
    try:
        return with_sentences(root, split, store)
    except FileNotFoundError as error:
        raise FileNotFoundError(f"{error}; {WHERE}") from None
