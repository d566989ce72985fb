"""Tokens of groups: the published numbers, and statistics that are those of all points."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from inspector_core.features import point_embedding
from inspector_core.features.point_embedding import TokenEmbedding
from tests.core.features.point_network import golden, state


@pytest.fixture(scope="module")
def small():
    return state(seed=1, width=48, depth=1)


@pytest.fixture
def groups():
    rng = np.random.default_rng(0)
    return torch.from_numpy(rng.normal(0, 0.002, (20, 16, 3)).astype(np.float32))


def as_described(weights, local, running):
    """The network in double precision, one line for each step of its description."""
    own = {
        name.removeprefix("encoder."): value.double()
        for name, value in weights.items()
        if name.startswith("encoder.")
    }

    def convolved(name, given):
        return functional.conv1d(given, own[f"{name}.weight"], own[f"{name}.bias"])

    def normed(name, given):
        kept = own[f"{name}.running_mean"].clone(), own[f"{name}.running_var"].clone()
        scale = own[f"{name}.weight"], own[f"{name}.bias"]
        return functional.batch_norm(given, *kept, *scale, training=not running).relu()

    points = local.double().transpose(1, 2)
    points = convolved("first_conv.3", normed("first_conv.1", convolved("first_conv.0", points)))
    peak = points.amax(dim=2, keepdim=True).expand_as(points)
    mixed = convolved("second_conv.0", torch.cat([peak, points], dim=1))
    return convolved("second_conv.3", normed("second_conv.1", mixed)).amax(dim=2)


def test_that_tokens_are_the_published_numbers(small):
    case = golden("mm_point_transformer_small")
    found = TokenEmbedding(small, "cloud")(torch.from_numpy(case["neighborhood"]))
    np.testing.assert_allclose(found, case["tokens"], atol=2e-5)


@pytest.mark.parametrize("running", [False, True])
def test_that_folded_steps_equal_the_described_ones(small, groups, running):
    found = TokenEmbedding(small, "running" if running else "cloud")(groups)
    np.testing.assert_allclose(found, as_described(small, groups, running), atol=2e-5)


def test_that_statistics_hold_where_points_are_far_from_their_centres(small, groups):
    apart = groups + torch.tensor([0.5, -0.3, 0.1])
    found = TokenEmbedding(small, "cloud")(apart)
    np.testing.assert_allclose(found, as_described(small, apart, False), atol=2e-3)


@pytest.mark.parametrize("rows", [1, 40, 10_000])
def test_that_portions_do_not_matter(small, groups, rows, monkeypatch):
    whole = TokenEmbedding(small, "cloud")(groups)
    monkeypatch.setattr(point_embedding, "_ROWS", rows)
    np.testing.assert_allclose(TokenEmbedding(small, "cloud")(groups), whole, atol=1e-5)


def test_that_the_order_of_points_in_a_group_does_not_matter(small, groups):
    turned = groups[:, torch.randperm(16, generator=torch.Generator().manual_seed(0))]
    embedding = TokenEmbedding(small, "cloud")
    np.testing.assert_allclose(embedding(turned), embedding(groups), atol=1e-5)


def test_that_the_order_of_groups_is_the_order_of_tokens(small, groups):
    order = torch.randperm(20, generator=torch.Generator().manual_seed(0))
    embedding = TokenEmbedding(small, "cloud")
    np.testing.assert_allclose(embedding(groups[order]), embedding(groups)[order], atol=1e-5)


def test_that_every_token_depends_on_the_whole_cloud_only_with_its_statistics(small, groups):
    other = torch.cat([groups[:10], 3 * groups[10:]])
    cloud, running = TokenEmbedding(small, "cloud"), TokenEmbedding(small, "running")
    assert (cloud(groups)[:10] - cloud(other)[:10]).abs().max() > 0.1
    np.testing.assert_allclose(running(groups)[:10], running(other)[:10], atol=1e-6)


def test_that_the_groups_given_are_left_as_they_were(small, groups):
    before = groups.clone()
    TokenEmbedding(small, "cloud")(groups)
    assert torch.equal(groups, before)


def test_that_identical_points_give_finite_tokens(small):
    assert TokenEmbedding(small, "cloud")(torch.zeros(4, 8, 3)).isfinite().all()
