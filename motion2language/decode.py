"""Searches for the paper's model: greedy and beam, from padded features to one Hypothesis a motion.

No reference in sight: a sentence ends at <eos> or at the length limit. In the beam every hypothesis carries its own
attention position and state.
"""

from __future__ import annotations

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
    history = _History(clips * width, values.shape[1], device)
    finished = torch.zeros(clips * width, dtype=torch.bool, device=device)
    token = torch.full((clips * width,), SOS, device=device)
    for _ in range(max_words + 1):
        logits, state, weights = model.step(token, state, memory)
        chances = _allowed(logits.log_softmax(-1), finished, last=history.steps == max_words)
        size = chances.shape[1]
        scores, best = (scores[:, :, None] + chances.view(clips, width, size)).flatten(1).topk(width)
        parents = (best // size + width * torch.arange(clips, device=device)[:, None]).flatten()
        token = (best % size).flatten()
        history = history.take(parents).add(token, state.position[parents], weights[parents], chances[parents, token])
        state, finished = _take(state, parents), finished[parents] | (token == EOS)
        if finished.all():
            break
    lengths_said = (history.tokens != EOS).sum(1).view(clips, width) + 1
    chosen = (scores / lengths_said**length_penalty).argmax(1) + width * torch.arange(clips, device=device)
    return [
        history.hypothesis(int(row), int(frames), float(scores.flatten()[row]))
        for row, frames in zip(chosen, lengths, strict=True)
    ]


def _allowed(chances: Tensor, finished: Tensor, last: bool) -> Tensor:
    """Log probabilities (rows, V) without specials; a finished sentence only goes on with <eos>, at no cost."""
    chances = chances.clone()
    chances[:, [index for index in range(UNK + 1) if index != EOS]] = -torch.inf
    if last:
        chances[:, EOS + 1 :] = -torch.inf
    chances[finished] = -torch.inf
    chances[finished, EOS] = 0
    return chances


class _History:
    """What each row has said so far: tokens, positions and log probabilities (rows, steps), weights (.., T)."""

    def __init__(self, rows: int, frames: int, device: torch.device) -> None:
        self.tokens = torch.zeros(rows, 0, dtype=torch.long, device=device)
        self.positions = torch.zeros(rows, 0, device=device)
        self.chances = torch.zeros(rows, 0, device=device)
        self.weights = torch.zeros(rows, 0, frames, device=device)

    @property
    def steps(self) -> int:
        return self.tokens.shape[1]

    def take(self, rows: Tensor) -> _History:
        """The rows, in that order, with repetition."""
        new = _History(0, 0, rows.device)
        for name, value in vars(self).items():
            setattr(new, name, value[rows])
        return new

    def add(self, token: Tensor, position: Tensor, weights: Tensor, chance: Tensor) -> _History:
        """One more step of every row."""
        self.tokens = torch.cat((self.tokens, token[:, None]), 1)
        self.positions = torch.cat((self.positions, position[:, None]), 1)
        self.chances = torch.cat((self.chances, chance[:, None]), 1)
        self.weights = torch.cat((self.weights, weights[:, None]), 1)
        return self

    def hypothesis(self, row: int, frames: int, score: float) -> Hypothesis:
        """The row's sentence up to <eos>."""
        said = int((self.tokens[row] != EOS).sum())
        return Hypothesis(
            self.tokens[row, :said].cpu().numpy(),
            np.clip(self.positions[row, :said].cpu().numpy(), 0, frames - 1),
            self.weights[row, :said, :frames].cpu().numpy(),
            score,
            self.chances[row, :said].cpu().numpy(),
        )


def _take(state: DecoderState, rows: Tensor) -> DecoderState:
    return DecoderState(state.hidden[rows], state.position[rows], state.first)
