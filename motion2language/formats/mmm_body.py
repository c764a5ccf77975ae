"""The MMM reference body: the places of its joints and the axes of their angles.

Read off the reference model that KIT-ML's recordings refer to (mmm.xml; Terlemez et al. 2014, Mandery et al. 2015).
Offsets are in thousandths of the subject's height, in the parent's axes at rest: x to the right, y forward, z up.
"""

from __future__ import annotations

from typing import NamedTuple


class Row(NamedTuple):
    """A joint: its parent, offset, fixed turn about z then x (degrees), and the axes of its angles in order."""

    joint: str
    parent: str
    offset: tuple[float, float, float]
    turn: tuple[float, float]
    axes: str

    @property
    def angles(self) -> tuple[str, ...]:
        """The names of its angles in a file."""
        if self.joint.endswith("rot"):
            return (f"{self.joint}_joint",)
        return tuple(f"{self.joint}{axis}_joint" for axis in self.axes)


BODY = (
    Row("root", "", (0, 0, 0), (0, 0), ""),
    Row("BP", "root", (0, 0, 80), (0, 0), "xzy"),
    Row("BT", "BP", (0, 0, 120), (0, 0), "xzy"),
    Row("BLN", "BT", (0, 0, 232), (0, 0), "xzy"),
    Row("BUN", "BLN", (0, 0, 30), (0, 0), "xzy"),
    Row("LS", "BT", (-197, 0, 188), (0, 0), "xzy"),
    Row("LE", "LS", (0, 0, -188), (0, 0), "xz"),
    Row("LW", "LE", (0, 0, -145), (0, 0), "xy"),
    Row("RS", "BT", (197, 0, 188), (0, 0), "xzy"),
    Row("RE", "RS", (0, 0, -188), (0, 0), "xz"),
    Row("RW", "RE", (0, 0, -145), (0, 0), "xy"),
    Row("LH", "root", (-52, 0, 0), (0, 0), "xzy"),
    Row("LK", "LH", (0, 0, -245), (0, 0), "x"),
    Row("LA", "LK", (0, 0, -246), (0, 0), "xzy"),
    Row("LMrot", "LA", (0.6, 23.8, -18.7), (-9, 15), "y"),
    Row("LF", "LMrot", (-8.8, 53.7, -14.4), (9, -15), "x"),
    Row("RH", "root", (52, 0, 0), (0, 0), "xzy"),
    Row("RK", "RH", (0, 0, -245), (0, 0), "x"),
    Row("RA", "RK", (0, 0, -246), (0, 0), "xzy"),
    Row("RMrot", "RA", (0.6, 23.8, -18.7), (9, 15), "y"),
    Row("RF", "RMrot", (8.8, 53.7, -14.4), (-9, -15), "x"),
)

#: The 44 angles, in the order KIT-ML's files list them.
ANGLES = tuple(
    f"{angle}_joint"
    for angle in (
        "BLNx BLNy BLNz BPx BPy BPz BTx BTy BTz BUNx BUNy BUNz LAx LAy LAz LEx LEz LHx LHy LHz LKx LSx LSy LSz LWx LWy "
        "LFx LMrot RAx RAy RAz REx REz RHx RHy RHz RKx RSx RSy RSz RWx RWy RFx RMrot"
    ).split()
)
