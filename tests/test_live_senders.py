"""Motions sent by WebSocket: one sender after the other, each read to its end, and bad ones rejected."""

import contextlib
import json
import socket
import threading
import time

import pytest
from small import recording
from test_live import model
from test_live_stream import described, lines_of
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from motion2language.formats import bvh
from motion2language.live import sending
from motion2language.live.events import Note, Sentence, Word
from motion2language.live.listener import Listener, narrate
from motion2language.server import senders as module
from motion2language.server.senders import Senders


class Listening:
    """A port read in a thread of its own: its events and its reports."""

    def __init__(self, **options) -> None:
        self.events: list = []
        self.reports: list[str] = []
        self.senders = Senders(0, "127.0.0.1", frozenset({"studio.local"}), self.reports.append)
        self.address = f"ws://127.0.0.1:{self.senders.port}"
        self.thread = threading.Thread(target=self._listen, kwargs=options, daemon=True)
        self.thread.start()

    def _listen(self, **options) -> None:
        for event in narrate(self.senders.streams(**options), Listener(model())):
            self.events.append(event)

    def wait_for(self, text: str, times: int = 1) -> None:
        """Wait for a report that contains the text."""
        until = time.monotonic() + 120
        while sum(text in report for report in self.reports) < times:
            assert time.monotonic() < until, self.reports
            time.sleep(0.01)

    def words(self) -> list[str]:
        return [event.word for event in self.events if isinstance(event, Word)]

    def notes(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, Note)]


@pytest.fixture
def listening():
    one = Listening()
    yield one
    one.senders.close()


def opened(one: Listening, **options):
    return connect(one.address, proxy=None, **options)


def words_of(number: int) -> list[str]:
    return [event.word for event in described(lines_of(number)) if isinstance(event, Word)]


def send(one: Listening, number: int) -> None:
    with sending.sender_to(one.address) as emit:
        sending.send(recording(number), emit, speed=0)


def test_one_sender_after_another_is_read_to_its_end(listening):
    send(listening, 2)
    send(listening, 1)
    listening.wait_for("disconnected", 2)
    assert listening.words() == words_of(2) + words_of(1)
    assert listening.notes() == []


def test_lines_may_come_together_as_bytes_and_as_a_bvh_file(listening, tmp_path):
    lines = lines_of(2)
    with opened(listening) as connection:
        for start in range(0, len(lines), 7):
            connection.send("\n".join(lines[start : start + 7]).encode())
    listening.wait_for("disconnected")
    assert listening.words() == words_of(2)
    bvh.write(recording(2), tmp_path / "take.bvh")
    with opened(listening) as connection:
        connection.send((tmp_path / "take.bvh").read_text())
    listening.wait_for("disconnected", 2)
    assert isinstance(listening.events[-1], Sentence)
    assert listening.notes() == []


def test_a_sender_that_disconnects_at_once_is_read(listening, monkeypatch):
    def handle_late(connection):
        until = time.monotonic() + 20
        while connection.socket.fileno() >= 0 and time.monotonic() < until:
            time.sleep(0.01)
        return sender(connection)

    sender = module._Sender
    monkeypatch.setattr(module, "_Sender", handle_late)
    with opened(listening) as connection:
        connection.send("\n".join(lines_of(2)))
    listening.wait_for("disconnected")
    assert listening.words() == words_of(2)
    assert listening.reports == ["a sender connected", "a sender disconnected"]


def test_a_second_sender_is_asked_to_wait_and_the_first_is_not_disturbed(listening, monkeypatch):
    monkeypatch.setattr(module, "STALL", 60)
    monkeypatch.setattr(module, "LEAVING", 0.1)
    lines = lines_of(2)
    with opened(listening) as connection:
        for line in lines[:50]:
            connection.send(line)
        listening.wait_for(" connected")
        with pytest.raises(ValueError, match="another sender is connected; try again later"):
            send(listening, 1)
        for line in lines[50:]:
            connection.send(line)
    listening.wait_for("disconnected")
    assert listening.words() == words_of(2)
    assert sum("rejected" in report for report in listening.reports) == 1


