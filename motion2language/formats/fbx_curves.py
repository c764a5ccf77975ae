"""FBX animation curves: keys with times, values, and the way to the next key; sampled at any times.

A key goes on constant, linear or cubic. A cubic is a Bezier curve over time; its slopes are stored with the keys, or
follow from the neighbours (automatic tangents), and its handles reach a third of the way unless weights are stored.
Before the first key and after the last one the curve is held.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from motion2language.formats.fbx_document import Block, type_of_value
from motion2language.formats.limits import require_near

_CONSTANT, _LINEAR, _CUBIC = 0x2, 0x4, 0x8
_NEXT = 0x100  # of a constant: the next key's value
_AUTO, _TCB, _USER = 0x100, 0x200, 0x400  # tangents of a cubic
_CLAMPED = 0x1000 | 0x4000  # an automatic tangent that does not overshoot its neighbours
_WEIGHT_RIGHT, _WEIGHT_NEXT_LEFT = 0x1000000, 0x2000000
_WEIGHT_UNIT = 9999  # of the integers in which weights are stored
_THIRD = 1 / 3
_STEPS = 30  # bisections of a weighted cubic, 2**-30 of the time between two keys; chosen
_MOST_KEYS = 2_000_000  # of a curve; chosen: over an hour at 500 keys a second
_FARTHEST_TIME = 1e6  # seconds; chosen, eleven days


@dataclass(frozen=True, eq=False)
class Curve:
    """Keys (K,): times in seconds, values, and of each the way to the next.

    way           0 constant, 1 linear, 2 cubic, 3 the next key's value
    out, into     slopes per second after a key, and before the next one
    reach, back   weights of both handles, shares of the time to the next key
    """

    times: np.ndarray
    values: np.ndarray
    way: np.ndarray
    out: np.ndarray
    into: np.ndarray
    reach: np.ndarray
    back: np.ndarray

    def at(self, times: np.ndarray) -> np.ndarray:
        """The values (T,) at `times`."""
        last = len(self.times) - 1
        if last == 0:
            return np.full(len(times), self.values[0])
        low = np.clip(np.searchsorted(self.times, times, side="right") - 1, 0, last - 1)
        step = self.times[low + 1] - self.times[low]
        share = np.clip((times - self.times[low]) / np.where(step > 0, step, 1), 0, 1)
        first, second = self.values[low], self.values[low + 1]
        way = self.way[low]
        result = first + share * (second - first)
        held = (way == 0) | (way == 3)
        result[held] = np.where((share < 1) & (way == 0) | (share <= 0), first, second)[held]
        cubic = np.flatnonzero(way == 2)
        if len(cubic):
            key, step = low[cubic], step[cubic]
            reach, back = self.reach[key], self.back[key]
            place = _place(share[cubic], reach, back)
            rise = (reach * step * self.out[key], back * step * self.into[key])
            result[cubic] = _bezier(place, first[cubic], first[cubic] + rise[0], second[cubic] - rise[1], second[cubic])
        return result


def curve_of(block: Block, ticks: float) -> Curve | None:
    """The curve of a block `AnimationCurve` of FBX 7, whose times count `ticks` a second; None without keys."""
    times, values = block.array("KeyTime"), block.array("KeyValueFloat")
    if times is None or values is None or len(times) == 0:
        return None
    if len(times) > _MOST_KEYS:
        raise ValueError(f"a curve has {len(times):,} keys, expected at most {_MOST_KEYS:,}; cut the recording")
    if len(times) != len(values):
        raise ValueError(f"a curve has {len(times)} times and {len(values)} values; is the file damaged?")
    flags, data, uses = (block.array(name) for name in ("KeyAttrFlags", "KeyAttrDataFloat", "KeyAttrRefCount"))
    count = len(times)
    if flags is None or len(flags) == 0:
        flags = np.array([_LINEAR])
    rows = np.zeros((len(flags), 4))
    if data is not None and len(data) >= 4 * len(flags):
        rows = np.asarray(data[: 4 * len(flags)]).reshape(-1, 4)
    which = _attribute_of_each(count, len(flags), uses)
    kinds = np.asarray(flags).astype(np.int64)[which]
    weights = np.ascontiguousarray(rows[:, 2], np.float32).view(np.int32).astype(np.int64)[which]
    rows = np.nan_to_num(rows.astype(np.float64))[which]
    reach = np.where(kinds & _WEIGHT_RIGHT, (weights & 0xFFFF) / _WEIGHT_UNIT, _THIRD)
    back = np.where(kinds & _WEIGHT_NEXT_LEFT, ((weights >> 16) & 0xFFFF) / _WEIGHT_UNIT, _THIRD)
    return _finish(times / ticks, values, kinds, rows, reach, back)


def _attribute_of_each(count: int, attributes: int, uses: np.ndarray | None) -> np.ndarray:
    """Which of the attributes each key has: each is for as many keys as `uses` counts."""
    if attributes == 1 or uses is None or len(uses) != attributes:
        return np.minimum(np.arange(count), attributes - 1)
    ends = np.cumsum(np.clip(np.asarray(uses), 0, count))
    return np.minimum(np.searchsorted(ends, np.arange(count), side="right"), attributes - 1)


def _finish(
    times: np.ndarray, values: np.ndarray, kinds: np.ndarray, rows: np.ndarray, reach: np.ndarray, back: np.ndarray
) -> Curve:
    """The curve of keys with flags (K,) and rows (K, 4) of slopes or tension, continuity, bias."""
    times, values = times.astype(np.float64), values.astype(np.float64)
    if not (np.abs(times) <= _FARTHEST_TIME).all():
        raise ValueError("a key's time is impossible; is the file damaged?")
    require_near("a key's value", values)
    require_near("a key's slope", rows[:, :2])
    if (np.diff(times) < 0).any():
        order = np.argsort(times, kind="stable")
        times, values, kinds, rows, reach, back = (part[order] for part in (times, values, kinds, rows, reach, back))
    out, into = rows[:, 0].copy(), rows[:, 1].copy()
    cubic = (kinds & _CUBIC) != 0
    if cubic.any():
        left, right = _automatic(times, values, kinds, rows)
        made = (kinds & (_AUTO | _TCB)) != 0
        out[made] = right[made]
        into[:-1][made[1:]] = left[1:][made[1:]]
    way = np.where(cubic, 2, np.where(kinds & _CONSTANT, np.where(kinds & _NEXT, 3, 0), 1)).astype(np.int8)
    return Curve(times, values, way, out, into, np.clip(reach, 0, 1), np.clip(back, 0, 1))


def _automatic(
    times: np.ndarray, values: np.ndarray, kinds: np.ndarray, rows: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Slopes (K,) before and after each key that follow from its neighbours; flat at both ends."""
    left, right = np.zeros(len(times)), np.zeros(len(times))
    if len(times) < 3:
        return left, right
    step = np.maximum(np.diff(times), 1e-9)
    rise = np.diff(values)
    before, after = rise[:-1] / step[:-1], rise[1:] / step[1:]
    middle = (rise[:-1] + rise[1:]) / (step[:-1] + step[1:])
    steepest = np.minimum(np.abs(before), np.abs(after)) / _THIRD
    clamped = np.where(before * after > 0, np.clip(middle, -steepest, steepest), 0)
    middle = np.where(kinds[1:-1] & _CLAMPED, clamped, middle)
    # Kochanek and Bartels 1984: tension, continuity, bias.
    tension, continuity, bias = rows[1:-1, :3].T
    spline = (kinds[1:-1] & _TCB) != 0
    tied = 1 - np.where(spline, tension, 0)
    continuity, bias = np.where(spline, continuity, 0), np.where(spline, bias, 0)
    share = 2 * step[:-1] / (step[:-1] + step[1:])  # of the rises when the keys are not even
    before_first, before_second = tied * (1 - continuity) * (1 + bias) / 2, tied * (1 + continuity) * (1 - bias) / 2
    after_first, after_second = tied * (1 + continuity) * (1 + bias) / 2, tied * (1 - continuity) * (1 - bias) / 2
    left[1:-1] = np.where(spline, before_first * before * share + before_second * after * (2 - share), middle)
    right[1:-1] = np.where(spline, after_first * before * share + after_second * after * (2 - share), middle)
    return left, right


