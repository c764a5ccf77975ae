"""Damaged and incomplete corpora as a user meets them: one line with counts, exit status 1, nothing written or changed.

What can be gone on with is noted with its count instead, and the rest is used.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from small_corpus import write_config, write_corpus
from test_corpora import JOINTS, standing_body
from test_mmm import document, random_frames
from test_own_corpora import motion

from motion2language.formats import npz

COMPOSED = '{"fps": 10, "unit": "m", "up": "y", "joints": ["root"], "parents": [-1], "samples": ["a"]}'
KIT, TEXTS, JSON, CSV = "00003_annotations.json", "texts/000003.txt", "annotations.json", "labels.csv"


@pytest.fixture
def corpora(tmp_path) -> dict[str, Path]:
    """The --root of a small corpus of each kind."""
    made = {name: tmp_path / name for name in ("kit", "humanml3d", "annotations", "folder", "compose")}
    for place in made.values():
        place.mkdir()
    for number in range(1, 13):
        (made["kit"] / f"{number:05}_mmm.xml").write_text(document(random_frames(20)))
        (made["kit"] / f"{number:05}_annotations.json").write_text('["A person walks."]')
    write_folder(made["humanml3d"])
    take = motion(0)
    entries, rows = {}, ["file,label,split"]
    for number in range(12):
        for place in ("annotations", "folder"):
            npz.write(take, made[place] / f"{number:02}.npz")
        annotations = [{"text": "a person walks", "start": 0, "end": take.duration}]
        entries[f"{number:02}"] = {"path": f"{number:02}", "duration": take.duration, "annotations": annotations}
        rows.append(f"{number:02},{'walk' if number % 2 else 'bow'},{('train', 'val', 'test')[number // 4]}")
    (made["annotations"] / JSON).write_text(json.dumps(entries))
    (made["folder"] / CSV).write_text("\n".join(rows) + "\n")
    return made | {"compose": write_corpus(made["compose"], {"train": 4, "val": 2, "test": 2})}


def write_folder(root: Path) -> None:
    """HumanML3D's layout: 6 recordings, each with a mirrored one."""
    numbers = [f"{mirror}00000{number}" for mirror in ("", "M") for number in range(1, 7)]
    for part in ("new_joints", "texts"):
        (root / part).mkdir()
    for name in numbers:
        np.save(root / "new_joints" / f"{name}.npy", standing_body(JOINTS["humanml3d"][0]))
        (root / "texts" / f"{name}.txt").write_text("a man walks#a/DET man/NOUN walk/VERB#0.0#0.0\n")
    for split, own in (("train", "1234"), ("val", "5"), ("test", "6")):
        (root / f"{split}.txt").write_text("\n".join(name for name in numbers if name[-1] in own) + "\n")


def contents(root: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def edited(path: Path, change) -> None:
    """A change to the contents of a JSON file."""
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data))


def put(name: str, content: str | bytes):
    """A change that makes this the content of a file."""
    return lambda root: (root / name).write_bytes(content if isinstance(content, bytes) else content.encode())


def without(name: str):
    """A change that deletes a file."""
    return lambda root: (root / name).unlink()


def rewritten(name: str, old: str, new: str):
    """A change that replaces a text in a file."""
    return lambda root: (root / name).write_text((root / name).read_text().replace(old, new))


def samples(change):
    """A change to the first two samples of a compose corpus."""
    return lambda root: edited(root, lambda data: [change(data["samples"], name) for name in list(data["samples"])[:2]])


def repeated(root: Path) -> None:
    first, second = list(json.loads(root.read_text())["samples"])[:2]
    root.write_text(root.read_text().replace(f'"{second}"', f'"{first}"'))


