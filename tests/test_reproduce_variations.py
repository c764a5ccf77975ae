"""m2l reproduce variations: what each variation of takes gives, by trainings of a few updates."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from people import write_people
from small import SEGMENTER

from motion2language.training.reproduce import variations
from motion2language.training.segmenting.teach import load_run
from motion2language.training.segmenting.vary import Variation

SETTINGS = f"""{SEGMENTER}
[train.compose]
bend = 0.0
bones = 0.0
other_body = 0.0
both_arms = 0.0
[train.vary]
noise = 0.0
tilt = 0.0
lost_legs = 0.0
lost_joint = 0.0
"""


@pytest.fixture
def settings(tmp_path) -> Path:
    path = tmp_path / "short.toml"
    path.write_text(SETTINGS)
    return path


def test_each_variation_of_the_settings_is_left_out_once(settings):
    found = {row.name: row for row in variations.rows(load_run(settings), gestures=True)}
    assert list(found)[:3] == ["all", "all, another seed", "none"] and list(found)[-1] == "without gestures"
    assert list(found)[3:-1] == [f"without {name}" for name in ("tempo", "smoothed", "mirror", "offsets", "drift")]
    assert found["without drift"].vary == found["all"].vary.model_copy(update={"drift": 0.0})
    assert found["all, another seed"].seed != found["all"].seed == found["none"].seed
    assert not any(found["none"].vary.model_dump().values())
    assert set(Variation.model_fields) == set(found["none"].vary.model_dump())
    assert found["without tempo"].compose == found["all"].compose.model_copy(update={"tempo": 0.0})
    assert found["without tempo"].vary == found["all"].vary and found["without drift"].compose == found["all"].compose
    assert not any(found["none"].compose.model_dump().values())
    assert [row.gestures for row in found.values()].count(False) == 1


def test_the_command_prints_a_line_for_each_row_and_trains_once(settings, tmp_path, m2l, monkeypatch):
    people, more, out = tmp_path / "people", tmp_path / "more", tmp_path / "out"
    people.mkdir()
    write_people(people, "one", ("ann", "bob", "cat", "dan"), ("kick", "clap", "squat"))
    shutil.copytree(people, more)
    write_people(more, "one_gestures", ("eve", "fay", "gus"), ("walk",))
    monkeypatch.setattr("motion2language.training.segmenting.fit.MEASURED", 3)
    command = ("reproduce", "variations", "--root", people, "--more", more, "--config", settings, "--out", out)
    status, printed, err = m2l(*command)
    assert status == 0, err
    assert printed == (out / "table.md").read_text() + f"wrote {out}\n"
    assert "people held out: known verbs (3)" in printed
    for name in ("all", "none", "without mirror", "without gestures", "baseline: commonest action"):
        assert f"| {name} | " in printed
    monkeypatch.setattr(variations, "_train", lambda *_: pytest.fail("trained again"))
    assert m2l(*command)[1] == printed


def test_settings_that_cannot_be_learnt_are_refused(settings, tmp_path, m2l):
    write_people(tmp_path, "one", ("ann", "bob", "cat"), ("kick",))
    settings.write_text("[train]\nsteps = 0\n")
    status, _, err = m2l("reproduce", "variations", "--root", tmp_path, "--config", settings, "--out", tmp_path / "out")
    assert status == 1 and "steps 0" in err and "Traceback" not in err
