"""Icons: one family of line drawings, coloured from the theme at the moment they are painted."""

from __future__ import annotations

from functools import cache

from PySide6.QtCore import QByteArray, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QIconEngine, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from app.theme.apply import current
from inspector_core.assets import resource
from inspector_core.types import Verdict

SIZE = 16
_VERDICT_ICONS = {
    Verdict.ACCEPT: "accept",
    Verdict.REVIEW: "review",
    Verdict.REJECT: "reject",
    Verdict.NOT_INSPECTED: "not-inspected",
}


def icon_names() -> tuple[str, ...]:
    """Every icon there is."""
    return tuple(sorted(path.stem for path in resource("icons").glob("*.svg")))


@cache
def drawing(name: str) -> str:
    """The SVG text of an icon; its colour is the word currentColor. KeyError for an unknown name."""
    path = resource("icons", f"{name}.svg")
    if not path.is_file():
        raise KeyError(f"no icon named {name!r}")
    return path.read_text(encoding="utf-8")


@cache
def _renderer(name: str, colour: str) -> QSvgRenderer:
    text = drawing(name).replace("currentColor", QColor(colour).name())
    return QSvgRenderer(QByteArray(text.encode()))


def paint_icon(painter: QPainter, name: str, rect: QRectF, colour: str) -> None:
    """Draw an icon into a rectangle in one colour ("#rrggbb")."""
    _renderer(name, colour).render(painter, rect)


def paint_verdict(
    painter: QPainter, verdict: Verdict, rect: QRectF, *, square: bool = False
) -> None:
    """Draw a verdict's badge: its shape on a filled disc, or on a rounded square for the large one."""
    tokens = current()
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(tokens.verdict(verdict)))
    if square:
        painter.drawRoundedRect(rect, rect.width() * 0.22, rect.width() * 0.22)
    else:
        painter.drawEllipse(rect)
    inset = rect.width() * (0.22 if square else 0.16)
    glyph = rect.adjusted(inset, inset, -inset, -inset)
    paint_icon(painter, _VERDICT_ICONS[verdict], glyph, tokens.on_verdict)
    painter.restore()


class _Engine(QIconEngine):
    """Paints with the theme of the moment, so that no icon has to be replaced when it changes."""

    def __init__(self, name: str, role: str) -> None:
        super().__init__()
        self._name = name
        self._role = role

    def _colour(self, mode: QIcon.Mode) -> str:
        tokens = current()
        colour = (
            tokens.text_disabled if mode == QIcon.Mode.Disabled else getattr(tokens, self._role)
        )
        return str(colour)

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        side = min(rect.width(), rect.height())
        square = QRectF(0, 0, side, side)
        square.moveCenter(QRectF(rect).center())
        # whole pixels keep the 1.5 px strokes crisp
        square.moveTopLeft(QPointF(round(square.x()), round(square.y())))
        paint_icon(painter, self._name, square, self._colour(mode))

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        pixmap = QPixmap(size)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        self.paint(painter, QRect(0, 0, size.width(), size.height()), mode, state)
        painter.end()
        return pixmap

    def clone(self) -> QIconEngine:
        return _Engine(self._name, self._role)


def icon(name: str, role: str = "text1") -> QIcon:
    """An icon that follows the theme; `role` names the token of its colour."""
    drawing(name)
    return QIcon(_Engine(name, role))


def verdict_icon(verdict: Verdict) -> QIcon:
    """A verdict's shape in the verdict's colour, for menus and chips."""
    roles = {Verdict.NOT_INSPECTED: "neutral"}
    return icon(_VERDICT_ICONS[verdict], roles.get(verdict, verdict.value))
