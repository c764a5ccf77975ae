"""The backward pass of recurrence.py, which has the axes, and the values that both passes share."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from motion2language.model.attention import LocalAttention


class Weights(NamedTuple):
    """The parameters of a step, each as its layer has it."""

    embedding: Tensor  # (V, E)
    from_input: Tensor  # (3H, E + H) of the GRU cell: reset, update, new
    from_state: Tensor  # (3H, H)
    input_bias: Tensor  # (3H,)
    state_bias: Tensor  # (3H,)
    query: Tensor  # (H, H)
    query_bias: Tensor  # (H,)
    move: Tensor  # (H, H)
    move_bias: Tensor  # (H,)
    gate: Tensor  # (1, H)


class Products(NamedTuple):
    """The weights as the loops multiply by them."""

    words: Tensor  # (V, 4H) each word's part of the gates, with all biases
    context: Tensor  # (3H, H) of the gates' first three columns: new, reset, update
    state: Tensor  # (3H, H) of their last three: reset, update, new
    keys: Tensor  # (C, T+1, H) of the frames, doubled; then of the gate
    key_biases: Tensor  # (C, 1, T+1)


class Tape(NamedTuple):
    """What the steps leave for the backward pass."""

    tokens: Tensor  # (L, B) the input words
    states: Tensor  # (L+1, B, H) before each step, and after the last
    positions: Tensor  # (L+1, B, 1)
    sigmoids: Tensor  # (L, B, T+1) of the scores, then the share of the way that the position moves
    softmax: Tensor  # (L, B, T)
    weights: Tensor  # (L, B, T) softmax times window
    contexts: Tensor  # (L, B, H)
    gates: Tensor  # (L, B, 4H) new, reset, update, and the new gate's part from the state
    moved: Tensor  # (L, B, H) HumanML3D variant: tanh of the gate's input; else (0, B, H)


def arrays(tensor: Tensor) -> Any:
    """The same numbers as `multiply` takes them: of a CPU's memory a numpy array."""
    return tensor if tensor.is_cuda else tensor.detach().numpy()


def multiply(left: Any, right: Any, out: Any) -> None:
    """Matrix products (C, ...), which are so small here that on a CPU numpy takes a third of torch's time for them."""
    (torch if isinstance(out, Tensor) else np).matmul(left, right, out=out)


class _Gradients(NamedTuple):
    """Gradients of the steps' parts."""

    keys: Tensor  # (L, B, T+1) of what the sigmoids are taken of
    contexts: Tensor  # (L, B, H)
    gates: Tensor  # (L, B, 4, H) before sigmoid and tanh
    start: Tensor  # (B, H)


