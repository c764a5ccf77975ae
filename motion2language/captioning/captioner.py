"""Captioner: network, vocabulary, normalizer, action words and clock, together; a recording in, a Transcript out.

A model folder rebuilds it: `config.json`, `vocabulary.txt`, `normalizer.npz`, `actions.json`,
`weights.safetensors`, `card.md`. Nothing in it is a pickle.

A recording longer than the model's `max_seconds` is cut into windows at its stillest moments, each captioned by
itself; the transcript is their succession.
"""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pydantic import ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor

from motion2language.body import ensure_canonical
from motion2language.captioning import boundaries, search_attention, search_transducer, timing
from motion2language.captioning.features import Normalizer, feature, joint_speed, prepare
from motion2language.formats.reading import read_motion
from motion2language.language.actions import ActionLexicon
from motion2language.language.vocabulary import Vocabulary
from motion2language.model.config import ModelConfig
from motion2language.model.network import Network, build
from motion2language.model.transducer import Transducer
from motion2language.motion import Motion
from motion2language.transcript import Hypothesis, Segment, TimedWord, Transcript

PRETRAINED = Path(__file__).parent.parent / "pretrained"
BATCH = 32  # recordings decoded together; chosen
BEAM = 4  # sentences kept while searching with the paper's model; chosen
CONSENSUS = 0  # instead of a beam: of drawn sentences the one most like the others
FILES = ("config.json", "vocabulary.txt", "normalizer.npz", "actions.json", "weights.safetensors", "card.md")


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
        beam       sentences kept while searching; 1 is greedy; 0 draws sentences and takes the one most like the
                   others. None: 0 for a transducer, 4 for the paper's model
        joint_map  canonical joint -> joint of the recording, for skeletons with unknown names
        refine     bound segments by changes of movement (boundaries.py); else by the paper's rule
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
        pieces = [
            (index, start, piece)
            for index, motion in enumerate(motions)
            for start, piece in windows(self.prepare(motion, joint_map), self.config.max_seconds)
        ]
        described: list[list[tuple[float, Transcript]]] = [[] for _ in motions]
        order = sorted(range(len(pieces)), key=lambda number: pieces[number][2].frames)
        results: dict[int, Transcript] = {}
        for first in range(0, len(order), BATCH):
            numbers = order[first : first + BATCH]
            batch = [pieces[number][2] for number in numbers]
            for number, transcript in zip(numbers, self._describe(batch, beam, refine), strict=True):
                results[number] = transcript
        for number, (index, start, _) in enumerate(pieces):
            described[index].append((start, results[number]))
        for motion, parts in zip(motions, described, strict=True):
            yield join(parts, motion.duration, motion.name, self.name)

    def prepare(self, motion: Motion, joint_map: Mapping[str, str] | None = None) -> Motion:
        """The recording on the joints and at the rate this model reads; ValueError when it cannot be."""
        return prepare(motion, self.config, joint_map)

    def values(self, motion: Motion) -> np.ndarray:
        """The network's input (T, F) for a prepared motion."""
        return self.normalizer.apply(feature(self.config.features)(motion))

    def search(self, values: Sequence[np.ndarray], beam: int | None = None) -> list[Hypothesis]:
        """A Hypothesis for each (T, F) array; one that limit or recording cut off is without its loose end."""
        device = next(self.network.parameters()).device
        padded = torch.nn.utils.rnn.pad_sequence([torch.from_numpy(value) for value in values], batch_first=True)
        lengths = torch.tensor([len(value) for value in values], device=device)
        training = self.network.training
        self.network.eval()
        try:
            found = self._search(padded.to(device), lengths, beam)
        finally:
            self.network.train(training)
        return [self._without_loose_end(one) for one in found]

    def _without_loose_end(self, found: Hypothesis) -> Hypothesis:
        if not isinstance(self.network, Transducer) and len(found.tokens) < self.config.max_words:
            return found  # the paper's model ended it itself; a transducer's sentences end with the recording
        return found.first(timing.without_loose_end([self.vocabulary.words[token] for token in found.tokens]))

    def _search(self, padded: Tensor, lengths: Tensor, beam: int | None) -> list[Hypothesis]:
        transducer, limit = isinstance(self.network, Transducer), self.config.max_words
        kind: Any = search_transducer if transducer else search_attention
        if beam is None:
            beam = CONSENSUS if transducer else BEAM
        if beam == CONSENSUS:
            return kind.consensus(self.network, padded, lengths, limit)
        return (
            kind.beam(self.network, padded, lengths, limit, beam)
            if beam > 1
            else kind.greedy(self.network, padded, lengths, limit)
        )

    def _describe(self, motions: Sequence[Motion], beam: int | None, refine: bool) -> list[Transcript]:
        hypotheses = self.search([self.values(motion) for motion in motions], beam)
        return [self.timed(*pair, refine=refine) for pair in zip(motions, hypotheses, strict=True)]

    def timed(self, motion: Motion, hypothesis: Hypothesis, *, refine: bool = True) -> Transcript:
        """The transcript of what was said of a prepared motion."""
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
        save_folder(
            folder, self.config, self.vocabulary, self.normalizer, self.lexicon, self.network.state_dict(), card
        )


