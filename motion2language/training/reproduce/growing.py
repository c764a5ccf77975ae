"""`m2l reproduce growing`: how well does a model learn actions that it never saw, and what does it lose?

The model is one that was trained without six verbs (configs/growing/base.toml). It is adapted, as by m2l adapt, to a
few clips of each of the six at once, of three people of one source; where three people have too few clips, of as many
more as it takes. Then it is asked about all clips of the other people, and about what it knew: recordings of people
held out of its training, and BNR-Compose's test split. Finished adaptations are not repeated.
"""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from motion2language.captioning.loading import load_model
from motion2language.data.labelled.form import read_motion, write_source
from motion2language.data.labelled.persons import person_of
from motion2language.data.labelled.selection import Usable, choose, read_selection
from motion2language.files import make_folder, write_text
from motion2language.scoring.naming import Answer, summarise
from motion2language.scoring.people import ask_recordings
from motion2language.training.adapt import adapt, run_folder
from motion2language.training.reproduce.people import Examination, answers_of, ask, split_recordings

#: New action -> the source of its clips; together with `LEFT`, what the model must not have seen.
NEW = {
    "drink": "kard", "throw": "kindergator", "catch": "utdmhad", "lunge": "utdmhad", "put down": "hdm05",
    "letter pose": "kindergator",
}  # fmt: skip
LEFT = frozenset((*NEW, "bowl"))
PEOPLE = 3


@dataclass(frozen=True)
class Lesson:
    """What a model learns of an action and is asked about it."""

    learnt: Sequence[Usable]
    asked: Sequence[Usable]

    @property
    def people(self) -> int:
        """How many people it learns from."""
        return len({person_of(each.entry) for each in self.learnt})


def plan_lesson(recordings: Sequence[Usable], clips: int, seed: int) -> Lesson:
    """`clips` recordings of PEOPLE people, or of as many as it takes, in turn; all of the others' are asked about."""
    by_person: dict[str, list[Usable]] = defaultdict(list)
    for each in recordings:
        by_person[person_of(each.entry)].append(each)
    people = sorted(by_person)
    np.random.default_rng(seed).shuffle(people)
    count = PEOPLE
    while count < len(people) - 1 and sum(len(by_person[name]) for name in people[:count]) < clips:
        count += 1
    turns = [(turn, each) for name in people[:count] for turn, each in enumerate(by_person[name])]
    learnt = [each for _, each in sorted(turns, key=lambda pair: pair[0])][:clips]
    return Lesson(learnt, [each for name in people[count:] for each in by_person[name]])


def examine(
    model: str | Path,
    root: Path,
    compose: Path | None,
    out: Path,
    clips: Sequence[int] = (10, 20),
    seed: int = 1,
    overrides: Sequence[str] = (),
    device: str = "cpu",
) -> str:
    """Adapt the model to `clips` clips of each new action, ask, write OUT/table.md and return it.

    root     labelled recordings, with the sources of NEW
    compose  BNR-Compose, or None
    """
    whole = choose(read_selection(root)).recordings
    held = [each for each in split_recordings(root)["test"] if not LEFT & {m.action for m in each.meanings}]
    old = ask_recordings(held)
    first = answers_of(before := ask(model, "before", Examination(old, {}, [], compose), out, device), old)
    lines, kept = [], [_kept(f"{Path(model).name}, before", first, before["composed"])]
    for count in clips:
        lessons = {action: plan_lesson([each for each in whole if _shows(each, action)], count, seed) for action in NEW}
        name = f"{count}-clips"
        adapted = _adapt(model, lessons, out / name, seed, overrides)
        asked = [*old, *(question for lesson in lessons.values() for question in ask_recordings(lesson.asked))]
        result = ask(adapted, name, Examination(asked, {}, [], compose), out, device)
        lines += _named(lessons, result, count)
        kept.append(_kept(f"learnt from {count} clips", answers_of(result, old), result["composed"]))
    heads = ["| clips of each | " + " | ".join([*NEW, "mean"]) + " |", "| --- |" + " --- |" * (len(NEW) + 1)]
    text = "\n".join(
        [
            "Actions never seen, other people: the longest segment's words name it", "", *heads, *lines, "",
            f"What it knew: {len(old)} recordings of people held out, BNR-Compose's test split", "",
            "| | known verbs | other actions | all | named as a new one | BLEU-4 | verbs right | IoU, several |",
            "| --- | --- | --- | --- | --- | --- | --- | --- |", *kept,
        ]
    )  # fmt: skip
    write_text(out / "table.md", text + "\n")
    return text + "\n"


def _shows(each: Usable, action: str) -> bool:
    one = len(each.meanings) == 1 and not each.entry.spans
    return one and each.entry.source == NEW[action] and each.meanings[0].action == action


def _adapt(model: str | Path, lessons: Mapping[str, Lesson], out: Path, seed: int, overrides: Sequence[str]) -> Path:
    """The folder of the adapted model, adapted if it is not there yet."""
    if (out / "config.json").is_file():
        return out
    takes = out.with_name(f"{out.name}-takes")
    make_folder(takes)
    by_source: dict[str, list[Usable]] = defaultdict(list)
    for lesson in lessons.values():
        for each in lesson.learnt:
            by_source[each.entry.source].append(each)
    for source, members in by_source.items():
        motions = [read_motion(each.arrays, each.fps, each.entry.number, each.entry.name) for each in members]
        entries = [{"id": m.entry.id, "label": m.entry.label, "subject": m.entry.person} for m in members]
        write_source(takes / source, {"source": source}, entries, motions)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        resume = (run_folder(out) / "state.pt").is_file()
        chosen = [*overrides, f"train.seed={seed}"]
        adapt(load_model(model), takes, out, share=0.0, overrides=chosen, resume=resume)
    return out


def _named(lessons: Mapping[str, Lesson], result: Mapping[str, Any], count: int) -> list[str]:
    """Two lines: of how many clips and people each action was learnt and asked, and the share that is named."""
    rights = {}
    for action, lesson in lessons.items():
        answers = answers_of(dict(result), ask_recordings(lesson.asked))
        rights[action] = fmean(answer.right for answer in answers)
    facts = [f"{len(one.learnt)} of {one.people} people; {len(one.asked)} asked" for one in lessons.values()]
    shares = [f"{share:.2f}" for share in (*rights.values(), fmean(rights.values()))]
    return [f"| | {' | '.join(facts)} | |", f"| {count} | {' | '.join(shares)} |"]


def _kept(name: str, answers: Sequence[Answer], composed: Mapping[str, float]) -> str:
    scores = summarise(answers)
    every = fmean(answer.right for answer in answers)
    stolen = sum(answer.said in LEFT for answer in answers)
    cells = [f"{scores['known']:.3f}", f"{scores['other']:.3f}", f"{every:.3f}", f"{stolen}"]
    if composed:
        cells += [f"{composed['bleu_4']:.1f}", f"{100 * composed['verbs_exact/all']:.1f} %"]
        cells.append(f"{composed['iou/strict/several']:.3f}")
    else:
        cells += ["–"] * 3
    return f"| {name} | {' | '.join(cells)} |"
