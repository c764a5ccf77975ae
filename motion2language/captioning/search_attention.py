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

from motion2language.language.agreement import DRAWS, Sentence, agreement, spread
from motion2language.language.agreement import consensus as most_alike
from motion2language.language.vocabulary import EOS, PAD, SOS, UNK
from motion2language.model.attention import Memory
from motion2language.model.batch import Batch, DecoderState
from motion2language.model.decoder import AttentionCaptioner
from motion2language.transcript import Hypothesis

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
    stretches: list[_Stretch] = []
    while True:
        written = sum(len(stretch.steps) for stretch in stretches)
        under_way, stretch = _write(model, under_way, allowed, max_words - written, length_penalty)
        stretches.append(stretch)
        left = (~stretch.ended).nonzero()[:, 0]
        if not len(left):
            return _trace(stretches, lengths)
        under_way = _keep(under_way, left)


@torch.inference_mode()
def consensus(
    model: AttentionCaptioner, values: Tensor, lengths: Tensor, max_words: int, draws: int = DRAWS
) -> list[Hypothesis]:
    """Of `draws` sentences drawn from the model the one most like the others (motion2language.language.agreement).

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

    clips: Tensor  # (C,) which of the batch, in order
    memory: Memory  # of C clips
    state: DecoderState  # of C * width rows
    row: Tensor  # (C, 1) the first row of each clip
    scores: Tensor  # (C, width) log probabilities; so the parts below
    token: Tensor  # the last word
    finished: Tensor
    said: Tensor  # words without <eos>


class _Step(NamedTuple):
    """One step: the word each row said, which row before it goes on with, and where the rows before looked."""

    token: Tensor  # (rows,)
    chance: Tensor  # (rows,) log probability of the word
    parent: Tensor  # (rows,)
    position: Tensor  # (rows,)
    weights: Tensor  # (rows, T)


class _Stretch(NamedTuple):
    """Steps about the same C clips, until enough of these have ended to go on without them."""

    steps: list[_Step]
    clips: Tensor  # (C,) which of the batch
    ended: Tensor  # (C,)
    best: Tensor  # (C,) the best sentence, in [0, width)
    scores: Tensor  # (C,) its log probability


def _begin(model: AttentionCaptioner, values: Tensor, lengths: Tensor, width: int) -> _UnderWay:
    """All clips before the first word; their sentences begin equal, so only the first of each may grow."""
    memory, state = model.encode(values, lengths)
    clips = torch.arange(len(values), device=values.device)
    scores = torch.full((len(clips), width), -torch.inf, device=values.device)
    scores[:, 0] = 0
    said = torch.zeros_like(scores, dtype=torch.int64)
    rows = _take(state, clips.repeat_interleave(width))
    return _UnderWay(clips, memory, rows, width * clips[:, None], scores, said + SOS, said > 0, said)


def _write(
    model: AttentionCaptioner, under_way: _UnderWay, allowed: _Allowed, most: int, length_penalty: float
) -> tuple[_UnderWay, _Stretch]:
    """Step by step until enough clips have ended to go on without them; after `most` more words all have."""
    steps: list[_Step] = []
    while True:
        words = allowed.ending if len(steps) == most else allowed.words
        under_way, step = _advance(model, under_way, words, allowed.nothing)
        steps.append(step)
        ended = under_way.finished.all(1)
        if len(steps) > most or int(ended.sum()) >= len(ended) * WORTH_LEAVING_OUT:
            break
    best = (under_way.scores / (under_way.said + 1) ** length_penalty).argmax(1)
    scores = under_way.scores.gather(1, best[:, None])[:, 0]
    return under_way, _Stretch(steps, under_way.clips, ended | (len(steps) > most), best, scores)


def _advance(model: AttentionCaptioner, before: _UnderWay, words: Tensor, nothing: Tensor) -> tuple[_UnderWay, _Step]:
    """The best sentences with one word more; `words` and `nothing` (V,) as in _Allowed."""
    logits, state, weights = model.step(before.token.flatten(), before.state, before.memory)
    shape, size = before.scores.shape, logits.shape[1]
    chances = torch.where(before.finished[..., None], nothing, (logits.log_softmax(-1) + words).view(*shape, size))
    scores, best = (before.scores[..., None] + chances).flatten(1).topk(shape[1])
    parent, token = best // size, best % size
    rows, finished = (before.row + parent).flatten(), token == EOS
    said = before.said.gather(1, parent) + ~finished
    chance = chances.flatten(1).gather(1, best).flatten()
    under_way = before._replace(state=_take(state, rows), scores=scores, token=token, finished=finished, said=said)
    return under_way, _Step(token.flatten(), chance, rows, state.position, weights)


def _keep(under_way: _UnderWay, kept: Tensor) -> _UnderWay:
    """What is under way, without other clips than those `kept`."""
    rows = (under_way.row[kept] + torch.arange(under_way.token.shape[1], device=kept.device)).flatten()
    return _UnderWay(
        under_way.clips[kept],
        under_way.memory.of(kept),
        _take(under_way.state, rows),
        under_way.row[: len(kept)],
        under_way.scores[kept],
        under_way.token[kept],
        under_way.finished[kept],
        under_way.said[kept],
    )


def _trace(stretches: Sequence[_Stretch], lengths: Tensor) -> list[Hypothesis]:
    """The best sentence of each clip, followed back to its first word."""
    last = sum(len(stretch.steps) for stretch in stretches)
    shape, longest = (len(lengths), last), stretches[0].steps[0].weights.shape[1]
    tokens, looked = np.full(shape, EOS), np.zeros((*shape, longest), dtype=np.float32)
    chances, positions = np.zeros((2, *shape), dtype=np.float32)
    sentence, scores = np.zeros(shape[0], dtype=np.int64), np.zeros(shape[0], dtype=np.float32)
    for steps, *about in reversed(stretches):
        clips, ended, best, log_probs = (part.cpu().numpy() for part in about)
        sentence[clips[ended]], scores[clips[ended]] = best[ended], log_probs[ended]
        *parts, weights = zip(*steps, strict=True)
        token, chance, parent, position = (torch.stack(part).cpu().numpy() for part in parts)
        width = parent.shape[1] // len(clips)
        rows = [width * np.arange(len(clips)) + sentence[clips]]
        for parents in reversed(parent):
            rows.append(parents[rows[-1]])
        sentence[clips] = rows[-1] % width
        path, number = np.array(rows[::-1]), np.arange(len(steps))[:, None]
        place = clips, slice(last - len(steps), last)
        tokens[place], chances[place] = (part[number, path[1:]].T for part in (token, chance))
        positions[place] = position[number, path[:-1]].T
        before = torch.from_numpy(path[:-1]).to(lengths.device)
        looked[place] = torch.stack([part[row] for part, row in zip(weights, before, strict=True)], 1).cpu().numpy()
        last -= len(steps)
    counts, ends = (tokens != EOS).sum(1).tolist(), lengths.cpu().numpy()
    positions = positions.clip(0, (ends - 1).astype(np.float32)[:, None])
    hypotheses = []
    for clip, (count, frames, score) in enumerate(zip(counts, ends.tolist(), scores.tolist(), strict=True)):
        own = looked[clip, :count, :frames].copy()  # not a view that keeps the whole batch
        words = tokens[clip, :count], positions[clip, :count], own
        hypotheses.append(Hypothesis(*words, score, chances[clip, :count]))
    return hypotheses


def _take(state: DecoderState, rows: Tensor) -> DecoderState:
    return DecoderState(state.hidden.index_select(0, rows), state.position.index_select(0, rows), state.first)
