"""KIT-ML and HumanML3D: small corpora in exactly their formats, their splits, and their warnings and errors."""

import itertools
import json
import zipfile

import numpy as np
import pytest
from bodies import SHARED
from test_architecture import ROOT
from test_mmm import document, random_frames

from motion2language.captioning.features import prepare
from motion2language.data import corpora
from motion2language.data.corpora import kit as kit_corpus
from motion2language.formats.reading import read_motion
from motion2language.model.config import ModelConfig

COUNT = 40
CONFIG = next(
    iter(
        sorted((ROOT / "configs").rglob("*recurrent-local*mlp*.toml")) or sorted((ROOT / "configs").rglob("mlp*.toml"))
    )
)


@pytest.fixture(scope="module")
def kit(tmp_path_factory):
    """A release of KIT-ML: 40 recordings; one is too long, others lack sentences, their file or the motion."""
    folder = tmp_path_factory.mktemp("kit")
    for number in range(1, COUNT + 1):
        frames = random_frames(40 + number) if number != 7 else random_frames(3001)
        (folder / f"{number:05}_mmm.xml").write_text(document(frames))
        sentences = [] if number == 8 else ["A person walks.", "See <a href=http://x.example/>tickets</a>", " "]
        if number != 9:
            (folder / f"{number:05}_annotations.json").write_text(json.dumps(sentences))
        (folder / f"{number:05}_meta.json").write_text("{}")
    (folder / "00099_annotations.json").write_text('["A person runs."]')
    return folder


def names(name: str, root) -> dict[str, list[str]]:
    return {split: [sample.name for sample in corpora.load(name, root, split)] for split in ("train", "val", "test")}


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_kit_has_the_papers_splits(kit):
    from sklearn.utils import shuffle

    splits = names("kit", kit)
    kept = [f"{number:05}" for number in range(1, COUNT + 1) if number not in (7, 8, 9)]
    assert sorted(itertools.chain(*splits.values())) == kept
    expected = shuffle(kept, random_state=11)
    assert (splits["test"], splits["val"], splits["train"]) == (expected[:3], expected[3:6], expected[6:])
    sample = corpora.load("kit", kit, "train")[0]
    assert [caption.text for caption in sample.captions] == ["A person walks."]
    assert sample.motion.fps == 100
    assert sample.motion.angles.shape == (sample.motion.frames, 44)
    alone = read_motion(kit / f"{sample.name}_mmm.xml")
    np.testing.assert_allclose(sample.motion.positions, alone.positions, atol=1e-6)


def test_recordings_that_kit_skips_are_counted(kit):
    with pytest.warns(UserWarning) as caught:
        corpora.load("kit", kit, "test")
    messages = sorted(str(warning.message).partition(": ")[2] for warning in caught)
    assert messages == [
        "1 recordings over 30 s left out: 00007",
        "1 recordings without a file of sentences left out: 00009",
        "1 recordings without a sentence left out: 00008",
        "1 sentences without a recording left out: 00099",
        "38 advertisements among the sentences left out: 00001, 00002, 00003, ...",
    ]


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_the_zip_is_read_in_place_and_gives_the_same(kit, tmp_path):
    with zipfile.ZipFile(tmp_path / "kit.zip", "w") as archive:
        for path in kit.iterdir():
            archive.write(path, f"2016/{path.name}")
    assert names("kit", tmp_path / "kit.zip") == names("kit", kit)
    packed, plain = (corpora.load("kit", root, "val")[1] for root in (tmp_path / "kit.zip", kit))
    np.testing.assert_array_equal(packed.motion.positions, plain.motion.positions)
    assert packed.captions == plain.captions
    assert [path.name for path in tmp_path.iterdir()] == ["kit.zip"]


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_kit_paper_takes_every_tenth_frame_from_the_fifth(kit):
    clean, paper = (corpora.load(name, kit, "train")[0] for name in ("kit", "kit-paper"))
    assert paper.name == clean.name
    assert paper.motion.fps == 10
    np.testing.assert_array_equal(paper.motion.positions, clean.motion.positions[5::10])
    np.testing.assert_array_equal(paper.motion.angles, clean.motion.angles[5::10])


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_kit_filters_motion_too_fast_for_its_frame_rate_and_kit_paper_aliases_it(tmp_path):
    """A body that shakes by 100 mm at 9 Hz: every tenth frame shows a sway at 1 Hz that does not exist."""
    shaken = [([0, 0, 1000 + 100 * np.sin(0.18 * np.pi * k)], [0, 0, 0], {"RKx_joint": np.sin(0.18 * np.pi * k)})
              for k in range(200)]  # fmt: skip
    (tmp_path / "00001_mmm.xml").write_text(document(shaken))
    (tmp_path / "00001_annotations.json").write_text('["A person shakes."]')
    (clean,), (paper,) = (corpora.load(name, tmp_path, "train") for name in ("kit", "kit-paper"))
    prepared = [
        prepare(sample.motion, ModelConfig(features="angles", joints=sample.motion.skeleton.joints, fps=10.0))
        for sample in (clean, paper)
    ]
    assert [motion.frames for motion in prepared] == [20, 20]
    heights = [np.ptp(motion.positions[2:-2, 0, 1]) for motion in prepared]
    knees = [np.ptp(motion.angles[2:-2], axis=0).max() for motion in prepared]
    assert (heights[0] < 0.01, heights[1] > 0.15) == (True, True)
    assert (knees[0] < 0.1, knees[1] > 1.5) == (True, True)


