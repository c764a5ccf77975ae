"""Whole sentences with a local attention and a hand-written gradient, used in training.

`AttentionCaptioner.step` defines a step, and autograd could differentiate it. Most of the time would go into gradients
of what is the same in all steps, the clips' frames and the weights, which autograd writes and adds up word by word.
Here the backward pass loops only over what one step passes to the next; all else is computed for all steps at once.
tests/test_recurrence.py compares both gradients.

Axes: L steps, B captions, T frames, H hidden, V vocabulary. grad_x is the gradient of the loss with respect to x.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from motion2language.model.attention import LocalAttention, Memory

#: next_word(step, token (B,), hidden (B, H), context (B, H)) -> the token (B,) fed to the next step.
NextWord = Callable[[int, Tensor, Tensor, Tensor], Tensor]


class Weights(NamedTuple):
    """The parameters of a step, joined to need few products."""

    words: Tensor  # (V, 3H) each word's contribution to the GRU's gates
    context: Tensor  # (3H, H) from the context to the GRU's gates
    hidden: Tensor  # (5H, H) from the state to the attention's query, to its move, and to the GRU's gates
    hidden_bias: Tensor  # (5H,)
    gate: Tensor  # (1, H) the attention's gate


def join(embedding: nn.Embedding, attention: LocalAttention, cell: nn.GRUCell) -> Weights:
    """Join the weights of a network's parts."""
    from_word, from_context = torch.split(cell.weight_ih, [embedding.embedding_dim, cell.hidden_size], 1)
    return Weights(
        F.linear(embedding.weight, from_word, cell.bias_ih),
        from_context,
        torch.cat((attention.query.weight, attention.move.weight, cell.weight_hh)),
        torch.cat((attention.query.bias, attention.move.bias, cell.bias_hh)),
        attention.gate.weight,
    )


def write(
    attention: LocalAttention,
    weights: Weights,
    memory: Memory,
    start: Tensor,
    token: Tensor,
    steps: int,
    next_word: NextWord,
) -> tuple[Tensor, Tensor, Tensor]:
    """States (L, B, H), contexts (L, B, H) and the tokens fed (L, B), from state `start` (B, H) and `token` (B,)."""
    run: Any = _Write.apply
    return run(memory.frames, start, *weights, attention, memory, token, steps, next_word)


class _Tape(NamedTuple):
    """What a step saves for the backward pass; stacked, each part begins with the axis L."""

    token: Tensor  # (B,) the input word
    before: Tensor  # (B, H) the state before the step
    start: Tensor  # (B,) the position before the step
    projected: Tensor  # (B, 5H) query, move and the state's part of the gates
    share: Tensor  # (B,)
    position: Tensor  # (B,)
    scores: Tensor  # (B, T)
    softmax: Tensor  # (B, T)
    weights: Tensor  # (B, T) softmax times window
    context: Tensor  # (B, H)
    gates: Tensor  # (B, 3H) reset, update, new


