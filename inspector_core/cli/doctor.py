"""`relief doctor`: everything that a support request needs."""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from inspector_core.cli.display import has_display
from inspector_core.cli.printing import Console, printable
from inspector_core.errors import DeviceError, OutputError, WeightsError
from inspector_core.files import shown
from inspector_core.progress import Job, Progress

if TYPE_CHECKING:
    from inspector_core.cli.probes import Probe

EXAMPLES = ("relief doctor", "relief doctor --quick --json")

_FONTS = ("Inter-Regular.ttf", "NotoSansSC-Regular.ttf")
_PACKAGES = {"PIL": "pillow", "yaml": "PyYAML", "skimage": "scikit-image", "sklearn": "scikit-learn",
             "PySide6.QtWidgets": "PySide6_Essentials", "vtkmodules.vtkRenderingOpenGL2": "vtk"}  # fmt: skip
_LITTLE_MEMORY = 2 << 30
_INCOMPLETE = "the installation is incomplete: fetch it again"


@dataclass(frozen=True, slots=True)
class Row:
    """One finding. `cure` is empty where nothing is wrong; `code` is the exit code it asks for."""

    topic: str
    name: str
    value: str
    cure: str = ""
    code: int = 0

    @property
    def ok(self) -> bool:
        return self.code == 0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's own options."""
    parser.add_argument(
        "--quick", action="store_true", help="leave out reading the bundled sample part"
    )


def run(args: argparse.Namespace, console: Console) -> int:
    """Look at everything; the exit code is that of the first problem."""
    rows = console.run(examined(quick=args.quick))
    problems = [row for row in rows if not row.ok]
    console.document(
        {
            "schema": "relief-doctor/1",
            "problems": len(problems),
            "rows": [
                {
                    "topic": row.topic,
                    "name": row.name,
                    "value": row.value,
                    "ok": row.ok,
                    "cure": row.cure or None,
                }
                for row in rows
            ],
        }
    )
    if not args.quiet:
        console.table(
            ("", "topic", "what", "found"),
            [("ok" if row.ok else "!!", row.topic, row.name, row.value) for row in rows],
        )
    for row in problems:
        console.say(f"{row.name}: {printable(row.value)}; {printable(row.cure)}.")
    if not problems and not args.quiet:
        console.say("No problem found.")
    return problems[0].code if problems else 0


def examined(*, quick: bool) -> Job[list[Row]]:
    """All findings, quick ones first."""
    rows = [*_system(), *_fonts(), *_folders(), *_settings()]
    yield Progress("Looking at the libraries")
    rows += list(_libraries())
    yield Progress("Looking at the devices")
    rows += list(_devices())
    yield Progress("Drawing off-screen")
    rows.append(_graphics())
    rows += list(_weights())
    if not quick:
        yield Progress("Reading the bundled sample part")
        rows.append(_sample())
    order = {topic: at for at, topic in enumerate(dict.fromkeys(row.topic for row in rows))}
    return sorted(rows, key=lambda row: order[row.topic])


def _system() -> Iterator[Row]:
    from inspector_core import __version__
    from inspector_core.device import free_memory

    yield Row("program", "Relief Inspector", __version__)
    yield Row("program", "folder", printable(Path(__file__).resolve().parents[2]))
    yield Row("system", "Python", f"{platform.python_version()} {sys.executable}")
    yield Row("system", "platform", platform.platform())
    free = free_memory()
    little = free < _LITTLE_MEMORY
    yield Row(
        "system",
        "free memory",
        f"{free / 2**30:.1f} GB, {os.cpu_count() or 1} processor cores",
        "close other programs: 2 GB are needed" if little else "",
        DeviceError.exit_code if little else 0,
    )


def _fonts() -> Iterator[Row]:
    from inspector_core.assets import resource

    for name in _FONTS:
        found = resource("fonts", name).is_file()
        yield Row(
            "program",
            f"font {name}",
            "there" if found else "missing",
            "" if found else _INCOMPLETE,
            0 if found else DeviceError.exit_code,
        )


