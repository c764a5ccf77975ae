"""Composed benchmarks: motions joined of real takes, with sentences and exact segments, for the corpus `compose`.

`write` joins a user's own labelled clips, with phrases for each label; `write_mixture` joins takes of many people and
sources by the table of actions.
"""

from __future__ import annotations

from motion2language.data.composing.dense import Dense, load_dense
from motion2language.data.composing.mixture import write_mixture
from motion2language.data.composing.pairs import pair
from motion2language.data.composing.phrases import Phrases, load_phrases
from motion2language.data.composing.pool import make_pools
from motion2language.data.composing.recipe import RECIPE, Recipe
from motion2language.data.composing.write import write

__all__ = [
    "RECIPE",
    "Dense",
    "Phrases",
    "Recipe",
    "load_dense",
    "load_phrases",
    "make_pools",
    "pair",
    "write",
    "write_mixture",
]
