"""The table of actions: which there are, how each is put into a sentence, and what the labels of sources mean.

actions.toml holds the table and explains its keys. A user's own TOML of the same form adds rows to it, replaces rows
of the same name, and adds labels: `load_actions(Path("mine.toml"))`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cached_property
from importlib import resources
from itertools import product
from pathlib import Path
from typing import Any, Literal

import numpy as np

from motion2language.data.index import read_json
from motion2language.data.rows import make_row, nearest, require_keys, require_type
from motion2language.files import parse_toml
from motion2language.language.movement import NUMBERS, count_times
from motion2language.language.vocabulary import tokenize

STYLE_SPOKEN = 0.5  # probability that a sentence names the style its clips share; measured on BNR-Compose
#: What slots for a limb say of a side.
_LIMBS = {
    "hand": ("the {side} hand", "both hands"),
    "arm": ("the {side} arm", "both arms"),
    "leg": ("the {side} leg", "both legs"),
    "foot": ("the {side} foot", "both feet"),
    "knee": ("the {side} knee", "both knees"),
}
_SLOTS = (*_LIMBS, "side", "target", "count", "times", "manner")
_OPTIONAL = re.compile(r"\[([^\[\]]*)\]")
_SLOT = re.compile(r"\{([^{}|]*)(?:\|([^{}]*))?\}")
_SIDES = ("", "left", "right", "both")
_NUMBERS = {number: word for word, number in NUMBERS.items()}


@dataclass(frozen=True)
class Meaning:
    """What a label says: an action, and what is known of its side, target, count, manner and style.

    side      left, right, both, or "" when it is not known
    count     0 when it is not known
    standing  the action instead, when the person is seen to stand; "" for the same
    phrases   said instead of the action's own; `quick` when it is done fast
    cut       True when any part of such a recording shows the action, even if that is not so of others
    """

    action: str
    side: str = ""
    target: str = ""
    count: int = 0
    manner: str = ""
    style: str = ""
    standing: str = ""
    phrases: tuple[str, ...] = ()
    quick: tuple[str, ...] = ()
    cut: bool = False

    def __post_init__(self) -> None:
        if self.side not in _SIDES:
            raise ValueError(f"side: expected left, right or both, found {self.side!r}")
        if not 0 <= self.count <= 10:
            raise ValueError(f"count: expected 0 to 10, found {self.count}")


@dataclass(frozen=True)
class Action:
    """A row of the table: its label in segments, its phrases, and whether any part of a recording shows it."""

    verb: str
    phrases: tuple[str, ...]
    cut: bool = False

    def __post_init__(self) -> None:
        if not self.verb.strip():
            raise ValueError("verb: expected a word")
        if not self.phrases:
            raise ValueError("phrases: expected at least one")
        for phrase in self.phrases:
            for slot, _ in _SLOT.findall(phrase):
                if slot not in _SLOTS:
                    raise ValueError(f"the phrase {phrase!r} has the slot {{{slot}}}; {nearest(slot, _SLOTS)}")
            if re.search(r"[\[\]{}]", _SLOT.sub("", _OPTIONAL.sub("", phrase))):
                raise ValueError(f"the phrase {phrase!r} has a bracket without its other half")
            if not tokenize(_SLOT.sub("", _OPTIONAL.sub("", phrase))):
                raise ValueError(f"the phrase {phrase!r} has no words")

    @property
    def limb(self) -> Literal["", "arm", "leg"]:
        """The limb whose side its phrases say; "" when they say none."""
        slots = {slot for phrase in self.phrases for slot, _ in _SLOT.findall(phrase)}
        return "arm" if slots & {"hand", "arm"} else "leg" if slots & {"leg", "foot", "knee"} else ""


@dataclass(frozen=True, eq=False)
class Actions:
    """The table; see actions.toml for its keys. `labels` are by source, or by a pattern of sources."""

    subjects: tuple[str, ...]
    connectives: tuple[str, ...]
    styles: Mapping[str, str]
    actions: Mapping[str, Action]
    labels: Mapping[str, Mapping[str, tuple[Meaning, ...]]]

    def __post_init__(self) -> None:
        for what in ("subjects", "connectives", "actions"):
            if not getattr(self, what):
                raise ValueError(f"{what}: expected at least one")
        for source, labels in self.labels.items():
            for label, meanings in labels.items():
                for name in (name for meaning in meanings for name in (meaning.action, meaning.standing) if name):
                    if name not in self.actions:
                        raise ValueError(
                            f"labels.{source}: {label!r} means the action {name!r}, which has no row; "
                            f"{nearest(name, self.actions)}"
                        )
        verbs: dict[str, str] = {}
        for name, wording in self._wordings():
            verb = self.actions[name].verb
            if verbs.setdefault(wording, verb) != verb:
                raise ValueError(
                    f"actions.{name}: {wording!r} says both {verbs[wording]!r} and {verb!r}; word them differently"
                )

    def meanings(self, source: str, label: str) -> tuple[Meaning, ...]:
        """The actions that a label of `source` means, in order; empty when the table leaves the label out.

        ValueError, with the nearest action, for a label that the table does not have.
        """
        for pattern, labels in self.labels.items():
            if label in labels and fnmatchcase(source, pattern):
                return labels[label]
        if label in self.actions:
            return (Meaning(action=label),)
        own = (labels for pattern, labels in self.labels.items() if fnmatchcase(source, pattern))
        known = {*self.actions, *(each for labels in own for each in labels)}
        raise ValueError(f"{source}: the label {label!r} means no action of the table; {nearest(label, known)}")

    def verb(self, action: str) -> str:
        """The label in segments of an action; ValueError, with the nearest action, when the table lacks it."""
        if action not in self.actions:
            raise ValueError(f"no action {action!r} in the table; {nearest(action, self.actions)}")
        return self.actions[action].verb

    def phrases(self, meaning: Meaning) -> tuple[str, ...]:
        """Every phrase that words a meaning, slots filled; those that say the side if it is known."""
        if meaning.phrases:
            return meaning.phrases
        said = [(phrase, _fill(phrase, meaning)) for phrase in self.actions[meaning.action].phrases]
        possible = [(_says_side(phrase), text) for phrase, text in said if text is not None]
        sided = [text for says, text in possible if says] if meaning.side else []
        texts = sided or [text for _, text in possible]
        if not texts:
            raise ValueError(
                f"actions.{meaning.action}: none of its phrases can be said without knowing a slot; add one without "
                "slots, or with words for an unknown one: {hand|a hand}"
            )
        return tuple(dict.fromkeys(texts))

    def sentence(self, meanings: Sequence[Meaning], style: str, random: np.random.Generator) -> str:
        """A random sentence without times: someone did `meanings` one after the other, in `style` ("" for none)."""
        subject = str(random.choice(self.subjects))
        if style in self.styles and random.random() < STYLE_SPOKEN:
            word = self.styles[style]
            subject = f"{'an' if word[0] in 'aeiou' else 'a'} {word} person"
        words = [subject]
        for index, meaning in enumerate(meanings):
            words += [str(random.choice(self.connectives))] * (index > 0)
            words.append(str(random.choice(self.phrases(meaning))))
        return " ".join(words)

    @cached_property
    def two_sided(self) -> frozenset[str]:
        """The actions that some label says are done with both hands or legs."""
        told = (meaning for labels in self.labels.values() for meanings in labels.values() for meaning in meanings)
        return frozenset(meaning.action for meaning in told if meaning.side == "both")

    @cached_property
    def wordings(self) -> dict[str, str]:
        """Every phrase, without sides and counts -> its action's verb, for `language.actions.ActionLexicon`."""
        return {wording: self.actions[name].verb for name, wording in self._wordings()}

    @cached_property
    def named(self) -> dict[str, str]:
        """Every phrase, as in `wordings` -> its action's name."""
        return {wording: name for name, wording in reversed(list(self._wordings()))}

    def _wordings(self) -> Iterator[tuple[str, str]]:
        """(action, phrase) with every target and manner that a label gives the action, and without any."""
        told: dict[str, set[tuple[str, str]]] = {name: {("", "")} for name in self.actions}
        for labels in self.labels.values():
            for meaning in (meaning for meanings in labels.values() for meaning in meanings):
                told[meaning.action] |= set(product(("", meaning.target), ("", meaning.manner)))
                yield from ((meaning.action, phrase) for phrase in (*meaning.phrases, *meaning.quick))
        for name, action in self.actions.items():
            for (target, manner), phrase in product(sorted(told[name]), action.phrases):
                meaning = Meaning(action=name, target=target, manner=manner)
                text = _fill(phrase, meaning) or _fill(phrase, replace(meaning, side="left"))
                yield name, text or _SLOT.sub("", _OPTIONAL.sub("", phrase))