def _folders() -> Iterator[Row]:
    import platformdirs

    from inspector_core.cli.configuration import FOLDER_NAME

    places = {
        "settings": platformdirs.user_config_dir(FOLDER_NAME, appauthor=False),
        "recipes of the window": platformdirs.user_data_dir(FOLDER_NAME, appauthor=False),
        "cache": platformdirs.user_cache_dir(FOLDER_NAME, appauthor=False),
        "logs": platformdirs.user_log_dir(FOLDER_NAME, appauthor=False),
        "temporary files": tempfile.gettempdir(),
    }
    for name, place in places.items():
        problem = _not_writable(Path(place))
        yield Row(
            "folders",
            name,
            f"{printable(place)} ({problem})" if problem else printable(place),
            "give yourself write access to it" if problem else "",
            OutputError.exit_code if problem else 0,
        )


def _not_writable(folder: Path) -> str:
    """Why nothing can be written there, or "": tried in the nearest folder that exists."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    try:
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".relief-write-test-"):
            return ""
    except OSError as error:
        return f"not writable: {error.strerror or error}"


def _settings() -> Iterator[Row]:
    from inspector_core.cli.configuration import Configuration
    from inspector_core.detectors import DETECTORS
    from inspector_core.errors import SettingError

    configuration = Configuration()
    yield Row("settings", "file", printable(configuration.path))
    try:
        for entry in configuration.program().values():
            yield Row("settings", entry.name, f"{entry.value} (from {printable(entry.origin)})")
        for detector in DETECTORS:
            for entry in configuration.of_detector(detector, {}).values():
                yield Row(
                    "settings",
                    f"{detector}: {entry.name}",
                    f"{printable(entry.value)} (from {printable(entry.origin)})",
                )
    except SettingError as error:
        yield Row("settings", "value", error.message, error.cure, SettingError.exit_code)
    for problem in configuration.problems:
        yield Row("settings", "ignored", problem, "correct or remove it", SettingError.exit_code)


def _libraries() -> Iterator[Row]:
    from inspector_core.cli import probes

    for module, probe in probes.imports((*probes.ENGINE, *probes.SCREEN)).items():
        package = _PACKAGES.get(module, module)
        topic = "libraries of the window" if module in probes.SCREEN else "libraries"
        yield _probed(topic, package, probe, f"{_version(package)}, {probe.seconds:.1f} s")


def _version(package: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown version"


def _probed(topic: str, name: str, probe: Probe, value: str) -> Row:
    from inspector_core.cli.probes import cure_for

    if probe.ok:
        return Row(topic, name, value)
    return Row(topic, name, probe.why, cure_for(probe.complaint), DeviceError.exit_code)


def _devices() -> Iterator[Row]:
    from inspector_core.cli import probes

    probe = probes.devices()
    yield _probed("devices", "CUDA", probe, probe.said)
    shown = "there" if has_display() else "none: the window needs one, everything else does not"
    yield Row("devices", "display", shown)


def _graphics() -> Row:
    from inspector_core.cli import probes

    probe = probes.gl()
    if probe.ok:
        return Row("devices", "off-screen drawing", probe.said)
    return Row(
        "devices",
        "off-screen drawing",
        probe.why,
        "the window draws the cloud as a relief picture instead; on Debian or Ubuntu: "
        f"sudo apt-get install -y --no-install-recommends {probes.SYSTEM_LIBRARIES}",
        DeviceError.exit_code,
    )


def _weights() -> Iterator[Row]:
    from inspector_core.detectors import infos

    try:
        entries = infos()
    except Exception as error:  # the doctor must tell what is broken, not break on it
        problem = f"cannot be loaded: {type(error).__name__}: {error}"
        yield Row("weights", "detectors", problem, _INCOMPLETE, DeviceError.exit_code)
        return
    from inspector_core.features import weights

    here = {one.entry.name for one in weights.status() if one.presence == "present"}
    yield Row("weights", "folder", shown(weights.folder()))
    for info in entries:
        if not info.weights:
            said = "needs none"
        else:
            found = [name for name in info.weights if name in here]
            said = (
                f"uses {', '.join(found)}" if found else f"none of {', '.join(info.weights)} here"
            )
        yield Row("weights", info.name, said)
    for one in weights.status():
        if one.presence == "altered":
            cure = f"add {one.entry.name} again with --force"
            yield Row(
                "weights", one.entry.name, f"damaged; {cure}", _INCOMPLETE, WeightsError.exit_code
            )


def _sample() -> Row:
    from inspector_core.cli import probes

    probe = probes.bundled_sample()
    if probe.ok:
        return Row("program", "sample part", probe.said)
    return Row("program", "sample part", probe.why, _INCOMPLETE, DeviceError.exit_code)
