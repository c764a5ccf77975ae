"""Experiments by the suite: which rows there are, runs that go on and fail by themselves, one table and its figures."""

import csv
import io
import json
import shutil
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from test_mmm import document, random_frames
from test_npy_npz import walk
from test_semantic import Known

from motion2language.captioning.loading import load_model
from motion2language.data import corpora
from motion2language.data.corpora.synthetic import samples
from motion2language.data.samples import Sample
from motion2language.formats.reading import read_motion
from motion2language.scoring.baselines import TEXT_BASELINES
from motion2language.scoring.evaluate import evaluate
from motion2language.scoring.segments import threshold_curve
from motion2language.training.config import load_config
from motion2language.training.learner import Learner
from motion2language.training.processes import Processes
from motion2language.training.reproduce import experiment, figures, runs, suite, table
from motion2language.transcript import Caption, Transcript

SMALL = ("train.epochs=2", "train.validate_every=1", "train.minimum_count=1", "model.hidden=8", "model.embedding=8")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """A compose corpus of 8 + 3 + 4 recordings; the path of its index."""
    path, arrays, entries = tmp_path_factory.mktemp("corpus") / "small.json", {}, {}
    for split, count in (("train", 8), ("val", 3), ("test", 4)):
        for sample in samples(split, count):
            motion = sample.motion.resample(10.0)
            arrays[sample.name] = (100 * motion.positions.reshape(motion.frames, -1)).astype(np.float16)
            segments = [(int(10 * part.start), int(10 * part.end), part.label) for part in sample.segments]
            entries[sample.name] = {
                "split": split,
                "captions": [caption.text for caption in sample.captions],
                "segments": [{"start": start, "end": end, "verb": verb} for start, end, verb in segments],
            }
    skeleton = {"joints": motion.skeleton.joints, "parents": motion.skeleton.parents}
    path.write_text(json.dumps({"fps": 10, "unit": "cm", "up": "y", "samples": entries} | skeleton))
    np.savez(path.with_suffix(".npz"), **arrays)
    return path


@pytest.fixture(scope="module")
def splits(corpus):
    return {split: corpora.load("compose", corpus, split) for split in ("train", "val", "test")}


def reproduce(rows, out, splits, seeds=(1, 2), corpus="compose"):
    return experiment.run(experiment.Experiment("suite", rows, rows, corpus, seeds, out), splits, Processes())


def rows_of(*names, overrides=SMALL):
    return suite.choose(suite.load("ablation", overrides), names)


def test_the_ablation_is_every_attention_with_every_encoder_and_both_windows():
    rows = {row.name: row.config for row in suite.load("ablation")}
    shapes = {(c.model.encoder, c.model.attention, c.model.half_window, c.model.mask) for c in rows.values()}
    monotone = {name for name, config in rows.items() if config.model.monotone}
    assert (len(rows), len(shapes), monotone) == (40, 38, {"cross-monotone-mlp", "cross-monotone-bigru"})
    encoders = ("mlp", "deep-mlp", "gru", "bigru", "convolution", "transformer", "hybrid")
    every = {(e, a) for e in encoders for a in ("soft", "local", "recurrent-local", "cross")}
    assert {shape[:2] for shape in shapes if shape[2:] == (5, True)} == every
    named = {(e, a): rows[f"{a}-{e}"].model for e, a in every}
    assert all((model.encoder, model.attention) == pair for pair, model in named.items())
    for encoder in ("mlp", "bigru"):
        windows = {shape[2:] for shape in shapes if shape[:2] == (encoder, "recurrent-local")}
        assert windows == {(half, mask) for half in (2, 5, 9) for mask in (True, False)}
    assert len({config.train.model_dump_json() for config in rows.values()}) == 1


def test_the_papers_rows_are_those_of_its_tables():
    rows = {row.name: row for row in suite.load("paper")}
    own = [row.config.model for row in rows.values() if row.corpus is None]
    assert (len(rows), len(own)) == (28, 24)
    assert {row.corpus for row in rows.values()} == {None, "kit-augmented", "humanml3d"}
    assert sum(model.features == "angles" for model in own) == 2
    assert sum(model.attention == "recurrent-local" for model in own) == 16
    assert {row.config.model.variant for row in rows.values() if row.corpus == "humanml3d"} == {"humanml3d"}
    assert {row.config.model.fps for row in rows.values() if row.corpus == "kit-augmented"} == {6.25}


