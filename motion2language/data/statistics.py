"""Corpora compared side by side: motions, actions, durations, pauses, verbs, sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from motion2language.data import corpora
from motion2language.data.samples import Sample
from motion2language.language.vocabulary import tokenize

_SHARES = (5, 25, 50, 75, 95)  # percentiles shown of durations


def load_by_name(dataset: str, roots: Sequence[Path]) -> dict[str, list[Sample]]:
    """The samples of all splits of each corpus at `roots`, by its file's name; ValueError when one is empty."""
    if not roots:
        raise ValueError("name at least one corpus")
    splits = ("train", "val", "test")
    by_name = {
        root.stem: [sample for split in splits for sample in corpora.load(dataset, root, split)] for root in roots
    }
    if len(by_name) < len(roots):
        raise ValueError("two corpora have the same name; rename one, names are the table's columns")
    empty = [name for name, samples in by_name.items() if not samples]
    if empty:
        raise ValueError(f"{empty[0]}: contains no motions")
    return by_name


def to_markdown(by_name: Mapping[str, Sequence[Sample]]) -> str:
    """A Markdown table with a column per corpus; each needs at least one motion."""
    columns = {name: _rows(samples) for name, samples in by_name.items()}
    labels = list(dict.fromkeys(label for rows in columns.values() for label in rows))
    head = ["| | " + " | ".join(columns) + " |", "|" + " --- |" * (len(columns) + 1)]
    lines = (f"| {label} | " + " | ".join(rows.get(label, "–") for rows in columns.values()) + " |" for label in labels)
    return "\n".join([*head, *lines])


def _rows(samples: Sequence[Sample]) -> dict[str, str]:
    """Label -> value. One pass, without keeping recordings in memory."""
    splits, counts, verbs, words = Counter[str](), Counter[int](), Counter[str](), Counter[str]()
    motions, actions, lengths = [], [], []
    pauses: dict[str, list[float]] = {"before": [], "between": [], "after": []}
    repeated = 0
    for sample in samples:
        duration = sample.motion.duration
        splits[sample.split] += 1
        motions.append(duration)
        sentences = [tokenize(caption.text) for caption in sample.captions]
        lengths += [len(sentence) for sentence in sentences]
        words.update(word for sentence in sentences for word in sentence)
        repeated += len(sentences) - len({tuple(sentence) for sentence in sentences})
        parts = sample.segments
        if parts:
            counts[len(parts)] += 1
            verbs.update(str(part.label) for part in parts)
            actions += [part.end - part.start for part in parts]
            pauses["before"].append(parts[0].start)
            pauses["between"] += [after.start - before.end for before, after in pairwise(parts)]
            pauses["after"].append(duration - parts[-1].end)
    rows = {"motions, " + split: str(n) for split, n in splits.items()} | {"seconds per motion": _spread(motions)}
    rows |= {f"motions with {n} action{'s' * (n > 1)}": _share(counts[n], counts) for n in sorted(counts)}
    if actions:
        rows["seconds per action"] = _spread(actions)
    for position, gaps in pauses.items():
        if gaps:
            real = [gap for gap in gaps if gap > 0.01]
            rows[f"pause {position}"] = f"{100 * len(real) / len(gaps):.0f} %, mean {np.mean(real or [0]):.2f} s"
    rows |= {f"verb {verb}": _share(verbs[verb], verbs) for verb in sorted(verbs, key=lambda verb: -verbs[verb])}
    rows["sentences"] = f"{len(lengths)}, {100 * repeated / max(1, len(lengths)):.1f} % repeated within their motion"
    rows["words per sentence"] = (
        f"mean {np.mean(lengths or [0]):.2f}, {min(lengths, default=0)}–{max(lengths, default=0)}"
    )
    rows["different words"] = str(len(words))
    return rows


def _share(count: int, of: Counter) -> str:
    return f"{100 * count / of.total():.1f} %"


def _spread(seconds: Sequence[float]) -> str:
    quantiles = " · ".join(f"{value:.1f}" for value in np.percentile(seconds, _SHARES))
    return f"mean {np.mean(seconds):.2f}; {quantiles}"
