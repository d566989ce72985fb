"""Whether this machine can draw 3D, found out in a child process.

Without a display, EGL or OSMesa the first VTK frame ends in a segmentation fault, so the program never
makes a render window before a child has drawn a frame and ended with code 0.
"""

from __future__ import annotations

import logging
import os
import sys
from dataclasses import dataclass
from functools import cache

from PySide6.QtCore import QObject, QProcess, QProcessEnvironment, QTimer, Signal

logger = logging.getLogger(__name__)

_VARIABLE = "VTK_DEFAULT_OPENGL_WINDOW"
_EGL = "vtkEGLRenderWindow"
_LIMIT_MS = 20_000
_SOFTWARE = ("llvmpipe", "softpipe", "swrast", "swr")
_SCRIPT = """
import vtkmodules.vtkRenderingOpenGL2
from vtkmodules.vtkRenderingCore import vtkRenderer, vtkRenderWindow
window = vtkRenderWindow()
window.SetOffScreenRendering(1)
window.SetSize(16, 16)
window.AddRenderer(vtkRenderer())
window.Render()
for line in window.ReportCapabilities().splitlines():
    if "OpenGL renderer string" in line:
        print(line.split(":", 1)[1].strip())
window.Finalize()
"""


@dataclass(frozen=True, slots=True)
class Graphics:
    """What the child found.

    usable : a frame was drawn.   renderer : the driver's name of itself.
    window : the value of VTK_DEFAULT_OPENGL_WINDOW with which it was drawn, or empty.
    """

    usable: bool
    renderer: str = ""
    window: str = ""

    @property
    def software(self) -> bool:
        """True where the processor draws: fewer points while moving."""
        return any(name in self.renderer.lower() for name in _SOFTWARE)


class GraphicsProbe(QObject):
    """Asks once per start, in the background; `answered` carries the Graphics."""

    answered = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._answer: Graphics | None = None
        self._left = _attempts()
        self._process: QProcess | None = None
        self._current = ""

    def ask(self) -> None:
        """Emit `answered` now if the answer is known, otherwise when the child has ended."""
        if self._answer is not None:
            self.answered.emit(self._answer)
        elif self._process is None:
            self._next()

    def stop(self) -> None:
        """End a child that still runs; nobody waits for its answer any more."""
        process, self._process = self._process, None
        self._left = _attempts()
        if process is not None:
            process.finished.disconnect(self._finished)
            process.errorOccurred.disconnect(self._failed)
            process.kill()
            process.waitForFinished(1000)

    def _next(self) -> None:
        self._current = self._left.pop(0)
        process = QProcess(self)
        environment = QProcessEnvironment.systemEnvironment()
        if self._current:
            environment.insert(_VARIABLE, self._current)
        process.setProcessEnvironment(environment)
        process.finished.connect(self._finished)
        process.errorOccurred.connect(self._failed)
        limit = QTimer(process)
        limit.setSingleShot(True)
        limit.timeout.connect(process.kill)
        limit.start(_LIMIT_MS)
        self._process = process
        process.start(sys.executable, ["-c", _SCRIPT])

    def _failed(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart:
            self._conclude(Graphics(False))

    def _finished(self, code: int, status: QProcess.ExitStatus) -> None:
        process = self._process
        assert process is not None
        output = bytes(process.readAllStandardOutput().data()).decode(errors="replace").strip()
        if status == QProcess.ExitStatus.NormalExit and code == 0:
            self._conclude(Graphics(True, output.splitlines()[-1] if output else "", self._current))
        elif self._left:
            process.deleteLater()
            self._next()
        else:
            logger.warning("no 3D: the trial frame ended with code %s (%s)", code, status.name)
            self._conclude(Graphics(False))

    def _conclude(self, answer: Graphics) -> None:
        if self._process is not None:
            self._process.deleteLater()
            self._process = None
        if answer.window:
            # VTK reads this when the first render window is made
            os.environ[_VARIABLE] = answer.window
        self._answer = answer
        logger.info("3D: %s", answer)
        self.answered.emit(answer)


def _attempts() -> list[str]:
    """Values of the variable to try: what is set; else the platform's own, then EGL."""
    if os.environ.get(_VARIABLE):
        return [os.environ[_VARIABLE]]
    if not sys.platform.startswith("linux"):
        return [""]
    on_screen = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    return ["", _EGL] if on_screen else [_EGL]


@cache
def graphics_probe() -> GraphicsProbe:
    """The one probe of this process."""
    return GraphicsProbe()
