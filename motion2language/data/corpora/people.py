"""Labelled recordings as a corpus: pairs X.npz, X.json of named people's movements; labelled/form.py describes them.

`root` is a folder of such pairs, one pair, or a TOML file that chooses sources (labelled/selection.py). Splits are by
person. A recording's captions are its own sentences, as far as they name who acts ("a person ..."); without any, what
the table of actions (data/actions.toml) says of its label, in every wording. Segments are those that the source gives,
for scoring only.
"""

from __future__ import annotations

import zlib
from functools import partial
from pathlib import Path

import numpy as np

from motion2language.data.actions import Actions
from motion2language.data.labelled.form import read_motion
from motion2language.data.labelled.persons import split_by_person
from motion2language.data.labelled.selection import Usable, choose, names_who_acts, read_selection, report
from motion2language.data.samples import Sample, Samples
from motion2language.transcript import Caption, Segment

SENTENCES = 4  # drawn for a recording of several actions, which can be worded in too many ways; chosen


def load(root: Path | None, split: str, _: Path | None = None) -> Samples[Sample]:
    """The samples of `split`, read when indexed."""
    if root is None:
        raise ValueError("corpus 'people' needs --root: a folder of pairs X.npz and X.json, one pair, or a TOML file")
    chosen = choose(read_selection(Path(root)))
    entries = [each.entry for each in chosen.recordings]
    parts = split_by_person(entries, chosen.selection.val, chosen.selection.test)
    if split == "train":
        report(Path(root), chosen)
    wanted = {entry.name for entry in parts[split]}
    kept = [each for each in chosen.recordings if each.entry.name in wanted]
    return Samples([partial(_sample, *_facts(each, chosen.actions), split) for each in kept])


_Facts = tuple[Path, float, int, str, tuple[Caption, ...], tuple[Segment, ...]]


def _facts(each: Usable, actions: Actions) -> _Facts:
    """What `_sample` needs of a recording: file, rate, place, name, captions, segments."""
    segments = tuple(
        Segment(span.start, span.end, actions.verb(meaning.action))
        for span, meaning in zip(each.entry.spans, each.meanings, strict=False)
    )
    return each.arrays, each.fps, each.entry.number, each.entry.name, _captions(each, actions), segments


def _sample(
    arrays: Path,
    fps: float,
    number: int,
    name: str,
    captions: tuple[Caption, ...],
    segments: tuple[Segment, ...],
    split: str,
) -> Sample:
    return Sample(name, read_motion(arrays, fps, number, name), captions, split, segments)


def _captions(each: Usable, actions: Actions) -> tuple[Caption, ...]:
    own = [text for text in each.entry.sentences if names_who_acts(text)]
    if own:
        return tuple(map(Caption, own))
    if len(each.meanings) == 1:
        return tuple(Caption(f"{actions.subjects[0]} {phrase}") for phrase in actions.phrases(each.meanings[0]))
    random = np.random.default_rng(zlib.crc32(each.entry.name.encode("utf-8")))
    texts = (actions.sentence(each.meanings, "", random) for _ in range(SENTENCES))
    return tuple(map(Caption, dict.fromkeys(texts)))
