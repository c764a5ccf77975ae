"""transcript: invalid values, the derived words and text, and the JSON round trip."""

from __future__ import annotations

import copy
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from motion2language.captioning.hypothesis import Hypothesis
from motion2language.transcript import SCHEMA, Caption, Facts, Segment, TimedWord, Transcript

GRID = 10_000  # times are written to 0.1 ms
WALK = Segment(
    0.0, 1.5, "walk", (TimedWord("a", 0.1, 0.0, 0.6), TimedWord("person", 0.2, 0.0, 0.7), TimedWord("walks", 1, 0.5, 1))
)
TURN = Segment(2.0, 3.0, "turn", (TimedWord("turns", 2.5, 2.0, 3.0, 0.75),))
TRANSCRIPT = Transcript((WALK, TURN), 4.0, "walk.bvh", "tiny")


@st.composite
def transcripts(draw: st.DrawFn) -> Transcript:
    """Any valid transcript with times on the grid the JSON form keeps."""
    end = draw(st.integers(1, 20 * GRID))
    text = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=8)

    def word() -> TimedWord:
        start, time, stop = sorted(draw(st.lists(st.integers(0, end), min_size=3, max_size=3)))
        chance = draw(st.none() | st.integers(0, GRID).map(lambda n: n / GRID))
        return TimedWord(draw(text), time / GRID, start / GRID, stop / GRID, chance)

    def segment() -> Segment:
        start = draw(st.integers(0, end - 1))
        stop = draw(st.integers(start + 1, end))
        words = tuple(word() for _ in range(draw(st.integers(0, 3))))
        return Segment(start / GRID, stop / GRID, draw(st.none() | text), words)

    segments = tuple(segment() for _ in range(draw(st.integers(0, 3))))
    return Transcript(segments, end / GRID, draw(st.text(max_size=5)), draw(st.text(max_size=5)))


# Validation


def test_a_hypothesis_with_lengths_that_disagree_is_refused() -> None:
    with pytest.raises(ValueError, match=r"2 tokens, 1 positions, 2 word probabilities.*lengths must agree"):
        Hypothesis(np.array([4, 5]), np.zeros(1), np.zeros((2, 3)), 0.0, np.zeros(2))


@pytest.mark.parametrize("position", [-0.1, 2.1, np.nan])
def test_a_hypothesis_looks_at_frames_that_exist(position: float) -> None:
    with pytest.raises(ValueError, match=r"positions must lie in \[0, 2\]"):
        Hypothesis(np.array([4]), np.array([position]), np.zeros((1, 3)), 0.0, np.zeros(1))


def test_a_hypothesis_may_be_empty() -> None:
    assert Hypothesis(np.zeros(0, int), np.zeros(0), np.zeros((0, 3)), 0.0, np.zeros(0)).tokens.size == 0


def test_an_untimed_caption_speaks_of_the_whole_clip() -> None:
    assert Caption("a person walks") == Caption("a person walks", None, None)


@pytest.mark.parametrize(
    ("time", "start", "end"), [(0, -0.1, 1), (0.4, 0.5, 1), (1.1, 0.5, 1), (float("nan"), 0, 1), (0.5, 0, float("nan"))]
)
def test_a_word_lies_inside_its_window(time: float, start: float, end: float) -> None:
    with pytest.raises(ValueError, match="word 'walks': expected 0 <= start <= time <= end"):
        TimedWord("walks", time, start, end)


@pytest.mark.parametrize("probability", [-0.1, 1.1, float("nan")])
def test_a_probability_lies_between_0_and_1(probability: float) -> None:
    with pytest.raises(ValueError, match="word 'walks': expected a probability in"):
        TimedWord("walks", 0.5, 0, 1, probability)


@pytest.mark.parametrize("word", ["", "two\nlines", "end\n", "tab\tbed", "car\rriage", "page\u2028break"])
def test_a_word_and_a_label_are_one_line_of_text(word: str) -> None:
    # Every output writes one line per segment; a line break inside would corrupt the file.
    with pytest.raises(ValueError, match="expected text without tabs and line breaks"):
        TimedWord(word, 0.5, 0, 1)
    with pytest.raises(ValueError, match="expected text without tabs and line breaks"):
        Segment(0, 1, word)


@pytest.mark.parametrize(("start", "end"), [(1, 1), (2, 1), (-1, 1), (0, float("nan"))])
def test_a_segment_lasts_some_time(start: float, end: float) -> None:
    with pytest.raises(ValueError, match="segment 'walk': expected 0 <= start < end"):
        Segment(start, end, "walk")


