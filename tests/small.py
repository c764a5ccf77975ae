"""Small models, clips and captioners for tests: quick to build, deterministic."""

from dataclasses import replace

import numpy as np
import torch

from motion2language.captioning.captioner import Captioner
from motion2language.captioning.features import Normalizer
from motion2language.data.corpora.synthetic import sample
from motion2language.language.actions import ActionLexicon
from motion2language.language.vocabulary import EOS, PAD, SPECIALS, Vocabulary
from motion2language.model.batch import Batch
from motion2language.model.config import ModelConfig
from motion2language.model.network import build
from motion2language.model.transducer_numpy import NumpyTransducer
from motion2language.motion import CANONICAL, Motion

WORDS = "a person walks runs jumps and then waves".split()
VOCABULARY = Vocabulary((*SPECIALS, *WORDS))
LENGTHS = (12, 7, 1)
#: Settings of a tiny segmenter (m2l teach-takes --config), trained in two updates.
SEGMENTER = """
hidden = 8

[names]
width = 8
dilations = [1]

[bounds]
width = 8
dilations = [1]

[train]
steps = 2
bound_steps = 1
takes = 5
seconds = 4.0
"""


def config(**changes) -> ModelConfig:
    """A tiny network's configuration on 6 features."""
    sizes = {"hidden": 8, "embedding": 5, "encoder_hidden": 7, "input_width": 6, "vocabulary_size": len(VOCABULARY)}
    return ModelConfig(**(sizes | {"dropout": 0.0, "half_window": 3} | changes))


def network(seed: int = 0, scale: float = 3.0, **changes) -> torch.nn.Module:
    """A tiny network in eval mode; weights are scaled up so that its decisions differ from word to word."""
    torch.manual_seed(seed)
    model = build(config(**changes)).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(scale)
    return model


def batch(seed: int = 0, lengths: tuple[int, ...] = LENGTHS, width: int = 6) -> Batch:
    """Random clips with two to five words each."""
    generator = torch.Generator().manual_seed(seed)
    values = [torch.randn(length, width, generator=generator) for length in lengths]
    sentences = [[4, 5, 6, EOS], [5, 7, 8, 9, 10, EOS], [11, 4, EOS]]
    tokens = [torch.tensor(sentences[row % 3]) for row in range(len(lengths))]
    return Batch(
        torch.nn.utils.rnn.pad_sequence(values, batch_first=True),
        torch.tensor(lengths),
        torch.nn.utils.rnn.pad_sequence(tokens, batch_first=True, padding_value=PAD),
    )


def captioner(seed: int = 0, **changes) -> Captioner:
    """A captioner of the canonical body with random weights."""
    changes = {"features": "canonical", "joints": CANONICAL.joints, "input_width": 124} | changes
    model = network(seed, **changes)
    statistics = Normalizer(np.zeros(124, np.float32), np.ones(124, np.float32))
    return Captioner(model.config, VOCABULARY, statistics, ActionLexicon.learn(WORDS), model)


def in_numpy(model: torch.nn.Module) -> NumpyTransducer:
    """A transducer of `network` as it describes without PyTorch."""
    return NumpyTransducer(
        model.config, {key: value.detach().numpy().copy() for key, value in model.state_dict().items()}
    )


def without_torch(one: Captioner) -> Captioner:
    """A captioner of a transducer, its network in numpy."""
    return replace(one, network=in_numpy(one.network))


def recording(number: int = 0) -> Motion:
    """A synthetic recording at 30 frames a second."""
    return sample("test", number).motion
