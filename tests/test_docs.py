"""README and guide: their Python runs, their commands on shipped files run, their links lead somewhere."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
TEXT = {page.name: page.read_text(encoding="utf-8") for page in PAGES}


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT[page], re.DOTALL)


def folder_with_samples(tmp_path: Path) -> Path:
    (tmp_path / "motion2language").symlink_to(ROOT / "motion2language")
    return tmp_path


def run(words: list[str], folder: Path) -> subprocess.CompletedProcess:
    commands = Path(sys.executable).parent
    environment = os.environ | {"PATH": f"{commands}{os.pathsep}{os.environ['PATH']}", "PYTHONSAFEPATH": "1"}
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, env=environment, check=False)


def test_there_are_the_pages_the_readme_speaks_of():
    assert set(TEXT) == {"README.md", "guide.md", "results.md", "deviations.md", "extend.md"}


@pytest.mark.parametrize("page", ["README.md", "guide.md"])
def test_python_blocks_run_and_print(page, tmp_path):
    found = blocks(page, "python")
    assert len(found) == 1
    done = run([sys.executable, "-c", found[0]], folder_with_samples(tmp_path))
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) > 3


def test_the_printed_example_of_the_readme_is_what_it_prints(tmp_path):
    (example,) = blocks("README.md", "console")
    command, _, expected = example.partition("\n")
    done = run(shlex.split(command.removeprefix("$ ")), folder_with_samples(tmp_path))
    assert done.stdout == expected


def shell_lines() -> list[str]:
    """Commands that need nothing but what is shipped."""
    lines = [line.split("  #")[0] for page in TEXT for block in blocks(page, "bash") for line in block.splitlines()]
    return [
        line
        for line in lines
        if re.match(r"m2l (caption|inspect|render|send|split) motion2language/|m2l evaluate synthetic .*--out", line)
    ]


def test_commands_on_shipped_files_run(tmp_path):
    lines = shell_lines()
    assert len(lines) == 10
    for line in lines:
        done = run(["bash", "-c", line], folder_with_samples(tmp_path) if line == lines[0] else tmp_path)
        assert (done.returncode, done.stderr) == (0, ""), line
    assert {path.name for path in tmp_path.iterdir()} == {
        "motion2language",
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


def test_every_command_and_option_in_the_pages_exists(tmp_path):
    used = {
        (words[1], option)
        for page in TEXT
        for block in blocks(page, "bash")
        for line in block.splitlines()
        if (words := line.replace(".venv/bin/", "").split("  #")[0].split())[:1] == ["m2l"]
        for option in [None, *re.findall(r"--[a-z-]+", line.split(" | ")[0])]
    }
    assert {command for command, _ in used} == {
        "bench",
        "caption",
        "inspect",
        "live",
        "render",
        "send",
        "split",
        "train",
        "evaluate",
        "import-checkpoint",
        "view",
    }
    helps = {command: run(["m2l", command, "--help"], tmp_path).stdout for command, _ in used}
    assert [pair for pair in used if pair[1] and pair[1] not in helps[pair[0]]] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)]+)\)", TEXT[page.name]):
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
        assert f"`{path.name}`" in TEXT["guide.md"] or f"`{first}-…`" in TEXT["guide.md"]
    options = set(re.findall(r"--[a-z-]+", run(["m2l", "caption", "--help"], tmp_path).stdout)) - {"--refine", "--help"}
    assert {option for option in options if option not in TEXT["guide.md"]} <= {"--files"}
