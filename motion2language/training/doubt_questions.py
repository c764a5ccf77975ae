"""What a model is asked beside people's recordings when it learns to doubt: clips, drawn recordings, and blends.

Clips of a folder or archive and drawn recordings (data/synthesis/) are further training recordings; a model that learnt
from them would otherwise be taken for one that never saw such bodies. Blends (blends.py) are what no model knows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np

from motion2language.body import ensure_canonical, to_canonical
from motion2language.captioning.captioner import Captioner
from motion2language.data.actions import Actions
from motion2language.data.clips import Clip, split_clips
from motion2language.data.synthesis.phrases import ACTIONS as DRAWN
from motion2language.data.synthesis.recording import make_recording
from motion2language.motion import Motion
from motion2language.scoring.people import Question
from motion2language.training.blends import blend

SEED = 0  # of the choice of recordings that are blended, and of clips' splits
DRAWINGS = 8  # of each action that can be drawn; chosen


def ask_clips(clips: Sequence[Clip], source: str, actions: Actions) -> list[Question]:
    """The training clips whose label means one action; ValueError for a label that the table of actions lacks."""
    questions = []
    for clip in split_clips(clips, SEED)["train"]:
        meanings = actions.meanings(source, clip.label)
        if len(meanings) == 1:

            def read(clip: Clip = clip) -> Motion:
                return to_canonical(clip.read())

            questions.append(Question(f"{source}/{clip.name}", source, read, meanings[0].action))
    return questions


def ask_drawings() -> list[Question]:
    """DRAWINGS of each action of the corpus `synthetic`."""
    questions = []
    for number, (name, action) in enumerate(DRAWN.items()):
        for drawing in range(DRAWINGS):

            def read(name: str = name, seed: tuple[int, int] = (number, drawing)) -> Motion:
                recording = make_recording(list(seed), (name,))
                return recording.motion.clip(recording.segments[0].start, recording.segments[0].end)

            questions.append(Question(f"{name} {drawing}", "synthetic", read, action.verb))
    return questions


def ask_blends(captioner: Captioner, questions: Sequence[Question]) -> list[Question]:
    """For each recording its blend with another one of the same source and another action."""
    random = np.random.default_rng(SEED)
    sources: dict[str, list[Question]] = defaultdict(list)
    for question in questions:
        sources[question.source].append(question)
    blends = []
    for question in questions:
        others = [each for each in sources[question.source] if each.wanted != question.wanted]
        if others:
            other = others[int(random.integers(len(others)))]

            def read(first: Question = question, second: Question = other) -> Motion:
                return blend(*(ensure_canonical(captioner.prepare(each.read())) for each in (first, second)))

            blends.append(Question(question.name, question.source, read, ""))
    return blends


def at_most(questions: Iterable[Question], most: int) -> list[Question]:
    """The questions, of each action of each source at most so many, spread over them evenly."""
    groups: dict[tuple[str, str], list[Question]] = defaultdict(list)
    for question in questions:
        groups[question.source, question.wanted].append(question)
    return [
        group[int(index)]
        for group in groups.values()
        for index in np.linspace(0, len(group) - 1, min(len(group), most)).round()
    ]
