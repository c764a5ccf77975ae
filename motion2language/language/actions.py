"""Which words of a sentence name an action: the lexicon that cuts sentences into segments.

A word form is a verb of movement when the training captions show it to be one. The rule, without any download: a form
is a candidate where it follows a subject ("a person", "someone"), a connective ("then", "and", "afterwards") or a form
of "to be"; it counts when the captions also hold its -ing form and its base or third person (walking, walks) and it
is not a function word. A fixed list of common movement verbs is always known, so that verbs which a corpus never uses
are also understood. Nouns are recognised by what precedes them: after an article, a number or an adjective ("a few
steps", "both hands", "the left kick") a form does not name an action. A light verb with an action noun ("makes a
turn", "throws a punch") names that action, at the position of the light verb.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from motion2language.language.vocabulary import tokenize

_SUBJECTS = frozenset(
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
_IRREGULAR = {
    "ran": "run", "stood": "stand", "sat": "sit", "threw": "throw", "bent": "bend", "knelt": "kneel", "swung": "swing",
    "went": "go", "held": "hold", "caught": "catch", "fell": "fall", "lay": "lie", "lying": "lie", "swam": "swim",
    "drank": "drink", "ate": "eat", "shook": "shake", "hit": "hit", "put": "put", "leapt": "leap", "crept": "creep",
}  # fmt: skip
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
    """Verb forms and the actions they name: `forms["walking"] == "walk"`.

    >>> lexicon = ActionLexicon.learn(["a person walks and then makes a turn"])
    >>> lexicon.find("a person walks up a few steps and makes a turn".split())
    [(2, 'walk'), (8, 'turn')]
    """

    forms: dict[str, str]

    @classmethod
    def learn(cls, captions: Iterable[str]) -> ActionLexicon:
        """The lexicon of training captions: the common verbs, and those that the rule at the top of this file finds."""
        votes: Counter[str] = Counter()
        seen: set[str] = set()
        for caption in captions:
            words = tokenize(caption)
            seen.update(words)
            votes.update(
                word
                for before, word in pairwise(words)
                if before in _SUBJECTS | _CONNECTIVES | _AUXILIARIES and word not in _NEVER | _DETERMINERS
            )
        forms = _common_forms()
        for word in votes:
            lemma = forms.get(word) or _lemma(word, seen)
            if lemma is not None and lemma not in _SUBJECTS | _CONNECTIVES | _AUXILIARIES | _DETERMINERS:
                forms = {form: lemma for form in (word, *inflections(lemma)) if form in seen} | forms
        return cls({form: lemma for form, lemma in forms.items() if form not in _NEVER - {"stop"}})

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
        actions, used = [], -1  # used: the last word of an action noun
        for index, word in enumerate(words):
            noun = self._action_noun(words, index + 1) if word in _LIGHT else None
            if noun is not None:
                used, label = noun
                actions.append((index, label))
            elif word in self.forms and index > used and not self._is_noun(words, index):
                actions.append((index, self.forms[word]))
        return actions

    def _is_noun(self, words: Sequence[str], index: int) -> bool:
        """True after a determiner, or after an article and one word that is neither subject nor verb.

        Not at the beginning of a clause: "the robot walks" has a subject that no list contains.
        """
        before = words[max(0, index - 2) : index]
        if index == 2 or (index > 2 and words[index - 3] in _CONNECTIVES):
            before = before[-1:]
        if before and before[-1] in _DETERMINERS - _SUBJECTS:
            return True
        between = _SUBJECTS | _CONNECTIVES | _AUXILIARIES | self.forms.keys()
        return len(before) == 2 and before[0] in _ARTICLES and before[1] not in between

    def _action_noun(self, words: Sequence[str], index: int) -> tuple[int, str] | None:
        """Index and lemma of the action that a light verb's object names: a determiner, up to two words, the noun."""
        if index >= len(words) or words[index] not in _DETERMINERS:
            return None
        for noun in range(index, min(index + 4, len(words))):
            if words[noun] in self.forms:
                return noun, self.forms[words[noun]]
            if words[noun] in _CONNECTIVES or words[noun] in _SUBJECTS - {"one"}:
                return None
        return None

    def save(self, path: Path) -> None:
        """Write as JSON."""
        path.write_text(json.dumps(self.forms, indent=1, sort_keys=True) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> ActionLexicon:
        """Read a lexicon that `save` wrote; ValueError for any other file."""
        try:
            forms = json.loads(path.read_text(encoding="utf-8"))
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            raise ValueError(f"{path}: not a lexicon of action words ({error})") from None
        if not isinstance(forms, dict) or not all(isinstance(lemma, str) for lemma in forms.values()):
            raise ValueError(f"{path}: expected an object of word forms and their lemmas")
        return cls(forms)


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
    return forms | {form: lemma for form, lemma in _IRREGULAR.items() if lemma in _COMMON}


def inflections(lemma: str) -> tuple[str, str, str]:
    """walk -> walks, walking, walked, by the spelling rules of English."""
    third = lemma + ("es" if lemma.endswith(("s", "x", "z", "ch", "sh", "o")) else "s")
    stem = lemma
    if lemma.endswith("e") and not lemma.endswith(("ee", "ye", "oe")):
        stem = lemma[:-1]
    elif _doubles(lemma):
        stem = lemma + lemma[-1]
    past = stem + "ed"
    if len(lemma) > 2 and lemma.endswith("y") and lemma[-2] not in "aeiou":
        third, past = lemma[:-1] + "ies", lemma[:-1] + "ied"
    return third, (lemma[:-2] + "ying" if lemma.endswith("ie") else stem + "ing"), past


def _doubles(lemma: str) -> bool:
    """One syllable, consonant-vowel-consonant: run -> running."""
    vowels = [letter in "aeiou" for letter in lemma.replace("qu", "qq")]  # squat: the u is part of the qu
    return len(lemma) >= 3 and vowels[-3:] == [False, True, False] and sum(vowels) == 1 and lemma[-1] not in "wxy"


def _lemma(word: str, seen: set[str]) -> str | None:
    """The base form of a candidate if the captions hold its -ing form and its base or third person, else None."""
    for lemma in _possible_lemmas(word):
        forms = {lemma, *inflections(lemma)}
        third, present, _ = inflections(lemma)
        if len(lemma) > 2 and word in forms and present in seen and {lemma, third} & seen:
            return lemma
    return None


def _possible_lemmas(word: str) -> list[str]:
    if word.endswith("ing") and len(word) > 5:
        stem = word[:-3]
    elif word.endswith("ies") or word.endswith("ied"):
        return [word[:-3] + "y"]
    elif word.endswith("ed") and len(word) > 4:
        stem = word[:-2]
    elif word.endswith("s") and not word.endswith("ss"):
        if word.endswith(("sses", "xes", "ches", "shes")):  # crosses, lurches: most bases end without an e
            return [word[:-2], word[:-1]]
        return [word[:-1], *([word[:-2]] if word.endswith("es") else [])]
    else:
        return [word]
    single = [stem[:-1]] if len(stem) > 2 and stem[-1] == stem[-2] else []
    return [*single, stem, stem + "e"]
