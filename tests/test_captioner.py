"""A captioner: recording in, transcript out; its folder on disk; recordings longer than it was trained on."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from small import captioner, recording, without_torch

import motion2language as m2l
from motion2language.captioning import search_attention, search_transducer, timing
from motion2language.captioning.features import joint_speed
from motion2language.captioning.loading import load_model
from motion2language.captioning.model_folder import FILES
from motion2language.captioning.timing import LOOSE
from motion2language.captioning.windows import join, windows
from motion2language.formats import bvh
from motion2language.motion import CANONICAL, Motion
from motion2language.transcript import Segment, TimedWord, Transcript


@pytest.mark.parametrize("kind", ["attention", "transducer"])
def test_all_at_once_is_one_by_one(kind):
    one = captioner(kind=kind)
    motions = [recording(number) for number in range(4)]
    together = list(one.transcribe_all(motions))
    for motion, transcript in zip(motions, together, strict=True):
        alone = one.transcribe(motion)
        assert alone.text == transcript.text
        assert [s.start for s in alone.segments] == pytest.approx([s.start for s in transcript.segments], abs=1e-3)
        assert transcript.duration == motion.duration
        assert transcript.source == motion.name


@pytest.mark.parametrize("kind", ["attention", "transducer"])
def test_a_sentence_that_its_model_did_not_end_loses_words_that_lead_to_nothing(kind, monkeypatch):
    # Untrained models babble, which is left out as well; here the end of the sentence counts.
    monkeypatch.setattr(timing, "without_babble", lambda words, actions: range(len(words)))
    cut, early = 0, 0
    for seed in range(12):
        one = captioner(seed, kind=kind, max_words=6)
        if kind == "transducer":
            with torch.no_grad():
                one.network.said_gate.bias[0] -= 2.0  # less waiting
        values = one.values(recording(seed).resample(10.0))
        search, network = (
            (search_transducer, one.transducer) if kind == "transducer" else (search_attention, one.network)
        )
        (whole,) = search.find(network, values[None], np.array([len(values)]), one.config.max_words, 1)
        (found,) = one.search([values], 1)
        words = one.vocabulary.decode(whole.tokens.tolist())
        count = len(found.tokens)
        assert found.tokens.tolist() == whole.tokens[:count].tolist()
        assert len(found.weights) == count
        assert all(word in LOOSE for word in words[count:])
        if kind == "transducer" or len(words) == 6:
            assert not count or words[count - 1] not in LOOSE
        else:  # by <eos>
            assert count == len(words)
        cut += count < len(words)
        early += count < len(words) < 6
    assert cut
    assert bool(early) == (kind == "transducer")


@pytest.mark.parametrize("fps", [5, 12.5, 100, 1000])
def test_any_frame_rate_is_read_and_says_much_the_same(fps):
    model, motion = load_model(), recording(7)
    wanted = [segment.label for segment in model.transcribe(motion).segments]
    found = [segment.label for segment in model.transcribe(motion.resample(fps)).segments]
    assert wanted
    assert len(found) == len(wanted) if fps == 5 else found == wanted


@pytest.mark.parametrize("fps", [0.001, 0.99, 10_001, 1e6])
def test_a_motion_at_a_frame_rate_that_files_may_not_have_is_refused(fps):
    motion = replace(recording(7), fps=fps, name="take")
    with pytest.raises(ValueError, match=r"take: .* frames per second, expected 1 to 10,000$"):
        load_model().transcribe(motion)
    with pytest.raises(ValueError, match=r"take: .* frames per second, expected 1 to 10,000$"):
        m2l.facts(motion)


@pytest.mark.parametrize("kind", ["attention", "transducer"])
@pytest.mark.parametrize("beam", [-1, -4, 2.5, "many"])
def test_a_beam_that_is_no_count_is_an_error(kind, beam):
    one = captioner(2, kind=kind)
    with pytest.raises(ValueError, match=f"beam is {beam!r}, expected a whole number, 0 or more"):
        one.transcribe(recording(2), beam=beam)
    with pytest.raises(ValueError, match=f"beam is {beam!r}, expected a whole number, 0 or more"):
        one.search([one.values(one.prepare(recording(2)))], beam)


def test_searches_refuse_counts_below_one():
    one, paper = without_torch(captioner(2, kind="transducer")), captioner(2)
    values, lengths = np.zeros((1, 8, 124), np.float32), np.array([8])
    given = one.transducer, values, lengths
    with pytest.raises(ValueError, match="width is -1, expected a whole number, 1 or more"):
        search_transducer.beam(*given, 5, -1)
    with pytest.raises(ValueError, match="draws is 0, expected a whole number, 1 or more"):
        search_transducer.consensus(*given, 5, 0)
    with pytest.raises(ValueError, match="max_words is 0, expected a whole number, 1 or more"):
        search_transducer.find(*given, 0)
    clips = torch.zeros(1, 8, 124), torch.tensor([8])
    with pytest.raises(ValueError, match="width is 0, expected a whole number, 1 or more"):
        search_attention.beam(paper.network, *clips, 5, 0)
    with pytest.raises(ValueError, match="draws is 0, expected a whole number, 1 or more"):
        search_attention.consensus(paper.network, *clips, 5, 0)


def test_a_file_and_its_motion_give_the_same(tmp_path):
    motion = recording(2)
    bvh.write(motion, tmp_path / "take.bvh")
    model = load_model()
    assert model.transcribe(tmp_path / "take.bvh").text == model.transcribe(motion).text


def test_a_recording_of_one_frame_is_described_in_its_bounds():
    for kind in ("attention", "transducer"):
        transcript = captioner(kind=kind).transcribe(recording().clip(0, 0.01))
        assert transcript.duration == pytest.approx(1 / 30)
        assert all(0 <= word.start <= word.end <= transcript.duration for word in transcript.words)


def long_recording() -> Motion:
    """Three synthetic recordings in a row, 30 s and more, each beginning where the last one ended."""
    parts = [recording(number).positions for number in range(6)]
    return Motion(np.concatenate(parts), 30.0, CANONICAL, "long")


def test_windows_cover_a_long_recording_without_overlap_and_cut_where_it_is_still():
    motion = long_recording()
    pieces = list(windows(motion, 10.0))
    assert len(pieces) >= 3
    assert sum(piece.frames for _, piece in pieces) == motion.frames
    time = 0.0
    for start, piece in pieces:
        assert start == pytest.approx(time)
        assert piece.duration <= 10.0 + 1e-9
        time += piece.duration
    assert all(piece.duration >= 5.0 - 0.1 for _, piece in pieces[:-1])
    speed, first = joint_speed(motion), 0
    for _, piece in pieces[:-1]:
        assert speed[first + piece.frames] == speed[first + 150 : first + 300].min()
        first += piece.frames
    assert list(windows(motion, 1000.0)) == [(0.0, motion)]


def test_a_long_recording_is_described_to_its_end():
    model, motion = load_model(), long_recording()
    transcript = replace(model, config=replace(model.config, max_seconds=12.0)).transcribe(motion)
    assert transcript.duration == motion.duration
    assert transcript.segments[-1].end > motion.duration - 6
    starts = [segment.start for segment in transcript.segments]
    assert starts == sorted(starts)
    assert len(starts) >= 6


def test_joining_shifts_pieces_and_clips_them_to_the_recording():
    word = TimedWord("walks", 1.0, 0.5, 2.0, 0.9)
    piece = Transcript((Segment(0.5, 2.0, "walk", (word,)),), 2.0)
    joined = join([(0.0, piece), (2.0, piece)], 3.5, "take", "m")
    assert [(s.start, s.end) for s in joined.segments] == [(0.5, 2.0), (2.5, 3.5)]
    assert joined.segments[1].words[0] == TimedWord("walks", 3.0, 2.5, 3.5, 0.9)


@pytest.mark.parametrize("kind", ["attention", "transducer"])
def test_a_folder_gives_the_same_captioner_back(kind, tmp_path):
    one = captioner(kind=kind)
    if kind == "transducer":
        one = without_torch(one)
    one.save(tmp_path / "model", card="what it is")
    assert sorted(path.name for path in (tmp_path / "model").iterdir()) == sorted(FILES)
    again = load_model(tmp_path / "model")
    assert again.config == one.config
    assert again.weights.keys() == one.weights.keys()
    assert all(np.array_equal(array, one.weights[name]) for name, array in again.weights.items())
    assert again.transcribe(recording(3)).words == one.transcribe(recording(3)).words
    captioner(seed=1, kind=kind).save(tmp_path / "model")
    assert load_model(tmp_path / "model").transcribe(recording(3)).words != one.transcribe(recording(3)).words
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_the_shipped_models_load_and_are_small():
    for name in ("default", "free", "live", "synthetic"):
        model = m2l.load_model(name)
        assert model.name == name
        assert 100_000 < sum(array.size for array in model.weights.values()) < 800_000
    with pytest.raises(
        FileNotFoundError, match="no model 'nowhere': give a model folder or one of default, free, live, synthetic"
    ):
        load_model("nowhere")


def swap_weights(folder):
    tensors = load_file(folder / "weights.safetensors")
    key = sorted(tensors)[0]
    save_file({**tensors, key: torch.zeros(3, 3)}, folder / "weights.safetensors")


def in_config(folder, **changes):
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def odd_kind_of_number(folder):
    """Weights whose header has a number's kind that cannot be printed."""
    header = b'{"a": {"dtype": "F\x7f2", "shape": [1], "data_offsets": [0, 4]}}'
    (folder / "weights.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + b"\0\0\0\0")


def pickle_statistics(folder):
    np.savez(folder / "normalizer.npz", mean=np.array([{}], dtype=object), std=np.zeros(1))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda folder: (folder / "vocabulary.txt").unlink(),
            r"not a model folder, it lacks vocabulary\.txt; expected",
        ),
        (lambda folder: (folder / "weights.safetensors").unlink(), r"it lacks weights\.safetensors"),
        (lambda folder: (folder / "weights.safetensors").write_bytes(b"no"), "not a safetensors file"),
        (odd_kind_of_number, r"not a safetensors file \(.*F 2[^\x7f]*\)$"),
        (swap_weights, "do not fit each other"),
        (pickle_statistics, "do not fit each other"),
        (lambda folder: (folder / "config.json").write_text('{"kind": "magic"}'), r"config\.json: kind"),
        (lambda folder: (folder / "config.json").write_text("{"), r"config\.json: Invalid JSON"),
        (
            lambda folder: (folder / "vocabulary.txt").write_text("<pad>\n<sos>\n<eos>\n<unk>\na\n"),
            r"says 12 words .* but vocabulary\.txt has 5",
        ),
        (lambda folder: (folder / "vocabulary.txt").write_text("one\ntwo\n"), "vocabulary must begin with"),
        (lambda folder: (folder / "actions.json").write_text("[1]"), "expected an object of word forms"),
        (lambda folder: (folder / "normalizer.npz").write_bytes(b""), "do not fit each other"),
        (lambda folder: np.save((folder / "normalizer.npz").open("wb"), np.zeros(3)), r"not an \.npz archive"),
        (lambda folder: np.savez(folder / "normalizer.npz", mean=np.zeros(2), std=np.ones(3)), r"`mean` \(2,\)"),
        (lambda folder: np.savez(folder / "normalizer.npz", mean=np.zeros(2), std=np.zeros(2)), "`std` above zero"),
        (lambda folder: in_config(folder, features="smell"), "model.features is 'smell'; there are paper, "),
        (lambda folder: in_config(folder, fps=1e9), r"config\.json: fps: .*less than or equal to 1000"),
        (lambda folder: in_config(folder, fps=1e-300), r"config\.json: fps: .*greater than or equal to 0\.1"),
        (lambda folder: in_config(folder, **{"\u202egnp.": 1}), r"config\.json: gnp\.: unknown"),
        (
            lambda folder: in_config(folder, half_window=5, half_window_seconds=1),
            r"config\.json: give half_window \(fr",
        ),
        (lambda folder: in_config(folder, max_seconds=float("inf")), r"config\.json: max_seconds: .*finite"),
    ],
)
def test_a_spoilt_folder_is_a_clear_error(change, message, tmp_path):
    captioner(kind="transducer").save(tmp_path / "model")
    change(tmp_path / "model")
    with pytest.raises(ValueError, match=message) as caught:
        load_model(tmp_path / "model")
    assert "model" in str(caught.value)


def test_a_model_of_raw_positions_refuses_other_skeletons():
    one = captioner(features="paper", joints=("hip", "head"), input_width=124)
    with pytest.raises(ValueError, match="the model reads the joints hip, head; found skeleton"):
        one.transcribe(recording())
    other = captioner(features="paper", joints=("hip" * 5000, "\u202ehead\n"), input_width=124)
    with pytest.raises(ValueError, match="use a model with features") as caught:
        other.transcribe(recording())
    assert len(str(caught.value)) < 2000 and str(caught.value).isprintable()


def test_a_model_of_joint_angles_says_what_it_needs():
    with pytest.raises(ValueError, match="reads joint angles, which the recording lacks"):
        captioner(features="angles", joints=()).transcribe(recording())
