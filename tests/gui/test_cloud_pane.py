"""The cloud pane: what VTK draws, the mouse on it, and what is left without 3D."""

from __future__ import annotations

import os

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage, QKeyEvent
from PySide6.QtWidgets import QApplication

from app.model.part_view import Message
from app.theme.apply import apply_theme
from app.theme.tokens import DARK
from app.views.cloud_pane import CloudPane
from app.views.cloud_pane.camera import first_view
from app.views.cloud_pane.probe import Graphics, GraphicsProbe
from inspector_core.colormaps import overlay_table
from tests.gui.made_part import DEFECT, HOLE, PITCH, SIDE, made_outline, made_part

LOW = overlay_table("inferno", 1.2, 1.5, 3.0)
HIGH = overlay_table("inferno", 6.0, 7.0, 3.0)


@pytest.fixture(scope="module")
def drawn(qapp):
    """One pane with 3D for the whole module."""
    apply_theme(qapp, "dark")
    pane = CloudPane()
    pane.resize(420, 320)
    pane.show()
    yield pane
    pane.close_gl()
    pane.close_gl()
    pane.deleteLater()


@pytest.fixture
def pane(drawn, qtbot) -> CloudPane:
    show(drawn)
    drawn.set_mode("fused")
    drawn.set_marker(None)
    wait(drawn, qtbot)
    drawn.reset_view()
    wait(drawn, qtbot)
    return drawn


def show(pane: CloudPane) -> None:
    part = made_part()
    pane.show_part(part.xyz, part.rgb, part.foreground, part.normals)
    pane.set_scalars("fused", part.fused_map, LOW, (0.0, 3.0))


def wait(pane: CloudPane, qtbot) -> None:
    pane.update()
    qtbot.waitUntil(lambda: pane.complete, timeout=40_000)


def colour_at(pane: CloudPane, x: int, y: int) -> QColor:
    place = pane.to_screen(x, y)
    image = pane.grab().toImage()
    return image.pixelColor((place * image.devicePixelRatio()).toPoint())


def is_warm(colour: QColor) -> bool:
    return colour.red() > colour.blue() + 60


def count(image: QImage, colour: str) -> int:
    image = image.convertToFormat(QImage.Format.Format_RGBA8888)
    pixels = np.frombuffer(image.constBits(), np.uint8).reshape(-1, 4)[:, :3].astype(int)
    return int((abs(pixels - np.array(QColor(colour).getRgb()[:3])) < 24).all(axis=1).sum())


def test_that_the_defect_is_coloured_in_its_place_and_the_corner_is_background(pane):
    assert is_warm(colour_at(pane, *DEFECT))
    assert not is_warm(colour_at(pane, 30, 30))
    corner = pane.grab().toImage().pixelColor(410, 160)
    assert corner.name() == DARK.view


def test_that_a_moved_threshold_recolours_without_drawing(pane):
    drawings = pane.complete
    pane.set_lookup(HIGH)
    assert drawings
    assert pane.complete, "no point had to be drawn anew"
    assert not is_warm(colour_at(pane, *DEFECT))
    pane.set_lookup(LOW)
    assert is_warm(colour_at(pane, *DEFECT))


def test_that_a_mode_without_values_wears_the_picture(pane):
    pane.set_mode("deviation")
    assert not pane.has_mode("deviation")
    assert not is_warm(colour_at(pane, *DEFECT))
    with pytest.raises(ValueError, match="no colour mode"):
        pane.set_mode("temperature")


def test_that_the_point_under_the_mouse_is_found(pane, qtbot):
    for pixel in (DEFECT, (25, 30), (60, 60)):
        place = pane.to_screen(*pixel).toPoint()
        qtbot.mouseMove(pane, place + QPoint(9, 9))
        with qtbot.waitSignal(pane.hovered) as caught:
            qtbot.mouseMove(pane, place)
        assert np.abs(np.subtract(caught.args, pixel)).max() <= 1


def test_that_the_mouse_beside_the_part_is_told_as_leaving(pane, qtbot):
    with qtbot.waitSignal(pane.left):
        qtbot.mouseMove(pane, QPoint(6, 160))


def test_that_a_click_names_the_pixel_and_the_number_tag_names_the_defect(pane, qtbot):
    pane.set_outlines([made_outline(number=4)])
    pane.grab()
    place = pane.to_screen(*DEFECT)
    with qtbot.waitSignal(pane.clicked) as pixel:
        qtbot.mouseClick(pane, Qt.MouseButton.LeftButton, pos=place.toPoint())
    assert np.abs(np.subtract(pixel.args, DEFECT)).max() <= 1
    corner = pane.to_screen(DEFECT[0] - 4, DEFECT[1] - 4)
    with qtbot.waitSignal(pane.outline_clicked) as number:
        qtbot.mouseClick(pane, Qt.MouseButton.LeftButton, pos=(corner + QPointF(6, -9)).toPoint())
    assert number.args == [4]


