"""Whole sentences with a local attention and a hand-written gradient, used in training.

`AttentionCaptioner.step` defines a step, and autograd could differentiate it. Most of the time would go into gradients
of what is the same in all steps, the clips' frames and the weights, and into calling many small operations. Here the
loops hold only what one step passes to the next, in few operations that write into arrays made beforehand:

- A query W d + b meets a frame h in d . (W' h) + b . h, so frames become keys once. The gate's product is the key of
  one frame more.
- v . tanh(x) in a softmax is v . 2 sigmoid(2 x), as in attention.py, so one sigmoid serves scores and gate.
- The columns of the GRU's gates are new (from the input), reset, update, new (from the state). What comes from the
  input and what comes from the state are then one product each.
- The captions of a clip are neighbours, so that their attention reads its frames once.

recurrence_gradient.py is the backward pass; tests/test_recurrence.py compares both with autograd.

Axes: L steps, C clips, N captions of each, B = C N captions, T frames, H hidden, V vocabulary. grad_x is the gradient
of the loss with respect to x.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from motion2language.model.attention import LocalAttention, Memory
from motion2language.model.recurrence_gradient import Products, Tape, Weights, arrays, backward, multiply, new_first

#: choose(step, token (B,), hidden (B, H), context (B, H)) -> the model's own next word (B,).
Choose = Callable[[int, Tensor, Tensor, Tensor], Tensor]
_FAINT = 64.0  # e^-64 stands for 0 in windows: an exponential of less takes five times as long


class Fed(NamedTuple):
    """The words fed to the steps.

    words   (L, B) of each step, if the step before is forced
    forced  (L,) whether a step is followed by the word given here; else the model chooses it
    choose  how
    """

    words: Tensor
    forced: Sequence[bool]
    choose: Choose


def write(
    attention: LocalAttention, embedding: nn.Embedding, cell: nn.GRUCell, memory: Memory, start: Tensor, fed: Fed
) -> tuple[Tensor, Tensor, Tensor]:
    """States (L, B, H), contexts (L, B, H) and the tokens fed (L, B), for the C clips of a memory.

    The captions are B = C N, those of a clip in a row; `start` (B, H) is their first state.
    """
    weights = Weights(
        embedding.weight, cell.weight_ih, cell.weight_hh, cell.bias_ih, cell.bias_hh,
        attention.query.weight, attention.query.bias, attention.move.weight, attention.move.bias, attention.gate.weight,
    )  # fmt: skip
    run: Any = _Write.apply
    return run(memory.frames, start, *weights, attention, memory, fed)


class _Write(torch.autograd.Function):
    """The recurrence, forward and backward."""

    @staticmethod
    def forward(ctx: Any, frames: Tensor, start: Tensor, *given: Any) -> tuple[Tensor, Tensor, Tensor]:
        """States, contexts and tokens of every step."""
        weights, (attention, memory, fed) = Weights(*given[:-3]), given[-3:]
        products = _products(attention, weights, frames)
        tape = _make_tape(attention, products, frames, start, fed)
        _run(attention, weights, products, memory, frames, tape, fed)
        ctx.save_for_backward(frames, memory.lengths, *weights, *products, *tape)
        ctx.attention = attention
        ctx.mark_non_differentiable(tape.tokens)
        return tape.states[1:], tape.contexts, tape.tokens

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_states: Tensor, grad_contexts: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
        """Gradients of frames, start and weights."""
        frames, lengths, *saved = ctx.saved_tensors
        weights, saved = Weights(*saved[: len(Weights._fields)]), saved[len(Weights._fields) :]
        products, tape = Products(*saved[: len(Products._fields)]), Tape(*saved[len(Products._fields) :])
        grads = backward(ctx.attention, weights, products, tape, frames, lengths, grad_states, grad_contexts)
        return (*grads, None, None, None)


def _products(attention: LocalAttention, weights: Weights, frames: Tensor) -> Products:
    """The weights as the loops multiply by them."""
    width = weights.from_state.shape[1]
    from_word, from_context = torch.split(weights.from_input, [weights.embedding.shape[1], width], 1)
    first = torch.cat((weights.input_bias[2 * width :], (weights.input_bias + weights.state_bias)[: 2 * width]))
    words = F.linear(weights.embedding, new_first(from_word, width), first)
    words = torch.cat((words, weights.state_bias[2 * width :].expand(len(words), width)), 1)
    keys, gate = 2 * (frames @ weights.query), torch.zeros_like(weights.gate)
    bias = frames.new_zeros(())
    if not attention.humanml3d:  # there a tanh comes before the gate
        gate, bias = (
            attention.scale * weights.gate @ weights.move,
            attention.scale * weights.gate[0] @ weights.move_bias,
        )
    biases = torch.cat((2 * (frames @ weights.query_bias), bias.expand(len(frames), 1)), 1)
    keys = torch.cat((keys, gate.expand(len(frames), 1, width)), 1)
    return Products(words, new_first(from_context, width), weights.from_state, keys, biases[:, None])


def _make_tape(attention: LocalAttention, products: Products, frames: Tensor, start: Tensor, fed: Fed) -> Tape:
    """The arrays of the steps; tokens, gates and the first state as they are before the first step."""
    (steps, captions), (length, width) = fed.words.shape, frames.shape[1:]
    make = frames.new_empty
    tape = Tape(
        tokens=fed.words.clone(),
        states=make(steps + 1, captions, width),
        positions=make(steps + 1, captions, 1),
        sigmoids=make(steps, captions, length + 1),
        softmax=make(steps, captions, length),
        weights=make(steps, captions, length),
        contexts=make(steps, captions, width),
        gates=products.words.index_select(0, fed.words.flatten()).view(steps, captions, 4 * width),
        moved=make(steps if attention.humanml3d else 0, captions, width),
    )
    tape.states[0], tape.positions[0] = start, 0
    return tape


def _run(
    attention: LocalAttention,
    weights: Weights,
    products: Products,
    memory: Memory,
    frames: Tensor,
    tape: Tape,
    fed: Fed,
) -> None:
    """Take all steps; each writes its row of the tape."""
    views = _Views(tape, len(frames))
    each = views.captions // len(frames)
    last = (memory.lengths - 1).to(frames.dtype).repeat_interleave(each)[:, None]
    padding = memory.padding.repeat_interleave(each, 0).to(frames.dtype)
    clock, scratch = torch.arange(frames.shape[1], device=frames.device, dtype=frames.dtype), torch.empty_like(padding)
    window, frames_of_clips = _Window(attention, frames), arrays(frames)
    keys, key_biases = arrays(products.keys.transpose(1, 2)), products.key_biases.repeat_interleave(each, 0)[:, 0]
    from_state, from_context = products.state.T, products.context.T
    for step, forced in enumerate(fed.forced):
        before, position, after = views.states[step], views.positions[step + 1], views.states[step + 1]
        multiply(views.states_of_clips[step], keys, views.sigmoids_of_clips[step])
        views.sigmoids[step].add_(key_biases).sigmoid_()
        if attention.humanml3d:
            _share(weights, before, views.moved[step], views.shares[step], first=attention.recurrent and step == 0)
        if attention.recurrent:
            torch.lerp(views.positions[step], last, views.shares[step], out=position)
        else:
            torch.mul(last, views.shares[step], out=position)
        torch.add(padding, views.scores[step], alpha=2, out=scratch)
        torch.softmax(scratch, -1, out=views.softmax[step])
        torch.sub(position, clock, out=scratch)
        torch.mul(views.softmax[step], window(scratch), out=views.weights[step])
        multiply(views.weights_of_clips[step], frames_of_clips, views.contexts_of_clips[step])
        views.gates_of_state[step].addmm_(before, from_state)
        views.gates_of_input[step].addmm_(views.contexts[step], from_context)
        views.reset_update[step].sigmoid_()
        views.new[step].addcmul_(views.reset[step], views.new_of_state[step]).tanh_()
        torch.lerp(views.new[step], before, views.update[step], out=after)
        if not forced and step + 1 < len(fed.forced):
            word = fed.choose(step, tape.tokens[step], after, views.contexts[step])
            tape.tokens[step + 1] = word
            torch.index_select(products.words, 0, word, out=views.gates[step + 1])


def _share(weights: Weights, state: Tensor, moved: Tensor, share: Tensor, first: bool) -> None:
    """The HumanML3D variant's gate: how far the position moves, (B, 1), and the tanh before it, (B, H), in place."""
    torch.addmm(weights.move_bias, state, weights.move.T, out=moved).tanh_()
    share.copy_(torch.sigmoid(moved @ weights.gate.T))
    if first:
        share.zero_()


