"""The paper's model again, written as its equations: one clip, one frame, one word at a time, in double precision.

Slow on purpose and free of `motion2language`, so that it can be wrong only where the equations were read wrong.
Weights go by the official code's names. Source: arXiv 2310.10594.
"""

import math

import torch

SOS = 1


def gru(weights: dict, prefix: str, suffix: str, value: torch.Tensor, state: torch.Tensor) -> torch.Tensor:
    """One step of a gated recurrent unit."""
    size = len(state)
    from_input = weights[f"{prefix}.weight_ih_l0{suffix}"] @ value + weights[f"{prefix}.bias_ih_l0{suffix}"]
    from_state = weights[f"{prefix}.weight_hh_l0{suffix}"] @ state + weights[f"{prefix}.bias_hh_l0{suffix}"]
    reset = torch.sigmoid(from_input[:size] + from_state[:size])
    update = torch.sigmoid(from_input[size : 2 * size] + from_state[size : 2 * size])
    fresh = torch.tanh(from_input[2 * size :] + reset * from_state[2 * size :])
    return (1 - update) * fresh + update * state


def encode(weights: dict, facts: dict, frames: torch.Tensor) -> tuple[list, torch.Tensor]:
    """The memory of each frame (T, F) of a clip, and the decoder's first state."""
    if "GRU" in facts["encoder"]:
        size = facts["hidden_size"]
        passes, finals = [], []
        for suffix in ("", "_reverse") if facts["encoder"] == "BiGRU" else ("",):
            state, outputs = torch.zeros(size, dtype=torch.float64), []
            for frame in reversed(frames) if suffix else frames:
                state = gru(weights, "enc_pose.rnns", suffix, frame, state)
                outputs.append(state)
            passes.append(outputs[::-1] if suffix else outputs)
            finals.append(state)
        return [torch.cat(outputs) for outputs in zip(*passes, strict=True)], torch.cat(finals)
    memory = []
    for frame in frames:
        value = frame
        for layer in range(1, 5 if facts["encoder"] == "deep-MLP" else 3):
            value = weights[f"enc_pose.fc{layer}.weight"] @ value + weights[f"enc_pose.fc{layer}.bias"]
            if facts["dataset"] == "h3d":
                spread = ((value - value.mean()) ** 2).sum() / (len(value) - 1)
                value = (value - value.mean()) / (spread.sqrt() + 1e-5)
            value = torch.tanh(value)
        memory.append(value)
    return memory, torch.zeros(facts["hidden_size"], dtype=torch.float64)


def attend(weights: dict, facts: dict, state: torch.Tensor, memory: list, position: torch.Tensor, step: int) -> tuple:
    """The weight of each frame, and the attention's position, before word `step`."""
    query = weights["dec.dec_hidden_layer.weight"] @ state + weights["dec.dec_hidden_layer.bias"]
    v = weights["dec.proj_vector.weight"][0]
    if facts["attention"] == "soft":
        u, c = weights["dec.enc_hidden_layer.weight"], weights["dec.enc_hidden_layer.bias"]
        scores = [torch.exp(v @ torch.tanh(query + u @ frame + c)) for frame in memory]
        shares = [score / sum(scores) for score in scores]
        return shares, sum(index * share for index, share in enumerate(shares))
    moved = weights["dec.position_layer.weight"] @ state + weights["dec.position_layer.bias"]
    if facts["dataset"] == "h3d":
        gate = torch.sigmoid(v @ torch.tanh(moved))
    else:
        gate = torch.sigmoid(v @ moved / math.sqrt(len(state)))
    last, reach = len(memory) - 1, facts["window"]
    if facts["attention"] == "local":
        position = last * gate
    elif facts["dataset"] == "kit" or step > 0:
        position = position + (last - position) * gate
    scores = [torch.exp(torch.tanh(frame @ query)) for frame in memory]
    shares = []
    for index, score in enumerate(scores):
        window = torch.exp(-((index - position) ** 2) / (2 * (reach / 2) ** 2))
        inside = math.floor(position.item() - reach) <= index < math.floor(position.item() + reach)
        shares.append(score / sum(scores) * window * (1 if inside or not facts["mask"] else 0))
    return shares, position


def speak(weights: dict, facts: dict, frames: torch.Tensor, words: list[int] | None, length: int) -> dict:
    """Logits, weights, positions and words of a clip's first `length` steps, fed `words` or (None) its own."""
    memory, state = encode(weights, facts, frames)
    position: torch.Tensor = torch.zeros((), dtype=torch.float64)
    previous, steps = SOS, []
    for step in range(length):
        shares, position = attend(weights, facts, state, memory, position, step)
        context = sum(share * frame for share, frame in zip(shares, memory, strict=True))
        embedded = weights["dec.embedding.weight"][previous]
        state = gru(weights, "dec.rnns", "", torch.cat((embedded, context)), state)
        logits = weights["dec.fc.weight"] @ torch.cat((embedded, state, context)) + weights["dec.fc.bias"]
        best = int(logits.argmax())
        steps.append((logits, torch.stack(shares), position, best))
        previous = best if words is None else words[step]
    return dict(zip(("logits", "weights", "positions", "words"), map(list, zip(*steps, strict=True)), strict=True))
