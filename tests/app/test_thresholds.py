"""The limits in force and what they make of the inspected parts."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.model.limit_words import limit_words
from app.model.session import Session
from app.model.thresholds import ThresholdModel
from app.model.undo import UndoStack
from inspector_core.decision.verdict import verdict_of
from inspector_core.types import Thresholds, Verdict
from tests.app.material import make_recipe, make_result, make_scan

GOOD = tuple(0.5 + 0.03 * i for i in range(25))
IDS = ("test/dent/000", "test/dent/001", "test/good/000", "test/good/001")
SCORES = (3.0, 1.45, 0.8, None)


def fill(session: Session, scores=SCORES) -> None:
    session.set_scan(make_scan(*IDS))
    session.set_recipe(make_recipe(GOOD, 1.2, 1.5))
    session.set_results(
        make_result(name, score, Thresholds(1.2, 1.5))
        for name, score in zip(IDS, scores, strict=True)
    )


def test_that_a_recipe_brings_its_limits(session, limits):
    fill(session)
    assert limits.current == Thresholds(1.2, 1.5)
    assert not limits.is_preview
    assert limits.top == 3.0


def test_that_moving_t2_is_a_preview_until_it_is_taken_back(session, limits, undo):
    fill(session)
    limits.set_t2(1.4)
    assert limits.is_preview
    undo.undo()
    assert limits.current == Thresholds(1.2, 1.5)
    assert not limits.is_preview


def test_that_counts_and_changes_follow_t2(session, limits):
    fill(session)
    assert limits.counts() == {
        Verdict.REJECT: 1,
        Verdict.REVIEW: 1,
        Verdict.ACCEPT: 1,
        Verdict.NOT_INSPECTED: 1,
    }
    limits.set_t2(1.45)
    assert limits.counts()[Verdict.REJECT] == 2
    assert limits.changes() == ("test/dent/001",)


def test_that_a_part_judged_by_colour_alone_is_never_accepted(session, limits):
    session.set_scan(make_scan(*IDS))
    recipe = make_recipe(GOOD, 1.2, 1.5)
    session.set_recipe(replace(recipe, fingerprint={"judged": ["rgb", "shape"]}))
    flat = make_result(IDS[0], 0.8, Thresholds(1.2, 1.5))
    session.set_results([replace(flat, scores={"rgb": 0.8, "fused": 0.8})])
    assert limits.verdict(session.result(IDS[0])) is Verdict.REVIEW
    assert limits.counts()[Verdict.REVIEW] == 1
    limits.set_t2(0.7)
    assert limits.verdict(session.result(IDS[0])) is Verdict.REJECT


def test_that_t1_gives_way_to_t2_and_returns_within_one_gesture(session, limits, undo):
    fill(session)
    limits.set_t2(0.9)
    assert limits.current == Thresholds(0.9, 0.9)
    limits.set_t2(1.4)
    assert limits.current == Thresholds(1.2, 1.4)
    undo.undo()
    assert limits.current == Thresholds(1.2, 1.5)


def test_that_t1_stops_at_t2(session, limits):
    fill(session)
    limits.set_t1(9.0)
    assert limits.current == Thresholds(1.5, 1.5)


@pytest.mark.parametrize("t2", [1.5000000000000002, 1.5043, 1.4968])
def test_that_a_step_changes_the_value_that_is_shown(session, limits, t2):
    session.set_scan(make_scan(*IDS))
    session.set_recipe(make_recipe(GOOD, 1.2, t2))
    limits.step_t2(-1)
    assert limits.current.t2 == pytest.approx(1.49)
    limits.step_t2(1)
    limits.step_t2(1)
    assert limits.current.t2 == pytest.approx(1.51)


def test_that_nothing_is_said_when_nothing_changes(session, limits):
    fill(session)
    said = []
    limits.changed.connect(lambda: said.append(1))
    limits.set_t2(1.5)
    limits.back_to_recipe()
    assert said == []


def test_that_another_recipe_forgets_moves(session, limits, undo):
    fill(session)
    limits.set_t2(1.4)
    session.set_recipe(make_recipe(GOOD, 2.0, 3.0))
    assert limits.current == Thresholds(2.0, 3.0)
    assert undo.undo_name == ""


def test_that_a_recipe_of_four_parts_accepts_nothing(session, limits):
    session.set_scan(make_scan(*IDS))
    session.set_recipe(make_recipe((0.9, 1.0), 1.2, 1.5, learnt=2))
    session.set_results([make_result("test/good/000", 0.1, Thresholds(1.2, 1.5))])
    assert limits.counts()[Verdict.REVIEW] == 1
    assert limits.verdict(session.results[0]) is Verdict.REVIEW


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    scores=st.lists(st.floats(0, 5), min_size=4, max_size=4),
    t1=st.floats(0.01, 4),
    t2=st.floats(0.01, 4),
)
def test_that_codes_of_thousands_equal_the_one_function(session, limits, scores, t1, t2):
    fill(session, scores)
    limits.set_t2(t2)
    limits.set_t1(t1)
    expected = [verdict_of(score, limits.current) for score in scores]
    counted = limits.counts()
    assert [limits.verdict(result) for result in session.results] == expected
    assert {word: expected.count(word) for word in counted} == counted


def test_that_the_promise_is_the_exact_bound_at_the_limit_in_force(session, limits):
    fill(session)
    assert "at most 11 %" in limit_words(session, limits).promise
    assert "0 of 25" in limit_words(session, limits).promise
    limits.set_t2(1.2)
    words = limit_words(session, limits)
    assert "1 of 25" in words.promise
    assert words.mark == "Preview"


def test_that_parts_that_change_are_named(session, limits):
    fill(session)
    limits.set_t2(1.4)
    assert limit_words(session, limits).changes == "<b>1 part</b> changes: dent / 001."


def test_that_fewer_than_twenty_good_parts_are_marked_provisional(session, limits):
    session.set_scan(make_scan(*IDS))
    session.set_recipe(make_recipe(GOOD[:8], 1.2, 1.5))
    words = limit_words(session, limits)
    assert words.mark == "Provisional"
    assert "8 good parts" in words.mark_reason


def test_that_the_words_say_what_a_report_would_say(session, limits):
    fill(session)
    said = limit_words(session, limits).report
    assert said == "A report now: 1 reject, 1 review, 1 accept, 1 not inspected."


def test_that_undo_names_the_move(session, limits, undo):
    fill(session)
    limits.set_t2(1.4)
    assert undo.undo_name == "limit 1.50 → 1.40"
    undo.undo()
    assert undo.redo_name == "limit 1.50 → 1.40"


def test_that_moves_of_one_gesture_are_one_step(qapp):
    undo = UndoStack()
    session = Session()
    limits = ThresholdModel(session, undo)
    fill(session)
    for value in (1.49, 1.48, 1.47):
        limits.set_t2(value)
    undo.seal()
    limits.set_t2(1.40)
    assert undo.undo_name == "limit 1.47 → 1.40"
    undo.undo()
    assert undo.undo_name == "limit 1.50 → 1.47"
    undo.undo()
    assert undo.undo_name == ""
