"""m2l data statistics."""

from __future__ import annotations

from pathlib import Path

from motion2language.cli.options import CorpusName


def statistics(*roots: Path, dataset: CorpusName = "compose") -> int:
    """Compare corpora side by side: motions, actions, durations, pauses, verbs, sentences.

    Parameters
    ----------
    roots
        Where the corpora are on disk.
    """
    from motion2language.data.statistics import load_by_name, to_markdown

    print(to_markdown(load_by_name(dataset, roots)))
    return 0
