"""m2l data collect."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path

from motion2language.cli.options import Input
from motion2language.cli.written import Out, show_written


def collect(
    folder: Path,
    /,
    *,
    labels: Path,
    out: Out,
    name: str | None = None,
    actions: Path | None = None,
    rate: float = 20.0,
    source: Input = Input(),
) -> int:
    """Turn a folder of motion files and a table of labels into labelled recordings, the form of the corpus people.

    Parameters
    ----------
    folder
        Folder of motion files, subfolders included.
    labels
        CSV with the columns file and label, and optionally start, end (seconds), person, sentence, phrase and fps; or
        the folder of transcripts that m2l view --edit wrote.
    out
        OUT.npz and OUT.json are written; where the labels give phrases for actions, also OUT.actions.toml with these
        and OUT.people.toml, which names both and can be used in place of OUT.npz.
    name
        Name of the source, by which the table of actions knows its labels. Default: that of --out.
    actions
        TOML file of rows and labels added to the table of actions.
    rate
        Frame rate of what is written.
    source
        What the files do not specify themselves.
    """
    from motion2language.data.actions import load_actions
    from motion2language.data.composing.pairs import pair, require_folder
    from motion2language.data.labelled.collect import collect as run
    from motion2language.data.labelled.own_actions import own_table, write_own_table
    from motion2language.data.labelled.selection import choose, read_selection, report
    from motion2language.data.labelled.table import find_recordings, read_table
    from motion2language.data.progress import show_progress

    if not 1 <= rate <= 1000:
        raise ValueError(f"--rate {rate}: give 1 to 1000 frames per second")
    require_folder(out)
    targets = pair(out)
    selection = read_selection(targets[0])
    if actions is not None:
        load_actions(actions)  # so that a wrong table is reported before the work
        selection = selection.model_copy(update={"actions": actions})
    source_name = name or targets[0].stem
    described = read_table(labels, find_recordings(folder, labels))
    own = own_table(labels, described, source_name, actions, required=False)
    with show_progress() as advance:
        counts = run(
            folder,
            labels,
            targets[0],
            source_name,
            rate,
            lambda path, fps: replace(source, fps=fps or source.fps).read(path),
            advance,
        )
    named = ", ".join(f"{label} {count}" for label, count in sorted(counts.items()))
    show_written(targets, f"{sum(counts.values())} labels: {named}")
    if own:
        added = write_own_table(targets[0], own)
        show_written(added, f"actions with your phrases; give {added[1]} in place of {targets[0]} to use them")
        selection = read_selection(added[1])
    try:
        report(targets[0], choose(selection))
    except ValueError as error:  # what was collected is written; its labels may still mean nothing
        warnings.warn(str(error), stacklevel=1)
    return 0
