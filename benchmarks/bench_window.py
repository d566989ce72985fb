"""How fast the whole window answers: start, limit drag, hover, opening parts, cancel, stalls, quit.

Run with `python benchmarks/bench_window.py [--quick] [--side 800] [--detector aligned]`; draws off-screen
unless QT_QPA_PLATFORM says otherwise. Parts are made here, learnt and inspected with the real engine. Each
row is median and 95th percentile beside the budget; `cpu` is the processor time of all threads, which a busy
machine hardly changes.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PySide6.QtCore import QEvent, QPointF, Qt, QTimer
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication, QGraphicsView

from app.controller import Controller
from app.launch import application
from app.model.places import Places
from app.model.preferences import Preferences
from app.window import Window
from app.worker.jobs import CoreEngine, LearnRequest
from inspector_core.data.writers import write_part

STARTUP = """
import sys, time
from PySide6.QtCore import QTimer
from app.launch import application
from app.controller import Controller
from app.model.places import Places
from app.model.preferences import Preferences
from app.window import Window
from app.worker.jobs import CoreEngine
from pathlib import Path
import tempfile
folder = Path(tempfile.mkdtemp())
places = Places(folder / "c", folder / "r", folder / "l", folder / "s")
app = application("dark")
window = Window(Controller(CoreEngine("cpu"), places), Preferences(places.config))
def answered():
    print(time.time(), time.process_time(), "torch" in sys.modules, "open3d" in sys.modules)
    app.quit()
window.painted.connect(lambda: QTimer.singleShot(0, answered))
window.show()
app.exec()
window.close()
"""


@dataclass(frozen=True, slots=True)
class Row:
    """Milliseconds by the clock and of the processor; the budget's median and 95th percentile."""

    name: str
    wall: list[float]
    cpu: list[float]
    budget: tuple[float, float]

    def __str__(self) -> str:
        median, p95 = np.median(self.wall), np.percentile(self.wall, 95)
        cpu = f"{np.median(self.cpu):8.1f}" if self.cpu else f"{'':8s}"
        return (
            f"{self.name:40s} {median:8.1f} {p95:8.1f} {max(self.wall):8.1f} {cpu}   "
            f"{self.budget[0]:6.0f} / {self.budget[1]:<6.0f} {median / self.budget[0]:6.2f}"
        )


def write_parts(root: Path, side: int) -> None:
    """A ring on a plate, 100 mm wide: 6 good parts to learn, 6 held out, 6 to test, 4 with a dent."""
    y, x = np.mgrid[:side, :side].astype(np.float32) / side * 100 - 50
    radius = np.hypot(x, y)
    body = np.where(radius < 42, 6.0, 0.0) + np.where((radius > 14) & (radius < 26), 9.0, 0.0)
    marks = 30.0 * ((np.abs(x - 30) < 3) & (np.abs(y) < 8))
    for split, label, count in (
        ("train", "good", 6),
        ("validation", "good", 6),
        ("test", "good", 6),
        ("test", "dent", 4),
    ):
        for number in range(count):
            random = np.random.Generator(np.random.PCG64([number, len(split), len(label)]))
            dent = np.exp(-((x - 20) ** 2 + (y - 5) ** 2) / 8) if label == "dent" else 0.0
            height = body - 0.8 * dent + random.normal(0, 0.02, body.shape)
            grey = 90 + 6 * body + marks + random.normal(0, 3, body.shape)
            rgb = np.repeat(np.clip(grey, 0, 255).astype(np.uint8)[..., None], 3, axis=2)
            xyz = np.stack([x, y, 400 - height], axis=2).astype(np.float32)
            write_part(root, split, label, f"{number:03d}", rgb, xyz)


def timed(action: Callable[[int], None], settle: Callable[[], None], count: int) -> tuple:
    """Wall and processor ms from each call to the painted pixels; the first two are warm-up."""
    wall, cpu = [], []
    for i in range(count + 2):
        start, used = time.perf_counter(), time.process_time()
        action(i)
        settle()
        wall.append((time.perf_counter() - start) * 1e3)
        cpu.append((time.process_time() - used) * 1e3)
    return wall[2:], cpu[2:]


