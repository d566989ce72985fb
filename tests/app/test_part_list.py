"""The filmstrip's rows: filter, counts, neighbours."""

from __future__ import annotations

import time

import pytest

from app.model.part_list import LINE_ROLE, VERDICT_ROLE, PartList, display_name
from inspector_core.types import Thresholds, Verdict
from tests.app.material import make_recipe, make_result, make_scan

LIMITS = Thresholds(1.2, 1.5)
IDS = (*(f"test/dent/{i:03d}" for i in range(4)), "train/good/000")


@pytest.fixture
def parts(session, limits) -> PartList:
    return PartList(session, limits)


def inspect(session, scores) -> None:
    session.set_scan(make_scan(*IDS))
    session.set_recipe(make_recipe((1.0,) * 20, LIMITS.t1, LIMITS.t2))
    for name, score in scores.items():
        session.add_result(make_result(name, score, LIMITS))


def test_that_a_folder_with_tests_shows_these_first(session, parts):
    session.set_scan(make_scan(*IDS))
    assert parts.ids() == list(IDS[:4])
    session.set_split("")
    assert parts.ids() == list(IDS)


def test_that_a_name_is_as_people_say_it(session):
    session.set_scan(make_scan(*IDS))
    assert display_name(session.ref("test/dent/003")) == "dent / 003"


def test_that_a_filter_shows_parts_with_that_verdict_at_the_limits_in_force(session, limits, parts):
    inspect(session, {IDS[0]: 3.0, IDS[1]: 1.3, IDS[2]: 0.4})
    parts.set_filter(Verdict.REJECT)
    assert parts.ids() == [IDS[0]]
    limits.set_t2(1.25)
    assert parts.ids() == [IDS[0], IDS[1]]
    assert parts.counts[Verdict.REJECT] == 2
    assert parts.counts[None] == 4


def test_that_a_row_says_verdict_and_p_value(session, parts):
    inspect(session, {IDS[0]: 3.0})
    index = parts.index(0)
    assert index.data(LINE_ROLE) == "reject · p 0.10"
    assert Verdict(index.data(VERDICT_ROLE)) is Verdict.REJECT
    assert parts.index(1).data(LINE_ROLE) == "not inspected"


def test_that_a_part_that_failed_is_told_from_one_not_inspected_yet(session, parts):
    inspect(session, {IDS[0]: None})
    assert parts.index(0).data(LINE_ROLE) == "cannot be inspected"
    assert parts.counts[Verdict.NOT_INSPECTED] == 4


def test_that_neighbours_follow_the_filter(session, parts):
    inspect(session, {IDS[0]: 3.0, IDS[1]: 0.2, IDS[2]: 3.0})
    parts.set_filter(Verdict.REJECT)
    assert parts.neighbour(IDS[0], 1) == IDS[2]
    assert parts.neighbour(IDS[2], 1) == ""
    assert parts.neighbour("", 1) == IDS[0]


def test_that_another_folder_replaces_every_row(session, parts):
    session.set_scan(make_scan(*IDS))
    session.set_scan(make_scan("test/scratch/000", *IDS[1:4]))
    assert parts.index(0).data() == "scratch / 000"


def test_that_ten_thousand_parts_follow_a_limit_within_a_frame(session, limits, parts):
    ids = [f"test/dent/{i:05d}" for i in range(10_000)]
    session.set_scan(make_scan(*ids))
    session.set_recipe(make_recipe((1.0,) * 20, LIMITS.t1, LIMITS.t2))
    session.set_results(make_result(name, 0.5 + i / 5_000, LIMITS) for i, name in enumerate(ids))
    times = []
    for value in (1.51, 1.52, 1.53, 1.54, 1.55):
        started = time.perf_counter()
        limits.set_t2(value)
        times.append(time.perf_counter() - started)
    assert min(times) < 0.1
    assert parts.counts[Verdict.REJECT] == sum(0.5 + i / 5_000 >= 1.55 for i in range(10_000))
