"""actions: which words of a sentence name an action, learnt from captions, given by a user, kept in a file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motion2language.language.actions import ActionLexicon
from motion2language.language.vocabulary import tokenize

COMMON = ActionLexicon.learn([])


def found(sentence: str, lexicon: ActionLexicon = COMMON) -> list[tuple[str, str]]:
    """(word, label) of each action word."""
    words = tokenize(sentence)
    return [(words[index], label) for index, label in lexicon.find(words)]


# find


@pytest.mark.parametrize(
    ("forms", "label"),
    [
        ("walk walks walked walking", "walk"),
        ("run runs ran running", "run"),
        ("jog jogs jogged jogging", "jog"),
        ("squat squats squatted squatting", "squat"),
        ("wave waves waved waving", "wave"),
        ("carry carries carried carrying", "carry"),
        ("crouch crouches crouched crouching", "crouch"),
        ("lie lies lay lying", "lie"),
        ("play plays played playing", "play"),
        ("throw throws threw throwing", "throw"),
        ("box boxes boxed boxing", "box"),
        ("kneel kneels knelt kneeling", "kneel"),
    ],
)
def test_every_form_of_a_verb_is_the_same_action(forms: str, label: str) -> None:
    for form in forms.split():
        assert found(f"they {form} there") == [(form, label)]


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("a person walks forward then turns left", "walks:walk turns:turn"),
        ("A man ran and stood up.", "ran:run stood:stand"),
        ("someone is stepping sideways", "stepping:step"),
        ("walking", "walking:walk"),
        ("tries to jump", "jump:jump"),
        ("a person begins walking", "walking:walk"),
        ("a person stops walking", "walking:walk"),
        # nouns are not actions
        ("a few steps forward", ""),
        ("the left kick is fast", ""),
        ("with the quick kick", ""),
        ("kicks with the left kick", "kicks:kick"),
        # a light verb and its noun are one action, at the light verb
        ("the person makes a turn", "makes:turn"),
        ("a person throws a punch and kicks", "throws:punch kicks:kick"),
        ("he makes a quick left turn and walks", "makes:turn walks:walk"),
        ("she takes a step", "takes:step"),
        ("she makes two sudden jumps", "makes:jump"),
        # without an action noun
        ("a person throws a ball", "throws:throw"),
        ("a person throws", "throws:throw"),
        ("a person makes a mess and jumps", "jumps:jump"),
        # the same verb twice is two actions
        ("walks then walks", "walks:walk walks:walk"),
        # no action
        ("a person on the ground", ""),
        ("", ""),
        ("<unk> <unk>", ""),
    ],
)
def test_find_separates_actions_from_nouns(sentence: str, expected: str) -> None:
    assert " ".join(":".join(pair) for pair in found(sentence)) == expected


@given(st.lists(st.sampled_from("a the two person makes throws walks turn kick and left <unk> ball".split())))
def test_find_gives_indices_in_order_and_each_once(words: list[str]) -> None:
    indices = [index for index, _ in COMMON.find(words)]
    assert indices == sorted(set(indices))
    assert all(0 <= index < len(words) for index in indices)


# learn


CAPTIONS = ["a person zorbles forward", "someone is zorbling", "a person glimps", "then the blue wug", "and wug"]


def test_a_verb_is_learnt_when_captions_hold_its_ing_form_and_another() -> None:
    lexicon = ActionLexicon.learn(CAPTIONS)
    assert found("a person zorbles and is zorbling", lexicon) == [("zorbles", "zorble"), ("zorbling", "zorble")]
    assert found("a person zorbles") == []


def test_a_word_seen_in_only_one_form_is_not_a_verb() -> None:
    lexicon = ActionLexicon.learn([*CAPTIONS, "someone is glorping"])
    assert not {"glimps", "glimp", "wug", "glorping"} & lexicon.forms.keys()


def test_a_word_that_never_occurs_in_the_place_of_a_verb_is_not_a_verb() -> None:
    lexicon = ActionLexicon.learn(["forward zorbles", "forward zorbling", "forward zorble"])
    assert not {"zorbles", "zorbling", "zorble"} & lexicon.forms.keys()


@pytest.mark.parametrize(
    ("captions", "forms"),
    [
        (["a person flits", "a person is flitting"], {"flits": "flit", "flitting": "flit"}),
        (["a person parries", "a person is parrying"], {"parries": "parry", "parrying": "parry"}),
        (["a person parried", "is parrying", "to parry"], {"parried": "parry", "parrying": "parry", "parry": "parry"}),
        (["a person lurches", "a person is lurching"], {"lurches": "lurch", "lurching": "lurch"}),
        (["he is gliding", "glides past"], {"glides": "glide", "gliding": "glide"}),
        (["a person glides", "it glided", "he is gliding"], {"glides": "glide", "glided": "glide", "gliding": "glide"}),
    ],
)
def test_learning_undoes_the_spelling_rules(captions: list[str], forms: dict[str, str]) -> None:
    learnt = ActionLexicon.learn(captions).forms
    assert {form: label for form, label in learnt.items() if form not in COMMON.forms} == forms


def test_function_words_are_never_learnt() -> None:
    captions = ["a person starts", "he is starting", "to start", "and is", "then being", "person uses it using use"]
    assert ActionLexicon.learn(captions).forms == COMMON.forms


# A user's list


def test_a_list_of_forms_with_and_without_lemmas(tmp_path: Path) -> None:
    path = tmp_path / "verbs.txt"
    path.write_text("# house verbs\nMoonwalks moonwalk\nmoonwalking = moonwalk  # both spellings\n\nvogue\n")
    lexicon = ActionLexicon.from_file(path)
    assert lexicon.forms == {"moonwalks": "moonwalk", "moonwalking": "moonwalk", "vogue": "vogue"}
    assert found("a person moonwalks and walks", lexicon) == [("moonwalks", "moonwalk")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"walks walk\nto walk away\n", "line 2: expected `form` or `form lemma`, found 'to walk away'"),
        (b"", "contains no action words"),
        (b"# only a comment\n\n", "contains no action words"),
        (b"\xff\xfe", "not a text file in UTF-8"),
    ],
)
def test_a_malformed_list_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "verbs.txt"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=rf"verbs\.txt.*{message}"):
        ActionLexicon.from_file(path)


# The file


def test_save_and_load(tmp_path: Path) -> None:
    lexicon = ActionLexicon.learn([*CAPTIONS, "a person hüpfs", "is hüpfing"])
    assert "zorbles" in lexicon.forms
    lexicon.save(tmp_path / "actions.json")
    assert ActionLexicon.load(tmp_path / "actions.json") == lexicon


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not a lexicon of action words"),
        (b"walk\n", "not a lexicon of action words"),
        (b"\xff", "not a lexicon of action words"),
        (json.dumps(["walk"]).encode(), "expected an object of word forms and their lemmas"),
        (json.dumps({"walks": 1}).encode(), "expected an object of word forms and their lemmas"),
        (json.dumps({"walks": None}).encode(), "expected an object of word forms and their lemmas"),
    ],
)
def test_a_file_that_is_not_a_lexicon_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "actions.json"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=rf"actions\.json: {message}"):
        ActionLexicon.load(path)
