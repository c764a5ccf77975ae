"""The body found from the tree and the bone lengths alone, for skeletons with uninformative names.

A human tree has a joint with three long branches (the pelvis: two legs and a trunk); the trunk branches again into
two arms and a head; the two longest neighbouring bones of a leg are thigh and shin, of an arm upper arm and forearm.
The feet distinguish left from right: shin upwards x foot forwards points to the left in right-handed coordinates.
"""

from __future__ import annotations

import numpy as np

from motion2language.motion import Skeleton


def path_to_root(skeleton: Skeleton, joint: str) -> list[str]:
    """`joint`, its parent, and so on up to the root."""
    index = skeleton.index(joint)
    path = []
    while index >= 0:
        path.append(skeleton.joints[index])
        index = skeleton.parents[index]
    return path


def common_ancestor(skeleton: Skeleton, first: str, second: str) -> str:
    """The nearest joint above both (one of the two when it is above the other)."""
    above = set(path_to_root(skeleton, first))
    return next(joint for joint in path_to_root(skeleton, second) if joint in above)


def cross(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The cross product of vectors (..., 3), as numpy's, in a third of its time."""
    ahead, behind = [1, 2, 0], [2, 0, 1]
    product = first[..., ahead] * second[..., behind]
    product -= first[..., behind] * second[..., ahead]
    return product


def left_axis(knees: np.ndarray, ankles: np.ndarray, toes: np.ndarray) -> np.ndarray:
    """The direction of the body's left: (T, legs, 3) knees, ankles and toes -> (T, 3), of any length.

    Each shin (upwards) x foot (forwards) points to the left in right-handed coordinates, whatever the pose.
    """
    return cross(knees - ankles, toes - ankles).sum(axis=1)


def find_by_structure(skeleton: Skeleton, positions: np.ndarray) -> dict[str, str]:
    """Canonical joint to source joint (pelvis, neck, head, limbs) of a human tree; an empty dict for any other tree.

    positions (T, J, 3) in any unit and axes, right-handed.
    """
    tree = _Tree(skeleton, positions)
    pelvis = next((joint for joint in range(len(skeleton.joints)) if tree.has_three_long_branches(joint)), None)
    if pelvis is None:
        return {}
    trunk = max(tree.children[pelvis], key=lambda joint: tree.total[joint])
    leg_roots = [joint for joint in tree.branches(pelvis) if joint != trunk][:2]
    top = trunk
    while len(tree.children[top]) == 1:
        top = tree.children[top][0]
    if len(tree.children[top]) < 3:
        return {}
    *arm_roots, neck = tree.branches(top)[:3]
    legs = [tree.limb(pelvis, joint, bones=3) for joint in leg_roots]
    arms = [tree.limb(top, joint, bones=2) for joint in arm_roots]
    if any(len(leg) < 4 for leg in legs) or not all(arms):  # without toes left and right cannot be distinguished
        return {}
    columns = {"pelvis": pelvis, "neck": neck, "head": tree.children[neck][0] if tree.children[neck] else neck}
    if columns["head"] == neck:
        del columns["neck"]
    legs, arms = tree.left_first(legs, arms)
    for side, leg, arm in zip(("left", "right"), legs, arms, strict=True):
        columns |= {f"{side}_{part}": joint for part, joint in zip(("hip", "knee", "ankle", "toe"), leg, strict=False)}
        columns |= {f"{side}_{part}": joint for part, joint in zip(("shoulder", "elbow", "wrist"), arm, strict=False)}
        collar = skeleton.parents[arm[0]]
        if collar != top:
            columns[f"{side}_collar"] = collar
    return {canonical: skeleton.joints[joint] for canonical, joint in columns.items()}


class _Tree:
    """Children and bone lengths (the median over time) of a skeleton, by joint index."""

    def __init__(self, skeleton: Skeleton, positions: np.ndarray) -> None:
        parents = np.array(skeleton.parents)
        self.positions = positions.astype(np.float64)
        self.children = [np.flatnonzero(parents == joint).tolist() for joint in range(len(parents))]
        bones = np.linalg.norm(positions - positions[:, np.maximum(parents, 0)], axis=2)
        self.bone = np.median(bones, axis=0)
        self.reach = self.bone.copy()  # length of the longest way from the parent through the joint to a leaf
        self.total = self.bone.copy()  # all bones of the branch together: a trunk with its arms outweighs a leg
        for joint in range(len(parents) - 1, 0, -1):
            below = [self.reach[child] for child in self.children[joint]]
            self.reach[joint] = self.bone[joint] + max(below, default=0.0)
            self.total[parents[joint]] += self.total[joint]

    def branches(self, joint: int) -> list[int]:
        """Children, the one with the longest way to a leaf first."""
        return sorted(self.children[joint], key=lambda child: -self.reach[child])

    def has_three_long_branches(self, joint: int) -> bool:
        """True for a pelvis: its legs reach at least 0.4 (chosen) as far as spine and arm together."""
        branches = self.branches(joint)
        return len(branches) >= 3 and self.reach[branches[2]] >= 0.4 * self.reach[branches[0]]

    def limb(self, start: int, joint: int, bones: int) -> list[int]:
        """The joints of `bones` successive bones, from the two longest neighbours of the limb on; empty for a stub."""
        path = [start, joint]
        while self.children[path[-1]]:
            path.append(self.branches(path[-1])[0])
        lengths = self.bone[path[2:]]
        if len(lengths) < 2:
            return []
        first = 1 + int(np.argmax(lengths[:-1] + lengths[1:]))
        return path[first : first + bones + 1]

    def left_first(self, legs: list[list[int]], arms: list[list[int]]) -> tuple[list[list[int]], list[list[int]]]:
        """Legs and arms with the left one first."""
        knees, ankles, toes = (self.positions[:, [leg[part] for leg in legs]] for part in (1, 2, -1))
        left = left_axis(knees, ankles, toes)

        def leftness(joint: int) -> float:
            return float((self.positions[:, joint] * left).sum())

        return (sorted(legs, key=lambda leg: -leftness(leg[0])), sorted(arms, key=lambda arm: -leftness(arm[0])))
