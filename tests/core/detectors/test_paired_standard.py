"""Colour and shape in units of the good parts."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import identity

from inspector_core.detectors.crossmodal.paired import Paired
from inspector_core.detectors.crossmodal.standard import PairedStandard, even_blocks
from inspector_core.features.scaling import Standard
from inspector_core.features.token_map import Block, TokenMap


def paired(seed, widths=(30, 4), scale=5.0, pixels=400):
    rng = np.random.default_rng(seed)
    weights = identity(pixels, np.float32, "csr")
    blocks = [
        Block((scale * rng.normal(3, 1, (pixels, width))).astype(np.float32), weights)
        for width in widths
    ]
    one = TokenMap(blocks[-1:])
    return Paired(TokenMap(blocks), one, np.arange(pixels), (20, 20))


def mean_squares(tokens):
    return [float(np.square(block.tokens).sum(axis=1).mean()) for block in tokens.blocks]


@given(st.integers(0, 50), st.integers(1, 60), st.integers(1, 60))
def test_that_blocks_count_alike_however_wide_they_are(seed, first, second):
    good = paired(seed, (first, second))
    ready = PairedStandard.learnt([good]).of(good)
    one, other = mean_squares(ready.rgb)
    np.testing.assert_allclose(one, other, rtol=1e-3)
    np.testing.assert_allclose(one + other, first + second, rtol=1e-3)


def test_that_one_block_alone_is_only_standardised():
    good = paired(1)
    ready = PairedStandard.learnt([good]).of(good)
    plain = Standard.of(good.shape.rows(slice(None)))
    expected = (good.shape.rows(slice(None)) - plain.mean) / plain.spread
    np.testing.assert_allclose(ready.shape.rows(slice(None)), expected, rtol=1e-4, atol=1e-5)
    assert even_blocks(plain, (4,)).spread.tolist() == plain.spread.tolist()


def test_that_what_was_learnt_comes_back_the_same():
    good = paired(2)
    standard = PairedStandard.learnt([good])
    again = PairedStandard.restored(standard.tensors())
    for side in ("rgb", "shape"):
        expected = getattr(standard.of(good), side).rows(slice(None))
        np.testing.assert_array_equal(getattr(again.of(good), side).rows(slice(None)), expected)
