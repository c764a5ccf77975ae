"""Open a BVH in Blender with a marker on the timeline for each segment of its transcript.

    m2l caption take.bvh --format json
    blender --python docs/blender_segments.py -- take.bvh take.json

A marker stands at the first frame of each segment and is named by its words; one named "end" closes a segment that the
next does not follow at once. It needs Blender alone, neither this package nor numpy.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import bpy


def add_markers(segments: list[dict], fps: float) -> None:
    """Add the markers to the scene; the times of `segments` are seconds, frames begin at 1."""
    markers = bpy.context.scene.timeline_markers
    starts = {to_frame(segment["start"], fps) for segment in segments}
    for segment in segments:
        markers.new(segment["text"] or segment["label"] or "segment", frame=to_frame(segment["start"], fps))
        if (end := to_frame(segment["end"], fps)) not in starts:
            markers.new("end", frame=end)


def to_frame(seconds: float, fps: float) -> int:
    """The frame of the timeline that is shown at a time."""
    return 1 + round(seconds * fps)


def main(recording: Path, transcript: Path) -> None:
    """Import the recording at its own frame rate, and add the markers."""
    data = json.loads(transcript.read_text(encoding="utf-8"))
    if data["source"] != recording.name:
        raise SystemExit(f"{transcript}: is of {data['source']}, not of {recording.name}")
    bpy.ops.import_anim.bvh(filepath=str(recording), update_scene_fps=True, update_scene_duration=True)
    render = bpy.context.scene.render
    add_markers(data["segments"], render.fps / render.fps_base)


if __name__ == "__main__":
    given = sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else []
    if len(given) != 2:
        raise SystemExit("give a BVH and its transcript: blender --python blender_segments.py -- take.bvh take.json")
    main(Path(given[0]), Path(given[1]))
