"""Labelled clips as a corpus: a folder of motion files with labels.csv, a CSV of files, or an archive of arrays.

clips.py describes the CSV and the archive. A clip's captions are those of the CSV; without any, a sentence for each
phrase that the package has for its label; for other labels, the label's own words. Splits are those of the CSV, or
drawn by label, always the same. There are no segments, because the clips have no times.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from motion2language.data.clips import Clip, find_clips, split_clips
from motion2language.data.composing.phrases import Phrases, load_phrases
from motion2language.data.index import note
from motion2language.data.samples import Sample, Samples
from motion2language.transcript import Caption

SEED = 11  # of the splits, if the CSV has none


def load(root: Path | None, split: str, _: Path | None = None) -> Samples[Sample]:
    """The samples of `split`, read when indexed; `root` is the folder, its CSV, or X.npz."""
    if root is None:
        raise ValueError("corpus 'folder' needs --root: a folder of motion files with labels.csv, or an archive X.npz")
    labels = Path(root) if Path(root).suffix == ".csv" else None
    clips = find_clips(Path(root) if labels is None else labels.parent, labels)
    phrases = load_phrases()
    wordless = [clip.label for clip in clips if not clip.captions and clip.label not in phrases.actions]
    what = f"of {len(clips)} clips {{}} have neither a caption nor a label with phrases; their sentence is the label"
    note(Path(root), what, wordless)
    return Samples(
        [partial(_sample, clip, split, _captions(clip, phrases)) for clip in split_clips(clips, SEED)[split]]
    )


def _sample(clip: Clip, split: str, captions: tuple[Caption, ...]) -> Sample:
    return Sample(clip.name, clip.read(), captions, split)


def _captions(clip: Clip, phrases: Phrases) -> tuple[Caption, ...]:
    texts = clip.captions
    if not texts and clip.label in phrases.actions:
        texts = tuple(f"{phrases.subjects[0]} {phrase}" for phrase in phrases.actions[clip.label].phrases)
    return tuple(map(Caption, texts or (clip.label.replace("-", " ").replace("_", " "),)))
