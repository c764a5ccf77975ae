"""Corpora through the store: the same samples, warnings and errors as without it, whether new or not."""

import json
import warnings
import zipfile
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from small_corpus import write_config, write_corpus
from test_corpora import standing_body
from test_mmm import document, random_frames
from test_own_corpora import entry, motion

from motion2language.data import corpora
from motion2language.data.corpora import kit as kit_corpus
from motion2language.data.corpora import synthetic
from motion2language.data.samples import Sample, Samples, Stored
from motion2language.formats import npz

SPLITS = ("train", "val", "test")


def kit(folder: Path) -> Path:
    """KIT-ML: one recording too long, one without a sentence, one that is damaged."""
    folder.mkdir()
    for number in range(1, 16):
        text = document(random_frames(3001 if number == 7 else 20 + number))
        (folder / f"{number:05}_mmm.xml").write_text(text if number != 5 else text[:-9])
        sentences = [] if number == 8 else [f"A person walks {number}.", "She goes."]
        (folder / f"{number:05}_annotations.json").write_text(json.dumps(sentences))
    return folder


def kit_zip(folder: Path) -> Path:
    root = folder.with_suffix(".zip")
    with zipfile.ZipFile(root, "w") as archive:
        for path in kit(folder).iterdir():
            archive.write(path, f"2016/{path.name}")
    return root


def texts(folder: Path, joints: int) -> Path:
    """HumanML3D's layout: one recording is missing, one damaged, one has a part of its own."""
    for place in ("new_joints", "texts"):
        (folder / place).mkdir(parents=True)
    body = standing_body(joints)
    for number in range(1, 8):
        np.save(folder / "new_joints" / f"{number:06}.npy", body[: 60 - number])
        lines = "a person walks.#a/DET#0.0#0.0\n" + ("a man stops#a/DET#1.0#2.0\n" if number == 2 else "")
        (folder / "texts" / f"{number:06}.txt").write_text(lines)
    (folder / "new_joints" / "000003.npy").unlink()
    (folder / "new_joints" / "000004.npy").write_bytes(b"no array")
    for split, names in zip(SPLITS, ("000001 000002 000003 000004 000005", "000006", "000007"), strict=True):
        (folder / f"{split}.txt").write_text("\n".join(names.split()))
    return folder


def folder_of_clips(folder: Path) -> Path:
    folder.mkdir()
    rows = ["file,label,split"]
    for seed, split in enumerate(("train", "train", "train", "val", "test")):
        npz.write(motion(seed), folder / f"{seed}.npz")
        rows.append(f"{seed}.npz,walk,{split}")
    (folder / "1.npz").write_bytes(b"no archive")
    (folder / "labels.csv").write_text("\n".join([*rows, "9.npz,walk,train"]))
    return folder


def annotations(folder: Path) -> Path:
    folder.mkdir()
    entries = {}
    for seed in range(12):
        npz.write(motion(seed), folder / f"{seed}.npz")
        entries[f"{seed}"] = entry(f"{seed}", (f"walks {seed}", 0, 2), ("steps", 0.5, 1.5))
    entries["gone"] = entry("gone", ("x", 0, 2))
    (folder / "3.npz").write_bytes(b"no archive")
    (folder / "annotations.json").write_text(json.dumps(entries))
    return folder


def composed(folder: Path) -> Path:
    """One array is damaged, one sample has no sentence."""
    folder.mkdir()
    root = write_corpus(folder, {"train": 5, "val": 2, "test": 2})
    data, arrays = json.loads(root.read_text()), root.with_suffix(".npz")
    data["samples"]["synthetic_train_00003"]["captions"] = []
    root.write_text(json.dumps(data))
    with zipfile.ZipFile(arrays) as archive:
        place = archive.getinfo("synthetic_train_00002.npy").header_offset + 400
    content = arrays.read_bytes()
    arrays.write_bytes(content[:place] + bytes(99) + content[place + 99 :])
    return root


CORPORA = {
    "kit": kit,
    "kit-paper": kit_zip,
    "humanml3d": partial(texts, joints=22),
    "kit-augmented": partial(texts, joints=21),
    "folder": folder_of_clips,
    "annotations": annotations,
}


