"""A model's folder on disk: where the shipped ones are, which files it has, and how it is written.

`config.json`, `vocabulary.txt`, `normalizer.npz`, `actions.json`, `weights.safetensors` and `card.md`; none is a
pickle. A model that learnt to cut takes also has `segmenter.json` and `segmenter.safetensors`, one that learnt to doubt
has `doubt.npz`. load_model (loading.py) builds a Captioner from it. The functions import what they need, so that help
texts can list the models quickly.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from motion2language.files import one_line

if TYPE_CHECKING:
    import numpy as np

    from motion2language.captioning.features import Normalizer
    from motion2language.language.actions import ActionLexicon
    from motion2language.language.vocabulary import Vocabulary
    from motion2language.model.config import ModelConfig
    from motion2language.model.segmenter import Segmenter

SHIPPED = Path(__file__).parent.parent / "pretrained"
FILES = ("config.json", "vocabulary.txt", "normalizer.npz", "actions.json", "weights.safetensors", "card.md")
SEGMENTER = ("segmenter.json", "segmenter.safetensors")  # of a model that learnt to cut takes


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


def names_apart(models: Sequence[str | Path]) -> list[str]:
    """A name for each model: the last part of its path, with as many before it as tell different ones apart.

    >>> names_apart(["default", "runs/large/best", "runs/small/best"])
    ['default', 'large-best', 'small-best']
    """
    paths = [Path(model).parts for model in models]
    for count in range(1, max(map(len, paths), default=1) + 1):
        names = ["-".join(part for part in path[-count:] if part != "/") for path in paths]
        if len(set(names)) == len(set(paths)):
            break
    return names


def save_model(
    folder: Path,
    config: ModelConfig,
    vocabulary: Vocabulary,
    normalizer: Normalizer,
    lexicon: ActionLexicon,
    weights: Mapping[str, np.ndarray],
    card: str,
    segmenter: Segmenter | None = None,
) -> None:
    """Write a model folder beside its place, then move it there; an older one of the same name is replaced.

    The segmenter's weights are written in half precision, which moves no chance by more than a thousandth.
    """
    from motion2language.model.weights import pack_weights

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
            if segmenter is not None:
                _save_segmenter(fresh, segmenter)
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


def load_segmenter(folder: Path) -> Segmenter | None:
    """The segmenter of a model folder, None when it has none; ValueError when its files do not fit."""
    shape, weights = (folder / name for name in SEGMENTER)
    if not shape.is_file() and not weights.is_file():
        return None
    from motion2language.model.segmenter import Segmenter, SegmenterConfig
    from motion2language.model.weights import require_finite, unpack_weights

    try:
        config = SegmenterConfig.from_json(shape.read_bytes())
    except (OSError, ValueError) as error:
        raise ValueError(f"{shape}: {one_line(error)}") from None
    try:
        arrays = unpack_weights(weights.read_bytes())
        require_finite(arrays)
        segmenter = Segmenter(config, arrays)
        _require_measures(segmenter)
        return segmenter
    except (OSError, ValueError) as error:
        raise ValueError(f"{folder}: the files of its segmenter do not fit each other: {one_line(error)}") from None


def _require_measures(segmenter: Segmenter) -> None:
    """ValueError when a segmenter names pieces by other measures than are taken, or by those of other features."""
    from motion2language.captioning.features import OF_THE_BODY
    from motion2language.captioning.measures import MEASURES

    found, key = segmenter.measured, segmenter.config.features
    if found is not None and (found.measures != MEASURES or key not in OF_THE_BODY):
        raise ValueError(
            f"it reads {found.measures} measures of features {key!r}; expected {MEASURES} of {' or '.join(OF_THE_BODY)}"
        )


def _save_segmenter(folder: Path, segmenter: Segmenter) -> None:
    from motion2language.model.weights import pack_weights

    shape, weights = (folder / name for name in SEGMENTER)
    shape.write_text(segmenter.config.to_json(), encoding="utf-8")
    arrays = {
        name: array if name.rpartition(".")[2] in ("mean", "std") else array.astype("float16")
        for name, array in segmenter.weights.items()
    }
    weights.write_bytes(pack_weights(arrays))
