"""Windows of a recording: the weights of their searches, laid out in the recording's time."""

from dataclasses import replace

import numpy as np
import pytest
from small import captioner, recording

from motion2language.captioning import windows as module
from motion2language.captioning.captioner import Captioner
from motion2language.captioning.loading import load_model
from motion2language.captioning.windows import Described, windows
from motion2language.language.vocabulary import UNK
from motion2language.motion import Motion
from motion2language.transcript import Transcript


def describe(model: Captioner, motion: Motion, beam: int | None = None) -> Described:
    (described,) = model.describe_all([motion], beam=beam)
    return described


@pytest.mark.parametrize("beam", [0, 1, 4])
@pytest.mark.parametrize("kind", ["attention", "transducer"])
def test_of_one_window_it_is_the_weights_of_its_words(kind, beam):
    model = captioner(kind=kind)
    motion = recording(2)
    described = describe(model, motion, beam)
    assert described.transcript == model.transcribe(motion, beam=beam)
    (hypothesis,) = model.search([model.values(model.prepare(motion))], beam)
    spoken = hypothesis.tokens >= UNK
    attention = described.attention()
    assert attention.shape == (len(described.transcript.words), model.prepare(motion).frames)
    np.testing.assert_allclose(attention, hypothesis.weights[spoken], atol=1e-5)


def test_windows_stand_one_after_the_other_and_words_look_near_their_time():
    model = load_model("default")
    model = replace(model, config=replace(model.config, max_seconds=4.0), segmenter=None)
    motion = recording(1)
    described = describe(model, motion)
    prepared = model.prepare(motion)
    starts = [start for start, _ in windows(prepared, 4.0)]
    assert len(starts) > 1
    attention = described.attention()
    assert attention.shape == (len(described.transcript.words), prepared.frames)
    np.testing.assert_allclose(attention.sum(axis=1), 1, atol=1e-3)
    middles = attention @ np.arange(prepared.frames) / prepared.fps
    assert np.abs(middles - [word.time for word in described.transcript.words]).max() < 1.0


def test_another_sentence_an_empty_one_and_a_huge_map_have_no_attention(monkeypatch):
    described = describe(captioner(kind="transducer"), recording(2))
    words = len(described.transcript.words)
    assert words > 0
    assert described.attention() is not None
    assert replace(described, transcript=Transcript((), described.transcript.duration)).attention() is None
    assert replace(described, weights=()).attention() is None
    segments = described.transcript.segments
    sure = replace(segments[0], probability=0.1), *(replace(part, probability=0.9) for part in segments[1:])
    described = replace(described, transcript=replace(described.transcript, segments=sure))
    assert len(described.surer_than(0.5).transcript.words) < words
    assert described.surer_than(0.5).attention() is None
    monkeypatch.setattr(module, "LARGEST", 10)
    assert described.attention() is None


def test_many_recordings_are_searched_once(monkeypatch):
    model, motions = captioner(kind="transducer"), [recording(number) for number in range(3)]
    searched = []
    find = Captioner.search
    monkeypatch.setattr(Captioner, "search", lambda *given: searched.append(len(given[1])) or find(*given))
    described = list(model.describe_all(motions))
    assert all(one.attention() is not None for one in described)
    assert searched == [3]
