"""Recordings and sentences in, a trained captioner out: a small training run whose answers are checked on the clock."""

import numpy as np
import pytest

from motion2language.data.samples import Sample
from motion2language.data.synthesis import make_recording
from motion2language.scoring import evaluate
from motion2language.training.config import RunConfig
from motion2language.training.train import train

ACTIONS = ("walk", "jump", "wave_right", "bow", "turn_left", "squat")


def samples(split: str, count: int) -> list[Sample]:
    """Recordings of one to three of six actions."""
    random = np.random.default_rng(len(split))
    result = []
    for number in range(count):
        actions = tuple(random.choice(ACTIONS, random.integers(1, 4), replace=False).tolist())
        name = f"{split}_{number}"
        recording = make_recording([50, len(split), number], actions, fps=10.0, name=name)
        result.append(Sample(name, recording.motion, recording.captions, split, recording.segments))
    return result


@pytest.mark.slow
def test_from_sentences_without_times_it_learns_what_happens_when(tmp_path):
    run = RunConfig.model_validate(
        {
            "model": {
                "kind": "transducer", "encoder": "convolution", "features": "canonical", "hidden": 48,
                "embedding": 32, "encoder_hidden": 64, "dropout": 0.1,
            },
            "train": {
                "epochs": 14, "batch_size": 16, "learning_rate": 4e-3, "schedule": "cosine", "captions": "one",
                "average": 0.98, "warmup_steps": 20, "minimum_count": 1,
            },
        }
    )  # fmt: skip
    captioner = train(run, samples("train", 400), samples("val", 30), tmp_path / "run")
    held_out = samples("testing", 60)
    scores, transcripts, *_ = evaluate.evaluate(captioner, held_out)
    blind = scores.baselines["n equal cuts"]
    assert scores.segments["verbs_exact/all"] > 0.8
    assert scores.segments["iou/strict/all"] > blind["iou/strict/all"] + 0.05
    assert scores.segments["element_of/strict/all"] > 0.9
    assert scores.captions["bleu_4"] > 45
    errors = [
        abs(found.start - wanted.start)
        for sample, transcript in zip(held_out, transcripts, strict=True)
        if [part.label for part in transcript.segments] == [part.label for part in sample.segments]
        for found, wanted in zip(transcript.segments[1:], sample.segments[1:], strict=True)
    ]
    assert len(errors) > 20
    assert np.median(errors) < 0.4  # seconds