def test_that_outlines_lie_on_the_surface(pane):
    before = count(pane.grab().toImage(), DARK.outline)
    pane.set_outlines([made_outline()])
    assert count(pane.grab().toImage(), DARK.outline) > before + 40


def test_that_the_marker_stands_on_its_point_and_not_on_missing_ones(pane):
    pane.set_marker((30, 40))
    assert count(pane.grab().toImage(), DARK.marker) > 10
    pane.set_marker(HOLE)
    assert pane.to_screen(*HOLE) is None
    assert count(pane.grab().toImage(), DARK.marker) == 0


def test_that_dragging_turns_and_the_double_click_centres(pane, qtbot):
    before = pane.camera
    middle = QPoint(210, 160)
    qtbot.mousePress(pane, Qt.MouseButton.LeftButton, pos=middle)
    qtbot.mouseMove(pane, middle + QPoint(40, 10))
    qtbot.mouseRelease(pane, Qt.MouseButton.LeftButton, pos=middle + QPoint(40, 10))
    turned = pane.camera
    assert turned.spin != before.spin
    assert turned.tilt > before.tilt
    assert turned.centre == before.centre
    wait(pane, qtbot)
    qtbot.mouseDClick(pane, Qt.MouseButton.LeftButton, pos=pane.to_screen(25, 30).toPoint())
    assert pane.camera.centre == pytest.approx(made_part().xyz[30, 25], abs=0.8)


def test_that_dragging_with_the_right_button_shifts(pane, qtbot):
    before = pane.to_screen(*DEFECT)
    middle = QPoint(210, 160)
    qtbot.mousePress(pane, Qt.MouseButton.RightButton, pos=middle)
    qtbot.mouseMove(pane, middle + QPoint(30, 0))
    qtbot.mouseRelease(pane, Qt.MouseButton.RightButton, pos=middle + QPoint(30, 0))
    moved = pane.to_screen(*DEFECT) - before
    assert moved.x() == pytest.approx(30, abs=2)


def test_that_keys_turn_magnify_and_go_home(pane, qtbot):
    home = pane.camera
    qtbot.keyClick(pane, Qt.Key.Key_Left)
    qtbot.keyClick(pane, Qt.Key.Key_Down)
    qtbot.keyClick(pane, Qt.Key.Key_Plus)
    assert pane.camera.spin != home.spin
    assert pane.camera.tilt > home.tilt
    assert pane.camera.distance < home.distance
    qtbot.keyClick(pane, Qt.Key.Key_Home)
    assert pane.camera == home


def test_that_the_arrows_are_kept_from_the_shortcuts_while_the_cloud_has_the_keyboard(pane):
    for key, ours in ((Qt.Key.Key_Left, True), (Qt.Key.Key_A, False)):
        event = QKeyEvent(QKeyEvent.Type.ShortcutOverride, key, Qt.KeyboardModifier.NoModifier)
        event.ignore()
        QApplication.sendEvent(pane, event)
        assert event.isAccepted() == ours


def test_that_the_camera_stays_when_the_part_changes(pane, qtbot):
    pane.look(pane.camera.turned(30.0, 5.0))
    camera = pane.camera
    show(pane)
    assert pane.camera == camera


def test_that_a_resized_pane_keeps_an_untouched_first_view_fitting(pane, qtbot):
    pane.resize(300, 320)
    points = pane._centre_points
    assert pane.camera == first_view(points, 300, 320)
    pane.resize(420, 320)


def test_that_a_box_is_brought_near(pane):
    far = pane.camera.distance
    pane.zoom_to((46, 36, 54, 44))
    assert pane.camera.distance < far
    assert (pane.to_screen(*DEFECT) - QPointF(210, 160)).manhattanLength() < 3