def everything(corpus: str, root: Path, store: Path | None) -> tuple[list, list[str]]:
    """Everything that reading a corpus gives: samples or errors, in order, and the warnings."""
    results: list = []
    with warnings.catch_warnings(record=True) as noted:
        warnings.simplefilter("always")
        for split in SPLITS:
            samples = corpora.load(corpus, root, split, store)
            if store is not None and len(samples):
                assert isinstance(samples, Stored)
            for number in range(len(samples)):
                try:
                    results.append(facts(samples[number]))
                except ValueError as error:
                    results.append(str(error))
    return results, [str(each.message) for each in noted]


def facts(sample: Sample) -> tuple:
    motion = sample.motion
    arrays = tuple(None if array is None else array.tobytes() for array in (motion.positions, motion.angles))
    shapes = motion.positions.shape, motion.fps, motion.skeleton, motion.name
    return sample.name, sample.split, sample.captions, sample.segments, shapes, arrays


@pytest.mark.parametrize("corpus", CORPORA)
def test_a_corpus_is_the_same_without_the_store_with_a_new_one_and_from_it(corpus, tmp_path, capsys):
    root = CORPORA[corpus](tmp_path / "corpus")
    direct, noted = everything(corpus, root, None)
    assert sum(isinstance(result, str) for result in direct) in (1, 2), "a damaged recording"
    assert len(direct) >= 5
    assert noted
    for wording in ("stored in", "in the store"):
        assert everything(corpus, root, tmp_path / "stores") == (direct, noted)
        lines = capsys.readouterr().err.splitlines()
        assert len(lines) == len(SPLITS)
        assert all(f"recordings {wording} {tmp_path / 'stores'}" in line for line in lines)
        assert lines[0].startswith(f"m2l: {corpus}, train: ")


def test_a_changed_recording_or_sentence_makes_a_new_store(tmp_path):
    root, store = annotations(tmp_path / "corpus"), tmp_path / "stores"
    everything("annotations", root, store)
    npz.write(motion(77), root / "0.npz")
    data = json.loads((root / "annotations.json").read_text())
    data["1"]["annotations"][0]["text"] = "goes"
    (root / "annotations.json").write_text(json.dumps(data))
    results, _ = everything("annotations", root, store)
    assert results == everything("annotations", root, None)[0]
    assert len(list(store.glob("*/index.jsonl"))) == 3, "the older ones are replaced"


def put(root: Path, name: str, content: str) -> None:
    """Rewrite a file of the corpus, in its folder or its zip."""
    if root.is_dir():
        (root / name).write_text(content)
        return
    with zipfile.ZipFile(root) as archive:
        entries = {entry: archive.read(entry) for entry in archive.namelist()}
    with zipfile.ZipFile(root, "w") as archive:
        for entry, data in (entries | {f"2016/{name}": content.encode()}).items():
            archive.writestr(entry, data)


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize(("corpus", "make"), [("kit", kit), ("kit", kit_zip), ("kit-paper", kit)])
def test_with_a_store_no_recording_of_kit_is_read_and_a_change_is_noticed(corpus, make, tmp_path, monkeypatch):
    root, store, counted = make(tmp_path / "corpus"), tmp_path / "stores", []
    count = kit_corpus._frames
    monkeypatch.setattr(kit_corpus, "_frames", lambda place: counted.append(place.name) or count(place))
    first = everything(corpus, root, store)
    assert len(counted) == 14, "once for three splits, but that without a sentence"
    for split in SPLITS:
        with pytest.warns(UserWarning, match="1 recordings over 30 s left out: 00007"):
            corpora.load(corpus, root, split, store)
    assert len(counted) == 14
    monkeypatch.undo()
    for name, frames in (("00003", 3001), ("00007", 40)):
        put(root, f"{name}_mmm.xml", document(random_frames(frames)))
    changed = everything(corpus, root, store)
    assert changed == everything(corpus, root, None) != first
    assert all("1 recordings over 30 s left out: 00003" in text for text in changed[1] if "over 30" in text)
    assert len(list(store.glob("*.numbers.json"))) == 1


