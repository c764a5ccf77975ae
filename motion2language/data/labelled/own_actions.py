"""Actions that a user's table of labels brings: a label that the table of actions lacks, with how it is said.

The phrase stands in the column `phrase` ("spins a hoop"), or is what the sentences say after who acts ("a person spins
a hoop"). A phrase for an action that the table has becomes one more wording.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from motion2language.data.actions import Action, Actions, load_actions, parse_actions
from motion2language.data.labelled.corrected import read_phrases
from motion2language.data.labelled.table import Described
from motion2language.data.rows import nearest
from motion2language.files import parse_toml, read_text, write_text
from motion2language.language.actions import SUBJECTS
from motion2language.language.vocabulary import tokenize


def own_actions(
    table: Path,
    described: Mapping[str, Described],
    source: str,
    actions: Actions,
    wordings: Mapping[str, Sequence[str]] = MappingProxyType({}),
    required: bool = True,
) -> dict[str, Action]:
    """The actions that a table of labels adds to `actions`: those with a phrase, or with sentences of who does them.

    wordings  label -> phrases that are used where the table of actions lacks the label
    required  whether each label must mean an action: ValueError, with the nearest action, for one that the table lacks
              and that has neither phrase nor sentence; otherwise it is passed over
    """
    phrases: dict[str, list[str]] = defaultdict(list)
    for each in described.values():
        for label, phrase in each.phrases:
            phrases[label].append(_without_subject(phrase))
    unknown: dict[str, int] = {}
    for each in described.values():
        for label in each.labels:
            if label not in phrases and not _is_known(actions, source, label):
                unknown.setdefault(label, each.line)
    for each in described.values():
        if len(each.labels) == 1 and each.labels[0] in unknown:
            phrases[each.labels[0]] += map(_without_subject, each.sentences)
    place = "as the words of its segments" if table.is_dir() else "in a column phrase"
    for label, line in unknown.items():
        phrases[label] += map(_without_subject, wordings.get(label, ()))
        if not phrases[label] and not required:
            del phrases[label]
        elif not phrases[label]:
            raise ValueError(
                f"{table}, line {line}: {label!r} is no action of the table; {nearest(label, actions.actions)} "
                f'A new action needs its phrase, {place}, such as "spins a hoop"'
            )
    own = {}
    for label, texts in phrases.items():
        old = actions.actions.get(label)
        every = (*texts, *(old.phrases if old else ()))
        try:
            own[label] = Action(old.verb if old else label, tuple(dict.fromkeys(every)), bool(old and old.cut))
        except ValueError as error:
            raise ValueError(f"{table}: {label}: {error}") from None
    return own


def own_table(
    labels: Path, described: Mapping[str, Described], source: str, given: Path | None, *, required: bool = True
) -> str:
    """The text of a TOML table: the rows and labels of `given`, and the actions that a table of labels adds.

    labels    the table of labels, or a folder of corrected transcripts, whose texts word new actions
    given     TOML file of the user
    required  as of `own_actions`

    "" when the labels add nothing. ValueError when an action is worded in both, or cannot be worded so.
    """
    wordings = read_phrases(labels) if labels.is_dir() else {}
    own = own_actions(labels, described, source, load_actions(given), wordings, required)
    if not own:
        return ""
    text = read_text(given, "a table of actions in TOML") + "\n" if given else ""
    twice = sorted(own.keys() & parse_toml(text).get("actions", {}).keys())
    if twice:
        raise ValueError(f"{labels}: {twice[0]!r} has a phrase here and a row in {given}; put all its phrases there")
    text += to_toml(own)
    parse_actions(text, labels)
    return text


def write_own_table(arrays: Path, text: str) -> tuple[Path, Path]:
    """Write X.actions.toml, a table of actions, beside X.npz, and X.people.toml, which names both and is their root."""
    table, root = (arrays.with_name(f"{arrays.stem}.{what}.toml") for what in ("actions", "people"))
    write_text(table, text)
    names = {"folder": arrays.name, "actions": table.name}
    write_text(root, "".join(f"{key} = {json.dumps(name, ensure_ascii=False)}\n" for key, name in names.items()))
    return table, root


def _is_known(actions: Actions, source: str, label: str) -> bool:
    try:
        actions.meanings(source, label)
    except ValueError:
        return False
    return True


def _without_subject(text: str) -> str:
    """A sentence without who acts: "a person spins a hoop" is "spins a hoop"."""
    words = tokenize(text)
    begin = words[1:] if words[:1] in (["a"], ["an"], ["the"]) else words
    return " ".join(begin[1:]) if begin[:1] and begin[0] in SUBJECTS else " ".join(text.lower().rstrip(".").split())


def to_toml(own: Mapping[str, Action]) -> str:
    """Actions as rows of a table that `load_actions` adds to the packaged one."""
    return "\n".join(
        f"[actions.{json.dumps(name, ensure_ascii=False)}]\nverb = {json.dumps(action.verb, ensure_ascii=False)}\n"
        f"cut = {str(action.cut).lower()}\nphrases = {json.dumps(list(action.phrases), ensure_ascii=False)}\n"
        for name, action in own.items()
    )
