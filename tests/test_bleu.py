"""scoring/bleu: BLEU by hand, as loops and as sacrebleu has it; both protocols, counts, limits."""

from __future__ import annotations

import math
import sys
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sacrebleu import corpus_bleu

from motion2language.language.vocabulary import SPECIALS, Vocabulary
from motion2language.scoring.bleu import bleu

SENTENCES = st.lists(st.sampled_from("a person walks turns left".split()), max_size=7).map(" ".join)
SPOKEN = SENTENCES.filter(bool)


def test_bleu_of_a_five_word_sentence_by_hand() -> None:
    scores = bleu([["a person walks forward quickly"]], ["a person walks forward slowly"])
    # 4 of 5 words, 3 of 4 pairs, 2 of 3 triples, 1 of 2 fours; equal lengths
    assert scores["bleu_1"] == pytest.approx(80.0)
    assert scores["bleu_2"] == pytest.approx(100 * (4 / 5 * 3 / 4) ** (1 / 2))
    assert scores["bleu_3"] == pytest.approx(100 * (4 / 5 * 3 / 4 * 2 / 3) ** (1 / 3))
    assert scores["bleu_4"] == pytest.approx(100 * (4 / 5 * 3 / 4 * 2 / 3 * 1 / 2) ** (1 / 4))
    assert (scores["clips"], scores["references"]) == (1, 1)


def test_bleu_of_a_short_sentence_pays_for_its_brevity() -> None:
    scores = bleu([["a person walks forward quickly"]], ["a person walks"])
    assert scores["bleu_1"] == scores["bleu_3"] == pytest.approx(100 * math.exp(1 - 5 / 3))
    assert scores["bleu_4"] == 0.0  # no four words in a row, and no smoothing makes up for it


def test_bleu_of_the_references_is_100() -> None:
    sentences = ["a person walks forward", "A person turns, then stops."]
    scores = bleu([[sentence, "someone moves"] for sentence in sentences], sentences)
    assert [scores[f"bleu_{order}"] for order in (1, 2, 3, 4)] == pytest.approx([100.0] * 4)
    assert (scores["clips"], scores["references"]) == (2, 4)


def test_bleu_ignores_case_and_punctuation() -> None:
    assert bleu([["A person, walks FORWARD."]], ["a person walks forward"])["bleu_4"] == pytest.approx(100.0)


def test_bleu_of_nothing_said_is_zero() -> None:
    scores = bleu([["a person walks"]], [""])
    assert [scores[f"bleu_{order}"] for order in (1, 2, 3, 4)] == [0.0] * 4
    assert scores["clips"] == 1


@given(st.lists(st.tuples(st.lists(SPOKEN, min_size=1, max_size=3), SENTENCES), min_size=1, max_size=4))
def test_bleu_equals_the_equation_written_as_loops(clips: list[tuple[list[str], str]]) -> None:
    references, hypotheses = [sentences for sentences, _ in clips], [sentence for _, sentence in clips]
    scores = bleu(references, hypotheses)
    for order in (1, 2, 3, 4):
        assert scores[f"bleu_{order}"] == pytest.approx(slow_bleu(references, hypotheses, order), abs=1e-6)
    assert scores["references"] == sum(map(len, references))


def slow_bleu(references: list[list[str]], hypotheses: list[str], most: int) -> float:
    """Papineni et al. 2002: clipped counts over all clips, closest reference length (the shorter of two)."""
    hits, totals = [0] * most, [0] * most
    given_length = wanted_length = 0
    for sentences, hypothesis in zip(references, hypotheses, strict=True):
        words = hypothesis.split()
        given_length += len(words)
        wanted_length += min((len(s.split()) for s in sentences), key=lambda n: (abs(n - len(words)), n))
        for order in range(1, most + 1):
            found = ngrams(words, order)
            allowed: Counter = Counter()
            for sentence in sentences:
                allowed |= ngrams(sentence.split(), order)
            hits[order - 1] += (found & allowed).total()
            totals[order - 1] += found.total()
    if not all(hits):
        return 0.0
    brevity = min(1.0, math.exp(1 - wanted_length / given_length))
    return 100 * brevity * math.exp(sum(math.log(h / t) for h, t in zip(hits, totals, strict=True)) / most)


def ngrams(words: list[str], order: int) -> Counter:
    return Counter(tuple(words[index : index + order]) for index in range(len(words) - order + 1))


def test_bleu_equals_sacrebleu() -> None:
    hypotheses = ["a person walks forward and turns left", "a man kicks with his right leg", "someone waves"]
    streams = [
        ["a person walks forward then turns left", "a person kicks with his right leg", "a person waves both hands"],
        ["someone walks and turns left", "a man kicks", "someone waves a hand"],
    ]
    expected = corpus_bleu(hypotheses, streams, tokenize="none", smooth_method="none", force=True).score
    assert 10 < expected < 90
    assert bleu(list(zip(*streams, strict=True)), hypotheses)["bleu_4"] == pytest.approx(expected)


def test_the_papers_protocol_keeps_eos_and_replaces_rare_words_and_the_clean_one_does_not() -> None:
    vocabulary = Vocabulary((*SPECIALS, "a", "person"))
    references, hypotheses = [["a person strolls"]], ["a person <unk>"]
    clean, paper = bleu(references, hypotheses), bleu(references, hypotheses, paper_vocabulary=vocabulary)
    assert clean["bleu_1"] == pytest.approx(100 * 2 / 3)
    assert clean["bleu_4"] == 0.0
    assert paper["bleu_4"] == pytest.approx(100.0)  # a person <unk> <eos>


@pytest.mark.parametrize(
    ("references", "hypotheses", "message"),
    [
        ([], [], "0 hypotheses for 0 clips; BLEU needs one each, at least one"),
        ([["a"]], ["a", "b"], "2 hypotheses for 1 clips"),
        ([["a"], []], ["a", "b"], "1 of 2 clips have no reference sentence; leave them out"),
    ],
)
def test_bleu_needs_a_hypothesis_and_a_reference_a_clip(
    references: list[list[str]], hypotheses: list[str], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        bleu(references, hypotheses)


def test_a_missing_sacrebleu_is_one_line_with_the_install_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sacrebleu.metrics.bleu", None)
    with pytest.raises(ValueError, match=r"pip install 'motion2language\[eval\]'"):
        bleu([["a"]], ["a"])
