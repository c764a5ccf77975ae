"""The stream's two ends: lines to frames, frames to lines, over a pipe and over UDP."""

import io
import itertools
import json
import os
import socket
import threading
import time

import numpy as np
import pytest
from small import recording
from test_live import model

from motion2language.formats import bvh
from motion2language.formats.limits import LONGEST_MESSAGE
from motion2language.formats.reading import read_motion
from motion2language.live import sending, stream
from motion2language.live.clock import FrameRateMonitor
from motion2language.live.events import Count, Note, Sentence, Word
from motion2language.live.listener import Listener, narrate
from motion2language.live.protocol import Fault, Frame, Header, Stall, messages, parse, read_lines


def lines_of(number: int) -> list[str]:
    return [line for _, line in messages(recording(number))]


def described(lines, **options) -> list:
    return list(Listener(model(), **options).describe(parse(lines)))


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
        ('{"time": 1' + "0" * 5000 + "}", "not a line of JSON"),
        ("1" * 2_000_000, "a line of over 1000000 characters"),
        ("HIERARCHY\nROOT", "BVH"),
    ],
)
def test_invalid_lines_are_faults_and_the_stream_goes_on(line, reason):
    items = list(parse([*line.splitlines(), '{"time": 2, "positions": [[0, 0, 0]]}']))
    assert isinstance(items[0], Fault)
    assert items[0].text.startswith(reason)
    assert isinstance(items[-1], Frame) or "HIERARCHY" in line


def test_json_may_follow_a_bvh_file_and_either_one_that_was_cut_off(tmp_path):
    bvh.write(recording(1), tmp_path / "take.bvh")
    file, lines = (tmp_path / "take.bvh").read_text().splitlines(), lines_of(2)[:-1]
    wrong = [line.replace("CHANNELS 6", "CHANNELS 5") for line in file]
    whole = recording(1).frames, recording(2).frames

    def counted(*parts: list[str]) -> tuple[list[str], list[int]]:
        faults, counts = [], []
        for item in parse(itertools.chain(*parts)):
            if isinstance(item, Fault):
                faults.append(item.text)
            elif isinstance(item, Header):
                counts.append(0)
            else:
                counts[-1] += 1
        return faults, counts

    assert counted(file, lines) == ([], [*whole])
    assert counted(["\ufeff" + file[0], *file[1:]], ["\ufeff" + lines[0], *lines[1:]]) == ([], [*whole])
    assert counted(file[:20], file, lines) == ([], [*whole])
    for later in ([file, lines], [lines, file]):
        faults, counts = counted(wrong, *later)
        assert [fault[:5] for fault in faults] == ["BVH: "]
        assert sorted(counts) == sorted(whole)


def test_the_stream_ends_at_its_end_message():
    assert list(parse(["", '{"end": true}', '{"time": 1, "positions": [[0, 0, 0]]}'])) == []


def test_a_stream_is_described_word_by_word_and_headers_may_repeat():
    lines = lines_of(2)
    repeated = [
        part for number, line in enumerate(lines) for part in ([lines[0], line] if number % 30 == 0 else [line])
    ]
    plain, again = (described(one) for one in (lines, repeated))
    assert plain == again
    assert any(isinstance(event, Word) for event in plain)
    assert isinstance(plain[-1], Sentence)


@pytest.mark.parametrize("key", ["joints", "up"])
def test_names_of_a_header_are_printable_and_short_in_errors(key):
    header, frame, *_ = lines_of(2)
    wrong = json.loads(header)
    if key == "up":
        wrong["up"] = "y" * 5000
    else:
        wrong["joints"][wrong["joints"].index("right_wrist")] = "\u202e\x1b[31m" + "a" * 5000
    with pytest.raises(ValueError) as caught:
        described([json.dumps(wrong), frame])
    message = str(caught.value)
    assert message.isprintable() and len(message) <= LONGEST_MESSAGE
    assert "y" * 201 not in message and "a" * 201 not in message


def test_odd_streams_give_notes():
    lines = lines_of(2)
    events = described([lines[1], "garbage", *lines])
    assert [event.text.split(";")[0] for event in events if isinstance(event, Note)][:2] == [
        "a frame before any header",
        "not a line of JSON: 'garbage'",
    ]
    other = json.loads(lines[0])
    other["joints"][0] = "hips"
    events = described([*lines[:60], json.dumps(other), *lines[60:]])
    assert "the skeleton changed; a new take begins" in [event.text for event in events if isinstance(event, Note)]
    with pytest.raises(ValueError, match="the stream contained no header"):
        described([])


