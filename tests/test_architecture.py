"""The structure: who may import whom, where torch may be, what every public name and file must have."""

import ast
import importlib.metadata
import os
import re
import subprocess
import sys
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

import motion2language
from motion2language.data.corpora import READERS
from motion2language.model.network import build
from motion2language.training.config import RunConfig, load_config

PACKAGE = Path(motion2language.__file__).parent
ROOT = Path(__file__).parent.parent
FILES = sorted(path for path in PACKAGE.rglob("*.py"))

#: Units from the bottom up; a unit may import those of lower rows, none of its own row.
ROWS = (
    {"motion", "transcript", "files", "language"},
    {"body", "writers", "model"},
    {"formats", "viewer"},
    {"captioning"},
    {"data", "live"},
    {"scoring", "server"},
    {"training"},
    {"cli"},
    {"__main__"},
)
LEVEL = {unit: number for number, units in enumerate(ROWS) for unit in units}


def unit_of(path: Path) -> str:
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def imports(path: Path) -> set[str]:
    """Every module a file imports, at its top or inside a function, with the names taken from it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def own_units(path: Path) -> set[str]:
    names = (name.split(".")[1] for name in imports(path) if name.startswith("motion2language."))
    return {name for name in names if name in LEVEL}


def test_every_unit_has_a_row():
    units = {unit_of(path) for path in FILES} - {"__init__"}
    assert units == set(LEVEL)
    assert len(FILES) > 60


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_down(path):
    unit = unit_of(path)
    if unit == "__init__":
        assert own_units(path) <= {"motion", "transcript", "captioning", "formats"}
        return
    upward = {other for other in own_units(path) if other != unit and LEVEL[other] >= LEVEL[unit]}
    assert upward == set()


def test_an_upward_import_would_be_seen(tmp_path):
    (tmp_path / "motion.py").write_text("def f():\n    from motion2language.training.train import train\n")
    assert own_units(tmp_path / "motion.py") == {"training"}
    assert LEVEL["training"] > LEVEL["motion"]


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")


WITH_TORCH = re.compile(
    r"motion2language\.(model\.(alignments|attention|batch|decoder|dropout|encoders|frame_layers|network|next_words|official"
    r"|recurrence|recurrence_gradient|segmenter_torch|temporal|transducer|transducer_torch|transformer|word_scores)$"
    r"|training\.(?!config$|augment$|folder$|prepare$|reproduce$|reproduce\.suite$|sweep$|sweep\.space$)"
    r"|captioning\.search_attention$|scoring\.semantic\.(bertscore|similarity)$)"
)
WITHOUT_TORCH = [
    name for path in FILES if not WITH_TORCH.match(name := module_of(path)) and name != "motion2language.__main__"
]
IMPORT_IN_TURN = """
import importlib, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
    if "torch" in sys.modules:
        sys.exit(f"{name} imports torch")
"""


def test_what_needs_no_network_needs_no_torch():
    """In a process of its own the modules are imported one after another: the first that brings torch is named.

    It is the same as a process for each, since what a module shares with those before it brought no torch then.
    """
    assert len(WITHOUT_TORCH) > 150
    words = [sys.executable, "-c", IMPORT_IN_TURN, *WITHOUT_TORCH]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_module_that_imports_torch_by_another_would_be_named():
    words = [sys.executable, "-c", IMPORT_IN_TURN, "motion2language.motion", "motion2language.training.reproduce.runs"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "motion2language.training.reproduce.runs imports torch\n")


THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")


@pytest.mark.parametrize(
    ("own", "expected"),
    [({}, "1"), ({"OPENBLAS_NUM_THREADS": "3"}, "3"), ({"OMP_NUM_THREADS": "2"}, "None")],
    ids=["no value", "its own value", "a value for all libraries"],
)
def test_the_command_line_lets_numpy_have_one_thread_unless_the_caller_says_how_many(own, expected):
    """numpy reads the number of its threads once, when it is imported; importing the package does not import it."""
    code = "import os, sys, motion2language.cli"
    code += "; print('numpy' in sys.modules, os.environ.get('OPENBLAS_NUM_THREADS'))"
    environment = {key: value for key, value in os.environ.items() if key not in THREADS} | own
    words = [sys.executable, "-c", code]
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=environment)
    assert (done.stdout, done.stderr) == (f"False {expected}\n", "")


def test_a_help_text_needs_no_numpy():
    code = "import sys; from motion2language.cli import main; sys.argv[1:] = ['--help']"
    code += "\ntry: main()\nexcept SystemExit: print('numpy' in sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "False\n")
    assert "caption" in done.stdout


def test_every_public_name_of_the_package_is_there_and_known_to_type_checkers():
    tree = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names}
    for name in motion2language.__all__:
        assert getattr(motion2language, name).__name__ == name
        assert name in imported and name in dir(motion2language)
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        motion2language.nothing  # noqa: B018


def closure(start: set[Path]) -> set[Path]:
    """The package's files that some of them import, directly or by another."""
    known, waiting = set(start), list(start)
    for path in waiting:
        for name in imports(path):
            parts = name.split(".")
            for length in range(2, len(parts) + 1):
                place = PACKAGE.parent.joinpath(*parts[:length])
                new = {place.with_suffix(".py"), place / "__init__.py"} & set(FILES) - known
                known |= new
                waiting += new
    return known


