"""How commands are typed: standard input, a user's defaults, several values after one option, several files."""

import io
import json
import re
import sys
from pathlib import Path

import pytest
from small import recording

from motion2language.cli.settings import NAME
from motion2language.formats import bvh
from motion2language.scoring.tables import comparison_in_words

CONFIG = next((Path(__file__).parent.parent / "configs").rglob("*.toml"))


@pytest.fixture
def take(tmp_path, monkeypatch):
    """A recording in the current folder, where there is no file of defaults."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "own"))
    monkeypatch.chdir(tmp_path)
    bvh.write(recording(2), tmp_path / "take.bvh")
    return tmp_path / "take.bvh"


@pytest.fixture
def typed(monkeypatch):
    """Give bytes to standard input."""

    def give(content: bytes) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))

    return give


def test_a_recording_on_standard_input(m2l, take, typed):
    named = m2l("caption", take)
    for words in (["-", "--kind", "bvh"], ["--kind=.BVH", "-"]):
        typed(take.read_bytes())
        assert m2l("caption", *words) == named
    typed(take.read_bytes())
    assert m2l("caption", "-", "--kind", "bvh", "--format", "srt", "--out", "out")[0] == 0
    assert [path.name for path in (take.parent / "out").iterdir()] == ["stdin.srt"]


def test_what_is_wrong_with_standard_input_is_one_line(m2l, take, typed):
    typed(take.read_bytes())
    assert m2l("caption", "-")[2].startswith("m2l: -: standard input has no name; say which kind")
    assert m2l("caption", "-", "--kind")[2].startswith("m2l: -: standard input has no name")
    assert m2l("caption", "-", "--kind", "../x")[2].startswith("m2l: -: standard input has no name")
    assert "name one with --out" in m2l("caption", "-", "--kind", "bvh", "--format", "srt")[2]
    assert "name one with --out" in m2l("view", "-", "--kind", "bvh")[2]
    assert "-: --kind zzz: unsupported file type; expected amc, bvh, fbx" in m2l("caption", "-", "--kind", "zzz")[2]
    for command, content, kind in (
        (("caption", "-"), b"", "bvh"),
        (("caption", "-"), b"HIERARCHY", "csv"),
        (("inspect", "-"), b"HIERARCHY", "npz"),
        (("convert", "-", "x.npz"), b"a,b", "csv"),
    ):
        typed(content)
        status, out, err = m2l(*command, "--kind", kind)
        assert status != 0
        assert (out, err.count("\n")) == ("", 1)
        assert err.startswith("m2l: standard input: ")


def test_defaults_of_this_folder_come_before_the_users_own_and_after_the_command_line(m2l, take):
    own = take.parent / "own" / "motion2language" / "config.toml"
    own.parent.mkdir(parents=True)
    own.write_text('[caption]\nformat = "txt"\nleast = 0.0\n')
    assert m2l("caption", take)[0] == 0
    assert take.with_suffix(".txt").exists()
    (take.parent / NAME).write_text('[caption]\nformat = "srt"\n')
    assert m2l("caption", take)[0] == 0
    assert take.with_suffix(".srt").exists()
    assert m2l("caption", take, "--format", "vtt")[0] == 0
    assert take.with_suffix(".vtt").exists()
    status, out, _ = m2l("config")
    assert status == 0
    assert out.splitlines() == [
        f"# {NAME}", f"# {own}", f'caption.format = "srt"  # {NAME}', f"caption.least = 0.0  # {own}"
    ]  # fmt: skip


def test_no_defaults_and_wrong_ones(m2l, take):
    assert m2l("config")[1].splitlines()[0] == f"# {NAME}: not there"
    (take.parent / NAME).write_text("[caption]\nformatt = 1\n")
    status, _, err = m2l("caption", take)
    assert status != 0
    assert "formatt" in err
    (take.parent / NAME).write_text("caption = [")
    for words in (["caption", take], ["config"]):
        status, _, err = m2l(*words)
        assert status != 0
        assert err.count("\n") == 1


def test_set_takes_several_values(m2l, take):
    status, _, err = m2l(
        "train", CONFIG, "--dataset", "synthetic", "--out", "run", "--set", "train.epochs=1", "model.nonsense=2"
    )
    assert status != 0
    assert "nonsense" in err  # the second value is read as well


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_knows_commands_and_options(m2l, shell):
    status, out, err = m2l("completion", shell)
    assert (status, err) == (0, "")
    assert {"caption", "compose", "skip-written"} <= set(re.findall(r"[a-z]+(?:-[a-z]+)*", out))
    assert m2l("completion", "tcsh")[0] != 0


def test_version(m2l):
    import motion2language

    for word in ("-V", "--version"):
        assert motion2language.__version__ in m2l(word)[1]


def test_inspect_of_several_files_and_as_json(m2l, take):
    status, out, err = m2l("inspect", take, "none.bvh", take, "--json")
    assert status == 1
    assert "none.bvh" in err
    first, second = map(json.loads, out.splitlines())
    assert first == second
    assert first["file"] == str(take)
    assert first["frames"] == recording(2).frames
    status, out, _ = m2l("inspect", take, take)
    assert status == 0
    assert out.count("frames per second") == 2


def test_a_comparison_in_words():
    def row(score: str, difference: float, p: float) -> dict:
        return {"score": score, "difference": difference, "p": p}

    rows = [row("bleu_4", 2, 0.01), row("iou", -0.1, 0.001), row("iop", -0.2, 0.04), row("tiou", 0.1, 0.2)]
    assert comparison_in_words(rows, ("old", "new")) == (
        "Beyond chance (p < 0.05, each score by itself): old is better in iou and iop. new is better in bleu_4. "
        "In 1 of 4 scores they differ by no more than chance may give."
    )
    assert comparison_in_words(rows[3:], ("old", "new")) == "No difference is beyond chance (p < 0.05)."
