"""Scores of a captioner over a split: right on answers known by construction, and written whole."""

import json
from dataclasses import replace

import numpy as np
import pytest

from motion2language.captioning.loading import load_model
from motion2language.data import corpora
from motion2language.data.corpora import compose
from motion2language.data.samples import Sample
from motion2language.live.events import Word
from motion2language.motion import CANONICAL
from motion2language.scoring import evaluate
from motion2language.scoring.baselines import BASELINES, CUTS
from motion2language.scoring.files import read_references, read_rows, write_run
from motion2language.scoring.tables import tables
from motion2language.transcript import Caption, Segment, TimedWord, Transcript

SAMPLES = corpora.load("synthetic", None, "test")[:8]


class Knowing:
    """Answers with prepared transcripts, in place of a captioner."""

    def __init__(self, transcripts):
        self.transcripts = transcripts
        self.lexicon, self.vocabulary = load_model().lexicon, load_model().vocabulary

    def prepare(self, motion):
        return motion

    def transcribe_all(self, motions, **_):
        return iter(self.transcripts)


def perfect(sample: Sample) -> Transcript:
    """The first reference sentence, its verbs in the middle of the reference segments."""
    lexicon, words = load_model().lexicon, sample.captions[0].text.split()
    cuts = [index for index, _ in lexicon.find(words)]
    assert len(cuts) == len(sample.segments)
    segments = []
    for number, reference in enumerate(sample.segments):
        time = (reference.start + reference.end) / 2
        first, last = 0 if number == 0 else cuts[number], [*cuts[1:], len(words)][number]
        members = tuple(TimedWord(word, time, time, time, 1.0) for word in words[first:last])
        segments.append(Segment(reference.start, reference.end, reference.label, members))
    return Transcript(tuple(segments), sample.motion.duration, sample.name, "known")


def test_a_recording_that_cannot_be_read_is_left_out_and_named():
    motion = SAMPLES[0].motion
    broken = replace(motion, positions=motion.positions * (-1, 1, 1), name="swapped")
    swapped = replace(SAMPLES[0], name="swapped", motion=broken)
    with pytest.warns(UserWarning, match="1 of 2 recordings cannot be described and are left out: swapped: "):
        _, transcripts, references, _ = evaluate.evaluate(load_model(), [swapped, SAMPLES[1]])
    assert [one.name for one in references] == [SAMPLES[1].name] and len(transcripts) == 1
    with pytest.raises(ValueError, match="swapped"):
        evaluate.evaluate(load_model(), [swapped])


def test_perfect_answers_score_the_maximum_and_floors_do_not():
    scores, *_ = evaluate.evaluate(Knowing([perfect(sample) for sample in SAMPLES]), SAMPLES)
    assert scores.captions["bleu_4"] == pytest.approx(100)
    for measure in ("iou", "iop", "element_of"):
        assert scores.segments[f"{measure}/strict/all"] == pytest.approx(1)
        assert scores.segments[f"{measure}/paper/all"] == pytest.approx(1)
    assert scores.segments["verbs_exact/all"] == 1
    assert scores.segments["clips/all"] == 8
    assert set(BASELINES) == scores.baselines.keys()
    assert len(BASELINES) == 3
    assert all(0.2 < scores.baselines[floor]["iou/strict/all"] < 0.95 for floor in BASELINES)


def test_saying_nothing_scores_nothing_and_is_counted():
    silent = [Transcript((), sample.motion.duration, sample.name, "silent") for sample in SAMPLES]
    scores, *_ = evaluate.evaluate(Knowing(silent), SAMPLES)
    assert scores.captions["bleu_4"] == 0
    assert scores.segments["iou/strict/all"] == 0
    assert scores.segments["left_out/paper/all"] == 8


def test_clips_without_reference_times_have_sentence_scores_alone():
    bare = [replace(sample, segments=()) for sample in SAMPLES]
    scores, *_ = evaluate.evaluate(Knowing([perfect(sample) for sample in SAMPLES]), bare)
    assert set(scores.to_dict()) == {"captions", "captions (paper)", "text floors", "reliability", "intervals"}
    assert "Segments" not in tables(scores)


def test_scores_and_transcripts_are_written_and_read_back(tmp_path):
    found = evaluate.evaluate(load_model(), SAMPLES, cuts=True)
    scores, transcripts, references, rows = found
    write_run(tmp_path / "out", *found)
    assert [one.to_dict() for one in read_references(tmp_path / "out" / "references.jsonl")] == [
        one.to_dict() for one in references
    ]
    again = read_rows(tmp_path / "out")
    assert [row["name"] for row in again] == [sample.name for sample in SAMPLES]
    assert again[0]["iou"] == pytest.approx(rows[0]["iou"])
    assert set(CUTS) < scores.baselines.keys()
    assert json.loads((tmp_path / "out" / "scores.json").read_text()) == scores.to_dict()
    lines = (tmp_path / "out" / "transcripts.jsonl").read_text().splitlines()
    again = [Transcript.from_dict(json.loads(line)) for line in lines]
    assert [one.source for one in again] == [sample.name for sample in SAMPLES]
    assert [one.text for one in again] == [one.text for one in transcripts]


