"""AttentionCaptioner, the paper's model: encoder, attention, and a GRU that writes the sentence word by word.

Step t: attend with the state of step t-1, feed [embedding of the previous word; context] to the GRU, and score the
words from [embedding; new state; context]. `step` is pure: state and position are passed in and returned.

Source: arXiv 2310.10594, both published variants (`ModelConfig.variant`). Differs from the official code (see
docs/deviations.md): lengths are given, decoding stops at <eos>, beam search carries the position.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from motion2language.language.vocabulary import PAD, SOS
from motion2language.model import recurrence
from motion2language.model.attention import ATTENTIONS, LocalAttention, Memory
from motion2language.model.batch import PLAIN, Batch, DecoderState, LossOptions
from motion2language.model.config import ModelConfig
from motion2language.model.encoders import ENCODERS
from motion2language.model.word_scores import WordScores


class AttentionCaptioner(nn.Module):
    """The paper's network: from features to words and the attention of each word over frames."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        for key, known in (("encoder", ENCODERS), ("attention", ATTENTIONS)):
            if getattr(config, key) not in known:
                raise ValueError(f"model.{key} is {getattr(config, key)!r}; there are {', '.join(known)}")
        self.config = config
        self.encoder = ENCODERS[config.encoder](config)
        width = self.encoder.width
        self.attention = ATTENTIONS[config.attention](width, config)
        self.embedding = nn.Embedding(config.vocabulary_size, config.embedding)
        self.cell = nn.GRUCell(config.embedding + width, width)
        self.output = nn.Linear(config.embedding + 2 * width, config.vocabulary_size)

    def encode(self, values: Tensor, lengths: Tensor) -> tuple[Memory, DecoderState]:
        """The memory of values (B, T, F) with lengths (B,), and the decoder's state before the first word."""
        frames, summary = self.encoder(values, lengths)
        state = DecoderState(summary, summary.new_zeros(len(summary)), first=True)
        return self.attention.prepare(frames, lengths), state

    def step(self, token: Tensor, state: DecoderState, memory: Memory) -> tuple[Tensor, DecoderState, Tensor]:
        """Scores (B, V) of the word after `token` (B,), the new state, and the attention weights (B, T)."""
        context, weights, position = self.attention(state.hidden, memory, state.position, state.first)
        word = self.embedding(token)
        hidden = self.cell(torch.cat((word, context), -1), state.hidden)
        scores = self.output(torch.cat((word, hidden, context), -1))
        return scores, DecoderState(hidden, position, first=False), weights

    def forward(self, batch: Batch, options: LossOptions = PLAIN) -> tuple[Tensor, Tensor, Tensor]:
        """Logits (B, L, V), weights (B, L, T), positions (B, L) for the L tokens of each reference.

        This is the plain loop; `loss` computes the same numbers faster.
        """
        if batch.tokens is None:
            raise ValueError("a batch without captions cannot be fed its references")
        memory, state = self._encode_captions(batch)
        token = torch.full_like(batch.tokens[:, 0], SOS)
        forced = _draw_forcing(batch.tokens.shape[1], options.teacher_forcing, options.generator())
        steps = []
        for reference, force in zip(batch.tokens.unbind(1), forced, strict=True):
            logits, state, weights = self.step(token, state, memory)
            steps.append((logits, weights, state.position))
            token = reference if force else logits.argmax(-1)
        logits, weights, positions = (torch.stack(parts, 1) for parts in zip(*steps, strict=True))
        return logits, weights, positions

    def terms(self, batch: Batch) -> int:
        """The number of terms of the mean loss: the words and <eos>."""
        return 0 if batch.tokens is None else int((batch.tokens != PAD).sum())

    def loss(self, batch: Batch, options: LossOptions = PLAIN) -> Tensor:
        """Mean cross-entropy over words and <eos>; padding does not count."""
        if batch.tokens is None:
            raise ValueError("a batch without captions cannot be fed its references")
        if isinstance(self.attention, LocalAttention):
            return self._write_local(self.attention, batch, batch.tokens, options)
        return self._write(batch, batch.tokens, options)

    def _encode_captions(self, batch: Batch) -> tuple[Memory, DecoderState]:
        """`encode` of each motion once, then one row per caption."""
        memory, state = self.encode(batch.values, batch.lengths)
        if batch.rows is None:
            return memory, state
        repeated = DecoderState(batch.each_caption(state.hidden), batch.each_caption(state.position), state.first)
        return memory.of(batch.rows), repeated

    def _write(self, batch: Batch, references: Tensor, options: LossOptions) -> Tensor:
        """The loss of writing the references (B, L), scoring words only where they are wanted."""
        scores = self._scores(references.T, options)
        memory, state = self._encode_captions(batch)
        token, rows = torch.full_like(references[:, 0], SOS), []
        for step, force in enumerate(scores.forced):
            context, _, position = self.attention(state.hidden, memory, state.position, state.first)
            hidden = self.cell(torch.cat((self.embedding(token), context), -1), state.hidden)
            rows.append((hidden, context, token))
            if step + 1 < len(scores.forced):
                token = references[:, step] if force else scores.choose(step, token, hidden, context)
            state = DecoderState(hidden, position, first=False)
        return scores.loss(*(torch.stack(part) for part in zip(*rows, strict=True)))

    def _write_local(self, attention: LocalAttention, batch: Batch, references: Tensor, options: LossOptions) -> Tensor:
        """The same as `_write`, by recurrence.py in full precision.

        Where the motions of a batch have nearly as many captions each, missing ones are filled up with padding, so
        that those of a motion are neighbours and share its frames.
        """
        exact = self.output.weight.dtype
        memory, state = self.encode(batch.values, batch.lengths)
        hidden = state.hidden
        places = batch.neighbours()
        if places is not None:
            each = len(places) // len(batch.lengths)
            padded = F.pad(references, (0, 0, 0, 1), value=PAD)
            references, hidden = padded.index_select(0, places), hidden.repeat_interleave(each, 0)
        elif batch.rows is not None:
            memory, hidden = memory.of(batch.rows), batch.each_caption(hidden)
        words = references.T.contiguous()
        scores = self._scores(words, options)
        fed = recurrence.Fed(torch.cat((torch.full_like(words[:1], SOS), words[:-1])), scores.forced, scores.choose)
        with torch.autocast(words.device.type, enabled=False):
            memory = memory._replace(frames=memory.frames.to(exact))
            written = recurrence.write(attention, self.embedding, self.cell, memory, hidden.to(exact), fed)
        return scores.loss(*written)

    def _scores(self, words: Tensor, options: LossOptions) -> WordScores:
        """The scores of the words (L, B), and which steps are forced to go on with them."""
        forced = _draw_forcing(len(words), options.teacher_forcing, options.generator())
        return WordScores(self.output, self.embedding, words, forced, options.label_smoothing)


def _draw_forcing(steps: int, teacher_forcing: float, generator: torch.Generator | None) -> list[bool]:
    """Whether each step is fed the reference's word; the first draws do not depend on the number of steps."""
    return [draw < teacher_forcing for draw in torch.rand(steps, generator=generator).tolist()]
