"""Blurs by matrix products against scipy's filter."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

from inspector_core.geometry.blurring import blurred


@given(st.integers(1, 40), st.integers(1, 40), st.sampled_from([0.6, 1.5, 3.0]), st.integers(0, 99))
def test_that_a_blur_equals_scipys_on_pictures_of_any_size(height, width, sigma, seed):
    image = np.random.default_rng(seed).normal(size=(height, width)).astype(np.float32)
    expected = gaussian_filter(image, sigma, truncate=3.0)
    found = blurred(image, sigma)
    assert found.dtype == np.float32
    assert found == pytest.approx(expected, abs=2e-6)


def test_that_every_image_of_a_stack_is_blurred_by_itself():
    stack = np.random.default_rng(1).normal(size=(2, 3, 20, 33)).astype(np.float32)
    found = blurred(stack, 1.5)
    assert found.shape == stack.shape
    assert found[1, 2] == pytest.approx(blurred(stack[1, 2], 1.5), abs=1e-6)


def test_that_the_kernel_ends_where_it_is_truncated():
    image = np.zeros((41, 41), np.float32)
    image[20, 20] = 1
    found = blurred(image, 2.0, truncate=3.0)
    assert found[20, 26] > 0
    assert found[20, 27] == 0
