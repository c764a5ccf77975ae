"""`m2l view` and `m2l caption --format html` as a user types them."""

import json
import re
import signal
import urllib.request
import webbrowser
from pathlib import Path

import pytest
from small import recording

from motion2language.formats import bvh


@pytest.fixture(autouse=True)
def opened(monkeypatch) -> list[str]:
    """Addresses passed to the browser, which opens nothing."""
    found: list[str] = []
    monkeypatch.setattr(webbrowser, "open", lambda address: found.append(address) or True)
    return found


@pytest.fixture
def take(tmp_path) -> Path:
    bvh.write(recording(2), tmp_path / "take.bvh")
    return tmp_path / "take.bvh"


def data_of(path: Path) -> list[dict]:
    return json.loads(re.search(r'id="data">(.*?)</script>', path.read_text(encoding="utf-8"), re.DOTALL)[1])


def test_view_writes_the_page_beside_the_recording_and_opens_it(m2l, take, opened):
    page = take.with_suffix(".html")
    assert m2l("view", take) == (0, f"wrote {page}\n", "")
    assert opened == [page.as_uri()]
    (data,) = data_of(page)
    assert data["name"] == "take.bvh"
    assert data["weights"]["words"] == len(data["transcript"]["text"].split()) > 0
    assert data["reference"] is None


def test_out_and_no_open(m2l, take, tmp_path, opened):
    assert m2l("view", take, "--out", tmp_path / "page.html", "--no-open")[0] == 0
    assert opened == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["page.html", "take.bvh"]


def test_without_a_browser_the_file_is_named(m2l, take, monkeypatch):
    monkeypatch.setattr(webbrowser, "open", lambda address: False)
    status, out, err = m2l("view", take)
    assert (status, out) == (0, f"wrote {take.with_suffix('.html')}\n")
    assert "found no browser" in err


def test_references_stand_under_their_recordings(m2l, take, tmp_path):
    assert m2l("caption", take, "--format", "json")[0] == 0
    reference = take.with_suffix(".json")
    assert m2l("view", take, "--reference", reference)[0] == 0
    (data,) = data_of(take.with_suffix(".html"))
    assert data["reference"] == data["transcript"]
    assert (
        m2l("view", take, take, "--reference", reference, "--reference", reference, "--out", tmp_path / "two.html")[0]
        == 0
    )
    assert len(data_of(tmp_path / "two.html")) == 2
    status, _, err = m2l("view", take, take, "--reference", reference)
    assert (status, err) == (1, "m2l: 1 --reference for 2 recordings; give one for each, in their order\n")


def test_a_reference_of_another_recording_or_another_kind_of_file_is_one_clear_line(m2l, take, tmp_path):
    other = tmp_path / "other.json"
    other.write_text('{"schema":1,"source":"x.bvh","model":"","duration":99,"text":"","words":[],"segments":[]}')
    status, _, err = m2l("view", take, "--reference", other)
    assert status == 1
    assert re.fullmatch(
        r"m2l: take.bvh: lasts .* s, but the reference is of x.bvh of 99.00 s; give the reference of this recording\n",
        err,
    )
    other.write_text("nothing")
    assert m2l("view", take, "--reference", other)[2].startswith(f"m2l: {other}: not JSON")
    assert not take.with_suffix(".html").exists()


def test_too_many_or_bad_recordings_write_nothing(m2l, take, tmp_path, opened):
    status, _, err = m2l("view", *[take] * 9)
    assert (status, err) == (1, "m2l: m2l view shows 8 recordings side by side, found 9; give fewer\n")
    status, _, err = m2l("view", take, tmp_path / "none.bvh")
    assert status == 1
    assert "none.bvh" in err
    assert opened == []
    assert list(tmp_path.iterdir()) == [take]


def test_caption_writes_the_player_among_other_formats(m2l, take, tmp_path, opened):
    assert m2l("caption", take, "--format", "html,txt", "--out", tmp_path / "out")[0] == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["take.html", "take.txt"]
    (data,) = data_of(tmp_path / "out" / "take.html")
    assert data["weights"] is not None
    assert opened == []
    status, _, err = m2l("caption", take, "--format", "docx")
    assert status == 2
    assert re.search(r"no output 'docx'; there are .*\bhtml\b.*\bjson\b", err)


def test_edit_serves_the_page_and_saves_beside_the_recording(started, take):
    process = started(["view", take, "--edit", "--no-open"])
    line = process.stdout.readline()
    address = re.fullmatch(r"m2l: correct 1 recording on (http://127\.0\.0\.1:\d+/\S+/) \(Ctrl-C to stop\)\n", line)[1]
    with urllib.request.urlopen(address) as page:
        data = json.loads(re.search(r'id="data">(.*?)</script>', page.read().decode(), re.DOTALL)[1])
    original = data[0]["transcript"]
    whole = {"schema": 1, "source": "take.bvh", "duration": data[0]["duration"]} | original
    correction = {"version": 1, "person": "Ann", "saved": "now", "original": whole}
    body = json.dumps(whole | {"correction": correction}).encode()
    with urllib.request.urlopen(urllib.request.Request(f"{address}take/0/corrections", body, method="PUT")) as answer:
        assert answer.status == 200
    saved = json.loads(take.with_name("take.corrected.json").read_text())
    assert saved["path"] == "take.bvh"
    assert saved["correction"]["original"]["segments"] == original["segments"]
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 0


def test_edit_takes_no_reference_and_needs_a_recording(m2l, take, tmp_path):
    assert m2l("view", take, "--edit", "--reference", take)[2].startswith("m2l: --reference shows")
    (tmp_path / "broken.bvh").write_text("nothing")
    status, out, err = m2l("view", tmp_path / "broken.bvh", "--edit", "--no-open")
    assert (status, out) == (1, "")
    assert "broken.bvh" in err


def test_a_broken_file_of_corrections_is_one_line_and_stays(m2l, take):
    corrected = take.with_name("take.corrected.json")
    corrected.write_text("{")
    status, out, err = m2l("view", take, "--edit", "--no-open")
    assert (status, out, err.count("\n")) == (1, "", 1)
    assert "take.corrected.json: not a corrected transcript of take.bvh" in err
    assert corrected.read_text() == "{"
    corrected.unlink()
    assert "choose another --port" in m2l("view", take, "--edit", "--no-open", "--port", 99999)[2]
