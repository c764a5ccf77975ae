"""An update: a batch in parts equals the whole one, and every option does what it says and resumes exactly."""

import csv
import errno
import io
import os
import shutil
from dataclasses import replace
from unittest.mock import Mock

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from small import batch, network
from test_train import TRAINING, VALIDATION, interrupted_after, log_of, run_config

from motion2language.language.vocabulary import PAD
from motion2language.model.batch import LossOptions
from motion2language.model.transducer import Transducer
from motion2language.training.config import RunConfig, TrainConfig
from motion2language.training.learner import Learner, teacher_forcing
from motion2language.training.prepare import prepare_samples
from motion2language.training.processes import shares
from motion2language.training.train import build_untrained, train
from motion2language.training.updates import Updates


def weights_of(folder, name: str = "last") -> dict[str, torch.Tensor]:
    return load_file(folder / name / "weights.safetensors")


def without_dropout(kind: str, **changes) -> RunConfig:
    run = run_config(kind, **{"epochs": 2} | changes)
    return run.model_copy(update={"model": replace(run.model, dropout=0.0)})


@pytest.mark.parametrize("kind", ["transducer", "attention"])
def test_a_batch_in_parts_gives_the_weights_and_the_log_of_the_whole_batch(kind, tmp_path):
    # 22 recordings: the last batch holds 6, fewer than the parts
    train(without_dropout(kind), TRAINING[:22], VALIDATION, tmp_path / "whole")
    train(without_dropout(kind, accumulate=7), TRAINING[:22], VALIDATION, tmp_path / "parts")
    whole, parts = weights_of(tmp_path / "whole"), weights_of(tmp_path / "parts")
    for key, tensor in whole.items():
        torch.testing.assert_close(parts[key], tensor, atol=2e-5, rtol=1e-4)
    for one, other in zip(log_of(tmp_path / "whole"), log_of(tmp_path / "parts"), strict=True):
        assert float(one["loss"]) == pytest.approx(float(other["loss"]), rel=1e-4)
        assert float(one["score"]) == pytest.approx(float(other["score"]), abs=1e-3)


def test_shares_cover_a_batch_and_differ_by_one_at_most():
    for length, parts in ((32, 4), (7, 3), (2, 5)):
        cut = [list(range(length))[part] for part in shares(length, parts)]
        assert [number for part in cut for number in part] == list(range(length))
        assert max(map(len, cut)) - min(map(len, cut)) <= 1
        assert len(cut) == parts


def test_a_batch_smaller_than_its_parts_is_an_error(tmp_path):
    with pytest.raises(ValueError, match=r"train\.batch_size 8: cannot be cut into 9 parts, 9 for each of 1 process"):
        train(run_config(accumulate=9), TRAINING, VALIDATION, tmp_path)


@pytest.mark.parametrize(
    ("file", "writes"), [("log.csv", "csv.DictWriter.writerow"), ("last", "pathlib.Path.write_bytes")]
)
def test_a_full_disk_is_one_line_and_the_run_goes_on_when_there_is_room(file, writes, tmp_path, monkeypatch):
    run, out = run_config("attention", epochs=2), tmp_path / "run"
    with monkeypatch.context() as disk:
        disk.setattr(writes, Mock(side_effect=OSError(errno.ENOSPC, "No space left on device")))
        with pytest.raises(ValueError, match=rf"{file}: cannot be written \(No space left on device\)"):
            train(run, TRAINING, VALIDATION, out)
    train(run, TRAINING, VALIDATION, out, resume=True)
    assert [row["epoch"] for row in log_of(out)] == ["1", "2"]


