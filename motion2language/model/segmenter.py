"""Segmenter: what each frame shows, and which stretches of a recording are one action, in numpy.

Two networks of dilated convolutions read the features of a prepared recording. The first says of each frame which of
its actions it shows, or none. The second, which sees a few seconds in steps of two frames, says where actions begin and
end, and of each stretch between two moments whether both its bounds are those of one action: it sees the moments
before, at and after both bounds and the mean in between, so it may learn that a punch which swings back is over, and
that the same punch again is another one. A row of pieces is made of these answers (captioning/search_segments.py).

They are two since they generalise differently: names of actions get better the longer the first is trained, while the
second, trained as long, learns what composed motions look like where they were joined. A third network may name whole
pieces by what is measured of them (measured.py).

segmenter_torch.py has the same networks for training, on composed motions, whose joins are exact; no person marked a
time.
"""

from __future__ import annotations

import json
import math
import reprlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from itertools import accumulate, pairwise

import numpy as np

from motion2language.model.layers_numpy import LayerNorm, Neighbours, Weights
from motion2language.model.measured import PREFIX, Measured

PAIR = 2  # frames of a step of the second network
KERNEL = 5  # steps a convolution sees
OF_ACTIONS = ("actions.weight", "actions.bias", "shown.means")  # weights with a row for none and one for each action
OF_MEASURED = (f"{PREFIX}.actions.weight", f"{PREFIX}.actions.bias")  # a row for each action that it learnt
CHUNK = 3000  # steps of a recording computed at once; chosen: five or ten minutes, some 50 MB
TOGETHER = 400  # steps of several recordings computed together; chosen: they stay in the processor's cache


def _require(fits: bool, name: str, expected: str, found: object) -> None:
    if not fits:
        raise ValueError(f"{name}: expected {expected}, found {reprlib.repr(found)}")


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _is_count(value: object, most: int) -> bool:
    return type(value) is int and 0 < value <= most


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


@dataclass(frozen=True)
class Action:
    """An action's label in segments, and a phrase that says it: "sit", "sits down".

    continues  whether any part of it shows it (walking, waving), so that two of them in a row are one
    limb       that does it, "arm" or "leg"; "" when the whole body does
    """

    label: str
    phrase: str
    continues: bool = False
    limb: str = ""

    def __post_init__(self) -> None:
        _require(_is_text(self.label) and _is_text(self.phrase), "label and phrase", "text", (self.label, self.phrase))
        _require(type(self.continues) is bool, "continues", "true or false", self.continues)
        _require(isinstance(self.limb, str), "limb", "text", self.limb)


@dataclass(frozen=True)
class Tower:
    """The shape of one network: channels, and the dilation of each convolution, in its steps."""

    width: int
    dilations: tuple[int, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "dilations", tuple(self.dilations))
        _require(_is_count(self.width, 8192), "width", "1 to 8192 channels", self.width)
        fits = 0 < len(self.dilations) <= 32 and all(_is_count(each, 64) for each in self.dilations)
        _require(fits, "dilations", "1 to 32 numbers from 1 to 64", self.dilations)

    @property
    def reach(self) -> int:
        """Steps to either side that a step sees."""
        return (KERNEL - 1) // 2 * sum(self.dilations)


NAMES = Tower(width=128, dilations=(1, 1, 2, 2, 4, 4, 8))
BOUNDS = Tower(width=64, dilations=(1, 1, 2, 2))


