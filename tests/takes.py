"""Takes for tests of the player: a walking body and hand-made transcripts with known times."""

from __future__ import annotations

import numpy as np
from bodies import walking

from motion2language.motion import CANONICAL, Motion
from motion2language.transcript import Segment, TimedWord, Transcript
from motion2language.viewer import Take

DURATION = 8.0
HOSTILE = (
    "</script><script>document.title='taken'</script>",
    '"><img/src=x/onerror=document.title="taken">',
    "{{data}}",
    "<!--<script>",
    "&lt;b&gt;'\\",
    "ходит",
    "يمشي",
    "走る🏃",
    "__proto__",
)


def motion(seconds: float = DURATION, fps: float = 30.0, name: str = "walk.bvh") -> Motion:
    return Motion(walking(round(seconds * fps)), fps, CANONICAL, name)


def words(*pairs: tuple[str, float], half: float = 0.3, duration: float = DURATION) -> tuple[TimedWord, ...]:
    return tuple(TimedWord(word, at, max(0.0, at - half), min(duration, at + half), 0.9) for word, at in pairs)


def transcript(name: str = "walk.bvh", model: str = "tiny") -> Transcript:
    """Three segments, two of one action; a gap between 2.4 and 3 s; two words at one time."""
    return Transcript(
        (
            Segment(0.2, 2.4, "walk", words(("a", 0.3), ("person", 0.7), ("walks", 1.5))),
            Segment(3.0, 5.0, "turn", words(("then", 3.1), ("turns", 3.9), ("left", 3.9))),
            Segment(5.0, 8.0, "walk", words(("and", 5.2), ("walks", 6.5))),
        ),
        DURATION,
        name,
        model,
    )


def reference() -> Transcript:
    """A person's transcript: another order of actions, and one that the prediction lacks."""
    return Transcript(
        (
            Segment(0.0, 2.0, "walk", words(("someone", 0.5), ("walks", 1.0))),
            Segment(2.5, 5.0, "turn", words(("turns", 3.5))),
            Segment(5.0, 8.0, "run", words(("runs", 6.0))),
        ),
        DURATION,
        "walk.bvh",
        "annotator",
    )


def weights() -> np.ndarray:
    """(8, 80): each word looks at a tenth of a second, and half as much at the one after."""
    map_ = np.zeros((8, 80), np.float32)
    for row, word in enumerate(transcript().words):
        map_[row, int(word.time * 10)] = 0.6
        map_[row, int(word.time * 10) + 1] = 0.3
    return map_


def take() -> Take:
    return Take(motion(), transcript(), reference(), weights())


def hostile_take() -> Take:
    """Names and words that would do harm as markup, as script or as a template."""
    spoken = words(*((text, 0.5 + 0.6 * number) for number, text in enumerate(HOSTILE)))
    said = Transcript((Segment(0.1, 7.0, HOSTILE[0], spoken),), DURATION, HOSTILE[1], HOSTILE[0])
    return Take(motion(name=HOSTILE[0] + "\u2028{{script}}.bvh"), said, said)
