"""Borders as they are drawn: nothing vanishes below the line, and no border takes long."""

from __future__ import annotations

import time

import numpy as np
import pytest
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainterPath, QPolygonF

from app.theme.drawing import legible
from app.views.image_pane.annotations import without_specks


def bar(length: float, width: float) -> QPainterPath:
    path = QPainterPath()
    path.addRect(QRectF(20, 20, length, width))
    return path


@pytest.fixture
def sieve() -> QPainterPath:
    """A ragged blob of 60 x 60 pixels with a hundred holes."""
    path = QPainterPath()
    angle = np.linspace(0, 2 * np.pi, 400)
    reach = 30 + 4 * np.sin(23 * angle) + 2 * np.sin(71 * angle)
    corners = zip(50 + reach * np.cos(angle), 50 + reach * np.sin(angle), strict=True)
    path.addPolygon(QPolygonF([QPointF(x, y) for x, y in corners]))
    for row in range(10):
        for column in range(10):
            path.addRect(QRectF(30 + 4 * column, 30 + 4 * row, 1.5, 1.5))
    return path


def test_that_a_thick_border_is_drawn_where_it_is(qapp):
    path = bar(60, 40)
    assert legible(path) is path


def test_that_a_thin_border_is_kept_off_what_it_encloses(qapp):
    box = legible(bar(80, 2)).boundingRect()
    # half a pixel of rounding on either side
    assert box.left() == pytest.approx(20 - 3.5, abs=1.0)
    assert box.right() == pytest.approx(100 + 3.5, abs=1.0)
    assert box.top() == pytest.approx(20 - 3.5, abs=1.0)
    assert box.bottom() == pytest.approx(22 + 3.5, abs=1.0)


def test_that_what_is_very_small_gets_a_ring(qapp):
    box = legible(bar(4, 3)).boundingRect()
    assert box.width() == box.height() == 18
    assert box.center() == QPointF(22, 21.5)


def test_that_a_border_with_many_holes_takes_no_time(sieve, qapp):
    start = time.thread_time()
    around = legible(sieve)
    # an exact union of the stroked border took seconds
    assert time.thread_time() - start < 0.25
    assert around.boundingRect().contains(sieve.boundingRect())


def test_that_holes_too_small_to_be_seen_are_not_outlined(sieve, qapp):
    plain = without_specks(sieve)
    assert len(sieve.toSubpathPolygons()) == 101
    assert len(plain.toSubpathPolygons()) == 1
    assert plain.boundingRect() == sieve.boundingRect()


def test_that_a_defect_smaller_than_a_speck_keeps_its_border(qapp):
    path = bar(2, 1)
    assert without_specks(path) is path