def test_rows_of_another_corpus_and_those_without_input_say_why_they_are_not_run(monkeypatch):
    monkeypatch.setattr(corpora, "names", lambda: ("compose", "kit", "humanml3d"))
    rows = suite.load("paper")
    reasons = {row.name: suite.reason_not_to_run(row, rows, "paper", "compose", angles=False) for row in rows}
    assert reasons["soft-gru-angles"] == "not applicable: compose has no joint angles"
    assert reasons["soft-gru-cartesian"] == ""
    wide = reasons["humanml3d/recurrent-local-mlp-d10"]
    assert wide.startswith("not run here: humanml3d may not be redistributed")
    assert wide.endswith("m2l reproduce --suite paper --corpus humanml3d --root ROOT --out OUT")
    there = {row.name: suite.reason_not_to_run(row, rows, "paper", "humanml3d", angles=False) for row in rows}
    assert [name for name, reason in there.items() if not reason] == [
        "humanml3d/recurrent-local-mlp-d10",
        "humanml3d/recurrent-local-mlp-d5",
    ]
    unread = reasons["kit-augmented/recurrent-local-mlp-d5"]
    assert unread.endswith("may not be redistributed, and m2l cannot read kit-augmented yet")
    assert "--corpus kit " in there["soft-gru-cartesian"]
    kit = {row.name for row in rows if not suite.reason_not_to_run(row, rows, "paper", "kit", angles=True)}
    assert kit == {row.name for row in rows if row.corpus is None}


def recorded(kind: str, folder: Path) -> dict[str, list[Sample]]:
    """Splits of recordings written and read as KIT-ML's MMM files or as HumanML3D's joints; no times of actions."""
    splits: dict[str, list[Sample]] = {"train": [], "val": [], "test": []}
    for number, split in enumerate(["train"] * 4 + ["val"] * 2 + ["test"] * 2):
        if kind == "kit":
            path = folder / f"{number:05d}_mmm.xml"
            path.write_text(document(random_frames(100 + 10 * number), fps=100))
            motion = read_motion(path)
        else:
            path = folder / f"{number:06d}.npy"
            np.save(path, walk(22, 40 + number)[0].astype(np.float32))
            motion = read_motion(path, layout="humanml3d")
        captions = (Caption("a person walks forward"), Caption("someone walks"))
        splits[split].append(Sample(path.stem, motion, captions, split))
    return splits


@pytest.mark.parametrize(
    ("kind", "wanted", "width"),
    [
        ("kit", ["soft-gru-angles", "local-gru"], [44, 63]),
        ("humanml3d", ["humanml3d/recurrent-local-mlp-d10", "humanml3d/recurrent-local-mlp-d5"], [66, 66]),
    ],
)
def test_the_papers_rows_run_on_recordings_as_its_corpora_hold_them(kind, wanted, width, tmp_path):
    rows = suite.load("paper", SMALL)
    chosen = suite.choose(rows, wanted)
    papers = experiment.Experiment("paper", rows, chosen, kind, [1], tmp_path)
    table_of = experiment.run(papers, recorded(kind, tmp_path), Processes())
    lines = {line.name: line for line in table_of}
    assert [lines[row.name].runs for row in chosen] == [1, 1]
    configured = [json.loads((tmp_path / row.name / "seed-1" / "config.json").read_text()) for row in chosen]
    assert sorted(found["model"]["input_width"] for found in configured) == width
    assert all(lines[row.name].values["BLEU-4"] and not lines[row.name].values["IoU, rule"] for row in chosen)
    blind = [line.name.removeprefix("baseline: ") for line in table_of if line.name.startswith("baseline: ")]
    assert blind == list(TEXT_BASELINES)  # no floors of segments, which there are none of
    assert "IoU" not in (tmp_path / "table.md").read_text()
    assert not (tmp_path / "curves.svg").exists()
    other = "humanml3d/recurrent-local-mlp-d5" if kind == "kit" else "soft-gru-angles"
    assert lines[other].note.startswith("not run here")


