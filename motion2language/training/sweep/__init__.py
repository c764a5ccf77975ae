"""Sweeps: many runs of one configuration with other values, searched by Optuna on one machine or by Ray Tune on many.

space.py reads what may be tried, trial.py trains one choice, local.py and on_ray.py search. A sweep's folder holds
`sweep.json` (what it is), a folder a trial (a run folder, see folder.py) and the search's own record; the same
command goes on with what is there.
"""
