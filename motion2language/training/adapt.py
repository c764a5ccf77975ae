"""`m2l adapt`: a model learns the actions of a user's own takes and keeps those that it knows.

Its encoder stays as it is and its words are learnt (heads.py); its segmenter, if it has one, learns to name the new
actions (segmenting/grow.py). OUT.run/ holds everything on the way: `takes.npz` and
`takes.json` as m2l data collect writes them, `actions.toml` with the actions that the table lacks, `motions.npz`
composed of the takes, `config.json`, and `state.pt`, from which an interrupted adaptation goes on. OUT is the model,
with a card that holds the table of before and after.

Some people are held back and asked about before and after. Where fewer than three people are named, some takes of each
action are held back instead, and the table says so.
"""

from __future__ import annotations

import copy
import warnings
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from motion2language.captioning.captioner import Captioner
from motion2language.data import composing, corpora
from motion2language.data.actions import Actions, load_wordings
from motion2language.data.clips import SPLITS
from motion2language.data.corpora import synthetic
from motion2language.data.labelled.persons import FEWEST, person_of, split_by_person
from motion2language.data.labelled.selection import Chosen, Usable, choose, read_selection, report
from motion2language.data.progress import progress_bar
from motion2language.data.samples import Sample, Samples, load_into_memory
from motion2language.data.synthesis.recorded_bodies import LEAST, standing
from motion2language.files import make_folder, write_text
from motion2language.language.vocabulary import tokenize
from motion2language.model.segmenter import Segmenter
from motion2language.scoring.naming import Answer
from motion2language.scoring.people import answer, ask_parts, ask_recordings
from motion2language.training.config import RunConfig, make_config
from motion2language.training.folder import CONFIG, differences
from motion2language.training.grow import grow, known_actions, measure_growth, scarce
from motion2language.training.heads import UPDATES, Lesson, WordLearner
from motion2language.training.imagine import imagine
from motion2language.training.prepare import prepare_samples
from motion2language.training.rehearse import can_rehearse, rehearse
from motion2language.training.segmenting import grow as segmenters
from motion2language.training.segmenting.recordings import recordings_of, stretches_of
from motion2language.training.segmenting.teach import action_of
from motion2language.training.segmenting.units import Unit, units_of

CHECKED = 100  # synthetic movements that show whether a model says what it said before; chosen
MOTIONS = 1  # composed for each take; chosen
REHEARSED = 400  # recordings by which the model rehearses; chosen
VIEWS = 2  # varied memories of each take in an epoch; chosen
EVERY = 4  # of the takes of an action one in so many is held back, where people cannot be; chosen
#: How an adaptation is trained; chosen. Held faster (pull 300), the model names new actions with no old verb; held less
#: fast (pull 30), it takes more old actions for new ones; see docs/results.md.
SETTINGS: dict[str, Any] = {
    "epochs": 8, "batch_size": 56, "learning_rate": 4e-3, "schedule": "cosine", "warmup_steps": 20, "average": 0.98,
    "captions": "one", "label_smoothing": 0.05, "pull": 45.0,
    "augment": {
        "mirror": 0.5, "warp": 0.35, "bend": 0.25, "cut": 0.25, "hold": 1.0, "smoothing": 0.2, "bones": 0.12,
        "offsets": 0.025, "tilt": 6.0, "frozen_legs": 0.06, "frozen_bone": 0.08, "jitter": 0.012, "drift": 0.02,
    },
}  # fmt: skip


@dataclass(frozen=True)
class Division:
    """Takes to learn from and takes held back, and a sentence that says how they were divided."""

    learnt: Sequence[Usable]
    held: Sequence[Usable]
    note: str

    @property
    def unit(self) -> str:
        """What is counted for each action: takes, or parts where a take shows several actions."""
        every = (*self.learnt, *self.held)
        return "parts" if any(each.entry.spans or len(each.meanings) > 1 for each in every) else "takes"

    def counts(self) -> Counter[str]:
        """Action -> how many takes, or parts of takes, show it to learn from."""
        return Counter(meaning.action for each in self.learnt for meaning in each.meanings)


