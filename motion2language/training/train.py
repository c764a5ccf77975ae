"""Training: one loop that can be read, for every kind of model.

All randomness of an epoch is drawn from (seed, epoch), so a resumed run repeats an unbroken one number for number. The
vocabulary, statistics and action words come from the training split alone; the validation that picks `best` is
free-running, without references. The loop is the same for one process and for several that torchrun started.
"""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from motion2language.captioning import timing
from motion2language.captioning.captioner import Captioner
from motion2language.captioning.features import Normalizer, feature
from motion2language.captioning.loading import load_model
from motion2language.data import corpora
from motion2language.data.actions import load_wordings
from motion2language.data.progress import progress_bar
from motion2language.data.samples import Sample, Samples, load_into_memory
from motion2language.language.actions import ActionLexicon
from motion2language.language.corrections import corrector
from motion2language.language.vocabulary import SPECIALS, Vocabulary
from motion2language.model.network import build
from motion2language.scoring.bleu import bleu
from motion2language.scoring.evaluate import usable
from motion2language.scoring.segments import segment_scores
from motion2language.training.batches import steps
from motion2language.training.config import RunConfig, TrainConfig
from motion2language.training.folder import RunLog, acquire_lock
from motion2language.training.grow import grow, least_count, measure_growth
from motion2language.training.learner import ALONE, Learner
from motion2language.training.pairs import Pairs, make_pairs
from motion2language.training.prepare import prepare_samples, with_joints
from motion2language.training.processes import Processes
from motion2language.training.rehearse import can_rehearse, rehearse


def train(
    run: RunConfig,
    training: Sequence[Sample],
    validation: Sequence[Sample],
    out: Path,
    *,
    resume: bool = False,
    changeable: bool = False,
    start: Captioner | None = None,
    processes: Processes = ALONE,
) -> Captioner:
    """Train on `training`, validate on `validation`, write to the run folder `out` (folder.py); returns the best model.

    changeable  a resumed run may have other settings, as long as they change no weight's shape; it prints which
    start       a trained captioner to train further, which keeps its words, weights and statistics and gains the words
                and actions of the new sentences (grow.py); else a new one
    processes   this process among those that train together, and its device

    Ctrl-C ends training; the state after the last finished epoch is on disk, and `resume` continues from it. ValueError
    when `out` already holds a run, or on resuming a run of another configuration.
    """
    out, config = Path(out), run.train
    torch.manual_seed(config.seed)
    training = prepare_samples(training, run.model if start is None else start.config)
    captioner = build_untrained(run, training) if start is None else continue_from(start, run, training)
    once = {sample.name: sample for sample in training}
    growth = measure_growth(start, captioner, _sentences(run, list(once.values())), config.minimum_count)
    with ExitStack() as stack:
        if processes.first:
            resolved = run.model_copy(update={"model": captioner.config})
            changes = stack.enter_context(acquire_lock(out, resolved, resume, changeable))
            _require_same_corpus(out / "last", captioner)
            print(
                *growth.lines(), *([f"changed since the run began: {changes}"] if changes else []), sep="\n", flush=True
            )
        pairs = make_pairs(training + _rehearsal(start, config, len(training)), captioner, config)
        learner = Learner(captioner, config, config.epochs * steps(pairs, config), processes)
        if resume:
            learner.load(out / "state.pt")
        processes.require_equal(len(pairs), "captions to train on")
        processes.require_equal(learner.epoch, "finished epochs")
        progress = stack.enter_context(_progress(processes))
        log = stack.enter_context(RunLog(out, learner.epoch)) if processes.first else None
        _run_epochs(learner, pairs, usable(captioner, validation), out, log, progress)
    return load_model(out / "best", processes.device)


