"""Scoring of transcripts: measures against other scorers and by hand, intervals, comparisons, files, commands."""

import csv
import itertools
import json
import random
from unittest.mock import Mock

import numpy as np
import pytest
from bodies import SHARED

from motion2language.data.corpora.synthetic import sample
from motion2language.language.actions import ActionLexicon
from motion2language.scoring.baselines import BASELINES, CUTS, cut_transcript, segment_baselines
from motion2language.scoring.bleu import bleu, bleu_counts, bleu_interval, compare_bleu
from motion2language.scoring.bootstrap import compare, interval
from motion2language.scoring.curves import curves
from motion2language.scoring.files import read_references, read_transcripts
from motion2language.scoring.frames import in_frames
from motion2language.scoring.reference import Reference
from motion2language.scoring.rouge_cider import cider, rouge_l
from motion2language.scoring.score import score
from motion2language.scoring.segments import clip_scores, summarise
from motion2language.transcript import Segment, TimedWord, Transcript

LEXICON = ActionLexicon.learn([])


def segments(*parts: tuple[float, float, str]) -> tuple[Segment, ...]:
    return tuple(
        Segment(start, end, label, (TimedWord(f"{label}s", (start + end) / 2, start, end),))
        for start, end, label in parts
    )


WALK_BOW = segments((0, 4, "walk"), (5, 8, "bow"))
REFERENCES = [
    Reference("a", 8.0, ("a person walks and bows", "someone walks then bows"), WALK_BOW),
    Reference("b", 5.0, ("a person jumps",), segments((1, 3, "jump"))),
    Reference("c", 6.0, ("a person runs and then kicks",), segments((0, 2, "run"), (2, 6, "kick"))),
]


def said(reference: Reference, text: str | None = None, *parts: tuple[float, float, str]) -> Transcript:
    """A transcript with these segments; its words are the segments', or all in the first."""
    made = segments(*parts) if parts else reference.segments
    if text is not None:
        words = tuple(TimedWord(word, made[0].start, made[0].start, made[0].end) for word in text.split())
        made = (
            Segment(made[0].start, made[0].end, made[0].label, words),
            *(Segment(p.start, p.end, p.label) for p in made[1:]),
        )
    return Transcript(made, reference.duration, reference.name)


PERFECT = [said(reference, reference.captions[0]) for reference in REFERENCES]


def random_sentences(count: int, seed: int) -> list[str]:
    chance = random.Random(seed)
    words = "a person walks runs jumps and then waves the left hand".split()
    return [" ".join(chance.choices(words, k=chance.randint(3, 9))) for _ in range(count)]


def test_rouge_l_and_cider_are_those_of_the_captioning_scorers():
    from pycocoevalcap.cider.cider import Cider
    from pycocoevalcap.rouge.rouge import Rouge

    references = [random_sentences(1 + number % 3, number) for number in range(30)]
    hypotheses = random_sentences(30, 99)
    truth = dict(enumerate(references)), {number: [text] for number, text in enumerate(hypotheses)}
    np.testing.assert_allclose(rouge_l(references, hypotheses), Rouge().compute_score(*truth)[1])
    np.testing.assert_allclose(cider(references, hypotheses), Cider().compute_score(*truth)[1], atol=1e-9)
    assert rouge_l([["a person walks"]], [""])[0] == 0


def test_bleu_from_counts_is_bleu_and_lies_in_its_interval():
    references = [random_sentences(2, number) for number in range(40)]
    hypotheses = random_sentences(40, 7)
    hypotheses[::2] = [some[0] for some in references[::2]]
    counts = bleu_counts(references, hypotheses)
    same = compare_bleu(counts, counts)
    assert same["first"] == pytest.approx(bleu(references, hypotheses)["bleu_4"])
    assert (same["difference"], same["p"]) == (0, 1)
    low, high = bleu_interval(counts)
    assert low < same["first"] < high
    perfect = bleu_counts(references, [some[0] for some in references])
    better = compare_bleu(counts, perfect)
    assert better["second"] == pytest.approx(100)
    assert 0 < better["low"] <= better["difference"] <= better["high"]
    assert better["p"] < 0.01


def test_an_interval_is_that_of_the_mean():
    values = np.random.default_rng(0).normal(3, 2, 400)
    low, high = interval(values.tolist())
    half = 1.96 * values.std() / 20
    assert (low, high) == (pytest.approx(values.mean() - half, abs=0.03), pytest.approx(values.mean() + half, abs=0.03))
    assert interval([2.0, 2.0]) == (2.0, 2.0)
    assert interval([]) == (0.0, 0.0)