def test_a_skeleton_without_a_human_body_is_an_error():
    header = json.dumps({"joints": ["a", "b"], "parents": [-1, 0]})
    frames = [json.dumps({"time": k / 30, "positions": [[0, 0, 0], [0, 1, 0]]}) for k in range(40)]
    with pytest.raises(ValueError, match=r"joint|body"):
        described([header, *frames])


def test_events_are_printed_as_text_and_as_json():
    events = described(lines_of(2))
    text = "".join(stream.as_text(event) for event in events)
    assert text.startswith(events[0].word + " ")
    assert "\n[00:0" in text
    rows = [json.loads(stream.as_json(event)) for event in events]
    assert rows[0] == {"kind": "word", "word": events[0].word, "time": events[0].time, "said": events[0].said}
    assert rows[-1]["kind"] == "sentence"
    assert rows[-1]["segments"][0]["words"]
    assert json.loads(stream.as_json(Note("odd", 1.0))) == {"kind": "note", "text": "odd", "time": 1.0}


def screen(text: str) -> list[str]:
    """The lines that a terminal shows."""
    lines, column = [""], 0
    for letter in text:
        if letter == "\n":
            lines.append("")
            column = 0
        elif letter == "\b":
            column -= 1
        else:
            lines[-1] = lines[-1][:column] + letter + lines[-1][column + 1 :]
            column += 1
    return [line.rstrip() for line in lines]


WAVES = [
    Word("waves", 1.0, 1.5),
    Count(1, 1.2, 2.0),
    Count(2, 1.8, 2.4),
    *(Word(w, 2.0, 2.6) for w in "the left hand".split()),
]


def test_on_a_terminal_the_count_stands_behind_the_words_at_every_moment():
    show = stream.Narration(in_place=True)
    printed = [show(event) for event in WAVES]
    assert [screen("".join(printed[:end]))[0] for end in range(1, len(printed) + 1)] == [
        "waves", "waves · 1", "waves · 2", "waves the · 2", "waves the left · 2", "waves the left hand · 2",
    ]  # fmt: skip
    printed += [
        show(Count(1, 4.0, 5.0)),
        show(Note("odd", 5.0)),
        show(Word("bows", 6.0, 6.5)),
        show(Count(1, 6.6, 7.0)),
    ]
    assert screen("".join(printed)) == ["waves the left hand · 2 · 1", "(5.0 s: odd)", "bows · 1"]


def test_in_a_pipe_the_counts_follow_the_last_word():
    show = stream.Narration(in_place=False)
    events = [*WAVES, Count(3, 3.0, 3.4), Count(1, 5.0, 5.4), Sentence((), 0.0, 6.0), Word("bows", 7.0, 7.5)]
    text = "".join(map(show, events))
    assert "\b" not in text
    assert text.splitlines()[0] == "waves the left hand · 3 · 1"
    assert text.splitlines()[-1] == "bows "


def test_udp_gives_the_same_words_as_a_pipe():
    ports, events = [], []
    listening = threading.Event()

    def ready(port: int) -> None:
        ports.append(port)
        listening.set()

    def listen() -> None:
        events.extend(narrate(stream.listen_udp(0, once=True, ready=ready), Listener(model())))

    thread = threading.Thread(target=listen)
    thread.start()
    assert listening.wait(60)
    with sending.sender_to(f"127.0.0.1:{ports[0]}") as emit:
        sending.send(recording(2), emit, speed=5.0)
    thread.join(120)
    assert not thread.is_alive()
    plain = described(lines_of(2))
    assert [event.word for event in events if isinstance(event, Word)] == [
        event.word for event in plain if isinstance(event, Word)
    ]


def test_sending_keeps_the_recorded_speed_and_repeats_the_header():
    sent = []
    motion = recording(2).clip(0, 3)
    begin = time.perf_counter()
    sending.send(motion, sent.append, speed=10.0)
    assert time.perf_counter() - begin > 0.25
    assert sum("joints" in line for line in sent) >= 3
    assert sent[-1] == '{"end": true}'