def test_that_subsets_drawn_one_by_one_show_the_same_points_as_all_at_once(pane):
    from app.views.cloud_pane.scene import Scene

    xyz = made_part().xyz
    camera = pane.camera
    pictures = []
    for limit in (100_000, 500):
        scene = Scene(limit)
        scene.set_points(xyz)
        for step in range(scene.steps):
            scene.draw(camera, 200, 160, step, coarse=False)
        pictures.append((scene.steps, scene.read()))
        scene.close()
    (one, whole), (many, parts) = pictures
    assert one == 1
    assert many >= 4
    points = xyz.reshape(-1, 3)
    covered = (whole >= 0) & (parts >= 0)
    assert ((whole >= 0) == (parts >= 0)).mean() > 0.995
    # of points at the same distance that overlap, either may be in front
    apart = np.linalg.norm(points[whole[covered]] - points[parts[covered]], axis=1)
    assert np.percentile(apart, 99) < 3 * PITCH
    seen = np.unique(whole[whole >= 0])
    assert np.isfinite(points[seen]).all()
    places = camera.project(points[seen], 200, 160)[:, :2]
    rows, columns = np.nonzero(whole == seen[len(seen) // 2])
    assert np.abs(places[len(seen) // 2] - (columns.mean(), rows.mean())).max() < 2.5


def test_that_words_stand_where_there_is_no_scan(pane):
    pane.show_part(None)
    pane.set_message(Message("No 3D scan"))
    assert pane.words == ("No 3D scan", "", "")
    assert pane.to_screen(10, 10) is None
    pane.set_message(None)
    assert pane.words == ("", "", "")


@pytest.fixture
def flat(qapp, qtbot) -> CloudPane:
    """A pane on a computer that cannot draw 3D."""
    apply_theme(qapp, "dark")
    pane = CloudPane()
    qtbot.addWidget(pane)
    pane.resize(420, 320)
    pane._asked = True
    pane.use_graphics(Graphics(False))
    show(pane)
    pane.set_mode("fused")
    pane.show()
    return pane


def test_that_without_3d_a_relief_with_the_same_colours_is_shown_with_a_sentence(flat):
    assert is_warm(colour_at(flat, *DEFECT))
    assert not is_warm(colour_at(flat, 30, 30))
    assert "libegl1" in flat.note
    flat.set_lookup(HIGH)
    assert not is_warm(colour_at(flat, *DEFECT))


def test_that_without_3d_the_mouse_finds_its_pixel_and_turning_does_nothing(flat, qtbot):
    with qtbot.waitSignal(flat.hovered) as caught:
        qtbot.mouseMove(flat, flat.to_screen(*DEFECT).toPoint())
    assert np.abs(np.subtract(caught.args, DEFECT)).max() <= 1
    qtbot.keyClick(flat, Qt.Key.Key_Left)
    assert flat.camera is None
    assert flat.complete


def test_that_without_3d_outlines_are_drawn_too(flat):
    before = count(flat.grab().toImage(), DARK.outline)
    flat.set_outlines([made_outline()])
    assert count(flat.grab().toImage(), DARK.outline) > before + 40


def test_that_a_crash_of_the_trial_frame_is_an_answer(qapp, qtbot, monkeypatch):
    # VTK without the named library dereferences nothing in its first frame
    monkeypatch.setenv("VTK_DEFAULT_OPENGL_WINDOW", "vtkOSOpenGLRenderWindow")
    probe = GraphicsProbe()
    with qtbot.waitSignal(probe.answered, timeout=40_000) as caught:
        probe.ask()
    answer = caught.args[0]
    if answer.usable:
        pytest.skip("this machine has OSMesa")
    assert not answer.usable
    with qtbot.waitSignal(probe.answered) as again:
        probe.ask()
    assert again.args[0] is answer


def test_that_the_trial_frame_names_the_driver(qapp, qtbot):
    probe = GraphicsProbe()
    with qtbot.waitSignal(probe.answered, timeout=40_000) as caught:
        probe.ask()
    assert caught.args[0].usable
    assert caught.args[0].renderer
    assert os.environ["VTK_DEFAULT_OPENGL_WINDOW"] == caught.args[0].window


def test_that_processors_that_draw_are_told_from_graphics_cards():
    assert Graphics(True, "llvmpipe (LLVM 15.0.6, 256 bits)").software
    assert not Graphics(True, "NVIDIA RTX A2000/PCIe/SSE2").software


def test_that_a_point_on_every_pixel_is_numbered_below_24_bits():
    from app.views.cloud_pane.scene import _encoded

    numbers = np.array([0, 254, 255, SIDE * SIDE, 2**24 - 2])
    colours = _encoded(numbers).astype(np.uint32)
    assert (colours @ np.array([1, 256, 65536], np.uint32) - 1).tolist() == numbers.tolist()


def test_that_a_pane_closed_before_the_answer_draws_nothing_afterwards(qapp, qtbot, monkeypatch):
    probe = GraphicsProbe()
    monkeypatch.setattr("app.views.cloud_pane.pane.graphics_probe", lambda: probe)
    pane = CloudPane()
    qtbot.addWidget(pane)
    pane.resize(200, 160)
    pane.warm_up()
    pane.close_gl()
    pane.close_gl()
    show(pane)
    pane.show()
    qtbot.waitExposed(pane)
    assert pane.grab().toImage().pixelColor(50, 50).name() == DARK.view
    assert not pane.complete


def test_that_a_pane_says_once_that_its_first_frame_is_drawn(qapp, qtbot):
    pane = CloudPane()
    qtbot.addWidget(pane)
    pane.resize(200, 160)
    said = []
    pane.prepared.connect(lambda: said.append(pane.camera is not None))
    show(pane)
    pane.show()
    qtbot.waitUntil(lambda: bool(said), timeout=40_000)
    wait(pane, qtbot)
    pane.grab()
    assert said == [True]
    pane.close_gl()
