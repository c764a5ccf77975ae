"""A model's folder on disk: where the shipped ones are, which files it has, and how it is written.

`config.json`, `vocabulary.txt`, `normalizer.npz`, `actions.json`, `weights.safetensors` and `card.md`; none is a
pickle. load_model (captioner.py) builds a Captioner from it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from motion2language.model.weights import pack_weights

if TYPE_CHECKING:
    from motion2language.captioning.features import Normalizer
    from motion2language.language.actions import ActionLexicon
    from motion2language.language.vocabulary import Vocabulary
    from motion2language.model.config import ModelConfig

SHIPPED = Path(__file__).parent.parent / "pretrained"
FILES = ("config.json", "vocabulary.txt", "normalizer.npz", "actions.json", "weights.safetensors", "card.md")


def shipped_models() -> tuple[str, ...]:
    """The names of the shipped models."""
    return tuple(sorted(path.parent.name for path in SHIPPED.glob("*/config.json")))


def find_model(name: str | Path) -> Path:
    """The folder of a shipped model, or the model folder `name`; FileNotFoundError or ValueError when it is neither."""
    folder = SHIPPED / str(name)
    if not (folder / "config.json").is_file():
        folder = Path(name)
    if not folder.is_dir():
        raise FileNotFoundError(f"no model {str(name)!r}: give a model folder or one of {', '.join(shipped_models())}")
    missing = [file for file in FILES[:-1] if not (folder / file).is_file()]
    if missing:
        raise ValueError(f"{folder}: not a model folder, it lacks {', '.join(missing)}; expected {', '.join(FILES)}")
    return folder


def save_model(
    folder: Path,
    config: ModelConfig,
    vocabulary: Vocabulary,
    normalizer: Normalizer,
    lexicon: ActionLexicon,
    weights: Mapping[str, np.ndarray],
    card: str,
) -> None:
    """Write a model folder beside its place, then move it there; an older one of the same name is replaced."""
    folder = Path(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as temporary:
            fresh, old = Path(temporary) / "new", Path(temporary) / "old"
            fresh.mkdir()
            (fresh / "config.json").write_text(config.to_json(), encoding="utf-8")
            vocabulary.save(fresh / "vocabulary.txt")
            normalizer.save(fresh / "normalizer.npz")
            lexicon.save(fresh / "actions.json")
            (fresh / "weights.safetensors").write_bytes(pack_weights(weights))
            (fresh / "card.md").write_text(card, encoding="utf-8")
            if folder.exists():
                folder.rename(old)
            try:
                fresh.rename(folder)
            except BaseException:
                if old.exists():
                    old.rename(folder)
                raise
    except OSError as error:
        raise ValueError(f"{folder}: cannot be written ({error.strerror}); choose another folder") from None
