"""Benchmarks from a user's own clips: each motion joins a few clips of one action, with sentences and exact segments.

`write` makes the pair that the corpus `compose` reads.
"""

from __future__ import annotations

from motion2language.data.composing.phrases import Phrases, load_phrases
from motion2language.data.composing.recipe import RECIPE, Recipe
from motion2language.data.composing.write import pair, write

__all__ = ["RECIPE", "Phrases", "Recipe", "load_phrases", "pair", "write"]
