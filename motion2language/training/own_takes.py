"""A user's own takes as labelled recordings that an adaptation reads: OUT.run/takes.toml and what it refers to."""

from __future__ import annotations

import json
from pathlib import Path

from motion2language.data.labelled.collect import Read, Step, collect
from motion2language.data.labelled.own_actions import own_table
from motion2language.data.labelled.selection import read_selection
from motion2language.data.labelled.table import find_recordings, read_table
from motion2language.files import make_folder, read_text, write_text
from motion2language.formats import FORMATS, files_in

NAME = "takes"  # of the source
RATE = 20.0  # frames per second of what is written, as of m2l data collect


def require_unused(out: Path, run: Path, resume: bool) -> None:
    """ValueError when the model is there already, or begun and not to be resumed."""
    if (out / "config.json").is_file() and resume and (run / "state.pt").is_file():
        raise ValueError(
            f"--out {out}: is finished; for more epochs remove {out}, not {run}, and repeat the command with --resume "
            "and a larger --set train.epochs"
        )
    if (out / "config.json").is_file() or (out.exists() and not out.is_dir()):
        raise ValueError(f"--out {out}: is there already; choose another, or remove it")
    if (run / "state.pt").is_file() and not resume:
        raise ValueError(f"--out {out}: {run} holds an adaptation that was interrupted; add --resume, or remove it")


def collect_own(
    folder: Path, labels: Path, table: Path | None, run: Path, *, read: Read, step: Step = lambda stage, total: None
) -> Path:
    """Collect motion files and their labels into the folder `run`; returns the TOML file that chooses them.

    folder  folder of motion files; or of corrected transcripts, then also the labels
    table   TOML file of rows and labels that the user adds to the table of actions

    ValueError for a label that the table lacks and the labels give no phrase for, before anything is read.
    """
    text = own_table(labels, read_table(labels, find_recordings(folder, labels)), NAME, table)
    make_folder(run)
    write_text(run / "actions.toml", text or (read_text(table, "a table of actions in TOML") if table else ""))
    collect(folder, labels, run / f"{NAME}.npz", NAME, RATE, read, step)
    return _write_selection(run, f"{NAME}.npz", {"actions": "actions.toml"})


def use_pairs(root: Path, table: Path | None, run: Path) -> Path:
    """The TOML file that chooses labelled recordings which are there already: that of the user, or one in `run`.

    ValueError when `root` holds motion files without labels.
    """
    _require_pairs(root)
    selection = read_selection(root)
    if root.suffix == ".toml" and table is None:
        return root
    make_folder(run)
    given = selection.model_dump(mode="json", exclude_defaults=True)
    given |= {"folder": str(selection.folder.absolute())} | ({"actions": str(table.absolute())} if table else {})
    return _write_selection(run, given.pop("folder"), given)


def _require_pairs(root: Path) -> None:
    """ValueError, with what was found, for motion files, and for folders that hold nothing to learn from."""
    if root.is_file() and root.suffix.lower() in FORMATS.keys() - {".npz", ".json"}:
        raise ValueError(f"{root}: is a motion file; give the folder of the takes, and a table of labels with --labels")
    if not root.is_dir() or any(path.with_suffix(".json").is_file() for path in root.glob("*.npz")):
        return
    files, tables = files_in(root), sorted(path.name for path in root.glob("*.csv"))
    if files:
        table = "labels.csv" if "labels.csv" in tables else tables[0] if len(tables) == 1 else ""
        found = f"{len(files)} motion files" + (f" and {table}" if table else "")
        raise ValueError(
            f"{root}: holds {found}, but --labels is missing; "
            f"add --labels {root / table if table else 'TABLE.csv, a table with the columns file and label'}"
        )
    raise ValueError(f"{root}: holds neither motion files nor corrected transcripts nor labelled recordings")


def _write_selection(run: Path, folder: str, others: dict[str, object]) -> Path:
    path = run / f"{NAME}.toml"
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in ({"folder": folder} | others).items()]
    write_text(path, "\n".join(lines) + "\n")
    return path