def test_invalid_ports_and_addresses_are_errors(monkeypatch):
    def unknown(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "name not known")

    for address in ("somewhere", "ws://somewhere", "http://127.0.0.1:9", "127.0.0.1:99999", "ws://:9"):
        with pytest.raises(ValueError, match="expected HOST:PORT"), sending.sender_to(address):
            pass
    with pytest.raises(ValueError, match="--to localhost:9: "), sending.sender_to("localhost:9") as emit:
        emit("x" * 70_000)
    monkeypatch.setattr(sending.socket, "getaddrinfo", unknown)
    with pytest.raises(ValueError, match="--to studio:9: name not known"), sending.sender_to("studio:9"):
        pass
    with pytest.raises(ValueError, match=r"cannot listen on 192\.0\.2\.1:9"):
        next(stream.listen_udp(9, "192.0.2.1"))


def frames_of(number: int, shift: float = 0.0) -> list[Frame]:
    _, *frames = parse(lines_of(number))
    return [Frame(frame.time + shift, frame.positions) for frame in frames]


def listen_to(items) -> tuple[list, list[str]]:
    """Words and sentences of the items after recording 2's header, and notes."""
    header = next(parse(lines_of(2)))
    events = list(Listener(model()).describe([header, *items]))
    return [one for one in events if not isinstance(one, Note)], [one.text for one in events if isinstance(one, Note)]


def test_a_stall_ends_the_take_and_the_next_frame_begins_another():
    plain, _ = listen_to(frames_of(2))
    events, notes = listen_to([*frames_of(2), Stall(), *frames_of(2)])  # the clock restarts, without a header
    assert notes == ["no input for 2 s; a new take begins with the next frame"]
    assert events == [*plain, *plain]


def test_a_clock_set_back_begins_a_take_and_a_frame_overtaken_does_not():
    plain, _ = listen_to(frames_of(2, 100.0))
    frames = frames_of(2, 100.0)
    back = f"the stream's clock went back by {frames[-1].time:.1f} s; a new take begins"
    assert listen_to([*frames, *frames_of(2)]) == ([*plain, *listen_to(frames_of(2))[0]], [back])  # no frame is lost
    overtaken, notes = listen_to([*frames[:90], *frames_of(2)[:4], *frames[90:]])
    assert overtaken == plain
    assert [note[:16] for note in notes] == ["frame skipped, 1"]
    for late in (1, 4):  # too few for a decision before the end
        events, notes = listen_to([*frames, *frames_of(2)[:late]])
        assert (events, [note[:16] for note in notes]) == (plain, ["frame skipped, 1"])
    turns = [one for pair in zip(frames, frames_of(2), strict=True) for one in pair]
    assert listen_to(turns)[0] == plain


