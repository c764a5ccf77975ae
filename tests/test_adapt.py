"""m2l adapt: a model learns a user's own actions from takes and a table of labels; resuming; bad input."""

from __future__ import annotations

import csv
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from people import write_people
from small import captioner

from motion2language.body import to_canonical
from motion2language.captioning.features import canonical
from motion2language.captioning.loading import load_model
from motion2language.data.actions import Actions, load_actions
from motion2language.data.corpora.synthetic import sample
from motion2language.data.labelled import form
from motion2language.data.labelled.form import Span, read_motion
from motion2language.data.labelled.own_actions import own_actions, to_toml
from motion2language.data.labelled.selection import choose, read_selection
from motion2language.data.labelled.table import Described
from motion2language.data.synthesis import own_takes
from motion2language.formats import npz
from motion2language.model.segmenter import Action, Segmenter, SegmenterConfig, Tower
from motion2language.motion import CANONICAL, Motion
from motion2language.training import adapt, heads, imagine
from motion2language.training.adapt import divide
from motion2language.training.heads import WordLearner
from motion2language.training.segmenting.grow import remember
from motion2language.training.segmenting.units import Recording, units_of

SMALL = ("--set", "train.epochs=2", "--set", "train.batch_size=16")


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    """Few recordings of everything."""
    for name, value in {"CHECKED": 2, "MOTIONS": 1, "REHEARSED": 4, "UPDATES": 2, "VIEWS": 1}.items():
        monkeypatch.setattr(adapt, name, value)
    monkeypatch.setattr(heads, "UPDATES", 2)
    monkeypatch.setattr(imagine, "UPDATES", 2)
    monkeypatch.setattr(own_takes, "TAKES", {"hoop": 1, "walk": 1})


@pytest.fixture
def start(tmp_path) -> Path:
    """A model folder of a tiny network."""
    captioner(kind="transducer", encoder="convolution", dropout=0.1).save(tmp_path / "start")
    return tmp_path / "start"


@pytest.fixture
def takes(tmp_path) -> Path:
    """Takes of a hoop and of walking by five people, and labels.csv."""
    own_takes.write(tmp_path / "takes")
    return tmp_path / "takes"


@pytest.fixture
def adapted(m2l, tmp_path, start):
    """Run `m2l adapt` on a folder; returns status, standard output, standard error."""

    def run(folder: Path, *words) -> tuple[int, str, str]:
        labels = () if "--no-labels" in words else ("--labels", folder / "labels.csv")
        rest = [word for word in words if word != "--no-labels"]
        return m2l("adapt", folder, *labels, "--start", start, "--out", tmp_path / "mine", *SMALL, *rest)

    return run


