"""Small labelled recordings for tests: synthetic movements of invented people, written as sources."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from motion2language.data.labelled.form import write_source
from motion2language.data.synthesis import make_recording
from motion2language.motion import Motion

#: What a source calls each action that the synthetic body can do.
LABELS = {"kick": "kick_left", "walk": "walk", "bow": "bow", "clap": "clap", "squat": "squat", "jump": "jump"}


@cache
def movement(label: str, seed: int) -> Motion:
    """A recording of a label at 20 frames per second."""
    return make_recording([3, seed], (LABELS[label],), 20.0, f"{label}_{seed}").motion


def write_people(
    folder: Path,
    source: str,
    people: Sequence[str],
    labels: Sequence[str] = tuple(LABELS),
    takes: int = 1,
    **about: Any,
) -> Path:
    """A source of each label done by each person `takes` times; returns its X.npz."""
    clips, motions = [], []
    for number, person in enumerate(people):
        for label in labels:
            for take in range(takes):
                motions.append(movement(label, 10 * number + take))
                clips.append({"id": f"{person}_{label}_{take}", "label": label, "subject": person})
    out = folder / source
    write_source(out, {"source": source} | about, clips, motions)
    return out.with_suffix(".npz")


def change(path: Path, number: int, **values: Any) -> None:
    """Rewrite values of one clip in a source's X.json; None removes a key."""
    index = path.with_suffix(".json")
    data = json.loads(index.read_text())
    clip = data["clips"][number] | values
    data["clips"][number] = {key: value for key, value in clip.items() if value is not None}
    index.write_text(json.dumps(data))
