"""Batches: a written file belongs to one recording, a bad file ends no batch, the exit status says what was done."""

import json
import shutil
from pathlib import Path

import pytest
from small import recording

from motion2language.captioning import captioner as captioners
from motion2language.captioning import recordings
from motion2language.captioning.outputs import find_owner, find_recordings, plan_jobs
from motion2language.cli.written import show_written
from motion2language.files import write_atomically
from motion2language.formats import bvh, reading

QUICK = ("--model", "synthetic", "--beam", 1)


@pytest.fixture
def takes(tmp_path) -> Path:
    """Two recordings of one name in two folders."""
    for number, name in enumerate("ab"):
        (tmp_path / "takes" / name).mkdir(parents=True)
        bvh.write(recording(2 + number), tmp_path / "takes" / name / "take.bvh")
    return tmp_path / "takes"


def names(files: list[Path], out: Path | None, formats: tuple[str, ...] = ("json",)) -> list[str]:
    jobs = plan_jobs(find_recordings(files), out, formats)
    return [target.as_posix() for job in jobs for target in job.targets.values()]


def test_the_folders_below_out_are_those_below_the_folder_that_all_share(takes):
    a, b = takes / "a", takes / "b"
    assert names([takes], Path("out")) == ["out/a/take.json", "out/b/take.json"]
    assert names([a, b], Path("out")) == ["out/a/take.json", "out/b/take.json"]
    assert names([b / "take.bvh", a], Path("out")) == ["out/b/take.json", "out/a/take.json"]
    assert names([a / "take.bvh"], Path("out")) == ["out/take.json"]
    assert names([a, b], None) == [f"{a.as_posix()}/take.json", f"{b.as_posix()}/take.json"]


def test_names_do_not_depend_on_the_order_of_the_call(takes):
    a = takes / "a"
    for name in ("take.c3d", "other.bvh", "take.bvh.npz"):
        shutil.copy(a / "take.bvh", a / name)
    files = [a / name for name in ("take.bvh", "take.c3d", "other.bvh", "take.bvh.npz")]
    wanted = ["out/take.bvh.json", "out/take.c3d.json", "out/other.json", "out/take.bvh.npz.json"]
    assert names(files, Path("out")) == wanted
    assert names(files[::-1], Path("out")) == wanted[::-1]
    assert names([files[0], files[0]], Path("out")) == ["out/take.json"]  # one recording, given twice


def test_another_recordings_file_is_neither_skipped_nor_replaced(takes, tmp_path, m2l):
    out = tmp_path / "out"
    assert m2l("caption", takes / "a" / "take.bvh", *QUICK, "--out", out)[0] == 0
    first = (out / "take.json").read_text()
    assert json.loads(first)["path"] == "../takes/a/take.bvh"
    for option in ((), ("--skip-written",)):
        status, _, err = m2l("caption", takes / "b" / "take.bvh", *QUICK, "--out", out, *option)
        assert status == 3
        assert f"{out / 'take.json'}: exists, and is of another recording than" in err
        assert (out / "take.json").read_text() == first
    status, _, err = m2l("caption", takes / "a" / "take.bvh", *QUICK, "--out", out, "--skip-written")
    assert (status, err) == (0, "m2l: 1 of 1 recordings are written already\n")
    assert m2l("caption", takes / "a" / "take.bvh", *QUICK, "--out", out)[0] == 0  # its own file
    assert m2l("caption", takes / "b" / "take.bvh", *QUICK, "--out", out, "--overwrite")[0] == 0
    assert json.loads((out / "take.json").read_text())["path"] == "../takes/b/take.bvh"


