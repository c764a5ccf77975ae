"""Sweeps: what may be tried, trials in processes that may die, and going on, on one machine and on Ray."""

import csv
import json
import os
import re
import signal
import time
from pathlib import Path

import pytest
from small_corpus import write_config, write_corpus
from started import process_of, wait_for

from motion2language.training.sweep.space import Choices, Range, distributions, load_space
from motion2language.training.sweep.trial import Outcome, table

ROOT = Path(__file__).parent.parent
SPACE = """[model.hidden]
choices = [8, 16]

[train.learning_rate]
low = 1e-3
high = 3e-2
log = true
"""


@pytest.fixture
def command(tmp_path) -> list[str]:
    """`sweep` of a small corpus into tmp_path/sweep."""
    (tmp_path / "space.toml").write_text(SPACE)
    words = ["sweep", write_config(tmp_path), "--space", tmp_path / "space.toml", "--dataset", "compose",
             "--root", write_corpus(tmp_path), "--device", "cpu", "--out", tmp_path / "sweep"]  # fmt: skip
    return [str(word) for word in words]


def epochs(folder: Path) -> list[str]:
    with (folder / "log.csv").open(newline="") as file:
        return [row["epoch"] for row in csv.DictReader(file)]


def test_every_kind_of_value_can_be_tried_and_the_shipped_space_holds_for_the_papers_model(tmp_path):
    space = load_space(ROOT / "configs" / "spaces" / "paper.toml", ROOT / "configs" / "mlp-recurrent-local.toml")
    assert space["model.encoder"] == Choices(choices=("mlp", "deep-mlp", "gru", "bigru"))
    assert space["train.learning_rate"] == Range(low=3e-4, high=3e-3, log=True)
    found = distributions(space | {"model.hidden": Range(low=8, high=64)})
    kinds = {key: type(one).__name__ for key, one in found.items()}
    assert kinds == {
        "model.encoder": "CategoricalDistribution", "model.attention": "CategoricalDistribution",
        "model.half_window": "IntDistribution", "train.learning_rate": "FloatDistribution",
        "model.hidden": "IntDistribution",
    }  # fmt: skip
    assert (found["train.learning_rate"].low, found["train.learning_rate"].log) == (3e-4, True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "nothing to try"),
        ("[model", "not a TOML file"),
        ("[model]\nhidden = 3", r"model\.hidden = 3; expected a table|\[model\]"),
        ("[model.hidden]\nchoices = []", r"\[model.hidden\]: choices cannot be \[\]; expected choices = "),
        ("[model.hidden]\nlow = 3", r"\[model.hidden\]: high is missing; expected choices = "),
        ("[model.hidden]\nlow = true\nhigh = 3", "low cannot be True; expected"),
        ("[model.hidden]\nlow = 3\nhigh = 9\nstep = 2", "step means nothing here; expected"),
        ("[model.hidden]\nlow = 3.0\nhigh = 9.0", r"space.toml: \[model.hidden\] cannot be 4\.9.*fractional"),
        ("[model.hidden]\nlow = 9\nhigh = 3", "low 9 is not below high 3"),
        ("[train.learning_rate]\nlow = 0.0\nhigh = 1.0\nlog = true", "has no logarithm"),
        ("[model.hiden]\nlow = 3\nhigh = 9", r"space.toml: .*unknown key model\.hiden; did you mean hidden\?"),
        ("[model.hidden]\nlow = 0\nhigh = 9", r"model\.hidden: .*greater than 0, found 0"),
        ("[model.kind]\nchoices = ['attention', 'magic']", r"model\.kind: .*found 'magic'"),
    ],
)
def test_a_wrong_space_says_what_and_suggests(text, message, tmp_path):
    (tmp_path / "space.toml").write_text(text)
    with pytest.raises(ValueError, match=message):
        load_space(tmp_path / "space.toml", write_config(tmp_path))


def test_the_table_shows_the_best_first_and_what_went_wrong():
    outcomes = [
        Outcome("a", {"x": 1}, 2.0), Outcome("b", {"x": 2}, None, "the loss became nan"), Outcome("c", {"x": 3}, 5.25),
    ]  # fmt: skip
    assert table(outcomes).splitlines() == [
        "| trial | score | x | |", "| --- | --- | --- | --- |", "| c | 5.25 | 3 |  |", "| a | 2.00 | 1 |  |",
        "| b | – | 2 | the loss became nan |",
    ]  # fmt: skip


