"""m2l reproduce people: models asked about people held out, by hand-sized recordings; its tables."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from people import movement, write_people
from small import SEGMENTER

from motion2language.captioning.loading import load_model
from motion2language.captioning.model_folder import SHIPPED, find_model
from motion2language.data.composing import Dense
from motion2language.data.labelled.form import write_source
from motion2language.data.labelled.selection import choose, read_selection
from motion2language.scoring.people import ask_parts, ask_recordings
from motion2language.training.config import load_config
from motion2language.training.reproduce import people, people_rows

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
    assert printed == (tmp_path / "out/table.md").read_text() + f"wrote {tmp_path / 'out'}\n"
    assert "| synthetic | " in printed and "| baseline: commonest action | " in printed
    assert "| one | 3 / 0 | " in printed  # known verbs alone
    stored = json.loads((tmp_path / "out/answers/default.json").read_text())
    assert len(stored["answers"]) == 3
    monkeypatch.setattr(people, "answer", lambda *_: pytest.fail("asked again"))
    assert m2l(*command)[1] == printed


def test_models_of_one_name_have_a_row_each(root, tmp_path, m2l):
    models = [tmp_path / row / "best" for row in ("a", "b")]
    for model in models:
        shutil.copytree(SHIPPED / "synthetic", model)
    status, printed, err = m2l("reproduce", "people", "--root", root, "--models", *models, "--out", tmp_path / "out")
    assert status == 0, err
    assert "| a-best | " in printed and "| b-best | " in printed


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--root", "nowhere"), "nowhere"),
        (("--root", "PEOPLE", "--models", "nobody"), "nobody"),
        (("--root", "PEOPLE", "--takes", "nowhere"), "nowhere"),
        (("--root", "PEOPLE", "--takes", "PEOPLE"), "has segments; expected takes whose actions people cut"),
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


TINY = """
[model]
kind = "transducer"
encoder = "convolution"
features = "canonical"
hidden = 8
embedding = 8
encoder_hidden = 8

