"""Does a transcript name a recording's action? Strictly: the words of its longest segment must.

For recordings of one labelled action each, of many people and sources. A segment's words are read by the table of
actions (data/actions.toml), whatever model said them, so models with different words are compared alike. Two actions
count as the same when the table gives them one verb: "draws a circle" is right for a square, "waves both hands" for a
wave; `APART` lists the exceptions. A share is given per source, as the mean over sources, and over all recordings.
Actions are scored in two groups: those of the thirteen verbs that models without the people's recordings know, and all
others.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from motion2language.data.actions import Actions
from motion2language.language.phrases import PhraseIndex
from motion2language.transcript import Segment, Transcript

#: The verbs of a model trained on BNR-Compose and `synthetic` alone.
KNOWN = frozenset("walk run turn jump bow squat sit kick punch clap point wave raise".split())
#: Actions with such a verb that nobody would take for it: they are others, and only their own name is right.
APART = frozenset(("sit still", "jumping jack"))
GROUPS = ("known", "other")
SIDES = frozenset(("left", "right"))


@dataclass(frozen=True)
class Answer:
    """What a model says one recording shows.

    wanted  the action that its label means
    said    the action that the words of the longest segment name; None when they name none
    right   whether that is the wanted one
    named   whether the words of some segment name the wanted one
    sides   the side that its label says and the sides that the sentence says; "" and () when unknown or unsaid
    marks   what else is known of the recording, to score parts of a corpus: {"group": "child"}
    """

    name: str
    source: str
    wanted: str
    said: str | None
    right: bool
    named: bool
    known: bool
    side: str = ""
    sides: frozenset[str] = frozenset()
    marks: Mapping[str, str] = field(default_factory=dict)

    @property
    def group(self) -> str:
        """Its key in GROUPS."""
        return GROUPS[0] if self.known else GROUPS[1]


class Reader:
    """Reads the action out of a segment's words, by the table of actions."""

    def __init__(self, actions: Actions) -> None:
        self.actions = actions
        self._phrases = PhraseIndex(actions.named)

    def action(self, words: Sequence[str]) -> str | None:
        """The action that the words name first; None when they name none."""
        for index, word in enumerate(words):
            found = self._phrases.find(words, index, len(words)) if word in self._phrases else None
            if found is not None:
                return found.label
        return None

    def answer(
        self, name: str, source: str, wanted: str, transcript: Transcript, side: str = "", **marks: str
    ) -> Answer:
        """The answer that a transcript gives of a recording whose label means the action `wanted`."""
        segment = longest(transcript)
        words = _words(segment) if segment else []
        said = self.action(words)
        everything = [self.action(_words(segment)) for segment in transcript.segments]
        return Answer(
            name,
            source,
            wanted,
            said,
            self._same(said, wanted),
            any(self._same(action, wanted) for action in everything),
            self.kind(wanted) in KNOWN,
            side,
            SIDES & set(words),
            marks,
        )

    def _same(self, said: str | None, wanted: str) -> bool:
        return said is not None and self.kind(said) == self.kind(wanted)

    def kind(self, action: str) -> str:
        """What must agree for two actions to count as the same: the verb, or the action itself if it is in APART."""
        return action if action in APART else self.actions.verb(action)


def longest(transcript: Transcript) -> Segment | None:
    """The longest segment, the first of several; None when nothing was said."""
    return max(transcript.segments, key=lambda segment: segment.end - segment.start, default=None)


def _words(segment: Segment) -> list[str]:
    return [word.word for word in segment.words]


def summarise(answers: Sequence[Answer]) -> dict[str, float]:
    """`known` and `other`, each the mean over sources; "known/recordings" is over recordings, "known/named" over those
    named by any segment, "known/n" their number."""
    result: dict[str, float] = {}
    for group in GROUPS:
        members = [answer for answer in answers if answer.group == group]
        if members:
            result[group] = float(np.mean(list(by_source(members).values())))
            result[f"{group}/recordings"] = float(np.mean([answer.right for answer in members]))
            result[f"{group}/named"] = float(np.mean([answer.named for answer in members]))
            result[f"{group}/n"] = len(members)
    return result


def by_source(answers: Iterable[Answer]) -> dict[str, float]:
    """Share of right answers of each source."""
    rights: dict[str, list[bool]] = defaultdict(list)
    for answer in answers:
        rights[answer.source].append(answer.right)
    return {source: float(np.mean(values)) for source, values in sorted(rights.items())}


def wrong_sides(answers: Iterable[Answer]) -> tuple[int, int]:
    """Of the answers that say one side where the label says left or right: how many say the wrong one, and how many."""
    told = [answer for answer in answers if answer.side in SIDES and len(answer.sides) == 1]
    return sum(answer.side not in answer.sides for answer in told), len(told)


def confusions(answers: Iterable[Answer], least: int = 2) -> dict[str, list[tuple[str, int]]]:
    """Action -> the wrong names that it was given and how often, the most frequent first, from `least` times on."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for answer in answers:
        if not answer.right:
            counts[answer.wanted][answer.said or "nothing"] += 1
    common = {
        wanted: [(said, count) for said, count in said_counts.most_common() if count >= least]
        for wanted, said_counts in counts.items()
    }
    order = sorted(common, key=lambda wanted: (-sum(count for _, count in common[wanted]), wanted))
    return {wanted: common[wanted] for wanted in order if common[wanted]}


def baselines(
    reader: Reader, training: Sequence[tuple[str, str]], answers: Sequence[Answer]
) -> dict[str, list[Answer]]:
    """The answers of baselines that do not see the motion, by their names.

    training  (source, action) of each training recording

    One always says the commonest action of the training recordings; one that of the training recordings of the same
    source, which no model knows. Both are given the group (known or other) of each recording.
    """
    counts: dict[tuple[str, bool], Counter[str]] = defaultdict(Counter)
    for source, action in training:
        kind = reader.kind(action)
        counts[source, kind in KNOWN][kind] += 1
        counts["", kind in KNOWN][kind] += 1

    def guess(answer: Answer, source: str) -> Answer:
        usual = counts[source, answer.known].most_common(1)
        said = usual[0][0] if usual else None
        right = said == reader.kind(answer.wanted)
        return replace(answer, said=said, right=right, named=right, sides=frozenset())

    return {
        "baseline: commonest action": [guess(answer, "") for answer in answers],
        "baseline: commonest action of the source": [guess(answer, answer.source) for answer in answers],
    }
