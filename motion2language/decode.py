"""Searches for the paper's model: greedy and beam, from padded features to one Hypothesis a motion.

No reference in sight: a sentence ends at <eos> or at the length limit. In the beam every hypothesis carries its own
attention position and state.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from motion2language.model.attention import Memory
from motion2language.model.batch import DecoderState
from motion2language.model.decoder import AttentionCaptioner
from motion2language.transcript import Hypothesis
from motion2language.vocabulary import EOS, SOS, UNK


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
    rows = torch.arange(clips, device=device).repeat_interleave(width)
    memory, state = Memory(*(part[rows] for part in memory)), _take(state, rows)
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
