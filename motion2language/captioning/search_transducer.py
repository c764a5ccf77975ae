"""Searches for a transducer: greedy, beam and consensus, from padded features to one Hypothesis per motion.

All decide the words first. A second pass over the finished sentence then finds where each word belongs: its posterior
under all alignments. Positions and weights are given in input frames.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from motion2language.captioning.timing import with_agreement
from motion2language.language.agreement import DRAWS, spread
from motion2language.language.agreement import consensus as most_typical
from motion2language.language.vocabulary import PAD, SOS, UNK
from motion2language.model.alignments import emission_posteriors
from motion2language.model.transducer import STRIDE, Transducer
from motion2language.transcript import Hypothesis

WORDS_PER_STEP = 8  # most words emitted at one step, 0.2 s; chosen: a whole phrase may become certain at once

WORD_BONUS = 0.6  # log probability a word adds to a sentence in the beam; chosen on BNR-Compose's validation split

Prefix = tuple[int, ...]


def find(
    model: Transducer, values: Tensor, lengths: Tensor, max_words: int, width: int | None = None
) -> list[Hypothesis]:
    """One Hypothesis for each row of values (B, T, F), lengths (B,).

    width  0 or None: by consensus; 1: greedy; more: by a beam
    """
    if not width:
        return consensus(model, values, lengths, max_words)
    if width == 1:
        return greedy(model, values, lengths, max_words)
    return beam(model, values, lengths, max_words, width)


def finished(hypothesis: Hypothesis, max_words: int) -> bool:
    """Whether the model ended the sentence itself: always False, since it ends with the recording."""
    return False


@torch.inference_mode()
def greedy(model: Transducer, values: Tensor, lengths: Tensor, max_words: int) -> list[Hypothesis]:
    """The likeliest decision at every step: one Hypothesis for each row of values (B, T, F), lengths (B,)."""
    memory, steps = model.encode(values, lengths)
    states, hidden = model.predict(torch.full((len(memory), 1), SOS, device=values.device))
    sentences: list[list[int]] = [[] for _ in range(len(memory))]
    for step in range(memory.shape[1]):
        speaking = steps > step
        for _ in range(WORDS_PER_STEP):
            wait, spoken = _next_word(model, memory[:, step : step + 1], states)
            score, word = spoken[:, 0].max(-1)
            short = torch.tensor([len(sentence) < max_words for sentence in sentences], device=values.device)
            speaking = speaking & short & (score > wait[:, 0])
            rows = speaking.nonzero()[:, 0]
            if not len(rows):
                break
            states, hidden = states.clone(), hidden.clone()
            states[rows], hidden[:, rows] = model.predict(word[rows, None], hidden[:, rows])
            for row in rows.tolist():
                sentences[row].append(int(word[row]))
    return align(model, memory, steps, lengths, sentences)


@torch.inference_mode()
def beam(
    model: Transducer, values: Tensor, lengths: Tensor, max_words: int, width: int, word_bonus: float = WORD_BONUS
) -> list[Hypothesis]:
    """The best sentence among the `width` prefixes kept at every step; equal prefixes are merged.

    Sentences are compared by log P(sentence | motion) + word_bonus * words. Without a bonus the likeliest sentence
    wins, which is short: the many wordings of a longer one share its probability.
    """
    memory, steps = model.encode(values, lengths)
    sentences = []
    for row, count in zip(memory, steps.tolist(), strict=True):
        search = PrefixSearch(model, max_words, width, word_bonus)
        for step in row[:count]:
            search.advance(step)
        sentences.append(list(search.best))
    return align(model, memory, steps, lengths, sentences)


@torch.inference_mode()
def consensus(
    model: Transducer, values: Tensor, lengths: Tensor, max_words: int, draws: int = DRAWS
) -> list[Hypothesis]:
    """The most typical of `draws` sentences drawn from the model (language/agreement.py).

    A word's probability is the share of the draws that have it in its place.
    """
    memory, steps = model.encode(values, lengths)
    drawn = draw(model, memory, steps, max_words, draws)
    chosen = [most_typical(sentences) for sentences in drawn]
    aligned = align(model, memory, steps, lengths, [list(sentence) for sentence in chosen])
    return [with_agreement(*pair) for pair in zip(aligned, drawn, strict=True)]


@torch.inference_mode()
def draw(model: Transducer, memory: Tensor, steps: Tensor, max_words: int, draws: int) -> list[list[Prefix]]:
    """`draws` sentences for each row of memory (B, S, H), each word or wait drawn with its probability.

    Chance is spread evenly over the draws: at every decision each gets one of `draws` equal parts of [0, 1). The
    chances are the same for every motion, so that its draws are the same alone and in a batch.
    """
    clips, device = len(memory), memory.device
    chances = torch.from_numpy(spread(memory.shape[1] * WORDS_PER_STEP, draws)).to(device)
    state, hidden = model.predict(torch.full((1, 1), SOS, device=device))
    states, hidden = state[0, 0].repeat(clips * draws, 1), hidden[0, 0].repeat(clips * draws, 1)
    words = torch.full((clips * draws, max_words), PAD, device=device)
    counts = torch.zeros(clips * draws, dtype=torch.int64, device=device)
    for step in range(memory.shape[1]):
        speaking = (steps > step).repeat_interleave(draws)
        for turn in range(WORDS_PER_STEP):
            chance = chances[step * WORDS_PER_STEP + turn]
            word = draw_word(model, memory[:, step : step + 1], states.view(clips, draws, -1), chance).flatten()
            speaking = speaking & (word >= 0) & (counts < max_words)
            rows = speaking.nonzero()[:, 0]
            if not len(rows):
                break
            new, carried = model.predict(word[rows, None], hidden[None, rows])
            states[rows], hidden[rows] = new[:, 0], carried[0]
            words[rows, counts[rows]] = word[rows]
            counts[rows] += 1
    sentences = [tuple(row[:count]) for row, count in zip(words.tolist(), counts.tolist(), strict=True)]
    return [sentences[first : first + draws] for first in range(0, len(sentences), draws)]


def draw_word(model: Transducer, memory: Tensor, states: Tensor, chance: Tensor, waits: bool = True) -> Tensor:
    """The word (B, N) that each of N prefixes draws at a step, -1 for waiting: memory (B, 1, H), states (B, N, H).

    chance  (N,) in [0, 1): the quantile of each draw in the cumulative distribution, waiting first
    waits   whether waiting is allowed
    """
    wait, spoken = _next_word(model, memory, states)
    if not waits:
        wait = torch.full_like(wait, -torch.inf)
    total = torch.cat((wait[..., None], spoken), -1).exp().cumsum(-1)
    choice = torch.searchsorted(total, (chance * total[..., -1])[..., None], right=True)[..., 0]
    return choice.clamp(max=spoken.shape[-1]) - 1


@torch.inference_mode()
def align(
    model: Transducer, memory: Tensor, steps: Tensor, lengths: Tensor, sentences: list[list[int]]
) -> list[Hypothesis]:
    """Where each word of the given sentences belongs: memory (B, S, H), of which `steps` (B,) steps are valid."""
    counts = torch.tensor([len(sentence) for sentence in sentences], device=memory.device)
    tokens = torch.full((len(sentences), max(1, int(counts.max()))), PAD, device=memory.device)
    for row, sentence in enumerate(sentences):
        tokens[row, : len(sentence)] = torch.tensor(sentence, device=memory.device)
    wait, speak, word = model.lattice(memory, tokens)
    shares, totals = emission_posteriors(wait, speak + word, steps, counts)
    posteriors = shares.cpu().numpy()
    certainty = word.exp().transpose(1, 2).cpu().numpy()
    return [
        _hypothesis(
            sentence,
            posteriors[row, : len(sentence), : int(steps[row])],
            certainty[row, : len(sentence), : int(steps[row])],
            int(lengths[row]),
            float(totals[row]),
        )
        for row, sentence in enumerate(sentences)
    ]


def _hypothesis(
    sentence: list[int], posteriors: np.ndarray, certainty: np.ndarray, frames: int, log_prob: float
) -> Hypothesis:
    """From posteriors (L, S) over steps: a position is the posterior mean, a word's probability the mean under it."""
    mass = np.maximum(posteriors.sum(1), 1e-9)
    centres = np.arange(posteriors.shape[1]) * STRIDE + (STRIDE - 1) / 2
    frames_per_step = np.full(posteriors.shape[1], STRIDE)  # the last step may have fewer
    frames_per_step[-1] = frames - STRIDE * (len(frames_per_step) - 1)
    return Hypothesis(
        tokens=np.array(sentence, dtype=np.int64),
        positions=np.clip(posteriors @ centres / mass, 0, frames - 1).astype(np.float32),
        weights=np.repeat(posteriors / frames_per_step, frames_per_step, axis=1).astype(np.float32),
        log_prob=log_prob,
        word_log_probs=np.log(np.clip((posteriors * certainty).sum(1) / mass, 1e-9, 1)).astype(np.float32),
    )


