"""Decimal numbers in text, all at once: the same values as Python's float, several times faster.

A number such as -12.345 is the integer 12345 over 10**3, negative. Integer and power are exact in double precision up
to 15 digits and 10**22, so one division or product is rounded correctly (Clinger 1990, "How to read floating point
numbers accurately"). Eight digits are read as one 64-bit word. Longer numbers, and whatever else Python's float takes,
are left to it, number by number.
"""

from __future__ import annotations

import re

import numpy as np

_DECIMAL_POINT = re.compile(r"\d\.\d")
_DECIMAL_COMMA = re.compile(r"(?<![\d,.])(\d+),(\d+)(?![\d,.])")
_BLANK = re.compile(r"\s")
_BLOCK = 2**17  # characters parsed at once, so that what they become stays in the processor's cache; chosen
_WORD = 8  # digits read at once: the bytes of a 64-bit word
_MARGIN = b" " * 2 * _WORD  # before the text, so that two words end at any number
_MOST_DIGITS, _MOST_POWER = 15, 22  # exact in double precision
_POWERS = 10.0 ** np.arange(_MOST_POWER + 1)
_LOWER_CASE = 0x20  # the bit that makes E an e


def parse_decimals(text: str, start: int = 0) -> np.ndarray:
    """The numbers (N,) float64 of a text from `start` on, between white space; ValueError names what is not a number.

    >>> parse_decimals("1.5 -2\\n3e2").tolist()
    [1.5, -2.0, 300.0]
    """
    blocks, first = [], start
    while first < len(text):
        blank = _BLANK.search(text, first + _BLOCK)
        last = blank.start() if blank else len(text)
        blocks.append(_parse(text[first:last]))
        first = last
    return np.concatenate(blocks) if blocks else np.zeros(0)


def with_decimal_points(text: str) -> str:
    """A text of numbers with decimal points where it has decimal commas: commas in numbers, and not one decimal point.

    >>> with_decimal_points("0,05 -95,0"), with_decimal_points("1,5 2.5"), with_decimal_points("1,2,3")
    ('0.05 -95.0', '1,5 2.5', '1,2,3')
    """
    return _DECIMAL_COMMA.sub(r"\1.\2", text) if "," in text and not _DECIMAL_POINT.search(text) else text


def _parse(text: str) -> np.ndarray:
    """As parse_decimals, all in memory at once."""
    raw = _MARGIN + text.encode() + b" "
    characters = np.frombuffer(raw, np.uint8)
    if not raw.isascii() or (characters < ord("\t")).any() or ((characters - 14) < 14).any():
        return np.array([float(word) for word in text.split()])  # other digits, other white space, control characters
    blanks = np.flatnonzero(characters <= ord(" "))
    before = np.flatnonzero(blanks[1:] - blanks[:-1] > 1)  # the blanks that a number follows
    starts, ends = blanks[before] + 1, blanks[before + 1]
    values, exact = _read(characters, starts, ends)
    for number in np.flatnonzero(~exact).tolist():
        values[number] = float(text[starts[number] - len(_MARGIN) : ends[number] - len(_MARGIN)])
    return values


def _read(characters: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The value of each number, and whether it is exact; the others may be anything."""
    first = characters[starts]
    negative = first == ord("-")
    mantissas = _find(characters | _LOWER_CASE == ord("e"), starts, ends)
    dots = _find_dots(characters, starts, mantissas)
    whole, fraction = dots - starts - (negative | (first == ord("+"))), np.maximum(mantissas - dots - 1, 0)
    digits, power = whole + fraction, -fraction
    exact = (whole <= _WORD) & (digits > 0) & (digits <= _MOST_DIGITS)
    values = _digits(_joined(characters, dots, mantissas, fraction), digits)
    if (long := np.flatnonzero(digits > _WORD)).size:
        values[long] = _long(characters, dots[long], mantissas[long], whole[long], fraction[long])
    if (raised := np.flatnonzero(mantissas < ends)).size:
        places, stops = mantissas[raised], ends[raised]
        down, up = (characters[places + 1] == ord(sign) for sign in "-+")
        count = stops - places - 1 - (down | up)
        power[raised] += np.where(down, -1, 1) * _digits(_words(characters, stops), count).astype(int)
        digits[raised] += count
        exact[raised] &= (count > 0) & (count <= 3)
    known = (characters - ord("0")) < 10
    if np.count_nonzero(known) != digits.sum():  # a number has something else where digits should be
        exact &= np.add.reduceat(known, starts, dtype=np.int64) == digits
    exact &= np.abs(power) <= _MOST_POWER
    scale = _POWERS[np.minimum(np.abs(power), _MOST_POWER)]
    np.divide(values, scale, out=values, where=power < 0)
    np.multiply(values, scale, out=values, where=power > 0)
    values *= 1.0 - 2.0 * negative
    return values, exact


def _find_dots(characters: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """For each number the place of its decimal point, or its end; most files have as many digits behind each."""
    marked = characters == ord(".")
    if len(ends):
        dots = ends - (ends[0] - starts[0] - int(marked[starts[0] : ends[0]].argmax()))
        if np.count_nonzero(marked) == len(ends) and (dots >= starts).all() and marked[dots].all():
            return dots
    return _find(marked, starts, ends)


def _find(marked: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """For each number the place of its last marked character, or its end."""
    places = np.flatnonzero(marked)
    if len(places) == len(ends) and (places >= starts).all() and (places < ends).all():
        return places
    found, owners = ends.copy(), np.searchsorted(ends, places, side="right")
    inside = owners < len(ends)
    found[owners[inside]] = places[inside]
    return found


def _words(characters: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """The eight characters before each of `ends` as one word, the last one in its highest byte."""
    return np.ndarray(len(characters) - _WORD + 1, "<u8", characters.data, strides=(1,))[ends - _WORD]


def _joined(characters: np.ndarray, dots: np.ndarray, ends: np.ndarray, fraction: np.ndarray) -> np.ndarray:
    """The last eight digits of each number as one word, without its decimal point."""
    unused = (8 * (_WORD - np.minimum(fraction, _WORD))).astype(np.uint64)
    behind = _words(characters, ends) >> unused << unused  # a shift by all 64 bits leaves nothing
    return behind | _words(characters, dots) >> (64 - unused)


def _long(
    characters: np.ndarray, dots: np.ndarray, ends: np.ndarray, whole: np.ndarray, fraction: np.ndarray
) -> np.ndarray:
    """The integers (N,) of numbers of more than eight digits without their decimal points; float64."""
    values = _digits(_words(characters, dots), whole) * _POWERS[np.minimum(fraction, _MOST_DIGITS)]
    values += _digits(_words(characters, ends), fraction)
    if (longer := np.flatnonzero(fraction > _WORD)).size:
        before = _words(characters, ends[longer] - _WORD)
        values[longer] += _digits(before, fraction[longer] - _WORD) * 10.0**_WORD
    return values


def _digits(words: np.ndarray, count: np.ndarray) -> np.ndarray:
    """The integers (N,) of the last `count` digits, at most eight, of words; float64."""
    unused = (8 * (_WORD - np.clip(count, 0, _WORD))).astype(np.uint64)
    words = (words >> unused << unused) & 0x0F0F0F0F0F0F0F0F
    # Neighbours are joined: digits to pairs, pairs to fours, fours to eight.
    words = (words * (10 << 8 | 1) >> 8) & 0x00FF00FF00FF00FF
    words = (words * (100 << 16 | 1) >> 16) & 0x0000FFFF0000FFFF
    return (words * (10000 << 32 | 1) >> 32).astype(np.float64)
