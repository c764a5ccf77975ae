"""The folder of a training run: its configuration, log, TensorBoard events and lock.

A run folder holds `config.json` (everything resolved), `log.csv` (one row per epoch), TensorBoard events, `last/` and
`best/` (model folders), `state.pt` (for `--resume`) and `run.lock`, which the run that writes the folder holds locked.
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from motion2language.files import Lock, make_folder, remove_leftovers, write_text
from motion2language.training.config import RunConfig, shorten

CONFIG = "config.json"
LOCK = "run.lock"
FILLED_IN = ("model.joints", "model.input_width", "model.vocabulary_size")  # keys that come from the corpus
#: Columns of log.csv; a field is empty where nothing was measured.
COLUMNS = ("epoch", "loss", "captions_per_s", "bleu_4", "verbs", "iou", "score")


#: Keys of the configuration that a resumed run may change: they change neither a weight's shape nor what it reads.
CHANGEABLE = (
    "train.", "model.early", "model.dropout", "model.max_words", "model.max_seconds", "model.half_window",
    "model.half_window_seconds",
)  # fmt: skip


def require_usable(
    out: Path, run: RunConfig, resume: bool, besides: Collection[str] = (), changeable: bool = False
) -> None:
    """ValueError when the folder holds a run that is not resumed, or a run of another configuration.

    besides     keys of the configuration that may differ
    changeable  so may the keys CHANGEABLE
    """
    if resume:
        free = [key for key in _flatten(run.model_dump()) if changeable and key.startswith(CHANGEABLE)]
        require_same(out, run, [*besides, *free])
    elif (out / CONFIG).is_file():
        raise ValueError(f"{out}: already holds a run; add --resume to continue it or choose another --out")


def require_same(out: Path, run: RunConfig, besides: Collection[str] = ()) -> None:
    """ValueError when the folder holds a run of another configuration; the keys `besides` may differ."""
    if (out / CONFIG).is_file() and (other := differences(out / CONFIG, run, besides)):
        raise ValueError(
            f"{out}: holds a run of another configuration or corpus ({other}); "
            "continue with those that it began with, or choose another --out"
        )


@contextmanager
def acquire_lock(out: Path, run: RunConfig, resume: bool, changeable: bool = False) -> Iterator[str]:
    """Make the run folder, write its configuration, and keep other runs out of it while this block runs.

    Gives the keys that a resumed run changes, in words; only the keys CHANGEABLE, and only if `changeable`. ValueError
    when the folder holds another run, or while another run is writing it.
    """
    path, lock = out / CONFIG, Lock(out / LOCK)
    require_usable(out, run, resume, changeable=changeable)
    changes = differences(path, run) if path.is_file() else ""
    make_folder(out)
    with suppress(OSError):  # a file system without locks; any other error shows on writing
        if not lock.acquire(wait=False):
            raise ValueError(f"{out}: another run is training in it; wait until it ends, or choose another --out")
    try:
        written = [path, *(out / name for name in ("log.csv", "state.pt", "last", "best"))]
        remove_leftovers(written)
        write_text(path, run.model_dump_json(indent=2) + "\n")
        yield changes
        remove_leftovers(written)  # now also a model that a killed run was replacing: there is a new one
    finally:
        lock.release()


def differences(path: Path, run: RunConfig, besides: Collection[str] = ()) -> str:
    """The first three keys that differ between a config.json and this run; missing keys take their defaults."""
    try:
        stored = _flatten(RunConfig.model_validate_json(path.read_bytes()).model_dump())
    except ValueError:
        return "its config.json cannot be read"
    current = {key: value for key, value in _flatten(run.model_dump()).items() if key not in besides}
    differences = [
        f"{key} {shorten(str(stored.get(key)))}, not {shorten(str(current[key]))}"
        for key in current
        if current[key] != stored.get(key)
    ]
    return "; ".join(differences[:3]) + (f"; {len(differences)} in all" if len(differences) > 3 else "")


def _flatten(values: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Nested tables as one table, with keys such as `train.epochs`."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        flat |= _flatten(value, f"{above}{key}.") if isinstance(value, dict) else {above + key: value}
    return flat


class RunLog:
    """`log.csv`, one row per epoch, and TensorBoard events where TensorBoard is installed."""

    def __init__(self, out: Path, finished: int) -> None:
        self.path = out / "log.csv"
        if self.path.is_file():  # an epoch that was logged but not finished is logged again
            lines = self.path.read_text(encoding="utf-8").splitlines(keepends=True)
            write_text(self.path, "".join(lines[: finished + 1]) if finished else "")
        try:
            from torch.utils.tensorboard import SummaryWriter

            self.events: SummaryWriter | None = SummaryWriter(str(out))
        except ImportError:
            self.events = None

    def __enter__(self) -> RunLog:
        return self

    def __exit__(self, *_: object) -> None:
        if self.events is not None:
            self.events.close()

    def write(self, row: Mapping[str, float]) -> None:
        """Add the row of an epoch, by column of COLUMNS."""
        is_new = not (self.path.is_file() and self.path.stat().st_size)
        try:
            with self.path.open("a", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")  # as a resumed run keeps them
                if is_new:
                    writer.writeheader()
                writer.writerow(row)
            if self.events is not None:
                for key, value in row.items():
                    self.events.add_scalar(key, value, int(row["epoch"]))
                self.events.flush()
        except OSError as error:
            raise ValueError(f"{self.path}: cannot be written ({error.strerror})") from None
