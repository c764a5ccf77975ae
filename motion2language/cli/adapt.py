"""m2l adapt."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from motion2language.cli.options import Input, ModelName, Overrides, require_place
from motion2language.cli.written import Out, show_written


def adapt(
    takes: Path,
    /,
    *,
    out: Out,
    labels: Path | None = None,
    start: ModelName = "default",
    actions: Path | None = None,
    held: float = 0.2,
    resume: bool = False,
    set: Overrides = None,
    source: Input = Input(),
) -> int:
    """Teach a model your own actions: from a folder of takes and a table of labels to a model that names them.

    It keeps what it knows. People are held back, and a table shows what the model says of them before and after.
    Ctrl-C keeps the finished epochs.

    Parameters
    ----------
    takes
        Folder of motion files; a folder of transcripts corrected by m2l view --edit, which lead to their recordings;
        or labelled recordings: a pair X.npz and X.json, a folder of pairs, or a TOML file.
    out
        The model to write. OUT.run holds everything on the way to it.
    labels
        CSV with the columns file and label, and optionally person, start, end (seconds), sentence, phrase and fps; or
        a folder of corrected transcripts. A label is an action of the table, or a new one with the phrase that says it.
    start
        The model to begin with.
    actions
        TOML file of rows and labels added to the table of actions.
    held
        Share of the people that are held back, below 1; 0 learns from all of them.
    resume
        Go on after the last epoch that the same command finished.
    set
        Override a setting: --set train.epochs=12.
    source
        What the files do not specify themselves.
    """
    from motion2language.model.pytorch import require_torch

    require_torch("m2l adapt")
    from motion2language.captioning.loading import load_model
    from motion2language.data.labelled.corrected import holds_corrections
    from motion2language.data.progress import show_progress
    from motion2language.training.adapt import adapt as run
    from motion2language.training.adapt import run_folder, settings
    from motion2language.training.own_takes import collect_own, require_unused, use_pairs

    if not 0 <= held < 1:
        raise ValueError(
            f"--held {held:g}: expected a share of the people of at least 0 and below 1, such as 0.2; "
            "--held 0 learns from everybody"
        )
    begin = load_model(start)
    settings(begin, actions, set or ())  # so that a wrong --set is reported before the work
    require_place(out)
    require_unused(out, run_folder(out), resume)
    with _resumable(run_folder(out)):
        if labels is None and holds_corrections(takes):
            labels = takes
        if labels is None:
            root = use_pairs(takes, actions, run_folder(out))
        else:
            with show_progress() as advance:
                root = collect_own(
                    takes,
                    labels,
                    actions,
                    run_folder(out),
                    read=lambda path, fps: replace(source, fps=fps or source.fps).read(path),
                    step=advance,
                )
        print(run(begin, root, out, share=held, overrides=set or (), resume=resume), end="")
    show_written(out)
    return 0


@contextmanager
def _resumable(run: Path) -> Iterator[None]:
    """Ctrl-C in this block says what is kept in the folder `run`, and how to go on."""
    try:
        yield
    except KeyboardInterrupt:
        if (run / "state.pt").is_file():
            raise KeyboardInterrupt(f"interrupted; {run} keeps the finished epochs, --resume goes on") from None
        raise KeyboardInterrupt("interrupted before an epoch was finished; the same command begins again") from None
