"""Teach a model to cut takes: train a segmenter on labelled people, fit its probabilities, write the model with it.

The probabilities are fitted on takes of people who did not train: how often the action of a piece is right, its start,
its end (within half a second), given what the search knows of the piece.
"""

from __future__ import annotations

import tomllib
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from motion2language.captioning.captioner import Captioner
from motion2language.captioning.cut_pieces import cut_again
from motion2language.captioning.features import feature
from motion2language.captioning.judge_pieces import Shown, judge_again
from motion2language.captioning.loading import load_model
from motion2language.captioning.search_segments import Piece, features_of, find
from motion2language.captioning.take_sentences import shares
from motion2language.data.actions import Actions, Meaning, load_actions
from motion2language.files import parse_toml
from motion2language.model.segmenter import BOUNDS, NAMES, Action, Segmenter, SegmenterConfig, Tower
from motion2language.motion import CANONICAL, Motion
from motion2language.training.segmenting.compose import Pool, Span
from motion2language.training.segmenting.fit import FitConfig, Fitting, fit_line, summary
from motion2language.training.segmenting.grow import remember
from motion2language.training.segmenting.measured import keep_measured, teach_measured
from motion2language.training.segmenting.recordings import goes_on, of_clips, of_people
from motion2language.training.segmenting.units import Recording, Unit, units_of
from motion2language.training.segmenting.vary import Variation, vary
from motion2language.transcript import Transcript

FPS = 10.0
HELD_OUT = 60  # takes that the probabilities are fitted on; chosen
AS_THEY_ARE = 90  # recordings, likewise
#: How differently a strange sensor shows takes; chosen, about twice what takes are varied by in training.
STRANGE = Variation(offsets=0.05, noise=0.025, drift=0.05, tilt=10.0, lost_legs=0.15, lost_joint=0.2)
TOLERANCE = 0.5  # seconds a bound may be off
SHOWN = 100  # updates between two lines of progress


Say = Callable[[Sequence[Motion]], Sequence[Transcript]]


