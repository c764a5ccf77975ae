"""Files of `torch.save`, read so that nothing but tensors and plain containers is ever built from them."""

from __future__ import annotations

import pickle
import warnings
from pathlib import Path
from typing import Any

import torch


def load(path: Path) -> Any:
    """What was saved, on the CPU; ValueError when the file is something else, holds more, or is cut off."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about other pickles, which are refused next
            return torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, LookupError, TypeError, ValueError):
        raise ValueError(
            f"{path}: not a file of tensors written by torch.save: cut off, or holding more than tensors, numbers and "
            "words, which is not read"
        ) from None
