"""What a trained model gains from new sentences: words, rows of its network for them, and actions.

Old words keep their ids and old rows their weights, to the bit; a new word begins with the mean of the old words' rows,
so that it is an unlikely word until training makes it one. A `Growth` says before training what new sentences bring.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from motion2language.captioning.captioner import Captioner
from motion2language.language.actions import ActionLexicon
from motion2language.language.vocabulary import SPECIALS, UNK, Vocabulary, tokenize
from motion2language.model.network import build

FEW = 5  # recordings of an action, below which a summary names it; chosen
SHOWN = 12  # words or actions that a line of the summary names; chosen
#: Weights with one row per word of the vocabulary.
WORD_ROWS = (
    "embedding.weight", "seen_words.weight", "seen_words.bias", "said_words.weight", "said_words.bias",
    "output.weight", "output.bias",
)  # fmt: skip


@dataclass(frozen=True)
class Growth:
    """What sentences bring.

    known     words before
    added     new words with their counts, the most frequent first
    dropped   words seen less than `least` times, which become <unk>
    actions   label -> recordings whose sentences name it
    new       those of these labels that the model did not know
    """

    known: int
    added: Mapping[str, int]
    dropped: Mapping[str, int]
    least: int
    actions: Mapping[str, int]
    new: frozenset[str]

    def lines(self, counted: Iterable[str] = ()) -> list[str]:
        """The summary, one line each: words, and where there are any, dropped words, new actions, few recordings.

        counted  labels whose examples the caller counts, which are not among those of few recordings
        """
        begin = f"words: {self.known} known, " if self.known else "words: "
        lines = [f"{begin}{len(self.added)} {'added' if self.known else 'in all'}{_names(self.added, self.known)}"]
        if self.dropped:
            why = f"seen less than {self.least} times (train.minimum_count)"
            lines.append(f"words left out, {why}: {len(self.dropped)}{_names(self.dropped)}")
        if self.known and self.new:
            lines.append(f"new actions: {len(self.new)}{_names(sorted(self.new))}")
        unsure = self.new if self.known else frozenset(self.actions)
        return lines + scarce({label: self.actions[label] for label in unsure.difference(counted)}, "recordings")


def least_count(given: int | None, sentences: int, starts: bool) -> int:
    """How often a word must occur: `given`, or 1 when a model is trained further or sentences are few, else 3."""
    return given if given is not None else 1 if starts or sentences < 500 else 3


def grow(
    start: Captioner, sentences: Sequence[Sequence[str]], wordings: Mapping[str, str], given: int | None = None
) -> Captioner:
    """`start` with the words and actions that sentences bring, given for each recording.

    wordings  phrase of a table of actions -> label
    given     train.minimum_count
    """
    texts = [text for own in sentences for text in own]
    added, _ = _count_words(texts, start.vocabulary, least_count(given, len(texts), starts=True))
    found = ActionLexicon.learn(texts, wordings)
    lexicon = ActionLexicon(found.forms | start.lexicon.forms, found.phrases | start.lexicon.phrases)
    vocabulary = Vocabulary((*start.vocabulary.words, *added))
    config = replace(start.config, vocabulary_size=len(vocabulary))
    network = build(config, add_rows(start.weights, len(added)))
    return replace(start, config=config, vocabulary=vocabulary, lexicon=lexicon, network=network)


def measure_growth(
    start: Captioner | None, grown: Captioner, sentences: Sequence[Sequence[str]], given: int | None = None
) -> Growth:
    """What the sentences of each recording bring to `start` that made it `grown`; without `start` all is new."""
    texts = [text for own in sentences for text in own]
    least = least_count(given, len(texts), starts=start is not None)
    words = _count_words(texts, start.vocabulary if start else None, least)
    actions = Counter(
        label
        for own in sentences
        for label in {label for text in own for _, label in grown.lexicon.find(tokenize(text))}
    )
    known = len(start.vocabulary) - len(SPECIALS) if start else 0
    return Growth(known, *words, least, actions, frozenset(actions) - (known_actions(start) if start else set()))


def known_actions(captioner: Captioner) -> set[str]:
    """The labels of actions that a model can name."""
    words, lexicon = frozenset(captioner.vocabulary.words), captioner.lexicon
    said = {label for form, label in lexicon.forms.items() if form in words}
    return set(lexicon.phrases.values()) or said  # its phrases are those that its training sentences showed


def _count_words(texts: Sequence[str], known: Vocabulary | None, least: int) -> tuple[dict[str, int], dict[str, int]]:
    """The words of sentences that `known` lacks: those to add and those to leave out, with their counts."""
    old = frozenset(SPECIALS if known is None else known.words)
    counts = Counter(word for text in texts for word in tokenize(text) if word not in old)
    ordered = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    added = {word: count for word, count in ordered if count >= least}
    return added, {word: count for word, count in ordered if count < least}


def add_rows(weights: Mapping[str, np.ndarray], count: int) -> dict[str, np.ndarray]:
    """The weights with rows for `count` more words, each the mean of the old words' rows."""
    grown = dict(weights)
    for name in WORD_ROWS:
        if name in grown and count:
            rows = grown[name]
            mean = rows[UNK + 1 :].mean(0, keepdims=True, dtype=np.float64).astype(rows.dtype)
            grown[name] = np.concatenate([rows, np.repeat(mean, count, axis=0)])
    return grown


def scarce(counts: Mapping[str, int], what: str) -> list[str]:
    """A line that names the actions of too few examples; nothing when all have enough."""
    few = sorted((count, action) for action, count in counts.items() if count < FEW)
    named = _names([f"{action} {count}" for count, action in few])
    return [f"actions of fewer than {FEW} {what}, which will hardly be learnt{named}"] if few else []


def _names(names: Mapping[str, int] | Sequence[str], show: int | bool = True) -> str:
    """ ": a, b, ..." of the first few; "" of none."""
    if not names or not show:
        return ""
    first = [*names][:SHOWN]
    return ": " + ", ".join(first) + (", ..." if len(names) > SHOWN else "")
