"""LiveCaptioner: frames in as they happen, words out as they become final; an emitted word is never taken back.

A take begins with the first frame and again after a gap in the stream. Inside it, a sentence ends when the body
stands still, after LONGEST seconds, or with the take; then its words get their exact times and its segments their
bounds, as for a whole recording. Memory is bounded by one sentence. The output depends on the frames and their
times alone, not on how many arrive together.

A model that cuts takes into pieces says each action a few seconds after it is over: pieces.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from motion2language.captioning import boundaries, search_transducer, timing
from motion2language.captioning.captioner import Captioner
from motion2language.captioning.drawing import Recordings, draw
from motion2language.captioning.features import LiveFeatures, joint_speed
from motion2language.captioning.windows import shift
from motion2language.language.agreement import DRAWS
from motion2language.live.body import NOTHING_SEEN, LiveBody, gapped, with_seen, without_seen
from motion2language.live.clock import Clock
from motion2language.live.draws import PATIENCE, Draws, Patience
from motion2language.live.events import Count, Event, Note, Sentence, Word
from motion2language.live.measuring import Measurer
from motion2language.live.pieces import LivePieces, can_cut
from motion2language.model.config import STRIDE
from motion2language.model.contract import TransducerContract
from motion2language.model.joint import Prefixes, steps_side
from motion2language.motion import CANONICAL, Motion, Skeleton
from motion2language.transcript import Segment, Transcript

WARM_UP = 0.5  # seconds of frames from which unit, up axis and joints are detected; chosen
GAP = 0.5  # seconds without a frame that are interpolated; after more a new take begins; chosen
PAUSE = 5.0  # seconds of standing still that end a sentence; chosen
LONGEST = 25.0  # seconds that end a sentence: training recordings are shorter; chosen


class LiveCaptioner:
    """A captioner fed frame by frame.

    captioner  its model must be a transducer with a causal encoder and features 'live', or one that cuts takes into
               pieces (pieces.py); else ValueError
    skeleton   of the frames
    unit, up, joint_map  as in read_motion; detected from the first half second if None
    patience   the confidence, or the wait, before an action is emitted, and the least confidence at all; a model that
               cuts takes needs the last alone
    facts      measure segments when they close, and count what repeats while it happens
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
        facts: bool = False,
    ) -> None:
        network = require_live(captioner)
        self.captioner, self.network, self.skeleton = captioner, network, skeleton
        self.patience = patience
        self._warm_up: list[tuple[float, np.ndarray]] = []
        self._body = LiveBody(skeleton, unit, up, joint_map)
        self._last_time = -np.inf
        self._last_frame: np.ndarray | None = None
        self._unseen_since = np.inf  # of frames that show no joint
        self._skipped = 0
        self._facts = facts
        self._begin_take()
        self._sentence: _OpenSentence | LivePieces | None = None

    def feed(self, positions: np.ndarray, time: float) -> Iterator[Event]:
        """The events that a frame of joint positions (J, 3) at `time` seconds makes final; NaN for an unseen joint."""
        fault = self.find_fault(positions) or self._find_time_fault(time)
        if fault:
            yield from self._note_skipped(fault)
            yield from self._finish_unseen(fault, time)
            return
        if time - self._last_time > GAP and np.isfinite(self._last_time):
            yield from self.finish()
            yield Note(f"{time - self._last_time:.2f} s without a frame; a new take begins", time)
            self._begin_take()
        self._last_time, self._last_frame, self._unseen_since = time, positions, np.inf
        if not self._body.known:
            self._warm_up.append((time, np.asarray(positions, dtype=np.float64)))
            if time - self._warm_up[0][0] >= WARM_UP:
                yield from self._detect_body()
            return
        yield from self._feed_clock(time, positions)

    def finish(self) -> Iterator[Event]:
        """The remaining events, now that no more frames come (in this take)."""
        if not self._body.known and self._warm_up:
            yield from self._detect_body()
        for pose in self._clock.finish():
            yield from self._feed_pose(pose)
        yield from self._end_sentence()

    def latest_frame(self) -> tuple[np.ndarray, float] | None:
        """The latest frame, (J, 3) in metres, Y up, and its time; None until unit and up axis are known."""
        if not self._body.known or self._last_frame is None:
            return None
        return self._body.in_metres(self._last_frame), self._last_time

    def find_fault(self, positions: np.ndarray) -> str:
        """Why joint positions cannot be a frame of this skeleton; "" if they can."""
        return self._body.find_fault(positions)

    def _note_skipped(self, fault: str) -> Iterator[Event]:
        self._skipped += 1
        if self._skipped == 1 or self._skipped % 100 == 0:
            yield Note(f"frame skipped, {self._skipped} so far: {fault}", float(max(0.0, self._last_time)))

    def _finish_unseen(self, fault: str, time: float) -> Iterator[Event]:
        """End the take where frames have shown no joint for longer than GAP, without waiting for the next that do."""
        if fault == NOTHING_SEEN and time > self._last_time:
            self._unseen_since = min(self._unseen_since, time)
            if GAP < time - self._unseen_since < np.inf:
                yield from self.finish()

    def _find_time_fault(self, time: float) -> str:
        if not 0 <= time < np.inf:
            return f"its time is {time}, expected seconds, 0 or later"
        if time <= self._last_time:
            return f"its time is {time:.3f} s, expected later than the previous frame's {self._last_time:.3f} s"
        return ""

    def _begin_take(self) -> None:
        self._clock = Clock(self.captioner.config.fps)
        self._measurer: Measurer | None = None

    def _detect_body(self) -> Iterator[Event]:
        """Detect unit, up axis and joints from the warm-up frames, then feed these."""
        waiting, self._warm_up = self._warm_up, []
        if fault := self._body.detect([positions for _, positions in waiting]):
            yield from self._note_skipped(f"too little of the body is seen: {fault}")
            return
        for text in self._body.describe_lost():
            yield Note(text, waiting[0][0])
        for time, positions in waiting:
            yield from self._feed_clock(time, positions)

    def _feed_clock(self, time: float, positions: np.ndarray) -> Iterator[Event]:
        body, seen = self._body.to_canonical(positions)
        for pose in self._clock.feed(time, with_seen(body, seen)):
            yield from self._feed_pose(pose)
        if self._facts:
            self._measurer = self._measurer or Measurer()
            for count, middle in self._measurer.feed(time, body, seen):
                yield Count(count, middle, time)

    def _feed_pose(self, pose: np.ndarray) -> Iterator[Event]:
        """Feed one pose (21, 4) of the model's clock to the open sentence."""
        fps = self.captioner.config.fps
        if self._sentence is None:
            begin = (self._clock.begin or 0.0) + (self._clock.given - 1) / fps
            self._sentence = self._open_sentence(begin)
        sentence = self._sentence
        sentence.feed(*without_seen(pose))
        yield from sentence.take_new(self._last_time)
        if sentence.should_end():
            yield from self._end_sentence()

    def _open_sentence(self, begin: float) -> _OpenSentence | LivePieces:
        if is_causal(self.captioner):
            return _OpenSentence(self.captioner, self.network, begin, self.patience)
        return LivePieces(self.captioner, begin, self.patience.least, facts=self._facts, absent=self._body.absent)

    def _end_sentence(self) -> Iterator[Event]:
        if self._sentence is not None:
            for event in self._sentence.finish(self._last_time):
                yield self._with_facts(event)
        self._sentence = None

    def _with_facts(self, event: Event) -> Event:
        """A sentence with the facts of its segments, where these are asked for; pieces have theirs."""
        if not isinstance(event, Sentence) or self._measurer is None or isinstance(self._sentence, LivePieces):
            return event
        return replace(event, segments=self._measurer.measure(event.segments))


