"""The examples in docstrings run and print what they show; public metrics and values have one."""

import doctest
import importlib
import inspect
from pathlib import Path

import pytest

import motion2language

ROOT = Path(motion2language.__file__).parent.parent
MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for path in (ROOT / "motion2language").rglob("*.py")
    if ">>> " in path.read_text(encoding="utf-8")
)
METRICS = """
    bleu.bleu bleu.bleu_counts bleu.bleu_interval bleu.compare_bleu
    captions.caption_scores rouge_cider.rouge_l rouge_cider.cider
    segments.interval_iou segments.interval_iop segments.match segments.segment_scores segments.clip_scores
    segments.threshold_curve bootstrap.interval bootstrap.compare
    reliability.reliability reliability.calibration_error baselines.baseline_transcript frames.in_frames
""".split()
VALUES = """
    motion.Skeleton motion.Motion transcript.Caption transcript.TimedWord transcript.Segment transcript.Transcript
    captioning.hypothesis.Hypothesis language.vocabulary.Vocabulary language.actions.ActionLexicon data.samples.Sample
    scoring.reference.Reference scoring.score.Scores
""".split()


def test_many_modules_have_examples():
    assert len(MODULES) >= 15


@pytest.mark.parametrize("name", MODULES)
def test_examples_print_what_they_show(name, monkeypatch):
    monkeypatch.chdir(ROOT)
    results = doctest.testmod(importlib.import_module(name))
    assert results.attempted > 0
    assert results.failed == 0


@pytest.mark.parametrize("name", [f"scoring.{metric}" for metric in METRICS] + VALUES)
def test_public_metrics_and_values_have_an_example(name):
    module, _, attribute = name.rpartition(".")
    item = getattr(importlib.import_module(f"motion2language.{module}"), attribute)
    texts = [inspect.getdoc(item) or ""]
    if inspect.isclass(item):
        texts += [inspect.getdoc(member) or "" for member in vars(item).values() if inspect.isfunction(member)]
    assert any(">>> " in text for text in texts)
