"""Which words of a sentence name an action: the lexicon that cuts sentences into segments.

A word form is a verb of movement when the training captions show it to be one. The rule, without any download: a form
is a candidate where it follows a subject ("a person", "someone"), a connective ("then", "and", "afterwards") or a form
of "to be"; it counts when the captions also hold its -ing form and its base or third person (walking, walks) and it
is not a function word. A fixed list of common movement verbs is always known, so that verbs which a corpus never uses
are also understood. Nouns are recognised by what precedes them: after an article, a number or an adjective ("a few
steps", "both hands", "the left kick") a form does not name an action. A light verb with an action noun ("makes a
turn", "throws a punch") names that action, at the position of the light verb.

Phrases of a table of actions (data/actions.toml) come before these rules: there a whole phrase names the action, so
that "throws a punch" and "throws a ball", "raises a knee" and "raises a hand" are told apart (phrases.py).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from pathlib import Path

from motion2language.language.inflection import IRREGULAR, base_forms, inflections
from motion2language.language.phrases import Found, PhraseIndex
from motion2language.language.vocabulary import tokenize

#: Words for who acts.
SUBJECTS = frozenset(
    "person someone somebody human man woman he she they subject figure actor player boy girl guy it one".split()
)
_CONNECTIVES = frozenset("and then afterwards while before after finally next also or but".split())
_AUXILIARIES = frozenset("is are was were be being been to starts begins continues stops tries keeps".split())
_DETERMINERS = frozenset(
    "a an the his her its their both each one two three four five six seven eight nine ten few several some this that "
    "another other same left right small big large long short quick slow fast first second third 1 2 3 4 5 6 7 8 9 of "
    "many more single full half quarter degree".split()
)
_ARTICLES = frozenset("a an the his her its their some".split())
_FUNCTION_WORDS = SUBJECTS | _CONNECTIVES | _AUXILIARIES
#: Words that never name an action, whatever precedes them. Chosen.
_NEVER = frozenset(
    "is are was were be being been has have had having starts start starting begins begin beginning continues continue "
    "stops stop tries try trying keeps keep seems seem uses use using does do doing makes make making takes take "
    "taking performs perform performing gives give giving goes it's his as this always sideways forwards backwards "
    "afterwards upwards downwards towards besides legs arms hands feet times something nothing during thing "
    "morning evening left right sudden suddenly slightly slowly quickly something".split()
)
#: Verbs whose object names the action: "makes a turn". Chosen.
_LIGHT = frozenset(
    "make makes making made take takes taking took do does doing did perform performs performing performed throw "
    "throws throwing threw give gives giving gave execute executes executing have has having had".split()
)
#: Common verbs of human movement, known to every lexicon. Chosen.
_COMMON = (
    "walk run jog turn jump hop skip leap kick punch throw catch wave point raise lift lower bow squat crouch kneel "
    "sit stand bend stretch clap dance climb crawl roll spin rotate swing reach grab pick place push pull carry "
    "hold drop lean stumble stagger step march sneak hit strike box nod shake stomp balance stir wipe drink eat "
    "pour play touch swim salute cheer fall lie stop cross open close fold twist wash cut hammer paddle ride sway "
    "limp retreat return circle move pass shuffle sprint dash dodge duck jab lunge tilt trip wobble golf juggle"
).split()


@dataclass(frozen=True)
class ActionLexicon:
    """Verb forms and phrases, and the actions they name: `forms["walking"] == "walk"`.

    phrases  phrase of a table of actions -> its action's label

    >>> lexicon = ActionLexicon.learn(["a person walks and then makes a turn"])
    >>> lexicon.find("a person walks up a few steps and makes a turn".split())
    [(2, 'walk'), (8, 'turn')]
    """

    forms: dict[str, str]
    phrases: dict[str, str] = field(default_factory=dict)

    @cached_property
    def actions(self) -> tuple[str, ...]:
        """The names of all actions, sorted."""
        return tuple(sorted({*self.forms.values(), *self.phrases.values()}))

    @classmethod
    def learn(cls, captions: Iterable[str], phrases: Mapping[str, str] | None = None) -> ActionLexicon:
        """The lexicon of training captions: the common verbs, and those that the rule at the top of this file finds.

        phrases  of a table of actions -> labels; kept for the labels of which some caption holds a whole phrase
        """
        captions = list(captions)
        votes: Counter[str] = Counter()
        seen: set[str] = set()
        for caption in captions:
            words = tokenize(caption)
            seen.update(words)
            votes.update(
                word
                for before, word in pairwise(words)
                if before in SUBJECTS | _CONNECTIVES | _AUXILIARIES and word not in _NEVER | _DETERMINERS
            )
        forms = _common_forms()
        for word in votes:
            lemma = forms.get(word) or _lemma(word, seen)
            if lemma is not None and lemma not in SUBJECTS | _CONNECTIVES | _AUXILIARIES | _DETERMINERS:
                forms = {form: lemma for form in (word, *inflections(lemma)) if form in seen} | forms
        shown = PhraseIndex(phrases).shown(map(tokenize, captions)) if phrases else set()
        kept = {phrase: label for phrase, label in (phrases or {}).items() if label in shown}
        return cls({form: lemma for form, lemma in forms.items() if form not in _NEVER - {"stop"}}, kept)

    @classmethod
    def from_file(cls, path: Path) -> ActionLexicon:
        """Read a user's list: one `form` or `form lemma` per line; `#` begins a comment."""
        try:
            return cls.parse(Path(path).read_text(encoding="utf-8-sig"), str(path))
        except UnicodeDecodeError:
            raise ValueError(f"{path}: not a text file in UTF-8; expected one action word per line") from None

    @classmethod
    def parse(cls, text: str, source: str) -> ActionLexicon:
        """Parse the text of such a list; error messages call it `source`."""
        forms = parse_word_pairs(text, source, "`form` or `form lemma`")
        if not forms:
            raise ValueError(f"{source}: contains no action words; expected one per line")
        return cls(forms)

    def find(self, words: Sequence[str]) -> list[tuple[int, str]]:
        """(index, label) of each action word of a sentence, in order."""
        actions, used = [], -1  # used: the last word of an action noun, or of a phrase
        for index, word in enumerate(words):
            if word not in self._heads:
                continue
            phrase = self._phrase(words, index) if index > used else None
            if phrase is not None:
                used = phrase.last
                actions.append((index, phrase.label))
                continue
            noun = self._action_noun(words, index + 1) if word in _LIGHT else None
            if noun is not None:
                used, label = noun
                actions.append((index, label))
            elif word in self.forms and index > used and not self._is_noun(words, index):
                actions.append((index, self.forms[word]))
        return actions

    @cached_property
    def _heads(self) -> frozenset[str]:
        """The words at which an action may be."""
        return frozenset([*self.forms, *_LIGHT, *self._index])

    @cached_property
    def _index(self) -> PhraseIndex:
        return PhraseIndex(self.phrases)

    def _phrase(self, words: Sequence[str], index: int) -> Found | None:
        """The action of a phrase that begins here; a light verb or function word alone names none."""
        word = words[index]
        light = word in _LIGHT or word in _NEVER
        if word not in self._index or (not light and self._is_noun(words, index)):
            return None
        found = self._index.find(words, index, self._end_of_clause(words, index))
        return found if found is not None and (found.sure or not light) else None

    def _end_of_clause(self, words: Sequence[str], index: int) -> int:
        """The index of the first connective after `index` that leads to another verb; without one, of the end."""
        ahead = None
        for place in range(index + 1, len(words)):
            word = words[place]
            if word in _CONNECTIVES:
                ahead = place if ahead is None else ahead
            elif ahead is not None:
                if word in self.forms or word in self._index:
                    return ahead
                if word not in _FUNCTION_WORDS and word not in _DETERMINERS:
                    ahead = None
        return len(words)

    def _is_noun(self, words: Sequence[str], index: int) -> bool:
        """True after a determiner, or after an article and one word that is neither subject nor verb.

        Not at the beginning of a clause: "the robot walks" has a subject that no list contains.
        """
        before = words[max(0, index - 2) : index]
        if index == 2 or (index > 2 and words[index - 3] in _CONNECTIVES):
            before = before[-1:]
        if before and before[-1] in _DETERMINERS and before[-1] not in SUBJECTS:
            return True
        if len(before) < 2 or before[0] not in _ARTICLES:
            return False
        return before[1] not in _FUNCTION_WORDS and before[1] not in self.forms

    def _action_noun(self, words: Sequence[str], index: int) -> tuple[int, str] | None:
        """Index and lemma of the action that a light verb's object names: a determiner, up to two words, the noun."""
        if index >= len(words) or words[index] not in _DETERMINERS:
            return None
        for noun in range(index, min(index + 4, len(words))):
            if words[noun] in self.forms:
                return noun, self.forms[words[noun]]
            if words[noun] in _CONNECTIVES or words[noun] in SUBJECTS - {"one"}:
                return None
        return None

    def save(self, path: Path) -> None:
        """Write as JSON."""
        content = {"forms": self.forms, "phrases": self.phrases} if self.phrases else self.forms
        path.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> ActionLexicon:
        """Read a lexicon that `save` wrote; ValueError for any other file."""
        try:
            forms = json.loads(path.read_text(encoding="utf-8"))
        except (ValueError, RecursionError) as error:
            raise ValueError(f"{path}: not a lexicon of action words ({error})") from None
        both = isinstance(forms, dict) and forms.keys() == {"forms", "phrases"}
        parts = (forms["forms"], forms["phrases"]) if both else (forms, {})
        for part in parts:
            if not isinstance(part, dict) or not all(isinstance(lemma, str) for lemma in part.values()):
                raise ValueError(f"{path}: expected an object of word forms and their lemmas")
        return cls(*parts)