def test_every_row_is_run_with_every_seed_and_what_is_finished_is_not_done_again(splits, tmp_path, monkeypatch):
    rows = rows_of("recurrent-local-mlp", "soft-mlp")
    lines = {line.name: line for line in reproduce(rows, tmp_path, splits)}
    assert [lines[row.name].runs for row in rows] == [2, 2]
    assert len(lines) == 2 + 2 + 3
    configured = [json.loads((tmp_path / row.name / "seed-2" / "config.json").read_text()) for row in rows]
    assert [found["train"]["seed"] for found in configured] == [2, 2]
    assert [found["model"]["attention"] for found in configured] == ["recurrent-local", "soft"]
    names = {path.name for path in tmp_path.iterdir()}
    assert {"table.md", "table.tex", "table.csv", "scores.svg", "curves.svg"} <= names
    sizes = "8 recordings to train on, 3 to validate, 4 tested with 12 reference sentences"
    title = f"Suite suite on compose: {sizes}; seeds 1, 2"
    assert (tmp_path / "table.md").read_text().startswith(f"{title}\n\n| row | runs | BLEU-4 |")
    assert (tmp_path / "table.tex").read_text().startswith(f"% {title}\n")
    before = {name: (tmp_path / name).read_bytes() for name in ("table.md", "table.csv", "scores.svg", "curves.svg")}
    monkeypatch.setattr(runs, "train", lambda *_, **__: pytest.fail("trained again"))
    reproduce(rows, tmp_path, splits)
    assert {name: (tmp_path / name).read_bytes() for name in before} == before


def test_an_interrupted_run_goes_on_to_the_same_scores(splits, tmp_path, monkeypatch):
    rows = rows_of("recurrent-local-mlp")
    whole = reproduce(rows, tmp_path / "whole", splits, [3])
    step = Learner.step

    def stopping(self, *arguments):
        if self.epoch == 1:
            raise KeyboardInterrupt
        return step(self, *arguments)

    with monkeypatch.context() as context:
        context.setattr(Learner, "step", stopping)
        with pytest.raises(KeyboardInterrupt):
            reproduce(rows, tmp_path / "broken", splits, [3])
    folder = tmp_path / "broken" / "recurrent-local-mlp" / "seed-3"
    assert len((folder / "log.csv").read_text().splitlines()) == 2
    assert reproduce(rows, tmp_path / "broken", splits, [3]) == whole
    assert len((folder / "log.csv").read_text().splitlines()) == 3


def test_a_run_that_fails_says_so_in_its_row_and_the_others_go_on(splits, tmp_path):
    folder = tmp_path / "suite"
    folder.mkdir()
    (folder / "bad.toml").write_text("[train]\nlearning_rate = 1e30\ngradient_norm = 1e30\nbatch_size = 4\n")
    (folder / "good.toml").write_text("")
    rows = suite.load(str(folder), SMALL)
    lines = {line.name: line for line in reproduce(rows, tmp_path / "out", splits, [1])}
    assert lines["bad"].runs == 0
    assert "seed 1 failed (the loss became nan in epoch 1" in lines["bad"].note
    assert (lines["good"].runs, lines["good"].note) == (1, "")
    assert "the loss became nan" in (tmp_path / "out" / "table.tex").read_text()


