"""`m2l reproduce variations`: what does each variation of composed takes give a segmenter that never saw a sensor?

The names of a segmenter are trained shortly and alike with all variations, with none and without each; twice with all,
from two seeds, to show what chance alone does. Each is asked about recordings of people held out and about parts of
takes cut by hand: the action whose frames have most chance. OUT/table.md has the shares, OUT/rows/ each row's answers.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import BaseModel
from rich.progress import Progress, TaskID

from motion2language.body import to_canonical
from motion2language.captioning.features import feature
from motion2language.data.actions import load_actions
from motion2language.data.progress import progress_bar
from motion2language.files import make_folder, write_text
from motion2language.model.segmenter import Segmenter, SegmenterConfig
from motion2language.scoring.naming import GROUPS, KNOWN, Answer, Reader, baselines, summarise
from motion2language.scoring.people import Question
from motion2language.training.reproduce.people import Examination
from motion2language.training.reproduce.people_tables import HEADS, share, table
from motion2language.training.segmenting.compose import Composition, Pool
from motion2language.training.segmenting.fit import Fitting, require_learnable
from motion2language.training.segmenting.recordings import of_people
from motion2language.training.segmenting.teach import FPS, SegmenterRun, action_of
from motion2language.training.segmenting.units import units_of
from motion2language.training.segmenting.vary import Variation


@dataclass(frozen=True)
class Row:
    """One training: how its takes are put together and varied, from which seed, and whether it learns from gestures."""

    name: str
    compose: Composition
    vary: Variation
    seed: int
    gestures: bool = True


def rows(run: SegmenterRun, gestures: bool) -> list[Row]:
    """All variations twice, none, and without each that the run has; without gestures, where there are any."""
    compose, vary, seed = run.train.compose, run.train.vary, run.train.seed
    found = [
        Row("all", compose, vary, seed),
        Row("all, another seed", compose, vary, seed + 1),
        Row("none", Composition.model_validate(_zeros(compose)), Variation.model_validate(_zeros(vary)), seed),
    ]
    for name in (name for name, value in compose if value):
        found.append(Row(f"without {name}", compose.model_copy(update={name: 0.0}), vary, seed))
    for name in (name for name, value in vary if value):
        found.append(Row(f"without {name}", compose, vary.model_copy(update={name: 0.0}), seed))
    return [*found, Row("without gestures", compose, vary, seed, gestures=False)] if gestures else found


def _zeros(config: BaseModel) -> dict[str, float]:
    return dict.fromkeys(type(config).model_fields, 0.0)


def examine(
    run: SegmenterRun, root: Path, more: Path | None, asked: Examination, out: Path, device: str = "cpu"
) -> str:
    """Train and ask every row, write OUT/table.md after each and return it; a finished row is not repeated.

    root  labelled recordings; more  the same with gestures drawn on their bodies, or None
    """
    require_learnable(run.train, starts=False)
    make_folder(out / "rows")
    pools: dict[Path, Pool] = {}
    given: dict[str, list[Answer]] = {}
    text = ""
    wanted = rows(run, more is not None)
    with progress_bar() as bar:
        for row in wanted:
            source = more if more is not None and row.gestures else root
            path = out / "rows" / f"{row.name.replace(' ', '-')}.json"
            key = hashlib.sha256(repr((row, run, source, [q.name for q in asked.questions])).encode()).hexdigest()
            stored = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
            if stored.get("key") != key:
                if source not in pools:
                    recordings = of_people(source, "train", FPS)
                    pools[source] = Pool([unit for each in recordings for unit in units_of(each, FPS)], FPS)
                segmenter = _train(row, run, pools[source], device, bar)
                stored = {"key": key, "said": _said(segmenter, asked.questions)}
                write_text(path, json.dumps(stored) + "\n")
            given[row.name] = _answers(stored["said"], asked.questions)
            text = _table(given, asked)
            write_text(out / "table.md", text)
    return text


def _train(row: Row, run: SegmenterRun, pool: Pool, device: str, bar: Progress) -> Segmenter:
    actions = load_actions()
    names = sorted({unit.action for unit in pool.units})
    shape = {name: getattr(run, name) for name in SegmenterRun.model_fields if name != "train"}
    config = SegmenterConfig(actions={name: action_of(name, actions) for name in names}, **shape)
    fit = run.train.model_copy(update={"compose": row.compose, "vary": row.vary, "seed": row.seed})
    fitting = Fitting(pool, config, fit, device)
    task: TaskID = bar.add_task(row.name, total=fitting.steps)
    while fitting.done < fitting.steps:
        fitting.step()
        bar.advance(task)
    return fitting.segmenter()


def _said(segmenter: Segmenter, questions: Sequence[Question]) -> dict[str, str]:
    """Of each question, by its name, the kind of action (naming.Reader.kind) whose frames have most chance."""
    reader = Reader(load_actions())
    kinds = np.array([reader.kind(name) for name in segmenter.config.actions])
    each = sorted(set(kinds))
    of_kind = np.stack([kinds == kind for kind in each], 1).astype(np.float32)
    said = {}
    for question in questions:
        motion = to_canonical(question.read()).resample(segmenter.config.fps)
        chances = segmenter.name(feature(segmenter.config.features)(motion)).mean(0)[1:]
        said[question.name] = each[int((chances @ of_kind).argmax())]
    return said


def _answers(said: Mapping[str, str], questions: Sequence[Question]) -> list[Answer]:
    reader, answers = Reader(load_actions()), []
    for question in questions:
        kind, own = said[question.name], reader.kind(question.wanted)
        about = question.name, question.source, question.wanted
        answers.append(Answer(*about, said=kind, right=kind == own, named=kind == own, known=own in KNOWN))
    return answers


def _table(given: Mapping[str, Sequence[Answer]], asked: Examination) -> str:
    """A line for each row and baseline: shares of people held out and of the parts of each source of takes."""
    parts = {"people held out": asked.held, **{f"parts of {name}": each for name, each in asked.parts.items()}}
    names = {part: {question.name for question in questions} for part, questions in parts.items()}
    lines = dict(given)
    lines |= baselines(Reader(load_actions()), asked.seen, next(iter(given.values())))
    heads: list[str] = []
    cells: dict[str, list[str]] = {name: [] for name in lines}
    for part, own in names.items():
        scores = {name: summarise([a for a in answers if a.name in own]) for name, answers in lines.items()}
        groups = [group for group in GROUPS if group in next(iter(scores.values()))]
        heads += [f"{part}: {HEADS[group]} ({next(iter(scores.values()))[f'{group}/n']:.0f})" for group in groups]
        for name, score in scores.items():
            cells[name] += [share(score[group]) for group in groups]
    title = "Named by a segmenter's frames alone, mean over sources"
    return table(title, ["", *heads], [[name, *row] for name, row in cells.items()]) + "\n"
