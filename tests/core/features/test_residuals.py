"""In-context residuals: the published numbers, the plain form, and what must not change them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector_core.features.residuals import (
    largest,
    mean_of_top,
    nearest_residual,
    residual_map,
    residual_maps,
    scrambled,
    unit_rows,
)
from tests.core.features.inctrl_golden import CASES, TOLERANCE, Case


def plain_map(query, prompts):
    """One patch after the other, as the formula is written. query (L, P, C), prompts (L, R, C)."""
    total = np.zeros(query.shape[1])
    for layer, bank in zip(query.double().numpy(), prompts.double().numpy(), strict=True):
        for i, patch in enumerate(layer):
            cosines = [
                patch @ other / (np.linalg.norm(patch) * np.linalg.norm(other)) for other in bank
            ]
            total[i] += 0.5 * (1 - max(cosines))
    return total / len(query)


def rows(seed, *shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(("name", "mode"), CASES)
def test_that_maps_and_patch_scores_are_those_of_the_published_code(name, mode):
    case = Case(name, mode)
    maps = residual_maps(case.query, case.prompts)
    torch.testing.assert_close(maps, case.expected("patch_map"), atol=TOLERANCE, rtol=0)
    torch.testing.assert_close(largest(maps), case.expected("patch_score"), atol=TOLERANCE, rtol=0)


def test_that_the_fast_form_equals_the_plain_one():
    query, prompts = rows(0, 3, 7, 5), rows(1, 3, 11, 5)
    fast = residual_map(list(query), [unit_rows(bank) for bank in prompts])
    np.testing.assert_allclose(fast.numpy(), plain_map(query, prompts), atol=1e-6)


@given(chunk=st.integers(1, 30), seed=st.integers(0, 1000))
@settings(max_examples=30, deadline=None)
def test_that_portions_change_nothing(chunk, seed):
    query, bank = unit_rows(rows(seed, 6, 4)), unit_rows(rows(seed + 1, 23, 4))
    whole = nearest_residual(query, bank)
    for found, expected in zip(nearest_residual(query, bank, chunk), whole, strict=True):
        torch.testing.assert_close(found, expected, atol=1e-6, rtol=0)


@given(seed=st.integers(0, 1000), factor=st.floats(0.01, 100))
@settings(max_examples=30, deadline=None)
def test_that_residuals_lie_in_0_to_1_whatever_the_scale(seed, factor):
    query, bank = rows(seed, 9, 6), unit_rows(rows(seed + 1, 8, 6))
    found = residual_map([query], [bank])
    assert (found >= 0).all()
    assert (found <= 1 + 1e-6).all()
    torch.testing.assert_close(residual_map([factor * query], [bank]), found, atol=1e-5, rtol=0)


@given(seed=st.integers(0, 1000))
@settings(max_examples=30, deadline=None)
def test_that_one_more_prompt_never_raises_a_residual(seed):
    query, bank = rows(seed, 9, 6), unit_rows(rows(seed + 1, 16, 6))
    few, more = residual_map([query], [bank[:8]]), residual_map([query], [bank])
    assert (more <= few + 1e-6).all()


def test_that_a_patch_that_a_prompt_shows_has_no_residual_and_its_opposite_a_full_one():
    bank = unit_rows(rows(3, 5, 8))
    residual, index = nearest_residual(bank, bank)
    assert residual.tolist() == [0.0] * 5
    assert index.tolist() == [0, 1, 2, 3, 4]
    assert nearest_residual(-bank[:1], bank[:1])[0].item() == pytest.approx(1.0, abs=1e-6)


def test_that_a_tiny_difference_is_measured_exactly():
    bank = unit_rows(rows(4, 3, 896))
    step = torch.zeros(896).index_fill(0, torch.tensor([0]), 1.0)
    away = step - (step @ bank[0]) * bank[0]
    near = unit_rows((bank[0] + 1e-4 * away / away.norm())[None])
    assert nearest_residual(near, bank)[0].item() == pytest.approx(0.25e-8, rel=0.05)


def test_that_a_row_of_zeros_is_half_way():
    assert nearest_residual(unit_rows(torch.zeros(1, 4)), unit_rows(rows(5, 3, 4)))[0] == 0.25


def test_that_the_mean_of_the_top_takes_one_per_cent_and_at_least_one():
    maps = torch.stack([torch.arange(225.0), torch.arange(225.0).flip(0)])
    assert mean_of_top(maps).tolist() == [223.0, 223.0]
    assert mean_of_top(torch.tensor([[1.0, 5.0, 2.0]])).tolist() == [5.0]


def test_that_the_published_order_is_right_for_one_query_and_wrong_for_several():
    single, batch = Case("query1_shot2", "eval"), Case("query4_shot2", "eval")
    for case, same in ((single, True), (batch, False)):
        query, prompts, _ = scrambled(case.query, case.prompts, case.prompt_images)
        assert query.shape == case.query.shape
        assert prompts.shape == case.prompts.shape
        equal = torch.allclose(
            residual_maps(query, prompts), residual_maps(case.query, case.prompts), atol=1e-6
        )
        assert equal is same
