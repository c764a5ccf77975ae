"""A recording as it is drawn: without the joints that only steer a rig, and with limbs that hang together.

Rigs of animation programs have targets of inverse kinematics, twist bones and props beside the body, and may keep
feet at the root, so that they stay on the ground. Lines from each joint to its parent would then show no body.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from motion2language.body.mapping import JointMap, map_joints
from motion2language.body.names import helper_kind
from motion2language.motion import Motion, Skeleton

_LEFT_OUT = ("targets", "twist", "props")
_LIMBS = (("shoulder", "elbow", "wrist"), ("hip", "knee", "ankle", "toe"))


def figure_of(motion: Motion) -> Motion:
    """The motion on the joints to draw, each below the one that it hangs from; itself where nothing changes.

    A limb's joint that is not below the joint before it gets that one as its parent. Other joints stay where they are
    in the tree. Where no body is recognised, the motion is returned as it is.
    """
    skeleton = motion.skeleton
    try:
        sources = _sources(map_joints(skeleton, motion.positions))
    except ValueError:
        return motion
    parents = {joint: skeleton.joints[above] if above >= 0 else None
               for joint, above in zip(skeleton.joints, skeleton.parents, strict=True)}  # fmt: skip
    _hang_limbs(parents, sources)
    used = {skeleton.joints[0], *sources.values()}
    kept = {joint for joint in skeleton.joints if joint in used or not _is_helper(joint, parents[joint])}
    paths = {joint: [above for above in _path(parents, joint) if above in kept] for joint in kept}
    order = list(dict.fromkeys(above for joint in skeleton.joints if joint in kept for above in paths[joint][::-1]))
    tree = (-1, *(order.index(paths[joint][1]) for joint in order[1:]))
    drawn = Skeleton(skeleton.name, tuple(order), tree)
    if drawn == skeleton:
        return motion
    columns = [skeleton.index(joint) for joint in order]
    seen = None if motion.seen is None else motion.seen[:, columns]
    return replace(motion, positions=motion.positions[:, columns], skeleton=drawn, angles=None, seen=seen)


def _is_helper(joint: str, above: str | None) -> bool:
    """Whether a joint lies outside the body by its name, or ends a joint that does."""
    kind = helper_kind(joint)
    return kind in _LEFT_OUT or (kind == "ends" and above is not None and helper_kind(above) in _LEFT_OUT)


def _sources(joint_map: JointMap) -> dict[str, str]:
    """Canonical joint -> the joint that stands for it alone."""
    return {rule.canonical: rule.weights[0][0] for rule in joint_map.rules if len(rule.weights) == 1}


def _hang_limbs(parents: dict[str, str | None], sources: dict[str, str]) -> None:
    """Give joints of limbs the joint before them as their parent, unless they are below it already."""
    for side in ("left", "right"):
        for limb in _LIMBS:
            found = [sources[name] for part in limb if (name := f"{side}_{part}") in sources]
            for above, joint in pairwise(found):
                if joint != above and above not in _path(parents, joint) and joint not in _path(parents, above):
                    parents[joint] = above


def _path(parents: dict[str, str | None], joint: str) -> list[str]:
    """A joint and all above it."""
    path = [joint]
    while (above := parents[path[-1]]) is not None:
        path.append(above)
    return path