def _next_word(model: Transducer, memory: Tensor, states: Tensor) -> tuple[Tensor, Tensor]:
    """Log probabilities of waiting (B, L) and of each word (B, L, V) at one step, memory (B, 1, H)."""
    wait, speak, seen, said, total = model.joint(memory, states)
    spoken = seen + said + (speak - total).transpose(1, 2)
    spoken[..., : UNK + 1] = -torch.inf  # special tokens are never emitted
    return wait[:, 0], spoken


class PrefixSearch:
    """The best sentences so far of one recording, advanced one encoder step at a time; equal prefixes are merged.

    `kept` maps each, best first, to its log probability plus bonus.
    """

    def __init__(self, model: Transducer, max_words: int, width: int, word_bonus: float = WORD_BONUS) -> None:
        self.model, self.max_words, self.width, self.word_bonus = model, max_words, width, word_bonus
        device = next(model.parameters()).device
        state, hidden = model.predict(torch.full((1, 1), SOS, device=device))
        self.kept: dict[Prefix, float] = {(): 0.0}
        self._states: dict[Prefix, tuple[Tensor, Tensor]] = {(): (state[0, 0], hidden[0, 0])}

    @property
    def best(self) -> Prefix:
        """The best sentence so far."""
        return next(iter(self.kept))

    @torch.inference_mode()
    def advance(self, memory: Tensor) -> None:
        """Take in one more step of the encoder, (H,)."""
        arriving, waited = self.kept, dict[Prefix, float]()
        for _ in range(WORDS_PER_STEP + 1):
            prefixes = list(arriving)
            self._learn(prefixes)
            states = torch.stack([self._states[prefix][0] for prefix in prefixes])
            wait, spoken = _next_word(self.model, memory[None, None], states[None])
            for prefix, score in zip(prefixes, wait[0].tolist(), strict=True):
                waited[prefix] = float(np.logaddexp(waited.get(prefix, -np.inf), arriving[prefix] + score))
            floor = sorted(waited.values())[-self.width] if len(waited) >= self.width else -np.inf
            top, word = spoken[0].topk(min(self.width, spoken.shape[2]), dim=-1)
            arriving = _best(
                {
                    (*prefix, token): arriving[prefix] + score + self.word_bonus
                    for prefix, scores, tokens in zip(prefixes, top.tolist(), word.tolist(), strict=True)
                    for score, token in zip(scores, tokens, strict=True)
                    if len(prefix) < self.max_words and arriving[prefix] + score + self.word_bonus > floor
                },
                self.width,
            )
            if not arriving:
                break
        self.kept = _best(waited, self.width)
        self._states = {prefix: self._states[prefix] for prefix in self.kept}

    def _learn(self, prefixes: list[Prefix]) -> None:
        """Add the states of new prefixes, each one word longer than a known one."""
        new = [prefix for prefix in prefixes if prefix not in self._states]
        if not new:
            return
        hidden = torch.stack([self._states[prefix[:-1]][1] for prefix in new])[None]
        last = torch.tensor([prefix[-1:] for prefix in new], device=hidden.device)
        states, hidden = self.model.predict(last, hidden)
        for row, prefix in enumerate(new):
            self._states[prefix] = (states[row, 0], hidden[0, row])


def _best(scores: dict[Prefix, float], width: int) -> dict[Prefix, float]:
    return dict(sorted(scores.items(), key=lambda item: -item[1])[:width])
