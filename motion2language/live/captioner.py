"""LiveCaptioner: frames in as they happen, words out as they become certain; nothing said is taken back.

A take begins with the first frame and again after a gap in the stream. Inside it, a sentence ends where the body
stands still, after LONGEST seconds, or with the take; then its words get their exact times and its segments their
bounds, as for a whole recording. Memory is bounded by one sentence. What is said depends on the frames and their
times alone, not on how many arrive together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from motion2language.body import Axes, detect_axes, map_joints
from motion2language.body.mapping import JointMap
from motion2language.captioning import boundaries, search_transducer
from motion2language.captioning.captioner import Captioner, shift
from motion2language.captioning.features import LiveFeatures, joint_speed
from motion2language.language.agreement import DRAWS
from motion2language.live.clock import Clock
from motion2language.live.draws import PATIENCE, Draws, Patience
from motion2language.model.transducer import STRIDE, Transducer
from motion2language.motion import CANONICAL, Motion, Skeleton
from motion2language.transcript import Segment, Transcript

WARM_UP = 0.5  # seconds of frames from which unit, up axis and joints are found; chosen
GAP = 0.5  # seconds without a frame that are bridged; after more a new take begins; chosen
PAUSE = 5.0  # seconds of standing still that end a sentence; chosen
LONGEST = 25.0  # seconds that end a sentence: training recordings are shorter; chosen


@dataclass(frozen=True)
class Word:
    """A word that is certain: `time` it speaks of, and `said`, when it was certain; seconds of the stream."""

    word: str
    time: float
    said: float


@dataclass(frozen=True)
class Sentence:
    """A finished sentence: its segments with exact times, seconds of the stream."""

    segments: tuple[Segment, ...]
    start: float
    end: float


@dataclass(frozen=True)
class Note:
    """Something odd about the stream, at a time in seconds."""

    text: str
    time: float


Event = Word | Sentence | Note


class LiveCaptioner:
    """A causal captioner fed frame by frame.

    captioner  its model must be a transducer with a causal encoder and features 'live'; else ValueError
    skeleton   of the frames
    unit, up, joint_map  as in read_motion; found from the first half second when not said
    patience   how sure, or how long in doubt, before an action is said, and what is never said
    """

    def __init__(
        self,
        captioner: Captioner,
        skeleton: Skeleton,
        *,
        unit: str | None = None,
        up: str | None = None,
        joint_map: Mapping[str, str] | None = None,
        patience: Patience = PATIENCE,
    ) -> None:
        network = require_live(captioner)
        self.captioner, self.network, self.skeleton = captioner, network, skeleton
        self.unit, self.up, self.joint_map = unit, up, joint_map
        self.patience = patience
        self._waiting: list[tuple[float, np.ndarray]] = []
        self._seen: tuple[Axes, JointMap] | None = None
        self._last = -np.inf
        self._frame: np.ndarray | None = None
        self._dropped = 0
        self._clock = Clock(captioner.config.fps)
        self._sentence: _Sentence | None = None

    def feed(self, positions: np.ndarray, time: float) -> Iterator[Event]:
        """What a frame of joint positions (J, 3) at `time` seconds makes certain."""
        fault = self.spoiled(positions) or self._untimely(time)
        if fault:
            self._dropped += 1
            if self._dropped == 1 or self._dropped % 100 == 0:
                yield Note(f"frame left out, {self._dropped} so far: {fault}", float(max(0.0, self._last)))
            return
        if time - self._last > GAP and np.isfinite(self._last):
            yield from self.finish()
            yield Note(f"{time - self._last:.2f} s without a frame; a new take begins", time)
            self._clock = Clock(self.captioner.config.fps)
        self._last, self._frame = time, positions
        if self._seen is None:
            self._waiting.append((time, np.asarray(positions, dtype=np.float64)))
            if time - self._waiting[0][0] >= WARM_UP:
                yield from self._begin()
            return
        yield from self._hear(time, positions)

    def finish(self) -> Iterator[Event]:
        """What is certain now that no more frames come (in this take)."""
        if self._seen is None and self._waiting:
            yield from self._begin()
        for pose in self._clock.finish():
            yield from self._pose(pose)
        yield from self._end_sentence()

    def placed(self) -> tuple[np.ndarray, float] | None:
        """The last frame heard, (J, 3) in metres, Y up, and its time; None until unit and up axis are known."""
        if self._seen is None or self._frame is None:
            return None
        return self._seen[0].apply(self._frame), self._last

    def spoiled(self, positions: np.ndarray) -> str:
        """Why joint positions are none of this skeleton; mostly they are, ""."""
        expected = (len(self.skeleton.joints), 3)
        if np.shape(positions) != expected:
            return f"positions of shape {np.shape(positions)}, expected {expected}"
        if not np.isfinite(positions).all():
            return "a position is not a finite number"
        return "" if np.ptp(positions, axis=0).any() else "all joints are in one place"

    def _untimely(self, time: float) -> str:
        if not 0 <= time < np.inf:
            return f"its time is {time}, expected seconds, 0 or later"
        return "" if time > self._last else f"it is of {time:.3f} s, which is past ({self._last:.3f} s was the last)"

    def _begin(self) -> Iterator[Event]:
        """Find unit, up axis and joints from the frames that waited, then hear these."""
        frames = np.stack([positions for _, positions in self._waiting]).astype(np.float32)
        axes = detect_axes(frames, self.skeleton, self.unit, self.up)
        self._seen = axes, map_joints(self.skeleton, axes.apply(frames), self.joint_map)
        waiting, self._waiting = self._waiting, []
        for time, positions in waiting:
            yield from self._hear(time, positions)

    def _hear(self, time: float, positions: np.ndarray) -> Iterator[Event]:
        assert self._seen is not None
        axes, joints = self._seen
        body = joints.apply(axes.apply(np.asarray(positions, dtype=np.float64)[None]))[0]
        for pose in self._clock.feed(time, body):
            yield from self._pose(pose)

    def _pose(self, pose: np.ndarray) -> Iterator[Event]:
        """One pose (21, 3) of the model's clock."""
        fps = self.captioner.config.fps
        if self._sentence is None:
            begin = (self._clock.begin or 0.0) + (self._clock.given - 1) / fps
            self._sentence = _Sentence(self.captioner, self.network, begin, self.patience)
        sentence = self._sentence
        sentence.hear(pose)
        yield from sentence.certain_words(self._last)
        if sentence.over():
            yield from self._end_sentence()

    def _end_sentence(self) -> Iterator[Event]:
        if self._sentence is not None:
            yield from self._sentence.finish(self._last)
        self._sentence = None


