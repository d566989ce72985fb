"""How fast the stage answers: threshold, hover, orbit, opening a part.

Run with `python benchmarks/bench_stage.py [--quick]`; draws off-screen unless QT_QPA_PLATFORM says
otherwise. Each row is the time from the call to the painted pixels, median and 95th percentile, beside
the budget; `cpu` is the processor time of all threads, which a busy machine hardly changes.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication, QGraphicsView, QWidget

from app.model.part_view import Outline, PartView
from app.theme.apply import apply_theme
from app.views.stage import Stage

LIMITS = (1.2, 1.5, 3.0)


@dataclass(frozen=True, slots=True)
class Budget:
    median_ms: float
    p95_ms: float


def made_part(side: int, seed: int) -> tuple[PartView, list[Outline]]:
    """A ring on a plate, 100 mm wide, seen from above, with one dent and some missing readings."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side].astype(np.float32) / side * 100 - 50
    radius = np.hypot(x, y)
    height = np.where(radius < 42, 6.0, 0.0) + np.where((radius > 14) & (radius < 26), 9.0, 0.0)
    dent = np.exp(-((x - 20) ** 2 + (y - 5) ** 2) / 8)
    height = (height - 0.6 * dent + random.normal(0, 0.02, height.shape)).astype(np.float32)
    xyz = np.stack([x, y, 400 - height], axis=2).astype(np.float32)
    xyz[random.random(height.shape) < 0.01] = np.nan
    slope = np.stack(np.gradient(height, 100 / side), axis=2)[..., ::-1]
    normals = np.concatenate([-slope, -np.ones((side, side, 1))], axis=2)
    normals /= np.linalg.norm(normals, axis=2, keepdims=True)
    foreground = height > 1
    grey = np.clip(90 + 6 * height + random.normal(0, 4, height.shape), 0, 255).astype(np.uint8)
    evidence = np.where(foreground, 0.4 + 2.2 * dent, np.nan).astype(np.float32)
    angle = np.linspace(0, 2 * np.pi, 60)
    ring = np.stack([70 + 4 * np.cos(angle), 55 + 4 * np.sin(angle)], axis=1) * side / 100
    view = PartView(
        f"made/{side}/{seed}",
        rgb=np.repeat(grey[..., None], 3, axis=2),
        xyz=xyz,
        normals=normals.astype(np.float32),
        foreground=foreground,
        rgb_map=evidence,
        shape_map=evidence,
        fused_map=evidence,
        deviation_mm=-0.6 * dent.astype(np.float32),
        height_mm=height,
        mm_per_px=100 / side,
    )
    return view, [Outline(1, (ring,), selected=True)]


@contextmanager
def heartbeat(app: QApplication, gaps: list[float]) -> Iterator[Callable[[], None]]:
    """Gives a `settle` that runs the event loop and notes how long each turn took."""

    def settle() -> None:
        start = time.perf_counter()
        app.processEvents()
        gaps.append(time.perf_counter() - start)

    yield settle


@dataclass(frozen=True, slots=True)
class Times:
    """Milliseconds by the clock, and the processor's share of them (all threads)."""

    wall: list[float]
    cpu: list[float]


def timed(action: Callable[[int], None], settle: Callable[[], None], count: int) -> Times:
    """From each call to the painted pixels; the first two are warm-up."""
    wall, cpu = [], []
    for i in range(count + 2):
        start, used = time.perf_counter(), time.process_time()
        action(i)
        settle()
        wall.append((time.perf_counter() - start) * 1e3)
        cpu.append((time.process_time() - used) * 1e3)
    return Times(wall[2:], cpu[2:])


def report(name: str, side: int, times: Times, budget: Budget) -> None:
    median, p95, cpu = np.median(times.wall), np.percentile(times.wall, 95), np.median(times.cpu)
    print(
        f"{name:34s} {side:5d} {median:8.1f} {p95:8.1f} {max(times.wall):8.1f} {cpu:8.1f}   "
        f"{budget.median_ms:5.0f} / {budget.p95_ms:<5.0f} {median / budget.median_ms:6.2f}"
    )


