"""Rules of programs with tiers: times are whole milliseconds, and no two marks of a tier share a time."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType

from motion2language.transcript import Segment, Transcript


def pympi() -> ModuleType:
    """The library that writes ELAN's and Praat's files; ValueError if it is not installed."""
    try:
        import pympi
    except ImportError:
        raise ValueError(
            "ELAN and Praat files need pympi-ling, which is not installed; pip install 'motion2language[annot]'"
        ) from None
    return pympi


def milliseconds(seconds: float) -> int:
    """The nearest whole millisecond."""
    return round(seconds * 1000)


def span(segment: Segment) -> tuple[int, int]:
    """Start and end in milliseconds, at least one apart."""
    start = milliseconds(segment.start)
    return start, max(milliseconds(segment.end), start + 1)


def length(transcript: Transcript) -> int:
    """The recording's length in milliseconds, at least one and no shorter than its segments."""
    return max([1, milliseconds(transcript.duration), *(span(segment)[1] for segment in transcript.segments)])


def layers(segments: Sequence[Segment]) -> list[list[Segment]]:
    """The segments in order of time, on the fewest layers without overlaps; at least one layer."""
    result: list[list[Segment]] = [[]]
    for segment in sorted(segments, key=span):
        free = (layer for layer in result if not layer or span(layer[-1])[1] <= span(segment)[0])
        layer = next(free, None)
        if layer is None:
            result.append([segment])
        else:
            layer.append(segment)
    return result


def tier_name(tier: str, layer: int) -> str:
    """A tier's name: `segments`, and `segments 2` for what overlaps it."""
    return tier if layer == 0 else f"{tier} {layer + 1}"


def moments(transcript: Transcript) -> list[tuple[int, int, str]]:
    """(moment, end, words) in milliseconds, in order of time; words with the same moment are joined.

    Words of unknown actions, which are guesses, are left out.
    The end is that of the words' window or the next moment, whichever comes first.
    """
    texts: dict[int, list[str]] = {}
    ends: dict[int, int] = {}
    for word in (word for segment in transcript.segments if segment.known for word in segment.words):
        moment = milliseconds(word.time)
        texts.setdefault(moment, []).append(word.word)
        ends[moment] = max(ends.get(moment, moment + 1), milliseconds(word.end))
    times = sorted(texts)
    return [(time, min([ends[time], *times[n + 1 : n + 2]]), " ".join(texts[time])) for n, time in enumerate(times)]
