"""Names of joints: tables of names for the canonical body's parts, and the common form that names are brought to.

A name becomes `(side, part)`: namespaces and prefixes (`mixamorig:`, `Bip01 `, `CC_Base_`, a word most joints
share) are dropped, the side is read off `Left`, `_L`, `.L`, `l` before or after, and the rest is lower-cased.
The same word means different joints in different conventions (`LeftShoulder` is the collar in Mixamo and the
shoulder in Xsens). The order settles this: each part takes the most specific word that the skeleton has, and each
joint is taken once, so `shoulder` is the shoulder only where there is no `arm`. Two conventions need their own table.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType

import numpy as np

from motion2language.motion import Skeleton

#: Words for the parts of a limb, most specific first. Parts are settled in this order: shoulder before collar and
#: ankle before toe, because `shoulder` and `foot` may mean either.
LIMB_WORDS: dict[str, tuple[str, ...]] = {
    "shoulder": (
        "upperarm",
        "armupper",
        "armstretch",
        "uparm",
        "uarm",
        "arm",
        "shldr",
        "shldrbend",
        "humerus",
        "shoulder",
    ),
    "elbow": (
        "elbow",
        "forearm",
        "forearmbend",
        "forearmstretch",
        "lowerarm",
        "armlower",
        "lowarm",
        "loarm",
        "farm",
        "radius",
    ),
    "wrist": ("wrist", "hand", "fist"),
    "collar": ("collar", "clavicle", "collarbone", "clav", "scapula", "shoulder1", "shoulder"),
    "knee": ("knee", "lowerleg", "leglower", "legstretch", "lowleg", "loleg", "shin", "calf", "tibia", "leg"),
    "hip": ("upperleg", "legupper", "thighstretch", "upleg", "thigh", "thighbend", "femur", "hip", "leg"),
    "ankle": ("ankle", "foot"),
    "toe": ("toebase", "toes", "toe", "toe0", "toe1", "ball", "foot"),
}

#: Words for the parts without a side. The trunk between pelvis and neck is found by the tree (trunk.py).
TRUNK_WORDS: dict[str, tuple[str, ...]] = {
    "pelvis": ("pelvis", "hips", "hip", "spinebase"),
    "neck": ("neck", "neck01", "neck1", "necklower", "lowerneck", "necktwist01", "spineshoulder"),
    "head": ("head", "head1", "skull"),
}

#: Words that a side letter may be glued to (`lfemur`, `rShin`).
_GLUED = frozenset(word for words in LIMB_WORDS.values() for word in words) | {"hipjoint", "buttock", "eye", "ear"}

#: KIT-ML's 21 joints of the MMM model: BP, BT pelvis and thorax, BLN, BUN lower and upper neck, then S E W H K A
#: for the limbs; Mrot is the midfoot, F the joint of the toes.
KIT_NAMES: dict[str, str] = {
    "pelvis": "root",
    "spine": "bp",
    "chest": "bt",
    "neck": "bln",
    "head": "bun",
    **{
        f"{side}_{part}": side[0] + letter
        for side in ("left", "right")
        for part, letter in zip(("shoulder", "elbow", "wrist", "hip", "knee", "ankle", "toe"), "sewhkaf", strict=True)
    },
}

#: CMU's ASF/AMC: a joint is the *end* of the bone it is named after, so the femur's joint is the knee.
ASF_NAMES: dict[str, str] = {
    "pelvis": "root",
    "spine": "lowerback",
    "chest": "upperback",
    "neck": "thorax",
    "head": "upperneck",
    **{
        f"{side}_{part}": side[0] + bone
        for side in ("left", "right")
        for part, bone in (
            ("shoulder", "clavicle"),
            ("elbow", "humerus"),
            ("wrist", "radius"),
            ("hip", "hipjoint"),
            ("knee", "femur"),
            ("ankle", "tibia"),
            ("toe", "foot"),
        )
    },
}

_PREFIX = re.compile(r"^(mixamorig\d*|character\d+|(valvebiped )?bip\d+|j bip|cc base|b(?= [lrc] ))\s*")
_IDLE_WORDS = frozenset({"c", "m", "x", "center", "joint", "jnt", "bone", "bind", "def", "org", "body"})
_SIDE_WORDS = {"left": "left", "l": "left", "right": "right", "r": "right"}
#: Words of joints that only steer or hang on others, by what they are.
_HELPERS = {
    "ends": frozenset("end nub site tip effector".split()),
    "targets": frozenset("pole poletarget target ik ctrl control locator".split()),
    "twist": frozenset("twist roll".split()),
    "props": frozenset("prop slot handslot weapon gun holder socket attach".split()),
}
_TRUNK_STEMS = ("spine", "chest", "torso", "thorax", "abdomen", "waist", "lumbar", "back", "sternum", "rib", "breast")
#: Words for a joint low and high in the trunk; L3 and T8 are Xsens' vertebrae.
LOW_TRUNK = ("spine", "abdomen", "waist", "lumbar", "lowerback", "l3")
HIGH_TRUNK = ("chest", "thorax", "torso", "upperback", "t8")
_LONGEST_PREFIX = 2  # words, such as `f_avg_`; chosen
_SHARED_PREFIX = 0.6  # a first word on this share of the joints is a prefix; chosen, above the half that `Left` reaches


@lru_cache(maxsize=64)  # the same skeleton is asked for several times for each recording
def split_names(skeleton: Skeleton) -> Mapping[str, tuple[str, str]]:
    """Each joint's `(side, part)`: side `left`, `right` or empty; part in lower case without separators."""
    words = {joint: _words(joint) for joint in skeleton.joints}
    for _ in range(_LONGEST_PREFIX):
        firsts = Counter(parts[0] for parts in words.values() if len(parts) > 1)
        shared = {word for word, count in firsts.items() if count >= _SHARED_PREFIX * len(words)}
        words = {joint: parts[1:] if parts[:1] and parts[0] in shared else parts for joint, parts in words.items()}
    return MappingProxyType({joint: _side_and_part(parts) for joint, parts in words.items()})


