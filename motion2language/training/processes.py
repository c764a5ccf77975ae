"""The processes that train one model together, started by torchrun; without torchrun there is one process.

Each computes the gradient of its share of every batch, torch's DistributedDataParallel adds the gradients up, and all
make the same update. Only the first process writes files. gloo carries CPU tensors, nccl CUDA tensors.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NoReturn

import torch
import torch.distributed as dist

PATIENCE = timedelta(hours=1)  # the first process validates alone, the others wait for its score; chosen


@dataclass(frozen=True)
class Processes:
    """The number of processes, the rank of this one, and its device."""

    count: int = 1
    rank: int = 0
    device: str = "cpu"

    @property
    def first(self) -> bool:
        """Whether this process writes files."""
        return self.rank == 0

    def sum(self, value: float) -> float:
        """The sum of all processes' values."""
        return value if self.count == 1 else self._reduce(value, dist.ReduceOp.SUM)

    def broadcast(self, value: float) -> float:
        """The value of the first process."""
        if self.count == 1:
            return value
        tensor = torch.tensor(value, dtype=torch.float64, device=self.device)
        dist.broadcast(tensor, 0)
        return tensor.item()

    def require_equal(self, value: float, what: str) -> None:
        """ValueError when the processes have different values, such as those of different corpora."""
        if self.count == 1:
            return
        least, most = (self._reduce(value, operation) for operation in (dist.ReduceOp.MIN, dist.ReduceOp.MAX))
        if least != most:
            raise ValueError(
                f"the {self.count} processes find from {least:g} to {most:g} {what}; "
                "every machine must see the same corpus and the same run folder"
            )

    def _reduce(self, value: float, operation: Any) -> float:
        tensor = torch.tensor(value, dtype=torch.float64, device=self.device)
        dist.all_reduce(tensor, operation)
        return tensor.item()


def launched() -> tuple[int, int]:
    """The rank of this process and the number of processes, as torchrun sets them; 0 and 1 without it."""
    return int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))


@contextmanager
def processes(device: str) -> Iterator[Processes]:
    """This process among those that torchrun started, or alone; `device` is cpu or cuda.

    ValueError when another process was lost. On SIGTERM a process ends as on Ctrl-C and leaves no half-written file.
    """
    started = dist.is_available() and dist.is_torchelastic_launched()
    count = int(os.environ["WORLD_SIZE"]) if started else 1
    if count == 1:
        yield Processes(device=device)
        return
    rank, local_rank = int(os.environ["RANK"]), int(os.environ["LOCAL_RANK"])
    if device == "cuda":
        if local_rank >= torch.cuda.device_count():
            raise ValueError(
                f"process {local_rank + 1} of this machine finds {torch.cuda.device_count()} CUDA devices; "
                "start one process per device or use --device cpu"
            )
        torch.cuda.set_device(local_rank)
        device = f"cuda:{local_rank}"
    before = signal.signal(signal.SIGTERM, _end)
    try:
        dist.init_process_group("nccl" if device.startswith("cuda") else "gloo", timeout=PATIENCE)
        yield Processes(count, rank, device)
    except RuntimeError as error:  # gloo and nccl have no error class of their own
        if not any(word in str(error) for word in ("gloo", "Gloo", "NCCL", "nccl", "peer")):
            raise
        raise ValueError(f"process {rank}: another process ended; finished results are on disk") from error
    finally:
        signal.signal(signal.SIGTERM, before)
        if dist.is_initialized():
            dist.destroy_process_group()


def shares(length: int, parts: int) -> list[slice]:
    """Cut a batch into parts whose lengths differ by at most one."""
    return [slice(length * part // parts, length * (part + 1) // parts) for part in range(parts)]


def _end(*_: object) -> NoReturn:
    raise KeyboardInterrupt
