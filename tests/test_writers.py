"""writers: every output of a transcript, read back by another reader where there is one."""

from __future__ import annotations

import importlib
import json
import re
from pathlib import Path

import pysubs2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from motion2language import writers
from motion2language.transcript import Segment, TimedWord, Transcript
from motion2language.writers import _subtitles, srt, txt, vtt
from motion2language.writers import json as json_writer

NAMES = ("audacity", "babel", "csv", "eaf", "json", "labelstudio", "srt", "textgrid", "tsv", "txt", "vtt")
SUFFIXES = {
    "audacity": ".audacity.txt",
    "babel": ".babel.json",
    "labelstudio": ".labelstudio.json",
    "textgrid": ".TextGrid",
}
HOUR = 3600.0
MOMENT = re.compile(r"<[\d:.]+>")


def word(text: str, time: float, end: float) -> TimedWord:
    return TimedWord(text, time, max(0.0, time - 0.5), min(end, time + 0.5))


def transcript(*parts: tuple[float, float, str | None, str], duration: float = 4.0) -> Transcript:
    """Segments (start, end, label, text), their words evenly placed."""
    segments = []
    for start, end, label, text in parts:
        texts = text.split()
        times = [start + (end - start) * (index + 0.5) / len(texts) for index in range(len(texts))]
        words = tuple(word(each, time, duration) for each, time in zip(texts, times, strict=True))
        segments.append(Segment(start, end, label, words))
    return Transcript(tuple(segments), duration, "walk.bvh", "tiny")


TWO = transcript((0.0, 1.4, "walk", "a person walks"), (2.0, 3.5, "turn", "turns left"))
SWAPPED = transcript((2.0, 3.5, "turn", "turns left"), (0.0, 1.4, "walk", "a person walks"))
NOTHING = Transcript((), 4.0)
LONG = transcript(
    (59.96, HOUR, "walk", "walks"),
    (HOUR + 61.234, 27 * HOUR + 1.0, None, "stands"),
    duration=28 * HOUR,
)

# Milliseconds, as subtitles keep them; several segments in any order, overlaps allowed.
milliseconds = st.tuples(st.integers(0, 10**8), st.integers(1, 10**6)).map(lambda pair: (pair[0], sum(pair)))


@st.composite
def timed(draw: st.DrawFn) -> Transcript:
    spans = draw(st.lists(milliseconds, max_size=4))
    parts = [(start / 1000, end / 1000, "walk", f"walks number {index}") for index, (start, end) in enumerate(spans)]
    return transcript(*parts, duration=2e5)


def dateless(text: str) -> str:
    """The text without the date that an ELAN file contains."""
    return re.sub(r'DATE="[^"]*"', "", text)


# All outputs