def hover(target: QWidget, x: float, y: float) -> None:
    place = QPointF(x, y)
    where = QPointF(target.mapToGlobal(place))
    event = QMouseEvent(
        QEvent.Type.MouseMove,
        place,
        where,
        Qt.MouseButton.NoButton,
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
    )
    QApplication.sendEvent(target, event)


def measure(app: QApplication, stage: Stage, side: int, count: int) -> None:
    """All rows for one size of part."""
    parts = [made_part(side, seed) for seed in (1, 2)]
    gaps: list[float] = []
    with heartbeat(app, gaps) as settle:

        def rest() -> None:
            deadline = time.monotonic() + 20
            while not stage.settled and time.monotonic() < deadline:
                settle()

        def open_part(i: int) -> None:
            view, outlines = parts[i % 2]
            stage.show_part(replace(view, id=f"{view.id}/{i}"))
            stage.set_outlines(outlines)

        def move(i: int) -> None:
            stage.set_thresholds(
                LIMITS[0] + 0.004 * (i % 60), LIMITS[1] + 0.004 * (i % 60), LIMITS[2]
            )

        def call_only(i: int) -> None:
            move(i)

        cloud = stage.cloud_pane
        report(
            "open an inspected part",
            side,
            timed(open_part, settle, max(count // 4, 5)),
            Budget(150, 300),
        )
        canvas = stage.rgb_pane.findChild(QGraphicsView)
        assert isinstance(canvas, QGraphicsView)
        surface = canvas.viewport()
        rest()
        report("threshold moved, painted", side, timed(move, settle, count), Budget(33, 66))
        report(
            "threshold moved, call alone",
            side,
            timed(call_only, lambda: None, count),
            Budget(33, 66),
        )
        rest()
        report(
            "opacity moved, painted",
            side,
            timed(lambda i: stage.set_opacity(0.4 + 0.01 * (i % 50)), settle, count),
            Budget(33, 66),
        )
        rest()
        report(
            "hover in a picture, painted",
            side,
            timed(lambda i: hover(surface, 150 + i, 200), settle, count),
            Budget(16, 33),
        )
        hover(cloud, cloud.width() / 2, cloud.height() / 2)
        report(
            "hover in the cloud, painted",
            side,
            timed(
                lambda i: hover(cloud, cloud.width() / 2 - 60 + i, cloud.height() / 2),
                settle,
                count,
            ),
            Budget(16, 33),
        )

        def turn(i: int) -> None:
            camera = cloud.camera
            if camera is not None:
                cloud.look(camera.turned(2.0, 0.0))

        report("orbit, one frame", side, timed(turn, settle, count), Budget(50, 83))
        report("all points after the last move", side, timed(turn, rest, 5), Budget(300, 300))
        longest = [max(gaps) * 1e3]
        report("longest turn of the event loop", side, Times(longest, [0.0]), Budget(100, 100))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer repetitions, 400 x 400 only")
    options = parser.parse_args()
    app = QApplication(sys.argv[:1])
    apply_theme(app, "dark")
    stage = Stage()
    stage.resize(908, 830)
    ready: list[bool] = []
    stage.prepared.connect(lambda: ready.append(True))
    stage.show()
    stage.warm_up()
    deadline = time.monotonic() + 60
    while not ready and time.monotonic() < deadline:
        app.processEvents()
    stage.set_cloud_mode("fused")
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    print(f"{platform.platform()}, {os.cpu_count()} cores, load {load:.1f}, {app.platformName()}")
    print(
        f"{'ms':34s} {'side':>5s} {'median':>8s} {'p95':>8s} {'max':>8s} {'cpu':>8s}   {'budget':>12s}  ratio"
    )
    for side in (400,) if options.quick else (400, 800):
        measure(app, stage, side, 15 if options.quick else 60)
    stage.close_gl()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