def _place(share: np.ndarray, reach: np.ndarray, back: np.ndarray) -> np.ndarray:
    """Where on the Bezier curve its time is `share` of the way; the share itself where both handles reach a third."""
    place = share.copy()
    odd = (np.abs(reach - _THIRD) > 1e-4) | (np.abs(back - _THIRD) > 1e-4)
    if odd.any():
        wanted, first, second = share[odd], reach[odd], 1 - back[odd]
        low, high = np.zeros(len(wanted)), np.ones(len(wanted))
        for _ in range(_STEPS):
            middle = (low + high) / 2
            early = _bezier(middle, np.zeros(1), first, second, np.ones(1)) < wanted
            low, high = np.where(early, middle, low), np.where(early, high, middle)
        place[odd] = (low + high) / 2
    return place


def _bezier(
    place: np.ndarray, first: np.ndarray, second: np.ndarray, third: np.ndarray, fourth: np.ndarray
) -> np.ndarray:
    rest = 1 - place
    return rest**3 * first + 3 * rest**2 * place * second + 3 * rest * place**2 * third + place**3 * fourth


def old_curve_of(channel: Block, ticks: float) -> Curve | None:
    """The curve of a block `Channel` of FBX 6, whose keys are one list of times, values, letters and slopes."""
    block = channel.find("Key")
    if block is None or not block.values:
        return None
    keys = _old_keys([value for value in block.values if isinstance(value, int | float | str | bytes)])
    times, values, kinds, slopes = (np.array(part, np.float64) for part in zip(*keys, strict=True))
    rows = np.zeros((len(times), 4))
    rows[:, :2] = slopes
    third = np.full(len(times), _THIRD)
    return _finish(times / ticks, values, kinds.astype(np.int64), rows, third, third)


