"""What two things happened, in which order and when: learnt from sentences alone, told of clips never seen."""

import numpy as np
import pytest
import torch
from small import config

from motion2language.captioning import search_attention
from motion2language.language.vocabulary import EOS
from motion2language.model.batch import Batch
from motion2language.model.network import build

FRAMES, KINDS = 30, 4


def clips(count: int, seed: int) -> tuple[Batch, torch.Tensor]:
    """Each clip has two different events of 3 frames; its sentence names them in order. And their middle frames."""
    random = torch.Generator().manual_seed(seed)
    values = 0.1 * torch.randn(count, FRAMES, KINDS, generator=random)
    kinds = torch.rand(count, KINDS, generator=random).argsort(1)[:, :2]
    middles = torch.stack((torch.randint(2, 13, (count,), generator=random),
                           torch.randint(17, 28, (count,), generator=random)), 1)  # fmt: skip
    for clip in range(count):
        for kind, middle in zip(kinds[clip], middles[clip], strict=True):
            values[clip, middle - 1 : middle + 2, kind] += 1.5
    tokens = torch.cat((4 + kinds, torch.full((count, 1), EOS)), 1)
    return Batch(values, torch.full((count,), FRAMES), tokens), middles


@pytest.mark.parametrize(("monotone", "least", "most"), [(False, 0.3, 0.7), (True, 0.9, 1.0)])
def test_frame_by_frame_order_and_time_are_learnt_by_a_monotone_attention_alone(monotone, least, most):
    """Which of two frames came first is a guess to one that looks from anywhere."""
    torch.manual_seed(0)
    shape = {"hidden": 32, "encoder_hidden": 32, "input_width": KINDS, "vocabulary_size": 4 + KINDS}
    model = build(config(attention="cross", monotone=monotone, **shape))
    optimizer = torch.optim.Adam(model.parameters(), 5e-3)
    for update in range(400):
        optimizer.zero_grad()
        model.loss(clips(32, update)[0]).backward()
        optimizer.step()
    unseen, middles = clips(100, 10_000)
    found = search_attention.greedy(model.eval(), unseen.values, unseen.lengths, max_words=4)
    pairs = zip(found, unseen.tokens.tolist(), middles.tolist(), strict=True)
    firsts = [abs(one.positions[0] - times[0]) for one, row, times in pairs if one.tokens.tolist() == row[:2]]
    assert least <= len(firsts) / 100 <= most
    if monotone:
        assert np.median(firsts) < 2.5  # frames; nothing said when anything happened
