"""`m2l teach-doubt`: fits a model's doubt (captioning/doubt.py), and measures it on people who taught it nothing.

Classes are learnt from training people, weights and threshold from validation people, and figures come from the test
people and from takes of sources that trained nothing. A recording whose action the model has no words for is one that
it cannot know: whatever it says there is wrong.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from motion2language.captioning.captioner import Captioner
from motion2language.captioning.doubt import EVIDENCE, FILE, Doubt, evidence, part_of
from motion2language.captioning.facts.find import facts_of
from motion2language.captioning.facts.measure import measure
from motion2language.captioning.facts.words import contradictions
from motion2language.data.actions import load_actions
from motion2language.data.labelled.form import read_motion
from motion2language.data.labelled.selection import Chosen, choose, read_selection
from motion2language.files import write_atomically
from motion2language.language.vocabulary import tokenize
from motion2language.motion import Motion
from motion2language.scoring.naming import Reader, longest
from motion2language.scoring.people import Question, ask_parts, ask_recordings
from motion2language.training.reproduce.people import split_recordings

OF_CLASS = 12  # training recordings that a class is learnt from; chosen
REFUSED = 0.05  # share of known actions of validation people that may be taken for unknown
SIGNS = np.array([1.0, 1.0, -1.0, -1.0, -1.0])  # of EVIDENCE: more probable, nearer, not denied is surer
RIDGE = 1.0  # weight of the squared weights against the log likelihood; chosen
UNNAMED = "have a label that the table leaves out"
ACTIONS = load_actions()


@dataclass(frozen=True, eq=False)
class Rows:
    """Judged recordings: their evidence (N, 5), whether the model knows the action (N,) and named it rightly (N,)."""

    evidence: np.ndarray
    known: np.ndarray
    right: np.ndarray


def teach_doubt(captioner: Captioner, root: Path, step: Callable[[str, int], None]) -> Doubt:
    """The doubt of a model, fitted on the labelled recordings at `root`; `step` is called for each recording."""
    splits = split_recordings(root)
    labels, means, spread = _classes(captioner, ask_recordings(splits["train"]), step)
    zero, one = np.zeros(len(EVIDENCE)), np.ones(len(EVIDENCE))
    unfitted = Doubt(labels, means, spread, zero, one, zero, np.zeros(()), np.zeros(()))
    rows = judge_questions(captioner, unfitted, ask_recordings(splits["val"]), step)
    if rows.right.all() or not rows.right.any():
        raise ValueError(f"{root}: {captioner.name} is right or wrong about every validation recording; nothing to fit")
    centre, scale = rows.evidence.mean(axis=0), np.maximum(rows.evidence.std(axis=0), 1e-6)
    weights, bias = fit_signed((rows.evidence - centre) / scale, rows.right)
    fitted = Doubt(labels, means, spread, centre, scale, weights, np.array(bias), np.zeros(()))
    sure = fitted.confidence(rows.evidence[rows.known])
    threshold = np.quantile(sure, REFUSED) if len(sure) else np.zeros(())
    return Doubt(labels, means, spread, centre, scale, weights, np.array(bias), np.asarray(threshold))


def save_doubt(doubt: Doubt, folder: Path) -> None:
    """Write FILE into a model folder, whole or not at all."""
    write_atomically(folder / FILE, lambda file: np.savez(file, **vars(doubt)))


def figures(
    captioner: Captioner, doubt: Doubt, root: Path, takes: Path | None, step: Callable[[str, int], None]
) -> str:
    """A Markdown table: how well confidence tells known from unknown, and right from wrong."""
    chosen = choose(read_selection(root))
    test = judge_questions(captioner, doubt, ask_recordings(split_recordings(root)["test"]), step)
    strange = judge_questions(captioner, doubt, _unnamed(chosen), step)
    lines = ["| | recordings | by confidence | by probability |", "| --- | --- | --- | --- |"]
    lines.append(_line("right against wrong, other people", doubt, test, test.right))
    if takes is not None:
        whole = choose(read_selection(takes))
        parts = judge_questions(captioner, doubt, ask_parts(whole.recordings), step)
        lines.append(_line("right against wrong, sources never seen", doubt, parts, parts.right))
    both = Rows(*(np.concatenate([getattr(test, name), getattr(strange, name)]) for name in vars(test)))
    lines.append(_line("known against unknown actions", doubt, both, both.known))
    sure = doubt.confidence(both.evidence)
    refused = sure < float(doubt.threshold)
    lines += ["", f"Refused as unknown: {_share(refused, both.known)} of the known actions, "
              f"{_share(refused, ~both.known)} of the unknown ones."]  # fmt: skip
    lines += ["", "| confidence | recordings | predicted | right |", "| --- | --- | --- | --- |"]
    for low, high in ((0.0, 0.2), (0.2, 0.4), (0.4, 0.6), (0.6, 0.8), (0.8, 1.01)):
        inside = (sure >= low) & (sure < high)
        if inside.any():
            lines.append(
                f"| {low:.1f}–{min(high, 1.0):.1f} | {inside.sum()} | {sure[inside].mean():.2f} | "
                f"{both.right[inside].mean():.2f} |"
            )
    return "\n".join(lines) + "\n"


def judge_questions(
    captioner: Captioner, doubt: Doubt, questions: Sequence[Question], step: Callable[[str, int], None]
) -> Rows:
    """The evidence about what the model says of recordings; those of which it says nothing are left out."""
    reader = Reader(ACTIONS)
    sayable = sayable_actions(captioner)
    found, known, right = [], [], []
    for question in questions:
        step("judging", len(questions))
        motion = question.read()
        transcript = captioner.transcribe(motion, facts=False)
        segment = longest(transcript)
        if segment is None:
            continue
        body = captioner.prepare(motion)
        facts = facts_of(measure(body).part(segment.start, segment.end))
        against = len(contradictions([word.word for word in segment.words], facts))
        found.append(evidence(segment, doubt, captioner.embed(part_of(body, segment)), against))
        known.append(question.wanted in sayable)
        said = reader.action([word.word for word in segment.words])
        named = said is not None and question.wanted in ACTIONS.actions
        right.append(named and reader.kind(str(said)) == reader.kind(question.wanted))
    return Rows(np.array(found).reshape(-1, len(EVIDENCE)), np.array(known, dtype=bool), np.array(right, dtype=bool))


def sayable_actions(captioner: Captioner) -> frozenset[str]:
    """The actions of the table that the model has words for."""
    words = set(captioner.vocabulary.words)
    return frozenset(action for phrase, action in ACTIONS.named.items() if words.issuperset(phrase.split()))


def fit_signed(evidence: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, float]:
    """As fit_logistic, without the evidence whose weight would have the wrong sign by chance, few recordings given."""
    used = np.ones(len(SIGNS), dtype=bool)
    while True:
        weights = np.zeros(len(SIGNS))
        weights[used], bias = fit_logistic(evidence[:, used], right)
        wrong = weights * SIGNS < 0
        if not wrong.any():
            return weights, bias
        used &= ~wrong


def fit_logistic(evidence: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, float]:
    """Weights (E,) and bias of the log odds that rows (N, E) are right, by Newton's method.

    >>> weights, bias = fit_logistic(np.array([[-1.0], [-0.5], [0.5], [1.0]] * 50), np.array([0, 0, 1, 1] * 50))
    >>> bool(weights[0] > 1), abs(bias) < 1e-6
    (True, True)
    """
    rows = np.concatenate([evidence, np.ones((len(evidence), 1))], axis=1)
    price = np.diag([RIDGE] * evidence.shape[1] + [1e-6])
    weights = np.zeros(rows.shape[1])
    for _ in range(25):
        chance = 1 / (1 + np.exp(-rows @ weights))
        curve = (rows * (chance * (1 - chance))[:, None]).T @ rows + price
        weights = weights + np.linalg.solve(curve, rows.T @ (right - chance) - price @ weights)
    return weights[:-1], float(weights[-1])


def area_under_curve(scores: np.ndarray, positive: np.ndarray) -> float:
    """Chance that a positive scores above a negative, ties count half; NaN without one of either.

    >>> area_under_curve(np.array([0.1, 0.4, 0.4, 0.9]), np.array([False, False, True, True]))
    0.875
    """
    high, low = scores[positive], scores[~positive]
    if not len(high) or not len(low):
        return float("nan")
    difference = high[:, None] - low
    return float(((difference > 0) + 0.5 * (difference == 0)).mean())


def _classes(
    captioner: Captioner, questions: Sequence[Question], step: Callable[[str, int], None]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels (C,), means (C, M) of the encoder's output, and its spread (M,) within classes."""
    label_of = _labels(captioner)
    members: dict[str, list[Question]] = defaultdict(list)
    for question in questions:
        if question.wanted in label_of:
            members[question.wanted].append(question)
    if not members:
        raise ValueError(f"{captioner.name} has words for no action of these recordings")
    labels, means, left = [], [], []
    for action, own in sorted(members.items()):
        chosen = own[:: -(-len(own) // OF_CLASS)]
        rows = []
        for question in chosen:
            step("learning classes", sum(len(each[:: -(-len(each) // OF_CLASS)]) for each in members.values()))
            rows.append(captioner.embed(captioner.prepare(question.read())))
        labels.append(label_of[action])
        means.append(np.mean(rows, axis=0))
        left += [row - means[-1] for row in rows] if len(rows) > 1 else []
    spread = np.sqrt((np.array(left) ** 2).mean(axis=0)) if left else np.ones_like(means[0])
    return np.array(labels), np.array(means), np.maximum(spread, 1e-3)


def _labels(captioner: Captioner) -> dict[str, str]:
    """Action of the table -> the label that the model's segments have for it, where it has words for it."""
    sayable = sayable_actions(captioner)
    labels: dict[str, Counter[str]] = defaultdict(Counter)
    for phrase, action in ACTIONS.named.items():
        found = captioner.lexicon.find(phrase.split())
        if found and action in sayable:
            labels[action][found[0][1]] += 1
    return {action: counted.most_common(1)[0][0] for action, counted in labels.items()}


def _unnamed(chosen: Chosen) -> list[Question]:
    """The recordings whose label means no action of the table, and names none in passing ("climb, hang, swing")."""
    left = set(chosen.left_out.get(UNNAMED, ()))
    names = {action.partition(" ")[0] for action in ACTIONS.actions}
    questions = []
    for source in chosen.sources:
        for entry in source.entries:
            if entry.name in left and not names & set(tokenize(entry.label)):

                def read(path: Path = source.arrays, fps: float = source.fps, entry=entry) -> Motion:  # type: ignore[no-untyped-def]
                    return read_motion(path, fps, entry.number, entry.name)

                questions.append(Question(entry.name, source.name, read, entry.label))
    return questions


def _line(name: str, doubt: Doubt, rows: Rows, positive: np.ndarray) -> str:
    sure = area_under_curve(doubt.confidence(rows.evidence), positive)
    plain = area_under_curve(rows.evidence[:, 0], positive)
    return f"| {name} | {positive.sum()} : {(~positive).sum()} | {sure:.3f} | {plain:.3f} |"


def _share(flags: np.ndarray, among: np.ndarray) -> str:
    return f"{flags[among].mean():.1%}" if among.any() else "none"
