"""Where PyTorch is needed: training, GPUs and models of the paper's kind. Everything else does without."""

from __future__ import annotations


def require_torch(purpose: str, extra: str = "train") -> None:
    """ValueError when PyTorch is not installed; `purpose` begins the message, `extra` brings it."""
    try:
        import torch  # noqa: F401
    except ModuleNotFoundError:
        raise ValueError(f"{purpose} needs PyTorch: pip install 'motion2language[{extra}]'") from None


def find_device(name: str) -> str:
    """The torch device for auto, cpu or cuda: auto takes CUDA where it is available."""
    require_device_name(name)
    if name == "cpu":
        return name
    require_torch(f"--device {name}")
    import torch

    available = torch.cuda.is_available()
    if name == "cuda" and not available:
        raise ValueError("--device cuda: torch found no CUDA device; use --device cpu")
    return "cuda" if available else "cpu"


def require_device_name(name: str) -> None:
    """ValueError unless the name is auto, cpu or cuda."""
    if name not in ("auto", "cpu", "cuda"):
        raise ValueError(f"--device {name}: expected auto, cpu or cuda")