def test_the_outputs_there_are() -> None:
    assert writers.names() == NAMES


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("given_transcript", [TWO, SWAPPED, LONG, NOTHING], ids=["two", "swapped", "long", "nothing"])
def test_write_puts_the_text_of_its_suffix_into_the_file(
    name: str, given_transcript: Transcript, tmp_path: Path
) -> None:
    path = tmp_path / f"out{writers.suffix(name)}"
    writers.write(given_transcript, path)
    expected = dateless(importlib.import_module(f"motion2language.writers.{name}").text(given_transcript))
    assert dateless(path.read_bytes().decode("utf-8")) == expected == dateless(writers.render(given_transcript, name))
    assert all(segment.text in expected for segment in given_transcript.segments if name != "vtt")
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["docx", "", "JSON", "__init__"])
def test_an_unknown_output_lists_those_there_are(name: str, tmp_path: Path) -> None:
    message = re.escape(f"no output {name!r}; there are {', '.join(NAMES)}")
    with pytest.raises(ValueError, match=message):
        writers.render(TWO, name)
    with pytest.raises(ValueError, match=message):
        writers.require_known(["json", name])
    with pytest.raises(ValueError, match=message):
        writers.write(TWO, tmp_path / (f"out.{name}" if name else "out"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("file", "kind"),
    [("a.txt", "txt"), ("a.audacity.txt", "audacity"), ("a.audacity", "audacity"), ("a.json", "json"),
     ("a.babel.json", "babel"), ("a.v2.labelstudio.json", "labelstudio"), ("a.TextGrid", "textgrid"),
     ("a.textgrid", "textgrid"), ("audacity.txt", "txt")],
)  # fmt: skip
def test_the_longest_suffix_decides_the_kind(file: str, kind: str) -> None:
    assert writers.kind(file) == writers.kind(Path("x.json") / file) == kind


def test_suffixes_are_the_names_unless_a_module_sets_another() -> None:
    assert {name: writers.suffix(name) for name in NAMES} == {name: f".{name}" for name in NAMES} | SUFFIXES


def test_known_outputs_are_accepted() -> None:
    writers.require_known(NAMES)
    writers.require_known([])


@pytest.mark.parametrize("name", NAMES)
def test_a_folder_that_cannot_be_written_to_is_one_clear_error_and_leaves_no_file(name: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("old")
    for folder in ("missing", "file"):
        with pytest.raises(ValueError, match=rf"out\.{name}: cannot be written .*; choose a folder"):
            writers.write(TWO, tmp_path / folder / f"out.{name}")
    assert [path.name for path in tmp_path.rglob("*")] == ["file"]


# JSON


def test_json_is_read_back_as_the_same_transcript(tmp_path: Path) -> None:
    for number, each in enumerate((TWO, SWAPPED, NOTHING)):
        path = tmp_path / f"{number}.json"
        writers.write(each, path)
        again = json_writer.read(path)
        assert again.to_dict() == each.to_dict()
        assert again.segments == Transcript.from_dict(each.to_dict()).segments


def test_json_is_readable_text() -> None:
    text = json_writer.text(transcript((0, 1, "hüpfen", "hüpft")))
    assert "hüpft" in text
    assert json.loads(text)["segments"][0]["label"] == "hüpfen"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not JSON"),
        (b"walks\n", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[]", "not a transcript: found JSON of kind list, expected "),
        (b'{"schema": 99}', "transcript has schema 99, expected 1 or 2"),
        (b'{"schema": 1}', "transcript lacks or misspells a field: 'segments'"),
    ],
)
def test_a_file_without_a_transcript_is_named(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=rf"x\.json: {message}"):
        json_writer.read(path)


@pytest.mark.parametrize("name", ["take.bvh", "take.srt", "take"])
def test_the_error_for_an_unreadable_format_names_the_readable_ones(name: str) -> None:
    with pytest.raises(ValueError, match=rf"{name}: transcripts are read from \.json"):
        writers.read(name)


# Subtitles


def cues(text: str, kind: str) -> list[tuple[int, int, str]]:
    """The cues that pysubs2 reads, in order, without word timestamps: it takes a line with two of them for a cue."""
    return [(cue.start, cue.end, cue.plaintext) for cue in pysubs2.SSAFile.from_string(MOMENT.sub("", text), kind)]


@pytest.mark.parametrize("kind", ["srt", "vtt"])
@pytest.mark.parametrize("given_transcript", [TWO, SWAPPED])
def test_another_reader_finds_the_cues_in_order_of_time(kind: str, given_transcript: Transcript) -> None:
    assert cues(writers.render(given_transcript, kind), kind) == [
        (0, 1400, "a person walks"),
        (2000, 3500, "turns left"),
    ]


@pytest.mark.parametrize("kind", ["srt", "vtt"])
@given(timed())
def test_another_reader_finds_the_same_times(kind: str, given_transcript: Transcript) -> None:
    expected = sorted((round(1000 * s.start), round(1000 * s.end), s.text) for s in given_transcript.segments)
    found = cues(writers.render(given_transcript, kind), kind)
    assert sorted(found) == expected
    assert [start for start, _, _ in found] == sorted(start for start, _, _ in found)


@pytest.mark.parametrize("kind", ["srt", "vtt"])
@pytest.mark.parametrize("start", [0.0, 0.0005, 0.0015, 0.9994, 1.0025])
def test_the_shortest_cue_lasts_a_millisecond(kind: str, start: float) -> None:
    ((first, last, _),) = cues(writers.render(transcript((start, start + 1e-4, "walk", "walks")), kind), kind)
    assert last - first == 1


def test_srt_by_hand() -> None:
    assert srt.text(TWO) == (
        "1\n00:00:00,000 --> 00:00:01,400\na person walks\n\n2\n00:00:02,000 --> 00:00:03,500\nturns left\n"
    )
    assert srt.text(NOTHING) == ""


def test_vtt_by_hand() -> None:
    assert vtt.text(TWO) == (
        "WEBVTT\n\n"
        "00:00:00.000 --> 00:00:01.400\n"
        "<00:00:00.233>a <00:00:00.700>person <00:00:01.167>walks\n\n"
        "00:00:02.000 --> 00:00:03.500\n"
        "<00:00:02.375>turns <00:00:03.125>left\n"
    )
    assert vtt.text(NOTHING) == "WEBVTT\n"


def test_vtt_times_of_words_rise_and_lie_inside_the_cue() -> None:
    # Soft attention looks back; a word may lie on the cue's edge or outside it.
    times = [("one", 1.0), ("two", 1.5), ("three", 1.2), ("four", 1.5), ("five", 1.8), ("six", 2.0), ("seven", 2.5)]
    words = tuple(word(text, time, 4.0) for text, time in times)
    payload = vtt.text(Transcript((Segment(1.0, 2.0, "walk", words),), 4.0)).splitlines()[3]
    assert payload == "one <00:00:01.500>two three four <00:00:01.800>five six seven"


def test_vtt_escapes_markup() -> None:
    payload = vtt.text(transcript((0, 1, None, "<unk> a&b -->")))
    assert MOMENT.sub("", payload).splitlines()[3] == "&lt;unk&gt; a&amp;b --&gt;"


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, "00:00:00.000"),
        (0.0004, "00:00:00.000"),
        (1.4, "00:00:01.400"),
        (59.9996, "00:01:00.000"),
        (61.234, "00:01:01.234"),
        (3599.9999, "01:00:00.000"),
        (3661.5, "01:01:01.500"),
        (100 * HOUR, "100:00:00.000"),
    ],
)
def test_timestamps_carry_over_and_have_hours(seconds: float, expected: str) -> None:
    assert _subtitles.timestamp(seconds, ".") == expected
    assert _subtitles.timestamp(seconds, ",") == expected.replace(".", ",")


