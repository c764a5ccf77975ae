"""Composing a benchmark: labelled clips to the pair X.npz, X.json that the corpus `compose` reads.

Sample n of a split depends on the seed, the clips, phrases and recipe, and on nothing else: more samples leave it as
it is. The same call writes the same bytes. Arrays are (T, 3 J) float32, metres, Y up.
"""

from __future__ import annotations

import json
import warnings
import zipfile
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from motion2language.body import JointMap, map_joints, to_canonical
from motion2language.data.clips import Clip, split_clips
from motion2language.data.composing.joining import Composed, compose
from motion2language.data.composing.phrases import Phrases
from motion2language.data.composing.recipe import Plan, Recipe, draw
from motion2language.files import write_atomically, write_text
from motion2language.motion import Motion

_OVERSAMPLED = 4  # clips are kept at so many times the rate of the benchmark at most, to be played faster


@dataclass(frozen=True, eq=False)
class _Material:
    """Clips by split and label, their recordings by name, all on one skeleton, and where its hips are."""

    clips: Mapping[str, Mapping[str, Sequence[Clip]]]
    motions: Mapping[str, Motion]
    body: JointMap


def write(
    out: Path,
    clips: Sequence[Clip],
    phrases: Phrases,
    recipe: Recipe,
    sizes: Mapping[str, int],
    seed: int,
    fps: float,
    step: Callable[[str, int], None] = lambda what, total: None,
) -> dict[str, int]:
    """Compose `sizes[split]` motions of each split into out.npz and out.json; gives the clips used by split.

    step  called before each clip read and each motion composed, with what is done and how many of it there are

    ValueError when a label has no phrases, a clip cannot be used, or a split has no clips; warnings count what is left
    out.
    """
    arrays, index = pair(out)
    if not arrays.absolute().parent.is_dir():
        raise ValueError(f"{out}: cannot be written; choose a folder that exists and is yours")
    material = _prepare(clips, phrases, recipe, sizes, seed, fps, step)
    durations = {name: motion.duration for name, motion in material.motions.items()}
    samples: dict[str, Any] = {}
    jobs = [(split, number) for split in sizes for number in range(sizes[split])]

    def fill(file: BinaryIO) -> None:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for split, number in jobs:
                step("composing", len(jobs))
                random = np.random.default_rng([seed, list(sizes).index(split), number])
                plan = draw(material.clips[split], durations, phrases, recipe, random)
                made = compose(plan, material.motions, material.body, recipe, fps, random)
                name = f"{split}_{number:05d}"
                with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as entry:
                    np.lib.format.write_array(entry, made.positions.reshape(len(made.positions), -1))
                samples[name] = {"split": split} | _described(plan, made, phrases)

    write_atomically(arrays, fill)
    skeleton = material.body.skeleton
    described = {"joints": skeleton.joints, "parents": skeleton.parents, "fps": fps, "unit": "m", "up": "y"}
    made_of = {"seed": seed, "recipe": asdict(recipe), "phrases": phrases.model_dump()}
    write_text(index, json.dumps(described | {"verb_forms": phrases.verb_forms()} | made_of | {"samples": samples}))
    return {split: sum(map(len, by_label.values())) for split, by_label in material.clips.items()}


def pair(out: Path) -> tuple[Path, Path]:
    """OUT.npz and OUT.json; OUT may be given with either suffix."""
    stem = out.with_suffix("") if out.suffix in (".npz", ".json") else out
    return stem.with_name(f"{stem.name}.npz"), stem.with_name(f"{stem.name}.json")


def _described(plan: Plan, made: Composed, phrases: Phrases) -> dict[str, Any]:
    """Captions, and each action with the clip it came from."""
    segments = [
        {"action": take.clip.label, "verb": phrases.actions[take.clip.label].verb}
        | {"start": start, "end": end, "clip": take.clip.name}
        for take, (start, end) in zip(plan.takes, made.spans, strict=True)
    ]
    return {"captions": plan.captions, "segments": segments}


