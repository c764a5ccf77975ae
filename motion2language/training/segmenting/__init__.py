"""A segmenter learns to cut whole takes: from single actions of many people, put together to takes with known joins.

`units.py` finds the movement itself in a labelled recording, `compose.py` puts units together, `fit.py` trains the
network on them and fits the calibration. No person's times are needed; model/segmenter.py has the network.
"""
