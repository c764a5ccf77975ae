"""From any skeleton to the canonical body: which joint, or which mixture of joints, stands for each of the 21.

Names decide first (names.py). When they identify fewer than half of the limbs' joints, tree and bone lengths decide
(structure.py). The trunk follows from the tree (trunk.py). A user's own rows, canonical = source, come before all.
A joint that a file still lacks becomes a mixture of its neighbours where that is sound (pelvis, neck, spine, chest,
collars).
Where a file has no hands or feet, the ends of forearms and shins are wrists and ankles.
A body without toes gets its ankles twice, which the table reports: the direction of a foot cannot be made up.
Part of a body is enough: both legs or both arms. What else the file has no joint for is absent (absent.py). A
ValueError names the missing joints when there is less, or when joints with unknown names may be the missing ones.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np

from motion2language.body.absent import PARTS, is_enough, stand_in
from motion2language.body.names import HIGH_TRUNK, LOW_TRUNK, find_by_names, helper_kind, is_trunk, split_names
from motion2language.body.structure import find_by_structure, path_to_root
from motion2language.body.trunk import fill_from_tree
from motion2language.files import parse_toml
from motion2language.motion import CANONICAL, Skeleton

#: Limb joints: a missing one cannot be replaced.
LIMB_JOINTS = tuple(
    f"{side}_{part}" for side in ("left", "right") for part in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
)

# Spine and chest as shares of the way from pelvis to neck: 0.38 and 0.60 in Bandai Namco's and in CMU's BVH bodies.
_SPINE_SHARE, _CHEST_SHARE = 0.38, 0.60
_LOWER_BONE = (0.5, 1.5)  # lengths of forearm and shin in those of upper arm and thigh, .8 and 1.0 on average; chosen
_COLLAR_SHARE = 0.3  # from neck to shoulder; chosen, CMU's BVH bodies have 0.23 sideways


@dataclass(frozen=True)
class JointRule:
    """The source of one canonical joint: source joints with weights that sum to 1, and a remark for the reader."""

    canonical: str
    weights: tuple[tuple[str, float], ...]
    remark: str = ""

    @property
    def description(self) -> str:
        """The source joint's name, or the mixture: `70 % Neck + 30 % LeftArm`; `absent` for an absent joint."""
        if not self.weights:
            return "absent"
        parts = [joint if share == 1 else f"{100 * share:.0f} % {joint}" for joint, share in self.weights]
        return " + ".join(parts) + (f" ({self.remark})" if self.remark else "")


@dataclass(frozen=True)
class JointMap:
    """One rule for each joint of `motion.CANONICAL`, in its order, from the joints of `skeleton`.

    A rule without weights is of a joint that the skeleton lacks.
    """

    skeleton: Skeleton
    rules: tuple[JointRule, ...]

    def rows(self) -> list[tuple[str, str]]:
        """The table for people: (canonical joint, description of its source)."""
        return [(rule.canonical, rule.description) for rule in self.rules]

    @cached_property
    def absent(self) -> frozenset[str]:
        """The canonical joints that the skeleton lacks."""
        return frozenset(rule.canonical for rule in self.rules if not rule.weights)

    def apply(self, positions: np.ndarray) -> np.ndarray:
        """Positions (T, J, 3) of the source skeleton -> (T, 21, 3) of the canonical one, unit and axes unchanged.

        Absent joints get stand-ins (absent.py), for which Y must be up.
        """
        return stand_in(self.apply_known(positions)) if self.absent else self.apply_known(positions)

    def apply_known(self, positions: np.ndarray) -> np.ndarray:
        """As `apply`, in any axes, with NaN for absent joints."""
        body: np.ndarray = self._matrix.astype(np.result_type(positions, np.float32)) @ positions
        if self.absent:
            body[:, [not rule.weights for rule in self.rules]] = np.nan
        return body

    def apply_seen(self, seen: np.ndarray | None, frames: int) -> np.ndarray | None:
        """Which canonical joints (T, 21) are seen, by `Motion.seen`: those whose sources are all seen."""
        if seen is None and not self.absent:
            return None
        lost = np.zeros((frames, len(self.rules))) if seen is None else ~seen @ (self._matrix.T > 0)
        present = np.array([bool(rule.weights) for rule in self.rules])
        return (lost == 0) & present

    @cached_property
    def _matrix(self) -> np.ndarray:
        """The share (21, J) of each joint of the skeleton in each canonical one."""
        matrix = np.zeros((len(self.rules), len(self.skeleton.joints)))
        for row, rule in enumerate(self.rules):
            for joint, share in rule.weights:
                matrix[row, self.skeleton.index(joint)] += share
        return matrix


