"""Weights on disk: the safetensors format, by the package of that name; nothing in such a file is a pickle."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save


def unpack_weights(content: bytes) -> dict[str, np.ndarray]:
    """The arrays in the content of a safetensors file; ValueError tells what is wrong with other content."""
    try:
        return load(content)
    except SafetensorError as error:
        raise ValueError(str(error).removeprefix("Error while deserializing: ")) from None
    except (KeyError, TypeError, ImportError) as error:  # numbers that numpy does not have, such as bfloat16
        raise ValueError(f"numbers of a type that numpy does not have: {error}") from None


def require_finite(arrays: Mapping[str, np.ndarray]) -> None:
    """ValueError for an array of real numbers that are not all finite, such as those of a training that diverged."""
    for name, array in arrays.items():
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise ValueError(f"{name[:60]!r} has values that are not finite; train the model again, or copy it again")


def pack_weights(arrays: Mapping[str, np.ndarray]) -> bytes:
    """The content of a safetensors file; an array that is not laid out row by row is written as it reads."""
    return save({name: np.asarray(array, order="C") for name, array in arrays.items()})
