"""The command line as a user types it: what it prints, what it writes, its exit status; never a traceback."""

import json
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from bodies import walking
from marked import c3d_bytes, skin, trc_text
from small import recording

from motion2language.cli.caption import SAMPLES as SAMPLE_FOLDER
from motion2language.formats import bvh, npz

SAMPLES = sorted(SAMPLE_FOLDER.glob("*.bvh"))


@pytest.fixture
def take(tmp_path) -> Path:
    bvh.write(recording(2), tmp_path / "take.bvh")
    return tmp_path / "take.bvh"


def test_caption_prints_a_line_a_segment(m2l, take):
    status, out, err = m2l("caption", take)
    assert (status, err) == (0, "")
    assert all(line.startswith("[00:") and " → " in line for line in out.splitlines())
    assert len(out.splitlines()) >= 1


def test_inspect_shows_names_as_text_in_one_line(m2l, take):
    text = take.read_text().replace("JOINT spine\n", "JOINT [/red]\x1b[31m" + "x" * 100_000 + "\n", 1)
    assert "[/red]" in text
    take.write_text(text)
    status, out, err = m2l("inspect", take)
    assert "Traceback" not in err
    assert "\x1b" not in out + err
    assert len(out + err) < 20_000
    assert status == 0


def test_an_up_axis_may_have_a_minus(m2l, take):
    status, out, _ = m2l("inspect", take, "--up", "-y")
    assert (status, re.search(r"up axis\s+(\S+)", out)[1]) == (0, "-y")


def test_caption_writes_every_format_beside_the_recording_or_into_out(m2l, take, tmp_path):
    assert m2l("caption", take, "--format", "json,txt,srt,vtt,tsv")[0] == 0
    assert {path.suffix for path in tmp_path.iterdir()} == {".bvh", ".json", ".txt", ".srt", ".vtt", ".tsv"}
    assert m2l("caption", take, "--out", tmp_path / "new" / "deep")[0] == 0
    data = json.loads((tmp_path / "new" / "deep" / "take.json").read_text())
    assert (data["source"], data["model"]) == ("take.bvh", "default")
    assert data.pop("path") == "../../take.bvh"  # below --out, where another recording could have the name
    assert data == json.loads((tmp_path / "take.json").read_text())


def test_one_bad_file_is_reported_and_the_others_go_on(m2l, take, tmp_path):
    bad = tmp_path / "bad.bvh"
    bad.write_text("HIERARCHY\nROOT")
    status, out, err = m2l("caption", bad, take, tmp_path / "none.bvh", "--format", "json")
    assert status == 1
    assert "[00:0" in out
    assert (tmp_path / "take.json").is_file()
    assert not (tmp_path / "bad.json").exists()
    assert [line.startswith("m2l: ") for line in err.splitlines()] == [True, True, True]
    assert "2 of 3 recordings failed, 1 are done" in err
    assert "bad.bvh" in err
    assert "none.bvh" in err


def test_recordings_of_the_same_name_do_not_overwrite_each_other(m2l, take, tmp_path):
    (tmp_path / "other").mkdir()
    bvh.write(recording(5), tmp_path / "other" / "take.bvh")
    assert m2l("caption", take, tmp_path / "other" / "take.bvh", "--out", tmp_path / "out")[0] == 0
    first, second = (json.loads((tmp_path / "out" / name).read_text()) for name in ("take.json", "other/take.json"))
    assert first["text"] != second["text"]


def test_more_files_than_one_group_give_the_same_as_one_by_one(m2l, take, tmp_path, monkeypatch):
    npz.write(recording(4), tmp_path / "other.npz")
    whole = m2l("caption", take, tmp_path / "other.npz", take)[1]
    monkeypatch.setattr("motion2language.captioning.recordings.GROUP", 1)
    assert m2l("caption", take, tmp_path / "other.npz", take)[1] == whole


def test_beam_action_words_rule_and_model_change_the_answer(m2l, take, tmp_path):
    plain = m2l("caption", take)[1]
    assert m2l("caption", take, "--beam", 4)[0] == 0
    (tmp_path / "words.txt").write_text("person\nsomeone person\nhuman person\n")
    assert m2l("caption", take, "--action-words", tmp_path / "words.txt")[1] != plain
    assert m2l("caption", take, "--no-refine")[1] != plain
    assert m2l("caption", take, "--model", "synthetic")[0] == 0