def load_joint_map(path: Path | str) -> dict[str, str]:
    """Canonical joint -> source joint, read from a TOML file of lines such as `left_toe = "LeftToeBase"`.

    FileNotFoundError when the file does not exist; ValueError names the file and the problem: not TOML, an unknown
    canonical joint (with the nearest one), a value that is not a name.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f'{path}: no such joint map; give a TOML file with lines like left_toe = "LeftToeBase"')
    try:
        rows = parse_toml(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: not a TOML file: {error}") from None
    for canonical, source in rows.items():
        _require_known(canonical, CANONICAL, f"{path}: canonical joint")
        if not isinstance(source, str):
            raise ValueError(f"{path}: {canonical} = {source!r}; expected the name of a joint in quotes")
    return rows


def map_joints(
    skeleton: Skeleton, positions: np.ndarray | None = None, overrides: Mapping[str, str] | None = None
) -> JointMap:
    """The rules that turn `skeleton` into the canonical body.

    positions  (T, J, 3) in any unit and axes, right-handed; only needed where the names do not decide
    overrides  canonical joint -> source joint, which come before names and tree

    ValueError when joints are missing (see above), or an override names an unknown joint.

    >>> joints = ("Hips", "Spine", "Neck", "Head") + tuple(
    ...     side + part for side in ("Left", "Right") for part in ("Arm", "ForeArm", "Hand", "UpLeg", "Leg", "Foot"))
    >>> parents = (-1, 0, 1, 2, 1, 4, 5, 0, 7, 8, 1, 10, 11, 0, 13, 14)
    >>> dict(map_joints(Skeleton("mixamo", joints, parents)).rows())["left_elbow"]
    'LeftForeArm'
    """
    overrides = dict(overrides or {})
    for canonical, source in overrides.items():
        _require_known(canonical, CANONICAL, "joint map: canonical joint")
        _require_known(source, skeleton, f"joint map: {canonical} =")
    sources = find_by_names(skeleton, positions, overrides)
    if positions is not None and sum(joint in sources for joint in LIMB_JOINTS) < len(LIMB_JOINTS) / 2:
        sources = (find_by_structure(skeleton, positions) or sources) | overrides
    if positions is not None:
        sources |= _ends_of_limbs(sources, skeleton, positions)
    return _map_known(skeleton, tuple(sources.items()))


@lru_cache  # the recordings of a folder mostly share a skeleton
def _map_known(skeleton: Skeleton, known: tuple[tuple[str, str], ...]) -> JointMap:
    """The rules from the joints that are known, each as canonical and source joint."""
    sources = dict(known)
    _require_enough(sources, skeleton)
    rules = _complete(fill_from_tree(sources, skeleton))
    return JointMap(skeleton, tuple(rules[joint] for joint in CANONICAL.joints))


def _ends_of_limbs(sources: dict[str, str], skeleton: Skeleton, positions: np.ndarray) -> dict[str, str]:
    """Wrists and ankles that are only the ends of forearms and shins, in files without hands or feet.

    An end that is not about as far as such a bone is long only shows its direction; it is not taken for a joint.
    """
    found = {}
    for side in ("left", "right"):
        for first, middle, last in (("shoulder", "elbow", "wrist"), ("hip", "knee", "ankle")):
            names = [sources.get(f"{side}_{part}") for part in (first, middle)]
            if f"{side}_{last}" in sources or None in names:
                continue
            columns = [skeleton.index(name) for name in names if name]
            ends = [joint for joint, above in enumerate(skeleton.parents) if above == columns[1]]
            if len(ends) != 1 or helper_kind(skeleton.joints[ends[0]]) != "ends":
                continue
            bones = np.linalg.norm(np.diff(positions[:, [*columns, *ends]].astype(np.float64), axis=1), axis=2)
            upper, lower = np.median(bones, axis=0)
            if _LOWER_BONE[0] * upper <= lower <= _LOWER_BONE[1] * upper:
                found[f"{side}_{last}"] = skeleton.joints[ends[0]]
    return found


def canonical_joints(names: Sequence[str]) -> dict[str, str]:
    """Canonical joint -> name, for those of unordered points whose names are known.

    >>> canonical_joints(("Nose", "LHip", "left knee", "R_Ankle"))
    {'left_knee': 'left knee', 'left_hip': 'LHip', 'right_ankle': 'R_Ankle'}
    """
    skeleton = Skeleton("points", tuple(names), (-1, *[0] * (len(names) - 1)))
    found = find_by_names(skeleton, None, {name: name for name in CANONICAL.joints if name in names})
    parts = {part: joint for joint, (side, part) in split_names(skeleton).items() if not side}
    for joint, part in _trunk_of_points(list(parts)).items():
        found.setdefault(joint, parts[part])
    if found.get("neck") == parts.get("neck") and "head" not in found and "neck1" in parts:
        found["head"] = parts["neck1"]  # the last joint of the neck stands in for a head that is missing
    for joint, above in (("head", "neck"), ("left_toe", "left_ankle"), ("right_toe", "right_ankle")):
        if above in found and (end := f"{found[above]}_end") in names:  # a BVH file's end site, written as a table
            found.setdefault(joint, end)
    return found


def _trunk_of_points(parts: Sequence[str]) -> dict[str, str]:
    """Spine and chest among the names of points without a side, as fill_from_tree chooses them of a tree's joints."""
    for stem, other in (("spine", "chest"), ("chest", "spine")):
        numbered = sorted(part for part in parts if re.fullmatch(rf"{stem}\d?", part))
        if len(numbered) > 1 and other not in parts:  # from the pelvis up: Spine, Spine1, Spine2
            return {"spine": numbered[(len(numbered) - 1) // 2], "chest": numbered[-1]}
    low = next((word for word in LOW_TRUNK if word in parts), "")
    high = next((word for word in HIGH_TRUNK if word in parts and (low or word == "chest")), "")
    return {joint: part for joint, part in (("spine", low), ("chest", high)) if part}


def _complete(sources: dict[str, str]) -> dict[str, JointRule]:
    """A rule for every canonical joint; those without a source joint become mixtures of their neighbours."""
    rules = {canonical: JointRule(canonical, ((source, 1.0),)) for canonical, source in sources.items()}

    def mix(canonical: str, first: str, second: str, share: float) -> None:
        if canonical not in rules and rules.keys() >= {first, second}:
            weights = {joint: (1 - share) * weight for joint, weight in rules[first].weights}
            for joint, weight in rules[second].weights:
                weights[joint] = weights.get(joint, 0.0) + share * weight
            rules[canonical] = JointRule(canonical, tuple(weights.items()))

    mix("pelvis", "left_hip", "right_hip", 0.5)
    mix("neck", "left_shoulder", "right_shoulder", 0.5)
    mix("spine", "pelvis", "neck", _SPINE_SHARE)
    mix("chest", "spine", "neck", (_CHEST_SHARE - _SPINE_SHARE) / (1 - _SPINE_SHARE))
    for side in ("left", "right"):
        mix(f"{side}_collar", "neck", f"{side}_shoulder", _COLLAR_SHARE)
        if f"{side}_toe" not in rules and f"{side}_ankle" in rules:
            weights = rules[f"{side}_ankle"].weights
            rules[f"{side}_toe"] = JointRule(f"{side}_toe", weights, "the ankle again: no toe found")
    return {joint: rules.get(joint, JointRule(joint, ())) for joint in CANONICAL.joints}


def _require_enough(sources: dict[str, str], skeleton: Skeleton) -> None:
    """ValueError for less than both legs or both arms, and when unknown joints may be the ones that a limb lacks."""
    missing = [joint for joint in LIMB_JOINTS if joint not in sources]
    longest = _longest_unknown(sources, skeleton) if missing else 0
    unclear = any(0 < sum(joint in missing for joint in joints) <= longest for joints in PARTS.values())
    enough = is_enough(set(sources))
    if unclear or not enough:
        raise ValueError(
            f"skeleton {skeleton.name!r}: found no joint for {', '.join(missing)}; "
            f"it has {', '.join(skeleton.joints[:80])}{' …' * (len(skeleton.joints) > 80)}. "
            f"{'' if enough else 'Hips, knees and ankles, or shoulders, elbows and wrists, of both sides are needed. '}"
            f'Name them in a TOML file, one line per joint such as {missing[0]} = "NAME", '
            "and give it with --joint-map FILE"
        )


def _longest_unknown(sources: dict[str, str], skeleton: Skeleton) -> int:
    """The longest row of joints, each the child of the one before, that are neither known nor beyond a known end.

    Joints above known ones, of the trunk, fingers, what hangs on head and feet, and helpers do not count.
    """
    above = {joint for source in sources.values() for joint in path_to_root(skeleton, source)}
    ends = {source for joint, source in sources.items() if joint.endswith(("wrist", "ankle", "toe", "neck", "head"))}
    lengths = dict[str, int]()
    for joint, parent in zip(skeleton.joints, skeleton.parents, strict=True):
        before = skeleton.joints[parent] if parent >= 0 else ""
        if before in ends:
            ends.add(joint)
        elif joint not in above and not helper_kind(joint) and not is_trunk(joint):
            lengths[joint] = lengths.get(before, 0) + 1
    return max(lengths.values(), default=0)


def _require_known(joint: str, skeleton: Skeleton, what: str) -> None:
    if joint not in skeleton.joints:
        lower = {known.lower(): known for known in skeleton.joints}
        near = difflib.get_close_matches(joint.lower(), list(lower), n=1)
        hint = f"did you mean {lower[near[0]]!r}?" if near else f"expected one of {', '.join(skeleton.joints)}"
        raise ValueError(f"{what} {joint!r} is not a joint of skeleton {skeleton.name!r}; {hint}")
