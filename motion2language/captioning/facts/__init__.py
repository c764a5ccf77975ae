"""What can be measured in any recording without a model: how far, which way, how often, with which limb.

`find.py` gathers the Facts of an interval. Each of the other files measures one kind, on a Body (`measure.py`).
"""
