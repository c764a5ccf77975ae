"""Which action a phrase names, where its first word alone does not tell: "throws a punch", "throws a ball".

A phrase begins with its verb ("is" is skipped). Of all known phrases that begin with a sentence's word, in any form
(raises, raising), the one names the action that shares most of its own words with those that follow; articles,
prepositions, sides and numbers do not count, nor does the limb that something is done with, so that "lifts the right
knee" is read as "lifts a knee", and "throws something with both hands" is not read as "throws both hands up".
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from motion2language.language.inflection import IRREGULAR, base_forms, inflections
from motion2language.language.vocabulary import tokenize

#: Words of a phrase that tell nothing about its action. Chosen.
_UNTELLING = frozenset(
    "a an the his her its their with of in on at to from for into both each one two three four five six seven eight "
    "nine ten left right something someone".split()
)
_TO_BE = frozenset(("is", "are"))
_PLURALS = {"hands": "hand", "arms": "arm", "legs": "leg", "feet": "foot", "knees": "knee"}
_LIMBS = frozenset(_PLURALS.values())
_ENDS_IN_O = {"goes": "go", "does": "do"}
REMEMBERED = 10_000  # clauses whose action is kept: sentences that a model draws hold the same ones; chosen
_MISSING = 0.5  # how much a word of the phrase that the sentence lacks counts against one that it has; chosen


@dataclass(frozen=True)
class Found:
    """The action that a sentence names at a word: its label, and the index of the last word that the phrase takes.

    sure  False when nothing after the word tells the action
    """

    label: str
    last: int
    sure: bool


class PhraseIndex:
    """Phrases by the forms of their first word.

    >>> index = PhraseIndex({"throws a punch": "punch", "throws something": "throw"})
    >>> index.find("a person throws a punch".split(), 2, 5)
    Found(label='punch', last=4, sure=True)
    """

    def __init__(self, phrases: Mapping[str, str]) -> None:
        split = [(*_head_and_words(phrase), label) for phrase, label in phrases.items()]
        lemmas = _lemmas({head for head, _, _ in split})
        entries: dict[str, list[tuple[frozenset[str], str]]] = defaultdict(list)
        for head, words, label in split:
            entries[lemmas[head]].append((words, label))
        self._entries = {lemma: _Phrases(lemma, found) for lemma, found in entries.items()}
        self._told: dict[tuple[str, ...], tuple[str | None, int]] = {}  # by the verb and the words after it
        irregular = {form: lemma for form, lemma in IRREGULAR.items() if lemma in entries}
        self._lemma = {form: lemma for lemma in entries for form in (*inflections(lemma), lemma)} | irregular | lemmas

    def __contains__(self, word: str) -> bool:
        return word in self._lemma

    def __iter__(self) -> Iterator[str]:
        """The forms of all first words."""
        return iter(self._lemma)

    def find(self, words: Sequence[str], index: int, end: int) -> Found | None:
        """The action of the phrase that begins at `words[index]` and ends before `end`; None when none is told."""
        clause = (self._lemma[words[index]], *words[index + 1 : end])
        if clause not in self._told:
            if len(self._told) >= REMEMBERED:
                self._told.clear()
            self._told[clause] = self._tell(*clause)
        label, taken = self._told[clause]
        return None if label is None else Found(label, index + taken, taken > 0)

    def _tell(self, lemma: str, *rest: str) -> tuple[str | None, int]:
        """The action of a verb and the words after it, and how many of these the phrase takes."""
        clause = _telling(rest)
        own, label = self._entries[lemma].nearest(clause)
        shared = [place for place, word in enumerate(clause) if word in own]
        return (label, 1 + shared[-1]) if shared else (self._entries[lemma].plain, 0)

    def shown(self, sentences: Iterable[Sequence[str]]) -> set[str]:
        """The labels of which some sentence (words) holds a whole phrase."""
        labels: set[str] = set()
        for words in sentences:
            for index, word in enumerate(words):
                if word in self._lemma:
                    rest = _telling(words[index + 1 :])
                    own, label = self._entries[self._lemma[word]].nearest(rest)
                    labels |= {label} if own <= set(rest) else set()
        return labels


class _Phrases:
    """The phrases that begin with a verb, each with its own words and its label.

    plain  the action that the verb names by itself; None where it may be several
    """

    def __init__(self, lemma: str, entries: Sequence[tuple[frozenset[str], str]]) -> None:
        self.entries = entries
        plain = [label for own, label in entries if not own] or [label for _, label in entries if label == lemma]
        labels = {label for _, label in entries}
        plain = plain or (list(labels) if len(labels) == 1 else [])
        self.plain = plain[0] if plain else None
        self._shortest = min(range(len(entries)), key=lambda number: len(entries[number][0]))
        self._holding: dict[str, list[int]] = defaultdict(list)  # the phrases that hold a word
        for number, (own, _) in enumerate(entries):
            for word in own:
                self._holding[word].append(number)

    def nearest(self, clause: Sequence[str]) -> tuple[frozenset[str], str]:
        """The phrase (its own words, its label) that shares most with a clause; the first of several.

        Of the phrases that share nothing, the first of the shortest comes nearest.
        """
        shared = {self._shortest: 0}
        for word in set(clause):
            for number in self._holding.get(word, ()):
                shared[number] = shared.get(number, 0) + 1
        if len(shared) == 1:
            return self.entries[self._shortest]

        def rank(number: int) -> tuple[float, int]:
            return shared[number] - _MISSING * (len(self.entries[number][0]) - shared[number]), -number

        return self.entries[max(shared, key=rank)]


def _head_and_words(phrase: str) -> tuple[str, frozenset[str]]:
    words = [word for word in tokenize(phrase) if word not in _TO_BE]
    if not words:
        raise ValueError(f"the phrase {phrase!r} has no words")
    return words[0], frozenset(_telling(words[1:])) - {""}


def _telling(words: Sequence[str]) -> list[str]:
    """The words, limbs in the singular; those that tell nothing about an action are ""."""
    result: list[str] = []
    after_with = False  # only untelling words since "with"
    for word in (_PLURALS.get(word, word) for word in words):
        untelling = word in _UNTELLING
        result.append("" if untelling or (after_with and word in _LIMBS) else word)
        after_with = word == "with" or (after_with and untelling)
    return result


def _lemmas(heads: set[str]) -> dict[str, str]:
    """First word -> base form: of "raises" raise; of "raising" too, when some other phrase begins with raises."""
    finite = {head: _ENDS_IN_O.get(head) or _base(head) for head in heads if not head.endswith("ing")}
    present = {form: lemma for lemma in finite.values() for form in inflections(lemma)}
    return {head: finite.get(head) or present.get(head) or base_forms(head)[0] for head in heads}


def _base(word: str) -> str:
    """The base form that has `word` among its forms, or the word itself."""
    return next((base for base in base_forms(word) if word in (base, *inflections(base))), word)
