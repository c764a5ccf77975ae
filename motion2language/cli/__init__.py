"""The command line, `m2l COMMAND`; each module contains the commands for one kind of work.

A command imports what it runs, so that `m2l --help` stays fast. An error that a user can cause is one line on standard
error and exit status 1, never a traceback.
"""

from __future__ import annotations

import os
import sys
import warnings

from cyclopts import App, CycloptsError

from motion2language.cli import (
    bench,
    caption,
    check,
    compose,
    corrections,
    evaluate,
    inspect,
    live,
    reproduce,
    score,
    segments,
    serve,
    statistics,
    stores,
    sweep,
    train,
    view,
)
from motion2language.cli.options import complain

#: Packages that whole parts of the package are built on, and the extra that brings each.
EXTRAS = {"torch": "train", "pydantic": "data"}

app = App(
    name="m2l",
    help="Describe motion-capture recordings in English, with a timestamp for each word.",
    help_format="markdown",
    suppress_keyboard_interrupt=False,  # main prints what happened to the work
)
for command in (
    caption.caption,
    view.view,
    view.split,
    view.render,
    caption.demo,
    inspect.inspect,
    train.train,
    evaluate.evaluate,
    score.score,
    score.compare,
    sweep.sweep,
    live.live,
    live.send,
    serve.serve,
    bench.bench,
    train.import_checkpoint,
):
    app.command(command)

suites = App(name="reproduce")
suites.default(reproduce.reproduce)
suites.command(reproduce.people)
app.command(suites)

data = App(name="data", help="Corpora and benchmarks on disk.")
for subcommand in (
    check.check,
    compose.compose,
    compose.labels,
    statistics.statistics,
    segments.segments,
    corrections.corrections,
    stores.store,
):
    data.command(subcommand)
app.command(data)


def main() -> None:
    """Run the command line and exit with its status."""
    warnings.showwarning = lambda message, *_: print(f"m2l: note: {message}", file=sys.stderr)
    try:
        sys.exit(app(sys.argv[1:], exit_on_error=False, print_error=False))
    except BrokenPipeError:  # the reader of the output, such as head, has stopped reading
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except (CycloptsError, ValueError, OSError) as error:
        complain(error)
        sys.exit(1)
    except ModuleNotFoundError as error:
        package = str(error.name).partition(".")[0]
        if package not in EXTRAS:
            raise
        complain(ValueError(f"this needs {package}: pip install 'motion2language[{EXTRAS[package]}]'"))
        sys.exit(1)
    except KeyboardInterrupt:
        print("m2l: interrupted; finished results are on disk", file=sys.stderr)
        sys.exit(130)
