"""Memories of good places, and how rare a value is among good parts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector_core.detectors.contract import Context
from inspector_core.detectors.unaligned.memory import Memory, Tail, Tails, Weighing, thinned
from inspector_core.device import Hardware
from inspector_core.progress import drain

CONTEXT = Context(prepare=lambda sample: sample, machine=Hardware(), seed=0)
WEIGHINGS = (Weighing(standardised=False), Weighing(), Weighing(ridge=0.1))


def test_that_the_value_of_one_good_pixel_in_ten_has_rarity_one():
    tail = Tail.of(np.linspace(0, 1, 100_001))
    assert np.allclose(tail(np.array([0.0, 0.9, 0.99, 0.999])), [0, 1, 2, 3], atol=0.02)


def test_that_rarity_grows_on_beyond_all_good_values():
    tail = Tail.of(np.random.default_rng(0).exponential(size=50_000))
    far = tail(np.array([10.0, 20.0, 40.0]))
    # an exponential tail: a decade rarer every log(10)
    assert np.allclose(np.diff(far), [10 / np.log(10), 20 / np.log(10)], rtol=0.15)


def test_that_unknown_values_stay_unknown():
    assert np.isnan(Tail.of(np.arange(10.0))(np.array([np.nan]))).all()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0, 100, width=32), min_size=1, max_size=40))
def test_that_rarity_never_falls_and_is_finite(values):
    tail = Tail.of(np.array(values))
    rarity = tail(np.linspace(-1, 1000, 500))
    assert np.isfinite(rarity).all()
    assert (np.diff(rarity) >= -1e-4).all()
    assert tail(np.array([1e4]))[0] > tail(np.array([max(values)]))[0]


def good_parts():
    rng = np.random.default_rng(2)
    return {4: rng.normal(size=500), 7: rng.normal(size=500), 9: rng.normal(3, 1, 500)}


def test_that_a_part_does_not_say_how_rare_its_own_values_are():
    good = good_parts()
    tails = Tails.of(good)
    assert tails.without(9)(np.array([4.0]))[0] > tails.whole(np.array([4.0]))[0] + 1
    alone = Tail.of(np.concatenate([good[4], good[7]]))
    assert tails.without(9).values.tobytes() == alone.values.tobytes()


def test_that_parts_that_said_nothing_are_judged_by_all_that_did():
    tails = Tails.of(good_parts())
    assert tails.without(5) is tails.whole
    alone = Tails.of({3: np.arange(9.0)})
    assert alone.without(3) is alone.whole


def test_that_tails_come_back_from_their_tensors():
    tails = Tails.of(good_parts())
    again = Tails.restored("a", tails.tensors("a"))
    for number in (-1, 4, 7, 9):
        first, second = tails.without(number), again.without(number)
        assert first.values.tobytes() == second.values.tobytes()
        assert first.rarity.tobytes() == second.rarity.tobytes()


def places(seed=0):
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(120, 4)).astype(np.float32)
    return rows, np.repeat(np.arange(4), 30)


def test_that_a_kept_place_is_at_no_distance_and_names_its_part():
    rows, owner = places()
    memory = drain(Memory.learnt(rows, owner, 120, CONTEXT, Weighing()))
    distance, place = memory.distances(rows[40:50], CONTEXT)
    assert np.allclose(distance, 0, atol=1e-4)
    assert (memory.bank.owner[place] == 1).all()


def test_that_a_part_judged_as_unknown_does_not_meet_its_own_places():
    rows, owner = places()
    memory = drain(Memory.learnt(rows, owner, 120, CONTEXT, Weighing()))
    distance, place = memory.distances(rows[owner == 2], CONTEXT, own=2)
    assert (distance > 0.01).all()
    assert (memory.bank.owner[place] != 2).all()


def test_that_values_which_do_not_go_together_stand_out_once_correlations_are_taken_out():
    rows, owner = places()
    rows[:, 1] = rows[:, 0] + 0.05 * rows[:, 1]
    usual, odd = np.array([[1.5, 1.5, 0, 0]]), np.array([[1.5, -1.5, 0, 0]])
    far = {}
    for weighing in WEIGHINGS:
        memory = drain(Memory.learnt(rows, owner, 120, CONTEXT, weighing))
        distance = memory.distances(np.concatenate([usual, odd]).astype(np.float32), CONTEXT)[0]
        far[weighing] = distance[1] / distance[0]
    assert far[WEIGHINGS[2]] > 1.3 * far[WEIGHINGS[1]]


@pytest.mark.parametrize("weighing", WEIGHINGS)
def test_that_a_memory_comes_back_from_its_tensors(weighing):
    rows, owner = places()
    memory = drain(Memory.learnt(rows, owner, 30, CONTEXT, weighing))
    again = Memory.restored("m", memory.tensors("m"))
    first, second = (one.distances(rows, CONTEXT)[0] for one in (memory, again))
    assert first.tobytes() == second.tobytes()


def test_that_a_part_with_many_places_gives_some_of_them_in_their_order_and_the_same_again():
    places = np.arange(100, dtype=np.float32)[:, None]
    some = thinned(places, 30, seed=0)
    assert len(some) == 30
    assert (np.diff(some[:, 0]) > 0).all()
    assert np.array_equal(some, thinned(places, 30, seed=0))
    assert not np.array_equal(some, thinned(places, 30, seed=1))
    assert np.array_equal(thinned(places[:10], 30, seed=0), places[:10])
