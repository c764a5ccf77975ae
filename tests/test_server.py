"""The web app's API: its answers, its errors, the order of service, and that nothing is stored."""

import io
import json
import multiprocessing
import os
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
from animated import binary, moved_gltf, moved_rig, mvnx_text, text
from fastapi.testclient import TestClient
from small import captioner, recording

from motion2language import writers
from motion2language.captioning.recordings import load_captioner
from motion2language.formats import FORMATS, NAMED, bvh
from motion2language.formats.contents import detect_suffix
from motion2language.formats.reading import ReadOptions
from motion2language.server.app import create_app
from motion2language.server.guard import Limits, RefusedError
from motion2language.server.jobs import Job, JobQueue
from motion2language.server.uploads import Upload, read_upload

TAKE = "take.bvh"


@pytest.fixture(scope="module")
def content(tmp_path_factory) -> bytes:
    path = tmp_path_factory.mktemp("take") / TAKE
    bvh.write(recording(2), path)
    return path.read_bytes()


@pytest.fixture(scope="module")
def client():
    model = captioner(1, kind="transducer")
    model.network.said_gate.bias.data[0] -= 3.0  # gives some words
    models = {"tiny": lambda: model, "broken": lambda: 1 / 0}
    with TestClient(create_app(models, Limits(megabytes=4, minutes=0.4)), base_url="http://localhost") as one:
        yield one


def post(client, *files: tuple[str, bytes], headers=None, **form):
    return client.post("/api/transcribe", files=[("file", part) for part in files], data=form, headers=headers or {})


def test_a_recording_is_described_and_written_in_every_form(client, content):
    wanted = client.get("/api/models").json()["forms"]
    assert set(wanted) == {*writers.names(), "html"}
    answer = post(client, (TAKE, content), form=",".join(wanted))
    assert answer.status_code == 200
    found = answer.json()
    assert found["transcript"]["source"] == TAKE
    assert found["transcript"]["words"]
    assert set(found["files"]) == {"take" + (".html" if one == "html" else writers.suffix(one)) for one in wanted}
    assert json.loads(found["files"]["take.json"]) == found["transcript"]
    assert found["transcript"]["text"].split()[0] in found["files"]["take.html"]
    assert post(client, (TAKE, content)).json() == {"transcript": found["transcript"], "files": {}}


def test_notes_say_which_parts_of_the_body_are_absent(client, content, tmp_path):
    legs = [
        joint for joint in recording(2).skeleton.joints if joint.endswith(("pelvis", "hip", "knee", "ankle", "toe"))
    ]
    motion = recording(2)
    rows = [[f"{frame / 30}", *map(str, points.ravel())] for frame, points in enumerate(
        motion.positions[:, [motion.skeleton.index(joint) for joint in legs]])]  # fmt: skip
    head = ",".join(["time", *(f"{joint}.{axis}" for joint in legs for axis in "xyz")])
    answer = post(client, ("legs.csv", "\n".join([head, *map(",".join, rows)]).encode())).json()
    assert answer["notes"][0] == "shows no head, arms; what is absent stands at rest here"
    assert answer["notes"][1].startswith("models learn whole bodies")
    assert "notes" not in post(client, (TAKE, content)).json()


def test_options_change_the_answer(client, content):
    plain = post(client, (TAKE, content)).json()["transcript"]
    assert post(client, (TAKE, content), beam="1").json()["transcript"]["words"] != plain["words"]
    cut = post(client, (TAKE, content), action_words="person step").json()["transcript"]
    assert {segment["label"] for segment in cut["segments"]} <= {"step", None}
    faster = post(client, (TAKE, content), fps="60").json()["transcript"]
    assert faster["duration"] == pytest.approx(plain["duration"] / 2, rel=0.02)
    assert post(client, (TAKE, content), least="1").json()["transcript"]["text"] != plain["text"]


