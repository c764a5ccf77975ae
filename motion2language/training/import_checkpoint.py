"""Convert weights published by the paper's authors to a model folder.

Their file is a `torch.save` of the pair (model state, optimiser state) under the official code's names. It carries
neither vocabulary nor statistics nor configuration, so the user gives them. The rows of the word layers are sorted into
the order of our Vocabulary, which begins with the four special words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from torch import Tensor

from motion2language.captioning.features import Normalizer
from motion2language.captioning.model_folder import save_model
from motion2language.files import read_text
from motion2language.formats.npy import LAYOUTS
from motion2language.language.actions import ActionLexicon
from motion2language.language.vocabulary import SPECIALS, Vocabulary
from motion2language.model.config import ModelConfig
from motion2language.model.network import build
from motion2language.model.official import from_official
from motion2language.training import checkpoint
from motion2language.training.config import load_config

_WORD_ROWS = ("embedding.weight", "output.weight", "output.bias")


def import_checkpoint(
    file: Path, vocabulary: Path, config: Path, out: Path, normalizer: Path | None = None
) -> list[str]:
    """Write the model folder `out`; returns the official names of the weights that were dropped as unused.

    file        the published weights; loaded with `weights_only`
    vocabulary  one word per line, in the order of their ids in the checkpoint, the four special words among them
    config      TOML file whose [model] table describes the network; sizes that follow from the weights may be left out
    normalizer  .npz with `mean` and `std` of each feature; None: features are not normalised

    ValueError names what does not fit.
    """
    state = _load(file)
    words = _read_words(vocabulary)
    described = load_config(config).model
    if described.kind != "attention":
        raise ValueError(f"{config}: model.kind is {described.kind!r}; the authors' weights are of kind 'attention'")
    tensors, dropped = from_official(state, described)
    order = [words.index(word) for word in (*SPECIALS, *(word for word in words if word not in SPECIALS))]
    for name in _WORD_ROWS:
        if name not in tensors or len(tensors[name]) != len(words):
            rows = len(tensors[name]) if name in tensors else "no"
            raise ValueError(f"{file}: has {rows} rows of {name}, but {vocabulary} lists {len(words)} words")
        tensors[name] = tensors[name][order]
    complete = _complete_config(described, tensors, len(words), file)
    try:
        build(complete).load_state_dict(tensors)
    except RuntimeError as error:
        raise ValueError(f"{file}: does not fit {config}: {' '.join(str(error).split())[:300]}") from None
    ordered = Vocabulary(tuple(words[index] for index in order))
    lexicon = ActionLexicon.learn(ordered.words)
    card = f"Imported from {file.name}, weights published by the authors of arXiv 2310.10594. Scores: not measured.\n"
    weights = {name: tensor.numpy() for name, tensor in tensors.items()}
    save_model(out, complete, ordered, _load_normalizer(normalizer, complete.input_width), lexicon, weights, card)
    return dropped


def _load(file: Path) -> dict[str, Tensor]:
    """The model state in the file."""
    content = checkpoint.load(file)
    state = content[0] if isinstance(content, (tuple, list)) and content else content
    if not isinstance(state, Mapping) or not all(isinstance(value, Tensor) for value in state.values()):
        raise ValueError(f"{file}: holds a {type(content).__name__}; expected the pair (model state, optimiser state)")
    return dict(state)


def _read_words(path: Path) -> list[str]:
    """The vocabulary in the order of the checkpoint; ValueError when a special one is missing or one occurs twice."""
    words = [line.strip() for line in read_text(path, "one word per line").splitlines() if line.strip()]
    if missing := [word for word in SPECIALS if word not in words]:
        raise ValueError(f"{path}: lacks {', '.join(missing)}; add the special words at their ids in the checkpoint")
    if len(set(words)) != len(words):
        raise ValueError(f"{path}: a word occurs twice; expected one line for each id of the checkpoint")
    return words


def _complete_config(config: ModelConfig, tensors: Mapping[str, Tensor], words: int, file: Path) -> ModelConfig:
    """The configuration with the sizes of the weights, and the joints that these sizes imply."""
    first = tensors.get("encoder.layers.0.weight", tensors.get("encoder.rnn.weight_ih_l0"))
    if first is None:
        raise ValueError(f"{file}: has no weights of an encoder {config.encoder!r}; check model.encoder")
    width = first.shape[1]
    if config.input_width not in (0, width) or config.vocabulary_size not in (0, words):
        raise ValueError(
            f"{file}: reads {width} features and writes {words} words, but the configuration has "
            f"{config.input_width} and {config.vocabulary_size}"
        )
    joints = config.joints
    if config.features == "paper" and not joints:
        bodies = [layout.skeleton.joints for layout in LAYOUTS.values() if 3 * len(layout.skeleton.joints) == width]
        if not bodies:
            raise ValueError(
                f"{file}: reads {width} features, expected 63 (KIT-ML) or 66 (HumanML3D); set model.joints"
            )
        joints = bodies[0]
    return replace(config, input_width=width, vocabulary_size=words, joints=joints)


def _load_normalizer(path: Path | None, width: int) -> Normalizer:
    if path is None:
        return Normalizer(np.zeros(width, np.float32), np.ones(width, np.float32))
    try:
        normalizer = Normalizer.load(path)
    except (ValueError, KeyError, OSError) as error:
        raise ValueError(f"{path}: expected an .npz with `mean` and `std` ({error})") from None
    if normalizer.mean.shape != (width,):
        raise ValueError(f"{path}: statistics of {normalizer.mean.shape} features, but the weights read {width}")
    return normalizer
