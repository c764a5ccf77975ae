"""Files of `torch.save`, read safely: only tensors and plain containers are ever built from them."""

from __future__ import annotations

import io
import pickle
import warnings
from pathlib import Path
from typing import Any

import torch


def pack(values: Any) -> bytes:
    """The bytes of `torch.save`; with them a full disk raises an OSError, not one of torch's own errors."""
    packed = io.BytesIO()
    torch.save(values, packed)
    return packed.getvalue()


def load(path: Path) -> Any:
    """The saved values, on the CPU; ValueError when the file is something else, holds other objects, or is cut off."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about other pickles, which are refused next
            return torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, LookupError, TypeError, ValueError):
        raise ValueError(
            f"{path}: not a file of tensors written by torch.save: it is cut off, or holds more than tensors, numbers "
            "and strings, which m2l does not read"
        ) from None
