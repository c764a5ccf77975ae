"""The transformer encoder: its blocks against plain attention, its reach, and the use of offsets."""

import pytest
import torch
import torch.nn.functional as F
from small import config

from motion2language.model.transformer import LAYERS, REACH, TransformerEncoder


def encoder(causal: bool, **changes) -> TransformerEncoder:
    torch.manual_seed(0)
    one = TransformerEncoder(config(encoder_hidden=8, heads=2, **changes), causal).eval()
    with torch.no_grad():
        for layer in one.layers:
            layer.offsets.normal_()
    return one


def attended(layer, memory: torch.Tensor) -> torch.Tensor:
    """The layer's attention over the frames (T, H) of one clip, frame by frame and head by head."""
    queries, keys, values = layer.project(layer.attention_norm(memory)).chunk(3, -1)
    size = memory.shape[1] // layer.heads
    rows = []
    for here in range(len(memory)):
        near = range(max(0, here - layer.before), min(len(memory), here + layer.after + 1))
        parts = []
        for head in range(layer.heads):
            part = slice(head * size, (head + 1) * size)
            scores = torch.stack(
                [
                    queries[here, part] @ keys[there, part] / size**0.5
                    + layer.offsets[head, there - here + layer.before]
                    for there in near
                ]
            )
            parts.append(scores.softmax(0) @ values[near.start : near.stop, part])
        rows.append(torch.cat(parts))
    return torch.stack(rows)


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("frames", [1, 19, 20, 21, 65])
def test_blocks_equal_attention_frame_by_frame(causal, frames):
    one, values = encoder(causal).double(), torch.randn(1, frames, 6).double()
    memory = one.project(values)[0]
    for layer in one.layers:
        memory = memory + layer.mix(attended(layer, memory))
        memory = memory + layer.forward_layers(layer.forward_norm(memory))
    torch.testing.assert_close(one(values, torch.tensor([frames]))[0][0], one.norm(memory))


@pytest.mark.parametrize("causal", [False, True])
def test_a_frame_reaches_as_far_as_documented_and_a_later_motion_is_encoded_alike(causal):
    one, values = encoder(causal), torch.randn(1, 120, 6)
    lengths = torch.tensor([120])
    changed = values.clone()
    changed[:, 60] += 1.0
    differs = (one(values, lengths)[0] != one(changed, lengths)[0]).any(-1)[0].nonzero()[:, 0]
    reach = LAYERS * REACH
    assert (differs[0], differs[-1]) == ((60, 60 + 2 * reach) if causal else (60 - reach, 60 + reach))
    later, _ = one(values[:, 7:], lengths - 7)
    seen = slice(2 * reach, None) if causal else slice(reach, None)
    torch.testing.assert_close(later[:, seen], one(values, lengths)[0][:, 7:][:, seen])


@pytest.mark.parametrize(("causal", "away"), [(False, -6), (False, 6), (True, -15)])
def test_it_learns_what_happened_some_frames_away(causal, away):
    one = encoder(causal, input_width=1).train()
    output, generator = torch.nn.Linear(8, 1), torch.Generator().manual_seed(1)
    optimizer = torch.optim.Adam([*one.parameters(), *output.parameters()], 0.01)
    lengths = torch.full((16,), 50)
    for _ in range(250):
        values = torch.randn(16, 50, 1, generator=generator).sign()
        inner = slice(15, 40)
        loss = F.mse_loss(output(one(values, lengths)[0])[:, inner], values.roll(-away, 1)[:, inner])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.1  # 1 without a sight of that frame


def test_units_that_heads_do_not_divide_are_named():
    with pytest.raises(ValueError, match=r"model\.encoder_hidden is 7, which model\.heads = 4 does not divide"):
        TransformerEncoder(config(encoder_hidden=7, heads=4), causal=False)
