"""m2l reproduce takes, and m2l teach-takes --start, on small recordings: tables, transcripts, what cannot be asked."""

from __future__ import annotations

import numpy as np
import pytest
from people import movement, write_people

from motion2language.captioning.loading import load_model
from motion2language.data.labelled.form import write_source
from motion2language.training.reproduce import takes
from motion2language.transcript import Segment, Transcript
from motion2language.writers.json import read

PEOPLE = ("ann", "bob", "cat", "dan")


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Takes cut by hand; and recordings of four people, of one of them with instants marked."""
    pytest.importorskip("ruptures")
    root = tmp_path_factory.mktemp("takes")
    strikes = [{"label": "kick", "start": 0.5, "end": 1.5}, {"label": "kick", "start": 1.5, "end": 2.5}]
    clips = [{"id": "take", "segments": [*strikes, {"label": "clap", "start": 3.0, "end": 3.6}]}]
    write_source(root / "hall", {"source": "hall"}, clips, [movement("walk", 1)])
    people = tmp_path_factory.mktemp("people")
    write_people(people, "one", PEOPLE, ("kick", "clap", "squat", "walk"), takes=2)
    return root, people


def test_the_tables_have_each_way_to_describe_and_the_floors(folders, tmp_path, m2l, monkeypatch) -> None:
    monkeypatch.setattr(takes, "SESSIONS", 3)
    root, people = folders
    out = tmp_path / "out"
    status, printed, err = m2l("reproduce", "takes", "--root", root, "--people", people, "--models", "default", "live",
                               "--out", out)  # fmt: skip
    assert status == 0, err
    assert (out / "table.md").read_text(encoding="utf-8") + f"wrote {out}\n" == printed
    for heading in (
        "**hall** (1 takes, 3 segments, 3 of",
        "**hall, repetitions joined** (1 takes, 2 seg",
        "**sessions**",
    ):
        assert heading in printed
    rows = [line.split(" | ")[0] for line in printed.splitlines()]
    assert all(f"| {name}" in rows for name in ("default", "default-sentence", "live", "n equal cuts"))
    assert "| live-sentence" not in rows  # it says one sentence anyhow
    assert "| default-sentence-known" not in rows
    truth = read(out / "truth" / "hall_take.json")
    assert [segment.label for segment in truth.segments] == ["kick", "kick", "clap"]
    assert read(out / "default" / "hall_take.json").duration == pytest.approx(truth.duration)
    assert len(list((out / "default-sentence").glob("session-*.json"))) == takes.SESSIONS


def test_segments_that_a_model_calls_unknown_are_also_left_out() -> None:
    sure, unsure = Segment(0, 1, "walk", known=True), Segment(1, 2, "kick", known=False)
    both, one = [[Transcript((sure, unsure), 2.0)]], [[Transcript((sure,), 2.0)]]
    assert takes._with_claimed("mine", both) == {"mine": both, "mine-known": one}
    assert takes._with_claimed("mine", one) == {"mine": one}
    assert takes._with_claimed("mine-sentence", both) == {"mine-sentence": both}


def test_marked_instants_are_counted(folders) -> None:
    motion = movement("walk", 1)
    take = takes.Take("marked", motion, instants=((0.5, "walk"), (1.5, "walk"), (2.0, "walk")))
    said = {"mine": [takes._equal_cuts(take)]}
    table = takes._table(takes.Test("marked instants", [take], frozenset()), said)
    assert "| mine | 1.00 | 1.00 | 1.00 |" in table and "| n equal cuts | 1.00 | 1.00 | 1.00 |" in table


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "nothing to test on"),
        (("--root", "nowhere"), "nowhere"),
        (("--compose", "nowhere"), "nowhere"),
        (("--root", "PEOPLE"), "none of its 32 usable recordings (one) has segments; expected takes whose actions"),
        (("--root", "TAKES", "--search", "pieces"), "segmental or sentence"),
    ],
)
def test_what_cannot_be_asked_is_one_line(folders, tmp_path, m2l, options, message) -> None:
    names = {"TAKES": str(folders[0]), "PEOPLE": str(folders[1])}
    given = [names.get(option, option) for option in options]
    status, _, err = m2l("reproduce", "takes", *given, "--out", tmp_path / "out")
    assert status != 0 and message in err and len(err.strip().splitlines()) == 1


def test_a_model_that_cuts_learns_on_and_one_that_does_not_is_refused(folders, tmp_path, m2l) -> None:
    pytest.importorskip("torch")
    config = tmp_path / "more.toml"
    config.write_text(
        "hidden = 96\n[names]\nwidth = 128\ndilations = [1, 1, 2, 2, 4, 4, 8]\n"
        "[bounds]\nwidth = 96\ndilations = [1, 1, 2, 2, 4]\n"
        "[train]\nsteps = 1\nbound_steps = 0\nkeep = 0.5\ntakes = 5\nseconds = 6.0\nlearning_rate = 1e-6\n",
        encoding="utf-8",
    )
    command = ("--people", folders[1], "--config", config, "--start", "--out", tmp_path / "better")
    status, _, err = m2l("teach-takes", "synthetic", *command)
    assert status != 0 and "no segmenter to start from" in err
    status, printed, err = m2l("teach-takes", "default", *command)
    assert status == 0, err
    before, after = load_model("default").segmenter, load_model(tmp_path / "better").segmenter
    assert before is not None and after is not None and "actions" in printed
    assert set(after.config.actions) < set(before.config.actions)
    assert np.allclose(after.weights["right.weight"], before.weights["right.weight"], atol=1e-3)
    assert set(after.config.calibration) == {"probability", "judged", "start", "end"}