class _Write(torch.autograd.Function):
    """The recurrence, forward and backward."""

    @staticmethod
    def forward(  # noqa: PLR0913, PLR0917 - autograd takes positional arguments only
        ctx: Any, frames: Tensor, start: Tensor, words: Tensor, context_weight: Tensor, hidden_weight: Tensor,
        hidden_bias: Tensor, gate: Tensor, attention: LocalAttention, memory: Memory, token: Tensor, steps: int,
        next_word: NextWord,
    ) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
        """States, contexts and tokens of every step."""
        last, columns = (memory.lengths - 1).to(frames.dtype), frames.transpose(1, 2).contiguous()
        state, position = start, torch.zeros_like(last)
        context_columns, hidden_columns = context_weight.T, hidden_weight.T
        rows, states = [], []
        for step in range(steps):
            projected = torch.addmm(hidden_bias, state, hidden_columns)
            looked = _look(attention, memory, frames, columns, last, position, projected, first=step == 0)
            from_input = torch.addmm(words.index_select(0, token), looked.context, context_columns)
            gates, after = _advance(from_input, projected, state)
            rows.append(_Tape(token, state, position, projected, *looked, gates))
            states.append(after)
            token = next_word(step, token, after, looked.context)
            state, position = after, looked.position
        tape = _Tape(*(torch.stack(part) for part in zip(*rows, strict=True)))
        ctx.save_for_backward(frames, columns, last, words, context_weight, hidden_weight, gate, *tape)
        ctx.attention = attention
        ctx.mark_non_differentiable(tape.token)
        return torch.stack(states), tape.context, tape.token

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_states: Tensor, grad_contexts: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
        """Gradients of frames, start and weights."""
        frames, columns, last, words, context_weight, hidden_weight, gate, *saved = ctx.saved_tensors
        tape = _Tape(*saved)
        moved = _gate_input(ctx.attention, tape)
        slopes = _slopes(ctx.attention, gate[0], moved, last, tape)
        grad_state, grad_position = torch.zeros_like(tape.before[0]), torch.zeros_like(last)
        rows = []
        outer = zip(grad_states.unbind(), grad_contexts.unbind(), *(part.unbind() for part in slopes), strict=True)
        for from_state, from_context, *parts in reversed(list(outer)):
            slope = _Slopes(*parts)
            grad_state = grad_state + from_state
            # the GRU cell
            new = grad_state * slope.new
            update = grad_state * slope.update
            gates = torch.cat((new * slope.reset, update, new), -1)
            # the window around the position
            context = torch.addmm(from_context, gates, context_weight)
            grad_weights = torch.bmm(context[:, None], columns)[:, 0]
            grad_position = grad_position + (grad_weights * slope.window).sum(-1)
            # the softmax of the scores
            weighted = grad_weights * slope.weights
            inside = torch.addcmul(weighted, slope.softmax, weighted.sum(-1, keepdim=True), value=-1)
            scores = inside * slope.score
            query = torch.bmm(scores[:, None], frames)[:, 0]
            # the gate that moved the position
            share = grad_position * slope.share
            projected = torch.cat(
                (query, share[:, None] * slope.move, gates[:, : -new.shape[1]], new * slope.hidden), -1
            )
            rows.append(_Gradients(projected, share, scores, context, gates))
            grad_position = grad_position * slope.stay
            grad_state = torch.addmm(grad_state * slope.kept, projected, hidden_weight)
        grads = _Gradients(*(torch.stack(part[::-1]) for part in zip(*rows, strict=True)))
        gates, projected = grads.gates.flatten(0, 1), grads.projected.flatten(0, 1)
        return (
            _grad_frames(tape, grads),
            grad_state,
            torch.zeros_like(words).index_add_(0, tape.token.flatten(), gates),
            gates.T @ tape.context.flatten(0, 1),
            projected.T @ tape.before.flatten(0, 1),
            projected.sum(0),
            grads.share.flatten()[None] @ moved.flatten(0, 1),
            *[None] * 5,
        )


class _Looked(NamedTuple):
    """The part of the tape that `_look` computes."""

    share: Tensor
    position: Tensor
    scores: Tensor
    softmax: Tensor
    weights: Tensor
    context: Tensor


def _look(
    attention: LocalAttention,
    memory: Memory,
    frames: Tensor,
    columns: Tensor,
    last: Tensor,
    position: Tensor,
    projected: Tensor,
    first: bool,
) -> _Looked:
    """LocalAttention.forward: move the position and look around it; `columns` are the frames as (B, H, T)."""
    query, moved, _ = _parts(projected)
    share = attention.share(moved, first)
    position = attention.place(position, share, last)
    scores = torch.tanh(torch.bmm(query[:, None], columns)[:, 0])
    softmax = (scores + memory.padding).softmax(-1)
    weights = softmax * attention.window(position, frames.shape[1])
    return _Looked(share, position, scores, softmax, weights, torch.bmm(weights[:, None], frames)[:, 0])


