"""timing: positions become seconds, tokens become words, a sentence is cut at its action words; by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from motion2language.captioning.hypothesis import Hypothesis
from motion2language.captioning.timing import (
    anchors,
    group,
    segments_by_rule,
    timed_words,
    transcribe,
    without_loose_end,
)
from motion2language.language.actions import ActionLexicon
from motion2language.language.vocabulary import EOS, PAD, SOS, SPECIALS, UNK, Vocabulary
from motion2language.transcript import Segment, TimedWord, Transcript

VOCABULARY = Vocabulary((*SPECIALS, "a", "person", "walks", "then", "turns", "left", "walking"))
LEXICON = ActionLexicon({"walks": "walk", "walking": "walk", "turns": "turn"})
FRAMES = 40


def said(sentence: str, positions: list[float], log_probs: list[float] | None = None) -> Hypothesis:
    """The hypothesis of a sentence; positions in frames."""
    tokens = np.array([VOCABULARY.words.index(word) for word in sentence.split()], dtype=np.int64)
    chances = np.log(np.full(len(tokens), 0.5)) if log_probs is None else np.array(log_probs)
    weights = np.zeros((len(tokens), FRAMES), np.float32)
    return Hypothesis(tokens, np.array(positions, np.float32), weights, float(chances.sum()), chances)


def words_at(sentence: str, times: list[float], half_window: float = 0.5, duration: float = 4.0) -> list[TimedWord]:
    return [
        TimedWord(word, time, max(0, time - half_window), min(duration, time + half_window))
        for word, time in zip(sentence.split(), times, strict=True)
    ]


def spans(segments: tuple[Segment, ...]) -> list[tuple[str | None, float, float, str]]:
    return [(part.label, round(part.start, 6), round(part.end, 6), part.text) for part in segments]


# Words


def test_a_position_in_frames_becomes_a_time_in_seconds() -> None:
    words = timed_words(said("a walks", [5, 12.5]), VOCABULARY, fps=10, half_window=0.5, duration=4.0)
    assert [(word.word, word.time, word.start, word.end) for word in words] == [
        ("a", 0.5, 0.0, 1.0), ("walks", 1.25, 0.75, 1.75),
    ]  # fmt: skip


def test_the_clock_is_the_encoders() -> None:
    (word,) = timed_words(said("walks", [30]), VOCABULARY, fps=20, half_window=0.25, duration=2.0)
    assert (word.time, word.start, word.end) == (1.5, 1.25, 1.75)


def test_a_window_is_clipped_to_the_recording_and_does_not_wrap() -> None:
    words = timed_words(said("a walks", [0, 39]), VOCABULARY, fps=10, half_window=0.5, duration=4.0)
    assert [(word.start, word.time, word.end) for word in words] == [(0.0, 0.0, 0.5), (3.4, 3.9, 4.0)]


def test_a_window_wider_than_the_clip_is_the_clip() -> None:
    words = timed_words(said("a walks", [3, 39]), VOCABULARY, fps=10, half_window=60, duration=4.0)
    assert {(word.start, word.end) for word in words} == {(0.0, 4.0)}


def test_a_position_past_a_short_recording_is_its_end() -> None:
    # The encoder's clock rounds the number of frames up, the recording may be shorter by part of a frame.
    (word,) = timed_words(said("walks", [39]), VOCABULARY, fps=10, half_window=0.5, duration=3.85)
    assert (word.start, word.time, word.end) == (3.35, 3.85, 3.85)


def test_without_a_window_a_word_is_a_moment() -> None:
    (word,) = timed_words(said("walks", [5]), VOCABULARY, fps=10, half_window=0, duration=4.0)
    assert word.start == word.time == word.end == 0.5


def test_probabilities_come_from_log_probabilities_and_never_exceed_one() -> None:
    words = timed_words(
        said("a walks", [0, 1], [float(np.log(0.25)), 1e-7]), VOCABULARY, fps=10, half_window=1, duration=4.0
    )
    assert words[0].probability == pytest.approx(0.25)
    assert words[1].probability == 1.0


def test_specials_are_left_out_and_an_unknown_word_stays() -> None:
    sentence = " ".join(SPECIALS[special] for special in (SOS, UNK, PAD, EOS)) + " walks"
    words = timed_words(said(sentence, [0, 10, 20, 30, 39]), VOCABULARY, fps=10, half_window=0.1, duration=4.0)
    assert [(word.word, word.time) for word in words] == [("<unk>", 1.0), ("walks", 3.9)]


# Grouping


def test_a_sentence_is_cut_at_each_action_word_and_opens_with_the_words_before_the_first() -> None:
    words = words_at("a person walks then turns left", [0.0, 0.2, 1.0, 1.5, 3.0, 3.5])
    assert [(label, action, [w.word for w in part]) for label, action, part in group(words, LEXICON)] == [
        ("walk", 2, ["a", "person", "walks", "then"]),
        ("turn", 0, ["turns", "left"]),
    ]


def test_without_an_action_word_the_sentence_is_one_group_and_without_words_there_is_none() -> None:
    words = words_at("a person left", [0.0, 0.2, 1.0])
    assert group(words, LEXICON) == [(None, 0, tuple(words))]
    assert group([], LEXICON) == []


@given(st.lists(st.sampled_from("a person walks then turns left <unk>".split()), max_size=8))
def test_groups_part_the_sentence(sentence: list[str]) -> None:
    words = words_at(" ".join(sentence), [0.1 * index for index in range(len(sentence))])
    groups = group(words, LEXICON)
    assert [word for _, _, part in groups for word in part] == words
    for label, action, part in groups:
        assert label == LEXICON.forms.get(part[action].word)


# Segments


def test_a_segment_runs_from_its_action_word_less_the_window_to_its_last_word_plus_the_window() -> None:
    words = words_at("a person walks then turns left", [0.0, 0.2, 1.0, 1.5, 3.0, 3.2])
    assert spans(segments_by_rule(words, LEXICON, 4.0, 0.1)) == [
        ("walk", 0.5, 2.0, "a person walks"),  # [1.0 - 0.5, 1.5 + 0.5], the time of "then" counts
        ("turn", 2.5, 3.7, "then turns left"),  # [3.0 - 0.5, 3.2 + 0.5]
    ]


def test_words_that_lead_over_are_printed_with_the_next_action_and_times_stay() -> None:
    words = words_at("walks left and then is walking then turns and", [0.5, 1, 1.5, 1.6, 1.7, 2, 2.5, 3, 3.5])
    assert spans(segments_by_rule(words, LEXICON, 4.0, 0.1)) == [
        ("walk", 0.0, 2.2, "walks left"),
        ("walk", 1.5, 3.0, "and then is walking"),
        ("turn", 2.5, 4.0, "then turns and"),  # nothing follows: its last word stays
    ]


@pytest.mark.parametrize(
    ("sentence", "kept"),
    [
        ("a person walks and then", "a person walks"),
        ("a person walks then is", "a person walks"),
        ("a person makes a turn to the", "a person makes a turn"),
        ("a person waves with both", "a person waves"),
        ("a person then walks to the left", "a person then walks to the left"),
        ("and then", ""),
        ("", ""),
    ],
)
def test_a_sentence_cut_off_does_not_end_with_words_that_lead_to_nothing(sentence: str, kept: str) -> None:
    words = sentence.split()
    assert " ".join(words[: without_loose_end(words)]) == kept


def test_a_segment_keeps_its_only_word() -> None:
    lexicon = ActionLexicon({"then": "then", "turns": "turn"})
    assert [part.text for part in segments_by_rule(words_at("then turns", [1, 2]), lexicon, 4.0, 0.1)] == [
        "then", "turns",
    ]  # fmt: skip


def test_segments_end_with_the_recording() -> None:
    words = words_at("walks turns", [0.1, 3.9])
    assert spans(segments_by_rule(words, LEXICON, 4.0, 0.1)) == [
        ("walk", 0.0, 0.6, "walks"),
        ("turn", 3.4, 4.0, "turns"),
    ]


def test_a_segment_whose_words_look_back_still_holds_its_action_word() -> None:
    # Soft attention may place "left" before "turns".
    words = words_at("turns left", [3.0, 0.5], half_window=0.25)
    assert spans(segments_by_rule(words, LEXICON, 4.0, 0.1)) == [("turn", 2.75, 3.0, "turns left")]


def test_a_segment_lasts_at_least_the_shortest_time_or_the_whole_recording() -> None:
    moment = words_at("walks", [2.0], half_window=0)
    assert spans(segments_by_rule(moment, LEXICON, 4.0, 0.1)) == [("walk", 1.9, 2.0, "walks")]
    first = words_at("walks", [0.0], half_window=0)
    assert spans(segments_by_rule(first, LEXICON, 4.0, 0.1)) == [("walk", 0.0, 0.1, "walks")]
    assert spans(segments_by_rule(first, LEXICON, 0.05, 0.1)) == [("walk", 0.0, 0.05, "walks")]


# All of it


def transcript_of(hypothesis: Hypothesis, half_window: float = 0.5, duration: float = 4.0) -> Transcript:
    return transcribe(
        hypothesis, VOCABULARY, LEXICON, fps=10, half_window=half_window, duration=duration, source="x", model="m"
    )


def test_a_hypothesis_becomes_a_transcript() -> None:
    transcript = transcript_of(said("a person walks then turns left", [0, 2, 10, 15, 30, 32]))
    assert spans(transcript.segments) == [
        ("walk", 0.5, 2.0, "a person walks"), ("turn", 2.5, 3.7, "then turns left"),
    ]  # fmt: skip
    assert (transcript.duration, transcript.source, transcript.model) == (4.0, "x", "m")
    assert transcript.text == "a person walks then turns left"
    assert [word.time for word in transcript.words] == pytest.approx([0.0, 0.2, 1.0, 1.5, 3.0, 3.2])


@pytest.mark.parametrize("sentence", ["", "<eos>", "<sos> <pad>"])
def test_a_sentence_without_words_has_no_segments(sentence: str) -> None:
    transcript = transcript_of(said(sentence, [1.0] * len(sentence.split())))
    assert (transcript.segments, transcript.text, anchors(transcript, LEXICON)) == ((), "", [])


def test_one_word() -> None:
    assert spans(transcript_of(said("walks", [10])).segments) == [("walk", 0.5, 1.5, "walks")]
    assert spans(transcript_of(said("left", [10])).segments) == [(None, 0.5, 1.5, "left")]


def test_only_unknown_words_are_one_segment_without_a_label() -> None:
    transcript = transcript_of(said("<unk> <unk>", [10, 20]))
    assert spans(transcript.segments) == [(None, 0.5, 2.5, "<unk> <unk>")]
    assert anchors(transcript, LEXICON) == [1.0]


def test_a_window_wider_than_the_clip_makes_every_segment_the_clip() -> None:
    transcript = transcript_of(said("walks then turns", [0, 20, 39]), half_window=60)
    assert [(part.start, part.end) for part in transcript.segments] == [(0, 4), (0, 4)]


def test_without_a_window_a_segment_lasts_a_frame() -> None:
    assert spans(transcript_of(said("walks", [20]), half_window=0).segments) == [("walk", 1.9, 2.0, "walks")]


def test_a_recording_of_one_frame() -> None:
    transcript = transcript_of(said("walks turns", [0, 0]), duration=0.1)
    assert [(part.start, part.end) for part in transcript.segments] == [(0, 0.1), (0, 0.1)]


@given(
    st.lists(st.tuples(st.sampled_from(VOCABULARY.words), st.floats(0, FRAMES - 1, width=32)), max_size=8),
    st.floats(0, 5),
    st.floats(0.01, 5),
)
def test_any_hypothesis_makes_a_sound_transcript(
    content: list[tuple[str, float]], half_window: float, duration: float
) -> None:
    hypothesis = said(" ".join(word for word, _ in content), [position for _, position in content])
    transcript = transcript_of(hypothesis, half_window, duration)
    assert transcript.text.split() == VOCABULARY.decode(hypothesis.tokens)
    for segment, anchor in zip(transcript.segments, anchors(transcript, LEXICON), strict=True):
        assert segment.start <= anchor <= segment.end <= duration


# Anchors


def test_an_anchor_is_the_time_of_the_action_word() -> None:
    transcript = transcript_of(said("a person walks then turns left", [0, 2, 10, 15, 30, 32]))
    assert anchors(transcript, LEXICON) == pytest.approx([1.0, 3.0])


def test_an_anchor_belongs_to_the_segments_own_action() -> None:
    words = tuple(words_at("walks turns", [1.0, 2.0]))
    assert anchors(Transcript((Segment(0.0, 3.0, "turn", words),), 4.0), LEXICON) == [2.0]


def test_a_segment_without_words_is_anchored_in_its_middle() -> None:
    assert anchors(Transcript((Segment(1.0, 2.0, "walk"),), 4.0), LEXICON) == [1.5]


def test_a_segment_without_its_action_word_is_anchored_at_its_first_word() -> None:
    words = tuple(words_at("a person left", [0.5, 1.0, 1.5]))
    assert anchors(Transcript((Segment(0.0, 2.0, "dance", words),), 4.0), LEXICON) == [0.5]