def divide(recordings: Sequence[Usable], share: float) -> Division:
    """Hold back a share of the people, at least one; or, of fewer than three people, takes of each action."""
    entries = [each.entry for each in recordings]
    people = {person_of(entry) for entry in entries} - {""}
    if share == 0:
        return Division(recordings, (), "nothing is held back: what the model learnt is not measured")
    if len(people) >= FEWEST:
        held = {entry.name for entry in split_by_person(entries, 0.0, share)["test"]}
        count = len({person_of(entry) for entry in entries if entry.name in held})
        note = f"{count} of {len(people)} people are held back; the model never sees them"
    else:
        held = _hold_takes(recordings)
        who = {0: "no person is named", 1: "one person only"}.get(len(people), f"{len(people)} people only")
        note = f"{who}: a split by person cannot be made; " + (
            "takes of the same people are held back, so other people may be described worse than the table says"
            if held
            else f"no action has {FEWEST} takes, so nothing is held back, and what the model learnt is not measured"
        )
    parts = [[each for each in recordings if (each.entry.name in held) == wanted] for wanted in (False, True)]
    return Division(parts[0], parts[1], note)


def _hold_takes(recordings: Sequence[Usable]) -> set[str]:
    """The names of one in EVERY takes of each action; none of an action of fewer takes than three."""
    by_action: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for each in recordings:
        by_action[tuple(meaning.action for meaning in each.meanings)].append(each.entry.name)
    return {
        name for names in by_action.values() if len(names) >= FEWEST for name in names[EVERY - 2 :: EVERY] or names[-1:]
    }


def adapt(
    start: Captioner,
    root: Path,
    out: Path,
    *,
    share: float = 0.2,
    overrides: Sequence[str] = (),
    resume: bool = False,
) -> str:
    """Train `start` further on the labelled recordings of `root`, write the model to `out`; returns the table.

    root       what the corpus `people` reads: a folder of pairs, a pair, or a TOML file that chooses
    share      of the people that are held back
    overrides  KEY=VALUE of settings, such as train.epochs=4
    """
    selection = read_selection(root)
    chosen = choose(selection)
    report(root, chosen)
    division = divide(chosen.recordings, share)
    if not division.learnt:
        raise ValueError(f"{root}: {len(chosen.recordings)} takes, and all are held back; give more, or --held 0")
    folder = run_folder(out)
    make_folder(folder)
    run = settings(start, selection.actions, overrides)
    counts, known = division.counts(), known_actions(start)
    new = {action: count for action, count in counts.items() if chosen.actions.verb(action) not in known}
    print(*scarce(new, division.unit), division.note, sep="\n", flush=True)
    before = _ask(start, division.held, chosen.actions, "before")
    write_settings(folder, run, resume)
    taught = {action: chosen.actions.verb(action) for action in counts}
    trained = _learn(start, run, _samples(root, division, chosen, folder, run), taught, folder / "state.pt")
    after = replace(trained, name=out.name, segmenter=_grow_segmenter(start, division, chosen.actions, run))
    told = _ask(after, division.held, chosen.actions, "after")
    text = table(start, after, division, chosen, (before, told), _agreement(start, after))
    after.save(out, card(start, chosen, division, text))
    write_text(folder / "table.md", text)
    return text


def run_folder(out: Path) -> Path:
    """Where everything on the way to a model lies."""
    return out.with_name(f"{out.name}.run")


def settings(start: Captioner, actions: Path | None, overrides: Sequence[str] = ()) -> RunConfig:
    """The configuration of an adaptation of a model, which has the model's network."""
    data = {"model": asdict(start.config), "train": copy.deepcopy(SETTINGS), "actions": str(actions or "table")}
    return make_config(data, overrides)


