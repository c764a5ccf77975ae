"""m2l reproduce."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from motion2language.cli.options import Device, SemanticOptions, Stores, Training, require_place
from motion2language.cli.written import Out, show_written


def reproduce(
    *,
    suite: str,
    corpus: str,
    out: Out,
    root: Path | None = None,
    seeds: int = 3,
    first_seed: int = 11,
    rows: Annotated[list[str] | None, Parameter(negative="", consume_multiple=True)] = None,
    training: Training = Training(),
    semantic: SemanticOptions = SemanticOptions(),
    stores: Stores = Stores(),
) -> int:
    """Train and score every row of a suite of experiments: one table, with baselines, and figures.

    Finished runs are not repeated, so the same command continues after Ctrl-C, or with more seeds or rows.

    Parameters
    ----------
    suite
        paper, ablation, a folder of configurations, or one configuration.
    corpus
        The corpus to train and test on.
    out
        Folder: ROW/seed-N/ are run folders; table.md, table.tex, table.csv and the figures cover all of them.
    root
        Folder or file of the corpus on disk.
    seeds
        Number of runs per row, with consecutive seeds.
    first_seed
        The seed of the first run.
    rows
        Rows to run, instead of all; the table still shows all rows.
    """
    from motion2language.model.pytorch import find_device, require_torch

    require_torch("m2l reproduce")
    from motion2language.training.reproduce import suite as suites
    from motion2language.training.reproduce.experiment import Experiment, consecutive_seeds
    from motion2language.training.reproduce.experiment import reproduce as run

    numbers, every = consecutive_seeds(first_seed, seeds), suites.load(suite, training.overrides)
    experiment = Experiment(suite, every, suites.choose(every, rows or ()), corpus, numbers, out)
    device = find_device(training.device)
    require_place(out)
    experiment.require_own_folder()
    run(experiment, root, stores.folder, device, semantic.load())
    show_written(out)
    return 0


def people(
    *,
    root: Path,
    out: Out,
    models: Annotated[list[str] | None, Parameter(negative="", consume_multiple=True)] = None,
    takes: Path | None = None,
    compose: Path | None = None,
    leave_out: Annotated[list[str] | None, Parameter(negative="", consume_multiple=True)] = None,
    only: Annotated[list[str] | None, Parameter(negative="", consume_multiple=True)] = None,
    clips: Path | None = None,
    more: Path | None = None,
    start: str | None = None,
    config: Path | None = None,
    segmenter: Path | None = None,
    recipe: Path | None = None,
    motions: int = 5000,
    seed: int = 11,
    training: Training = Training(),
) -> int:
    """Ask models what people do whom they never saw: tables by source, by action, of takes and of BNR-Compose.

    A recording counts as right when the words of the longest segment name its action, by the table of actions. With
    --leave-out or --only a model is trained for each row of a table, on some sources, and asked about all others.

    Parameters
    ----------
    root
        Labelled recordings: a folder of pairs X.npz and X.json, one pair, or a TOML file that chooses sources.
    out
        Folder: table.md, rows.md, answers/, rows/. What is finished is not repeated.
    models
        Shipped models or model folders, default unless rows are trained; the table by action is of the first.
    takes
        Labelled recordings whose parts were cut by hand; each part is asked for.
    compose
        BNR-Compose, bnr_compose.json: adds the scores on its test split.
    leave_out
        Train without each of these collections of sources in turn (all: without each; a+b: without both at once), and
        ask about it.
    only
        Train on one kind of sensor alone, optical or kinect, and ask about everything else.
    clips
        Bandai Namco's labelled clips, clips_10hz.npz: a further source of the motions that rows train on.
    more
        Labelled recordings that the rows' motions are composed of and their segmenters learn from, in place of those
        of --root: the same, with gestures drawn on their bodies. Nobody is asked about them.
    start
        Shipped model or model folder that the words of each row start from. It must have seen none of the recordings.
    config
        Configuration of the rows' words, as of m2l train.
    segmenter
        Settings of a segmenter for each row, as of m2l teach-takes; without it rows say one sentence for a recording.
    recipe
        TOML file of the numbers by which the rows' motions are drawn, as of m2l data compose.
    motions
        Composed for each row.
    seed
        Of these motions.
    """
    from motion2language.model.pytorch import find_device
    from motion2language.training.reproduce.people import examination, examine

    device, rows = find_device(training.device), [*(leave_out or ()), *(only or ())]
    require_place(out)
    if not rows:
        print(examine(models or ["default"], examination(root, takes, compose), out, device), end="")
        show_written(out)
        return 0
    from motion2language.captioning.loading import load_model
    from motion2language.data.composing import load_dense
    from motion2language.training.config import load_config
    from motion2language.training.reproduce import people_rows
    from motion2language.training.segmenting.teach import load_run

    material = people_rows.Material(
        root,
        clips,
        load_config(config, training.overrides),
        load_dense(recipe),
        motions,
        seed,
        more,
        None if start is None else load_model(start),
        None if segmenter is None else load_run(segmenter),
    )
    wanted = people_rows.rows(root, leave_out or (), only or ())
    print(people_rows.examine_rows(wanted, material, models or (), out, device), end="")
    show_written(out)
    return 0


def takes(
    *,
    out: Out,
    root: Path | None = None,
    people: Path | None = None,
    compose: Path | None = None,
    models: Annotated[list[str], Parameter(negative="", consume_multiple=True)] = ["default"],  # noqa: B006
    search: str | None = None,
) -> int:
    """Let models describe whole takes: are the actions found, named and bounded? Tables, beside cuts without a model.

    Parameters
    ----------
    out
        Folder: table.md, the transcripts of each model in a folder of its name, and those that are right in truth/.
    root
        Takes whose actions people cut by hand, as labelled recordings.
    people
        Labelled recordings: people held out of training give takes with marked instants, and sessions put together.
    compose
        BNR-Compose, whose test motions of several actions are described too.
    models
        Shipped models or model folders.
    search
        segmental or sentence, instead of each model's own; without it a model that cuts is asked for both.
    """
    from motion2language.training.reproduce.takes import examine, tests_of

    if search not in (None, "segmental", "sentence"):
        raise ValueError(f"--search {search}: expected segmental or sentence")
    require_place(out)
    print(examine(models, tests_of(root, people, compose), out, search), end="")
    show_written(out)
    return 0


def growing(
    *,
    root: Path,
    model: str,
    out: Out,
    compose: Path | None = None,
    clips: Annotated[list[int], Parameter(negative="", consume_multiple=True)] = [10, 20],  # noqa: B006
    seed: int = 1,
    training: Training = Training(),
) -> int:
    """Adapt a model to six actions that it never saw, from a few clips of each: are they named, is the rest kept?

    Parameters
    ----------
    root
        Labelled recordings: the folder of the shared people.
    model
        A model folder, trained without the six (configs/growing/base.toml).
    out
        Folder: table.md, the adapted models, answers/. What is finished is not repeated.
    compose
        BNR-Compose, bnr_compose.json: adds the scores on its test split.
    clips
        How many clips of each action are learnt from; a row of the table for each.
    seed
        Of the choice of people and of training.
    """
    from motion2language.model.pytorch import find_device, require_torch

    require_torch("m2l reproduce growing")
    from motion2language.training.reproduce.growing import examine

    require_place(out)
    if min(clips) < 1:
        raise ValueError(f"--clips {min(clips)}: give at least one")
    device = find_device(training.device)
    print(examine(model, root, compose, out, clips, seed, training.overrides, device), end="")
    show_written(out)
    return 0


def variations(
    *,
    root: Path,
    out: Out,
    takes: Path | None = None,
    more: Path | None = None,
    config: Path | None = None,
    device: Device = "auto",
) -> int:
    """Train the names of a segmenter shortly with all variations of its takes, with none, and without each: a table.

    Parameters
    ----------
    root
        Labelled recordings. People held out of training are asked about.
    out
        Folder: table.md, rows/. What is finished is not repeated.
    takes
        Labelled recordings whose parts were cut by hand; each part is asked for.
    more
        Labelled recordings to learn from in place of those of --root: the same, with gestures drawn on their bodies.
        A further row does without the gestures.
    config
        Settings of the segmenter and of its training, as of m2l teach-takes: configs/left-out/variations.toml.
    """
    from motion2language.model.pytorch import find_device, require_torch

    require_torch("m2l reproduce variations")
    from motion2language.training.reproduce.people import examination
    from motion2language.training.reproduce.variations import examine
    from motion2language.training.segmenting.teach import load_run

    run, chosen = load_run(config), find_device(device)
    require_place(out)
    print(examine(run, root, more, examination(root, takes), out, chosen), end="")
    show_written(out)
    return 0


#: m2l reproduce, and m2l reproduce people, takes, growing and variations.
commands = App(name="reproduce")
commands.default(reproduce)
commands.command(people)
commands.command(takes)
commands.command(growing)
commands.command(variations)