def test_a_store_depends_on_all_that_reads_a_corpus():
    readers = {path for path in FILES if path.is_relative_to(PACKAGE / "data" / "corpora")}
    readers |= {path for path in FILES if path.is_relative_to(PACKAGE / "formats")}  # imported by their names
    used = {unit_of(path) for path in closure(readers)} - {"__init__"}
    assert used <= set(READERS)
    assert {"motion", "body", "language"} <= used


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_files_and_public_names_say_what_they_are(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree)
    public = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_") and node in tree.body
    ]
    assert [node.name for node in public if not ast.get_docstring(node)] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_nothing_is_unpickled_and_no_except_is_bare(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ExceptHandler):
            assert node.type is not None
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "load":
            options = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
            owner = ast.unparse(node.func.value)
            if owner == "torch":
                assert options.get("weights_only") == "True"
            if owner in ("np", "numpy"):
                assert options.get("allow_pickle") == "False"
            assert owner not in ("pickle", "joblib", "dill")


SCRIPTS = sorted([*(ROOT / "benchmarks").glob("*.py"), *(ROOT / "docs").glob("*.py")])


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_scripts_import_names_that_exist(path):
    """Scripts beside the package are run by hand, so a name that has moved would not be noticed."""
    names = [name for name in imports(path) if name.startswith("motion2language.")]
    assert [name for name in names if not exists(name)] == []


def exists(name: str) -> bool:
    module, _, attribute = name.rpartition(".")
    try:
        return hasattr(importlib.import_module(module), attribute) or bool(importlib.import_module(name))
    except ModuleNotFoundError:
        return False


def test_a_name_that_has_moved_would_be_seen():
    assert exists("motion2language.formats.reading.read")
    assert not exists("motion2language.scoring.segments.bleu")
    assert len(SCRIPTS) > 15


CONFIGS = sorted((ROOT / "configs").glob("*.toml"))
SUITES = [
    path for suite in ("paper", "ablation", "augmentation") for path in (ROOT / "configs" / suite).rglob("*.toml")
]
SUITE_ROWS = sorted(path for path in SUITES if path.name != "base.toml")


def test_there_are_five_configurations_and_the_rows_of_three_suites():
    assert len(CONFIGS) == 5
    assert len(SUITE_ROWS) == 28 + 40 + 8


@pytest.mark.parametrize("path", CONFIGS + SUITE_ROWS, ids=lambda path: path.stem)
def test_a_configuration_resolves_and_builds(path):
    run = load_config(path)
    assert run != RunConfig()
    build(replace(run.model, input_width=63, vocabulary_size=50))


def test_the_pinned_install_covers_what_the_project_needs():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    pins = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if line and not line.startswith("#")]
    assert all(line.count("==") == 1 and "--hash" not in line for line in pins)
    assert "torch==2.13.0" in pins
    names = {canonical_name(line) for line in pins}
    wanted = project["dependencies"] + [line for extra in project["optional-dependencies"].values() for line in extra]
    needed = {canonical_name(requirement) for requirement in wanted}
    assert needed - names == {"motion2language"}


@pytest.mark.parametrize("part", ["core", "build"])
def test_the_install_with_hashes_has_the_tested_versions_and_no_more(part):
    tables = tomllib.loads((ROOT / "pyproject.toml").read_text())
    pins = {canonical_name(line): line for line in (ROOT / "constraints.txt").read_text().splitlines() if "==" in line}
    text = (ROOT / f"requirements-{part}.txt").read_text().replace("\\\n", "")
    entries = [line.split() for line in text.splitlines() if line[0] not in "# "]
    for pin, *hashes in entries:
        assert pin.partition("==")[2] == pins[canonical_name(pin)].partition("==")[2], pin
        assert len(hashes) >= 2, pin  # of a wheel and of the source, at least
        assert all(re.fullmatch("--hash=sha256:[0-9a-f]{64}", one) for one in hashes), pin
    listed = {canonical_name(pin) for pin, *_ in entries}
    if part == "core":
        assert listed == names_brought_by(tables["project"]["dependencies"])
    else:  # its programs are not installed here
        assert listed >= {canonical_name(one) for one in tables["build-system"]["requires"]}


def canonical_name(requirement: str) -> str:
    """The name in a requirement, as installed distributions are compared."""
    return re.match(r"[\w.-]+", requirement)[0].lower().replace("_", "-")


def names_brought_by(requirements: list[str]) -> set[str]:
    """The names of what requirements without extras install, from what is installed here."""
    found: set[str] = set()
    left = list(requirements)
    while left:
        requirement, _, marker = left.pop().partition(";")
        name = canonical_name(requirement)
        if name not in found and "extra" not in marker and "python_version < " not in marker:
            found.add(name)
            left += importlib.metadata.requires(name) or ()
    return found
