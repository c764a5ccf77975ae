"""The command line, `m2l COMMAND`; each module contains the commands for one kind of work.

A command's module is imported when the command runs, and imports what it runs then, so that each starts fast. An error
that a user can cause is one line on standard error and an exit status of exits.py, never a traceback.
"""

from __future__ import annotations

import io
import os
import sys
import warnings
from typing import Any, NoReturn

# For numpy, which nothing imported so far: its products are small here, and a second thread costs more than it gives.
if "OMP_NUM_THREADS" not in os.environ:  # numpy would follow this one, had the other no value
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from cyclopts import App, CycloptsError, Group

from motion2language.cli.exits import FAILED, STOPPED, WRONG_USE, CommandError
from motion2language.cli.nearest import describe_error, nearest_line
from motion2language.cli.quiet import is_quiet, output_of
from motion2language.cli.settings import load_configs
from motion2language.cli.standard_input import recording_from_standard_input
from motion2language.files import one_line

#: Packages that whole parts of the package are built on, and the extra that brings each.
EXTRAS = {"torch": "train", "pydantic": "data", "pyarrow": "tables"}

app = App(
    name="m2l",
    help="Describe motion-capture recordings in English, with a timestamp for each word.",
    help_format="markdown",
    help_epilogue="Options of every command: `--quiet` (`-q`) prints errors alone; `--kind bvh` names the kind of file "
    "that `-`, standard input, is.",
    version_flags=["--version", "-V"],
    group_commands=Group("Help", sort_key=99),  # of --help and --version; the commands have groups of their own
    suppress_keyboard_interrupt=False,  # main prints what happened to the work
)

#: The commands by what they are for, as README's table has them.
COMMANDS = {
    "Caption": ("caption:caption", "caption:demo"),
    "View and cut": ("view:view", "serve:serve", "view:render", "split:split", "convert:convert"),
    "Stream": ("live:live", "live:send"),
    "Inspect": ("inspect:inspect", "facts:facts", "settings:config", "settings:completion"),
    "Train": (
        "train:train",
        "adapt:adapt",
        "sweep:sweep",
        "segmenter:teach_takes",
        "doubt:teach_doubt",
        "bench:bench",
        "train:import_checkpoint",
    ),
    "Evaluate": ("evaluate:evaluate", "score:score", "score:compare"),
}
groups = {name: Group(name, sort_key=number) for number, name in enumerate(COMMANDS)}
for name, commands in COMMANDS.items():
    for command in commands:
        app.command(f"{__name__}.{command}", group=groups[name])
app.command(f"{__name__}.reproduce:commands", name="reproduce", group=groups["Evaluate"])

data = App(name="data", help="Corpora and benchmarks on disk.", group=groups["Train"])
for command in (
    "check:check",
    "collect:collect",
    "compose:compose",
    "compose:labels",
    "toy:toy",
    "statistics:statistics",
    "segments:segments",
    "corrections:corrections",
    "stores:store",
):
    data.command(f"{__name__}.{command}")
app.command(data)


def main() -> None:
    """Run the command line and exit with its status."""
    if sys.argv[1:] in ([], ["data"]) or not {"-h", "--help"}.isdisjoint(sys.argv):
        show_commands(app)
        show_commands(data)
    notes, quiet = set[str](), is_quiet(sys.argv[1:])

    def show_once(message: Warning | str, *_: Any, **__: Any) -> None:
        """A note; one that was shown already, such as of a second look at a recording, is not shown again."""
        if not quiet and (note := one_line(str(message))) not in notes:
            notes.add(note)
            print(f"m2l: note: {note}", file=sys.stderr)

    warnings.showwarning = show_once
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # names of files that are not UTF-8
    app.config = load_configs()
    try:
        with output_of(sys.argv[1:]) as spoken, recording_from_standard_input(spoken) as words:
            sys.exit(app(words, exit_on_error=False, print_error=False))
    except BrokenPipeError:  # the reader of the output, such as head, has stopped reading
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except CycloptsError as error:
        _end(f"{describe_error(error)} Try: {nearest_line(error, app, sys.argv[1:])}", WRONG_USE)
    except (ValueError, OSError) as error:
        _end(one_line(error), error.status if isinstance(error, CommandError) else FAILED)
    except (MemoryError, RecursionError) as error:
        _end(f"out of memory ({type(error).__name__}); try fewer or shorter recordings", FAILED)
    except ModuleNotFoundError as error:
        package = str(error.name).partition(".")[0]
        if package not in EXTRAS:
            raise
        _end(f"this needs {package}: pip install 'motion2language[{EXTRAS[package]}]'", FAILED)
    except KeyboardInterrupt as error:
        _end(one_line(str(error)) or "interrupted; finished results are on disk", STOPPED)
    finally:
        eval("0")  # if Ctrl-C ended text that ran, such as a dataclass in an import, Python would kill itself at exit


def _end(message: str, status: int) -> NoReturn:
    """Print one line and exit; output that cannot be written, as on a full disk, is given up."""
    print(f"m2l: {message}", file=sys.stderr)
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(status)


def show_commands(group: App) -> None:
    """Import the commands of a group, whose help texts are their docstrings."""
    for name in group:
        group[name]
