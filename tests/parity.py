"""Compare our model with recorded outputs and gradients of the paper's model.

`python tests/parity.py DIR` prints a line for each *.npz in DIR and exits 1 when a figure is out of tolerance or DIR
holds no vectors. The files' layout: `state/NAME` weights under the official names, `x` (T, B, F), `lengths`, `y`
(L+1, B) tokens from <sos>, `forced_logits` (L, B, V), `forced_weights` (L, T, B), `forced_positions` (B, L),
`greedy_tokens` (L+1, B), `greedy_logits`, `greedy_positions`, `loss`, `grad/NAME`, and `config`, a Python literal.
Figures that are not a number fail.
"""

import ast
import sys
from pathlib import Path

import numpy as np
import torch

from motion2language.language.vocabulary import SOS
from motion2language.model.batch import Batch
from motion2language.model.config import ModelConfig
from motion2language.model.decoder import AttentionCaptioner
from motion2language.model.official import from_official, our_name

TOLERANCES = {"logits": 1e-4, "weights": 1e-4, "positions": 1e-3, "tokens": 0, "loss": 1e-4, "gradients": 1e-3}


def model_config(facts: dict) -> ModelConfig:
    """The configuration the `config` entry of a vector describes."""
    return ModelConfig(
        variant="humanml3d" if facts["dataset"] == "h3d" else "kit",
        encoder=facts["encoder"].lower(),
        attention={"soft": "soft", "local": "local", "local_recurrent": "recurrent-local"}[facts["attention"]],
        mask=facts["mask"],
        half_window=facts["window"],
        hidden=facts["hidden_size"],
        embedding=facts["embedding_dim"],
        encoder_hidden=facts["hidden_dim"],
        input_width=facts["input_dim"],
        vocabulary_size=facts["vocab_size"],
    )


def differences(path: Path) -> dict[str, float]:
    """The largest difference of each kind between our model and one recorded case."""
    with np.load(path, allow_pickle=False) as archive:
        case = {name: archive[name] for name in archive.files}
    config = model_config(ast.literal_eval(str(case["config"])))
    model = AttentionCaptioner(config).eval()
    tensors = {name[6:]: torch.from_numpy(case[name]) for name in case if name.startswith("state/")}
    model.load_state_dict(from_official(tensors, config)[0])
    tokens = torch.from_numpy(case["y"]).T
    batch = Batch(torch.from_numpy(case["x"]).transpose(0, 1), torch.from_numpy(case["lengths"]), tokens[:, 1:])
    logits, weights, positions = model(batch)
    loss = model.loss(batch)
    loss.backward()
    words, free_logits, free_positions = _free_running(model, batch)
    result = {
        "logits": _worst(
            _largest(logits.transpose(0, 1), case["forced_logits"]), _largest(free_logits, case["greedy_logits"])
        ),
        "weights": _largest(weights.permute(1, 2, 0), case["forced_weights"]),
        "tokens": float((words != torch.from_numpy(case["greedy_tokens"])[1:]).sum()),
        "loss": abs(loss.item() - float(case["loss"])),
    }
    if "forced_positions" in case:
        result["positions"] = _worst(
            _largest(positions, case["forced_positions"]), _largest(free_positions, case["greedy_positions"])
        )
    ours = dict(model.named_parameters())
    relative = []
    for name in (name for name in case if name.startswith("grad/")):
        expected, found = case[name], ours[str(our_name(name[5:], config))].grad
        relative.append(_largest(found, expected) / max(float(np.abs(expected).max()), 1e-8))
    result["gradients"] = _worst(*relative)
    return result


def _free_running(model: AttentionCaptioner, batch: Batch) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The model's own words (L, B), fed back without a stop at <eos>, their logits (L, B, V) and positions (B, L)."""
    memory, state = model.encode(batch.values, batch.lengths)
    token = torch.full((len(batch.values),), SOS)
    steps = []
    for _ in range(batch.tokens.shape[1]):
        logits, state, _ = model.step(token, state, memory)
        token = logits.argmax(-1)
        steps.append((token, logits, state.position))
    words, logits, positions = (torch.stack(parts) for parts in zip(*steps, strict=True))
    return words, logits, positions.T


def _largest(ours: torch.Tensor, theirs: np.ndarray) -> float:
    if ours.shape != theirs.shape:
        raise ValueError(f"our {tuple(ours.shape)} beside their {theirs.shape}")
    return float(np.max(np.abs(ours.detach().numpy() - theirs)))


def _worst(*figures: float) -> float:
    """The largest, or not a number when one is not (the built-in max would hide it)."""
    return float(np.max(figures))


def main(folder: str) -> int:
    """Print the comparison of every vector in `folder`; 0 when all are within tolerance and there is one."""
    torch.set_num_threads(1)
    paths = sorted(Path(folder).glob("*.npz"))
    if not paths:
        print(f"{folder}: holds no .npz vectors; nothing was compared")
        return 1
    failed = 0
    for path in paths:
        try:
            found = differences(path)
        except (ValueError, KeyError) as error:
            failed += 1
            print(f"FAIL {path.name}: not a vector of the expected layout: {error}")
            continue
        bad = [name for name, value in found.items() if not value <= TOLERANCES[name]]
        failed += bool(bad)
        figures = "  ".join(f"{name} {found[name]:.1e}" if name in found else f"{name} -" for name in TOLERANCES)
        print(f"{'FAIL' if bad else 'ok  '} {path.name:45} {figures}")
    print(f"{len(paths) - failed} of {len(paths)} within tolerance")
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python tests/parity.py DIR")
    sys.exit(main(sys.argv[1]))
