"""The server of `m2l view --edit` and its files: versions, refusals, and nothing overwritten."""

from __future__ import annotations

import copy
import json
import os
import threading
import urllib.error
import urllib.request

import pytest
import takes

from motion2language.server.corrections import ChangedError, CorrectedFile
from motion2language.server.editing import EditedTake, EditServer
from motion2language.writers import json as json_writer

WHO = {"by": "Ann", "when": "2026-01-02T03:04:05Z"}


def correction(version: int = 1, person: str = "Ann") -> dict:
    """The transcript with another first action, by a person."""
    original = takes.transcript().to_dict()
    data = copy.deepcopy(original)
    data["segments"][0] |= {"label": "jump", "made": WHO, "checked": WHO}
    return data | {"correction": {"version": version, "person": person, "saved": WHO["when"], "original": original}}


@pytest.fixture
def file(tmp_path) -> CorrectedFile:
    return CorrectedFile(tmp_path / "walk.corrected.json", "walk.bvh", takes.DURATION)


@pytest.fixture
def server(file):
    one = EditServer([EditedTake(takes.take(), file)], ["walk", "jump"], "Ann")
    thread = threading.Thread(target=one.serve_forever, daemon=True)
    thread.start()
    yield one
    one.shutdown()
    one.server_close()


def ask(address: str, data: object = None, **headers: str) -> tuple[int, str]:
    body = None if data is None else data if isinstance(data, bytes) else json.dumps(data).encode()
    request = urllib.request.Request(address, body, headers, method="GET" if body is None else "PUT")
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_a_correction_is_a_transcript_and_keeps_the_models_own(file):
    assert file.read() is file.original() is None
    file.write(correction())
    assert json_writer.read(file.path).segments[0].label == "jump"
    assert file.read()["segments"][0]["made"] == WHO
    assert file.original().to_dict() == takes.transcript().to_dict()


def test_the_way_to_the_recording_is_written(tmp_path):
    (tmp_path / "corrected").mkdir()
    path = tmp_path / "corrected" / "walk.corrected.json"
    file = CorrectedFile(path, "walk.bvh", takes.DURATION, tmp_path / "takes" / "walk.bvh")
    file.write(correction())
    assert json.loads(path.read_text())["path"] == "../takes/walk.bvh"
    file.write(correction(2))


def test_only_the_successor_of_what_is_stored_is_taken(file):
    file.write(correction(1))
    for version in (1, 3):
        with pytest.raises(ChangedError) as changed:
            file.write(correction(version, "Bob"))
        assert changed.value.stored["correction"]["person"] == "Ann"
    assert file.read()["correction"] == correction(1)["correction"]
    file.write(correction(2, "Bob"))
    assert file.read()["correction"]["person"] == "Bob"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"correction": None}, "with the field correction"),
        ({"correction": correction()["correction"] | {"version": True}}, "version True: expected a number from 1"),
        ({"correction": correction()["correction"] | {"version": 0}}, "version 0"),
        ({"correction": correction()["correction"] | {"person": 3}}, "person 3: expected a name"),
        ({"correction": correction()["correction"] | {"original": {}}}, "not a transcript"),
        ({"source": "run.bvh"}, "source 'run.bvh': expected 'walk.bvh'"),
        ({"duration": 99.0}, "lasts 8.00 s, but the transcript is of walk.bvh of 99.00 s"),
        ({"segments": [{"start": 2, "end": 1, "label": None, "words": []}]}, "expected 0 <= start < end"),
        ({"segments": [{"start": float("nan"), "end": 1, "label": None, "words": []}]}, "expected 0 <= start < end"),
        ({"segments": "many"}, "'segments' is 'many'"),
    ],
)
def test_what_is_not_a_correction_of_the_recording_is_refused(file, change, message):
    with pytest.raises(ValueError, match=message.replace("(", r"\(")):
        file.write(correction() | change)
    assert not file.path.exists()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema": 1}', "\udcff", "[" * 100_000])
def test_a_file_of_another_kind_is_never_overwritten(file, text):
    file.path.write_text(text, encoding="utf-8", errors="surrogateescape")
    before = file.path.read_bytes()
    with pytest.raises(ValueError, match=r"not a corrected transcript of walk\.bvh .* move it away"):
        file.write(correction())
    assert file.path.read_bytes() == before


def test_the_page_is_served_and_corrections_are_put_and_got(server, file):
    status, page = ask(server.address)  # one recording needs no list
    assert status == 200
    assert '"actions":["walk","jump"]' in page
    assert "connect-src 'self'" in page.replace("&#x27;", "'")
    place = f"{server.address}take/0/corrections"
    assert ask(place) == (200, "null")
    assert ask(place, correction(1)) == (200, "{}")
    assert json.loads(ask(place)[1]) == correction(1) == file.read()
    status, stored = ask(place, correction(1, "Bob"))
    assert (status, json.loads(stored)["correction"]["person"]) == (409, "Ann")
    status, text = ask(place, b"{")
    assert (status, "error" in json.loads(text)) == (422, True)
    (row,) = json.loads(ask(f"{server.address}takes")[1])
    assert row == {
        "name": "walk.bvh", "text": takes.transcript().text, "labels": ["jump", "turn", "walk"],
        "segments": 3, "checked": 1, "confidence": None,
    }  # fmt: skip


def test_other_sites_and_other_addresses_are_refused(server, file):
    place = f"{server.address}take/0/corrections"
    assert ask(place, correction(), Host="evil.example")[0] == 403
    assert ask(place, correction(), Origin="http://evil.example")[0] == 403
    assert ask(place.replace(server.token, "x" * 16), correction())[0] == 404
    assert ask(place.replace("take/0", "take/1"), correction())[0] == 404
    assert ask(f"{server.address}../../etc/passwd")[0] == 404
    assert not file.path.exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_one_sentence(server, file):
    file.path.parent.chmod(0o500)
    status, text = ask(f"{server.address}take/0/corrections", correction())
    file.path.parent.chmod(0o700)
    assert status == 422
    assert "cannot be written" in json.loads(text)["error"]
