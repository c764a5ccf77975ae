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
from motion2language.model.attention import Memory
from motion2language.model.batch import Batch, DecoderState
from motion2language.model.decoder import AttentionCaptioner
from motion2language.transcript import Hypothesis
from motion2language.vocabulary import EOS, PAD, SOS, UNK

CLIPS_DRAWN = 8  # motions whose sentences are drawn together; chosen, bounds the memory
WORTH_LEAVING_OUT = 0.5  # share of a batch's clips that have ended with which a beam goes on without them; chosen


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

    Width 1 is greedy. All clips and hypotheses advance together, as B * width rows, until a clip's have all ended.
    """
    allowed = _allowed(model.config.vocabulary_size, values.device)
    under_way = _begin(model, values, lengths, width)
    steps: list[_Step] = []
    found: dict[int, Hypothesis] = {}
    while True:
        words = allowed.ending if len(steps) == max_words else allowed.words
        under_way, step = _advance(model, under_way, words, allowed.nothing)
        steps.append(step)
        ended = under_way.finished.view(-1, width).all(1) | (len(steps) > max_words)
        if int(ended.sum()) < len(ended) * WORTH_LEAVING_OUT:
            continue
        chosen = (under_way.scores / (under_way.said.view(-1, width) + 1) ** length_penalty).argmax(1)
        clips, rows = ended.nonzero()[:, 0], (chosen + width * torch.arange(len(ended), device=ended.device))[ended]
        numbers = under_way.clips[clips]
        hypotheses = _trace(steps, rows, lengths[numbers], under_way.scores.flatten()[rows])
        found.update(zip(numbers.tolist(), hypotheses, strict=True))
        if len(found) == len(values):
            return [found[number] for number in range(len(values))]
        under_way, steps[-1] = _keep(under_way, step, (~ended).nonzero()[:, 0])


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


class _UnderWay(NamedTuple):
    """The clips a beam still writes about, C of the batch, and the `width` sentences of each, side by side as rows."""

    clips: Tensor  # (C,) which of the batch
    memory: Memory  # of C clips
    scores: Tensor  # (C, width) log probabilities
    token: Tensor  # (C * width,) the last word; so the parts below
    state: DecoderState
    finished: Tensor
    said: Tensor  # words without <eos>


def _begin(model: AttentionCaptioner, values: Tensor, lengths: Tensor, width: int) -> _UnderWay:
    """All clips before the first word; their hypotheses begin equal, so only the first of each may grow."""
    memory, state = model.encode(values, lengths)
    clips = torch.arange(len(values), device=values.device)
    rows = clips.repeat_interleave(width)
    scores = torch.full((len(clips), width), -torch.inf, device=values.device)
    scores[:, 0] = 0
    finished, said = torch.zeros_like(rows, dtype=torch.bool), torch.zeros_like(rows)
    return _UnderWay(clips, memory, scores, torch.full_like(rows, SOS), _take(state, rows), finished, said)


def _advance(model: AttentionCaptioner, before: _UnderWay, words: Tensor, nothing: Tensor) -> tuple[_UnderWay, _Step]:
    """The best sentences with one word more; `words` and `nothing` (V,) as in _Allowed."""
    logits, state, weights = model.step(before.token, before.state, before.memory)
    chances = torch.where(before.finished[:, None], nothing, logits.log_softmax(-1) + words)
    (clips, width), size = before.scores.shape, chances.shape[1]
    scores, best = (before.scores[:, :, None] + chances.view(clips, width, size)).flatten(1).topk(width)
    parents = (best // size + width * torch.arange(clips, device=best.device)[:, None]).flatten()
    token = (best % size).flatten()
    step = _Step(token, parents, state.position, weights, chances[parents, token])
    finished, said = before.finished[parents] | (token == EOS), before.said[parents] + (token != EOS)
    return _UnderWay(before.clips, before.memory, scores, token, _take(state, parents), finished, said), step


def _keep(under_way: _UnderWay, step: _Step, kept: Tensor) -> tuple[_UnderWay, _Step]:
    """What is under way, and the step that led to it, without the rows of other clips than those `kept`."""
    width = under_way.scores.shape[1]
    rows = (width * kept[:, None] + torch.arange(width, device=kept.device)).flatten()
    under_way = _UnderWay(
        under_way.clips[kept],
        under_way.memory.of(kept),
        under_way.scores[kept],
        under_way.token[rows],
        _take(under_way.state, rows),
        under_way.finished[rows],
        under_way.said[rows],
    )
    return under_way, step._replace(token=step.token[rows], parents=step.parents[rows], chance=step.chance[rows])


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
