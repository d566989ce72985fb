"""Where the scores of a batch lie, with the limits and the held-out good parts."""

from __future__ import annotations

import numpy as np

from inspector_core import palette
from inspector_core.reports.drawing import Anchor, Box, Drawing, Line, Shape, Words
from inspector_core.reports.model import ReportModel
from inspector_core.reports.words import number
from inspector_core.types import Array, Verdict

TEXT1, TEXT2, TEXT3 = palette.TEXT["light"]
_BINS = 72
_TALL, _LOW = 22.0, 9.0
_SIZE = 2.4
_LEFT = 26.0
_STACK = (Verdict.ACCEPT, Verdict.REVIEW, Verdict.REJECT)


def score_chart(model: ReportModel, width: float) -> Drawing:
    """Histogram of the parts' scores by verdict over that of the held-out good parts.

    One fixed axis from 0 to twice the recipe's T2; what lies beyond stands in the last bin.
    """
    top = model.display_top
    held = np.array(model.recipe.calibration.scores)
    groups = [
        np.array([r.score for r in model.results if r.verdict is verdict and r.score is not None])
        for verdict in _STACK
    ]
    counts = [_histogram(group, top) for group in groups]
    held_counts = _histogram(held, top)
    base = 4.5 + _TALL
    room = width - _LEFT
    shapes: list[Shape] = []
    shapes += _bars(counts, room, base)
    shapes += _held_bars(held_counts, room, base + 0.8)
    shapes.append(Line(np.array([[_LEFT, base + 0.4], [width, base + 0.4]]), 0.15, TEXT2))
    shapes += _marks(model, room, base)
    shapes += _captions(model, len(held), base, width)
    says = f"Scores of {len(model.results)} parts and of {len(held)} held-out good parts"
    return Drawing(width, base + _LOW + 5.0, tuple(shapes), says)


def _histogram(values: Array, top: float) -> Array:
    bins = np.clip((values / top * _BINS).astype(int), 0, _BINS - 1) if values.size else values
    return np.bincount(bins.astype(int), minlength=_BINS)


def _bars(counts: list[Array], room: float, base: float) -> list[Shape]:
    tallest = max(1, int(np.sum(counts, axis=0).max()))
    step = room / _BINS
    shapes: list[Shape] = []
    for column in range(_BINS):
        y = base
        for verdict, group in zip(_STACK, counts, strict=True):
            height = _TALL * float(group[column]) / tallest
            if height:
                y -= height
                fill = palette.VERDICT["light"][verdict]
                shapes.append(Box(_LEFT + column * step, y, step * 0.86, height, fill))
    return shapes


def _held_bars(counts: Array, room: float, base: float) -> list[Shape]:
    tallest = max(1, int(counts.max()))
    step = room / _BINS
    return [
        Box(_LEFT + k * step, base, step * 0.86, (_LOW - 1.5) * float(n) / tallest, "#b9c1c8")
        for k, n in enumerate(counts)
        if n
    ]


def _marks(model: ReportModel, room: float, base: float) -> list[Shape]:
    shapes: list[Shape] = []
    limits = model.thresholds
    marks: tuple[tuple[str, float, Anchor, float], ...] = (
        ("T1", limits.t1, "end", -0.6),
        ("T2", limits.t2, "start", 0.6),
    )
    for name, value, anchor, nudge in marks:
        x = _LEFT + min(value / model.display_top, 1.0) * room
        points = np.array([[x, 0.6], [x, base + _LOW]])
        shapes.append(Line(points, 0.3, TEXT1, dash=(1.0, 0.7) if name == "T1" else ()))
        text = f"{name} {number(value)}"
        shapes.append(Words(x + nudge, 2.6, text, _SIZE, TEXT1, True, anchor))
    return shapes


def _captions(model: ReportModel, n_held: int, base: float, width: float) -> list[Shape]:
    scored = sum(result.score is not None for result in model.results)
    y = base + _LOW + 3.6
    return [
        Words(0, base - 1.0, f"{scored:,} inspected", _SIZE, TEXT2),
        Words(0, base + 3.6, f"{n_held} held-out good", _SIZE, TEXT2),
        Words(_LEFT, y, "0", _SIZE, TEXT2),
        Words((_LEFT + width) / 2, y, "score, times the usual", _SIZE, TEXT2, False, "middle"),
        Words(width, y, f"≥ {number(model.display_top)}", _SIZE, TEXT2, False, "end"),
    ]
