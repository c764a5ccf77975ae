"""Captioner: network, vocabulary, normalizer, action words and clock together; a recording in, a Transcript out.

load_model builds one from a model folder (model_folder.py). A recording longer than the model's `max_seconds` is
captioned in windows (windows.py).
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from pydantic import ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file

from motion2language.body import ensure_canonical
from motion2language.captioning import boundaries, search_attention, search_transducer, timing
from motion2language.captioning.features import Normalizer, feature, prepare
from motion2language.captioning.model_folder import find_model, save_model
from motion2language.captioning.windows import Described, join, windows
from motion2language.formats.reading import read_motion
from motion2language.language.actions import ActionLexicon
from motion2language.language.vocabulary import UNK, Vocabulary
from motion2language.model.config import ModelConfig
from motion2language.model.network import Network, build
from motion2language.motion import Motion
from motion2language.transcript import Hypothesis, Transcript

BATCH = 32  # windows decoded together; chosen


class Search(NamedTuple):
    """How the sentence of a kind of network is found.

    find      from (network, values, lengths, max_words, beam) a Hypothesis for each row; beam None is its own default
    finished  from (hypothesis, max_words) whether the network itself ended the sentence
    """

    find: Callable[..., list[Hypothesis]]
    finished: Callable[[Hypothesis, int], bool]


#: The search of each kind of network (ModelConfig.kind).
SEARCHES = {
    "attention": Search(search_attention.find, search_attention.finished),
    "transducer": Search(search_transducer.find, search_transducer.finished),
}


@dataclass(frozen=True, eq=False)
class Captioner:
    """A trained model and all it needs to describe recordings of any human skeleton."""

    config: ModelConfig
    vocabulary: Vocabulary
    normalizer: Normalizer
    lexicon: ActionLexicon
    network: Network
    name: str = "model"

    def transcribe(
        self,
        motion: Motion | str | Path,
        *,
        beam: int | None = None,
        joint_map: Mapping[str, str] | None = None,
        refine: bool = True,
    ) -> Transcript:
        """What the recording shows, and when.

        motion     a Motion or a file's path
        beam       sentences kept while searching; 1 is greedy; 0 samples sentences and takes the one most like the
                   others. None: 0 for a transducer, 4 for the paper's model
        joint_map  canonical joint -> joint of the recording, for skeletons with unknown names
        refine     bound segments by changes of movement (boundaries.py); otherwise by the paper's rule
        """
        recording = motion if isinstance(motion, Motion) else read_motion(motion, joint_map=joint_map)
        return next(self.transcribe_all([recording], beam=beam, joint_map=joint_map, refine=refine))

    def transcribe_all(
        self,
        motions: Sequence[Motion],
        *,
        beam: int | None = None,
        joint_map: Mapping[str, str] | None = None,
        refine: bool = True,
    ) -> Iterator[Transcript]:
        """A Transcript for each recording, in order, decoded in batches of similar length."""
        for described in self.describe_all(motions, beam=beam, joint_map=joint_map, refine=refine):
            yield described.transcript

    def describe_all(
        self,
        motions: Sequence[Motion],
        *,
        prepared: Sequence[Motion] | None = None,
        beam: int | None = None,
        joint_map: Mapping[str, str] | None = None,
        refine: bool = True,
    ) -> Iterator[Described]:
        """As transcribe_all, each transcript with the weights of its search.

        prepared  each motion as `prepare` returned it, for a caller that has done so already
        """
        if prepared is None:
            prepared = [self.prepare(motion, joint_map) for motion in motions]
        pieces = [
            (index, start, piece)
            for index, body in enumerate(prepared)
            for start, piece in windows(body, self.config.max_seconds)
        ]
        order = sorted(range(len(pieces)), key=lambda number: pieces[number][2].frames)
        results: dict[int, tuple[Transcript, np.ndarray]] = {}
        for first in range(0, len(order), BATCH):
            numbers = order[first : first + BATCH]
            batch = [pieces[number][2] for number in numbers]
            results |= zip(numbers, self._describe(batch, beam, refine), strict=True)
        parts: list[list[tuple[float, Transcript, np.ndarray]]] = [[] for _ in motions]
        for number, (index, start, _) in enumerate(pieces):
            parts[index].append((start, *results[number]))
        for motion, body, own in zip(motions, prepared, parts, strict=True):
            transcript = join([(start, part) for start, part, _ in own], motion.duration, motion.name, self.name)
            weights = tuple((round(start * body.fps), looked) for start, _, looked in own)
            yield Described(transcript, weights, body.frames)

    def prepare(self, motion: Motion, joint_map: Mapping[str, str] | None = None) -> Motion:
        """The recording on the joints and at the frame rate this model reads; ValueError when it cannot be."""
        return prepare(motion, self.config, joint_map)

    def values(self, motion: Motion) -> np.ndarray:
        """The network's input (T, F) for a prepared motion."""
        return self.normalizer.apply(feature(self.config.features)(motion))

    def search(self, values: Sequence[np.ndarray], beam: int | None = None) -> list[Hypothesis]:
        """A Hypothesis for each (T, F) array; a sentence cut off by the word limit or the recording's end is trimmed.

        Trimming (timing.without_loose_end) drops trailing words such as "and then" that lead to nothing.
        """
        search, limit = SEARCHES[self.config.kind], self.config.max_words
        device = next(self.network.parameters()).device
        padded = torch.nn.utils.rnn.pad_sequence([torch.from_numpy(value) for value in values], batch_first=True)
        lengths = torch.tensor([len(value) for value in values], device=device)
        training = self.network.training
        self.network.eval()
        try:
            hypotheses = search.find(self.network, padded.to(device), lengths, limit, beam)
        finally:
            self.network.train(training)
        return [
            hypothesis if search.finished(hypothesis, limit) else self._without_loose_end(hypothesis)
            for hypothesis in hypotheses
        ]

    def _without_loose_end(self, hypothesis: Hypothesis) -> Hypothesis:
        words = [self.vocabulary.words[token] for token in hypothesis.tokens]
        return hypothesis.first(timing.without_loose_end(words))

    def _describe(
        self, motions: Sequence[Motion], beam: int | None, refine: bool
    ) -> Iterator[tuple[Transcript, np.ndarray]]:
        """For each prepared motion its transcript and the weights (L, T) of its words."""
        hypotheses = self.search([self.values(motion) for motion in motions], beam)
        for motion, hypothesis in zip(motions, hypotheses, strict=True):
            yield self.timed(motion, hypothesis, refine=refine), hypothesis.weights[hypothesis.tokens >= UNK]

    def timed(self, motion: Motion, hypothesis: Hypothesis, *, refine: bool = True) -> Transcript:
        """The transcript of a hypothesis for a prepared motion."""
        transcript = timing.transcribe(
            hypothesis,
            self.vocabulary,
            self.lexicon,
            fps=self.config.fps,
            half_window=self.config.half_window_frames / self.config.fps,
            duration=motion.duration,
            source=motion.name,
            model=self.name,
        )
        if not refine or not transcript.segments or transcript.segments[0].label is None:
            return transcript
        return boundaries.refine(transcript, timing.anchors(transcript, self.lexicon), ensure_canonical(motion))

    def save(self, folder: Path, card: str = "") -> None:
        """Write the model folder, whole or not at all."""
        save_model(folder, self.config, self.vocabulary, self.normalizer, self.lexicon, self.network.state_dict(), card)


