"""Bodies in a file of nodes (FBX, glTF): which nodes are joints of one person, and the skeleton they form.

A node may be anything: a bone, a group, a mesh, a camera. The joints of a body lie below one another; the nodes
between and above them only move them. A file may hold several bodies.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from motion2language.body import PLAUSIBLE_HEIGHT, POSSIBLE_HEIGHT, UNITS, map_joints, stature
from motion2language.formats.limits import clean_name, require_joints
from motion2language.motion import Motion, Skeleton

# Joints from which a group is a body of its own rather than a part, such as a foot that a rig keeps apart. Chosen: the
# limbs alone have twelve.
_OWN_BODY = 12


@dataclass(frozen=True)
class Body:
    """One person's joints in a file of nodes.

    nodes     the joints and every node above them, parents first
    parents   of `nodes`: the place in `nodes`, -1 for none
    joints    the places of the joints in `nodes`
    skeleton  of the joints
    """

    name: str
    nodes: tuple[int, ...]
    parents: tuple[int, ...]
    joints: tuple[int, ...]
    skeleton: Skeleton


def order_nodes(parents: Sequence[int]) -> list[int]:
    """All nodes, parents before their children, siblings in the file's order; ValueError for nodes in a circle."""
    children: list[list[int]] = [[] for _ in parents]
    waiting: list[int] = []
    for node in range(len(parents) - 1, -1, -1):
        (children[parents[node]] if parents[node] >= 0 else waiting).append(node)
    order = []
    while waiting:
        order.append(waiting.pop())
        waiting += children[order[-1]]
    if len(order) < len(parents):
        raise ValueError("its nodes contain each other in a circle; is the file damaged?")
    return order


def choose_body(
    kind: str,
    names: Sequence[str],
    parents: Sequence[int],
    joints: Collection[int],
    moving: Collection[int],
    subject: str | None = None,
) -> Body:
    """The body with the most moving joints, or the one named `subject`.

    kind     the skeleton's name
    names    of the nodes; joints get them, numbered where a name is there twice
    parents  of the nodes, in any order, -1 for none
    joints   the nodes that are joints
    moving   the nodes that move

    A warning names the other moving bodies. ValueError when no joint is there, or no body has the name.
    """
    order = order_nodes(parents)
    groups = _groups(order, parents, joints)
    if not groups:
        raise ValueError("the file contains no joints; expected a character with a skeleton")
    labels = _labels(groups, names, parents)
    weight = {top: (sum(joint in moving for joint in group), len(group)) for top, group in groups.items()}
    bodies = sorted((top for top in groups if len(groups[top]) >= _OWN_BODY), key=lambda top: weight[top], reverse=True)
    shown = ", ".join(labels[top] for top in bodies[:20])
    if subject is None:
        chosen = max(groups, key=lambda top: weight[top])
        others = [labels[top] for top in bodies if top != chosen and weight[top][0] > 0]
        if others:
            warnings.warn(
                f"describes {labels[chosen]}; also moving: {', '.join(others[:20])} (choose with --subject)",
                stacklevel=2,
            )
    else:
        named = [top for top in groups if labels[top].lower() == subject.lower()]
        if not named:
            raise ValueError(f"no subject {subject!r}; the file has {shown or 'no body'}")
        chosen = named[0]
    return _body(kind, labels[chosen], groups[chosen], names, parents, order)


def credible_unit(unit: str, motion: Motion) -> str | None:
    """The unit that the format declares, or None when the body would have an impossible size: it is then detected."""
    height = _height(motion)
    low, high = POSSIBLE_HEIGHT
    return unit if height is None or low <= height * UNITS[unit] <= high else None


def fits_a_unit(motion: Motion) -> bool:
    """Whether the body has a person's size in one of the units that are detected."""
    height = _height(motion)
    low, high = PLAUSIBLE_HEIGHT
    return height is not None and any(low <= height * scale <= high for scale in UNITS.values())


def _height(motion: Motion) -> float | None:
    """The stature in the motion's own unit, from about a hundred frames; None where no body is found."""
    some = motion.positions[:: max(1, motion.frames // 100)]
    try:
        return stature(map_joints(motion.skeleton, some).apply_known(some))
    except ValueError:
        return None


def _groups(order: Sequence[int], parents: Sequence[int], joints: Collection[int]) -> dict[int, list[int]]:
    """Topmost node -> joints of a group, in order: trees of joints, put together where they are parts of one rig."""
    top = dict[int, int]()  # of a node: the topmost joint at or above it
    trees = dict[int, list[int]]()
    for node in order:
        above = top.get(parents[node])
        if above is None and node in joints:
            above = node
        if above is not None:
            top[node] = above
            if node in joints:
                trees.setdefault(above, []).append(node)
    beside = dict[int, list[int]]()  # trees below one node, such as the feet of a rig and its hips
    for root in trees:
        beside.setdefault(parents[root], []).append(root)
    groups = dict[int, list[int]]()
    for parent, roots in beside.items():
        whole = sum(len(trees[root]) >= _OWN_BODY for root in roots)
        if parent < 0 or len(roots) == 1 or whole > 1:
            groups |= {root: trees[root] for root in roots}
        else:
            groups[parent] = [parent, *(joint for root in roots for joint in trees[root])]
    return groups


def _labels(groups: Collection[int], names: Sequence[str], parents: Sequence[int]) -> dict[int, str]:
    """A name for each group: its namespace (`Ann:Hips`), the node above its top, or its top joint."""
    labels = {}
    for top in groups:
        space, colon, _ = names[top].rpartition(":")
        above = parents[top]
        labels[top] = clean_name(space if colon and space else names[above] if above >= 0 else names[top]) or "unnamed"
    count = Counter(labels.values())
    return {top: label if count[label] == 1 else clean_name(names[top]) or label for top, label in labels.items()}


def _body(
    kind: str, name: str, joints: list[int], names: Sequence[str], parents: Sequence[int], order: Sequence[int]
) -> Body:
    require_joints(len(joints))
    needed = set[int]()
    for joint in joints:
        node = joint
        while node >= 0 and node not in needed:
            needed.add(node)
            node = parents[node]
    require_joints(len(needed) // 8)  # groups above and between the joints: a few each
    nodes = [node for node in order if node in needed]
    place = {node: number for number, node in enumerate(nodes)}
    chosen = set(joints)
    inside = [node for node in nodes if node in chosen]
    column = {node: number for number, node in enumerate(inside)}
    nearest = dict[int, int]()  # of a node: the column of the joint at or above it
    above = []
    for node in nodes:
        here = nearest.get(parents[node], -1)
        if node in column:
            above.append(here)
            here = column[node]
        nearest[node] = here
    skeleton = Skeleton(kind, _unique([names[node] for node in inside]), tuple(above))
    steps = tuple(place.get(parents[node], -1) for node in nodes)
    return Body(name, tuple(nodes), steps, tuple(place[node] for node in inside), skeleton)


def _unique(names: Sequence[str]) -> tuple[str, ...]:
    """The names, cleaned; one that is there already gets a number."""
    unique = dict[str, None]()
    following = dict[str, int]()
    for name in names:
        base = candidate = clean_name(name) or "joint"
        while candidate in unique:
            following[base] = following.get(base, 1) + 1
            candidate = f"{base}_{following[base]}"
        unique[candidate] = None
    return tuple(unique)