def write_settings(folder: Path, run: RunConfig, resume: bool) -> None:
    """Write config.json, and print what a resumed adaptation changes."""
    changes = differences(folder / CONFIG, run) if resume and (folder / CONFIG).is_file() else ""
    if changes:
        print(f"changed since it began: {changes}", flush=True)
    write_text(folder / CONFIG, run.model_dump_json(indent=2) + "\n")


def _learn(
    start: Captioner, run: RunConfig, samples: Samples[Sample], taught: Mapping[str, str], state: Path
) -> Captioner:
    """`start` with the words and actions of the samples, trained as far as `state` says that it is not.

    taught  action -> its label in segments, for the actions of the samples
    """
    if not can_rehearse(start) or start.config.kind != "transducer":
        raise ValueError(f"model {start.name!r}: only a transducer on the canonical body can be adapted")
    prepared = prepare_samples(samples, start.config)
    sentences = [[caption.text for caption in sample.captions] for sample in prepared]
    grown = grow(start, sentences, load_wordings(run.actions), run.train.minimum_count)
    growth = measure_growth(start, grown, sentences, run.train.minimum_count)
    print(*growth.lines(counted=taught.values()), sep="\n", flush=True)
    random = np.random.default_rng(run.train.seed)
    with progress_bar() as bar:
        task = bar.add_task("rehearsing", total=REHEARSED)
        bodies = [part for sample in prepared if len(part := standing(sample.motion.positions)) >= LEAST]
        rehearsed = rehearse(start, REHEARSED, lambda *_: bar.advance(task), bodies, taught)
        values = (start.values(sample.motion) for sample in rehearsed)
        begin = [start.transducer.encode(own[None], np.array([len(own)]))[0][0] for own in values]
        task = bar.add_task("imagining", total=None)
        imagined = imagine(start, begin, random, lambda *_: bar.advance(task))
        learner = WordLearner(
            grown, len(start.vocabulary), run.train, Lesson(Samples.of([*prepared] * VIEWS), rehearsed, imagined)
        )
        learner.load(state)
        total = UPDATES * run.train.epochs
        task = bar.add_task("learning", total=total, completed=learner.updates)
        return learner.run(state, lambda line: print(line, flush=True), lambda: bar.advance(task))


def _grow_segmenter(start: Captioner, division: Division, actions: Actions, run: RunConfig) -> Segmenter | None:
    """The model's segmenter, if it has one, with the new actions of the takes that are learnt from."""
    segmenter = start.segmenter
    if segmenter is None:
        return None
    if segmenter.shown is None:
        print(f"the segmenter of {start.name} does not know what its actions look like, so it learns no new ones")
    fps, units = segmenter.config.fps, list[Unit]()
    for each in division.learnt:
        if each.meanings:
            own = (stretches_of if each.entry.spans else recordings_of)(each, fps, actions)
            units += [unit for recording in own for unit in units_of(recording, fps)]
    known = {unit.action: action_of(unit.action, actions) for unit in units}
    return segmenters.grow(segmenter, units, known, run.train.seed)


def _samples(root: Path, division: Division, chosen: Chosen, folder: Path, run: RunConfig) -> Samples[Sample]:
    """The takes to learn from and motions composed of them, as often as rehearsal needs to be matched."""
    names = {each.entry.name for each in division.learnt}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # reported before
        takes = [sample for split in SPLITS for sample in corpora.load("people", root, split)]
    samples = [sample for sample in takes if sample.name in names]
    named = [each for each in division.learnt if each.meanings]
    if named:
        selection = chosen.selection.model_copy(update={"val": 0.0, "test": 0.0})
        parts = replace(chosen, selection=selection, recordings=tuple(named))
        with progress_bar() as bar:
            task = bar.add_task("composing", total=None)
            pools = composing.make_pools(parts, {}, chosen.actions, run.model.fps, 0, lambda *_: bar.advance(task))
            sizes = {"train": MOTIONS * len(named), "val": 0, "test": 0}
            composing.write_mixture(
                folder / "motions", pools, chosen.actions, composing.Dense(), sizes, 0, lambda *_: bar.advance(task)
            )
        samples += load_into_memory(corpora.load("compose", folder / "motions.json", "train"))
    return Samples.of(samples)