def backward(
    attention: LocalAttention,
    weights: Weights,
    products: Products,
    tape: Tape,
    frames: Tensor,
    lengths: Tensor,
    grad_states: Tensor,
    grad_contexts: Tensor,
) -> tuple[Tensor, ...]:
    """Gradients of frames, of the first state, and of each of Weights."""
    last = (lengths - 1).to(frames.dtype).repeat_interleave(tape.states.shape[1] // len(frames))[:, None]
    slopes = _slopes(attention, tape, last)
    grads = _run(attention, weights, products, tape, slopes, frames, grad_states, grad_contexts)
    grad_frames, of_attention = _of_attention(attention, weights, tape, grads, frames)
    return (grad_frames, grads.start, *_of_cell(weights, tape, grads), *of_attention)


class _Slopes(NamedTuple):
    """Derivatives that do not depend on later steps, computed for all steps at once."""

    gates: Tensor  # (L, B, 4, H) of the next state with respect to what comes into each gate
    kept: Tensor  # (L, B, H) of the next state with respect to the one before
    looked: Tensor  # (L, B, 2, T) of the context's product with its gradient: weights, and with respect to the position
    weights: Tensor  # (L, B, T) weights, times the sigmoid's slope
    softmax: Tensor  # (L, B, T) softmax, times the sigmoid's slope
    share: Tensor  # (L, B, 1) of the position with respect to the gate's product
    stay: Tensor  # (L, B, 1) of the position with respect to the one before


def _slopes(attention: LocalAttention, tape: Tape, last: Tensor) -> _Slopes:
    clock = torch.arange(tape.softmax.shape[2], device=last.device, dtype=last.dtype)
    looked = torch.stack((tape.weights, tape.weights), 2)
    looked[:, :, 1].mul_(clock - tape.positions[1:]).mul_(4 / attention.half_window**2)
    slope = torch.addcmul(tape.sigmoids, tape.sigmoids, tape.sigmoids, value=-1).mul_(2)
    share = tape.sigmoids[..., -1:]
    reach = last - tape.positions[:-1] if attention.recurrent else last
    return _Slopes(
        gates=gate_slopes(tape.gates, tape.states[:-1]),
        kept=tape.gates.chunk(4, -1)[2],
        looked=looked,
        weights=tape.weights * slope[..., :-1],
        softmax=tape.softmax * slope[..., :-1],
        share=reach * share * (1 - share),
        stay=1 - share if attention.recurrent else torch.zeros_like(share),
    )


def _run(
    attention: LocalAttention,
    weights: Weights,
    products: Products,
    tape: Tape,
    slopes: _Slopes,
    frames: Tensor,
    grad_states: Tensor,
    grad_contexts: Tensor,
) -> _Gradients:
    """Go back through the steps."""
    (steps, captions, length), (clips, _, width) = tape.softmax.shape, frames.shape
    grads = _Gradients(
        torch.empty_like(tape.sigmoids),
        torch.empty_like(tape.contexts),
        torch.empty_like(slopes.gates),
        torch.zeros_like(tape.states[0]),
    )
    of_clips = (clips, captions // clips, -1)
    columns, keys = arrays(frames.transpose(1, 2)), arrays(products.keys)
    state, position = grads.start, torch.zeros_like(tape.positions[0])
    here, seen = torch.empty_like(state), frames.new_empty(captions, length)
    pair = frames.new_empty(captions, 2, length)
    sums = frames.new_empty(captions, 2)
    inside, along = sums[:, :1], sums[:, 1:]
    here_once, seen_once, back = here[:, None], seen[:, None], torch.empty_like(state)
    seen_of_clips, back_of_clips = arrays(seen.view(of_clips)), arrays(back.view(of_clips))
    keys_of_clips, scores, shares = (
        arrays(grads.keys.view(steps, *of_clips)),
        grads.keys[..., :-1].unbind(),
        grads.keys[..., -1:].unbind(),
    )
    contexts, contexts_of_clips = grads.contexts.unbind(), arrays(grads.contexts.view(steps, *of_clips))
    gates, rows = grads.gates.unbind(), grads.gates.flatten(2)
    of_input, of_state = rows[..., : 3 * width].unbind(), rows[..., width:].unbind()
    parts = (grad_states, grad_contexts, *slopes)
    for step, (from_state, from_context, *own) in reversed(
        list(enumerate(zip(*(part.unbind() for part in parts), strict=True)))
    ):
        slope = _Slopes(*own)
        torch.add(state, from_state, out=here)
        torch.mul(here_once, slope.gates, out=gates[step])
        torch.addmm(from_context, of_input[step], products.context, out=contexts[step])
        multiply(contexts_of_clips[step], columns, seen_of_clips)
        torch.mul(seen_once, slope.looked, out=pair)
        torch.sum(pair, -1, out=sums)
        torch.mul(seen, slope.weights, out=scores[step])
        scores[step].addcmul_(slope.softmax, inside, value=-1)
        position.add_(along)
        torch.mul(position, slope.share, out=shares[step])
        position.mul_(slope.stay)
        multiply(keys_of_clips[step], keys, back_of_clips)
        torch.addcmul(back, here, slope.kept, out=state)
        state.addmm_(of_state[step], products.state)
        if attention.humanml3d:
            moved = tape.moved[step]
            state.addmm_(shares[step] * weights.gate * (1 - moved * moved), weights.move)
    return grads


def _of_cell(weights: Weights, tape: Tape, grads: _Gradients) -> tuple[Tensor, ...]:
    """Gradients of the embedding and the GRU cell."""
    width = weights.from_state.shape[1]
    gates = grads.gates.flatten(0, 1).flatten(1)
    tokens, embedding = tape.tokens.flatten(), weights.embedding
    from_word = new_first(weights.from_input[:, : embedding.shape[1]], width)
    if len(embedding) < len(tokens):  # of the words, or of the tokens: whichever are fewer
        of_words = gates.new_zeros(len(embedding), 4 * width)  # rows that are whole add up much faster
        of_words = of_words.index_add_(0, tokens, gates)[:, : 3 * width]
        of_embedding = of_words @ from_word
    else:
        of_words, of_embedding = gates[:, : 3 * width], torch.zeros_like(embedding)
        of_embedding.index_add_(0, tokens, of_words @ from_word)
        embedding = embedding.index_select(0, tokens)
    from_input = torch.cat((of_words.T @ embedding, gates[:, : 3 * width].T @ tape.contexts.flatten(0, 1)), 1)
    sums = gates.sum(0)
    return (
        of_embedding,
        new_last(from_input, width),
        gates[:, width:].T @ tape.states[:-1].flatten(0, 1),
        new_last(sums[: 3 * width], width),
        sums[width:],
    )


def _of_attention(
    attention: LocalAttention, weights: Weights, tape: Tape, grads: _Gradients, frames: Tensor
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """Gradient of the frames, and of query, move and gate with their biases."""
    clips, length = frames.shape[:2]

    def by_clip(rows: Tensor) -> Tensor:  # (L, B, n) -> (C, L N, n)
        return rows.view(len(rows), clips, -1, rows.shape[2]).transpose(0, 1).flatten(1, 2)

    own = by_clip(grads.keys)
    keys, biases = own.transpose(1, 2) @ by_clip(tape.states[:-1]), own.sum(1)
    of_query, of_bias = 2 * keys[:, :length], 2 * biases[:, :length]
    grad_frames = by_clip(tape.weights).transpose(1, 2) @ by_clip(grads.contexts)
    grad_frames += of_query @ weights.query.T + of_bias[..., None] * weights.query_bias
    query, query_bias = frames.flatten(0, 1).T @ of_query.flatten(0, 1), of_bias.flatten() @ frames.flatten(0, 1)
    if attention.humanml3d:
        share = grads.keys[..., -1:]
        inside = (share * weights.gate * (1 - tape.moved * tape.moved)).flatten(0, 1)
        move, move_bias = inside.T @ tape.states[:-1].flatten(0, 1), inside.sum(0)
        gate = share.flatten()[None] @ tape.moved.flatten(0, 1)
    else:
        last, bias = attention.scale * keys[:, length].sum(0), attention.scale * biases[:, length].sum()
        move, move_bias = weights.gate.T * last, weights.gate[0] * bias
        gate = (weights.move @ last + weights.move_bias * bias)[None]
    return grad_frames, (query, query_bias, move, move_bias, gate)


def gate_slopes(gates: Tensor, before: Tensor) -> Tensor:
    """Derivatives (L, B, 4, H) of the next states with respect to what comes into n, r, z and m.

    For the gates (L, B, 4 H) n, r, z, m and the states (L, B, H) before each step.
    """
    new, reset, update, of_state = gates.chunk(4, -1)
    into_new = (1 - update) * (1 - new * new)
    into_reset = into_new * of_state * reset * (1 - reset)
    return torch.stack((into_new, into_reset, (before - new) * update * (1 - update), into_new * reset), 2)


def new_first(rows: Tensor, width: int) -> Tensor:
    """Rows of the gates (3H, ...), which torch's cells have as reset, update, new, as new, reset, update."""
    return torch.cat((rows[2 * width :], rows[: 2 * width]))


def new_last(rows: Tensor, width: int) -> Tensor:
    """Rows of the gates (3H, ...), new, reset, update, as torch's cells have them: reset, update, new."""
    return torch.cat((rows[width:], rows[:width]))
