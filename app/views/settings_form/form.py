"""A form made from declared settings: the declaration gives editor, range, unit and help."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QGridLayout,
    QLabel,
    QLineEdit,
    QWidget,
)

from app.theme.apply import set_text_style
from app.theme.number_box import ChoiceBox, PlainNumberBox, WholeBox
from app.theme.tokens import GAP_M
from inspector_core.settings import Setting, Value

_WIDTH, _WIDE, _LONG_WORD = 150, 240, 14
_WIDEST_INT = 2**31 - 1


class SettingsForm(QWidget):
    """One row a setting; `values()` gives those that differ from their defaults.

    now : values in force that the form begins with; the others begin with their defaults.
    """

    changed = Signal()

    def __init__(
        self,
        settings: Sequence[Setting],
        now: Mapping[str, object] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._settings = {entry.name: entry for entry in settings}
        self._start = {entry.name: (now or {}).get(entry.name, entry.default) for entry in settings}
        self._read: dict[str, Callable[[], Value]] = {}
        self.editors: dict[str, QWidget] = {}
        self._rows: dict[str, tuple[QWidget, ...]] = {}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(GAP_M)
        grid.setColumnStretch(1, 1)
        for row, entry in enumerate(settings):
            self._add(grid, row, entry)

    def values(self) -> dict[str, Value]:
        """Name to value of every setting that was changed, checked by its declaration."""
        chosen = {name: entry.convert(self._read[name]()) for name, entry in self._settings.items()}
        return {
            name: value for name, value in chosen.items() if value != self._settings[name].default
        }

    def search(self, words: str) -> int:
        """Show the settings whose name or help holds all the words; how many these are."""
        wanted = words.lower().split()
        found = 0
        for name, row in self._rows.items():
            entry = self._settings[name]
            text = f"{title_of(entry)} {name} {entry.help}".lower()
            matches = all(word in text for word in wanted)
            found += matches
            for widget in row:
                widget.setVisible(matches)
        return found

    def _add(self, grid: QGridLayout, row: int, entry: Setting) -> None:
        title = QLabel(title_of(entry))
        set_text_style(title, "body", "1")
        note = QLabel(_note(entry))
        note.setWordWrap(True)
        set_text_style(note, "note", "3")
        editor = self._editor(entry)
        editor.setAccessibleName(title_of(entry))
        editor.setAccessibleDescription(entry.help)
        longest = max((len(word) for word in entry.choices or ()), default=0)
        editor.setFixedWidth(_WIDE if longest > _LONG_WORD else _WIDTH)
        title.setBuddy(editor)
        self.editors[entry.name] = editor
        self._rows[entry.name] = (title, editor, note)
        grid.addWidget(title, 2 * row, 0)
        grid.addWidget(editor, 2 * row, 2, Qt.AlignmentFlag.AlignRight)
        grid.addWidget(note, 2 * row + 1, 0, 1, 3)

    def _editor(self, entry: Setting) -> QWidget:
        start = self._start[entry.name]
        if entry.kind is bool:
            box = QCheckBox()
            box.setChecked(bool(start))
            box.toggled.connect(self.changed)
            self._read[entry.name] = box.isChecked
            return box
        if entry.choices:
            choice = ChoiceBox()
            choice.addItems(list(entry.choices))
            choice.setCurrentText(str(start))
            choice.currentTextChanged.connect(self.changed)
            self._read[entry.name] = choice.currentText
            return choice
        if entry.kind is int:
            whole = WholeBox()
            low, high = entry.low, entry.high
            whole.setRange(
                -_WIDEST_INT if low is None else int(low),
                _WIDEST_INT if high is None else int(high),
            )
            whole.setValue(int(str(start)))
            whole.setSuffix(f" {entry.unit}" if entry.unit else "")
            whole.valueChanged.connect(self.changed)
            self._read[entry.name] = whole.value
            return whole
        if entry.kind is float:
            return self._number(entry)
        text = QLineEdit(str(start))
        text.textChanged.connect(self.changed)
        self._read[entry.name] = text.text
        return text

    def _number(self, entry: Setting) -> PlainNumberBox:
        number = PlainNumberBox()
        default = float(entry.default)
        places = len(f"{default:.8f}".rstrip("0").partition(".")[2])
        number.setRange(
            -1e9 if entry.low is None else entry.low, 1e9 if entry.high is None else entry.high
        )
        number.setSingleStep(10.0 ** -max(1, places))
        number.setSpecialValueText(entry.zero)  # shown at the lowest value
        number.setValue(float(str(self._start[entry.name])))
        number.setSuffix(f" {entry.unit}" if entry.unit else "")
        number.valueChanged.connect(self.changed)
        self._read[entry.name] = number.value
        return number


def title_of(entry: Setting) -> str:
    """ "minimum_height_mm" as "Minimum height"."""
    words = entry.name.removesuffix(f"_{entry.unit}") if entry.unit else entry.name
    text = words.replace("_", " ").replace("xyz", "XYZ")
    return text[:1].upper() + text[1:]


def _note(entry: Setting) -> str:
    facts = [entry.help]
    if entry.published is not None and entry.published != entry.default:
        facts.append(f"Published: {entry.published}.")
    return " ".join(facts)
