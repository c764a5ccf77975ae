"""What motions are composed of: labelled stretches of real takes, on the canonical body, at the motions' frame rate.

Every recording is mapped, resampled, put on the ground and measured once. A stretch is a part of a take that shows one
action: the core of a take with one label (cores.py), each labelled span of a longer take, or, where a person marked an
instant for each repetition, each repetition. Stretches of one take are in its order, so that runs of them can be taken
whole. Rests are parts of takes in which somebody stands or sits without doing anything.
"""

from __future__ import annotations

import warnings
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import numpy as np

from motion2language.body import FeetWarning, to_canonical
from motion2language.data.actions import Actions, Meaning
from motion2language.data.clips import Clip, split_clips
from motion2language.data.composing.cores import find_core, find_rests, find_side, in_body_axes, stands
from motion2language.data.index import first_three
from motion2language.data.labelled.form import read_motion
from motion2language.data.labelled.persons import person_of, split_by_person
from motion2language.data.labelled.selection import SHORTEST, Chosen, Usable
from motion2language.motion import CANONICAL, Motion

Step = Callable[[str, int], None]
_REST = 0.5  # seconds of the shortest rest; chosen
_FLOOR = 2.0  # percentile of the lowest joint's height that is taken for the floor; chosen


@dataclass(frozen=True)
class Stretch:
    """Frames [begin, stop) of a take that show `meaning`.

    repeats  True for one of several repetitions of the same action, which may be taken together
    exact    False when nobody knows where in the take it is
    """

    meaning: Meaning
    begin: int
    stop: int
    repeats: bool = False
    exact: bool = True


@dataclass(frozen=True)
class Named:
    """Whose take it is: name, source, person ("" when unknown) and style ("" for none)."""

    name: str
    source: str
    person: str
    style: str = ""


@dataclass(frozen=True, eq=False)
class Take:
    """A recording: positions (T, 21, 3) metres, floor at 0; poses (T, 63) in body axes; lengths (21,) of its bones."""

    named: Named
    positions: np.ndarray
    poses: np.ndarray
    lengths: np.ndarray
    stretches: tuple[Stretch, ...]
    rests: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Unit:
    """A place from which a motion may take something: stretch `stretch` of take `take`."""

    take: int
    stretch: int


@dataclass(frozen=True, eq=False)
class Pool:
    """The takes of one split, with every unit in them and how likely it is to be drawn.

    Weights are (units of its action)^-1/2 x (share of its source)^-1/2, so that neither a common action nor a large
    source drowns the others.
    """

    takes: tuple[Take, ...]
    rate: float

    @cached_property
    def units(self) -> list[Unit]:
        """Every unit, in order."""
        return [Unit(t, s) for t, take in enumerate(self.takes) for s in range(len(take.stretches))]

    @cached_property
    def weights(self) -> np.ndarray:
        """The weight of each unit, (U,)."""
        actions = [self.takes[unit.take].stretches[unit.stretch].meaning.action for unit in self.units]
        sources = [self.takes[unit.take].named.source for unit in self.units]
        per_action, per_source = Counter(actions), Counter(sources)
        shares = [per_action[a] * per_source[s] / len(actions) for a, s in zip(actions, sources, strict=True)]
        return np.asarray(shares, dtype=np.float64) ** -0.5

    @cached_property
    def everywhere(self) -> Group:
        """All units."""
        return self._group(range(len(self.units)))

    @cached_property
    def of_source(self) -> Mapping[str, Group]:
        """The units of each source."""
        return self._groups(lambda take: take.named.source)

    @cached_property
    def of_person(self) -> Mapping[str, Group]:
        """The units of each person; takes of unknown people are in none."""
        return self._groups(lambda take: take.named.person)

    def _groups(self, key: Callable[[Take], str]) -> dict[str, Group]:
        members: dict[str, list[int]] = defaultdict(list)
        for number, unit in enumerate(self.units):
            members[key(self.takes[unit.take])].append(number)
        return {name: self._group(numbers) for name, numbers in members.items() if name}

    def _group(self, numbers: Iterable[int]) -> Group:
        chosen = np.asarray(list(numbers))
        takes = sorted({self.units[number].take for number in chosen})
        rests = [(take, *rest) for take in takes for rest in self.takes[take].rests]
        return Group(chosen, np.cumsum(self.weights[chosen]), rests)


