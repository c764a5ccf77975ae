"""Ray for sweeps and captioning: a running cluster, or one on this machine for as long as the command runs."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ATTEMPTS = 3  # at starting Ray here: it allows its processes 30 s, which a busy machine may pass; chosen
WAIT = 10.0  # seconds for a machine to accept a connection; chosen
STORE = 200 * 2**20  # bytes of Ray's shared memory here; by default Ray takes a third of the memory; chosen


@contextmanager
def connect(address: str) -> Iterator[Any]:
    """The module `ray`, connected to `address`: `local`, `auto`, HOST:PORT or ray://HOST:PORT.

    ValueError when Ray is not installed or nothing answers at the address.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    if address != "local" and (Path.home() / ".ray" / "auth_token").is_file():
        os.environ.setdefault("RAY_AUTH_MODE", "token")  # `ray start` asks for it then; read when Ray is imported
    try:
        import ray
    except ImportError:
        raise ValueError("--ray needs Ray, which is not installed; pip install 'motion2language[ray]'") from None
    require_answer(address)
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


def require_answer(address: str) -> None:
    """ValueError when nothing listens at `address`: Ray would wait forever and ignore Ctrl-C."""
    if address == "local":
        return
    if address == "auto":
        written = Path(os.environ.get("RAY_TMPDIR", "/tmp"), "ray", "ray_current_cluster")  # by `ray start`
        cluster = os.environ.get("RAY_ADDRESS") or (written.read_text().strip() if written.is_file() else "")
    else:
        cluster = address
    host, _, port = cluster.rpartition("://")[2].rpartition(":")
    if not cluster or cluster == "auto":  # Ray reports a missing cluster at once
        return
    try:
        socket.create_connection((host, int(port)), timeout=WAIT).close()
    except (OSError, ValueError, OverflowError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise _no_answer(address, f"{cluster}: {reason}") from None


def _no_answer(address: str, reason: str) -> ValueError:
    return ValueError(f"--ray {address}: no cluster answers ({reason}); give local or the address of one")


def _connect(ray: Any, address: str, options: dict[str, Any]) -> None:
    last = ATTEMPTS if address == "local" else 1
    for attempt in range(1, last + 1):
        try:
            ray.init(**options)
            return
        except Exception as error:  # Ray raises errors of all kinds, plain Exception included
            if attempt < last:
                continue
            raise _no_answer(address, " ".join(str(error).split())[:200]) from None
