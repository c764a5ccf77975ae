"""The web app and the live page among strangers: time, memory, slow clients, tokens, places in the queue, errors."""

import asyncio
import json
import multiprocessing
import re
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient
from small import recording

from motion2language.captioning.recordings import load_captioner
from motion2language.formats import bvh
from motion2language.server import connections, guard, live_page
from motion2language.server.app import create_app
from motion2language.server.broadcast import Broadcast
from motion2language.server.connections import listen, make_server
from motion2language.server.guard import Limits, client_of, knows_token
from motion2language.server.live_page import create_live_app

GOOD = {"good": partial(load_captioner, "synthetic", "cpu")}
CASES = Path(__file__).parents[2] / "shared" / "cases" / "hostile"


def hang() -> None:
    sum(range(10**14))  # in C, where no signal is heard


def take_memory() -> None:
    np.ones(4 * 10**8)


@pytest.fixture(scope="module")
def content(tmp_path_factory) -> bytes:
    path = tmp_path_factory.mktemp("take") / "take.bvh"
    bvh.write(recording(2).clip(0, 2), path)
    return path.read_bytes()


def post(client, content: bytes, name: str = "take.bvh", headers=None, **form):
    return client.post("/api/transcribe", files=[("file", (name, content))], data=form, headers=headers or {})


def test_a_recording_that_takes_too_long_or_too_much_memory_is_refused_and_no_core_is_lost(
    content, tmp_path, monkeypatch
):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    models = GOOD | {"hang": hang, "memory": take_memory}
    limits = Limits(seconds=12, gigabytes=1)
    with TestClient(create_app(models, limits, processes=2), base_url="http://localhost") as client:
        assert post(client, content).status_code == 200
        with ThreadPoolExecutor(3) as pool:
            hung = [pool.submit(post, client, content, model="hang") for _ in range(2)]  # both processes
            large = pool.submit(post, client, content, model="memory")
        for answer in (one.result() for one in hung):
            assert answer.status_code == 422
            assert "take.bvh: not described in 12 s; cut the recording" in answer.json()["error"]
        assert large.result().status_code == 422
        assert "take.bvh: needs more than 1 GB of memory" in large.result().json()["error"]
        with ThreadPoolExecutor(2) as pool:
            again = list(pool.map(lambda _: post(client, content), range(2)))
        assert [answer.status_code for answer in again] == [200, 200]
    assert not multiprocessing.active_children()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not CASES.is_dir(), reason="needs ../shared")
def test_good_recordings_are_described_rightly_among_hostile_ones(content):
    files = sorted(path for path in CASES.iterdir() if path.suffix != ".md")
    with TestClient(create_app(GOOD, Limits(), processes=2), base_url="http://localhost") as client:
        wanted = post(client, content).json()
        with ThreadPoolExecutor(8) as pool:
            bad = [pool.submit(post, client, path.read_bytes(), path.name) for path in files]
            good = [pool.submit(post, client, content) for _ in range(6)]
        assert [answer.result().json() for answer in good] == [wanted] * 6
        for answer in (one.result() for one in bad):
            assert answer.status_code == 422
            assert answer.json()["error"].isprintable()
        assert client.get("/api/health").json()["status"] == "ok"


def test_every_error_is_an_object_with_one_sentence(content):
    with TestClient(create_app(GOOD, Limits(megabytes=1)), base_url="http://localhost") as client:
        answers = [
            client.delete("/api/health"), client.get("/nope"), client.post("/api/transcribe", content=b"x"),
            client.post("/api/transcribe", content=b"x", headers={"content-type": "multipart/form-data"}),
            client.post("/api/transcribe", content=b"x", headers={"content-length": "-1"}),
            client.post("/api/transcribe", content=b"x", headers={"content-length": "9" * 5000}),
            post(client, content, form="doc"), post(client, b"x" * 2_000_000),
            client.get("/api/health", headers={"host": "evil.example"}),
        ]  # fmt: skip
        for answer in answers:
            assert answer.status_code >= 400
            assert answer.json().keys() == {"error"}, answer.text
        described = client.get("/api/openapi.json").json()["paths"]["/api/transcribe"]["post"]["responses"]
    for status in ("400", "401", "403", "408", "413", "422", "503"):
        schema = described[status]["content"]["application/json"]["schema"]
        assert schema["properties"].keys() == {"error"}
    with TestClient(create_live_app(Broadcast()), base_url="http://localhost") as client:
        for answer in (client.get("/nope"), client.get("/assets/nope"), client.delete("/"), client.get("/docs")):
            assert answer.json().keys() == {"error"}


def test_a_place_in_the_queue_is_an_address_s_and_behind_a_named_proxy_its_client_s():
    proxies = frozenset({"10.0.0.1", "10.0.0.2"})
    assert client_of("1.2.3.4", "9.9.9.9", proxies) == "1.2.3.4"
    assert (
        client_of("10.0.0.1", "9.9.9.9, 1.2.3.4", proxies) == "1.2.3.4"
    )  # what comes before is the client's own claim
    assert client_of("10.0.0.1", "1.2.3.4, 10.0.0.2", proxies) == "1.2.3.4"
    assert client_of("10.0.0.1", "", proxies) == "10.0.0.1"