def test_recordings_of_up_to_thirty_seconds_are_kept(tmp_path):
    still = ([0, 0, 1000], [0, 0, 0], {})
    for name, frames in (("00001", 3000), ("00002", 3001)):
        (tmp_path / f"{name}_mmm.xml").write_text(document([still] * frames))
        (tmp_path / f"{name}_annotations.json").write_text('["A person stands."]')
    with pytest.warns(UserWarning, match="1 recordings over 30 s left out: 00002"):
        (kept,) = corpora.load("kit", tmp_path, "train")
    assert kept.motion.duration == 30.0


ADVERTISEMENT = (
    "Tim McGraw is a famous country singer, so don't miss the possibility to visit "
    "<a href=http://timmcgrawtourtickets.com/>Tim McGraw tour bus</a>"
)  # the one among the published sentences of KIT-ML


@pytest.mark.skipif(not (SHARED / "data" / "kit").is_dir(), reason="the real sentences are not here")
def test_only_the_published_advertisement_is_recognised():
    published = json.loads((SHARED / "data/kit/text/annotations.json").read_text())
    sentences = {annotation["text"] for entry in published.values() for annotation in entry["annotations"]}
    assert {text for text in sentences if kit_corpus._ADVERTISEMENT.search(text)} == {ADVERTISEMENT}
    assert len(sentences) > 5000


@pytest.mark.skipif(not (SHARED / "data" / "kit").is_dir(), reason="the real recording is not here")
def test_the_real_recording_is_read(tmp_path):
    source = SHARED / "data" / "kit" / "sample" / "00001_mmm.xml"
    (tmp_path / source.name).symlink_to(source)
    (tmp_path / "00001_annotations.json").write_text('["A person is walking forwards."]')
    (sample,) = corpora.load("kit", tmp_path, "train")
    assert sample.motion.duration == pytest.approx(3.78, abs=0.02)
    assert 1.2 < np.ptp(sample.motion.positions[0, :, 1]) < 2.1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda folder: (folder / "00001_annotations.json").write_text("{"),
            "00001_annotations.json: not JSON in UTF-8",
        ),
        (lambda folder: (folder / "00001_annotations.json").write_bytes(b'["\xff"]'), "not JSON in UTF-8"),
        (lambda folder: (folder / "00001_annotations.json").write_text("[1]"), "expected a list of sentences"),
        (lambda folder: (folder / "00001_annotations.json").write_text(""), "not JSON in UTF-8"),
    ],
)
def test_damaged_sentences_are_reported(change, message, tmp_path):
    (tmp_path / "00001_mmm.xml").write_text(document(random_frames(5)))
    change(tmp_path)
    with pytest.raises(ValueError, match=message):
        corpora.load("kit", tmp_path, "train")


