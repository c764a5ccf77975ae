"""Searches for the paper's model: greedy, beam and consensus, from padded features to one Hypothesis a motion.

No reference in sight: a sentence ends at <eos> or at the length limit. In the beam every hypothesis carries its own
attention position and state.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import takewhile
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from motion2language.consensus import DRAWS, Sentence, agreement, spread
from motion2language.consensus import consensus as most_alike
from motion2language.model.batch import Batch, DecoderState
from motion2language.model.decoder import AttentionCaptioner
from motion2language.transcript import Hypothesis
from motion2language.vocabulary import EOS, PAD, SOS, UNK

CLIPS_DRAWN = 8  # motions whose sentences are drawn together; chosen, bounds the memory


def greedy(model: AttentionCaptioner, values: Tensor, lengths: Tensor, max_words: int) -> list[Hypothesis]:
    """The likeliest word at every step: one Hypothesis for each row of values (B, T, F), lengths (B,)."""
    return beam(model, values, lengths, max_words, width=1)


@torch.inference_mode()
def beam(
    model: AttentionCaptioner,
    values: Tensor,
    lengths: Tensor,
    max_words: int,
    width: int,
    length_penalty: float = 1.0,
) -> list[Hypothesis]:
    """The best of the `width` sentences kept at every step, by log P / tokens ** length_penalty (<eos> counts).

    Width 1 is greedy. All clips and hypotheses advance together, as B * width rows.
    """
    clips, device = len(values), values.device
    memory, state = model.encode(values, lengths)
    state = _take(state, torch.arange(clips, device=device).repeat_interleave(width))
    scores = torch.full((clips, width), -torch.inf, device=device)
    scores[:, 0] = 0  # all hypotheses of a clip begin equal; only the first may grow
    first_row = width * torch.arange(clips, device=device)[:, None]
    finished = torch.zeros(clips * width, dtype=torch.bool, device=device)
    said = torch.zeros(clips * width, device=device)
    token = torch.full((clips * width,), SOS, device=device)
    allowed = _allowed(model.config.vocabulary_size, device)
    steps: list[_Step] = []
    while len(steps) <= max_words:
        logits, state, weights = model.step(token, state, memory)
        chances = logits.log_softmax(-1) + (allowed.ending if len(steps) == max_words else allowed.words)
        chances = torch.where(finished[:, None], allowed.nothing, chances)
        size = chances.shape[1]
        scores, best = (scores[:, :, None] + chances.view(clips, width, size)).flatten(1).topk(width)
        parents, token = (best // size + first_row).flatten(), (best % size).flatten()
        steps.append(_Step(token, parents, state.position, weights, chances[parents, token]))
        state = _take(state, parents)
        finished, said = finished[parents] | (token == EOS), said[parents] + (token != EOS)
        if finished.all():
            break
    chosen = (scores / (said.view(clips, width) + 1) ** length_penalty).argmax(1)
    return _trace(steps, chosen + first_row[:, 0], lengths, scores.gather(1, chosen[:, None])[:, 0])


@torch.inference_mode()
def consensus(
    model: AttentionCaptioner, values: Tensor, lengths: Tensor, max_words: int, draws: int = DRAWS
) -> list[Hypothesis]:
    """Of `draws` sentences drawn from the model the one most like the others (motion2language.consensus).

    A word's probability is the share of the draws that say it in its place. The draws of a motion come from a seed of
    their own, so that they are the same alone and in a batch.
    """
    drawn = [
        sentences
        for first in range(0, len(values), CLIPS_DRAWN)
        for sentences in draw(
            model, values[first : first + CLIPS_DRAWN], lengths[first : first + CLIPS_DRAWN], max_words, draws
        )
    ]
    chosen = [most_alike(sentences) for sentences in drawn]
    followed = follow(model, values, lengths, chosen)
    shares = [agreement(*pair) for pair in zip(chosen, drawn, strict=True)]
    return [
        replace(found, word_log_probs=np.log(np.maximum(share, 1e-9)).astype(np.float32), drawn=tuple(sentences))
        for found, share, sentences in zip(followed, shares, drawn, strict=True)
    ]


def draw(
    model: AttentionCaptioner, values: Tensor, lengths: Tensor, max_words: int, draws: int
) -> list[list[Sentence]]:
    """`draws` sentences for each row of values (B, T, F), each word or <eos> drawn with its probability.

    Chance is spread evenly over the draws: at every word each gets one of `draws` equal parts of [0, 1).
    """
    memory, state = model.encode(values, lengths)
    rows = torch.arange(len(values), device=values.device).repeat_interleave(draws)
    state = _take(state, rows)
    allowed = _allowed(model.config.vocabulary_size, values.device)
    chances = torch.from_numpy(spread(max_words, draws)).to(values.device)
    token, tokens = torch.full_like(rows, SOS), []
    for number in range(max_words):
        logits, state, _ = model.step(token, state, memory)
        total = (logits + allowed.words).softmax(-1).cumsum(-1)
        mine = chances[number].repeat(len(values))[:, None] * total[:, -1:]
        token = torch.searchsorted(total, mine, right=True)[:, 0].clamp(max=total.shape[1] - 1)
        tokens.append(token)
        if (torch.stack(tokens) == EOS).any(0).all():
            break
    sentences = [tuple(takewhile(EOS.__ne__, row)) for row in torch.stack(tokens, 1).tolist()]
    return [sentences[first : first + draws] for first in range(0, len(sentences), draws)]


@torch.inference_mode()
def follow(
    model: AttentionCaptioner, values: Tensor, lengths: Tensor, sentences: Sequence[Sentence]
) -> list[Hypothesis]:
    """Where the model looks for each word of given sentences, one for each row of values (B, T, F)."""
    rows = [torch.tensor([*sentence, EOS]) for sentence in sentences]
    tokens = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=PAD).to(values.device)
    logits, weights, positions = model(Batch(values, lengths, tokens))
    chances = logits.log_softmax(-1).gather(2, tokens[..., None])[..., 0].masked_fill(tokens == PAD, 0.0)
    parts = zip(sentences, lengths.tolist(), positions.cpu(), weights.cpu(), chances.cpu(), strict=True)
    return [
        Hypothesis(
            np.array(sentence, dtype=np.int64),
            place[: len(sentence)].clamp(0, frames - 1).numpy(),
            looked[: len(sentence), :frames].numpy().copy(),
            float(chance.sum()),
            chance[: len(sentence)].numpy().copy(),
        )
        for sentence, frames, place, looked, chance in parts
    ]


class _Allowed(NamedTuple):
    """What is added to the log probabilities (V,) of words: 0 where a word may be said, -inf where not."""

    words: Tensor  # no special but <eos>
    ending: Tensor  # <eos> only
    nothing: Tensor  # after the end: <eos>, at no cost


def _allowed(size: int, device: torch.device) -> _Allowed:
    words = torch.zeros(size, device=device)
    words[: UNK + 1] = -torch.inf
    ending = torch.full_like(words, -torch.inf)
    words[EOS] = ending[EOS] = 0
    return _Allowed(words, ending, ending)


class _Step(NamedTuple):
    """One step of all rows: the word each new row said, from which row it comes, and what that row looked at."""

    token: Tensor  # (rows,)
    parents: Tensor  # (rows,)
    position: Tensor  # (rows before,)
    weights: Tensor  # (rows before, T)
    chance: Tensor  # (rows,) log probability of the word


def _trace(steps: Sequence[_Step], rows: Tensor, lengths: Tensor, scores: Tensor) -> list[Hypothesis]:
    """The sentences that end in `rows`, followed back to their first word."""
    path = []
    for step in reversed(steps):
        token, chance, rows = step.token[rows], step.chance[rows], step.parents[rows]
        path.append((token, step.position[rows], step.weights[rows], chance))
    parts = (torch.stack(part[::-1], 1).cpu().numpy() for part in zip(*path, strict=True))
    tokens, positions, weights, chances = parts
    hypotheses = []
    for row, (frames, score) in enumerate(zip(lengths.tolist(), scores.tolist(), strict=True)):
        said = int((tokens[row] != EOS).sum())
        place = np.clip(positions[row, :said], 0, frames - 1)
        looked = weights[row, :said, :frames].copy()  # not a view that keeps the whole batch
        hypotheses.append(Hypothesis(tokens[row, :said], place, looked, score, chances[row, :said]))
    return hypotheses


def _take(state: DecoderState, rows: Tensor) -> DecoderState:
    return DecoderState(state.hidden[rows], state.position[rows], state.first)
