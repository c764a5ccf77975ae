"""The tokeniser and the vocabulary: sentences to token ids and back.

Tokeniser, fixed rules: lower case; typographic quotes and dashes become ASCII; a token is a number with its decimal
part (`1,5` `2.5` `90`), a number glued to a unit is two tokens (`50cm` -> `50` `cm`), or a run of letters with inner
apostrophes and hyphens (`person's`, `cha-cha`); every other character separates. Punctuation is dropped: it has no
time in a motion.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

PAD, SOS, EOS, UNK = range(4)
SPECIALS = ("<pad>", "<sos>", "<eos>", "<unk>")

_TOKEN = re.compile(r"<unk>|\d+(?:[.,/]\d+)*|[^\W\d_]+(?:['-][^\W\d_]+)*")
_PLAIN = str.maketrans({"’": "'", "‘": "'", "–": "-", "—": "-"})


def tokenize(text: str) -> list[str]:
    """The words of a sentence, lower case, without punctuation.

    >>> tokenize("A person's cha-cha: 2.5 turns, 50cm apart.")
    ['a', "person's", 'cha-cha', '2.5', 'turns', '50', 'cm', 'apart']
    """
    return _TOKEN.findall(text.translate(_PLAIN).lower())


@dataclass(frozen=True)
class Vocabulary:
    """Words and their ids; <pad> <sos> <eos> <unk> are 0 to 3, an unknown word is <unk>.

    >>> vocabulary = Vocabulary.build(["a person walks", "a person turns"], minimum_count=2)
    >>> vocabulary.words
    ('<pad>', '<sos>', '<eos>', '<unk>', 'a', 'person')
    >>> vocabulary.encode("A person jumps.")
    [4, 5, 3]
    >>> vocabulary.decode([4, 5, 3, 2])
    ['a', 'person', '<unk>']
    """

    words: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.words[:4] != SPECIALS:
            raise ValueError(f"vocabulary must begin with {' '.join(SPECIALS)}, found {' '.join(self.words[:4])}")
        if len(set(self.words)) != len(self.words):
            twice = [word for word, count in Counter(self.words).items() if count > 1]
            raise ValueError(f"vocabulary contains words twice: {', '.join(twice[:5])}")
        object.__setattr__(self, "_ids", {word: number for number, word in enumerate(self.words)})

    def __len__(self) -> int:
        return len(self.words)

    @classmethod
    def build(cls, captions: Iterable[str], minimum_count: int = 3) -> Vocabulary:
        """The words seen at least `minimum_count` times in `captions`, most frequent first, ties by spelling."""
        counts = Counter(word for caption in captions for word in tokenize(caption))
        kept = [word for word, count in counts.items() if count >= minimum_count and word not in SPECIALS]
        return cls(SPECIALS + tuple(sorted(kept, key=lambda word: (-counts[word], word))))

    def encode(self, text: str) -> list[int]:
        """Token ids of a sentence, without <sos> and <eos>."""
        ids: dict[str, int] = self._ids  # type: ignore[attr-defined]
        return [ids.get(word, UNK) for word in tokenize(text)]

    def decode(self, tokens: Sequence[int]) -> list[str]:
        """The words of token ids, without the special tokens except <unk>."""
        return [self.words[token] for token in tokens if token >= UNK]

    def save(self, path: Path) -> None:
        """Write one word per line."""
        path.write_text("\n".join(self.words) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Vocabulary:
        """Read a vocabulary that `save` wrote; ValueError for any other file."""
        try:
            words = tuple(path.read_text(encoding="utf-8").splitlines())
        except UnicodeDecodeError:
            raise ValueError(f"{path}: not a text file in UTF-8; expected a vocabulary, one word per line") from None
        blank = next((number for number, word in enumerate(words, start=1) if not word.strip()), None)
        if blank is not None:
            raise ValueError(f"{path}: line {blank} is blank; expected one word per line")
        try:
            return cls(words)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None
