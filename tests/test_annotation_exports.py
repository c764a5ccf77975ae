"""annotation_exports: exports by people and of this package's own tasks; the paper's annotations, their baselines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_writers import LONG, SWAPPED, TWO

from motion2language import cli
from motion2language.data import annotation_exports
from motion2language.transcript import Segment, Transcript
from motion2language.writers import json as transcript_json

PAPER = Path(__file__).parents[2] / "shared/data/kit/segments/annotations_all.json"
needs_paper = pytest.mark.skipif(not PAPER.exists(), reason="the paper's annotations are not here")


def region(start: float, end: float, note: str | None = None, label: str = "Verb/action") -> dict[str, Any]:
    """A region of a sound track, as the paper's annotators drew them."""
    given = {"value": {"start": start, "end": end, "labels": [label]}, "type": "labels", "original_length": 6.0}
    return given if note is None else given | {"meta": {"text": [note]}}


def task(number: int, *annotations: tuple[int, list[dict[str, Any]]]) -> dict[str, Any]:
    done = [{"completed_by": person, "was_cancelled": False, "result": result} for person, result in annotations]
    return {"id": number, "file_upload": f"0a1b2c3d-take_{number}.mp4", "annotations": done}


def read(content: Any, folder: Path, **meant: str) -> list[annotation_exports.Annotation]:
    (folder / "export.json").write_text(json.dumps(content))
    return annotation_exports.read_export(folder / "export.json", meant)


def described(transcript: Transcript) -> list[tuple[float, float, str | None, str]]:
    return [(part.start, part.end, part.label, part.text) for part in transcript.segments]


def test_verbs_words_times_and_who(tmp_path: Path) -> None:
    export = [
        task(3, (5, [region(1.0, 2.0, "waolk;foward, two steps"), region(2.1, 3.0, "takes;a turn to the rigth")])),
        task(7, (1, [region(3.0, 9.0, "hop"), region(0.5, 1.0), region(0.0, 2.0, "handstand")])),
    ]
    first, second = read(export, tmp_path)
    assert (first.task, first.person, first.skipped) == (3, "5", 0)
    assert (first.transcript.source, first.transcript.model, first.transcript.duration) == ("take_3", "annotator 5", 6)
    assert described(first.transcript) == [
        (1.0, 2.0, "walk", "walk forward two steps"), (2.1, 3.0, "turn", "takes a turn to the right"),
    ]  # fmt: skip
    assert second.skipped == 1
    assert described(second.transcript) == [(3.0, 6.0, "jump", "hop"), (0.0, 2.0, "handstand", "handstand")]


def test_a_listed_correction_goes_first(tmp_path: Path) -> None:
    (annotation,) = read([task(1, (1, [region(0, 1, "dashs;frwd")]))], tmp_path, dashs="dashes", frwd="forward")
    assert described(annotation.transcript) == [(0.0, 1.0, "dash", "dashes forward")]


def test_labels_are_the_actions_if_no_region_has_words(tmp_path: Path) -> None:
    export = [task(1, (1, [region(0, 1, label="walking"), region(1, 2, label="Kick")]))]
    (annotation,) = read(export, tmp_path)
    assert described(annotation.transcript) == [(0.0, 1.0, "walk", "walking"), (1.0, 2.0, "kick", "kick")]


def test_regions_without_times_are_counted(tmp_path: Path) -> None:
    frames = {"value": {"ranges": [{"start": 1, "end": 9}], "timelinelabels": ["walk"]}, "type": "timelinelabels"}
    (annotation,) = read([task(1, (1, [region(0, 1, "walks"), frames]))], tmp_path)
    assert (len(annotation.transcript.segments), annotation.skipped) == (1, 1)


def test_one_transcript_per_task_from_the_first_annotation_or_a_person(tmp_path: Path) -> None:
    one, two = [region(0, 1, "walks")], [region(2, 3, "runs"), region(1, 2, "turns")]
    annotated = read([task(1, (3, one), (5, two)), task(2, (5, two)), task(4, (3, [region(0, 1)]))], tmp_path)
    assert [len(each.segments) for each in annotation_exports.to_transcripts(annotated)] == [1, 2]
    by_five = annotation_exports.to_transcripts(annotated, person="5", sort=True)
    assert [[part.label for part in each.segments] for each in by_five] == [["turn", "run"]] * 2
    named = annotation_exports.to_transcripts(annotated, names=["a", "b", "c", "d"])
    assert [each.source for each in named] == ["a", "b"]
    with pytest.raises(ValueError, match="nothing is by annotator '9'; there are 3, 5"):
        annotation_exports.to_transcripts(annotated, person="9")
    with pytest.raises(ValueError, match=r"1 of 3 tasks, the first of id 4, have no row among 3 names"):
        annotation_exports.to_transcripts(annotated, names=["a", "b", "c"])


