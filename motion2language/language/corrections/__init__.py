"""Correct captions by fixed rules and one reviewed table, `table.tsv`, whose header explains how it was made.

`spelling`  replaces misspelt words by the intended ones: words of the table, and slips of its common words (two
            neighbours swapped, an inner letter missing, a letter doubled) unless the slip is a word itself.
            All else stays as it is.
`paper`     spelling, then the notation of arXiv 2310.10594: the tokeniser's words, joined by spaces, with digits for
            numbers (`one hundred and eighty` -> 180), `degrees` for ° and degree, `m` and `centimeters`, hyphens opened
            (`u-turn` -> `u turn`). A `one` in place of a noun stays: at the end, before `after` or `another`.

Correcting a corrected caption changes nothing. The rules are for training captions and for the paper's scoring
protocol; the clean protocol never corrects its references.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Literal

from motion2language.language.vocabulary import tokenize

Rules = Literal["none", "spelling", "paper"]
TABLE = Path(__file__).parent / "table.tsv"
KINDS = ("unit", "spelling", "verb", "common", "kept")

_LETTERS = re.compile(r"[^\W\d_]+")
_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
).split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
#: Number words without "hundred", which needs one of them before it.
NUMBERS = {word: value for value, word in enumerate(_ONES)} | {
    word: 10 * tens for tens, word in enumerate(_TENS, start=2)
}


@dataclass(frozen=True)
class Corrections:
    """The rules with a table.

    words   misspelt word, or several with a space between -> the intended ones
    units   unit -> how the paper writes it
    common  words whose slips are corrected; slips of units with more than 4 letters are also corrected
    kept    words that no rule changes

    >>> table = Corrections({"persom": "person"}, {"degree": "degrees"}, common=frozenset({"walks"}), kept=frozenset())
    >>> table.spelling("A persom waks by.")
    'A person walks by.'
    >>> table.paper("turns one hundred and eighty degree")
    'turns 180 degrees'
    """

    words: dict[str, str]
    units: dict[str, str]
    common: frozenset[str]
    kept: frozenset[str]
    _phrases: re.Pattern[str] = field(init=False, repr=False)
    _known: dict[str, str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        phrases = [r"[\s-]+".join(map(re.escape, phrase.split())) for phrase in self.words if " " in phrase]
        pattern = rf"(?<![^\W\d_])(?:{'|'.join(phrases)})(?![^\W\d_])" if phrases else r"(?!)"
        object.__setattr__(self, "_phrases", re.compile(pattern, re.IGNORECASE))
        object.__setattr__(self, "_known", self._slips() | self.words)
        again = [meant for meant in (*self.words.values(), *self.units.values()) if self.spelling(meant) != meant]
        if again:
            raise ValueError(
                f"a line of the table corrects to {again[0]!r}, which another line corrects; give its final form"
            )

    def _slips(self) -> dict[str, str]:
        """Slip -> the one common word it comes from, without slips of several words and slips that are words."""
        sources: dict[str, set[str]] = {}
        for word in self.common | {unit for unit in self.units if len(unit) > 4}:
            for slip in slips(word):
                sources.setdefault(slip, set()).add(word)
        intended = {word for text in self.words.values() for word in text.split()}
        known = self.common | self.kept | self.units.keys() | intended
        return {slip: words.pop() for slip, words in sources.items() if len(words) == 1 and slip not in known}

    def spelling(self, text: str) -> str:
        """The text with its spelling corrected; capitals, punctuation and all else stay as they are."""
        text = self._phrases.sub(
            lambda match: _as_written(match[0], self.words[" ".join(_LETTERS.findall(match[0].lower()))]), text
        )
        return _LETTERS.sub(lambda match: _as_written(match[0], self._known.get(match[0].lower(), "")), text)

    def paper(self, text: str) -> str:
        """The text in the paper's notation, lower case, words separated by spaces."""
        words = tokenize(text.replace("°", " degrees "))
        opened = [word if word in self.kept else word.replace("-", " ") for word in words]
        words = _digits(tokenize(self.spelling(" ".join(opened))))
        return " ".join(self.units.get(word, word) for word in words)

    @classmethod
    def load(cls, path: Path = TABLE) -> Corrections:
        """Read a table of tab-separated lines `word meant kind from note`; ValueError names a malformed line."""
        try:
            lines = Path(path).read_text(encoding="utf-8-sig").splitlines()
        except UnicodeDecodeError:
            raise ValueError(
                f"{path}: not a text file in UTF-8; expected word, meant and kind, separated by tabs"
            ) from None
        kinds: dict[str, dict[str, str]] = {kind: {} for kind in KINDS}
        for number, line in enumerate(lines, start=1):
            if not line.strip() or line.startswith("#"):
                continue
            word, meant, kind = (*line.split("\t"), "", "")[:3]
            if kind not in KINDS or not word or not meant:
                raise ValueError(
                    f"{path}, line {number}: expected word, meant and kind ({', '.join(KINDS)}), separated by tabs, "
                    f"found {line[:80]!r}"
                )
            if any(word in words for words in kinds.values()):
                raise ValueError(f"{path}, line {number}: {word!r} appears twice; keep one of its lines")
            kinds[kind][word] = meant
        if not any(kinds.values()):
            raise ValueError(f"{path}: contains no corrections; expected word, meant and kind on each line")
        try:
            return cls(
                kinds["spelling"] | kinds["verb"], kinds["unit"], frozenset(kinds["common"]), frozenset(kinds["kept"])
            )
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None


