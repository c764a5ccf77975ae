"""Handles requests: reads recordings, describes them, and writes the requested formats."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from motion2language import viewer, writers
from motion2language.formats.reading import ReadOptions
from motion2language.language.actions import ActionLexicon
from motion2language.motion import Motion
from motion2language.server.guard import Limits
from motion2language.server.uploads import Upload, read_upload
from motion2language.transcript import Transcript

if TYPE_CHECKING:
    from motion2language.captioning.captioner import Captioner
    from motion2language.captioning.windows import Described

PLAYER = "html"  # the player's page, the one form without a writer
Answer = dict[str, Any] | Exception
_Read = tuple[Motion, Motion, dict[str, list[str]]]  # a recording as it is, prepared for the model, and notes


@dataclass(frozen=True)
class DescribeRequest:
    """A recording and the options of a request.

    forms  outputs besides the transcript: names of writers, and "html" for the player
    """

    files: tuple[Upload, ...]
    options: ReadOptions
    forms: tuple[str, ...] = ()
    beam: int | None = None
    least: float = 0.0
    action_words: str = ""

    @property
    def kind(self) -> Hashable:
        """Requests of one kind can be described together."""
        return self.beam, self.action_words

    @property
    def label(self) -> str:
        """The name of its first file, for messages."""
        return self.files[0].label if self.files else "recording"

    def __post_init__(self) -> None:
        writers.require_known(self.forms, also=[PLAYER])
        if self.beam is not None and not 0 <= self.beam <= 64:
            raise ValueError(f"beam {self.beam}: give 0 to 64")
        if not 0 <= self.least <= 1:
            raise ValueError(f"least {self.least}: give a confidence from 0 to 1")


def describe(captioner: Captioner, requests: Sequence[DescribeRequest], limits: Limits) -> list[Answer]:
    """For each request {"transcript": its JSON form, "files": {name: text} of each form}, or its error.

    "notes" has what there is to say about reading the recording, such as the parts of the body that it lacks.
    All have the beam and the action words of the first. A recording that cannot be read is a ValueError.
    """
    beam, action_words = requests[0].beam, requests[0].action_words
    if action_words.strip():
        captioner = replace(captioner, lexicon=ActionLexicon.parse(action_words, "action words"))
    read: list[_Read | Exception] = []
    for request in requests:
        try:
            with warnings.catch_warnings(record=True) as noted:
                warnings.simplefilter("always", UserWarning)
                motion = _read(request, limits)
                body = captioner.prepare(motion)
            read.append((motion, body, _notes(noted, motion)))
        except (ValueError, OSError) as error:
            read.append(ValueError(str(error)))  # any process can be given it
    motions = [each for each in read if not isinstance(each, Exception)]
    described = captioner.describe_all(
        [motion for motion, _, _ in motions], prepared=[body for _, body, _ in motions], beam=beam
    )
    return [
        each if isinstance(each, Exception) else _answer(request, each[0], next(described), captioner) | each[2]
        for request, each in zip(requests, read, strict=True)
    ]


def _notes(noted: Sequence[warnings.WarningMessage], motion: Motion) -> dict[str, list[str]]:
    """{"notes": each once, without the recording's name}; empty where nothing was noted."""
    said = [str(one.message) for one in noted if issubclass(one.category, UserWarning)]
    name = re.compile(rf"({re.escape(motion.label)}|recording\.\w+( \[.*?\])?): ")  # a reader's is that of its file
    notes = list(dict.fromkeys(name.sub("", note, count=1) for note in said))
    return {"notes": notes} if notes else {}


def _read(request: DescribeRequest, limits: Limits) -> Motion:
    """The recording of a request; ValueError for one that cannot be read or lasts too long."""
    motion = read_upload(request.files, request.options)
    if motion.duration > 60 * limits.minutes:
        raise ValueError(
            f"{motion.label}: lasts {motion.duration / 60:.1f} minutes, more than the limit of {limits.minutes:g}; "
            "cut the recording, or use m2l caption"
        )
    return motion


def _answer(request: DescribeRequest, motion: Motion, described: Described, captioner: Captioner) -> dict[str, Any]:
    described = described.surer_than(request.least)
    transcript = described.transcript
    take = viewer.Take(motion, transcript, weights=described.attention() if PLAYER in request.forms else None)
    return {
        "transcript": transcript.to_dict(),
        "files": dict(_file(form, transcript, take, captioner.lexicon.actions) for form in request.forms),
    }


class Describer:
    """Describes requests with models that are loaded at their first use; it can be pickled before.

    models  name -> the function that loads it
    """

    def __init__(self, models: dict[str, Callable[[], Captioner]], limits: Limits) -> None:
        self.models, self.limits = models, limits
        self._loaded: dict[str, Captioner] = {}

    def __call__(self, model: str, request: DescribeRequest) -> dict[str, Any]:
        """The answer to a request by the model of that name; or its error is raised."""
        (answer,) = self.describe_all(model, [request])
        if isinstance(answer, Exception):
            raise answer
        return answer

    def describe_all(self, model: str, requests: Sequence[DescribeRequest]) -> list[Answer]:
        """As `describe`, with the model of that name."""
        if model not in self._loaded:
            self._loaded[model] = self.models[model]()
        return describe(self._loaded[model], requests, self.limits)


def _file(form: str, transcript: Transcript, take: viewer.Take, actions: Sequence[str]) -> tuple[str, str]:
    stem = PurePath(take.motion.label).stem
    if form == PLAYER:
        return f"{stem}.html", viewer.page([take], viewer.Editing(tuple(actions)))
    return stem + writers.suffix(form), writers.render(transcript, form)


def forms() -> Sequence[str]:
    """All forms of a transcript."""
    return [*writers.names(), PLAYER]
