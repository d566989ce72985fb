"""The stage: five panes on the same part, place, colours and defects."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QGraphicsView

from app.model.part_view import Message, Outline, PartView
from app.theme.apply import apply_theme
from app.theme.tokens import DARK, LIGHT
from app.views.stage import Stage
from inspector_core.types import Verdict
from tests.gui.made_part import DEFECT, SIDE, made_outline, made_part

LIMITS = (1.2, 1.5, 3.0)


@pytest.fixture(scope="module")
def shown(qapp):
    """One stage with 3D for the whole module."""
    apply_theme(qapp, "dark")
    stage = Stage()
    stage.resize(900, 700)
    stage.show()
    yield stage
    stage.close_gl()
    stage.deleteLater()


@pytest.fixture
def stage(shown, qtbot) -> Stage:
    if shown.grid.current:
        shown.maximise(0)
    shown.set_thresholds(*LIMITS)
    shown.set_cloud_mode("fused")
    shown.set_linked(True)
    shown.set_selected(None)
    shown.show_part(made_part())
    wait(shown, qtbot)
    shown.fit()
    wait(shown, qtbot)
    return shown


def wait(stage: Stage, qtbot) -> None:
    qtbot.waitUntil(lambda: stage.settled, timeout=40_000)


def panes(stage: Stage) -> list:
    return [stage.rgb_pane, stage.cloud_pane, *stage.map_panes.values()]


def colour_at(pane, x: int, y: int) -> QColor:
    image = pane.grab().toImage()
    return image.pixelColor((pane.to_screen(x, y) * image.devicePixelRatio()).toPoint())


def is_warm(colour: QColor) -> bool:
    return colour.red() > colour.blue() + 60


def ring(pane) -> int:
    image = pane.grab().toImage().convertToFormat(pane.grab().toImage().Format.Format_RGBA8888)
    pixels = np.frombuffer(image.constBits(), np.uint8).reshape(-1, 4)[:, :3].astype(int)
    wanted = np.array(QColor(DARK.marker).getRgb()[:3])
    return int((abs(pixels - wanted) < 24).all(axis=1).sum())


def surface(pane):
    return pane.findChild(QGraphicsView).viewport()


def hover(stage: Stage, qtbot, pane, x: int, y: int) -> None:
    target = pane if pane is stage.cloud_pane else surface(pane)
    place = pane.to_screen(x, y).toPoint()
    qtbot.mouseMove(target, place / 2)
    qtbot.mouseMove(target, place)


def test_that_the_defect_has_the_same_colour_in_maps_and_cloud_and_none_in_the_picture(stage):
    colours = [colour_at(pane, *DEFECT) for pane in panes(stage)]
    picture, cloud, *maps = colours
    assert not is_warm(picture)
    assert is_warm(cloud)
    assert {colour.name() for colour in maps} == {maps[0].name()}
    assert is_warm(maps[0])


def test_that_a_moved_threshold_reaches_every_map_and_the_cloud_at_once(stage):
    stage.set_thresholds(8.0, 9.0, 3.0)
    assert not any(is_warm(colour_at(pane, *DEFECT)) for pane in panes(stage))
    assert stage.settled, "nothing had to be drawn anew"
    stage.set_thresholds(*LIMITS)
    assert is_warm(colour_at(stage.cloud_pane, *DEFECT))


def test_that_another_top_rescales_all_maps(stage):
    before = colour_at(stage.map_panes["fused"], *DEFECT)
    stage.set_thresholds(1.2, 1.5, 12.0)
    after = colour_at(stage.map_panes["fused"], *DEFECT)
    assert after.lightness() < before.lightness()


def test_that_opacity_scales_the_maps(stage):
    stage.set_opacity(0.0)
    assert not is_warm(colour_at(stage.map_panes["shape"], *DEFECT))
    stage.set_opacity(1.0)
    assert is_warm(colour_at(stage.map_panes["shape"], *DEFECT))


def test_that_the_colour_map_is_the_same_in_maps_cloud_and_legend(stage):
    stage.set_colormap("cividis")
    assert not is_warm(colour_at(stage.map_panes["fused"], 30, 30))
    fused, cloud = (
        colour_at(pane, *DEFECT) for pane in (stage.map_panes["fused"], stage.cloud_pane)
    )
    assert abs(fused.hslHue() - cloud.hslHue()) < 8
    stage.set_colormap("inferno")


def test_that_hidden_maps_leave_grey_pictures(stage):
    stage.set_maps_visible(False)
    assert not is_warm(colour_at(stage.map_panes["fused"], *DEFECT))
    stage.set_maps_visible(True)


def test_that_hovering_in_a_picture_moves_the_cursor_in_all_other_panes(stage, qtbot):
    with qtbot.waitSignal(stage.hovered) as caught:
        hover(stage, qtbot, stage.rgb_pane, 30, 40)
    assert ring(stage.rgb_pane) == 0, "the mouse itself is there"
    assert all(ring(pane) > 10 for pane in panes(stage)[1:])
    assert caught.args is not None


def test_that_hovering_in_the_cloud_moves_the_cursor_in_the_pictures(stage, qtbot):
    found = []
    stage.hovered.connect(lambda x, y: found.append((x, y)))
    hover(stage, qtbot, stage.cloud_pane, *DEFECT)
    assert np.abs(np.subtract(found[-1], DEFECT)).max() <= 1
    assert ring(stage.cloud_pane) == 0
    assert ring(stage.rgb_pane) > 10


def test_that_the_readout_in_mm_stands_in_the_cloud(stage, qtbot):
    hover(stage, qtbot, stage.map_panes["shape"], *DEFECT)
    place, comparison = stage.cloud_pane.readout
    assert place.endswith("z 395.0 mm")
    assert comparison == "0.50 mm below the good parts · 2.50 × usual"


def test_that_leaving_takes_cursor_and_readout_away(stage, qtbot):
    hover(stage, qtbot, stage.rgb_pane, 30, 40)
    with qtbot.waitSignal(stage.left):
        stage.rgb_pane.left.emit()
    assert stage.cloud_pane.readout == ()
    assert all(ring(pane) == 0 for pane in panes(stage))


def test_that_a_click_in_picture_or_cloud_names_the_defect_or_the_pixel(stage, qtbot):
    stage.set_outlines([made_outline(number=2)])
    for pane in (stage.rgb_pane, stage.cloud_pane):
        target = pane if pane is stage.cloud_pane else surface(pane)
        with qtbot.waitSignal(stage.defect_clicked) as defect:
            qtbot.mouseClick(
                target, Qt.MouseButton.LeftButton, pos=pane.to_screen(*DEFECT).toPoint()
            )
        assert defect.args == [2]
        with qtbot.waitSignal(stage.pixel_clicked) as pixel:
            qtbot.mouseClick(
                target, Qt.MouseButton.LeftButton, pos=pane.to_screen(25, 25).toPoint()
            )
        assert np.abs(np.subtract(pixel.args, (25, 25))).max() <= 1


def test_that_the_selected_defect_is_stronger_in_every_pane(stage):
    stage.set_outlines([made_outline(number=2, verdict=Verdict.REVIEW)])
    plain = [pane.grab().toImage() for pane in panes(stage)]
    stage.set_selected(2)
    assert all(
        pane.grab().toImage() != before for pane, before in zip(panes(stage), plain, strict=True)
    )
    stage.set_selected(None)
    assert stage.rgb_pane.grab().toImage() == plain[0]


def test_that_a_new_part_has_no_outlines_of_the_one_before(stage, qtbot):
    stage.set_outlines([made_outline()])
    stage.show_part(made_part())
    wait(stage, qtbot)
    assert stage.rgb_pane.outline_at(*DEFECT) is None


def test_that_zoom_is_linked_relative_to_each_pane_until_unlinked(stage, qtbot):
    stage.rgb_pane.setFocus()
    qtbot.keyClick(stage.rgb_pane, Qt.Key.Key_Plus)
    assert {pane.view for pane in stage.map_panes.values()} == {stage.rgb_pane.view}
    stage.set_linked(False)
    qtbot.keyClick(stage.rgb_pane, Qt.Key.Key_Plus)
    assert stage.map_panes["fused"].view != stage.rgb_pane.view
    stage.set_linked(True)
    assert stage.map_panes["fused"].view == stage.rgb_pane.view


def test_that_a_defect_is_brought_into_the_middle_of_every_pane(stage, qtbot):
    stage.zoom_to((46, 36, 54, 44))
    wait(stage, qtbot)
    for pane in panes(stage):
        middle = pane.to_screen(*DEFECT)
        assert abs(middle.x() - pane.width() / 2) < 4, pane.accessibleName()
    stage.fit()
    assert stage.rgb_pane.view.zoom == pytest.approx(1.0)


def test_that_a_pane_fills_the_stage_and_comes_back(stage, qtbot):
    sizes = [pane.size() for pane in panes(stage)]
    with qtbot.waitSignal(stage.maximised) as number:
        qtbot.mouseDClick(stage.map_panes["shape"].tag, Qt.MouseButton.LeftButton)
    assert number.args == [4]
    assert [pane.isVisible() for pane in panes(stage)] == [False, False, False, True, False]
    assert stage.legend.isVisible()
    stage.maximise(4)
    assert all(pane.isVisible() for pane in panes(stage))
    qtbot.waitUntil(lambda: [pane.size() for pane in panes(stage)] == sizes)


def test_that_a_picture_can_fill_the_stage_without_the_maps(stage):
    stage.maximise(1)
    assert [pane.isVisible() for pane in panes(stage)] == [True, False, False, False, False]
    assert not stage.legend.isVisible()
    stage.maximise(2)
    assert stage.cloud_pane.isVisible()
    stage.maximise(0)


def test_that_without_a_scan_the_stage_says_so_and_shows_the_rest(stage, qtbot):
    stage.show_part(
        made_part(xyz=None, normals=None, shape_map=None, deviation_mm=None, height_mm=None)
    )
    wait(stage, qtbot)
    assert stage.cloud_pane.words[0] == "No 3D scan"
    assert stage.map_panes["shape"].words[1] == "This part has no 3D scan."
    assert is_warm(colour_at(stage.map_panes["fused"], *DEFECT))
    hover(stage, qtbot, stage.rgb_pane, *DEFECT)
    assert stage.rgb_pane.readout == ("column 50   row 40", "2.50 × usual")


def test_that_without_a_picture_relief_stands_below_the_maps(stage, qtbot):
    stage.show_part(made_part(rgb=None, rgb_map=None))
    wait(stage, qtbot)
    assert stage.rgb_pane.words[0] == "No picture"
    assert stage.map_panes["rgb"].words[1] == "This part has no picture."
    assert is_warm(colour_at(stage.map_panes["fused"], *DEFECT))
    assert colour_at(stage.map_panes["fused"], 30, 30).lightness() > 40


def test_that_a_message_stands_over_the_maps_while_picture_and_cloud_are_shown(stage, qtbot):
    words = Message("No recipe yet", "Learn from this folder's good parts.")
    stage.show_part(made_part(rgb_map=None, shape_map=None, fused_map=None, message=words))
    wait(stage, qtbot)
    assert stage.words == ("No recipe yet", "Learn from this folder's good parts.", "")
    assert all(pane.words == ("", "", "") for pane in panes(stage))
    assert not stage.legend.isEnabled()


def test_that_an_unreadable_part_says_problem_and_cure_over_the_whole_stage(stage, qtbot):
    words = Message("Not inspected", "012.tiff ends early.", "Copy it again.")
    stage.show_part(PartView("x", message=words))
    wait(stage, qtbot)
    assert stage.words == ("Not inspected", "012.tiff ends early.", "Copy it again.")
    corner = stage.grab().toImage().pixelColor(40, 400)
    assert corner.name() == DARK.view
    stage.show_part(made_part())
    wait(stage, qtbot)
    assert stage.words == ("", "", "")


def test_that_waiting_is_said_in_words_only_after_a_while(stage, qtbot):
    stage.show_loading("dent / 004")
    assert stage.words == ("", "", "")
    qtbot.waitUntil(lambda: stage.words[1] == "dent / 004", timeout=5000)
    stage.show_part(made_part())
    assert stage.words == ("", "", "")


def test_that_the_cloud_offers_what_the_part_has(stage, qtbot):
    assert stage.cloud_modes() == ("rgb", "colour", "shape", "fused", "height", "deviation")
    stage.show_part(made_part(deviation_mm=None, shape_map=None))
    assert stage.cloud_modes() == ("rgb", "colour", "fused", "height")


def test_that_deviation_is_coloured_blue_below_and_has_its_own_scale(stage, qtbot):
    stage.set_cloud_mode("deviation")
    below = colour_at(stage.cloud_pane, *DEFECT)
    assert below.blue() > below.red() + 30
    strip = stage.cloud_scale
    assert strip.isVisible()
    assert strip.accessibleDescription() == "−1 to 1 mm, fixed"
    stage.set_deviation_reach(0.25)
    assert strip.accessibleDescription() == "−0.25 to 0.25 mm, fixed"
    stage.set_cloud_mode("fused")
    assert not strip.isVisible()


def test_that_the_height_scale_never_shrinks_between_parts(stage, qtbot):
    stage.set_cloud_mode("height")
    assert stage.cloud_scale.accessibleDescription() == "0 to 5 mm, fixed"
    tall = made_part()
    stage.show_part(made_part(height_mm=tall.height_mm * 3))
    wait(stage, qtbot)
    assert stage.cloud_scale.accessibleDescription() == "0 to 16 mm, fixed"
    stage.show_part(tall)
    wait(stage, qtbot)
    assert stage.cloud_scale.accessibleDescription() == "0 to 16 mm, fixed"


def test_that_a_mode_chosen_on_the_cloud_is_told(stage, qtbot):
    action = next(a for a in stage.mode_button.menu().actions() if a.data() == "height")
    with qtbot.waitSignal(stage.cloud_mode_changed) as caught:
        action.trigger()
    assert caught.args == ["height"]
    assert stage.cloud_pane.mode == "height"


def test_that_the_keyboard_can_be_given_to_the_stage_and_shows_where_it_is(stage, qtbot):
    stage.activateWindow()
    stage.setFocus()
    qtbot.waitUntil(stage.rgb_pane.hasFocus)
    edge = stage.rgb_pane.grab().toImage().pixelColor(0, 200)
    assert edge.name() == DARK.accent
    qtbot.keyClick(stage.rgb_pane, Qt.Key.Key_Tab)
    assert not stage.rgb_pane.hasFocus()
    assert stage.rgb_pane.grab().toImage().pixelColor(0, 200).name() != DARK.accent


def test_that_a_wrong_mode_is_refused(stage):
    with pytest.raises(ValueError, match="no colour mode 'heat'"):
        stage.set_cloud_mode("heat")


def test_that_the_legend_tells_the_limits_to_a_screen_reader(stage):
    assert stage.legend.accessibleDescription() == (
        "0 to 3.00 times the usual, fixed; T1 1.20, T2 1.50"
    )


def test_that_the_summary_is_on_every_pane(stage):
    stage.set_summary("reject, 1 defect, 4.1 mm")
    assert {pane.accessibleDescription() for pane in panes(stage)} == {"reject, 1 defect, 4.1 mm"}


def test_that_dark_pictures_can_be_brightened_on_the_screen_alone(stage, qtbot):
    stage.set_outlines([made_outline(number=7)])
    before = colour_at(stage.rgb_pane, 30, 30).lightness()
    stage.set_display_gain(1.8)
    wait(stage, qtbot)
    assert colour_at(stage.rgb_pane, 30, 30).lightness() > before * 1.5
    assert stage.rgb_pane.outline_at(*DEFECT) == 7, "what is outlined stays"
    stage.set_display_gain(1.0)


def test_that_both_themes_show_the_same_maps_on_their_own_background(stage, qapp, qtbot):
    dark = colour_at(stage.map_panes["fused"], *DEFECT)
    apply_theme(qapp, "light")
    wait(stage, qtbot)
    assert colour_at(stage.map_panes["fused"], *DEFECT) == dark
    assert stage.cloud_pane.grab().toImage().pixelColor(4, 200).name() == LIGHT.view
    apply_theme(qapp, "dark")
    wait(stage, qtbot)


def test_that_the_window_can_open_before_pyqtgraph_and_vtk_are_loaded():
    script = (
        "import sys; import app.views.stage, app.views.start_page;"
        "print([m for m in ('pyqtgraph', 'vtkmodules', 'scipy', 'skimage', 'torch', 'open3d')"
        " if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_that_sizes_of_parts_may_differ(stage, qtbot):
    half = {
        "rgb": np.full((40, SIDE, 3), 90, np.uint8),
        "xyz": made_part().xyz[:40],
        "normals": None,
        "foreground": None,
    }
    none = dict.fromkeys(("rgb_map", "shape_map", "fused_map", "deviation_mm", "height_mm"))
    stage.show_part(made_part(**half, **none))
    wait(stage, qtbot)
    assert stage.rgb_pane.view.y == pytest.approx(19.5)


def test_that_a_smaller_part_in_another_place_is_looked_at_anew(stage, qtbot):
    moved = made_part()
    xyz = moved.xyz + np.array([200.0, 0.0, 150.0], np.float32)
    stage.show_part(made_part(xyz=xyz))
    wait(stage, qtbot)
    middle = stage.cloud_pane.to_screen(40, 40)
    assert 0 < middle.x() < stage.cloud_pane.width()


def test_that_an_empty_scan_is_said(stage, qtbot):
    empty = np.full((SIDE, SIDE, 3), np.nan, np.float32)
    stage.show_part(made_part(xyz=empty))
    wait(stage, qtbot)
    assert stage.cloud_pane.words[0] == "No measured points"
    assert not stage.mode_button.isVisible()


def test_that_outlines_may_come_before_the_new_points_are_drawn(stage, qtbot):
    small = {
        "rgb": np.full((30, 30, 3), 90, np.uint8),
        "xyz": made_part().xyz[25:55, 28:58],
        "normals": None,
        "foreground": None,
        "fused_map": np.full((30, 30), 2.0, np.float32),
    }
    none = dict.fromkeys(("rgb_map", "shape_map", "deviation_mm", "height_mm"))
    square = np.array([[5, 5], [12, 5], [12, 12], [5, 12]], float)
    stage.show_part(made_part(**small, **none))
    stage.set_outlines([Outline(1, (square,))])
    stage.set_marker((8, 8))
    wait(stage, qtbot)
    place = stage.cloud_pane.to_screen(8, 8).toPoint()
    with qtbot.waitSignal(stage.defect_clicked) as caught:
        qtbot.mouseClick(stage.cloud_pane, Qt.MouseButton.LeftButton, pos=place)
    assert caught.args == [1]
