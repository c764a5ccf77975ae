"""Arms of one recording on the body of another: what one sensor saw of an action, as other people and sensors show it.

Most actions of the arms are recorded by one or two sensors only. Here their paths stay, and how the trunk turns and
leans with them; legs, hips, bones and trembling are those of somebody else who stands.

`python -m motion2language.data.synthesis.arms PEOPLE OUT` writes labelled recordings (data/labelled/form.py): for each
source of PEOPLE whose people stand a pair SOURCE_arms.npz and .json, on their bodies. Arms and bodies are those of
people in the training split. PEOPLE may be a TOML file that chooses sources.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from motion2language.data.actions import load_actions
from motion2language.data.synthesis.body import SIDES, two_bones
from motion2language.data.synthesis.recorded_bodies import (
    FPS,
    bodies_of,
    bone_length,
    chest_axes,
    hip_axes,
    to_and_fro,
    training_recordings,
    trembling,
    turn_above,
    write_shown,
)
from motion2language.files import make_folder
from motion2language.motion import CANONICAL, Motion

EACH = 6  # bodies that show a recording's arms; chosen
SHORTEST, LONGEST = 6, 120  # frames of a recording whose arms are shown; chosen
#: Actions of both arms, beside those whose phrases say which arm does them.
BOTH = frozenset(
    (
        "clap", "cross the arms", "hands to the head", "letter pose", "beat time", "put on goggles", "shoot a gun",
        "fly", "swim", "cheer", "read", "type", "play the guitar", "play a game", "swing a bat", "swing a golf club",
        "shoot a ball",
    )
)  # fmt: skip


def arms_on_body(positions: np.ndarray, base: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """What arms and trunk of a recording (T, 21, 3) do, as the body of `base` (T', 21, 3) shows it, (T, 21, 3)."""
    frames, given = len(positions), positions.astype(np.float64)
    shown = base[to_and_fro(len(base), frames, random)].astype(np.float64)
    lean = hip_axes(shown) @ np.swapaxes(hip_axes(given), 1, 2) @ chest_axes(given)
    turn_above(shown, lean @ np.swapaxes(chest_axes(shown), 1, 2))
    chest, from_chest, trembles = chest_axes(shown), chest_axes(given), trembling(base)
    for side in SIDES:
        shoulder, elbow, wrist = (CANONICAL.index(f"{side}_{joint}") for joint in ("shoulder", "elbow", "wrist"))
        pairs = (shoulder, elbow), (elbow, wrist)
        bones = [bone_length(base, *pair) for pair in pairs]
        share = sum(bones) / sum(bone_length(given, *pair) for pair in pairs)
        hand, hint = (
            np.einsum("tij,tkj,tk->ti", chest, from_chest, given[:, joint] - given[:, shoulder])
            for joint in (wrist, elbow)
        )
        shown[:, elbow], shown[:, wrist] = two_bones(
            shown[:, shoulder], shown[:, shoulder] + share * hand, bones[0], bones[1], hint
        )
        for joint in (elbow, wrist):
            shown[:, joint] += random.normal(0, trembles, (frames, 3))
    return shown.astype(np.float32)


def write(people: Path, out: Path, seed: int = 0) -> int:
    """Write the labelled recordings of arms on the bodies of other sources; returns how many."""
    make_folder(out)
    bodies = {source: standing for source, (standing, _) in bodies_of(people).items() if standing}
    shown: dict[str, list[tuple[str, Motion]]] = defaultdict(list)
    for source, action, motion in _shown(people, bodies, np.random.default_rng(seed)):
        shown[source].append((action, motion))
    return sum(
        write_shown(out / f"{source}_arms", own, "arms of others, moved by motion2language")
        for source, own in shown.items()
    )


def _shown(
    people: Path, bodies: Mapping[str, Sequence[np.ndarray]], random: np.random.Generator
) -> Iterator[tuple[str, str, Motion]]:
    """The source of the body, the action, and the recording; sensors with one name up to "_" are the same."""
    actions = load_actions().actions
    for each, motion in training_recordings(people):
        action = each.meanings[0].action if len(each.meanings) == 1 and not each.entry.points else ""
        if not (action in BOTH or (action in actions and actions[action].limb == "arm")):
            continue
        own = each.entry.source.partition("_")[0]
        others = [source for source in bodies if source.partition("_")[0] != own]
        if not others or not SHORTEST <= motion.frames <= LONGEST:
            continue
        for _ in range(EACH):
            source = others[int(random.integers(len(others)))]
            base = bodies[source][int(random.integers(len(bodies[source])))]
            yield source, action, Motion(arms_on_body(motion.positions, base, random), FPS, CANONICAL)


if __name__ == "__main__":
    print(f"{sys.argv[2]}: {write(Path(sys.argv[1]), Path(sys.argv[2]))} recordings of arms on other bodies")
