"""`m2l reproduce takes`: are the actions of whole takes found, named and bounded?

Takes whose actions people cut by hand; takes in which they marked an instant for every repetition, of people held out
of training; sessions put together from single actions of the same people; BNR-Compose's test motions of several
actions. Each model describes whole takes, one that cuts also by one sentence; beside them stand cuts that need no model
and are told the verbs. Tables stand in OUT/table.md, transcripts in OUT/MODEL/, what is true in OUT/truth/.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from motion2language.captioning.captioner import Captioner
from motion2language.captioning.joining import join_labels, without_unknown
from motion2language.captioning.loading import load_model
from motion2language.captioning.model_folder import names_apart
from motion2language.data import corpora
from motion2language.data.actions import Actions, load_actions
from motion2language.data.labelled.form import read_motion
from motion2language.data.labelled.persons import split_by_person
from motion2language.data.labelled.selection import Usable, choose, choose_cut, read_selection
from motion2language.data.progress import progress_bar
from motion2language.files import make_folder, write_text
from motion2language.motion import CANONICAL, Motion
from motion2language.scoring.baselines import cut_transcript, equal_cuts
from motion2language.scoring.reliability import calibration_error
from motion2language.scoring.takes import COLUMNS, instant_scores, take_reliability, take_scores
from motion2language.training.segmenting.compose import Pool
from motion2language.training.segmenting.recordings import recordings_of
from motion2language.training.segmenting.units import units_of
from motion2language.transcript import Segment, Transcript
from motion2language.writers import write

FPS = 10.0  # of sessions
SESSIONS, SECONDS = 40, 40.0  # sessions composed, and how long each is; chosen
ONE_SENTENCE = "-sentence"  # after a model's name: it says one sentence for all of a take
CLAIMED = "-known"  # after a model's name: without the segments that it calls unknown
TRUTH = "truth"  # folder of the segments that are right
CUTS = ("ruptures, n known", "ruptures, n unknown")


@dataclass(frozen=True, eq=False)
class Take:
    """A recording, the segments that people cut (or that a composition knows), and the instants they marked."""

    name: str
    motion: Motion
    segments: tuple[Segment, ...] = ()
    instants: tuple[tuple[float, str], ...] = ()


@dataclass(frozen=True)
class Test:
    """Takes of one kind, and the verbs that models may know, from the table's other sources.

    joined  whether actions repeated in a row are one segment
    """

    name: str
    takes: Sequence[Take]
    known: frozenset[str]
    joined: bool = False


def tests_of(
    takes: Path | None, people: Path | None, compose: Path | None = None, split: Literal["val", "test"] = "test"
) -> list[Test]:
    """The tests of labelled recordings `takes` (with segments), of people held out of `people`, and of BNR-Compose.

    split  of the people
    """
    actions, tests = load_actions(), []
    if takes is not None:
        whole = choose_cut(takes)
        for source in dict.fromkeys(each.entry.source for each in whole):
            own = [_cut_by_hand(each, actions) for each in whole if each.entry.source == source]
            tests.append(Test(source, own, known_verbs(actions, source)))
    if people is not None:
        held = _held_out(people, split)
        marked = [_marked(each, actions) for each in held if len(each.entry.points) > 2]
        if marked:
            tests.append(Test("marked instants", marked, frozenset()))
        tests.append(_sessions(held, actions))
    if compose is not None:
        tests.append(_composed(compose))
    if not tests:
        raise ValueError("nothing to test on; give --root, takes cut by hand, --people, or --compose")
    return tests


def known_verbs(actions: Actions, source: str) -> frozenset[str]:
    """The verbs of the actions that labels of other sources than `source` mean."""
    others = [labels for pattern, labels in actions.labels.items() if not source.startswith(pattern.rstrip("*"))]
    return frozenset(
        actions.verb(meaning.action) for labels in others for meanings in labels.values() for meaning in meanings
    )


def examine(models: Sequence[str], tests: Sequence[Test], out: Path, search: str | None = None) -> str:
    """Describe all takes by each model, write the tables to OUT/table.md and return them."""
    make_folder(out)
    said: dict[str, list[list[Transcript]]] = {}
    for model, captioner in zip(names_apart(models), map(load_model, models), strict=True):
        ways = {model: search}
        if captioner.segmenter is not None and search is None:
            ways[model + ONE_SENTENCE] = "sentence"
        for name, way in ways.items():
            said[name] = [_describe(captioner, name, test, way) for test in tests]
    for name, rows in said.items():
        for test, transcripts in zip(tests, rows, strict=True):
            _write(out / name, test.takes, transcripts)
    said = {key: rows for name, own in said.items() for key, rows in _with_claimed(name, own).items()}
    for test in tests:
        _write(out / TRUTH, test.takes, [Transcript(take.segments, take.motion.duration) for take in test.takes])
    parts = []
    for number, test in enumerate(tests):
        own = {name: rows[number] for name, rows in said.items()}
        parts.append(_table(test, own))
        joined = _joined(test)
        if joined is not None:
            parts.append(_table(joined, {name: [join_labels(each) for each in rows] for name, rows in own.items()}))
    text = "\n".join(parts)
    write_text(out / "table.md", text)
    return text


def _with_claimed(name: str, said: list[list[Transcript]]) -> dict[str, list[list[Transcript]]]:
    """A model's transcripts of all tests, and the same without the segments that it calls unknown, if it does."""
    claimed = [list(map(without_unknown, transcripts)) for transcripts in said]
    same = name.endswith(ONE_SENTENCE) or claimed == said
    return {name: said} if same else {name: said, name + CLAIMED: claimed}