class _Sentence:
    """One sentence being heard: the poses since it began, the encoder's state and the search."""

    def __init__(self, captioner: Captioner, network: Transducer, begin: float, patience: Patience) -> None:
        self.captioner, self.network, self.begin = captioner, network, begin
        self.poses: list[np.ndarray] = []
        self.memory: list[Tensor] = []
        self.said = 0
        self.still = 0
        self._features = LiveFeatures(captioner.config.fps)
        self._pending: list[np.ndarray] = []
        self._carried = network.encoder.start(1)
        self._search = Draws(network, captioner.vocabulary, captioner.lexicon, captioner.config.max_words, patience)

    def hear(self, pose: np.ndarray) -> None:
        """One more pose (21, 3)."""
        self.poses.append(pose.astype(np.float32))
        self._pending.append(self.captioner.normalizer.apply(self._features.step(self.poses[-1])[None])[0])
        if len(self._pending) == STRIDE:
            self._step()
        if len(self.poses) > 1:
            speed = joint_speed(self._motion(self.poses[-2:]))[-1]
            self.still = self.still + 1 if speed < boundaries.STILL else 0

    def over(self) -> bool:
        """Whether the sentence should end here."""
        fps = self.captioner.config.fps
        return (not self._search.silent and self.still >= PAUSE * fps) or len(self.poses) >= LONGEST * fps

    def certain_words(self, now: float) -> Iterator[Word]:
        """The words that became certain since the last call."""
        clock = STRIDE / self.captioner.config.fps
        words, steps = self._search.said, self._search.steps
        for token, step in zip(words[self.said :], steps[self.said :], strict=True):
            yield Word(self.captioner.vocabulary.words[token], self.begin + step * clock, now)
        self.said = len(words)

    def finish(self, now: float) -> Iterator[Event]:
        """The words still in doubt and the sentence with its segments; nothing of a body that only stood still."""
        if not self._search.said and self.still >= len(self.poses) - 1:
            return
        if self._pending:
            self._pending *= STRIDE  # a last odd frame is read twice, as in a whole recording
            self._step()
        self._search.finish()
        yield from self.certain_words(now)
        if self._search.said:
            yield Sentence(self._segments(), self.begin, self.begin + len(self.poses) / self.captioner.config.fps)

    @torch.inference_mode()
    def _step(self) -> None:
        stacked = torch.from_numpy(np.concatenate(self._pending[:STRIDE]))[None]
        device = self.network.seen_words.weight.device
        memory, self._carried = self.network.encoder.step(stacked.to(device), self._carried)
        self._pending = []
        self.memory.append(memory[0])
        self._search.advance(memory[0])

    def _motion(self, poses: list[np.ndarray]) -> Motion:
        return Motion(np.stack(poses), self.captioner.config.fps, CANONICAL)

    def _segments(self) -> tuple[Segment, ...]:
        """The sentence's segments as for a whole recording, moved to when it began.

        How far to trust them is the share of sentences drawn afresh, from all that was heard, that say the same.
        """
        captioner, motion, search = self.captioner, self._motion(self.poses), self._search
        steps, frames = torch.tensor([len(self.memory)]), torch.tensor([len(self.poses)])
        memory = torch.stack(self.memory)[None]
        steps = steps.to(memory.device)
        (hypothesis,) = search_transducer.align(self.network, memory, steps, frames, [[*search.said, *search.loose]])
        (drawn,) = search_transducer.draw(self.network, memory, steps, captioner.config.max_words, DRAWS)
        found = search_transducer.trusted(hypothesis, drawn).first(len(search.said))
        transcript = captioner.timed(motion, found)
        return tuple(shift(segment, self.begin, np.inf) for segment in transcript.segments)


def require_live(captioner: Captioner) -> Transducer:
    """The network of a model that needs nothing of the future; ValueError for another model."""
    network = captioner.network
    if isinstance(network, Transducer) and captioner.config.features == "live" and network.encoder.causal:
        return network
    raise ValueError(
        f"model {captioner.name!r} needs the whole recording; live captions need one trained with a causal encoder "
        "and features 'live', as configs/live.toml is"
    )


def transcribe(captioner: Captioner, motion: Motion, *, patience: Patience = PATIENCE) -> tuple[Transcript, list[Word]]:
    """A whole recording (metres, Y up) as the live captioner hears it, and when each word was certain."""
    live = LiveCaptioner(captioner, motion.skeleton, unit="m", up="y", patience=patience)
    events: list[Event] = []
    for number, positions in enumerate(motion.positions):
        events += live.feed(positions, number / motion.fps)
    events += live.finish()
    segments = tuple(segment for event in events if isinstance(event, Sentence) for segment in event.segments)
    words = [event for event in events if isinstance(event, Word)]
    transcript = Transcript(
        tuple(shift(segment, 0.0, motion.duration) for segment in segments if segment.start < motion.duration),
        motion.duration,
        motion.name,
        captioner.name,
    )
    return transcript, words