def load_actions(own: Path | None = None) -> Actions:
    """The packaged table, with the rows and labels of a user's TOML added; the ValueError names the wrong key."""
    return _extended(_read(own) if own else {}, own or "actions.toml")


def parse_actions(text: str, where: Path) -> Actions:
    """As `load_actions` of a file with this text; `where`, to which an error is put down, is what it was made of."""
    return _extended(parse_toml(text), where)


def _extended(own: Mapping[str, Any], where: Path | str) -> Actions:
    table = _read(None)
    for key, value in own.items():
        table[key] = _merged(table[key], value, 1 if key == "labels" else 0) if key in table else value
    try:
        return _table(table)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None


def _merged(below: Any, value: Any, levels: int) -> Any:
    """A table with a user's entries added, first, and those of its own tables `levels` deep; others are replaced."""
    if not (isinstance(below, dict) and isinstance(value, dict)):
        return value
    inner = {key: _merged(below[key], each, levels - 1) for key, each in value.items() if levels and key in below}
    return value | {key: each for key, each in below.items() if key not in value} | inner


def _table(values: Mapping[str, Any]) -> Actions:
    """The table of a TOML file's values; the ValueError begins with the key that is wrong."""
    require_keys(values, Actions, "")
    labels = {
        source: {
            label: _meanings(value, f"labels.{source}.{label}")
            for label, value in require_type(entries, dict, f"labels.{source}").items()
        }
        for source, entries in require_type(values.get("labels", {}), dict, "labels").items()
    }
    rows = require_type(values.get("actions", {}), dict, "actions").items()
    styles = require_type(values.get("styles", {}), dict, "styles")
    return Actions(
        require_type(values.get("subjects", ()), tuple, "subjects"),
        require_type(values.get("connectives", ()), tuple, "connectives"),
        {style: require_type(word, str, f"styles.{style}") for style, word in styles.items()},
        {name: make_row(Action, value, f"actions.{name}") for name, value in rows},
        labels,
    )


