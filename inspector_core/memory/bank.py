"""A memory bank: representative patches of good parts, and which part each came from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from inspector_core.device import Plan
from inspector_core.memory.nearest import nearest, quiet
from inspector_core.types import Array, FloatArray, frozen_array


@dataclass(frozen=True, slots=True)
class Bank:
    """rows : (M, D) float32.   owner : (M,) int32, number of the good part a row came from."""

    rows: Array
    owner: Array

    def __post_init__(self) -> None:
        if self.rows.ndim != 2 or self.owner.shape != (len(self.rows),) or len(self.rows) == 0:
            raise ValueError("a bank has (M, D) rows, M >= 1, and one owner for each")
        object.__setattr__(self, "rows", frozen_array(np.ascontiguousarray(self.rows, np.float32)))
        object.__setattr__(self, "owner", frozen_array(self.owner.astype(np.int32)))

    def search(
        self, queries: Array, plan: Plan, tell: Callable[[str], None] = quiet
    ) -> tuple[FloatArray, Array]:
        """Exact distance to the nearest row and its index, (N,) each; see `nearest`."""
        return nearest(queries, self.rows, plan, tell)

    def tensors(self, name: str) -> dict[str, Array]:
        """As named arrays of a detector's state."""
        return {f"{name}.rows": self.rows, f"{name}.owner": self.owner}

    @classmethod
    def from_tensors(cls, name: str, tensors: Mapping[str, Array]) -> Bank:
        """The bank that `tensors(name)` gave."""
        return cls(tensors[f"{name}.rows"], tensors[f"{name}.owner"])
