"""Files of several takes: what is described one by one, under which names, and what the commands say."""

import re
from pathlib import Path

import numpy as np
import pytest
from animated import moved_gltf
from small import recording

from motion2language.captioning.outputs import plan_jobs
from motion2language.captioning.takes import Source, find_takes, read_sources
from motion2language.cli import main
from motion2language.formats import bvh
from motion2language.formats.reading import ReadOptions

MOTION = recording(2).clip(0, 1)


def several(tmp_path):
    """A file with the takes Walk, Run/fast and bad, whose keys are damaged."""
    document = moved_gltf(MOTION)
    first = document.json["animations"][0]
    bad = first | {"name": "bad", "samplers": [row | {"interpolation": "no"} for row in first["samplers"]]}
    document.json["animations"] += [first | {"name": "Run/fast"}, bad]
    path = tmp_path / "hero.glb"
    path.write_bytes(document.glb())
    return path


def test_each_take_is_a_source_unless_one_is_chosen(tmp_path):
    path = several(tmp_path)
    assert find_takes(path, ReadOptions()) == [Source(path, name) for name in ("Walk", "Run/fast", "bad")]
    assert find_takes(path, ReadOptions(take="Walk")) == [Source(path)]
    assert find_takes(tmp_path / "nowhere.glb", ReadOptions()) == [Source(tmp_path / "nowhere.glb")]


def test_outputs_have_the_names_of_the_takes(tmp_path):
    path = several(tmp_path)
    bvh.write(MOTION, tmp_path / "one.bvh")
    jobs = plan_jobs([(path, path.parent), (tmp_path / "one.bvh", path.parent)], None, ["json"])
    names = [job.targets["json"].name for job in jobs]
    assert names == ["hero_Walk.json", "hero_Run-fast.json", "hero_bad.json", "one.json"]


def test_what_cannot_be_read_is_reported_and_the_others_are_read(tmp_path):
    path = several(tmp_path)
    bvh.write(MOTION, tmp_path / "one.bvh")
    (tmp_path / "broken.fbx").write_bytes(b"x")
    others = [Source(tmp_path / "broken.fbx"), Source(tmp_path / "one.bvh")]
    others += [Source(tmp_path / "gone.glb", "a"), Source(tmp_path / "gone.glb", "b"), Source(path, "Walk")]
    sources = [*find_takes(path, ReadOptions()), *others]
    walk, run, bad, broken, one, gone, also_gone, again = read_sources(sources, ReadOptions())
    assert (walk.name, run.name, one.name) == ("hero.glb [Walk]", "hero.glb [Run/fast]", "one.bvh")
    np.testing.assert_array_equal(walk.positions, again.positions)
    assert str(bad).startswith(f"{path}, take bad: interpolation 'no', expected")
    assert str(broken).startswith(f"{tmp_path / 'broken.fbx'}: not an FBX file")
    assert str(gone) == str(also_gone) == f"{tmp_path / 'gone.glb'}: no such file"


def test_inspect_lists_the_takes_and_view_asks_for_fewer(tmp_path, capsys, monkeypatch):
    path = several(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    for words, status in ((["inspect", str(path)], 0), (["view", str(path), str(path), str(path)], 1)):
        monkeypatch.setattr("sys.argv", ["m2l", *words])
        try:
            code = main()
        except SystemExit as stopped:
            code = stopped.code
        assert (code or 0) == status
    printed = capsys.readouterr()
    assert "3; above is the first, --take NAME shows another: Walk, Run/fast, bad" in printed.out
    assert "shows 8 recordings side by side, found 9; choose one with --take: Walk, Run/fast, bad" in printed.err


@pytest.mark.parametrize("alone", [False, True])
def test_a_single_pose_beside_other_takes_is_no_failure(alone, tmp_path, capsys, monkeypatch):
    document = moved_gltf(MOTION)
    first = document.json["animations"][0]
    accessors = document.json["accessors"]
    begun = len(accessors)
    accessors += [row | {"count": 1} for row in accessors]
    still = [row | {"input": begun + row["input"], "output": begun + row["output"]} for row in first["samplers"]]
    document.json["animations"] = [first | {"name": "T-Pose", "samplers": still}, *[first] * (not alone)]
    path = tmp_path / "hero.glb"
    path.write_bytes(document.glb())
    monkeypatch.setattr("sys.argv", ["m2l", "caption", str(path)])
    try:
        status = main()
    except SystemExit as stopped:
        status = stopped.code
    assert (status or 0) == (3 if alone else 0)
    printed = capsys.readouterr()
    assert ("[T-Pose]\n(a single pose)\n" in printed.out) == (not alone)
    assert ("a single pose" in printed.out) == (printed.err == "")


def test_recordings_are_printed_in_the_order_in_which_they_are_given(tmp_path, m2l, monkeypatch):
    monkeypatch.chdir(tmp_path)
    document = moved_gltf(MOTION)
    first, accessors = document.json["animations"][0], document.json["accessors"]
    begun = len(accessors)
    accessors += [row | {"count": 1} for row in accessors]
    still = [row | {"input": begun + row["input"], "output": begun + row["output"]} for row in first["samplers"]]
    document.json["animations"] = [first | {"name": "Walk"}, first | {"name": "T-Pose", "samplers": still}]
    Path("hero.glb").write_bytes(document.glb())
    for name in "abc":
        bvh.write(MOTION, f"{name}.bvh")
    Path("out").mkdir()
    Path("out/a.txt").write_text("mine")  # not replaced
    words = ("b.bvh", "a.bvh", "nobody.bvh", "hero.glb", "c.bvh", "--format", "txt", "--out", "out")
    _, out, err = m2l("caption", "--model", "synthetic", *words)
    printed = re.findall(r"^\S+(?:bvh|glb)(?: \[.*\])?$", out, re.MULTILINE)
    assert printed == ["b.bvh", "hero.glb [Walk]", "hero.glb [T-Pose]", "c.bvh"]
    assert err.index("a.txt") < err.index("nobody.bvh")


def test_split_cuts_each_take_and_reports_what_cannot_be_read(tmp_path, m2l):
    path, out = several(tmp_path), tmp_path / "pieces"
    status, printed, err = m2l("split", path, "--out", out, "--model", "synthetic", "--beam", 1)
    names = sorted(piece.name for piece in out.iterdir())
    assert (status, "take bad: interpolation 'no'" in err) == (1, True)
    assert {name.split("_01_")[0] for name in names} == {"hero_Walk", "hero_Run-fast"}
    assert all(name in printed for name in names)
    status, _, err = m2l("split", path, "--out", out, "--model", "synthetic", "--beam", 1)
    assert (status, "is there already" in err) == (1, True)
    assert m2l("split", path, "--out", tmp_path / "one", "--take", "walk", "--model", "synthetic", "--beam", 1)[0] == 0
    assert {piece.name.split("_01_")[0] for piece in (tmp_path / "one").iterdir()} == {"hero"}
