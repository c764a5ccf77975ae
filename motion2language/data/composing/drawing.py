"""Drawing a dense motion from a pool: which stretches of takes follow one another, how fast, with which pauses.

A motion stays with one person, with one source, or goes across sources. Of a few stretches drawn by weight, the one
that begins nearest to where the last one ended comes next; where more of both takes may be shown than their cores, the
join is where their poses are nearest. A stretch may be followed by the next one of its take, with what lies between.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from motion2language.data.actions import Actions, Meaning
from motion2language.data.composing.dense import Dense
from motion2language.data.composing.pool import Group, Pool, Stretch

_LONGEST_GAP = 3.0  # seconds between two stretches of a take that are shown one after the other as they were; chosen


@dataclass(frozen=True)
class Deed:
    """An action in frames [begin, stop) of a take."""

    meaning: Meaning
    begin: int
    stop: int
    exact: bool = True


@dataclass(frozen=True)
class Shown:
    """Frames [first, end) of a take, played at a tempo, with actions in some of them; without any it is a rest."""

    take: int
    first: int
    end: int
    tempo: float = 1.0
    deeds: tuple[Deed, ...] = ()

    @property
    def frames(self) -> int:
        """How many frames it lasts."""
        return max(1, round((self.end - self.first) / self.tempo))


@dataclass(frozen=True)
class Held:
    """A pose held for some frames: the last one shown, or before any, the first that follows."""

    frames: int


@dataclass(frozen=True)
class _Option:
    """What may be shown next: `shown` at least; of the take from frame `earliest` on, and up to `latest`.

    stretch  the number of the last stretch in it
    whole    True when that stretch is shown to its end
    """

    shown: Shown
    earliest: int
    latest: int
    stretch: int
    whole: bool


class Drawing:
    """Draws motions from one pool by one recipe."""

    def __init__(self, pool: Pool, dense: Dense, actions: Actions) -> None:
        self.pool, self.dense, self.actions = pool, dense, actions

    def draw(self, random: np.random.Generator) -> list[Shown | Held]:
        """What a motion shows, in order."""
        dense = self.dense
        count = 1 + int(random.choice(len(dense.counts), p=dense.counts))
        current = self._option(int(self.pool.everywhere.draw(1, random)[0]), random)
        group = self._group(current.shown.take, random)
        current = _from(current, int(random.integers(current.earliest, current.shown.first + 1)))
        before = self._pause(dense.outside, random)
        steps: list[Shown | Held] = self._rest(None, current.shown, before, group, random)
        total, done = before + current.shown.frames, len(current.shown.deeds)
        while done < count:
            following = self._onward(current, random)
            if following is not None:
                total += following.shown.frames - current.shown.frames
                if total > dense.longest * self.pool.rate:
                    break
                current, done = following, done + 1
                continue
            pause = self._pause(dense.between, random)
            following, cut = self._nearest(current, group, random)
            total += pause + following.shown.frames + cut - current.shown.end
            if total > dense.longest * self.pool.rate:
                break
            last = replace(current.shown, end=cut)
            steps += [last, *self._rest(last, following.shown, pause, group, random)]
            current, done = following, done + len(following.shown.deeds)
        last = replace(current.shown, end=int(random.integers(current.shown.end, current.latest + 1)))
        return [*steps, last, *self._rest(last, None, self._pause(dense.outside, random), group, random)]

    def _group(self, take: int, random: np.random.Generator) -> Group:
        """Where the rest of a motion comes from that begins with a take."""
        pool, named = self.pool, self.pool.takes[take].named
        stay = int(random.choice(3, p=self.dense.stay))
        if stay == 0 and named.person:
            return pool.of_person[named.person]
        return pool.everywhere if stay == 2 else pool.of_source[named.source]

    def _option(self, number: int, random: np.random.Generator) -> _Option:
        """A unit as it may be shown: at which tempo, how many repetitions or which part of it, how much around it."""
        dense, rate, unit = self.dense, self.pool.rate, self.pool.units[number]
        take = self.pool.takes[unit.take]
        tempo = float(np.exp(random.uniform(*np.log(dense.tempo))))
        first, last = self._together(unit.take, unit.stretch, random)
        chosen = take.stretches[first : last + 1]
        begin, stop = chosen[0].begin, chosen[-1].stop
        shortest, longest = (round(seconds * rate * tempo) for seconds in dense.lengths)
        cut = len(chosen) == 1 and self.actions.actions[chosen[0].meaning.action].cut
        length = min(stop - begin, longest)
        if cut and stop - begin > dense.part * rate * tempo:
            length = int(np.exp(random.uniform(np.log(dense.part * rate * tempo), np.log(length + 1))))
            length = min(max(length, shortest, 2), stop - begin)
        tempo = max(min(tempo, length / (dense.lengths[0] * rate)), dense.tempo[0])
        begin += int(random.integers(stop - begin - length + 1))
        deeds = _deeds(chosen, begin, begin + length)
        shown = Shown(unit.take, begin, begin + length, tempo, deeds)
        whole = begin + length == stop
        if random.random() < dense.core:
            return _Option(shown, begin, begin + length, last, whole)
        around = round(dense.around * rate * tempo)
        low = take.stretches[first - 1].stop if first else 0
        high = take.stretches[last + 1].begin if last + 1 < len(take.stretches) else len(take.positions)
        earliest = max(low, begin - around) if begin == chosen[0].begin else begin
        latest = min(high, stop + around) if whole else begin + length
        return _Option(shown, min(earliest, begin), max(latest, begin + length), last, whole)

    def _together(self, take: int, stretch: int, random: np.random.Generator) -> tuple[int, int]:
        """First and last of the stretches of a take that are taken as one: repetitions, or all when none is exact."""
        stretches = self.pool.takes[take].stretches
        if not stretches[stretch].exact:
            return 0, len(stretches) - 1
        if not stretches[stretch].repeats:
            return stretch, stretch
        last = min(stretch + int(random.integers(self.dense.repetitions)), len(stretches) - 1)
        while last > stretch and stretches[last].begin > stretches[last - 1].stop:
            last -= 1
        return stretch, last

    def _onward(self, current: _Option, random: np.random.Generator) -> _Option | None:
        """What is shown, and the next stretch of the same take with all that lies between."""
        take, shown = self.pool.takes[current.shown.take], current.shown
        number = current.stretch + 1
        if number >= len(take.stretches) or not current.whole or random.random() >= self.dense.onward:
            return None
        following = take.stretches[number]
        gap = following.begin - shown.deeds[-1].stop
        if not following.exact or not 0 <= gap <= _LONGEST_GAP * self.pool.rate:
            return None
        deed = Deed(following.meaning, following.begin, following.stop)
        longer = replace(shown, end=following.stop, deeds=(*shown.deeds, deed))
        return _Option(longer, current.earliest, following.stop, number, True)

    def _nearest(self, current: _Option, group: Group, random: np.random.Generator) -> tuple[_Option, int]:
        """Of a few options the one that begins nearest to where the current one may end, and the frame of that end."""
        ends = self.pool.takes[current.shown.take].poses[current.shown.end - 1 : current.latest]
        best: tuple[float, _Option, int] | None = None
        for number in group.draw(self.dense.candidates, random):
            option = self._option(int(number), random)
            starts = self.pool.takes[option.shown.take].poses[option.earliest : option.shown.first + 1]
            far = distances(ends, starts)
            end, start = np.unravel_index(int(far.argmin()), far.shape)
            if best is None or far[end, start] < best[0]:
                begun = _from(option, option.earliest + int(start))
                best = float(far[end, start]), begun, current.shown.end + int(end)
        assert best is not None
        return best[1], best[2]

    def _pause(self, probability: float, random: np.random.Generator) -> int:
        """Frames; 0 without a pause."""
        if random.random() >= probability:
            return 0
        return round(float(np.exp(random.uniform(*np.log(self.dense.pause)))) * self.pool.rate)

    def _rest(
        self, before: Shown | None, after: Shown | None, count: int, group: Group, random: np.random.Generator
    ) -> list[Shown | Held]:
        """A pause of `count` frames: somebody at rest, where a take has that near both poses, or the pose held."""
        if count == 0:
            return []
        if count < self.dense.rest * self.pool.rate or not group.rests:
            return [Held(count)]
        best: tuple[float, Shown] | None = None
        for number in random.integers(len(group.rests), size=self.dense.candidates):
            take, first, end = group.rests[int(number)]
            length = min(count, end - first)
            begin = first + int(random.integers(end - first - length + 1))
            poses = self.pool.takes[take].poses[[begin, begin + length - 1]]
            far = max(
                0.0
                if shown is None
                else float(distances(self.pool.takes[shown.take].poses[[frame]], poses[[side]])[0, 0])
                for shown, frame, side in (
                    (before, before.end - 1 if before else 0, 0),
                    (after, after.first if after else 0, 1),
                )
            )
            if best is None or far < best[0]:
                best = far, Shown(take, begin, begin + length)
        return [best[1]] if best is not None and best[0] <= self.dense.near else [Held(count)]


def distances(ends: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Mean distance of the joints between each of some poses (N, 63) and each of others (M, 63), (N, M)."""
    apart = ends[:, None].reshape(len(ends), 1, -1, 3) - starts[None].reshape(1, len(starts), -1, 3)
    return np.sqrt(np.square(apart).sum(-1)).mean(-1)


def _from(option: _Option, first: int) -> _Option:
    return replace(option, shown=replace(option.shown, first=first))


def _deeds(stretches: Sequence[Stretch], begin: int, stop: int) -> tuple[Deed, ...]:
    """What is shown of stretches that are taken as one, in frames [begin, stop): repetitions are one action."""
    one = stretches[0]
    if one.repeats or len(stretches) == 1:
        count = len(stretches) if len(stretches) > 1 else one.meaning.count
        return (Deed(replace(one.meaning, count=count), begin, stop, one.exact),)
    kept = [each for each in stretches if each.begin < stop and each.stop > begin]
    return tuple(Deed(each.meaning, max(each.begin, begin), min(each.stop, stop), False) for each in kept)