def test_a_difference_by_chance_and_a_true_one():
    first = np.random.default_rng(1).normal(0, 1, 200)
    noise = np.random.default_rng(2).normal(0, 1, 200)
    assert compare(first.tolist(), (first + noise).tolist())["p"] > 0.05
    found = compare(first.tolist(), (first + 0.5 + 0.1 * noise).tolist())
    assert found["p"] < 0.001
    assert found["low"] < 0.5 < found["high"] + 0.05


def test_what_rounding_changes_is_no_difference():
    first = np.random.default_rng(1).uniform(0, 1, 200)
    found = compare(first.tolist(), (first + 4e-4).tolist())
    assert found == {"difference": 0, "low": 0, "high": 0, "p": 1}
    assert compare(first.tolist(), (first + 1e-3).tolist())["p"] < 0.001


def test_edit_f1_and_tiou_by_hand():
    transcript = Transcript(segments((0, 4, "walk"), (4.5, 5, "jump"), (5, 6, "bow")), 8.0, "a")
    clip = clip_scores(WALK_BOW, transcript, [2.0, 4.7, 5.5])
    assert clip.values["edit"] == pytest.approx(2 / 3)
    assert clip.values["tiou"] == pytest.approx((1 + 1 / 3) / 2)
    assert clip.hits == (2, 2, 1)
    result = summarise([clip])
    assert result["f1@10/strict/all"] == pytest.approx(4 / 5)
    assert result["f1@50/strict/all"] == pytest.approx(2 / 5)
    nothing = summarise([clip_scores(WALK_BOW, Transcript((), 8.0, "a"), [])])
    assert (nothing["edit/strict/all"], nothing["f1@10/strict/all"], nothing["tiou/strict/all"]) == (0, 0, 0)
    wrong = clip_scores(WALK_BOW, Transcript(segments((0, 4, "bow"), (5, 8, "walk")), 8.0), [2.0, 6.0])
    assert (wrong.values["edit"], wrong.values["tiou"], wrong.hits) == (0, 1, (0, 0, 0))


def test_boundaries_are_those_of_mir_eval():
    import mir_eval

    chance = np.random.default_rng(4)
    for _ in range(30):
        times = [np.sort(chance.uniform(0, 10, 2 * size)) for size in chance.integers(1, 5, 2)]
        truth, found = (
            segments(*[(a, b, "walk") for a, b in zip(some[::2], some[1::2], strict=True)]) for some in times
        )
        ours = clip_scores(truth, Transcript(found, 10.0), [part.start for part in found])
        for tolerance in (0.2, 0.5):
            hits = mir_eval.util.match_events(times[0], times[1], tolerance)
            expected = 2 * len(hits) / (len(times[0]) + len(times[1]))
            assert ours.values[f"boundary_f1@{tolerance}"] == pytest.approx(expected)
            assert ours.values[f"boundary_precision@{tolerance}"] == pytest.approx(len(hits) / len(times[1]))
            assert ours.values[f"boundary_recall@{tolerance}"] == pytest.approx(len(hits) / len(times[0]))


def test_perfect_transcripts_score_the_maximum_with_narrow_intervals():
    scores, rows = score(REFERENCES, PERFECT, LEXICON)
    assert scores.captions["bleu_4"] == pytest.approx(100)
    assert scores.captions["rouge_l"] == pytest.approx(100)
    assert scores.segments["iou/strict/all"] == scores.segments["edit/strict/all"] == 1
    assert scores.segments["f1@50/strict/all"] == scores.segments["tiou/strict/all"] == 1
    assert scores.intervals["iou/all"] == scores.intervals["f1@50/several"] == [1, 1]
    assert [row["name"] for row in rows] == ["a", "b", "c"]
    assert set(BASELINES) == scores.baselines.keys()


def test_a_floors_moment_at_the_end_of_a_segment_is_not_in_it():
    parts = segments((0, 1.7, "walk"), (1.7, 6, "turn"), (6, 10.2, "kick"))  # a third of 10.2 s has its middle at 1.7 s
    found = segment_baselines([Reference("a", 10.2, (), parts)])
    assert found["n equal cuts"]["element_of/strict/all"] == pytest.approx(2 / 3)


