"""Load a model: the captioner of a shipped model or of a model folder (model_folder.py), its files checked."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from motion2language.captioning.captioner import Captioner
from motion2language.captioning.doubt import Doubt
from motion2language.captioning.features import Normalizer, feature
from motion2language.captioning.model_folder import find_model, load_segmenter
from motion2language.formats.limits import clean_message
from motion2language.language.actions import ActionLexicon
from motion2language.language.vocabulary import Vocabulary
from motion2language.model.config import ModelConfig
from motion2language.model.encoders_numpy import ENCODERS
from motion2language.model.pytorch import find_device, require_torch
from motion2language.model.transducer_numpy import NumpyTransducer
from motion2language.model.weights import require_finite, unpack_weights

if TYPE_CHECKING:
    from motion2language.model.network import Network


def load_model(name: str | Path = "default", device: str = "cpu", *, doubt: bool = True) -> Captioner:
    """The captioner of a shipped model or of a model folder.

    device  cpu, where a transducer needs no PyTorch; a torch device such as cuda; or auto, which for a model that
            needs PyTorch is a GPU where there is one
    doubt   read the folder's doubt.npz; without it a damaged one does not matter

    FileNotFoundError or ValueError reports what is missing or does not fit, and lists the shipped models.
    """
    folder = find_model(name)
    config = _load_config(folder / "config.json")
    without_torch = config.kind == "transducer" and config.encoder in ENCODERS and device in ("cpu", "auto")
    if not without_torch:
        require_torch(f"model {folder.name!r}, {_why_torch(config, device)},")
    weights = _load_weights(folder / "weights.safetensors")
    try:
        feature(config.features)
        network = NumpyTransducer(config, weights) if without_torch else _torch_network(config, weights, device)
        vocabulary = Vocabulary.load(folder / "vocabulary.txt")
        normalizer = Normalizer.load(folder / "normalizer.npz")
        lexicon = ActionLexicon.load(folder / "actions.json")
    except (RuntimeError, KeyError, OSError, EOFError, ValueError, zipfile.BadZipFile) as error:
        reason = clean_message(str(error))[:300]
        raise ValueError(f"{folder}: the files of this model do not fit each other: {reason}") from None
    if len(vocabulary) != config.vocabulary_size or len(normalizer.mean) != config.input_width:
        raise ValueError(
            f"{folder}: config.json says {config.vocabulary_size} words and {config.input_width} features, "
            f"but vocabulary.txt has {len(vocabulary)} and normalizer.npz {len(normalizer.mean)}"
        )
    segmenter, doubts = load_segmenter(folder), Doubt.load(folder) if doubt else None
    return Captioner(config, vocabulary, normalizer, lexicon, network, folder.name, segmenter, doubts)


def _load_config(path: Path) -> ModelConfig:
    """A model folder's configuration; ValueError names the key that is wrong."""
    try:
        return ModelConfig.from_json(path.read_bytes())
    except ValueError as error:
        raise ValueError(f"{path}: {clean_message(str(error))}") from None


def _load_weights(path: Path) -> dict[str, np.ndarray]:
    """The weights of a model folder, in float32 also where the file has half precision."""
    try:
        weights = unpack_weights(path.read_bytes())
    except ValueError as error:
        raise ValueError(f"{path}: not a safetensors file ({clean_message(str(error))})") from None
    try:
        require_finite(weights)
    except ValueError as error:
        raise ValueError(f"{path}: {clean_message(str(error))}") from None
    return {name: array.astype(np.float32) if array.dtype == np.float16 else array for name, array in weights.items()}


def _why_torch(config: ModelConfig, device: str) -> str:
    """Why a model cannot run on numpy."""
    if config.kind != "transducer":
        return f"kind {config.kind!r}"
    return f"encoder {config.encoder!r}" if config.encoder not in ENCODERS else f"device {device!r}"


def _torch_network(config: ModelConfig, weights: Mapping[str, np.ndarray], device: str) -> Network:
    """The torch network with these weights, in eval mode."""
    from motion2language.model.network import build

    return build(config, weights).to(find_device(device) if device == "auto" else device).eval()
