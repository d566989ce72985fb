"""The cloud pane: a widget that paints what a projection draws, and steers its camera."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QEvent, QPointF, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QWidget

from app.model.part_view import Message, Outline
from app.theme.apply import current, theme
from app.theme.drawing import paint_marker
from app.theme.pane_parts import PaneTag
from app.views.cloud_pane.camera import Camera, first_view
from app.views.cloud_pane.flat import Flat
from app.views.cloud_pane.labels import Labels
from app.views.cloud_pane.overlay import OutlineLayer, paint_triad
from app.views.cloud_pane.palette import MODES, CloudPalette
from app.views.cloud_pane.probe import Graphics, graphics_probe
from app.views.cloud_pane.solid import Solid
from app.views.cloud_pane.steering import Steering
from inspector_core.types import Array

_POINTS_SOFTWARE, _POINTS_CARD = 60_000, 600_000
NO_3D = "No 3D graphics on this computer: a shaded picture is shown. Install libgl1 and libegl1 to turn it."


class CloudPane(QWidget):
    """Coordinates in signals and calls are (x, y) in source pixels.

    `prepared` says once that the first frame was drawn, or that this machine cannot draw any.
    """

    hovered = Signal(int, int)
    left = Signal()
    clicked = Signal(int, int)
    outline_clicked = Signal(int)
    maximise_requested = Signal()
    prepared = Signal()

    def __init__(self, title: str = "Point cloud", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName(title)
        self._labels = Labels(self, title)
        self._palette = CloudPalette()
        self._xyz: Array | None = None
        self._centre_points: Array = np.zeros((0, 3), np.float32)
        self._projection: Solid | Flat | None = None
        self._outlines = OutlineLayer()
        self._marker: tuple[float, float] | None = None
        self._asked, self._announced, self._closed = False, False, False
        self._colours_wanted = True
        self._steered = False
        self._labels.tag.maximise_requested.connect(self.maximise_requested)
        self._steering = Steering(self)
        for signal, slot in (
            (self._steering.turned, self._turn),
            (self._steering.shifted, self._shift),
            (self._steering.magnified, self._magnify),
            (self._steering.home, self.reset_view),
            (self._steering.pointed, self._hover),
            (self._steering.pressed, self._click),
            (self._steering.centred, self._centre),
            (self._steering.left, self.left),
        ):
            signal.connect(slot)
        theme().changed.connect(self._recolour)

    # what is shown

    def show_part(
        self,
        xyz: Array | None,
        rgb: Array | None = None,
        foreground: Array | None = None,
        normals: Array | None = None,
    ) -> None:
        """Show other points; the camera stays once it has been placed.

        xyz : (H, W, 3) float32 mm, NaN = no measurement.   rgb : (H, W, 3) uint8.
        foreground : (H, W) bool, the rest is dimmed.   normals : (H, W, 3) towards the camera.
        """
        first = self._xyz is None
        self._xyz = xyz
        self._marker = None
        self._outlines.clear()
        if xyz is None:
            self.update()
            return
        self._palette.set_part(xyz, rgb, foreground, normals)
        self._centre_points = _some_of(xyz, foreground)
        if self._projection is not None:
            self._projection.show(xyz)
        self._repaint_points()
        if first or self._is_out_of_sight():
            self.reset_view()
        self.update()

    def _is_out_of_sight(self) -> bool:
        """Whether the part lies somewhere else than the ones before, as in another folder."""
        if self.camera is None or not len(self._centre_points):
            return False
        middle = np.median(self._centre_points, axis=0)[None]
        x, y, _ = self.camera.project(middle, self.width(), self.height())[0]
        return not (0 <= x <= self.width() and 0 <= y <= self.height())

    def set_scalars(
        self, mode: str, values: Array | None, lut: Array, span: tuple[float, float]
    ) -> None:
        """Values for a colour mode, (H, W) float with NaN = nothing, over span (low, high)."""
        self._palette.set_field(mode, values, lut, span)
        if mode == self._palette.mode:
            self._repaint_points()

    def set_lookup(self, lut: Array) -> None:
        """(256, 4) uint8 table of the three maps; the only call while a threshold moves."""
        self._palette.set_lookup(lut)
        if self._palette.mode in ("colour", "shape", "fused"):
            self._repaint_points()

    def set_mode(self, mode: str) -> None:
        """Colour by one of MODES; plain relief where the part has no such values."""
        if mode not in MODES:
            raise ValueError(f"no colour mode {mode!r}")
        if mode != self._palette.mode:
            self._palette.mode = mode
            self._repaint_points()

    @property
    def mode(self) -> str:
        """The colour mode."""
        return self._palette.mode

    def has_mode(self, mode: str) -> bool:
        """Whether the part shown can be coloured so."""
        return self._xyz is not None and self._palette.has(mode)

    def set_outlines(self, outlines: Sequence[Outline]) -> None:
        """Outlines of the part's defects, given in pixels, drawn on the surface."""
        if self._xyz is not None:
            self._outlines.set_outlines(outlines, self._xyz)
            self.update()

    def set_marker(self, pixel: tuple[float, float] | None) -> None:
        """Place the linked cursor on the point of a pixel, or hide it."""
        if pixel != self._marker:
            self._marker = pixel
            self.update()

    def set_readout(self, lines: Sequence[str]) -> None:
        """Two short lines at the lower right; empty hides them."""
        self._labels.readout.show_lines(lines)

    def set_corner_widgets(self, beside_tag: QWidget, at_edge: QWidget) -> None:
        """Two children that the pane keeps in place: beside its tag, and at the right below it."""
        self._labels.take_in(beside_tag, at_edge)

    def set_message(self, message: Message | None, icon: str = "cloud") -> None:
        """Words in place of the cloud; None takes them away."""
        self._labels.show_message(message, icon, over_picture=self._xyz is not None)

    @property
    def tag(self) -> PaneTag:
        """The title tag."""
        return self._labels.tag

    @property
    def readout(self) -> tuple[str, ...]:
        """The lines at the lower right; empty when hidden."""
        return self._labels.readout.lines

    @property
    def words(self) -> tuple[str, str, str]:
        """Title, text and cure of the message that is shown, or empty."""
        return self._labels.message.words

    @property
    def note(self) -> str:
        """The sentence that says why there is no 3D; empty where there is."""
        return self._labels.note.text()

    def reset_view(self) -> None:
        """The scan camera's view tilted by 35°, the part filling 80 % of the pane."""
        if isinstance(self._projection, Solid) and len(self._centre_points):
            self._projection.look(first_view(self._centre_points, self.width(), self.height()))
            self._steered = False

    def zoom_to(self, bbox: tuple[float, float, float, float]) -> None:
        """Turn about the middle of a box (x0, y0, x1, y1) in pixels and come near it."""
        camera = self.camera
        if camera is None or self._xyz is None:
            return
        x0, y0, x1, y1 = (max(round(v), 0) for v in bbox)
        points = self._xyz[y0 : y1 + 1, x0 : x1 + 1].reshape(-1, 3)
        points = points[np.isfinite(points).all(axis=1)]
        if len(points):
            self.look(camera.near_to(points, self.height()))

    @property
    def camera(self) -> Camera | None:
        """Where the eye is; None without 3D."""
        return self._projection.camera if isinstance(self._projection, Solid) else None

    def look(self, camera: Camera) -> None:
        """Take a camera; until then the view follows the size of the pane."""
        if isinstance(self._projection, Solid):
            self._steered = True
            self._projection.look(camera)

    @property
    def complete(self) -> bool:
        """True when every point is in the picture."""
        return isinstance(self._projection, Flat) or (
            isinstance(self._projection, Solid) and self._projection.complete
        )

    def to_screen(self, x: float, y: float) -> QPointF | None:
        """Where the point of a pixel is on the pane, or None where nothing was measured."""
        if self._xyz is None or self._projection is None:
            return None
        height, width = self._xyz.shape[:2]
        column, row = round(x), round(y)
        if not (0 <= column < width and 0 <= row < height):
            return None
        point = self._xyz[row, column][None].astype(np.float64)
        places, _ = self._projection.place(point, np.array([[x, y]]))
        return QPointF(*places[0]) if np.isfinite(places).all() else None

    def close_gl(self) -> None:
        """Stop drawing and give the render window back; call before the application ends."""
        if self._asked and self._projection is None and not self._closed:
            graphics_probe().answered.disconnect(self.use_graphics)
            graphics_probe().stop()
        self._closed = True
        if isinstance(self._projection, Solid):
            self._projection.close()
        self._projection = None

    # how it is drawn

    def warm_up(self) -> None:
        """Find out whether this machine draws 3D, once; happens by itself at the first paint."""
        if not self._asked and not self._closed:
            self._asked = True
            probe = graphics_probe()
            probe.answered.connect(self.use_graphics)
            probe.ask()

    def use_graphics(self, graphics: Graphics) -> None:
        """Begin to draw: VTK where the trial frame succeeded, else a flat relief with a note."""
        if self._projection is not None:
            return
        if graphics.usable:
            # VTK is imported here and not with the module: half a second that the window does not wait for
            from app.views.cloud_pane.scene import Scene

            points = _POINTS_SOFTWARE if graphics.software else _POINTS_CARD
            self._projection = Solid(Scene(points), self)
            self._projection.changed.connect(self.update)
        else:
            self._projection = Flat()
            self._labels.show_note(NO_3D)
        self._recolour()
        self._resized()
        if self._xyz is not None:
            self._projection.show(self._xyz)
            self.reset_view()
            self._repaint_points()
        else:
            self._announce()

    def _announce(self) -> None:
        if not self._announced:
            self._announced = True
            QTimer.singleShot(0, self.prepared.emit)

    def _repaint_points(self) -> None:
        # the colours are made when they are painted: many changes may come before
        self._colours_wanted = True
        self.update()

    def _recolour(self) -> None:
        if isinstance(self._projection, Solid):
            self._projection.set_background(QColor(current().view))
        self._labels.recolour()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        self.warm_up()
        painter = QPainter(self)
        if self._projection is None or self._xyz is None:
            painter.fillRect(self.rect(), QColor(current().view))
            return
        if self._colours_wanted:
            self._colours_wanted = False
            self._projection.recolour(self._palette.colouring())
        painter.drawImage(QPointF(0, 0), self._projection.frame())
        self._outlines.paint(painter, self._projection)
        if isinstance(self._projection, Solid):
            paint_triad(painter, self._projection.camera, self._labels.triad_corner())
        place = None if self._marker is None else self.to_screen(*self._marker)
        if place is not None:
            paint_marker(painter, place)
        self._announce()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._resized()
        self._labels.place()

    def _resized(self) -> None:
        if self._projection is not None:
            self._projection.resize(self.width(), self.height(), self.devicePixelRatioF())
            if not self._steered:
                self.reset_view()

    # what the hand does

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self._resized()
        return super().event(event)

    def _turn(self, spin: float, tilt: float) -> None:
        if self.camera is not None:
            self.look(self.camera.turned(spin, tilt))

    def _shift(self, dx: float, dy: float) -> None:
        if self.camera is not None:
            self.look(self.camera.shifted(dx, dy, self.height()))

    def _magnify(self, factor: float) -> None:
        if self.camera is not None:
            self.look(self.camera.nearer(factor))

    def _centre(self, place: QPointF) -> None:
        pixel = self._pixel_at(place)
        if pixel is not None and self.camera is not None and self._xyz is not None:
            self.look(self.camera.about(self._xyz[pixel[1], pixel[0]]))

    def _pixel_at(self, place: QPointF) -> tuple[int, int] | None:
        if self._projection is None or self._xyz is None:
            return None
        return self._projection.pixel_at(place.x(), place.y())

    def _hover(self, place: QPointF) -> None:
        pixel = self._pixel_at(place)
        if pixel is None:
            self.left.emit()
        else:
            self.hovered.emit(*pixel)

    def _click(self, place: QPointF) -> None:
        number = self._outlines.tag_at(place)
        if number is not None:
            self.outline_clicked.emit(number)
        pixel = self._pixel_at(place)
        if pixel is not None:
            self.clicked.emit(*pixel)


def _some_of(xyz: Array, foreground: Array | None) -> Array:
    """(N, 3) mm: points of the part, of everything where the part is unknown, evenly thinned."""
    step = max(1, min(xyz.shape[:2]) // 200)
    thin = xyz[::step, ::step]
    valid = np.isfinite(thin[..., 2])
    if foreground is not None and (valid & foreground[::step, ::step]).any():
        valid &= foreground[::step, ::step]
    return thin[valid]