def test_the_table_prints_strict_first_with_floors_and_counts():
    table = tables(evaluate.evaluate(load_model(), SAMPLES)[0])
    assert "n = 8" in table
    assert table.index("strict") < table.index("| model |") < table.index("| n equal cuts |")
    assert "given" in table


def test_no_samples_is_an_error():
    with pytest.raises(ValueError, match="no samples to evaluate"):
        evaluate.evaluate(load_model(), [])


def write_compose(folder, **changes):
    """A compose corpus of two canonical clips in centimetres."""
    clips = {"one": SAMPLES[0], "two": SAMPLES[1]}
    arrays = {
        name: (100 * s.motion.positions.reshape(s.motion.frames, -1)).astype(np.float16) for name, s in clips.items()
    }
    data = {
        "fps": 30, "unit": "cm", "up": "y", "joints": CANONICAL.joints, "parents": CANONICAL.parents,
        "samples": {
            name: {
                "split": split, "captions": ["a person walks"],
                "segments": [{"action": "walk", "verb": "walk", "start": 3, "end": 33}],
            }
            for name, split in (("one", "train"), ("two", "test"))
        },
    } | changes  # fmt: skip
    (folder / "c.json").write_text(json.dumps(data))
    np.savez(folder / "c.npz", **arrays)
    return folder / "c.json"


def test_compose_reads_metres_seconds_and_one_split(tmp_path):
    root = write_compose(tmp_path)
    (sample,) = compose.load(root, "test")
    np.testing.assert_allclose(sample.motion.positions, SAMPLES[1].motion.positions, atol=0.005)
    assert sample.motion.fps == 30
    assert sample.captions == (Caption("a person walks"),)
    assert sample.segments == (Segment(0.1, 1.1, "walk"),)
    assert [one.name for one in corpora.load("compose", root, "train")] == ["one"]
    assert list(corpora.load("compose", root, "val")) == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"unit": "feet"}, r"c\.json: not a compose corpus .*unit 'feet', up 'y'; expected"),
        ({"samples": {"three": {}}}, "not a compose corpus"),
        ({"samples": []}, "not a compose corpus"),
        ({"fps": 0}, r"c\.json: not a compose corpus"),
        ({"fps": "fast"}, r"c\.json: not a compose corpus"),
        ({"parents": [0] * 21}, r"c\.json: not a compose corpus .*the root comes first"),
        ({"joints": ["hip"], "parents": [-1]}, r"c\.json: not a compose corpus .*positions have shape"),
        (
            {"samples": {"one": {"split": "train", "captions": [1], "segments": []}}},
            "one: expected a list of captions, each a text",
        ),
    ],
)
def test_a_compose_file_of_another_kind_is_a_clear_error(changes, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        compose.load(write_compose(tmp_path, **changes), "train")


def test_damaged_arrays_of_a_compose_corpus_are_said(tmp_path):
    root = write_compose(tmp_path)
    whole = (tmp_path / "c.npz").read_bytes()
    for content in (b"", b"hello", whole[:200]):
        (tmp_path / "c.npz").write_bytes(content)
        with pytest.raises(ValueError, match=r"c\.npz: not an \.npz archive, or cut off"):
            compose.load(root, "train")
    (tmp_path / "c.npz").write_bytes(whole[:300] + bytes(40) + whole[340:])
    with pytest.raises(ValueError, match=r"c\.json: not a compose corpus"):
        compose.load(root, "train")


def test_corpora_that_are_not_there_are_named(tmp_path):
    expected = (
        "amass",
        "annotations",
        "compose",
        "folder",
        "humanml3d",
        "kit",
        "kit-augmented",
        "kit-paper",
        "people",
        "synthetic",
    )
    assert corpora.names() == expected
    with pytest.raises(ValueError, match="no corpus 'kitt'; there are amass, annotations, compose, folder, humanml3d"):
        corpora.load("kitt", None, "test")
    with pytest.raises(ValueError, match="no split 'dev'; there are train, val and test"):
        corpora.load("synthetic", None, "dev")
    with pytest.raises(ValueError, match="needs --root"):
        corpora.load("compose", None, "test")
    with pytest.raises(FileNotFoundError, match=r"c\.json: not found; corpus 'compose' is a pair"):
        corpora.load("compose", tmp_path / "c.json", "test")


def test_heard_live_the_delay_of_each_verb_is_told():
    said = [Word(f"{segment.label}s", 0.0, segment.start + 0.7) for segment in SAMPLES[0].segments]
    silent: list[Word] = []
    delay = evaluate.delays(load_model(), SAMPLES[:2], [said, silent])
    assert (delay["clips"], delay["actions"]) == (1, len(said))
    assert delay["quantile_0.5"] == pytest.approx(0.7)
    assert evaluate.delays(load_model(), SAMPLES[:2], [silent, silent]) == {"clips": 0, "actions": 0}