REFUSED = {
    "kit, empty": (
        "kit",
        put(KIT, ""),
        f"{KIT}: not JSON in UTF-8 (it is empty); expected a list of sentences (1 of 12 files of sentences are damaged",
    ),
    "kit, not UTF-8": ("kit", put(KIT, b'["\xff"]'), "not JSON in UTF-8 (byte 2)"),
    "kit, not JSON": (
        "kit",
        lambda root: [(root / KIT.replace("3", d)).write_text("[1") for d in "345"],
        "(3 of 12 files of sentences are damaged: 00003, 00004, 00005)",
    ),
    "kit, of other things": ("kit", put(KIT, "{}"), f"{KIT}: expected a list of sentences"),
    "kit, twice": (
        "kit",
        lambda root: [(root / "b").mkdir(), (root / "b" / KIT).write_text('["He runs."]')],
        "1 files of sentences occur twice: 00003; give the folder of one release",
    ),
    "texts, not UTF-8": (
        "humanml3d",
        put(TEXTS, b"\xff#a#0#0"),
        "not text in UTF-8; expected sentence#tags#start#end on each line "
        "(1 of 8 files of sentences are damaged: 000003)",
    ),
    "texts, without end": (
        "humanml3d",
        put(TEXTS, "a man walks#a/DET#0#inf"),
        "000003.txt, line 1: expected sentence#",
    ),
    "texts, no fields": ("humanml3d", put(TEXTS, "a man walks"), "000003.txt, line 1: expected"),
    "lists, twice": (
        "humanml3d",
        put("val.txt", "000005\n000001\n"),
        "val.txt: 1 names occur twice, there or in another split, such as '000001'",
    ),
    "lists, not UTF-8": ("humanml3d", put("val.txt", b"\xff"), "val.txt: not text in UTF-8"),
    "annotations, empty": ("annotations", put(JSON, " "), "not JSON in UTF-8 (it is empty)"),
    "annotations, not UTF-8": ("annotations", put(JSON, b"\xff"), "not JSON in UTF-8 (byte 0)"),
    "annotations, not JSON": ("annotations", put(JSON, '{"a":'), "(line 1, column 6"),
    "annotations, twice": (
        "annotations",
        rewritten(JSON, '"03":', '"04":'),
        "1 names occur twice, such as 04; use each only once",
    ),
    "annotations, of absent files": (
        "annotations",
        lambda root: [path.unlink() for path in root.glob("*.npz")],
        "all of its 12 motion files are missing; expected e.g.",
    ),
    "list of sentences, not UTF-8": (
        "annotations",
        lambda root: [(root / f"split_{split}.txt").write_bytes(b"\xff") for split in ("train", "val", "test")],
        "split_train.txt: not text in UTF-8; expected one name per line",
    ),
    "compose, empty": ("compose", put(".", ""), "corpus.json: not JSON in UTF-8 (it is empty)"),
    "compose, not UTF-8": ("compose", put(".", b"\xff"), "corpus.json: not JSON in UTF-8 (byte 0)"),
    "compose, not JSON": ("compose", put(".", "{"), "corpus.json: not JSON in UTF-8 (line 1, column 2"),
    "compose, twice": ("compose", repeated, "1 names occur twice, such as synthetic_train_00000"),
    "compose, no samples": ("compose", put(".", COMPOSED), "not a compose corpus (expected samples: name -> captions"),
    "compose, one caption": (
        "compose",
        samples(lambda all, name: all[name].update(captions="he walks")),
        "expected a list of captions, each a text (2 of 8 samples are damaged: synthetic_train_00000, ",
    ),
    "compose, of no split": (
        "compose",
        samples(lambda all, name: all[name].update(split="dev")),
        "has split 'dev'; expected train, val, test (2 of 8 samples are damaged: synthetic_train_00000, ",
    ),
    "labels, twice": (
        "folder",
        rewritten(CSV, "02,", "00,jump,train\n02,"),
        "labels.csv, line 4: 00 is labelled twice, 'bow' and 'jump'",
    ),
    "labels, of another table": (
        "folder",
        put(CSV, "a,b,c\n1,2,3\n"),
        "expected a table with the columns file and label, found",
    ),
    "labels, more cells": (
        "folder",
        put(CSV, "file,label\n00,walk,he walks, slowly\n"),
        "labels.csv, line 2: more cells than columns; put a text with commas in quotes",
    ),
    "labels, absent": ("folder", without(CSV), "m2l data labels"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_it_is_refused_in_one_line_and_nothing_is_written(case, m2l, corpora, tmp_path):
    name, change, message = REFUSED[case]
    root = corpora[name]
    change(root)
    before = contents(tmp_path)
    train = ("train", write_config(tmp_path), "--dataset", name, "--root", root, "--out", tmp_path / "run")
    before[tmp_path / "small.toml"] = (tmp_path / "small.toml").read_bytes()
    for command in (("data", "check", name, "--root", root), train):
        status, out, err = m2l(*command)
        assert (status, out, len(err.splitlines())) == (1, "", 1)
        assert message in err
    assert contents(tmp_path) == before


NOTED = {
    "kit, motion alone": ("kit", without(KIT), "1 recordings without a file of sentences left out: 00003", 11),
    "kit, sentences alone": ("kit", without("00003_mmm.xml"), "1 sentences without a recording left out: 00003", 11),
    "texts, motion alone": ("humanml3d", without(TEXTS), "1 of 8 without a sentence, left out: 000003", 11),
    "texts, empty": ("humanml3d", put(TEXTS, ""), "1 of 8 without a sentence, left out: 000003", 11),
    "texts, sentences alone": (
        "humanml3d",
        without("new_joints/000003.npy"),
        "train: 1 of 8 without new_joints/ID.npy, left out: 000003",
        11,
    ),
    "texts, of absent clips": (
        "humanml3d",
        put("val.txt", "000005\n000099\n"),
        "val: 1 of 2 without new_joints/ID.npy, left out: 000099",
        11,
    ),
    "texts, of no list": (
        "humanml3d",
        put("val.txt", "000005\n"),
        "1 recordings of new_joints are not in any split's list and are left out: M000005",
        11,
    ),
    "texts, of no recording": (
        "humanml3d",
        put("texts/000098.txt", "a man walks#a/DET#0#0"),
        "1 files of texts have no recording and are not in any split's list; left out: 000098",
        12,
    ),
    "texts, outside": (
        "humanml3d",
        put(TEXTS, "he stops#a/DET#9.0#9.5\nhe runs#a/DET#1.5#1.0\n"),
        "train: 2 parts lie outside their recording and are left out: 000003@1.5-1, 000003@9-9.5",
        11,
    ),
    "annotations, motion alone": (
        "annotations",
        lambda root: edited(root / JSON, lambda data: [data[name].update(annotations=[]) for name in ("03", "04")]),
        "of 12 recordings 2 have no sentence and are left out: 03, 04",
        10,
    ),
    "annotations, sentences alone": (
        "annotations",
        without("03.npz"),
        "of 12 recordings 1 motion files are missing and left out: 03",
        11,
    ),
    "annotations, of absent clips": (
        "annotations",
        lambda root: [
            (root / f"split_{split}.txt").write_text(f"{some}\n99\n98\n" if split == "train" else some)
            for split, some in (("train", "00\n01\n02"), ("val", "03"), ("test", "04"))
        ],
        "split_train.txt: 2 names have no recording: 98, 99",
        5,
    ),
    "compose, motion alone": (
        "compose",
        samples(lambda all, name: all[name].update(captions=[" "])),
        "of 8 samples 2 have no sentence and are left out: synthetic_train_00000, synthetic_train_00001",
        6,
    ),
    "compose, array alone": (
        "compose",
        samples(lambda all, name: all.pop(name)),
        "corpus.npz: 2 arrays belong to no sample in corpus.json and are left out: synthetic_train_00000",
        6,
    ),
    "compose, sentences alone": (
        "compose",
        samples(lambda all, name: all.update({f"x{name}": all[name]})),
        "of 10 samples 2 have no array in corpus.npz and are left out: xsynthetic_train_00000",
        8,
    ),
    "labels, motion alone": (
        "folder",
        rewritten(CSV, "03,walk,train\n", ""),
        "1 of 12 recordings have no label and are left out: 03",
        11,
    ),
    "labels, of absent clips": ("folder", without("03.npz"), "1 of 12 labelled clips were not found: 03", 11),
    "labels, unknown": (
        "folder",
        rewritten(CSV, "walk", "glide"),
        "of 12 clips 6 have neither a caption nor a label with phrases; their sentence is the label: glide",
        12,
    ),
}


@pytest.mark.parametrize("case", NOTED)
def test_it_is_counted_and_the_rest_is_used(case, m2l, corpora, tmp_path):
    name, change, message, left = NOTED[case]
    root = corpora[name]
    change(root)
    before = contents(tmp_path)
    status, out, err = m2l("data", "check", name, "--root", root)
    assert message in err
    assert sum(int(line.split()[1]) for line in out.splitlines()[1:]) == left
    assert status == ("nothing in" in err)
    assert contents(tmp_path) == before


@pytest.mark.parametrize("store", ["--no-store", "--store"])
def test_recordings_that_cannot_be_read_are_counted_and_nothing_is_trained(store, m2l, corpora, tmp_path):
    root = corpora["folder"]
    for name in ("01.npz", "03.npz"):
        (root / name).write_bytes(b"PK")
    where = ("--dataset", "folder", "--root", root, store, *([tmp_path / "stores"] if store == "--store" else []))
    for command in (
        ("train", write_config(tmp_path), *where, "--out", tmp_path / "out"),
        ("evaluate", "synthetic", *where, "--split", "train", "--out", tmp_path / "out"),
        ("reproduce", "--suite", "paper", "--corpus", *where[1:], "--out", tmp_path / "out"),
    ):
        status, out, err = m2l(*command)
        assert (status, out, (tmp_path / "out").exists()) == (1, "", False)
        message = f"{root / '01.npz'}: not an .npz archive, or cut off (2 of 4 recordings cannot be read)"
        assert err.splitlines()[-1] == f"m2l: {message}"


def marked(path: Path) -> None:
    """The file as Windows editors write it: with a byte order mark, and CR LF after each line."""
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))