def test_times_not_in_seconds_give_one_hint_and_few_notes():
    frames = frames_of(2)
    events, notes = listen_to([Frame(k * 33.3, frame.positions) for k, frame in enumerate(frames)])
    hint = (
        "5 frames in a row came over 0.5 s after the previous one, the last after 33.3 s: "
        "expected more than 2 frames per second, and times in seconds, not milliseconds"
    )
    assert events == []
    assert notes[:6] == ["33.30 s without a frame; a new take begins"] * 5 + [hint]
    assert notes.count(hint) == 1
    assert len(notes) == 12 + (len(frames) - 2) // 100
    _, notes = listen_to([Frame(frame.time + 10 * (k // 60), frame.positions) for k, frame in enumerate(frames)])
    assert len(notes) == len(frames) // 60  # takes of many frames
    assert not any("times in seconds" in note for note in notes)


def test_missing_frames_and_a_changed_frame_rate_are_reported_and_a_steady_or_jittery_clock_is_not():
    def reports(times) -> list[str]:
        monitor = FrameRateMonitor(0.5)
        return [text for time in times if (text := monitor.check(float(time)))]

    even = np.arange(300) / 30
    assert reports(even) == reports(even[:1]) == []
    assert reports(even + np.random.default_rng(0).uniform(-0.005, 0.005, 300)) == []
    assert reports(np.delete(even, range(100, 109))) == ["frames missing, about 9 in 1.0 s; interpolated"]
    (missing,) = {text.split(",")[0] for text in reports(even[np.random.default_rng(1).random(300) > 0.2])}
    assert missing == "frames missing"
    assert reports([*even, *(even[-1] + np.arange(1, 60) / 15)]) == ["the frame rate changed from 30 to 15 per second"]
    assert reports([*even, *(even[-1] + np.arange(1, 900) / 120)]) == [
        "the frame rate changed from 30 to 120 per second"
    ]
    assert reports([*even, *(even + 20)]) == []  # a new take, which the listener reports
    assert reports(np.arange(90) / 1.5) == []
    frames = frames_of(2)
    slower, notes = listen_to([*frames[:150], *frames[150::2]])
    assert notes == ["the frame rate changed from 30 to 15 per second"]
    assert any(isinstance(event, Word) for event in slower)


def test_a_wild_time_does_no_harm():
    frames, plain = frames_of(2), listen_to(frames_of(2))[0]
    events, notes = listen_to([*frames[:60], Frame(9e10, frames[0].positions), *frames[60:]])
    assert events == plain
    assert notes == ["a frame 9e+10 s ahead of the next; skipped"]
    wild = [Frame(9e10 + k / 30, frame.positions) for k, frame in enumerate(frames[60:62])]
    events, notes = listen_to([*frames[:60], *wild, *frames[60:]])
    assert any(isinstance(event, Word) and event.time < 50 for event in events)
    assert [note.split(";")[-1] for note in notes] == [" a new take begins"] * 2
    last, notes = listen_to([*frames, Frame(100.0, frames[0].positions)])  # no later frame shows that its time is wrong
    assert last[: len(plain)] == plain
    assert [note.split(";")[-1] for note in notes] == [" a new take begins"]
    later, _ = listen_to([Frame(frame.time + 1.7e9, frame.positions) for frame in frames])  # seconds since 1970
    assert [one.word for one in later if isinstance(one, Word)] == [
        one.word for one in listen_to(frames)[0] if isinstance(one, Word)
    ]


@pytest.mark.parametrize("moment", [9e10, 0.0])
def test_a_damaged_frame_begins_no_take_whatever_its_time(moment):
    plain, _ = listen_to(frames_of(2, 100.0))
    frames = frames_of(2, 100.0)
    spoiled = frames[0].positions
    odd = [Frame(moment, positions) for positions in (spoiled * np.nan, spoiled[:5], np.zeros_like(spoiled))] * 2
    events, notes = listen_to([*frames[:60], *odd, *frames[60:]])
    assert events == plain
    assert notes == ["frame skipped, 1 so far: no joint is seen"]


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        ('{"time": 1.7e12, "positions": [[0, 0, 0]]}', "its time is 1.7e+12, expected seconds"),
        ('{"time": -Infinity, "positions": [[0, 0, 0]]}', "its time is -inf, expected seconds"),
        ('{"time": -0.1, "positions": [[0, 0, 0]]}', "its time is -0.1, expected seconds, 0 or later"),
        ('{"time": NaN, "positions": [[0, 0, 0]]}', "its time is nan, expected seconds"),
        ('{"time": 1, "positions": [[0, 1e30, 0]]}', "a joint is 1e+30 away, expected at most 1e+07"),
    ],
)
def test_impossible_times_and_positions_are_faults(frame, reason):
    (fault,) = parse([frame])
    assert reason in fault.text


def test_frames_too_close_together_and_a_flood_of_garbage_are_skipped_with_occasional_notes():
    plain, _ = listen_to(frames_of(2))
    frames = [copy for frame in frames_of(2) for copy in (frame, Frame(frame.time + 1e-5, frame.positions))]
    events, notes = listen_to(frames)
    assert events == plain
    assert len(notes) == 10 + len(frames) // 200
    assert notes[0] == "a frame less than 0.5 ms after the previous one; skipped"
    assert notes[10].endswith("(100 such notes so far)")
    events, notes = listen_to([Fault("garbage")] * 1000)
    assert (events, len(notes)) == ([], 20)


def test_a_line_or_a_hierarchy_without_end_is_bounded():
    for length in (3_500_000, 3 * 1_000_002, 1_000_001, 1_000_002):
        lines = list(read_lines(io.StringIO("first\n" + "[" * length + "\n\nlast")))
        assert lines[0] == "first\n"
        assert lines[-2:] == ["\n", "last"]
        assert [len(line) for line in lines[1:-2]] == [1_000_002]
    fault, *rest = parse(itertools.chain(["HIERARCHY"], itertools.repeat("JOINT a", 10**6), lines_of(2)))
    assert len(rest) == recording(2).frames + 1
    assert fault.text == "BVH: a hierarchy of over 20000 lines"


def test_a_bvh_stream_that_stalls_goes_on(tmp_path):
    bvh.write(recording(1), tmp_path / "take.bvh")
    lines = (tmp_path / "take.bvh").read_text().splitlines()
    middle = len(lines) - 40
    items = list(parse([lines[0], None, *lines[1:middle], None, *lines[middle:]]))
    assert [item for item in items if isinstance(item, Stall)] == [Stall()]
    assert sum(isinstance(item, Frame) for item in items) == recording(1).frames


def test_a_bvh_file_after_another_is_another_take(tmp_path):
    lines = []
    for number in (1, 2):
        bvh.write(recording(number), tmp_path / "take.bvh")
        lines += (tmp_path / "take.bvh").read_text().splitlines()
    items = list(parse(lines))
    assert [type(item) for item in items].count(Header) == 2
    frames = [item.time for item in items if isinstance(item, Frame)]
    assert len(frames) == recording(1).frames + recording(2).frames
    assert frames.count(0.0) == 2
    assert len(items) == len(frames) + 2


def test_udp_is_read_on_after_a_stall_and_after_an_end(monkeypatch):
    monkeypatch.setattr(stream, "STALL", 0.2)
    ports: list[int] = []
    streams = stream.listen_udp(0, ready=ports.append)
    first = next(streams)
    with sending.sender_to(f"127.0.0.1:{ports[0]}") as emit:
        emit("one\ntwo")
        assert [next(first.lines) for _ in range(3)] == ["one", "two", None]
        emit("three")
        assert next(first.lines) == "three"
        second = next(streams)
        emit("four")
        assert next(second.lines) == "four"


def test_by_udp_one_sender_is_read_at_a_time_until_it_stalls(monkeypatch):
    monkeypatch.setattr(stream, "STALL", 0.5)
    ports: list[int] = []
    reports: list[str] = []
    streams = stream.listen_udp(0, "::1", ready=ports.append, report=reports.append)
    first = next(streams)
    with sending.sender_to(f"[::1]:{ports[0]}") as one, sending.sender_to(f"[::1]:{ports[0]}") as other:
        one("one")
        other("ignored")
        other("ignored")
        one("two")
        assert [next(first.lines) for _ in range(2)] == ["one", "two"]
        assert len(reports) == 1
        assert " ignored: receiving from ::1:" in reports[0]
        assert next(first.lines) is None
        other("three")
        one("ignored")
        assert next(first.lines) == "three"


def test_a_sender_by_udp_that_stalls_is_noticed_though_another_goes_on(monkeypatch):
    moments = itertools.count(0.0, 1.1 * stream.STALL)
    monkeypatch.setattr(stream.time, "monotonic", lambda: next(moments))  # late at every check
    ports: list[int] = []
    streams = stream.listen_udp(0, ready=ports.append)
    first = next(streams)
    with sending.sender_to(f"127.0.0.1:{ports[0]}") as one, sending.sender_to(f"localhost:{ports[0]}") as other:
        one("one")
        other("two")
        assert [next(first.lines) for _ in range(3)] == ["one", None, "two"]


def test_a_pipe_that_stalls_is_read_on_and_each_stall_counts_once(monkeypatch):
    monkeypatch.setattr(stream, "STALL", 0.3)
    reading, writing = os.pipe()
    with os.fdopen(reading, encoding="utf-8") as file, os.fdopen(writing, "w", encoding="utf-8") as pipe:
        lines = stream.read_with_stalls(file)
        threading.Timer(0.8, lambda: print("one\ntwo", "thr", sep="\n", end="", file=pipe, flush=True)).start()
        assert [next(lines) for _ in range(3)] == [
            "one\n",
            "two\n",
            None,
        ]  # silence before the first line is not a stall
        print("ee", file=pipe, flush=True)
        assert next(lines) == "three\n"
        assert next(lines) is None
        pipe.close()
        assert list(lines) == []


def test_a_file_is_read_only_a_few_lines_ahead():
    class Endless(io.StringIO):
        read = 0

        def readline(self, size=-1):
            self.read += 1
            return "line\n"

    file = Endless()
    lines = stream.read_with_stalls(file)
    assert [next(lines) for _ in range(100)] == ["line\n"] * 100
    time.sleep(0.2)
    assert 100 < file.read <= 100 + stream.READ_AHEAD + 1


def test_an_error_while_reading_a_file_is_raised_to_the_consumer():
    class Broken(io.StringIO):
        def readline(self, size=-1):
            raise OSError("input/output error")

    with pytest.raises(OSError, match="input/output error"):
        list(stream.read_with_stalls(Broken()))
