"""Composing dense motions of many people's takes: from pools to the pair X.npz, X.json that the corpus `compose` reads.

Motion n of a split depends only on the seed, the takes, the table of actions and the recipe: more motions do not change
it. The same call writes the same bytes. Arrays are (T, 63) float32, metres, Y up, on the canonical body.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from motion2language.data.actions import Actions
from motion2language.data.clips import SPLITS
from motion2language.data.composing.dense import Dense
from motion2language.data.composing.drawing import Drawing
from motion2language.data.composing.mixing import Mixed, mix
from motion2language.data.composing.pairs import Composed, require_folder, write_pair
from motion2language.data.composing.pool import Pool
from motion2language.motion import CANONICAL

Step = Callable[[str, int], None]


def write_mixture(
    out: Path,
    pools: Mapping[str, Pool],
    actions: Actions,
    dense: Dense,
    sizes: Mapping[str, int],
    seed: int,
    step: Step = lambda stage, total: None,
) -> None:
    """Compose `sizes[split]` motions per split into out.npz and out.json.

    step  called before each motion is composed, with the stage and its total

    ValueError when a split has no takes. Takes whose actions have no known bounds are used for training alone.
    """
    require_folder(out)
    usable = {split: pool if split == "train" else _exact(pool) for split, pool in pools.items()}
    for split, size in sizes.items():
        if size and not (split in usable and usable[split].takes):
            raise ValueError(
                f"no take for the {size} motions of {split}: splits are by person; give recordings of more people, or "
                f"--{split} 0"
            )
    rate = next(pool.rate for pool in usable.values())
    header = {"joints": CANONICAL.joints, "parents": CANONICAL.parents, "fps": rate, "unit": "m", "up": "y"}
    header |= {"verb_forms": {}, "wordings": actions.wordings, "seed": seed, "recipe": dense.model_dump()}
    write_pair(out, _compose_all(usable, actions, dense, sizes, seed, step), header)


def _exact(pool: Pool) -> Pool:
    """The takes whose actions have known bounds."""
    return replace(pool, takes=tuple(take for take in pool.takes if all(each.exact for each in take.stretches)))


def _compose_all(
    pools: Mapping[str, Pool], actions: Actions, dense: Dense, sizes: Mapping[str, int], seed: int, step: Step
) -> Iterator[Composed]:
    """Name, positions and entry in the index of each motion, split by split."""
    jobs = [(split, number) for split in SPLITS for number in range(sizes.get(split, 0))]
    drawings = {split: Drawing(pools[split], dense, actions) for split in dict(jobs)}
    for split, number in jobs:
        step("composing", len(jobs))
        random = np.random.default_rng([seed, SPLITS.index(split), number])
        made = mix(drawings[split].draw(random), pools[split], dense, random)
        yield f"{split}_{number:05d}", made.positions, {"split": split} | _describe(made, actions, dense, random)


def _describe(made: Mixed, actions: Actions, dense: Dense, random: np.random.Generator) -> dict[str, Any]:
    """Captions without times, and each action with its take, for scoring."""
    meanings = [placed.meaning for placed in made.actions]
    segments = [
        {"action": placed.meaning.action, "verb": actions.verb(placed.meaning.action), "start": placed.start}
        | {"end": placed.end, "clip": placed.take}
        | ({"side": placed.meaning.side} if placed.meaning.side else {})
        for placed in made.actions
    ]
    captions = [actions.sentence(meanings, made.style, random) for _ in range(dense.captions)]
    return {"captions": captions, "segments": segments}