def _describe(captioner: Captioner, name: str, test: Test, search: str | None) -> list[Transcript]:
    with progress_bar() as bar:
        task = bar.add_task(f"describing {test.name} by {name}", total=len(test.takes))
        said = []
        for take in test.takes:
            said.append(captioner.transcribe(take.motion, search=search))
            bar.advance(task)
    return said


def _write(folder: Path, takes: Sequence[Take], transcripts: Sequence[Transcript]) -> None:
    make_folder(folder)
    for take, transcript in zip(takes, transcripts, strict=True):
        write(transcript, folder / f"{take.name.replace('/', '_')}.json")


def _joined(test: Test) -> Test | None:
    """The test with actions that are repeated in a row as one segment each; None if none is."""
    takes = [
        replace(take, segments=join_labels(Transcript(take.segments, take.motion.duration)).segments)
        for take in test.takes
    ]
    if sum(len(take.segments) for take in takes) == sum(len(take.segments) for take in test.takes):
        return None
    return replace(test, name=f"{test.name}, repetitions joined", takes=takes, joined=True)


def _table(test: Test, said: dict[str, list[Transcript]]) -> str:
    if any(take.instants for take in test.takes):
        return _table_of_instants(test, said)
    references = [take.segments for take in test.takes]
    rows = said | {name: [_floor(name, take) for take in test.takes] for name in ("n equal cuts", *CUTS)}
    scores = {name: take_scores(references, transcripts, test.known) for name, transcripts in rows.items()}
    first = next(iter(scores.values()))
    about = f"{first['takes']} takes, {first['segments']} segments, {first['known']} of them of known actions"
    lines = [f"| {name} | {' | '.join(f'{row[key]:.2f}' for key in COLUMNS)} |" for name, row in scores.items()]
    head = f"| | {' | '.join(COLUMNS.values())} |\n|{' --- |' * (len(COLUMNS) + 1)}"
    table = [f"**{test.name}** ({about})", "", head, *lines, ""]
    return "\n".join(table if test.joined else [*table, *_reliability(test, said)])


def _reliability(test: Test, said: dict[str, list[Transcript]]) -> list[str]:
    """How often segments and their bounds are right, beside the probabilities that were given for it."""
    lines = []
    for name, transcripts in said.items():
        if name.endswith((ONE_SENTENCE, CLAIMED)):
            continue
        groups = take_reliability([take.segments for take in test.takes], transcripts, test.known)
        for kind, rows in groups.items():
            cells = [f"{row['said']:.2f} → {row['right']:.2f} ({row['count']:.0f})" for row in rows]
            if rows:
                lines.append(f"| {name}: {kind} | {calibration_error(rows):.2f} | {', '.join(cells)} |")
    head = ["| | off by | probability → share that is right (n) |", "| --- | --- | --- |"]
    return [*head, *lines, ""] if lines else []


