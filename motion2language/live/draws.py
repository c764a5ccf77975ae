"""Sentences drawn while a motion is heard, and what of them is said for good: the search of the live captioner.

Every draw says its words as it goes, one step of the encoder after the other. Once enough draws name the same next
action, or have long named one, a phrase up to that action is said: the one most like those of the draws that name it
(motion2language.consensus). All draws then go on from there. Details of an action (how, how far, to which side) are
said when most draws have had them for a while, at the next action, or at the end.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from torch import Tensor

from motion2language.actions import ActionLexicon
from motion2language.consensus import DRAWS, Sentence, consensus, spread
from motion2language.decode_transducer import WORDS_A_STEP, draw_word
from motion2language.model.transducer import STRIDE, Transducer
from motion2language.timing import LEADING
from motion2language.vocabulary import SOS, Vocabulary

DOUBTED = 0.1  # share of the draws that must name some action before anybody's patience counts; chosen
AGREED = 0.75  # share of the draws that must have further words on an action before they are said; chosen
DETAIL = 1.0  # seconds they must have had them; chosen
LONGEST_STEPS = 500  # steps of a sentence, after which chance repeats itself; chosen


@dataclass(frozen=True)
class Patience:
    """When an action is said: as soon as `sure` of the draws name it, or `seconds` after some first named one."""

    sure: float = 0.5  # chosen with `seconds` on BNR-Compose's validation split for 95 % of verbs within 2 s
    seconds: float = 0.8

    def __post_init__(self) -> None:
        if not (self.sure > 0 and self.seconds >= 0):
            raise ValueError(f"sure {self.sure}, patience {self.seconds} s: expected above 0, and 0 or more")


PATIENCE = Patience()


@dataclass
class _Draw:
    """What one draw has said beyond what is said for good, and at which steps."""

    words: Sentence = ()
    steps: tuple[int, ...] = ()

    def after(self, count: int) -> _Draw:
        """What is left when its first `count` words are said."""
        return _Draw(self.words[count:], self.steps[count:])


class Draws:
    """`DRAWS` sentences drawn from a causal transducer as steps of its encoder are heard.

    said   the words (ids) said for good
    steps  for each of them the step it speaks of
    heard  steps heard so far
    """

    def __init__(
        self, model: Transducer, vocabulary: Vocabulary, lexicon: ActionLexicon, max_words: int, patience: Patience
    ) -> None:
        self.model, self.max_words, self.patience = model, max_words, patience
        self._word = vocabulary.words
        self._find = cache(lambda sentence: lexicon.find([vocabulary.words[token] for token in sentence]))
        self.said: Sentence = ()
        self.steps: tuple[int, ...] = ()
        self.heard = 0
        device = next(model.parameters()).device
        self._root = model.predict(torch.full((1, 1), SOS, device=device))
        self._states, self._hidden = self._root[0][0].repeat(DRAWS, 1), self._root[1][0].repeat(DRAWS, 1)
        self._draws = [_Draw() for _ in range(DRAWS)]
        self._doubted_since: int | None = None
        self._detailed_since: int | None = None

    @torch.inference_mode()
    def advance(self, memory: Tensor) -> None:
        """Hear one more step of the encoder, (H,), and say what is certain by then."""
        chances = torch.from_numpy(_chances(self.heard)).to(memory.device)
        speaking = torch.ones(DRAWS, dtype=torch.bool, device=memory.device)
        for chance in chances:
            word = draw_word(self.model, memory[None, None], self._states[None], chance)[0]
            lengths = torch.tensor([len(draw.words) for draw in self._draws], device=memory.device)
            speaking = speaking & (word >= 0) & (len(self.said) + lengths < self.max_words)
            rows = speaking.nonzero()[:, 0]
            if not len(rows):
                break
            states, hidden = self.model.predict(word[rows, None], self._hidden[None, rows])
            self._states[rows], self._hidden[rows] = states[:, 0], hidden[0]
            for row, token in zip(rows.tolist(), word[rows].tolist(), strict=True):
                draw = self._draws[row]
                self._draws[row] = _Draw((*draw.words, token), (*draw.steps, self.heard))
        while self._say_action():
            pass
        self._say_details()
        self.heard += 1

    @property
    def silent(self) -> bool:
        """Whether most draws have nothing to say so far."""
        return not self.said and sum(not draw.words for draw in self._draws) > DRAWS / 2

    @torch.inference_mode()
    def finish(self) -> None:
        """Say what is left when nothing more is heard."""
        self._say([draw.words for draw in self._draws], {})

    def _say_action(self) -> bool:
        """Say the next action when it is certain, or was doubted long enough; whether it was said."""
        named = {row: found for row, draw in enumerate(self._draws) if (found := self._next_action(draw.words))}
        if len(named) < DOUBTED * DRAWS:
            return False
        if self._doubted_since is None:
            self._doubted_since = self.heard
        (label, count), *_ = Counter(label for _, label in named.values()).most_common(1)
        clock = STRIDE / self.model.config.fps
        waited = (self.heard - self._doubted_since) * clock
        if count < self.patience.sure * DRAWS and waited < self.patience.seconds - 1e-9:
            return False
        phrases = {row: size for row, (size, found) in named.items() if found == label}
        self._say([self._draws[row].words[:size] for row, size in phrases.items()], phrases)
        return True

    def _say_details(self) -> None:
        """Say more about the action said last, when most draws have had more on it for a while."""
        details = {row: size for row, draw in enumerate(self._draws) if (size := self._details(draw.words))}
        if len(details) < AGREED * DRAWS or not self.said:
            self._detailed_since = None
            return
        if self._detailed_since is None:
            self._detailed_since = self.heard
        if (self.heard - self._detailed_since) * STRIDE / self.model.config.fps >= DETAIL - 1e-9:
            self._say([self._draws[row].words[:size] for row, size in details.items()], details)

    def _next_action(self, words: Sentence) -> tuple[int, str] | None:
        """How many of a draw's words reach to its next action, and what that is called."""
        for index, label in self._find((*self.said, *words)):
            if index >= len(self.said):
                return index - len(self.said) + 1, label
        return None

    def _details(self, words: Sentence) -> int:
        """How many of a draw's words are on the action said last, not leading over to the next."""
        action = self._next_action(words)
        count = len(words) if action is None else action[0] - 1
        while count and self._word[words[count - 1]] in LEADING:
            count -= 1
        return count

    def _say(self, phrases: list[Sentence], agreeing: dict[int, int]) -> None:
        """Say for good the phrase most like all phrases, after what was said before.

        agreeing  draws that said as much in other words: how many of their words; they keep what they said after. All
                  others forget what they said.
        """
        phrase = consensus(phrases, self.said)
        if not phrase:
            return
        rows = [row for row, size in agreeing.items() if self._draws[row].words[:size] == phrase]
        rows = rows or [row for row, draw in enumerate(self._draws) if draw.words == phrase]
        last = self.steps[-1] if self.steps else 0
        self.steps += tuple(max(last, step) for step in self._draws[rows[0]].steps[: len(phrase)])
        self.said += phrase
        device = self._states.device
        states, hidden = self.model.predict(torch.tensor([phrase], device=device), self._root[1])
        self._root = states[:, -1:], hidden
        self._draws = [
            draw.after(agreeing[row]) if row in agreeing else _Draw() for row, draw in enumerate(self._draws)
        ]
        self._states[:], self._hidden[:] = self._root[0][0, 0], hidden[0, 0]
        for words in {draw.words for draw in self._draws if draw.words}:
            rows = [row for row, draw in enumerate(self._draws) if draw.words == words]
            states, hidden = self.model.predict(torch.tensor([words], device=device), self._root[1])
            self._states[rows], self._hidden[rows] = states[0, -1], hidden[0, 0]
        self._doubted_since = self._detailed_since = None


@cache
def _all_chances() -> np.ndarray:
    return spread(LONGEST_STEPS * WORDS_A_STEP, DRAWS).reshape(LONGEST_STEPS, WORDS_A_STEP, DRAWS)


def _chances(step: int) -> np.ndarray:
    """What decides the draws at a step, (WORDS_A_STEP, DRAWS), as for a recording heard whole."""
    return _all_chances()[step % LONGEST_STEPS]
