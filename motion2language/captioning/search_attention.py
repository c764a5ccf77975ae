"""Searches for the paper's model: greedy, beam and consensus, from padded features to one Hypothesis per motion.

The model sees no reference: a sentence ends at <eos> or at the word limit. In the beam every hypothesis carries its
own attention position and state.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from motion2language.captioning.hypothesis import Hypothesis, require_count
from motion2language.captioning.timing import with_agreement
from motion2language.language.agreement import DRAWS, Sentence, spread
from motion2language.language.agreement import consensus as most_typical
from motion2language.language.vocabulary import EOS, PAD, SOS, UNK
from motion2language.model.attention import Memory
from motion2language.model.batch import Batch, DecoderState
from motion2language.model.decoder import AttentionCaptioner

BEAM = 4  # sentences kept while searching, unless told otherwise; chosen
CLIPS_DRAWN = 8  # motions whose sentences are drawn together; chosen, bounds the memory
WORTH_LEAVING_OUT = 0.5  # once this share of a batch's clips has ended, the beam goes on without them; chosen


def find(
    model: AttentionCaptioner, values: np.ndarray, lengths: np.ndarray, max_words: int, width: int | None = None
) -> list[Hypothesis]:
    """One Hypothesis for each row of values (B, T, F), lengths (B,): by a beam, or for width 0 by consensus."""
    require_count("max_words", max_words)
    require_count("beam", 0 if width is None else width, 0)
    width = BEAM if width is None else width
    device = next(model.parameters()).device
    padded, frames = torch.from_numpy(values).to(device), torch.from_numpy(lengths).to(device)
    if width == 0:
        return consensus(model, padded, frames, max_words)
    return beam(model, padded, frames, max_words, width)


def finished(hypothesis: Hypothesis, max_words: int) -> bool:
    """Whether the model ended the sentence itself, by <eos>, before the word limit cut it off."""
    return len(hypothesis.tokens) < max_words


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
    require_count("width", width)
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
    """The most typical of `draws` sentences drawn from the model (language/agreement.py).

    A word's probability is the share of the draws that have it in its place.
    """
    require_count("draws", draws)
    drawn = [
        sentences
        for first in range(0, len(values), CLIPS_DRAWN)
        for sentences in draw(
            model, values[first : first + CLIPS_DRAWN], lengths[first : first + CLIPS_DRAWN], max_words, draws
        )
    ]
    chosen = [most_typical(sentences) for sentences in drawn]
    followed = follow(model, values, lengths, chosen)
    return [with_agreement(*pair) for pair in zip(followed, drawn, strict=True)]


def draw(
    model: AttentionCaptioner, values: Tensor, lengths: Tensor, max_words: int, draws: int
) -> list[list[Sentence]]:
    """`draws` sentences for each row of values (B, T, F), each word or <eos> drawn with its probability.

    Chance is spread evenly over the draws: at every word each gets one of `draws` equal parts of [0, 1). The chances
    are the same for every motion, so that its draws are the same alone and in a batch.
    """
    memory, state = model.encode(values, lengths)
    rows = torch.arange(len(values), device=values.device).repeat_interleave(draws)
    state = _take(state, rows)
    allowed = _allowed(model.config.vocabulary_size, values.device)
    chances = torch.tensor(spread(max_words, draws), device=values.device)
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
            position[: len(sentence)].clamp(0, frames - 1).numpy(),
            looked[: len(sentence), :frames].numpy().copy(),
            float(chance.sum()),
            chance[: len(sentence)].numpy().copy(),
        )
        for sentence, frames, position, looked, chance in parts
    ]


class _Allowed(NamedTuple):
    """What is added to the log probabilities (V,) of words: 0 where a word is allowed, -inf where not."""

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
    counts: Tensor  # words without <eos>


class _Step(NamedTuple):
    """One step: the word of each row, the row before that it continues, and where the rows before looked."""

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
    counts = torch.zeros_like(scores, dtype=torch.int64)
    rows = _take(state, clips.repeat_interleave(width))
    return _UnderWay(clips, memory, rows, width * clips[:, None], scores, counts + SOS, counts > 0, counts)


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
    best = (under_way.scores / (under_way.counts + 1) ** length_penalty).argmax(1)
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
    counts = before.counts.gather(1, parent) + ~finished
    chance = chances.flatten(1).gather(1, best).flatten()
    under_way = before._replace(state=_take(state, rows), scores=scores, token=token, finished=finished, counts=counts)
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
        under_way.counts[kept],
    )


class _Traced(NamedTuple):
    """The best sentence of each clip of a batch, L steps long, <eos> where it had ended."""

    tokens: np.ndarray  # (B, L)
    chances: np.ndarray  # (B, L) log probabilities
    positions: np.ndarray  # (B, L)
    weights: np.ndarray  # (B, L, T)
    scores: np.ndarray  # (B,) log probabilities of whole sentences


def _trace(stretches: Sequence[_Stretch], lengths: Tensor) -> list[Hypothesis]:
    """The best sentence of each clip, followed back to its first word, stretch by stretch."""
    last = sum(len(stretch.steps) for stretch in stretches)
    shape, longest = (len(lengths), last), stretches[0].steps[0].weights.shape[1]
    traced = _Traced(
        np.full(shape, EOS),
        np.zeros(shape, dtype=np.float32),
        np.zeros(shape, dtype=np.float32),
        np.zeros((*shape, longest), dtype=np.float32),
        np.zeros(len(lengths), dtype=np.float32),
    )
    sentence = np.zeros(len(lengths), dtype=np.int64)  # which of its clip's sentences, in [0, width)
    for stretch in reversed(stretches):
        clips, ended, best = (part.cpu().numpy() for part in (stretch.clips, stretch.ended, stretch.best))
        sentence[clips[ended]], traced.scores[clips[ended]] = best[ended], stretch.scores.cpu().numpy()[ended]
        path = _path(stretch, clips, sentence[clips])
        last -= len(stretch.steps)
        _fill(traced, stretch, clips, path, last)
        sentence[clips] = path[0] % (len(stretch.steps[0].token) // len(clips))
    return _hypotheses(traced, lengths.cpu().numpy())


def _path(stretch: _Stretch, clips: np.ndarray, sentence: np.ndarray) -> np.ndarray:
    """The rows (S+1, C) before and after each of the S steps that lead to `sentence` (C,) of each clip."""
    parents = torch.stack([step.parent for step in stretch.steps]).cpu().numpy()
    rows = [parents.shape[1] // len(clips) * np.arange(len(clips)) + sentence]
    for parent in reversed(parents):
        rows.append(parent[rows[-1]])
    return np.array(rows[::-1])


def _fill(traced: _Traced, stretch: _Stretch, clips: np.ndarray, path: np.ndarray, first: int) -> None:
    """Write the steps of a stretch along `path` into `traced`, from step `first` on."""
    steps, number = stretch.steps, np.arange(len(stretch.steps))[:, None]
    token, chance, position = (
        torch.stack(part).cpu().numpy()
        for part in zip(*((step.token, step.chance, step.position) for step in steps), strict=True)
    )
    where = clips, slice(first, first + len(steps))
    traced.tokens[where], traced.chances[where] = token[number, path[1:]].T, chance[number, path[1:]].T
    traced.positions[where] = position[number, path[:-1]].T  # attention looks from the row before the word
    before = torch.from_numpy(path[:-1]).to(steps[0].weights.device)
    looked = [step.weights[rows] for step, rows in zip(steps, before, strict=True)]
    traced.weights[where] = torch.stack(looked, 1).cpu().numpy()


def _hypotheses(traced: _Traced, lengths: np.ndarray) -> list[Hypothesis]:
    """A Hypothesis for each clip, cut to its own words and frames."""
    positions = traced.positions.clip(0, (lengths - 1).astype(np.float32)[:, None])
    counts = (traced.tokens != EOS).sum(1).tolist()
    hypotheses = []
    for clip, (count, frames) in enumerate(zip(counts, lengths.tolist(), strict=True)):
        own = traced.weights[clip, :count, :frames].copy()  # not a view that keeps the whole batch
        words = traced.tokens[clip, :count], positions[clip, :count], own
        hypotheses.append(Hypothesis(*words, float(traced.scores[clip]), traced.chances[clip, :count]))
    return hypotheses


def _take(state: DecoderState, rows: Tensor) -> DecoderState:
    return DecoderState(state.hidden.index_select(0, rows), state.position.index_select(0, rows), state.first)
