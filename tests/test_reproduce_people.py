"""m2l reproduce people: models asked about people held out, by hand-sized recordings; its tables."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from people import movement, write_people

from motion2language.data.labelled.form import write_source
from motion2language.data.labelled.selection import choose, read_selection
from motion2language.scoring.people import ask_parts, ask_recordings
from motion2language.training.reproduce import people

PEOPLE = ("ann", "bob", "cat", "dan")


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("people")
    write_people(folder, "one", PEOPLE, ("kick", "clap", "squat"))
    return folder


def test_questions_are_of_people_held_out(root):
    asked = people.examination(root)
    splits = people.split_recordings(root)
    (person,) = {each.entry.person for each in splits["test"]}
    assert {question.name for question in asked.held} == {
        f"one/{person}_{label}_0" for label in ("kick", "clap", "squat")
    }
    assert len(asked.seen) == 3 * 2  # two of four people train
    assert asked.parts == {}


def test_parts_of_takes_are_cut_at_their_bounds(tmp_path):
    clips = [
        {
            "id": "take",
            "segments": [{"label": "kick", "start": 0.5, "end": 1.5}, {"label": "clap", "start": 2, "end": 3}],
        }
    ]
    write_source(tmp_path / "takes", {"source": "takes_one"}, clips, [movement("walk", 1)])
    chosen = choose(read_selection(tmp_path))
    assert ask_recordings(chosen.recordings) == []
    first, second = ask_parts(chosen.recordings)
    assert (first.wanted, second.wanted, first.source) == ("kick", "clap", "takes")
    assert first.read().duration == pytest.approx(1.0)


def test_the_command_prints_tables_and_asks_once(root, tmp_path, m2l, monkeypatch):
    command = ("reproduce", "people", "--root", root, "--models", "default", "synthetic", "--out", tmp_path / "out")
    status, printed, err = m2l(*command)
    assert status == 0, err
    assert (tmp_path / "out/table.md").read_text() == printed
    assert "| synthetic | " in printed and "| baseline: commonest action | " in printed
    assert "| one | 3 / 0 | " in printed  # known verbs alone
    stored = json.loads((tmp_path / "out/answers/default.json").read_text())
    assert len(stored["answers"]) == 3
    monkeypatch.setattr(people, "answer", lambda *_: pytest.fail("asked again"))
    assert m2l(*command)[1] == printed


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--root", "nowhere"), "nowhere"),
        (("--root", "PEOPLE", "--models", "nobody"), "nobody"),
        (("--root", "PEOPLE", "--takes", "nowhere"), "nowhere"),
    ],
)
def test_what_is_missing_is_named_in_one_line(options, message, root, tmp_path, m2l):
    options = tuple(root if option == "PEOPLE" else option for option in options)
    status, _, err = m2l("reproduce", "people", *options, "--out", tmp_path / "out")
    assert status == 1
    assert message in err and "Traceback" not in err and len(err.strip().splitlines()) == 1


def test_one_person_only_has_nobody_held_out(tmp_path, m2l):
    write_people(tmp_path, "one", ("ann",), ("kick", "clap"))
    status, _, err = m2l("reproduce", "people", "--root", tmp_path, "--out", tmp_path / "out")
    assert status == 1 and "held out" in err
