"""Corrected transcripts as labels: m2l data collect takes the segments that somebody checked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from people import movement

from motion2language.data.labelled.form import read_source
from motion2language.formats import bvh
from motion2language.server.corrections import CorrectedFile
from motion2language.transcript import Segment, Transcript

WHO = {"by": "Ann", "when": "2026-01-02T03:04:05Z"}


@pytest.fixture
def corrected(tmp_path) -> Path:
    """Two recordings of one name in two folders, and their corrections elsewhere; one part of the second is checked."""
    for number, (person, checked) in enumerate((("ann", (True, True)), ("bob", (False, True)))):
        recording = tmp_path / "takes" / person / "kick.bvh"
        recording.parent.mkdir(parents=True)
        motion = movement("kick", number)
        bvh.write(motion, recording)
        half = motion.duration / 2
        parts = (Segment(0.0, half, "kick"), Segment(half, motion.duration, "walk"))
        data = Transcript(parts, motion.duration, "kick.bvh", "tiny").to_dict()
        original = json.loads(json.dumps(data))
        for segment, one in zip(data["segments"], checked, strict=True):
            segment |= {"made": WHO, "checked": WHO if one else None}
        correction = {"version": 1, "person": "Ann", "saved": WHO["when"], "original": original}
        place = tmp_path / "corrected" / f"{person}.corrected.json"
        place.parent.mkdir(exist_ok=True)
        CorrectedFile(place, "kick.bvh", motion.duration, recording).write(data | {"correction": correction})
    return tmp_path / "corrected"


def test_checked_segments_become_labelled_parts(m2l, corrected, tmp_path):
    status, out, _ = m2l("data", "collect", tmp_path / "takes", "--labels", corrected, "--out", tmp_path / "mine.npz")
    assert status == 0
    assert "3 labels: walk 2, kick 1" in out or "3 labels: kick 1, walk 2" in out
    ann, bob = read_source(tmp_path / "mine.npz").entries
    assert [span.label for span in ann.spans] == ["kick", "walk"]
    assert ann.spans[0].end == pytest.approx(ann.spans[1].start, abs=1e-3)
    assert [(span.label, span.start > 0) for span in bob.spans] == [("walk", True)]


def test_folders_without_corrections_and_other_files_are_one_line(m2l, corrected, tmp_path):
    (tmp_path / "empty").mkdir()
    words = ["data", "collect", tmp_path / "takes", "--out", tmp_path / "mine.npz", "--labels"]
    assert "holds no checked segment; correct recordings with m2l view --edit" in m2l(*words, tmp_path / "empty")[2]
    (corrected / "other.json").write_text("{")
    status, _, err = m2l(*words, corrected)
    assert status != 0
    assert "other.json: not a corrected transcript" in err
    assert not (tmp_path / "mine.npz").exists()
