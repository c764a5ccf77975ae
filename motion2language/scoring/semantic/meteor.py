"""METEOR of sentences against references, as nltk computes it, with the synonyms of a WordNet on disk.

Words are matched in three stages: the same word, the same stem (Porter), a synonym by WordNet. The score is a mean of
precision and recall that weights recall nine times, reduced by up to half when the matched words form many pieces
(Lavie and Agarwal 2007). Of several references the best counts. Nothing is downloaded.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from motion2language.language.vocabulary import tokenize


def open_wordnet(folder: Path | None = None) -> Any:
    """nltk's reader of WordNet, from the given data folder or nltk's own ones; ValueError names what is missing.

    folder  an nltk_data folder with corpora/wordnet or corpora/wordnet.zip
    """
    try:
        import nltk
        from nltk.corpus.reader.wordnet import WordNetCorpusReader
        from nltk.corpus.util import LazyCorpusLoader
    except ModuleNotFoundError:
        raise ValueError("METEOR needs nltk: pip install 'motion2language[semantic]'") from None
    if folder is not None:
        if not any((folder / "corpora" / name).exists() for name in ("wordnet", "wordnet.zip")):
            raise ValueError(f"{folder}: contains no WordNet; expected corpora/wordnet or corpora/wordnet.zip")
        nltk.data.path.insert(0, str(folder.absolute()))  # nltk reads only from its path
    reader = LazyCorpusLoader("wordnet", WordNetCorpusReader, None)
    try:
        with warnings.catch_warnings(action="ignore"):  # about other languages than English
            reader.ensure_loaded()
    except Exception as error:  # a damaged file may raise anything
        if type(error) is LookupError:
            raise ValueError("no WordNet (corpora/wordnet) in nltk's data folders; give --nltk-data DIR") from None
        raise ValueError(f"WordNet cannot be read ({type(error).__name__}: {error})") from None
    return reader


def describe(wordnet: Any) -> str:
    """The kind of METEOR: the versions of nltk and WordNet."""
    import nltk

    return f"nltk {nltk.__version__}, WordNet {wordnet.get_version()}"


def meteor(references: Sequence[Sequence[str]], hypotheses: Sequence[str], wordnet: Any) -> np.ndarray:
    """METEOR of each clip's sentence, (N,) in [0, 1), the best over its references; an empty sentence scores 0.

    wordnet  from `open_wordnet`; anything with synsets(word) whose lemmas() have a name()
    """
    from nltk.translate.meteor_score import meteor_score

    return np.array(
        [
            meteor_score([tokenize(sentence) for sentence in sentences], tokenize(text), wordnet=wordnet)
            for sentences, text in zip(references, hypotheses, strict=True)
        ]
    )