def test_a_root_without_kit_is_reported(tmp_path):
    with pytest.raises(ValueError, match="corpus 'kit' needs --root"):
        corpora.load("kit", None, "train")
    with pytest.raises(
        FileNotFoundError,
        match=r"not found; get .* KIT Motion-Language Dataset: https://motion-annotation\.humanoids\.kit\.edu",
    ):
        corpora.load("kit", tmp_path / "nowhere", "train")
    with pytest.raises(FileNotFoundError, match="contains no NNNNN_mmm"):
        corpora.load("kit", tmp_path, "train")
    (tmp_path / "kit.zip").write_bytes(b"PK\x03\x04 cut off")
    with pytest.raises(ValueError, match="neither a folder nor a complete zip"):
        corpora.load("kit", tmp_path / "kit.zip", "train")
    for place in ("a", "b"):
        (tmp_path / place).mkdir()
        (tmp_path / place / "00001_mmm.xml").write_text(document(random_frames(5)))
    with pytest.raises(ValueError, match="1 recordings occur twice"):
        corpora.load("kit", tmp_path, "train")


# HumanML3D and KIT-ML augmented

JOINTS = {"humanml3d": (22, 20.0), "kit-augmented": (21, 12.5)}


@pytest.fixture(params=sorted(JOINTS))
def folder(request, tmp_path):
    """A folder in the layout: 6 recordings and a mirrored one; its values come from a real file if one is available."""
    name = request.param
    count, _ = JOINTS[name]
    for part in ("new_joints", "texts"):
        (tmp_path / part).mkdir()
    body = standing_body(count)
    for number in ("000001", "000002", "000003", "000004", "000005", "M000001"):
        np.save(tmp_path / "new_joints" / f"{number}.npy", body)
        lines = [
            "a person walks forward.#a/DET person/NOUN walk/VERB#0.0#0.0",
            "he walks.#he/PRON walk/VERB#0.0#0.0",
            "",
        ]
        if number == "000002":
            lines.append("a man stops#a/DET man/NOUN stop/VERB#1.0#2.0")
        (tmp_path / "texts" / f"{number}.txt").write_text("\n".join(lines))
    (tmp_path / "train.txt").write_text("000001\n000002\n000003\n")
    (tmp_path / "val.txt").write_text("000004\nM000001\n")
    (tmp_path / "test.txt").write_text("000005\n")
    return name, tmp_path


def standing_body(count: int) -> np.ndarray:
    """Plausible joints (T, count, 3): the mean body of the project's own synthetic recordings, in the corpus' order."""
    from motion2language.data.corpora.synthetic import sample

    motion = sample("test", 0).motion
    order = SMPL if count == 22 else KIT
    return motion.positions[:60][:, [motion.skeleton.index(name) for name in order]]


SMPL = (
    "pelvis left_hip right_hip spine left_knee right_knee spine left_ankle right_ankle chest left_toe right_toe neck "
    "left_collar right_collar head left_shoulder right_shoulder left_elbow right_elbow left_wrist right_wrist"
).split()
KIT = (
    "pelvis spine chest neck head left_shoulder left_elbow left_wrist right_shoulder right_elbow right_wrist left_hip "
    "left_knee left_ankle left_toe left_toe right_hip right_knee right_ankle right_toe right_toe"
).split()


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_folders_are_read_with_parts_and_mirrors_beside_their_originals(folder):
    name, root = folder
    count, fps = JOINTS[name]
    assert names(name, root) == {
        "train": ["000001", "000002", "000002@1-2", "000003", "M000001"], "val": ["000004"], "test": ["000005"],
    }  # fmt: skip
    samples = corpora.load(name, root, "train")
    assert samples[0].motion.positions.shape == (60, count, 3)
    assert samples[0].motion.fps == fps
    assert [caption.text for caption in samples[0].captions] == ["a person walks forward.", "he walks."]
    assert samples[2].motion.duration == pytest.approx(1.0, abs=1 / fps)
    assert [caption.text for caption in samples[2].captions] == ["a man stops"]


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_only_line_feeds_end_a_line_of_a_text(folder):
    name, root = folder
    (root / "texts" / "000004.txt").write_text("a man\u2028walks\x85on#a/DET#0.0#0.0\nhe sits#he/PRON#0.0#0.0\n")
    (sample,) = corpora.load(name, root, "val")
    assert len(sample.captions) == 2


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("mirrored", ["train", "val", "test"])
@pytest.mark.parametrize("original", ["train", "val", "test"])
def test_a_mirrored_recording_is_in_the_split_of_its_original(original, mirrored, folder):
    name, root = folder
    np.save(root / "new_joints" / "M000009.npy", standing_body(JOINTS[name][0]))  # its original is not there
    (root / "texts" / "M000009.txt").write_text("he walks.#he/PRON walk/VERB#0.0#0.0")
    for split in ("train", "val", "test"):
        own = ["000001"] * (split == original) + ["M000001", "M000009"] * (split == mirrored)
        (root / f"{split}.txt").write_text("\n".join(own))
    splits = names(name, root)
    assert {split for split in splits if "M000001" in splits[split]} == {original}
    assert {split for split in splits if "M000009" in splits[split]} == {mirrored}


