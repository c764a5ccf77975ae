"""Training: it learns, resumes to the same numbers, stops without loss, and keeps training data apart from the rest."""

import csv
import json
import multiprocessing
import os
import shutil
import signal
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from motion2language.captioning.loading import load_model
from motion2language.data import corpora
from motion2language.data.corpora import synthetic
from motion2language.data.samples import Sample, Samples
from motion2language.files import Lock
from motion2language.training.config import RunConfig, load_config
from motion2language.training.folder import RunLog, require_usable
from motion2language.training.learner import Learner, learning_rate
from motion2language.training.pairs import make_pairs
from motion2language.training.prepare import prepare_samples
from motion2language.training.train import _rehearsal, build_untrained, train, with_others
from motion2language.transcript import Caption

TRAINING = corpora.load("synthetic", None, "train")[:24]
VALIDATION = corpora.load("synthetic", None, "val")[:6]


def run_config(kind: str = "transducer", **changes) -> RunConfig:
    return RunConfig.model_validate(
        {
            "model": {
                "kind": kind, "features": "canonical", "hidden": 16, "embedding": 8, "encoder_hidden": 16,
                "dropout": 0.1, "encoder": "convolution" if kind == "transducer" else "mlp",
            },
            "train": {
                "epochs": 4, "batch_size": 8, "minimum_count": 1, "captions": "one", "average": 0.5,
                "schedule": "cosine", "warmup_steps": 2, "augment": {"mirror": 0.5, "speed": 0.1, "noise": 0.01},
            }
            | changes,
        }
    )  # fmt: skip


def log_of(folder) -> list[dict[str, str]]:
    with (folder / "log.csv").open(newline="") as file:
        return [{key: value for key, value in row.items() if key != "captions_per_s"} for row in csv.DictReader(file)]


def interrupted_after(epochs: int, monkeypatch) -> None:
    """Ctrl-C in the middle of the epoch after `epochs` finished ones."""
    step, batches_an_epoch = Learner.step, 3

    def stopping(self, *arguments):
        if self.updates == epochs * batches_an_epoch + 1:
            raise KeyboardInterrupt
        return step(self, *arguments)

    monkeypatch.setattr(Learner, "step", stopping)


@pytest.mark.parametrize("kind", ["transducer", "attention"])
def test_a_resumed_run_gives_the_numbers_of_an_unbroken_one(kind, tmp_path, monkeypatch):
    train(run_config(kind), TRAINING, VALIDATION, tmp_path / "whole")
    with monkeypatch.context() as context:
        interrupted_after(2, context)
        with pytest.raises(KeyboardInterrupt):
            train(run_config(kind), TRAINING, VALIDATION, tmp_path / "broken")
    assert [row["epoch"] for row in log_of(tmp_path / "broken")] == ["1", "2"]
    load_model(tmp_path / "broken" / "last")
    (left := tmp_path / "broken" / ".state.pt-ofa_kill").touch()
    (folder_left := tmp_path / "broken" / ".last-ofa_kill").mkdir()
    train(run_config(kind), TRAINING, VALIDATION, tmp_path / "broken", resume=True)
    assert not left.exists()
    assert not folder_left.exists()
    assert log_of(tmp_path / "broken") == log_of(tmp_path / "whole")
    whole, broken = (load_file(tmp_path / name / "last" / "weights.safetensors") for name in ("whole", "broken"))
    assert whole.keys() == broken.keys()
    assert all(torch.equal(whole[key], broken[key]) for key in whole)


