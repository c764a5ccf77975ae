"""A live stream is described in a process of its own: one that hangs or grows is refused, and the next is served."""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import closing, suppress
from pathlib import Path

import numpy as np
import pytest
from exposed import exposed, missing
from small import recording
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from motion2language.live.events import Note, Word
from motion2language.live.listener import narrate
from motion2language.live.protocol import messages
from motion2language.live.separate import SeparateListener, load_listener
from motion2language.server.senders import Senders


def lines_of(number: int) -> list[str]:
    return [line for _, line in messages(recording(number))]


def header(joint: str) -> str:
    return json.dumps({"joints": ["Hips", joint], "parents": [-1, 0]})


def words_of(events) -> list[str]:
    return [event.word for event in events if isinstance(event, Word)]


@pytest.fixture(scope="module")
def separate():
    with closing(SeparateListener(exposed, seconds=3, gigabytes=1.5)) as listener:
        yield listener


@pytest.mark.parametrize(
    ("joint", "reason"),
    [
        ("hang", "a line takes more than 3 s"),
        ("grow", "needs more than 1.5 GB of memory"),
        ("die", "the process that describes it died"),
        ("fail", r"the stream cannot be described \(KeyError: 'unforeseen'\)"),
    ],
)
def test_a_stream_that_hangs_grows_dies_or_fails_is_refused_and_the_next_is_described(joint, reason, separate):
    wanted = list(load_listener("live").describe_lines(lines_of(2)))
    assert words_of(wanted)
    with pytest.raises(ValueError, match=reason):
        list(separate.describe_lines([*lines_of(2)[:50], header(joint), *lines_of(1)]))
    separate.forget()
    assert list(separate.describe_lines(lines_of(2))) == wanted
    assert len(multiprocessing.active_children()) == 1


def test_frames_warnings_stalls_and_what_is_wrong_with_a_stream_come_from_the_process(separate):
    here, there = [], []
    lines = [*lines_of(2)[:40], None, *lines_of(1)[:40]]
    wanted = list(load_listener("live", lambda *frame: here.append(frame)).describe_lines(lines))
    separate.watch = lambda *frame: there.append(frame)
    separate.forget()
    assert list(separate.describe_lines(lines)) == wanted
    assert any(isinstance(event, Note) and "no input" in event.text for event in wanted)
    assert len(there) == len(here) > 40
    for (skeleton, positions, moment), (same, others, at) in zip(here, there, strict=True):
        assert (skeleton, moment) == (same, at)
        assert np.array_equal(positions, others)
    separate.forget()
    with pytest.raises(ValueError, match="the stream contained no header"):
        list(separate.describe_lines(["", "{}"]))
    with pytest.warns(UserWarning, match="odd joints"), pytest.raises(ValueError, match="found no joint for"):
        list(separate.describe_lines([header("warn"), '{"time": 0, "positions": [[0, 0, 0], [0, 1, 0]]}']))


def test_a_stream_that_is_left_in_the_middle_is_finished(separate):
    lines = lines_of(2)[:-1]  # without the message that ends it
    separate.forget()

    def interrupted():
        yield from lines
        raise KeyboardInterrupt

    events = []
    with pytest.raises(KeyboardInterrupt):
        events.extend(separate.describe_lines(interrupted()))
    events.extend(separate.finish())
    separate.forget()
    assert words_of(events)[-1:] == words_of(separate.describe_lines(lines))[-1:]
    assert list(separate.finish()) == []


def test_a_process_that_was_killed_between_two_streams_is_replaced(separate):
    for process in multiprocessing.active_children():
        process.kill()
        process.join()
    assert words_of(separate.describe_lines(lines_of(2)))


PARENT = """
import json, multiprocessing
from exposed import exposed
from motion2language.live.separate import SeparateListener

if __name__ == "__main__":
    listener = SeparateListener(exposed, seconds=60, gigabytes=1.5)

    def lines():
        yield json.dumps({"joints": ["Hips", "hang"], "parents": [-1, 0]})

    print(multiprocessing.active_children()[0].pid, flush=True)
    list(listener.describe_lines(lines()))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the system tells a process of its parent's end on Linux alone")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_process_that_hangs_ends_with_its_parent(number, tmp_path):
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    paths = [str(Path(__file__).parent), *filter(None, sys.path)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True, env=environment) as parent:
        child = int(parent.stdout.readline())
        try:
            time.sleep(1)  # by then it hangs
            assert is_running(child)
            parent.send_signal(number)
            parent.wait()
            until = time.monotonic() + 5
            while is_running(child) and time.monotonic() < until:
                time.sleep(0.01)
            assert not is_running(child)
        finally:
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)


def is_running(process: int) -> bool:
    """Whether a process is there and not merely waiting to be reaped."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_sender_is_given_the_reason_and_the_next_is_served(separate):
    senders = Senders(0, "127.0.0.1", frozenset(), lambda _: None)
    events: list = []
    separate.forget()
    threading.Thread(target=lambda: events.extend(narrate(senders.streams(), separate)), daemon=True).start()
    address = f"ws://127.0.0.1:{senders.port}"
    for joint, reason in (("hang", "a line takes more than 3 s"), ("grow", "needs more than 1.5 GB")):
        with connect(address, proxy=None) as connection:
            connection.send(header(joint))
            with pytest.raises(ConnectionClosed, match=reason):
                connection.recv(timeout=60)
    with connect(address, proxy=None) as connection:
        for line in lines_of(2):
            connection.send(line)
        until = time.monotonic() + 60
        while not words_of(events) and time.monotonic() < until:
            time.sleep(0.01)
    senders.close()
    assert words_of(events)


def test_a_model_that_is_missing_and_limits_of_zero_are_errors():
    with pytest.raises(FileNotFoundError, match="nowhere"):
        SeparateListener(missing, seconds=3, gigabytes=1)
    with pytest.raises(ValueError, match=r"the model cannot be loaded: (needs more than 0.05 GB|the process)"):
        SeparateListener(exposed, seconds=3, gigabytes=0.05)
    assert len(multiprocessing.active_children()) <= 1  # of the other tests
    for seconds, gigabytes in ((0, 1), (1, -1), (float("nan"), 1)):
        with pytest.raises(ValueError, match="both must be above zero"):
            SeparateListener(exposed, seconds, gigabytes)