@pytest.mark.slow
def test_a_trial_whose_process_dies_and_a_sweep_that_is_killed_go_on_and_nothing_is_lost(
    command, started, tmp_path, m2l
):
    out = tmp_path / "sweep"
    more = ["--set", "train.epochs=40", "--set", "train.validate_every=40"]
    sweep = started([*command, *more, "--trials", "2"])
    wait_for(out, "trial_000/state.pt", sweep)
    os.kill(process_of(sweep.pid, "spawn_main"), signal.SIGKILL)
    wait_for(out, "trial_001/state.pt", sweep)
    assert epochs(out / "trial_000") == [str(number) for number in range(1, 41)]
    assert len(list((out / "trial_000").glob("events.out*"))) == 2  # it was begun twice
    first = (out / "trial_000" / "outcome.json").read_text()
    orphan = process_of(sweep.pid, "spawn_main")
    sweep.kill()
    sweep.communicate(timeout=400)
    for _ in range(600):
        if not Path(f"/proc/{orphan}").exists():
            break
        time.sleep(0.1)
    assert not Path(f"/proc/{orphan}").exists()  # a trial does not outlive its sweep
    status, printed, _ = m2l(*command, *more, "--trials", "3")
    assert status == 0, printed
    assert "trial_000" not in printed.split("| trial |")[0]  # it was not trained again
    assert (out / "trial_000" / "outcome.json").read_text() == first
    for name in ("trial_001", "trial_002"):
        assert epochs(out / name) == [str(number) for number in range(1, 41)]
    rows = (out / "trials.md").read_text().splitlines()[2:]
    assert sorted(row.split(" | ")[0] for row in rows) == ["| trial_000", "| trial_001", "| trial_002"]
    assert (out / re.search(r"trial_00\d", printed.split("best model:")[1]).group() / "best").is_dir()


def test_ctrl_c_ends_a_sweep_and_its_trials_in_one_line(command, started, tmp_path):
    sweep = started([*command, "--set", "train.epochs=100000", "--trials", "1"])
    wait_for(tmp_path / "sweep", "trial_000/state.pt", sweep)
    trial = process_of(sweep.pid, "spawn_main")
    os.killpg(sweep.pid, signal.SIGINT)  # as a terminal does
    assert sweep.communicate(timeout=400)[0].splitlines()[1:] == ["m2l: interrupted; finished results are on disk"]
    assert sweep.returncode == 130
    assert not Path(f"/proc/{trial}").exists()


def test_a_trial_that_always_dies_is_given_up_and_the_others_go_on(command, tmp_path, monkeypatch, m2l):
    from motion2language.training.sweep import local

    begun = []

    def started_or_dead(sweep, name, values):
        begun.append(name)
        dead = name == "trial_000"
        folder = sweep.out / name
        folder.mkdir(exist_ok=True)
        return local.multiprocessing.get_context("fork").Process(target=_die if dead else _finish, args=(folder,))

    def run(*arguments):
        process = started_or_dead(*arguments)
        process.start()
        return process

    monkeypatch.setattr(local, "_start", run)
    status, printed, _ = m2l(*command, "--trials", 2)
    assert status == 0
    assert begun == ["trial_000"] * 3 + ["trial_001"]
    assert printed.count("trial_000: its process died (status -9) and is started again") == 2
    assert "its process died 3 times, the last with status -9" in printed
    assert "1 of 2 trials could not be trained" in printed


def _die(folder: Path) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _finish(folder: Path) -> None:
    (folder / "outcome.json").write_text(json.dumps({"score": 1.0, "error": ""}))


def test_a_trial_that_cannot_be_trained_is_in_the_table_and_a_sweep_of_such_trials_fails(command, tmp_path, m2l):
    status, printed, err = m2l(*command, "--trials", 1, "--set", "train.minimum_count=1000")
    assert status == 1
    assert "| trial_000 | – |" in printed
    assert "lower train.minimum_count" in printed
    assert "none of 1 trials could be trained" in err


def test_a_folder_of_another_sweep_is_left_alone(command, tmp_path, m2l):
    (tmp_path / "sweep").mkdir()
    (tmp_path / "sweep" / "sweep.json").write_text("{}")
    status, _, err = m2l(*command)
    assert (status, err.count("\n")) == (1, 1)
    assert "holds another sweep; not the same: corpus, space, configuration, trials on Ray; choose" in err
    (tmp_path / "corpus.json").unlink()  # that it is another sweep is said before the corpus is read
    assert "holds another sweep" in m2l(*command)[2]
    assert "corpus.json: not found" in m2l(*command[:-1], tmp_path / "new")[2]
    assert m2l(*command, "--trials", 0)[2] == "m2l: --trials 0: give 1 or more\n"


@pytest.mark.slow
def test_a_sweep_on_ray_whose_worker_is_killed_trains_every_trial_to_its_end(command, started, tmp_path):
    out = tmp_path / "sweep"
    more = ["--set", "train.epochs=40", "--set", "train.validate_every=40", "--trials", "2", "--ray", "local"]
    sweep = started([*command, *more])
    run = wait_for(out, "trial_*/state.pt", sweep).parent
    os.kill(process_of(sweep.pid, "ray::ImplicitFunc"), signal.SIGKILL)
    printed, _ = sweep.communicate(timeout=400)
    assert sweep.returncode == 0, printed
    assert printed.count("its worker died and is replaced") == 1
    assert "2 of 2  trial_" in printed
    folders = sorted(path for path in out.glob("trial_*") if path.is_dir())
    assert len(folders) == 2
    assert run in folders
    for folder in folders:
        assert epochs(folder) == [str(number) for number in range(1, 41)]
        assert f"| {folder.name} | " in printed
    assert sum(len(list(folder.glob("events.out*"))) for folder in folders) == 3
