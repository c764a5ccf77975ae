"""m2l teach-takes."""

from __future__ import annotations

from pathlib import Path

from motion2language.cli.options import Device, ModelName, require_place
from motion2language.cli.written import Out, show_written


def teach_takes(
    model: ModelName,
    /,
    *,
    people: Path,
    out: Out,
    clips: Path | None = None,
    config: Path | None = None,
    start: bool = False,
    device: Device = "auto",
) -> int:
    """Teach a model to cut whole takes into actions: adds a segmenter, trained on recordings of single actions.

    Nobody has to mark times: takes are put together from the recordings, and their joins are known.

    Parameters
    ----------
    model
        The model that gets the segmenter; its words stay as they are.
    people
        Labelled recordings: a folder of pairs X.npz and X.json, one pair, or a TOML file that chooses sources.
    out
        Folder to write the model to.
    clips
        An archive or folder of labelled clips that are learnt from as well.
    config
        Settings, such as configs/takes/segmenter.toml.
    start
        Begin with the weights of the segmenter that the model has, instead of from nothing.
    """
    from motion2language.captioning.loading import load_model
    from motion2language.model.pytorch import find_device, require_torch

    require_torch("m2l teach-takes")
    from motion2language.training.segmenting.teach import load_run, teach

    run, captioner, chosen = load_run(config), load_model(model), find_device(device)
    require_place(out)
    taught = teach(captioner, people, clips, out, run, chosen, start)
    count = len(taught.segmenter.config.actions) if taught.segmenter else 0
    show_written(out, f"{captioner.name} with a segmenter of {count} actions")
    return 0
