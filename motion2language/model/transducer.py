"""A captioner that marginalises over all monotonic alignments of words to time: the transducer of Graves 2012.

At every step of a coarser clock (`STRIDE` frames) and after every prefix of words the joint layer gives the
probability of the next word or of blank (no word yet, id <pad>). The probability of a sentence is the sum over all
monotonic alignments of its words to time; training needs no times. The time of a word is its posterior under that sum,
which costs one more pass.

Source: Graves, Sequence Transduction with Recurrent Neural Networks, arXiv 1211.3711. Any encoder of encoders.py
can be used; with a convolution the memory of a frame depends only on the frames around it.
"""

from __future__ import annotations

from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from motion2language.language.vocabulary import EOS, PAD, SOS
from motion2language.model.alignments import log_likelihood
from motion2language.model.batch import PLAIN, Batch, LossOptions
from motion2language.model.config import STRIDE, ModelConfig
from motion2language.model.dropout import Dropout
from motion2language.model.encoders import ENCODERS
from motion2language.model.next_words import log_probabilities

BLANK = PAD  # a sentence never contains <pad>, so its id is free for blank


class Transducer(nn.Module):
    """Encoder, prediction network over the words so far, and the joint layer that weighs a word against waiting.

    The joint layer is factorised (hybrid autoregressive transducer, arXiv 2003.07705): first whether to wait, from
    the dot product of memory and prediction state; then, if not, which word, from the sum of their scores. Both are
    matrix products over the whole lattice, without a (B, S, L, H) array.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        if config.encoder not in ENCODERS:
            raise ValueError(f"model.encoder is {config.encoder!r}; there are {', '.join(ENCODERS)}")
        self.encoder = ENCODERS[config.encoder](replace(config, input_width=STRIDE * config.input_width))
        width = self.encoder.width
        self.embedding = nn.Embedding(config.vocabulary_size, config.embedding)
        self.predictor = nn.GRU(config.embedding, config.hidden, batch_first=True)
        self.seen_words = nn.Linear(width, config.vocabulary_size)
        self.said_words = nn.Linear(config.hidden, config.vocabulary_size)
        self.seen_gate = nn.Linear(width, config.hidden + 1)
        self.said_gate = nn.Linear(config.hidden, config.hidden + 1)
        self.dropout = Dropout(config.dropout)

    def encode(self, values: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Memory on the transducer's clock, (B, S, H) with S = ceil(T / STRIDE), and its lengths (B,).

        The features of STRIDE frames are stacked; the last frame is repeated where one is missing.
        """
        steps = torch.div(lengths + STRIDE - 1, STRIDE, rounding_mode="floor")
        frames = torch.arange(STRIDE * int(steps.max()), device=values.device)
        frames = torch.minimum(frames[None], lengths[:, None] - 1)
        rows = frames + values.shape[1] * torch.arange(len(values), device=values.device)[:, None]
        stacked = values.flatten(0, 1).index_select(0, rows.flatten())
        stacked = stacked.view(len(values), -1, STRIDE * values.shape[2])
        if self.encoder.causal and not self.training:
            return self._encode_as_stream(stacked), steps
        memory, _ = self.encoder(stacked, steps)
        return self.dropout(memory), steps

    def _encode_as_stream(self, stacked: Tensor) -> Tensor:
        """Memory (B, S, H) of stacked features (B, S, F), one step at a time: bit for bit as in streaming."""
        carried, memory = self.encoder.start(len(stacked)), []
        for values in stacked.unbind(1):
            step, carried = self.encoder.step(values, carried)
            memory.append(step)
        return torch.stack(memory, 1)

    def predict(self, tokens: Tensor, hidden: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Prediction states (B, L, H) after each of `tokens` (B, L), and the state of the GRU."""
        states, hidden = self.predictor(self.dropout(self.embedding(tokens)), hidden)
        return self.dropout(states), hidden

    def gates(self, memory: Tensor, states: Tensor) -> tuple[Tensor, Tensor]:
        """Log probabilities (B, S, L) of waiting and of not waiting, for every step and prefix.

        The captions of a motion are neighbours: B = C N for memory (C, S, H) and states (B, L, H).
        """
        left, right = self.seen_gate(memory), self.said_gate(states).reshape(len(memory), -1, self.config.hidden + 1)
        scale = self.config.hidden**-0.5
        gate = left[..., 1:] @ right[..., 1:].transpose(1, 2) * scale + left[..., :1] + right[..., 0][:, None]
        gate = gate.view(*gate.shape[:2], -1, states.shape[1]).transpose(1, 2).flatten(0, 1)
        return F.logsigmoid(gate), F.logsigmoid(-gate)

    def joint(self, memory: Tensor, states: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """For every step and prefix: wait and speak (B, S, L) log probabilities, and the parts of the word scores.

        A word's log probability once the model does not wait is seen (B, S, V) + said (B, L, V) - total (B, S, L).
        `lattice` computes the same for the sentences' words alone.
        """
        seen, said = self.seen_words(memory), self.said_words(states)
        seen = seen - seen.amax(-1, keepdim=True).detach()
        said = said - said.amax(-1, keepdim=True).detach()
        total = (seen.exp() @ said.exp().transpose(1, 2)).clamp(min=1e-30).log()
        return *self.gates(memory, states), seen, said, total

    def lattice(self, memory: Tensor, tokens: Tensor, label_smoothing: float = 0.0) -> tuple[Tensor, Tensor, Tensor]:
        """Log probabilities of waiting (B, S, L+1), of not waiting (B, S, L) and of the sentence's next word if so.

        For memory (C, S, H) and words (B, L) padded with <pad>, B = C N, the captions of a motion in a row. With label
        smoothing a word's log probability is mixed with the mean over the vocabulary, as a cross-entropy's would be.
        """
        states, _ = self.predict(F.pad(tokens, (1, 0), value=SOS))
        exact = self.said_words.weight.dtype
        with torch.autocast(memory.device.type, enabled=False):  # sums over the vocabulary need full precision
            memory, states = memory.to(exact), states.to(exact)
            wait, speak = self.gates(memory, states)
            word = log_probabilities(self.seen_words, self.said_words, memory, states[:, :-1], tokens, label_smoothing)
        return wait, speak[..., :-1], word

    def terms(self, batch: Batch) -> int:
        """The number of terms of the mean loss: the captions."""
        return 0 if batch.tokens is None else len(batch.tokens)

    def loss(self, batch: Batch, options: LossOptions = PLAIN) -> Tensor:
        """Mean over captions of -log P(sentence | motion), for tokens (B, L): words, <eos>, <pad>.

        The model is always fed the reference's words, so only label smoothing matters among the options.
        """
        if batch.tokens is None:
            raise ValueError("a batch without captions has no loss")
        tokens = batch.tokens.masked_fill(batch.tokens == EOS, PAD)  # the end of the recording ends the sentence
        memory, steps = self.encode(batch.values, batch.lengths)
        steps, places = batch.each_caption(steps), batch.neighbours()
        if places is None:
            wait, speak, word = self.lattice(batch.each_caption(memory), tokens, options.label_smoothing)
        else:
            padded = F.pad(tokens, (0, 0, 0, 1), value=PAD).index_select(0, places)
            whose = places.new_empty(len(tokens) + 1).index_copy_(0, places, torch.arange(len(places)))[:-1]
            lattice = self.lattice(memory, padded, options.label_smoothing)
            wait, speak, word = (part.index_select(0, whose) for part in lattice)
        if self.config.early:  # alignments weigh less the later their words come (arXiv 2211.00490)
            seconds = torch.arange(memory.shape[1], device=memory.device) * STRIDE / self.config.fps
            middle = (steps - 1) * STRIDE / self.config.fps / 2
            word = word + self.config.early * (middle[:, None] - seconds)[..., None]
        return -log_likelihood(wait, speak + word, steps, (tokens != PAD).sum(1)).mean()
