"""What is near a movement (captioning/doubt.py), learnt from training recordings: where the network puts each, how near
recordings of one action by different people usually are there, and which label it has.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence

import numpy as np

from motion2language.captioning.captioner import Captioner
from motion2language.captioning.doubt import EVIDENCE, NEAREST, STEPS, Doubt
from motion2language.data.actions import load_actions
from motion2language.scoring.people import Question

AXES = 32  # principal axes of the features that are kept; chosen, as doubt_questions.MOST, so that all fit 100 KB
ACTIONS = load_actions()


def learn_near(captioner: Captioner, asked: Sequence[Question], step: Callable[[str, int], None]) -> Doubt:
    """A Doubt without weights, which knows what is near: the training recordings on their principal axes."""
    label_of = name_labels(captioner)
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
    clips = np.round(STEPS * points).astype(np.int8)
    labels = sorted({label_of[question.wanted] for question in asked})
    groups = [f"{question.source}: {question.wanted}" for question in asked]
    zero, none, one = np.zeros(()), np.zeros(len(EVIDENCE)), np.ones(len(EVIDENCE))
    return Doubt(
        mean=mean.astype(np.float32),
        spread=spread.astype(np.float32),
        axes=axes,
        clips=clips,
        which=np.array([labels.index(label_of[question.wanted]) for question in asked], dtype=np.uint16),
        usual=find_usual(clips, groups, [question.person for question in asked]).astype(np.float16),
        labels=np.array(labels),
        centre=none,
        scale=one,
        right=none,
        bias=zero,
        strange=none,
        strange_bias=zero,
        seen=np.zeros(2),
        known=none,
        threshold=zero,
    )


def find_usual(clips: np.ndarray, groups: Sequence[str], people: Sequence[str]) -> np.ndarray:
    """How like the NEAREST recordings of the same group by other people are to each recording, (N,): their mean cosine.

    groups  of one action of one source; where others made too few, the median of all recordings stands
    people  who made each; of one by an unknown person, "", only itself is left out
    """
    rows = clips.astype(np.float64)
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6)
    _, which = np.unique(groups, return_inverse=True)
    _, who = np.unique([name or str(number) for number, name in enumerate(people)], return_inverse=True)
    usual = np.full(len(rows), np.nan)
    for number, row in enumerate(rows):
        others = np.sort(rows[(which == which[number]) & (who != who[number])] @ row)[-NEAREST:]
        if len(others) == NEAREST:
            usual[number] = others.mean()
    known = usual[~np.isnan(usual)]
    return np.where(np.isnan(usual), np.median(known) if len(known) else 0.0, usual)


def sayable_actions(captioner: Captioner) -> frozenset[str]:
    """The actions of the table that the model has words for."""
    words = set(captioner.vocabulary.words)
    return frozenset(action for phrase, action in ACTIONS.named.items() if words.issuperset(phrase.split()))


def name_labels(captioner: Captioner) -> dict[str, str]:
    """Action of the table -> the label that the model's segments have for it, where it has words for it."""
    sayable = sayable_actions(captioner)
    labels: dict[str, Counter[str]] = defaultdict(Counter)
    for phrase, action in ACTIONS.named.items():
        found = captioner.lexicon.find(phrase.split())
        if found and action in sayable:
            labels[action][found[0][1]] += 1
    return {action: counted.most_common(1)[0][0] for action, counted in labels.items()}
