"""Sentences for a user's labelled clips, made of the phrases in a TOML file, label by label.

Without a file they are those that the table of actions has for the labels of the Bandai Namco recordings.
"""

from __future__ import annotations

import tomllib
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from motion2language.data.actions import STYLE_SPOKEN, load_actions
from motion2language.files import parse_toml
from motion2language.language.actions import ActionLexicon
from motion2language.language.inflection import inflections
from motion2language.language.vocabulary import tokenize

SOURCE = "bandai"  # whose labels in the table of actions are used without a file of phrases
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
        verbs: dict[str, str] = {}
        for label, action in self.actions.items():
            for phrase in action.phrases:
                if not _head(phrase):
                    raise ValueError(f"actions.{label}: the phrase {phrase!r} has no words")
                if verbs.setdefault(phrase, action.verb) != action.verb:
                    raise ValueError(
                        f"actions.{label}: {phrase!r} says both {verbs[phrase]!r} and {action.verb!r}; "
                        "word them so that the phrase tells which is meant"
                    )
        return self

    def wordings(self) -> dict[str, str]:
        """Phrase -> verb, for `language.actions.ActionLexicon`."""
        return {phrase: action.verb for action in self.actions.values() for phrase in action.phrases}

    def verb_forms(self) -> dict[str, str]:
        """Words of the sentences -> verbs: each verb's forms, and the first word of phrases that all name one verb."""
        forms = {
            form: action.verb for action in self.actions.values() for form in (action.verb, *inflections(action.verb))
        }
        heads: dict[str, set[str]] = defaultdict(set)
        for phrase, verb in self.wordings().items():
            heads[_head(phrase)].add(verb)
        return dict(sorted((forms | {head: min(verbs) for head, verbs in heads.items() if len(verbs) == 1}).items()))

    def misread_phrases(self) -> list[str]:
        """Phrases in which language/actions.py, told of no phrases, does not find exactly their own action."""
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
    """The phrases in a TOML file, or those of the table of actions; the ValueError names the key that is wrong."""
    if path is None:
        return _of_the_table()
    try:
        return Phrases.model_validate(parse_toml(path.read_bytes().decode("utf-8-sig")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: not a TOML file: {error}") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ValueError(f"{path}: {where}: {first['msg']}".replace(": : ", ": ")) from None


def _of_the_table() -> Phrases:
    """The phrases that the table of actions has for labels of the Bandai Namco recordings; others are left out."""
    table, actions, leave_out = load_actions(), dict[str, Action](), list[str]()
    for label, meanings in table.labels[SOURCE].items():
        if len(meanings) == 1 and meanings[0].phrases:
            row = table.actions[meanings[0].action]
            cut = row.cut or meanings[0].cut
            actions[label] = Action(verb=row.verb, phrases=meanings[0].phrases, cut=cut)
        else:
            leave_out.append(label)
    return Phrases(
        subjects=table.subjects,
        connectives=table.connectives,
        leave_out=tuple(sorted(leave_out)),
        styles=table.styles,
        actions=actions,
    )


def _head(phrase: str) -> str:
    """The word that names the action: the first, or the one after "is"."""
    words = [word for word in tokenize(phrase) if word not in _TO_BE]
    return words[0] if words else ""
