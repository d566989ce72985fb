"""A small part made of arithmetic: a flat plate with a step, one defect, some missing readings."""

from __future__ import annotations

import numpy as np

from app.model.part_view import Outline, PartView
from inspector_core.types import Verdict

SIDE = 80
PITCH = 0.5
"""mm a pixel"""
DEFECT = (50, 40)
"""(x, y) of the middle of the defect, in pixels; it reaches 4 pixels far"""
HOLE = (20, 60)
"""(x, y) in the middle of a square of 9 pixels without measurement"""


def made_part(**changes: object) -> PartView:
    """80 x 80 pixels of 0.5 mm: grey plate 400 mm away, the part 5 mm above it, evidence 2.5 at the
    defect and 0.4 elsewhere."""
    y, x = np.mgrid[:SIDE, :SIDE]
    foreground = (abs(x - 40) < 30) & (abs(y - 40) < 30)
    height = np.where(foreground, 5.0, 0.0).astype(np.float32)
    xyz = np.stack([(x - 40) * PITCH, (y - 40) * PITCH, 400.0 - height], axis=2).astype(np.float32)
    missing = (abs(x - HOLE[0]) < 5) & (abs(y - HOLE[1]) < 5)
    xyz[missing] = np.nan
    defect = (abs(x - DEFECT[0]) <= 4) & (abs(y - DEFECT[1]) <= 4)
    evidence = np.where(foreground, np.where(defect, 2.5, 0.4), np.nan).astype(np.float32)
    normals = np.zeros((SIDE, SIDE, 3), np.float32)
    normals[..., 2] = -1.0
    fields: dict[str, object] = {
        "rgb": np.full((SIDE, SIDE, 3), 120, np.uint8),
        "xyz": xyz,
        "normals": normals,
        "foreground": foreground,
        "rgb_map": evidence,
        "shape_map": evidence,
        "fused_map": evidence,
        "deviation_mm": np.where(defect, -0.5, 0.0).astype(np.float32),
        "height_mm": height,
        "mm_per_px": PITCH,
    }
    return PartView("made", **{**fields, **changes})  # type: ignore[arg-type]


def made_outline(number: int = 1, verdict: Verdict = Verdict.REJECT, **changes: object) -> Outline:
    """The border of the defect."""
    x, y = DEFECT
    square = np.array([[x - 4, y - 4], [x + 4, y - 4], [x + 4, y + 4], [x - 4, y + 4]], float)
    return Outline(number, (square,), verdict=verdict, **changes)  # type: ignore[arg-type]
