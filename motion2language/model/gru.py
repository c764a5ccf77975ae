"""A GRU over whole sentences, with a hand-written gradient: the prediction network of a transducer in training.

With the gates r (reset), z (update) and n (new) of a step, from its input x and the state h before it,

    r, z = sigmoid(W x + b + U h + c),  n = tanh(V x + d + r m) with m = Q h + e,  next h = (1 - z) n + z h

all products of inputs are one, and so are those of the weights' gradients. A step has one product, U and Q with h.
The columns of the gates are n, r, z, m, so that what comes from the input and what comes from the state are neighbours.

Axes: B sentences, L steps, E inputs, H hidden.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable


def run_gru(gru: nn.GRU, inputs: Tensor) -> Tensor:
    """The states (B, L, H) after each of the inputs (B, L, E), from zeros; for one layer in one direction."""
    run: Any = _Gru.apply
    weights = list(gru.parameters())
    with torch.autocast(inputs.device.type, enabled=False):
        return run(inputs.transpose(0, 1).to(weights[0].dtype), *weights).transpose(0, 1)


class _Gru(torch.autograd.Function):
    """The recurrence, forward and backward."""

    @staticmethod
    def forward(
        ctx: Any, inputs: Tensor, from_input: Tensor, from_state: Tensor, input_bias: Tensor, state_bias: Tensor
    ) -> Tensor:
        """States (L, B, H) for inputs (L, B, E)."""
        steps, sentences, _ = inputs.shape
        width = from_state.shape[1]
        rows = inputs.flatten(0, 1)
        gates = rows.new_empty(steps, sentences, 4 * width)
        bias = new_first(torch.cat(((input_bias + state_bias)[: 2 * width], input_bias[2 * width :])), width)
        gates[..., : 3 * width] = torch.addmm(bias, rows, new_first(from_input, width).T).view(steps, sentences, -1)
        gates[..., 3 * width :] = state_bias[2 * width :]
        states = rows.new_zeros(steps + 1, sentences, width)
        new, reset, update, of_state = (part.unbind() for part in gates.chunk(4, -1))
        both, from_before = gates[..., width : 3 * width].unbind(), gates[..., width:].unbind()
        before, *after = states.unbind()
        for step, state in enumerate(after):
            from_before[step].addmm_(before, from_state.T)
            both[step].sigmoid_()
            new[step].addcmul_(reset[step], of_state[step]).tanh_()
            before = torch.lerp(new[step], before, update[step], out=state)
        ctx.save_for_backward(inputs, from_input, from_state, gates, states)
        return states[1:]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, ...]:
        """Gradients of inputs and weights."""
        inputs, from_input, from_state, gates, states = ctx.saved_tensors
        width = from_state.shape[1]
        slopes = gate_slopes(gates, states[:-1])
        of_gates = torch.empty_like(slopes)
        from_before, kept = of_gates.flatten(2)[..., width:].unbind(), gates[..., 2 * width : 3 * width].unbind()
        state, here = torch.zeros_like(states[0]), torch.empty_like(states[0])
        each = zip(grad.unbind(), slopes.unbind(), of_gates.unbind(), from_before, kept, strict=True)
        for own, slope, of_gate, back, keep in reversed(list(each)):
            torch.add(state, own, out=here)
            torch.mul(here[:, None], slope, out=of_gate)
            torch.mul(here, keep, out=state).addmm_(back, from_state)
        rows = of_gates.view(-1, 4 * width)
        of_input, of_state, sums = rows[:, : 3 * width], rows[:, width:], rows.sum(0)
        return (
            (of_input @ new_first(from_input, width)).view(inputs.shape),
            new_last(of_input.T @ inputs.flatten(0, 1), width),
            of_state.T @ states[:-1].flatten(0, 1),
            new_last(sums[: 3 * width], width),
            sums[width:],
        )


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
