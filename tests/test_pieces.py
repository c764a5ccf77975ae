"""write_pieces: one file per segment, its frames where the recording has them; no file when one cannot be cut."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from small import recording

from motion2language.formats.pieces import file_name, write_pieces
from motion2language.formats.reading import read_motion
from motion2language.motion import Motion
from motion2language.transcript import Segment, Transcript


def transcript(motion: Motion, *segments: Segment) -> Transcript:
    return Transcript(segments, motion.duration, "take.bvh", "someone")


def test_each_file_contains_its_frames_with_its_root_in_place(tmp_path: Path) -> None:
    motion = recording(2)
    parts = (Segment(1.5, 2.6, "turn left"), Segment(0.0, 1.5, "walk"), Segment(2.6, motion.duration, None))
    written = write_pieces(motion, transcript(motion, *parts), tmp_path, "take")
    names = ["take_01_walk.bvh", "take_02_turn-left.bvh", "take_03_segment.bvh"]
    assert [path.name for path, _ in written] == names == sorted(path.name for path in tmp_path.iterdir())
    assert [segment.label for _, segment in written] == ["walk", "turn left", None]
    frames = 0
    for path, segment in written:
        piece = read_motion(path)
        expected = motion.clip(segment.start, segment.end)
        assert piece.fps == motion.fps
        assert piece.skeleton.joints[0] == motion.skeleton.joints[0]
        columns = [piece.skeleton.index(joint) for joint in motion.skeleton.joints]
        np.testing.assert_allclose(piece.positions[:, columns], expected.positions, atol=1e-4)
        frames += piece.frames
    assert frames == motion.frames
    walked = [read_motion(path).positions[0, 0] for path, _ in written]
    assert np.ptp(np.array(walked)[:, [0, 2]], axis=0).max() > 0.01, "the roots are not all at one place"


def test_ten_segments_and_more_stay_in_order(tmp_path: Path) -> None:
    motion = recording(2)
    parts = [Segment(n / 50, (n + 4) / 50, "walk") for n in range(101)]
    paths = [path.name for path, _ in write_pieces(motion, transcript(motion, *parts), tmp_path, "t")]
    assert paths == sorted(paths)
    assert paths[0] == "t_001_walk.bvh"


def test_no_segments_are_no_files(tmp_path: Path) -> None:
    assert write_pieces(recording(2), transcript(recording(2)), tmp_path, "take") == []
    assert list(tmp_path.iterdir()) == []


def test_a_segment_without_a_frame_writes_nothing(tmp_path: Path) -> None:
    motion = recording(2)
    parts = (Segment(0, 1, "walk"), Segment(1.001, 1.002, "blink"))
    with pytest.raises(ValueError, match=r"no frame between 1.001 s and 1.002 s"):
        write_pieces(motion, transcript(motion, *parts), tmp_path, "take")
    assert list(tmp_path.iterdir()) == []


def test_a_transcript_of_another_recording_is_refused(tmp_path: Path) -> None:
    motion = recording(2)
    other = Transcript((Segment(0, 1, "walk"),), motion.duration + 5, "other.bvh")
    with pytest.raises(ValueError, match=r"but the transcript is of other.bvh of .* s; give the transcript of"):
        write_pieces(motion, other, tmp_path, "take")


@pytest.mark.parametrize(
    ("label", "expected"),
    [("walk", "walk"), ("../../etc/passwd", "etc-passwd"), ('a "b"\\c:d*?', "a-b-c-d"), ("跳ぶ", "跳ぶ"),
     (None, "segment"),
     ("...", "segment"), ("x" * 300, "x" * 40), ("CON", "CON"), ("two  words_here", "two-words-here")],
)  # fmt: skip
def test_labels_become_names_of_files(label: str | None, expected: str) -> None:
    assert file_name(label) == expected


def test_a_missing_folder_is_an_error_of_one_line(tmp_path: Path) -> None:
    motion = recording(2)
    with pytest.raises(ValueError, match="cannot be written"):
        write_pieces(motion, transcript(motion, Segment(0, 1, "walk")), tmp_path / "none", "take")