def test_a_gradient_that_is_no_number_in_the_last_update_stops_before_the_weights_are_lost(tmp_path, monkeypatch):
    """The loss is still a number then, and no later one of the epoch would tell."""
    run = run_config("transducer", epochs=2)
    backward, last = Learner._backward, 2 * -(-len(TRAINING) // run.train.batch_size) - 1

    def overflowing(self, parts):
        loss = backward(self, parts)
        if self.updates == last:
            next(self.network.parameters()).grad.fill_(torch.inf)
        return loss

    with monkeypatch.context() as context:
        context.setattr(Learner, "_backward", overflowing)
        with pytest.raises(ValueError, match=r"the gradient became inf in epoch 2; lower train\.learning_rate"):
            train(run, TRAINING, VALIDATION, tmp_path / "broken")
    kept = weights_of(tmp_path / "broken")
    assert all(tensor.isfinite().all() for tensor in kept.values())
    train(run, TRAINING, VALIDATION, tmp_path / "whole")
    train(run, TRAINING, VALIDATION, tmp_path / "broken", resume=True)
    whole, resumed = weights_of(tmp_path / "whole"), weights_of(tmp_path / "broken")
    assert all(torch.equal(whole[key], resumed[key]) for key in whole)


OPTIONS = {
    "accumulate": 2, "label_smoothing": 0.1, "precision": "bfloat16", "weight_decay": 0.01, "validate_every": 2,
}  # fmt: skip


@pytest.mark.parametrize(("kind", "more"), [("transducer", {}), ("attention", {"teacher_forcing_end": 0.1})])
def test_a_run_with_every_option_resumes_to_the_numbers_of_an_unbroken_one(kind, more, tmp_path, monkeypatch):
    run = run_config(kind, **OPTIONS, **more)
    train(run, TRAINING, VALIDATION, tmp_path / "whole")
    with monkeypatch.context() as context:
        interrupted_after(1, context)
        with pytest.raises(KeyboardInterrupt):
            train(run, TRAINING, VALIDATION, tmp_path / "broken")
    assert not (tmp_path / "broken" / "best").exists()  # not validated yet
    train(run, TRAINING, VALIDATION, tmp_path / "broken", resume=True)
    assert log_of(tmp_path / "broken") == log_of(tmp_path / "whole")
    whole, broken = weights_of(tmp_path / "whole"), weights_of(tmp_path / "broken")
    assert all(torch.equal(whole[key], broken[key]) for key in whole)


def test_label_smoothing_is_the_cross_entropy_with_spread_targets():
    model, one = network(scale=2.0), batch()
    logits, _, _ = model(one)
    shares_of = logits.log_softmax(-1)
    words = F.one_hot(one.tokens, logits.shape[-1]) * 0.9 + 0.1 / logits.shape[-1]
    expected = -(words * shares_of).sum(-1)[one.tokens != PAD].mean()
    torch.testing.assert_close(model.loss(one, LossOptions(label_smoothing=0.1)), expected)
    assert not torch.allclose(model.loss(one), expected)


def test_label_smoothing_of_a_transducer_mixes_in_every_words_log_probability():
    model, one = network(kind="transducer", scale=2.0), batch()
    tokens = one.tokens[:1, :1]
    memory, _ = model.encode(one.values[:1], one.lengths[:1])
    _, _, plain = model.lattice(memory, tokens)
    _, _, smooth = model.lattice(memory, tokens, 0.2)
    every = [model.lattice(memory, torch.full_like(tokens, word))[2] for word in range(model.config.vocabulary_size)]
    torch.testing.assert_close(smooth, 0.8 * plain + 0.2 * torch.stack(every).mean(0))
    assert isinstance(model, Transducer)
    assert model.loss(one, LossOptions(label_smoothing=0.2)).item() > model.loss(one).item()


def test_teacher_forcing_falls_in_a_line_and_reaches_the_network(monkeypatch, tmp_path):
    config = run_config("attention", teacher_forcing=0.9, teacher_forcing_end=0.1).train
    assert [teacher_forcing(config, update, 9) for update in (0, 4, 8)] == pytest.approx([0.9, 0.5, 0.1])
    assert teacher_forcing(config.model_copy(update={"teacher_forcing_end": None}), 8, 9) == 0.9
    seen = []

    def forced(steps, probability, generator):
        seen.append(probability)
        return [True] * steps

    monkeypatch.setattr("motion2language.model.decoder._draw_forcing", forced)
    train(run_config("attention", teacher_forcing=0.8, teacher_forcing_end=0.0), TRAINING, VALIDATION, tmp_path)
    assert (len(seen), seen[0], seen[-1]) == (12, 0.8, 0.0)
    assert seen == sorted(seen, reverse=True)


def test_a_transducer_refuses_what_it_cannot_do():
    with pytest.raises(ValueError, match="a transducer is always fed the reference words"):
        run_config("transducer", teacher_forcing_end=0.0)


def test_training_stops_when_the_score_no_longer_rises_and_a_resumed_run_stays_stopped(tmp_path, monkeypatch):
    scores = [2.0, 1.0, 3.0, 2.0, 3.0, 9.0]
    monkeypatch.setattr("motion2language.training.train.validate", lambda *_: {"score": scores.pop(0)})
    run = run_config(epochs=6, patience=2)
    train(run, TRAINING, VALIDATION, tmp_path)
    assert [row["score"] for row in log_of(tmp_path)] == ["2.0", "1.0", "3.0", "2.0", "3.0"]
    train(run, TRAINING, VALIDATION, tmp_path, resume=True)
    assert (len(log_of(tmp_path)), scores) == (5, [9.0])


def test_validation_can_be_thinned(tmp_path, monkeypatch):
    scores = [1.0, 2.0, 3.0]
    monkeypatch.setattr("motion2language.training.train.validate", lambda *_: {"score": scores.pop(0)})
    train(run_config(epochs=5, validate_every=2, patience=1), TRAINING, VALIDATION, tmp_path)
    assert [row["score"] for row in log_of(tmp_path)] == ["", "1.0", "", "2.0", "3.0"]
    with (tmp_path / "log.csv").open() as file:
        assert next(csv.reader(file)) == ["epoch", "loss", "captions_per_s", "bleu_4", "verbs", "iou", "score"]


@pytest.mark.parametrize("kind", ["transducer", "attention"])
def test_low_precision_changes_the_loss_a_little_and_weights_stay_exact(kind, tmp_path):
    train(without_dropout(kind), TRAINING, VALIDATION, tmp_path / "float32")
    train(without_dropout(kind, precision="bfloat16"), TRAINING, VALIDATION, tmp_path / "bfloat16")
    full, low = (log_of(tmp_path / name) for name in ("float32", "bfloat16"))
    assert float(low[0]["loss"]) == pytest.approx(float(full[0]["loss"]), rel=0.01)
    assert low[0]["loss"] != full[0]["loss"]
    assert {tensor.dtype for tensor in weights_of(tmp_path / "bfloat16").values()} == {torch.float32}


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile on a CPU needs a C++ compiler")
def test_a_compiled_encoder_trains_the_same_weights(tmp_path):
    train(without_dropout("attention"), TRAINING, VALIDATION, tmp_path / "plain")
    train(without_dropout("attention", compile=True), TRAINING, VALIDATION, tmp_path / "compiled")
    plain, compiled = weights_of(tmp_path / "plain"), weights_of(tmp_path / "compiled")
    for key, tensor in plain.items():
        torch.testing.assert_close(compiled[key], tensor, atol=1e-4, rtol=1e-3)


def test_a_corpus_of_one_recording_and_a_batch_larger_than_the_corpus(tmp_path):
    best = train(run_config(epochs=2, batch_size=64), TRAINING[:1], VALIDATION[:1], tmp_path)
    assert len(log_of(tmp_path)) == 2
    assert best.transcribe(TRAINING[0].motion).duration == TRAINING[0].motion.duration


def test_a_corpus_without_a_frequent_word_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="no word of 3 captions occurs 50 times; lower"):
        train(run_config(minimum_count=50), TRAINING[:1], VALIDATION[:1], tmp_path)


