"""What a transducer remembers of its actions, without the recordings that it learnt from: imagined memories.

A user's takes come from one studio or sensor, and the movements that travel with the package show only some of the
actions. So a model that is trained further has to be shown the others, or it forgets them. They are imagined: a piece
of the encoder's memory of some movement is moved, as little as need be, until the model says a phrase of an action.
How far a memory may be moved in which direction is weighed by the covariance of the memories of all movements.
The encoder stays as it is, so the memories stay true.

Axes: B sentences, S steps, M memory.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from motion2language.captioning.captioner import Captioner
from motion2language.language.vocabulary import PAD, UNK
from motion2language.model.alignments import log_likelihood
from motion2language.model.transducer import Transducer

EACH = 16  # memories imagined of each action; chosen
STEPS = (8, 22)  # shortest and longest, in steps of the transducer's clock; chosen
WEIGHT = 0.1  # of the squared distance moved, in standard deviations, against the log likelihood; chosen
UPDATES = 25  # of Adam; the likelihood rises no more after twenty; chosen
RATE = 0.1  # of Adam; chosen
SUBJECT = "a person"


@dataclass(frozen=True, eq=False)
class Memory:
    """The encoder's memory of a recording, (S, M), and the ids of its words, (L,)."""

    values: Tensor
    tokens: Tensor


def stack(memories: Sequence[Memory]) -> tuple[Tensor, Tensor, Tensor]:
    """Memories (B, S, M) and tokens (B, L), padded, and the number of steps of each (B,)."""
    values = torch.nn.utils.rnn.pad_sequence([one.values for one in memories], batch_first=True)
    tokens = torch.nn.utils.rnn.pad_sequence([one.tokens for one in memories], batch_first=True, padding_value=PAD)
    return values, tokens, torch.tensor([len(one.values) for one in memories])


def negative_log_likelihood(
    network: Transducer, values: Tensor, tokens: Tensor, steps: Tensor, label_smoothing: float = 0.0
) -> Tensor:
    """-log P(sentence | memory), (B,), for what `stack` gives."""
    wait, speak, word = network.lattice(values, tokens, label_smoothing)
    return -log_likelihood(wait, speak + word, steps, (tokens != PAD).sum(1))


def sentences_of(captioner: Captioner, random: np.random.Generator, each: int = EACH) -> list[str]:
    """`each` sentences of every action that the model learnt by phrases, or by words; none with unknown words."""
    phrases: dict[str, list[str]] = defaultdict(list)
    for phrase, label in (captioner.lexicon.phrases or captioner.lexicon.forms).items():
        if UNK not in captioner.vocabulary.encode(phrase):
            phrases[label].append(phrase)
    return [
        f"{SUBJECT} {said[int(random.integers(len(said)))]}" for _, said in sorted(phrases.items()) for _ in range(each)
    ]


def imagine(
    captioner: Captioner,
    begin: Sequence[np.ndarray],
    random: np.random.Generator,
    step: Callable[[str, int], None] = lambda stage, total: None,
) -> list[Memory]:
    """Memories at which the model says each of its actions.

    begin  memories (S, M) of recordings, from pieces of which the imagined ones are moved; not of those that show new
           actions, since a moved memory keeps what is not in its way
    step   called before each update, with the stage and their number
    """
    network = captioner.torch_network()
    if not isinstance(network, Transducer):
        raise ValueError(f"model {captioner.name!r}: only a transducer can imagine what it knows")
    network.eval().requires_grad_(False)
    tokens = [torch.tensor(captioner.vocabulary.encode(text)) for text in sentences_of(captioner, random)]
    if not (tokens and begin):
        return []
    pieces = [_piece(begin[int(random.integers(len(begin)))], random) for _ in tokens]
    values, padded, steps = stack([Memory(torch.from_numpy(p), t) for p, t in zip(pieces, tokens, strict=True)])
    spread = _spread(np.concatenate(begin))
    moved = torch.zeros(len(tokens), values.shape[2], requires_grad=True)
    optimizer = torch.optim.Adam([moved], RATE)
    for _ in range(UPDATES):
        step("imagining", UPDATES)
        loss = negative_log_likelihood(network, values + (moved @ spread.T)[:, None], padded, steps)
        optimizer.zero_grad()
        (loss + WEIGHT * moved.square().sum(1)).sum().backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    found = (values + (moved @ spread.T)[:, None]).detach()
    return [Memory(found[row, :count], tokens[row]) for row, count in enumerate(steps.tolist())]


def _piece(memory: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """A random piece of a memory, as long as STEPS allow."""
    count = min(len(memory), int(random.integers(*STEPS)))
    first = int(random.integers(len(memory) - count + 1))
    return np.ascontiguousarray(memory[first : first + count], dtype=np.float32)


def _spread(memories: np.ndarray) -> Tensor:
    """A square root (M, M) of the covariance of memories (N, M)."""
    covariance = np.cov(memories.T.astype(np.float64)) + 1e-4 * np.eye(memories.shape[1])
    return torch.from_numpy(np.linalg.cholesky(covariance).astype(np.float32))
