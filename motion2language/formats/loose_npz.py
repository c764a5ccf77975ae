"""An .npz of another program with one array of joints in it, such as `keypoints` (T, J, 3), read as an .npy is.

The array is known by its name and its shape, so that rotations of the same shape are not taken for places. A single
number `fps` is the frame rate, and an array of J names names the joints.
"""

from __future__ import annotations

import re
import zipfile
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from motion2language.files import ArrayHeader, read_array_header, read_arrays
from motion2language.formats.limits import clean_name, most_values, require_recording, require_values
from motion2language.formats.npy import recording_of_array
from motion2language.formats.pose_layouts import name_layout
from motion2language.formats.poses import recording_of
from motion2language.formats.reading import ReadOptions, Recording

_PLACES = re.compile(r"joint|keypoint|kpt|position|landmark|point|xyz|3d|skel|coord|arr_0", re.IGNORECASE)
_NO_PLACES = re.compile(r"rot|quat|orient|angle|vel|acc|_aa|6d|param|offset|parent|2d", re.IGNORECASE)
_RATES = ("fps", "frame_rate", "framerate", "frameRate", "rate", "mocap_framerate", "mocap_frame_rate")
_FEWEST = 6  # joints; chosen: hips, knees and ankles
_MOST_ARRAYS = 200  # looked at; chosen


def find(path: Path, options: ReadOptions) -> Recording | None:
    """The recording of the only array of joints in an archive; None without one, or with several."""
    headers = _headers(path)
    places = [key for key, header in headers.items() if _holds_places(key, header)]
    if len(places) != 1:
        return None
    (key,) = places
    count = headers[key].shape[-2]
    rate = next((name for name in _RATES if name in headers and headers[name].count == 1), None)
    names = next(
        (name for name, header in headers.items() if header.dtype.kind == "U" and header.shape == (count,)), ""
    )
    size = path.stat().st_size
    data = read_arrays(path, [key, *filter(None, (rate, names))], partial(_require_possible, size))
    fps = options.fps or (float(data[rate].reshape(())) if rate and data[rate].dtype.kind in "fiu" else None)
    if fps is None or not 0 < fps < float("inf"):
        raise ValueError(f"has joints in {clean_name(key)!r}, but no frame rate; give it with --fps")
    values = data[key].astype(np.float64)
    if not names:
        return recording_of_array(values, path.name, replace(options, fps=fps))
    values = values.reshape(-1, *values.shape[-2:])
    layout = name_layout([clean_name(str(name)) for name in data[names]], count, options.layout)
    confidence = values[..., 3] if values.shape[2] == 4 else None
    return recording_of(values[..., :3], confidence, layout, fps, path.name, options)


def _headers(path: Path) -> dict[str, ArrayHeader]:
    """What the arrays of an archive declare, without those of Python objects and damaged ones."""
    found = {}
    with zipfile.ZipFile(path) as archive:
        for entry in archive.infolist()[:_MOST_ARRAYS]:
            with suppress(ValueError, EOFError, zipfile.BadZipFile), archive.open(entry) as file:
                found[entry.filename.removesuffix(".npy")] = read_array_header(file)
    return found


def _holds_places(key: str, header: ArrayHeader) -> bool:
    """Whether an array is one of joints (T, J, 3 or 4), maybe with axes of one before."""
    shape = header.shape
    if header.dtype.kind not in "fiu" or len(shape) < 3 or shape[-1] not in (3, 4) or shape[-2] < _FEWEST:
        return False
    return all(axis == 1 for axis in shape[:-3]) and bool(_PLACES.search(key)) and not _NO_PLACES.search(key)


def _require_possible(size: int, key: str, header: ArrayHeader) -> None:
    """ValueError for an array that a file of `size` bytes should not unpack to, before it is unpacked."""
    if len(header.shape) > 2:
        require_recording(header.shape[-3], header.shape[-2], size)
    require_values(f"{key[:60]!r}", header.count, max(1, header.dtype.itemsize // 8), most=most_values(size))