def test_a_folder_of_other_runs_is_refused_before_anything_is_run(splits, tmp_path):
    reproduce(rows_of("soft-mlp"), tmp_path, splits, [1])
    kept = (tmp_path / "soft-mlp" / "seed-1" / "test.json").read_bytes()
    other = rows_of("local-mlp", "soft-mlp", overrides=(*SMALL, "train.learning_rate=1e-5"))
    with pytest.raises(ValueError, match=r"seed-1: holds a run of another configuration .*rate 0\.\d+, not 1e-05"):
        reproduce(other, tmp_path, splits, [1])
    table_of = (tmp_path / "table.md").read_bytes()
    with pytest.raises(
        ValueError, match=r"holds runs of 1 rows that this suite does not have \(soft-mlp\).* another --out"
    ):
        reproduce(rows_of("local-mlp"), tmp_path, splits, [1])
    assert (tmp_path / "table.md").read_bytes() == table_of
    with pytest.raises(ValueError, match=r"holds runs on .*compose.*, not on .*kit.*; choose another --out"):
        reproduce(rows_of("soft-mlp"), tmp_path, splits, [1], corpus="kit")
    retold = [replace(sample, captions=sample.captions[::-1]) for sample in splits["test"]]
    with pytest.raises(ValueError, match=r'holds runs on .*"tested": "[0-9a-f]{12}".*; choose another --out'):
        reproduce(rows_of("soft-mlp"), tmp_path, splits | {"test": retold}, [1])
    said = json.loads((tmp_path / "corpus.json").read_text())
    del said["tested"]  # as older versions wrote it
    (tmp_path / "corpus.json").write_text(json.dumps(said))
    reproduce(rows_of("soft-mlp"), tmp_path, splits, [1])
    with pytest.raises(ValueError, match="its split test holds no sample"):
        reproduce(rows_of("soft-mlp"), tmp_path / "new", splits | {"test": []}, [1])
    (tmp_path / "soft-mlp" / "seed-1" / "config.json").write_text("{")
    with pytest.raises(ValueError, match=r"seed-1: holds a run of another .*its config\.json cannot be read"):
        reproduce(rows_of("soft-mlp"), tmp_path, splits, [1])
    (tmp_path / "corpus.json").write_text("[")
    with pytest.raises(ValueError, match=r"corpus\.json: does not name the corpus of the runs"):
        reproduce(rows_of("soft-mlp"), tmp_path, splits, [1])
    assert (tmp_path / "soft-mlp" / "seed-1" / "test.json").read_bytes() == kept
    assert not (tmp_path / "local-mlp").exists()


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"rule": 3'])
def test_scores_that_are_none_name_the_file_and_can_be_made_again(text, splits, tmp_path):
    rows = rows_of("soft-mlp")
    whole = reproduce(rows, tmp_path, splits, [1])
    scores = tmp_path / "soft-mlp" / "seed-1" / "test.json"
    scores.write_text(text)
    with pytest.raises(ValueError, match=r"test\.json: not the scores of a run; delete it"):
        reproduce(rows, tmp_path, splits, [1])
    scores.unlink()
    assert reproduce(rows, tmp_path, splits, [1]) == whole


def test_finished_runs_are_scored_again_for_measures_they_lack(splits, tmp_path, monkeypatch):
    rows = rows_of("soft-mlp")
    before = {line.name: line.values for line in reproduce(rows, tmp_path, splits, [1])}
    assert "METEOR" not in (tmp_path / "table.md").read_text()
    monkeypatch.setattr(Learner, "step", lambda *_: pytest.fail("trained again"))
    again = experiment.Experiment("suite", rows, rows, "compose", [1], tmp_path)
    measured = experiment.run(again, splits, Processes(), Known())
    for line in measured:
        same = {column: values for column, values in line.values.items() if column not in table.SEMANTIC}
        assert same == {column: before[line.name].get(column, []) for column in same}
    lines = {line.name: line.values.get("METEOR") for line in measured}
    assert 10 <= lines["soft-mlp"][0] <= 50
    assert lines["baseline: another clip's sentence"] == pytest.approx([10])
    assert not lines["baseline: whole clip"]
    assert "seeds 1; meteor: known\n" in (tmp_path / "table.md").read_text()
    monkeypatch.setattr(runs, "run", lambda *_: pytest.fail("scored again"))
    assert experiment.run(again, splits, Processes(), Known()) == measured
    assert reproduce(rows, tmp_path, splits, [1]) == measured


LINES = [
    table.Line("a_1", {"BLEU-4": [40.0, 44.0], "IoU, rule": [0.5, 0.7], "left out": [10.0, 12.0]}),
    table.Line("b", {"BLEU-4": [50.0]}, "seed 2 failed (50 % | of it)"),
    table.Line("c", {}, "not applicable: no angles & more"),
]