@pytest.mark.parametrize("name", ["00003_mmm.xml", "00003_annotations.json"])
def test_a_zip_of_kit_that_is_damaged_is_one_line_with_and_without_a_store(name, m2l, tmp_path):
    root = kit_zip(tmp_path / "corpus")
    with zipfile.ZipFile(root) as archive:
        place = archive.getinfo(f"2016/{name}").header_offset + 30 + len(f"2016/{name}") + 8
    content = bytearray(root.read_bytes())
    content[place] ^= 1
    root.write_bytes(content)
    for option in (("--no-store",), ("--store", tmp_path / "stores")):
        status, _, err = m2l("evaluate", "synthetic", "--dataset", "kit", "--root", root, *option)
        assert status == 1
        assert f"2016/{name}: the zip is damaged (Bad CRC-32" in err.splitlines()[-1]


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_without_a_store_nothing_of_kit_is_cached(m2l, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    root = kit(tmp_path / "corpus")
    words = ("evaluate", "synthetic", "--dataset", "kit", "--root", root, "--split", "val")
    before = sorted(tmp_path.rglob("*"))
    monkeypatch.delenv("MOTION2LANGUAGE_STORE", raising=False)
    assert m2l(*words, "--no-store")[0] == 0
    monkeypatch.setenv("MOTION2LANGUAGE_STORE", "none")
    assert m2l(*words)[0] == 0
    assert sorted(tmp_path.rglob("*")) == before
    status, _, err = m2l(*words, "--store", root / "00001_mmm.xml")
    assert (status, "cannot hold a store (File exists); choose another folder" in err.splitlines()[-1]) == (1, True)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_recording_repaired_without_a_changed_file_is_read(tmp_path):
    """For example an AMASS file whose body model has been installed since."""
    root, store = folder_of_clips(tmp_path / "corpus"), tmp_path / "stores"
    damaged = corpora.load("folder", root, "train", store)
    with pytest.raises(ValueError, match=r"1\.npz"):
        damaged[1]
    npz.write(motion(1), root / "1.npz")
    assert damaged[1].motion.frames == motion(1).frames


def test_one_damaged_array_of_a_compose_corpus_is_reported_and_the_others_are_read(tmp_path, capsys):
    root = composed(tmp_path / "corpus")
    with pytest.raises(ValueError) as direct, pytest.warns(UserWarning, match="1 have no sentence"):
        corpora.load("compose", root, "train")
    for _ in range(2):
        with pytest.warns(UserWarning, match="1 have no sentence"):
            samples = corpora.load("compose", root, "train", tmp_path / "stores")
        assert [sample.name[-1] for sample in samples[:2]] == ["0", "1"]
        assert samples[3].name == "synthetic_train_00004"
        with pytest.raises(ValueError, match="not a compose corpus") as stored_one:
            samples[2]
        assert str(stored_one.value) == str(direct.value)


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("corpus", ["compose", "synthetic"])
def test_corpora_without_files_per_sample_are_the_same_from_the_store(corpus, tmp_path, monkeypatch):
    monkeypatch.setattr(synthetic, "SIZES", {"train": 5, "val": 2, "test": 2})
    root = composed(tmp_path / "corpus") if corpus == "compose" else None
    for split in ("val", "test"):
        direct = [facts(sample) for sample in corpora.load(corpus, root, split)]
        assert any(fact[3] for fact in direct), "segments"
        for _ in range(2):
            kept = corpora.load(corpus, root, split, tmp_path / "stores")
            assert isinstance(kept, Stored)
            assert [facts(sample) for sample in kept] == direct


def test_reference_segments_are_stored(tmp_path):
    makers = [partial(synthetic.sample, "val", number) for number in range(4)]
    kept = corpora.cache("synthetic, val", None, Samples(makers), tmp_path)
    assert all(sample.segments for sample in kept)
    assert [facts(sample) for sample in kept] == [facts(make()) for make in makers]


def test_samples_that_cannot_be_hashed_are_not_stored(tmp_path):
    samples = Samples([partial(synthetic.sample, "val", 0), lambda: synthetic.sample("val", 1)])
    assert corpora.cache("x", None, samples, tmp_path) is samples
    assert list(tmp_path.iterdir()) == []


def said_of_stores(err: str) -> list[str]:
    return ["stored" if " stored in " in line else "in" for line in err.splitlines() if "/stores/" in line]


def test_the_commands_train_score_and_measure_through_the_store(m2l, tmp_path):
    config, root = write_config(tmp_path), annotations(tmp_path / "corpus")
    npz.write(motion(3), root / "3.npz")
    corpus = ("--dataset", "annotations", "--root", root)
    train, kept = ("train", config, *corpus, "--set", "train.epochs=1", "--out"), ("--store", tmp_path / "stores")
    status, _, direct = m2l(*train, tmp_path / "direct", "--no-store")
    assert (status, said_of_stores(direct)) == (0, [])
    _, _, made = m2l(*train, tmp_path / "made", *kept)
    _, _, reused = m2l(*train, tmp_path / "reused", *kept)
    assert said_of_stores(made) == ["stored"] * 3, "train, val, and train prepared"
    assert said_of_stores(reused) == ["in"] * 3
    logs = [(tmp_path / out / "best" / "weights.safetensors").read_bytes() for out in ("direct", "made", "reused")]
    assert logs[0] == logs[1] == logs[2]
    words = ("evaluate", tmp_path / "made" / "best", *corpus, "--split", "val")
    scores = [m2l(*words, *option) for option in (("--no-store",), kept)]
    assert scores[0][:2] == scores[1][:2]
    assert said_of_stores(scores[1][2]) == ["in"]
    assert said_of_stores(m2l("bench", "load", "--config", config, *corpus, *kept)[2]) == ["in", "in", "in"]
    status, out, err = m2l("data", "store", *kept)
    assert (status, err) == (0, "")
    assert "annotations, train, prepared" in out
    assert f"{tmp_path / 'stores'}: 3 stores kept, " in out
    m2l("data", "store", *kept, "--delete")
    assert m2l("data", "store", *kept)[1] == f"{tmp_path / 'stores'}: 0 stores kept, 0.0 MB\n"


def test_a_store_that_cannot_be_written_is_one_line_and_status_1(m2l, tmp_path):
    root = annotations(tmp_path / "corpus")
    place = ("--store", root / "annotations.json")
    corpus = ("--dataset", "annotations", "--root", root)
    status, _, err = m2l("evaluate", "synthetic", *corpus, *place)
    assert status == 1
    assert err.splitlines()[-1].endswith("choose another folder with --store, or read without one: --no-store")
    status, _, err = m2l("evaluate", "synthetic", *corpus, *place, "--no-store")
    assert (status, "give one of the two" in err) == (1, True)


def test_joined_corpora_are_one_after_another():
    parts = [synthetic.samples("val", 2), Samples([]), synthetic.samples("test", 3)]
    joined = parts[0] + parts[1] + parts[2]
    expected = [sample.name for part in parts for sample in part]
    assert [sample.name for sample in joined] == [joined[n - 5].name for n in range(5)] == expected
    assert [sample.name for sample in joined[1:4]] == expected[1:4]
    with pytest.raises(IndexError):
        joined[5]
    assert joined.parts == tuple(parts)
    assert len(Samples([]) + Samples([])) == 0


def later(sample: Sample) -> Sample:
    return replace(sample, motion=replace(sample.motion, fps=sample.motion.fps / 2))


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_mapped_samples_of_a_store_are_made_in_processes_and_unreadable_ones_from_the_corpus(tmp_path, monkeypatch):
    monkeypatch.setattr("motion2language.data.store.filling.ALONE", 0.0)
    monkeypatch.setattr("motion2language.data.store.filling._count_cores", lambda: 2)
    root, store = folder_of_clips(tmp_path / "corpus"), tmp_path / "stores"
    source = corpora.load("folder", root, "train", store)
    assert source.store.unreadable == [1]
    npz.write(motion(1), root / "1.npz")
    slower = source.map(later).cache(store / "slower", "slower", "a")
    assert slower.store.unreadable == []
    assert [facts(sample) for sample in slower] == [facts(later(sample)) for sample in source]
    assert len(slower) == 3