class Filling(io.BytesIO):
    """A file on a disk that fills: what has room of the last piece is there, the rest is not."""

    def write(self, data) -> int:
        if self.tell() + len(data) > 50_000:
            super().write(data[:100])
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(data)


def test_the_state_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    """Torch, left to write to a disk that fills, says so in words of its own."""
    run = run_config("attention")
    learner = Learner(build_untrained(run, prepare_samples(TRAINING[:8], run.model)), TrainConfig(), 1)
    learner.save(tmp_path / "state.pt")
    before = (tmp_path / "state.pt").read_bytes()
    assert len(before) > 50_000
    monkeypatch.setattr("motion2language.files.os.fdopen", lambda descriptor, _: os.close(descriptor) or Filling())
    with pytest.raises(ValueError, match=r"state\.pt: cannot be written \(No space left"):
        learner.save(tmp_path / "state.pt")
    assert (tmp_path / "state.pt").read_bytes() == before


def test_one_call_for_all_weights_clips_and_averages_as_one_call_for_each():
    model = network()
    clips = batch()
    averaged = {name: torch.randn_like(value) for name, value in model.state_dict().items()}
    updates = Updates(model, torch.optim.SGD(model.parameters(), 0.1))
    model.loss(clips).backward()
    gradients = [parameter.grad.clone() for parameter in model.parameters()]
    norm = torch.stack([gradient.norm() for gradient in gradients]).norm()
    assert updates.clip(0.5 * norm.item()) == pytest.approx(norm.item())
    expected = {
        name: parameter.detach() - 0.1 * gradient / 2
        for (name, parameter), gradient in zip(model.named_parameters(), gradients, strict=True)
    }
    means = {name: 0.9 * averaged[name] + 0.1 * value for name, value in expected.items()}
    updates.step(averaged, 0.9)
    for name, value in model.state_dict().items():
        torch.testing.assert_close(value, expected[name])
        torch.testing.assert_close(averaged[name], means[name])
