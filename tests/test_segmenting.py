"""Training that cuts takes: the movement in a recording, composed takes, variations, and a few updates."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from bodies import walking

from motion2language.captioning.measures import MEASURES
from motion2language.model.segmenter import Action, Segmenter, SegmenterConfig, Tower
from motion2language.model.segmenter_torch import TorchSegmenter
from motion2language.motion import CANONICAL, Motion
from motion2language.training.segmenting import fit
from motion2language.training.segmenting.compose import Composition, Pool, with_both_arms
from motion2language.training.segmenting.fit import FitConfig, Fitting, fit_line, right_stretches
from motion2language.training.segmenting.measured import draw_examples, keep_measured, teach_measured
from motion2language.training.segmenting.teach import calibrate, load_run
from motion2language.training.segmenting.units import Recording, between, units_of
from motion2language.training.segmenting.vary import Variation, vary
from motion2language.transcript import Segment, Transcript


def test_units_are_the_movement_and_each_marked_repetition() -> None:
    (unit,) = units_of(Recording(_swings((30, 50)), "raise"), 10.0)
    assert abs(unit.first - 30) <= 3 and abs(unit.last - 50) <= 3 and (unit.low, unit.high) == (0, 80)
    marked = Recording(_swings((10, 20), (30, 40), (50, 60)), "raise", instants=(1.5, 3.5, 5.5))
    units = units_of(marked, 10.0)
    assert len(units) == 3
    assert all(abs(unit.first - first) <= 4 for unit, first in zip(units, (10, 30, 50), strict=True))
    assert units_of(Recording(_swings((0, 2))[:3], "raise"), 10.0) == []


def test_two_actions_in_a_row_are_cut_where_the_body_is_as_at_first() -> None:
    positions = _swings((10, 34), (40, 70))
    first, cut, last = between(positions, 2, 10.0)
    assert (first, last) == (0, 80) and 33 <= cut <= 40
    assert between(positions, 1, 10.0) == [0, 80]


def test_both_arms_may_do_what_one_does() -> None:
    take = _swings((20, 40))
    left, right, knee = (CANONICAL.index(name) for name in ("left_wrist", "right_wrist", "left_knee"))
    one = take.copy()
    one[:, [right, CANONICAL.index("right_elbow")]] = one[:1, [right, CANONICAL.index("right_elbow")]]
    both = with_both_arms(one)
    assert np.allclose(both[:, [left, knee]], one[:, [left, knee]])
    assert np.ptp(one[:, right, 1]) == 0 and np.ptp(both[:, right, 1]) == pytest.approx(
        np.ptp(one[:, left, 1]), rel=0.01
    )
    across = both[:, left, 0] + both[:, right, 0] - 2 * both[:, CANONICAL.index("neck"), 0]
    assert np.abs(across).max() < 0.05  # metres: as far to the one side as to the other


def test_an_action_that_is_rare_in_its_source_is_drawn_nearly_as_often_as_the_others() -> None:
    common = [Recording(_swings((20, 40)), "raise", "a", str(number)) for number in range(30)]
    pool = Pool([units_of(each, 10.0)[0] for each in [*common, Recording(_swings((20, 40)), "kick", "a", "one")]], 10.0)
    drawn = Counter(pool.units[pool._draw(np.random.default_rng(number), ("all",))].action for number in range(600))
    assert 0.2 < drawn["kick"] / 600 < 0.45


def test_composed_takes_know_their_joins() -> None:
    pool, random, joined = _pool(), np.random.default_rng(0), 0
    for _ in range(40):
        positions, spans = pool.compose(random, 120)
        assert positions.shape[1:] == (21, 3) and np.isfinite(positions).all()
        assert all(0 <= start < end <= len(positions) for start, end, _ in spans)
        assert all(before[1] <= after[0] for before, after in itertools.pairwise(spans))
        assert np.abs(np.diff(positions[:, 0], axis=0)).max() < 0.1  # metres in a tenth of a second: nobody leaps
        joined += any(end - start > 90 for start, end, action in spans if action == "walk")
    assert joined  # walking after walking is one action
    with pytest.raises(ValueError, match="no recordings"):
        Pool([], 10.0)


def _swings(*spans: tuple[int, int], frames: int = 80) -> np.ndarray:
    """A body at rest whose wrists swing up and down in [first, last) frames."""
    positions = np.repeat(walking(1), frames, axis=0).astype(np.float32)
    for first, last in spans:
        for side in ("left", "right"):
            swing = np.sin(np.linspace(0, 4 * np.pi, last - first))
            positions[first:last, CANONICAL.index(f"{side}_wrist"), 1] += 0.6 * swing
            positions[first:last, CANONICAL.index(f"{side}_elbow"), 1] += 0.3 * swing
            positions[first:last, CANONICAL.index(f"{side}_knee"), 2] += 0.3 * swing
    return positions


NAMES = ("kick", "raise", "walk")


def _pool() -> Pool:
    recordings = [
        Recording(_swings((20, 40)), "raise", "a", "one"),
        Recording(_swings((10, 60)), "walk", "a", "one", continues=True),
        Recording(_swings((10, 30)), "kick", "b", "two"),
    ]
    return Pool([unit for each in recordings for unit in units_of(each, 10.0)], 10.0)


def test_bodies_of_composed_takes_are_those_of_the_recordings_or_others_as_the_settings_say() -> None:
    tall = Recording((_swings((20, 40)) * 1.3).astype(np.float32), "raise", "a", "tall")
    small = Recording(_swings((20, 40)), "raise", "b", "small")
    pool = Pool([units_of(each, 10.0)[0] for each in (tall, small)], 10.0)

    def spread(config: Composition) -> float:
        """Standard deviation of the upper leg's length between takes, metres, of those on the smaller body."""
        takes = [pool.compose(np.random.default_rng(number), 60, config)[0] for number in range(40)]
        thigh = [CANONICAL.index("left_hip"), CANONICAL.index("left_knee")]
        lengths = np.array([np.median(np.linalg.norm(np.diff(take[:, thigh], axis=1), axis=2)) for take in takes])
        return float(np.std(lengths[lengths < np.mean(lengths)]))

    as_recorded = Composition(tempo=0, bend=0, bones=0, other_body=0, both_arms=0, smoothed=0)
    assert spread(as_recorded) < 0.01  # what the curves between two actions change
    assert spread(as_recorded.model_copy(update={"bones": 0.2})) > 0.02