@cache
def shipped() -> Corrections:
    """The corrections that come with the package."""
    return Corrections.load()


def corrector(rules: Rules) -> Callable[[str], str]:
    """The function that `train.corrections` applies to each caption."""
    if rules == "none":
        return str
    return shipped().spelling if rules == "spelling" else shipped().paper


def slips(word: str) -> set[str]:
    """The word with two neighbours swapped, an inner letter missing, or a letter doubled."""
    letters = range(len(word))
    swapped = {word[:i] + word[i + 1] + word[i] + word[i + 2 :] for i in letters[:-1]}
    missing = {word[:i] + word[i + 1 :] for i in letters[1:-1]}
    doubled = {word[: i + 1] + word[i:] for i in letters}
    return (swapped | missing | doubled) - {word}


def _as_written(written: str, meant: str) -> str:
    """`meant` with the capitals of `written`; `written` itself when `meant` is empty."""
    if not meant or written.islower():
        return meant or written
    return meant.upper() if written.isupper() and len(written) > 1 else meant[0].upper() + meant[1:]


def _digits(words: list[str]) -> list[str]:
    """The words with numbers in digits."""
    result, index = [], 0
    while index < len(words):
        value, taken = _number(words, index)
        result.append(str(value) if taken else words[index])
        index += taken or 1
    return result


def _number(words: list[str], index: int) -> tuple[int, int]:
    """The number that begins at a word and how many words it takes; (0, 0) when none begins there."""
    value, taken = _below_hundred(words, index)
    after = words[index + taken : index + taken + 1]
    if taken == 1 and value in range(1, 10) and after == ["hundred"]:
        joined = words[index + 2 : index + 3] == ["and"]
        rest, more = _below_hundred(words, index + 2 + joined)
        return 100 * value + rest, 2 + (joined + more if more else 0)
    if words[index] == "one" and (not after or after[0] in ("after", "another")):
        return 0, 0
    return value, taken


def _below_hundred(words: list[str], index: int) -> tuple[int, int]:
    value = NUMBERS.get(words[index]) if index < len(words) else None
    if value is None:
        return 0, 0
    ones = NUMBERS.get(words[index + 1], 0) if index + 1 < len(words) else 0
    return (value + ones, 2) if value >= 20 and 1 <= ones <= 9 else (value, 1)