def test_nothing_ends_after_the_recording() -> None:
    with pytest.raises(ValueError, match=r"transcript of 'x': segment 'walk' ends at 2 s, after.*end at 1\.9 s"):
        Transcript((Segment(0, 2, "walk"),), 1.9, "x")
    with pytest.raises(ValueError, match="segment 'walk' ends at 3 s"):
        Transcript((Segment(0, 1, "walk", (TimedWord("walks", 1, 0, 3),)),), 1.9)
    assert Transcript((Segment(0, 1.9 + 1e-7, "walk"),), 1.9).segments  # rounding is not an error


@pytest.mark.parametrize("duration", [-1, float("nan"), float("inf")])
def test_a_duration_is_a_number_of_seconds(duration: float) -> None:
    with pytest.raises(ValueError, match=f"transcript of 'x': duration {duration} is not a number of seconds"):
        Transcript((), duration, "x")


# Derived words and text


def test_words_and_text_follow_the_order_of_the_sentence() -> None:
    swapped = Transcript((TURN, WALK), 4.0)  # in the other order, so times run backwards
    assert TRANSCRIPT.text == "a person walks turns"
    assert swapped.text == "turns a person walks"
    assert [word.word for word in swapped.words] == swapped.text.split()
    assert (WALK.text, TURN.text) == ("a person walks", "turns")


def test_a_transcript_may_say_nothing() -> None:
    nothing = Transcript((), 2.0)
    assert (nothing.text, nothing.words) == ("", ())
    assert Transcript.from_dict(nothing.to_dict()) == nothing


# JSON form


def test_the_json_form_has_the_documented_fields() -> None:
    data = TRANSCRIPT.to_dict()
    assert list(data) == ["schema", "source", "model", "duration", "text", "words", "segments"]
    assert data["words"][3] == {"word": "turns", "time": 2.5, "start": 2.0, "end": 3.0, "probability": 0.75}
    assert {key: data["segments"][1][key] for key in ("start", "end", "label", "text")} == {
        "start": 2.0, "end": 3.0, "label": "turn", "text": "turns",
    }  # fmt: skip
    assert (data["schema"], data["duration"], data["text"]) == (SCHEMA, 4.0, "a person walks turns")


def test_times_are_rounded_to_a_tenth_of_a_millisecond() -> None:
    segment = Transcript((Segment(1 / 3, 2 / 3, None),), 1.23456789).to_dict()
    assert (segment["duration"], segment["segments"][0]["start"]) == (1.2346, 0.3333)


@given(transcripts())
def test_a_transcript_survives_json(transcript: Transcript) -> None:
    assert Transcript.from_dict(json.loads(json.dumps(transcript.to_dict()))) == transcript


@pytest.mark.parametrize("data", [{"schema": 3}, {"schema": True}, {"schema": "1"}, {"schema": None}])
def test_an_unknown_schema_is_refused_with_a_sentence(data: dict[str, Any]) -> None:
    expected = f"transcript has schema {data['schema']!r}, expected 1 or 2; write it again with this version"
    with pytest.raises(ValueError, match=expected):
        Transcript.from_dict(data)


@pytest.mark.parametrize("data", [{}, {"text": "a"}, {"segments": [{"start": 0, "end": 1, "label": "walk"}]}])
def test_json_without_a_schema_is_refused_with_the_form_that_is_read(data: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match='not a transcript: it has no "schema", expected ') as refused:
        Transcript.from_dict(data)
    form = str(refused.value).partition("expected ")[2]
    for placeholder, value in (('"NAME"', '"take"'), ('"ACTION"', '"walk"'), ("SECONDS", "1")):
        form = form.replace(placeholder, value)
    form = form.replace('"start": 1', '"start": 0')
    read = Transcript.from_dict(json.loads(form))
    assert (read.source, read.segments) == ("take", (Segment(0.0, 1.0, "walk"),))


FACTS = Facts(
    side="right", limb="arm", repetitions=2, repetition_times=(0.5, 1.25), turn=-3.5, travel=0.25,
    left_hand=("to the head",), notes=("steps: the feet are missing",),
)  # fmt: skip


def test_facts_confidence_and_known_survive_json() -> None:
    segment = Segment(0.0, 1.4, None, facts=FACTS, confidence=0.25, known=False)
    read = Transcript.from_dict(json.loads(json.dumps(Transcript((segment,), 2.0).to_dict())))
    assert read.segments == (segment,)
    assert FACTS.known["repetition_times"] == (0.5, 1.25)
    assert "steps" not in FACTS.known


def test_a_transcript_of_the_first_schema_is_read_without_facts() -> None:
    data = TRANSCRIPT.to_dict() | {"schema": 1}
    for segment in data["segments"]:
        for field in ("facts", "confidence", "known"):
            del segment[field]
    assert Transcript.from_dict(data) == TRANSCRIPT
    assert all(segment.known and segment.facts is None for segment in Transcript.from_dict(data).segments)