def _old_keys(values: list[type_of_value]) -> list[tuple[float, float, int, tuple[float, float]]]:
    """(time, value, flags, slopes) of each key; weights are passed over, as the cubic without them is close.

    A key is `time, value, way`: L linear; C constant, then s or n (the next key's value); U cubic, then s or b with
    two slopes, or a for automatic ones, and n or a for weights, with two numbers after a.
    """
    keys = []
    at = 0
    while at < len(values):
        numbers = [value for value in values[at : at + 2] if isinstance(value, int | float)]
        if len(numbers) < 2 or at + 2 >= len(values):
            raise ValueError(f"a key begins with {str(values[at : at + 3])[:80]}, expected time, value and a letter")
        letters, at = _letter(values[at + 2]), at + 3
        slopes: list[int | float] = []
        while at < len(values) and _letter(values[at]):  # letters, then numbers that belong to them
            letters += _letter(values[at])
            at += 1
            taken = {"Us": 2, "Ub": 2, "Ut": 3, "Ud": 1, "Up": 2, "Uq": 2}.get(letters) or (
                {"a": 2, "l": 1, "r": 1}.get(letters[-1], 0) if len(letters) > 2 else 0
            )
            if letters in ("Us", "Ub"):
                slopes = [value for value in values[at : at + 2] if isinstance(value, int | float)]
            at += taken
        kind = {"L": _LINEAR, "C": _CONSTANT, "U": _CUBIC}.get(letters[:1], 0)
        if kind == 0:
            raise ValueError(f"a key goes on by {letters[:20]!r}, expected L, C or U; export it as FBX 2013 or later")
        if letters[:2] == "Cn":
            kind |= _NEXT
        if kind == _CUBIC:
            kind |= _USER if len(slopes) == 2 else _AUTO | 0x4000
        keys.append(
            (float(numbers[0]), float(numbers[1]), kind, (slopes[0], slopes[1]) if len(slopes) == 2 else (0.0, 0.0))
        )
    return keys


def _letter(value: type_of_value) -> str:
    """A value that is a letter or a word; empty for a number."""
    return value if isinstance(value, str) else ""
