"""A segmenter learns new actions from a few recordings and keeps what it says of the old ones."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from bodies import walking

from motion2language.captioning.features import canonical
from motion2language.captioning.loading import load_model
from motion2language.data.labelled.selection import Usable, choose, read_selection
from motion2language.model.segmenter import Action, Segmenter, SegmenterConfig, Tower
from motion2language.motion import CANONICAL, Motion
from motion2language.training.segmenting.recordings import stretches_of
from motion2language.training.segmenting.units import Recording, Unit, units_of

torch = pytest.importorskip("torch")

from motion2language.training.segmenting import grow as segmenting_grow  # noqa: E402
from motion2language.training.segmenting.grow import DRAWN, draw, grow, remember  # noqa: E402

ACTIONS = {
    "kick": Action(label="kick", phrase="kicks"),
    "raise": Action(label="raise", phrase="raises both hands"),
}
NEW = {"bow": Action(label="bow", phrase="bows"), "lift": Action(label="lift", phrase="lifts something")}
STAND = {"stand": Action(label="stand", phrase="stands")}  # no unit shows it
CONFIG = SegmenterConfig(
    actions=STAND,
    names=Tower(width=64, dilations=(1, 2)),
    bounds=Tower(width=8, dilations=(1,)),
    hidden=6,
    longest=12,
)
MOVED = {  # joints, axis, metres
    "raise": (("left_wrist", "right_wrist"), 1, 0.9),
    "kick": (("right_knee", "right_ankle", "right_toe"), 2, 0.7),
    "bow": (("head", "neck", "left_shoulder", "right_shoulder"), 2, 0.5),
    "lift": (("left_wrist", "right_wrist"), 2, 0.6),
}


def _unit(action: str, number: int = 0) -> Unit:
    """Two seconds of an action between two seconds of rest, each a little different."""
    random = np.random.default_rng(number)
    positions = np.repeat(walking(1), 60, axis=0).astype(np.float32)
    joints, axis, far = MOVED[action]
    far *= random.uniform(0.85, 1.15)
    for joint in joints:
        positions[20:40, CANONICAL.index(joint), axis] += far * np.sin(np.linspace(0, 2 * np.pi, 20)) ** 2
    positions += random.normal(0, 0.003, positions.shape).astype(np.float32)
    (unit,) = units_of(Recording(positions, action, "source", str(number)), 10.0)
    return unit


def _segmenter() -> Segmenter:
    """One of random weights."""
    from motion2language.model.segmenter_torch import TorchSegmenter

    torch.manual_seed(4)
    arrays = TorchSegmenter(CONFIG).arrays(np.zeros(124, np.float32), np.full(124, 0.3, np.float32))
    return Segmenter(CONFIG, arrays)


def _named(segmenter: Segmenter, unit: Unit) -> np.ndarray:
    """Mean chances of the unit's frames, of no action and of each action."""
    values = canonical(Motion(unit.positions[unit.first : unit.last], 10.0, CANONICAL))
    return segmenter.name(values).mean(0)


@pytest.fixture(scope="module")
def taught() -> Segmenter:
    """One that names "raise" and "kick", which it learnt so."""
    units = [_unit(action, number) for action in ACTIONS for number in range(6)]
    return grow(remember(_segmenter(), units), units, ACTIONS)


def test_new_actions_are_named_and_old_ones_keep_their_chances(taught: Segmenter, monkeypatch) -> None:
    units = [_unit(action, number) for action in NEW for number in range(4)]
    grown = grow(taught, units, NEW)
    monkeypatch.setattr(segmenting_grow, "KEPT", 0.0)
    careless = grow(taught, units, NEW)
    assert list(grown.config.actions) == ["stand", *ACTIONS, *NEW]
    for row, action in enumerate(NEW, start=4):
        assert _named(grown, _unit(action, 50)).argmax() == row  # another performance
    for row, action in enumerate(ACTIONS, start=2):
        before, after, lost = (_named(each, _unit(action, 60)) for each in (taught, grown, careless))
        assert before.argmax() == after.argmax() == row
        assert after[4:].sum() < 0.8 * lost[4:].sum()
    for name, old in taught.weights.items():
        np.testing.assert_array_equal(grown.weights[name][: len(old)], old)


def test_what_is_remembered_is_of_the_frames_of_each_action(taught: Segmenter) -> None:
    units = [_unit("kick", number) for number in range(6)]
    shown = remember(taught, units).shown
    assert shown is not None and shown.means.shape == (4, 64)
    own = [taught.vectors(canonical(Motion(unit.positions, 10.0, CANONICAL)))[unit.first : unit.last] for unit in units]
    np.testing.assert_allclose(shown.means[2], np.concatenate(own).mean(0), atol=1e-4)
    apart = np.concatenate(own) - shown.means[2]
    np.testing.assert_allclose(shown.spread @ shown.spread.T, apart.T @ apart / len(apart), atol=2e-4)
    assert shown.means[0].any() and not shown.means[[1, 3]].any()  # nobody stands or raises anything
    assert len(draw(shown, np.random.default_rng(0))) == 2 * DRAWN


def test_what_is_known_already_or_of_an_unknown_past_stays_as_it_is(taught: Segmenter) -> None:
    assert grow(taught, [_unit("kick")], ACTIONS) is taught
    assert grow(taught, [], NEW) is taught
    bare = _segmenter()
    assert bare.shown is None and grow(bare, [_unit("bow")], NEW) is bare


def test_a_grown_segmenter_is_written_grows_again_and_may_lack_a_limb(taught: Segmenter, tmp_path: Path) -> None:
    once = grow(taught, [_unit("bow", number) for number in range(3)], NEW)
    replace(load_model("synthetic"), segmenter=once).save(tmp_path / "model")
    read = load_model(tmp_path / "model").segmenter
    assert read is not None and read.shown is not None
    assert taught.shown is not None
    np.testing.assert_allclose(read.shown.spread, taught.shown.spread, atol=2e-3)
    twice = grow(read, [_unit("lift", number) for number in range(3)], NEW)
    assert list(twice.config.actions) == ["stand", *ACTIONS, "bow", "lift"]
    assert _named(twice, _unit("bow", 70)).argmax() == 4 and _named(twice, _unit("lift", 70)).argmax() == 5
    armed = replace(twice.config, actions=twice.config.actions | {"lift": replace(NEW["lift"], limb="arm")})
    part = Segmenter(armed, twice.weights).without(["arm"])
    assert part.shown is not None and len(part.shown.means) == 5


def test_labelled_stretches_of_a_take_are_recordings_of_their_own(tmp_path: Path) -> None:
    from motion2language.data.labelled import form

    motion = Motion(np.repeat(walking(1), 60, axis=0).astype(np.float32), 10.0, CANONICAL, "take")
    spans = [{"label": "kick", "start": 0.5, "end": 2.0}, {"label": "bow", "start": 2.0, "end": 5.0}]
    entry = {"id": "take", "label": "", "subject": "one", "segments": spans}
    form.write_source(tmp_path / "own", {"source": "own"}, [entry], [motion])
    chosen = choose(read_selection(tmp_path))
    (usable,) = chosen.recordings
    assert isinstance(usable, Usable)
    stretches = stretches_of(usable, 10.0, chosen.actions)
    assert [(each.action, len(each.positions)) for each in stretches] == [("kick", 15), ("bow", 30)]