def test_demo_describes_the_four_samples_and_says_what_next(m2l):
    assert len(SAMPLES) == 4
    status, out, err = m2l("demo")
    assert (status, err) == (0, "")
    assert [out.count(f"{path.name}\n") for path in SAMPLES] == [1, 1, 1, 1]
    assert "m2l caption take.bvh" in out.splitlines()[-1]


def test_the_demos_answers_name_its_actions_at_their_time(m2l, tmp_path):
    """About time: boundaries of the committed recordings, which their making knows, within half a second."""
    from motion2language.data.synthesis import make_recording
    from motion2language.data.synthesis.__main__ import SAMPLES as MADE

    assert m2l("caption", *SAMPLES, "--out", tmp_path)[0] == 0
    for name, (seed, actions) in MADE.items():
        wanted = make_recording(seed, actions).segments
        found = json.loads((tmp_path / f"{name}.json").read_text())["segments"]
        assert [segment["label"] for segment in found] == [segment.label for segment in wanted]
        for segment, truth in zip(found, wanted, strict=True):
            middle = (truth.start + truth.end) / 2
            assert segment["start"] < middle < segment["end"]
            covered = min(segment["end"], truth.end) - max(segment["start"], truth.start)
            assert covered / (max(segment["end"], truth.end) - min(segment["start"], truth.start)) > 0.5


def test_the_committed_samples_are_what_their_making_writes(tmp_path, capsys):
    from motion2language.data.synthesis.__main__ import main
    from motion2language.formats.reading import read_motion

    main(tmp_path)
    assert "walk" in capsys.readouterr().out
    for path in SAMPLES:
        np.testing.assert_allclose(
            read_motion(path).positions, read_motion(tmp_path / path.name).positions, atol=1e-4, err_msg=path.name
        )


def test_inspect_shows_the_skeleton_and_the_mapping(m2l, take):
    status, out, _ = m2l("inspect", take)
    assert status == 0
    for word in ("frames", "30", "unit", "up", "height", "left_wrist"):
        assert word in out


def reading(*_: object) -> None:
    raise ValueError("the corpus is read")


def test_train_evaluate_and_resume_from_the_command_line(m2l, tmp_path, monkeypatch):
    (tmp_path / "small.toml").write_text(
        "[model]\nkind = 'transducer'\nfeatures = 'canonical'\nhidden = 8\nembedding = 8\nencoder_hidden = 8\n"
        "[train]\nepochs = 1\nbatch_size = 64\ncaptions = 'one'\n"
    )
    monkeypatch.setattr("motion2language.data.corpora.synthetic.SIZES", {"train": 70, "val": 4, "test": 4})
    arguments = ("train", tmp_path / "small.toml", "--dataset", "synthetic", "--out", tmp_path / "run")
    status, out, _ = m2l(*arguments)
    assert status == 0
    assert "70 recordings to train on, 4 to validate" in out
    assert f"best model: {tmp_path / 'run' / 'best'}" in out.replace("\n", "")
    with monkeypatch.context() as context:
        context.setattr("motion2language.data.corpora.load", reading)
        assert "already holds a run; add --resume" in m2l(*arguments)[2]
        assert "no model 'x'" in m2l(*arguments, "--resume", "--start", "x")[2]
        context.setenv("RANK", "1")  # the first process may have made the folder by now
        assert "the corpus is read" in m2l(*arguments)[2]
    status, _, err = m2l(*arguments)
    assert status == 1
    assert "already holds a run; add --resume" in err
    assert m2l(*arguments, "--resume")[0] == 0
    status, out, _ = m2l("evaluate", tmp_path / "run" / "best", "--dataset", "synthetic", "--out", tmp_path / "scores")
    assert status == 0
    assert "n = 4" in (tmp_path / "scores" / "scores.md").read_text()
    written = {path.name for path in (tmp_path / "scores").iterdir()}
    assert written == {"clips.csv", "references.jsonl", "scores.json", "scores.md", "transcripts.jsonl"}


def text_of(motion, tmp_path) -> str:
    bvh.write(motion, tmp_path / "whole.bvh")
    return (tmp_path / "whole.bvh").read_text()