def test_missing_parts_of_folders_are_counted(folder):
    name, root = folder
    (root / "new_joints" / "000003.npy").unlink()
    (root / "texts" / "000002.txt").write_text("\n")
    with pytest.warns(UserWarning) as caught:
        assert len(corpora.load(name, root, "train")) == 2
    messages = [str(warning.message) for warning in caught]
    assert any("1 mirrored recordings were in another split than their original" in text for text in messages)
    assert any("1 of 4 without new_joints/ID.npy, left out: 000003" in text for text in messages)
    assert any("1 of 4 without a sentence, left out: 000002" in text for text in messages)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda root: (root / "val.txt").unlink(), r"lacks val\.txt; "),
        (
            lambda root: (root / "val.txt").write_text("000001\n"),
            r"val\.txt: 1 names occur twice, there or in another split",
        ),
        (lambda root: (root / "val.txt").write_text("000004\n000004\n"), "1 names occur twice"),
        (lambda root: (root / "val.txt").write_bytes(b"\xff"), "not text in UTF-8"),
        (
            lambda root: (root / "texts" / "000004.txt").write_text("a man walks"),
            "line 1: expected sentence#tags#start#end",
        ),
        (lambda root: (root / "texts" / "000004.txt").write_bytes(b"\xff#a#0#0"), "not text in UTF-8"),
        (
            lambda root: [file.unlink() for file in (root / "new_joints").iterdir()],
            "all 2 recordings of val are missing",
        ),
    ],
)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_damaged_folders_are_reported(change, message, folder):
    name, root = folder
    (root / "train.txt").write_text("000001\n000002\n000003\n")
    (root / "val.txt").write_text("000004\nM000099\n")
    change(root)
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        corpora.load(name, root, "val")


@pytest.mark.skipif(not (SHARED / "data" / "humanml3d").is_dir(), reason="the real recording is not here")
def test_a_real_humanml3d_recording_is_read(tmp_path):
    (source,) = (SHARED / "data" / "humanml3d" / "new_joints").glob("*.npy")
    (tmp_path / "new_joints").mkdir()
    (tmp_path / "texts").mkdir()
    (tmp_path / "new_joints" / source.name).symlink_to(source)
    (tmp_path / "texts" / f"{source.stem}.txt").write_text("a man walks#a/DET#0.0#0.0\n")
    for split in ("train", "val", "test"):
        (tmp_path / f"{split}.txt").write_text(f"{source.stem}\n" if split == "train" else "")
    (sample,) = corpora.load("humanml3d", tmp_path, "train")
    assert sample.motion.positions.shape[1:] == (22, 3)
    assert corpora.load("humanml3d", tmp_path, "test") == [] or len(corpora.load("humanml3d", tmp_path, "test")) == 0


# Commands


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_check_counts_every_split_and_reports_unreadable_recordings(m2l, folder):
    name, root = folder
    status, out, _ = m2l("data", "check", name, "--root", root)
    assert status == 0
    row = next(line.split() for line in out.splitlines() if line.strip().startswith("train"))
    assert row[1:4] == ["5", "9", "27"]
    (root / "new_joints" / "000001.npy").write_bytes(b"cut")
    status, _, err = m2l("data", "check", name, "--root", root)
    assert status == 1
    assert "000001.npy" in err
    assert "1 samples are damaged: 1 of 5 of train" in err


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_model_is_trained_on_them(m2l, kit, folder, tmp_path):
    name, root = folder
    short = ("--set", "train.epochs=1", "--set", "train.minimum_count=1", "--set", "train.batch_size=4")
    status, _, err = m2l("train", CONFIG, "--dataset", name, "--root", root, "--out", tmp_path / "run", *short)
    assert status == 0, err
    assert (tmp_path / "run" / "best" / "weights.safetensors").is_file()
