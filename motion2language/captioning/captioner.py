"""Captioner: network, vocabulary, normalizer, action words and clock together; a recording in, a Transcript out.

loading.py builds one from a model folder. A recording longer than the model's `max_seconds` is
captioned in windows (windows.py).
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np

from motion2language.body import ensure_canonical
from motion2language.captioning import boundaries, search_transducer, take_sentences, timing
from motion2language.captioning.doubt import Doubt, find_facts, judge, part_of
from motion2language.captioning.features import Normalizer, feature, known_feature, prepare
from motion2language.captioning.hypothesis import Hypothesis, require_count
from motion2language.captioning.loops import set_going
from motion2language.captioning.model_folder import save_model
from motion2language.captioning.windows import Described, join, windows
from motion2language.formats.reading import read_motion
from motion2language.language.actions import ActionLexicon
from motion2language.language.vocabulary import UNK, Vocabulary
from motion2language.model.config import ModelConfig
from motion2language.model.contract import TransducerContract
from motion2language.model.segmenter import Segmenter
from motion2language.model.transducer_numpy import NumpyTransducer
from motion2language.motion import Motion
from motion2language.transcript import Transcript

if TYPE_CHECKING:
    from motion2language.model.decoder import AttentionCaptioner
    from motion2language.model.network import Network
    from motion2language.model.transducer import Transducer

BATCH = 32  # windows or pieces computed together; chosen


WAYS = ("segmental", "sentence")  # how a recording is described: cut into pieces, or by one sentence


@dataclass(frozen=True, eq=False)
class Captioner:
    """A trained model and all it needs to describe recordings of any human skeleton."""

    config: ModelConfig
    vocabulary: Vocabulary
    normalizer: Normalizer
    lexicon: ActionLexicon
    network: Network | NumpyTransducer
    name: str = "model"
    segmenter: Segmenter | None = None
    doubt: Doubt | None = None

    def transcribe(
        self,
        motion: Motion | str | Path,
        *,
        beam: int | None = None,
        joint_map: Mapping[str, str] | None = None,
        refine: bool = True,
        search: str | None = None,
        facts: bool = True,
    ) -> Transcript:
        """What the recording shows, and when.

        motion     a Motion or a file's path
        beam       sentences kept while searching; 1 is greedy; 0 samples sentences and takes the one most like the
                   others. None: 0 for a transducer, 4 for the paper's model
        joint_map  canonical joint -> joint of the recording, for skeletons with unknown names
        refine     bound segments by changes of movement (boundaries.py); otherwise by the paper's rule
        search     "segmental": the recording is cut into pieces, each one action (search_segments.py); "sentence": one
                   sentence for all of it. None: segmental if the model learnt to cut, unless a beam or the paper's rule
                   (no `refine`) is asked for, which are of one sentence. A model that did not learn it warns and says
                   the sentence
        facts      measure each segment, judge how probable its words are and whether the model knows the action
                   (doubt.py)
        """
        recording = motion if isinstance(motion, Motion) else read_motion(motion, joint_map=joint_map)
        return next(
            self.transcribe_all([recording], beam=beam, joint_map=joint_map, refine=refine, search=search, facts=facts)
        )

    def transcribe_all(
        self,
        motions: Sequence[Motion],
        *,
        beam: int | None = None,
        joint_map: Mapping[str, str] | None = None,
        refine: bool = True,
        search: str | None = None,
        facts: bool = True,
    ) -> Iterator[Transcript]:
        """A Transcript for each recording, in order, decoded in batches of similar length."""
        for described in self.describe_all(
            motions, beam=beam, joint_map=joint_map, refine=refine, search=search, facts=facts
        ):
            yield described.transcript

    def describe_all(
        self,
        motions: Sequence[Motion],
        *,
        prepared: Sequence[Motion] | None = None,
        beam: int | None = None,
        joint_map: Mapping[str, str] | None = None,
        refine: bool = True,
        search: str | None = None,
        facts: bool = True,
    ) -> Iterator[Described]:
        """As transcribe_all, each transcript with the weights of its search.

        prepared  each motion as `prepare` returned it, for a caller that has done so already
        """
        require_count("beam", 0 if beam is None else beam, 0)
        segmenter = self._segmenter_for(search, beam, refine)
        if prepared is None:
            prepared = [self.prepare(motion, joint_map) for motion in motions]
        going = [set_going(body) for body in prepared]
        described: Iterable[Described]
        if segmenter is not None:
            described = self._say_pieces(segmenter, motions, going, beam)
        else:
            described = self._say_sentences(motions, going, beam, refine)
        yield from self._judge(prepared, going, list(described)) if facts else described

    def embed(self, motion: Motion) -> np.ndarray:
        """What a prepared motion looks like to the network that names actions, (2 M,).

        Mean and standard deviation over time of the vectors of the segmenter, or of a transducer's encoder without one.
        """
        return self.embed_all([motion])[0]

    def embed_all(self, motions: Sequence[Motion]) -> list[np.ndarray]:
        """As `embed` for each motion; an encoder takes them in batches of similar length."""
        if self.segmenter is not None:
            config = self.segmenter.config
            bodies = [ensure_canonical(motion).resample(config.fps) for motion in motions]
            vectors = self.segmenter.vectors_of_all([feature(config.features)(body) for body in bodies])
        else:
            unordered: dict[int, np.ndarray] = {}
            for numbers in _batches(motions):
                memory, steps = self.transducer.encode(*_padded([self.values(motions[number]) for number in numbers]))
                unordered |= {number: rows[:count] for number, rows, count in zip(numbers, memory, steps, strict=True)}
            vectors = [unordered[number] for number in range(len(motions))]
        return [np.concatenate([rows.mean(axis=0), rows.std(axis=0)]).astype(np.float64) for rows in vectors]

    def prepare(self, motion: Motion, joint_map: Mapping[str, str] | None = None) -> Motion:
        """The recording on the joints and at the frame rate this model reads; ValueError when it cannot be."""
        return prepare(motion, self.config, joint_map)

    def values(self, motion: Motion) -> np.ndarray:
        """The network's input (T, F) for a prepared motion."""
        return self.normalizer.apply(feature(self.config.features)(motion))

    def search(self, values: Sequence[np.ndarray], beam: int | None = None) -> list[Hypothesis]:
        """A Hypothesis for each (T, F) array, without words said twice in a row (timing.without_babble).

        A sentence cut off by the word limit or the recording's end is trimmed.

        Trimming (timing.without_loose_end) drops trailing words such as "and then" that lead to nothing.
        """
        limit = self.config.max_words
        padded, lengths = _padded(values)
        with evaluating(self.network):
            if self.config.kind == "transducer":
                hypotheses = search_transducer.find(self.transducer, padded, lengths, limit, beam)
                ended = [False] * len(hypotheses)  # a transducer's sentence ends with the recording
            else:
                from motion2language.captioning import search_attention

                hypotheses = search_attention.find(
                    cast("AttentionCaptioner", self.network), padded, lengths, limit, beam
                )
                ended = [search_attention.finished(hypothesis, limit) for hypothesis in hypotheses]
        return [
            self._without_babble(hypothesis if whole else self._without_loose_end(hypothesis))
            for hypothesis, whole in zip(hypotheses, ended, strict=True)
        ]

    @property
    def transducer(self) -> TransducerContract:
        """The network, a transducer, as the searches take it."""
        if isinstance(self.network, NumpyTransducer):
            return self.network
        from motion2language.model.transducer_torch import TorchTransducer

        return TorchTransducer(cast("Transducer", self.network))

    @property
    def weights(self) -> dict[str, np.ndarray]:
        """The network's weights by name, as they are saved."""
        if isinstance(self.network, NumpyTransducer):
            return self.network.weights
        return {key: value.detach().cpu().numpy() for key, value in self.network.state_dict().items()}

    def torch_network(self) -> Network:
        """The network in torch, for training: the captioner's own, or a new one with its weights."""
        if isinstance(self.network, NumpyTransducer):
            from motion2language.model.network import build

            return build(self.config, self.weights).eval()
        return self.network

    def _without_loose_end(self, hypothesis: Hypothesis) -> Hypothesis:
        words = [self.vocabulary.words[token] for token in hypothesis.tokens]
        return hypothesis.first(timing.without_loose_end(words))

    def _without_babble(self, hypothesis: Hypothesis) -> Hypothesis:
        words = [self.vocabulary.words[token] for token in hypothesis.tokens]
        actions = {index for index, _ in self.lexicon.find(words)}
        return hypothesis.only(timing.without_babble(words, actions))

    def _say_sentences(
        self, motions: Sequence[Motion], prepared: Sequence[Motion], beam: int | None, refine: bool
    ) -> list[Described]:
        """Each recording described by a sentence for each of its windows."""
        cut = [list(windows(body, self.config.max_seconds)) for body in prepared]
        return self._say_windows(motions, prepared, cut, beam, refine)

    def _say_windows(
        self,
        motions: Sequence[Motion],
        prepared: Sequence[Motion],
        cut: Sequence[Sequence[tuple[float, Motion]]],
        beam: int | None,
        refine: bool,
    ) -> list[Described]:
        """Each recording described by a sentence for each of its windows, of which there may be none."""
        found = iter(self._say([piece for own in cut for _, piece in own], beam, refine))
        described = []
        for motion, body, own in zip(motions, prepared, cut, strict=True):
            parts = [(start, *next(found)) for start, _ in own]
            transcript = join([(start, part) for start, part, _ in parts], motion.duration, motion.name, self.name)
            weights = tuple((round(start * body.fps), looked) for start, _, looked in parts)
            described.append(Described(transcript, weights, body.frames))
        return described

    def _say_pieces(
        self, segmenter: Segmenter, motions: Sequence[Motion], prepared: Sequence[Motion], beam: int | None
    ) -> Iterator[Described]:
        """Each recording described by the sentence of its only window, or piece by piece.

        Only what may be said is searched for: neither sentences of recordings of several windows, nor words of pieces
        where the sentence stays in any case.
        """
        cut = [list(windows(body, self.config.max_seconds)) for body in prepared]
        whole = self._say_windows(motions, prepared, [own if len(own) == 1 else [] for own in cut], beam, True)
        takes = take_sentences.cut_all(segmenter, prepared)
        heard = [take_sentences.is_heard(take, sentence) for take, sentence in zip(takes, whole, strict=True)]
        asked = [part for take, hears in zip(takes, heard, strict=True) if hears for part in take.parts]
        spoken = (transcript for transcript, _ in self._say(asked, beam, False))
        half_window = self.config.half_window_frames / self.config.fps
        for take, sentence, hears in zip(takes, whole, heard, strict=True):
            if hears:
                own = list(islice(spoken, len(take.pieces)))
                yield take_sentences.describe(take, sentence, own, self.lexicon, half_window)
            else:
                yield take_sentences.bound(take, sentence, self.lexicon)

    def _say(self, motions: Sequence[Motion], beam: int | None, refine: bool) -> list[tuple[Transcript, np.ndarray]]:
        """For each prepared motion its transcript and the weights (L, T) of its words."""
        found: dict[int, tuple[Transcript, np.ndarray]] = {}
        for numbers in _batches(motions):
            features = (known_feature(self.config.features, motions[number]) for number in numbers)
            hypotheses = self.search([self.normalizer.apply(values) for values in features], beam)
            for number, hypothesis in zip(numbers, hypotheses, strict=True):
                transcript = self.timed(motions[number], hypothesis, refine=refine)
                found[number] = transcript, hypothesis.weights[hypothesis.tokens >= UNK]
        return [found[number] for number in range(len(motions))]

    def _judge(
        self, prepared: Sequence[Motion], going: Sequence[Motion], described: Sequence[Described]
    ) -> Iterator[Described]:
        """The descriptions with doubt, and with the facts of the recordings as they are, not as they would go."""
        parts = [
            part_of(body, segment)
            for body, one in zip(going, described, strict=True)
            for segment in one.transcript.segments
        ]
        features = iter(self.embed_all(parts) if self.doubt is not None else [])
        facts = find_facts([one.transcript for one in described], prepared)
        for body, one, found in zip(prepared, described, facts, strict=True):
            own = list(islice(features, len(one.transcript.segments)))
            yield replace(one, transcript=judge(one.transcript, body, self.doubt, own, one.alone, found))

    def _segmenter_for(self, search: str | None, beam: int | None, refine: bool) -> Segmenter | None:
        """The segmenter, if the recordings are to be cut into pieces and the model learnt to."""
        if search not in (None, *WAYS):
            raise ValueError(f"search {search!r}: expected {' or '.join(WAYS)}")
        if search == "segmental" and not refine:
            raise ValueError(f"search {search!r} bounds pieces by what moves; it cannot be combined with refine=False")
        if search == "segmental" and self.segmenter is None:
            warnings.warn(f"model {self.name!r} never learnt to cut takes; it says one sentence for all", stacklevel=3)
        return None if not refine or search == "sentence" or (search is None and beam) else self.segmenter

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
        save_model(
            folder, self.config, self.vocabulary, self.normalizer, self.lexicon, self.weights, card, self.segmenter
        )


def _batches(motions: Sequence[Motion]) -> Iterator[list[int]]:
    """The numbers of motions, BATCH of similar length at a time."""
    order = sorted(range(len(motions)), key=lambda number: motions[number].frames)
    return (order[first : first + BATCH] for first in range(0, len(order), BATCH))


def _padded(values: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Features (T, F) of several recordings in one array (B, T, F), zero behind their ends, and their lengths (B,)."""
    lengths = np.array([len(value) for value in values])
    padded = np.zeros((len(values), lengths.max(), values[0].shape[1]), np.float32)
    for row, value in zip(padded, values, strict=True):
        row[: len(value)] = value
    return padded, lengths


@contextmanager
def evaluating(network: Network | NumpyTransducer) -> Iterator[None]:
    """Within this block a torch network is in eval mode."""
    if isinstance(network, NumpyTransducer):
        yield
        return
    training = network.training
    network.eval()
    try:
        yield
    finally:
        network.train(training)