def rows(takes: Path) -> list[dict[str, str]]:
    with (takes / "labels.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def put(takes: Path, table: list[dict[str, str]]) -> None:
    with (takes / "labels.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(table[0]))
        writer.writeheader()
        writer.writerows(table)


def test_takes_and_labels_become_a_model_that_has_their_words(adapted, takes, tmp_path, start):
    status, out, _ = adapted(takes)
    assert status == 0
    before, after = load_model(start), load_model(tmp_path / "mine")
    words = before.vocabulary.words
    assert after.vocabulary.words[: len(words)] == words
    assert {"spins", "hoop", "waist"} <= set(after.vocabulary.words)
    assert after.lexicon.find("a person spins a hoop around the waist".split()) == [(2, "hoop")]
    assert after.name == "mine"
    assert "new actions: 2: hoop, " in out or "new actions: 1: hoop" in out
    assert "| hoop | 4 | 1 | " in out  # one of five people is held back
    assert "1 of 5 people are held back" in out
    card = (tmp_path / "mine" / "card.md").read_text()
    assert "# An adaptation of `start`" in card
    assert "| hoop | 4 | 1 | " in card
    actions = load_actions(tmp_path / "mine.run" / "actions.toml")
    assert actions.actions["hoop"].phrases == (own_takes.PHRASE,)


def test_the_segmenter_learns_new_actions_too(adapted, takes, tmp_path, start):
    from motion2language.model.segmenter_torch import TorchSegmenter

    walk = {"walk": Action(label="walk", phrase="walks", continues=True)}
    config = SegmenterConfig(walk, names=Tower(16, (1, 2)), bounds=Tower(8, (1,)), hidden=6, longest=12)
    bare = Segmenter(config, TorchSegmenter(config).arrays(np.zeros(124, np.float32), np.ones(124, np.float32)))
    known = [Recording(sample("train", number).motion.positions, "walk") for number in range(3)]
    taught = remember(bare, [unit for each in known for unit in units_of(each, 10.0)])
    replace(load_model(start), segmenter=taught).save(start)
    assert adapted(takes)[0] == 0
    segmenter = load_model(tmp_path / "mine").segmenter
    assert segmenter is not None and list(segmenter.config.actions) == ["walk", "hoop"]
    assert segmenter.config.actions["hoop"].phrase == own_takes.PHRASE
    selection = read_selection(tmp_path / "mine.run" / "takes.npz")
    collected = choose(selection.model_copy(update={"actions": tmp_path / "mine.run" / "actions.toml"})).recordings
    hoop = next(each for each in collected if each.entry.label == "hoop")
    body = to_canonical(read_motion(hoop.arrays, hoop.fps, hoop.entry.number, "hoop")).resample(10.0)
    named = segmenter.name(canonical(body)).mean(0)
    assert named[2] > named[1]


def test_an_interrupted_adaptation_goes_on(adapted, takes, tmp_path, monkeypatch):
    update = WordLearner._update

    def stopping(self, *arguments):
        if self.epoch == 1:
            raise KeyboardInterrupt
        return update(self, *arguments)

    with monkeypatch.context() as context:
        context.setattr(WordLearner, "_update", stopping)
        status, _, err = adapted(takes)
    assert status == 130
    kept = tmp_path / "mine.run"
    assert err.splitlines()[-1] == f"m2l: interrupted; {kept} keeps the finished epochs, --resume goes on"
    assert not (tmp_path / "mine").exists()
    status, _, err = adapted(takes)
    assert (status, len(err.splitlines())) == (1, 1)
    assert "mine.run holds an adaptation that was interrupted; add --resume" in err
    status, out, _ = adapted(takes, "--resume")
    assert status == 0
    assert "epoch 1 " not in out
    status, _, err = adapted(takes)
    assert status == 1
    assert re.search(r"--out .*mine: is there already; choose another", err)
    status, _, err = adapted(takes, "--resume", "--set", "train.epochs=2")
    assert (status, len(err.splitlines())) == (1, 1)
    assert re.search(r"mine: is finished; for more epochs remove .*mine, not .*mine\.run, and repeat .* --resume", err)


def test_ctrl_c_before_an_epoch_is_finished_says_that_the_same_command_begins_again(adapted, takes, monkeypatch):
    def stopping(*_: object) -> float:
        raise KeyboardInterrupt

    with monkeypatch.context() as context:
        context.setattr(WordLearner, "_update", stopping)
        status, _, err = adapted(takes)
    assert status == 130
    line = "m2l: interrupted before an epoch was finished; the same command begins again"
    assert err.splitlines()[-1] == line
    assert adapted(takes)[0] == 0


def test_takes_with_parts_are_counted_by_parts(adapted, takes):
    table = [{**row, "start": "", "end": ""} for row in rows(takes)]
    parts = [
        row | {"start": f"{second}", "end": f"{second + 1}", "phrase": row["phrase"]}
        for row in table
        for second in (0, 1)
    ]
    put(takes, parts)
    status, out, _ = adapted(takes)
    assert status == 0
    assert "| | parts learnt from | parts held back | start | mine |" in out
    assert "| hoop | 8 | 2 | " in out
    assert "| walk | 8 | 2 | " in out
    assert "| all | 16 | 4 | " in out
    assert "Share of parts held back whose longest segment names the action. A part is" in out


def test_a_single_take_is_not_said_to_be_held_back(adapted, takes):
    put(takes, [row for row in rows(takes) if row["file"].startswith("ann") and row["label"] == "hoop"])
    status, out, _ = adapted(takes)
    assert status == 0
    note = "one person only: a split by person cannot be made; no action has 3 takes, so nothing is held back, and "
    assert note in out
    assert "takes of the same people are held back" not in out
    assert "Share of takes held back" not in out
    assert re.findall("actions of fewer than 5 .*", out) == [
        "actions of fewer than 5 takes, which will hardly be learnt: hoop 1"
    ]


def test_motion_files_without_labels_are_one_line(adapted, takes, tmp_path):
    status, _, err = adapted(takes, "--no-labels")
    assert (status, len(err.splitlines())) == (1, 1)
    add = f"add --labels {takes / 'labels.csv'}"
    assert f"{takes}: holds 10 motion files and labels.csv, but --labels is missing; {add}" in err
    (takes / "labels.csv").unlink()
    assert "holds 10 motion files, but --labels is missing; add --labels TABLE.csv" in adapted(takes, "--no-labels")[2]
    assert "is a motion file; give the folder of the takes" in adapted(takes / "ann_walk_1.bvh", "--no-labels")[2]
    (tmp_path / "empty").mkdir()
    assert "empty: holds neither motion files nor" in adapted(tmp_path / "empty", "--no-labels")[2]
    assert not (tmp_path / "mine.run").exists()


def test_labelled_recordings_are_taken_as_they_are(adapted, tmp_path):
    write_people(tmp_path, "studio", ["ann", "bob", "cyd"], ["kick", "walk"])
    status, out, _ = adapted(tmp_path / "studio.npz", "--no-labels")
    assert status == 0
    assert "| kick | 2 | 1 | " in out


def test_more_epochs_may_be_asked_for_on_the_way(adapted, takes, tmp_path):
    assert adapted(takes)[0] == 0
    shutil.rmtree(tmp_path / "mine")
    status, out, _ = adapted(takes, "--resume", "--set", "train.epochs=3")
    assert status == 0
    assert "changed since it began: train.epochs 2, not 3" in out
    assert "epoch 2 " not in out
    assert "epoch 3 " in out


def usable(tmp_path: Path, people: list[str], takes: int = 4):
    write_people(tmp_path, "studio", people, ["kick", "walk"], takes)
    return choose(read_selection(tmp_path)).recordings


def test_people_are_held_back_whole(tmp_path):
    division = divide(usable(tmp_path, ["ann", "bob", "cyd", "dan"]), 0.2)
    learnt, held = ({each.entry.person for each in part} for part in (division.learnt, division.held))
    assert (len(held), learnt & held, learnt | held) == (1, set(), {"ann", "bob", "cyd", "dan"})
    assert division.note == "1 of 4 people are held back; the model never sees them"
    whole = divide(usable(tmp_path, ["ann", "bob", "cyd", "dan"]), 0.0)
    assert (len(whole.learnt), len(whole.held)) == (32, 0)


@pytest.mark.parametrize(
    ("people", "who"), [(["ann"], "one person only"), (["ann", "bob"], "2 people only"), ([""], "no person is named")]
)
def test_of_one_person_takes_are_held_back_and_it_says_so(tmp_path, people, who):
    division = divide(usable(tmp_path, people), 0.2)
    assert division.note.startswith(f"{who}: a split by person cannot be made")
    held = [each.meanings[0].action for each in division.held]
    assert {action: held.count(action) for action in held} == {"kick": len(people), "walk": len(people)}
    assert len(division.learnt) + len(division.held) == 8 * len(people)


def test_an_action_of_two_takes_is_not_held_back(tmp_path):
    assert not divide(usable(tmp_path, ["ann"], 2), 0.2).held


# Labels


def described(label: str, **changes) -> Described:
    return Described(label=label, line=2) if not changes else Described(**({"label": label, "line": 2} | changes))


@pytest.fixture(scope="module")
def table() -> Actions:
    return load_actions()


def test_new_actions_are_worded_by_phrases_or_by_sentences(table, tmp_path):
    own = own_actions(
        Path("labels.csv"),
        {
            "a": described("hoop", phrases=(("hoop", "spins a hoop"),)),
            "b": described("hoop"),
            "c": described("flop", sentences=("A person flops over.", "someone is flopping over")),
            "d": described("walk"),
            "e": described("", spans=(Span("kick", 0, 1), Span("hoop", 1, 2))),
            "f": described("wave", phrases=(("wave", "says goodbye with a hand"),)),
        },
        "takes",
        table,
    )
    assert own["hoop"].phrases == ("spins a hoop",)
    assert own["flop"].phrases == ("flops over", "is flopping over")
    assert own["wave"].phrases[0] == "says goodbye with a hand"
    assert own["wave"].phrases[1:] == table.actions["wave"].phrases
    assert set(own) == {"hoop", "flop", "wave"}
    (tmp_path / "own.toml").write_text(to_toml(own), encoding="utf-8")
    read = load_actions(tmp_path / "own.toml")
    assert {name: read.actions[name] for name in own} == own


def test_a_label_that_is_no_action_names_the_nearest(adapted, takes, tmp_path):
    put(takes, [row | {"label": row["label"].replace("walk", "walkk")} for row in rows(takes)])
    status, _, err = adapted(takes)
    assert (status, len(err.splitlines())) == (1, 1)
    assert re.search(r"labels\.csv, line 3: 'walkk' is no action of the table; did you mean 'walk'\?", err)
    assert not (tmp_path / "mine.run" / "takes.npz").exists()


@pytest.mark.parametrize("phrase", ["spins {hoop}", "spins [a hoop", "..."])
def test_a_phrase_that_cannot_be_said_is_one_line(adapted, takes, phrase):
    put(takes, [row | ({"phrase": phrase} if row["phrase"] else {}) for row in rows(takes)])
    status, _, err = adapted(takes)
    assert (status, len(err.splitlines())) == (1, 1)
    assert "labels.csv: hoop: " in err


def test_a_phrase_that_says_another_action_is_one_line(adapted, takes):
    put(takes, [row | ({"phrase": "claps"} if row["phrase"] else {}) for row in rows(takes)])
    status, _, err = adapted(takes)
    assert (status, len(err.splitlines())) == (1, 1)
    assert "'claps' says both" in err


# Bad takes: named in one line each, and the rest is learnt


def test_labels_without_clips_and_clips_without_labels(adapted, takes):
    table = rows(takes)
    put(takes, [row for row in table if row["file"] != "ann_walk_1"] + [table[0] | {"file": "gone"}])
    status, _, err = adapted(takes)
    assert status == 0
    assert re.search(r"note: .*labels\.csv: 1 of 10 described files are not in .*takes: gone$", err, re.MULTILINE)
    assert re.search(r"note: .*takes: 1 of 10 recordings are not in labels\.csv: ann_walk_1$", err, re.MULTILINE)


def test_takes_that_cannot_be_used_are_left_out_and_named(adapted, takes):
    good = own_takes.make_take(0, "walk", 0)
    damaged = good.positions.copy()
    damaged[:] = np.nan  # a gap of one frame would be filled
    np.savez(
        takes / "nan.npz",
        positions=damaged,
        joint_names=np.array(CANONICAL.joints),
        parents=np.array(CANONICAL.parents),
        fps=30.0,
    )
    npz.write(Motion(good.positions[:3], 30.0, CANONICAL, "short"), takes / "short.npz")
    put(takes, rows(takes) + [rows(takes)[1] | {"file": name} for name in ("nan", "short")])
    status, _, err = adapted(takes)
    assert status == 0
    for name in ("nan", "short"):
        assert re.search(rf"note: .*takes: 1 of 12 recordings cannot be used \(.*\): {name}$", err, re.MULTILINE)


def test_an_action_of_one_take_is_named(adapted, takes):
    put(takes, [row for row in rows(takes) if row["label"] == "walk" or row["file"].startswith("ann")])
    status, out, err = adapted(takes)
    assert status == 0
    assert "1 of 2 actions have one recording only: hoop" in err
    assert re.search(r"actions of fewer than 5 takes, which will hardly be learnt: hoop 1", out)


def test_one_person_only_is_said(adapted, takes):
    put(takes, [row | {"person": "ann"} for row in rows(takes)])
    status, out, err = adapted(takes)
    assert status == 0
    assert "One person only: a split by person cannot be made" in out
    assert "one person only (takes/ann): a split by person cannot be made" in err


def test_nothing_to_learn_from_is_one_line(adapted, takes):
    for path in takes.glob("*.bvh"):
        path.unlink()
    status, _, err = adapted(takes)
    assert (status, len(err.splitlines())) == (1, 1)
    assert "contains no motion files" in err


def test_a_full_disk_is_one_line_and_loses_nothing(adapted, takes, tmp_path, monkeypatch):
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as context:
        context.setattr(form.np, "savez_compressed", full)
        status, _, err = adapted(takes)
    assert status == 1
    assert "No space left on device" in err.splitlines()[-1]
    assert len(list(takes.glob("*.bvh"))) == 10
    assert adapted(takes)[0] == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--held", "1"), "--held 1: expected a share of the people of at least 0 and below 1, such as 0.2"),
        (("--held", "-0.1"), "--held -0.1: expected a share of the people of at least 0"),
        (("--set", "train.epoch=3"), r"unknown key train\.epoch; did you mean epochs\?"),
        (("--actions", "gone.toml"), r"gone\.toml"),
    ],
)
def test_a_wrong_option_is_reported_before_the_work(adapted, takes, tmp_path, words, message):
    status, _, err = adapted(takes, *words)
    assert (status, len(err.splitlines())) == (1, 1)
    assert re.search(message, err)
    assert not (tmp_path / "mine.run").exists()