class _Window:
    """LocalAttention.window, of distances position - frame (B, T), in place."""

    def __init__(self, attention: LocalAttention, frames: Tensor) -> None:
        self.slope = 2 / attention.half_window**2
        self.far = (_FAINT / self.slope) ** 0.5
        self.mask = attention.mask and attention.half_window + 1 < self.far
        least = torch.tensor(1 - attention.half_window, dtype=frames.dtype)
        self.low = torch.nextafter(least, -torch.ones_like(least) * torch.inf).item()  # a threshold keeps what is above
        self.high = attention.half_window + 1
        self.zero = frames.new_zeros(())

    def __call__(self, away: Tensor) -> Tensor:
        """floor(p - D) <= s < floor(p + D) is the same as 1 - D <= p - s < D + 1."""
        if self.mask:
            torch.threshold_(away, self.low, self.far)
            torch.threshold_(away.neg_(), -self.high, self.far)
        else:
            away.clamp_(-self.far, self.far)
        return torch.addcmul(self.zero, away, away, value=-self.slope, out=away).exp_()


class _Views:
    """Each step's rows of the tape, made once: a view takes as long as a small operation."""

    def __init__(self, tape: Tape, clips: int) -> None:
        self.captions, width = tape.states.shape[1:]
        gates, sigmoids = tape.gates, tape.sigmoids

        def of_clips(rows: Tensor) -> Any:
            return arrays(rows.view(len(rows), clips, -1, rows.shape[2]))

        self.states, self.states_of_clips = tape.states.unbind(), of_clips(tape.states)
        self.positions, self.moved = tape.positions.unbind(), tape.moved.unbind()
        self.sigmoids, self.sigmoids_of_clips = sigmoids.unbind(), of_clips(sigmoids)
        self.scores, self.shares = sigmoids[..., :-1].unbind(), sigmoids[..., -1:].unbind()
        self.softmax = tape.softmax.unbind()
        self.weights, self.weights_of_clips = tape.weights.unbind(), of_clips(tape.weights)
        self.contexts, self.contexts_of_clips = tape.contexts.unbind(), of_clips(tape.contexts)
        self.gates, self.new = gates.unbind(), gates[..., :width].unbind()
        self.gates_of_input, self.gates_of_state = gates[..., : 3 * width].unbind(), gates[..., width:].unbind()
        self.reset_update = gates[..., width : 3 * width].unbind()
        self.reset, self.update, self.new_of_state = (part.unbind() for part in gates.chunk(4, -1)[1:])
