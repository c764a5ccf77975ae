"""Joints that follow from the tree when the limbs are known: pelvis, spine, chest, neck, head and toes."""

from __future__ import annotations

from motion2language.body.names import LOW_TRUNK, helper_kind, is_trunk, split_names
from motion2language.body.structure import common_ancestor, path_to_root
from motion2language.motion import Skeleton

_END_WORDS = ("end", "nub", "top", "site", "tip", "effector")


def fill_from_tree(sources: dict[str, str], skeleton: Skeleton) -> dict[str, str]:
    """`sources` (canonical -> source joint) and the joints that follow from the tree and the limbs that are there.

    pelvis        where the legs meet, unless that is a joint of a leg
    neck, head    first and last of the joints without a side above the joint where the arms meet; a neck's end is the
                  head where there is nothing else
    spine, chest  the middle and the last of the joints between pelvis and neck; a single one is the spine, since a
                  body with one trunk joint bends low. Without a pelvis, those below the neck with a trunk's name; a
                  single one is then the chest, unless its name is that of a low joint
    toes          the ankle's first child other than a heel or a helper; an end will do
    """
    filled = dict(sources)
    if "left_hip" in filled and "right_hip" in filled:
        fork = common_ancestor(skeleton, filled["left_hip"], filled["right_hip"])
        if fork not in filled.values():
            filled.setdefault("pelvis", fork)
    top = _top(filled, skeleton)
    if top is not None:
        _fill_above(filled, skeleton, top)
    upper = filled.get("neck", top or filled.get("head"))
    if upper is not None:
        _fill_trunk(filled, skeleton, _below(filled, skeleton, upper))
    for side in ("left", "right"):
        children = _children(skeleton, filled[f"{side}_ankle"]) if f"{side}_ankle" in filled else []
        ahead = next((child for child in children if "heel" not in child.lower() and _is_body(child)), None)
        if ahead is not None:
            filled.setdefault(f"{side}_toe", ahead)
    return filled


def _top(sources: dict[str, str], skeleton: Skeleton) -> str | None:
    """Where the arms meet, or where the only arm meets the neck or the head; None where that is unknown."""
    ends = [sources[joint] for joint in ("left_shoulder", "right_shoulder", "neck", "head") if joint in sources]
    return common_ancestor(skeleton, *ends[:2]) if len(ends) > 1 and "shoulder" in "".join(sources) else None


def _fill_above(filled: dict[str, str], skeleton: Skeleton, top: str) -> None:
    """Add neck and head, as the joints above `top`."""
    if "head" in filled:
        above = _strictly_between(skeleton, top, filled["head"])
    else:
        above = _chain_upwards(skeleton, top, filled)
        if above:
            filled["head"] = above.pop()
        elif "neck" in filled and (end := _end_of(filled["neck"], skeleton)) != filled["neck"]:
            filled["head"] = end
    if above:
        filled.setdefault("neck", above[0])


def _end_of(joint: str, skeleton: Skeleton) -> str:
    """The last joint of the row that begins with `joint` and does not branch; its end where no other joint fits."""
    last = joint
    while len(ahead := [child for child in _children(skeleton, last) if not helper_kind(child)]) == 1:
        last = ahead[0]
    ends = [child for child in _children(skeleton, joint) if helper_kind(child) == "ends"]
    return ends[0] if last == joint and ends else last


def _below(filled: dict[str, str], skeleton: Skeleton, upper: str) -> list[str]:
    """The free joints of the trunk from above the pelvis, or from where the file begins, up to the neck."""
    if "pelvis" in filled:
        trunk = [*_strictly_between(skeleton, filled["pelvis"], upper), upper]
    else:
        trunk = [joint for joint in path_to_root(skeleton, upper)[::-1] if is_trunk(joint) and _is_body(joint)]
    return [joint for joint in trunk if joint not in filled.values()]


def _fill_trunk(filled: dict[str, str], skeleton: Skeleton, trunk: list[str]) -> None:
    """Add spine and chest, from the free joints of the trunk below the neck."""
    is_low = bool(trunk) and ("pelvis" in filled or split_names(skeleton)[trunk[0]][1] in LOW_TRUNK)
    if len(trunk) > 1 or is_low:
        filled.setdefault("spine", trunk[(len(trunk) - 1) // 2])
        trunk = [joint for joint in trunk if joint != filled["spine"]]
    if trunk:
        filled.setdefault("chest", trunk[-1])


def _is_body(joint: str) -> bool:
    """Whether a joint may be part of the body by its name: no target, twist or prop."""
    return helper_kind(joint) in ("", "ends")


def _children(skeleton: Skeleton, joint: str) -> list[str]:
    parent = skeleton.index(joint)
    return [child for child, above in zip(skeleton.joints, skeleton.parents, strict=True) if above == parent]


def _strictly_between(skeleton: Skeleton, first: str, last: str) -> list[str]:
    """The joints between `first` (or the fork of the two branches) and `last`, without both."""
    fork = common_ancestor(skeleton, first, last)
    path = path_to_root(skeleton, last)
    return path[1 : path.index(fork)][::-1] if fork != last else []


def _chain_upwards(skeleton: Skeleton, top: str, sources: dict[str, str]) -> list[str]:
    """The joints above `top` without a side and without limbs, except end markers."""
    names = split_names(skeleton)
    limbs = {above for joint in sources.values() for above in path_to_root(skeleton, joint)}
    chain: list[str] = []
    joint: str | None = top
    while joint is not None:
        ahead = [child for child in _children(skeleton, joint) if child not in limbs and not names[child][0]]
        ahead = [child for child in ahead if _is_body(child)]
        joint = next((child for child in ahead if not names[child][1].endswith(_END_WORDS)), None)
        chain += [joint] if joint else []
    return chain
