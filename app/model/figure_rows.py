"""The table of figures: per map, and per defect type and map, exact and published AUPRO side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from app.model.evaluation_words import MAP_NAMES

if TYPE_CHECKING:
    from inspector_core.evaluation import Evaluation, MapFigures

_Index = QModelIndex | QPersistentModelIndex

DETAIL_ROLE = int(Qt.ItemDataRole.UserRole)
"""The 95 % interval below a figure, empty without one."""
SECTION_ROLE = DETAIL_ROLE + 1
"""Whether the row is the head of a group."""
NOTHING = "–"
LIMITS = (0.30, 0.10, 0.05, 0.01)
"""False-positive rates up to which AUPRO is integrated, in the order of the figures."""

NAME, PARTS, I_AUROC, P_AUROC, EXACT, PUBLISHED, AP, F1 = range(8)
_TIPS = {
    PARTS: "Parts whose scores count: good / defective.",
    I_AUROC: "Area under the ROC curve over part scores; 0.5 is chance.",
    P_AUROC: "Area under the ROC curve over pixels.",
    EXACT: "Area under the per-region-overlap curve up to the limit, divided by it; exact. "
    "Chance is half of the limit.",
    PUBLISHED: "The same by the estimator behind published tables, which samples the curve coarsely: "
    "for comparison with these only.",
    AP: "Average precision over pixels.",
    F1: "Largest F1 over pixels, at the best threshold on these very parts (an oracle).",
}


@dataclass(frozen=True, slots=True)
class _Row:
    title: str
    figures: MapFigures | None = None
    tip: str = ""


class FigureRows(QAbstractTableModel):
    """Rows are maps in groups: all parts first, then every type of defect against all good parts."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: list[_Row] = []
        self._at = 0

    def show(self, outcome: Evaluation | None) -> None:
        """Replace the rows."""
        self.beginResetModel()
        self._rows = [] if outcome is None else _rows(outcome)
        self.endResetModel()

    @property
    def limit(self) -> float:
        """The false-positive rate up to which AUPRO is shown."""
        return LIMITS[self._at]

    def set_limit(self, at: int) -> None:
        """Show AUPRO at another of the `LIMITS`."""
        if at != self._at:
            self._at = at
            self.headerDataChanged.emit(Qt.Orientation.Horizontal, EXACT, PUBLISHED)
            if self._rows:
                self.dataChanged.emit(
                    self.index(0, EXACT), self.index(len(self._rows) - 1, PUBLISHED)
                )

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else F1 + 1

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = int(Qt.ItemDataRole.DisplayRole),
    ) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._heads()[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(section)
        if role == Qt.ItemDataRole.ToolTipRole:
            return _TIPS.get(section)
        return None

    def data(self, index: _Index, role: int = int(Qt.ItemDataRole.DisplayRole)) -> Any:
        if not index.isValid() or index.row() >= len(self._rows):
            return None
        row = self._rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return self._cell(row, index.column())[0]
        if role == DETAIL_ROLE:
            return self._cell(row, index.column())[1]
        if role == SECTION_ROLE:
            return row.figures is None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(index.column())
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tip(row, index.column())
        return None

    def as_text(self) -> str:
        """The whole table for the clipboard, one line a row, tabs between."""
        heads = [head.replace("\n", " ").strip() for head in self._heads()]
        lines = ["\t".join(heads)]
        for row in self._rows:
            cells = [self._cell(row, column) for column in range(F1 + 1)]
            texts = [f"{text} [{detail}]" if detail else text for text, detail in cells]
            lines.append("\t".join(texts).rstrip("\t"))
        return "\n".join(lines)

    def _heads(self) -> tuple[str, ...]:
        at = f"{self.limit:.0%}".replace("%", " %")
        return (
            "Map\n", "Parts\ngood / bad", "I-AUROC\n", "P-AUROC\n", f"AUPRO {at}\nexact",
            f"AUPRO {at}\npublished", "AP\npixels", "F1\nbest",
        )  # fmt: skip

    def _cell(self, row: _Row, column: int) -> tuple[str, str]:
        figures = row.figures
        if column == NAME:
            return row.title, ""
        if figures is None:
            return "", ""
        if column == PARTS:
            return f"{figures.n_good:,} / {figures.n_bad:,}", ""
        areas, spans = figures.aupro, figures.aupro_intervals
        published = figures.published
        value, span = {
            I_AUROC: (figures.i_auroc, figures.i_auroc_interval),
            P_AUROC: (figures.p_auroc, None),
            EXACT: (areas and areas[self._at], spans and spans[self._at]),
            PUBLISHED: (published and published[self._at], None),
            AP: (figures.ap, None),
            F1: (None if figures.best_f1 is None else figures.best_f1.value, None),
        }[column]
        if value is None:
            return NOTHING, ""
        return f"{value:.3f}", "" if span is None else f"{span[0]:.2f}–{span[1]:.2f}"

    def _tip(self, row: _Row, column: int) -> str:
        if column == NAME:
            return row.tip
        text, detail = self._cell(row, column)
        figures = row.figures
        if figures is not None and text == NOTHING:
            reason = figures.reasons.get("i_auroc" if column == I_AUROC else "pixels", "")
            return f"{reason[:1].upper()}{reason[1:]}." if reason else ""
        tip = f"95 % interval {detail}, parts resampled" if detail else ""
        own = None if figures is None or column != I_AUROC else figures.i_auroc_own
        if own is not None:
            tip += f"{'; ' if tip else ''}{own:.3f} by the method's own score of the part"
        return tip


def _rows(outcome: Evaluation) -> list[_Row]:
    rows = [_Row("All parts"), *_maps(outcome.maps)]
    rows.append(
        _Row(
            MAP_NAMES["no_model"],
            outcome.no_model,
            "Random numbers on the part: what knowing its outline alone is worth.",
        )
    )
    for kind, table in outcome.per_type.items():
        rows += [_Row(kind.replace("_", " ")), *_maps(table)]
    return rows


def _maps(table: Mapping[str, MapFigures]) -> list[_Row]:
    return [_Row(MAP_NAMES[name], table[name]) for name in table if name != "no_model"]


def _alignment(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignLeft if column == NAME else Qt.AlignmentFlag.AlignRight
    return side | Qt.AlignmentFlag.AlignVCenter