def spoilt(kind: str, tmp_path: Path) -> Path:
    """A file that cannot be described, of the named kind."""
    motion = recording(2)
    text = text_of(motion, tmp_path)
    path = tmp_path / f"{kind}.bvh"
    head, _, frames = text.partition("Frame Time:")
    lines = text.splitlines()
    contents = {
        "empty": "",
        "truncated": text[: len(text) // 3],
        "cut in the hierarchy": text[:300],
        "no frames": "\n".join(line for line in lines if not line[:1].isdigit() and not line.startswith("-")),
        "nan": text.replace(lines[-1], " ".join(["nan"] * len(lines[-1].split()))),
        "infinite": text.replace(lines[-1], " ".join(["inf"] * len(lines[-1].split()))),
        "negative frame time": head + "Frame Time: -0.01\n" + frames.partition("\n")[2],
        "one frame": head.replace(f"Frames: {motion.frames}", "Frames: 1") + "Frame Time: 0.03\n" + lines[-1],
        "zero frame time": head + "Frame Time: 0\n" + frames.partition("\n")[2],
    }
    path.write_text(contents[kind])
    return path


@pytest.mark.parametrize(
    "kind",
    ["empty", "truncated", "cut in the hierarchy", "no frames", "nan", "infinite", "negative frame time",
     "zero frame time", "one frame"],
)  # fmt: skip
def test_a_spoilt_bvh_is_one_line_that_names_it(kind, m2l, tmp_path):
    path = spoilt(kind, tmp_path)
    status, out, err = m2l("caption", path, "--format", "json")
    assert status == 3, out
    assert out == ""
    assert err.startswith("m2l: ")
    assert len(err.splitlines()) == 1
    assert path.name in err
    assert len(err) < 400
    assert not path.with_suffix(".json").exists()


def armless(tmp_path: Path) -> Path:
    from motion2language.motion import CANONICAL, Motion, Skeleton

    motion = recording(2)
    keep = [
        n
        for n, name in enumerate(CANONICAL.joints)
        if not any(p in name for p in ("col", "sho", "elb", "wri", "ank", "toe"))
    ]
    skeleton = Skeleton(
        "armless",
        tuple(CANONICAL.joints[n] for n in keep),
        tuple(keep.index(CANONICAL.parents[n]) if n else -1 for n in keep),
    )
    npz.write(Motion(motion.positions[:, keep], motion.fps, skeleton), tmp_path / "armless.npz")
    return tmp_path / "armless.npz"


def saved(path: Path, array: np.ndarray, **options) -> Path:
    np.save(path, array, **options)
    return path


def pickled_npz(path: Path) -> Path:
    np.savez(path, positions=np.array([{}], dtype=object), fps=30.0)
    return path


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def lower_body() -> dict[str, np.ndarray]:
    return {label: path for label, path in skin(walking()).items() if label[1:] in "ASI PSI KNE HEE TOE".split()}


BOMB = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;">]><MMM>&b;</MMM>'
EXTERNAL = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><MMM>&x;</MMM>'


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda p: p / "missing.bvh", "missing.bvh"),
        (lambda p: p, "directory|folder"),
        (lambda p: written(p / "take.fbx", b"x"), "fbx"),
        (lambda p: written(p / "take", b"x"), "unsupported file type"),
        (armless, "arm|shoulder|elbow|wrist"),
        (lambda p: saved(p / "a.npy", np.zeros((10, 7, 3), np.float32)), "7 joints in a frame, expected"),
        (lambda p: saved(p / "o.npy", np.array([{}, 1], dtype=object), allow_pickle=True), "o.npy"),
        (lambda p: saved(p / "s.npy", np.array(["a", "b"])), "s.npy"),
        (lambda p: saved(p / "r.npy", np.zeros((10, 22, 3), np.float32)), "--layout humanml3d"),
        (lambda p: pickled_npz(p / "z.npz"), "z.npz"),
        (lambda p: written(p / "broken.npz", b"PK\x03\x04abc"), "broken.npz"),
        (lambda p: written(p / "bomb_mmm.xml", BOMB), "entit"),
        (lambda p: written(p / "external_mmm.xml", EXTERNAL), "entit"),
        (lambda p: written(p / "cut_mmm.xml", b"<MMM><Motion>"), "not a whole XML file"),
        (lambda p: written(p / "alone.amc", b":FULLY-SPECIFIED\n1\nroot 0 0 0 0 0 0\n"), "fps"),
        (
            lambda p: written(p / "cut.c3d", c3d_bytes(skin(walking()))[:700]),
            "cut off",
        ),
        (
            lambda p: written(p / "gait.trc", trc_text(lower_body(), 100).encode()),
            "no markers determine head, shoulders",
        ),
        (lambda p: written(p / "binary.bvh", bytes(range(256)) * 40), "binary.bvh"),
        (lambda p: written(p / "line.bvh", b"HIERARCHY " + b"1 " * 4_000_000), "line.bvh"),
    ],
)
def test_other_bad_files_are_one_line_that_says_what(make, said, m2l, tmp_path):
    path = make(tmp_path)
    status, out, err = m2l("caption", path)
    assert (status, out) == (3, "")
    assert len(err.splitlines()) == 1
    assert len(err) < 500
    assert re.search(said, err), err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--model", "nowhere"), "no model 'nowhere'"),
        (("--format", "docx"), "no output 'docx'; there are "),
        (("--beam", "-1"), "--beam -1: give 1 or more"),
        (("--no-refine", "--search", "segmental"), "--no-refine bounds the segments of one sentence; drop it, or --se"),
        (("--device", "tpu"), "--device tpu: expected auto, cpu or cuda"),
        (("--unit", "parsec"), "parsec"),
        (("--up", "w"), "'w'"),
        (("--action-words", "nowhere.txt"), "nowhere.txt"),
        (("--joint-map", "nowhere.toml"), "nowhere.toml"),
        (("--action-words", "nowhere.txt"), "m2l: nowhere.txt: no such file or directory"),
        (("--fps", "1e9"), "1e+09 frames per second, expected 1 to 10,000"),
        (("--fps", "-3"), "-3"),
        (("--fps", "nan"), "nan"),
    ],
)
def test_wrong_options_are_one_line_that_says_what(words, said, m2l, take):
    status, out, err = m2l("caption", take, *words)
    misused = words[0] in ("--format", "--beam", "--no-refine")  # what it takes is known; otherwise it is read
    assert (status, out) == (2 if misused else 3, "")
    assert len(err.splitlines()) == 1
    assert said in err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nothing",), 'm2l: Unknown command "nothing"'),
        (("caption", "take.bvh", "--fromat", "srt"), "m2l: Unknown option: --fromat. Did you mean --format?"),
        (
            ("caption", "take.bvh", "--fps", "fast"),
            'm2l: Invalid value for --fps: unable to convert "fast" into float.',
        ),
        (("render", "take.bvh"), 'm2l: Command "render" parameter --out requires an argument.'),
        (("data", "corrections", "--rows", "first"), 'm2l: Invalid value "first" for --rows.'),
    ],
)
def test_a_wrong_command_line_is_one_line_too(words, said, m2l):
    status, out, err = m2l(*words)
    assert (status, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert err.startswith(said)


def test_a_joint_map_is_heard_by_caption_and_inspect(m2l, tmp_path):
    motion = recording(2)
    bvh.write(motion, tmp_path / "take.bvh")
    text = (tmp_path / "take.bvh").read_text()
    (tmp_path / "take.bvh").write_text(text.replace("JOINT left_", "JOINT part_of_"))
    for command in ("caption", "inspect"):
        assert m2l(command, tmp_path / "take.bvh")[0] == (3 if command == "caption" else 1)
    parts = [joint.removeprefix("left_") for joint in motion.skeleton.joints if joint.startswith("left_")]
    (tmp_path / "map.toml").write_text("".join(f'left_{part} = "part_of_{part}"\n' for part in parts))
    status, out, err = m2l("caption", tmp_path / "take.bvh", "--joint-map", tmp_path / "map.toml")
    assert (status, err) == (0, "")
    bvh.write(motion, tmp_path / "take.bvh")
    assert m2l("caption", tmp_path / "take.bvh")[1] == out
    (tmp_path / "take.bvh").write_text(text.replace("JOINT left_", "JOINT part_of_"))
    status, out, _ = m2l("inspect", tmp_path / "take.bvh", "--joint-map", tmp_path / "map.toml")
    assert status == 0
    assert "part_of_knee" in out


def test_an_output_folder_that_cannot_be_is_one_line(m2l, take, tmp_path):
    (tmp_path / "file").write_text("")
    status, out, err = m2l("caption", take, "--out", tmp_path / "file" / "below")
    assert (status, out) == (3, "")
    assert "cannot be made" in err
    status, _, err = m2l("evaluate", "synthetic", "--dataset", "compose", "--root", tmp_path / "none.json")
    assert status == 1
    assert "none.json" in err


def test_long_recordings_and_odd_rates_are_described(m2l, tmp_path):
    motion = recording(2)
    long = type(motion)(np.tile(motion.positions, (30, 1, 1)), 30.0, motion.skeleton, "long")
    npz.write(long, tmp_path / "long.npz")
    assert long.duration > 90
    status, out, _ = m2l("caption", tmp_path / "long.npz")
    assert status == 0
    assert out.splitlines()[-1].startswith("[0")
    said = set()
    for fps in (5, 30, 1000):
        npz.write(motion.resample(fps), tmp_path / f"at{fps}.npz")
        assert m2l("caption", tmp_path / f"at{fps}.npz", "--out", tmp_path)[0] == 0
        segments = json.loads((tmp_path / f"at{fps}.json").read_text())["segments"]
        said.add(tuple(segment["label"] for segment in segments))
    assert said == {("squat", "turn", "wave", "clap")}


def python(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def test_importing_the_package_and_asking_for_help_load_no_torch():
    probe = "; import sys; print('torch' in sys.modules, 'pydantic' in sys.modules)"
    assert python("import motion2language" + probe).split() == ["False", "False"]
    assert python("import motion2language.cli" + probe).split() == ["False", "False"]


def test_a_command_imports_no_other_and_what_it_does_not_use():
    code = "import sys; from motion2language.cli import app; app(['caption', {take!r}], result_action='return_value')"
    listed = "; print(*(name for name in sys.modules if name.startswith('motion2language.')))"
    loaded = set(python(code.format(take=str(SAMPLES[1])) + listed).split())
    assert {name for name in loaded if name.startswith("motion2language.cli.")} == {
        "motion2language.cli.caption",
        "motion2language.cli.exits",
        "motion2language.cli.nearest",
        "motion2language.cli.options",
        "motion2language.cli.quiet",
        "motion2language.cli.settings",
        "motion2language.cli.standard_input",
        "motion2language.cli.written",
    }
    assert "motion2language.data.progress" not in loaded  # of one recording there is no bar
    units = {name.split(".")[1] for name in loaded if name.startswith("motion2language.")}
    assert "captioning" in units
    assert units & {"viewer", "scoring", "training", "server", "live"} == set()


def test_the_help_shows_what_each_command_does(m2l):
    status, out, _ = m2l("--help")
    assert status == 0
    assert "Describe recordings" in out and "Train a model" in out
    assert "Count recordings" in m2l("data")[1]


def test_both_commands_and_the_module_are_the_same():
    folder = Path(sys.executable).parent
    texts = [
        subprocess.run(command, capture_output=True, text=True, check=True).stdout
        for command in ([folder / "m2l", "--version"], [folder / "motion2language", "--version"],
                        [sys.executable, "-m", "motion2language", "--version"])
    ]  # fmt: skip
    assert set(texts) == {"0.1.0\n"}


def test_output_that_nobody_reads_to_the_end_is_no_error(take):
    command = f"{Path(sys.executable).parent / 'm2l'} caption {take} {take} {take} | head -n 1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert done.stderr == ""


def test_ctrl_c_says_that_the_work_is_kept(m2l, tmp_path, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("motion2language.training.train.train", interrupted)
    config = Path(__file__).parent.parent / "configs" / "transducer.toml"
    monkeypatch.setattr("motion2language.data.corpora.synthetic.SIZES", {"train": 2, "val": 2, "test": 2})
    status, _, err = m2l("train", config, "--dataset", "synthetic", "--set", "also=[]", "--out", tmp_path / "run")
    assert status == 130
    assert err == "m2l: interrupted; finished results are on disk\n"


def test_ctrl_c_while_text_runs_as_in_an_import_of_dataclasses_ends_by_its_status(tmp_path):
    lines = ["import sys", "from motion2language import cli", "def work(): exec('raise KeyboardInterrupt')"]
    lines += ["cli.app.command(work)", "sys.argv = ['m2l', 'work']", "cli.main()"]
    (tmp_path / "interrupted.py").write_text("\n".join(lines))
    command = [sys.executable, "-m", "interrupted"]  # as of m2l, a script or module; with -c Python ends another way
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (130, "m2l: interrupted; finished results are on disk\n")


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_a_recording_sent_is_described_live(sample):
    m2l = Path(sys.executable).parent / "m2l"
    command = f"{m2l} send {sample} --speed 0 | {m2l} live --json"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    (sentence,) = [event for event in events if event["kind"] == "sentence"]
    found = [segment["label"] for segment in sentence["segments"]]
    assert found == [action.split("_")[0] for action in made_of(sample)]
    words = [event for event in events if event["kind"] == "word"]
    assert [word["word"] for word in words] == [w["word"] for s in sentence["segments"] for w in s["words"]]


def test_standard_input_that_stalls_is_said_once_and_heard_until_ctrl_c():
    m2l = Path(sys.executable).parent / "m2l"
    lines = subprocess.run([m2l, "send", SAMPLES[1], "--speed", "0"], capture_output=True, text=True, check=True).stdout
    half = lines[: lines.index("\n", len(lines) // 2) + 1]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen([m2l, "live", "--json"], **pipes, text=True) as live:
        limit = threading.Timer(400, live.kill)
        limit.start()
        events = []

        def until_the_stall() -> None:
            while not events or events[-1]["kind"] != "note":
                events.append(json.loads(live.stdout.readline()))

        live.stdin.write(half)
        live.stdin.flush()
        until_the_stall()
        assert events[-1]["text"] == "no input for 2 s; a new take begins with the next frame"
        assert events[-2]["kind"] == "sentence"  # what was heard is finished
        live.stdin.write(half)
        live.stdin.flush()
        once, events[:] = events[:-1], []
        until_the_stall()
        assert events[:-1] == once  # a take like the first
        live.send_signal(signal.SIGINT)
        assert live.wait(300) == 0
        assert (live.stdout.read(), live.stderr.read()) == ("", "")
        limit.cancel()


def made_of(sample: Path) -> tuple[str, ...]:
    from motion2language.data.synthesis.__main__ import SAMPLES as MADE

    return MADE[sample.stem][1]


def test_a_model_that_cannot_go_live_and_a_stream_of_nothing_are_said(m2l, monkeypatch):
    import io

    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\xffhello\n"), encoding="utf-8"))
    status, _, err = m2l("live", "--udp", "99999")
    assert (status, len(err.splitlines())) == (1, 1)
    assert "cannot listen on 127.0.0.1:99999" in err
    status, _, err = m2l("live", "--model", "synthetic")
    assert status == 1
    assert "model 'synthetic' needs the whole recording" in err
    status, out, err = m2l("live")
    assert (status, out) == (1, "\n(0.0 s: not a line of JSON: '\ufffdhello')\n")
    assert "the stream contained no header" in err
    monkeypatch.setattr(sys, "stdin", None)  # as with <&-
    status, _, err = m2l("live")
    assert (status, len(err.splitlines())) == (1, 1)
    assert "standard input is closed" in err
    assert m2l("send", SAMPLES[0], "--speed", "-1")[0] == 1
    assert "expected HOST:PORT" in m2l("send", SAMPLES[0], "--to", "nowhere")[2]


def test_split_writes_a_file_a_segment_and_says_which(m2l, tmp_path):
    take = SAMPLES[1]
    status, out, err = m2l("split", take, "--out", tmp_path / "deep" / "pieces")
    assert (status, err) == (0, "")
    names = sorted(path.name for path in (tmp_path / "deep" / "pieces").iterdir())
    assert names == ["2_walk_bow_01_walk.bvh", "2_walk_bow_02_bow.bvh"]
    assert [Path(line.split("  [")[0]).name for line in out.splitlines()[:-1]] == names
    assert out.splitlines()[-1] == "wrote " + " and ".join(str(tmp_path / "deep" / "pieces" / name) for name in names)
    status, out, _ = m2l("caption", tmp_path / "deep" / "pieces" / names[1])
    assert "bow" in out


def test_split_and_render_take_a_transcript_that_is_there(m2l, tmp_path):
    take = SAMPLES[1]
    assert m2l("caption", take, "--format", "json,labelstudio", "--out", tmp_path)[0] == 0
    written = tmp_path / "2_walk_bow.json"
    data = json.loads(written.read_text())
    data["segments"][0]["label"] = "stroll"
    written.write_text(json.dumps(data))
    assert m2l("split", take, "--out", tmp_path / "a", "--transcript", written, "--model", "nowhere")[0] == 0
    assert "2_walk_bow_01_stroll.bvh" in {path.name for path in (tmp_path / "a").iterdir()}
    other = tmp_path / "2_walk_bow.labelstudio.json"
    assert m2l("split", take, "--out", tmp_path / "b", "--transcript", other)[0] == 0
    assert "2_walk_bow_01_walk.bvh" in {path.name for path in (tmp_path / "b").iterdir()}
    assert m2l("render", take, "--out", tmp_path / "a.svg", "--transcript", written)[0] == 0
    assert "stroll" in (tmp_path / "a.svg").read_text()
    status, _, err = m2l("split", SAMPLES[0], "--out", tmp_path / "c", "--transcript", written)
    assert status == 1
    assert "but the transcript is of 2_walk_bow.bvh" in err


def test_render_makes_each_kind_of_file(m2l, take, tmp_path):
    for name, *options in (("a.png",), ("b.pdf", "--figure", "attention"),
                           ("c.gif", "--rate", 2, "--width", 320, "--dark"),
                           ("d.mp4", "--rate", 2, "--width", 320, "--subtitles")):  # fmt: skip
        status, out, err = m2l("render", take, "--out", tmp_path / name, *options)
        assert (status, out.replace("\n", ""), err) == (0, f"wrote {tmp_path / name}", "")
        assert (tmp_path / name).stat().st_size > 1000


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("a.jpg",), "suffix '.jpg'; m2l render draws"),
        (("none/a.png",), "cannot be written"),
        (("a.png", "--figure", "bars"), "--figure bars: expected poses or attention"),
        (("a.mp4", "--figure", "attention"), "give .png, .svg or .pdf"),
        (("a.png", "--rate", "3"), "are of films"),
        (("a.gif", "--width", "100"), "100 pixels wide"),
        (("a.png", "--beam", "-1"), "--beam -1: give 1 or more"),
        (("a.png", "--transcript", "none.json"), "none.json"),
        (("a.png", "--transcript", "none.srt"), "transcripts are read from .json and .labelstudio.json"),
    ],
)
def test_what_cannot_be_rendered_is_one_line(words, said, m2l, take, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    status, out, err = m2l("render", take, "--out", *words)
    assert (status, out) == (1, "")
    assert len(err.splitlines()) == 1
    assert said in err
    assert {path.name for path in tmp_path.iterdir()} == {"take.bvh"}


def test_a_recording_named_twice_is_described_once(m2l, take, tmp_path):
    status, out, err = m2l(
        "caption",
        take,
        take.parent,
        take.parent / "." / take.name,
        "--format",
        "audacity,textgrid",
        "--out",
        tmp_path / "out",
    )
    assert (status, err.count(take.name)) == (0, 0)
    assert out.count("[00:") == m2l("caption", take)[1].count("[00:") > 0
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"take.audacity.txt", "take.TextGrid"}


def test_a_websocket_is_listened_to_until_ctrl_c(m2l, tmp_path):
    status, _, err = m2l("live", "--udp", "1", "--websocket", "2")
    assert (status, err) == (1, "m2l: --udp and --websocket cannot be combined; give one of them\n")
    command = [Path(sys.executable).parent / "m2l", "live", "--websocket", "0", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as listening:
        address = listening.stderr.readline().split()[-1]
        assert m2l("send", SAMPLES[1], "--to", address, "--speed", "0")[0] == 0
        events = []
        while not events or events[-1]["kind"] != "sentence":
            events.append(json.loads(listening.stdout.readline()))
        listening.send_signal(signal.SIGINT)
        assert listening.wait(300) == 0
    assert [segment["label"] for segment in events[-1]["segments"]] == ["walk", "bow"]
