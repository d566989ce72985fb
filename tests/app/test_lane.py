"""The engine's thread: order, cancel, looks between steps, failures as sentences."""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

import pytest

from app.worker.lane import Lane, Urgency
from app.worker.sentences import Failure, failure_of
from app.worker.tickets import Desk
from inspector_core.errors import InputError
from inspector_core.progress import Progress


@pytest.fixture
def lane(qapp):
    lane = Lane()
    lane.start()
    yield lane
    assert lane.close()


def steps(count: int, seconds: float = 0.0, value: object = None, record: list | None = None):
    try:
        for done in range(count):
            time.sleep(seconds)
            if record is not None:
                record.append(done)
            yield Progress("Working", done, count)
        return value
    finally:
        if record is not None:
            record.append("closed")


def test_that_work_gives_its_value_in_the_order_of_requests(qtbot, lane):
    results = []
    lane.done.connect(lambda ticket, value: results.append((ticket, value)))
    tickets = [lane.work("a", lambda n=n: steps(2, 0.0, n)) for n in (1, 2, 3)]
    qtbot.waitUntil(lambda: len(results) == 3, timeout=5000)
    assert results == list(zip(tickets, (1, 2, 3), strict=True))


def test_that_cancel_stops_after_the_step_in_hand_and_closes_the_job(qtbot, lane):
    record, ended = [], []
    lane.cancelled.connect(ended.append)
    running = lane.work("long", lambda: steps(1000, 0.02, record=record))
    waiting = lane.work("never", lambda: steps(1, record=record))
    qtbot.waitUntil(lambda: len(record) > 2, timeout=5000)
    started = time.monotonic()
    lane.cancel()
    qtbot.waitUntil(lambda: len(ended) == 2, timeout=5000)
    assert time.monotonic() - started < 1.0
    assert set(ended) == {running, waiting}
    assert record[-1] == "closed"


def test_that_a_look_is_served_while_work_runs(qtbot, lane):
    record, results = [], []
    lane.done.connect(lambda ticket, value: results.append(value))
    lane.work("long", lambda: steps(1000, 0.01, record=record))
    qtbot.waitUntil(lambda: len(record) > 2, timeout=5000)
    lane.look("part", lambda: steps(1, 0.0, "part"))
    qtbot.waitUntil(lambda: results == ["part"], timeout=5000)
    assert "closed" not in record
    lane.cancel()


def test_that_the_newest_look_replaces_an_older_one(qtbot, lane):
    results, dropped = [], []
    lane.done.connect(lambda ticket, value: results.append(value))
    lane.cancelled.connect(dropped.append)
    hold = threading.Event()

    def held():
        hold.wait(5)
        yield Progress("held")

    lane.work("held", held)
    first = lane.look("a", lambda: steps(1, 0.0, "a"))
    lane.look("b", lambda: steps(1, 0.0, "b"))
    hold.set()
    qtbot.waitUntil(lambda: "b" in results, timeout=5000)
    assert "a" not in results
    assert dropped == [first]


def test_that_a_part_comes_before_thumbnails(qtbot, lane):
    order = []

    def thumbnails():
        for number in range(50):
            time.sleep(0.005)
            order.append(number)
            yield Progress("Thumbnails")

    def part():
        order.append("part")
        yield Progress("Opening")

    lane.look("thumbnails", thumbnails, Urgency.THUMBNAIL)
    qtbot.waitUntil(lambda: len(order) > 2, timeout=5000)
    lane.look("part", part, Urgency.PART)
    qtbot.waitUntil(lambda: 49 in order, timeout=5000)
    assert order.index("part") < 20


def test_that_a_failure_is_a_sentence_with_its_cure(qtbot, lane):
    def failing():
        yield Progress("Reading")
        raise InputError("012.tiff: 1 channel found, 3 needed", cure="export the organised cloud")

    failures = []
    lane.failed.connect(lambda _, failure: failures.append(failure))
    lane.work("Reading the folder", failing)
    qtbot.waitUntil(lambda: bool(failures), timeout=5000)
    assert failures[0] == Failure(
        "Reading the folder",
        "012.tiff: 1 channel found, 3 needed.",
        "Export the organised cloud.",
    )


def test_that_progress_is_told_at_most_twenty_times_a_second(qtbot, lane):
    told, done = [], []
    lane.stepped.connect(lambda *_: told.append(time.monotonic()))
    lane.done.connect(lambda *_: done.append(1))
    started = time.monotonic()
    lane.work("quick", lambda: steps(200, 0.002))
    qtbot.waitUntil(lambda: bool(done), timeout=10000)
    assert 1 <= len(told) <= 2 + 20 * (time.monotonic() - started)


def test_that_the_lane_closes_while_work_is_pending(qapp):
    lane = Lane()
    lane.start()
    for _ in range(50):
        lane.work("pending", lambda: steps(10, 0.05))
    started = time.monotonic()
    assert lane.close()
    assert time.monotonic() - started < 2.0


def test_that_a_desk_calls_back_and_knows_when_all_work_ended(qtbot, lane):
    desk, values, ends = Desk(lane), [], []
    desk.work_ended.connect(lambda: ends.append(1))

    def chained(value):
        values.append(value)
        if value == 1:
            desk.work("second", lambda: steps(1, 0.0, 2), chained)

    desk.work("first", lambda: steps(1, 0.0, 1), chained)
    qtbot.waitUntil(lambda: values == [1, 2] and bool(ends), timeout=5000)
    assert ends == [1]


def test_that_a_fault_of_ours_is_named_and_keeps_its_traceback_for_the_details():
    try:
        raise ZeroDivisionError("division by zero")
    except ZeroDivisionError as error:
        failure = failure_of(error, "Inspecting")
    assert failure.sentence == "The program made a mistake (ZeroDivisionError)."
    assert "Traceback" in failure.details
    assert "Traceback" not in failure.sentence + failure.cure


def test_that_an_operating_system_error_names_file_and_reason():
    with pytest.raises(OSError, match="No such file") as raised:
        Path("/none/such").read_bytes()
    assert failure_of(raised.value).sentence == "/none/such: No such file or directory."


def test_that_emitting_a_bool_leaves_its_reference_count_alone(qapp):
    """PySide6 6.12.0 on Python 3.11 loses one reference per emit and then aborts the program."""
    from PySide6.QtCore import QObject, Signal

    class Source(QObject):
        said = Signal(bool)
        said_object = Signal(object)

    source = Source()
    before = sys.getrefcount(True)
    for _ in range(1000):
        source.said.emit(True)
        source.said_object.emit(True)
    assert abs(sys.getrefcount(True) - before) < 500
