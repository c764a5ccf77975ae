"""AMASS .npz: pose parameters of the SMPL-H or SMPL-X body; joints need the body model, which may not be shipped.

The file contains `poses` (T, 156 or 165; axis and angle of each joint, the body's 22 first), `trans` (T, 3) metres with
Z up, `betas` (shape), `gender` and `mocap_framerate`. The model comes from https://mano.is.tue.mpg.de (SMPL-H,
"extended SMPL-H model", .npz) or https://smpl-x.is.tue.mpg.de. Its joints are computed by smplx (the extra `amass`)
from the three arrays they depend on. We read these arrays ourselves: smplx would run pickles that a model file may
contain.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from motion2language.files import read_arrays
from motion2language.formats.npy import LAYOUTS
from motion2language.formats.reading import ReadOptions, Recording
from motion2language.motion import Motion, Skeleton

#: The environment variable with the folder of body models, used without --body-models.
VARIABLE = "MOTION2LANGUAGE_BODY_MODELS"
#: The arrays that are read; a file may contain others, some of them pickles.
KEYS = ("poses", "trans", "betas", "gender", "mocap_framerate", "mocap_frame_rate")
_KINDS = {156: "smplh", 165: "smplx"}
_WEB = {"smplh": "https://mano.is.tue.mpg.de", "smplx": "https://smpl-x.is.tue.mpg.de"}
_MODEL = ("J_regressor", "v_template", "shapedirs")
_BODY = LAYOUTS["humanml3d"].skeleton
SKELETON = Skeleton("smpl", _BODY.joints, _BODY.parents)


def belongs(data: dict[str, np.ndarray]) -> bool:
    """True when the arrays of an .npz are from AMASS."""
    return {"poses", "trans"} <= data.keys() and "positions" not in data


def recording(data: dict[str, np.ndarray], path: Path, options: ReadOptions) -> Recording:
    """The 22 joints of the body, from the arrays of an AMASS file."""
    poses, trans, betas = (_numbers(data, key) for key in ("poses", "trans", "betas"))
    if poses.ndim != 2 or poses.shape[1] not in _KINDS or trans.shape != (len(poses), 3) or betas.ndim != 1:
        raise ValueError(
            f"poses {poses.shape}, trans {trans.shape}, betas {betas.shape}; expected (T, 156) of SMPL-H or (T, 165) "
            "of SMPL-X, (T, 3) and (B,)"
        )
    if len(poses) == 0:
        raise ValueError("the file contains no frames")
    fps = options.fps or _rate(data)
    kind, gender = _KINDS[poses.shape[1]], _gender(data)
    positions = _joints(_model(options.body_models, kind, gender), poses, betas) + trans[:, None]
    return Recording(Motion(positions, fps, SKELETON, path.name), "m", "z")


def _numbers(data: dict[str, np.ndarray], key: str) -> np.ndarray:
    if key not in data or data[key].dtype.kind not in "fiu":
        found = f"of type {data[key].dtype}" if key in data else "missing"
        raise ValueError(f"in an AMASS file {key!r} is {found}; expected numbers")
    return data[key].astype(np.float64)


def _rate(data: dict[str, np.ndarray]) -> float:
    rate = data.get("mocap_framerate", data.get("mocap_frame_rate"))
    if rate is None or rate.dtype.kind not in "fiu" or rate.size != 1:
        raise ValueError("lacks mocap_framerate, the frames per second; set the frame rate with --fps")
    return float(rate.reshape(-1)[0])


def _gender(data: dict[str, np.ndarray]) -> str:
    value = data.get("gender", np.array("neutral"))
    gender = value.item().decode() if value.dtype.kind == "S" and value.ndim == 0 else str(value)
    if gender not in ("female", "male", "neutral"):
        raise ValueError(f"gender {gender!r}, expected female, male or neutral")
    return gender


def _model(folder: Path | None, kind: str, gender: str) -> Path:
    """The file of a body model, at a path as in its site's archives; ValueError lists the paths that were tried."""
    models = folder or os.environ.get(VARIABLE)
    name = f"{kind}/{gender}/model.npz"
    get = f"register at {_WEB[kind]}, unpack the .npz body models there"
    if not models:
        raise ValueError(
            f"pose parameters of AMASS need the body model {kind.upper()}, which may not be shipped: {get}, and give "
            f"their folder with --body-models DIR (or {VARIABLE}), with DIR/{name}"
        )
    stem = f"{kind.upper()}_{gender.upper()}.npz"
    paths = [Path(models) / path for path in (name, f"{gender}/model.npz", f"{kind}/{stem}", stem)]
    for path in paths:
        if path.is_file():
            return path
    raise ValueError(
        f"the body model {kind.upper()}, {gender}, was not found; expected {', '.join(map(str, paths))}; {get}"
    )


def _joints(path: Path, poses: np.ndarray, betas: np.ndarray) -> np.ndarray:
    """The body's joints (T, 22, 3) before its translation, for poses (T, 156 or 165) and a shape (B,)."""
    try:
        import torch
        from smplx import lbs
    except ImportError:
        raise ValueError(
            "joints of AMASS files need smplx, which is not installed; pip install 'motion2language[amass]'"
        ) from None
    regressor, template, directions = (torch.from_numpy(array) for array in _arrays(path))
    used = min(len(betas), directions.shape[2])
    shaped = template + lbs.blend_shapes(torch.from_numpy(betas[None, :used]), directions[..., :used])
    rest = lbs.vertices2joints(regressor[: len(SKELETON.joints)], shaped)
    turns = lbs.batch_rodrigues(torch.from_numpy(poses[:, : 3 * rest.shape[1]]).reshape(-1, 3))
    turns = turns.view(len(poses), -1, 3, 3)
    parents = torch.tensor(SKELETON.parents)
    joints, _ = lbs.batch_rigid_transform(turns, rest.expand(len(poses), -1, -1), parents, dtype=rest.dtype)
    return np.asarray(joints)


def _arrays(path: Path) -> list[np.ndarray]:
    """J_regressor (J, V), v_template (V, 3) and shapedirs (V, 3, B) from a body model's file."""
    try:
        model = read_arrays(path, _MODEL)  # SMPL-X models also contain pickles
    except ValueError as error:
        raise ValueError(f"body model {path}: {error}") from None
    shapes = {key: model[key].shape if key in model else None for key in _MODEL}
    regressor, template, directions = (model.get(key) for key in _MODEL)
    if (
        regressor is None
        or template is None
        or directions is None
        or not (
            template.ndim == 2
            and template.shape[1] == 3
            and regressor.ndim == 2
            and regressor.shape[0] >= len(SKELETON.joints)
            and regressor.shape[1] == len(template)
            and directions.ndim == 3
            and directions.shape[:2] == template.shape
        )
    ):
        raise ValueError(f"body model {path}: found {shapes}; expected (J, V), (V, 3) and (V, 3, B)")
    return [array.astype(np.float64) for array in (regressor, template, directions)]
