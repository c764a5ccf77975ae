"""Trained rows of `m2l reproduce people`: train on some sources, ask about others, as the paper's cross-dataset check.

Each row composes motions of its own sources' recordings alone, and trains on them and on the recordings as they are; it
may learn to cut takes as well. It is asked about every recording of the sources that it has not seen. Rows stand in
OUT/rows/NAME/ (`motions.npz`, `run/`, and `model/` with a segmenter), their answers in OUT/answers/. A finished row is
not repeated, an interrupted one is resumed.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from motion2language.captioning.captioner import Captioner
from motion2language.captioning.loading import load_model
from motion2language.data import composing, corpora
from motion2language.data.clips import Clip, find_clips
from motion2language.data.labelled.selection import Selection, choose, read_selection, write_selection
from motion2language.data.progress import progress_bar
from motion2language.data.samples import load_into_memory
from motion2language.files import make_folder, write_text
from motion2language.scoring.naming import Answer, Reader, baselines
from motion2language.scoring.people import Question, ask_recordings, collection
from motion2language.training.config import RunConfig
from motion2language.training.processes import Processes
from motion2language.training.reproduce import people_tables
from motion2language.training.reproduce.people import ACTIONS, Examination, answers_of, ask
from motion2language.training.segmenting.fit import require_learnable
from motion2language.training.segmenting.teach import SegmenterRun, teach
from motion2language.training.train import train, with_others

if TYPE_CHECKING:
    from rich.progress import TaskID

#: Which sources are of which kind of sensor, for training on one kind and asking about the other.
SENSORS = {
    "optical": ("hdm05", "cmu*", "deepmimic", "aalto"),
    "kinect": ("kindergator", "utdmhad", "kard", "msrdaily", "msrc12", "irds"),
}
TOGETHER = "+"  # joins the names of collections that one row leaves out
BANDAI = "bandai"  # what the table of actions calls the clips of BNR-Compose
VALIDATION = 100  # motions composed to choose the epoch by; chosen


@dataclass(frozen=True)
class Row:
    """A training run: patterns of the sources that it trains on and of those left out; with Bandai's clips or not."""

    name: str
    sources: tuple[str, ...] = ("*",)
    without: tuple[str, ...] = ()
    bandai: bool = True


@dataclass(frozen=True)
class Material:
    """What rows are trained by.

    root       labelled recordings, which are also asked about
    clips      archive of Bandai Namco's labelled clips, or None
    run        the configuration of every row's words
    recipe     of the motions
    motions    composed for training, per row
    more       labelled recordings to compose motions of and to cut by, in place of those at `root`: the same and
               gestures drawn on their bodies, a row's being those whose source begins as its own do; None: no others
    start      a model that saw none of the recordings, which every row's words start from; else from nothing
    segmenter  the settings of every row's segmenter; None: rows have none
    """

    root: Path
    clips: Path | None
    run: RunConfig
    recipe: composing.Dense
    motions: int
    seed: int
    more: Path | None = None
    start: Captioner | None = None
    segmenter: SegmenterRun | None = None

    @property
    def learnt(self) -> Path:
        """The labelled recordings that motions are composed of and that segmenters learn from."""
        return self.root if self.more is None else self.more


def collections(root: Path) -> list[str]:
    """The collections of the labelled recordings at `root`: cmu_amc and cmu_bvh are one, cmu."""
    chosen = choose(read_selection(root))
    return sorted({collection(each.entry.source) for each in chosen.recordings})


def rows(root: Path, leave_out: Sequence[str], cross: Sequence[str]) -> list[Row]:
    """The rows of collections to leave out ("all" for each, "a+b" for both), and of kinds of sensors to train on alone.

    ValueError, with the nearest name, for one that there is not.
    """
    known = collections(root)
    wanted = [tuple(each.split(TOGETHER)) for each in (known if list(leave_out) == ["all"] else leave_out)]
    single = [(name, known) for group in wanted for name in group]
    for name, names in [*single, *((name, [*SENSORS]) for name in cross)]:
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1)
            advice = f"did you mean {near[0]}?" if near else f"there are {', '.join(names)}"
            raise ValueError(f"no {name!r} to leave out or to train on; {advice}")
    return [_without(group) for group in wanted] + [
        Row(f"only-{name}", sources=SENSORS[name], bandai=False) for name in cross
    ]


def _without(group: Sequence[str]) -> Row:
    patterns = [pattern for name in group for pattern in (name, f"{name}_*")]
    return Row(f"without-{TOGETHER.join(group)}", without=tuple(patterns))