def test_a_recording_whose_files_were_half_written_is_known_by_its_json_and_done_again(
    takes, tmp_path, m2l, monkeypatch
):
    command = ["caption", takes / "a" / "take.bvh", *QUICK, "--out", tmp_path / "out", "--format", "srt,vtt,json"]

    def stop(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(recordings.writers, "render", stop)
        assert m2l(*command)[0] == 130
    assert [path.suffix for path in (tmp_path / "out").iterdir()] == [".json"]
    assert m2l(*command, "--skip-written")[0] == 0
    assert len(list((tmp_path / "out").iterdir())) == 3


def test_files_that_cannot_tell_their_recording_are_kept_unless_a_json_tells(takes, tmp_path, m2l):
    out, one = tmp_path / "out", takes / "a" / "take.bvh"
    assert m2l("caption", one, *QUICK, "--out", out, "--format", "srt")[0] == 0
    status, _, err = m2l("caption", one, *QUICK, "--out", out, "--format", "srt")
    assert status == 3
    assert "take.srt: exists, and nothing in it tells its recording; --overwrite replaces it" in err
    assert m2l("caption", one, *QUICK, "--out", out, "--format", "srt", "--skip-written")[0] == 0
    assert m2l("caption", one, *QUICK, "--out", out, "--format", "srt,json", "--overwrite")[0] == 0
    assert m2l("caption", one, *QUICK, "--out", out, "--format", "srt")[0] == 0  # by the json beside it
    assert m2l("caption", one, *QUICK, "--format", "srt")[0] == 0  # beside the recording its name tells
    assert m2l("caption", one, *QUICK, "--format", "srt")[0] == 0


@pytest.mark.parametrize("content", ["", "[" * 100_000, "{}", "[1]", '{"source": 3, "path": 4}'])
def test_a_json_that_is_none_of_ours_is_not_the_recordings(content, takes, tmp_path):
    (job,) = plan_jobs(find_recordings([takes / "a" / "take.bvh"]), None, ["json"])
    job.targets["json"].write_text(content)
    assert find_owner(job) is False


@pytest.mark.parametrize("error", [MemoryError(), RecursionError("deep"), OverflowError("large"), KeyError("x")])
@pytest.mark.parametrize("stage", ["read", "prepare", "describe", "write"])
def test_whatever_one_recording_raises_is_its_line_and_the_others_go_on(stage, error, takes, monkeypatch, m2l):
    def fails(motion):
        return abs(motion.duration - recording(2).duration) < 1e-6

    if stage == "read":
        convert = reading._converted

        def converted(path, *rest):
            if "/a/" in str(path):
                raise error
            return convert(path, *rest)

        monkeypatch.setattr(reading, "_converted", converted)
    elif stage in ("prepare", "describe"):
        name = "prepare" if stage == "prepare" else "describe_all"
        before = getattr(captioners.Captioner, name)

        def wrapped(self, motions, *arguments, **options):
            if any(map(fails, [motions] if stage == "prepare" else motions)):
                raise error
            return before(self, motions, *arguments, **options)

        monkeypatch.setattr(captioners.Captioner, name, wrapped)
    else:
        write = recordings.write_text
        monkeypatch.setattr(
            recordings,
            "write_text",
            lambda path, text: (_ for _ in ()).throw(error) if "/a/" in str(path) else write(path, text),
        )
    status, out, err = m2l("caption", takes, *QUICK, "--format", "json")
    assert status == 1
    assert err.splitlines()[-1] == "m2l: 1 of 2 recordings failed, 1 are done"
    assert len(err.splitlines()) == 2
    assert "b/take.bvh" in out
    assert (takes / "b" / "take.json").is_file()
    assert not (takes / "a" / "take.json").is_file()


def test_the_exit_status_says_what_was_done(takes, tmp_path, m2l):
    bad = tmp_path / "bad.bvh"
    bad.write_text("HIERARCHY")
    one = takes / "a" / "take.bvh"
    assert m2l("caption", one, *QUICK)[0] == 0
    assert m2l("caption", one, bad, *QUICK)[0] == 1
    for wrong in (("--no-such-option",), ("--least", 5), ("--format", "doc"), ("--beam", "many"), ("--skip-written",)):
        status, out, err = m2l("caption", one, *QUICK, *wrong)
        assert (status, out, len(err.splitlines())) == (2, "", 1), wrong
    assert m2l("caption", bad, *QUICK)[0] == 3
    assert m2l("caption", tmp_path / "none.bvh", *QUICK)[0] == 3
    assert m2l("caption", one, "--model", tmp_path / "none")[0] == 3
    (tmp_path / "file").write_text("")
    assert m2l("caption", one, *QUICK, "--out", tmp_path / "file")[0] == 3


def test_a_file_that_another_process_is_writing_is_no_leftover(tmp_path):
    from motion2language.files import remove_leftovers

    def write(file):
        file.write(b"half")
        remove_leftovers([tmp_path / "a.json"])
        assert len(list(tmp_path.iterdir())) == 1
        file.write(b" and half")

    write_atomically(tmp_path / "a.json", write)
    assert (tmp_path / "a.json").read_bytes() == b"half and half"
    (tmp_path / ".a.json-abcdefgh").write_text("left behind")
    remove_leftovers([tmp_path / "a.json"])
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def test_what_was_written_is_one_line_that_a_terminal_can_show(tmp_path, capsys):
    show_written(tmp_path / "a.npz", "1 labels: wa\x1b[31mve\r1")
    assert capsys.readouterr().out == f"wrote {tmp_path / 'a.npz'}: 1 labels: wa\ufffd[31mve 1\n"
