"""The defect table: numbers set to be compared, rounded by their uncertainty."""

from __future__ import annotations

import math
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from inspector_core.types import Defect, LengthUnit, Measure

_Index = QModelIndex | QPersistentModelIndex

SHARE_ROLE = int(Qt.ItemDataRole.UserRole)
NUMBER_ROLE = SHARE_ROLE + 1
NOTHING = "–"

NUMBER, NAME, AREA, SIZE, HEIGHT, WHY = range(6)


class DefectRows(QAbstractTableModel):
    """Rows are the defects at the limits in force, strongest first."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._defects: tuple[Defect, ...] = ()
        self._unit: LengthUnit = "mm"

    @property
    def defects(self) -> tuple[Defect, ...]:
        return self._defects

    @property
    def unit(self) -> LengthUnit:
        return self._unit

    def show(self, defects: tuple[Defect, ...], unit: LengthUnit) -> None:
        """Replace the rows; a change of numbers alone keeps selection and scroll place."""
        if unit != self._unit:
            self._unit = unit
            self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, WHY)
        if len(defects) == len(self._defects):
            if any(a is not b for a, b in zip(defects, self._defects, strict=True)):
                self._defects = defects
                self.dataChanged.emit(self.index(0, 0), self.index(len(defects) - 1, WHY))
            return
        self.beginResetModel()
        self._defects = defects
        self.endResetModel()

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._defects)

    def columnCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else WHY + 1

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = int(Qt.ItemDataRole.DisplayRole),
    ) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            # whether they are nominal mm stands below the table: heads have no room for it
            heads = ("#\n", "Looks like\n", "Area\nmm²", "L × W\nmm", "Height\nmm", "Why\n")
            return heads[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(section)
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._heading_tip(section)
        return None

    def data(self, index: _Index, role: int = int(Qt.ItemDataRole.DisplayRole)) -> Any:
        if not index.isValid() or index.row() >= len(self._defects):
            return None
        defect = self._defects[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(defect, index.column())
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(index.column())
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tip(defect, index.column())
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return self.sentence(defect)
        if role == SHARE_ROLE:
            return defect.colour_share
        if role == NUMBER_ROLE:
            return defect.number
        return None

    def sentence(self, defect: Defect) -> str:
        """A defect in words, for screen readers and for the clipboard."""
        facts = [f"defect {defect.number}, {defect.name}"]
        if defect.area_mm2 is not None:
            facts.append(f"area {rounded(defect.area_mm2)} {self._unit}²")
        if defect.length_mm is not None and defect.width_mm is not None:
            facts.append(f"{rounded(defect.length_mm)} by {rounded(defect.width_mm)} {self._unit}")
        if defect.height_mm is not None:
            side = "below" if defect.height_mm.value < 0 else "above"
            facts.append(
                f"{rounded(defect.height_mm).lstrip('−+')} {self._unit} {side} the surface"
            )
        facts.append(why_text(defect.colour_share))
        return ", ".join(filter(None, facts))

    def as_text(self) -> str:
        """The table with tabs between columns, values with their uncertainty."""
        head = (
            f"#\tlooks like\tarea {self._unit}²\t±\tlength {self._unit}\t±\twidth {self._unit}\t±"
        )
        head += f"\theight {self._unit}\t±\tvolume {self._unit}³\t±\tscore\tcolour share"
        lines = [head]
        for defect in self._defects:
            measures = (
                defect.area_mm2,
                defect.length_mm,
                defect.width_mm,
                defect.height_mm,
                defect.volume_mm3,
            )
            cells = [str(defect.number), defect.name]
            for measure in measures:
                cells += (
                    ["", ""]
                    if measure is None
                    else [f"{measure.value:.4g}", f"{measure.uncertainty:.2g}"]
                )
            share = defect.colour_share
            cells += [f"{defect.score:.3f}", "" if share is None else f"{share:.2f}"]
            lines.append("\t".join(cells))
        return "\n".join(lines)

    def _text(self, defect: Defect, column: int) -> str:
        if column == NUMBER:
            return str(defect.number)
        if column == NAME:
            return defect.name
        if column == AREA:
            return rounded(defect.area_mm2, 1)
        if column == SIZE:
            if defect.length_mm is None or defect.width_mm is None:
                return NOTHING
            return f"{rounded(defect.length_mm, 1)} × {rounded(defect.width_mm, 1)}"
        if column == HEIGHT:
            return rounded(defect.height_mm)
        return ""

    def _tip(self, defect: Defect, column: int) -> str:
        if column == WHY:
            return why_text(defect.colour_share)
        if column == NAME:
            return defect.name
        if defect.not_measurable and column in (AREA, SIZE, HEIGHT):
            return f"Not measurable: {defect.not_measurable}"
        measures = {
            AREA: (("area", defect.area_mm2, "²"), ("volume", defect.volume_mm3, "³")),
            SIZE: (("length", defect.length_mm, ""), ("width", defect.width_mm, "")),
            HEIGHT: (("height", defect.height_mm, ""),),
        }.get(column, ())
        lines = [
            f"{name} {rounded(m)} ± {m.uncertainty * 2:.2g} {self._unit}{power} (k = 2)"
            for name, m, power in measures
            if m is not None
        ]
        return "\n".join([*lines, f"extent: {defect.extent_rule}"] if lines else lines)

    def _heading_tip(self, section: int) -> str:
        unit = self._unit
        return (
            "Number, the same in every pane",
            "What it looks like; a suggestion",
            f"Area on the surface in {unit}²",
            f"Length × width in {unit}",
            f"Height (+) above or depth (−) below the good surface in {unit}",
            "Share of colour and of shape in the evidence",
        )[section]


def rounded(measure: Measure | None, most: int = 2) -> str:
    """A value with as many digits as its uncertainty carries, at most so many places; a dash for none."""
    if measure is None:
        return NOTHING
    spread = abs(measure.uncertainty)
    places = most if spread <= 0 else 1 - math.floor(math.log10(spread))
    places = min(max(0, places), most)
    value = round(measure.value, places) + 0.0
    return f"{value:.{places}f}".replace("-", "−")


def why_text(colour_share: float | None) -> str:
    """ "shape 92 %, colour 8 %"; empty when only one modality was seen."""
    if colour_share is None:
        return ""
    colour = round(100 * colour_share)
    parts = [f"shape {100 - colour} %", f"colour {colour} %"]
    return ", ".join(parts if colour <= 50 else parts[::-1])


def _alignment(column: int) -> int:
    side = Qt.AlignmentFlag.AlignLeft if column in (NUMBER, NAME) else Qt.AlignmentFlag.AlignRight
    return int(side | Qt.AlignmentFlag.AlignVCenter)
