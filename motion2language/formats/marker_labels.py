"""What a marker's label means: marker_sets.toml, a user's own table, and the forms in which labels are compared.

`L.ASIS`, `Left_Asis` and `lasis` are equal: labels are compared in capitals, without spaces, dots, dashes and
underscores, with the side as a letter in front. OpenCap and Pose2Sim end the labels of the markers that they compute in
`_study`; the key points of the videos beside them have labels without it.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

from motion2language.files import parse_toml
from motion2language.formats.limits import LONGEST_NAME

#: The last word of labels of computed markers.
COMPUTED = "STUDY"
SIDES = {"left": "L", "right": "R"}
_LETTERS = frozenset(SIDES.values())
_SIDE = re.compile("(?<![A-Za-z])(?i:left|right)|Left|Right")  # but not at the end of a name: Wright
#: Words in labels of points that are not positions.
_QUANTITIES = frozenset(
    "ANGLE ANGLES FORCE FORCES MOMENT MOMENTS POWER POWERS TORQUE TORQUES ANG VEL ACC VELOCITY ACCELERATION".split()
)


@lru_cache(maxsize=1)
def marker_sets() -> Mapping[str, Mapping[str, str]]:
    """`skin`, `centres` and `joints` -> part of the body -> its labels; `*` is the side."""
    text = files("motion2language.formats").joinpath("marker_sets.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def load_markers(path: Path | str) -> dict[str, str]:
    """Part of the body -> labels, from a user's TOML file of lines such as `"left heel" = "M12 HeelL"`.

    `*` may be the side, as in marker_sets.toml. FileNotFoundError when the file does not exist; ValueError names the
    file and the problem: not TOML, an unknown part (with the nearest one), labels that are no text.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(
            f'{path}: no such table of markers; give a TOML file with lines like "left heel" = "M12"'
        )
    try:
        rows = parse_toml(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: not a TOML file: {error}") from None
    sets = marker_sets()
    known = [part for table in (sets["skin"], sets["centres"]) for part in table]
    known += [part.replace("*", f"{side} ") for part in known if "*" in part for side in SIDES]
    for part, labels in rows.items():
        if part not in known:
            near = difflib.get_close_matches(part, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"expected one of {', '.join(known)}"
            raise ValueError(f"{path}: unknown part of the body {part!r}; {hint}")
        if not isinstance(labels, str):
            raise ValueError(f"{path}: {part!r} = {labels!r}; expected labels in quotes, separated by spaces")
    return rows


def meanings(table: Mapping[str, str]) -> dict[str, str]:
    """A label's form -> the part of the body, with its side, by a table."""
    found: dict[str, str] = {}
    for part, labels in table.items():
        for side, letter in SIDES.items() if "*" in part else (("", ""),):
            for label in labels.replace("*", letter).split():
                form = next((form for before, form in forms(label) if not before), label)
                found[form] = part.replace("*", f"{side} ")
    return found


def known_labels(*kinds: str, own: Mapping[str, str] | None = None) -> Mapping[str, str]:
    """The meanings of the labels in these tables of marker_sets.toml, and in a user's own, which comes first."""
    return _shipped(kinds) | meanings(own) if own else _shipped(kinds)


@lru_cache(maxsize=4)  # the same for every file
def _shipped(kinds: tuple[str, ...]) -> dict[str, str]:
    return meanings({part: labels for kind in kinds for part, labels in marker_sets()[kind].items()})


def labels_of(part: str) -> str:
    """The first label of a part such as `left front waist`, for messages."""
    side, _, rest = part.partition(" ")
    key = f"*{rest}" if side in SIDES else part
    sets = marker_sets()
    return (sets["skin"] | sets["centres"])[key].split()[0].replace("*", SIDES.get(side, ""))  # type: ignore[operator]


@lru_cache(maxsize=2048)  # each label of a file is looked up several times
def forms(label: str) -> tuple[tuple[str, str], ...]:
    """A label's forms to look up, each as (the words it leaves out, the form).

    The forms consist of all words, or of those from its side on, also with the side's letter first.
    """
    return tuple(_forms(label))


def _forms(label: str) -> Iterator[tuple[str, str]]:
    if len(label) > LONGEST_NAME:  # no marker set's
        return
    words = re.findall("[A-Za-z0-9]+", _SIDE.sub(lambda side: f" {side[0][0]} ", label))
    capitals = [word.upper() for word in words]
    if capitals[1:] and capitals[-1] == COMPUTED:
        capitals.pop()
    if not _QUANTITIES.isdisjoint(capitals):
        return
    for first, word in enumerate(capitals):
        before, rest = " ".join(words[:first]), capitals[first:]
        yield before, "".join(rest)
        if rest[-1] in _LETTERS:
            yield before, rest[-1] + "".join(rest[:-1])
        if word in _LETTERS:
            break
