"""vocabulary: the tokeniser's rules, words from training captions, ids there and back, and the file."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motion2language.language.vocabulary import EOS, PAD, SOS, SPECIALS, UNK, Vocabulary, tokenize

CAPTIONS = ["A person walks.", "A person turns, a person waves!", "The person walks"]
VOCABULARY = Vocabulary.build(CAPTIONS, minimum_count=2)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("A person walks.", "a person walks"),
        ("  tabs\tand\nlines ", "tabs and lines"),
        ("", ""),
        ("?!... -- '", ""),
        ("the person's hand", "the person's hand"),
        ("the person’s ‘left’ hand", "the person's left hand"),
        ("a cha-cha – step", "a cha-cha step"),
        ("forward-", "forward"),
        ("-'forward", "forward"),
        ("cha–cha", "cha-cha"),
        ("50cm at 2.5 m/s, 1,5 or 1/2", "50 cm at 2.5 m s 1,5 or 1/2"),
        ("turns 90. Then stops", "turns 90 then stops"),
        ("90°", "90"),
        ("snake_case", "snake case"),
        ("Ein MÄNNCHEN hüpft", "ein männchen hüpft"),
        ("a <unk> walks", "a <unk> walks"),
        ("<eos> <pad>", "eos pad"),
    ],
)
def test_tokenize_follows_its_rules(text: str, words: str) -> None:
    assert tokenize(text) == words.split()


@given(st.text(max_size=40))
def test_words_joined_by_spaces_are_the_same_words(text: str) -> None:
    words = tokenize(text)
    assert tokenize(" ".join(words)) == words
    assert all(word == word.lower() and word.split() == [word] for word in words)


def test_specials_are_the_first_four_ids() -> None:
    assert SPECIALS == ("<pad>", "<sos>", "<eos>", "<unk>")
    assert [SPECIALS[number] for number in (PAD, SOS, EOS, UNK)] == list(SPECIALS)
    assert VOCABULARY.words[:4] == SPECIALS


def test_build_keeps_words_seen_often_enough_most_frequent_first_ties_by_spelling() -> None:
    assert VOCABULARY.words[4:] == ("person", "a", "walks")  # 4, 3 and 2 times
    assert Vocabulary.build(CAPTIONS, 1).words[4:] == ("person", "a", "walks", "the", "turns", "waves")
    assert Vocabulary.build(CAPTIONS).words[4:] == ("person", "a")  # at least three times by default
    assert len(VOCABULARY) == 7


def test_build_of_nothing_knows_the_specials_only() -> None:
    assert Vocabulary.build([]).words == SPECIALS


def test_unk_in_a_caption_is_not_learnt_as_a_word() -> None:
    assert Vocabulary.build(["<unk> walks"] * 3).words == (*SPECIALS, "walks")


def test_encode_gives_ids_without_specials_and_unknown_words_are_unk() -> None:
    assert VOCABULARY.encode("The person WALKS.") == [UNK, 4, 6]
    assert VOCABULARY.encode("") == []


def test_decode_leaves_specials_out_but_unk() -> None:
    assert VOCABULARY.decode([SOS, 5, 4, UNK, EOS, PAD, PAD]) == ["a", "person", "<unk>"]
    assert VOCABULARY.decode([]) == []


@given(st.lists(st.sampled_from(VOCABULARY.words[3:])))
def test_known_words_survive_encode_and_decode(words: list[str]) -> None:
    assert VOCABULARY.decode(VOCABULARY.encode(" ".join(words))) == words


def test_a_vocabulary_begins_with_the_specials() -> None:
    with pytest.raises(ValueError, match="must begin with <pad> <sos> <eos> <unk>, found a person"):
        Vocabulary(("a", "person"))


def test_a_word_stands_once() -> None:
    with pytest.raises(ValueError, match="contains words twice: a"):
        Vocabulary((*SPECIALS, "a", "b", "a"))


# The file


def test_save_and_load(tmp_path: Path) -> None:
    vocabulary = Vocabulary((*SPECIALS, "hüpft", "person's", "1,5"))
    vocabulary.save(tmp_path / "vocabulary.txt")
    assert (tmp_path / "vocabulary.txt").read_text(encoding="utf-8").splitlines() == list(vocabulary.words)
    assert Vocabulary.load(tmp_path / "vocabulary.txt") == vocabulary


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "must begin with <pad>"),
        (b"a\nperson\n", "must begin with <pad> <sos> <eos> <unk>, found a person"),
        (b"<pad>\n<sos>\n<unk>\n<eos>\n", "must begin with <pad>"),
        (b"<pad>\n<sos>\n<eos>\n<unk>\na\na\n", "contains words twice: a"),
        (b"<pad>\n<sos>\n<eos>\n<unk>\na\n\nb\n", "line 6 is blank"),
        (b"<pad>\n<sos>\n<eos>\n<unk>\n\xff\xfe\n", "not a text file in UTF-8"),
    ],
)
def test_a_malformed_file_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "vocabulary.txt"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=rf"vocabulary\.txt: .*{message}"):
        Vocabulary.load(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"vocabulary\.txt"):
        Vocabulary.load(tmp_path / "vocabulary.txt")
