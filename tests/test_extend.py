"""docs/extend.md: its files are added to a copy of the package, and then its commands and blocks run."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "docs" / "extend.md").read_text(encoding="utf-8")
FILES = re.findall(r'```python title="([^"]+)"\n(.*?)```', TEXT, re.DOTALL)
BLOCKS = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)


@pytest.fixture(scope="module")
def extended(tmp_path_factory) -> Path:
    """A folder with the package and everything the page adds to it, and a corpus of ten recordings."""
    folder = tmp_path_factory.mktemp("extended")
    shutil.copytree(ROOT / "motion2language", folder / "motion2language", ignore=shutil.ignore_patterns("__pycache__"))
    for name, content in FILES:
        with (folder / name).open("a", encoding="utf-8") as file:
            file.write(f"\n\n{content}" if file.tell() else content)
    (folder / "recordings").mkdir()
    samples = sorted((ROOT / "motion2language" / "samples").glob("*.bvh"))
    for number in range(10):
        shutil.copy(samples[number % len(samples)], folder / "recordings" / f"take_{number}.bvh")
        (folder / "recordings" / f"take_{number}.txt").write_text("a person walks and bows\nsomeone walks\n")
    return folder


def run(words: list[str], folder: Path) -> subprocess.CompletedProcess:
    environment = os.environ | {"PYTHONPATH": str(folder)}
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, env=environment, check=False)


def m2l(line: str, folder: Path) -> subprocess.CompletedProcess:
    assert f"\nm2l {line}\n" in TEXT
    return run([sys.executable, "-m", "motion2language", *line.split()], folder)


def test_there_is_an_example_of_each_kind():
    assert [name.removeprefix("motion2language/") for name, _ in FILES] == [
        "writers/markdown.py",
        "formats/pos.py",
        "formats/__init__.py",
        "data/corpora/pairs.py",
        "captioning/features.py",
        "model/encoders.py",
        "model/attention.py",
        "scoring/coverage.py",
    ]


def test_the_output(extended):
    done = m2l("caption motion2language/samples/2_walk_bow.bvh --format markdown --out described", extended)
    assert (done.returncode, done.stderr) == (0, "")
    table = (extended / "described" / "2_walk_bow.md").read_text(encoding="utf-8").splitlines()
    assert table[0] == "| start | end | text |"
    assert "walks" in table[2]
    assert "bow" in table[3]


def test_the_corpus(extended):
    done = m2l("evaluate default --dataset pairs --root recordings --split test", extended)
    assert (done.returncode, done.stderr) == (0, "")
    assert "1 clip, 2 reference sentences" in done.stdout


def test_the_corpus_names_what_is_missing(extended, tmp_path):
    shutil.copy(extended / "recordings" / "take_0.bvh", tmp_path)
    line = f"evaluate default --dataset pairs --root {tmp_path} --split train"
    done = run([sys.executable, "-m", "motion2language", *line.split()], extended)
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert "take_0.txt: not found" in done.stderr


def test_blocks_run_and_print_what_they_should(extended):
    printed = []
    for block in BLOCKS:
        done = run([sys.executable, "-c", block], extended)
        assert done.returncode == 0, done.stderr
        printed.append(done.stdout.splitlines())
    format_, network, score = printed
    assert format_ == ["30 frames per second, off by 0.00 cm"]
    assert network[0] == network[1]
    assert [line.split(",")[0] for line in score[1:]] == ["{'coverage': 1.0", "{'coverage': 0.0"]