def _meanings(value: Any, where: str) -> tuple[Meaning, ...]:
    """The meanings of a label's entry: "" means nothing, a text is an action's name, a list is one after the other."""
    entries = value if isinstance(value, list) else [value] if value != "" else []
    return tuple(make_row(Meaning, {"action": entry} if isinstance(entry, str) else entry, where) for entry in entries)


def load_wordings(actions: str) -> dict[str, str]:
    """Phrases -> verbs of "table", of a TOML that adds to it, or of a composed benchmark's X.json; none for ""."""
    if not actions:
        return {}
    if not actions.endswith(".json"):
        return load_actions(None if actions == "table" else Path(actions)).wordings
    data = read_json(Path(actions), "the index of a composed benchmark, with wordings")
    found = data.get("wordings") if isinstance(data, dict) else None
    if not isinstance(found, dict) or not all(isinstance(verb, str) for verb in found.values()):
        raise ValueError(
            f"{actions}: holds no wordings; give the X.json of a composed benchmark, or a table of actions"
        )
    return found


def _read(path: Path | None) -> dict[str, Any]:
    try:
        content = path.read_bytes() if path else (resources.files(__package__) / "actions.toml").read_bytes()
        return parse_toml(content.decode("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: not a TOML file: {error}") from None


def _says_side(phrase: str) -> bool:
    return any(slot in _LIMBS or slot == "side" for slot, _ in _SLOT.findall(phrase))


def _fill(phrase: str, meaning: Meaning) -> str | None:
    """The phrase with its slots filled and unknown options left out; None when a slot outside of them is unknown."""
    values = {slot: text for slot, text in _values(meaning).items() if text}

    def option(found: re.Match[str]) -> str:
        known = all(slot in values for slot, _ in _SLOT.findall(found[1]))
        return found[1] if known else ""

    def slot(found: re.Match[str]) -> str:
        return values.get(found[1]) or found[2] or "\0"

    text = _SLOT.sub(slot, _OPTIONAL.sub(option, phrase))
    return None if "\0" in text else " ".join(text.split())


def _values(meaning: Meaning) -> dict[str, str]:
    side, count = meaning.side, meaning.count
    one, both = (0, 1) if side else (0, 0)
    limbs = {
        slot: "" if not side else words[both if side == "both" else one].format(side=side)
        for slot, words in _LIMBS.items()
    }
    number = _NUMBERS[count] if count > 1 else ""
    return limbs | {
        "side": side if side in ("left", "right") else "",
        "target": meaning.target,
        "count": number,
        "times": count_times(count) if count > 1 else "",
        "manner": meaning.manner,
    }
