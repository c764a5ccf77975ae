"""The web app under load: `python benchmarks/serve.py [--clients 50] [--rounds 4]`, on this machine alone.

Starts `m2l serve` on a free port; in each round all clients upload a 10 s recording at once. Prints failures,
recordings per second, the clients' latency, and the server's memory after each round.
"""

import argparse
import concurrent.futures
import json
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from motion2language.data.synthesis import make_recording
from motion2language.formats import bvh


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=4)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        take = Path(folder) / "take.bvh"
        bvh.write(make_recording([9, 9, 9], ("walk", "bow", "jump")).motion.clip(0, 10), take)
        body = form(take.read_bytes())
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [Path(sys.executable).parent / "m2l", "serve", "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        server.stdout.readline()
        time.sleep(2)
        upload(port, body)  # the first upload loads the model
        print("| round | failed | recordings per second | latency, median | longest | memory |\n|" + " --- |" * 6)
        for number in range(arguments.rounds):
            start = time.perf_counter()
            with concurrent.futures.ThreadPoolExecutor(arguments.clients) as pool:
                results = list(pool.map(lambda _: upload(port, body), range(arguments.clients)))
            seconds = time.perf_counter() - start
            latencies = [latency for latency in results if latency is not None]
            print(
                f"| {number + 1} | {results.count(None)} | {len(latencies) / seconds:.1f} "
                f"| {statistics.median(latencies):.2f} s | {max(latencies):.2f} s | {memory(server.pid):.0f} MB |",
                flush=True,
            )
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


def memory(process: int) -> float:
    """Current memory of a process, MB."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return float("nan")


if __name__ == "__main__":
    main()
