"""The nearest right command line to one that is wrong in use, as the last words of the error's line."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from shlex import quote
from typing import get_args

from cyclopts import App, CycloptsError, MissingArgumentError
from cyclopts.argument import Argument
from cyclopts.exceptions import CoercionError, UnknownCommandError, UnknownOptionError, UnusedCliTokensError

from motion2language.files import one_line

PROGRAM = "m2l"


def describe_error(error: CycloptsError) -> str:
    """What is wrong with a command line, in one line."""
    if isinstance(error, UnusedCliTokensError) and error.unused_tokens:
        return f"too many arguments: {' '.join(map(quote, error.unused_tokens))}."
    return one_line(error)


def nearest_line(error: CycloptsError, app: App, words: Sequence[str]) -> str:
    """A command line that would be right, with the user's own words where they are; else how to get help."""
    known, group = _command(app, words)
    found: list[str] | None = None
    if isinstance(error, MissingArgumentError) and error.argument is not None:
        found = _subcommand(words, known, group) or _completed(words, error.argument, group)
    elif isinstance(error, UnknownOptionError):
        written = error.token.keyword or error.token.value
        found = _replaced(words, written.partition("=")[0], [n for a in error.argument_collection for n in a.names])
    elif isinstance(error, CoercionError) and error.token is not None and error.argument is not None:
        found = _with_value(words, error.token.value, error.argument)
    elif isinstance(error, UnusedCliTokensError) and error.unused_tokens:
        found = _without(words, error.unused_tokens)
    elif isinstance(error, UnknownCommandError) and error.unused_tokens:
        found = _replaced(words, error.unused_tokens[0], [name for name in group if not name.startswith("-")])
    return " ".join([PROGRAM, *map(quote, found or [*known, "--help"])])


def _command(app: App, words: Sequence[str]) -> tuple[list[str], App]:
    """The words that name a command or a group of commands, and that command or group."""
    known: list[str] = []
    for word in words:
        if word.startswith("-") or word not in app:
            break
        app = app[word]
        known.append(word)
    return known, app


def _without(words: Sequence[str], surplus: Sequence[str]) -> list[str]:
    """The words without the last of each that is too many."""
    left = list(reversed(words))
    for word in surplus:
        if word in left:
            left.remove(word)
    return left[::-1]


def _replaced(words: Sequence[str], wrong: str, right: Sequence[str]) -> list[str] | None:
    """The words with the wrong one, or its part before "=", replaced by the right one most like it."""
    close = difflib.get_close_matches(wrong, right, n=1)
    if not close:
        return None
    return [close[0] + word.removeprefix(wrong) if word.partition("=")[0] == wrong else word for word in words]


def _subcommand(words: Sequence[str], known: Sequence[str], group: App) -> list[str] | None:
    """The words with the one after the command replaced by the command below it that it is most like, if any."""
    below = [name for name in group if not name.startswith("-")]
    after = words[len(known) : len(known) + 1]
    return _replaced(words, after[0], below) if after else None


def _completed(words: Sequence[str], missing: Argument, group: App) -> list[str]:
    """The words with what is missing, in capitals: values, and options that must be given with theirs."""
    if words and words[-1] in missing.names:
        return [*words, _option(missing)[-1]]
    if missing.names and missing.names[0].startswith("-"):
        return [*words, *_option(missing)]
    every = group.assemble_argument_collection()
    others = [each for each in every if each.required and each.names and each.names[0].startswith("--")]
    lacking = [part for each in others if set(each.names).isdisjoint(words) for part in _option(each)]
    return [*words, missing.name.upper(), *lacking]


def _option(argument: Argument) -> tuple[str, str]:
    """An option and its value in capitals."""
    name = next(name for name in argument.names if name.startswith("--"))
    return name, name.removeprefix("--").upper()


def _with_value(words: Sequence[str], wrong: str, argument: Argument) -> list[str] | None:
    """The words with a value that is not of the option's kind replaced by the nearest choice, or by a number."""
    choices = [str(choice) for choice in argument.get_choices(force=True) or ()]
    if choices:
        right = (difflib.get_close_matches(wrong, choices, n=1) or choices)[0]
    elif {int, float}.isdisjoint({argument.hint, *get_args(argument.hint)}):
        return None
    else:
        right = "NUMBER"
    return [right if word == wrong else word.replace(f"={wrong}", f"={right}") for word in words]
