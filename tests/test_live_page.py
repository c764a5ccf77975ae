"""The live page's server: who may see it, what a late, slow or reconnecting page gets, and nothing waits for it."""

import asyncio
import http.client
import json
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient
from small import recording
from test_live import model
from test_live_stream import described, lines_of

from motion2language.live.events import Note, Word
from motion2language.live.listener import Listener
from motion2language.live.protocol import parse
from motion2language.server import broadcast as module
from motion2language.server import live_page
from motion2language.server.broadcast import Broadcast
from motion2language.server.live_page import LivePage, create_live_app

MOTION = recording(2)


def word(number: int) -> Word:
    return Word(f"word{number}", float(number), float(number))


def show(broadcast: Broadcast, number: int) -> None:
    broadcast.show(MOTION.skeleton, MOTION.positions[number % MOTION.frames], number / 30)


def sent(broadcast: Broadcast, known: int = 0, most: int = 10_000) -> list[dict]:
    """All messages that a page receives at once, before anything new."""

    async def collect() -> list[dict]:
        found: list[dict] = []
        messages = live_page._messages(broadcast, known)
        while len(found) < most:
            try:
                message = await asyncio.wait_for(anext(messages), 0.01)
            except TimeoutError:
                break
            found.append(json.loads(message.partition("data: ")[2]))
        return found

    return asyncio.run(collect())


def kinds(messages: list[dict]) -> list[str]:
    return [message["kind"] for message in messages]


def test_a_page_that_opens_late_gets_all_events_and_only_the_newest_frame():
    broadcast = Broadcast()
    assert sent(broadcast) == [{"kind": "state", "state": "waiting", "quiet": pytest.approx(0, abs=0.5)}]
    for number in range(60):
        broadcast.add(word(number))
        show(broadcast, number)
    state, *said, body, frame = sent(broadcast)
    assert state["state"] == "live"
    assert [one["word"] for one in said] == [f"word{number}" for number in range(60)]
    assert body["joints"] == list(MOTION.skeleton.joints)
    assert 1.4 < body["height"] < 2.1
    assert frame["time"] == round(59 / 30, 3)
    np.testing.assert_allclose(np.reshape(frame["pose"], (-1, 3)) / 1000, MOTION.positions[59], atol=6e-4)
    assert [one["word"] for one in sent(broadcast, 58) if one["kind"] == "word"] == ["word58", "word59"]


def test_kept_events_are_bounded_and_lost_ones_counted(monkeypatch):
    monkeypatch.setattr(module, "KEPT", 100)
    broadcast = Broadcast()
    for number in range(1000):
        broadcast.add(word(number))
    _, lost, *said = sent(broadcast)
    assert lost == {"kind": "lost", "count": 900}
    assert [one["word"] for one in said] == [f"word{number}" for number in range(900, 1000)]
    assert kinds(sent(broadcast, 950)) == ["state"] + ["word"] * 50


def test_another_body_is_sent_once_and_before_its_frames():
    broadcast = Broadcast()
    show(broadcast, 0)
    first = broadcast.frame.body
    show(broadcast, 1)
    assert broadcast.frame.body is first
    other = type(MOTION.skeleton)("other", MOTION.skeleton.joints[:1], (-1,))
    broadcast.show(other, MOTION.positions[0, :1], 2.0)
    _, body, frame = sent(broadcast)
    assert body["joints"] == list(other.joints)
    assert body["height"] == module.DEFAULT_HEIGHT  # a body of unknown height
    assert len(frame["pose"]) == 3


def test_the_state_of_the_stream(monkeypatch):
    now = 100.0
    monkeypatch.setattr(module.time, "monotonic", lambda: now)
    broadcast = Broadcast()
    show(broadcast, 0)
    assert broadcast.state()["state"] == "live"
    now += module.QUIET + 0.1
    assert broadcast.state()["state"] == "stalled"
    show(broadcast, 1)
    assert broadcast.state()["state"] == "live"
    broadcast.end()
    assert broadcast.state()["state"] == "ended"
    show(broadcast, 1)
    assert broadcast.state()["state"] == "live"


def test_accepted_frames_are_shown_in_metres():
    shown = []
    listener = Listener(model(), watch=lambda skeleton, positions, moment: shown.append((positions, moment)))
    lines = lines_of(2)
    late, wrong = lines[20], json.dumps({"time": 2.0, "positions": [[0, 0, 0]]})
    centimetres = [lines[0].replace('"m"', '"cm"')]
    centimetres += [
        json.dumps({"time": data["time"], "positions": (100 * np.array(data["positions"])).tolist()})
        for data in map(json.loads, [*lines[1:-1], late])
    ]
    events = list(listener.describe(parse([*centimetres, wrong])))
    assert [one for one in events if not isinstance(one, Note)] == described(lines)
    assert len(shown) > MOTION.frames - 20  # all but those of the warm-up
    assert all(positions.shape == MOTION.positions[0].shape for positions, _ in shown)
    np.testing.assert_allclose(shown[0][0], MOTION.positions[round(shown[0][1] * 30)], atol=2e-4)


@pytest.fixture
def client():
    with TestClient(create_live_app(Broadcast(), frozenset({"studio.local"})), base_url="http://localhost") as one:
        yield one


