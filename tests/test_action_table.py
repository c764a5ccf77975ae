"""data/actions: the table of actions, its phrases and labels; language/phrases: an action told by its whole phrase."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from bodies import SHARED

from motion2language.data.actions import Meaning, load_actions, load_wordings
from motion2language.language.actions import ActionLexicon
from motion2language.language.phrases import PhraseIndex
from motion2language.language.vocabulary import tokenize

TABLE = load_actions()
MINE = """
[actions.moonwalk]
verb = "moonwalk"
phrases = ["moonwalks[ {manner}]", "glides backwards", "slides {leg|a leg} back", "is moonwalking"]

[labels.studio]
"mw" = {action = "moonwalk", side = "left", manner = "slowly"}
"mw, kick" = ["moonwalk", "kick"]
"calibration" = ""

[labels.kard]
"bend" = "moonwalk"

[labels.cmu_amc]
"walk" = "moonwalk"
"""


@cache
def every_phrase() -> list[tuple[str, str]]:
    """(action, phrase) with nothing known, with each side, and with what each label tells."""
    told = [meaning for labels in TABLE.labels.values() for meanings in labels.values() for meaning in meanings]
    told += [Meaning(action=name) for name in TABLE.actions]
    sided = [replace(each, side=side) for each in told for side in (each.side, "left", "both")]
    return sorted({(each.action, phrase) for each in sided for phrase in TABLE.phrases(each)})


def labels(sentence: str, lexicon: ActionLexicon) -> list[str]:
    return [label for _, label in lexicon.find(tokenize(sentence))]


@cache
def lexicon() -> ActionLexicon:
    return ActionLexicon.learn([f"a person {phrase}" for _, phrase in every_phrase()], TABLE.wordings)


def test_the_table_has_actions_each_with_four_ways_of_saying_it():
    assert len(TABLE.actions) >= 64
    assert len(TABLE.labels) == 14
    for name, action in TABLE.actions.items():
        assert len(set(TABLE.phrases(Meaning(action=name)))) >= 4, name
        assert not [phrase for phrase in action.phrases if phrase != phrase.lower()]


def test_every_phrase_is_read_as_its_own_action():
    known = lexicon()
    phrases = every_phrase()
    assert len(phrases) > 700
    misread = {phrase: labels(f"someone {phrase}", known) for _, phrase in phrases}
    assert {text: found for text, found in misread.items() if len(found) != 1} == {}
    assert [text for name, text in phrases if misread[text] != [TABLE.verb(name)]] == []


def test_sentences_of_several_actions_are_cut_at_each_of_them():
    known, random = lexicon(), np.random.default_rng(0)
    for _ in range(300):
        meanings = [
            Meaning(action=str(random.choice(list(TABLE.actions))), side=str(random.choice(["", "right", "both"])))
            for _ in range(random.integers(1, 7))
        ]
        sentence = TABLE.sentence(meanings, "", random)
        assert labels(sentence, known) == [TABLE.verb(each.action) for each in meanings], sentence


@pytest.mark.parametrize(
    ("meaning", "phrase"),
    [
        ({"action": "wave", "side": "left"}, "waves the left hand"),
        ({"action": "wave", "side": "both"}, "is waving with both arms"),
        ({"action": "wave"}, "waves a hand"),
        ({"action": "throw", "target": "a ball", "side": "right"}, "throws a ball with the right hand"),
        ({"action": "throw", "target": "a ball", "manner": "far"}, "throws a ball far"),
        ({"action": "throw"}, "throws something"),
        ({"action": "jumping jack", "count": 2}, "does two jumping jacks"),
        ({"action": "jump", "count": 3}, "jumps three times"),
        ({"action": "squat", "count": 2}, "squats twice"),
        ({"action": "curl", "side": "both"}, "curls both arms"),
    ],
)
def test_slots_say_what_is_known(meaning, phrase):
    assert phrase in TABLE.phrases(Meaning(**meaning))


def test_a_known_side_is_always_said_where_a_phrase_can_say_it():
    for name, action in TABLE.actions.items():
        said = TABLE.phrases(Meaning(action=name, side="left"))
        if action.limb:
            assert all("left" in phrase.split() for phrase in said), said
            assert len(said) > 1, said
        assert not [phrase for phrase in TABLE.phrases(Meaning(action=name)) if "left" in phrase.split()]


def test_labels_of_sources_mean_actions():
    assert TABLE.meanings("kard", "draw X") == (Meaning(action="draw an x"),)
    assert TABLE.meanings("cmu_amc_big", "run, leap") == (Meaning(action="run"), Meaning(action="leap"))
    assert TABLE.meanings("cmu_amc", "wash self") == TABLE.meanings("cmu_bvh_more", "wash self")
    assert TABLE.meanings("anything", "side kick") == (Meaning(action="side kick"),)
    assert TABLE.meanings("bandai", "call") == ()
    assert TABLE.verb("side kick") == "kick"


@pytest.mark.parametrize(
    ("source", "label", "hint"),
    [
        ("kard", "drnk", "did you mean 'drink'"),
        ("new", "someone sneaks about", "'sneak'"),
        ("new", "xyz", "there are"),
        ("new", "wave hands", "did you mean 'wave'?"),
        ("new", "Kicking at hands", "did you mean 'kick'?"),
        ("new", "sit dwon", "did you mean 'sit down'?"),
    ],
)
def test_an_unknown_label_names_the_nearest(source, label, hint):
    with pytest.raises(ValueError, match=f"{source}: the label '{label}' means no action of the table; .*{hint}"):
        TABLE.meanings(source, label)


def test_an_unknown_action_names_the_nearest():
    with pytest.raises(ValueError, match=r"no action 'waves' in the table; did you mean 'wave'\?"):
        TABLE.verb("waves")


def test_a_user_adds_a_row_and_has_an_action(tmp_path: Path):
    path = tmp_path / "mine.toml"
    path.write_text(MINE)
    table = load_actions(path)
    assert table.actions.keys() == TABLE.actions.keys() | {"moonwalk"}
    (meaning,) = table.meanings("studio", "mw")
    assert set(table.phrases(meaning)) == {"slides the left leg back"}
    assert [each.action for each in table.meanings("studio", "mw, kick")] == ["moonwalk", "kick"]
    assert table.meanings("studio", "calibration") == ()
    assert [each.action for each in table.meanings("kard", "bend")] == ["moonwalk"]
    assert [each.action for each in table.meanings("cmu_amc", "walk")] == ["moonwalk"]
    assert [each.action for each in table.meanings("cmu_bvh", "walk")] == ["walk"]
    assert table.meanings("kard", "walk") == TABLE.meanings("kard", "walk")
    sentences = [f"a person {phrase}" for phrase in table.phrases(Meaning(action="moonwalk"))]
    known = ActionLexicon.learn(sentences, table.wordings)
    assert [labels(sentence, known) for sentence in sentences] == [["moonwalk"]] * 4


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("actions = 3", "mine.toml: actions"),
        ("[actions.a", "mine.toml: not a TOML file"),
        ("[actions.a]\nverb = 'a'", "mine.toml: actions.a.phrases: missing"),
        ("[actions.a]\nverb = 'a'\nphrases = []", "mine.toml: actions.a: phrases: expected at least one"),
        ("[actions.a]\nverb = 'a'\nphrases = ['as']\ncuts = true", "mine.toml: actions.a.cuts"),
        ("[actions.a]\nverb = 'a'\nphrases = ['as {hnd}']", "has the slot {hnd}; did you mean 'hand'?"),
        ("[actions.a]\nverb = 'a'\nphrases = ['as [with']", "has a bracket without its other half"),
        ("[actions.a]\nverb = 'a'\nphrases = ['{hand}']", "has no words"),
        ("[actions.a]\nverb = 'a'\nphrases = ['throws a punch']", "'throws a punch' says both"),
        ("[labels.x]\na = 'wav'", "labels.x: 'a' means the action 'wav', which has no row; did you mean 'wave'?"),
        ("[labels.x]\na = {action = 'wave', side = 'up'}", "mine.toml: labels.x.a: side: expected left"),
        ("[labels.x]\na = 3", "mine.toml: labels.x.a"),
        ("labels = 3", "mine.toml: labels"),
        ("[labels]\nx = 3", "mine.toml: labels.x"),
        ("[labels]\nkard = 3", "mine.toml: labels.kard: expected a table, found 3"),
        ("[subjects]\na = 1", "mine.toml: subjects: expected a list of texts"),
        ("subjects = []", "mine.toml: subjects: expected at least one"),
        ("[actions.a]\nverb = 1\nphrases = ['as']", "mine.toml: actions.a.verb: expected a text, found 1"),
        ("[actions]\na = 1", "mine.toml: actions.a: expected a table, found 1"),
        ("[labels.x]\na = {action = 'wave', count = 99}", "mine.toml: labels.x.a: count: expected 0 to 10, found 99"),
        ("[label.x]\na = 'wave'", "mine.toml: label: unknown key; did you mean 'labels'?"),
    ],
)
def test_a_wrong_table_is_named(tmp_path: Path, content: str, message: str):
    path = tmp_path / "mine.toml"
    path.write_text(content)
    with pytest.raises(ValueError) as raised:
        load_actions(path)
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


# An action is told by its phrase


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("a person throws a punch and then throws a ball", ["punch", "throw"]),
        ("a person raises the left knee then raises both hands", ["raise the knee", "raise"]),
        ("someone lifts a leg to the side and lifts an arm", ["lift the leg", "raise"]),
        ("a person lifts a knee and afterwards lifts the right arm", ["raise the knee", "raise"]),
        ("a person swipes to the left and then beats time with both arms", ["swipe", "beat"]),
        ("a person flaps both arms like wings then curls the left arm", ["fly", "curl"]),
        ("a person raises both arms to cheer and bows", ["raise", "bow"]),
        ("someone bends down to touch the toes", ["touch"]),
        ("someone bends down to pick something up and bends forward", ["pick up", "bow"]),
        ("a human throws something with both hands and throws both hands to the head", ["throw", "hold the head"]),
        ("a person is raising a knee", ["raise the knee"]),
        ("the person raised a knee and threw a punch", ["raise the knee", "punch"]),
        ("a person takes a seat and makes a mess", ["sit"]),
        ("a person raises", ["raise"]),
    ],
)
def test_an_action_is_told_by_its_phrase(sentence, expected):
    assert labels(sentence, lexicon()) == expected


def test_phrases_of_actions_that_captions_do_not_show_are_not_kept():
    known = ActionLexicon.learn(["a person stands up", "a person raises the left hand"], TABLE.wordings)
    assert set(known.phrases.values()) == {"stand up", "raise"}


def test_the_table_changes_no_label_of_composed_benchmarks():
    path = SHARED / "data/bnr/bnr_compose.json"
    if not path.is_file():
        pytest.skip("no shared data")
    samples = json.loads(path.read_text())["samples"].values()
    captions = [caption for sample in samples for caption in sample["captions"]]
    plain, told = ActionLexicon.learn(captions), ActionLexicon.learn(captions, TABLE.wordings)
    assert "walks a few steps" in told.phrases
    for words in map(tokenize, captions):
        assert told.find(words) == plain.find(words)


def test_a_lexicon_with_phrases_is_saved_and_loaded(tmp_path: Path):
    known = lexicon()
    known.save(tmp_path / "actions.json")
    assert ActionLexicon.load(tmp_path / "actions.json") == known


@pytest.mark.parametrize("content", [{"forms": {"walks": 1}, "phrases": {}}, {"forms": {}, "phrases": ["walks"]}])
def test_a_damaged_lexicon_is_named(tmp_path: Path, content):
    (tmp_path / "actions.json").write_text(json.dumps(content))
    with pytest.raises(ValueError, match="expected an object of word forms"):
        ActionLexicon.load(tmp_path / "actions.json")


def test_wordings_are_those_of_the_table_of_a_users_rows_or_of_a_benchmark(tmp_path: Path):
    assert load_wordings("") == {}
    assert load_wordings("table") == TABLE.wordings
    (tmp_path / "mine.toml").write_text(MINE)
    assert load_wordings(str(tmp_path / "mine.toml"))["moonwalks"] == "moonwalk"
    index = tmp_path / "bench.json"
    index.write_text('{"wordings": {"greets": "bow"}}')
    assert load_wordings(str(index)) == {"greets": "bow"}
    index.write_text("{}")
    with pytest.raises(ValueError, match=r"bench\.json: holds no wordings"):
        load_wordings(str(index))


def test_labels_may_have_phrases_of_their_own():
    (turn,) = TABLE.meanings("bandai", "walk-turn-left")
    assert TABLE.phrases(turn) == ("turns left", "turns to the left side", "makes a turn to the left")
    assert TABLE.wordings["waves bye bye"] == "wave"


def test_a_phrase_without_words_is_refused():
    with pytest.raises(ValueError, match="'is' has no words"):
        PhraseIndex({"is": "be"})


def test_every_label_of_the_shared_recordings_is_in_the_table():
    path = SHARED / "data/people/actions.tsv"
    if not path.is_file():
        pytest.skip("no shared data")
    rows = list(csv.DictReader(path.read_text().splitlines(), delimiter="\t"))
    assert len(rows) > 270
    for row in rows:
        meanings = TABLE.meanings(row["source"], row["label"])
        assert meanings or not row["action"]