def test_floors_that_see_the_motion_cut_between_synthetic_actions():
    clips = [one for one in (sample("test", number) for number in range(40)) if len(one.segments) > 1][:8]
    references = [Reference(one.name, one.motion.duration, (), one.segments) for one in clips]
    found = segment_baselines(references, [one.motion for one in clips])
    assert set(found) == {*BASELINES, *CUTS}
    assert found["ruptures, n known"]["iou/strict/all"] > found["n equal cuts"]["iou/strict/all"]
    for name, (one, reference) in itertools.product(CUTS, zip(clips, references, strict=True)):
        transcript, times = cut_transcript(name, one.motion, reference.segments)
        assert len(transcript.segments) == len(times) <= len(reference.segments)
        assert all(a.end <= b.start + 1e-9 for a, b in itertools.pairwise(transcript.segments))


def test_a_single_pose_is_one_piece():
    one = sample("test", 0)
    motion = one.motion.clip(0, 0.04)
    for name in CUTS:
        transcript, _ = cut_transcript(name, motion, segments((0, 0.02, "walk")))
        assert [(part.start, part.end) for part in transcript.segments] == [(0.0, motion.duration)]


# Files and commands


def write_lines(path, objects):
    path.write_text("".join(json.dumps(one.to_dict()) + "\n" for one in objects))
    return path


@pytest.fixture
def files(tmp_path):
    return write_lines(tmp_path / "refs.jsonl", REFERENCES), write_lines(tmp_path / "said.jsonl", PERFECT)


def test_score_joins_by_source_and_writes_what_compare_reads(m2l, files, tmp_path):
    references, hypotheses = files
    status, out, err = m2l("score", "--references", references, "--hypotheses", hypotheses, "--out", tmp_path / "one")
    assert (status, err) == (0, "")
    assert "| clean | 100.0 |" in out
    assert out.index("| model |") < out.index("| whole clip |")
    worse = [PERFECT[2], said(REFERENCES[0], "a person runs", (0, 1, "run")), said(REFERENCES[1], None, (0, 5, "jump"))]
    write_lines(tmp_path / "worse.jsonl", worse)
    m2l("score", "--references", references, "--hypotheses", tmp_path / "worse.jsonl", "--out", tmp_path / "two")
    status, out, err = m2l("compare", tmp_path / "two", tmp_path / "one")
    assert (status, err) == (0, "")
    row = next(line for line in out.splitlines() if line.startswith("| iou "))
    assert row.split("|")[2:5] == [" 3 ", " 0.467 ", " 1.000 "]
    assert "| score | clips | two | one | difference" in out
    assert "| bleu_4 | 3 |" in out


def test_scores_are_printed_when_the_disk_is_full_and_written_when_nobody_reads_them(m2l, files, tmp_path, monkeypatch):
    references, hypotheses = files
    command = ("score", "--references", references, "--hypotheses", hypotheses, "--out", tmp_path / "one")
    with monkeypatch.context() as full:
        full.setattr("motion2language.scoring.files.write_run", Mock(side_effect=ValueError("cannot be written")))
        status, out, err = m2l(*command)
    assert (status, "| clean | 100.0 |" in out, err) == (1, True, "m2l: cannot be written\n")
    monkeypatch.setattr("motion2language.scoring.tables.tables", Mock(side_effect=ValueError("nobody reads")))
    m2l(*command)
    assert len((tmp_path / "one" / "transcripts.jsonl").read_text().splitlines()) == len(REFERENCES)