def test_tasks_of_this_package_give_their_transcripts_back(tmp_path: Path) -> None:
    given = [TWO, SWAPPED, LONG]
    (tmp_path / "tasks.json").write_text(annotation_exports.to_tasks(given))
    annotated = annotation_exports.read_export(tmp_path / "tasks.json")
    assert [each.to_dict() for each in annotation_exports.to_transcripts(annotated)] == [
        each.to_dict() for each in given
    ]
    export = json.loads(annotation_exports.to_tasks(given))
    moved = json.loads(json.dumps(export[0]["predictions"][0]["result"]))
    moved[0]["value"]["start"] = 0.5
    export[0]["annotations"] = [{"completed_by": {"id": 4, "email": "a@b.c"}, "result": moved}]
    first = read(export, tmp_path)[0]
    assert first.person == first.transcript.model == "a@b.c"
    assert first.transcript.segments[0].start == 0.5


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "not JSON"),
        ("[" * 100000, "not JSON"),
        ("{}", "expected a list of tasks"),
        ("[]", "expected a list of tasks"),
        ("[7]", "not an export of Label Studio"),
        ('[{"id": 1, "annotations": [{}]}]', "not an export of Label Studio"),
        (json.dumps([task(1, (1, [region(2, 1, "walks")]))]), "task 1: .*expected 0 <= start"),
        (json.dumps([task(1, (1, [region(0, 1, "?!")]))]), "task 1: .*no letters"),
        (json.dumps([task(1, (1, [region(float("nan"), 1, "walks")]))]), "task 1: .*expected 0 <= start"),
    ],
)
def test_files_that_are_not_exports_are_reported(content: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text(content)
    with pytest.raises(ValueError, match=rf"x\.json: .*{message}"):
        annotation_exports.read_export(tmp_path / "x.json")


def test_the_command_writes_references_and_tasks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    export, out, back = (tmp_path / name for name in ("export.json", "refs.jsonl", "tasks.json"))
    export.write_text(json.dumps([task(1, (1, [region(0, 1, "wlaks"), region(1, 2, "runs")])), task(2, (1, []))]))
    (tmp_path / "names.txt").write_text("first\nsecond\n")
    (tmp_path / "meant.txt").write_text("wlaks walks\n")
    options = ["--names", str(tmp_path / "names.txt"), "--corrections", str(tmp_path / "meant.txt")]
    assert cli.app(["data", "segments", str(export), "--out", str(out), *options], result_action="return_value") == 0
    (reference,) = transcript_json.read_lines(out)
    assert (reference.source, [part.label for part in reference.segments]) == ("first", ["walk", "run"])
    assert "1 reference transcripts, 2 segments" in capsys.readouterr().out
    assert cli.app(["data", "segments", str(out), "--out", str(back)], result_action="return_value") == 0
    (again,) = annotation_exports.to_transcripts(annotation_exports.read_export(back))
    assert again.to_dict() == reference.to_dict()


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"\n", "no transcripts"), (b"{}\n", "line 1: .*schema"), (b"\xff", "UTF-8"), (b"[", "line 1")],
)
def test_lines_that_are_not_transcripts_are_reported(content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_bytes(content)
    with pytest.raises(ValueError, match=rf"x\.jsonl.*{message}"):
        transcript_json.read_lines(tmp_path / "x.jsonl")


@needs_paper
def test_the_papers_annotations_and_their_motion_blind_baselines() -> None:
    """The figures of the module's docstring, computed again, in the paper's grid of 10 frames per second."""
    annotated = annotation_exports.read_export(PAPER)
    assert len({each.task for each in annotated}) == 75
    assert sum(each.task == 53 for each in annotated) == 2
    references = annotation_exports.to_transcripts(annotated)
    counts = [len(each.segments) for each in references]
    assert (len(references), sum(counts), counts.count(1)) == (68, 101, 50)
    labels = {part.label for each in references for part in each.segments}
    assert {"walk", "turn", "push", "pick"} <= labels
    assert labels & {"alk", "waolk", "hop", "pushed", "walks"} == set()
    official = annotation_exports.to_transcripts(annotation_exports.only_official(annotated))
    assert np.mean([blind(each) for each in official], axis=0) == pytest.approx([0.675, 0.755, 0.943], abs=5e-4)
    assert np.mean([blind(each) for each in references], axis=0) == pytest.approx([0.600, 0.677, 0.868], abs=5e-4)


def blind(reference: Transcript) -> np.ndarray:
    """Mean IoU, IoP and Element-of of the middle 15 to 85 % of a clip cut in equal parts."""
    frames, parts = round(10 * reference.duration), len(reference.segments)
    scores = [
        frame_scores(part, [int(frames * (0.15 + 0.7 * (place + share) / parts)) for share in (0, 0.5, 1)])
        for place, part in enumerate(reference.segments)
    ]
    return np.mean(scores, axis=0)


def frame_scores(reference: Segment, cut: list[int]) -> tuple[float, float, bool]:
    wanted, given = set(range(round(10 * reference.start), round(10 * reference.end))), set(range(cut[0], cut[2]))
    shared = len(wanted & given)
    return shared / len(wanted | given), shared / len(given), cut[1] in wanted
