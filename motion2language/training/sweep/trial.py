"""One trial of a sweep: a configuration with the values to try, trained in a run folder of its own."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from motion2language.files import make_folder, write_text
from motion2language.training.config import load_config
from motion2language.training.processes import Processes
from motion2language.training.sweep.space import Space, Value, override
from motion2language.training.train import load_splits, train

RETRIES = 2  # times a trial is started again after its process died; chosen


@dataclass(frozen=True)
class Sweep:
    """The settings that all trials share: configuration, corpus and its store, device, folder, and search space."""

    config: Path
    overrides: tuple[str, ...]
    dataset: str
    root: Path | None
    store: Path | None
    device: str
    out: Path
    space: Space

    def make_own_folder(self, ray_trials: int | None) -> None:
        """Make the folder and describe the sweep in it; ValueError when it holds another sweep.

        ray_trials  trials of a sweep on Ray, whose number cannot grow later; None for a sweep on this machine
        """
        self.require_own(ray_trials)
        make_folder(self.out)
        write_text(self.out / "sweep.json", json.dumps(self._describe(ray_trials), indent=2) + "\n")

    def require_own(self, ray_trials: int | None) -> None:
        """ValueError when the folder holds another sweep; `ray_trials` as in make_own_folder."""
        path, own = self.out / "sweep.json", self._describe(ray_trials)
        if path.is_file():
            stored = _read_object(path)
            if other := [key for key, value in own.items() if key not in stored or stored[key] != value]:
                raise ValueError(
                    f"{self.out}: holds another sweep; not the same: {', '.join(other)}; choose another --out"
                )

    def _describe(self, ray_trials: int | None) -> dict[str, Any]:
        """The content of sweep.json."""
        settings = load_config(self.config, self.overrides)
        space = {key: part.model_dump(mode="json") for key, part in self.space.items()}
        root = None if self.root is None else str(self.root)
        return {
            "corpus": [self.dataset, root], "space": space, "configuration": settings.model_dump(mode="json"),
            "trials on Ray": ray_trials,
        }  # fmt: skip


def _read_object(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        value = None
    return value if isinstance(value, dict) else {}


@dataclass(frozen=True)
class Outcome:
    """The result of a trial: the values tried and the best validation score, or the error."""

    name: str
    values: Mapping[str, Value]
    score: float | None
    error: str = ""

    def __str__(self) -> str:
        """One line."""
        values = "  ".join(f"{key} {_format_value(value)}" for key, value in self.values.items())
        return f"{self.name}: {self.error if self.score is None else f'score {self.score:.2f}'}  {values}"


def run_trial(sweep: Sweep, name: str, values: Mapping[str, Value]) -> Outcome:
    """Train with the values in the sweep's folder `name`, resuming an earlier attempt."""
    out = sweep.out / name
    try:
        chosen = [override(key, value) for key, value in values.items()]
        run = load_config(sweep.config, [*sweep.overrides, *chosen])
        training, validation = load_splits(run, sweep.dataset, sweep.root, sweep.store)
        train(run, training, validation, out, resume=True, processes=Processes(device=sweep.device))
    except (ValueError, OSError, RuntimeError) as error:  # RuntimeError: torch's, such as a device out of memory
        return Outcome(name, values, None, " ".join(str(error).split())[:300])
    with (out / "log.csv").open(newline="", encoding="utf-8") as file:
        scores = [float(row["score"]) for row in csv.DictReader(file) if row["score"]]
    return Outcome(name, values, max(scores))


def table(outcomes: Sequence[Outcome]) -> str:
    """Every trial, best first, as a Markdown table."""
    keys = sorted({key for outcome in outcomes for key in outcome.values})
    lines = [f"| trial | score | {' | '.join(keys)} | |", "| --- " * (len(keys) + 3) + "|"]
    for outcome in sorted(outcomes, key=lambda outcome: (outcome.score is None, -(outcome.score or 0.0))):
        score = "–" if outcome.score is None else f"{outcome.score:.2f}"
        cells = (_format_value(outcome.values[key]) if key in outcome.values else "–" for key in keys)
        lines.append(f"| {outcome.name} | {score} | {' | '.join(cells)} | {outcome.error.replace('|', '/')} |")
    return "\n".join(lines)


def _format_value(value: Value) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