def test_the_table_shows_means_deviations_and_reasons():
    assert table.markdown(LINES).splitlines()[2:] == [
        "| a_1 | 2 | 42.0 ± 2.8 | 0.600 ± 0.141 | 11 ± 1 |  |",
        "| b | 1 | 50.0 | – | – | seed 2 failed (50 % / of it) |",
        "| c | – | – | – | – | not applicable: no angles & more |",
    ]
    assert "a\\_1 & 2 & $42.0 \\pm 2.8$ & $0.600 \\pm 0.141$ & $11 \\pm 1$ \\\\" in table.latex(LINES)
    assert "c & \\multicolumn{4}{l}{not applicable: no angles \\& more} \\\\" in table.latex(LINES)
    rows = list(csv.DictReader(io.StringIO(table.comma_separated(LINES))))
    assert float(rows[0]["BLEU-4, mean"]) == 42.0
    assert float(rows[0]["BLEU-4, deviation"]) == pytest.approx(8**0.5)
    assert rows[1]["BLEU-4, deviation"] == ""
    assert rows[2]["note"] == "not applicable: no angles & more"


def test_the_table_is_of_the_scores_on_disk_with_the_floors_beneath(splits, tmp_path):
    rows = rows_of("soft-mlp", "local-mlp")
    lines = {line.name: line for line in reproduce(rows[:1], tmp_path, splits, [1])}
    scored = json.loads((tmp_path / rows[0].name / "seed-1" / "test.json").read_text())
    for column, ((bounds, kind, key), _) in table.COLUMNS.items():
        expected = [] if column in table.SEMANTIC else [scored[bounds][kind][key]]
        assert lines[rows[0].name].values[column] == expected
    shown = [c for c in table.COLUMNS if c not in (*table.OF_SENTENCES, *table.SEMANTIC)]
    assert table.columns_of(list(lines.values())) == shown
    floor = lines["baseline: n equal cuts"]
    assert floor.values["IoU, rule"] == [scored["rule"]["n equal cuts"]["iou/strict/all"]]
    assert "BLEU-4" not in floor.values
    assert scored["curves"]["rule"][0] == 1.0
    waiting = table.lines(rows[1:], [""], [1, 2], tmp_path)[0]
    assert waiting.note == "seed 1, 2 not run yet"


def test_segments_are_scored_by_the_papers_rule_and_refined(splits):
    captioner, samples = load_model("synthetic"), splits["test"]
    scored = runs.score(captioner, samples)
    for bounds, refine in (("rule", False), ("refined", True)):
        scores, transcripts, *_ = evaluate(captioner, samples, refine=refine)
        assert scored[bounds] == scores.to_dict()
        assert scored["curves"][bounds] == threshold_curve(runs.overlaps(samples, transcripts))
    assert scored["rule"]["model"]["iou/strict/all"] < scored["refined"]["model"]["iou/strict/all"]
    exact = [Transcript(sample.segments, sample.motion.duration) for sample in samples]
    assert set(runs.overlaps(samples, exact)) == {1.0}
    assert len(runs.overlaps(samples, exact)) == sum(len(sample.segments) for sample in samples)


