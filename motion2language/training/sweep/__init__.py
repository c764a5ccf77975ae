"""Sweeps: many runs of one configuration with other values, searched by Optuna on one machine or by Ray Tune on many.

run.py does a whole sweep: space.py reads the search space, trial.py trains one choice, local.py and on_ray.py search. A
sweep's folder holds `sweep.json` (its description), one run folder per trial (folder.py) and the record of the search;
the same command goes on with it.
"""
