"""Listeners for the process of tests/test_live_separate.py, in a file that is quickly imported there."""

import os
import warnings

import numpy as np

from motion2language.live.listener import Listener
from motion2language.live.protocol import Header
from motion2language.live.separate import load_listener


class Exposed(Listener):
    """A listener that a stream can bring to all this, by the name of a joint."""

    def feed(self, item):
        joints = item.skeleton.joints if isinstance(item, Header) else ()
        if "hang" in joints:
            sum(range(10**14))  # in C, where no signal is heard
        if "grow" in joints:
            np.ones(10**9)
        if "die" in joints:
            os._exit(1)
        if "fail" in joints:
            raise KeyError("unforeseen")
        if "warn" in joints:
            warnings.warn("odd joints", stacklevel=1)
        return super().feed(item)


def exposed(watch) -> Listener:
    return Exposed(load_listener("live").captioner, watch=watch)


def missing(_) -> Listener:
    return load_listener("/nowhere")