@dataclass(frozen=True, eq=False)
class Group:
    """Units that may follow one another, the running sum of their weights, and rests (take, first, end) among them."""

    numbers: np.ndarray
    running: np.ndarray
    rests: Sequence[tuple[int, int, int]]

    def draw(self, count: int, random: np.random.Generator) -> np.ndarray:
        """`count` units by weight, with replacement."""
        return self.numbers[np.searchsorted(self.running, random.random(count) * self.running[-1], side="right")]


def make_pools(
    chosen: Chosen | None,
    archives: Mapping[str, Sequence[Clip]],
    actions: Actions,
    rate: float,
    seed: int,
    step: Step = lambda stage, total: None,
) -> dict[str, Pool]:
    """The pool of each split.

    chosen    labelled recordings, split by person
    archives  source -> labelled clips, split as `clips.split_clips` does
    rate      frames per second of the motions
    seed      of the splits of clips that have none

    Clips that cannot be used are left out, with a warning that names them.
    """
    jobs: list[tuple[str, Callable[[], Take | str]]] = []
    if chosen is not None:
        by_name = {each.entry.name: each for each in chosen.recordings}
        entries = [each.entry for each in chosen.recordings]
        splits = split_by_person(entries, chosen.selection.val, chosen.selection.test)
        for split, kept in splits.items():
            jobs += [(split, _reader(by_name[entry.name], actions, rate)) for entry in kept]
    for source, clips in archives.items():
        for split, members in split_clips(clips, seed).items():
            jobs += [(split, _clip_reader(clip, source, actions, rate)) for clip in members]
    takes: dict[str, list[Take]] = defaultdict(list)
    left_out: dict[str, list[str]] = defaultdict(list)
    for split, make in jobs:
        step("reading", len(jobs))
        made = make()
        if isinstance(made, Take):
            takes[split].append(made)
        else:
            name, _, reason = made.partition(": ")
            left_out[reason].append(name)
    for reason, names in left_out.items():
        warnings.warn(f"{len(names)} clips are left out, {reason}: {first_three(names)}", stacklevel=2)
    return {split: Pool(tuple(members), rate) for split, members in takes.items()}


def _reader(each: Usable, actions: Actions, rate: float) -> Callable[[], Take]:
    def read() -> Take:
        entry = each.entry
        motion = read_motion(each.arrays, each.fps, entry.number, entry.name)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FeetWarning)  # counted when the recordings were chosen
            body = to_canonical(motion).resample(rate)
        stretches = _stretches(each, in_body_axes(body.positions), rate)
        return _take(Named(entry.name, entry.source, person_of(entry)), body, stretches, actions)

    return read


def _clip_reader(clip: Clip, source: str, actions: Actions, rate: float) -> Callable[[], Take | str]:
    """Reads a clip of an archive; a text says why it cannot be used."""

    def read() -> Take | str:
        try:
            meanings = actions.meanings(source, clip.label)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", FeetWarning)
                body = to_canonical(clip.read()).resample(rate)
        except ValueError as error:
            return f"{clip.name}: {str(error).removeprefix(f'{clip.name}: ')}"
        if not meanings:
            return f"{clip.name}: as the table leaves out their labels"
        if body.duration < SHORTEST:
            return f"{clip.name}: shorter than {SHORTEST} s"
        core = find_core(in_body_axes(body.positions), rate)
        return _take(Named(f"{source}/{clip.name}", source, "", clip.style), body, _divide(meanings, *core), actions)

    return read


