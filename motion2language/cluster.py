"""Ray, as sweeps and captioning use it: a cluster that runs, or one on this machine for as long as the command runs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ATTEMPTS = 3  # at starting Ray on this machine: it gives its own processes 30 s, too few on a busy one; chosen
STORE = 200 * 2**20  # bytes of Ray's shared memory on this machine; Ray alone would take a third of it; chosen


@contextmanager
def connected(address: str) -> Iterator[Any]:
    """The module `ray`, connected to `address`: `local`, `auto`, HOST:PORT or ray://HOST:PORT.

    ValueError when Ray is missing or nothing answers there.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    if address != "local" and (Path.home() / ".ray" / "auth_token").is_file():
        os.environ.setdefault("RAY_AUTH_MODE", "token")  # `ray start` asks for it then; read when Ray is imported
    try:
        import ray
    except ImportError:
        raise ValueError("--ray needs Ray, which is not installed; pip install 'motion2language[ray]'") from None
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
    if address == "local":
        options |= {"address": "local", "include_dashboard": False, "object_store_memory": STORE}
    else:
        options |= {"address": address}
    _connect(ray, address, options)
    try:
        yield ray
    finally:
        ray.shutdown()


def _connect(ray: Any, address: str, options: dict[str, Any]) -> None:
    last = ATTEMPTS if address == "local" else 1
    for attempt in range(1, last + 1):
        try:
            ray.init(**options)
            return
        except Exception as error:  # Ray's own are of all kinds, plain Exception among them
            if attempt < last:
                continue
            reason = " ".join(str(error).split())[:200]
            message = f"--ray {address}: no cluster answers ({reason}); give local or the address of one"
            raise ValueError(message) from None