def test_curves_of_several_runs_are_drawn_and_of_other_references_refused(m2l, files, tmp_path):
    pytest.importorskip("matplotlib")
    references, hypotheses = files
    worse = [said(REFERENCES[0], None, (0, 2, "walk"), (5, 8, "bow")), said(REFERENCES[1], None, (0, 5, "jump"))]
    write_lines(tmp_path / "worse.jsonl", worse)
    for name, words in (("one", hypotheses), ("two", tmp_path / "worse.jsonl"), ("again", hypotheses)):
        m2l("score", "--references", references, "--hypotheses", words, "--out", tmp_path / name)
    runs, floors = curves([tmp_path / "one", tmp_path / "two"])
    assert runs["one"] == {"iou": [1.0] * 21, "iop": [1.0] * 21}
    assert runs["two"]["iou"] == [1.0] + [0.6] * 8 + [0.4] * 2 + [0.2] * 10  # IoU .5, 1, .4 and twice 0
    assert runs["two"]["iop"] == [1.0] + [0.6] * 8 + [0.4] * 12  # IoP twice 1, .4 and twice 0
    assert floors["whole clip"]["iou"][0] == 1.0
    assert floors["whole clip"]["iou"][-1] == 0.0
    picture = tmp_path / "curves.svg"
    status, out, err = m2l(
        "compare", tmp_path / "one", tmp_path / "two", "--curves", picture, "--also", tmp_path / "again"
    )
    assert (status, err) == (0, "")
    assert out.endswith(f"wrote {picture}\n")
    assert all(f"<!-- {name} -->" in picture.read_text() for name in ("one", "two", "again", "baseline: n equal cuts"))

    write_lines(tmp_path / "fewer.jsonl", REFERENCES[:2])
    m2l("score", "--references", tmp_path / "fewer.jsonl", "--hypotheses", hypotheses, "--out", tmp_path / "three")
    status, _, err = m2l("compare", tmp_path / "one", tmp_path / "three", "--curves", tmp_path / "none.svg")
    assert (status, len(err.splitlines())) == (1, 2)  # that clips are left out of the table, and
    assert "its references are not those of" in err
    assert not (tmp_path / "none.svg").exists()
    status, _, err = m2l("compare", tmp_path / "one", tmp_path / "two", "--also", tmp_path / "again")
    assert (status, "add --curves" in err) == (1, True)


def test_missing_and_further_hypotheses_are_counted(m2l, files, tmp_path):
    references, _ = files
    other = Transcript((), 1.0, "x")
    write_lines(tmp_path / "some.jsonl", [PERFECT[0], other])
    status, out, err = m2l("score", "--references", references, "--hypotheses", tmp_path / "some.jsonl")
    assert status == 0
    assert "2 references without a hypothesis score 0, such as 'b'" in err
    assert "1 hypotheses without a reference are left out" in err
    assert "n = 3" in out


def test_what_is_odd_about_hypotheses_is_said_with_counts(m2l, tmp_path):
    """Another duration, no labels, overlaps, a byte order mark: scored all the same."""
    bare = Reference("d", 4.0, ("a person waits",), (Segment(0, 2, None), Segment(1, 3, "wait")))
    references = write_lines(tmp_path / "refs.jsonl", [*REFERENCES, bare])
    long = Transcript(segments((0, 20, "walk"), (10, 30, "bow")), 80.0, "a")
    hypotheses = write_lines(tmp_path / "said.jsonl", [long, *PERFECT[1:], said(bare)])
    hypotheses.write_bytes(b"\xef\xbb\xbf" + hypotheses.read_bytes())
    status, out, err = m2l("score", "--references", references, "--hypotheses", hypotheses)
    assert (status, len(err.splitlines())) == (0, 2)
    assert "1 hypotheses differ from their reference in duration by more than 1 s, such as 'a'" in err
    assert "1 references have segments without a label, which no segment matches, such as 'd'" in err
    assert "n = 4" in out


def test_other_programs_need_only_write_what_is_scored(m2l, tmp_path):
    """Sentences alone, or segments with start and end; what lacks either is counted."""
    (tmp_path / "refs.jsonl").write_text(
        '{"source": "a", "captions": ["a person walks", "someone walks"]}\n'
        '{"source": "b", "captions": ["a person bows low"]}\n'
        '{"source": "c", "duration": 4, "text": "one jumps", "segments": [{"start": 1, "end": 3, "label": "jump"}]}\n'
        '{"source": "d", "duration": 4, "segments": [{"start": 1, "end": 3, "label": "jump"}]}\n'
        '{"source": "e", "captions": ["a person waits here"]}\n'
    )
    (tmp_path / "said.jsonl").write_text(
        '{"source": "a", "text": "a person walks"}\n'
        '{"source": "b", "text": "a person bows low", "duration": 3.0}\n'
        '{"source": "c", "text": "one jumps", "segments": null}\n'
        '{"source": "d", "duration": 4, "text": "it jumps", "segments": [{"start": 1, "end": 3, "label": "jump"}]}\n'
        '{"source": "e", "captions": ["a person waits here"]}\n'
    )
    words = ("score", "--references", tmp_path / "refs.jsonl", "--hypotheses", tmp_path / "said.jsonl")
    status, _, err = m2l(*words, "--out", tmp_path / "out")
    assert status == 0
    assert err.splitlines() == [
        "m2l: note: 1 hypotheses have neither a sentence under text nor segments, and score 0, such as 'e'",
        "m2l: note: 1 hypotheses are sentences alone, whose segments score 0, such as 'c'",
    ]
    with (tmp_path / "out" / "clips.csv").open(newline="") as file:
        rows = {row["name"]: row for row in csv.DictReader(file)}
    assert [rows[name]["rouge_l"] for name in "abcde"] == ["1.0", "1.0", "1.0", "", "0.0"]
    assert [rows[name]["iou"] for name in "abcde"] == ["", "", "0.0", "1.0", ""]
    kept = read_transcripts(tmp_path / "out" / "transcripts.jsonl")
    assert [one.text for one in kept] == ["a person walks", "a person bows low", "one jumps", "it jumps", ""]
    (tmp_path / "said.jsonl").write_text('{"source": "d", "segments": [{"start": 1, "end": 3}]}\n')
    assert "line 1: transcript lacks or misspells a field: 'duration'" in m2l(*words)[2]