@pytest.mark.parametrize("name", ["kit", "humanml3d", "annotations", "folder", "compose"])
def test_files_from_windows_and_macos_are_read_like_others(name, m2l, corpora):
    root = corpora[name]
    if name == "annotations":
        for split, some in (("train", range(8)), ("val", range(8, 10)), ("test", range(10, 12))):
            (root / f"split_{split}.txt").write_text("".join(f"{number:02}\n" for number in some))
    plain = m2l("data", "check", name, "--root", root)
    for path in [root, *root.rglob("*.*")]:
        if path.suffix in (".json", ".txt", ".csv"):
            marked(path)
        if path != root:
            path.with_name(f"._{path.name}").write_bytes(b"\x00\x05\x16\x07\xff")
    assert m2l("data", "check", name, "--root", root) == plain
    assert int(plain[1].splitlines()[1].split()[1]) > 2


@pytest.mark.parametrize("name", ["kit", "folder"])
def test_linked_folders_are_read_like_others_but_circular_links_are_not(name, m2l, corpora, tmp_path):
    plain = m2l("data", "check", name, "--root", corpora[name])
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked" / "all").symlink_to(corpora[name])
    (tmp_path / "linked" / "again").symlink_to(corpora[name])
    (tmp_path / "linked" / "back").symlink_to(tmp_path)
    if name == "folder":
        (tmp_path / "linked" / "a").symlink_to("all")
        rows = (corpora[name] / CSV).read_text().splitlines()
        (tmp_path / "linked" / CSV).write_text("\n".join([rows[0], *(f"a/{row}" for row in rows[1:])]))
    assert m2l("data", "check", name, "--root", tmp_path / "linked") == plain


