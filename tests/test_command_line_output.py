"""What commands print and write: -o, --quiet, the last line, files that are kept, the nearest right line, the help."""

import re
import shutil
import sys
from pathlib import Path

import pytest
from small import recording

from motion2language import writers
from motion2language.cli import COMMANDS, app, groups
from motion2language.formats import npz

SAMPLE = Path(__file__).parent.parent / "motion2language" / "samples" / "2_walk_bow.bvh"
README = Path(__file__).parent.parent / "README.md"


@pytest.fixture
def take(tmp_path, monkeypatch):
    """The shortest sample's copy in the current folder."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(SAMPLE, tmp_path / "take.bvh")
    return Path("take.bvh")


def test_one_recording_to_one_file_in_the_format_of_its_name(m2l, take):
    for name in ("a.srt", "b.babel.json", "c.html", "deep/d.json"):
        status, out, err = m2l("caption", take, "-o", name)
        assert (status, err, out.splitlines()[-1]) == (0, "", f"wrote {name}")
    assert Path("a.srt").read_text().startswith("1\n00:00:00")
    assert '"path": "../take.bvh"' in Path("deep/d.json").read_text()
    status, _, err = m2l("caption", take, "-o", "a.srt")
    assert (status, "--overwrite replaces it" in err) == (3, True)
    assert m2l("caption", take, "-o", "a.srt", "--overwrite")[0] == 0
    assert m2l("caption", take, "-o", "deep/d.json")[0] == 0  # which tells that it is this recording's
    assert "names one file for 2 recordings" in m2l("caption", take, SAMPLE, "-o", "b.srt")[2]
    assert m2l("caption", take, "--format", "txt", "-o", "folder")[1].splitlines()[-1] == "wrote folder/take.txt"


def test_all_formats(m2l, take, monkeypatch):
    status, out, err = m2l("caption", take, "--format", "all,json", "-o", "all")
    assert (status, err) == (0, "")
    assert len(list(Path("all").iterdir())) == len(writers.names()) + 1
    assert out.splitlines()[-1] == f"wrote {len(writers.names()) + 1} files in all"
    monkeypatch.setitem(sys.modules, "pympi", None)
    status, out, err = m2l("caption", take, "--format", "all", "-o", "some")
    assert (status, err) == (0, "m2l: note: left out: eaf, textgrid; pip install 'motion2language[annot]'\n")
    assert len(list(Path("some").iterdir())) == len(writers.names()) - 1


def test_quiet_prints_errors_alone(m2l, take):
    assert m2l("caption", take, "--format", "json,srt", "--quiet") == (0, "", "")
    assert {path.suffix for path in Path().iterdir()} == {".bvh", ".json", ".srt"}
    status, out, err = m2l("-q", "caption", take, "none.bvh")
    assert (status, out, err.count("\n")) == (1, "", 2)
    assert err.startswith("m2l: none.bvh")
    assert m2l("caption", take)[1].startswith("[00:")  # and the next command prints again


def test_split_render_and_labels_replace_nothing_unasked(m2l, take):
    described = m2l("caption", take, "-o", "take.json")
    assert described[0] == 0
    split = ("split", take, "-o", "pieces", "--transcript", "take.json")
    status, out, err = m2l(*split)
    assert (status, err) == (0, "")
    first = Path("pieces/take_01_walk.bvh")
    assert out.splitlines()[-1] == f"wrote {first} and pieces/take_02_bow.bvh"
    first.write_text("mine")
    render = ("render", take, "-o", "drawn.svg", "--transcript", "take.json")
    assert m2l(*render)[0] == 0
    Path("drawn.svg").write_text("mine")
    for words, kept in ((split, first), (render, Path("drawn.svg"))):
        status, out, err = m2l(*words)
        assert (status, out) == (1, "")
        assert f"{kept}: is there already" in err
        assert kept.read_text() == "mine"
        assert m2l(*words, "--overwrite")[0] == 0
        assert kept.stat().st_size > 1000


def test_labels_written_by_hand_stay(m2l, tmp_path):
    for name in ("walk_1", "walk_2", "bow_1"):
        npz.write(recording(2), tmp_path / f"{name}.npz")
    table = tmp_path / "labels.csv"
    table.write_text('file,label,caption\nwalk_1.npz,stroll,"slowly, then faster"\n')
    words = ("data", "labels", tmp_path, "--pattern", "(?P<label>[a-z]+)_[0-9]+")
    status, out, _ = m2l(*words)
    assert status == 0
    assert "3 clips, bow 1, stroll 1, walk 1; 1 row kept, --overwrite replaces all" in out
    assert table.read_text().splitlines() == [
        "file,label,caption",
        'walk_1.npz,stroll,"slowly, then faster"',
        "bow_1,bow,",
        "walk_2,walk,",
    ]
    assert m2l(*words, "--overwrite")[0] == 0
    assert "stroll" not in table.read_text()
    table.write_text("file\nwalk_1\n")
    status, _, err = m2l(*words)
    assert (status, "expected a table with the columns file and label" in err) == (1, True)
    assert table.read_text() == "file\nwalk_1\n"


@pytest.mark.parametrize(
    ("words", "right"),
    [
        ("captoin take.bvh", "m2l caption take.bvh"),
        ("caption 'a b.bvh' --fromat=srt", "m2l caption 'a b.bvh' --format=srt"),
        ("caption take.bvh --fps fast", "m2l caption take.bvh --fps NUMBER"),
        ("render", "m2l render FILE --out OUT"),
        ("split take.bvh --out", "m2l split take.bvh --out OUT"),
        ("data collct takes", "m2l data collect takes"),
        ("data corrections --rows od", "m2l data corrections --rows odd"),
        ("reproduce peple --root x", "m2l reproduce people --root x"),
        ("caption --qqqq", "m2l caption --help"),
        ("facts a.bvh b.bvh a.bvh --fps 30", "m2l facts a.bvh --fps 30"),
        ("nothing", "m2l --help"),
    ],
)
def test_a_wrong_command_line_shows_the_nearest_right_one(words, right, m2l):
    import shlex

    status, out, err = m2l(*shlex.split(words))
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert err.endswith(f" Try: {right}\n")


def commands_of(group: str) -> set[str]:
    return {name for name in app if groups[group] in app[name].group}


def test_the_help_has_the_groups_of_the_readme():
    table = README.read_text(encoding="utf-8").partition("## What it does")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| ([A-Z][a-z ]+) \|([^|]+)\|", table, re.MULTILINE)
    readme = {group: set(re.findall(r"`m2l ([a-z-]+)`", cell)) for group, cell in rows}
    assert list(readme) == list(COMMANDS)
    assert {group: commands_of(group) - {"demo"} for group in COMMANDS} == readme
    assert {name for name in app if not name.startswith("-")} == set().union(*map(commands_of, COMMANDS))


def test_evaluate_prints_six_lines_and_where_the_rest_is(m2l, tmp_path, monkeypatch):
    monkeypatch.setattr("motion2language.data.corpora.synthetic.SIZES", {"train": 4, "val": 4, "test": 4})
    words = ("evaluate", "synthetic", "--dataset", "synthetic")
    status, out, _ = m2l(*words, "-o", tmp_path / "scores")
    lines = out.splitlines()
    assert (status, len(lines)) == (0, 7)
    assert lines[0] == "4 clips, 12 reference sentences"
    assert lines[-1] == f"wrote {tmp_path / 'scores'}: scores.md has all tables"
    status, full, _ = m2l(*words, "--full")
    assert status == 0
    assert full == (tmp_path / "scores" / "scores.md").read_text()
    assert "n = 4" in full
    assert m2l(*words)[1].splitlines() == [*lines[:-1], "(--full prints all tables, --out FOLDER keeps them)"]
    (detailed,) = [line for line in m2l(*words, "--detail")[1].splitlines() if "with detail" in line]
    assert detailed.startswith("sentences with detail: BLEU-4 ")