class Bench:
    """One window with an inspected folder."""

    def __init__(self, app: QApplication, folder: Path, side: int, detector: str) -> None:
        self.app = app
        places = Places(folder / "c", folder / "r", folder / "l", folder / "s")
        self.controller = Controller(CoreEngine("cpu"), places)
        self.window = Window(self.controller, Preferences(places.config))
        self.window.resize(1440, 900)
        self.window.show()
        self.controller.start()
        self.controller.prepare_engine()
        root = folder / "parts"
        write_parts(root, side)
        self.until(lambda: self.controller.session.device != "")
        self.controller.open_folder(root)
        self.calm(2.0)
        request = LearnRequest(folder / "recipe", "bench", detector)
        self.controller.learn(request, then=self.controller.inspect)
        self.calm()

    def until(self, holds: Callable[[], bool], patience_s: float = 600.0) -> None:
        deadline = time.monotonic() + patience_s
        while not holds():
            self.app.processEvents()
            time.sleep(0.0005)
            if time.monotonic() > deadline:
                front = self.controller.messages.front
                raise SystemExit(f"nothing happened for {patience_s:.0f} s: {front}")

    def settle(self) -> None:
        """Two turns: the folded move of a limit, then the paint that it asked for."""
        self.app.processEvents()
        self.app.processEvents()

    def is_calm(self) -> bool:
        model = self.controller
        part = model.current.part
        return (
            model.looking.is_calm
            and part is not None
            and part.result is model.session.result(part.ref.id)
        )

    def calm(self, rest_s: float = 0.5) -> None:
        """Run the event loop until the wished part is shown and half a second more."""
        self.until(self.is_calm)
        end = time.monotonic() + rest_s
        self.until(lambda: time.monotonic() > end)

    def dented(self) -> str:
        return next(r.id for r in self.controller.session.results if r.label == "dent")


def start_row(count: int) -> Row:
    """A process each; modules are compiled once, as they are where the program was installed."""
    wall, cpu, heavy = [], [], False
    with tempfile.TemporaryDirectory() as compiled:
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": compiled}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        for _ in range(count + 1):
            begun = time.time()
            found = subprocess.run(
                [sys.executable, "-c", STARTUP],
                capture_output=True,
                text=True,
                check=True,
                env=environment,
            ).stdout.split()
            wall.append((float(found[0]) - begun) * 1e3)
            cpu.append(float(found[1]) * 1e3)
            heavy |= "True" in found[2:]
    name = "window painted and answering" + (" (TORCH LOADED)" if heavy else "")
    return Row(name, wall[1:], cpu[1:], (800, 1500))


def drag_row(bench: Bench, count: int) -> Row:
    slider = bench.window.inspector.limits.sliders["t2"]
    middle = slider.value()
    wave = [middle + round(0.4 * middle * np.sin(i / 6)) + i % 2 for i in range(count + 2)]
    wall, cpu = timed(lambda i: slider.setValue(wave[i]), bench.settle, count)
    bench.controller.limits.back_to_recipe()
    return Row("limit drag: outlines, table, counts", wall, cpu, (33, 66))


def t1_row(bench: Bench, count: int) -> Row:
    slider = bench.window.inspector.limits.sliders["t1"]
    middle = slider.value()
    wave = [round(middle * (0.75 + 0.2 * np.sin(i / 6))) + i % 2 for i in range(count + 2)]
    wall, cpu = timed(lambda i: slider.setValue(wave[i]), bench.settle, count)
    bench.controller.limits.back_to_recipe()
    return Row("review limit drag, below the recipe's", wall, cpu, (33, 66))


def hover_row(bench: Bench, count: int) -> Row:
    target = bench.window.stage.rgb_pane.findChild(QGraphicsView) or bench.window.stage.rgb_pane
    widget = target.viewport() if isinstance(target, QGraphicsView) else target

    def move(i: int) -> None:
        place = QPointF(widget.width() * (0.3 + 0.005 * i), widget.height() * 0.5)
        none, no_key = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier
        where = QPointF(widget.mapToGlobal(place))
        event = QMouseEvent(QEvent.Type.MouseMove, place, where, none, none, no_key)
        bench.app.sendEvent(widget, event)

    wall, cpu = timed(move, bench.settle, count)
    return Row("hover read-out, linked cursor", wall, cpu, (16, 33))


def key_row(bench: Bench, count: int) -> Row:
    trigger = bench.window.actions_["view.heat_map"].trigger
    wall, cpu = timed(lambda _: trigger(), bench.settle, count + count % 2)
    return Row("key or menu reaction (heat maps)", wall, cpu, (50, 100))


def opacity_row(bench: Bench, count: int) -> Row:
    slider = bench.window.inspector.maps.opacity
    wall, cpu = timed(lambda i: slider.setValue(100 - i), bench.settle, count)
    slider.setValue(100)
    return Row("opacity", wall, cpu, (33, 66))


