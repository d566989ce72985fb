"""The image pane: one picture or one map over its picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QWidget

from app.model.part_view import Message, Outline
from app.theme.apply import current, theme
from app.theme.pane_parts import MARGIN, VEIL, FocusRing, PaneMessage, PaneReadout, PaneTag
from app.views.image_pane.annotations import MarkerItem, OutlineItem
from app.views.image_pane.picture_item import PictureItem
from app.views.image_pane.scale_bar import ScaleBar
from app.views.image_pane.view import View
from inspector_core.colormaps import indices
from inspector_core.types import Array

if TYPE_CHECKING:
    from app.views.image_pane.canvas import Canvas

_ZOOM_STEP = 1.25


class ImagePane(QWidget):
    """Shows a picture; knows nothing of thresholds, only of a colour table for its map.

    Coordinates in signals and calls are (x, y) in source pixels, integers = pixel centres.
    """

    hovered = Signal(float, float)
    left = Signal()
    clicked = Signal(float, float)
    outline_clicked = Signal(int)
    maximise_requested = Signal()
    view_changed = Signal(object)

    def __init__(self, title: str, detail: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._title, self._detail = title, detail
        self._has_picture = False
        self._mm_per_px: float | None = None
        self._unit = "mm"
        self._picture = PictureItem()
        self._outlines = OutlineItem()
        self._marker = MarkerItem()
        self._canvas: Canvas | None = None
        self._build()
        self._recolour()
        theme().changed.connect(self._recolour)

    def _build(self) -> None:
        self._message = PaneMessage(self)
        self._scale_bar = ScaleBar(self)
        self.tag = PaneTag(self)
        self._readout = PaneReadout(self)
        self._ring = FocusRing(self)
        self.tag.maximise_requested.connect(self.maximise_requested)
        self.setAccessibleName(f"{self._title} picture")

    def warm_up(self) -> None:
        """Make what the first picture needs, when there is time for it."""
        self._surface()

    def _surface(self) -> Canvas:
        """The zoomable surface, made with the first picture: the window opens before pyqtgraph is loaded."""
        if self._canvas is None:
            from app.views.image_pane.canvas import Canvas

            canvas = Canvas(self)
            for item in (self._picture, self._outlines, self._marker):
                canvas.add(item)
            canvas.hovered.connect(self.hovered)
            canvas.left.connect(self.left)
            canvas.clicked.connect(self._on_click)
            canvas.steered.connect(self.view_changed)
            canvas.moved.connect(self._place_scale_bar)
            canvas.setBackground(QColor(current().view))
            canvas.setGeometry(self.rect())
            canvas.lower()
            canvas.setVisible(self._has_picture)
            self._canvas = canvas
        return self._canvas

    def show_part(
        self, picture: Array | None, mm_per_px: float | None = None, unit: str = "mm"
    ) -> None:
        """Show a picture, (H, W, 3) or grey (H, W) uint8, or none; the view stays if the size does."""
        before = self._picture.size
        self._has_picture = picture is not None
        if picture is not None or self._canvas is not None:
            self._surface().setVisible(picture is not None)
        self._mm_per_px, self._unit = mm_per_px, unit
        self._picture.set_base(picture)
        if picture is not None and self._picture.size != before:
            self.set_home(self._picture.boundingRect())
            self.fit()
        self._place_scale_bar()

    def show_map(self, values: Array | None, top: float, missing: Array | None = None) -> None:
        """Show a map, (H, W) float32 from 0 to `top` (NaN = nothing), over the picture; or none.

        missing : (H, W) bool, hatched.
        """
        self._picture.set_map(None if values is None else indices(values, 0.0, top))
        self._picture.set_missing(missing)

    def set_lookup(self, table: Array) -> None:
        """(256, 4) uint8 RGBA from 0 to the map's top; the only call while a threshold moves."""
        self._picture.set_table(table)

    def set_map_visible(self, visible: bool) -> None:
        """Show or hide the map over the picture."""
        self._picture.set_map_visible(visible)

    def set_outlines(self, outlines: Sequence[Outline]) -> None:
        """Outlines of the part's defects."""
        self._outlines.show_outlines(outlines, self._picture.boundingRect())
        self._describe(outlines)

    def set_marker(self, x: float | None, y: float | None) -> None:
        """Place the linked cursor, or hide it with None."""
        if x is None or y is None or not self._has_picture:
            self._marker.hide()
            return
        self._marker.setPos(QPointF(x, y))
        self._marker.show()

    def set_readout(self, lines: Sequence[str]) -> None:
        """Two short lines at the lower right; empty hides them."""
        self._readout.show_lines(lines)

    def outline_at(self, x: float, y: float) -> int | None:
        """Number of the defect whose outline holds a pixel."""
        return self._outlines.at(x, y, QPointF(-1, -1))

    def set_message(self, message: Message | None, icon: str = "not-inspected") -> None:
        """Words in place of the map or the picture; None takes them away."""
        if message is None:
            self._message.hide()
            return
        self._message.show_words(
            icon, message.title, message.text, message.cure, veil=VEIL if self._has_picture else 0.0
        )
        self.tag.raise_()

    def set_detail(self, detail: str) -> None:
        """What stands behind the title in the tag."""
        self._detail = detail
        self.tag.show_title(self._title, detail)

    def set_home(self, rect: QRectF) -> None:
        """The rectangle that `fit` shows, in pixels."""
        self._surface().set_home(rect)

    def fit(self) -> None:
        """Show the home rectangle whole; linked panes follow."""
        self._look(self._surface().home_view())

    def zoom_to(self, bbox: tuple[float, float, float, float]) -> None:
        """Show a box (x0, y0, x1, y1) with as much again around it; linked panes follow."""
        x0, y0, x1, y1 = bbox
        side = max(x1 - x0, y1 - y0, 24.0)
        middle = QPointF((x0 + x1) / 2, (y0 + y1) / 2)
        rect = QRectF(
            middle - QPointF(1.5 * side, 1.5 * side), middle + QPointF(1.5 * side, 1.5 * side)
        )
        self._look(self._surface().look_at(rect))

    def link_to(self, other: ImagePane) -> None:
        """Zoom and pan together: same middle, same magnification relative to the home view."""
        self.view_changed.connect(other.look)
        other.view_changed.connect(self.look)

    def unlink_from(self, other: ImagePane) -> None:
        """Undo `link_to`."""
        self.view_changed.disconnect(other.look)
        other.view_changed.disconnect(self.look)

    def look(self, view: View) -> None:
        """Show a view that another pane has chosen."""
        self._surface().look(view)

    @property
    def view(self) -> View:
        """What is seen now."""
        return self._surface().view

    @property
    def readout(self) -> tuple[str, ...]:
        """The lines at the lower right; empty when hidden."""
        return self._readout.lines

    @property
    def words(self) -> tuple[str, str, str]:
        """Title, text and cure of the message that is shown, or empty."""
        return self._message.words

    @property
    def scale_text(self) -> str:
        """What the scale bar says, empty while it is hidden."""
        return "" if self._scale_bar.isHidden() else self._scale_bar.text

    @property
    def scale_length(self) -> float:
        """Length of the scale bar in logical pixels."""
        return self._scale_bar.length_px

    def to_screen(self, x: float, y: float) -> QPointF:
        """Where a pixel is on the pane, in logical pixels."""
        return self._surface().to_screen(x, y)

    def _look(self, view: View) -> None:
        self._surface().look(view)
        self.view_changed.emit(view)

    def _on_click(self, x: float, y: float, screen: QPointF) -> None:
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        number = self._outlines.at(x, y, screen)
        if number is not None:
            self.outline_clicked.emit(number)
        self.clicked.emit(x, y)

    def _describe(self, outlines: Sequence[Outline]) -> None:
        count = len(outlines)
        words = {0: "no defect outlined", 1: "1 defect outlined"}.get(
            count, f"{count} defects outlined"
        )
        self.setAccessibleDescription(words)

    def _recolour(self) -> None:
        if self._canvas is not None:
            self._canvas.setBackground(QColor(current().view))
        self.tag.show_title(self._title, self._detail)
        self._outlines.update()

    def _place_scale_bar(self) -> None:
        per_logical = None
        if self._canvas is not None and self._has_picture and self._mm_per_px:
            per_logical = self._mm_per_px / self._canvas.pixels_per_px()
        self._scale_bar.show_scale(per_logical, self._unit, self.width())
        self._scale_bar.move(MARGIN, self.height() - self._scale_bar.height() - MARGIN)

    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(self.rect(), QColor(current().view))

    def resizeEvent(self, event: QResizeEvent) -> None:
        if self._canvas is not None:
            self._canvas.setGeometry(self.rect())
        self._message.setGeometry(self.rect())
        self._readout.place()
        self._place_scale_bar()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self._surface().zoom_centre(_ZOOM_STEP)
        elif event.key() == Qt.Key.Key_Minus:
            self._surface().zoom_centre(1 / _ZOOM_STEP)
        elif event.key() == Qt.Key.Key_Home:
            self.fit()
        else:
            event.ignore()