def load_model(name: str | Path = "default", device: str = "cpu") -> Captioner:
    """The captioner of a shipped model or of a model folder.

    FileNotFoundError or ValueError reports what is missing or does not fit, and lists the shipped models.
    """
    folder = find_model(name)
    try:
        config = ModelConfig.model_validate_json((folder / "config.json").read_bytes())
        feature(config.features)
        network = build(config)
        network.load_state_dict(load_file(folder / "weights.safetensors"))
        vocabulary = Vocabulary.load(folder / "vocabulary.txt")
        normalizer = Normalizer.load(folder / "normalizer.npz")
        lexicon = ActionLexicon.load(folder / "actions.json")
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])  # empty where it is of several keys
        parts = str(folder / "config.json"), where, first["msg"].removeprefix("Value error, ")
        raise ValueError(": ".join(filter(None, parts))) from None
    except SafetensorError as error:
        raise ValueError(f"{folder / 'weights.safetensors'}: not a safetensors file ({error})") from None
    except (RuntimeError, KeyError, OSError, EOFError, ValueError, zipfile.BadZipFile) as error:
        reason = " ".join(str(error).split())[:300]
        raise ValueError(f"{folder}: the files of this model do not fit each other: {reason}") from None
    if len(vocabulary) != config.vocabulary_size or len(normalizer.mean) != config.input_width:
        raise ValueError(
            f"{folder}: config.json says {config.vocabulary_size} words and {config.input_width} features, "
            f"but vocabulary.txt has {len(vocabulary)} and normalizer.npz {len(normalizer.mean)}"
        )
    return Captioner(config, vocabulary, normalizer, lexicon, network.to(device).eval(), folder.name)
