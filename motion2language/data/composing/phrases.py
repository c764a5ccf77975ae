"""Sentences for labelled clips, made from the phrases in a TOML file.

The packaged file, phrases.toml, explains each key.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from motion2language.language.actions import ActionLexicon
from motion2language.language.inflection import inflections
from motion2language.language.vocabulary import tokenize

STYLE_SPOKEN = 0.5  # probability that a sentence names the style its clips share; measured on BNR-Compose
_TO_BE = frozenset(("is", "are"))


class Action(BaseModel):
    """A label's verb, the phrases that are true of it, and whether any part of a clip shows it (`cut`)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    verb: str = Field(min_length=1)
    phrases: tuple[str, ...] = Field(min_length=1)
    cut: bool = False


class Phrases(BaseModel):
    """A file of phrases."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    subjects: tuple[str, ...] = Field(min_length=1)
    connectives: tuple[str, ...] = Field(min_length=1)
    leave_out: tuple[str, ...] = ()
    styles: dict[str, str] = {}
    actions: dict[str, Action] = Field(min_length=1)

    @model_validator(mode="after")
    def _every_phrase_names_one_verb(self) -> Phrases:
        heads: dict[str, str] = {}
        for label, action in self.actions.items():
            for phrase in action.phrases:
                head = _head(phrase)
                if not head:
                    raise ValueError(f"actions.{label}: the phrase {phrase!r} has no words")
                if heads.setdefault(head, action.verb) != action.verb:
                    raise ValueError(
                        f"actions.{label}: {head!r} begins phrases of both {heads[head]!r} and {action.verb!r}; "
                        "word them so that a verb tells which is meant"
                    )
        return self

    def verb_forms(self) -> dict[str, str]:
        """Words of the sentences -> verbs: each verb's forms, and the first word of each phrase."""
        forms = {
            form: action.verb for action in self.actions.values() for form in (action.verb, *inflections(action.verb))
        }
        heads = {_head(phrase): action.verb for action in self.actions.values() for phrase in action.phrases}
        return dict(sorted((forms | heads).items()))

    def misread_phrases(self) -> list[str]:
        """Phrases in which language/actions.py does not find exactly their own action."""
        phrases = [(action.verb, phrase) for action in self.actions.values() for phrase in action.phrases]
        lexicon = ActionLexicon.learn(f"{self.subjects[0]} {phrase}" for _, phrase in phrases)
        readings = (
            (verb, phrase, [name for _, name in lexicon.find(["someone", *tokenize(phrase)])])
            for verb, phrase in phrases
        )
        return [
            f"{phrase!r} ({' '.join(names) or 'none'} instead of {verb})"
            for verb, phrase, names in readings
            if names != [verb]
        ]

    def sentence(self, labels: Sequence[str], style: str, random: np.random.Generator) -> str:
        """A random sentence: someone did `labels` one after the other, all in the same `style` ("" for no style)."""
        subject = str(random.choice(self.subjects))
        if style in self.styles and random.random() < STYLE_SPOKEN:
            word = self.styles[style]
            subject = f"{'an' if word[0] in 'aeiou' else 'a'} {word} person"
        words = [subject]
        for index, label in enumerate(labels):
            words += [str(random.choice(self.connectives))] * (index > 0)
            words.append(str(random.choice(self.actions[label].phrases)))
        return " ".join(words)


def load_phrases(path: Path | None = None) -> Phrases:
    """The phrases in a TOML file, or the packaged ones; the ValueError names the key that is wrong."""
    try:
        content = path.read_bytes() if path else (resources.files(__package__) / "phrases.toml").read_bytes()
        return Phrases.model_validate(tomllib.loads(content.decode("utf-8-sig")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: not a TOML file: {error}") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ValueError(f"{path}: {where}: {first['msg']}".replace(": : ", ": ")) from None


def _head(phrase: str) -> str:
    """The word that names the action: the first, or the one after "is"."""
    words = [word for word in tokenize(phrase) if word not in _TO_BE]
    return words[0] if words else ""
