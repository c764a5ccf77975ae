"""writers for programs with tiers and tables: read back by pympi, csv and json; times, overlaps, characters."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
import warnings
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pympi
import pytest
from hypothesis import given, settings
from test_writers import LONG, NOTHING, SWAPPED, TWO, timed, transcript, word

from motion2language import writers
from motion2language.transcript import Segment, Transcript
from motion2language.writers import _tiers, audacity, babel, eaf, labelstudio, textgrid

#: Quotation marks, markup, separators, other scripts, and a source with a line break.
ODD = Transcript(
    (
        Segment(
            0.0, 1.2345, 'say "hi"', (word('"so"', 0.1, 4), word("a,b;c", 0.7004, 4), word("<b>&amp;</b>", 0.9, 4))
        ),
        Segment(1.2345, 3.0, "跳ぶ", (word("跳ぶ", 2.0, 4), word("hüpft", 2.0, 4), word("🙂\x1b", 2.5, 4))),
    ),
    4.0,
    'a\n"take",1.bvh',
    "m<o>del",
)
OVERLAPPING = transcript((0.0, 2.0, "walk", "walks"), (1.5, 3.0, "wave", "waves"), (2.0, 2.0004, None, "stops"))
ALL = [TWO, SWAPPED, LONG, NOTHING, ODD, OVERLAPPING, Transcript((), 0.0)]
IDS = ["two", "swapped", "long", "nothing", "odd", "overlapping", "of no length"]


def read_elan(text: str, folder: Path) -> pympi.Eaf:
    (folder / "it.eaf").write_bytes(text.encode("utf-8"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return pympi.Eaf(str(folder / "it.eaf"))


def read_praat(text: str, folder: Path) -> pympi.TextGrid:
    (folder / "it.TextGrid").write_bytes(text.encode("utf-8"))
    return pympi.TextGrid(str(folder / "it.TextGrid"))


def spans(given_transcript: Transcript) -> list[tuple[int, int, str, str]]:
    """(start, end, label, text) in milliseconds, sorted."""
    return sorted((*_tiers.span(each), each.label or "", each.text) for each in given_transcript.segments)


# ELAN


def elan_segments(document: pympi.Eaf) -> list[tuple[int, int, str, str]]:
    found = []
    for tier in document.get_tier_names():
        if tier.startswith("segments"):
            phrases = document.get_annotation_data_for_tier(tier.replace("segments", "phrases"))
            labels = document.get_annotation_data_for_tier(tier)
            pairs = zip(sorted(labels), sorted(phrases), strict=True)
            found += [(*label[:2], label[2], phrase[2]) for label, phrase in pairs if label[:2] == phrase[:2]]
    return sorted(found)


@pytest.mark.parametrize("given_transcript", ALL, ids=IDS)
def test_elan_gets_every_segment_to_the_millisecond(given_transcript: Transcript, tmp_path: Path) -> None:
    document = read_elan(eaf.text(given_transcript), tmp_path)
    expected = [tuple(str(x).replace("\x1b", "\ufffd") for x in row) for row in spans(given_transcript)]
    assert [tuple(map(str, row)) for row in elan_segments(document)] == expected
    assert {"sentence", "segments", "phrases", "words"} <= set(document.get_tier_names())
    sentence = document.get_annotation_data_for_tier("sentence")
    assert [value for _, _, value in sentence] == [given_transcript.text.replace("\x1b", "\ufffd")] * bool(sentence)
    assert bool(sentence) == bool(given_transcript.words)


@pytest.mark.parametrize("given_transcript", ALL, ids=IDS)
def test_no_two_annotations_of_a_tier_overlap_and_slots_rise(given_transcript: Transcript, tmp_path: Path) -> None:
    text = eaf.text(given_transcript)
    document = read_elan(text, tmp_path)
    for tier in document.get_tier_names():
        marks = sorted(document.get_annotation_data_for_tier(tier))
        assert all(start < end for start, end, _ in marks)
        assert all(before[1] <= after[0] for before, after in pairwise(marks))
    slots = [int(slot.attrib["TIME_VALUE"]) for slot in ElementTree.fromstring(text).iter("TIME_SLOT")]
    assert slots == sorted(slots)


def test_elan_words_begin_at_their_moment(tmp_path: Path) -> None:
    words = sorted(read_elan(eaf.text(ODD), tmp_path).get_annotation_data_for_tier("words"))
    assert words == [
        (100, 600, '"so"'),
        (700, 900, "a,b;c"),
        (900, 1400, "<b>&amp;</b>"),
        (2000, 2500, "跳ぶ hüpft"),
        (2500, 3000, "🙂\ufffd"),
    ]


def test_elan_keeps_source_model_and_duration(tmp_path: Path) -> None:
    properties = dict(read_elan(eaf.text(ODD), tmp_path).get_properties())
    assert (properties["source"], properties["model"], properties["duration"]) == (ODD.source, ODD.model, "4.0")


# Praat


def praat_segments(grid: pympi.TextGrid) -> list[tuple[int, int, str, str]]:
    found = []
    for tier in grid.get_tiers():
        if tier.name.startswith("segments"):
            phrases = grid.get_tier(tier.name.replace("segments", "phrases"))
            for label, phrase in zip(tier.get_intervals(), phrases.get_intervals(), strict=True):
                if label[2] or phrase[2]:  # the rest are the gaps, which Praat has as intervals
                    found.append((round(label[0] * 1000), round(label[1] * 1000), label[2], phrase[2]))
    return sorted(found)


@pytest.mark.parametrize("given_transcript", ALL, ids=IDS)
def test_praat_gets_every_segment_to_the_millisecond_without_gaps(given_transcript: Transcript, tmp_path: Path) -> None:
    grid = read_praat(textgrid.text(given_transcript), tmp_path)
    assert praat_segments(grid) == spans(given_transcript)
    assert grid.xmax > 0
    for tier in grid.get_tiers():
        if tier.tier_type == "IntervalTier":
            intervals = list(tier.get_intervals())
            assert (intervals[0][0], intervals[-1][1]) == (0, grid.xmax)
            edges = pairwise(intervals)
            assert all(before[0] < before[1] == after[0] for before, after in edges)


def test_praat_words_are_points_and_share_one_when_they_must(tmp_path: Path) -> None:
    points = list(read_praat(textgrid.text(ODD), tmp_path).get_tier("words").get_intervals())
    assert points == [
        (0.1, '"so"'), (0.7, "a,b;c"), (0.9, "<b>&amp;</b>"), (2.0, "跳ぶ hüpft"), (2.5, "🙂\x1b"),
    ]  # fmt: skip


@settings(deadline=None, max_examples=30)
@given(timed())
def test_any_times_come_back_from_elan_and_praat(tmp_path_factory: Any, given_transcript: Transcript) -> None:
    folder = tmp_path_factory.mktemp("tiers")
    assert elan_segments(read_elan(eaf.text(given_transcript), folder)) == spans(given_transcript)
    assert praat_segments(read_praat(textgrid.text(given_transcript), folder)) == spans(given_transcript)


@pytest.mark.parametrize("name", ["eaf", "textgrid"])
def test_without_the_library_the_error_names_the_package_to_install(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pympi", None)
    with pytest.raises(ValueError, match=r"pip install 'motion2language\[annot\]'"):
        writers.render(TWO, name)
    assert writers.suffix(name)


def test_overlapping_segments_take_as_few_layers_as_they_need() -> None:
    first, second = _tiers.layers(OVERLAPPING.segments)
    assert [each.label for each in first] == ["walk", None]
    assert [each.label for each in second] == ["wave"]
    assert _tiers.layers(()) == [[]]


# Tables


@pytest.mark.parametrize("given_transcript", ALL, ids=IDS)
def test_csv_comes_back_through_another_reader(given_transcript: Transcript) -> None:
    rows = list(csv.DictReader(io.StringIO(writers.render(given_transcript, "csv"), newline="")))
    assert [(row["label"], row["text"]) for row in rows] == [
        (each.label or "", each.text) for each in given_transcript.segments
    ]
    times = [(round(1000 * float(row["start"])), round(1000 * float(row["end"]))) for row in rows]
    assert times == [(round(1000 * each.start), round(1000 * each.end)) for each in given_transcript.segments]


def test_audacity_by_hand() -> None:
    assert audacity.text(SWAPPED) == "0.000000\t1.400000\twalk: a person walks\n2.000000\t3.500000\tturn: turns left\n"
    assert audacity.text(LONG).splitlines()[1].split("\t")[2] == "stands"
    assert audacity.text(Transcript((Segment(0, 1, "walk"),), 2.0)) == "0.000000\t1.000000\twalk\n"
    assert audacity.text(NOTHING) == ""


def test_babel_by_hand() -> None:
    ((name, sequence),) = json.loads(babel.text(TWO)).items()
    assert (name, sequence["dur"], sequence["frame_ann"]["anntr_id"]) == ("walk.bvh", 4.0, "tiny")
    assert sequence["seq_ann"]["labels"] == [
        {"raw_label": "a person walks turns left", "proc_label": "walk, turn", "seg_id": "whole",
         "act_cat": ["walk", "turn"]}
    ]  # fmt: skip
    assert sequence["frame_ann"]["labels"][1] == {
        "raw_label": "turns left", "proc_label": "turn", "seg_id": "segment-2", "act_cat": ["turn"],
        "start_t": 2.0, "end_t": 3.5,
    }  # fmt: skip
    assert json.loads(babel.text(NOTHING))[""]["seq_ann"]["labels"] == []


# Label Studio


def as_read(given_transcript: Transcript | list, folder: Path) -> Transcript:
    content = given_transcript
    if isinstance(content, Transcript):
        content = json.loads(labelstudio.text(content))
    (folder / "task.json").write_text(json.dumps(content))
    return labelstudio.read(folder / "task.json")


@pytest.mark.parametrize("given_transcript", ALL, ids=IDS)
def test_label_studio_gives_the_same_transcript_back(given_transcript: Transcript, tmp_path: Path) -> None:
    path = tmp_path / "take.labelstudio.json"
    if given_transcript is OVERLAPPING:  # to_dict rounds to 0.1 ms
        given_transcript = transcript((0.0, 2.0, "walk", "walks"), (1.5, 3.0, None, "waves"))
    writers.write(given_transcript, path)
    again = labelstudio.read(path)
    assert again.to_dict() == given_transcript.to_dict()


def test_label_studio_series_holds_the_number_of_the_current_segment() -> None:
    (task,) = json.loads(labelstudio.text(TWO))
    assert task["data"]["motion"] == {"time": [0.0, 1.4, 2.0, 3.5, 4.0], "segment": [1, 0, 2, 0, 0]}
    values = [region["value"] for region in task["predictions"][0]["result"]]
    assert values[0] == {"start": 0.0, "end": 1.4, "instant": False, "timeserieslabels": ["walk"]}
    assert values[1] == {"start": 0.0, "end": 1.4, "instant": False, "text": ["a person walks"]}


def test_what_a_person_changed_in_label_studio_comes_back(tmp_path: Path) -> None:
    (task,) = json.loads(labelstudio.text(TWO))
    kept, kept_words, moved, moved_words = task["predictions"][0]["result"]
    moved["value"] |= {"start": 1.9, "end": 3.0, "timeserieslabels": ["run"]}
    moved_words["value"] |= {"start": 1.9, "end": 3.0, "text": ["turns about"]}
    new = {
        "id": "Xy12",
        "type": "timeserieslabels",
        "value": {"start": 1.5, "end": 1.8, "timeserieslabels": ["unnamed"]},
    }
    task["annotations"] = [
        {"was_cancelled": True, "result": []},
        {"was_cancelled": False, "completed_by": 3, "result": [kept, kept_words, moved, moved_words, new]},
    ]
    again = as_read([task], tmp_path)
    assert [(each.start, each.end, each.label, each.text) for each in again.segments] == [
        (0.0, 1.4, "walk", "a person walks"), (1.5, 1.8, None, ""), (1.9, 3.0, "run", "turns about"),
    ]  # fmt: skip
    assert again.segments[0].words[1].time == pytest.approx(0.7)
    assert {(each.start, each.end) for each in again.segments[2].words} == {(1.9, 3.0)}
    assert again.model == "3"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("nothing", "not JSON"),
        ("[]", "contains 0 tasks, expected one"),
        ("[{}, {}]", "contains 2 tasks, expected one"),
        ("[{}]", "not a task written by this package"),
        ("[7]", "not a task written by this package"),
        ('[{"data": {"transcript": {"schema": 9}}}]', "transcript has schema 9"),
        (
            '[{"data": {"transcript": {"schema": 1, "text": "", "segments": [], "duration": 1, '
            '"source": "", "model": ""}}}]',
            "task",
        ),
    ],
)
def test_a_file_that_is_not_a_task_is_named(content: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text(content)
    with pytest.raises(ValueError, match=rf"x\.json: .*{said}"):
        labelstudio.read(tmp_path / "x.json")


def test_a_region_beyond_the_recording_is_an_error(tmp_path: Path) -> None:
    (task,) = json.loads(labelstudio.text(TWO))
    task["predictions"][0]["result"][0]["value"]["end"] = 99
    with pytest.raises(ValueError, match=r"task\.json: .*ends at 99 s, after the recording's end at 4 s"):
        as_read([task], tmp_path)


def test_label_studios_own_library_accepts_the_configuration_of_the_guide_and_the_predictions() -> None:
    sdk = pytest.importorskip("label_studio_sdk.label_interface", reason="needs label-studio-sdk, of no extra")
    guide = Path(__file__).parent.parent / "docs" / "guide" / "export-formats.md"
    (configuration,) = re.findall(r"```xml\n(.*?)```", guide.read_text(encoding="utf-8"), re.DOTALL)
    interface = sdk.LabelInterface(configuration)
    assert interface.is_valid
    given_transcript = transcript((0.0, 2.0, "walk", "walks"), (2.0, 3.0, "bow", "bows"))
    (task,) = json.loads(writers.render(given_transcript, "labelstudio"))
    (prediction,) = task["predictions"]
    assert interface.validate_prediction(prediction, return_errors=True) == []
    prediction["result"][0]["value"]["timeserieslabels"] = ["fly"]
    assert interface.validate_prediction(prediction, return_errors=True)