def examine_rows(
    wanted: Sequence[Row], material: Material, models: Sequence[str], out: Path, device: str = "cpu"
) -> str:
    """Train the rows, ask them and `models` about what each row has not seen, write OUT/rows.md and return it.

    The table is written after every row.
    """
    if material.segmenter is not None:
        require_learnable(material.segmenter.train, starts=False)
    results: dict[str, tuple[set[str], dict[str, list[Answer]]]] = {}
    text = ""
    for number, row in enumerate(wanted, start=1):
        print(f"row {number} of {len(wanted)}: {row.name}", flush=True)
        own = train_row(row, material, out, device)
        training = ask_recordings(choose(selection_of(row, material.root)).recordings)
        asked = Examination(ask_row(row, material.root), {}, [(q.source, q.wanted) for q in training], None)
        given = {"the row": ask(own, row.name, asked, out, device)}
        given |= {model: ask(model, f"{Path(model).name}, {row.name}", asked, out, device) for model in models}
        answers = {name: answers_of(result, asked.held) for name, result in given.items()}
        reader = Reader(ACTIONS)
        answers |= baselines(reader, asked.seen, answers["the row"])
        kinds = {reader.kind(action) for action in shown_actions(row, material)}
        results[row.name] = {each.wanted for each in asked.held if reader.kind(each.wanted) in kinds}, answers
        text = people_tables.row_tables(results)
        write_text(out / "rows.md", text)
    return text


def train_row(row: Row, material: Material, out: Path, device: str) -> Path:
    """The folder of the row's model, trained if it is not there yet."""
    folder = out / "rows" / row.name
    make_folder(folder)
    words, cutting, done = folder / "run" / "best", folder / "model", folder / "trained"
    if not done.is_file():
        _train_words(row, material, folder, device)
        write_text(done, "")
    if material.segmenter is None:
        return words
    if not cutting.is_dir():
        learnt = write_selection(folder / "learnt.toml", selection_of(row, material.learnt))
        clips = material.clips if row.bandai else None
        teach(load_model(words, device), learnt, clips, cutting, material.segmenter, device)
    return cutting


def _train_words(row: Row, material: Material, folder: Path, device: str) -> None:
    pair = folder / "motions.json"
    if not pair.is_file():
        _compose(row, material, folder / "motions")
    people = write_selection(folder / "people.toml", selection_of(row, material.root))
    run = material.run.model_copy(update={"also": (*material.run.also, f"people:{people}")})
    training, validation = (
        with_others(run, load_into_memory(corpora.load("compose", pair, split)), split) for split in ("train", "val")
    )
    resume, processes = (folder / "run" / "config.json").is_file(), Processes(device=device)
    train(run, training, validation, folder / "run", resume=resume, start=material.start, processes=processes)


def selection_of(row: Row, root: Path) -> Selection:
    """The recordings that a row trains on; ValueError when nothing is left."""
    whole = read_selection(root)
    names = {each.entry.source for each in choose(whole).recordings}
    left_out = (*row.without, "*_arms") if row.without else ()  # whose arms are of any source (synthesis/arms.py)
    kept = {name for name in names if _matches(name, row.sources) and not _matches(name, left_out)}
    if not kept:
        raise ValueError(f"{root}: {row.name} leaves no source to train on; there are {', '.join(sorted(names))}")
    return whole.model_copy(update={"sources": tuple(sorted(kept)), "without": ()})


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def ask_row(row: Row, root: Path) -> list[Question]:
    """About every recording of the sources that the row has not seen."""
    seen = {each.entry.name for each in choose(selection_of(row, root)).recordings}
    return ask_recordings(each for each in choose(read_selection(root)).recordings if each.entry.name not in seen)


def shown_actions(row: Row, material: Material) -> set[str]:
    """The actions that the row's training recordings show."""
    chosen = choose(selection_of(row, material.learnt))
    actions = {meaning.action for each in chosen.recordings for meaning in each.meanings}
    if row.bandai:
        labels = {clip.label for clip in _clips(material)}
        actions |= {meaning.action for label in labels for meaning in chosen.actions.meanings(BANDAI, label)}
    return actions


def _clips(material: Material) -> Sequence[Clip]:
    return [] if material.clips is None else find_clips(material.clips)


def _compose(row: Row, material: Material, pair: Path) -> None:
    chosen = choose(selection_of(row, material.learnt))
    archives = {BANDAI: _clips(material)} if row.bandai and material.clips else {}
    sizes = {"train": material.motions, "val": VALIDATION, "test": 0}
    with progress_bar() as bar:
        tasks: dict[str, TaskID] = {}

        def step(stage: str, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bar.add_task(f"{row.name}: {stage}", total=total)
            bar.advance(tasks[stage])

        rate = material.run.model.fps
        pools = composing.make_pools(chosen, archives, chosen.actions, rate, material.seed, step)
        composing.write_mixture(pair, pools, chosen.actions, material.recipe, sizes, material.seed, step)
