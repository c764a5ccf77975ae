"""The stream's two ends: lines to frames, frames to lines, over a pipe and over UDP."""

import json
import threading

import numpy as np
import pytest
from small import recording
from test_live import model

from motion2language.formats import bvh
from motion2language.live import Note, Sentence, Word, stream
from motion2language.live.protocol import Fault, Frame, Header, messages, parse
from motion2language.reading import read_motion


def lines_of(number: int) -> list[str]:
    return [line for _, line in messages(recording(number))]


def test_a_motion_sent_is_the_motion_parsed():
    motion = recording(1)
    header, *frames = parse(lines_of(1))
    assert header == Header(replace_name(motion.skeleton), "m", "y")
    assert len(frames) == motion.frames
    np.testing.assert_allclose([frame.positions for frame in frames], motion.positions, atol=1e-4)
    np.testing.assert_allclose([frame.time for frame in frames], np.arange(motion.frames) / 30, atol=1e-4)


def replace_name(skeleton):
    return type(skeleton)("stream", skeleton.joints, skeleton.parents)


def test_a_bvh_file_is_a_stream(tmp_path):
    bvh.write(recording(1), tmp_path / "take.bvh")
    header, *frames = parse((tmp_path / "take.bvh").read_text().splitlines())
    whole = read_motion(tmp_path / "take.bvh", unit="cm", up="y")
    assert header.skeleton.joints == whole.skeleton.joints
    np.testing.assert_allclose([frame.positions / 100 for frame in frames], whole.positions, atol=1e-5)
    assert frames[30].time == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("hello", "not a line of JSON"),
        ("[1, 2]", "expected an object"),
        ('{"time": 1}', "neither header nor frame (KeyError: 'positions')"),
        ('{"time": "soon", "positions": []}', "neither header nor frame (ValueError"),
        ('{"time": 1, "positions": [[1, 2], [3]]}', "neither header nor frame (ValueError"),
        ('{"joints": ["a"], "parents": [0]}', "neither header nor frame (ValueError"),
        ('{"joints": ["a", "a"], "parents": [-1, 0]}', "neither header nor frame (ValueError"),
        ('{"joints": 3, "parents": []}', "neither header nor frame (TypeError"),
        ("[" * 100_000, "not a line of JSON"),
        ("1" * 2_000_000, "a line of 2000000 characters"),
        ("HIERARCHY\nROOT", "BVH"),
    ],
)
def test_lines_that_are_nothing_are_faults_and_the_stream_goes_on(line, reason):
    items = list(parse([*line.splitlines(), '{"time": 2, "positions": [[0, 0, 0]]}']))
    assert isinstance(items[0], Fault)
    assert items[0].text.startswith(reason)
    assert isinstance(items[-1], Frame) or "HIERARCHY" in line


def test_the_stream_ends_when_it_says_so():
    assert list(parse(["", '{"end": true}', '{"time": 1, "positions": [[0, 0, 0]]}'])) == []


def test_a_stream_is_described_word_by_word_and_headers_may_repeat():
    lines = lines_of(2)
    repeated = [
        part for number, line in enumerate(lines) for part in ([lines[0], line] if number % 30 == 0 else [line])
    ]
    plain, again = (list(stream.describe(parse(one), model(1))) for one in (lines, repeated))
    assert plain == again
    assert any(isinstance(event, Word) for event in plain)
    assert isinstance(plain[-1], Sentence)


def test_odd_streams_are_said():
    lines = lines_of(2)
    events = list(stream.describe(parse([lines[1], "garbage", *lines]), model(1)))
    assert [event.text.split(";")[0] for event in events if isinstance(event, Note)][:2] == [
        "a frame before any header",
        "not a line of JSON: 'garbage'",
    ]
    other = json.loads(lines[0])
    other["joints"][0] = "hips"
    events = list(stream.describe(parse([*lines[:60], json.dumps(other), *lines[60:]]), model(1)))
    assert "another skeleton; a new take begins" in [event.text for event in events if isinstance(event, Note)]
    with pytest.raises(ValueError, match="the stream held no header"):
        list(stream.describe(parse([]), model(1)))


def test_a_skeleton_that_is_no_body_is_an_error():
    header = json.dumps({"joints": ["a", "b"], "parents": [-1, 0]})
    frames = [json.dumps({"time": k / 30, "positions": [[0, 0, 0], [0, 1, 0]]}) for k in range(40)]
    with pytest.raises(ValueError, match=r"joint|body"):
        list(stream.describe(parse([header, *frames]), model(1)))


def test_events_are_printed_as_text_and_as_json():
    events = list(stream.describe(parse(lines_of(2)), model(1)))
    text = "".join(stream.as_text(event) for event in events)
    assert text.startswith(events[0].word + " ")
    assert "\n[00:0" in text
    rows = [json.loads(stream.as_json(event)) for event in events]
    assert rows[0] == {"kind": "word", "word": events[0].word, "time": events[0].time, "said": events[0].said}
    assert rows[-1]["kind"] == "sentence"
    assert rows[-1]["segments"][0]["words"]
    assert json.loads(stream.as_json(Note("odd", 1.0))) == {"kind": "note", "text": "odd", "time": 1.0}


def test_over_udp_the_words_are_those_of_the_pipe():
    ports, events = [], []
    listening = threading.Event()

    def ready(port: int) -> None:
        ports.append(port)
        listening.set()

    def listen() -> None:
        events.extend(stream.describe(parse(stream.datagrams(0, ready=ready)), model(1)))

    thread = threading.Thread(target=listen)
    thread.start()
    assert listening.wait(5)
    stream.send(recording(2), stream.udp_sender(f"127.0.0.1:{ports[0]}"), speed=20.0)
    thread.join(20)
    assert not thread.is_alive()
    plain = list(stream.describe(parse(lines_of(2)), model(1)))
    assert [event.word for event in events if isinstance(event, Word)] == [
        event.word for event in plain if isinstance(event, Word)
    ]


def test_sending_keeps_the_pace_and_repeats_the_header():
    sent = []
    motion = recording(2).clip(0, 3)
    import time

    begin = time.perf_counter()
    stream.send(motion, sent.append, speed=10.0)
    assert time.perf_counter() - begin > 0.25
    assert sum("joints" in line for line in sent) >= 3
    assert sent[-1] == '{"end": true}'


def test_ports_and_addresses_that_cannot_be_are_said():
    with pytest.raises(ValueError, match="expected HOST:PORT"):
        stream.udp_sender("somewhere")
    with pytest.raises(ValueError, match=r"cannot listen on 192\.0\.2\.1:9"):
        next(stream.datagrams(9, "192.0.2.1"))
