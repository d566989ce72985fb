"""Features of pixels as mixtures of few tokens."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from inspector_core.features.token_map import Block, TokenMap


def token_map(seed, pixels=7, widths=(3, 2)):
    rng = np.random.default_rng(seed)
    blocks = []
    for width in widths:
        shares = rng.random((pixels, 4)).astype(np.float32)
        tokens = rng.normal(size=(4, width)).astype(np.float32)
        blocks.append(Block(tokens, csr_matrix(shares)))
    return TokenMap(blocks)


@given(st.integers(0, 100), st.floats(0.1, 10))
def test_that_the_anchor_is_one_more_channel_of_the_same_value(seed, length):
    tokens = token_map(seed)
    anchored = tokens.anchored(length)
    rows = anchored.rows(slice(None))
    np.testing.assert_array_equal(rows[:, :-1], tokens.rows(slice(None)))
    np.testing.assert_array_equal(rows[:, -1], np.float32(length))
    assert anchored.widths == (*tokens.widths, 1)


@given(st.integers(0, 100))
def test_that_products_on_tokens_are_those_on_pixels(seed):
    tokens = token_map(seed).anchored(2.0)
    weight = np.random.default_rng(seed).normal(size=(tokens.channels, 4)).astype(np.float32)
    some = np.array([0, 3, 6])
    expected = tokens.rows(some) @ weight
    np.testing.assert_allclose(tokens.through(weight, some), expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(
        tokens.only(some).rows(slice(None)), tokens.rows(some), rtol=1e-6, atol=1e-7
    )