def test_variations_keep_time_and_may_be_none() -> None:
    take, random = _swings((20, 40)), np.random.default_rng(0)
    still = Variation(mirror=0, offsets=0, noise=0, drift=0, tilt=0, lost_legs=0, lost_joint=0)
    assert np.allclose(vary(take, still, random), take, atol=1e-6)
    varied = vary(take, Variation(), random)
    assert varied.shape == take.shape and np.isfinite(varied).all() and np.abs(varied - take).max() > 0.01
    mirrored = vary(take, still.model_copy(update={"mirror": 1.0}), random)
    left, right = CANONICAL.index("left_wrist"), CANONICAL.index("right_wrist")
    assert np.allclose(mirrored[:, left], take[:, right] * [-1, 1, 1], atol=1e-6)


def test_right_stretches_are_near_both_bounds() -> None:
    right = right_stretches([(10, 30, "walk")], steps=30, longest=20)
    assert right[5, 9] == right[3, 13] == 1.0  # steps 5 to 15; both bounds two off
    assert right[2, 12] == pytest.approx(0.3) and right[5, 15] == 0.0
    assert right_stretches([(-8, 4, "walk"), (50, 80, "walk")], steps=30, longest=20).shape == (30, 20)


def test_a_line_is_fitted() -> None:
    random = np.random.default_rng(0)
    values = random.normal(size=(4000, 2))
    right = random.random(4000) < 1 / (1 + np.exp(-(0.5 + 2 * values[:, 0])))
    constant, first, second = fit_line(values, right)
    assert (constant, first, second) == (
        pytest.approx(0.5, abs=0.15),
        pytest.approx(2, abs=0.2),
        pytest.approx(0, abs=0.15),
    )