class _OpenSentence:
    """One sentence under way: the poses since it began, the encoder's state and the search."""

    def __init__(self, captioner: Captioner, network: TransducerContract, begin: float, patience: Patience) -> None:
        self.captioner, self.network, self.begin = captioner, network, begin
        self.poses: list[np.ndarray] = []
        self.seen: list[np.ndarray] = []
        self.memory: list[np.ndarray] = []
        self.emitted = 0
        self.still = 0
        self._features = LiveFeatures(captioner.config.fps)
        self._pending: list[np.ndarray] = []
        self._carried = network.start()
        self._search = Draws(network, captioner.vocabulary, captioner.lexicon, captioner.config.max_words, patience)

    def feed(self, pose: np.ndarray, seen: np.ndarray) -> None:
        """Add one more pose (21, 3), and which of its joints are seen, (21,) bool."""
        self.poses.append(pose.astype(np.float32))
        self.seen.append(seen)
        self._pending.append(self.captioner.normalizer.apply(self._features.step(self.poses[-1])[None])[0])
        if len(self._pending) == STRIDE:
            self._step()
        if len(self.poses) > 1:
            speed = joint_speed(self._motion(-2))[-1]
            self.still = self.still + 1 if speed < boundaries.STILL else 0

    def should_end(self) -> bool:
        """Whether the sentence should end here."""
        fps = self.captioner.config.fps
        return (not self._search.silent and self.still >= PAUSE * fps) or len(self.poses) >= LONGEST * fps

    @property
    def unmoved(self) -> bool:
        """Whether the body has stood still since the sentence began; then nothing is said."""
        return self.still >= len(self.poses) - 1

    def take_new(self, now: float) -> Iterator[Word]:
        """The words that became final since the last call; none before the body moves."""
        if self.unmoved:
            return
        clock = STRIDE / self.captioner.config.fps
        words, steps = self._search.committed, self._search.steps
        for token, step in zip(words[self.emitted :], steps[self.emitted :], strict=True):
            yield Word(self.captioner.vocabulary.words[token], self.begin + step * clock, now)
        self.emitted = len(words)

    def finish(self, now: float) -> Iterator[Word | Sentence]:
        """The words still pending and the sentence with its segments; nothing if the body only stood still."""
        if self.unmoved:
            return
        if self._pending:
            self._pending *= STRIDE  # a last odd frame is read twice, as in a whole recording
            self._step()
        self._search.finish()
        yield from self.take_new(now)
        if self._search.committed:
            yield Sentence(self._segments(), self.begin, self.begin + len(self.poses) / self.captioner.config.fps)

    def _step(self) -> None:
        memory, self._carried = self.network.step(np.concatenate(self._pending[:STRIDE]), self._carried)
        self._pending = []
        self.memory.append(memory)
        self._search.advance(memory)

    def _motion(self, first: int = 0) -> Motion:
        seen = np.stack(self.seen[first:])
        return Motion(np.stack(self.poses[first:]), self.captioner.config.fps, CANONICAL, seen=seen)

    def _segments(self) -> tuple[Segment, ...]:
        """The sentence's segments as for a whole recording, shifted to the sentence's start.

        Their confidence is the share of sentences that agree, drawn afresh from the whole sentence's frames.
        """
        captioner, motion, search = self.captioner, self._motion(), self._search
        prefixes, steps = Prefixes(self.network), steps_side(self.network, np.stack(self.memory))
        words = (*search.committed, *search.loose_end)
        hypothesis = search_transducer.align(prefixes, steps, len(self.poses), words)
        (drawn,) = draw(prefixes, Recordings(steps, np.array([0, len(steps)])), captioner.config.max_words, DRAWS)
        hypothesis = timing.with_agreement(hypothesis, drawn).first(len(search.committed))
        transcript = captioner.timed(motion, hypothesis)
        return tuple(shift(segment, self.begin, np.inf) for segment in transcript.segments)


def is_causal(captioner: Captioner) -> bool:
    """Whether a model needs no future frames, so that it can say words while an action goes on."""
    config = captioner.config
    return config.kind == "transducer" and config.features == "live" and captioner.transducer.causal


def require_live(captioner: Captioner) -> TransducerContract:
    """The network of a model for streams; ValueError for another model."""
    if is_causal(captioner) or can_cut(captioner):
        return captioner.transducer
    raise ValueError(
        f"model {captioner.name!r} needs the whole recording; live captions need a model with a causal encoder "
        "and features 'live', such as configs/live.toml trains, or one that learnt to cut takes, such as default"
    )


def transcribe(captioner: Captioner, motion: Motion, *, patience: Patience = PATIENCE) -> tuple[Transcript, list[Word]]:
    """The live captioner's transcript of a whole recording (metres, Y up), and its words as they became final."""
    live = LiveCaptioner(captioner, motion.skeleton, unit="m", up="y", patience=patience)
    events: list[Event] = []
    for number, positions in enumerate(gapped(motion)):
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
