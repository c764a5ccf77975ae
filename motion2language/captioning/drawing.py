"""Sentences drawn from a transducer, each word or wait with its probability.

A draw depends on its own chances alone. So all draws of all recordings take their next word together, each at its own
step: the first at which its chance exceeds the probability of waiting. What depends on a prefix, and on a recording
and a prefix, is computed once for all draws that share it.

Axes: B recordings, S steps, D draws of each recording, N draws under way, P pairs of a recording and a prefix.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, pairwise

import numpy as np

from motion2language.language.agreement import Sentence, spread
from motion2language.model.contract import TransducerContract
from motion2language.model.joint import FIRST, Prefixes, Side, steps_side, waiting_shares

WORDS_PER_STEP = 8  # most words emitted at one step, 0.2 s; chosen: a whole phrase may become certain at once

PART = 512  # draws whose words are chosen together; chosen: their odds stay in the processor's cache
BLOCK = 32  # words whose odds are summed first; chosen
NEVER = np.float32(2)  # more than any chance


@dataclass(frozen=True)
class Recordings:
    """The steps of recordings, those of one after those of another.

    side    of the joint layer, for all steps
    bounds  (B + 1,) the first step of each, and the number of all
    """

    side: Side
    bounds: np.ndarray

    @classmethod
    def of(cls, network: TransducerContract, memory: np.ndarray, counts: np.ndarray) -> Recordings:
        """Those of memory (B, S, M), of which `counts` (B,) steps are valid."""
        valid = np.arange(memory.shape[1]) < counts[:, None]
        return cls(steps_side(network, memory[valid]), np.concatenate(([0], counts.cumsum())))

    def __iter__(self) -> Iterator[Side]:
        return (self.side.rows(slice(first, last)) for first, last in pairwise(self.bounds.tolist()))


def draw(prefixes: Prefixes, recordings: Recordings, max_words: int, draws: int) -> list[list[Sentence]]:
    """`draws` sentences for each recording.

    Chance is spread evenly over the draws: at every decision each gets one of `draws` equal parts of [0, 1). The
    chances are the same for every recording, so that its draws are the same alone and among others.
    """
    longest = int(np.diff(recordings.bounds).max())
    chances = spread(longest * WORDS_PER_STEP, draws).reshape(longest, WORDS_PER_STEP, draws)
    empty = np.zeros((len(recordings.bounds) - 1, draws), np.int64)
    drawn = go_on(prefixes, recordings, empty, empty, chances, max_words)
    found = iter(prefixes.sentences(drawn.ravel()))
    return [list(islice(found, draws)) for _ in drawn]


def go_on(
    prefixes: Prefixes,
    recordings: Recordings,
    drawn: np.ndarray,
    first: np.ndarray,
    chances: np.ndarray,
    max_words: int,
) -> np.ndarray:
    """The prefixes (B, D) that draws have at the end of their recordings.

    drawn      (B, D) the prefix of each before its first step
    first      (B, D) the first step of each
    chances    (S, WORDS_PER_STEP, D) in [0, 1): the quantile of each decision in the cumulative distribution, waiting
               first
    max_words  of a sentence
    """
    shape, drawn, step = drawn.shape, drawn.flatten(), first.flatten()
    turn, rows = np.zeros_like(drawn), np.arange(len(drawn))
    recording, column = np.divmod(rows, shape[1])
    counts = np.diff(recordings.bounds)[recording]
    at_once = np.ascontiguousarray(chances[:, 0].T)  # (D, S) chances of the first decision at each step
    while True:
        rows = rows[(prefixes.lengths(drawn[rows]) < max_words) & (step[rows] < counts[rows])]
        if not len(rows):
            return drawn.reshape(shape)
        some, which = _distinct(recording[rows] * len(prefixes) + drawn[rows])
        sides, here, places = prefixes.side(drawn[rows[some]]), step[rows], np.arange(len(rows))
        waiting = _waiting_shares(recordings, recording[rows[some]], sides, len(chances))
        speaks = at_once[column[rows]] >= waiting[which]
        speaks &= np.arange(len(chances)) > here[:, None]
        speaks[places, here] = chances[here, turn[rows], column[rows]] >= waiting[which, here]
        ahead = speaks.argmax(1)
        speaking = speaks[places, ahead]
        rows, which, ahead, here = rows[speaking], which[speaking], ahead[speaking], here[speaking]
        turn[rows] = np.where(ahead > here, 0, turn[rows])
        waited = waiting[which, ahead]
        share = (chances[ahead, turn[rows], column[rows]] - waited) / (1 - waited)
        words = _choose_words(recordings, sides, recordings.bounds[recording[rows]] + ahead, which, share)
        drawn[rows] = prefixes.extend(drawn[rows], words)
        turn[rows] += 1
        over = turn[rows] == WORDS_PER_STEP
        step[rows] = ahead + over
        turn[rows[over]] = 0


def _choose_words(
    recordings: Recordings, prefixes: Side, steps: np.ndarray, which: np.ndarray, shares: np.ndarray
) -> np.ndarray:
    """The word (N,) at each share (N,), for the steps (N,) and rows of prefixes (N,) of the draws.

    Draws of a recording are beside each other, and half of them share their pair of a step and a prefix.
    """
    words = np.empty(len(shares), np.int64)
    for first in range(0, len(shares), PART):
        part = slice(first, first + PART)
        some, pairs = _distinct(which[part] * len(recordings.side) + steps[part])
        step_odds, prefix_odds = recordings.side.odds[steps[part][some]], prefixes.odds[which[part][some]]
        words[part] = choose_words(step_odds, prefix_odds, pairs, shares[part])
    return words


def choose_words(step_odds: np.ndarray, prefix_odds: np.ndarray, pairs: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """The word (N,) at each share (N,) in [0, 1) of the words' cumulative distribution of its pair (N,).

    The odds (P, V) are of both sides of each pair. There may be a single step.
    """
    count = step_odds.shape[1] - FIRST
    blocks = -(-count // BLOCK)
    odds = np.zeros((len(prefix_odds), blocks * BLOCK), np.float32)
    np.multiply(step_odds[:, FIRST:], prefix_odds[:, FIRST:], out=odds[:, :count])
    odds = odds.reshape(len(odds), blocks, BLOCK)
    sums = odds.sum(2, dtype=np.float64).cumsum(1)
    wanted = shares * sums[pairs, -1]
    block = np.minimum((sums[pairs] <= wanted[:, None]).sum(1), blocks - 1)  # first the block, then the word in it
    wanted -= np.where(block > 0, sums[pairs, block - 1], 0.0)
    within = (odds[pairs, block].cumsum(1, dtype=np.float64) <= wanted[:, None]).sum(1)
    return FIRST + np.minimum(block * BLOCK + np.minimum(within, BLOCK - 1), count - 1)


def _distinct(keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where each distinct key occurs first, in this order, and for each key (N,) which of them it is.

    In this order, what is computed for a recording does not depend on the numbers of its prefixes.
    """
    _, first, which = np.unique(keys, return_index=True, return_inverse=True)
    order = first.argsort()
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return first[order], rank[which]


def _waiting_shares(recordings: Recordings, recording: np.ndarray, prefixes: Side, longest: int) -> np.ndarray:
    """The probability of waiting (P, S) for pairs of a recording (P,), ascending, and a prefix; NEVER after its end."""
    gate, special, every = np.zeros((3, len(recording), longest), np.float32)
    odds, gates = recordings.side.odds.T, recordings.side.gate.T
    edges = [*np.flatnonzero(np.diff(recording, prepend=-1)).tolist(), len(recording)]
    for begin, end in pairwise(edges):
        first, last = recordings.bounds[recording[begin] :][:2].tolist()
        own, steps = slice(begin, end), slice(first, last)
        gate[own, : last - first] = prefixes.gate[own] @ gates[:, steps]
        special[own, : last - first] = prefixes.odds[own, :FIRST] @ odds[:FIRST, steps]
        every[own, : last - first] = prefixes.odds[own] @ odds[:, steps]
    shares = waiting_shares(gate, special, every)
    counts = np.diff(recordings.bounds)[recording]
    shares[np.arange(longest) >= counts[:, None]] = NEVER
    return shares
