"""METEOR of sentences against references, as nltk computes it, with the synonyms of a WordNet on disk.

Words are matched in three stages: the same word, the same stem (Porter), a synonym by WordNet. The score is a mean of
precision and recall that counts recall nine times, less up to half where the matched words stand in many pieces
(Lavie and Agarwal 2007). Of several references the best counts. Nothing is ever downloaded.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from motion2language.language.vocabulary import tokenize


def open_wordnet(folder: Path | None = None) -> Any:
    """nltk's reader of WordNet, from the data folder given or from where nltk looks; ValueError says what is missing.

    folder  an nltk_data folder: corpora/wordnet, or corpora/wordnet.zip, lies in it
    """
    try:
        import nltk
        from nltk.corpus.reader.wordnet import WordNetCorpusReader
        from nltk.corpus.util import LazyCorpusLoader
    except ModuleNotFoundError:
        raise ValueError("METEOR needs nltk: pip install 'motion2language[semantic]'") from None
    if folder is not None:
        if not any((folder / "corpora" / name).exists() for name in ("wordnet", "wordnet.zip")):
            raise ValueError(f"{folder}: no WordNet in it; expected corpora/wordnet or corpora/wordnet.zip")
        nltk.data.path.insert(0, str(folder.absolute()))  # nltk reads from nowhere else
    reader = LazyCorpusLoader("wordnet", WordNetCorpusReader, None)
    try:
        with warnings.catch_warnings(action="ignore"):  # that it will know no language but English
            reader.ensure_loaded()
    except Exception as error:  # whatever a damaged file makes of it
        if type(error) is LookupError:
            raise ValueError("no WordNet (corpora/wordnet) in nltk's data folders; give --nltk-data DIR") from None
        raise ValueError(f"WordNet cannot be read ({type(error).__name__}: {error})") from None
    return reader


def describe(wordnet: Any) -> str:
    """Which METEOR it is: the versions of nltk and WordNet."""
    import nltk

    return f"nltk {nltk.__version__}, WordNet {wordnet.get_version()}"


def meteor(references: Sequence[Sequence[str]], hypotheses: Sequence[str], wordnet: Any) -> np.ndarray:
    """METEOR of each clip's sentence, (N,) in [0, 1), the best over its references; an empty sentence scores 0.

    wordnet  of `open_wordnet`, or anything whose synsets(word) have lemmas() that have a name()
    """
    from nltk.translate.meteor_score import meteor_score

    return np.array(
        [
            meteor_score([tokenize(one) for one in sentences], tokenize(said), wordnet=wordnet)
            for sentences, said in zip(references, hypotheses, strict=True)
        ]
    )
