"""Ray, as sweeps and captioning use it: a cluster that runs, or one on this machine for as long as the command runs."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ATTEMPTS = 3  # at starting Ray on this machine: it gives its own processes 30 s, too few on a busy one; chosen
WAIT = 10.0  # seconds for a machine to take a connection; chosen
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
    """ValueError when nothing listens where `address` leads: Ray would wait for it for ever, deaf to Ctrl-C."""
    if address == "local":
        return
    if address == "auto":
        left = Path(os.environ.get("RAY_TMPDIR", "/tmp"), "ray", "ray_current_cluster")  # as `ray start` leaves it
        said = os.environ.get("RAY_ADDRESS") or (left.read_text().strip() if left.is_file() else "")
    else:
        said = address
    host, _, port = said.rpartition("://")[2].rpartition(":")
    if not said or said == "auto":  # Ray knows at once that there is none
        return
    try:
        socket.create_connection((host, int(port)), timeout=WAIT).close()
    except (OSError, ValueError, OverflowError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise _silent(address, f"{said}: {reason}") from None


def _silent(address: str, reason: str) -> ValueError:
    return ValueError(f"--ray {address}: no cluster answers ({reason}); give local or the address of one")


def _connect(ray: Any, address: str, options: dict[str, Any]) -> None:
    last = ATTEMPTS if address == "local" else 1
    for attempt in range(1, last + 1):
        try:
            ray.init(**options)
            return
        except Exception as error:  # Ray's own are of all kinds, plain Exception among them
            if attempt < last:
                continue
            raise _silent(address, " ".join(str(error).split())[:200]) from None
