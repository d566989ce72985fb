"""Banks: what is kept, and how far good parts lie from each other."""

from __future__ import annotations

import numpy as np
import pytest

from inspector_core.device import Plan
from inspector_core.memory.bank import Bank, build
from inspector_core.progress import drain

PLAN = Plan("cpu", 256)


def plan_for(cost):
    return PLAN


def banked(features, owner, count, **how):
    features = np.asarray(features, np.float32)
    return drain(build(features, np.asarray(owner), count, plan_for, **how))


def test_that_a_bank_returns_from_its_tensors():
    rows = np.random.default_rng(0).normal(size=(5, 3))
    bank = Bank(rows, np.array([0, 0, 1, 1, 2]), np.ones(5), np.array([1.0, 0.5]))
    again = Bank.from_tensors("rgb", bank.tensors("rgb"))
    for name in ("rows", "owner", "usual"):
        assert getattr(again, name).tobytes() == getattr(bank, name).tobytes()
        assert not getattr(again, name).flags.writeable
    distance, index = again.search(bank.rows[3:4], PLAN)
    assert (distance[0], index[0]) == (0.0, 3)


@pytest.mark.parametrize("rows", [np.zeros((0, 3)), np.zeros(3)])
def test_that_an_empty_bank_is_refused(rows):
    with pytest.raises(ValueError, match="a bank has"):
        Bank(rows, np.zeros(len(rows)), np.ones(len(rows)), np.ones(2))


def test_that_kept_rows_know_their_part():
    features = np.random.default_rng(1).normal(size=(60, 4))
    owner = np.repeat([0, 1, 2], 20)
    bank = banked(features, owner, 12)
    assert len(bank.rows) == 12
    for row, number in zip(bank.rows, bank.owner, strict=True):
        found = np.flatnonzero((features.astype(np.float32) == row).all(axis=1))
        assert owner[found[0]] == number


def test_that_places_where_good_parts_differ_have_a_larger_usual_distance():
    rng = np.random.default_rng(2)
    calm = rng.normal(0, 0.05, (300, 3))
    lively = rng.normal([20, 0, 0], 1.0, (300, 3))
    owner = np.tile(np.arange(10), 60)
    bank = banked(np.concatenate([calm, lively]), owner, 80)
    right = bank.rows[:, 0] > 10
    assert right.any()
    assert (~right).any()
    assert np.median(bank.usual[right]) > np.median(bank.usual[~right])
    assert (bank.usual > 0).all()


@pytest.mark.parametrize("owner", [[0] * 30, None])
def test_that_one_part_or_no_evening_leaves_distances_alone(owner):
    features = np.random.default_rng(3).normal(size=(30, 2))
    numbers = np.arange(30) if owner is None else owner
    bank = banked(features, numbers, 10, even_out=owner is not None)
    assert (bank.usual == 1).all()


def test_that_equal_patches_have_a_usable_usual_distance():
    bank = banked(np.ones((20, 3)), np.repeat([0, 1], 10), 5)
    assert len(bank.rows) == 1
    assert np.isfinite(bank.usual).all()
    assert (bank.usual > 0).all()
