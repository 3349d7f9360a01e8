"""Sums over channels: the same however they are added up."""

from __future__ import annotations

import numpy as np
import pytest
from tables import each

from convcost.execute.ones.counting import BYTES, MOST_WORDS, ConvWeights, group_members, group_sums

LARGEST = BYTES * MOST_WORDS


def weights_of(groups: int, members: int) -> ConvWeights:
    kernel = np.ones((groups, members, 1), np.uint8)
    return ConvWeights(kernel, group_members(groups, groups), np.zeros(0, np.uint8))


@each("members", [1, 2, 8, 15, 16, 17, 64, LARGEST - BYTES, LARGEST, LARGEST + BYTES, LARGEST + 9])
@each("groups", [1, 3])
def test_channels_of_a_group_are_summed_exactly(members: int, groups: int) -> None:
    """One by one, in words of eight bytes, by NumPy: zeros and ones anywhere, all of them at most."""
    given = np.random.default_rng(members).integers(0, 2, (2, 5, groups * members), np.uint8)
    given[0, 0] = 1
    sums = group_sums(given, weights_of(groups, members), np.dtype(np.uint16))
    assert np.array_equal(sums, given.reshape(2, 5, groups, members).sum(-1, dtype=np.int64))
    assert int(sums.max()) == members


def test_a_part_of_a_longer_row_is_summed_like_a_row() -> None:
    """Where memory between the rows belongs to other channels, and no row starts at a word."""
    whole = np.random.default_rng(1).integers(0, 2, (1, 7, 30), np.uint8)
    part = whole[..., 3:19]
    assert np.array_equal(group_sums(part, weights_of(2, 8), np.dtype(np.uint8))[0, :, 1], part[0, :, 8:].sum(-1))


def test_channels_that_make_no_groups_are_refused() -> None:
    """With both numbers."""
    with pytest.raises(ValueError, match="2 groups of 8 channels do not fit 15 channels"):
        group_sums(np.ones((1, 3, 15), np.uint8), weights_of(2, 8), np.dtype(np.uint8))