def plain_names(names: Sequence[str]) -> dict[str, str]:
    """Each name of unordered points in the common form: `left_ear` for `body_left_ear`, `LEar` and `ear.L`."""
    skeleton = Skeleton("points", tuple(names), (-1, *[0] * (len(names) - 1)))
    return {joint: f"{side}_{part}" if side else part for joint, (side, part) in split_names(skeleton).items()}


def helper_kind(joint: str) -> str:
    """What a joint outside the body is by its name: `ends`, `targets`, `twist`, `props`; empty for others."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", re.split(r"[:|]", joint)[-1]).lower()
    words = {re.sub(r"\d+$", "", word) for word in re.findall(r"[a-z0-9]+", spaced)}
    return next((kind for kind, known in _HELPERS.items() if words & known), "")


def is_trunk(joint: str) -> bool:
    """Whether a joint's name is that of a part of the trunk, such as `Spine2` or `LowerBack`."""
    return any(stem in joint.lower() for stem in _TRUNK_STEMS)


def find_by_names(skeleton: Skeleton, positions: np.ndarray | None, taken: dict[str, str]) -> dict[str, str]:
    """Canonical joint to source joint, for the joints that names identify; `taken` (the user's own rows) comes first.

    positions (T, J, 3) or None only distinguish ASF names on bone ends from the same names on bone starts.
    """
    names = split_names(skeleton)
    plain = {"".join(_words(joint)): joint for joint in skeleton.joints}
    for table in (KIT_NAMES, ASF_NAMES):
        if set(table.values()) <= set(plain) and not (table is ASF_NAMES and _at_starts(plain, skeleton, positions)):
            return {canonical: plain[name] for canonical, name in table.items()} | taken
    joint_of: dict[tuple[str, str], str] = {}
    for joint, name in names.items():
        joint_of.setdefault(name, joint)
    sources = dict(taken)
    tables = [("left", LIMB_WORDS), ("right", LIMB_WORDS), ("", TRUNK_WORDS)]
    for side, part, words in ((side, part, words) for side, table in tables for part, words in table.items()):
        canonical = f"{side}_{part}" if side else part
        candidates = (joint_of[side, word] for word in words if (side, word) in joint_of)
        free = next((joint for joint in candidates if joint not in sources.values()), None)
        if canonical not in sources and free is not None:
            sources[canonical] = free
    return sources


def _at_starts(plain: dict[str, str], skeleton: Skeleton, positions: np.ndarray | None) -> bool:
    """True when ASF names are on the starts of their bones (BVH made from ASF): the hip bone starts at the root."""
    if positions is None:
        return False
    root, hip, knee = (positions[0, skeleton.index(plain[name])] for name in ("root", "lhipjoint", "lfemur"))
    return bool(np.linalg.norm(hip - root) < 0.05 * np.linalg.norm(knee - hip))


@lru_cache(maxsize=4096)  # the recordings of a folder mostly share their joints' names
def _words(joint: str) -> tuple[str, ...]:
    """The name's words in lower case, without its namespace and known prefix."""
    bare = re.sub(r"^m(?=[A-Z][a-z])", "", re.split(r"[:|]", joint)[-1]).lower()  # mElbowLeft, of Second Life
    return tuple(_PREFIX.sub("", " ".join(re.findall(r"[a-z0-9]+", bare))).split())


def _side_and_part(words: Sequence[str]) -> tuple[str, str]:
    sides = [word for word in words if word in _SIDE_WORDS]
    part = "".join(word for word in words if word not in _IDLE_WORDS and word not in _SIDE_WORDS)
    if part.removesuffix("01") in _GLUED:  # the first piece of a limb in several: upperarm01 in MakeHuman's bodies
        part = part.removesuffix("01")
    if sides:
        return _SIDE_WORDS[sides[0]], part
    for token, side in _SIDE_WORDS.items():
        for rest in (part.removeprefix(token), part.removesuffix(token)):
            if rest != part and (len(token) > 1 or rest in _GLUED):
                return side, rest
    return "", part
