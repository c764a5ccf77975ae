"""Corrected transcripts as labels and references: m2l data collect, adapt and score take what somebody checked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from people import movement
from small import captioner

from motion2language.captioning.loading import load_model
from motion2language.data import corpora
from motion2language.data.labelled.corrected import holds_corrections, read_phrases, recordings_of
from motion2language.data.labelled.form import read_source
from motion2language.data.labelled.selection import choose, read_selection
from motion2language.formats import bvh
from motion2language.server.corrections import CorrectedFile
from motion2language.training import adapt, heads, imagine
from motion2language.transcript import Segment, TimedWord, Transcript

WHO = {"by": "Ann", "when": "2026-01-02T03:04:05Z"}


@pytest.fixture
def corrected(tmp_path) -> Path:
    """Two recordings of one name in two folders, and their corrections elsewhere; one part of the second is checked."""
    for number, (person, checked) in enumerate((("ann", (True, True)), ("bob", (False, True)))):
        recording = tmp_path / "takes" / person / "kick.bvh"
        recording.parent.mkdir(parents=True)
        motion = movement("kick", number)
        bvh.write(motion, recording)
        half = motion.duration / 2
        parts = (Segment(0.0, half, "kick"), Segment(half, motion.duration, "walk"))
        data = Transcript(parts, motion.duration, "kick.bvh", "tiny").to_dict()
        original = json.loads(json.dumps(data))
        for segment, one in zip(data["segments"], checked, strict=True):
            segment |= {"made": WHO, "checked": WHO if one else None}
        correction = {"version": 1, "person": "Ann", "saved": WHO["when"], "original": original}
        place = tmp_path / "corrected" / f"{person}.corrected.json"
        place.parent.mkdir(exist_ok=True)
        CorrectedFile(place, "kick.bvh", motion.duration, recording).write(data | {"correction": correction})
    return tmp_path / "corrected"


def test_checked_segments_become_labelled_parts(m2l, corrected, tmp_path):
    status, out, _ = m2l("data", "collect", tmp_path / "takes", "--labels", corrected, "--out", tmp_path / "mine.npz")
    assert status == 0
    assert "3 labels: walk 2, kick 1" in out or "3 labels: kick 1, walk 2" in out
    ann, bob = read_source(tmp_path / "mine.npz").entries
    assert [span.label for span in ann.spans] == ["kick", "walk"]
    assert ann.spans[0].end == pytest.approx(ann.spans[1].start, abs=1e-3)
    assert [(span.label, span.start > 0) for span in bob.spans] == [("walk", True)]


def test_folders_without_corrections_and_other_files_are_one_line(m2l, corrected, tmp_path):
    (tmp_path / "empty").mkdir()
    words = ["data", "collect", tmp_path / "takes", "--out", tmp_path / "mine.npz", "--labels"]
    assert "holds no checked segment; correct recordings with m2l view --edit" in m2l(*words, tmp_path / "empty")[2]
    (corrected / "other.corrected.json").write_text("{")
    status, _, err = m2l(*words, corrected)
    assert status != 0
    assert "other.corrected.json: not a corrected transcript" in err
    assert not (tmp_path / "mine.npz").exists()


def test_a_folder_of_corrections_leads_to_its_recordings(m2l, corrected, tmp_path):
    takes = tmp_path / "takes"
    assert recordings_of(corrected) == {f"{who}/kick": takes / who / "kick.bvh" for who in ("ann", "bob")}
    assert m2l("data", "collect", corrected, "--labels", corrected, "--out", tmp_path / "mine.npz")[0] == 0
    assert [entry.id for entry in read_source(tmp_path / "mine.npz").entries] == ["ann/kick", "bob/kick"]
    (takes / "bob" / "kick.bvh").unlink()
    with pytest.warns(UserWarning, match="1 transcripts lead to a recording that is not there, and are left out"):
        assert len(recordings_of(corrected)) == 1
    beside = takes / "ann" / "kick.corrected.json"  # one downloaded from the page has no `path`
    data = json.loads((corrected / "ann.corrected.json").read_text())
    beside.write_text(json.dumps({key: value for key, value in data.items() if key != "path"}))
    assert recordings_of(takes) == {"kick": takes / "ann" / "kick.bvh"}
    assert [holds_corrections(folder) for folder in (corrected, takes, tmp_path / "none")] == [True, True, False]


def word(corrected: Path, name: str, label: str, text: str) -> None:
    """Give the last segment of a correction another action and other words."""
    path = corrected / f"{name}.corrected.json"
    data = json.loads(path.read_text())
    segment = data["segments"][-1]
    words = tuple(TimedWord(each, segment["end"], segment["start"], segment["end"]) for each in text.split())
    changed = Segment(segment["start"], segment["end"], label, words)
    named = Transcript((changed,), data["duration"]).to_dict()["segments"][0]
    data["segments"][-1] = named | {key: segment[key] for key in ("made", "checked")}
    path.write_text(json.dumps(data))


def test_adapt_takes_corrections_as_they_are_with_new_actions_in_their_words(m2l, corrected, tmp_path, monkeypatch):
    for name, value in {"CHECKED": 2, "MOTIONS": 1, "REHEARSED": 4, "UPDATES": 2, "VIEWS": 1}.items():
        monkeypatch.setattr(adapt, name, value)
    monkeypatch.setattr(heads, "UPDATES", 2)
    monkeypatch.setattr(imagine, "UPDATES", 2)
    captioner(kind="transducer", encoder="convolution", dropout=0.1).save(tmp_path / "start")
    words = ("adapt", corrected, "--start", tmp_path / "start", "--out", tmp_path / "mine", "--set", "train.epochs=1",
             "train.batch_size=16")  # fmt: skip
    word(corrected, "ann", "hoop", "")
    assert "A new action needs its phrase, as the words of its segments" in m2l(*words)[2]
    word(corrected, "ann", "hoop", "and then spins a hoop")
    assert read_phrases(corrected) == {"hoop": ["spins a hoop"]}
    status, out, err = m2l(*words)
    assert status == 0, err
    assert out.splitlines()[-1] == f"wrote {tmp_path / 'mine'}"
    assert "hoop" in load_model(tmp_path / "mine").vocabulary.words


def test_collected_corrections_keep_the_words_of_new_actions(m2l, corrected, tmp_path):
    word(corrected, "ann", "hoop", "and then spins a hoop")
    words = ("data", "collect", corrected, "--labels", corrected, "--out", tmp_path / "mine.npz")
    status, out, err = m2l(*words)
    assert status == 0
    root = tmp_path / "mine.people.toml"
    assert out.splitlines()[1] == (
        f"wrote {tmp_path / 'mine.actions.toml'} and {root}: actions with your phrases; "
        f"give {root} in place of {tmp_path / 'mine.npz'} to use them"
    )
    assert "means no action" not in err
    chosen = choose(read_selection(root))
    assert {each.entry.id: [meaning.action for meaning in each.meanings] for each in chosen.recordings} == {
        "ann/kick": ["kick", "hoop"],
        "bob/kick": ["walk"],
    }
    with pytest.warns(UserWarning):
        samples = {sample.name: sample for sample in corpora.load("people", root, "train")}
    assert any("spins a hoop" in caption.text for caption in samples["mine/ann/kick"].captions)
    word(corrected, "ann", "hoop", "")
    root.unlink()
    status, out, err = m2l(*words)
    assert (status, root.exists(), len(out.splitlines())) == (0, False, 1)
    assert "the label 'hoop' means no action" in err or "a part whose label means no action" in err


def test_a_model_is_scored_against_what_is_checked_to_the_end(m2l, corrected, tmp_path):
    captioner(kind="transducer", encoder="convolution").save(tmp_path / "model")
    words = ("score", tmp_path / "model", corrected)
    assert m2l(*words)[1].startswith("1 clip\nactions: all named")
    status, out, err = m2l(*words, "--full", "--out", tmp_path / "scores")
    assert status == 0, err
    assert "1 of 2 transcripts have segments that nobody checked, and are left out" in err
    assert "all clips, n = 1" in out
    assert out.splitlines()[-1] == f"wrote {tmp_path / 'scores'}"
    (reference,) = map(json.loads, (tmp_path / "scores" / "references.jsonl").read_text().splitlines())
    assert (reference["source"], [part["label"] for part in reference["segments"]]) == ("ann", ["kick", "walk"])
    (corrected / "ann.corrected.json").unlink()
    assert "no recording is checked to the end" in m2l(*words)[2]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "of what? give --references, or a model"),
        (("default",), "default: add the folder of corrected transcripts"),
        (("default", "none"), "none: no such folder; expected transcripts"),
        (("default", "corrected", "--fps", "10"), "drop --references, --hypotheses, --motions and --fps"),
    ],
)
def test_scoring_of_nothing_and_of_both_is_one_line(m2l, words, message):
    status, out, err = m2l("score", *words)
    assert (status, out, err.count("\n")) == (1, "", 1)
    assert message in err
