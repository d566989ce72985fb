"""Command search: type a few letters, choose with the arrows, run with Return."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import (
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from app.theme.apply import current, set_property
from app.theme.fonts import text_font
from app.theme.icons import paint_icon
from app.theme.tokens import GAP_M

_Index = QModelIndex | QPersistentModelIndex

ROW = 32
_SHOWN = 9
_ENTRY = int(Qt.ItemDataRole.UserRole)


@dataclass(frozen=True, slots=True)
class Command:
    """One line. words : everything it can be found by, lower case."""

    id: str
    text: str
    key: str
    icon: str
    group: str
    words: str
    enabled: bool


def matching(commands: Sequence[Command], typed: str) -> list[Command]:
    """Commands that hold every typed word, those whose name starts with it first, usable ones first."""
    wanted = typed.lower().split()
    found = [c for c in commands if all(word in c.words for word in wanted)]
    start = typed.lower().strip()
    return sorted(found, key=lambda c: (not c.enabled, not c.text.lower().startswith(start)))


class _Row(QStyledItemDelegate):
    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        return QSize(300, ROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        command: Command = index.data(_ENTRY)
        tokens = current()
        rect = QRectF(option.rect)
        painter.save()
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, QColor(tokens.bg3))
        main = tokens.text1 if command.enabled else tokens.text_disabled
        paint_icon(painter, command.icon, QRectF(rect.x() + 12, rect.y() + 8, 16, 16), main)
        painter.setFont(text_font("body"))
        painter.setPen(QColor(main))
        line = int(Qt.AlignmentFlag.AlignVCenter)
        painter.drawText(rect.adjusted(40, 0, -150, 0), line, command.text)
        painter.setFont(text_font("note"))
        painter.setPen(QColor(tokens.text3 if command.enabled else tokens.text_disabled))
        right = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight)
        painter.drawText(rect.adjusted(0, 0, -12, 0), right, command.key or command.group)
        painter.restore()


class Palette(QDialog):
    """A list under a field, in the upper middle of its window. chosen(id) : run this."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup | Qt.WindowType.FramelessWindowHint)
        set_property(self, "panel", "card")
        self._over = parent
        self._commands: Sequence[Command] = ()
        self.field = QLineEdit()
        self.field.setPlaceholderText("Search commands")
        self.field.setAccessibleName("Search commands")
        self.list = QListWidget()
        self.list.setItemDelegate(_Row(self.list))
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setUniformItemSizes(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GAP_M, GAP_M, GAP_M, GAP_M)
        layout.addWidget(self.field)
        layout.addWidget(self.list)
        self.setFixedWidth(520)
        self.field.textChanged.connect(self._filter)
        self.field.installEventFilter(self)
        self.list.itemClicked.connect(lambda _: self._run())

    def open_with(self, commands: Sequence[Command]) -> None:
        """Show the palette with these commands."""
        self._commands = commands
        self.field.clear()
        self._filter("")
        self.adjustSize()
        top = self._over.mapToGlobal(self._over.rect().topLeft())
        self.move(top.x() + (self._over.width() - self.width()) // 2, top.y() + 64)
        self.show()
        self.field.setFocus()

    def shown(self) -> list[str]:
        """Ids of the listed commands, top to bottom."""
        return [self.list.item(row).data(_ENTRY).id for row in range(self.list.count())]

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(Qt.Key(event.key()))
            if step is not None and self.list.count():
                row = (self.list.currentRow() + step) % self.list.count()
                self.list.setCurrentRow(row)
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._run()
                return True
        return super().eventFilter(watched, event)

    def _filter(self, typed: str) -> None:
        self.list.clear()
        for command in matching(self._commands, typed):
            item = QListWidgetItem(command.text)
            item.setData(_ENTRY, command)
            self.list.addItem(item)
        self.list.setCurrentRow(0)
        self.list.setFixedHeight(min(max(1, self.list.count()), _SHOWN) * ROW)
        self.adjustSize()

    def _run(self) -> None:
        item = self.list.currentItem()
        command = None if item is None else item.data(_ENTRY)
        if command is not None and command.enabled:
            self.hide()
            self.chosen.emit(command.id)
