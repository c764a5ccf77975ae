"""What describes recordings does without PyTorch; what needs it says so in one line."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from small import captioner

SAMPLES = Path(__file__).parent.parent / "motion2language" / "samples"
BOW = SAMPLES / "2_walk_bow.bvh"

#: A process in which PyTorch and other extras are not installed: importing them fails as for any missing package.
HIDDEN = """
import sys

class Missing:
    def find_spec(self, name, *_):
        if name.partition(".")[0] in MISSING:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Missing())
"""
COMMAND = "from motion2language.cli import main; main()"
SERVE = """
from functools import partial
from fastapi.testclient import TestClient
from motion2language.captioning.recordings import load_captioner
from motion2language.server.app import create_app
from motion2language.server.guard import Limits

app = create_app({"default": partial(load_captioner, "default", "auto")}, Limits(), frozenset())
client = TestClient(app, base_url="http://localhost")
with open(sys.argv[1], "rb") as file:
    print(client.post("/api/transcribe", files={"file": ("bow.bvh", file.read())}).text)
"""


def run(
    code: str, *words: object, given: str = "", missing: tuple[str, ...] = ("torch", "pydantic")
) -> subprocess.CompletedProcess:
    command = [sys.executable, "-c", f"MISSING = {missing}" + HIDDEN + code, *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False, input=given, timeout=300)


def m2l(*words: object, given: str = "") -> str:
    """What a command prints that succeeds without PyTorch."""
    done = run(COMMAND, *words, given=given)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def refused(*words: object) -> str:
    """The one line with which a command fails without PyTorch."""
    done = run(COMMAND, *words)
    assert (done.returncode, done.stdout) == (3 if words[0] == "caption" else 1, "")
    assert done.stderr.count("\n") == 1
    return done.stderr


def test_pytorch_is_missing_there():
    assert "No module named 'torch'" in run("import torch").stderr


@pytest.mark.parametrize("options", [(), ("--model", "live"), ("--model", "synthetic", "--beam", 1), ("--beam", 3)])
def test_a_recording_is_described(options, tmp_path):
    assert "walks" in m2l("caption", BOW, "--out", tmp_path, "--format", "json,html", *options)
    assert json.loads((tmp_path / "2_walk_bow.json").read_text())["segments"]


def test_a_recording_is_played_cut_and_drawn(tmp_path):
    m2l("view", BOW, "--out", tmp_path / "bow.html", "--no-open")
    m2l("split", BOW, "--out", tmp_path / "pieces")
    m2l("render", BOW, "--out", tmp_path / "bow.png", "--figure", "attention")
    assert len(list((tmp_path / "pieces").iterdir())) == 2
    assert (tmp_path / "bow.png").stat().st_size > 1000


def test_a_stream_is_described():
    assert "walks" in m2l("live", "--once", given=m2l("send", BOW, "--speed", 0))


def test_the_web_app_describes():
    assert "walks" in run(SERVE, BOW, missing=("torch",)).stdout


@pytest.mark.parametrize("options", [("default",), ("live", "--live")])
def test_a_transducer_is_scored(options, tmp_path):
    rows = [f"{path.name},{path.stem.split('_')[1]},test" for path in sorted(SAMPLES.glob("*.bvh"))]
    (tmp_path / "labels.csv").write_text("file,label,split\n" + "\n".join(rows))
    for path in SAMPLES.glob("*.bvh"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    words = ("evaluate", *options, "--dataset", "folder", "--root", tmp_path, "--no-store", "--no-cuts")
    done = run(COMMAND, *words, missing=("torch",))  # phrases of labels are read with the extra `data`
    assert done.returncode == 0
    assert "BLEU-4" in done.stdout


NEEDS = "needs PyTorch: pip install 'motion2language[train]'\n"


@pytest.fixture(scope="module")
def models(tmp_path_factory) -> Path:
    """A model of the paper's kind, and a transducer with an encoder that numpy does not know."""
    folder = tmp_path_factory.mktemp("models")
    captioner(kind="attention").save(folder / "paper")
    captioner(kind="transducer", encoder="mlp").save(folder / "own")
    path = folder / "own" / "config.json"
    path.write_text(path.read_text().replace('"mlp"', '"mine"'))
    return folder


def test_a_model_that_needs_it_says_why(models):
    assert refused("caption", BOW, "--model", models / "paper") == f"m2l: model 'paper', kind 'attention', {NEEDS}"
    assert refused("caption", BOW, "--model", models / "own") == f"m2l: model 'own', encoder 'mine', {NEEDS}"
    assert refused("caption", BOW, "--device", "cuda") == f"m2l: model 'default', device 'cuda', {NEEDS}"


@pytest.mark.parametrize(
    "words",
    [
        ("train", "configs/live.toml", "--dataset", "synthetic", "--out", "OUT"),
        ("bench", "decode", "--dataset", "synthetic"),
        (
            "sweep",
            "configs/live.toml",
            "--space",
            "configs/spaces/paper.toml",
            "--dataset",
            "synthetic",
            "--out",
            "OUT",
        ),
        ("reproduce", "--suite", "paper", "--corpus", "synthetic", "--out", "OUT"),
        ("import-checkpoint", "a.pt", "--vocabulary", "words.txt", "--config", "configs/kit.toml", "--out", "OUT"),
    ],
    ids=lambda words: words[0],
)
def test_a_command_that_needs_it_says_so(words, tmp_path):
    assert refused(*(tmp_path / "out" if word == "OUT" else word for word in words)) == f"m2l: m2l {words[0]} {NEEDS}"
    assert not list(tmp_path.iterdir())


def test_a_command_on_tables_of_actions_names_their_extra(tmp_path):
    words = ("data", "compose", "--clips", SAMPLES, "--pattern", "[0-9]_(?P<label>[a-z]+)", "--out", tmp_path / "out")
    assert refused(*words) == "m2l: this needs pydantic: pip install 'motion2language[data]'\n"