# Text and table


def test_txt_by_hand() -> None:
    assert txt.text(TWO) == "[00:00.0 → 00:01.4] a person walks\n[00:02.0 → 00:03.5] turns left\n"
    assert txt.text(SWAPPED).splitlines()[0] == "[00:02.0 → 00:03.5] turns left"  # the sentence's order
    assert txt.text(LONG).splitlines()[0] == "[01:00.0 → 1:00:00.0] walks"
    assert txt.text(NOTHING) == ""


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0, "00:00.0"), (1.44, "00:01.4"), (59.96, "01:00.0"), (62.5, "01:02.5"), (3599.96, "1:00:00.0"),
     (3661.2, "1:01:01.2"), (100 * HOUR, "100:00:00.0")],
)  # fmt: skip
def test_clock_carries_over_and_has_hours_when_there_are_any(seconds: float, expected: str) -> None:
    assert txt.clock(seconds) == expected


def test_tsv_has_a_header_and_a_line_a_segment() -> None:
    rows = [line.split("\t") for line in writers.render(TWO, "tsv").splitlines()]
    assert rows == [
        ["start", "end", "label", "text", "confidence", "known", "facts"],
        ["0.000", "1.400", "walk", "a person walks", *rows[1][4:]],
        ["2.000", "3.500", "turn", "turns left", *rows[2][4:]],
    ]
    assert [row[5:] for row in rows[1:]] == [["yes", ""]] * 2
    assert writers.render(NOTHING, "tsv") == "start\tend\tlabel\ttext\tconfidence\tknown\tfacts\n"


def test_tsv_leaves_a_missing_label_empty() -> None:
    assert writers.render(LONG, "tsv").splitlines()[2] == "3661.234\t97201.000\t\tstands\t\tyes\t"


@pytest.mark.parametrize(
    "value",
    [
        {},
        [],
        {"a": [], "b": {}},
        {"a": 'ü"\n{}', "b": [1, 2.5, None, True, ("x",)], "c": {"d": {"e": [{"f": 1}, {"g": [[]]}]}}},
        [1, [2]],
        [[1, 2], [3]],
        "x",
        float("nan"),
        {"n": float("inf")},
    ],
)
def test_indented_json_is_that_of_the_library(value):
    assert json_writer.indented(value) == json.dumps(value, ensure_ascii=False, indent=1)
