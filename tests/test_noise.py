"""Dropout that follows the row."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from framework.model.noise import RowNoise

SEEDS, LENGTHS = np.array([3, 2**63, 12345], np.uint64), np.array([5, 2, 4])


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32, torch.float64])
def test_a_share_is_zeroed_anew_each_time_and_the_rest_scaled(dtype):
    ones = torch.ones(3, 401, 333, dtype=dtype, requires_grad=True)
    with RowNoise(SEEDS, LENGTHS):
        first, second = F.dropout(ones, 0.3), F.dropout(ones, 0.3)
        assert F.dropout(ones, 0.3, training=False) is ones and F.dropout(ones, 0.0) is ones
        assert not F.dropout(ones, 1.0).any()
    assert set(first.unique().tolist()) == {0, torch.tensor(1 / 0.7, dtype=dtype).item()}
    rows, places, values = (first == 0).unbind(), (first == 0).unbind(1), (first == 0).unbind(2)
    for one, other in ((first == 0, second == 0), rows[:2], places[:2], values[:2]):  # none predicts the other
        for dropped, share in ((one, 0.3), (other, 0.3), (one & other, 0.09)):
            tolerance = 5 * (share * (1 - share) / dropped.numel()) ** 0.5
            assert abs(dropped.double().mean() - share) < tolerance
    assert torch.equal(torch.autograd.grad(first.sum(), ones)[0], first)
    with RowNoise(SEEDS, LENGTHS):
        assert torch.equal(F.dropout(ones, 0.3), first)


def test_neighbours_padding_and_packing_change_nothing():
    def draw(rows, *shape):
        return RowNoise(SEEDS[rows], LENGTHS[rows]).draw(shape, 0.5, torch.float32)

    padded, attention = draw([0, 1, 2], 3, 5, 8), draw([0, 1, 2], 3, 2, 5, 8)
    assert torch.equal(draw([2, 0], 2, 7, 8)[:, :5], padded[[2, 0]])
    assert torch.equal(draw([2, 0], 2, 2, 7, 32)[:, :, :5, :8], attention[[2, 0]])
    assert torch.equal(draw([0, 1, 2], 11, 8), torch.cat([row[:n] for row, n in zip(padded, LENGTHS)]))
    assert torch.equal(draw([0, 1, 2], 1, 11, 8), draw([0, 1, 2], 11, 8)[None])
    assert torch.equal(draw([0, 1, 2], 3, 8), padded[:, 0])
    assert torch.equal(draw([0, 1, 2], 1, 3, 8), padded[None, :, 0])


def test_attention_that_sees_nothing_is_finite():
    states = torch.ones(3, 1, 2, 4, requires_grad=True)
    with RowNoise(SEEDS, LENGTHS):
        seen = F.scaled_dot_product_attention(states, states, states, attn_mask=torch.eye(2) > 1, dropout_p=0.5)
    assert seen.isfinite().all() and torch.autograd.grad(seen.sum(), states)[0].isfinite().all()


@pytest.mark.parametrize("mask", [None, torch.arange(6)[None] < 4, torch.arange(6)[None] * -0.5])
def test_attention_is_torchs(mask):
    generator = torch.Generator().manual_seed(0)
    query, key, value = torch.randn(3, 3, 2, 6, 8, generator=generator, dtype=torch.float64)
    mask = mask if mask is None or mask.dtype == torch.bool else mask.double()
    expected = F.scaled_dot_product_attention(query, key, value, attn_mask=mask, scale=0.7)
    with RowNoise(SEEDS, LENGTHS):
        nothing_dropped = F.scaled_dot_product_attention(query, key, value, attn_mask=mask, dropout_p=1e-9, scale=0.7)
        dropped = F.scaled_dot_product_attention(query, key, value, attn_mask=mask, dropout_p=0.5, scale=0.7)
    torch.testing.assert_close(nothing_dropped, expected)
    assert not torch.allclose(dropped, expected)