[train]
epochs = 1
captions = "one"
minimum_count = 1
"""


@pytest.fixture(scope="module")
def three(tmp_path_factory) -> Path:
    """Three collections, one of two sources."""
    folder = tmp_path_factory.mktemp("three")
    write_people(folder, "one", PEOPLE, ("kick", "clap"))
    write_people(folder, "two_a", PEOPLE, ("kick", "jump"))
    write_people(folder, "two_b", PEOPLE, ("squat",))
    write_people(folder, "kard", PEOPLE, ("bow",))
    return folder


def test_a_row_asks_about_what_its_training_left_out(three):
    left, kinect = people_rows.rows(three, ["two"], ["kinect"])
    assert people_rows.selection_of(left, three).sources == ("kard", "one")
    assert people_rows.selection_of(kinect, three).sources == ("kard",)
    assert {question.source for question in people_rows.ask_row(left, three)} == {"two"}
    assert len(people_rows.ask_row(left, three)) == 3 * len(PEOPLE)  # of every person
    assert [row.name for row in people_rows.rows(three, ["all"], ())] == ["without-kard", "without-one", "without-two"]
    (both,) = people_rows.rows(three, ["one+two"], ())
    assert people_rows.selection_of(both, three).sources == ("kard",)
    assert {question.source for question in people_rows.ask_row(both, three)} == {"one", "two"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--leave-out", "tow"), "did you mean two?"),
        (("--leave-out", "one+tow"), "did you mean two?"),
        (("--leave-out", "one+two+kard"), "no source to train on"),
        (("--leave-out", "one", "--start", "nobody"), "nobody"),
        (("--leave-out", "one", "--segmenter", "nowhere.toml"), "nowhere.toml"),
        (("--leave-out", "one", "--more", "nowhere"), "nowhere"),
        (("--only", "kinekt"), "did you mean kinect?"),
        (("--only", "optical"), "no source to train on"),
    ],
)
def test_rows_that_there_are_not(options, message, three, tmp_path, m2l):
    status, _, err = m2l("reproduce", "people", "--root", three, *options, "--out", tmp_path / "out")
    assert status == 1 and message in err and "Traceback" not in err


def test_rows_are_trained_once_and_asked_beside_other_models(three, tmp_path, m2l, monkeypatch):
    monkeypatch.setattr(people_rows, "VALIDATION", 2)
    (tmp_path / "tiny.toml").write_text(TINY)
    out = tmp_path / "out"
    command = ("reproduce", "people", "--root", three, "--leave-out", "two", "--config", tmp_path / "tiny.toml")
    command += ("--motions", 6, "--models", "synthetic", "--out", out)
    status, printed, err = m2l(*command)
    assert status == 0, err
    assert printed.endswith((out / "rows.md").read_text() + f"wrote {out}\n")
    assert "| without-two | 12 / 0 | " in printed and "| mean over rows |" in printed
    monkeypatch.setattr(people_rows, "train", lambda *_, **__: pytest.fail("trained again"))
    assert m2l(*command)[0] == 0


def test_rows_may_learn_to_cut_and_from_gestures_of_the_bodies_they_see(three, tmp_path, m2l):
    more = tmp_path / "more"
    shutil.copytree(three, more)
    write_people(more, "two_a_gestures", PEOPLE, ("walk",))
    write_people(more, "one_gestures", PEOPLE, ("walk",))
    write_people(more, "one_arms", PEOPLE, ("walk",))  # arms of any source, also of one that is left out
    (tmp_path / "cutter.toml").write_text(SEGMENTER)
    (tmp_path / "tiny.toml").write_text(TINY)
    left, _ = people_rows.rows(three, ["two", "one"], [])
    assert people_rows.selection_of(left, more).sources == ("kard", "one", "one_gestures")

    out, tiny = tmp_path / "out", tmp_path / "tiny.toml"
    command = ("reproduce", "people", "--root", three, "--more", more, "--leave-out", "two", "--config", tiny)
    command += ("--segmenter", tmp_path / "cutter.toml", "--motions", 4, "--out", out)
    status, printed, err = m2l(*command)
    assert status == 0, err
    assert "| two | without-two | 12 / 0 | " in printed and "| mean over sources |" in printed
    row = out / "rows/without-two"
    assert "walk" in json.loads((row / "model/segmenter.json").read_text())["actions"]  # a gesture
    assert not (row / "run/best/segmenter.json").exists()
    people_alone = read_selection(row / "people.toml")
    assert (people_alone.folder, people_alone.sources) == (three.resolve(), ("kard", "one"))
    assert all("gestures" not in name for name in json.loads((out / "answers/without-two.json").read_text())["answers"])


def test_a_segmenter_that_cannot_be_learnt_is_refused_before_any_training(three, tmp_path, m2l):
    (tmp_path / "cutter.toml").write_text("[train]\nbound_steps = 0\n")
    command = ("reproduce", "people", "--root", three, "--leave-out", "two", "--segmenter", tmp_path / "cutter.toml")
    status, _, err = m2l(*command, "--out", tmp_path / "out")
    assert status == 1 and "bound_steps" in err and not (tmp_path / "out/rows").exists()


def test_rows_start_from_a_model_and_keep_its_words(three, tmp_path):
    config = tmp_path / "tiny.toml"
    config.write_text(TINY)
    run, (row,) = load_config(config), people_rows.rows(three, ["two"], ())
    material = people_rows.Material(three, None, run, Dense(), 4, 1)
    first = load_model(people_rows.train_row(row, material, tmp_path / "first", "cpu"))
    again = people_rows.Material(three, None, run, Dense(), 4, 2, start=first)
    second = load_model(people_rows.train_row(row, again, tmp_path / "second", "cpu"))
    assert second.vocabulary.words[: len(first.vocabulary)] == first.vocabulary.words
    assert np.array_equal(second.normalizer.mean, first.normalizer.mean)


def test_a_model_with_another_segmenter_is_asked_again(root, tmp_path):
    asked, model, out = people.examination(root), tmp_path / "model", tmp_path / "out"
    shutil.copytree(find_model("default"), model)
    first = people.ask(model, "mine", asked, out, "cpu")
    assert people.ask(model, "mine", asked, out, "cpu") == first
    for path in model.glob("segmenter.*"):
        path.unlink()
    assert people.ask(model, "mine", asked, out, "cpu")["key"] != first["key"]