def test_the_curves_of_one_row_have_a_whole_label(splits, tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(figures, "_save", lambda figure, path: drawn.append(figure) or path)
    reproduce(rows_of("soft-mlp"), tmp_path, splits, [1])
    curves = drawn[-1]
    curves.draw_without_rendering()
    label = next(text for text in curves.texts if "IoU threshold" in text.get_text()).get_window_extent()
    assert 0 <= label.y0 < label.y1 <= curves.bbox.height


def test_the_figures_show_every_run(splits, tmp_path):
    rows = rows_of("soft-mlp", "recurrent-local-gru")
    lines = reproduce(rows, tmp_path, splits, [1, 2])
    for name in ("scores.svg", "curves.svg"):
        text = (tmp_path / name).read_text()
        assert ElementTree.fromstring(text).tag.endswith("svg")
        assert "soft-mlp" in text
        assert "recurrent-local-gru" in text
    shutil.rmtree(tmp_path / "soft-mlp")
    shutil.rmtree(tmp_path / "recurrent-local-gru")
    assert figures.draw(tmp_path, rows, lines, [1, 2]) == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["--suite", "papr"],
            "no suite 'papr'; there are ablation, augmentation, growing, paper, or give a configuration or a folder of"
            " them",
        ),
        (["--suite", "paper", "--rows", "soft-gru"], "no row 'soft-gru' in this suite; did you mean"),
        (["--suite", "paper", "--seeds", "0"], "give 1 or more runs"),
        (["--suite", "paper", "--set", "train.epocs=1"], "did you mean epochs?"),
    ],
)
def test_wrong_words_are_one_line(m2l, corpus, words, message, tmp_path):
    status, out, err = m2l("reproduce", "--corpus", "compose", "--root", corpus, "--out", tmp_path / "out", *words)
    assert (status, out) == (1, "")
    assert message in err
    assert len(err.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_one_configuration_is_trained_with_several_seeds_by_one_command(m2l, corpus, tmp_path):
    (tmp_path / "mine.toml").write_text('[model]\nkind = "attention"\nencoder = "mlp"')
    words = ["train", tmp_path / "mine.toml", "--dataset", "compose", "--root", corpus, "--out", tmp_path / "out"]
    words += [word for override in (*SMALL, "train.seed=3") for word in ("--set", override)]
    status, printed, _ = m2l(*words, "--seeds", 2)
    assert status == 0
    assert {path.name for path in (tmp_path / "out" / "mine").iterdir()} == {"seed-3", "seed-4"}
    row = next(line for line in printed.splitlines() if line.startswith("| mine | 2 |"))
    assert " ± " in row
    assert "2 of 2 runs were finished before" in m2l(*words, "--seeds", 2)[1]
    assert "--seeds: not with --start" in m2l(*words, "--seeds", 2, "--start", "synthetic")[2]
    assert "give 1 or more runs" in m2l(*words, "--seeds", 0)[2]


def test_rows_are_trained_on_the_further_corpora_of_their_configuration_too(splits, tmp_path, monkeypatch):
    seen = []

    def train(config, training, validation, *_, **__):
        seen.append((len(training), len(validation)))
        raise ValueError("seen")

    monkeypatch.setattr(runs, "train", train)
    (row,) = rows_of("soft-mlp")
    further = suite.Row("both", row.config.model_copy(update={"also": ("synthetic",)}))
    runs.run(row, 1, tmp_path, splits, Processes())
    runs.run(further, 1, tmp_path, splits, Processes())
    synthetic = [len(corpora.load("synthetic", None, split)) for split in ("train", "val")]
    assert seen == [(8, 3), (8 + synthetic[0], 3 + synthetic[1])]


def test_what_is_wrong_with_the_folder_is_one_line_before_the_corpus_is_read(m2l, tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "kit").mkdir()
    (tmp_path / "kit" / "corpus.json").write_text('{"corpus": "kit"}')
    run = tmp_path / "runs" / "soft-mlp" / "seed-11"
    run.mkdir(parents=True)
    (run / "config.json").write_text("{}")
    absent = ("reproduce", "--suite", "ablation", "--corpus", "compose", "--root", tmp_path / "absent.json", "--out")
    for out, message in (
        (tmp_path / "file" / "out", f"{tmp_path / 'file'} is not a folder; choose another"),
        (tmp_path / "kit", 'holds runs on {"corpus": "kit"}, not on compose; choose another --out'),
        (tmp_path / "runs", "seed-11: holds a run of another configuration"),
        (tmp_path / "new", "absent.json: not found"),
    ):
        status, _, err = m2l(*absent, out)
        assert (status, len(err.splitlines())) == (1, 1)
        assert message in err


def test_a_base_gives_what_a_file_leaves_out(tmp_path):
    (tmp_path / "base.toml").write_text("[model]\nencoder = 'gru'\nhidden = 8\n[train]\nepochs = 3\n")
    (tmp_path / "row.toml").write_text("base = 'base.toml'\n[model]\nencoder = 'mlp'\n")
    found = load_config(tmp_path / "row.toml", ["train.seed=5"])
    assert (found.model.encoder, found.model.hidden, found.train.epochs, found.train.seed) == ("mlp", 8, 3, 5)
    for text, message in (
        ("base = 3", "base: expected the name of a file beside it, found 3"),
        ("base = 'none.toml'", "base: .*none.toml does not exist; give the name of a file"),
        ("base = 'row.toml'", "its base leads back to itself"),
    ):
        (tmp_path / "row.toml").write_text(text)
        with pytest.raises(ValueError, match=message):
            load_config(tmp_path / "row.toml")