class SegmenterRun(BaseModel):
    """A TOML file such as configs/takes/segmenter.toml: shape of both networks, price of the search, training."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    names: Tower = NAMES
    bounds: Tower = BOUNDS
    hidden: int = SegmenterConfig.hidden
    price: float = SegmenterConfig.price
    trust: float = SegmenterConfig.trust
    train: FitConfig = FitConfig()


def load_run(path: Path | None) -> SegmenterRun:
    """The run that a TOML file describes; without a file the defaults. The ValueError names the wrong key."""
    if path is None:
        return SegmenterRun()
    try:
        return SegmenterRun.model_validate(parse_toml(path.read_text(encoding="utf-8-sig")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: not a TOML file: {error}") from None
    except ValidationError as error:
        first = error.errors()[0]
        raise ValueError(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None


def teach(
    captioner: Captioner,
    people: Path,
    clips: Path | None,
    out: Path,
    run: SegmenterRun,
    device: str = "cpu",
    start: bool = False,
) -> Captioner:
    """The captioner with a segmenter, written to `out`.

    people  labelled recordings (data/labelled/form.py); those whose person is in the training split train
    clips   an archive or folder of labelled clips that also train, or None
    start   begin with the weights of the captioner's segmenter
    """
    if start and captioner.segmenter is None:
        raise ValueError(f"model {captioner.name!r} has no segmenter to start from; leave out --start")
    actions = load_actions()
    training, held = (
        of_people(people, split, FPS) + ([] if clips is None else of_clips(clips, split, FPS, actions))
        for split in ("train", "val")
    )
    segmenter = train(training, held, actions, run, device, captioner.segmenter if start else None, _say_by(captioner))
    taught = replace(captioner, segmenter=segmenter, name=out.name)
    taught.save(out, _card(captioner, len(training), run))
    return load_model(out)


def train(
    training: Sequence[Recording],
    held: Sequence[Recording],
    actions: Actions,
    run: SegmenterRun,
    device: str = "cpu",
    start: Segmenter | None = None,
    say: Say | None = None,
) -> Segmenter:
    """A segmenter of the training recordings, its probabilities fitted on the held-out ones, if there are any."""
    pool = Pool([unit for each in training for unit in units_of(each, FPS)], FPS)
    names = sorted({unit.action for unit in pool.units})
    said = {name: action_of(name, actions) for name in names}
    shape = {name: getattr(run, name) for name in SegmenterRun.model_fields if name != "train"}
    segmenter = _fit(pool, SegmenterConfig(actions=said, **shape), run.train, device, start)
    units = [unit for each in held if each.action in segmenter.config.actions for unit in units_of(each, FPS)]
    return calibrate(segmenter, Pool(units, FPS), say) if units else segmenter


def _fit(pool: Pool, config: SegmenterConfig, fit: FitConfig, device: str, start: Segmenter | None) -> Segmenter:
    """The segmenter taught on the pool; only its names of whole pieces where nothing else is to be learnt."""
    segmenter, rows = start, list[Mapping[str, float]]()
    with _progress() as progress:
        if segmenter is None or fit.steps or fit.bound_steps or not fit.measured_steps:
            fitting = Fitting(pool, config, fit, device, start)
            bar = progress.add_task("teaching", total=fitting.steps, detail="")
            while fitting.done < fitting.steps:
                rows.append(fitting.step())
                progress.update(bar, advance=1, detail=summary(rows[-SHOWN:]) if len(rows) % SHOWN == 0 else "")
            segmenter = remember(keep_measured(fitting.segmenter(), start), pool.units)
        if fit.measured_steps:
            bar = progress.add_task("measuring", total=fit.measured + fit.measured_steps, detail="")
            segmenter = teach_measured(segmenter, pool, fit, lambda: progress.advance(bar))
    return segmenter


def _say_by(captioner: Captioner) -> Say | None:
    """What the captioner says of recordings, in whatever poses; None if it reads other features than segmenters do."""
    if captioner.config.features != SegmenterConfig.features:
        return None

    def say(parts: Sequence[Motion]) -> list[Transcript]:
        bodies = [part.resample(captioner.config.fps) for part in parts]
        found = captioner.search([captioner.values(body) for body in bodies])
        return [captioner.timed(*pair, refine=False) for pair in zip(bodies, found, strict=True)]

    return say


def action_of(name: str, actions: Actions) -> Action:
    """How the segmenter says an action of the table."""
    phrase = actions.phrases(Meaning(action=name))[0]
    limb = actions.actions[name].limb
    return Action(label=actions.verb(name), phrase=phrase, continues=goes_on(name, actions), limb=limb)


def calibrate(segmenter: Segmenter, pool: Pool, say: Say | None = None) -> Segmenter:
    """The segmenter with probabilities that hold for the pool's people: for composed takes, and recordings as they are.

    All are varied as far as a sensor that nobody trained with would show them otherwise, else probabilities hold only
    for sensors that are known.

    say  what a model says of recordings, the second judge of the pieces' actions; without it nothing judges again
    """
    random, found = np.random.default_rng(3), []
    takes = [pool.compose(random, round(30 * FPS)) for _ in range(HELD_OUT)]
    for positions, spans in [*takes, *_as_they_are(pool, random)]:
        motion = Motion(vary(positions, STRANGE, random), FPS, CANONICAL)
        values = feature(segmenter.config.features)(motion)
        evidence = segmenter(values)
        shown = Shown(values, evidence, segmenter)
        pieces = cut_again(find(evidence, segmenter.config), shown)
        if say is not None and pieces:
            said = say([motion.frames_between(piece.start, piece.end) for piece in pieces])
            pieces = judge_again(pieces, [shares(each) for each in said], shown)
        found += [(features_of(piece, evidence), _right(piece, spans, segmenter)) for piece in pieces]
    lines = {
        name: fit_line(
            np.array([values[name] for values, _ in found]),
            np.array([right["probability" if name == "judged" else name] for _, right in found]),
        )
        for name in (found[0][0] if found else ())
    }
    return Segmenter(replace(segmenter.config, calibration=lines), segmenter.weights)


def _as_they_are(pool: Pool, random: np.random.Generator) -> list[tuple[np.ndarray, list[Span]]]:
    """Some of the recordings that the pool's units come from, whole, and the units as their actions."""
    spans: dict[int, list[Unit]] = defaultdict(list)
    for unit in pool.units:
        spans[id(unit.positions)].append(unit)
    recordings = list(spans.values())
    chosen = random.permutation(len(recordings))[:AS_THEY_ARE]
    return [
        (units[0].positions, [(unit.first, unit.last, unit.action) for unit in units])
        for units in (recordings[number] for number in chosen)
    ]


def _right(piece: Piece, spans: Sequence[Span], segmenter: Segmenter) -> dict[str, bool]:
    """Whether the piece's action, start and end are right: of the action that shares most time with it."""
    shared = [min(end, piece.end) - max(start, piece.start) for start, end, _ in spans]
    if not shared or max(shared) <= 0:
        return {"probability": False, "start": False, "end": False}
    start, end, action = spans[int(np.argmax(shared))]
    near = TOLERANCE * FPS
    return {
        "probability": segmenter.config.actions[action].label == piece.label,
        "start": abs(start - piece.start) <= near,
        "end": abs(end - piece.end) <= near,
    }


def _card(captioner: Captioner, recordings: int, run: SegmenterRun) -> str:
    return (
        f"# A model that cuts takes\n\n{captioner.name} with a segmenter: {recordings} recordings of single actions, "
        f"{run.train.steps} updates of the names, {run.train.bound_steps} of the bounds.\n"
    )


def _progress() -> Progress:
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    return Progress(*columns, TextColumn("{task.fields[detail]}"))
