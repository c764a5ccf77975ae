"""Transcripts that people corrected: as rows of the table that `collect` reads, and as references to score with.

A folder of the files that `m2l view --edit` writes, beside their recordings or elsewhere: NAME.corrected.json in the
folder and below it, or, without any of these, every .json in the folder. `path` leads from a file to its recording;
without it, the recording that `source` names lies beside the file. Segments that nobody checked are the model's own
guesses, and ones without an action name none: as labels they are left out.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from motion2language.data.index import note
from motion2language.data.samples import Sample
from motion2language.files import read_text
from motion2language.motion import Motion
from motion2language.transcript import CORRECTED_ENDING, Caption, Transcript

SPLIT = "corrected"  # of the samples
LOST = "{} transcripts lead to a recording that is not there, and are left out"
_LEADING = frozenset("and then after afterwards next finally".split())  # before who acts or what is done


@dataclass(frozen=True)
class Correction:
    """A corrected transcript: its file, the recording it leads to, and its JSON.

    take  the name of the take that it is of, where the recording holds several
    """

    path: Path
    recording: Path
    take: str | None
    data: Mapping[str, Any]

    @property
    def segments(self) -> Sequence[Mapping[str, Any]]:
        """Its segments, as JSON."""
        return self.data["segments"]

    @property
    def is_checked(self) -> bool:
        """Whether somebody checked all of it."""
        return bool(self.segments) and all(segment.get("checked") for segment in self.segments)


def holds_corrections(folder: Path) -> bool:
    """Whether a folder holds corrected transcripts, as opposed to labelled recordings or nothing of the kind."""
    if not folder.is_dir():
        return False
    if any(folder.rglob(f"*{CORRECTED_ENDING}")):
        return True
    alone = (path for path in folder.glob("*.json") if not path.with_suffix(".npz").exists())
    return any('"correction"' in read_text(path, "a corrected transcript") for path in alone)


def find_corrections(folder: Path) -> list[Correction]:
    """The corrected transcripts of a folder, in order; ValueError for a file that is not a transcript."""
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: no such folder; expected transcripts that m2l view --edit wrote")
    paths = sorted(folder.rglob(f"*{CORRECTED_ENDING}")) or sorted(folder.glob("*.json"))
    return [_correction(path) for path in paths]


def _correction(path: Path) -> Correction:
    try:
        data = json.loads(read_text(path, "a corrected transcript"))
        source = Transcript.from_dict(data).source
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: not a corrected transcript ({error})") from None
    way = data.get("path")
    named = re.fullmatch(r"(.+) \[(.+)\]", source)
    beside = path.parent / source
    take = named[2] if named and not beside.exists() else None
    other = path.parent / named[1] if named and take else beside
    return Correction(path, (path.parent / way).resolve() if isinstance(way, str) and way else other, take, data)


def recordings_of(folder: Path) -> dict[str, Path]:
    """The recordings that a folder's corrected transcripts lead to, by their paths below the folder they share.

    Recordings that are not there, and takes of files that hold several, are left out with a warning.
    """
    found = find_corrections(folder)
    note(folder, LOST, [str(each.path) for each in found if not each.recording.is_file()])
    several = "{} transcripts of a take of a file of several are left out; m2l convert makes a file of each"
    note(folder, several, [str(each.path) for each in found if each.take is not None])
    paths = {each.recording for each in found if each.recording.is_file() and each.take is None}
    if not paths:
        raise ValueError(f"{folder}: no corrected transcript leads to a recording; keep `path`, or put them together")
    root = Path(os.path.commonpath([path.parent.absolute() for path in paths]))
    stems = [path.absolute().with_suffix("") for path in paths]
    return {
        (path.absolute() if stems.count(stem) > 1 else stem).relative_to(root).as_posix(): path
        for path, stem in zip(paths, stems, strict=True)
    }


def read_corrected(folder: Path, files: Mapping[str, Path]) -> list[tuple[int, dict[str, str]]]:
    """(number, {file, label, start, end}) of each checked segment of the transcripts in a folder.

    files  recordings by their names; a transcript is of the one its `path` leads to, or else its `source` names

    ValueError for a file other than a corrected transcript, and when no segment is checked.
    """
    names = {path.resolve(): name for name, path in files.items()}
    rows: list[tuple[int, dict[str, str]]] = []
    for each in find_corrections(folder):
        name = names.get(each.recording.resolve(), str(each.data["source"]))
        for segment in each.segments:
            if segment.get("checked") and segment["label"] is not None:
                times = {key: f"{segment[key]:.4f}" for key in ("start", "end")}
                rows.append((len(rows) + 1, {"file": name, "label": segment["label"]} | times))
    if not rows:
        raise ValueError(f"{folder}: holds no checked segment; correct recordings with m2l view --edit")
    return rows


def read_phrases(folder: Path) -> dict[str, list[str]]:
    """Label -> how people worded it: texts of checked segments, except those that the model gave to another label."""
    phrases: dict[str, list[str]] = {}
    for each in find_corrections(folder):
        original = (each.data.get("correction") or {}).get("original") or {}
        guesses = {segment.get("text"): segment.get("label") for segment in original.get("segments") or ()}
        for segment in each.segments:
            text = segment.get("text") or ""
            label = segment["label"]
            if segment.get("checked") and label is not None and text and guesses.get(text, label) == label:
                phrases.setdefault(label, []).append(_without_leading(text))
    return phrases


def _without_leading(text: str) -> str:
    """A text without the words that join it to the one before.

    >>> _without_leading("and then spins a hoop")
    'spins a hoop'
    """
    words = text.split()
    while len(words) > 1 and words[0].lower() in _LEADING:
        del words[0]
    return " ".join(words)


def read_samples(folder: Path, read: Callable[[Path, str | None], Motion]) -> list[Sample]:
    """The recordings whose transcripts somebody checked to the end, with these as their references.

    read  reads a recording, or one take of it

    Transcripts with segments that nobody checked, and those without their recording, are left out with a warning.
    ValueError when nothing is left.
    """
    found = find_corrections(folder)
    unchecked = [str(each.path) for each in found if not each.is_checked]
    note(folder, f"{{}} of {len(found)} transcripts have segments that nobody checked, and are left out", unchecked)
    note(folder, LOST, [str(each.path) for each in found if each.is_checked and not each.recording.is_file()])
    usable = [each for each in found if each.is_checked and each.recording.is_file()]
    if not usable:
        raise ValueError(f"{folder}: no recording is checked to the end; accept its segments with m2l view --edit")
    return [_sample(folder, each, read(each.recording, each.take)) for each in usable]


def _sample(folder: Path, correction: Correction, motion: Motion) -> Sample:
    transcript = Transcript.from_dict(dict(correction.data))
    transcript.require_of(motion.label, motion.duration)
    captions = (Caption(transcript.text),) if transcript.text else ()
    name = correction.path.relative_to(folder).as_posix().removesuffix(CORRECTED_ENDING).removesuffix(".json")
    return Sample(name, motion, captions, SPLIT, transcript.segments)