def _prepare(
    clips: Sequence[Clip],
    phrases: Phrases,
    recipe: Recipe,
    sizes: Mapping[str, int],
    seed: int,
    fps: float,
    step: Callable[[str, int], None],
) -> _Material:
    """The clips that can be used, read and split."""
    wanted = _known(clips, phrases)
    motions = _read(wanted, fps, step)
    short = [name for name, motion in motions.items() if motion.duration < recipe.shortest]
    if short:
        named = f"{len(short)} of {len(motions)} clips are shorter than {recipe.shortest} s and left out: "
        warnings.warn(named + ", ".join(short[:3]), stacklevel=3)
    usable = [clip for clip in wanted if clip.name not in short]
    if len(usable) < 2:
        raise ValueError(
            f"{len(usable)} of {len(clips)} clips can be used ({len(clips) - len(wanted)} of labels left out, "
            f"{len(short)} too short); a benchmark needs more"
        )
    splits = split_clips(usable, seed)
    for split, size in sizes.items():
        if size and not splits[split]:
            raise ValueError(
                f"no clip for {split}, of which {size} motions are wanted: {len(usable)} clips of "
                f"{len({clip.label for clip in usable})} labels; a label needs three clips to be in each split"
            )
    used = [clip for split in sizes if sizes[split] for clip in splits[split]]
    kept = _on_one_skeleton({clip.name: motions[clip.name] for clip in used})
    some = next(iter(kept.values()))
    by_label = {split: _by_label(splits[split]) for split in sizes if sizes[split]}
    return _Material(by_label, kept, map_joints(some.skeleton, some.positions))


def _read(clips: Sequence[Clip], fps: float, step: Callable[[str, int], None]) -> dict[str, Motion]:
    """Every clip's recording, once it is known to be of a person of human size whose left is left."""
    motions = {}
    for clip in clips:
        step("reading", len(clips))
        motion = clip.read()
        to_canonical(motion)
        motions[clip.name] = motion.resample(min(motion.fps, _OVERSAMPLED * fps))
    return motions


def _known(clips: Sequence[Clip], phrases: Phrases) -> list[Clip]:
    """The clips whose labels have phrases; a label that has none and is not left out on purpose is an error."""
    counts = Counter(clip.label for clip in clips)
    unknown = {label: n for label, n in counts.items() if label not in phrases.actions}
    strange = {label: n for label, n in unknown.items() if label not in phrases.leave_out}
    if strange:
        named = ", ".join(f"{label} ({n})" for label, n in sorted(strange.items(), key=lambda pair: -pair[1])[:8])
        raise ValueError(
            f"{len(strange)} of {len(counts)} labels, of {sum(strange.values())} of {len(clips)} clips, have no "
            f"phrases: {named}; add them to the file of --phrases, or to its leave_out"
        )
    if unknown:
        named = ", ".join(f"{label} ({n})" for label, n in sorted(unknown.items()))
        warnings.warn(f"left out as the phrases say: {named}", stacklevel=3)
    if otherwise := phrases.named_otherwise():
        warnings.warn(
            f"{len(otherwise)} phrases name another verb than their action's, or none, such as {otherwise[0]}; "
            "segments are scored by verb",
            stacklevel=3,
        )
    return [clip for clip in clips if clip.label in phrases.actions]


def _on_one_skeleton(motions: Mapping[str, Motion]) -> dict[str, Motion]:
    """The recordings as they are where they share a skeleton, else on the canonical body."""
    trees = {(motion.skeleton.joints, motion.skeleton.parents) for motion in motions.values()}
    return dict(motions) if len(trees) == 1 else {name: to_canonical(motion) for name, motion in motions.items()}


def _by_label(clips: Sequence[Clip]) -> dict[str, list[Clip]]:
    found: dict[str, list[Clip]] = defaultdict(list)
    for clip in clips:
        found[clip.label].append(clip)
    return dict(found)
