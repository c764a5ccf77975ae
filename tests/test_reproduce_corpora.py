"""m2l reproduce on the paper's corpora: small ones in exactly their formats, and the real files where they are here.

Each corpus: a row begun and stopped, gone on with, scored, shown, and not done again.
"""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from bodies import SHARED
from test_corpora import folder, kit  # noqa: F401

from motion2language.training.learner import Learner

TINY = ("train.epochs=2", "train.batch_size=8", "train.minimum_count=1", "model.hidden=8", "model.embedding=8",
        "model.encoder_hidden=8")  # fmt: skip
SENTENCES = ["BLEU-4", "BLEU-1", "ROUGE-L", "CIDEr", "paper's BLEU-4"]
OF_KIT = {"soft-gru-angles": 44, "recurrent-local-mlp-d5": 63}
OWN = {
    "kit-augmented": {"kit-augmented/recurrent-local-mlp-d5": 63, "kit-augmented/recurrent-local-deep-mlp-d5": 63},
    "humanml3d": {"humanml3d/recurrent-local-mlp-d5": 66, "humanml3d/recurrent-local-mlp-d10": 66},
}


def stop_in_the_second_epoch(patch: pytest.MonkeyPatch) -> None:
    step = Learner.step

    def stopping(self, drawn):
        if self.epoch == 1:
            raise KeyboardInterrupt
        return step(self, drawn)

    patch.setattr(Learner, "step", stopping)


def reproduce_all_the_way(m2l, monkeypatch, corpus: str, root: Path, out: Path, rows: dict[str, int]) -> None:
    overrides = [word for key in TINY for word in ("--set", key)]
    words = ("--suite", "paper", "--corpus", corpus, "--root", root, "--out", out, "--seeds", 1, "--device", "cpu")
    command = ("reproduce", *words, *overrides, "--rows", *rows)
    logs = {row: out / row / "seed-11" / "log.csv" for row in rows}

    with monkeypatch.context() as patch:
        stop_in_the_second_epoch(patch)
        status, _, err = m2l(*command)
    assert (status, "interrupted; finished results are on disk" in err) == (130, True)
    begun = [log for log in logs.values() if log.is_file()]
    assert [len(log.read_text().splitlines()) for log in begun] == [2]  # the head and the first epoch

    first = begun[0].read_text()
    status, printed, err = m2l(*command)
    assert status == 0, err
    assert begun[0].read_text().startswith(first)
    assert {len(log.read_text().splitlines()) for log in logs.values()} == {3}
    check_results(out, printed, corpus, rows)

    files = sorted(path for path in out.rglob("*") if path.is_file())
    before = [(path, path.stat().st_mtime_ns) for path in files if path.parent != out]
    with monkeypatch.context() as patch:
        patch.setattr(Learner, "step", lambda *_: pytest.fail("trained again"))
        again = "2 of 2 runs were finished before\n" + printed[printed.index("Suite paper") :]
        assert m2l(*command)[:2] == (0, again)
    assert [(path, path.stat().st_mtime_ns) for path, _ in before] == before


def check_results(out: Path, printed: str, corpus: str, rows: dict[str, int]) -> None:
    every = list(csv.DictReader(io.StringIO((out / "table.csv").read_text())))
    lines = {line["row"]: line for line in every if not line["row"].startswith("baseline: ")}
    columns = [name.removesuffix(", mean") for name in next(iter(lines.values())) if name.endswith(", mean")]
    assert columns == SENTENCES  # no segments, so the scores are of sentences alone
    for row, width in rows.items():
        assert (lines[row]["runs"], lines[row]["note"]) == ("1", "")
        model = json.loads((out / row / "seed-11" / "config.json").read_text())["model"]
        assert model["input_width"] == width
        scores = json.loads((out / row / "seed-11" / "test.json").read_text())
        assert scores["rule"]["captions"]["clips"] > 0
        assert "model" not in scores["rule"]
        assert float(lines[row]["BLEU-1, mean"]) == scores["rule"]["captions"]["bleu_1"]
    ours = {
        row for row in lines if (row.rpartition("/")[0] or "kit") == ("kit" if "/" not in next(iter(rows)) else corpus)
    }
    for row, line in lines.items():
        if row not in rows:
            home = row.rpartition("/")[0] or "kit"
            command = f"m2l reproduce --suite paper --corpus {home} --root ROOT --out OUT"
            not_here = f"not run here: {home} may not be redistributed; with yours: {command}"
            assert line["note"] == ("seed 11 not run yet" if row in ours else not_here)
    assert len(lines) == 28
    table = (out / "table.md").read_text()
    assert printed.endswith(f"{table}wrote {out}\n")
    assert table.startswith(f"Suite paper on {corpus}: ")
    assert "\\toprule" in (out / "table.tex").read_text()
    assert "ROUGE-L" in (out / "scores.svg").read_text()
    assert not (out / "curves.svg").exists()


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("corpus", ["kit", "kit-paper"])
def test_rows_of_kit_by_angles_and_by_positions(corpus, m2l, monkeypatch, kit, tmp_path):  # noqa: F811
    reproduce_all_the_way(m2l, monkeypatch, corpus, kit, tmp_path, OF_KIT)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_rows_of_the_folders_are_their_own(m2l, monkeypatch, folder, tmp_path):  # noqa: F811
    name, root = folder
    reproduce_all_the_way(m2l, monkeypatch, name, root, tmp_path / "out", OWN[name])


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.skipif(not (SHARED / "data" / "kit").is_dir(), reason="the real recording is not here")
def test_the_real_kit_recording_with_its_sentences(m2l, monkeypatch, tmp_path):
    """The one real recording twenty times over, each with the sentences people wrote for one of KIT-ML's first."""
    said = json.loads((SHARED / "data/kit/text/annotations.json").read_text())
    root = tmp_path / "kit"
    root.mkdir()
    for number in sorted(name for name in said if name[0] != "M")[:20]:
        (root / f"{number}_mmm.xml").symlink_to(SHARED / "data/kit/sample/00001_mmm.xml")
        sentences = [one["text"] for one in said[number]["annotations"]]
        (root / f"{number}_annotations.json").write_text(json.dumps(sentences))
    reproduce_all_the_way(m2l, monkeypatch, "kit-paper", root, tmp_path / "out", OF_KIT)


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.skipif(not (SHARED / "data" / "humanml3d").is_dir(), reason="the real recording is not here")
def test_the_real_humanml3d_recording(m2l, monkeypatch, tmp_path):
    root = tmp_path / "humanml3d"
    (root / "texts").mkdir(parents=True)
    (root / "new_joints").mkdir()
    (source,) = (SHARED / "data/humanml3d/new_joints").glob("*.npy")
    for split, numbers in (("train", "123"), ("val", "4"), ("test", "5")):
        (root / f"{split}.txt").write_text("\n".join(f"00000{number}" for number in numbers))
        for number in numbers:
            shutil.copy(source, root / "new_joints" / f"00000{number}.npy")
            (root / "texts" / f"00000{number}.txt").write_text("a person walks.#a/DET person/NOUN walk/VERB#0.0#0.0\n")
    assert np.load(source).shape[1:] == (22, 3)
    reproduce_all_the_way(m2l, monkeypatch, "humanml3d", root, tmp_path / "out", OWN["humanml3d"])
