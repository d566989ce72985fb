"""What the user points at: a defect of the shown part and the pixel under the mouse."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal


class SelectionModel(QObject):
    """The selected defect's number (0: none) and the pixel under the mouse, x before y."""

    defect_changed = Signal(int)
    pixel_changed = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._defect = 0
        self._numbers: tuple[int, ...] = ()
        self._pixel: tuple[int, int] | None = None

    @property
    def defect(self) -> int:
        return self._defect

    @property
    def pixel(self) -> tuple[int, int] | None:
        return self._pixel

    @property
    def numbers(self) -> tuple[int, ...]:
        """Numbers of the defects that can be selected now."""
        return self._numbers

    def set_numbers(self, numbers: tuple[int, ...]) -> None:
        """The defects that exist now; a selected one that vanished is deselected."""
        self._numbers = numbers
        if self._defect not in numbers:
            self.select(0)

    def select(self, number: int) -> None:
        """Select a defect by its number, 0 for none."""
        if number != self._defect and (number == 0 or number in self._numbers):
            self._defect = number
            self.defect_changed.emit(number)

    def step(self, offset: int) -> None:
        """Select the defect `offset` places further in the table; from none to the first or last."""
        if not self._numbers:
            return
        if self._defect == 0:
            self.select(self._numbers[0 if offset > 0 else -1])
            return
        place = self._numbers.index(self._defect) + offset
        self.select(self._numbers[min(max(0, place), len(self._numbers) - 1)])

    def hover(self, pixel: tuple[int, int] | None) -> None:
        """The pixel (x, y) under the mouse, or None."""
        if pixel != self._pixel:
            self._pixel = pixel
            self.pixel_changed.emit(pixel)
