"""The web app under load: `python benchmarks/serve.py [--clients 50] [--rounds 4] [--against CHECKOUT]`.

Starts `m2l serve` on a free port of this machine; in each round all clients upload a 10 s recording at once. Prints
failures, recordings per second, the clients' latency, the server's processor time for each recording and its memory
after each round, both of all its processes. On a busy machine the processor time says more.
With CHECKOUT, a folder with another version of the package, its server gets each round too, in turn with this one.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import contextlib
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from motion2language.data.synthesis import make_recording
from motion2language.formats import bvh

HERE = Path(__file__).resolve().parent.parent


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--against", type=Path, help="folder of another version, measured in turn with this one")
    given = parser.parse_args()
    versions = {"this": HERE} | ({"other": given.against.resolve()} if given.against else {})
    rates: dict[str, list[float]] = {name: [] for name in versions}
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        take = Path(folder) / "take.bvh"
        bvh.write(make_recording([9, 9, 9], ("walk", "bow", "jump")).motion.clip(0, 10), take)
        body = form(take.read_bytes())
        servers = {name: stack.enter_context(serving(version, folder)) for name, version in versions.items()}
        for _, port in servers.values():
            for _ in range(4):
                upload(port, body)  # the first upload of each process loads the model
        header = "| version | round | failed | recordings per second | latency, median | longest "
        header += "| processor time, each | memory |"
        print(f"{header}\n|" + " --- |" * 8)
        for number in range(given.rounds):
            for name, (process, port) in servers.items():
                start, before = time.perf_counter(), processor_time(process)
                with concurrent.futures.ThreadPoolExecutor(given.clients) as pool:
                    results = list(pool.map(lambda _, port=port: upload(port, body), range(given.clients)))
                latencies = [latency for latency in results if latency is not None]
                rates[name].append(len(latencies) / (time.perf_counter() - start))
                busy = (processor_time(process) - before) / given.clients
                print(
                    f"| {name} | {number + 1} | {results.count(None)} | {rates[name][-1]:.1f} "
                    f"| {statistics.median(latencies):.2f} s | {max(latencies):.2f} s | {1000 * busy:.0f} ms "
                    f"| {memory(process):.0f} MB |",
                    flush=True,
                )
    print(
        "\nMedian: " + ", ".join(f"{name} {statistics.median(rates[name]):.1f} recordings per second" for name in rates)
    )


@contextlib.contextmanager
def serving(version: Path, folder: str) -> Iterator[tuple[int, int]]:
    """The process and port of a version's server, which runs within this block, away from any checkout."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "motion2language", "serve", "--port", str(port)]
    environment = os.environ | {"PYTHONPATH": str(version)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=folder, env=environment) as server:
        server.stdout.readline()
        time.sleep(2)
        try:
            yield server.pid, port
        finally:
            server.terminate()


def form(content: bytes) -> bytes:
    """A recording and a request for subtitles, as a browser would send them."""
    parts = [
        b'--x\r\nContent-Disposition: form-data; name="form"\r\n\r\nsrt\r\n',
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="take.bvh"\r\n\r\n' + content + b"\r\n--x--\r\n",
    ]
    return b"".join(parts)


def upload(port: int, body: bytes) -> float | None:
    """Seconds until the answer arrived; None if the request failed."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/api/transcribe", body, {"content-type": "multipart/form-data; boundary=x"}
    )
    start = time.perf_counter()
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:
            result = json.load(answer)
    except OSError:
        return None
    return time.perf_counter() - start if result["transcript"]["words"] else None


def processor_time(process: int) -> float:
    """Seconds of processor time of a process and those that it started."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    own = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")  # in user mode and in the system
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return own + sum(map(processor_time, map(int, children)))


def memory(process: int) -> float:
    """Current memory of a process and those that it started, MB."""
    total = 0.0
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            total += int(line.split()[1]) / 1024
    for child in Path(f"/proc/{process}/task/{process}/children").read_text().split():
        total += memory(int(child))
    return total


if __name__ == "__main__":
    main()
