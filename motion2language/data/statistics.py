"""What corpora hold, side by side: motions, actions, durations, pauses, verbs, sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np

from motion2language.data.samples import Sample
from motion2language.language.vocabulary import tokenize

_SHARES = (5, 25, 50, 75, 95)  # percentiles shown of durations


def statistics(corpora: Mapping[str, Sequence[Sample]]) -> str:
    """A Markdown table with a column for each corpus, at least one motion in each."""
    columns = {name: _rows(samples) for name, samples in corpora.items()}
    labels = list(dict.fromkeys(label for rows in columns.values() for label in rows))
    head = ["| | " + " | ".join(columns) + " |", "|" + " --- |" * (len(columns) + 1)]
    lines = (f"| {label} | " + " | ".join(rows.get(label, "–") for rows in columns.values()) + " |" for label in labels)
    return "\n".join([*head, *lines])


def _rows(samples: Sequence[Sample]) -> dict[str, str]:
    """Label -> value, read in one pass: recordings are not kept."""
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
    rows = {"motions, " + split: str(n) for split, n in splits.items()} | {"seconds of a motion": _spread(motions)}
    rows |= {f"motions with {n} action{'s' * (n > 1)}": _share(counts[n], counts) for n in sorted(counts)}
    if actions:
        rows["seconds of an action"] = _spread(actions)
    for name, each in pauses.items():
        if each:
            real = [pause for pause in each if pause > 0.01]
            rows[f"pause {name}"] = f"{100 * len(real) / len(each):.0f} %, mean {np.mean(real or [0]):.2f} s"
    rows |= {f"verb {verb}": _share(verbs[verb], verbs) for verb in sorted(verbs, key=lambda verb: -verbs[verb])}
    rows["sentences"] = f"{len(lengths)}, {100 * repeated / max(1, len(lengths)):.1f} % as another of their motion"
    rows["words of a sentence"] = (
        f"mean {np.mean(lengths or [0]):.2f}, {min(lengths, default=0)}–{max(lengths, default=0)}"
    )
    rows["different words"] = str(len(words))
    return rows


def _share(count: int, of: Counter) -> str:
    return f"{100 * count / of.total():.1f} %"


def _spread(seconds: Sequence[float]) -> str:
    quantiles = " · ".join(f"{value:.1f}" for value in np.percentile(seconds, _SHARES))
    return f"mean {np.mean(seconds):.2f}; {quantiles}"