def test_a_silent_sender_makes_room_for_another(listening, monkeypatch):
    monkeypatch.setattr(module, "LEAVING", 0.2)
    monkeypatch.setattr(module, "SILENT", 0.0)
    with opened(listening) as connection:
        listening.wait_for(" connected")
        send(listening, 2)
        with pytest.raises(ConnectionClosed, match="another sender connected after 0 s of silence"):
            connection.recv()
    listening.wait_for("disconnected", 2)
    assert listening.words() == words_of(2)
    assert not any("rejected" in report for report in listening.reports)


def test_pages_of_other_sites_and_other_names_are_refused(listening):
    for options in ({"origin": "http://evil.example"}, {"additional_headers": {"Host": "evil.example"}}):
        with pytest.raises(InvalidStatus, match="403"), opened(listening, **options):
            pass
    own = listening.address.replace("ws", "http")
    for options in ({"origin": own}, {"additional_headers": {"Host": "studio.local:9"}}):
        with opened(listening, **options):
            pass


def test_garbage_gives_notes_and_the_rest_of_the_stream_is_read(listening):
    lines = lines_of(2)
    with opened(listening) as connection:
        for line in ["hello", b"\xff\xfe", *lines[:50], "x" * 2_000_000, *lines[50:], "", "[" * 90_000]:
            connection.send(line)
    listening.wait_for("disconnected")
    assert listening.words() == words_of(2)
    assert [note[:20] for note in listening.notes()] == [
        "not a line of JSON: ",
        "not a line of JSON: ",
        "a line of over 10000",
        "not a line of JSON: ",
    ]


def test_a_bad_skeleton_or_a_too_large_message_is_reported_to_its_sender_and_the_next_is_read(listening):
    with opened(listening) as connection:
        connection.send(json.dumps({"joints": ["a", "b"], "parents": [-1, 0]}))
        with pytest.raises(ConnectionClosed, match="found no joint for left_shoulder"):
            for k in range(10_000):
                connection.send(json.dumps({"time": k / 30, "positions": [[0, 0, 0], [0, 1, 0]]}))
                time.sleep(0.001)
    with opened(listening) as connection:
        with contextlib.suppress(ConnectionClosed):
            connection.send("x" * 5_000_000)
        with pytest.raises(ConnectionClosed, match="5000000 bytes exceeds limit"):
            connection.recv()
    listening.wait_for("exceeds limit")
    listening.events.clear()
    send(listening, 2)
    listening.wait_for("disconnected", 3)
    assert listening.words() == words_of(2)


def test_a_stalled_sender_gives_a_note_and_is_read_on(listening, monkeypatch):
    monkeypatch.setattr(module, "STALL", 1.0)
    lines = lines_of(2)
    half = len(lines) // 2
    with opened(listening) as connection:
        connection.send("\n".join(lines[:half]))
        until = time.monotonic() + 120
        while not listening.notes():
            assert time.monotonic() < until
            time.sleep(0.05)
        before = len(listening.events)
        connection.send("\n".join(lines[half:]))
    listening.wait_for("disconnected")
    assert listening.notes() == ["no input for 2 s; a new take begins with the next frame"]
    assert len(listening.events) > before


def test_a_sender_that_vanishes_is_finished_and_another_read(listening):
    lines = lines_of(2)
    with opened(listening) as connection:
        connection.send("\n".join(lines[:-1]))
        listening.wait_for(" connected")
        connection.socket.shutdown(socket.SHUT_RDWR)
    listening.wait_for("disconnected")
    assert listening.words() == words_of(2)
    send(listening, 1)
    listening.wait_for("disconnected", 2)
    assert listening.words() == words_of(2) + words_of(1)


def test_once_ends_with_the_first_stream():
    one = Listening(once=True)
    send(one, 2)
    one.thread.join(120)
    assert not one.thread.is_alive()
    assert one.words() == words_of(2)
    one.senders.close()


def test_addresses_without_a_listener_and_ports_in_use_are_errors(listening):
    with (
        pytest.raises(ValueError, match=r"is m2l live --websocket running there"),
        sending.sender_to("ws://127.0.0.1:9"),
    ):
        pass
    for port in (listening.senders.port, 99999):
        with pytest.raises(ValueError, match=f"cannot listen on 127.0.0.1:{port}"):
            Senders(port, "127.0.0.1", frozenset(), print)
