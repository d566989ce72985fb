"""Jobs: generators that yield progress, return a value, and clean up when closed."""

from __future__ import annotations

import pytest

from inspector_core.errors import Cancelled
from inspector_core.progress import Progress, drain, relayed


def job(log):
    try:
        for done in range(3):
            yield Progress("work", done, 3)
        return "value"
    finally:
        log.append("cleaned up")


def test_that_draining_gives_the_value_and_tells_each_step():
    told = []
    assert drain(job([]), told.append) == "value"
    assert [step.done for step in told] == [0, 1, 2]


def test_that_stopping_cancels_and_cleans_up():
    log, steps = [], []
    with pytest.raises(Cancelled) as caught:
        drain(job(log), steps.append, lambda: len(steps) == 2)
    assert log == ["cleaned up"]
    assert caught.value.exit_code == 130


def test_that_a_failing_listener_still_cleans_up():
    log = []

    def listener(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        drain(job(log), listener)
    assert log == ["cleaned up"]


def test_that_a_relayed_job_keeps_value_and_clean_up():
    log = []
    outer = relayed(job(log), "outer")
    assert next(outer).stage == "outer"
    outer.close()
    assert log == ["cleaned up"]
    assert drain(relayed(job([]), "outer")) == "value"


@pytest.mark.parametrize(("done", "total", "share"), [(1, 4, 0.25), (5, 4, 1.0), (3, 0, None)])
def test_that_the_share_is_known_only_with_a_total(done, total, share):
    assert Progress("x", done, total).share == share
