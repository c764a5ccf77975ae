"""Two transcripts of one recording drawn as time lines, the truth above them, by `m2l compare`."""

from __future__ import annotations

import pytest

from motion2language.cli.score import compare
from motion2language.transcript import Segment, Transcript
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
