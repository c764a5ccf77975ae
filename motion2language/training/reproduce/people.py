"""`m2l reproduce people`: do models name what people do, whom they never saw and whose sensors they never saw?

Models are asked about the recordings of people held out of training (scoring/people.py): each action by the longest
segment's words, strictly. Parts of takes, cut by hand, and BNR-Compose's test split are asked too, if given. Tables
stand in OUT/table.md, answers in OUT/answers/; a model that has answered the same questions is not asked again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from motion2language.captioning.captioner import Captioner
from motion2language.captioning.loading import load_model
from motion2language.captioning.model_folder import find_model, names_apart
from motion2language.data import corpora
from motion2language.data.actions import load_actions
from motion2language.data.labelled.persons import split_by_person
from motion2language.data.labelled.selection import Usable, choose, choose_cut, read_selection
from motion2language.data.progress import progress_bar
from motion2language.data.samples import load_into_memory
from motion2language.files import make_folder, write_text
from motion2language.scoring.evaluate import evaluate
from motion2language.scoring.naming import Answer, Reader, baselines
from motion2language.scoring.people import Question, answer, ask_parts, ask_recordings, collection
from motion2language.training.reproduce import people_tables

ACTIONS = load_actions()


@dataclass(frozen=True)
class Examination:
    """What models are asked.

    held    recordings of people held out of training
    parts   name of a source of takes -> its parts, cut by hand
    seen    (source, action) of the training recordings, for the baselines
    compose root of BNR-Compose, or None
    """

    held: Sequence[Question]
    parts: dict[str, Sequence[Question]]
    seen: Sequence[tuple[str, str]]
    compose: Path | None

    @property
    def questions(self) -> list[Question]:
        """All of them."""
        return [*self.held, *(question for part in self.parts.values() for question in part)]


def examination(root: Path, takes: Path | None = None, compose: Path | None = None) -> Examination:
    """The questions: of people held out at `root`, of the parts of `takes`, and BNR-Compose at `compose`."""
    splits = split_recordings(root)
    held, training = ask_recordings(splits["test"]), ask_recordings(splits["train"])
    if not held:
        raise ValueError(f"{root}: no recording of a person held out has one label that means one action")
    parts: dict[str, Sequence[Question]] = {}
    if takes is not None:
        whole = choose_cut(takes)
        for name in dict.fromkeys(collection(each.entry.source) for each in whole):
            parts[name] = ask_parts(each for each in whole if collection(each.entry.source) == name)
    seen = [(question.source, question.wanted) for question in training]
    return Examination(held, {name: asked for name, asked in parts.items() if asked}, seen, compose)


def split_recordings(root: Path) -> dict[str, list[Usable]]:
    """The usable recordings at `root`, by split; people of one split are in no other."""
    chosen = choose(read_selection(root))
    entries = [each.entry for each in chosen.recordings]
    parts = split_by_person(entries, chosen.selection.val, chosen.selection.test)
    names = {split: {entry.name for entry in part} for split, part in parts.items()}
    return {split: [each for each in chosen.recordings if each.entry.name in names[split]] for split in parts}


def examine(models: Sequence[str | Path], asked: Examination, out: Path, device: str = "cpu") -> str:
    """Ask the models, write the tables to OUT/table.md and return them."""
    names = names_apart(models)
    results = {name: ask(model, name, asked, out, device) for name, model in zip(names, models, strict=True)}
    reader = Reader(ACTIONS)
    held = {name: answers_of(result, asked.held) for name, result in results.items()}
    first = next(iter(held.values()))
    held |= baselines(reader, asked.seen, first)
    parts = {
        part: {name: answers_of(result, questions) for name, result in results.items()}
        | baselines(reader, asked.seen, answers_of(next(iter(results.values())), questions))
        for part, questions in asked.parts.items()
    }
    composed = {name: result["composed"] for name, result in results.items() if result["composed"]}
    text = people_tables.tables(held, parts, composed)
    write_text(out / "table.md", text)
    return text


def ask(model: str | Path, name: str, asked: Examination, out: Path, device: str) -> dict[str, Any]:
    """A model's answers by question and its scores on BNR-Compose; from OUT/answers/NAME.json if asked before."""
    make_folder(out / "answers")
    files = (find_model(model) / name for name in ("weights.safetensors", "segmenter.safetensors", "segmenter.json"))
    weights = hashlib.sha256(b"".join(path.read_bytes() for path in files if path.is_file()))
    about = weights.hexdigest(), [q.name for q in asked.questions], asked.compose, "repetitions joined"
    key = hashlib.sha256(repr(about).encode())
    path = out / "answers" / f"{name}.json"
    if path.is_file():
        stored: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if stored["key"] == key.hexdigest():
            return stored
    captioner = load_model(model, device)
    with progress_bar() as bar:
        task = bar.add_task(f"asking {name}", total=len(asked.questions))
        given = []
        for each in answer(captioner, asked.questions, ACTIONS):
            given.append(each)
            bar.advance(task)
    result = {"key": key.hexdigest(), "answers": {each.name: _to_json(each) for each in given}}
    result["composed"] = _composed(captioner, asked.compose)
    write_text(path, json.dumps(result) + "\n")
    return result


def _composed(captioner: Captioner, root: Path | None) -> dict[str, float]:
    """BLEU-4, verbs and IoU on BNR-Compose's test split; empty without it."""
    if root is None:
        return {}
    scores = evaluate(captioner, load_into_memory(corpora.load("compose", root, "test")), cuts=False)[0]
    segments = {key: scores.segments[key] for key in ("verbs_exact/all", "iou/strict/several")}
    return {"bleu_4": scores.captions["bleu_4"]} | segments


def _to_json(given: Answer) -> dict[str, Any]:
    return asdict(given) | {"sides": sorted(given.sides), "marks": dict(given.marks)}


def answers_of(result: dict[str, Any], questions: Sequence[Question]) -> list[Answer]:
    """The answers to some of the questions that `ask` asked, in their order."""
    stored = (result["answers"][question.name] for question in questions)
    return [Answer(**{**each, "sides": frozenset(each["sides"])}) for each in stored]