def npy(array, **options) -> bytes:
    file = io.BytesIO()
    np.save(file, array, **options)
    return file.getvalue()


BOMB = b'<!DOCTYPE x [<!ENTITY a "1"><!ENTITY b "&a;&a;&a;">]><MMM>&b;</MMM>'


@pytest.mark.parametrize(
    ("sent", "form", "message"),
    [
        ((TAKE, b""), {}, "take.bvh: the file is empty"),
        (("x.bvh", b"hello"), {}, "x.bvh: unsupported file type"),
        (("x.bvh", b"\x89PNG\r\n" * 50), {}, "unsupported file type"),
        ((TAKE, None), {"beam": "-1"}, "beam -1: give 0 to 64"),
        ((TAKE, None), {"beam": "many"}, "beam: Input should be a valid integer"),
        ((TAKE, None), {"least": "2"}, "least 2.0: give a confidence"),
        ((TAKE, None), {"model": "../../etc/passwd"}, "no model '../../etc/passwd'; available: tiny, broken"),
        ((TAKE, None), {"form": "docx"}, "no output 'docx'"),
        ((TAKE, None), {"action_words": "one two three"}, "action words, line 1"),
        ((TAKE, None), {"unit": "parsec"}, "parsec"),
        ((TAKE, None), {"fps": "0"}, "0 frames per second"),
        ((TAKE, None), {"fps": "nan"}, "nan"),
        ((TAKE, None), {"fps": "1"}, "minutes, more than the limit of 0.4"),
        (("x.npy", npy(np.zeros((5, 22, 3)))), {}, "layout"),
        (("x.npy", npy(np.array([{}], dtype=object), allow_pickle=True)), {"layout": "kit"}, "Python objects"),
        (("x.npz", b"PK\x03\x04 damaged"), {}, "x.npz"),
        (("a_mmm.xml", BOMB), {}, "a_mmm.xml"),
        (("x.amc", b":FULLY-SPECIFIED\n:DEGREES\n1\nroot 0 0 0 0 0 0\n"), {}, "x.amc"),
    ],
)
def test_bad_input_is_one_clear_error(client, content, sent, form, message):
    name, data = sent
    answer = post(client, (name, content if data is None else data), **form)
    assert answer.status_code == 422
    assert set(answer.json()) == {"error"}
    assert message in answer.json()["error"]
    assert "/tmp" not in answer.json()["error"]
    assert "recording." not in answer.json()["error"]


def test_cut_off_and_damaged_takes_are_errors(client, content):
    assert "error" in post(client, (TAKE, content[: len(content) // 2])).json()
    assert "take.bvh" in post(client, (TAKE, content.replace(b"JOINT", b"JOIN", 1))).json()["error"]
    damaged = content.rstrip().rpartition(b" ")[0] + b" nan\n"
    assert "not a finite number" in post(client, (TAKE, damaged)).json()["error"]


def test_two_recordings_in_one_request_and_none_are_refused(client, content):
    assert (
        "found 2 recordings in one request"
        in post(client, (TAKE, content), ("b.npy", npy(np.zeros(3)))).json()["error"]
    )
    assert "found 0 recordings" in post(client, ("x.asf", b":version 1.10\n:root\n")).json()["error"]
    assert client.post("/api/transcribe", data={"form": "srt"}).json() == {"error": "file: Field required"}


def test_too_large_requests_are_refused_before_they_are_read(client, content):
    answer = post(client, (TAKE, content + b"\n" * 5_000_000))
    assert (answer.status_code, answer.json()["error"][:22]) == (413, "the request is larger ")
    counted = client.post("/api/transcribe", content=(b"x" * 500_000 for _ in range(20)),
                          headers={"content-type": "multipart/form-data; boundary=x"})  # fmt: skip
    assert counted.status_code == 413


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"host": "evil.example"}, 403),
        ({"host": "evil.example:8000"}, 403),
        ({"host": ""}, 403),
        ({"host": "127.0.0.1:8000"}, 200),
        ({"host": "[::1]:8000"}, 200),
        ({"host": "192.168.1.7"}, 200),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://localhost"}, 200),
    ],
)
def test_other_names_and_other_sites_are_refused(client, headers, status):
    answer = client.get("/api/health", headers=headers)
    assert answer.status_code == status
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_configured_host_name_is_accepted():
    app = create_app({"tiny": captioner}, Limits(), frozenset({"studio.local"}))
    with TestClient(app, base_url="http://studio.local") as one:
        assert one.get("/api/health").json()["status"] == "ok"