def load_model(name: str | Path = "default", device: str = "cpu") -> Captioner:
    """The captioner of a shipped model (`default`, `synthetic`) or of a model folder; ValueError says what is wrong."""
    folder = PRETRAINED / str(name)
    if not (folder / "config.json").is_file():
        folder = Path(name)
    if not folder.is_dir():
        shipped = sorted(path.parent.name for path in PRETRAINED.glob("*/config.json"))
        raise FileNotFoundError(f"no model {str(name)!r}: give a model folder or one of {', '.join(shipped)}")
    missing = [file for file in FILES[:-1] if not (folder / file).is_file()]
    if missing:
        raise ValueError(f"{folder}: not a model folder, it lacks {', '.join(missing)}; expected {', '.join(FILES)}")
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


def save_folder(
    folder: Path,
    config: ModelConfig,
    vocabulary: Vocabulary,
    normalizer: Normalizer,
    lexicon: ActionLexicon,
    weights: Mapping[str, Tensor],
    card: str,
) -> None:
    """Write a model folder beside its place, then move it there; an older one of the same name is replaced."""
    folder = Path(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as temporary:
            fresh, old = Path(temporary) / "new", Path(temporary) / "old"
            fresh.mkdir()
            (fresh / "config.json").write_text(config.model_dump_json(indent=2) + "\n", encoding="utf-8")
            vocabulary.save(fresh / "vocabulary.txt")
            normalizer.save(fresh / "normalizer.npz")
            lexicon.save(fresh / "actions.json")
            tensors = {key: value.detach().cpu().contiguous() for key, value in weights.items()}
            (fresh / "weights.safetensors").write_bytes(save(tensors))
            (fresh / "card.md").write_text(card, encoding="utf-8")
            if folder.exists():
                folder.rename(old)
            try:
                fresh.rename(folder)
            except BaseException:
                if old.exists():
                    old.rename(folder)
                raise
    except OSError as error:
        raise ValueError(f"{folder}: cannot be written ({error.strerror}); choose another folder") from None


def windows(motion: Motion, longest: float) -> Iterator[tuple[float, Motion]]:
    """(start in seconds, piece) of a recording, each at most `longest` seconds, cut where the body is stillest.

    A cut falls in the second half of what a piece may hold, so pieces are at least half as long, but the last.
    """
    limit = max(2, int(longest * motion.fps))
    if motion.frames <= limit:
        yield 0.0, motion
        return
    speed = joint_speed(ensure_canonical(motion))
    first = 0
    while motion.frames - first > limit:
        middle = first + limit // 2
        cut = middle + int(speed[middle : first + limit].argmin())
        yield first / motion.fps, motion.frames_between(first, cut)
        first = cut
    yield first / motion.fps, motion.frames_between(first, motion.frames)


def join(parts: Sequence[tuple[float, Transcript]], duration: float, source: str, model: str) -> Transcript:
    """One transcript of consecutive pieces, each with its start in seconds; times are clipped to `duration`."""
    segments = tuple(
        shift(segment, start, duration)
        for start, part in parts
        for segment in part.segments
        if start + segment.start < duration
    )
    return Transcript(segments, duration, source, model)


def shift(segment: Segment, by: float, duration: float) -> Segment:
    """The segment `by` seconds later, clipped to `duration`."""

    def at(time: float) -> float:
        return min(time + by, duration)

    words = tuple(
        TimedWord(word.word, at(word.time), at(word.start), at(word.end), word.probability) for word in segment.words
    )
    return replace(segment, start=at(segment.start), end=at(segment.end), words=words)