def _take(named: Named, body: Motion, stretches: Iterable[Stretch], actions: Actions) -> Take:
    axes = in_body_axes(body.positions)
    measured = tuple(_measured(stretch, axes, actions) for stretch in stretches)
    styles = {stretch.meaning.style for stretch in measured}
    positions = body.positions - (0, np.percentile(body.positions[..., 1].min(axis=1), _FLOOR), 0)
    return Take(
        replace(named, style=named.style or (styles.pop() if len(styles) == 1 else "")),
        positions.astype(np.float32),
        axes.reshape(len(axes), -1).astype(np.float32),
        _bone_lengths(body.positions),
        measured,
        tuple(_free(find_rests(axes, body.fps, _REST), measured, round(_REST * body.fps))),
    )


def _bone_lengths(positions: np.ndarray) -> np.ndarray:
    """Median distance of each joint from its parent, (21,) metres; 0 for the root."""
    bones = positions[:, 1:] - positions[:, CANONICAL.parents[1:]]
    return np.append(0.0, np.median(np.linalg.norm(bones, axis=2), axis=0)).astype(np.float32)


def _stretches(each: Usable, axes: np.ndarray, rate: float) -> Iterator[Stretch]:
    """The stretches of a labelled recording: its spans, its repetitions, or its core."""
    entry, count = each.entry, len(axes)
    if not each.meanings:
        return
    if entry.spans:
        for span, meaning in zip(entry.spans, each.meanings, strict=True):
            first, end = round(span.start * rate), min(count, round(span.end * rate))
            if end - first >= SHORTEST * rate:
                yield Stretch(meaning, first, end)
        return
    first, end = find_core(axes, rate)
    if entry.points and len(each.meanings) == 1:
        instants = [point.start * rate for point in entry.points]
        bounds = [first, *(round((a + b) / 2) for a, b in pairwise(instants)), end]
        for begin, stop in pairwise(bounds):
            if stop - begin >= SHORTEST * rate:
                yield Stretch(each.meanings[0], begin, stop, repeats=True)
        return
    yield from _divide(each.meanings, first, end)


def _divide(meanings: Sequence[Meaning], first: int, end: int) -> Iterator[Stretch]:
    """Equal parts of [first, end): where one action gives way to the next is not known."""
    bounds = np.linspace(first, end, len(meanings) + 1).round().astype(int)
    for meaning, (begin, stop) in zip(meanings, pairwise(bounds.tolist()), strict=True):
        yield Stretch(meaning, begin, stop, exact=len(meanings) == 1)


def _measured(stretch: Stretch, axes: np.ndarray, actions: Actions) -> Stretch:
    """The stretch, its meaning completed by what is measured: who stands, and a side beyond doubt."""
    body, meaning = axes[stretch.begin : stretch.stop], stretch.meaning
    if meaning.standing and stands(body):
        meaning = Meaning(action=meaning.standing)
    limb = actions.actions[meaning.action].limb
    if limb and not meaning.side:
        side = find_side(body, limb)
        both = side == "both" and meaning.action not in actions.two_sided  # one hand that strikes, the other as guard
        meaning = replace(meaning, side="" if both else side)
    return Stretch(meaning, stretch.begin, stretch.stop, stretch.repeats, stretch.exact)


def _free(rests: Iterable[tuple[int, int]], stretches: Sequence[Stretch], shortest: int) -> Iterator[tuple[int, int]]:
    """The parts of rests that lie outside all stretches, as far as they last `shortest` frames."""
    for first, end in rests:
        inside = np.zeros(end - first + 2, dtype=bool)
        for stretch in stretches:
            inside[1 + max(0, stretch.begin - first) : 1 + max(0, min(end, stretch.stop) - first)] = True
        inside[[0, -1]] = True
        edges = np.flatnonzero(inside[1:] != inside[:-1]).reshape(-1, 2)
        for begin, stop in edges.tolist():
            if stop - begin >= shortest:
                yield first + begin, first + stop
