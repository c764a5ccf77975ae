"""Every command of README and the guides is typed, in order, in a folder that `m2l data toy` made.

What cannot be typed there is listed below with its reason, and each reason is used. Trainings run with a tiny network
and one epoch added to the command, the largest numbers are made small (SMALLER); everything else runs as it is
printed. Lines that test_docs.py runs on shipped files are not run again.
"""

import glob
import os
import re
import shlex
import shutil
import subprocess
import sys
import webbrowser
from pathlib import Path

import pytest
from small import captioner
from test_docs import ROOT, TEXT, blocks, shell_lines

from motion2language.data.corpora import synthetic
from motion2language.data.synthesis import own_takes
from motion2language.training import adapt, heads, imagine

PAGES = [page for page in TEXT if (page == "README.md" or page.startswith("docs/guide/")) and blocks(page, "bash")]

#: Pattern -> why a line that it fits is not typed here.
NOT_TYPED = {
    r"^make |^pip |^\.venv|^export |^python -m pytest": "installs, or is this test run",
    r"^python benchmarks/": "measures; its figures are in the results",
    r"^torchrun|--ray|HOST": "needs several processes or machines; test_processes.py, test_many_recordings.py",
    r"serve|--edit|m2l live --|--to ws|^curl": "runs until Ctrl-C, or needs one that does; test_server.py and others",
    r"bnr|clips_10hz|people\.toml|body_models|2016-10-10|HumanML3D|AMASS|data/(bvh|gltf)": "needs real data: toy.md",
    r"\.c3d|\.fbx|pose\.npy|crowd\.bvh|sentences_corrections|published\.pt": "needs a file of one's own",
    r"--semantic": "loads a language model; test_semantic.py",
    r"teach-|reproduce|--seeds|sweep": "trains for long; tests of their own",
    r"m2l completion": "writes into the user's home; test_command_line_use.py",
    r"/data/stores": "names a folder of one machine; test_store.py",
    r"runs/mine/best|runs/bench/best": "of a model trained for long; test_train.py scores one",
}  # fmt: skip
TINY = "--set train.epochs=1 model.hidden=8 model.embedding=8 model.encoder_hidden=8 train.batch_size=8"
SMALLER = {
    r"--train \d+ --val \d+ --test \d+": "--train 6 --val 2 --test 2",
    r"(m2l data compose .*mine.toml --out bench)$": r"\1 --train 6 --val 2 --test 2",
    r"(m2l train .*)": rf"\1 {TINY}",
    r"(m2l adapt .*)": r"\1 --start start --set train.epochs=1",
    r"(m2l bench train .*)": rf"\1 --batches 2 {TINY}",
    r"--width 1920": "--width 320 --rate 2",
}


def typed_lines(page: str) -> list[str]:
    """The command lines of a page, without those that are run or refused elsewhere."""
    lines = [
        line.split("  #")[0].strip()
        for block in blocks(page, "bash")
        for line in block.replace("\\\n", " ").splitlines()
    ]
    return [line for line in lines if line and line not in set(shell_lines()) and not reason(line)]


def reason(line: str) -> str:
    return next((why for pattern, why in NOT_TYPED.items() if re.search(pattern, line)), "")


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """The toy set, of fewer takes, with the shipped samples and configurations beside it, and a tiny model to adapt."""
    from motion2language.cli.caption import SAMPLES
    from motion2language.data.synthesis.toy import write_toy

    folder = tmp_path_factory.mktemp("toy") / "toy"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(own_takes, "TAKES", {"hoop": 1, "walk": 1, "clap": 1})
        write_toy(folder, sorted(SAMPLES.glob("*.bvh")))
    captioner(kind="transducer", encoder="convolution", dropout=0.1).save(folder / "start")
    for name in ("motion2language", "configs"):
        (folder / name).symlink_to(ROOT / name)
    return folder


@pytest.fixture
def toy(made, tmp_path, monkeypatch) -> Path:
    """A copy of it, as the current folder; training sees few recordings of everything."""
    shutil.copytree(made, tmp_path / "toy", symlinks=True)
    monkeypatch.chdir(tmp_path / "toy")
    monkeypatch.setattr(webbrowser, "open", lambda address: True)
    monkeypatch.setattr(own_takes, "TAKES", {"hoop": 1, "walk": 1, "clap": 1})
    monkeypatch.setattr(synthetic, "SIZES", {"train": 8, "val": 2, "test": 2})
    for name, value in {"CHECKED": 2, "MOTIONS": 1, "REHEARSED": 4, "UPDATES": 2, "VIEWS": 1}.items():
        monkeypatch.setattr(adapt, name, value)
    monkeypatch.setattr(heads, "UPDATES", 2)
    monkeypatch.setattr(imagine, "UPDATES", 2)
    return tmp_path / "toy"


def write_tables(page: str) -> None:
    """The files that a page shows before it names them."""
    for table in blocks(page, "csv"):
        if page.endswith("labelled-recordings.md") and table.startswith("file,label,start"):
            Path("labels.csv").write_text(table)


@pytest.mark.parametrize("page", [page for page in PAGES if typed_lines(page)])
def test_the_commands_of_a_page_run_in_order(page, toy, m2l):
    write_tables(page)
    for printed in typed_lines(page):
        line = printed
        for pattern, smaller in SMALLER.items():
            line = re.sub(pattern, smaller, line)
        if line.startswith("m2l ") and not set("|>$(").intersection(re.sub(r"'[^']*'", "", line)):
            words = [
                found
                for word in shlex.split(line)[1:]
                for found in (sorted(glob.glob(word)) if "*" in word else [word])  # noqa: PTH207 - as a shell does
            ]
            status, _, err = m2l(*words)
        else:
            path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
            environment = os.environ | {"PATH": path, "PYTHONPATH": str(ROOT)}
            done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, env=environment, check=False)
            status, err = done.returncode, done.stderr
        assert status == 0, (line, err)


def test_most_lines_are_typed_and_each_reason_is_of_use():
    every = [line for page in PAGES for block in blocks(page, "bash") for line in block.splitlines()]
    typed = [line for page in PAGES for line in typed_lines(page)]
    assert len(typed) >= 40
    assert {why for line in every if (why := reason(line))} == set(NOT_TYPED.values())


def test_a_folder_that_is_there_is_not_written_into(m2l, tmp_path):
    (tmp_path / "toy").mkdir()
    (tmp_path / "toy" / "mine.txt").write_text("mine")
    status, _, err = m2l("data", "toy", tmp_path / "toy")
    assert (status, "is there already; name a new folder" in err) == (1, True)
    assert [path.name for path in (tmp_path / "toy").iterdir()] == ["mine.txt"]
