"""What this machine can do, tried in child processes: a crash or an abort there is only an answer."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

LIMIT_S = 60.0
GL_LIMIT_S = 10.0

SYSTEM_LIBRARIES = (
    "libgl1 libegl1 libglib2.0-0 libxkbcommon0 libxkbcommon-x11-0 libfontconfig1 libfreetype6 "
    "libdbus-1-3 libusb-1.0-0 libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1 libxcb-shape0 libxcursor1"
)
"""Debian's packages that Qt, VTK and Open3D load."""

ENGINE = ("numpy", "scipy", "torch", "open3d", "tifffile", "PIL",
          "safetensors", "yaml", "skimage", "sklearn", "jinja2", "reportlab", "platformdirs")  # fmt: skip
"""Modules that scanning, learning, inspecting and reports stand on."""
SCREEN = ("PySide6.QtWidgets", "pyqtgraph", "vtkmodules.vtkRenderingOpenGL2")
"""Modules that the window stands on besides."""

_GL = """
import vtkmodules.vtkRenderingOpenGL2
from vtkmodules.vtkRenderingCore import vtkRenderer, vtkRenderWindow
window = vtkRenderWindow()
window.SetOffScreenRendering(1)
window.SetSize(16, 16)
window.AddRenderer(vtkRenderer())
window.Render()
lines = window.ReportCapabilities().splitlines()
named = [line.split(":", 1)[1].strip() for line in lines if line.startswith("OpenGL renderer")]
print((named or ["unnamed renderer"])[0])
window.Finalize()
"""

_DEVICES = """
import torch
cuda = torch.cuda
names = []
if cuda.is_available():
    for i in range(cuda.device_count()):
        names.append(f"cuda:{i} {cuda.get_device_name(i)}, {cuda.mem_get_info(i)[0] / 2**30:.1f} GB free")
print("; ".join(names) or "none")
"""

_SAMPLE = """
import time
from inspector_core import engine
from inspector_core.assets import sample_parts
from inspector_core.progress import drain
scan = drain(engine.scan(sample_parts()))
started = time.perf_counter()
sample = scan.refs[0].load()
print(f"{len(scan.refs)} parts, one read in {time.perf_counter() - started:.2f} s")
"""


@dataclass(frozen=True, slots=True)
class Probe:
    """How a child process ended.

    code : exit status, negative for a signal, None when it ran past its limit.
    said : its last line on stdout.   complaint : its last line on stderr.
    """

    code: int | None
    said: str
    complaint: str
    seconds: float

    @property
    def ok(self) -> bool:
        return self.code == 0

    @property
    def why(self) -> str:
        """Why it failed, in a few words."""
        if self.code is None:
            return "no answer in time"
        if self.code < 0:
            return f"crashed with signal {-self.code}"
        return self.complaint or f"ended with {self.code}"


def in_child(
    code: str, *, limit_s: float = LIMIT_S, environment: Mapping[str, str] | None = None
) -> Probe:
    """Run Python code in a child of this interpreter."""
    started = time.monotonic()
    try:
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            timeout=limit_s,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Probe(None, "", "", time.monotonic() - started)
    except OSError as error:
        return Probe(1, "", str(error), time.monotonic() - started)
    return Probe(
        done.returncode, _last(done.stdout), _last(done.stderr), time.monotonic() - started
    )


def _last(data: bytes) -> str:
    lines = data.decode("utf-8", "backslashreplace").strip().splitlines()
    return lines[-1].strip() if lines else ""


def imports(modules: Sequence[str]) -> dict[str, Probe]:
    """Each module imported in a child of its own, a few at a time."""
    with ThreadPoolExecutor(max(1, (os.cpu_count() or 2) // 2 + 1)) as pool:
        found = pool.map(lambda module: in_child(f"import {module}"), modules)
        return dict(zip(modules, found, strict=True))


def gl() -> Probe:
    """A 16x16 picture drawn off-screen with VTK, without and then with EGL asked for by name.

    The first render of a process crashes it where neither a display nor EGL nor OSMesa is there.
    """
    plain = in_child(_GL, limit_s=GL_LIMIT_S)
    if plain.ok:
        return plain
    egl = {"VTK_DEFAULT_OPENGL_WINDOW": "vtkEGLRenderWindow"}
    return in_child(_GL, limit_s=GL_LIMIT_S, environment=egl)


def devices() -> Probe:
    """CUDA devices as torch sees them, or "none"."""
    return in_child(_DEVICES)


def bundled_sample() -> Probe:
    """The bundled sample part scanned and one of its parts read."""
    return in_child(_SAMPLE)


def cure_for(complaint: str) -> str:
    """What to do about an import that failed: system libraries where one is missing."""
    if ".so" in complaint and "cannot open shared object" in complaint:
        return f"sudo apt-get install -y --no-install-recommends {SYSTEM_LIBRARIES}"
    return "remove the folder .venv and run ./relief again"
