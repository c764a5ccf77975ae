"""corrections: each rule, the table, text that stays unchanged, use in training only, comparison with others."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motion2language.cli import app
from motion2language.data import corpora
from motion2language.data.composing import load_phrases
from motion2language.data.synthesis.phrases import ACTIONS
from motion2language.language.actions import ActionLexicon
from motion2language.language.corrections import KINDS, NUMBERS, TABLE, Corrections, corrector, shipped, slips
from motion2language.language.corrections.compare import Edit, compare, edits, kind_of, read_pairs
from motion2language.language.vocabulary import SPECIALS, Vocabulary, tokenize
from motion2language.scoring.bleu import bleu
from motion2language.scoring.evaluate import reference
from motion2language.training.config import RunConfig
from motion2language.training.pairs import make_pairs
from motion2language.training.prepare import prepare_samples
from motion2language.training.train import build_untrained, validate
from motion2language.transcript import Caption

SHARED = Path(__file__).parents[2] / "shared/data"
PAIRS = SHARED / "kit/text/sentences_corrections.tsv"
LETTERS = re.compile(r"[^\W\d_]+")
LINES = [
    (*line.split("\t"), "")[:5]
    for line in TABLE.read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]


@pytest.mark.parametrize(
    ("text", "corrected"),
    [
        ("A Perosn walkes.", "A Person walks."),  # neighbours swapped; a verb's ending
        ("he perfoms a quater CRICLE,slowly", "he performs a quarter CIRCLE,slowly"),  # left out; capitals
        ("runns forwardd", "runs forward"),  # doubled
        ("gets puched from the back", "gets pushed from the back"),
        ("some one tu rns, some-one walks", "someone turns, someone walks"),  # over two words
        ("Ontop of a podest", "On top of a podium"),
        ("turns 90° or 180degress, two times", "turns 90° or 180degrees, two times"),  # no notation
        ("a puch in sand, there, hoping; knees", "a puch in sand, there, hoping; knees"),
        ("", ""),
    ],
)  # fmt: skip
def test_spelling_puts_misspelt_words_right_and_leaves_the_rest(text: str, corrected: str) -> None:
    assert shipped().spelling(text) == corrected


@pytest.mark.parametrize(
    ("text", "corrected"),
    [
        ("A person, slowly.", "a person slowly"),
        ("turns 90° or 90 degree or ninety-degree", "turns 90 degrees or 90 degrees or 90 degrees"),
        ("a 90°leftwards curve, 180degree", "a 90 degrees leftwards curve 180 degrees"),
        ("takes two steps", "takes 2 steps"),
        ("twenty one and forty-five", "21 and 45"),
        ("one hundred and eighty degrees, two hundred", "180 degrees 200"),
        ("one hundred and then two", "100 and then 2"),
        ("two and a half steps", "2 and a half steps"),
        ("twenty twenty four six, a hundred", "20 24 6 a hundred"),
        ("1.5 meters, 1,5m, 2 metres, one meter", "1.5 m 1,5 m 2 m 1 m"),
        ("50cm or 50 centimetres", "50 centimeters or 50 centimeters"),
        ("a counter-clockwise u-turn to a T-pose", "a counter clockwise u turn to a t-pose"),
        ("one leg", "1 leg"),
        ("one after another, another one.", "one after another another one"),
        ("some one perfoms", "someone performs"),
        ("the person's hand isn't it's", "the person's hand isn't it's"),
        ("a <unk> walks", "a <unk> walks"),
        ("?!", ""),
    ],
)
def test_the_papers_notation_follows_its_rules(text: str, corrected: str) -> None:
    assert shipped().paper(text) == corrected


PIECES = [
    *(line[0] for line in LINES),
    *NUMBERS,
    "hundred",
    "and",
    "°",
    "-",
    ",",
    "some",
    "rns",
    "n",
    "90",
    "Ä",
    "İ",
    "a",
]


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=6), max_size=8), st.sampled_from([" ", "", "-", ", "]))
def test_what_was_corrected_is_left_as_it_is(words: list[str], between: str) -> None:
    text = between.join(words)
    for correct in (shipped().spelling, shipped().paper):
        once = correct(text)
        assert correct(once) == once
    paper = shipped().paper(text)
    assert tokenize(paper) == paper.split()
    assert corrector("none")(text) == text


def test_no_right_word_is_changed() -> None:
    phrases = [text for action in ACTIONS.values() for text in (*action.phrases, *action.quick)]
    phrases += [text for action in load_phrases().actions.values() for text in action.phrases]
    forms = ActionLexicon.learn(()).forms
    near = "talking sanding standings mere waking hopping hoping striping stripping staring starring taping baring"
    texts = [*phrases, *forms, *near.split(), *NUMBERS, *SPECIALS]
    assert len(texts) > 500
    assert [text for text in texts if shipped().spelling(text) != text] == []


@pytest.mark.skipif(not (SHARED / "bnr").exists(), reason="no ../shared/data/bnr")
def test_no_word_of_bnr_compose_is_changed() -> None:
    words = set(LETTERS.findall((SHARED / "bnr/bnr_compose.json").read_text(encoding="utf-8")))
    assert len(words) > 100
    assert [word for word in sorted(words) if shipped().spelling(word) != word] == []


def test_slips_are_of_one_letter() -> None:
    assert slips("abc") == {"bac", "acb", "ac", "aabc", "abbc", "abcc"}
    assert shipped().spelling("stps") == "stps"  # of steps or of stops


def test_the_table_matches_its_header() -> None:
    kinds = {kind: {line[0] for line in LINES if line[2] == kind} for kind in KINDS}
    assert {kind: len(words) > 5 for kind, words in kinds.items()} == dict.fromkeys(KINDS, True)
    assert {line[3] for line in LINES} == {"odd", "even", "rule", "other"}
    assert len({line[0] for line in LINES}) == len(LINES) > 300
    verbs = ActionLexicon.learn(()).forms
    assert [line for line in LINES if line[2] == "verb" and line[1] not in verbs] == []
    assert [line for line in LINES if line[2] in ("kept", "common") and line[0] != line[1]] == []
    assert [line for line in LINES if line[2] in ("spelling", "verb") and shipped().spelling(line[0]) != line[1]] == []


@pytest.mark.skipif(not PAIRS.exists(), reason="no ../shared/data/kit")
def test_each_word_of_the_table_occurs_in_the_rows_that_it_names() -> None:
    sentences = [f" {' '.join(LETTERS.findall(said.lower()))} " for said, _ in read_pairs(PAIRS)]
    texts = {"odd": "|".join(sentences[::2]), "even": "|".join(sentences[1::2])}
    for word, _, kind, found, _ in LINES:
        spaced = f" {' '.join(LETTERS.findall(word))} "
        stands = next((half for half in ("odd", "even") if spaced in texts[half]), "other")
        assert found == ("rule" if kind == "verb" or found == "rule" else stands), word


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "contains no corrections"),
        ("# a comment\n", "contains no corrections"),
        ("walkes\twalks\n", r"line 1: expected word, meant and kind \(unit, .*found 'walkes"),
        ("walkes\twalks\tspeling\n", "line 1: expected word, meant and kind"),
        ("walkes\twalks\tverb\nwalkes\twalked\tspelling\n", "line 2: 'walkes' appears twice"),
        (
            "walkes\twalkz\tverb\nwalkz\twalks\tspelling\n",
            "a line of the table corrects to 'walkz', which another line corrects",
        ),
        (b"walk\xe9s\twalks\tverb\n", "not a text file in UTF-8"),
    ],
)
def test_a_wrong_table_is_explained(text: str | bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "table.tsv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ValueError, match=message):
        Corrections.load(path)


SAMPLE = replace(corpora.load("synthetic", None, "train")[0], captions=(Caption("A perosn walkes two steps."),))


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ("none", "a perosn walkes two steps"),
        ("spelling", "a person walks two steps"),
        ("paper", "a person walks 2 steps"),
    ],
)
def test_training_texts_are_corrected_as_configured(rules: str, words: str) -> None:
    run = RunConfig.model_validate(
        {"model": {"hidden": 8, "features": "canonical"}, "train": {"minimum_count": 1, "corrections": rules}}
    )
    ready = prepare_samples([SAMPLE], run.model)
    captioner = build_untrained(run, ready)
    assert set(captioner.vocabulary.words[4:]) == set(words.split())
    ((sentence,),) = make_pairs(ready, captioner, run.train).sentences
    assert captioner.vocabulary.decode(sentence.tokens.tolist()) == words.split()


def test_spelling_is_the_default_and_the_papers_rows_have_its_notation() -> None:
    assert RunConfig().train.corrections == "spelling"
    with pytest.raises(ValueError, match="corrections"):
        RunConfig.model_validate({"train": {"corrections": "all"}})


def test_references_are_never_corrected_in_the_clean_protocol(monkeypatch: pytest.MonkeyPatch) -> None:
    captions = SAMPLE.captions
    assert reference(SAMPLE).captions[0] is captions[0].text
    texts = [caption.text for caption in captions]
    assert bleu([texts], ["a perosn walkes two steps"])["bleu_4"] == pytest.approx(100)
    assert bleu([texts], ["a person walks two steps"])["bleu_1"] == pytest.approx(60)
    run = RunConfig.model_validate({"model": {"hidden": 8, "features": "canonical"}, "train": {"minimum_count": 1}})
    seen: list = []
    monkeypatch.setattr(
        "motion2language.training.train.bleu", lambda references, _: seen.append(references) or {"bleu_4": 0}
    )
    validate(build_untrained(run, prepare_samples([SAMPLE], run.model)), [SAMPLE])
    assert seen == [[["A perosn walkes two steps."]]]
    assert SAMPLE.captions is captions


def test_the_papers_protocol_corrects_both_sides_and_the_vocabulary() -> None:
    vocabulary = Vocabulary((*SPECIALS, "a", "person", "walks", "one", "two", "u-turn"))
    references = [["A perosn walkes two steps, one u-turn"]]
    for said in ("a person walks two steps one u-turn", "a person walks 2 stairs 1 u turn"):  # steps, stairs: <unk>
        assert bleu(references, [said], paper_vocabulary=vocabulary)["bleu_4"] == pytest.approx(100)
    assert bleu(references, ["a person walks 2 stairs 3 u turn"], paper_vocabulary=vocabulary)["bleu_1"] < 100


def test_edits_are_word_by_word_where_as_many_stand_on_both_sides() -> None:
    assert edits("he takes two meters".split(), "he takes 2 m".split()) == [
        Edit(2, ("two",), ("2",)),
        Edit(3, ("meters",), ("m",)),
    ]
    assert edits("a 90 turn".split(), "a 90 degrees turn".split()) == [Edit(2, (), ("degrees",))]
    assert edits("the u-turn".split(), "the u turn".split()) == [Edit(1, ("u-turn",), ("u", "turn"))]
    assert edits(["a"], ["a"]) == []


@pytest.mark.parametrize(
    ("said", "meant", "kind"),
    [
        ("two", "2", "numbers"),
        ("two-legged", "2 legged", "numbers"),
        ("u-turn", "u turn", "hyphens"),
        ("", "degrees", "degrees"),
        ("meters", "m", "units"),
        ("walkes", "walks", "spelling"),
        ("ontop", "on top", "spelling"),
        ("fastly", "", "wording"),
    ],
)
def test_kinds_of_edits(said: str, meant: str, kind: str) -> None:
    assert kind_of(Edit(0, tuple(said.split()), tuple(meant.split())), frozenset({"m", "meters"})) == kind


def test_each_outcome_of_a_comparison() -> None:
    pairs = [
        ("he walkes two steps", "he walks 2 steps"),  # made, made
        ("a walzer", "a walker"),  # other
        ("a puch sidewards", "a much sideward"),  # kept, kept
        ("he glides", "he slides"),  # missed
        ("rigth. 5 meters", "rigth 5 meters"),  # added, added
        ("right", "right"),
    ]
    found = compare(pairs, shipped())
    assert (found.sentences, found.alike) == (6, 2)
    assert found.counts == {
        ("spelling", "made"): 1,
        ("numbers", "made"): 1,
        ("spelling", "other"): 1,
        ("spelling", "kept"): 2,
        ("spelling", "missed"): 1,
        ("spelling", "added"): 1,
        ("units", "added"): 1,
    }
    assert found.examples["other"] == {("walzer", "walker", "waltz"): 1}


@pytest.mark.skipif(not PAIRS.exists(), reason="no ../shared/data/kit")
def test_the_published_corrections_are_made_but_for_those_reviewed() -> None:
    found = compare(read_pairs(PAIRS), shipped())
    outcomes = {one: sum(found.counts[pair] for pair in found.counts if pair[1] == one) for one in ("made", "missed")}
    assert found.sentences == 6251
    assert found.alike >= 6070
    assert outcomes["made"] >= 1155
    assert outcomes["missed"] <= 10


def said(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    with pytest.raises(SystemExit) as end:
        app(["data", "corrections", *words])
    assert end.value.code == 0
    return capsys.readouterr().out


def test_the_command_shows_and_writes_its_corrections(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text, out = tmp_path / "text.txt", tmp_path / "out.txt"
    text.write_text("A perosn walkes 90°.\n\nA person walks.\nHe walkes two\n", encoding="utf-8")
    printed = said(capsys, str(text), "--out", str(out), "--examples", "1")
    assert out.read_text(encoding="utf-8") == "A person walks 90°.\n\nA person walks.\nHe walks two\n"
    assert printed.splitlines() == [
        "     2  walkes -> walks  (line 1)",
        "        and 1 more",
        "2 of 4 lines changed, 3 changes",
        "different words 8 -> 6, seen 3 times or more 0 -> 1",
        f"wrote {out}",
    ]
    assert "two -> 2  (line 4)" in said(capsys, str(text), "--rules", "paper")


def test_the_command_compares_pairs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pairs, table = tmp_path / "pairs.tsv", tmp_path / "table.tsv"
    pairs.write_text("he walkes \t he walks\na walzer\ta walker\n", encoding="utf-8")
    printed = said(capsys, "--pairs", str(pairs))
    assert re.search(r"spelling +2 +1 +1 +0 +0 +0", printed)
    assert "1 of 2 sentences word for word as theirs" in printed
    assert "other (theirs, ours): walzer -> walker, waltz (1)" in printed
    assert re.search(r"all +1 +0 +1 +0 +0 +0", said(capsys, "--pairs", str(pairs), "--rows", "even"))
    table.write_text("walzer\twalker\tspelling\n", encoding="utf-8")
    assert re.search(r"all +2 +1 +0 +0 +1 +0", said(capsys, "--pairs", str(pairs), "--table", str(table)))


@pytest.mark.parametrize(
    ("content", "words", "message"),
    [
        (b"a\n", [], "name a file of sentences, or give --pairs; one of the two"),
        (b"a\n", ["FILE", "--pairs", "FILE"], "one of the two"),
        (None, ["FILE"], "no such file; expected sentences, one per line"),
        (b" \n", ["FILE"], "contains no sentence; expected one per line"),
        (b"\xff\xfe", ["FILE"], "not text in UTF-8; expected sentences"),
        (b"a\n", ["FILE", "--rows", "odd"], "--rows is for --pairs"),
        (b"a\n", ["FILE", "--examples", "-1"], "give 0 or more"),
        (b"a\n", ["FILE", "--out", "/nowhere/out.txt"], "cannot be written"),
        (None, ["--pairs", "FILE"], "no such file; expected a sentence, a tab"),
        (b"\n", ["--pairs", "FILE"], "contains no pairs"),
        (b"a\tb\nabc\n", ["--pairs", "FILE"], "line 2: 1 columns, expected 2"),
        (b"a\tb\tc\n", ["--pairs", "FILE"], "line 1: 3 columns, expected 2"),
        (b"\xff\tb\n", ["--pairs", "FILE"], "not text in UTF-8; expected a sentence, a tab"),
        (b"a\tb\n", ["--pairs", "FILE", "--out", "x"], "--out and --rules are for a file of sentences"),
        (b"a\tb\n", ["--pairs", "FILE", "--table", "FILE"], "line 1: expected word, meant and kind"),
    ],
)
def test_wrong_input_is_explained(content: bytes | None, words: list[str], message: str, tmp_path: Path) -> None:
    file = tmp_path / "file"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        app(["data", "corrections", *(str(file) if word == "FILE" else word for word in words)])