def _run_epochs(
    learner: Learner,
    pairs: Pairs,
    validation: Sequence[Sample],
    out: Path,
    log: RunLog | None,
    progress: Progress,
) -> None:
    """Train epoch by epoch until the last one or until the score no longer rises."""
    finished = learner.epoch * steps(pairs, learner.config)
    bar = progress.add_task("training", total=learner.total, completed=finished, detail="")
    for epoch in range(learner.epoch, learner.config.epochs):
        if learner.stopped:
            progress.console.print(f"stopped: no better score in {learner.stale} validations")
            break
        row = _train_epoch(learner, pairs, partial(progress.update, bar, advance=1))
        if log is not None:
            row |= _write_epoch(learner, row, validation, out, log)
            progress.console.print("  ".join(f"{key} {value:.4g}" for key, value in row.items()), soft_wrap=True)
        learner.finish(epoch, learner.processes.broadcast(row.get("score", math.nan)))
        if log is not None:
            learner.save(out / "state.pt")


def _train_epoch(learner: Learner, pairs: Pairs, show: Callable[..., None]) -> dict[str, float]:
    """Make the updates of the next epoch; returns its row of the log. `show` takes the `detail` after each update."""
    losses: list[float] = []
    captions, started, speed = 0, time.perf_counter(), 0.0
    for parts in learner.make_epoch(pairs):
        losses.append(learner.step(parts))
        captions += parts[0].captions
        speed = captions / (time.perf_counter() - started)
        show(detail=f"epoch {learner.epoch + 1}, loss {np.mean(losses[-50:]):.2f}, {speed:.0f} captions/s")
    return {"epoch": learner.epoch + 1, "loss": float(np.mean(losses)), "captions_per_s": speed}


def _write_epoch(
    learner: Learner, row: Mapping[str, float], validation: Sequence[Sample], out: Path, log: RunLog
) -> dict[str, float]:
    """Validate where it is due, write the row and the models `last` and, if the score rose, `best`; the scores."""
    candidate = replace(learner.captioner, network=learner.averaged_network(), name=out.name)
    epoch, config = learner.epoch + 1, learner.config
    due = epoch % config.validate_every == 0 or epoch == config.epochs
    scores = validate(candidate, validation) if due else {}
    log.write({**row, **scores})
    candidate.save(out / "last")
    if scores.get("score", math.nan) > learner.best:
        candidate.save(out / "best")
    return scores


def _require_same_corpus(last: Path, captioner: Captioner) -> None:
    """ValueError when the model of the resumed run has other words or statistics: it was trained on another corpus."""
    words, statistics = last / "vocabulary.txt", last / "normalizer.npz"
    if not (words.is_file() and statistics.is_file()):  # no epoch is finished yet
        return
    stored, own = Normalizer.load(statistics), captioner.normalizer
    alike = all(np.allclose(a, b, rtol=1e-4, atol=1e-5) for a, b in ((stored.mean, own.mean), (stored.std, own.std)))
    if Vocabulary.load(words) != captioner.vocabulary or not alike:
        raise ValueError(
            f"{last.parent}: holds a run on another corpus (its words or the statistics of its recordings differ); "
            "continue with the corpus that it began with, or choose another --out"
        )


def load_splits(
    run: RunConfig, dataset: str, root: Path | None, store: Path | None = None
) -> tuple[Samples[Sample], Samples[Sample]]:
    """The training and validation samples of `run`: corpus `dataset` at `root`, and the corpora of `also`.

    store  folder of the on-disk cache, as for corpora.load; without it all samples are kept in memory
    """
    training, validation = (
        with_others(run, load_into_memory(corpora.load(dataset, root, split, store)), split, store)
        for split in ("train", "val")
    )
    if not training or not validation:
        raise ValueError(
            f"{dataset}: {len(training)} recordings to train on, {len(validation)} to validate; expected some of each"
        )
    return training, validation


def with_others(run: RunConfig, samples: Samples[Sample], split: str, store: Path | None = None) -> Samples[Sample]:
    """The samples of a split, and those of the corpora of `also`."""
    for entry in run.also:
        name, _, root = entry.partition(":")
        samples += load_into_memory(corpora.load(name, Path(root) if root else None, split, store))
    return samples


