"""README and docs: Python blocks run, commands on shipped files run, links lead to existing files."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
TEXT = {page.relative_to(ROOT).as_posix(): page.read_text(encoding="utf-8") for page in PAGES}
EXTEND = "docs/extend.md"  # run by test_extend.py, with the files it adds
GUIDE = "\n".join(TEXT[page] for page in TEXT if page.startswith("docs/guide/"))


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT[page], re.DOTALL)


def folder_with_samples(tmp_path: Path) -> Path:
    (tmp_path / "motion2language").symlink_to(ROOT / "motion2language")
    return tmp_path


def run(words: list[str], folder: Path) -> subprocess.CompletedProcess:
    commands = Path(sys.executable).parent
    environment = os.environ | {"PATH": f"{commands}{os.pathsep}{os.environ['PATH']}", "PYTHONSAFEPATH": "1"}
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, env=environment, check=False)


def test_the_first_page_leads_to_every_other():
    links = set(re.findall(r"\]\(([^)#]+\.md)\)", TEXT["docs/index.md"]))
    assert {f"docs/{link}" for link in links} == set(TEXT) - {"README.md", "docs/index.md"}
    assert len(links) >= 16


def test_the_pages_are_grouped_as_the_commands_of_the_readme():
    table = TEXT["README.md"].partition("## What it does")[2].partition("\n## ")[0]
    groups = re.findall(r"^\| ([A-Z][a-z ]+) \|", table, re.MULTILINE)
    headings = re.findall(r"^## (.*)$", TEXT["docs/index.md"], re.MULTILINE)
    assert headings == ["Quick start", *groups, "Background"]
    assert len(groups) == 6


def test_the_architecture_page_names_every_folder_and_no_file_that_is_missing():
    package, page = ROOT / "motion2language", TEXT["docs/architecture.md"]
    modules = [path for path in package.rglob("*.py") if path.name != "__init__.py" or path.parent != package]
    folders = {path.parent.relative_to(package).as_posix() for path in modules} - {"."}
    named = set(re.findall(r"`([a-z_0-9]+/[a-z_0-9./]*|[a-z_]+\.py)`", page))
    assert len(folders) > 15
    assert {f"{folder}/" for folder in folders} | {path.name for path in modules if path.parent == package} <= named
    homes = {path: ROOT if path.startswith("tests/") else package for path in named}
    assert [path for path, home in homes.items() if not (home / path).exists()] == []


@pytest.mark.parametrize("page", [page for page in TEXT if blocks(page, "python") and page != EXTEND])
def test_python_blocks_run_and_print(page, tmp_path):
    for block in blocks(page, "python"):
        done = run([sys.executable, "-c", block], folder_with_samples(tmp_path))
        assert done.returncode == 0, done.stderr
        assert done.stdout


def test_the_printed_example_of_the_readme_is_what_it_prints(tmp_path):
    (example,) = blocks("README.md", "console")
    command, _, expected = example.partition("\n")
    done = run(shlex.split(command.removeprefix("$ ")), folder_with_samples(tmp_path))
    assert done.stdout == expected


def shell_lines() -> list[str]:
    """The command lines that need shipped files only."""
    lines = [
        line.split("  #")[0]
        for page in TEXT
        if page != EXTEND
        for block in blocks(page, "bash")
        for line in block.splitlines()
    ]
    return [
        line
        for line in lines
        if re.match(r"m2l (caption|inspect|render|send|split) motion2language/|m2l evaluate synthetic .*--out", line)
        and "--to " not in line  # needs a receiver
    ]


def test_commands_on_shipped_files_run(tmp_path):
    lines = shell_lines()
    assert len(lines) >= 10
    folder_with_samples(tmp_path)
    for line in lines:
        done = run(["bash", "-c", line], tmp_path)
        assert (done.returncode, done.stderr) == (0, ""), line
    assert {path.name for path in tmp_path.iterdir()} >= {
        "described",
        "looked.svg",
        "pieces",
        "poses.pdf",
        "scores",
        "wave.gif",
    }
    assert {path.name for path in (tmp_path / "pieces").iterdir()} == {
        "2_walk_bow_01_walk.bvh",
        "2_walk_bow_02_bow.bvh",
    }


def commands() -> set[str]:
    """All commands of `m2l`; one with commands below it may be a command itself (`m2l reproduce`)."""
    from motion2language.cli import app

    names = set()
    for name in app:
        below = [f"{name} {each}" for each in app[name] if not each.startswith("-")]
        names.update([*below, *([name] if app[name].default_command else [])])
    return {name for name in names if not name.startswith("-")}


def used() -> set[tuple[str, str | None]]:
    """Command and option, of every command line in the pages."""
    known = commands()
    pairs = set()
    for page in TEXT:
        for line in "\n".join(blocks(page, "bash")).splitlines():
            for part in line.replace(".venv/bin/", "").split("  #")[0].split(" | "):
                words = part.split()
                if words[:1] == ["m2l"]:
                    command = " ".join(words[1:3]) if " ".join(words[1:3]) in known else words[1]
                    pairs.update((command, option) for option in [None, *re.findall(r"--[a-z-]+", part)])
    return pairs


def helps() -> dict[str, str]:
    """Command -> its help, with its options."""
    from motion2language.cli import app

    parts = re.split(r"^#+ m2l (.+)\n", app.generate_docs(output_format="markdown"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_every_command_is_shown_and_every_option_shown_exists():
    said, shown = helps(), used()
    assert {command for command, _ in shown} == commands() - {"demo"}
    assert [(command, option) for command, option in shown if option and option not in said[command]] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page):
    prose = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    pictures = re.findall(r'\ssrc(?:set)?="([^"]+)"', prose)
    for target in re.findall(r"\]\(([^)]+)\)", prose) + pictures:
        if target.startswith("http"):
            continue
        file, _, anchor = target.partition("#")
        path = (page.parent / file) if file else page
        assert path.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {heading.lower().replace(" ", "-").replace(",", "") for heading in headings}, target


def test_every_configuration_and_option_of_caption_is_in_the_guide(tmp_path):
    for path in (ROOT / "configs").glob("*.toml"):
        first = path.stem.split("-")[0]
        assert f"`{path.name}`" in GUIDE or f"`{first}-…`" in GUIDE
    options = set(re.findall(r"--[a-z-]+", run(["m2l", "caption", "--help"], tmp_path).stdout)) - {"--refine", "--help"}
    assert {option for option in options if option not in GUIDE} <= {"--files"}


def test_the_pictures_are_drawn_again_as_they_are_kept(tmp_path):
    folder = folder_with_samples(tmp_path) / "docs"
    folder.mkdir()
    shutil.copy(ROOT / "docs" / "pictures.py", folder)
    done = run([sys.executable, "docs/pictures.py"], tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    for name in ("picture.png", "attention.png", "segments.png"):
        drawn, kept = (np.asarray(Image.open(each / name).convert("L"), float) for each in (folder, ROOT / "docs"))
        assert drawn.shape == kept.shape
        assert np.abs(drawn - kept).mean() < 0.2, f"{name} is no longer what docs/pictures.py draws; run it"


def test_every_extra_is_on_the_page_of_the_installation():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    rows = re.findall(r"^\| ((?:`\w+` ?)+)\|", TEXT["docs/guide/install.md"], re.MULTILINE)
    assert {name for row in rows for name in re.findall(r"\w+", row)} == set(extras)
