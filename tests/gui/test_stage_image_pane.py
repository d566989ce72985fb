"""The image pane: colours, outlines, views, mouse and keys."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QGraphicsView

from app.model.part_view import Message, Outline
from app.theme.apply import apply_theme
from app.theme.tokens import DARK
from app.views.image_pane import ImagePane
from app.views.image_pane.scale_bar import round_length
from inspector_core.types import Verdict
from tests.gui.made_part import DEFECT, HOLE, PITCH, SIDE, made_outline, made_part

TOP = 3.0


@pytest.fixture
def pane(qapp, qtbot) -> ImagePane:
    apply_theme(qapp, "dark")
    pane = ImagePane("Fused")
    qtbot.addWidget(pane)
    pane.resize(400, 300)
    pane.show_part(np.full((SIDE, SIDE), 66, np.uint8), PITCH)
    pane.show()
    qtbot.waitExposed(pane)
    return pane


def red_above(limit: float) -> np.ndarray:
    """A table that is opaque red above a value and clear below."""
    table = np.zeros((256, 4), np.uint8)
    table[np.linspace(0, TOP, 256) >= limit] = (255, 0, 0, 255)
    return table


def colour_at(pane: ImagePane, x: float, y: float) -> QColor:
    image = pane.grab().toImage()
    place = pane.to_screen(x, y) * image.devicePixelRatio()
    return image.pixelColor(round(place.x()), round(place.y()))


def count(image: QImage, colour: str) -> int:
    image = image.convertToFormat(QImage.Format.Format_RGBA8888)
    pixels = np.frombuffer(image.constBits(), np.uint8).reshape(-1, 4)[:, :3].astype(int)
    return int((abs(pixels - np.array(QColor(colour).getRgb()[:3])) < 30).all(axis=1).sum())


def surface(pane: ImagePane):
    return pane.findChild(QGraphicsView).viewport()


def test_that_the_table_colours_the_map_and_leaves_the_rest_to_the_picture(pane):
    pane.show_map(made_part().fused_map, TOP)
    pane.set_lookup(red_above(2.0))
    assert colour_at(pane, *DEFECT).name() == "#ff0000"
    assert colour_at(pane, 20, 40).name() == "#424242"


def test_that_a_moved_threshold_changes_the_colours_alone(pane):
    pane.show_map(made_part().fused_map, TOP)
    pane.set_lookup(red_above(2.0))
    view = pane.view
    pane.set_lookup(red_above(2.7))
    assert colour_at(pane, *DEFECT).name() == "#424242"
    assert pane.view == view


def test_that_pixels_without_a_value_show_the_picture(pane):
    pane.show_map(np.full((SIDE, SIDE), np.nan, np.float32), TOP)
    pane.set_lookup(red_above(0.1))
    assert colour_at(pane, 40, 40).name() == "#424242"


def test_that_a_hidden_map_leaves_the_picture(pane):
    pane.show_map(made_part().fused_map, TOP)
    pane.set_lookup(red_above(2.0))
    pane.set_map_visible(False)
    assert colour_at(pane, *DEFECT).name() == "#424242"
    pane.set_map_visible(True)
    assert colour_at(pane, *DEFECT).name() == "#ff0000"


def test_that_missing_readings_are_hatched_and_nothing_else_is(pane):
    before = pane.grab().toImage()
    view = made_part()
    pane.show_map(view.fused_map, TOP, ~view.valid)
    pane.set_lookup(np.zeros((256, 4), np.uint8))
    after = pane.grab().toImage()
    middle = pane.to_screen(*HOLE).toPoint()
    inside = [
        (x, y) for x in range(middle.x() - 9, middle.x() + 9) for y in (middle.y(), middle.y() + 3)
    ]
    changed = [p for p in inside if before.pixelColor(*p) != after.pixelColor(*p)]
    assert 2 <= len(changed) < len(inside)
    other = pane.to_screen(60, 20).toPoint()
    assert before.pixelColor(other) == after.pixelColor(other)


def test_that_outlines_are_white_and_the_selected_one_is_stronger(pane):
    plain = count(pane.grab().toImage(), DARK.outline)
    pane.set_outlines([made_outline()])
    outlined = count(pane.grab().toImage(), DARK.outline)
    pane.set_outlines([made_outline(selected=True)])
    selected = pane.grab().toImage()
    assert plain + 60 < outlined
    assert count(selected, DARK.accent) > 60, "the number of the selected defect has the accent"
    pane.set_outlines([])
    assert count(pane.grab().toImage(), DARK.outline) == plain


def test_that_an_outline_for_review_is_dashed(pane):
    pane.set_outlines([made_outline(verdict=Verdict.REJECT)])
    solid = count(pane.grab().toImage(), DARK.outline)
    pane.set_outlines([made_outline(verdict=Verdict.REVIEW)])
    assert count(pane.grab().toImage(), DARK.outline) < solid


@pytest.mark.parametrize("width", [1, 2, 12])
def test_that_a_border_never_hides_what_it_encloses(pane, width):
    values = np.full((SIDE, SIDE), 0.1, np.float32)
    values[40 : 40 + width, 20:60] = 2.5
    pane.show_map(values, TOP)
    pane.set_lookup(red_above(2.0))
    corners = np.array([[20, 40], [59, 40], [59, 39 + width], [20, 39 + width]], float)
    corners += np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]])
    pane.set_outlines([Outline(1, (corners,), selected=True)])
    middle = colour_at(pane, 40, 39.5 + width / 2)
    assert middle.red() > 200
    assert middle.blue() < 80


def test_that_a_tiny_defect_gets_a_ring_that_can_be_seen(pane):
    tiny = np.array([[40, 40], [41, 40], [41, 41], [40, 41]], float)
    pane.set_outlines([Outline(1, (tiny,))])
    image = pane.grab().toImage()
    centre = pane.to_screen(40.5, 40.5).toPoint()
    assert image.pixelColor(centre).name() == "#424242"
    beside = [image.pixelColor(centre.x() + d, centre.y()).lightness() for d in range(6, 12)]
    assert max(beside) > 180


def test_that_the_defect_at_a_pixel_is_known(pane):
    pane.set_outlines([made_outline(number=3)])
    assert pane.outline_at(*DEFECT) == 3
    assert pane.outline_at(5, 5) is None


def test_that_a_click_names_defect_and_pixel(pane, qtbot):
    pane.set_outlines([made_outline(number=3)])
    place = pane.to_screen(*DEFECT).toPoint()
    numbers, pixels = [], []
    pane.outline_clicked.connect(numbers.append)
    pane.clicked.connect(lambda x, y: pixels.append((x, y)))
    qtbot.mouseClick(surface(pane), Qt.MouseButton.LeftButton, pos=place)
    assert numbers == [3]
    assert pixels == [pytest.approx(DEFECT, abs=0.5)]


def test_that_moving_the_mouse_tells_the_pixel(pane):
    # sent to the widget itself: the platform's pointer may lie anywhere, or on another test's window
    pixels = []
    pane.hovered.connect(lambda x, y: pixels.append((x, y)))
    place = pane.to_screen(30, 40)
    event = QMouseEvent(
        QEvent.Type.MouseMove,
        place,
        QPointF(surface(pane).mapToGlobal(place)),
        Qt.MouseButton.NoButton,
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
    )
    QApplication.sendEvent(surface(pane), event)
    assert pixels == [pytest.approx([30, 40], abs=0.5)]


def wheel(pane: ImagePane, place: QPointF, delta: int) -> None:
    target = surface(pane)
    event = QWheelEvent(
        place,
        QPointF(target.mapToGlobal(place)),
        QPoint(),
        QPoint(0, delta),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(target, event)


def test_that_the_wheel_magnifies_about_the_pixel_under_the_mouse(pane):
    before = pane.to_screen(30, 40)
    wheel(pane, before, 240)
    assert pane.view.zoom > 1.2
    after = pane.to_screen(30, 40)
    assert (after - before).manhattanLength() < 1.0


def test_that_plus_minus_and_home_magnify_and_return(pane, qtbot):
    home = pane.view
    qtbot.keyClick(pane, Qt.Key.Key_Plus)
    assert pane.view.zoom == pytest.approx(1.25)
    qtbot.keyClick(pane, Qt.Key.Key_Minus)
    assert pane.view.zoom == pytest.approx(1.0)
    qtbot.keyClick(pane, Qt.Key.Key_Plus)
    qtbot.keyClick(pane, Qt.Key.Key_Home)
    assert pane.view == home


def test_that_linked_panes_of_other_size_show_the_same_middle_and_magnification(pane, qtbot):
    other = ImagePane("Shape")
    qtbot.addWidget(other)
    other.resize(200, 220)
    other.show_part(np.zeros((SIDE, SIDE), np.uint8))
    other.link_to(pane)
    wheel(pane, pane.to_screen(10, 10), 360)
    assert other.view == pane.view
    other.unlink_from(pane)
    wheel(pane, pane.to_screen(10, 10), 360)
    assert other.view != pane.view


def test_that_the_view_stays_for_a_part_of_the_same_size_only(pane, qtbot):
    pane.zoom_to((30, 30, 40, 40))
    view = pane.view
    assert view.zoom > 1.0
    pane.show_part(np.zeros((SIDE, SIDE, 3), np.uint8), PITCH)
    assert pane.view == view
    pane.show_part(np.zeros((SIDE * 2, SIDE, 3), np.uint8), PITCH)
    assert pane.view.zoom == 1.0


def test_that_a_box_is_brought_into_the_middle(pane):
    pane.zoom_to((46, 36, 54, 44))
    middle = pane.to_screen(50, 40)
    assert (middle - QPointF(200, 150)).manhattanLength() < 2


def test_that_resizing_keeps_the_same_pixel_in_the_middle(pane, qtbot):
    pane.zoom_to((46, 36, 54, 44))
    pane.resize(260, 220)
    assert (pane.to_screen(50, 40) - QPointF(130, 110)).manhattanLength() < 2


def test_that_the_scale_bar_has_the_length_that_it_names(pane):
    per_px = (pane.to_screen(1, 0) - pane.to_screen(0, 0)).x()
    assert pane.scale_text == "10 mm"
    wanted = 10 / PITCH * per_px
    assert pane.scale_length == pytest.approx(wanted, rel=0.01)


def test_that_there_is_no_scale_bar_without_a_known_pixel_size(pane):
    pane.show_part(np.zeros((SIDE, SIDE), np.uint8), None)
    assert pane.scale_text == ""


@given(st.floats(1e-3, 1e5))
def test_that_round_lengths_are_one_two_or_five_and_as_long_as_fits(longest):
    length = round_length(longest)
    digit = length / 10 ** math.floor(math.log10(length * 1.0000001))
    assert min(abs(digit - d) for d in (1, 2, 5)) < 1e-6
    assert length <= longest * 1.000001
    assert length > longest / 2.6


def test_that_the_marker_is_drawn_at_its_pixel_and_goes(pane):
    def ring() -> int:
        return count(pane.grab().toImage(), DARK.marker)

    assert ring() == 0
    pane.set_marker(40, 40)
    assert ring() > 10
    pane.set_marker(None, None)
    assert ring() == 0


def test_that_words_stand_where_the_map_is_missing(pane):
    pane.set_message(Message("No shape map", "This part has no 3D scan."))
    assert pane.words == ("No shape map", "This part has no 3D scan.", "")
    pane.set_message(None)
    assert pane.words == ("", "", "")


def test_that_a_double_click_on_the_title_asks_to_fill_the_stage(pane, qtbot):
    with qtbot.waitSignal(pane.maximise_requested):
        qtbot.mouseDClick(pane.tag, Qt.MouseButton.LeftButton)
