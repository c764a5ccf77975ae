"""What a training run leaves on disk while it runs: its configuration, log and TensorBoard events.

A run folder holds `config.json` (everything resolved), `log.csv` (a row an epoch), TensorBoard events, `last/` and
`best/` (model folders), `state.pt` (what `--resume` needs) and `run.lock`, which the run that writes it holds.
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
LOCK = "run.lock"  # held by the run that writes the folder
FILLED_IN = ("model.joints", "model.input_width", "model.vocabulary_size")  # of a configuration, from the corpus
COLUMNS = ("epoch", "loss", "captions_per_s", "bleu_4", "verbs", "iou", "score")  # of log.csv; empty: not measured


def require_free(out: Path) -> None:
    """ValueError when the folder holds a run already."""
    if (out / CONFIG).is_file():
        raise ValueError(f"{out}: already holds a run; add --resume to continue it or choose another --out")


def require_same(out: Path, run: RunConfig, besides: Collection[str] = ()) -> None:
    """ValueError when the folder holds a run of another configuration; `besides` are keys that may differ."""
    if (out / CONFIG).is_file() and (other := _differences(out / CONFIG, run, besides)):
        raise ValueError(
            f"{out}: holds a run of another configuration or corpus ({other}); "
            "go on with what it was begun with, or choose another --out"
        )


@contextmanager
def claimed(out: Path, run: RunConfig, resume: bool) -> Iterator[None]:
    """The run folder, made, with its configuration, for this run alone; ValueError when it holds another run or is
    being written by one."""
    path, lock = out / CONFIG, FileLock(out / LOCK)
    if resume:
        require_same(out, run)
    else:
        require_free(out)
    make_folder(out)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise ValueError(f"{out}: another run is training in it; wait for its end, or choose another --out") from None
    except (OSError, NotImplementedError):  # a file system without locks; what else is wrong, writing will say
        pass
    try:
        remove_leftovers([path, *(out / name for name in ("log.csv", "state.pt", "last", "best"))])
        write_text(path, run.model_dump_json(indent=2) + "\n")
        yield
    finally:
        lock.release()


def _differences(path: Path, run: RunConfig, besides: Collection[str]) -> str:
    """What a config.json says otherwise than this run, the first three keys; a key that it lacks has its default."""
    try:
        there = _flat(RunConfig.model_validate_json(path.read_bytes()).model_dump())
    except ValueError:
        return "its config.json is none"
    here = {key: value for key, value in _flat(run.model_dump()).items() if key not in besides}
    other = [
        f"{key} {shorten(str(there.get(key)))}, not {shorten(str(here[key]))}"
        for key in here
        if here[key] != there.get(key)
    ]
    return "; ".join(other[:3]) + (f"; {len(other)} in all" if len(other) > 3 else "")


def _flat(values: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Tables within tables as one, with keys such as `train.epochs`."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        flat |= _flat(value, f"{above}{key}.") if isinstance(value, dict) else {above + key: value}
    return flat


class RunLog:
    """`log.csv`, and TensorBoard events where it is installed: one row an epoch."""

    def __init__(self, out: Path, finished: int) -> None:
        self.path = out / "log.csv"
        if self.path.is_file():  # an epoch that was logged but not finished will be logged again
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
        """Add an epoch's row, keys of COLUMNS."""
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
