"""The parts of the filmstrip: filtered by verdict, in the folder's order, thousands of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt, Signal

from app.model.session import Session
from app.model.thresholds import VERDICTS, ThresholdModel
from inspector_core.types import Result, SampleRef, Verdict

_Index = QModelIndex | QPersistentModelIndex

ID_ROLE = int(Qt.ItemDataRole.UserRole)
VERDICT_ROLE = ID_ROLE + 1
RESULT_ROLE = ID_ROLE + 2
LINE_ROLE = ID_ROLE + 3

FILTERS: tuple[Verdict | None, ...] = (
    None,
    Verdict.REJECT,
    Verdict.REVIEW,
    Verdict.ACCEPT,
    Verdict.NOT_INSPECTED,
)


def display_name(ref: SampleRef) -> str:
    """A part as people say it: "dent / 004" where the folder has types of defects."""
    tail = ref.id.removeprefix(f"{ref.split}/") if ref.split else ref.id
    return tail.replace("/", " / ")


@dataclass(frozen=True, slots=True)
class Subset:
    """Some parts of a folder and what people call them ("defective parts")."""

    words: str
    ids: frozenset[str]


class PartList(QAbstractListModel):
    """Rows are the parts of the shown split that pass the filter: a verdict, a subset, or both.

    counts_changed : the number of parts per verdict, or the filter, differs now.
    """

    counts_changed = Signal()

    def __init__(self, session: Session, limits: ThresholdModel) -> None:
        super().__init__(session)
        self._session = session
        self._limits = limits
        self._filter: Verdict | None = None
        self._subset: Subset | None = None
        self._refs: tuple[SampleRef, ...] = ()
        self._rows_in_limits = np.zeros(0, np.int64)
        self._codes = np.zeros(0, np.int8)
        self._shown: list[int] = []
        self._row_of: dict[str, int] = {}
        self._counts: dict[Verdict | None, int] = dict.fromkeys(FILTERS, 0)
        session.split_changed.connect(self._rebuild)
        session.result_added.connect(self.repaint)
        # the limits know the parts of another folder first
        limits.parts_changed.connect(self.refresh)
        limits.changed.connect(self.refresh)

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._shown)

    def data(self, index: _Index, role: int = int(Qt.ItemDataRole.DisplayRole)) -> Any:
        if not index.isValid() or index.row() >= len(self._shown):
            return None
        position = self._shown[index.row()]
        ref = self._refs[position]
        if role == Qt.ItemDataRole.DisplayRole:
            return display_name(ref)
        if role == ID_ROLE:
            return ref.id
        if role == VERDICT_ROLE:
            return VERDICTS[self._codes[position]]
        if role == RESULT_ROLE:
            return self._session.result(ref.id)
        if role in (LINE_ROLE, Qt.ItemDataRole.AccessibleDescriptionRole):
            return self._line(position)
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tip(ref)
        return None

    @property
    def filter(self) -> Verdict | None:
        return self._filter

    @property
    def subset(self) -> Subset | None:
        """The subset that the rows are limited to, or None."""
        return self._subset

    def set_filter(self, verdict: Verdict | None, subset: Subset | None = None) -> None:
        """Show only parts with this verdict and of this subset; None stands for all."""
        if verdict is not self._filter or subset != self._subset:
            self._filter, self._subset = verdict, subset
            self._reset_rows(self._passing())
            self.counts_changed.emit()

    @property
    def counts(self) -> dict[Verdict | None, int]:
        """Parts per filter in the shown split; None stands for all."""
        return dict(self._counts)

    def ids(self) -> list[str]:
        """Ids of the rows, top to bottom."""
        return [self._refs[position].id for position in self._shown]

    def row(self, part_id: str) -> int:
        """The row of a part, -1 where the filter hides it."""
        return self._row_of.get(part_id, -1)

    def id_at(self, row: int) -> str:
        """Id of a row, empty beyond the ends."""
        return self._refs[self._shown[row]].id if 0 <= row < len(self._shown) else ""

    def neighbour(self, part_id: str, offset: int) -> str:
        """Id of the part `offset` rows further, empty beyond the ends."""
        row = self.row(part_id)
        return self.id_at(row + offset) if row >= 0 else self.id_at(0)

    def _rebuild(self) -> None:
        self._refs = self._session.refs
        self._rows_in_limits = np.array([self._limits.row(ref.id) for ref in self._refs], np.int64)
        self._codes = self._codes_now()
        self._reset_rows(self._passing())
        self._count()

    def refresh(self) -> None:
        """Compare every part with the limits in force; rows move only where a filter says so."""
        if self._refs is not self._session.refs:
            self._rebuild()
            return
        codes = self._codes_now()
        changed = codes != self._codes
        self._codes = codes
        if self._filter is not None and changed.any():
            self._reset_rows(self._passing())
        for position in np.flatnonzero(changed).tolist():
            self.repaint(self._refs[position].id)
        self._count()

    def _codes_now(self) -> npt.NDArray[np.int8]:
        return self._limits.codes[self._rows_in_limits]

    def _passing(self) -> list[int]:
        rows = list(range(len(self._refs)))
        if self._filter is not None:
            rows = np.flatnonzero(self._codes == VERDICTS.index(self._filter)).tolist()
        if self._subset is not None:
            rows = [row for row in rows if self._refs[row].id in self._subset.ids]
        return rows

    def _reset_rows(self, shown: list[int]) -> None:
        self.beginResetModel()
        self._shown = shown
        self._row_of = {self._refs[position].id: row for row, position in enumerate(shown)}
        self.endResetModel()

    def repaint(self, part_id: str) -> None:
        """Draw a part's row again: its thumbnail or result arrived."""
        if (row := self.row(part_id)) >= 0:
            self.dataChanged.emit(self.index(row), self.index(row))

    def _count(self) -> None:
        counts: dict[Verdict | None, int] = dict.fromkeys(FILTERS, 0)
        for code, number in enumerate(np.bincount(self._codes, minlength=len(VERDICTS)).tolist()):
            counts[VERDICTS[code]] = number
        counts[None] = len(self._codes)
        if counts != self._counts:
            self._counts = counts
            self.counts_changed.emit()

    def _line(self, position: int) -> str:
        result = self._session.result(self._refs[position].id)
        word = VERDICTS[self._codes[position]].replace("_", " ")
        if result is None:
            return word
        if result.error:
            return "cannot be inspected"
        return word if result.p_value is None else f"{word} · p {p_text(result)}"

    def _tip(self, ref: SampleRef) -> str:
        result = self._session.result(ref.id)
        return ref.id if result is None else f"{ref.id}\n{result.error or result.reason}"


def p_text(result: Result) -> str:
    """The p-value with two significant digits, as many as its sample carries."""
    p = result.p_value
    return "" if p is None else f"{p:.2f}" if p >= 0.1 else f"{p:.3f}"
