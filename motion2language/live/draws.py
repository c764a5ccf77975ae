"""The search of the live captioner: sentences sampled while a motion goes on, and the words committed from them.

Each draw may gain words at every step of the encoder. Once enough draws name the same next action, or some have named
one for long enough, that action is committed. Its wording is the most typical of the phrases in the draws that name it
(language/agreement.py). All sentences are then drawn again from those that begin with the committed words.
Details of an action (how, how far, to which side) are committed as soon as nearly all draws have the same words, at
the next action, or at the end.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from torch import Tensor

from motion2language.captioning.search_transducer import WORDS_PER_STEP, draw_word
from motion2language.captioning.timing import LEADING, LOOSE, without_loose_end
from motion2language.language.actions import ActionLexicon
from motion2language.language.agreement import DRAWS, Sentence, agreement, consensus, spread
from motion2language.language.vocabulary import SOS, Vocabulary
from motion2language.model.alignments import completion, emission_posteriors
from motion2language.model.transducer import STRIDE, Transducer

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


@dataclass
class _DrawnSentences:
    """`DRAWS` sentences under way: the words of each after the committed ones, and the state that predicts the next.

    states, hidden  of the prediction network, (DRAWS, H)
    """

    words: list[Sentence]
    states: Tensor
    hidden: Tensor

    def copy(self) -> _DrawnSentences:
        """An independent copy to extend."""
        return _DrawnSentences(list(self.words), self.states.clone(), self.hidden.clone())

    def extend(
        self, model: Transducer, memory: Tensor, rows: list[int], chances: Tensor, waits: bool = True
    ) -> list[int]:
        """Add a word at one step, memory (H,), to each of `rows` that does not wait; returns the extended rows.

        chances, waits  as in draw_word; chances (DRAWS,)
        """
        candidates = torch.tensor(rows, device=memory.device)
        word = draw_word(model, memory[None, None], self.states[None, candidates], chances[candidates], waits)[0]
        extended, word = candidates[word >= 0], word[word >= 0]
        if len(extended):
            states, hidden = model.predict(word[:, None], self.hidden[None, extended])
            self.states[extended], self.hidden[extended] = states[:, 0], hidden[0]
            for row, token in zip(extended.tolist(), word.tolist(), strict=True):
                self.words[row] = (*self.words[row], token)
        return extended.tolist()


class Draws:
    """`DRAWS` sentences drawn from a causal transducer, step by step of its encoder.

    committed  the final words (ids)
    loose_end  the unfinished phrase after them at the sentence's end, which is not emitted; known after finish
    steps      for each committed word the step it describes, as estimated when it was committed
    """

    def __init__(
        self, model: Transducer, vocabulary: Vocabulary, lexicon: ActionLexicon, max_words: int, patience: Patience
    ) -> None:
        self.model, self.max_words, self.patience = model, max_words, patience
        self._word = vocabulary.words
        self._find = cache(lambda sentence: lexicon.find([vocabulary.words[token] for token in sentence]))
        self.committed: Sentence = ()
        self.loose_end: Sentence = ()
        self.steps: tuple[int, ...] = ()
        device = next(model.parameters()).device
        self._memory = torch.empty(0, model.encoder.width, device=device)
        self._restart(torch.full((1, 1), SOS, device=device))
        self._pending_since: int | None = None

    @property
    def step_count(self) -> int:
        """Encoder steps so far."""
        return len(self._memory)

    @property
    def silent(self) -> bool:
        """Whether most draws have no words so far."""
        return not self.committed and sum(not words for words in self._drawn.words) > DRAWS / 2

    @torch.inference_mode()
    def advance(self, memory: Tensor) -> None:
        """Take one more step of the encoder, (H,), and commit the words that it makes final."""
        self._memory = torch.cat((self._memory, memory[None]))
        self._draw(self.step_count - 1, list(range(DRAWS)))
        while self._commit_action():
            pass
        self._commit_details()

    @torch.inference_mode()
    def finish(self) -> None:
        """Commit the remaining words, now that the motion has ended."""
        words = self._keep_likely(consensus(self._drawn.words, self.committed))
        count = without_loose_end([self._word[token] for token in words])
        self.loose_end = words[count:]
        self._commit(words[:count])

    def _restart(self, words: Tensor) -> None:
        """Set all draws to empty sentences after `words` (1, L): <sos> and the committed words."""
        states, hidden = self.model.predict(words)
        self._drawn = _DrawnSentences([()] * DRAWS, states[0, -1:].repeat(DRAWS, 1), hidden[0].repeat(DRAWS, 1))

    def _draw(self, step: int, rows: list[int]) -> None:
        """Draw the words of these rows at a step."""
        for chances in torch.from_numpy(_chances(step)).to(self._memory.device):
            rows = [row for row in rows if not self._is_full(self._drawn.words[row])]
            if not rows:
                break
            rows = self._drawn.extend(self.model, self._memory[step], rows, chances)

    def _draw_again(self, committed: Tensor, complete: Tensor) -> None:
        """Draw sentences that begin with `committed` (1, L), each from a step at which that may have been complete.

        complete  log probability of each step (S,), up to a constant, to be that step
        """
        complete = complete.softmax(0).cumsum(0)
        shares = (torch.arange(DRAWS, device=complete.device) + 0.5) / DRAWS
        steps = torch.searchsorted(complete, shares * complete[-1]).clamp(max=len(complete) - 1).tolist()
        self._restart(torch.cat((committed.new_full((1, 1), SOS), committed), 1))
        for step in range(min(steps), self.step_count):
            self._draw(step, [row for row, begin in enumerate(steps) if begin <= step])

    def _commit_action(self) -> bool:
        """Commit the next action if enough draws name it, or some have for long enough; whether it was committed."""
        next_actions = map(self._next_action, self._drawn.words)
        labels = Counter(action[1] for action in next_actions if action)
        named = labels.total()
        if named < PENDING * DRAWS:
            return False
        if self._pending_since is None:
            self._pending_since = self.step_count
        ((label, count),) = labels.most_common(1)
        waited = (self.step_count - self._pending_since) * STRIDE / self.model.config.fps
        must_agree = waited < self.patience.seconds - 1e-9 or named < LIKELY * DRAWS
        if count < self.patience.least * DRAWS or (must_agree and count < self.patience.sure * DRAWS):
            return False
        phrase = consensus(self._phrases(label), self.committed)
        action = self._next_action(phrase)
        self._commit(phrase[: action[0]] if action else ())
        return action is not None

    def _phrases(self, label: str) -> list[Sentence]:
        """The phrase of each draw whose next action is this one, up to where another follows; no draw waits."""
        drawn, rows = self._drawn.copy(), list(range(DRAWS))
        for turn in range(LONGEST_PHRASE):
            rows = [row for row in rows if not self._is_full(drawn.words[row])]
            rows = [row for row in rows if not self._leads_on(drawn.words[row])]
            if not rows:
                break
            chances = torch.from_numpy(_chances(self.step_count - 1 + turn)[-1]).to(self._memory.device)
            drawn.extend(self.model, self._memory[-1], rows, chances, waits=False)
        actions = [(words, self._next_action(words)) for words in drawn.words]
        return [self._first_phrase(words) for words, action in actions if action and action[1] == label]

    def _commit_details(self) -> None:
        """Commit the next words on the latest action, as far as nearly all draws agree on them."""
        while self.committed:
            ((detail, count),) = Counter(map(self._detail, self._drawn.words)).most_common(1)
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

    def _is_full(self, words: Sentence) -> bool:
        """Whether a draw has reached the most words."""
        return len(self.committed) + len(words) >= self.max_words

    def _leads_on(self, words: Sentence) -> bool:
        """Whether a draw goes on after its next action and leads to another."""
        return len(self._first_phrase(words)) < len(words)

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
        drawn_labels = [[label for _, label in self._actions(drawn)] for drawn in self._drawn.words]
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

    def _commit(self, phrase: Sentence) -> None:
        """Add a phrase to the committed words, estimate its steps, and draw all sentences again."""
        if not phrase:
            return
        self.committed += phrase
        committed = torch.tensor([self.committed], device=self._memory.device)
        wait, speak, word = self.model.lattice(self._memory[None], committed)
        self._draw_again(committed, completion(wait, speak + word)[0])
        counts = (self.step_count, len(self.committed))
        steps, words = (torch.tensor([count], device=committed.device) for count in counts)
        shares = emission_posteriors(wait, speak + word, steps, words)[0][0, -len(phrase) :]
        means = (shares @ torch.arange(self.step_count, dtype=shares.dtype, device=shares.device)).round().long()
        last = self.steps[-1] if self.steps else 0
        self.steps += tuple(max(last, step) for step in means.tolist())
        self._pending_since = None


@cache
def _all_chances() -> np.ndarray:
    return spread(LONGEST_STEPS * WORDS_PER_STEP, DRAWS).reshape(LONGEST_STEPS, WORDS_PER_STEP, DRAWS)


def _chances(step: int) -> np.ndarray:
    """The random numbers that decide the draws at a step, (WORDS_PER_STEP, DRAWS), as for a whole recording."""
    return _all_chances()[step % LONGEST_STEPS]
