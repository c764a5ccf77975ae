"""`m2l bench`: what it counts, and that a stage's time is its own."""

import json

import pytest
import torch
from safetensors.torch import load_file

from motion2language.captioning.captioner import Captioner
from motion2language.data import corpora
from motion2language.training import bench
from motion2language.training.config import RunConfig, load_config
from motion2language.training.prepare import prepare_samples
from motion2language.training.train import build_untrained, train

TRAINING = corpora.load("synthetic", None, "train")[:8]


@pytest.fixture(autouse=True)
def few_samples(monkeypatch):
    monkeypatch.setattr(corpora, "load", lambda name, root, split, store: TRAINING)


@pytest.fixture
def m2l(m2l):
    """Run `m2l bench` on synthetic recordings; returns its status, standard output and standard error."""
    return lambda *words: m2l("bench", *words, "--dataset", "synthetic")


STAGES = {
    "train": {"batch", "encoder", "decoder and loss", "backward", "update"},
    "decode": {"features", "encoder", "search"},
    "load": {"read", "prepare", "batch"},
}


@pytest.mark.parametrize("what", STAGES)
@pytest.mark.parametrize("kind", ["attention", "transducer"])
def test_the_last_line_is_json_with_the_figures_printed_above(what, kind, m2l):
    options = ("--batch-size", 5, "--batches", 3, "--beam", 1, "--set", f"model.kind={kind}")
    status, out, err = m2l(what, *options, "--threads", 1, "--json")
    assert (status, err) == (0, "")
    figures = json.loads(out.splitlines()[-1])
    assert figures["what"] == what
    assert set(figures["shares"]) == STAGES[what]
    assert sum(figures["shares"].values()) == pytest.approx(1)
    assert all(share > 0 for share in figures["shares"].values())
    assert figures["ms_a_caption"] == pytest.approx(1000 / figures["captions_per_s"])
    assert figures["peak_memory_mb"] > 50
    assert f"{figures['captions_per_s']:,.0f} captions/s" in out
    captions = sum(len(sample.captions) for sample in TRAINING)
    assert figures["captions"] == {"train": figures["captions"], "decode": len(TRAINING), "load": captions}[what]
    assert 0 < figures["captions"] <= captions


def test_decoding_is_measured_as_captions_are_made_or_with_another_search(m2l, monkeypatch):
    asked = []
    search = Captioner.search
    monkeypatch.setattr(Captioner, "search", lambda self, *given: asked.append(given[1]) or search(self, *given))
    monkeypatch.setattr(bench, "ALONE", 4)
    for options, expected in (((), None), (("--beam", 2), 2), (("--beam", 0), 0)):
        status, out, _ = m2l("decode", "--batch-size", 3, *options)
        assert status == 0
        assert "times faster than one at a time" in out
        assert asked == [expected] * (1 + 3 + 4)  # once to warm up, eight recordings in threes, four alone
        asked.clear()


def bench_run(kind: str, **options) -> RunConfig:
    run = load_config(None, [f"model.kind={kind}", "train.minimum_count=1", "train.epochs=1"])
    return run.model_copy(update={"train": run.train.model_copy(update=options)})


@pytest.mark.parametrize("kind", ["attention", "transducer"])
@pytest.mark.parametrize(
    "options",
    [
        {"batch_size": 64},
        {"batch_size": 64, "accumulate": 3, "precision": "bfloat16", "label_smoothing": 0.1, "schedule": "cosine"},
    ],
)
def test_a_measured_update_is_the_one_that_training_makes(kind, options, tmp_path, monkeypatch):
    run = bench_run(kind, **options)
    train(run, TRAINING, TRAINING[:2], tmp_path)
    monkeypatch.setattr(bench, "WARM_UP", 0)
    torch.manual_seed(run.train.seed)
    captioner = build_untrained(run, prepare_samples(TRAINING, run.model))
    before = {key: value.clone() for key, value in captioner.network.state_dict().items()}
    bench.bench_train(captioner, TRAINING, run, count=1)
    trained, measured = load_file(tmp_path / "last" / "weights.safetensors"), captioner.network.state_dict()
    assert all(torch.equal(measured[key], tensor) for key, tensor in trained.items())
    assert not all(torch.equal(measured[key], tensor) for key, tensor in before.items())


@pytest.mark.parametrize(("precision", "low"), [("float32", False), ("bfloat16", True)])
def test_the_precision_reaches_the_measured_update(precision, low):
    run = bench_run("transducer", precision=precision)
    captioner = build_untrained(run, prepare_samples(TRAINING, run.model))
    seen = []
    captioner.network.encoder.register_forward_pre_hook(lambda *_: seen.append(torch.is_autocast_enabled("cpu")))
    bench.bench_train(captioner, TRAINING, run, count=1)
    assert seen == [low] * (bench.WARM_UP + 1)


@pytest.mark.parametrize("compiled", [False, True])
def test_the_encoder_of_the_measured_update_is_compiled_as_configured(compiled, monkeypatch):
    asked = []
    monkeypatch.setattr(torch.nn.Module, "compile", lambda self, **options: asked.append((self, options)))
    run = bench_run("transducer", compile=compiled)
    captioner = build_untrained(run, prepare_samples(TRAINING, run.model))
    bench.bench_train(captioner, TRAINING, run, count=1)
    assert asked == ([(captioner.network.encoder, {"dynamic": True})] if compiled else [])


def test_without_json_the_last_line_is_a_stage(m2l):
    _, out, _ = m2l("load")
    assert out.splitlines()[-1].startswith("| batch |")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--batch-size", 0), "--batch-size 0: give 1 or more"),
        (("--beam", -1), "--beam -1"),
        (("--threads", -1), "--threads -1: give 1 or more"),
        (("--set", "model.encodr=gru"), "unknown key model.encodr; did you mean encoder?"),
    ],
)
def test_what_cannot_be_measured_is_one_line(options, message, m2l):
    status, _, err = m2l("train", *options)
    assert status == 1
    assert message in err
    assert err.count("\n") == 1


def test_time_within_an_inner_stage_is_not_the_outer_ones(monkeypatch):
    now = 0.0
    monkeypatch.setattr("motion2language.training.bench.time.perf_counter", lambda: now)
    watch = bench._Stopwatch(torch.device("cpu"))

    class Inner:
        def run(self) -> None:
            nonlocal now
            now += 5.0

    inner = Inner()
    with watch("outer"), watch.inside(inner, "run", "inner"):
        now += 2.0
        inner.run()
    inner.run()
    assert watch.seconds == {"inner": 5.0, "outer": 2.0}