def test_pages_need_no_external_resources_and_no_path_is_a_file(client):
    for page in ("/", "/api", "/assets/app.css", "/assets/app.js"):
        answer = client.get(page)
        assert answer.status_code == 200
        assert "https://" not in answer.text.replace("https://www.w3.org", "")
    reference = client.get("/api").text
    for field in ("file", "model", "form", "beam", "action_words", "POST /api/transcribe", "GET /api/models"):
        assert f"<code>{field}</code>" in reference
    assert "With <code>Accept: application/x-ndjson</code> the" in reference
    assert client.get("/api/openapi.json").json()["paths"].keys() == {"/api/health", "/api/models", "/api/transcribe"}
    for page in ("/nope", "/assets/../app.py", "/assets/%2e%2e%2fapp.py", "/assets/app.py", "/docs", "/redoc"):
        assert client.get(page).status_code == 404
        assert "error" in client.get(page).json()


def test_file_names_are_only_displayed(client, content, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("../../../tmp/evil.bvh", "C:\\evil.bvh", "a\x00b.bvh", "x" * 500 + ".bvh", "<script>.bvh"):
        source = post(client, (name, content)).json()["transcript"]["source"]
        assert "/" not in source
        assert "\\" not in source
        assert len(source) <= 120
    assert list(tmp_path.iterdir()) == []


def test_an_internal_error_is_reported_without_details(client, content):
    answer = post(client, (TAKE, content), model="broken")
    assert "ZeroDivisionError" in answer.json()["error"]
    assert "division" not in answer.json()["error"]


def test_ndjson_lines_give_a_request_s_status(client, content):
    answer = post(client, (TAKE, content), headers={"accept": "application/x-ndjson"})
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert lines[0].keys() == {"before"}
    assert lines[-1].keys() == {"transcript", "files"}


def test_nothing_is_left_on_disk(client, content, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    post(client, (TAKE, content), form="html")
    post(client, (TAKE, content[:3000]))
    assert list(tmp_path.iterdir()) == []


# Uploads


def test_a_file_s_type_is_detected_from_its_content(content, tmp_path):
    assert detect_suffix(content) == detect_suffix(b"\xef\xbb\xbf# a comment\n" + content) == ".bvh"
    assert detect_suffix(npy(np.zeros(3))) == ".npy"
    assert detect_suffix(b'<?xml version="1.0"?><MMM/>') == ".xml"
    assert detect_suffix(b"# CMU\n:version 1.10\n:name x\n:bonedata\n") == ".asf"
    assert detect_suffix(b"#!OML:ASF\n:FULLY-SPECIFIED\n:DEGREES\n1\n") == ".amc"
    assert detect_suffix(moved_gltf(recording(2)).glb()) == ".glb"
    assert detect_suffix(moved_gltf(recording(2)).gltf()) == ".gltf"
    assert detect_suffix(mvnx_text(recording(2)).encode()) == ".mvnx"
    rig = moved_rig(recording(2).clip(0, 1))
    assert detect_suffix(binary(rig.blocks())) == detect_suffix(text(rig.blocks())) == ".fbx"
    motion = read_upload([Upload("holiday.jpg", content)], ReadOptions())
    assert (motion.name, motion.frames) == ("holiday.jpg", recording(2).frames)


def test_a_take_of_an_upload_has_the_names_of_the_file_and_the_take():
    document = moved_gltf(recording(2).clip(0, 1))
    document.json["animations"] *= 2
    file = [Upload("hero.glb", document.glb())]
    with pytest.raises(ValueError, match=r"hero\.glb: contains 2 takes; choose one with --take: Walk, Walk \(2\)"):
        read_upload(file, ReadOptions())
    assert read_upload(file, ReadOptions(take="walk")).name == "hero.glb [Walk]"


def test_an_amc_is_read_with_its_asf():
    from test_amc import AMC, ASF

    with pytest.raises(ValueError, match=r"a\.amc: skeleton 'acclaim': found no joint for left_shoulder"):
        read_upload(
            [Upload("a.amc", AMC.encode()), Upload("b.asf", ASF.encode())], ReadOptions(fps=120)
        )  # both were understood


# The queue


class Gate:
    """Jobs that wait until the gate opens, and record their order."""

    def __init__(self) -> None:
        self.order: list[str] = []
        self.begun, self.open = threading.Event(), threading.Event()

    def job(self, client: str, name: str, size: int = 0) -> Job:
        def work() -> str:
            self.begun.set()
            self.open.wait(60)
            self.order.append(name)
            return name

        return Job(client, work, size)


def test_clients_take_turns_and_one_with_many_does_not_starve_another():
    gate, queue = Gate(), JobQueue(1000, 1e9)
    many = [gate.job("many", f"m{number}") for number in range(50)]
    for job in many:
        queue.put(job)
    assert gate.begun.wait(60)  # the first has begun
    few = gate.job("few", "few")
    queue.put(few)
    assert queue.jobs_ahead(few) <= 1
    assert [queue.jobs_ahead(job) for job in many[1:4]] == [0, 2, 3]
    gate.open.set()
    assert few.result.result(60) == "few"
    assert many[-1].result.result(60) == "m49"
    assert gate.order.index("few") <= 2
    assert [name for name in gate.order if name != "few"] == [f"m{number}" for number in range(50)]
    queue.close()


def test_a_cancelled_job_is_never_done_and_an_error_stops_no_other():
    gate, queue = Gate(), JobQueue(1000, 1e9)
    jobs = [gate.job("a", "first"), gate.job("a", "gone"), Job("a", lambda: 1 / 0), gate.job("a", "last")]
    for job in jobs:
        queue.put(job)
    queue.cancel(jobs[1])
    gate.open.set()
    assert jobs[3].result.result(60) == "last"
    assert gate.order == ["first", "last"]
    assert jobs[1].result.cancelled()
    assert isinstance(jobs[2].result.exception(), ZeroDivisionError)
    queue.close()


@pytest.mark.parametrize("fails", [False, True])
def test_jobs_of_one_kind_that_wait_are_done_together_and_alone_where_that_fails(fails):
    gate, groups = Gate(), []

    def together(asked: list[str]) -> list[str | Exception]:
        groups.append(list(asked))
        if fails:
            raise MemoryError
        return [KeyError(name) if name == "wrong" else name.upper() for name in asked]

    queue = JobQueue(1000, 1e9, together=together)
    queue.put(gate.job("a", "first"))
    assert gate.begun.wait(60)
    names = ["one", "wrong", "three"]
    jobs = [replace(gate.job(client, name), kind="k", asked=name) for client, name in zip("abc", names, strict=True)]
    other = gate.job("b", "other")
    gone = replace(gate.job("d", "gone"), kind="k", asked="gone")
    for job in (*jobs, other, gone):
        queue.put(job)
    queue.cancel(gone)
    gate.open.set()
    assert other.result.result(60) == "other"
    assert groups == [names]
    if fails:
        assert [job.result.result(60) for job in jobs] == names
    else:
        assert [jobs[0].result.result(60), jobs[2].result.result(60)] == ["ONE", "THREE"]
        assert isinstance(jobs[1].result.exception(60), KeyError)
    queue.close()


@pytest.mark.parametrize(("most", "most_bytes"), [(2, 1e9), (100, 25)])
def test_a_full_queue_refuses(most, most_bytes):
    gate, queue = Gate(), JobQueue(most, most_bytes)
    queue.put(gate.job("a", "0"))
    assert gate.begun.wait(60)
    for number in (1, 2):
        queue.put(gate.job("a", str(number), 10))
    with pytest.raises(RefusedError, match="2 recordings are already waiting"):
        queue.put(gate.job("b", "3", 10))
    gate.open.set()
    queue.close()


def test_limits_are_above_zero():
    with pytest.raises(ValueError, match="every limit must be above zero"):
        Limits(minutes=0)


def test_bad_options_of_the_command_are_errors(monkeypatch, capsys):
    import sys

    from motion2language import cli

    for words, message in ((("--port", "70000"), "--port 70000"), (("--model", "nowhere"), "no model 'nowhere'"),
                        (("--minutes", "-1"), "every limit must be above zero")):  # fmt: skip
        monkeypatch.setattr(sys, "argv", ["m2l", "serve", *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        assert ended.value.code == 1
        assert message in capsys.readouterr().err


def test_package_holds_the_pages():
    import motion2language.server

    assert {path.name for path in (Path(motion2language.server.__file__).parent / "assets").iterdir()} == {
        "app.css", "app.html", "app.js", "dropped.js", "kept.js", "live.css", "live.html", "live.js", "request.js",
        "result.js", "takes.html", "takes.js", "zip.js",
    }  # fmt: skip


SHIPPED = {name: partial(load_captioner, name, "cpu") for name in ("default", "synthetic")}


def test_processes_answer_as_the_app_itself_does(content):
    with TestClient(create_app(SHIPPED, Limits()), base_url="http://localhost") as one:
        alone = [post(one, (TAKE, content), model=name).json() for name in SHIPPED]
        wrong = post(one, (TAKE, b"HIERARCHY\nROOT")).json()
    with TestClient(create_app(SHIPPED, Limits(), processes=2), base_url="http://localhost") as two:
        with ThreadPoolExecutor(9) as pool:
            bad = [pool.submit(post, two, (TAKE, b"HIERARCHY\nROOT")) for _ in range(3)]
            answers = list(pool.map(lambda name: post(two, (TAKE, content), model=name).json(), [*SHIPPED] * 3))
        assert answers == alone * 3
        assert [answer.result().json() for answer in bad] == [wrong] * 3
        assert post(two, (TAKE, b"HIERARCHY\nROOT")).json() == wrong


def end_process() -> None:
    os._exit(9)


def test_a_process_that_dies_fails_its_request_and_is_replaced(content):
    models = {"deadly": end_process} | SHIPPED
    with TestClient(create_app(models, Limits(), processes=1), base_url="http://localhost") as one:
        for _ in range(2):
            answer = post(one, (TAKE, content), model="deadly")
            assert answer.status_code == 422
            assert answer.json()["error"] == "internal error (WorkerDiedError); the recording was not described"
            assert post(one, (TAKE, content), model="default").json()["transcript"]["words"]
    assert not multiprocessing.active_children()


def test_a_parquet_file_is_known_by_its_first_bytes():
    assert detect_suffix(b"PAR1\x15\x04") == ".parquet"


def test_the_page_lets_every_format_be_chosen_and_looks_for_recordings_in_folders():
    page, script = (
        resources.files("motion2language.server").joinpath("assets", name).read_text()
        for name in ("app.html", "dropped.js")
    )
    accepted = re.search(r'accept="([^"]+)"', page).group(1).split(",")
    assert set(accepted) == {*FORMATS, ".asf"}
    pattern = re.compile(re.search(r"KNOWN = /(.+)/i;", script).group(1))
    assert {suffix for suffix in accepted if pattern.search(f"take{suffix}")} == {*FORMATS, ".asf"} - NAMED