def _ask(captioner: Captioner, held: Sequence[Usable], actions: Actions, when: str) -> list[Answer]:
    """What a model says of the takes that were held back."""
    questions = [*ask_recordings(held), *ask_parts(each for each in held if each.entry.spans)]
    with progress_bar() as bar:
        task = bar.add_task(f"asking {when}", total=len(questions))
        return list(answer(captioner, questions, actions, lambda *_: bar.advance(task)))


def _agreement(start: Captioner, after: Captioner) -> float:
    """Of how many synthetic movements the adapted model names the actions that the first one named."""
    motions = [sample.motion for sample in synthetic.samples("test", CHECKED)]
    said = [
        [
            [label for _, label in start.lexicon.find(tokenize(transcript.text))]
            for transcript in model.transcribe_all(motions, refine=False)
        ]
        for model in (start, after)
    ]
    return sum(a == b for a, b in zip(*said, strict=True)) / CHECKED


def table(
    start: Captioner,
    after: Captioner,
    division: Division,
    chosen: Chosen,
    answers: tuple[Sequence[Answer], Sequence[Answer]],
    agreement: float,
) -> str:
    """Before and after by action, in Markdown: takes learnt from and held back, and the share that is named rightly."""
    learnt, unit = division.counts(), division.unit
    rights = [_rights(given) for given in answers]
    lines = [
        f"| | {unit} learnt from | {unit} held back | {start.name} | {after.name} |",
        "| --- | --- | --- | --- | --- |",
    ]
    for action in sorted({*learnt, *rights[0]}):
        held = rights[0].get(action, [])
        cells = [_share(each.get(action, [])) for each in rights]
        lines.append(f"| {action} | {learnt[action]} | {len(held)} | {' | '.join(cells)} |")
    whole = [[right for own in each.values() for right in own] for each in rights]
    lines.append(f"| all | {learnt.total()} | {len(whole[0])} | {' | '.join(map(_share, whole))} |")
    measured = f"Share of {unit} held back whose longest segment names the action. " if division.held else ""
    measured += "A part is a labelled part of a take, or a take of one action. " if unit == "parts" else ""
    lines += ["", measured + _sentence(division.note), ""]
    lines.append(f"Of {CHECKED} synthetic movements {agreement:.0%} get the same actions as before.")
    return "\n".join(lines) + "\n"


def _rights(answers: Sequence[Answer]) -> dict[str, list[bool]]:
    found: dict[str, list[bool]] = defaultdict(list)
    for each in answers:
        found[each.wanted].append(each.right)
    return found


def _share(rights: Sequence[bool]) -> str:
    return f"{sum(rights) / len(rights):.2f}".lstrip("0") if rights and not all(rights) else "1.00" if rights else "–"


def _sentence(note: str) -> str:
    return note[:1].upper() + note[1:] + "."


def card(start: Captioner, chosen: Chosen, division: Division, text: str) -> str:
    """The card of an adapted model."""
    counts = division.counts()
    people = {person_of(each.entry) for each in division.learnt} - {""}
    sources = ", ".join(source.name for source in chosen.sources)
    actions = ", ".join(f"{action} {count}" for action, count in sorted(counts.items()))
    return (
        f"# An adaptation of `{start.name}`\n\n"
        f"Learnt by `m2l adapt` from {len(division.learnt)} takes of {len(people) or 'unknown'} people ({sources}): "
        f"{actions}.\n\n"
        f"**The terms of `{start.name}` hold for it too**, and those of the takes.\n\n{text}"
    )
