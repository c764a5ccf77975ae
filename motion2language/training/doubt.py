"""`m2l teach-doubt`: fits a model's doubt (captioning/doubt.py), and measures it on people who taught it nothing.

What is near a movement is learnt from training people, clips and drawn recordings, weights and threshold from
validation people, and figures come from the test people and from takes of sources that trained nothing. What an
unknown action looks like is learnt from blends (blends.py) of the validation people's recordings, so that no action
must be left out of training for it. A recording whose action the model has no words for is one that it cannot know:
whatever it says there is wrong.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np

from motion2language.captioning.captioner import Captioner
from motion2language.captioning.doubt import EVIDENCE, FILE, STEPS, Doubt, evidence, part_of
from motion2language.captioning.facts.find import facts_of
from motion2language.captioning.facts.measure import measure
from motion2language.captioning.facts.words import contradictions
from motion2language.data.actions import load_actions
from motion2language.data.clips import Clip
from motion2language.data.labelled.form import read_motion
from motion2language.data.labelled.selection import Chosen, choose, read_selection
from motion2language.files import write_atomically
from motion2language.language.vocabulary import tokenize
from motion2language.motion import Motion
from motion2language.scoring.naming import Reader, longest
from motion2language.scoring.people import Question, ask_parts, ask_recordings
from motion2language.training.doubt_questions import ask_blends, ask_clips, ask_drawings, at_most
from motion2language.training.reproduce.people import split_recordings

AXES = 32  # principal axes of the features that are kept; chosen, as MOST, so that all fit 100 KB
MOST = 24  # training recordings of an action of a source; chosen
REFUSED = 0.05  # share of known actions of validation people that may be taken for unknown
RIDGE = 1.0  # weight of the squared weights against the log likelihood; chosen
UNNAMED = "have a label that the table leaves out"
ACTIONS = load_actions()


@dataclass(frozen=True, eq=False)
class Rows:
    """Judged recordings: their evidence (N, 7), whether the model knows the action (N,) and named it rightly (N,)."""

    evidence: np.ndarray
    known: np.ndarray
    right: np.ndarray


def teach_doubt(
    captioner: Captioner, root: Path, step: Callable[[str, int], None], clips: Mapping[str, Sequence[Clip]] = {}
) -> Doubt:
    """The doubt of a model, fitted on the labelled recordings at `root`; `step` is called for each recording.

    clips  source -> labelled clips that the model learnt from as well
    """
    splits = split_recordings(root)
    learnt = [*ask_recordings(splits["train"]), *ask_drawings()]
    for source, own in clips.items():
        learnt += ask_clips(own, source, ACTIONS)
    zero, one = np.zeros(len(EVIDENCE)), np.ones(len(EVIDENCE))
    near = _learn_near(captioner, at_most(learnt, MOST), step)
    doubt = Doubt(**near, centre=zero, scale=one, right=zero, bias=zero[0], known=zero, threshold=zero[0])
    questions = ask_recordings(splits["val"])
    rows = judge_questions(captioner, doubt, questions, step)
    if rows.right.all() or not rows.right.any():
        raise ValueError(f"{root}: {captioner.name} is right or wrong about every validation recording; nothing to fit")
    strange = judge_questions(captioner, doubt, ask_blends(captioner, questions), step)
    centre, scale = rows.evidence.mean(axis=0), np.maximum(rows.evidence.std(axis=0), 1e-6)
    doubt = replace(doubt, centre=centre, scale=scale)
    right, bias = fit_signed((rows.evidence - centre) / scale, rows.right)
    both = np.concatenate([rows.evidence[rows.known], strange.evidence])
    known, _ = fit_signed((both - centre) / scale, np.arange(len(both)) < rows.known.sum())
    doubt = replace(doubt, right=right, bias=np.array(bias), known=known)
    return replace(doubt, threshold=np.quantile(doubt.familiar(rows.evidence[rows.known]), REFUSED))


def save_doubt(doubt: Doubt, folder: Path) -> None:
    """Write FILE into a model folder, whole or not at all."""
    write_atomically(
        folder / FILE,
        lambda file: np.savez_compressed(file, **{each.name: getattr(doubt, each.name) for each in fields(doubt)}),
    )


def figures(
    captioner: Captioner, doubt: Doubt, root: Path, takes: Path | None, step: Callable[[str, int], None]
) -> str:
    """A Markdown table: how well confidence tells known from unknown, and right from wrong."""
    chosen = choose(read_selection(root))
    test = judge_questions(captioner, doubt, ask_recordings(split_recordings(root)["test"]), step)
    strange = judge_questions(captioner, doubt, _unnamed(chosen), step)
    lines = ["| | recordings | by doubt | by probability |", "| --- | --- | --- | --- |"]
    lines.append(_line("right against wrong, other people", doubt, test, test.right))
    if takes is not None:
        whole = choose(read_selection(takes))
        parts = judge_questions(captioner, doubt, ask_parts(whole.recordings), step)
        lines.append(_line("right against wrong, sources never seen", doubt, parts, parts.right))
    both = Rows(*(np.concatenate([getattr(test, name), getattr(strange, name)]) for name in vars(test)))
    lines.append(_line("known against unknown actions", doubt, both, both.known, doubt.familiar(both.evidence)))
    refused = doubt.familiar(both.evidence) < doubt.threshold
    lines += ["", f"Refused as unknown: {_share(refused, both.known)} of the known actions, "
              f"{_share(refused, ~both.known)} of the unknown ones."]  # fmt: skip
    if takes is not None:
        refused = doubt.familiar(parts.evidence) < doubt.threshold
        lines += [f"Of sources never seen: {_share(refused, parts.right)} of what is named rightly, "
                  f"{_share(refused, ~parts.right)} of the rest."]  # fmt: skip
    sure = doubt.confidence(both.evidence)
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
        described = next(captioner.describe_all([motion], facts=False))
        segments = described.transcript.segments
        segment = longest(described.transcript)
        if segment is None:
            continue
        body = captioner.prepare(motion)
        facts = facts_of(measure(body).part(segment.start, segment.end))
        against = len(contradictions([word.word for word in segment.words], facts))
        alone = described.alone[segments.index(segment)] if described.alone else None
        found.append(evidence(segment, doubt, captioner.embed(part_of(body, segment)), against, alone))
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
    """As fit_logistic, without the evidence that would count against the words by chance, few recordings given."""
    used = np.ones(evidence.shape[1], dtype=bool)
    while True:
        weights = np.zeros(len(used))
        weights[used], bias = fit_logistic(evidence[:, used], right)
        wrong = weights < 0
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


def _learn_near(
    captioner: Captioner, questions: Sequence[Question], step: Callable[[str, int], None]
) -> dict[str, np.ndarray]:
    """The arrays of a Doubt that say what is near: the training recordings on their principal axes."""
    label_of = _labels(captioner)
    asked = [question for question in questions if question.wanted in label_of]
    if not asked:
        raise ValueError(f"{captioner.name} has words for no action of these recordings")
    rows = []
    for question in asked:
        step("learning what is near", len(asked))
        rows.append(captioner.embed(captioner.prepare(question.read())))
    features = np.array(rows)
    mean, spread = features.mean(axis=0), np.maximum(features.std(axis=0), 1e-3)
    axes = np.linalg.svd((features - mean) / spread, full_matrices=False)[2][:AXES].T.astype(np.float16)
    points = (features - mean) / spread @ axes.astype(np.float64)
    points /= np.maximum(np.abs(points).max(axis=1, keepdims=True), 1e-9)
    labels = sorted({label_of[question.wanted] for question in asked})
    which = np.array([labels.index(label_of[question.wanted]) for question in asked], dtype=np.uint16)
    return {
        "mean": mean.astype(np.float32),
        "spread": spread.astype(np.float32),
        "axes": axes,
        "clips": np.round(STEPS * points).astype(np.int8),
        "which": which,
        "labels": np.array(labels),
    }


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


def _line(name: str, doubt: Doubt, rows: Rows, positive: np.ndarray, scores: np.ndarray | None = None) -> str:
    """Scores tell them apart; None: the confidence."""
    sure = area_under_curve(doubt.confidence(rows.evidence) if scores is None else scores, positive)
    plain = area_under_curve(rows.evidence[:, 0], positive)
    return f"| {name} | {positive.sum()} : {(~positive).sum()} | {sure:.3f} | {plain:.3f} |"


def _share(flags: np.ndarray, among: np.ndarray) -> str:
    return f"{flags[among].mean():.1%}" if among.any() else "none"
