"""Numbers in text: bit for bit what Python's float makes of each word, however it is written."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from motion2language.formats import decimals
from motion2language.formats.decimals import parse_decimals

WRITTEN = st.builds(
    lambda value, form: form.format(value),
    st.floats(allow_nan=False, allow_infinity=False) | st.floats(-1000, 1000) | st.integers(-(10**18), 10**18),
    st.sampled_from(
        ["{}", "{:.6f}", "{:.4f}", "{:.6g}", "{:.12f}", "{:+.3f}", "{:e}", "{:.2E}", "{:.1f}", "{:015.7f}"]
    ),
)
ODD = st.sampled_from(
    "-0 -0.0 .5 5. -.5 +1 1e5 1E-05 1e+22 1e23 1e-400 007.50 1_000 inf -nan 123456789.25 1e05".split()
)
DIGITS = st.from_regex(r"[+-]?[0-9]{1,9}\.?[0-9]{1,9}([eE][+-]?[0-9]{1,2})?", fullmatch=True)
BLANKS = st.sampled_from([" ", "\t", "\n", "\r\n", "  ", "\f", "\x1c", "\x85", "\u2003"])


def as_float(text: str) -> np.ndarray:
    return np.array([float(word) for word in text.split()])


@given(st.lists(st.tuples(WRITTEN | ODD | DIGITS, BLANKS), max_size=30))
@example([("0.1", " "), ("9007199254740993", " "), ("0.30000000000000004", "\n")])
@example([("1", ""), ("2", "")])
@example([("90071992.54740993", " "), ("1e-23", " "), ("123456789012345e23", " ")])
def test_every_number_is_that_of_float(words):
    text = "".join(word + blank for word, blank in words)
    assert parse_decimals(text).tobytes() == as_float(text).tobytes()


@pytest.mark.parametrize(
    "word", "abc 1.2.3 1-2 --1 - . + e5 1e 1e2e3 1e2.5 1,5 1e-+5 0x10 1\x002 \x01 ½ -e1 .e1 1..2 +-1".split(" ")
)
def test_what_is_not_a_number_is_named(word):
    with pytest.raises(ValueError, match="could not convert string to float"):
        parse_decimals(f"1.5 2.5 {word} 3.5")


def test_a_long_text_is_cut_between_numbers(monkeypatch):
    words = [f"{value:.5f}" for value in np.random.default_rng(0).normal(0, 100, 500)]
    text = "Frame Time: " + " ".join(words)
    for block in (1, 7, 100, len(text) - 1, len(text)):
        monkeypatch.setattr(decimals, "_BLOCK", block)
        assert parse_decimals(text, len("Frame Time: ")).tolist() == [float(word) for word in words]


def test_no_text_has_no_numbers():
    assert parse_decimals("").tolist() == parse_decimals(" \n").tolist() == []