def parse_word_pairs(text: str, source: str, expected: str) -> dict[str, str]:
    """First word of each line -> second word, or the first itself when it is alone; `#` begins a comment.

    ValueError names `source` and the line, and what was `expected`, for a line with more words.

    >>> parse_word_pairs("walks walk  # a verb\\nbow", "list", "`form lemma`")
    {'walks': 'walk', 'bow': 'bow'}
    """
    pairs: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.split("#")[0].replace("=", " ").lower().split()
        if len(words) > 2:
            raise ValueError(f"{source}, line {number}: expected {expected}, found {line.strip()!r}")
        if words:
            pairs[words[0]] = words[-1]
    return pairs


def _common_forms() -> dict[str, str]:
    forms = {form: lemma for lemma in _COMMON for form in (lemma, *inflections(lemma))}
    return forms | {form: lemma for form, lemma in IRREGULAR.items() if lemma in _COMMON}


def _lemma(word: str, seen: set[str]) -> str | None:
    """The base form of a candidate if the captions hold its -ing form and its base or third person, else None."""
    for lemma in base_forms(word):
        forms = {lemma, *inflections(lemma)}
        third, present, _ = inflections(lemma)
        if len(lemma) > 2 and word in forms and present in seen and {lemma, third} & seen:
            return lemma
    return None
