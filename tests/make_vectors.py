"""Make the small parity vectors of tests/vectors with the loop oracle: `python tests/make_vectors.py DIR`.

Their layout is that of tests/parity.py.
"""

import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from oracle import SOS, speak

PAD, EOS = 0, 2
_SIZES = {"hidden_size": 6, "embedding_dim": 5, "hidden_dim": 7, "vocab_size": 9, "input_dim": 8}
CASES = {
    "humanml3d_mlp_recurrent_local": {
        "dataset": "h3d", "encoder": "MLP", "attention": "local_recurrent", "mask": True, "window": 3,
    },
    "kit_bigru_recurrent_local_nomask": {
        "dataset": "kit", "encoder": "BiGRU", "attention": "local_recurrent", "mask": False, "window": 2,
    },
}  # fmt: skip


def make_case(facts: dict, seed: int) -> dict[str, np.ndarray]:
    """One vector: random weights and clips, and the oracle's results for them."""
    facts = facts | _SIZES
    generator = torch.Generator().manual_seed(seed)
    weights = _weights(facts, generator)
    lengths, words = [13, 9, 1], [[4, 7, 3, 8, EOS], [5, 6, EOS, PAD, PAD], [8, EOS, PAD, PAD, PAD]]
    clips = [_random((length, facts["input_dim"]), generator) for length in lengths]
    count = len(words[0])
    forced = [speak(weights, facts, clip, sentence, count) for clip, sentence in zip(clips, words, strict=True)]
    logits = torch.stack([torch.stack(one["logits"]) for one in forced], 1)
    tokens = torch.tensor(words).T
    loss = F.cross_entropy(logits.flatten(0, 1), tokens.flatten(), ignore_index=PAD)
    gradients = torch.autograd.grad(loss, list(weights.values()), allow_unused=True)
    free = [speak(weights, facts, clip, None, count) for clip in clips]
    case = {
        "x": _padded(clips).transpose(0, 1),
        "lengths": torch.tensor(lengths),
        "y": torch.cat((torch.full((1, len(lengths)), SOS), tokens)),
        "forced_logits": logits,
        "forced_weights": _padded([torch.stack(one["weights"]).T for one in forced]).permute(2, 1, 0),
        "forced_positions": torch.stack([torch.stack(one["positions"]) for one in forced]),
        "greedy_tokens": torch.tensor([[SOS, *one["words"]] for one in free]).T,
        "greedy_logits": torch.stack([torch.stack(one["logits"]) for one in free], 1),
        "greedy_positions": torch.stack([torch.stack(one["positions"]) for one in free]),
        "loss": loss,
    }
    case |= {f"state/{name}": weight for name, weight in weights.items()}
    case |= {f"grad/{name}": grad for name, grad in zip(weights, gradients, strict=True) if grad is not None}
    arrays = {name: _single(tensor.detach().numpy()) for name, tensor in case.items()}
    return arrays | {"config": np.array(str(facts))}


def _weights(facts: dict, generator: torch.Generator) -> dict[str, torch.Tensor]:
    hidden, inner, width = facts["hidden_size"], facts["hidden_dim"], facts["input_dim"]
    shapes: dict[str, tuple[int, ...]] = {}
    if "GRU" in facts["encoder"]:
        for suffix in ("", "_reverse") if facts["encoder"] == "BiGRU" else ("",):
            shapes |= _gru_shapes("enc_pose.rnns", suffix, width, hidden)
        memory = hidden * (2 if facts["encoder"] == "BiGRU" else 1)
    else:
        sizes = [width, *[inner] * (3 if facts["encoder"] == "deep-MLP" else 1), hidden]
        for layer in range(1, len(sizes)):
            shapes |= {f"enc_pose.fc{layer}.weight": (sizes[layer], sizes[layer - 1])}
            shapes |= {f"enc_pose.fc{layer}.bias": (sizes[layer],)}
        memory = hidden
    shapes["dec.embedding.weight"] = (facts["vocab_size"], facts["embedding_dim"])
    shapes |= _gru_shapes("dec.rnns", "", facts["embedding_dim"] + memory, memory)
    shapes |= {"dec.fc.weight": (facts["vocab_size"], facts["embedding_dim"] + 2 * memory)}
    shapes |= {"dec.fc.bias": (facts["vocab_size"],), "dec.proj_vector.weight": (1, memory)}
    for layer in ("dec_hidden_layer", "enc_hidden_layer" if facts["attention"] == "soft" else "position_layer"):
        shapes |= {f"dec.{layer}.weight": (memory, memory), f"dec.{layer}.bias": (memory,)}
    return {name: _random(shape, generator, 0.6).requires_grad_() for name, shape in shapes.items()}


def _gru_shapes(prefix: str, suffix: str, width: int, hidden: int) -> dict[str, tuple[int, ...]]:
    return {
        f"{prefix}.weight_ih_l0{suffix}": (3 * hidden, width),
        f"{prefix}.weight_hh_l0{suffix}": (3 * hidden, hidden),
        f"{prefix}.bias_ih_l0{suffix}": (3 * hidden,),
        f"{prefix}.bias_hh_l0{suffix}": (3 * hidden,),
    }


def _random(shape: tuple[int, ...], generator: torch.Generator, scale: float = 1.0) -> torch.Tensor:
    # Rounded to single precision, so that the file holds exactly what the oracle computed with.
    return (scale * torch.randn(shape, generator=generator)).double()


def _padded(sequences: list[torch.Tensor]) -> torch.Tensor:
    return torch.nn.utils.rnn.pad_sequence(sequences, batch_first=True)


def _single(array: np.ndarray) -> np.ndarray:
    return array.astype(np.float32) if array.dtype == np.float64 else array


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python tests/make_vectors.py DIR")
    for number, (name, facts) in enumerate(CASES.items()):
        Path(sys.argv[1]).mkdir(parents=True, exist_ok=True)
        np.savez_compressed(Path(sys.argv[1]) / f"{name}.npz", **make_case(facts, number))
        print(name)
