"""formats/amass: joints as smplx gives them for a synthetic body model; errors of models and files."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import smplx
import torch

from motion2language import read_motion
from motion2language.body import to_canonical
from motion2language.data import corpora
from motion2language.formats import amass
from motion2language.formats.npy import LAYOUTS

# Rest positions (metres) of a standing figure: SMPL's 22 joints, left at +X, Y up.
REST = np.array([
    (0, .95, 0), (.07, .87, 0), (-.07, .87, 0), (0, 1.07, 0), (.1, .48, 0), (-.1, .48, 0), (0, 1.2, 0), (.1, .08, -.02),
    (-.1, .08, -.02), (0, 1.26, 0), (.11, .02, .1), (-.11, .02, .1), (0, 1.45, 0), (.08, 1.36, 0), (-.08, 1.36, 0),
    (0, 1.52, .03), (.18, 1.4, 0), (-.18, 1.4, 0), (.44, 1.4, 0), (-.44, 1.4, 0), (.69, 1.4, 0), (-.69, 1.4, 0),
])  # fmt: skip
JOINTS = 52
random = np.random.default_rng(5)
REGRESSOR = np.eye(JOINTS)  # the vertices of this model are its joints
TEMPLATE = np.concatenate([REST, np.repeat(REST[[20, 21]], 15, axis=0) + random.normal(0, 0.02, (30, 3))])
SHAPES = random.normal(0, 0.01, (JOINTS, 3, 16))
TREE = np.array([2**32 - 1, *LAYOUTS["humanml3d"].skeleton.parents[1:], *[20] * 15, *[21] * 15], dtype=np.uint32)


def write_model(folder: Path, place: str = "smplh/male/model.npz", **changed) -> Path:
    path = folder / place
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays = {"J_regressor": REGRESSOR, "v_template": TEMPLATE, "shapedirs": SHAPES} | changed
    np.savez(path, kintree_table=np.stack([TREE, np.arange(JOINTS)]), **arrays)
    return folder


def write_take(path: Path, frames: int = 5, **changed) -> Path:
    poses = random.normal(0, 0.3, (frames, 156))
    poses[:, :3] = (np.pi / 2, 0, 0)  # AMASS stands people up along Z
    arrays = {
        "poses": poses, "trans": random.normal(0, 1, (frames, 3)), "betas": random.normal(0, 1, 16),
        "gender": np.array("male"), "mocap_framerate": np.array(120.0), "dmpls": np.zeros((frames, 8)),
    }  # fmt: skip
    np.savez(path, **{key: value for key, value in (arrays | changed).items() if value is not None})
    return path


def by_smplx(take: Path, model: Path) -> np.ndarray:
    """Joints (T, 22, 3) in the file's axes, of the whole of smplx' SMPLH, which takes ten shape coefficients."""
    data = {key: torch.from_numpy(value) for key, value in np.load(take).items() if value.dtype.kind == "f"}
    poses, frames = data["poses"], len(data["poses"])
    vertices = dict.fromkeys(smplx.vertex_ids.vertex_ids["smplh"], 0)  # these belong to a larger mesh than ours
    options = {"ext": "npz", "batch_size": frames, "dtype": torch.float64, "create_vertices": False}
    hands = {"use_pca": False, "flat_hand_mean": True, "vertex_ids": vertices}
    body = smplx.SMPLH(str(model), gender="male", num_betas=10, **options, **hands)
    parts = {"left_hand_pose": poses[:, 66:111], "right_hand_pose": poses[:, 111:], "transl": data["trans"]}
    shape = data["betas"][None, :10].expand(frames, -1)
    found = body(betas=shape, global_orient=poses[:, :3], body_pose=poses[:, 3:66], **parts)
    return found.joints[:, :22].detach().numpy()


def test_joints_equal_those_of_smplx(tmp_path):
    shape = np.concatenate([random.normal(0, 1, 10), np.zeros(6)])
    take = write_take(tmp_path / "take.npz", betas=shape)
    skin = {"posedirs": random.normal(0, 1, (JOINTS, 3, 459)), "weights": np.eye(JOINTS), "f": np.zeros((1, 3), int)}
    hands = {f"hands_{what}{side}": np.zeros((45, 45)[: 1 + (what == "components")]) for what in ("mean", "components")
             for side in "lr"}  # fmt: skip
    style = {"bs_style": "lbs", "bs_type": "lrotmin"}
    models = write_model(tmp_path / "models", "smplh/SMPLH_MALE.npz", **skin, **hands, **style)
    x, y, z = np.moveaxis(by_smplx(take, models / "smplh" / "SMPLH_MALE.npz"), -1, 0)
    assert read_motion(take, body_models=models).positions == pytest.approx(np.stack((x, z, -y), axis=-1), abs=1e-5)


def test_every_shape_coefficient_is_used(tmp_path):
    models, shape = write_model(tmp_path / "models"), random.normal(0, 1, 16)
    take = write_take(tmp_path / "take.npz", betas=shape, poses=np.zeros((5, 156)), trans=np.zeros((5, 3)))
    x, y, z = np.moveaxis(TEMPLATE[:22] + SHAPES[:22] @ shape, -1, 0)
    motion = read_motion(take, body_models=models)
    assert motion.positions[0] == pytest.approx(np.stack((x, z, -y), axis=-1), abs=1e-5)
    assert (motion.fps, motion.skeleton.joints) == (120.0, LAYOUTS["humanml3d"].skeleton.joints)


def test_without_smplx_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "smplx", None)
    with pytest.raises(ValueError, match=r"take\.npz: .*pip install 'motion2language\[amass\]'"):
        read_motion(write_take(tmp_path / "take.npz"), body_models=write_model(tmp_path / "models"))


def test_a_person_standing_in_amass_stands(tmp_path):
    poses = np.zeros((3, 156))
    poses[:, 0] = np.pi / 2
    take = write_take(tmp_path / "t.npz", 3, poses=poses, betas=np.zeros(16), trans=np.zeros((3, 3)))
    body = to_canonical(read_motion(take, body_models=write_model(tmp_path)))
    head, wrist = (body.positions[0, body.skeleton.index(joint)] for joint in ("head", "left_wrist"))
    assert head - body.positions[0, 0] == pytest.approx(REST[15] - REST[0], abs=1e-5)
    assert wrist - body.positions[0, 0] == pytest.approx(REST[20] - REST[0], abs=1e-5)


def test_models_are_found_by_the_environment_and_at_other_paths(tmp_path, monkeypatch):
    take = write_take(tmp_path / "take.npz", gender=np.array(b"male"), mocap_framerate=None)
    monkeypatch.setenv(amass.VARIABLE, str(write_model(tmp_path / "models", "SMPLH_MALE.npz")))
    assert read_motion(take, fps=60).duration == pytest.approx(5 / 60)


@pytest.fixture
def corpus(tmp_path) -> Path:
    """Ten recordings in a subfolder and their sentences, as AMASS is usually stored."""
    root = tmp_path / "AMASS"
    (root / "KIT" / "3").mkdir(parents=True)
    entries = {}
    for number in range(10):
        write_take(root / "KIT" / "3" / f"walk{number}_poses.npz", 240)
        annotations = [{"text": "a person walks", "start": 0.0, "end": 2.0}]
        entries[str(number)] = {"path": f"KIT/3/walk{number}_poses", "duration": 2.0, "annotations": annotations}
    (root / "annotations.json").write_text(json.dumps(entries))
    return root


def test_the_corpus_contains_recordings_with_their_sentences(corpus, tmp_path, monkeypatch):
    monkeypatch.setenv(amass.VARIABLE, str(write_model(tmp_path / "models")))
    held = {split: list(corpora.load("amass", corpus, split)) for split in ("train", "val", "test")}
    assert {split: len(samples) for split, samples in held.items()} == {"train": 8, "val": 1, "test": 1}
    (sample,) = held["val"]
    assert sample.captions[0].text == "a person walks"
    assert sample.motion.positions.shape == (240, 22, 3)


def test_an_error_names_what_the_corpus_lacks_and_where_to_get_it(corpus, monkeypatch, m2l):
    monkeypatch.delenv(amass.VARIABLE, raising=False)
    status, _, err = m2l("data", "check", "amass", "--root", corpus)
    assert (status, "need the body model SMPLH" in err, "https://mano" in err) == (1, True, True)
    assert "10 samples are damaged: 8 of 8 of train, 1 of 1 of val, 1 of 1 of test" in err
    shutil.rmtree(corpus / "KIT")
    assert "all of its 10 motion files are missing" in m2l("data", "check", "amass", "--root", corpus)[2]
    for root in (["--root", corpus / "KIT"], []):
        (line,) = m2l("data", "check", "amass", *root)[2].splitlines()
        assert "annotations.json" in line or root
        assert line.endswith("; AMASS is at https://amass.is.tue.mpg.de (SMPL-H, .npz)")


def test_unneeded_pickles_are_not_read(tmp_path):
    models = write_model(tmp_path / "models", "smplx/SMPLX_MALE.npz", part2num=np.array({"hip": 1}, dtype=object))
    labels = np.array([["hip"], ["knee", "toe"]], dtype=object)
    take = write_take(tmp_path / "take.npz", poses=np.zeros((5, 165)), labels_obs=labels)
    assert read_motion(take, body_models=models).frames == 5


def test_without_a_model_the_message_names_it_and_its_path(tmp_path, monkeypatch):
    monkeypatch.delenv(amass.VARIABLE, raising=False)
    take = write_take(tmp_path / "take.npz")
    with pytest.raises(ValueError, match=r"take\.npz: .*body model SMPLH, .*https://mano.*--body-models DIR"):
        read_motion(take)
    models = write_model(tmp_path / "models", "smplh/female/model.npz")
    expected = rf"the body model SMPLH, male, was not found; expected {models}/smplh/male/model\.npz, .*https://mano"
    with pytest.raises(ValueError, match=expected):
        read_motion(take, body_models=models)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"poses": np.zeros((5, 72))}, r"poses \(5, 72\), .*expected \(T, 156\)"),
        ({"poses": np.zeros((0, 156)), "trans": np.zeros((0, 3))}, "no frames"),
        ({"trans": np.zeros((4, 3))}, r"trans \(4, 3\)"),
        ({"betas": None}, "'betas' is missing"),
        ({"poses": np.array(["a"])}, "'poses' is of type"),
        ({"gender": np.array("?")}, r"gender '\?', expected female"),
        ({"mocap_framerate": None}, "lacks mocap_framerate"),
        ({"trans": np.full((5, 3), np.nan)}, "not a finite number"),
    ],
)
def test_a_damaged_file_is_named(changed, message, tmp_path):
    with pytest.raises(ValueError, match=rf"take\.npz: .*{message}"):
        read_motion(write_take(tmp_path / "take.npz", **changed), body_models=write_model(tmp_path / "models"))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"shapedirs": np.zeros((3, 3, 3))}, r"expected \(J, V\)"),
        ({"J_regressor": np.array(None, dtype=object)}, "pickled"),
    ],
)
def test_a_damaged_model_is_named(changed, message, tmp_path):
    models = write_model(tmp_path / "models", **changed)
    with pytest.raises(ValueError, match=rf"take\.npz: body model .*model\.npz: .*{message}"):
        read_motion(write_take(tmp_path / "take.npz"), body_models=models)
