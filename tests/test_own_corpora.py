"""data/corpora/{folder,annotations}: users' own files as corpora; missing files are counted and named."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np
import pytest
from bodies import SHARED
from test_amass import REST

from motion2language import cli
from motion2language.data import corpora
from motion2language.data.clips import find_clips
from motion2language.data.synthesis import make_recording
from motion2language.formats import bvh, npz
from motion2language.motion import Motion

CMU = SHARED / "data/bvh/cmu"
KIT = SHARED / "data/kit/text/annotations.json"


def motion(seed: int) -> Motion:
    return make_recording([1, seed], ("walk",), fps=20.0).motion


def names(corpus: str, root: Path) -> dict[str, list[str]]:
    splits = ("train", "val", "test")
    return {split: [sample.name for sample in corpora.load(corpus, root, split)] for split in splits}


# folder


@pytest.fixture
def takes(tmp_path) -> Path:
    rows = ["file,label,caption"]
    for seed in range(6):
        npz.write(motion(seed), tmp_path / f"{seed}.npz")
        rows.append(f"{seed}.npz,{'walk' if seed < 3 else 'back_flip'},{'He walks.' if seed == 0 else ''}")
    (tmp_path / "labels.csv").write_text("\n".join(rows))
    return tmp_path


def test_captions_come_from_the_table_the_phrases_or_the_label(takes):
    samples = {
        sample.name: sample for split in ("train", "val", "test") for sample in corpora.load("folder", takes, split)
    }
    captions = {name: [caption.text for caption in sample.captions] for name, sample in samples.items()}
    assert captions["0"] == ["He walks."]
    assert captions["1"][:2] == ["a person walks", "a person is walking"]
    assert captions["3"] == ["back flip"]
    assert samples["2"].motion.frames == motion(2).frames
    assert samples["2"].segments == ()


def test_a_caption_may_span_lines_and_line_numbers_stay_right(takes):
    table = 'file,label,split,caption\n0,walk,train,"a man, who\nwalks \u2028 on"\n1,walk,val,\n2,walk,dev,x\n'
    (takes / "labels.csv").write_text(table)
    with pytest.raises(ValueError, match=r"labels\.csv, line 5: split 'dev'"):
        corpora.load("folder", takes, "train")
    (takes / "labels.csv").write_text(table.replace("dev", "test"))
    with warnings.catch_warnings(action="ignore"):
        (sample,) = corpora.load("folder", takes, "train")
    assert [caption.text for caption in sample.captions] == ["a man, who walks on"]


def test_a_table_gives_the_frame_rate_of_files_without_one(tmp_path):
    np.save(tmp_path / "a.npy", np.broadcast_to(REST, (20, 22, 3)))
    npz.write(motion(1), tmp_path / "b.npz")
    (tmp_path / "labels.csv").write_text("file,label,fps,split\na,walk,25,train\nb,walk,,train\n")
    clips = find_clips(tmp_path)
    assert [clip.read().fps for clip in clips] == [25, 20]
    with pytest.raises(ValueError, match=r"labels\.csv, line 2: 'x' frames per second"):
        (tmp_path / "labels.csv").write_text("file,label,fps\na,walk,x\n")
        find_clips(tmp_path)


def test_splits_of_a_folder_are_by_label_and_always_the_same(takes):
    splits = names("folder", takes)
    assert {split: len(each) for split, each in splits.items()} == {"train": 2, "val": 2, "test": 2}
    assert sorted(name for each in splits.values() for name in each) == list("012345")
    assert {len({name < "3" for name in each}) for each in splits.values()} == {2}
    assert names("folder", takes / "labels.csv") == splits


def test_a_folder_without_labels_is_reported(tmp_path):
    npz.write(motion(0), tmp_path / "a.npz")
    with pytest.raises(FileNotFoundError, match=r"labels\.csv: no such file; give the labels in a CSV"):
        corpora.load("folder", tmp_path, "train")
    with pytest.raises(ValueError, match="needs --root"):
        corpora.load("folder", None, "train")
    with pytest.raises(FileNotFoundError, match="no such folder"):
        corpora.load("folder", tmp_path / "none", "train")


def test_a_pattern_becomes_a_table(tmp_path, monkeypatch, capsys):
    for name in ("walk_old_1", "walk_old_2", "walk_sad_1", "bow_1", "notes"):
        npz.write(motion(0), tmp_path / f"{name}.npz")
    pattern = "^(?P<label>[a-z]+)_((?P<style>[a-z]+)_)?[0-9]"
    monkeypatch.setattr("sys.argv", ["m2l", "data", "labels", str(tmp_path), "--pattern", pattern])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    printed = capsys.readouterr()
    assert (ended.value.code, "1 of 5 recordings have no label and are left out: notes" in printed.err) == (0, True)
    assert "labels.csv: 4 clips, bow 1, walk 3" in printed.out
    table = (tmp_path / "labels.csv").read_text().splitlines()
    assert table[:2] == ["file,label,style,split", "bow_1,bow,,train"]
    assert {row.rsplit(",", 1)[0] for row in table[2:]} == {
        "walk_old_1,walk,old",
        "walk_old_2,walk,old",
        "walk_sad_1,walk,sad",
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert {split: len(each) for split, each in names("folder", tmp_path).items()} == {
            "train": 2,
            "val": 1,
            "test": 1,
        }


def test_training_needs_recordings_to_validate_on(takes, monkeypatch, capsys):
    (takes / "labels.csv").write_text("file,label,split\n0,walk,train\n1,walk,test\n")
    words = ["train", "c.toml", "--dataset", "folder", "--root", str(takes), "--out", str(takes / "run")]
    (takes / "c.toml").write_text("")
    monkeypatch.chdir(takes)
    monkeypatch.setattr("sys.argv", ["m2l", *words])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert (ended.value.code, (takes / "run").exists()) == (1, False)
    assert "folder: 1 recordings to train on, 0 to validate; expected some of each" in capsys.readouterr().err


# annotations


def entry(path: str, *sentences: tuple[str, float, float], duration: float = 2.0, **more) -> dict:
    annotations = [{"seg_id": "x", "text": text, "start": start, "end": end} for text, start, end in sentences]
    return {"path": path, "duration": duration, "annotations": annotations} | more


def write(folder: Path, entries: object) -> Path:
    (folder / "annotations.json").write_text(json.dumps(entries))
    return folder / "annotations.json"


@pytest.fixture
def recorded(tmp_path) -> Path:
    """a.npz and sub/b.bvh, both over 2 s."""
    (tmp_path / "sub").mkdir()
    npz.write(motion(0), tmp_path / "a.npz")
    bvh.write(motion(1), tmp_path / "sub" / "b.bvh")
    return tmp_path


def test_sentences_describe_the_whole_recording_or_a_part(recorded):
    duration = motion(0).duration
    sentences = (("walks", 0.0, duration), (" goes ", 0.04, duration), ("steps", 0.5, 1.25), ("", 0, duration))
    root = write(
        recorded, {"1": entry("a", *sentences, duration=duration), "2": entry("sub/b.bvh", ("walks", 0.0, 2.0))}
    )
    samples = {sample.name: sample for sample in corpora.load("annotations", root, "train")}
    assert list(samples) == ["1", "1@0.5-1.25", "2"]
    assert [caption.text for caption in samples["1"].captions] == ["walks", "goes"]
    assert samples["1@0.5-1.25"].motion.duration == pytest.approx(0.75)
    assert samples["2"].motion.frames == motion(1).frames
    assert samples["1"].captions[0].start is None


def test_missing_files_and_recordings_without_sentences_are_counted_and_named(recorded):
    entries = {"1": entry("a", ("x", 0, 2)), "2": entry("gone", ("x", 0, 2)), "3": entry("sub/b"), "4": entry("lost")}
    root = write(recorded, entries)
    with pytest.warns(UserWarning) as noted:
        assert [sample.name for sample in corpora.load("annotations", recorded, "train")] == ["1"]
    messages = [str(each.message) for each in noted]
    assert messages == [
        f"{root}: of 4 recordings 2 motion files are missing and left out: gone, lost",
        f"{root}: of 4 recordings 2 have no sentence and are left out: 3, 4",
    ]


def test_lists_of_splits(recorded):
    root = write(recorded, {"1": entry("a", ("x", 0, 2)), "2": entry("sub/b", ("x", 0, 2))})
    (recorded / "split_train.txt").write_text("2\n9\n")
    with pytest.raises(FileNotFoundError, match=r"split_val\.txt, .*split_test\.txt: not found, but another split's"):
        corpora.load("annotations", root, "train")
    (recorded / "split_val.txt").write_text("1\n")
    (recorded / "split_test.txt").write_text("")
    with pytest.warns(UserWarning, match=r"split_train\.txt: 1 names have no recording: 9"):
        assert names("annotations", root) == {"train": ["2"], "val": ["1"], "test": []}
    (recorded / "split_test.txt").write_text("2")
    with pytest.raises(ValueError, match=r"split_test\.txt: 1 names are also in .*split_train\.txt, such as 2"):
        corpora.load("annotations", root, "test")


def test_null_times_mean_the_whole_recording(recorded):
    annotations = [{"text": "walks", "start": None, "end": None}, {"text": "goes"}]
    write(recorded, {"1": {"path": "a", "duration": 2.0, "annotations": annotations}})
    (sample,) = corpora.load("annotations", recorded, "train")
    assert (sample.name, [caption.text for caption in sample.captions]) == ("1", ["walks", "goes"])


def test_a_listed_name_may_contain_spaces(recorded):
    root = write(recorded, {"a man walks": entry("a", ("x", 0, 2)), "2": entry("sub/b", ("x", 0, 2))})
    for split, listed in (("train", "a man walks \n\n"), ("val", "2\n"), ("test", "")):
        (recorded / f"split_{split}.txt").write_text(listed)
    assert names("annotations", root) == {"train": ["a man walks"], "val": ["2"], "test": []}


def test_drawn_splits_keep_a_recording_and_its_mirror_together(recorded):
    root = write(recorded, {f"{m}{n:05d}": entry("a", ("x", 0, 2)) for m in ("", "M") for n in range(40)})
    splits = names("annotations", root)
    assert {split: len(each) for split, each in splits.items()} == {"train": 64, "val": 8, "test": 8}
    plain = {split: {name.removeprefix("M") for name in each} for split, each in splits.items()}
    assert plain["train"] & plain["val"] == plain["train"] & plain["test"] == plain["val"] & plain["test"] == set()


def test_listed_splits_keep_a_recording_and_its_mirror_together(recorded):
    root = write(recorded, {name: entry("a", ("x", 0, 2)) for name in ("1", "M1", "2", "M2", "M3")})
    for split, listed in (("train", "1\nM2"), ("val", "2\nM3"), ("test", "M1")):
        (recorded / f"split_{split}.txt").write_text(listed)
    with pytest.warns(UserWarning, match="2 mirrored recordings were in another split than their original"):
        assert names("annotations", root) == {"train": ["1", "M1"], "val": ["2", "M2", "M3"], "test": []}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", r"not JSON in UTF-8 \(it is empty\); expected name -> path, duration"),
        ('{"a":', "not JSON in UTF-8 .line 1, column 6"),
        ("{}", "contains no recordings"),
        ("[]", "contains list; expected name -> path"),
        ('{"a": {"duration": 1, "annotations": []}}', "lacks 'path'; expected name -> path"),
        (json.dumps({"a": entry("a", ("x", 0, 2)) | {"annotations": [{"text": 3}]}}), "a value of the wrong kind"),
        (json.dumps({"a": entry("a", ("x", 0, 2)) | {"duration": "long"}}), "a value of the wrong kind"),
        (json.dumps({"a": entry("a", ("x", 0, 2)) | {"fps": "30"}}), "a value of the wrong kind"),
        (json.dumps({"a": entry("a", ("x", 0, 2)) | {"layout": ["kit"]}}), "a value of the wrong kind"),
        (json.dumps({"a": entry("a", ("x", 0, float("nan")))}), "the sentence 'x' goes from 0 to nan s of 2 s"),
        (json.dumps({"a": entry("a", ("x", 5, 7))}), "the sentence 'x' goes from 5 to 7 s of 2 s"),
        (
            json.dumps({"a": entry("a", ("x", 0, 2)), "b": {}, "c": {"path": "a"}}),
            r"lacks 'duration'.*\(2 of 3 recordings are damaged: b, c\)",
        ),
        ('{"a": 1, "a": 2}', "1 names occur twice, such as a"),
        (json.dumps({"a": entry("a", ("x", 2, 1))}), "the sentence 'x' goes from 2 to 1 s"),
        (
            json.dumps({"a": entry("gone", ("x", 0, 2))}),
            r"all of its 1 motion files are missing; expected e.g. .*gone",
        ),
    ],
)
def test_a_damaged_file_of_sentences_is_named(content, message, recorded):
    (recorded / "a.json").write_text(content)
    with pytest.raises((ValueError, FileNotFoundError), match=rf"a\.json[:,] .*{message}"):
        corpora.load("annotations", recorded / "a.json", "train")


def test_the_root_must_be_given_and_exist(tmp_path):
    with pytest.raises(ValueError, match="needs --root"):
        corpora.load("annotations", None, "train")
    with pytest.raises(FileNotFoundError, match=r"annotations\.json: no such file"):
        corpora.load("annotations", tmp_path, "train")


@pytest.mark.skipif(not CMU.exists() or not KIT.exists(), reason="no ../shared/data")
def test_cmu_recordings_with_the_sentences_of_kit(tmp_path):
    """17 real recordings with KIT-ML's own file of sentences; the rest of its 5,766 is reported as missing."""
    entries = json.loads(KIT.read_text())
    ours = json.loads((CMU / "captions.json").read_text())
    for name, of in ours.items():
        entries[of["kit_id"]] |= {"path": f"cmu/{name}"}
    (tmp_path / "cmu").symlink_to(CMU)
    root = write(tmp_path, entries)
    with pytest.warns(UserWarning, match="of 5766 recordings 5749 motion files are missing"):
        train = corpora.load("annotations", root, "train")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        rest = [sample for split in ("val", "test") for sample in corpora.load("annotations", root, split)]
    samples = {sample.name: sample for sample in (*train[:2], *rest)}
    assert len(train) + len(rest) == 17
    for of in ours.values():
        if of["kit_id"] in samples:
            assert [caption.text for caption in samples[of["kit_id"]].captions] == of["captions"]