def _advance(from_input: Tensor, projected: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
    """The GRU cell: next state = new + update * (state - new), new = tanh(input + reset * hidden). Gates and state."""
    width = state.shape[1]
    both = torch.sigmoid(from_input[:, : 2 * width] + projected[:, 2 * width : 4 * width])
    reset, update = both.chunk(2, -1)
    new = torch.tanh(torch.addcmul(from_input[:, 2 * width :], reset, projected[:, 4 * width :]))
    return torch.cat((both, new), -1), torch.lerp(new, state, update)


class _Slopes(NamedTuple):
    """Derivatives that do not depend on later steps, computed for all steps at once."""

    new: Tensor  # (B, H) of the new state with respect to the inside of the new gate's tanh
    update: Tensor  # (B, H) of the new state with respect to the inside of the update gate's sigmoid
    reset: Tensor  # (B, H) of the inside of the new gate's tanh with respect to that of the reset gate's sigmoid
    kept: Tensor  # (B, H) of the new state with respect to the one before: the update gate
    hidden: Tensor  # (B, H) of the inside of the new gate's tanh with respect to the state's part: the reset gate
    weights: Tensor  # (B, T) softmax times window
    softmax: Tensor  # (B, T)
    score: Tensor  # (B, T) of the tanh of the scores
    window: Tensor  # (B, T) of the weights with respect to the position
    share: Tensor  # (B,) of the position with respect to the gate's product, before scale and sigmoid
    move: Tensor  # (B, H) of the gate's product with respect to the move
    stay: Tensor  # (B,) of the position with respect to the one before


def _slopes(attention: LocalAttention, gate: Tensor, moved: Tensor, last: Tensor, tape: _Tape) -> _Slopes:
    reset, update, new = tape.gates.chunk(3, -1)
    clock = torch.arange(tape.scores.shape[2], device=last.device, dtype=last.dtype)
    away = clock - tape.position[..., None]
    reach = last - tape.start if attention.recurrent else last
    scale = 1.0 if attention.humanml3d else attention.scale
    return _Slopes(
        new=(1 - update) * (1 - new * new),
        update=(tape.before - new) * update * (1 - update),
        reset=tape.projected[..., -new.shape[-1] :] * reset * (1 - reset),
        kept=update,
        hidden=reset,
        weights=tape.weights,
        softmax=tape.softmax,
        score=1 - tape.scores * tape.scores,
        window=tape.weights * away * (4 / attention.half_window**2),
        share=scale * reach * tape.share * (1 - tape.share),
        move=gate * (1 - moved * moved) if attention.humanml3d else gate.expand_as(moved),
        stay=1 - tape.share if attention.recurrent else torch.zeros_like(tape.share),
    )


class _Gradients(NamedTuple):
    """Gradients of a step's parts; stacked, each begins with the axis L."""

    projected: Tensor  # (B, 5H)
    share: Tensor  # (B,) of the gate's product, before scale and sigmoid
    scores: Tensor  # (B, T) of the products frame . query, before the tanh
    context: Tensor  # (B, H)
    gates: Tensor  # (B, 3H) before sigmoid and tanh


def _grad_frames(tape: _Tape, grads: _Gradients) -> Tensor:
    """Gradient of the frames, which meet queries in scores and weights in contexts: (B, T, L) @ (B, L, H)."""
    queries = _parts(tape.projected)[0].transpose(0, 1)
    from_scores = grads.scores.permute(1, 2, 0) @ queries
    return torch.baddbmm(from_scores, tape.weights.permute(1, 2, 0), grads.context.transpose(0, 1))


def _gate_input(attention: LocalAttention, tape: _Tape) -> Tensor:
    """The input of the attention's gate, (L, B, H)."""
    moved = _parts(tape.projected)[1]
    return torch.tanh(moved) if attention.humanml3d else moved


def _parts(projected: Tensor) -> tuple[Tensor, ...]:
    """The query, the move and the gates' part of (..., 5H)."""
    width = projected.shape[-1] // 5
    return torch.split(projected, [width, width, 3 * width], -1)