def test_a_token_is_asked_for_and_a_page_keeps_it(content):
    app = create_app(GOOD, Limits(), token="open sesame")
    with TestClient(app, base_url="http://localhost") as client:
        for refused in (client.get("/"), client.get("/?token=wrong"), post(client, content),
                        client.get("/api/health", headers={"authorization": "Bearer wrong"})):  # fmt: skip
            assert refused.status_code == 401
            assert "asks for a token" in refused.json()["error"]
        headers = {"authorization": "Bearer open sesame"}
        assert client.get("/api/health", headers=headers).status_code == 200
        assert post(client, content, headers=headers).status_code == 200
        first = client.get("/?token=open+sesame", follow_redirects=False)
        assert (first.status_code, first.headers["location"]) == (303, "/")
        assert "sesame" not in first.headers["set-cookie"]
        assert client.get("/").status_code == 200  # by the cookie
        assert client.get("/api/health").status_code == 200
    assert not knows_token({"cookie": "motion2language=open sesame"}, "", "open sesame")
    assert not knows_token({}, "token=%ff%00", "é")


@contextmanager
def served(app):
    listener = listen("127.0.0.1", 0, "--port")
    server = make_server(app, timeout_graceful_shutdown=1)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(20)


def answer_to(port: int, *parts: bytes, wait: float = 0.0) -> bytes:
    """What comes back until the server closes the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
        for part in parts:
            client.sendall(part)
            time.sleep(wait)
        received = b""
        try:
            while piece := client.recv(65536):
                received += piece
        except ConnectionResetError:
            pass
    return received


POST = b"POST /api/transcribe HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n"


def test_slow_clients_are_dropped_and_the_others_are_served(monkeypatch):
    monkeypatch.setattr(connections, "HEAD", 0.5)
    monkeypatch.setattr(guard, "PATIENCE", 0.5)
    with served(create_app(GOOD, Limits())) as port:
        assert answer_to(port) == b""  # sends nothing
        assert answer_to(port, b"GET / HT") == b""  # half a head
        slow = answer_to(
            port, POST + b"content-type: multipart/form-data; boundary=x\r\ncontent-length: 1000\r\n\r\n--x"
        )
        assert b" 408 " in slow.partition(b"\r\n")[0]
        assert b'{"error": "the request came too slowly' in slow
        broken = answer_to(port, b"NOT HTTP\x00 AT ALL\r\n\r\n")
        assert b" 400 " in broken
        assert json.loads(broken.partition(b"\r\n\r\n")[2]).keys() == {"error"}
        assert b'"status":"ok"' in answer_to(
            port, b"GET /api/health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"
        )


def test_a_page_that_does_not_read_is_dropped(monkeypatch):
    monkeypatch.setattr(guard, "PATIENCE", 0.5)

    async def much(*_):
        while True:
            yield "x" * 10**6
            await asyncio.sleep(0)

    monkeypatch.setattr(live_page, "_messages", much)
    with served(create_live_app(Broadcast())) as port, socket.socket() as client:
        client.settimeout(10)
        client.connect(("127.0.0.1", port))
        client.sendall(b"GET /events HTTP/1.1\r\nhost: localhost\r\n\r\n")
        time.sleep(3)  # it reads nothing meanwhile
        received = 0
        try:
            while (piece := client.recv(65536)) and received < 10**9:
                received += len(piece)
        except ConnectionResetError:
            pass
    assert received < 10**9


def test_no_more_pages_watch_than_are_allowed_and_a_place_is_free_again(monkeypatch):
    monkeypatch.setattr(live_page, "PAGES", 4)
    broadcast = Broadcast()

    def status(port: int, opened: list) -> str:
        client = socket.create_connection(("127.0.0.1", port), timeout=30)
        opened.append(client)
        client.sendall(b"GET /events HTTP/1.1\r\nhost: localhost\r\n\r\n")
        return client.recv(1000).split(b" ")[1].decode()

    with served(create_live_app(broadcast)) as port:
        opened: list[socket.socket] = []
        with ThreadPoolExecutor(12) as pool:  # at once
            found = sorted(pool.map(lambda _: status(port, opened), range(12)))
        assert found == ["200"] * 4 + ["503"] * 8
        for client in opened:
            client.close()
        for _ in range(100):
            if status(port, opened) == "200":
                break
            time.sleep(0.1)
        else:
            raise AssertionError("no place became free")
        broadcast.close()


def test_a_taken_port_is_one_line(m2l):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        status, out, err = m2l("serve", "--port", taken.getsockname()[1], "--model", "synthetic")
    assert (status, out, err.count("\n")) == (1, "", 1)
    assert re.match(r"m2l: cannot listen on 127\.0\.0\.1:\d+ \(.*in use.*\); choose another --port", err)


def test_others_are_warned_of_without_a_token(capsys):
    from motion2language.cli.options import warn_of_strangers

    for host, token, warned in (("127.0.0.1", "", False), ("::1", "", False), ("localhost", "", False),
                                ("0.0.0.0", "x", False), ("0.0.0.0", "", True), ("studio", "", True)):  # fmt: skip
        warn_of_strangers(host, token)
        assert ("anybody who reaches" in capsys.readouterr().err) == warned


def test_the_server_ends_with_ctrl_c_in_order():
    command = [sys.executable, "-m", "motion2language", "serve", "--port", "0", "--model", "synthetic"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        assert "serving on" in server.stdout.readline()
        time.sleep(1)
        server.send_signal(2)
        out, err = server.communicate(timeout=60)
    assert (server.returncode, out, err) == (0, "", "")
