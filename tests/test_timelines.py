"""Two transcripts of one recording drawn as time lines, the truth above them, by `m2l compare`."""

from __future__ import annotations

from dataclasses import replace

import pytest

from motion2language.cli.score import compare
from motion2language.transcript import Segment, TimedWord, Transcript
from motion2language.writers import write

pytest.importorskip("matplotlib")

TRUTH = Transcript((Segment(0.5, 3.0, "walk"), Segment(3.0, 3.6, "pick up"), Segment(4.0, 4.1, "throw")), 6.0, "take")
SAID = Transcript((Segment(0.0, 2.0, "walk"), Segment(2.0, 5.0, "raise the knee")), 6.0, "take")


def _written(tmp_path, *names: str) -> list:
    paths = []
    for name, transcript in zip(names, (SAID, TRUTH, TRUTH), strict=False):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        write(transcript, tmp_path / name)
        paths.append(tmp_path / name)
    return paths


def test_time_lines_show_every_label_that_fits_and_the_names(tmp_path) -> None:
    first, second, truth = _written(tmp_path, "before/take.json", "after/take.json", "truth.json")
    out = tmp_path / "picture.svg"
    assert compare(first, second, truth=truth, out=out) == 0
    drawn = out.read_text(encoding="utf-8")
    assert all(
        f"<!-- {text} -->" in drawn for text in ("truth", "before", "after", "walk", "pick up", "raise the knee")
    )
    assert "<!-- throw -->" not in drawn  # 0.1 s has no room for it
    compare(first, second, out=tmp_path / "picture.png")
    assert (tmp_path / "picture.png").read_bytes().startswith(b"\x89PNG")


def test_a_take_without_segments_is_an_empty_line(tmp_path) -> None:
    write(Transcript((), 6.0, "take"), tmp_path / "nothing.json")
    (said,) = _written(tmp_path, "said.json")
    assert compare(said, tmp_path / "nothing.json", out=tmp_path / "picture.svg") == 0


def test_an_unknown_action_is_not_named_and_a_doubtful_one_has_a_question_mark(tmp_path) -> None:
    segments = (
        Segment(0.0, 2.0, "walk", known=False),
        Segment(2.0, 4.0, "kick", probability=0.3),
        Segment(4.0, 6.0, "jump", confidence=0.9),
        Segment(6.0, 8.0, None, (TimedWord("runs", 7.0, 6.5, 7.5),), known=False),
    )
    (truth,) = _written(tmp_path, "truth.json")
    write(Transcript(segments, 8.0, "take"), tmp_path / "said.json")
    write(replace(TRUTH, duration=8.0), truth)
    compare(tmp_path / "said.json", truth, out=tmp_path / "picture.svg")
    drawn = (tmp_path / "picture.svg").read_text(encoding="utf-8")
    assert all(f"<!-- {text} -->" in drawn for text in ("kick ?", "jump"))
    assert drawn.count("<!-- unknown -->") == 2
    assert drawn.count("<!-- walk -->") == 1  # the other transcript's
    assert "<!-- runs -->" not in drawn


@pytest.mark.parametrize(("longer", "notes"), [(0.2, 0), (0.4, 1)])
def test_transcripts_of_other_durations_are_drawn_with_a_note(longer, notes, tmp_path, m2l) -> None:
    first, second = _written(tmp_path, "a.json", "b.json")
    write(replace(TRUTH, duration=6.0 + longer), tmp_path / "right.json")
    status, _, err = m2l("compare", first, second, "--truth", tmp_path / "right.json", "--out", tmp_path / "p.svg")
    assert (status, len(err.splitlines())) == (0, notes)
    if notes:
        assert "a lasts 6.00 s and truth 6.40 s: they may be of different recordings" in err


def test_a_transcript_in_a_folder_called_truth_keeps_its_line(tmp_path) -> None:
    first, second, third = _written(tmp_path, "truth/take.json", "after/take.json", "truth.json")
    compare(first, second, truth=third, out=tmp_path / "picture.svg")
    drawn = (tmp_path / "picture.svg").read_text(encoding="utf-8")
    assert drawn.count("<!-- walk -->") == 3


def test_what_is_wrong_with_the_files_is_said_before_the_picture_is_asked_for(tmp_path) -> None:
    first, second = _written(tmp_path, "a.json", "b.json")
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(ValueError, match="folder: a folder beside a transcript; give transcripts"):
        compare(first, folder)
    with pytest.raises(ValueError, match="folder: a folder beside a transcript; give transcripts"):
        compare(folder, first)
    with pytest.raises(FileNotFoundError, match=r"c\.json: not found; expected a transcript"):
        compare(first, tmp_path / "c.json")
    with pytest.raises(ValueError, match=r"b\.json: given twice"):
        compare(first, second, also=[second], out=tmp_path / "p.png")
    (tmp_path / "hand.json").write_text('{"segments": []}', encoding="utf-8")
    with pytest.raises(ValueError, match=r'hand\.json: not a transcript: it has no "schema", expected '):
        compare(first, second, truth=tmp_path / "hand.json", out=tmp_path / "p.png")


def test_what_cannot_be_drawn_is_said(tmp_path) -> None:
    first, second, _ = _written(tmp_path, "a.json", "b.json", "c.json")
    for options, expected in (
        ({}, "name the picture with --out"),
        ({"out": tmp_path / "p.png", "curves": tmp_path / "c.png"}, "--curves is for runs"),
        ({"out": tmp_path / "p.gif"}, r"expected \.png"),
        ({"out": tmp_path / "nowhere" / "p.png"}, "cannot be written"),
    ):
        with pytest.raises(ValueError, match=expected):
            compare(first, second, **options)
    with pytest.raises(ValueError, match="given twice"):
        compare(first, first, out=tmp_path / "p.png")
    with pytest.raises(ValueError, match="have no pictures"):
        compare(tmp_path, tmp_path, out=tmp_path / "p.png")
    (tmp_path / "clips.csv").touch()
    with pytest.raises(ValueError, match="these are folders"):
        compare(tmp_path, tmp_path, out=tmp_path / "p.png")
    (tmp_path / "d.json").write_text("[1", encoding="utf-8")
    with pytest.raises(ValueError, match="not JSON"):
        compare(first, tmp_path / "d.json", out=tmp_path / "p.png")
