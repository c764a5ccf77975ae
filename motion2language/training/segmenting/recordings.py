"""Labelled recordings and clips as what a segmenter learns from: single actions on the canonical body, at one rate."""

from __future__ import annotations

import itertools
import warnings
from dataclasses import replace
from pathlib import Path
from typing import TypedDict

import numpy as np

from motion2language.body import to_canonical
from motion2language.data.actions import Actions
from motion2language.data.clips import find_clips, split_clips
from motion2language.data.labelled.form import read_motion
from motion2language.data.labelled.persons import split_by_person
from motion2language.data.labelled.selection import Usable, choose, read_selection
from motion2language.motion import Motion
from motion2language.training.segmenting.units import ONE_BY_ONE, Recording, between

#: How the clips of an archive are found in the table of actions, by what their labels are called there.
CLIPS = "bandai"
ARM = ("{hand", "{arm")  # slots of the phrases of what one arm may do


class _About(TypedDict):
    """What a recording knows of its action."""

    action: str
    continues: bool
    one_armed: bool


def recordings_of(each: Usable, fps: float, actions: Actions) -> list[Recording]:
    """A labelled recording, cut into one for each action where its label means several in a row."""
    motion = read_motion(each.arrays, each.fps, each.entry.number, each.entry.name)
    instants = tuple(point.start for point in each.entry.points)
    source, first = each.entry.source.partition("_")[0], each.meanings[0].action
    whole = _recording(motion, fps, actions, first, source, each.entry.person, instants)
    if len(each.meanings) == 1:
        return [whole]
    cuts = itertools.pairwise(between(whole.positions, len(each.meanings), fps))
    return [
        replace(whole, positions=whole.positions[low:high], instants=(), **_about(meaning.action, actions))
        for meaning, (low, high) in zip(each.meanings, cuts, strict=True)
    ]


def stretches_of(each: Usable, fps: float, actions: Actions) -> list[Recording]:
    """The labelled stretches of a recording, one recording each; those too short for a frame are left out."""
    motion = read_motion(each.arrays, each.fps, each.entry.number, each.entry.name)
    whole = _recording(motion, fps, actions, each.meanings[0].action, each.entry.source, each.entry.person)
    bounds = [(round(span.start * fps), round(span.end * fps)) for span in each.entry.spans]
    return [
        replace(whole, positions=whole.positions[first:last], **_about(meaning.action, actions))
        for meaning, (first, last) in zip(each.meanings, bounds, strict=True)
        if last > first
    ]


def goes_on(action: str, actions: Actions) -> bool:
    """Whether any part of the action shows it, so that two in a row are one."""
    return actions.actions[action].cut and action not in ONE_BY_ONE


def of_people(root: Path, split: str, fps: float) -> list[Recording]:
    """The recordings at `root` of people in `split` whose label means an action, or several in a row."""
    chosen = choose(read_selection(root))
    entries = [each.entry for each in chosen.recordings]
    names = {entry.name for entry in split_by_person(entries, chosen.selection.val, chosen.selection.test)[split]}
    usable = [each for each in chosen.recordings if each.entry.name in names]
    return [
        recording for each in usable if not each.entry.spans for recording in recordings_of(each, fps, chosen.actions)
    ]


def of_clips(root: Path, split: str, fps: float, actions: Actions) -> list[Recording]:
    """The clips of an archive or folder in `split` whose label the table has; others are named in a warning."""
    recordings, unknown = [], set[str]()
    for clip in split_clips(find_clips(root), seed=0)[split]:
        try:
            meanings = actions.meanings(CLIPS, clip.label)
        except ValueError:
            unknown.add(clip.label)
            continue
        if len(meanings) == 1:
            recordings.append(_recording(clip.read(), fps, actions, meanings[0].action, CLIPS))
    if unknown:
        warnings.warn(f"{root}: labels without an action are left out: {', '.join(sorted(unknown))}", stacklevel=2)
    return recordings


def _recording(
    motion: Motion,
    fps: float,
    actions: Actions,
    action: str,
    source: str,
    person: str = "",
    instants: tuple[float, ...] = (),
) -> Recording:
    positions = to_canonical(motion).resample(fps).positions.astype(np.float32)
    return Recording(positions, source=source, person=person, instants=instants, **_about(action, actions))


def _about(action: str, actions: Actions) -> _About:
    return {
        "action": action,
        "continues": goes_on(action, actions),
        "one_armed": action not in ONE_BY_ONE and any(slot in "".join(actions.actions[action].phrases) for slot in ARM),
    }