def _table_of_instants(test: Test, said: dict[str, list[Transcript]]) -> str:
    instants = [take.instants for take in test.takes]
    floor = {"n equal cuts": [_equal_cuts(take) for take in test.takes]}
    scores = {name: instant_scores(instants, transcripts) for name, transcripts in (said | floor).items()}
    first = next(iter(scores.values()))
    lines = [
        f"| {name} | {row['inside']:.2f} | {row['counted']:.2f} | {row['exact']:.2f} |" for name, row in scores.items()
    ]
    about = f"{first['takes']} takes, {first['instants']} instants"
    head = "| | inside a segment of the action | count within one | count exact |\n| --- | --- | --- | --- |"
    return "\n".join([f"**{test.name}** ({about})", "", head, *lines, ""])


def _floor(name: str, take: Take) -> Transcript:
    if name in CUTS:
        from motion2language.scoring.reference import Reference

        return cut_transcript(
            name, take.motion, Reference(take.name, take.motion.duration, (), take.segments).segments
        )[0]
    return Transcript(tuple(equal_cuts(take.segments, take.motion.duration)), take.motion.duration)


def _equal_cuts(take: Take) -> Transcript:
    """The recording cut into as many equal parts as there are instants, told their verb."""
    edges = np.linspace(0, take.motion.duration, len(take.instants) + 1).tolist()
    verb = take.instants[0][1]
    return Transcript(tuple(Segment(*cut, verb) for cut in itertools.pairwise(edges)), take.motion.duration)


def _composed(root: Path) -> Test:
    """BNR-Compose's test motions that hold several actions."""
    samples = [sample for sample in corpora.load("compose", root, "test") if len(sample.segments) > 1]
    takes = [Take(sample.name, sample.motion, tuple(sample.segments)) for sample in samples]
    verbs = frozenset(segment.label for take in takes for segment in take.segments if segment.label)
    return Test("BNR-Compose, several actions", takes, verbs)


def _held_out(people: Path, split: Literal["val", "test"]) -> list[Usable]:
    chosen = choose(read_selection(people))
    entries = [each.entry for each in chosen.recordings]
    names = {entry.name for entry in split_by_person(entries, chosen.selection.val, chosen.selection.test)[split]}
    return [each for each in chosen.recordings if each.entry.name in names]


def _cut_by_hand(each: Usable, actions: Actions) -> Take:
    motion = read_motion(each.arrays, each.fps, each.entry.number, each.entry.name)
    segments = tuple(
        Segment(span.start, min(span.end, motion.duration), actions.verb(meaning.action))
        for span, meaning in zip(each.entry.spans, each.meanings, strict=True)
    )
    return Take(each.entry.name, motion, segments)


def _marked(each: Usable, actions: Actions) -> Take:
    motion = read_motion(each.arrays, each.fps, each.entry.number, each.entry.name)
    verb = actions.verb(each.meanings[0].action)
    return Take(each.entry.name, motion, instants=tuple((point.start, verb) for point in each.entry.points))


def _sessions(held: Sequence[Usable], actions: Actions) -> Test:
    """Sessions of the held-out people: single actions of theirs in a row, with rests, joined exactly."""
    recordings = [part for each in held if not each.entry.spans for part in recordings_of(each, FPS, actions)]
    pool, random = Pool([unit for each in recordings for unit in units_of(each, FPS)], FPS), np.random.default_rng(7)
    takes = []
    for number in range(SESSIONS):
        positions, spans = pool.compose(random, round(SECONDS * FPS))
        motion = Motion(positions, FPS, CANONICAL, f"session-{number}")
        segments = tuple(
            Segment(start / FPS, min(end / FPS, motion.duration), actions.verb(action)) for start, end, action in spans
        )
        takes.append(Take(motion.name, motion, segments))
    every = frozenset(segment.label for take in takes for segment in take.segments if segment.label)
    return Test("sessions", takes, every)
