"""How far training recordings may be varied so that their sentences stay true, and what a variation does to sentences.

Mirroring swaps the body's sides and the words of sides and of rotation with them. Other proportions, another tempo,
sensor noise, offsets of where a skeleton puts its joints and lost joints make a model robust to unseen bodies,
skeletons and sensors. tempo.py and bodies.py vary the recordings; draws.py gives them their random numbers.
"""

from __future__ import annotations

import re

from pydantic import BaseModel, ConfigDict, Field

_SIDES = {"left": "right", "right": "left"}
#: Words of a side or a sense of rotation; a right angle stays right in a mirror.
_SIDED = re.compile(
    r"\b(left|right(?! angle))(?=(?:wards?)?\b)|\b((?:counter|anti)[ -]?)?clockwise\b", flags=re.IGNORECASE
)
#: Words that a large change of tempo makes false, and words that a cut makes false. Chosen.
_PACED = re.compile(r"\b(?:slow|quick|fast|rapid|hast|hurr|brisk|sudden|leisure|sprint)", flags=re.IGNORECASE)
_COUNTED = re.compile(
    r"\d|\b(?:once|twice|thrice|two|three|four|five|six|seven|eight|nine|ten|several|few|times|repeated|again|circle)",
    flags=re.IGNORECASE,
)


class AugmentConfig(BaseModel):
    """How far a training recording may be varied; off by default. `people.md` stands for the trial on many people."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    # The sides; chosen.
    mirror: float = Field(0.0, ge=0, le=1)  # probability of swapping the sides, in the body and in the sentence
    # Time, one draw per recording.
    speed: float = Field(0.0, ge=0, lt=1)  # largest relative change of tempo, even (chosen)
    warp: float = Field(0.0, ge=0, le=2)  # largest log of another factor of the tempo: 0.5 is e^-0.5 to e^0.5 (trial);
    #   not where the sentence names a pace, such as "slowly"
    bend: float = Field(0.0, ge=0, lt=1)  # largest relative change of tempo that fades from one end of the recording
    #   to the other, where it is the opposite: 0.3 begins up to 30 % faster and ends as much slower, or the reverse
    cut: float = Field(0.0, ge=0, lt=0.5)  # largest share cut off at each end (trial: 0.3); only where the sentence
    #   names a single action and counts nothing
    hold: float = Field(0.0, ge=0, le=60)  # seconds that the first and the last pose are held at most, each in half of
    #   the cases (trial: 1.2; the idea is of arXiv 2410.23641)
    smoothing: float = Field(0.0, ge=0, le=10)  # seconds, largest half width of a triangle that averages over time
    # The body, one draw per recording.
    bones: float = Field(0.0, ge=0)  # standard deviation of each bone's log length, both sides alike (trial: 0.12)
    offsets: float = Field(0.0, ge=0)  # metres, standard deviation of a joint's constant displacement in the body's
    #   axes, both sides alike (trial: 0.025)
    tilt: float = Field(0.0, ge=0, le=90)  # degrees, largest tilt of the whole recording, to any side (trial: 6)
    frozen_legs: float = Field(0.0, ge=0, le=1)  # probability that knees, ankles and toes keep the pose of one frame,
    #   as of a sensor that loses the legs; the sentence stays, so movements of the legs must then be told without them
    frozen_bone: float = Field(0.0, ge=0, le=1)  # probability that one bone of a limb or the head keeps its direction
    absent: float = Field(0.0, ge=0, le=1)  # probability that only the legs, only the upper body or all but an arm are
    #   seen; the rest stands at rest, as in recordings of a part of a body (body/absent.py)
    # The sensor, in each frame.
    noise: float = Field(0.0, ge=0)  # metres, standard deviation of each coordinate in each frame (chosen)
    jitter: float = Field(0.0, ge=0)  # metres, largest standard deviation of such noise, one draw per recording
    drift: float = Field(0.0, ge=0)  # metres, largest standard deviation of displacements that wander within about a
    #   second, one draw per recording (trial, for both: 0.03)

    @property
    def any(self) -> bool:
        """Whether anything is varied."""
        return self != AugmentConfig()

    @property
    def of_bodies(self) -> tuple[str, ...]:
        """The keys set that need the canonical body."""
        keys = ("mirror", "bones", "offsets", "tilt", "frozen_legs", "frozen_bone", "absent")
        return tuple(key for key in keys if self.get(key))

    @property
    def of_positions(self) -> tuple[str, ...]:
        """The keys set that need positions of joints."""
        return (*self.of_bodies, *(key for key in ("noise", "jitter", "drift") if self.get(key)))

    @property
    def of_time(self) -> tuple[str, ...]:
        """The keys set that change when a pose is seen."""
        return tuple(key for key in ("speed", "warp", "bend", "cut", "hold", "smoothing") if self.get(key))

    def get(self, key: str) -> float:
        """The value of a key."""
        return float(getattr(self, key))


def mirror_sentence(text: str) -> str:
    """The sentence of the mirrored recording: left and right and the senses of rotation exchanged."""
    return _SIDED.sub(_swap_side, text)


def names_pace(text: str) -> bool:
    """Whether a large change of tempo makes the sentence false."""
    return bool(_PACED.search(text))


def counts(text: str) -> bool:
    """Whether the sentence counts something that a cut may take away."""
    return bool(_COUNTED.search(text))


def _swap_side(match: re.Match[str]) -> str:
    if match[1]:
        return _SIDES[match[1].lower()]
    return "clockwise" if match[2] else "counterclockwise"