def open_row(bench: Bench, count: int, *, preloaded: bool) -> Row:
    model = bench.controller
    wall, cpu = [], []
    for i in range(count + 1):
        direction = 1 if (i // 5) % 2 == 0 else -1
        if not preloaded:
            wish, model.loader._wish = model.loader._wish, ""
            model.loader.forget_all()
            model.loader._wish = wish
        start, used = time.perf_counter(), time.process_time()
        model.step_part(direction)
        wished = model.session.current
        bench.until(lambda wished=wished: model.current.part.ref.id == wished)
        bench.settle()
        wall.append((time.perf_counter() - start) * 1e3)
        cpu.append((time.process_time() - used) * 1e3)
        bench.calm(0.3)
    name = "open inspected part, " + ("preloaded neighbour" if preloaded else "from disk")
    return Row(name, wall[1:], cpu[1:], (50, 150) if preloaded else (150, 300))


def stalls(bench: Bench, work: Callable[[], None], over_ms: float) -> str:
    """Gaps of a 5 ms heartbeat while work runs, by the clock and by this thread's processor time."""
    gaps: list[float] = []
    bursts: list[float] = []
    last = [time.perf_counter(), time.thread_time()]

    def beat() -> None:
        now = [time.perf_counter(), time.thread_time()]
        gaps.append((now[0] - last[0]) * 1e3)
        bursts.append((now[1] - last[1]) * 1e3)
        last[:] = now

    timer = QTimer(interval=5)
    timer.timeout.connect(beat)
    timer.start()
    work()
    timer.stop()
    late = sum(gap > over_ms for gap in gaps)
    own = sum(burst > over_ms for burst in bursts)
    return (
        f"longest gap {max(gaps):.0f} ms, {late} over {over_ms:.0f} ms; "
        f"this thread's own work {max(bursts):.0f} ms, {own} over"
    )


def cancel_rows(bench: Bench) -> list[Row]:
    model = bench.controller
    acknowledged, stopped = [], []
    for _ in range(5):
        model.inspect()
        bench.until(lambda: len(model.session.results) >= 1)
        start = time.perf_counter()
        bench.window.actions_["work.cancel"].trigger()
        bench.app.processEvents()
        acknowledged.append((time.perf_counter() - start) * 1e3)
        bench.until(lambda: model.session.busy is None)
        stopped.append((time.perf_counter() - start) * 1e3)
    model.inspect()
    bench.calm()
    return [
        Row("cancel: acknowledged", acknowledged, [], (100, 100)),
        Row("cancel: stopped", stopped, [], (1000, 1000)),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer repetitions")
    parser.add_argument("--side", type=int, default=800, help="pixels a side (default 800)")
    parser.add_argument("--detector", default="aligned")
    args = parser.parse_args()
    count = 8 if args.quick else 40
    load = os.getloadavg()[0]
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, load {load:.1f}")
    print(f"parts of {args.side} x {args.side} px, window 1440 x 900, {args.detector}\n")
    head = ("median", "p95", "max", "cpu", "budget p50 / p95", "ratio")
    print(
        f"{'ms':40s} {head[0]:>8s} {head[1]:>8s} {head[2]:>8s} {head[3]:>8s}   {head[4]} {head[5]}"
    )
    print(start_row(2 if args.quick else 10))
    app = application("dark")
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(app, Path(folder), args.side, args.detector)
        bench.controller.session.set_current(bench.dented())
        bench.calm()
        for row in (drag_row, t1_row, hover_row, key_row, opacity_row):
            print(row(bench, count), flush=True)
        print(open_row(bench, min(count, 20), preloaded=True), flush=True)
        print(open_row(bench, min(count, 20), preloaded=False), flush=True)
        for row in cancel_rows(bench):
            print(row, flush=True)

        def inspect() -> None:
            bench.controller.inspect()
            bench.calm()

        def drag() -> None:
            drag_row(bench, count)
            bench.calm()

        bench.controller.session.set_current(bench.dented())
        bench.calm()

        for name, work, budget in (("inspecting", inspect, 100.0), ("dragging", drag, 50.0)):
            print(f"event loop while {name:12s} {stalls(bench, work, budget)}")
        start = time.perf_counter()
        bench.window.close()
        print(Row("quit, idle", [(time.perf_counter() - start) * 1e3], [], (500, 500)))


if __name__ == "__main__":
    main()
