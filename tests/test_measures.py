"""What is measured of a piece as a whole, and the network that names pieces by it."""

from __future__ import annotations

import numpy as np
import pytest
from bodies import walking

from motion2language.captioning.features import canonical
from motion2language.captioning.measures import COURSES, MEASURES, QUANTILES, measures
from motion2language.model.layers_numpy import Weights
from motion2language.model.measured import PREFIX, Measured
from motion2language.motion import CANONICAL, Motion

torch = pytest.importorskip("torch")

WRIST_SPEED = 6 + 10  # the column of the courses of the arm that moves more


def _piece(frames: int = 20) -> np.ndarray:
    positions = walking(frames).copy()
    hand = CANONICAL.index("left_wrist")
    positions[:, hand, 1] += 0.3 * np.sin(np.arange(frames))
    positions[:, CANONICAL.index("right_ankle"), 1] += 0.1 * np.sin(np.arange(frames))
    return positions


def _of(positions: np.ndarray) -> np.ndarray:
    return measures(canonical(Motion(positions.astype(np.float32), 10.0, CANONICAL)))


def _mirrored(positions: np.ndarray) -> np.ndarray:
    names = CANONICAL.joints
    swapped = [names.index(n.replace("left", "?").replace("right", "left").replace("?", "right")) for n in names]
    return positions[:, swapped] * np.array([-1, 1, 1])


@pytest.mark.parametrize("frames", [1, 2, 3, 20])
def test_pieces_of_any_length_are_measured(frames: int) -> None:
    found = _of(_piece(frames))
    assert found.shape == (MEASURES,) and found.dtype == np.float32 and np.isfinite(found).all()


def test_a_mirrored_piece_measures_the_same() -> None:
    np.testing.assert_allclose(_of(_mirrored(_piece())), _of(_piece()), atol=1e-4)


def test_another_place_and_direction_measure_the_same() -> None:
    positions = _piece()
    turned = positions[..., [2, 1, 0]] * np.array([1, 1, -1]) + np.array([3, 0, -2])
    np.testing.assert_allclose(_of(turned), _of(positions), atol=1e-3)


def test_a_faster_hand_and_a_lower_body_are_measured() -> None:
    quick, positions = _piece(), _piece()
    hand, feet = CANONICAL.index("left_wrist"), [CANONICAL.index(f"{side}_ankle") for side in ("left", "right")]
    quick[:, hand, 1] += 0.5 * np.sin(2 * np.arange(20))
    middle = COURSES + WRIST_SPEED  # of the quantiles (3, COURSES)
    assert _of(quick)[middle] > 1.5 * _of(positions)[middle]
    squatting = _piece()
    squatting[:, feet, 1] += 0.4
    assert _of(squatting)[0] < _of(positions)[0] - 0.2


def test_the_layout_is_quantiles_change_and_the_rest() -> None:
    positions = np.repeat(_piece()[:1], 20, axis=0)
    held = _of(positions)
    courses = len(QUANTILES) * COURSES
    quantiles = held[:courses].reshape(len(QUANTILES), COURSES)
    np.testing.assert_allclose(quantiles[0], quantiles[2], atol=1e-5)
    np.testing.assert_allclose(held[courses : courses + COURSES], 0, atol=1e-5)
    assert held[courses + COURSES] == pytest.approx(np.log(20))


def _arrays(actions: int = 3, seed: int = 1) -> dict[str, np.ndarray]:
    from motion2language.training.segmenting.measured import TorchMeasured

    torch.manual_seed(seed)
    state = TorchMeasured(actions).state_dict()
    arrays = {f"{PREFIX}.{name}": value.numpy() for name, value in state.items()}
    return arrays | {f"{PREFIX}.mean": np.zeros(MEASURES, np.float32), f"{PREFIX}.std": np.ones(MEASURES, np.float32)}


def test_numpy_names_pieces_as_torch_does() -> None:
    from motion2language.training.segmenting.measured import TorchMeasured

    arrays, rows = _arrays(), np.random.default_rng(1).normal(0, 2, (5, MEASURES)).astype(np.float32)
    network = TorchMeasured(3).eval()
    network.load_state_dict(
        {
            name.removeprefix(f"{PREFIX}."): torch.from_numpy(arrays[name])
            for name in arrays
            if name[9:] not in "meanstd"
        }
    )
    with torch.no_grad():
        expected = network(torch.from_numpy(rows).clamp(-4, 4)).softmax(1).numpy()
    found = Measured(Weights(arrays), 3)(rows)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    np.testing.assert_allclose(found.sum(1), 1, atol=1e-5)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"actions.bias": np.zeros(0, np.float32)}, "missing or empty"),
        ({"std": np.zeros(MEASURES, np.float32)}, "above zero"),
        ({"mean": np.zeros(7, np.float32)}, "expected floating point"),
        ({"first.weight": np.zeros((3, 3), np.float32)}, "expected floating point"),
    ],
)
def test_weights_that_do_not_fit_are_named(change: dict[str, np.ndarray], said: str) -> None:
    arrays = _arrays() | {f"{PREFIX}.{name}": value for name, value in change.items()}
    with pytest.raises(ValueError, match=said):
        Measured(Weights(arrays), 3)
    with pytest.raises(ValueError, match="names 3 actions"):
        Measured(Weights(_arrays()), 2)
