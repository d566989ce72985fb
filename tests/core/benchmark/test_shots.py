"""Few-shot lists: seeded, nested, the same for all detectors."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector_core.benchmark.shots import arranged, order, shots
from inspector_core.decision.calibration import split_parts
from inspector_core.errors import InputError
from inspector_core.types import Scan
from tests.contracts.tiny_parts import refs


def scan_of(train, validation=0):
    parts = refs(train) + refs(validation, 100, "validation") + refs(2, 200, "test")
    return Scan("", "tiny", tuple(parts))


@given(st.integers(2, 40), st.integers(0, 2**31 - 1), st.data())
@settings(max_examples=60, deadline=None)
def test_that_fewer_shots_are_among_more_and_calibration_never_sees_them(train, seed, data):
    parts = scan_of(train)
    more = data.draw(st.integers(1, train - 1))
    fewer = data.draw(st.integers(1, more))
    many, few = shots(parts, "nut", more, seed), shots(parts, "nut", fewer, seed)
    assert few.learn == many.learn[:fewer]
    assert len(many.learn) == more
    assert not set(many.learn) & set(many.calibrate)
    assert many.calibrate


@given(st.lists(st.text(max_size=4), unique=True, max_size=20), st.integers(0, 100))
def test_that_the_order_does_not_depend_on_how_the_parts_are_listed(ids, seed):
    shuffled = random.Random(0).sample(ids, len(ids))
    assert order(ids, "nut", seed) == order(shuffled, "nut", seed)
    assert sorted(order(ids, "nut", seed)) == sorted(ids)


def test_that_the_lists_are_frozen():
    """Published tables are repeated with these lists: changing them is a new protocol."""
    ids = [f"train/good/{number:03}" for number in range(6)]
    assert [id[-1] for id in order(ids, "nut", 0)] == ["4", "5", "3", "0", "1", "2"]
    assert order(ids, "nut", 0) != order(ids, "nut", 1)
    assert order(ids, "nut", 0) != order(ids, "bolt", 0)


def test_that_the_own_validation_parts_calibrate():
    chosen = shots(scan_of(6, validation=3), "nut", 6, 0)
    assert chosen.calibrate == ("validation/good/100", "validation/good/101", "validation/good/102")


def test_that_at_most_60_parts_calibrate():
    assert len(shots(scan_of(100), "nut", 4, 0).calibrate) == 60


def test_that_learning_takes_exactly_the_list():
    parts = scan_of(8)
    chosen = shots(parts, "nut", 3, 0)
    split = split_parts(arranged(parts, chosen))
    assert {ref.id for ref in split.learn} == set(chosen.learn)
    assert {ref.id for ref in split.calibrate} == set(chosen.calibrate)
    assert arranged(parts, chosen).select("test") == parts.select("test")


@pytest.mark.parametrize(("train", "validation", "count"), [(4, 0, 4), (4, 2, 5)])
def test_that_too_few_good_parts_are_refused_with_how_many_are_possible(train, validation, count):
    with pytest.raises(InputError) as caught:
        shots(scan_of(train, validation), "nut", count, 0)
    assert "nut has 4 good parts to learn from, too few" in caught.value.message
    assert caught.value.cure == f"ask for at most {count - 1} shots"