def test_a_corpus_of_one_clip_can_be_checked_but_not_trained_on(m2l, corpora, tmp_path):
    for path in corpora["kit"].iterdir():
        if "00001" not in path.name:
            path.unlink()
    where = ("--root", corpora["kit"], "--out", tmp_path / "out")
    status, out, err = m2l("data", "check", "kit", *where[:2])
    assert (status, out.splitlines()[1].split()[:2]) == (1, ["train", "1"])
    assert "no samples in val, test, of 1 in the corpus; training needs train and val" in err
    suite = ("reproduce", "--suite", "paper", "--corpus", "kit", *where)
    for command, message in (
        (("train", write_config(tmp_path), "--dataset", "kit", *where), "1 recordings to train on, 0 to validate"),
        (suite, "its split val holds no sample (1 in train, 0 in val, 0 in test)"),
        (("evaluate", "synthetic", "--dataset", "kit", "--split", "test", *where), "no samples to evaluate"),
    ):
        status, out, err = m2l(*command, "--no-store")
        assert (status, out, len(err.splitlines())) == (1, "", 1)
        assert message in err
        assert not (tmp_path / "out").exists()


def test_a_benchmark_of_one_clip_or_of_unknown_labels_is_refused(m2l, corpora, tmp_path):
    root = corpora["folder"]
    command = ("data", "compose", "--clips", root, "--out", tmp_path / "bench", "--train", 2, "--val", 1, "--test", 1)
    rewritten(CSV, "walk", "glide")(root)
    status, _, err = m2l(*command)
    assert (status, "1 of 2 labels, of 6 of 12 clips, have no phrases: glide (6); add them" in err) == (1, True)
    (root / CSV).write_text("file,label\n00,walk\n")
    status, _, err = m2l(*command)
    assert (status, "1 of 1 clips can be used" in err) == (1, True)
    assert not list(tmp_path.glob("bench*"))


def test_check_finds_segments_beyond_the_end(m2l, corpora):
    root = corpora["compose"]
    edited(root, lambda data: next(iter(data["samples"].values()))["segments"][-1].update(end=999))
    status, _, err = m2l("data", "check", "compose", "--root", root)
    assert (status, "ends at 99.9 s, after the recording's end" in err) == (1, True)
    assert "1 samples are damaged: 1 of 4 of train" in err


def test_a_run_is_not_resumed_with_another_configuration(m2l, corpora, tmp_path):
    command = (
        "train",
        write_config(tmp_path),
        "--dataset",
        "compose",
        "--root",
        corpora["compose"],
        "--out",
        tmp_path / "run",
    )
    assert m2l(*command, "--set", "train.epochs=1")[0] == 0
    before = contents(tmp_path / "run")
    status, _, err = m2l(
        *command, "--resume", "--set", "train.epochs=1", "--set", "model.hidden=12", "--set", "train.seed=5"
    )
    assert (status, len(err.splitlines())) == (1, 1)
    assert "another configuration or corpus (model.hidden 16, not 12); continue with those" in err
    assert contents(tmp_path / "run") == before
    corpora["compose"].unlink()  # it is reported before the corpus is read
    changed = m2l(*command, "--resume", "--set", "train.epochs=1", "--set", "model.embedding=7")
    assert "model.embedding" in changed[2] and "not 7); continue" in changed[2]
    assert "corpus.json: not found" in m2l(*command, "--resume", "--set", "train.epochs=1")[2]
    (tmp_path / "run" / "config.json").write_text("{")
    assert "(its config.json cannot be read)" in m2l(*command, "--resume")[2]
