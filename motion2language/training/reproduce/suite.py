"""A suite: a folder of `configs/`; each of its TOML files is a row of one table.

`base.toml` holds the settings that the rows share and is not a row. Files in a subfolder named after a corpus are for
that corpus alone: if the suite has such a folder for the given corpus, its rows are run, otherwise those of the suite
itself. A suite with such folders is a published table; its rows outside them are KIT-ML's, and also run on any other
corpus.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from motion2language.data import corpora
from motion2language.training.config import RunConfig, load_config

PACKAGE = Path(__file__).parents[2]
KIT = "kit"
KITS = (KIT, "kit-paper")  # the same recordings, brought to the models' rate in two ways
FOLDERS = (PACKAGE / "configs", PACKAGE.parent / "configs")  # as installed, as checked out


@dataclass(frozen=True)
class Row:
    """One configuration of a suite.

    name    of its file, with the folder if it is for one corpus: "humanml3d/recurrent-local-mlp-d5"
    corpus  the only corpus that it is for, or None
    """

    name: str
    config: RunConfig
    corpus: str | None = None


def names() -> tuple[str, ...]:
    """The available suites: folders of configurations on a shared base."""
    return tuple(sorted({path.parent.name for parent in FOLDERS for path in parent.glob("*/base.toml")}))


def load(suite: str, overrides: Sequence[str] = ()) -> list[Row]:
    """The rows of a suite of `configs/`, of any folder or of one file; ValueError lists the available suites.

    overrides  such as `train.epochs=1`, for every row
    """
    known = [parent / suite for parent in FOLDERS if suite in names()]
    folder = next((path for path in known if path.is_dir()), Path(suite))
    files = [path for path in folder.rglob("*.toml") if path.name != "base.toml"]
    if folder.is_file():
        folder, files = folder.parent, [folder]
    if not files:
        raise ValueError(
            f"no suite {suite!r}; there are {', '.join(names())}, or give a configuration or a folder of them"
        )
    rows = [
        Row(
            path.relative_to(folder).with_suffix("").as_posix(),
            load_config(path, overrides),
            None if path.parent == folder else path.parent.relative_to(folder).as_posix(),
        )
        for path in files
    ]
    return sorted(rows, key=lambda row: (row.corpus or "", row.name))


def choose(rows: Sequence[Row], wanted: Sequence[str]) -> list[Row]:
    """The rows with these names, or all rows without names; ValueError suggests the nearest row for an unknown name."""
    known = [row.name for row in rows]
    for name in wanted:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            advice = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
            raise ValueError(f"no row {name!r} in this suite; {advice}")
    return [row for row in rows if row.name in wanted or not wanted]


def reason_not_to_run(row: Row, rows: Sequence[Row], suite: str, corpus: str, angles: bool) -> str:
    """Why a row is not run on `corpus`, for the table; empty when it is run.

    angles  whether the corpus' recordings have joint angles
    """
    own = {other.corpus for other in rows} - {None}
    if row.corpus is not None and row.corpus != corpus:
        return explain_absence(suite, row.corpus)
    if row.corpus is None and corpus in own:
        return explain_absence(suite, KIT)
    if row.config.model.features == "angles" and not angles:
        return f"not applicable: {corpus} has no joint angles"
    return ""


def explain_absence(suite: str, corpus: str) -> str:
    """That a row needs a corpus that may not be redistributed, and the command for a user who has it."""
    reason = f"not run here: {corpus} may not be redistributed"
    if corpus not in corpora.names():
        return f"{reason}, and m2l cannot read {corpus} yet"
    return f"{reason}; with yours: m2l reproduce --suite {suite} --corpus {corpus} --root ROOT --out OUT"