def build_untrained(run: RunConfig, training: Samples[Sample]) -> Captioner:
    """A captioner with new weights; vocabulary, statistics and action words from prepared training samples alone."""
    texts = [text for own in _sentences(run, training) for text in own]
    if not texts:
        raise ValueError(f"{len(training)} training samples contain no captions; expected at least one")
    least = least_count(run.train.minimum_count, len(texts), starts=False)
    vocabulary = Vocabulary.build(texts, least)
    if not set(vocabulary.words) - set(SPECIALS):
        raise ValueError(f"no word of {len(texts)} captions occurs {least} times; lower train.minimum_count")
    config = with_joints(run.model, training)
    compute = feature(config.features)
    normalizer = Normalizer.fit(training.map(lambda sample: compute(sample.motion)))
    config = replace(config, input_width=len(normalizer.mean), vocabulary_size=len(vocabulary))
    lexicon = ActionLexicon.learn(texts, load_wordings(run.actions))
    return Captioner(config, vocabulary, normalizer, lexicon, build(config))


def continue_from(start: Captioner, run: RunConfig, training: Samples[Sample]) -> Captioner:
    """`start` grown by the sentences of prepared samples, for the training of `run`.

    ValueError when `run` has another network.
    """
    known = {"joints", "input_width", "vocabulary_size"}
    config = replace(run.model, **{key: getattr(start.config, key) for key in known})
    free = {"early", "dropout", "max_words", "max_seconds", "half_window", "half_window_seconds"}
    other = [key for key, value in vars(config).items() if key not in free and value != getattr(start.config, key)]
    if other:
        raise ValueError(
            f"model {start.name!r} is another network than the configuration describes: {', '.join(other)} differ; "
            "give the configuration that it was trained with"
        )
    wordings = load_wordings(run.actions)
    return grow(replace(start, config=config), _sentences(run, training), wordings, run.train.minimum_count)


def _rehearsal(start: Captioner | None, config: TrainConfig, fresh: int) -> Samples[Sample]:
    """What `start` rehearses beside so many new recordings; none without it, or if it reads another body."""
    count = round(fresh * config.rehearse / (1 - config.rehearse))
    if start is None or not count:
        return Samples([])
    if not can_rehearse(start):
        warnings.warn(
            f"model {start.name!r} reads other joints than the canonical body's and cannot rehearse what it knows; "
            "add recordings of its old actions, or it will forget them",
            stacklevel=3,
        )
        return Samples([])
    with progress_bar() as bar:
        task = bar.add_task("rehearsing", total=count)
        return rehearse(start, count, lambda stage, total: bar.advance(task))


def _sentences(run: RunConfig, samples: Sequence[Sample]) -> list[list[str]]:
    """The sentences of each sample, spelling corrected."""
    correct = corrector(run.train.corrections)
    return [[correct(caption.text) for caption in sample.captions] for sample in samples]


def validate(captioner: Captioner, samples: Sequence[Sample]) -> dict[str, float]:
    """Scores of greedy decoding without references; `score`, BLEU-4 + 100 x IoU where times are known, decides."""
    transcripts = list(captioner.transcribe_all([sample.motion for sample in samples], beam=1, facts=False))
    references = [[caption.text for caption in sample.captions] for sample in samples]
    result = {"bleu_4": bleu(references, [transcript.text for transcript in transcripts])["bleu_4"]}
    timed = [pair for pair in zip(samples, transcripts, strict=True) if pair[0].segments]
    if timed:
        anchors = [timing.anchors(transcript, captioner.lexicon) for _, transcript in timed]
        scores = segment_scores([sample.segments for sample, _ in timed], [pair[1] for pair in timed], anchors)
        result |= {"verbs": scores["verbs_exact/all"], "iou": scores["iou/strict/all"]}
    return result | {"score": result["bleu_4"] + 100 * result.get("iou", 0.0)}


def _progress(processes: Processes) -> Progress:
    columns = BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.fields[detail]}")
    return Progress(*columns, disable=not processes.first)
