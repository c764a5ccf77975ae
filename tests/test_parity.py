"""The paper's model against the loop oracle, in every configuration, and that the comparison itself can fail."""

from itertools import product
from pathlib import Path

import make_vectors
import numpy as np
import parity
import pytest

VECTORS = Path(__file__).parent / "vectors"


def test_the_committed_vectors_pass(capsys):
    assert parity.main(str(VECTORS)) == 0
    assert "2 of 2 within tolerance" in capsys.readouterr().out


def test_the_committed_vectors_equal_the_oracles():
    for number, (name, facts) in enumerate(make_vectors.CASES.items()):
        with np.load(VECTORS / f"{name}.npz") as committed:
            made = make_vectors.make_case(facts, number)
            assert set(committed.files) == set(made)
            for key in ("x", "forced_logits", "greedy_tokens", "state/dec.fc.bias"):
                np.testing.assert_allclose(committed[key], made[key], atol=1e-5)


ENCODERS = ("MLP", "deep-MLP", "GRU", "BiGRU")


@pytest.mark.parametrize(
    ("dataset", "encoder", "attention", "mask"),
    [
        *product(["kit"], ENCODERS, ["soft", "local", "local_recurrent"], [True, False]),
        *product(["h3d"], ENCODERS, ["local_recurrent"], [True, False]),
    ],
)
def test_every_configuration_equals_the_oracle(dataset, encoder, attention, mask, tmp_path):
    facts = {"dataset": dataset, "encoder": encoder, "attention": attention, "mask": mask, "window": 3}
    np.savez(tmp_path / "case.npz", **make_vectors.make_case(facts, seed=5))
    differences = parity.differences(tmp_path / "case.npz")
    assert {name: value for name, value in differences.items() if not value <= parity.TOLERANCES[name]} == {}
    assert set(differences) == set(parity.TOLERANCES)


@pytest.mark.parametrize(
    ("entry", "change"),
    [
        ("forced_logits", 1e-3),
        ("forced_weights", 1e-3),
        ("forced_positions", 1e-2),
        ("greedy_tokens", 1),
        ("greedy_logits", 1e-3),
        ("loss", 1e-3),
        ("grad/dec.fc.bias", 1e-2),
        ("grad/dec.fc.bias", np.nan),
        ("forced_logits", np.nan),
    ],
)
def test_a_difference_out_of_tolerance_fails(entry, change, tmp_path, capsys):
    with np.load(VECTORS / "humanml3d_mlp_recurrent_local.npz") as archive:
        case = dict(archive)
    case[entry] = case[entry] + np.asarray(change).astype(case[entry].dtype)
    np.savez(tmp_path / "changed.npz", **case)
    assert parity.main(str(tmp_path)) == 1
    assert "FAIL changed.npz" in capsys.readouterr().out


def test_a_folder_without_vectors_fails(tmp_path, capsys):
    assert parity.main(str(tmp_path)) == 1
    assert "holds no .npz vectors" in capsys.readouterr().out


def test_a_file_of_another_layout_fails(tmp_path, capsys):
    np.savez(tmp_path / "other.npz", x=np.zeros(3))
    assert parity.main(str(tmp_path)) == 1
    assert "FAIL other.npz" in capsys.readouterr().out
