"""`m2l teach-doubt`: fits a model's doubt (captioning/doubt.py), and measures it on people who taught it nothing.

What is near a movement is learnt from training people, clips and drawn recordings, weights and threshold from
validation people, and figures come from the test people and from takes of sources that trained nothing. What an
unknown action looks like is learnt from blends (blends.py) of the validation people's recordings, so that no action
must be left out of training for it; what a strange sensor looks like, from each validation recording beside the
training recordings of all sources but its own. A recording whose action the model has no words for is one that it
cannot know: whatever it says there is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path

import numpy as np

from motion2language.captioning.captioner import Captioner
from motion2language.captioning.doubt import EVIDENCE, FILE, NEAR, OF_PLACE, Doubt
from motion2language.data.actions import load_actions
from motion2language.data.clips import Clip
from motion2language.data.labelled.form import read_motion
from motion2language.data.labelled.selection import Chosen, choose, choose_cut, read_selection
from motion2language.files import write_atomically
from motion2language.language.vocabulary import tokenize
from motion2language.motion import Motion
from motion2language.scoring.people import Question, ask_parts, ask_recordings
from motion2language.training.doubt_fit import area_under_curve, fit_logistic, fit_signed
from motion2language.training.doubt_heard import Rows, elsewhere, hear, judge_questions, make_rows
from motion2language.training.doubt_near import learn_near, name_labels
from motion2language.training.doubt_questions import ask_blends, ask_clips, ask_drawings, at_most
from motion2language.training.reproduce.people import split_recordings

MOST = 24  # training recordings of an action of a source; chosen
REFUSED = 0.05  # share of known actions of validation people that may be taken for unknown
SURE = 50.0  # log odds that a sensor was seen where all recordings have the same one
UNNAMED = "have a label that the table leaves out"
ACTIONS = load_actions()


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
    labelled = name_labels(captioner)
    learnt = [question for question in at_most(learnt, MOST) if question.wanted in labelled]
    blank = learn_near(captioner, learnt, step)
    questions = ask_recordings(splits["val"])
    heard = hear(captioner, questions, step)
    rows, strange = make_rows(heard, blank), make_rows(hear(captioner, ask_blends(captioner, questions), step), blank)
    if rows.right.all() or not rows.right.any():
        raise ValueError(f"{root}: {captioner.name} is right or wrong about every validation recording; nothing to fit")
    sources = np.array([question.source for question in learnt])
    return _fit(blank, rows, strange, elsewhere(heard, blank, sources))


def _fit(blank: Doubt, rows: Rows, strange: Rows, others: np.ndarray) -> Doubt:
    """The doubt with weights, fitted on recordings, blends and what recordings look like elsewhere."""
    centre, scale = rows.evidence.mean(axis=0), np.maximum(rows.evidence.std(axis=0), 1e-6)
    own, blends, others = ((each - centre) / scale for each in (rows.evidence, strange.evidence, others))
    right, bias = fit_signed(own, rows.right)
    apart, apart_bias = fit_signed(own, rows.right, np.array([name not in OF_PLACE for name in EVIDENCE]))
    slope, intercept = np.zeros(1), SURE
    if len(others):
        near = np.concatenate([own, others])[:, [NEAR]]
        slope, intercept = fit_logistic(near, np.arange(len(near)) < len(own))
    wrong = np.concatenate([own[rows.known & ~rows.right], blends])
    both = np.concatenate([own[rows.right], wrong])
    known, _ = fit_signed(both, np.arange(len(both)) < rows.right.sum())
    doubt = replace(
        blank,
        centre=centre,
        scale=scale,
        right=right,
        bias=np.array(bias),
        strange=apart,
        strange_bias=np.array(apart_bias),
        seen=np.array([slope[0], intercept]),
        known=known,
    )
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
        parts = judge_questions(captioner, doubt, ask_parts(choose_cut(takes)), step)
        lines.append(_line("right against wrong, sources never seen", doubt, parts, parts.right))
    both = Rows(*(np.concatenate([getattr(test, name), getattr(strange, name)]) for name in vars(test)))
    lines.append(_line("known against unknown actions", doubt, both, both.known, doubt.familiar(both.evidence)))
    if takes is not None and parts.known.any() and not parts.known.all():
        seen = doubt.familiar(parts.evidence)
        lines.append(_line("known against unknown actions, sources never seen", doubt, parts, parts.known, seen))
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
