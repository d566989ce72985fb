"""The transformer over groups: every block's published output, and branches left out at random."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from inspector_core.features.point_blocks import PointBlocks
from tests.core.features.point_network import golden, state


@pytest.fixture(scope="module")
def case():
    return golden("mm_point_transformer_small")


@pytest.fixture(scope="module")
def blocks():
    return PointBlocks(state(seed=1, width=48, depth=4), heads=3)


def test_that_every_block_gives_the_published_numbers(case, blocks):
    given = torch.from_numpy(case["tokens"]), torch.from_numpy(case["center"])
    found = blocks.outputs(*given, (0, 1, 2, 3))
    np.testing.assert_allclose(torch.stack(found), case["block_outputs"], atol=1e-4)


def test_that_wanting_fewer_outputs_changes_none(case, blocks):
    given = torch.from_numpy(case["tokens"]), torch.from_numpy(case["center"])
    every = blocks.outputs(*given, (0, 1, 2, 3))
    some = blocks.outputs(*given, (1, 2))
    assert len(some) == 2
    assert torch.equal(some[0], every[1])
    assert torch.equal(some[1], every[2])


def test_that_no_branch_of_the_first_block_is_ever_left_out(case, blocks):
    given = torch.from_numpy(case["tokens"]), torch.from_numpy(case["center"])
    whole = blocks.outputs(*given, (0,))[0]
    for seed in range(5):
        drops = torch.Generator().manual_seed(seed)
        assert torch.equal(blocks.outputs(*given, (0,), drops)[0], whole)


def test_that_left_out_branches_follow_the_generator(case, blocks):
    given = torch.from_numpy(case["tokens"]), torch.from_numpy(case["center"])
    once, again = (
        blocks.outputs(*given, (3,), torch.Generator().manual_seed(0))[0] for _ in range(2)
    )
    assert torch.equal(once, again)
    drops = torch.Generator().manual_seed(0)
    runs = [blocks.outputs(*given, (3,), drops)[0] for _ in range(60)]
    assert any(not torch.equal(run, runs[0]) for run in runs)