@dataclass(frozen=True)
class SegmenterConfig:
    """A segmenter's shape, its actions, and the prices of its search; ValueError for a value that cannot be."""

    actions: dict[str, Action]
    features: str = "canonical"  # a key of features.FEATURES
    fps: float = 10.0
    input_width: int = 124
    names: Tower = NAMES
    bounds: Tower = BOUNDS
    hidden: int = 64  # of the question about stretches
    longest: int = 60  # steps of a stretch
    price: float = 0.06  # of a piece, in chances that it is right
    trust: float = 0.5  # power of the chance of a piece's action
    #: logit of a calibrated probability: constant and weights of what search_segments.Piece says of it
    calibration: dict[str, tuple[float, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _require(bool(self.actions), "actions", "at least one", self.actions)
        _require(_is_text(self.features), "features", "text", self.features)
        _require(_is_number(self.fps) and 0 < self.fps <= 1000, "fps", "a number from 0 to 1000", self.fps)
        for name, most in (("input_width", 2**16), ("hidden", 8192), ("longest", 1000)):
            _require(_is_count(getattr(self, name), most), name, f"1 to {most}", getattr(self, name))
        _require(_is_number(self.price) and 0 <= self.price <= 1, "price", "a number from 0 to 1", self.price)
        _require(_is_number(self.trust) and self.trust >= 0, "trust", "a number of 0 or more", self.trust)
        for name, weights in self.calibration.items():
            _require(all(map(_is_number, weights)), f"calibration.{name}", "finite numbers", weights)

    @classmethod
    def from_json(cls, text: str | bytes) -> SegmenterConfig:
        """The configuration that `to_json` wrote; ValueError for any other text."""
        try:
            values = json.loads(text)
            values["actions"] = {name: Action(**action) for name, action in values["actions"].items()}
            for name in ("names", "bounds"):
                values[name] = Tower(**values[name])
            values["calibration"] = {name: tuple(row) for name, row in values.get("calibration", {}).items()}
            return cls(**values)
        except (TypeError, KeyError, AttributeError, RecursionError) as error:
            raise ValueError(f"not the configuration of a segmenter: {error}") from None

    def to_json(self) -> str:
        """Indented JSON."""
        return json.dumps(asdict(self), indent=1) + "\n"

    @cached_property
    def labels(self) -> list[str]:
        """The labels in order; several actions may share one."""
        return list(dict.fromkeys(action.label for action in self.actions.values()))

    @cached_property
    def columns_by_label(self) -> tuple[np.ndarray, np.ndarray]:
        """The columns of Evidence.frames, those of the first label first, and where those of each label begin."""
        numbers = np.array([self.labels.index(action.label) for action in self.actions.values()])
        order = np.argsort(numbers, kind="stable")
        return 1 + order, np.searchsorted(numbers[order], np.arange(len(self.labels)))


@dataclass(frozen=True, eq=False)
class Evidence:
    """What a segmenter says of a recording of T frames, in S steps.

    frames  (T, 1 + A) chance of no action and of each action, in the order of the configuration
    starts  (T,) log odds that an action begins here; ends likewise, of its last frame
    pieces  (S, longest) chance that both bounds of the stretch from the beginning of step s, of n + 1 steps, are right;
            0 where it would not end within the recording
    """

    frames: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    pieces: np.ndarray


@dataclass(frozen=True, eq=False)
class Shown:
    """What the vectors (width,) of the frames that a segmenter learnt from are like, so that it can learn more actions.

    means   (1 + A, width) of no action and of each action; zeros where no frame is known
    spread  (width, width) lower triangle; with its transpose it makes the covariance within an action
    """

    means: np.ndarray
    spread: np.ndarray

    def arrays(self) -> dict[str, np.ndarray]:
        """As a segmenter's weights hold it."""
        return {"shown.means": self.means, "shown.spread": self.spread}


class Segmenter:
    """The networks of a model folder's segmenter files."""

    def __init__(self, config: SegmenterConfig, arrays: Mapping[str, np.ndarray]) -> None:
        self.config, self.weights = config, dict(arrays)
        weights = Weights(arrays)
        width, hidden = config.bounds.width, config.hidden
        self.mean, self.std = weights.take("mean", config.input_width), weights.take("std", config.input_width)
        if not (self.std > 0).all():
            raise ValueError("std holds a number that is not above zero")
        self._names = _Convolutions(config.names, config.input_width, weights, "names")
        self._actions = weights.linear("actions", config.names.width, 1 + len(config.actions))
        self._bounds = _Convolutions(config.bounds, PAIR * config.input_width, weights, "bounds")
        self._edges = weights.linear("edges", width, PAIR * 2)
        self._here = weights.linear("here", width, hidden)
        self._beside = weights.take("beside.weight", hidden, width).T
        self._inside = weights.take("inside.weight", hidden, width).T
        self._length = weights.take("length.weight", config.longest, hidden)
        self._steps = np.arange(1, config.longest + 1, dtype=np.float32)[:, None]
        self._right = weights.linear("right", hidden, 1)
        self.shown: Shown | None = None
        if weights.has("shown.means"):
            rows, width = 1 + len(config.actions), config.names.width
            self.shown = Shown(weights.take("shown.means", rows, width), weights.take("shown.spread", width, width))
        has_measured = weights.has(f"{PREFIX}.mean")
        self.measured = Measured(weights, len(config.actions)) if has_measured else None
        weights.require_all_taken()

    def __call__(self, values: np.ndarray) -> Evidence:
        """The evidence for the features (T, F) of a recording, before standardising; memory grows with T alone."""
        return self.of_all([values])[0]

    def of_all(self, recordings: Sequence[np.ndarray]) -> list[Evidence]:
        """The evidence for each recording; several at once take less time, as in all functions that take several."""
        standard = self._standardised(recordings)
        paired = [values if len(values) % PAIR == 0 else np.concatenate([values, values[-1:]]) for values in standard]
        memories = self._bounds([values.reshape(len(values) // PAIR, -1) for values in paired])
        found = []
        for values, frames, memory in zip(standard, self._name(standard), memories, strict=True):
            starts, ends = self._edges(memory).reshape(-1, 2)[: len(values)].T
            found.append(Evidence(frames, starts, ends, self.judge(memory)))
        return found

    def without(self, limbs: Collection[str]) -> Segmenter:
        """The segmenter that never names an action of these limbs; itself where it has none, or no other."""
        kept = {name: action for name, action in self.config.actions.items() if action.limb not in limbs}
        if not kept or len(kept) == len(self.config.actions):
            return self
        rows = [0, *(number for number, name in enumerate(self.config.actions, start=1) if name in kept)]
        weights = {name: value[rows] if name in OF_ACTIONS else value for name, value in self.weights.items()}
        if self.measured is not None:
            known = [row - 1 for row in rows[1:] if row <= self.measured.actions]
            weights |= {name: weights[name][known] for name in OF_MEASURED}
            weights = {name: value for name, value in weights.items() if known or not name.startswith(f"{PREFIX}.")}
        return Segmenter(replace(self.config, actions=kept), weights)

    def name(self, values: np.ndarray) -> np.ndarray:
        """Evidence.frames alone, of features (T, F) before standardising."""
        return self.name_all([values])[0]

    def name_all(self, recordings: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Evidence.frames alone, of the features (T, F) of each recording before standardising."""
        return self._name(self._standardised(recordings))

    def vectors(self, values: np.ndarray) -> np.ndarray:
        """What the chances of `name` are computed from, (T, width), of features (T, F) before standardising."""
        return self.vectors_of_all([values])[0]

    def vectors_of_all(self, recordings: Sequence[np.ndarray]) -> list[np.ndarray]:
        """As `vectors`, of each recording."""
        return self._names(self._standardised(recordings))

    def _standardised(self, recordings: Sequence[np.ndarray]) -> list[np.ndarray]:
        return [((values - self.mean) / self.std).astype(np.float32, copy=False) for values in recordings]

    def _name(self, recordings: Sequence[np.ndarray]) -> list[np.ndarray]:
        if not recordings:
            return []
        scores = self._actions(np.concatenate(self._names(recordings)))
        scores -= scores.max(1, keepdims=True)
        scores = np.exp(scores, out=scores)
        scores /= scores.sum(1, keepdims=True)
        return _split(scores, recordings)

    def judge(self, memory: np.ndarray) -> np.ndarray:
        """Evidence.pieces for vectors (S, width)."""
        chances = np.zeros((len(memory), self.config.longest), np.float32)
        for first in range(0, len(memory), CHUNK):
            last = min(len(memory), first + CHUNK)
            low, high = max(0, first - 1), min(len(memory), last + self.config.longest + 1)
            chances[first:last] = self._judge(memory[low:high], first - low, last - first)
        return chances

    def _judge(self, memory: np.ndarray, first: int, count: int) -> np.ndarray:
        """Chances of the stretches that begin at `count` steps from `first` on, of the vectors around them."""
        outside = np.zeros((1, memory.shape[1]), np.float32)
        padded = np.concatenate([outside, memory, outside])
        here, beside = self._here(padded), padded @ self._beside
        sums = np.concatenate([np.zeros((1, self.config.hidden), np.float32), (memory @ self._inside).cumsum(0)])
        begins, ends = here[1:-1] - beside[:-2], beside[1:-1] - here[2:]  # of a first step, of a last step
        chances = np.zeros((count, self.config.longest), np.float32)
        for step in range(count):  # all stretches from there, together
            own = min(self.config.longest, len(memory) - first - step)
            start = first + step
            units = sums[start + 1 : start + own + 1] - sums[start]
            units /= self._steps[:own]
            units += ends[start : start + own]
            units += self._length[:own]
            units += begins[start]
            np.maximum(units, 0, out=units)
            chances[step, :own] = units @ self._right.columns[:, 0]
        chances += self._right.bias[0]
        inside = first + np.arange(count)[:, None] + np.arange(self.config.longest) < len(memory)
        return np.where(inside, 1 / (1 + np.exp(-np.clip(chances, -50, 50))), np.float32(0))


class _Convolutions:
    """Residual blocks of dilated convolutions over standardised steps (S, F); vectors (S, width)."""

    def __init__(self, tower: Tower, inputs: int, weights: Weights, name: str) -> None:
        self._tower, width = tower, tower.width
        self._project = weights.linear(f"{name}.project", inputs, width)
        self._norms: list[LayerNorm] = []
        self._taps: list[tuple[np.ndarray, np.ndarray]] = []
        for number in range(len(tower.dilations)):
            taps = weights.take(f"{name}.convolutions.{number}.weight", width, width, KERNEL)
            bias = weights.take(f"{name}.convolutions.{number}.bias", width)
            self._taps.append((np.ascontiguousarray(taps.transpose(2, 1, 0).reshape(-1, width)), bias))
            self._norms.append(weights.norm(f"{name}.norms.{number}", width))
        self._norm = weights.norm(f"{name}.norm", width)

    def __call__(self, recordings: Sequence[np.ndarray]) -> list[np.ndarray]:
        """The vectors of each recording, about TOGETHER steps at a time, and at most CHUNK of one."""
        found: list[np.ndarray] = []
        together: list[np.ndarray] = []
        for steps in recordings:
            if together and (len(steps) > CHUNK or sum(map(len, together)) + len(steps) > TOGETHER):
                found += _split(self._compute(together), together)
                together = []
            if len(steps) > CHUNK:
                found.append(self._compute_long(steps))
            else:
                together.append(steps)
        return found + (_split(self._compute(together), together) if together else [])

    def _compute_long(self, steps: np.ndarray) -> np.ndarray:
        reach, parts = self._tower.reach, []
        for first in range(0, len(steps), CHUNK):
            low, high = max(0, first - reach), min(len(steps), first + CHUNK + reach)
            parts.append(self._compute([steps[low:high]])[first - low :][:CHUNK])
        return np.concatenate(parts)

    def _compute(self, recordings: Sequence[np.ndarray]) -> np.ndarray:
        """The vectors of recordings, those of one after those of another, none of which sees another."""
        memory = self._project(np.concatenate(recordings))
        reach = (KERNEL - 1) * max(self._tower.dilations) // 2
        neighbours = Neighbours(list(map(len, recordings)), memory.shape[1], reach)
        for norm, (taps, bias), dilation in zip(self._norms, self._taps, self._tower.dilations, strict=True):
            found = neighbours.around(norm(memory), dilation, KERNEL) @ taps
            found += bias
            memory += np.maximum(found, 0, out=found)
        return self._norm(memory)


def _split(rows: np.ndarray, recordings: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The rows of each recording."""
    ends = list(accumulate(map(len, recordings)))
    return [rows[first:last] for first, last in pairwise([0, *ends])]
