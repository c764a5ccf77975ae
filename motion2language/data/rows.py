"""Values of a TOML table as a dataclass, checked, with messages that name the key and suggest the nearest known one."""

from __future__ import annotations

import difflib
import reprlib
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, Field, fields
from typing import Any, TypeVar

from motion2language.language.inflection import base_forms
from motion2language.language.vocabulary import tokenize

_KINDS = {str: "a text", int: "a whole number", bool: "true or false", tuple: "a list of texts", dict: "a table"}
_TYPES = {"str": str, "int": int, "bool": bool, "tuple[str, ...]": tuple}
Row = TypeVar("Row")
ALIKE = 0.6  # share of letters that a wrong name has in common with one it may mean; difflib's own
MISTYPED = 0.8  # share from which a wrong name is a known one with a slip; chosen


def make_row(kind: type[Row], values: Any, where: str) -> Row:
    """A table as a dataclass whose fields are texts, whole numbers, true or false, or lists of texts.

    where  the table's key, for messages
    """
    require_type(values, dict, where)
    known = require_keys(values, kind, where)
    missing = [each.name for each in known if each.default is MISSING and each.name not in values]
    if missing:
        raise ValueError(f"{where}.{missing[0]}: missing")
    checked = {
        each.name: require_type(values[each.name], _TYPES[str(each.type)], f"{where}.{each.name}")
        for each in known
        if each.name in values
    }
    try:
        return kind(**checked)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None


def require_keys(values: Mapping[str, Any], kind: type[Any], where: str) -> tuple[Field, ...]:
    """The fields of a dataclass; ValueError when a table has another key."""
    known = [each.name for each in fields(kind)]
    for key in values:
        if key not in known:
            raise ValueError(f"{where}{'.' * bool(where)}{key}: unknown key; {nearest(key, known)}")
    return fields(kind)


def require_type(value: Any, kind: type[Any], where: str) -> Any:
    """The value, if it is of a type; a tuple is a list of texts. ValueError begins with `where`."""
    fits = type(value) in (list, tuple) if kind is tuple else type(value) is kind
    if not fits or (kind is tuple and not all(isinstance(each, str) for each in value)):
        raise ValueError(f"{where}: expected {_KINDS[kind]}, found {reprlib.repr(value)}")
    return tuple(value) if kind is tuple else value


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint at the known name most like a wrong one: "did you mean 'wave'?"; without one, how many there are.

    Before mere likeness comes the first word, which is mostly the verb: "wave hands" is nearer to "wave" than to "hands
    to the head".
    """
    known = sorted(known)
    wanted = name.lower()
    likeness = {each: difflib.SequenceMatcher(None, wanted, each).ratio() for each in known}
    own, first = _stems(name), _stems(wanted.split(maxsplit=1)[0] if wanted.strip() else "")
    near = [each for each in known if likeness[each] >= ALIKE or own & _stems(each)]
    if not near:
        return f"there are {len(known)}, such as {known[0]!r}"
    best = max(near, key=lambda each: (likeness[each] >= MISTYPED, bool(first & _stems(each)), likeness[each]))
    return f"did you mean {best!r}?"


def _stems(text: str) -> set[str]:
    return {base for word in tokenize(text) for base in (word, *base_forms(word))}
