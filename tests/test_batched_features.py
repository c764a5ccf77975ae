"""Features of a batch in torch are those of each recording in numpy."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from small import recording

from motion2language.captioning.features import FEATURES
from motion2language.training.batched_features import BATCHED

MOTIONS = [recording(number).resample(10.0) for number in (0, 3, 4)]
MOTIONS += [MOTIONS[0].frames_between(3, 4), MOTIONS[1].frames_between(0, 2), MOTIONS[2].frames_between(0, 20)]
SMALL = replace(MOTIONS[1], positions=MOTIONS[1].positions * 0.4 + np.array([7, 0, -5]))
TURNING = replace(
    MOTIONS[0],
    positions=np.stack([
        MOTIONS[0].positions[0] @ [[np.cos(a), 0, -np.sin(a)], [0, 1, 0], [np.sin(a), 0, np.cos(a)]]
        for a in np.arange(50) * 0.9
    ]),
)  # fmt: skip


@pytest.mark.parametrize("name", BATCHED)
def test_a_batch_has_the_features_of_its_recordings_and_padding_changes_none(name):
    motions = [*MOTIONS, SMALL, TURNING]
    lengths = torch.tensor([motion.frames for motion in motions])
    rows = [torch.from_numpy(motion.positions.swapaxes(1, 2)) for motion in motions]
    for padding in (0.0, 3.0):
        padded = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=padding)
        values = BATCHED[name](padded, lengths, 10.0)
        assert values.dtype == torch.float32
        for own, motion in zip(values.numpy(), motions, strict=True):
            expected = FEATURES[name](motion)
            assert own.shape[1:] == expected.shape[1:]
            np.testing.assert_allclose(own[: motion.frames], expected, atol=1e-4, rtol=1e-4)


def test_a_body_without_width_faces_forward():
    """As in numpy: the direction of a vector of no length is 0."""
    flat = replace(MOTIONS[0], positions=MOTIONS[0].positions * [0, 1, 0])
    values = BATCHED["canonical"](
        torch.from_numpy(flat.positions.swapaxes(1, 2))[None], torch.tensor([flat.frames]), 10.0
    )
    np.testing.assert_allclose(values[0].numpy(), FEATURES["canonical"](flat), atol=1e-4)


def test_every_feature_is_batched_but_two():
    """One needs no computing; what is seen comes with the recordings, in batches.py."""
    assert set(FEATURES) - set(BATCHED) == {"angles", "partial"}
