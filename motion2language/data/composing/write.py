"""Composing a benchmark: from labelled clips to the pair X.npz, X.json that the corpus `compose` reads.

Sample n of a split depends only on the seed, the clips, phrases and recipe: more samples do not change it. The same
call writes the same bytes. Arrays are (T, 3 J) float32, metres, Y up.
"""

from __future__ import annotations

import warnings
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from motion2language.body import JointMap, map_joints, to_canonical
from motion2language.data.clips import Clip, split_clips
from motion2language.data.composing.joining import Composed, compose
from motion2language.data.composing.pairs import Composed as PairEntry
from motion2language.data.composing.pairs import require_folder, write_pair
from motion2language.data.composing.phrases import Phrases
from motion2language.data.composing.recipe import Plan, Recipe, draw
from motion2language.data.index import first_three
from motion2language.motion import Motion

_OVERSAMPLED = 4  # clips keep at most this many times the benchmark's frame rate, so that they can be played faster


@dataclass(frozen=True, eq=False)
class _Settings:
    """What `write` composes motions by, as its arguments."""

    phrases: Phrases
    recipe: Recipe
    sizes: Mapping[str, int]
    seed: int
    fps: float
    step: Callable[[str, int], None]


@dataclass(frozen=True, eq=False)
class _Material:
    """Clips by split and label, their recordings by name, all on one skeleton, and the map that finds its hips."""

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
    step: Callable[[str, int], None] = lambda stage, total: None,
) -> dict[str, int]:
    """Compose `sizes[split]` motions per split into out.npz and out.json; returns how many clips each split uses.

    step  called before each clip is read and each motion is composed, with the stage and its total

    ValueError when a label has no phrases, a clip cannot be used, or a split has no clips; warnings count skipped
    clips.
    """
    require_folder(out)
    settings = _Settings(phrases, recipe, sizes, seed, fps, step)
    material = _prepare(clips, settings)
    skeleton = material.body.skeleton
    header = {"joints": skeleton.joints, "parents": skeleton.parents, "fps": fps, "unit": "m", "up": "y"}
    header |= {"verb_forms": phrases.verb_forms(), "wordings": phrases.wordings()}
    header |= {"seed": seed, "recipe": asdict(recipe), "phrases": phrases.model_dump()}
    write_pair(out, _compose_all(material, settings), header)
    return {split: sum(map(len, by_label.values())) for split, by_label in material.clips.items()}


def _compose_all(material: _Material, settings: _Settings) -> Iterator[PairEntry]:
    """Name, positions and entry in the index of each motion, split by split."""
    durations = {name: motion.duration for name, motion in material.motions.items()}
    phrases, recipe, sizes = settings.phrases, settings.recipe, settings.sizes
    jobs = [(split, number) for split in sizes for number in range(sizes[split])]
    for split, number in jobs:
        settings.step("composing", len(jobs))
        random = np.random.default_rng([settings.seed, list(sizes).index(split), number])
        plan = draw(material.clips[split], durations, phrases, recipe, random)
        composed = compose(plan, material.motions, material.body, recipe, settings.fps, random)
        yield f"{split}_{number:05d}", composed.positions, {"split": split} | _annotate(plan, composed, phrases)


def _annotate(plan: Plan, composed: Composed, phrases: Phrases) -> dict[str, Any]:
    """Captions, and each action with its clip."""
    segments = [
        {"action": take.clip.label, "verb": phrases.actions[take.clip.label].verb}
        | {"start": start, "end": end, "clip": take.clip.name}
        for take, (start, end) in zip(plan.takes, composed.spans, strict=True)
    ]
    return {"captions": plan.captions, "segments": segments}


