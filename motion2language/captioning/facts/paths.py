"""The most probable path of a movement through the phases of a cycle (cycles.py), which it passes at its own pace."""

from __future__ import annotations

from functools import cache

import numpy as np

OTHER = 2.0  # squared distance from the cycle, over the movement's variance, beyond which it is something else
ENTER = 1.0  # price, in the same unit, of coming back from something else
PACE = (0.05, 0.0, 0.05, 0.15)  # price of staying in a phase, going on to the next, the one after, the third


def most_probable_paths(distances: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """The phases (N,) that follow each other at the least total price in each of C movements, one behind another.

    distances  (N, K) of the rows of all movements from the K phases
    lengths    (C,) rows of each movement, at least 2

    Phase K is something else. Each is gone through from both ends to the middle, and all together, which takes the time
    of half of the longest.
    """
    lattice = _Lattice(distances, lengths)
    ends = lattice.ends
    whole = ends[::2, :, None] + lattice.moves + ends[1::2, None]
    middle = np.divmod(whole.reshape(len(lengths), -1).argmin(axis=1), len(lattice.moves))
    return lattice.trace(np.stack(middle, axis=1).ravel())


class _Lattice:
    """The least price of being in each phase at each row of the halves of movements, in turn first and second ones.

    The second halves are gone through backwards. The rows of all halves are beside each other, the first of all before
    the second of all, and the longest half is the first of each: so all that have a row are neighbours.

    moves   (K + 1, K + 1) the price of each phase after each
    """

    def __init__(self, distances: np.ndarray, lengths: np.ndarray) -> None:
        self.lengths = np.stack(((lengths + 1) // 2, lengths // 2), axis=1).ravel()  # of the halves
        self.moves = _moves(distances.shape[1])
        order = np.argsort(-self.lengths, kind="stable")
        self._rank = np.argsort(order)  # of each half
        self._steps = np.stack([self.moves, self.moves.T])[order % 2]  # (2 C, K + 1, K + 1) from phase to phase
        having = np.bincount(self.lengths)[::-1].cumsum()[::-1][1:]  # halves that have a first row, a second, ...
        self._begin = [0, *having.cumsum().tolist()]
        movement = np.repeat(np.arange(len(lengths)), lengths)
        row = np.arange(len(movement)) - (lengths.cumsum() - lengths)[movement]
        second = row >= self.lengths[2 * movement]
        row = np.where(second, lengths[movement] - 1 - row, row)
        self._places = np.array(self._begin)[row] + self._rank[2 * movement + second]  # of each row of each movement
        self._costs = np.full((len(movement), len(self.moves)), OTHER)
        self._costs[self._places, :-1] = distances
        self._accumulate()

    @property
    def ends(self) -> np.ndarray:
        """The prices (C, K + 1) at the last row of each half."""
        return np.asarray(self._costs[np.array(self._begin)[self.lengths - 1] + self._rank])

    def _accumulate(self) -> None:
        steps = np.ascontiguousarray(self._steps.transpose(1, 0, 2))
        options, least = np.empty(steps.shape), np.empty(steps.shape[1:])
        add, lowest = np.add, np.minimum.reduce
        for before, begin, end in zip(self._begin, self._begin[1:], self._begin[2:], strict=False):
            count = end - begin
            now, some = self._costs[begin:end], options[:, :count]
            add(self._costs[before : before + count].T[:, :, None], steps[:, :count], some)
            add(now, lowest(some, axis=0, out=least[:count]), now)

    def trace(self, last: np.ndarray) -> np.ndarray:
        """The cheapest path (N,) of the movements, from the phase (2 C,) at the last row of each half."""
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
        return path[self._places]


@cache
def _moves(phases: int) -> np.ndarray:
    """The price of each phase after each, (K + 1, K + 1); K is something else."""
    moves = np.full((phases + 1, phases + 1), np.inf)
    for ahead, price in enumerate(PACE):
        moves[np.arange(phases), (np.arange(phases) + ahead) % phases] = price
    moves[:, -1] = 0.0
    moves[-1, :-1] = ENTER
    return moves