@pytest.mark.parametrize(
    ("field", "value"),
    [("side", 5), ("side", "a\tb"), ("repetitions", -1), ("repetitions", 1.5), ("turn", float("nan")), ("turn", True),
     ("repetition_times", ["x"]), ("notes", "text"), ("notes", None)],
)  # fmt: skip
def test_a_fact_of_another_kind_is_named(field: str, value: Any) -> None:
    data = Transcript((Segment(0.0, 1.4, None, facts=FACTS),), 2.0).to_dict()
    data["segments"][0]["facts"][field] = value
    with pytest.raises(ValueError, match=f"facts: {field} is"):
        Transcript.from_dict(data)


def test_facts_of_a_later_version_are_read_as_far_as_known() -> None:
    assert Facts.from_dict({"steps": 3, "sneezes": 2}) == Facts(steps=3)


@pytest.mark.parametrize("data", [[], "text", 1, None])
def test_json_other_than_an_object_is_refused_by_its_kind(data: Any) -> None:
    with pytest.raises(ValueError, match=f"not a transcript: found JSON of kind {type(data).__name__}, "):
        Transcript.from_dict(data)


@pytest.mark.parametrize(
    ("place", "field"),
    [((), "source"), ((), "model"), ((), "duration"), ((), "segments"), (("segments", 0), "start"),
     (("segments", 0), "end"), (("segments", 0), "label"), (("segments", 0), "words"),
     (("segments", 0, "words", 0), "word"), (("segments", 0, "words", 0), "time")],
)  # fmt: skip
def test_a_missing_field_is_named(place: tuple[str | int, ...], field: str) -> None:
    data = TRANSCRIPT.to_dict()
    del at(data, place)[field]
    with pytest.raises(ValueError, match=f"transcript lacks or misspells a field.*'{field}'"):
        Transcript.from_dict(data)


def test_a_misspelt_field_of_a_word_is_named() -> None:
    data = TRANSCRIPT.to_dict()
    data["segments"][0]["words"][0]["tmie"] = 0.5
    with pytest.raises(ValueError, match=r"misspells a field.*'tmie'"):
        Transcript.from_dict(data)


@pytest.mark.parametrize(
    ("place", "field", "value"),
    [((), "source", 5), ((), "model", None), ((), "segments", {}), ((), "segments", ""),
     (("segments", 0), "words", {}), (("segments", 0), "words", "")],
)  # fmt: skip
def test_a_field_of_another_kind_is_named(place: tuple[str | int, ...], field: str, value: Any) -> None:
    data = TRANSCRIPT.to_dict()
    at(data, place)[field] = value
    with pytest.raises(ValueError, match=f"misspells a field: '{field}' is {value!r}"):
        Transcript.from_dict(data)


def test_a_probability_may_be_left_out() -> None:
    data = TRANSCRIPT.to_dict()
    del data["segments"][1]["words"][0]["probability"]
    assert Transcript.from_dict(data).words[-1].probability is None


JUNK = st.sampled_from([None, True, -1, 0.5, 10**400, float("nan"), float("inf"), "", "x", "0.5", [], ["x"], {}, [[]]])
PLACES: list[tuple[tuple[str | int, ...], str]] = [
    *(((), field) for field in ("schema", "source", "model", "duration", "segments")),
    *((("segments", 0), field) for field in ("start", "end", "label", "words", "facts", "confidence", "known")),
    *((("segments", 0, "words", 0), field) for field in ("word", "time", "start", "end", "probability")),
    *(((("segments"), 0, "words"), 0), (("segments",), 1)),
]


@given(st.sampled_from(PLACES), JUNK)
def test_any_field_may_hold_junk_and_the_answer_is_a_value_error_or_a_sound_transcript(
    place: tuple[tuple[str | int, ...], Any], junk: Any
) -> None:
    data = copy.deepcopy(TRANSCRIPT.to_dict())
    at(data, place[0])[place[1]] = junk
    try:
        transcript = Transcript.from_dict(data)
    except ValueError:
        return
    # What was accepted can be written and read again.
    assert isinstance(transcript.text, str)
    assert Transcript.from_dict(json.loads(json.dumps(transcript.to_dict(), allow_nan=False))) == transcript


def at(data: Any, place: tuple[str | int, ...]) -> Any:
    for key in place:
        data = data[key]
    return data


def test_a_sentence_whose_words_have_no_times_comes_back():
    data = Transcript((), 2.0, "a").to_dict() | {"text": "a person walks"}
    assert Transcript.from_dict(data).text == "a person walks"
    assert Transcript.from_dict(data).to_dict() == data
    del data["text"]
    assert Transcript.from_dict(data) == Transcript((), 2.0, "a")
    with pytest.raises(ValueError, match="misspells a field: 'text' is 3"):
        Transcript.from_dict(data | {"text": 3})
    assert Transcript.from_dict(data | {"text": "two\nlines\n"}).text == "two lines"
    with pytest.raises(ValueError, match="expected text without tabs and line breaks"):
        Transcript((), 2.0, untimed="two\nlines")
