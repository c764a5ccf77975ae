"""Sentences drawn while a motion is heard, and what of them is said for good: the search of the live captioner.

Every draw says its words as it goes, one step of the encoder after the other. Once enough draws name the same next
action, or some have long named one, that action is said, in the words most like those in which all draws that mean it
would say it (language/agreement.py). All sentences are then drawn again, among those that begin with what is said.
Details of an action (how, how far, to which side) are said as soon as nearly all draws have the same words, at the
next action, or at the end.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from torch import Tensor

from motion2language.captioning.search_transducer import WORDS_A_STEP, draw_word
from motion2language.captioning.timing import LEADING, LOOSE, without_loose_end
from motion2language.language.actions import ActionLexicon
from motion2language.language.agreement import DRAWS, Sentence, agreement, consensus, spread
from motion2language.language.vocabulary import SOS, Vocabulary
from motion2language.model.alignments import completion, emission_posteriors
from motion2language.model.transducer import STRIDE, Transducer

DOUBTED = 0.1  # share of the draws that must name some action before anybody's patience counts; chosen
LIKELY = 0.35  # share of them that must name some action before one is said; chosen
AGREED = 0.9  # share of them that must have the same next word before it is said; chosen
LONGEST_PHRASE = 16  # words it takes at most to say an action; chosen
LONGEST_STEPS = 500  # steps of a sentence, after which chance repeats itself; chosen


@dataclass(frozen=True)
class Patience:
    """When an action is said: as soon as `sure` of the draws name it, or `seconds` after some first named one.

    least  share of the draws that must name an action, else it is never said
    """

    sure: float = 0.7  # chosen with `seconds` on BNR-Compose's validation split for 95 % of verbs within 2 s
    seconds: float = 0.5
    least: float = 0.0

    def __post_init__(self) -> None:
        if not (self.sure > 0 and self.seconds >= 0):
            raise ValueError(f"sure {self.sure}, patience {self.seconds} s: expected above 0, and 0 or more")
        if not 0 <= self.least <= 1:
            raise ValueError(f"least {self.least}: give a probability from 0 to 1")


PATIENCE = Patience()


@dataclass
class _Sentences:
    """`DRAWS` sentences under way: the words of each beyond what is said for good, and what follows from them.

    states, hidden  of the prediction network, (DRAWS, H)
    """

    words: list[Sentence]
    states: Tensor
    hidden: Tensor

    def copy(self) -> _Sentences:
        """The same, to be gone on with apart."""
        return _Sentences(list(self.words), self.states.clone(), self.hidden.clone())

    def go_on(
        self, model: Transducer, memory: Tensor, rows: list[int], chances: Tensor, waits: bool = True
    ) -> list[int]:
        """One more word at a step, memory (H,), in each of `rows` that does not wait; these rows.

        chances, waits  as in draw_word; chances (DRAWS,)
        """
        asked = torch.tensor(rows, device=memory.device)
        word = draw_word(model, memory[None, None], self.states[None, asked], chances[asked], waits)[0]
        speaking, word = asked[word >= 0], word[word >= 0]
        if len(speaking):
            states, hidden = model.predict(word[:, None], self.hidden[None, speaking])
            self.states[speaking], self.hidden[speaking] = states[:, 0], hidden[0]
            for row, token in zip(speaking.tolist(), word.tolist(), strict=True):
                self.words[row] = (*self.words[row], token)
        return speaking.tolist()


class Draws:
    """`DRAWS` sentences drawn from a causal transducer as steps of its encoder are heard.

    said   the words (ids) said for good
    loose  the words after them with which the sentence breaks off, which are not said; known when it has ended
    steps  for each of them the step it speaks of, as far as was known when it was said
    """

    def __init__(
        self, model: Transducer, vocabulary: Vocabulary, lexicon: ActionLexicon, max_words: int, patience: Patience
    ) -> None:
        self.model, self.max_words, self.patience = model, max_words, patience
        self._word = vocabulary.words
        self._find = cache(lambda sentence: lexicon.find([vocabulary.words[token] for token in sentence]))
        self.said: Sentence = ()
        self.loose: Sentence = ()
        self.steps: tuple[int, ...] = ()
        device = next(model.parameters()).device
        self._memory = torch.empty(0, model.encoder.width, device=device)
        self._begin(torch.full((1, 1), SOS, device=device))
        self._doubted_since: int | None = None

    @property
    def heard(self) -> int:
        """Steps heard so far."""
        return len(self._memory)

    @property
    def silent(self) -> bool:
        """Whether most draws have nothing to say so far."""
        return not self.said and sum(not words for words in self._drawn.words) > DRAWS / 2

    @torch.inference_mode()
    def advance(self, memory: Tensor) -> None:
        """Hear one more step of the encoder, (H,), and say what is certain by then."""
        self._memory = torch.cat((self._memory, memory[None]))
        self._draw(self.heard - 1, list(range(DRAWS)))
        while self._say_action():
            pass
        self._say_words()

    @torch.inference_mode()
    def finish(self) -> None:
        """Say what is left when nothing more is heard."""
        left = self._likely(consensus(self._drawn.words, self.said))
        count = without_loose_end([self._word[token] for token in left])
        self.loose = left[count:]
        self._say(left[:count])

    def _begin(self, said: Tensor) -> None:
        """All draws stand where nothing is said beyond `said` (1, L), <sos> and what is said for good."""
        states, hidden = self.model.predict(said)
        self._drawn = _Sentences([()] * DRAWS, states[0, -1:].repeat(DRAWS, 1), hidden[0].repeat(DRAWS, 1))

    def _draw(self, step: int, rows: list[int]) -> None:
        """These draws say what they say at a step."""
        for chances in torch.from_numpy(_chances(step)).to(self._memory.device):
            rows = [row for row in rows if not self._full(self._drawn.words[row])]
            if not rows:
                break
            rows = self._drawn.go_on(self.model, self._memory[step], rows, chances)

    def _draw_again(self, said: Tensor, complete: Tensor) -> None:
        """Draw sentences that begin with what is `said` (1, L), each from a step at which that may have been complete.

        complete  log probability of each step (S,), up to a constant, to be that step
        """
        complete = complete.softmax(0).cumsum(0)
        shares = (torch.arange(DRAWS, device=complete.device) + 0.5) / DRAWS
        steps = torch.searchsorted(complete, shares * complete[-1]).clamp(max=len(complete) - 1).tolist()
        self._begin(torch.cat((said.new_full((1, 1), SOS), said), 1))
        for step in range(min(steps), self.heard):
            self._draw(step, [row for row, begin in enumerate(steps) if begin <= step])

    def _say_action(self) -> bool:
        """Say the next action when it is certain, or was doubted long enough; whether it was said."""
        labels = Counter(found[1] for words in self._drawn.words if (found := self._next_action(words)))
        named = labels.total()
        if named < DOUBTED * DRAWS:
            return False
        if self._doubted_since is None:
            self._doubted_since = self.heard
        ((label, count),) = labels.most_common(1)
        waited = (self.heard - self._doubted_since) * STRIDE / self.model.config.fps
        doubted = waited < self.patience.seconds - 1e-9 or named < LIKELY * DRAWS
        if count < self.patience.least * DRAWS or (doubted and count < self.patience.sure * DRAWS):
            return False
        phrase = consensus(self._phrases(label), self.said)
        found = self._next_action(phrase)
        self._say(phrase[: found[0]] if found else ())
        return found is not None

    def _phrases(self, label: str) -> list[Sentence]:
        """How each draw that means this action next would say it if it had to, up to where it leads over to another."""
        drawn, rows = self._drawn.copy(), list(range(DRAWS))
        for turn in range(LONGEST_PHRASE):
            rows = [row for row in rows if not self._full(drawn.words[row]) and not self._led_over(drawn.words[row])]
            if not rows:
                break
            chances = torch.from_numpy(_chances(self.heard - 1 + turn)[-1]).to(self._memory.device)
            drawn.go_on(self.model, self._memory[-1], rows, chances, waits=False)
        named = [(words, self._next_action(words)) for words in drawn.words]
        return [self._first_phrase(words) for words, found in named if found and found[1] == label]

    def _say_words(self) -> None:
        """Say the next words on the action said last, as far as nearly all draws have the same."""
        while self.said:
            ((detail, count),) = Counter(map(self._detail, self._drawn.words)).most_common(1)
            if not detail or count < AGREED * DRAWS:
                return
            self._say(detail)

    def _detail(self, words: Sentence) -> Sentence:
        """A draw's next words, up to one that may end a sentence, where they are on the action said last."""
        count = next((number for number, token in enumerate(words, 1) if self._word[token] not in LOOSE), 0)
        found = self._next_action(words)
        if not words or self._word[words[0]] in LEADING or (found and found[0] <= count):
            return ()
        return words[:count]

    def _full(self, words: Sentence) -> bool:
        """Whether a draw may say no more."""
        return len(self.said) + len(words) >= self.max_words

    def _led_over(self, words: Sentence) -> bool:
        """Whether a draw has said its next action and leads over to another."""
        return len(self._first_phrase(words)) < len(words)

    def _first_phrase(self, words: Sentence) -> Sentence:
        """A draw's words up to where, after its next action, it leads over to another."""
        found = self._next_action(words)
        if found is None:
            return words
        leads = (index for index in range(found[0], len(words)) if self._word[words[index]] in LEADING)
        return words[: next(leads, len(words))]

    def _likely(self, words: Sentence) -> Sentence:
        """Words up to where they lead over to an action that too few draws name; none where no action is named."""
        actions = self._actions(words)
        if self.patience.least and not (self.said or actions):
            return ()
        named = [[label for _, label in self._actions(drawn)] for drawn in self._drawn.words]
        after = 0
        for (index, _), share in zip(actions, agreement([label for _, label in actions], named), strict=True):
            if share < self.patience.least:
                leads = (place for place in range(after, index) if self._word[words[place]] in LEADING)
                return words[: next(leads, after)] if after or self.said else ()
            after = index + 1
        return words

    def _actions(self, words: Sentence) -> list[tuple[int, str]]:
        """Where among a draw's words its actions are, and what they are called."""
        first = len(self.said)
        return [(index - first, label) for index, label in self._find((*self.said, *words)) if index >= first]

    def _next_action(self, words: Sentence) -> tuple[int, str] | None:
        """How many of a draw's words reach to its next action, and what that is called."""
        actions = self._actions(words)
        return (actions[0][0] + 1, actions[0][1]) if actions else None

    def _say(self, phrase: Sentence) -> None:
        """Say a phrase for good, after what was said before."""
        if not phrase:
            return
        self.said += phrase
        said = torch.tensor([self.said], device=self._memory.device)
        wait, speak, word = self.model.lattice(self._memory[None], said)
        self._draw_again(said, completion(wait, speak + word)[0])
        steps, words = (torch.tensor([count], device=said.device) for count in (self.heard, len(self.said)))
        shares = emission_posteriors(wait, speak + word, steps, words)[0][0, -len(phrase) :]
        moments = (shares @ torch.arange(self.heard, dtype=shares.dtype, device=shares.device)).round().long()
        last = self.steps[-1] if self.steps else 0
        self.steps += tuple(max(last, moment) for moment in moments.tolist())
        self._doubted_since = None


@cache
def _all_chances() -> np.ndarray:
    return spread(LONGEST_STEPS * WORDS_A_STEP, DRAWS).reshape(LONGEST_STEPS, WORDS_A_STEP, DRAWS)


def _chances(step: int) -> np.ndarray:
    """What decides the draws at a step, (WORDS_A_STEP, DRAWS), as for a recording heard whole."""
    return _all_chances()[step % LONGEST_STEPS]
