"""The search of the live captioner: sentences sampled while a motion goes on, and the words committed from them.

Each draw may gain words at every step of the encoder. Once enough draws name the same next action, or some have named
one for long enough, that action is committed. Its wording is the most typical of the phrases in the draws that name it
(language/agreement.py). All sentences are then drawn again from those that begin with the committed words.
Details of an action (how, how far, to which side) are committed as soon as nearly all draws have the same words, at
the next action, or at the end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from motion2language.captioning.drawing import WORDS_PER_STEP, Recordings, choose_words, go_on
from motion2language.captioning.timing import LEADING, LOOSE, without_loose_end
from motion2language.language.actions import ActionLexicon
from motion2language.language.agreement import DRAWS, Sentence, agreement, consensus, spread
from motion2language.language.vocabulary import Vocabulary
from motion2language.model.alignments_numpy import completion, emission_posteriors
from motion2language.model.config import STRIDE
from motion2language.model.contract import TransducerContract
from motion2language.model.joint import Prefixes, lattice, steps_side

PENDING = 0.1  # share of the draws that must name some action before the wait begins; chosen
LIKELY = 0.35  # share of the draws that must name some action before one is committed; chosen
AGREED = 0.9  # share of the draws that must have the same next word before it is committed; chosen
LONGEST_PHRASE = 16  # most words of an action's phrase; chosen
LONGEST_STEPS = 500  # steps of a sentence after which the random numbers repeat; chosen


@dataclass(frozen=True)
class Patience:
    """When an action is committed: once the share `sure` of the draws names it; or `seconds` after the share PENDING
    first named any action, if the share LIKELY does so by then.

    least  share of the draws that must name an action, else it is never committed
    """

    sure: float = 0.7  # chosen with `seconds` on BNR-Compose's validation split for 95 % of verbs within 2 s
    seconds: float = 0.5
    least: float = 0.0

    def __post_init__(self) -> None:
        if not self.sure > 0:
            raise ValueError(f"sure {self.sure}: expected a share above 0")
        if not self.seconds >= 0:
            raise ValueError(f"patience {self.seconds} s: expected 0 or more")
        if not 0 <= self.least <= 1:
            raise ValueError(f"least {self.least}: give a probability from 0 to 1")


PATIENCE = Patience()


class Draws:
    """`DRAWS` sentences drawn from a causal transducer, step by step of its encoder.

    committed  the final words (ids)
    loose_end  the unfinished phrase after them at the sentence's end, which is not emitted; known after finish
    steps      for each committed word the step it describes, as estimated when it was committed
    """

    def __init__(
        self,
        network: TransducerContract,
        vocabulary: Vocabulary,
        lexicon: ActionLexicon,
        max_words: int,
        patience: Patience,
    ) -> None:
        self.network, self.max_words, self.patience = network, max_words, patience
        self._word = vocabulary.words
        self._find = cache(lambda sentence: lexicon.find([vocabulary.words[token] for token in sentence]))
        self.committed: Sentence = ()
        self.loose_end: Sentence = ()
        self.steps: tuple[int, ...] = ()
        self._prefixes = Prefixes(network)
        self._memory: list[np.ndarray] = []
        self._drawn = np.zeros(DRAWS, np.int64)  # the prefix of each draw, committed words included
        self._pending_since: int | None = None

    @property
    def step_count(self) -> int:
        """Encoder steps so far."""
        return len(self._memory)

    @property
    def silent(self) -> bool:
        """Whether most draws have no words so far."""
        return not self.committed and int((self._drawn == 0).sum()) > DRAWS / 2

    @property
    def words(self) -> list[Sentence]:
        """The words of each draw after the committed ones."""
        return [self._words_of(number) for number in self._drawn.tolist()]

    def _words_of(self, prefix: int) -> Sentence:
        """The words of a prefix after the committed ones."""
        return self._prefixes.sentence(prefix)[len(self.committed) :]

    def _count(self, what: Callable[[Sentence], Hashable]) -> Counter[Any]:
        """How many draws have each value of a function of their words, in the order in which draws have it first."""
        counts: Counter[Any] = Counter()
        for prefix, count in Counter(self._drawn.tolist()).items():
            counts[what(self._words_of(prefix))] += count
        return counts

    def advance(self, memory: np.ndarray) -> None:
        """Take one more step of the encoder, (M,), and commit the words that it makes final."""
        self._memory.append(memory)
        self._drawn = self._draw(self._drawn, np.full(DRAWS, self.step_count - 1))
        while self._commit_action():
            pass
        self._commit_details()

    def finish(self) -> None:
        """Commit the remaining words, now that the motion has ended."""
        words = self._keep_likely(consensus(self.words, self.committed))
        count = without_loose_end([self._word[token] for token in words])
        self.loose_end = words[count:]
        self._commit(words[:count])

    def _draw(self, drawn: np.ndarray, first: np.ndarray) -> np.ndarray:
        """The prefixes (DRAWS,) of draws after all steps so far, from those that they have before step `first`."""
        begin = int(first.min())
        steps = steps_side(self.network, np.stack(self._memory[begin:]))
        recordings, chances = Recordings(steps, np.array([0, len(steps)])), _chances(np.arange(begin, self.step_count))
        return go_on(self._prefixes, recordings, drawn[None], first[None] - begin, chances, self.max_words)[0]

    def _draw_again(self, committed: int, complete: np.ndarray) -> None:
        """Draw sentences that begin with the prefix `committed`, each from a step at which it may have been complete.

        complete  log probability of each step (S,), up to a constant, to be that step
        """
        shares = np.exp(complete - complete.max()).cumsum()
        evenly = (np.arange(DRAWS) + 0.5) / DRAWS
        first = np.minimum(np.searchsorted(shares, evenly * shares[-1]), len(shares) - 1)
        self._drawn = self._draw(np.full(DRAWS, committed), first)

    def _commit_action(self) -> bool:
        """Commit the next action if enough draws name it, or some have for long enough; whether it was committed."""
        labels = self._count(self._next_label)
        del labels[None]
        named = labels.total()
        if named < PENDING * DRAWS:
            return False
        if self._pending_since is None:
            self._pending_since = self.step_count
        ((label, count),) = labels.most_common(1)
        waited = (self.step_count - self._pending_since) * STRIDE / self.network.config.fps
        must_agree = waited < self.patience.seconds - 1e-9 or named < LIKELY * DRAWS
        if count < self.patience.least * DRAWS or (must_agree and count < self.patience.sure * DRAWS):
            return False
        phrase = consensus(self._phrases(label), self.committed)
        action = self._next_action(phrase)
        self._commit(phrase[: action[0]] if action else ())
        return action is not None

    def _phrases(self, label: str) -> list[Sentence]:
        """The phrase of each draw whose next action is this one, up to where another follows; no draw waits."""
        drawn, step = self._drawn.copy(), steps_side(self.network, self._memory[-1][None])
        goes_on = cache(lambda prefix: self._goes_on(self._words_of(prefix)))
        for turn in range(LONGEST_PHRASE):
            rows = np.flatnonzero(list(map(goes_on, drawn.tolist())))
            if not len(rows):
                break
            chances = _chances(self.step_count - 1 + turn)[-1, rows]
            numbers, which = np.unique(drawn[rows], return_inverse=True)
            chosen = choose_words(step.odds, self._prefixes.side(numbers).odds, which, chances)
            drawn[rows] = self._prefixes.extend(drawn[rows], chosen)
        words = map(self._words_of, drawn.tolist())
        return [self._first_phrase(one) for one in words if self._next_label(one) == label]

    def _commit_details(self) -> None:
        """Commit the next words on the latest action, as far as nearly all draws agree on them."""
        while self.committed:
            ((detail, count),) = self._count(self._detail).most_common(1)
            if not detail or count < AGREED * DRAWS:
                return
            self._commit(detail)

    def _detail(self, words: Sentence) -> Sentence:
        """A draw's next words, up to one that may end a sentence, if they are about the latest action."""
        count = next((number for number, token in enumerate(words, 1) if self._word[token] not in LOOSE), 0)
        action = self._next_action(words)
        if not words or self._word[words[0]] in LEADING or (action and action[0] <= count):
            return ()
        return words[:count]

    def _goes_on(self, words: Sentence) -> bool:
        """Whether the phrase of a draw may have more words: it has not reached the most, nor led to another action."""
        return len(self.committed) + len(words) < self.max_words and len(self._first_phrase(words)) == len(words)

    def _first_phrase(self, words: Sentence) -> Sentence:
        """A draw's words up to where, after its next action, they lead to another."""
        action = self._next_action(words)
        if action is None:
            return words
        leads = (index for index in range(action[0], len(words)) if self._word[words[index]] in LEADING)
        return words[: next(leads, len(words))]

    def _keep_likely(self, words: Sentence) -> Sentence:
        """The words before those that lead to an action below the least confidence; empty if they name no action."""
        actions = self._actions(words)
        if self.patience.least and not (self.committed or actions):
            return ()
        drawn_labels = [[label for _, label in self._actions(drawn)] for drawn in self.words]
        shares = agreement([label for _, label in actions], drawn_labels)
        after = 0
        for (index, _), share in zip(actions, shares, strict=True):
            if share < self.patience.least:
                leads = (position for position in range(after, index) if self._word[words[position]] in LEADING)
                return words[: next(leads, after)] if after or self.committed else ()
            after = index + 1
        return words

    def _actions(self, words: Sentence) -> list[tuple[int, str]]:
        """The index of each action among a draw's words, and its label."""
        first = len(self.committed)
        return [(index - first, label) for index, label in self._find((*self.committed, *words)) if index >= first]

    def _next_action(self, words: Sentence) -> tuple[int, str] | None:
        """The number of a draw's words up to and with its next action, and the action's label."""
        actions = self._actions(words)
        return (actions[0][0] + 1, actions[0][1]) if actions else None

    def _next_label(self, words: Sentence) -> str | None:
        """The label of a draw's next action."""
        action = self._next_action(words)
        return action[1] if action else None

    def _commit(self, phrase: Sentence) -> None:
        """Add a phrase to the committed words, estimate its steps, and draw all sentences again."""
        if not phrase:
            return
        self.committed += phrase
        path = self._prefixes.path(self.committed)
        steps = steps_side(self.network, np.stack(self._memory))
        wait, speak, word = lattice(steps, self._prefixes.side(path), self.committed)
        self._draw_again(int(path[-1]), completion(wait, speak + word))
        shares = emission_posteriors(wait, speak + word)[0][-len(phrase) :]
        means = np.rint(shares @ np.arange(self.step_count)).astype(int)
        last = self.steps[-1] if self.steps else 0
        self.steps += tuple(max(last, step) for step in means.tolist())
        self._pending_since = None


@cache
def _all_chances() -> np.ndarray:
    return spread(LONGEST_STEPS * WORDS_PER_STEP, DRAWS).reshape(LONGEST_STEPS, WORDS_PER_STEP, DRAWS)


def _chances(step: int | np.ndarray) -> np.ndarray:
    """The random numbers that decide the draws at a step, (WORDS_PER_STEP, DRAWS), as for a whole recording."""
    return _all_chances()[step % LONGEST_STEPS]