def test_an_out_that_cannot_be_made_is_said_before_the_work(m2l, tmp_path):
    (tmp_path / "file").write_text("")
    words = ("evaluate", "synthetic", "--dataset", "synthetic", "--out", tmp_path / "file")
    status, out, err = m2l(*words)
    assert (status, out, len(err.splitlines())) == (1, "", 1)
    assert f"{tmp_path / 'file'} is not a folder; choose another" in err


def test_runs_on_other_references_are_not_compared(m2l, files, tmp_path):
    references, hypotheses = files
    m2l("score", "--references", references, "--hypotheses", hypotheses, "--out", tmp_path / "one")
    other = [Reference("a", 8.0, ("a dog barks",), WALK_BOW), *REFERENCES[1:]]
    write_lines(tmp_path / "other.jsonl", other)
    m2l("score", "--references", tmp_path / "other.jsonl", "--hypotheses", hypotheses, "--out", tmp_path / "two")
    status, out, err = m2l("compare", tmp_path / "one", tmp_path / "two")
    assert (status, out) == (1, "")
    assert "have different references: 1 of 3 clips differ, such as 'a'; score both on the same" in err


def test_clips_that_one_run_lacks_are_counted_and_runs_of_one_name_told_apart(m2l, files, tmp_path):
    references, hypotheses = files
    write_lines(tmp_path / "fewer.jsonl", REFERENCES[:2])
    for name, some in (("one", references), ("two", tmp_path / "fewer.jsonl")):
        m2l("score", "--references", some, "--hypotheses", hypotheses, "--out", tmp_path / name / "scored")
    one, two = tmp_path / "one" / "scored", tmp_path / "two" / "scored"
    for first, second in ((one, two), (two, one)):
        status, out, err = m2l("compare", first, second)
        assert (status, err) == (0, f"m2l: note: 1 of 3 clips of {one} are left out, such as 'c'\n")
        assert f"| score | clips | {first} | {second} | difference" in out
        assert "| iou | 2 |" in out


def test_folders_of_transcripts_are_read_and_floors_need_no_hypotheses(m2l, tmp_path):
    folder = tmp_path / "refs"
    folder.mkdir()
    for one in REFERENCES:
        (folder / f"{one.name}.json").write_text(json.dumps(one.to_dict()))
    status, out, _ = m2l("score", "--references", folder)
    assert status == 0
    assert "| n equal cuts |" in out
    assert "| model |" not in out
    status, out, err = m2l("score", "--references", folder, "--out", tmp_path / "floors")
    assert (status, out, "baselines alone are only printed; add --hypotheses" in err) == (1, "", True)


@pytest.mark.parametrize(
    ("text", "said_of_it"),
    [
        (b"", "contains no transcripts"),
        (b"\xff\xfe", "not text in UTF-8"),
        (b"{broken\n", "line 1: not JSON"),
        (b'{"schema": 9}\n', "schema 9, expected 1 or 2"),
        (b"[1]\n", "not a transcript: found JSON of kind list"),
        (json.dumps(REFERENCES[0].to_dict()).encode() + b"\n" + json.dumps(REFERENCES[0].to_dict()).encode(),
         "1 names appear more than once, such as 'a'"),
        (json.dumps(REFERENCES[0].to_dict() | {"captions": "a"}).encode(), "expected a list of sentences"),
    ],
)  # fmt: skip
def test_bad_references_are_one_line(m2l, text, said_of_it, tmp_path, files):
    (tmp_path / "bad.jsonl").write_bytes(text)
    status, out, err = m2l("score", "--references", tmp_path / "bad.jsonl", "--hypotheses", files[1])
    assert (status, out) == (1, "")
    assert len(err.splitlines()) == 1
    assert said_of_it in err