def killed_at(point: str, monkeypatch) -> None:
    """This process is killed in epoch 2: with half a row logged, a model moved away, or half a state written."""

    def die(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    if point == "log":
        write = RunLog.write

        def logging(self, row):
            if row["epoch"] == 2:
                with self.path.open("a") as file:
                    file.write("2,0.5")
                die()
            write(self, row)

        monkeypatch.setattr(RunLog, "write", logging)
    elif point == "model":
        rename = Path.rename

        def renaming(self, target):
            second = self.name == "new" and (self.parent.parent / "best").exists()
            return die() if second else rename(self, target)

        monkeypatch.setattr(Path, "rename", renaming)
    else:
        save = Learner.save

        def saving(self, path):
            if self.epoch == 2:
                monkeypatch.setattr("motion2language.files.Path.replace", die)
            save(self, path)

        monkeypatch.setattr(Learner, "save", saving)


@pytest.mark.skipif(sys.platform == "win32", reason="needs fork and SIGKILL")
@pytest.mark.parametrize("point", ["log", "model", "state"])
def test_a_killed_run_is_resumed_to_the_same_numbers_and_leaves_nothing_behind(point, tmp_path, monkeypatch):
    config = run_config(epochs=3)
    train(config, TRAINING, VALIDATION, tmp_path / "whole")

    def run() -> None:
        killed_at(point, monkeypatch)
        train(config, TRAINING, VALIDATION, tmp_path / "killed")

    process = multiprocessing.get_context("fork").Process(target=run)
    process.start()
    process.join(300)
    assert process.exitcode == -signal.SIGKILL
    assert any(path.name.startswith(".") for path in (tmp_path / "killed").iterdir()) == (point != "log")
    train(config, TRAINING, VALIDATION, tmp_path / "killed", resume=True)
    assert log_of(tmp_path / "killed") == log_of(tmp_path / "whole")
    assert b"\r" not in (tmp_path / "killed" / "log.csv").read_bytes()
    files = [tmp_path / name / "last" / "weights.safetensors" for name in ("whole", "killed")]
    assert files[0].read_bytes() == files[1].read_bytes()
    names = {path.name for path in (tmp_path / "killed").iterdir() if not path.name.startswith("events")}
    assert names == {path.name for path in (tmp_path / "whole").iterdir() if not path.name.startswith("events")}


@pytest.mark.parametrize("kind", ["transducer", "attention"])
def test_a_run_through_the_store_gives_the_numbers_of_one_from_memory(kind, tmp_path):
    """Also where the store is there already; its motions are views of the mapped file, none is held."""
    parts = {"train": (10, 14), "val": (6,)}
    train(run_config(kind, epochs=2), TRAINING, VALIDATION, tmp_path / "memory")
    for out in ("made", "reused"):
        training, validation = (
            sum((kept(split, size, tmp_path / "stores") for size in sizes), Samples([]))
            for split, sizes in parts.items()
        )
        train(run_config(kind, epochs=2), training, validation, tmp_path / out)
        assert log_of(tmp_path / out) == log_of(tmp_path / "memory")
        files = [tmp_path / name / "last" / "weights.safetensors" for name in ("memory", out)]
        assert files[0].read_bytes() == files[1].read_bytes()
    model = load_model(tmp_path / "made" / "last")
    ready = prepare_samples(training, model.config)
    for config in (run_config(kind).train, run_config(kind, augment={}).train):
        pairs = make_pairs(ready, model, config)
        assert len(pairs) == len(pairs.rows) == len(TRAINING)
        assert all(is_mapped(rows) for rows in pairs.rows)


def kept(split: str, size: int, stores: Path) -> Samples[Sample]:
    first = 10 if size == 14 else 0
    makers = [partial(synthetic.sample, split, number) for number in range(first, first + size)]
    return corpora.cache(f"{split} {size}", None, Samples(makers), stores)


def is_mapped(array: np.ndarray) -> bool:
    while isinstance(array, np.ndarray) and not isinstance(array, np.memmap):
        array = array.base
    return isinstance(array, np.memmap) and array.filename is not None


def test_the_loss_falls_and_the_run_folder_holds_what_it_says(tmp_path):
    best = train(run_config(epochs=6, learning_rate=0.01), TRAINING, VALIDATION, tmp_path / "run")
    rows = log_of(tmp_path / "run")
    assert float(rows[-1]["loss"]) < 0.7 * float(rows[0]["loss"])
    assert {"bleu_4", "verbs", "iou", "score"} <= rows[0].keys()
    assert best.config == load_model(tmp_path / "run" / "last").config
    assert any(path.name.startswith("events.out") for path in (tmp_path / "run").iterdir())
    resolved = json.loads((tmp_path / "run" / "config.json").read_text())
    assert resolved["train"]["epochs"] == 6
    assert resolved["model"]["input_width"] == 124
    assert torch.load(tmp_path / "run" / "state.pt", weights_only=True)["progress"]["epoch"] == 6


def test_best_is_the_epoch_with_the_best_score_and_last_the_last(tmp_path, monkeypatch):
    scores = iter([1.0, 3.0, 2.0, 0.0, 0.0])
    monkeypatch.setattr("motion2language.training.train.validate", lambda *_: {"score": next(scores)})
    train(run_config(epochs=3, schedule="constant"), TRAINING, VALIDATION, tmp_path / "three")
    train(run_config(epochs=2, schedule="constant"), TRAINING, VALIDATION, tmp_path / "two")

    def weights(name: str) -> dict:
        return load_file(tmp_path / name / "weights.safetensors")

    assert all(torch.equal(tensor, weights("two/last")[key]) for key, tensor in weights("three/best").items())
    assert not all(torch.equal(tensor, weights("two/last")[key]) for key, tensor in weights("three/last").items())


def test_a_run_folder_is_neither_overwritten_nor_continued_by_another_run(tmp_path):
    train(run_config(epochs=1), TRAINING, VALIDATION, tmp_path)
    with pytest.raises(ValueError, match="already holds a run; add --resume"):
        train(run_config(epochs=1), TRAINING, VALIDATION, tmp_path)
    with pytest.raises(ValueError, match="holds a run of another configuration"):
        train(run_config(epochs=2), TRAINING, VALIDATION, tmp_path, resume=True)
    resolved = (tmp_path / "config.json").read_text()
    assert '    "heads": 4,\n' in resolved
    (tmp_path / "config.json").write_text(resolved.replace('    "heads": 4,\n', ""))  # begun before there were heads
    train(run_config(epochs=1), TRAINING, VALIDATION, tmp_path, resume=True)
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(ValueError, match="holds a run of another configuration"):
        train(run_config(epochs=1), TRAINING, VALIDATION, tmp_path, resume=True)


def test_a_folder_that_a_run_is_writing_is_left_to_it(tmp_path):
    run = run_config(epochs=1)
    train(run, TRAINING, VALIDATION, tmp_path / "run")
    kept = {path: path.read_bytes() for path in (tmp_path / "run").rglob("*") if path.is_file()}
    lock = Lock(tmp_path / "run" / "run.lock")
    assert lock.acquire()
    with pytest.raises(ValueError, match="run: another run is training in it"):
        train(run, TRAINING, VALIDATION, tmp_path / "run", resume=True)
    lock.release()
    assert {path: path.read_bytes() for path in kept} == kept
    train(run, TRAINING, VALIDATION, tmp_path / "run", resume=True)


def test_a_run_is_not_continued_on_another_corpus_of_the_same_words(tmp_path):
    train(run_config(epochs=2), TRAINING, VALIDATION, tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    further = corpora.load("synthetic", None, "train")[24:48]
    motions = [replace(own, motion=other.motion) for own, other in zip(TRAINING, further, strict=True)]
    swapped = {"left": "right", "right": "left"}
    sentences = [
        replace(
            own, captions=tuple(Caption(" ".join(swapped.get(w, w) for w in one.text.split())) for one in own.captions)
        )
        for own in TRAINING
    ]
    for other in (motions, sentences):
        with pytest.raises(ValueError, match="holds a run on another corpus"):
            train(run_config(epochs=2), other, VALIDATION, tmp_path, resume=True)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_vocabulary_statistics_and_action_words_come_from_the_training_split_alone():
    one = build_untrained(run_config(), prepare_samples(TRAINING, run_config().model))
    words = {word for sample in TRAINING for caption in sample.captions for word in caption.text.split()}
    assert set(one.vocabulary.words[4:]) == words
    values = np.concatenate([one.values(one.prepare(sample.motion)) for sample in TRAINING])
    np.testing.assert_allclose(values.mean(0), 0, atol=1e-3)


def test_a_run_may_name_actions_by_the_phrases_of_a_table(tmp_path):
    run = run_config()
    samples = prepare_samples(TRAINING, run.model)
    assert build_untrained(run, samples).lexicon.phrases == {}
    told = build_untrained(run.model_copy(update={"actions": "table"}), samples).lexicon
    assert set(told.phrases.values()) <= {segment.label for sample in TRAINING for segment in sample.segments}
    with pytest.raises(FileNotFoundError):
        build_untrained(run.model_copy(update={"actions": str(tmp_path / "none.toml")}), samples)


def test_training_without_captions_is_an_error():
    with pytest.raises(ValueError, match="0 training samples contain no caption"):
        build_untrained(run_config(), Samples([]))


def test_a_loss_that_is_no_number_stops_with_advice(tmp_path):
    with pytest.raises(ValueError, match=r"the loss became nan in epoch 1; lower train\.learning_rate"):
        train(run_config(learning_rate=1e30, gradient_norm=1e30, average=0.0), TRAINING, VALIDATION, tmp_path)


def test_the_learning_rate_warms_up_and_falls():
    config = run_config(warmup_steps=10, learning_rate=1.0, schedule="cosine").train
    assert learning_rate(config, 0, 1000) == pytest.approx(0.1)
    assert learning_rate(config, 9, 1000) == pytest.approx(1.0, abs=1e-3)
    assert learning_rate(config, 500, 1000) == pytest.approx(0.5, abs=1e-3)
    assert learning_rate(config.model_copy(update={"schedule": "constant"}), 999, 1000) == 1.0


@pytest.mark.parametrize(
    ("text", "overrides", "message"),
    [
        ("[model]\nencodr = 'gru'", (), r"unknown key model\.encodr; did you mean encoder\?"),
        ("[train]\nepochs = 0", (), r"train\.epochs: .*greater than 0, found 0"),
        ("[train.augment]\nmiror = 0.5", (), r"unknown key train\.augment\.miror; did you mean mirror\?"),
        ("[model", (), "not a TOML file"),
        ("", ("model.encoder",), "expected KEY=VALUE"),
        ("", ("model=3", "model.encoder=gru"), r"--set 'model\.encoder=gru': model is 3, not a table"),
        ("", ("model.fps=inf",), r"model\.fps: .*finite number"),
        ("", ("model.hidden=1000000000",), r"model\.hidden: .*less than or equal to 8192"),
        ("", ("model.hiden=3",), r"unknown key model\.hiden; did you mean hidden\?"),
        ("", ("train.epochs=many",), r"train\.epochs: .*found 'many'"),
        ("", ("train.augment.noise=inf",), r"train\.augment\.noise: .*finite number"),
        ("", ("train=3",), r"run\.toml: train: expected a table, found 3$"),
        ("", ("model.monotone=true",), r"run\.toml: model: monotone is for .* only go forward anyway$"),
        (
            "[model]\nkind = 'transducer'",
            ("train.teacher_forcing_end=0.1",),
            r"run\.toml: train\.teacher_forcing_end: a transducer is always fed the reference words; leave it out$",
        ),
        ("", (f"train.epochs={[1] * 99}",), r"train\.epochs: .*found \[1, 1, .{30,40} \.\.\. .{10,20} 1\]$"),
    ],
)
def test_a_wrong_configuration_says_what_and_suggests(text, overrides, message, tmp_path):
    (tmp_path / "run.toml").write_text(text)
    with pytest.raises(ValueError, match=message):
        load_config(tmp_path / "run.toml", overrides)


def test_features_nobody_knows_are_said_before_training(tmp_path):
    config = run_config()
    unknown = config.model_copy(update={"model": replace(config.model, features="smell")})
    with pytest.raises(ValueError, match=r"model\.features is 'smell'; there are paper, "):
        train(unknown, TRAINING, VALIDATION, tmp_path)


def test_overrides_take_toml_values_and_plain_words(tmp_path):
    (tmp_path / "run.toml").write_text("[model]\nhidden = 64\n")
    found = load_config(tmp_path / "run.toml", ["model.encoder=gru", "train.epochs=3", "model.mask=false", "also=[]"])
    assert (found.model.encoder, found.train.epochs, found.model.mask, found.model.hidden) == ("gru", 3, False, 64)


def test_a_damaged_state_is_a_clear_error(tmp_path):
    train(run_config(epochs=1), TRAINING, VALIDATION, tmp_path)
    shutil.copy(tmp_path / "log.csv", tmp_path / "state.pt")
    with pytest.raises(ValueError, match=r"state\.pt: cannot be resumed from"):
        train(run_config(epochs=1), TRAINING, VALIDATION, tmp_path, resume=True)


def test_training_goes_on_from_a_trained_model_with_its_words_and_statistics(tmp_path):
    start = train(run_config(epochs=2, learning_rate=0.01), TRAINING, VALIDATION, tmp_path / "first")
    other = corpora.load("synthetic", None, "train")[30:40]
    going_on = run_config(epochs=1, learning_rate=1e-9, average=0.0)
    again = train(going_on, other, VALIDATION, tmp_path / "second", start=start)
    known = start.vocabulary.words
    assert again.vocabulary.words[: len(known)] == known
    said = {word for sample in other for caption in sample.captions for word in caption.text.split()}
    assert set(again.vocabulary.words) == {*known, *said}
    np.testing.assert_array_equal(again.normalizer.mean, start.normalizer.mean)
    for key, array in start.weights.items():
        np.testing.assert_allclose(again.weights[key][: len(array)], array, atol=1e-6, rtol=0)


def test_a_model_trained_further_rehearses_unless_told_otherwise(tmp_path, monkeypatch, capsys):
    start = train(run_config(epochs=1), TRAINING, VALIDATION, tmp_path / "first")
    asked = []
    monkeypatch.setattr("motion2language.training.train.rehearse", lambda *a: asked.append(a[1]) or Samples([]))
    train(run_config(epochs=1, rehearse=0.2), TRAINING[:8], VALIDATION, tmp_path / "second", start=start)
    train(run_config(epochs=1, rehearse=0.0), TRAINING[:8], VALIDATION, tmp_path / "third", start=start)
    assert asked == [2]
    assert "words: " in capsys.readouterr().out
    elsewhere = replace(start, config=replace(start.config, joints=("hip", "knee")))
    with pytest.warns(UserWarning, match="reads other joints than the canonical body's and cannot rehearse"):
        assert len(_rehearsal(elsewhere, run_config().train, 8)) == 0


def test_a_resumed_run_may_have_more_epochs_and_other_settings_and_says_so(tmp_path, capsys):
    train(run_config(epochs=1), TRAINING, VALIDATION, tmp_path)
    more = run_config(epochs=2, learning_rate=0.003, weight_decay=0.5)
    more = more.model_copy(update={"model": replace(more.model, max_words=30)})
    with pytest.raises(ValueError, match="holds a run of another configuration"):
        train(more, TRAINING, VALIDATION, tmp_path, resume=True)
    capsys.readouterr()
    train(more, TRAINING, VALIDATION, tmp_path, resume=True, changeable=True)
    changed = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("changed since"))
    assert changed == (
        "changed since the run began: model.max_words 40, not 30; train.epochs 1, not 2; train.learning_rate 0.001, "
        "not 0.003; 4 in all"
    )
    assert [row["epoch"] for row in log_of(tmp_path)] == ["1", "2"]
    state = torch.load(tmp_path / "state.pt", weights_only=True)
    assert state["optimizer"]["param_groups"][0]["weight_decay"] == 0.5
    assert json.loads((tmp_path / "config.json").read_text())["train"]["epochs"] == 2


@pytest.mark.parametrize("changes", [{"hidden": 24}, {"encoder": "gru"}, {"features": "paper"}, {"fps": 5.0}])
def test_a_resumed_run_has_the_network_that_it_began_with(tmp_path, changes):
    (tmp_path / "config.json").write_text(run_config(epochs=1).model_dump_json())
    other = run_config(epochs=2)
    other = other.model_copy(update={"model": replace(other.model, **changes)})
    with pytest.raises(ValueError, match="holds a run of another configuration"):
        require_usable(tmp_path, other, True, changeable=True)
    require_usable(tmp_path, run_config(epochs=2, batch_size=3), True, changeable=True)


def test_a_rule_that_changes_the_words_is_refused(tmp_path):
    train(run_config(epochs=1), TRAINING, VALIDATION, tmp_path)
    with pytest.raises(ValueError, match=r"another configuration or corpus \(model\.vocabulary_size 65, not \d+\)"):
        train(run_config(epochs=2, minimum_count=9), TRAINING, VALIDATION, tmp_path, resume=True, changeable=True)


def test_going_on_from_another_network_is_an_error(tmp_path):
    start = train(run_config(epochs=1), TRAINING, VALIDATION, tmp_path / "first")
    wider = run_config(epochs=1)
    wider = wider.model_copy(update={"model": replace(wider.model, hidden=32, encoder="gru")})
    with pytest.raises(ValueError, match="another network than the configuration describes: encoder, hidden differ"):
        train(wider, TRAINING, VALIDATION, tmp_path / "second", start=start)


def test_words_that_come_late_cost_more_when_early_ones_are_wanted():
    """Of two models alike but for how early they speak, the eager one is the better when `early` is set."""
    from small import batch, network

    one = batch()
    plain, eager = (network(kind="transducer", encoder="causal-convolution", early=early) for early in (0.0, 2.0))

    def gain(model: torch.nn.Module) -> float:
        """What speaking a little sooner everywhere does to the loss."""
        loss = model.loss(one)
        (gradient,) = torch.autograd.grad(loss, model.said_gate.bias)
        return float(gradient[0])  # of waiting

    assert gain(eager) > gain(plain)


def test_other_corpora_come_with_or_without_a_root(monkeypatch):
    asked = []
    monkeypatch.setattr(corpora, "load", lambda *arguments: asked.append(arguments) or Samples.of(VALIDATION[:2]))
    run = RunConfig(also=("synthetic", "compose:folder/people.json"))
    assert len(with_others(run, Samples.of(VALIDATION[:1]), "val")) == 5
    assert asked == [("synthetic", None, "val", None), ("compose", Path("folder/people.json"), "val", None)]


def swapped_sides(sample: Sample) -> Sample:
    """The sample in left-handed coordinates, which nothing can read."""
    motion = replace(sample.motion, positions=sample.motion.positions * (-1, 1, 1), name="swapped")
    return replace(sample, name="swapped", motion=motion)


def test_a_recording_to_validate_on_that_cannot_be_read_is_left_out_and_named(tmp_path):
    """It once ended the training at the first validation, with the epoch lost."""
    validation = [VALIDATION[0], swapped_sides(VALIDATION[1]), VALIDATION[2]]
    with pytest.warns(UserWarning, match="1 of 3 recordings cannot be described and are left out: swapped: "):
        train(run_config(epochs=1), TRAINING[:8], validation, tmp_path / "run")
    assert float(log_of(tmp_path / "run")[0]["bleu_4"]) >= 0
    with pytest.raises(ValueError, match="swapped"):
        train(run_config(epochs=1), TRAINING[:8], validation[1:2], tmp_path / "other")


@pytest.mark.parametrize("stored", [False, True])
def test_a_recording_that_cannot_be_prepared_is_left_out_and_named(stored, tmp_path):
    """One composed motion whose sides look swapped once ended the whole training."""
    good = list(VALIDATION[:3])
    swapped = swapped_sides(good[1])
    samples: Samples[Sample] = Samples.of([good[0], swapped, good[2]])
    if stored:
        samples = samples.cache(tmp_path / "store", "some", "key")
    with pytest.warns(UserWarning, match="1 of 3 recordings cannot be trained on and are left out: swapped: "):
        prepared = prepare_samples(samples, run_config().model)
    assert [sample.name for sample in prepared] == [good[0].name, good[2].name]
    everything = Samples.of([swapped])
    with pytest.raises(ValueError, match="swapped"):
        prepare_samples(
            everything.cache(tmp_path / "other", "one", "key") if stored else everything, run_config().model
        )
