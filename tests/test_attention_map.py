"""The attention map: the weights of a search, of one window or of several, laid out in the recording's time."""

import numpy as np
import pytest
from small import captioner, recording

from motion2language.captioning import attention_map as module
from motion2language.captioning.attention_map import attention_map
from motion2language.captioning.captioner import load_model, windows
from motion2language.language.vocabulary import UNK
from motion2language.transcript import Transcript


@pytest.mark.parametrize("beam", [1, 4])
@pytest.mark.parametrize("kind", ["attention", "transducer"])
def test_of_one_window_it_is_the_weights_of_its_words(kind, beam):
    model = captioner(kind=kind)
    motion = recording(2)
    transcript = model.transcribe(motion, beam=beam)
    (hypothesis,) = model.search([model.values(model.prepare(motion))], beam)
    spoken = hypothesis.tokens >= UNK
    found = attention_map(model, motion, transcript, beam=beam)
    assert found.shape == (len(transcript.words), model.prepare(motion).frames)
    np.testing.assert_allclose(found, hypothesis.weights[spoken], atol=1e-5)


def test_windows_stand_one_after_the_other_and_words_look_near_their_time():
    model = load_model("default")
    model = type(model)(**(vars(model) | {"config": model.config.model_copy(update={"max_seconds": 4.0})}))
    motion = recording(1)
    transcript = model.transcribe(motion)
    prepared = model.prepare(motion)
    starts = [start for start, _ in windows(prepared, 4.0)]
    assert len(starts) > 1
    found = attention_map(model, motion, transcript)
    assert found.shape == (len(transcript.words), prepared.frames)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-3)
    middles = found @ np.arange(prepared.frames) / prepared.fps
    assert np.abs(middles - [word.time for word in transcript.words]).max() < 1.0


def test_another_sentence_an_empty_one_and_a_huge_map_give_none(monkeypatch):
    model, motion = captioner(kind="transducer"), recording(2)
    transcript = model.transcribe(motion)
    assert len(transcript.words) > 0
    assert attention_map(model, motion, Transcript((), motion.duration)) is None
    assert attention_map(captioner(seed=3, kind="transducer"), motion, transcript) is None
    monkeypatch.setattr(module, "MOST", 10)
    assert attention_map(model, motion, transcript) is None