def test_the_page_and_its_parts_are_served_and_block_external_resources(client):
    answer = client.get("/")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    parts = [part.split('"')[0] for part in answer.text.split('="/assets/')[1:]]
    assert set(parts) == set(live_page.PARTS)
    assert all(client.get(f"/assets/{part}").status_code == 200 for part in parts)
    assert "http" not in answer.text.replace("http-equiv", "")
    for missing in ("/assets/app.py", "/assets/..%2fguard.py", "/docs", "/openapi.json"):
        assert client.get(missing).status_code == 404


@pytest.fixture
def page():
    one = LivePage(0)
    yield one
    one.close()


def watch(page: LivePage, path: str = "/events", **headers: str) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", page.port, timeout=20)
    connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    return connection.getresponse()


def read(answer: http.client.HTTPResponse, until: str) -> list[tuple[str, dict]]:
    """(id, message) up to one that contains a text."""
    found, number = [], ""
    for line in iter(answer.readline, b""):
        name, _, value = line.decode().rstrip("\n").partition(": ")
        if name == "id":
            number = value
        elif name == "data":
            found.append((number, json.loads(value)))
            number = ""
            if until in value:
                break
    return found


def test_other_sites_and_other_names_see_nothing(page):
    for headers in ({"host": "evil.example"}, {"origin": "http://evil.example"}):
        for path in ("/", "/events", "/assets/live.js"):
            assert watch(page, path, **headers).status == 403
    assert watch(page, host="localhost:80").status == 200


def test_closing_disconnects_pages_at_once(page, capfd):
    open_pages = [watch(page) for _ in range(3)]
    for one in open_pages:
        read(one, "state")
    page.close()
    assert all(one.read() is not None for one in open_pages)
    assert capfd.readouterr() == ("", "")


def test_a_page_that_reconnects_gets_what_it_missed(page):
    for number in range(5):
        page.broadcast.add(word(number))
    first = watch(page)
    identity = read(first, "word4")[-1][0]
    first.close()
    page.broadcast.add(word(5))
    again = read(watch(page, last_event_id=identity), "word5")
    assert [message["word"] for _, message in again if message["kind"] == "word"] == ["word5"]
    for strange in ("other-3", "nonsense", f"{page.broadcast.run}-x", ""):
        anew = read(watch(page, last_event_id=strange), "word5")
        assert sum(message["kind"] == "word" for _, message in anew) == 6


def test_a_page_that_does_not_read_delays_nobody_and_gets_every_word_in_the_end(page):
    slow = socket.create_connection(("127.0.0.1", page.port))
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    slow.sendall(b"GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    quick = watch(page)
    for number in range(4000):
        page.broadcast.add(word(number))  # would block for ever if it waited for the slow page
        show(page.broadcast, number)
        time.sleep(0.0005)
    seen = read(quick, "word3999")
    text, until = b"", time.monotonic() + 120
    slow.settimeout(60)
    while b'"word3999"' not in text[-100_000:] and time.monotonic() < until:
        text += slow.recv(1 << 20)
    for words in (
        [message["word"] for _, message in seen if message["kind"] == "word"],
        [part.split('"')[0] for part in text.decode(errors="replace").split('"word": "')[1:]],
    ):
        assert words == [f"word{number}" for number in range(4000)]
    assert sum(message["kind"] == "frame" for _, message in seen) < 3000
    slow.close()


def test_pages_beyond_the_limit_are_refused_until_one_is_closed(page, monkeypatch):
    monkeypatch.setattr(live_page, "PAGES", 3)
    open_pages = [watch(page) for _ in range(3)]
    for one in open_pages:
        read(one, "state")
    refused = watch(page)
    assert refused.status == 503
    assert json.loads(refused.read()) == {"error": "3 pages are already open; close one"}
    open_pages[0].close()
    until = time.monotonic() + 60
    while watch(page).status == 503:
        assert time.monotonic() < until
        time.sleep(0.1)


def test_a_port_in_use_is_an_error(page):
    for port in (page.port, 99999):
        with pytest.raises(ValueError, match=f"cannot listen on 127.0.0.1:{port} .*choose another --serve"):
            LivePage(port)


@contextmanager
def ended(process: subprocess.Popen) -> Iterator[None]:
    """A test that fails does not wait for a process that stays."""
    try:
        yield
    finally:
        process.kill()


def test_after_standard_input_ends_the_page_stays_until_ctrl_c():
    command = [Path(sys.executable).parent / "m2l", "live", "--serve", "0"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, **pipes, text=True) as live, ended(live):
        live.stdin.write("\n".join(lines_of(2)))
        live.stdin.close()
        address = live.stderr.readline().split()[-1]
        assert live.stderr.readline() == "m2l: the stream has ended; the page stays open until Ctrl-C\n"
        printed = re.sub(r" · \d+", "", live.stdout.readline()).split()  # without the count of repetitions
        connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=20)
        connection.request("GET", "/events")
        seen = [message for _, message in read(connection.getresponse(), '"pose"')]
        assert seen[0]["state"] == "ended"
        assert [message["word"] for message in seen if message["kind"] == "word"] == printed
        live.send_signal(signal.SIGINT)
        assert live.wait(60) == 0
        assert live.stderr.read() == ""
