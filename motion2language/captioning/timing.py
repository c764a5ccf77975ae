"""From frames to seconds and from tokens to words: a Hypothesis becomes a Transcript. Numpy only.

Frames become seconds and tokens become words in this file alone. A word's time is its position in the Hypothesis: where
the attention looked, or for a transducer the mean of the word's posterior. Its window reaches the half window D to both
sides, clipped to the recording. Segments follow the paper's grouping rule: the sentence is cut at each action word, and
segment m runs from [time of its action word - D] to [time of the last word before the next action word + D].

Departures from the paper: words before the first action word belong to the first segment (whose start stays that of
the action word), so that segments partition the sentence; the paper gives them to no segment. The last segment ends
at its last word, not at <eos>. Words that lead to the next action ("and then is") are printed with that action; the
times of both segments stay those of the rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from itertools import pairwise

import numpy as np

from motion2language.captioning.hypothesis import Hypothesis
from motion2language.language.actions import ActionLexicon
from motion2language.language.agreement import agreement
from motion2language.language.vocabulary import UNK, Vocabulary
from motion2language.transcript import Segment, TimedWord, Transcript

#: Words that belong to the action word after them, not to the action before. Chosen.
LEADING = frozenset("and then after afterwards that next before while finally is are was were".split())
#: Ends the words of a piece that does what the piece before did.
AGAIN = "again"
#: Words that go on from an action before, with which a sentence cannot begin. Chosen.
JOINING = frozenset("and then after afterwards before while finally".split())
#: Words that cannot end a sentence. Chosen: of KIT-ML's 11,670 sentences 42 end with one ("stops afterwards").
LOOSE = LEADING | frozenset("a an the to with of from both his her its their few very".split())


def transcribe(
    hypothesis: Hypothesis,
    vocabulary: Vocabulary,
    lexicon: ActionLexicon,
    *,
    fps: float,
    half_window: float,
    duration: float,
    source: str = "",
    model: str = "",
) -> Transcript:
    """The transcript of a hypothesis; a sentence without words has no segments.

    fps          frame rate of the hypothesis' positions
    half_window  D, seconds
    duration     of the recording, seconds
    """
    words = timed_words(hypothesis, vocabulary, fps=fps, half_window=half_window, duration=duration)
    segments = segments_by_rule(words, lexicon, duration, 1 / fps)
    if hypothesis.drawn and segments and segments[0].label is not None:
        segments = _with_probabilities(segments, hypothesis.drawn, vocabulary, lexicon)
    return Transcript(segments, duration, source, model)


def with_agreement(hypothesis: Hypothesis, drawn: Sequence[tuple[int, ...]]) -> Hypothesis:
    """The hypothesis with each word as probable as the share of the drawn sentences that have it in its place."""
    shares = agreement(hypothesis.tokens.tolist(), drawn)
    log_probs = np.log(np.maximum(shares, 1e-9)).astype(np.float32)
    return replace(hypothesis, word_log_probs=log_probs, drawn=tuple(drawn))


def timed_words(
    hypothesis: Hypothesis, vocabulary: Vocabulary, *, fps: float, half_window: float, duration: float
) -> tuple[TimedWord, ...]:
    """The sentence's words with time, window (seconds, clipped to the recording) and probability.

    Special tokens are dropped; an unknown word stays as <unk>.
    """
    times = np.clip(hypothesis.positions.astype(np.float64) / fps, 0.0, duration)
    chances = np.exp(hypothesis.word_log_probs.astype(np.float64))
    return tuple(
        TimedWord(
            vocabulary.words[token],
            float(time),
            float(max(0.0, time - half_window)),
            float(min(duration, time + half_window)),
            float(min(1.0, chance)),
        )
        for token, time, chance in zip(hypothesis.tokens, times, chances, strict=True)
        if token >= UNK
    )


def group(words: Sequence[TimedWord], lexicon: ActionLexicon) -> list[tuple[str | None, int, tuple[TimedWord, ...]]]:
    """The sentence cut at its action words: (label, index of the action word in the group, the group's words).

    The first group also holds the words before its action word. A sentence without an action word is one group with
    label None; a sentence without words has no groups.
    """
    if not words:
        return []
    actions = lexicon.find([word.word for word in words])
    if not actions:
        return [(None, 0, tuple(words))]
    starts = [0, *(index for index, _ in actions[1:])]
    ends = [*starts[1:], len(words)]
    return [
        (label, index - start, tuple(words[start:end]))
        for (index, label), start, end in zip(actions, starts, ends, strict=True)
    ]


def segments_by_rule(
    words: Sequence[TimedWord], lexicon: ActionLexicon, duration: float, shortest: float
) -> tuple[Segment, ...]:
    """Segments by the paper's rule, clipped to the recording, each at least `shortest` seconds (or all of it)."""
    shortest = min(shortest, duration)
    segments = []
    for label, action, members in group(words, lexicon):
        end = max(members[-1].end, members[action].time, shortest)
        start = min(members[action].start, end - shortest)
        segments.append(Segment(start, end, label, members, bounded_by="windows"))
    return _move_leading_words(segments)


def _with_probabilities(
    segments: Sequence[Segment], drawn: Sequence[Sequence[int]], vocabulary: Vocabulary, lexicon: ActionLexicon
) -> tuple[Segment, ...]:
    """The segments, each with the share of the drawn sentences that name its action in its place."""
    found = {
        tokens: tuple(label for _, label in lexicon.find([vocabulary.words[token] for token in tokens]))
        for tokens in set(map(tuple, drawn))
    }
    actions = [found[tuple(tokens)] for tokens in drawn]
    shares = agreement([segment.label for segment in segments], actions)
    return tuple(replace(segment, probability=float(share)) for segment, share in zip(segments, shares, strict=True))


def _move_leading_words(segments: Sequence[Segment]) -> tuple[Segment, ...]:
    """The segments with the leading words at the end of each moved to the next; a segment keeps its first word."""
    words = [list(segment.words) for segment in segments]
    for before, after in pairwise(words):
        while len(before) > 1 and before[-1].word in LEADING:
            after.insert(0, before.pop())
    return tuple(replace(segment, words=tuple(members)) for segment, members in zip(segments, words, strict=True))


def without_loose_end(words: Sequence[str]) -> int:
    """The number of words to keep of a sentence that was cut off, so that it ends with a word that may end it."""
    return next((count for count in range(len(words), 0, -1) if words[count - 1] not in LOOSE), 0)


def without_babble(words: Sequence[str], actions: AbstractSet[int]) -> list[int]:
    """Which words of a sentence to keep, so that none is said twice in a row and it does not begin by going on.

    A phrase that follows itself stays once, unless it holds an action word. "And then" does not begin a sentence.

    actions  the indices of the action words

    >>> words = "and then a happy left happy left left left then kicks then kicks".split()
    >>> " ".join(words[index] for index in without_babble(words, {10, 12}))
    'a happy left then kicks then kicks'
    """
    begins = next((index for index, word in enumerate(words) if word not in JOINING), len(words))
    kept = list(range(begins if begins < len(words) else 0, len(words)))
    for length in range(1, len(kept) // 2 + 1):
        index = 0
        while index + 2 * length <= len(kept):
            first, second = kept[index : index + length], kept[index + length : index + 2 * length]
            same = [words[at] for at in first] == [words[at] for at in second]
            if same and (length == 1 or not actions & set(second)):
                del kept[index + length : index + 2 * length]
            else:
                index += 1
    return kept


def anchors(transcript: Transcript, lexicon: ActionLexicon) -> list[float]:
    """The time of each segment's action word, seconds; without one, of its first word."""
    times = []
    for segment in transcript.segments:
        actions = lexicon.find([word.word for word in segment.words])
        index = next((index for index, label in actions if label == segment.label), 0)
        times.append(segment.words[index].time if segment.words else (segment.start + segment.end) / 2)
    return times
