"""Counting what a corpus contains, per split, and what is missing or damaged: `m2l data check`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from motion2language.data.samples import Sample
from motion2language.language.vocabulary import tokenize
from motion2language.transcript import Transcript

SHOWN = 5  # faults that are reported in full; chosen


@dataclass(frozen=True)
class SplitReport:
    """What the readable samples of a split contain, and what is wrong with the others.

    total       samples, with those that cannot be read
    seconds     duration of each recording
    vocabulary  different words
    faults      one message per sample that cannot be read
    """

    total: int
    seconds: tuple[float, ...]
    sentences: int
    words: int
    vocabulary: int
    segments: int
    faults: tuple[str, ...]


def check_split(samples: Sequence[Sample], indices: Iterable[int]) -> SplitReport:
    """Read the samples at `indices`, all of a split; segments must lie inside their recording."""
    seconds: list[float] = []
    faults: list[str] = []
    sentences: list[list[str]] = []
    segments = 0
    for index in indices:
        try:
            sample = samples[index]
            Transcript(sample.segments, sample.motion.duration, sample.name)
        except (ValueError, OSError) as error:
            faults.append(str(error))
            continue
        sentences += [tokenize(caption.text) for caption in sample.captions]
        segments += len(sample.segments)
        seconds.append(sample.motion.duration)
    words = [word for sentence in sentences for word in sentence]
    return SplitReport(
        len(samples), tuple(seconds), len(sentences), len(words), len(set(words)), segments, tuple(faults)
    )


def problems(reports: Mapping[str, SplitReport]) -> list[str]:
    """What is wrong with a corpus, one line each: the first faults, their counts, and empty splits."""
    faults = [fault for report in reports.values() for fault in report.faults]
    lines = faults[:SHOWN]
    if faults:
        counts = (
            f"{len(report.faults)} of {report.total} of {split}" for split, report in reports.items() if report.faults
        )
        lines.append(f"{len(faults)} samples are damaged: {', '.join(counts)}")
    empty = [split for split, report in reports.items() if not report.total]
    if empty:
        total = sum(report.total for report in reports.values())
        need = "training needs train and val, scoring needs test"
        lines.append(f"no samples in {', '.join(empty)}, of {total} in the corpus; {need}")
    return lines