def test_a_few_updates_learn_and_the_probabilities_are_fitted() -> None:
    actions = {name: Action(label=name, phrase=f"{name}s") for name in ("kick", "raise", "walk")}
    shape = SegmenterConfig(
        actions=actions, names=Tower(width=8, dilations=(1, 2)), bounds=Tower(width=8, dilations=(1,)), hidden=8
    )
    settings = FitConfig(steps=12, bound_steps=6, takes=5, seconds=6.0, precision="float32")
    fitting, rows = Fitting(_pool(), shape, settings), []
    while fitting.done < fitting.steps:
        rows.append(fitting.step())
    assert rows[11]["names"] < rows[0]["names"] and rows[5]["pieces"] < rows[0]["pieces"]
    assert "pieces" not in rows[6]
    taught = calibrate(fitting.segmenter(replace(shape, price=0.0)), _pool())
    assert set(taught.config.calibration) == {"probability", "start", "end"}

    def say(parts: Sequence[Motion]) -> list[Transcript]:
        return [Transcript((Segment(0.0, 0.1, "kick", (), 0.7),), part.duration) for part in parts]

    judged = calibrate(fitting.segmenter(replace(shape, price=0.0)), _pool(), say)
    assert set(judged.config.calibration) == {"probability", "start", "end", "judged"}


def test_training_goes_on_from_a_segmenter_and_new_actions_begin_anew() -> None:
    actions = {name: Action(label=name, phrase=f"{name}s") for name in ("kick", "raise", "walk")}
    towers = {"names": Tower(width=8, dilations=(1, 2)), "bounds": Tower(width=8, dilations=(1,))}
    fewer = SegmenterConfig(actions={"raise": actions["raise"]}, hidden=8, **towers)
    settings = FitConfig(steps=1, bound_steps=0, takes=5, seconds=6.0, precision="float32", learning_rate=1e-9)
    network = TorchSegmenter(fewer)
    start = Segmenter(fewer, network.arrays(np.full(124, 0.5, np.float32), np.full(124, 2.0, np.float32)))
    fitting = Fitting(_pool(), SegmenterConfig(actions=actions, hidden=8, **towers), settings, start=start)
    fitting.step()
    found = fitting.segmenter().weights
    for name, weights in start.weights.items():
        if name.startswith("actions."):
            assert np.allclose(found[name][[0, 2]], weights, atol=1e-5)
        else:
            assert np.allclose(found[name], weights, atol=1e-5), name
    quick = settings.model_copy(update={"learning_rate": 0.1, "keep": 0.75})
    fitting = Fitting(_pool(), SegmenterConfig(actions=actions, hidden=8, **towers), quick, start=start)
    fitting.step()
    learnt, before = fitting.average["names.project.bias"].numpy(), start.weights["names.project.bias"]
    assert np.abs(learnt - before).max() > 0.01
    found = fitting.segmenter().weights
    assert np.allclose(found["names.project.bias"], 0.75 * before + 0.25 * learnt, atol=1e-5)
    anew = settings.model_copy(update={"steps": 0, "bound_steps": 1})
    fitting = Fitting(_pool(), SegmenterConfig(actions=actions, hidden=8, **towers), anew, start=start)
    fitting.step()
    found = fitting.segmenter().weights
    assert np.allclose(found["names.project.weight"], start.weights["names.project.weight"])
    assert not np.allclose(found["bounds.project.weight"], start.weights["bounds.project.weight"])
    with pytest.raises(ValueError, match="need a segmenter to start from"):
        Fitting(_pool(), SegmenterConfig(actions=actions), settings)
    with pytest.raises(ValueError, match="nothing would be learnt"):
        Fitting(_pool(), SegmenterConfig(actions=actions), anew.model_copy(update={"bound_steps": 0}), start=start)
    with pytest.raises(ValueError, match="has the shape"):
        Fitting(_pool(), SegmenterConfig(actions=actions), settings, start=start)


