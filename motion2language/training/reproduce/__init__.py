"""Experiments by the suite: every row trained with every seed, scored on the test split, one table and its figures."""