def test_what_cannot_be_compared_is_said(m2l, files, tmp_path):
    status, _, err = m2l("compare", tmp_path, tmp_path)
    assert status == 1
    assert "contains no transcripts; give a folder of them, or one that m2l evaluate or m2l score wrote" in err
    (tmp_path / "clips.csv").write_text("name,iou\na,much\n")
    assert "not the clips of a run" in m2l("compare", tmp_path, tmp_path)[2]
    other = tmp_path / "other"
    other.mkdir()
    (tmp_path / "clips.csv").write_text("name,iou\na,1\n")
    (other / "clips.csv").write_text("name,iou\nb,1\n")
    assert "no clip in common" in m2l("compare", tmp_path, other)[2]
    (tmp_path / "taken").write_text("")
    status, _, err = m2l("score", "--references", files[0], "--hypotheses", files[1], "--out", tmp_path / "taken" / "x")
    assert (status, "cannot be made" in err) == (1, True)
    write_lines(tmp_path / "foreign.jsonl", [Transcript((), 1.0, "x")])
    assert "no hypothesis matches a reference" in m2l(
        "score", "--references", files[0], "--hypotheses", tmp_path / "foreign.jsonl")[2]  # fmt: skip


@pytest.mark.skipif(not (SHARED / "data" / "kit").is_dir(), reason="the published annotations are not here")
@pytest.mark.parametrize(
    ("clips", "in_frames", "exactly"),
    [("official", "0.675 0.755 0.943", "0.687 0.762 0.952"), ("all", "0.600 0.677 0.868", "0.609 0.682 0.868")],
)
def test_the_floors_of_the_published_annotations_are_reproduced(clips, in_frames, exactly, m2l, tmp_path):
    """The figures in frames were computed apart from this code."""
    export = SHARED / "data" / "kit" / "segments" / "annotations_all.json"
    assert m2l("data", "segments", export, "--clips", clips, "--out", tmp_path / "refs.jsonl")[0] == 0
    for words, expected in ((("--fps", 10), in_frames), ((), exactly)):
        _, out, _ = m2l("score", "--references", tmp_path / "refs.jsonl", *words)
        row = next(line for line in out.splitlines() if line.startswith("| n equal cuts of 15-85 % |"))
        assert row.split("|")[2:5] == [f" {value} " for value in expected.split()]


def test_in_whole_frames_both_sides_are_rounded_and_floors_cut_down(m2l, tmp_path):
    """By hand, at 1 frame a second: 1.4 to 3.6 s of 10.4 s is 1 to 4 of 10, a model's 1.6 to 3.4 s is 2 to 3, and the
    middle, 1.5 to 8.5 s, is 1 to 8."""
    reference = Reference("a", 10.4, (), segments((1.4, 3.6, "walk")))
    said = Transcript(segments((1.6, 3.4, "walk")), 10.4, "a")
    for name, one in (("refs", reference), ("said", said)):
        write_lines(tmp_path / f"{name}.jsonl", [one])
    words = ("score", "--references", tmp_path / "refs.jsonl", "--hypotheses", tmp_path / "said.jsonl", "--fps")
    status, out, err = m2l(*words, 1, "--out", tmp_path / "out")
    rows = [line.split("|")[1:4] for line in out.splitlines() if line.startswith(("| model |", "| n equal cuts of"))][
        :2
    ]
    assert (status, err) == (0, "")
    assert [[cell.strip() for cell in row] for row in rows] == [
        ["model", "0.333", "1.000"],
        ["n equal cuts of 15-85 %", "0.429", "0.429"],
    ]
    (kept,) = read_references(tmp_path / "out" / "references.jsonl")
    assert (kept.duration, [(part.start, part.end) for part in kept.segments]) == (10.0, [(1.0, 4.0)])
    short = Transcript(segments((9.9, 10.2, "bow")), 10.4, "a")  # rounded to nothing it keeps a frame, within the clip
    assert [(part.start, part.end) for part in in_frames(short, 1.0).segments] == [(9.0, 10.0)]
    for wrong in (0, -1, "inf", "nan"):
        assert m2l(*words, wrong)[:2] == (1, "")
