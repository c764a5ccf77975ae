"""What one request asks for, done: a recording read, described, and written in the forms wanted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Any

from motion2language import viewer, writers
from motion2language.captioning.attention_map import attention_map
from motion2language.captioning.captioner import Captioner
from motion2language.formats.reading import ReadOptions
from motion2language.language.actions import ActionLexicon
from motion2language.server.guard import Limits
from motion2language.server.uploads import Upload, read_upload
from motion2language.transcript import Transcript

PLAYER = "html"  # the form that is not a writer's: the player's page


@dataclass(frozen=True)
class Wish:
    """What a request asks for.

    forms  outputs wanted beside the transcript: names of writers, and "html" for the player
    """

    files: tuple[Upload, ...]
    options: ReadOptions
    forms: tuple[str, ...] = ()
    beam: int | None = None
    least: float = 0.0
    action_words: str = ""

    def __post_init__(self) -> None:
        writers.require_known(self.forms, also=[PLAYER])
        if self.beam is not None and not 0 <= self.beam <= 64:
            raise ValueError(f"beam {self.beam}: give 0 to 64")
        if not 0 <= self.least <= 1:
            raise ValueError(f"least {self.least}: give a probability from 0 to 1")


def describe(captioner: Captioner, wish: Wish, limits: Limits) -> dict[str, Any]:
    """{"transcript": its JSON form, "files": {name: text} for each form wanted}; ValueError says what is wrong."""
    if wish.action_words.strip():
        captioner = replace(captioner, lexicon=ActionLexicon.parse(wish.action_words, "action words"))
    motion = read_upload(wish.files, wish.options)
    if motion.duration > 60 * limits.minutes:
        raise ValueError(
            f"{motion.label}: lasts {motion.duration / 60:.1f} minutes, the most described here is {limits.minutes:g}; "
            "cut the take, or use m2l caption"
        )
    whole = captioner.transcribe(motion, beam=wish.beam)
    transcript = whole.surer_than(wish.least)
    weights = attention_map(captioner, motion, whole, beam=wish.beam) if PLAYER in wish.forms else None
    if transcript.words != whole.words:
        weights = None
    return {
        "transcript": transcript.to_dict(),
        "files": dict(_file(form, transcript, viewer.Take(motion, transcript, weights=weights)) for form in wish.forms),
    }


def _file(form: str, transcript: Transcript, take: viewer.Take) -> tuple[str, str]:
    stem = PurePath(take.motion.label).stem
    if form == PLAYER:
        return f"{stem}.html", viewer.page([take])
    return stem + writers.suffix(form), writers.render(transcript, form)


def forms() -> Sequence[str]:
    """Every form a transcript can be had in."""
    return [*writers.names(), PLAYER]