def _prepare(clips: Sequence[Clip], settings: _Settings) -> _Material:
    """The clips that can be used, read and split."""
    shortest, sizes = settings.recipe.shortest, settings.sizes
    known = _with_phrases(clips, settings.phrases)
    motions = _read(known, settings.fps, settings.step)
    short = [name for name, motion in motions.items() if motion.duration < shortest]
    if short:
        named = f"{len(short)} of {len(motions)} clips are shorter than {shortest} s and left out: "
        warnings.warn(named + first_three(short), stacklevel=3)
    usable = [clip for clip in known if clip.name in motions and clip.name not in short]
    if len(usable) < 2:
        raise ValueError(
            f"{len(usable)} of {len(clips)} clips can be used ({len(clips) - len(known)} of labels left out, "
            f"{len(short)} too short); a benchmark needs more"
        )
    splits = split_clips(usable, settings.seed)
    for split, size in sizes.items():
        if size and not splits[split]:
            raise ValueError(
                f"no clip for the {size} motions of {split}: {len(usable)} clips of "
                f"{len({clip.label for clip in usable})} labels; a label needs three clips to be in each split"
            )
    used = [clip for split in sizes if sizes[split] for clip in splits[split]]
    alike = _on_one_skeleton({clip.name: motions[clip.name] for clip in used})
    first = next(iter(alike.values()))
    by_label = {split: _by_label(splits[split]) for split in sizes if sizes[split]}
    return _Material(by_label, alike, map_joints(first.skeleton, first.positions))


def _read(clips: Sequence[Clip], fps: float, step: Callable[[str, int], None]) -> dict[str, Motion]:
    """The recording of every clip that can be mapped to the body, has human size, and its sides as named.

    Others are left out with a warning that names them and the first reason.
    """
    motions, faults = {}, {}
    for clip in clips:
        step("reading", len(clips))
        try:
            motion = clip.read()
            to_canonical(motion)
        except ValueError as error:
            faults[clip.name] = str(error)
            continue
        motions[clip.name] = motion.resample(min(motion.fps, _OVERSAMPLED * fps))
    if faults:
        named = f"{len(faults)} of {len(clips)} clips cannot be used and are left out: {first_three(list(faults))}"
        warnings.warn(f"{named} ({next(iter(faults.values()))})", stacklevel=4)
    return motions


def _with_phrases(clips: Sequence[Clip], phrases: Phrases) -> list[Clip]:
    """The clips whose labels have phrases; any other label must be in the phrases' leave_out."""
    counts = Counter(clip.label for clip in clips)
    unknown = {label: n for label, n in counts.items() if label not in phrases.actions}
    missing = {label: n for label, n in unknown.items() if label not in phrases.leave_out}
    if missing:
        named = ", ".join(f"{label} ({n})" for label, n in sorted(missing.items(), key=lambda pair: -pair[1])[:8])
        raise ValueError(
            f"{len(missing)} of {len(counts)} labels, of {sum(missing.values())} of {len(clips)} clips, have no "
            f"phrases: {named}; add them to the file of --phrases, or to its leave_out"
        )
    if unknown:
        named = ", ".join(f"{label} ({n})" for label, n in sorted(unknown.items()))
        warnings.warn(f"left out, as listed in leave_out of the phrases: {named}", stacklevel=3)
    if otherwise := phrases.misread_phrases():
        warnings.warn(
            f"{len(otherwise)} phrases do not name exactly their action's verb, such as {otherwise[0]}; "
            'segments are scored by verb: train with actions = "BENCHMARK.json", so that whole phrases name it',
            stacklevel=3,
        )
    return [clip for clip in clips if clip.label in phrases.actions]


def _on_one_skeleton(motions: Mapping[str, Motion]) -> dict[str, Motion]:
    """The recordings, unchanged if they share a skeleton, else on the canonical body."""
    trees = {(motion.skeleton.joints, motion.skeleton.parents) for motion in motions.values()}
    return dict(motions) if len(trees) == 1 else {name: to_canonical(motion) for name, motion in motions.items()}


def _by_label(clips: Sequence[Clip]) -> dict[str, list[Clip]]:
    by_label: dict[str, list[Clip]] = defaultdict(list)
    for clip in clips:
        by_label[clip.label].append(clip)
    return dict(by_label)
