"""docs/blender_segments.py sets a marker at each segment; Blender itself is replaced by what the script asks of it."""

import json
import runpy
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

SCRIPT = Path(__file__).parent.parent / "docs" / "blender_segments.py"


@pytest.fixture
def blender(monkeypatch, tmp_path):
    """Run the script on segments of take.bvh; returns the markers and what was imported."""
    markers, imported = [], []
    scene = SimpleNamespace(
        timeline_markers=SimpleNamespace(new=lambda name, frame: markers.append((frame, name))),
        render=SimpleNamespace(fps=30, fps_base=1.0),
    )
    anim = SimpleNamespace(bvh=lambda **options: imported.append(options))
    monkeypatch.setitem(
        sys.modules,
        "bpy",
        SimpleNamespace(context=SimpleNamespace(scene=scene), ops=SimpleNamespace(import_anim=anim)),
    )

    def run(segments: list[dict], source: str = "take.bvh"):
        path = tmp_path / "take.json"
        path.write_text(json.dumps({"source": source, "segments": segments}))
        monkeypatch.setattr(sys, "argv", ["blender", "--", "take.bvh", str(path)])
        runpy.run_path(str(SCRIPT), run_name="__main__")
        return markers, imported

    return run


def segment(start: float, end: float, text: str, label: str | None = "walk") -> dict:
    return {"start": start, "end": end, "text": text, "label": label}


def test_each_segment_has_a_marker_and_gaps_are_closed(blender):
    markers, imported = blender([segment(0, 1, "walks"), segment(1, 2, "", "kick"), segment(2.5, 3, "", None)])
    assert markers == [(1, "walks"), (31, "kick"), (61, "end"), (76, "segment"), (91, "end")]
    assert imported == [{"filepath": "take.bvh", "update_scene_fps": True, "update_scene_duration": True}]


def test_a_transcript_of_another_recording_is_refused(blender):
    with pytest.raises(SystemExit, match=r"is of other\.bvh, not of take\.bvh"):
        blender([], "other.bvh")
