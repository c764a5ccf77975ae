"""The most probable path of a movement through the phases of a cycle (cycles.py), which it passes at its own pace."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np

OTHER = 2.0  # squared distance from the cycle, over the movement's variance, beyond which it is something else
ENTER = 1.0  # price, in the same unit, of coming back from something else
PACE = (0.05, 0.0, 0.05, 0.15)  # price of staying in a phase, going on to the next, the one after, the third


def most_probable_paths(distances: Sequence[np.ndarray]) -> list[np.ndarray]:
    """For each (n, K) of distances, n at least 2, the phases (n,) that follow each other at the least total price.

    Phase K is something else. All have the same K. Each is gone through from both ends to the middle, and all together,
    which takes the time of half of the longest.
    """
    if not distances:
        return []
    halves = [half for rows in distances for half in (rows[: (len(rows) + 1) // 2], rows[(len(rows) + 1) // 2 :][::-1])]
    lattice = _Lattice(halves)
    ends = lattice.ends
    whole = ends[::2, :, None] + lattice.moves + ends[1::2, None]
    middle = np.divmod(whole.reshape(len(distances), -1).argmin(axis=1), len(lattice.moves))
    paths = lattice.trace(np.stack(middle, axis=1).ravel())
    return [np.concatenate([first, last[::-1]]) for first, last in zip(paths[::2], paths[1::2], strict=True)]


class _Lattice:
    """The least price of being in each phase at each row of halves (n, K), in turn first and second ones.

    The rows of all halves are beside each other, the first of all before the second of all, and the longest half is the
    first of each: so all that have a row are neighbours.

    moves   (K + 1, K + 1) the price of each phase after each; second halves are gone through backwards
    """

    def __init__(self, halves: Sequence[np.ndarray]) -> None:
        lengths = np.array(list(map(len, halves)))
        self.lengths, self.moves = lengths, _moves(halves[0].shape[1])
        order = np.argsort(-lengths, kind="stable")
        self._rank = np.argsort(order)  # of each half
        self._steps = np.stack([self.moves, self.moves.T])[order % 2]  # (C, K + 1, K + 1) from phase to phase
        having = np.bincount(lengths)[::-1].cumsum()[::-1][1:]  # halves that have a first row, a second, ...
        self._begin = [0, *having.cumsum().tolist()]
        rows = np.concatenate([np.arange(length) for length in lengths])
        self._places = np.array(self._begin)[rows] + np.repeat(self._rank, lengths)  # of each row of each half
        self._costs = np.full((len(rows), len(self.moves)), OTHER)
        self._costs[self._places, :-1] = np.concatenate(halves)
        self._accumulate()

    @property
    def ends(self) -> np.ndarray:
        """The prices (C, K + 1) at the last row of each half."""
        return np.asarray(self._costs[self._places[self.lengths.cumsum() - 1]])

    def _accumulate(self) -> None:
        steps = np.ascontiguousarray(self._steps.transpose(1, 0, 2))
        options, least = np.empty(steps.shape), np.empty(steps.shape[1:])
        add, lowest = np.add, np.minimum.reduce
        for before, begin, end in zip(self._begin, self._begin[1:], self._begin[2:], strict=False):
            count = end - begin
            now, some = self._costs[begin:end], options[:, :count]
            add(self._costs[before : before + count].T[:, :, None], steps[:, :count], some)
            add(now, lowest(some, axis=0, out=least[:count]), now)

    def trace(self, last: np.ndarray) -> list[np.ndarray]:
        """The cheapest path of each half to a phase (C,) at its last row."""
        into = np.ascontiguousarray(self._steps.transpose(0, 2, 1))
        path, numbers = np.empty(len(self._costs), np.int64), np.arange(len(last))
        states = np.empty_like(last)
        states[self._rank] = last
        for row in range(len(self._begin) - 2, -1, -1):
            begin, end = self._begin[row : row + 2]
            count = end - begin
            path[begin:end] = states[:count]
            if row:
                before = self._begin[row - 1]
                prices = self._costs[before : before + count] + into[numbers[:count], states[:count]]
                states[:count] = prices.argmin(axis=1)
        return np.split(path[self._places], self.lengths.cumsum()[:-1])


@cache
def _moves(phases: int) -> np.ndarray:
    """The price of each phase after each, (K + 1, K + 1); K is something else."""
    moves = np.full((phases + 1, phases + 1), np.inf)
    for ahead, price in enumerate(PACE):
        moves[np.arange(phases), (np.arange(phases) + ahead) % phases] = price
    moves[:, -1] = 0.0
    moves[-1, :-1] = ENTER
    return moves