def test_names_of_whole_pieces_are_learnt_and_kept() -> None:
    actions = {name: Action(label=name, phrase=f"{name}s") for name in ("kick", "raise", "walk")}
    towers = {"names": Tower(width=8, dilations=(1, 2)), "bounds": Tower(width=8, dilations=(1,))}
    config = SegmenterConfig(actions=actions, hidden=8, **towers)
    before = Segmenter(config, TorchSegmenter(config).arrays(np.zeros(124, np.float32), np.ones(124, np.float32)))
    legs = _swings((10, 50))
    arms = [CANONICAL.index(f"{side}_{joint}") for side in ("left", "right") for joint in ("elbow", "wrist")]
    legs[:, arms] = legs[:1, arms]
    shown = [Recording(_swings((20, 40)), "raise", "a", "one"), Recording(legs, "kick", "b", "two")]
    pool = Pool([unit for each in shown for unit in units_of(each, 10.0)], 10.0)
    fit, done = FitConfig(measured=240, measured_steps=60, seconds=6.0), list[int]()
    taught = teach_measured(before, pool, fit, lambda: done.append(1))
    assert before.measured is None and taught.measured is not None and len(done) == 300
    assert taught.measured.actions == 2  # nobody walks
    rows, shown = draw_examples(before, pool, fit, np.random.default_rng(9), lambda: None)
    assert (taught.measured(rows).argmax(1) == shown).mean() > 0.8 > np.bincount(shown).max() / len(shown)
    kept = keep_measured(before, taught)
    assert np.array_equal(kept.measured(rows), taught.measured(rows)) and keep_measured(before, None) is before
    fewer = replace(config, actions={"raise": actions["raise"]})
    other = Segmenter(fewer, TorchSegmenter(fewer).arrays(np.zeros(124, np.float32), np.ones(124, np.float32)))
    with pytest.warns(UserWarning, match="actions changed"):
        assert keep_measured(other, taught).measured is None
    with pytest.raises(ValueError, match="none of the recordings"):
        draw_examples(
            Segmenter(
                replace(config, actions={f"{name} x": action for name, action in actions.items()}), before.weights
            ),
            *(pool, fit, np.random.default_rng(9), lambda: None),
        )


def test_a_limb_that_is_absent_is_not_measured_either() -> None:
    actions = {name: Action(label=name, phrase=f"{name}s", limb="arm" if name == "raise" else "") for name in NAMES}
    config = SegmenterConfig(actions=actions, hidden=8, names=Tower(width=8, dilations=(1,)), bounds=Tower(8, (1,)))
    start = Segmenter(config, TorchSegmenter(config).arrays(np.zeros(124, np.float32), np.ones(124, np.float32)))
    taught = teach_measured(start, _pool(), FitConfig(measured=20, measured_steps=2, seconds=6.0))
    rows = np.zeros((1, MEASURES), np.float32)
    left = taught.without(["arm"])
    expected = taught.measured(rows)[0, [0, 2]]
    assert list(left.config.actions) == ["kick", "walk"]
    np.testing.assert_allclose(left.measured(rows)[0], expected / expected.sum(), atol=1e-5)
    only = replace(config, actions={"raise": actions["raise"], "own": Action(label="own", phrase="owns")})
    arrays = TorchSegmenter(only).arrays(np.zeros(124, np.float32), np.ones(124, np.float32))
    measured = {
        name: value[1:2] if ".actions." in name else value
        for name, value in taught.weights.items()
        if name.startswith("measured.")
    }
    assert Segmenter(only, arrays | measured).without(["arm"]).measured is None


def test_names_learn_from_actions_alone_too_once_the_bounds_are_learnt(monkeypatch) -> None:
    monkeypatch.setattr(fit, "ALONE", 1.0)
    small = {name: Tower(width=8, dilations=(1,)) for name in ("names", "bounds")}
    actions = {name: Action(label=name, phrase=f"{name}s") for name in sorted({unit.action for unit in _pool().units})}
    config = SegmenterConfig(actions=actions, hidden=8, **small)
    fitting = Fitting(_pool(), config, FitConfig(steps=2, bound_steps=1, takes=5, seconds=8, precision="float32"))
    assert any(len(fitting._take()[1]) > 1 for _ in range(10))
    fitting.step()
    for _ in range(20):
        positions, ((start, end, _),) = fitting._take()
        assert 0 <= start <= fit.BESIDE and end <= len(positions) <= end + fit.BESIDE


def test_settings_name_what_is_wrong(tmp_path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("[train]\nstep = 3\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"train\.step"):
        load_run(path)
    path.write_text("[train\n", encoding="utf-8")
    with pytest.raises(ValueError, match="not a TOML file"):
        load_run(path)
    assert load_run(None).train.steps > 0
