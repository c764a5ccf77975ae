"""The folder of a training run: its configuration, log, TensorBoard events and lock.

A run folder holds `config.json` (everything resolved), `log.csv` (one row per epoch), TensorBoard events, `last/` and
`best/` (model folders), `state.pt` (what `--resume` needs) and `run.lock`, locked by the run that writes the folder.
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from motion2language.files import make_folder, remove_leftovers, write_text
from motion2language.training.config import RunConfig, shorten

CONFIG = "config.json"
LOCK = "run.lock"
FILLED_IN = ("model.joints", "model.input_width", "model.vocabulary_size")  # keys that come from the corpus
COLUMNS = ("epoch", "loss", "captions_per_s", "bleu_4", "verbs", "iou", "score")  # of log.csv; empty: not measured


def require_usable(out: Path, run: RunConfig, resume: bool, besides: Collection[str] = ()) -> None:
    """ValueError when the folder holds a run and is not resumed, or holds another one than `run`.

    besides  keys of the configuration that may differ
    """
    if resume:
        require_same(out, run, besides)
    elif (out / CONFIG).is_file():
        raise ValueError(f"{out}: already holds a run; add --resume to continue it or choose another --out")


def require_same(out: Path, run: RunConfig, besides: Collection[str] = ()) -> None:
    """ValueError when the folder holds a run of another configuration; the keys `besides` may differ."""
    if (out / CONFIG).is_file() and (other := _differences(out / CONFIG, run, besides)):
        raise ValueError(
            f"{out}: holds a run of another configuration or corpus ({other}); "
            "go on with what it was begun with, or choose another --out"
        )


@contextmanager
def acquire_lock(out: Path, run: RunConfig, resume: bool) -> Iterator[None]:
    """Make the run folder, write its configuration, and keep other runs out of it while this block runs.

    ValueError when it holds another run or another run is writing it.
    """
    path, lock = out / CONFIG, FileLock(out / LOCK)
    require_usable(out, run, resume)
    make_folder(out)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise ValueError(f"{out}: another run is training in it; wait for its end, or choose another --out") from None
    except (OSError, NotImplementedError):  # a file system without locks; any other error shows on writing
        pass
    try:
        remove_leftovers([path, *(out / name for name in ("log.csv", "state.pt", "last", "best"))])
        write_text(path, run.model_dump_json(indent=2) + "\n")
        yield
    finally:
        lock.release()


def _differences(path: Path, run: RunConfig, besides: Collection[str]) -> str:
    """The first three keys in which a config.json differs from this run; a key missing there has its default."""
    try:
        stored = _flat(RunConfig.model_validate_json(path.read_bytes()).model_dump())
    except ValueError:
        return "its config.json cannot be read"
    here = {key: value for key, value in _flat(run.model_dump()).items() if key not in besides}
    other = [
        f"{key} {shorten(str(stored.get(key)))}, not {shorten(str(here[key]))}"
        for key in here
        if here[key] != stored.get(key)
    ]
    return "; ".join(other[:3]) + (f"; {len(other)} in all" if len(other) > 3 else "")


def _flat(values: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Nested tables as one table, with keys such as `train.epochs`."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        flat |= _flat(value, f"{above}{key}.") if isinstance(value, dict) else {above + key: value}
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
        """Add the row of an epoch; its keys are of COLUMNS."""
        fresh = not (self.path.is_file() and self.path.stat().st_size)
        try:
            with self.path.open("a", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, COLUMNS)
                if fresh:
                    writer.writeheader()
                writer.writerow(row)
            if self.events is not None:
                for key, value in row.items():
                    self.events.add_scalar(key, value, int(row["epoch"]))
                self.events.flush()
        except OSError as error:
            raise ValueError(f"{self.path}: cannot be written ({error.strerror})") from None
