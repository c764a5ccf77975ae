"""m2l teach-doubt."""

from __future__ import annotations

from pathlib import Path

from motion2language.cli.options import Device, ModelName
from motion2language.cli.written import show_written


def teach_doubt(
    model: ModelName,
    /,
    *,
    people: Path,
    takes: Path | None = None,
    clips: Path | None = None,
    clips_source: str = "bandai",
    measure_only: bool = False,
    device: Device = "cpu",
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
    clips
        Folder or archive of labelled clips that the model learnt from as well.
    clips_source
        The source whose labels these clips have in the table of actions.
    measure_only
        Measure the doubt that the model has already, and write nothing.
    """
    from motion2language.captioning.doubt import FILE
    from motion2language.captioning.loading import load_model
    from motion2language.captioning.model_folder import find_model
    from motion2language.data.clips import find_clips
    from motion2language.data.progress import show_progress
    from motion2language.training.doubt import figures, save_doubt
    from motion2language.training.doubt import teach_doubt as teach

    folder, captioner = find_model(model), load_model(model, device, doubt=measure_only)
    learnt = {} if clips is None else {clips_source: find_clips(clips)}
    with show_progress() as step:
        doubt = captioner.doubt if measure_only else teach(captioner, people, step, learnt)
        if doubt is None:
            raise ValueError(f"{folder}: has no {FILE}; run m2l teach-doubt without --measure-only first")
        if not measure_only:
            save_doubt(doubt, folder)
        text = figures(captioner, doubt, people, takes, step)
    print(text, end="")
    if not measure_only:
        show_written(folder / FILE)
    return 0
