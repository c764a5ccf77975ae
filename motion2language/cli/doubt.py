"""m2l teach-doubt."""

from __future__ import annotations

from pathlib import Path

from motion2language.cli.options import Device, ModelName


def teach_doubt(
    model: ModelName, /, *, people: Path, takes: Path | None = None, measure_only: bool = False, device: Device = "cpu"
) -> int:
    """Teach a model when to doubt its words: adds doubt.npz to its folder, and prints how well it does.

    Parameters
    ----------
    model
        The model. Its words stay as they are.
    people
        Labelled recordings: a folder of pairs X.npz and X.json, one pair, or a TOML file that chooses sources.
    takes
        Takes of other sources, cut by hand, that are measured as well.
    measure_only
        Measure the doubt that the model has already, and write nothing.
    """
    from motion2language.captioning.captioner import load_model
    from motion2language.captioning.doubt import FILE
    from motion2language.captioning.model_folder import find_model
    from motion2language.data.progress import progress_bar
    from motion2language.training.doubt import figures, save_doubt
    from motion2language.training.doubt import teach_doubt as teach

    folder, captioner = find_model(model), load_model(model, device)
    with progress_bar() as bar:
        tasks: dict[str, object] = {}

        def step(stage: str, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bar.add_task(stage, total=total)
            bar.advance(tasks[stage])  # type: ignore[arg-type]

        doubt = captioner.doubt if measure_only else teach(captioner, people, step)
        if doubt is None:
            raise ValueError(f"{folder}: has no {FILE}; run m2l teach-doubt without --measure-only first")
        if not measure_only:
            save_doubt(doubt, folder)
        text = figures(captioner, doubt, people, takes, step)
    print("" if measure_only else f"{folder / FILE}: fitted\n\n", text, sep="", end="")
    return 0
