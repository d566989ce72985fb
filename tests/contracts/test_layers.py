"""Who may import whom, as data. Every import counts: relative ones, in functions, for types only."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

LAYERS = (
    "types errors settings progress device files assets software",
    "data geometry",
    "features memory",
    "detectors decision",
    "recipe store evaluation reports colormaps palette loading",
    "calibrating choosing engine",
    "synthetic benchmark pretrain",
    "cli",
)
"""Lowest first. A module imports from layers below and from its own."""

SCREEN = {"PySide6", "shiboken6", "pyqtgraph", "vtk", "vtkmodules", "app"}

APP = {
    "theme": set(),
    "model": set(),
    "worker": {"model"},
    "views": {"model", "theme", "words"},
    "actions": {"model", "worker", "theme"},
}
"""Folder of the window -> what else of `app` it may import. Modules beside the folders put them together."""

BLOCKS = {"flow", "folder_field", "histogram", "legend", "number_box"}
"""Small widgets without a model of their own that any view may be built of; they know no view."""

ASSEMBLERS = {
    "stage": {"image_pane", "cloud_pane"},
    "inspector": {
        "defect_table", "maps_panel", "nearest_good", "threshold_panel", "verdict_header",
    },
    "learn_dialog": {"network_row", "settings_form"},
    "reading_dialog": {"settings_form"},
}  # fmt: skip
"""Views that put others together; every other view knows none."""

VAGUE = {"utils", "util", "helpers", "common", "misc", "tools"}


@cache
def modules(package: str) -> dict[str, Path]:
    """Dotted name to file of every module of a package."""
    found = {}
    for path in sorted((ROOT / package).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def known() -> frozenset[str]:
    return frozenset({**modules("inspector_core"), **modules("app")})


@cache
def imported(module: str) -> frozenset[str]:
    """Every module that a module imports, wherever in the file and however it is written."""
    path = {**modules("inspector_core"), **modules("app")}[module]
    return frozenset(imports_in(path.read_text("utf-8"), module, path.name == "__init__.py"))


def imports_in(source: str, module: str, is_package: bool) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = module.split(".")
                up = node.level - (1 if is_package else 0)
                base = ".".join([*parts[: len(parts) - up], *([base] if base else [])])
            for alias in node.names:
                inner = f"{base}.{alias.name}"
                found.add(inner if inner in known() else base)
    return found


def layer_of(module: str) -> int | None:
    name = module.split(".")[1] if "." in module else ""
    return next((at for at, names in enumerate(LAYERS) if name in names.split()), None)


def test_that_imports_are_found_however_they_are_written():
    source = (
        "from . import errors\n"
        "from .data.scan import scan\n"
        "import torch.nn as nn\n"
        "def f():\n"
        "    from inspector_core import engine\n"
        "    if x:\n"
        "        import vtk\n"
    )
    assert imports_in(source, "inspector_core", True) == {
        "inspector_core.errors",
        "inspector_core.data.scan",
        "torch.nn",
        "inspector_core.engine",
        "vtk",
    }


def test_that_the_core_never_imports_the_screen():
    assert not [
        (module, name)
        for module in modules("inspector_core")
        for name in imported(module)
        if name.split(".")[0] in SCREEN
    ]


def test_that_every_module_of_the_core_belongs_to_a_layer():
    assert [m for m in modules("inspector_core") if "." in m and layer_of(m) is None] == []


def test_that_the_core_imports_downwards():
    upwards = [
        (module, name)
        for module in modules("inspector_core")
        for name in imported(module)
        if "." in module
        and name.startswith("inspector_core.")
        and (layer_of(name) or 0) > (layer_of(module) or 0)
    ]
    assert upwards == []


@pytest.mark.parametrize("package", ["inspector_core", "app"])
def test_that_private_names_stay_in_their_module(package):
    taken = []
    for module, path in modules(package).items():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom):
                taken += [
                    (module, alias.name)
                    for alias in node.names
                    if alias.name.startswith("_") and not alias.name.startswith("__")
                ]
    assert taken == []


@pytest.mark.parametrize("package", ["inspector_core", "app"])
def test_that_no_module_has_a_name_that_says_nothing(package):
    assert [m for m in modules(package) if VAGUE & set(m.lower().split("."))] == []


def test_that_models_of_the_window_need_no_widgets():
    assert not [
        (module, name)
        for module in modules("app")
        if module.startswith("app.model.")
        for name in imported(module)
        if name.split(".")[0] in SCREEN - {"app"} and name != "PySide6.QtCore"
    ]


def test_that_folders_of_the_window_import_only_what_they_may():
    wrong = []
    for module in modules("app"):
        parts = module.split(".")
        if len(parts) < 3:
            continue
        for name in imported(module):
            other = name.split(".")
            if other[0] == "app" and len(other) > 1 and other[1] != parts[1]:
                wrong += [(module, name)] if other[1] not in APP[parts[1]] else []
    assert wrong == []


def may_use(view, other):
    blocks = set() if view in BLOCKS else BLOCKS
    return other in blocks | ASSEMBLERS.get(view, set())


def test_that_views_do_not_know_each_other():
    wrong = []
    for module in modules("app"):
        parts = module.split(".")
        if parts[:2] != ["app", "views"] or len(parts) < 3:
            continue
        for name in imported(module):
            other = name.split(".")
            if other[:2] == ["app", "views"] and len(other) > 2 and other[2] != parts[2]:
                wrong += [] if may_use(parts[2], other[2]) else [(module, name)]
    assert wrong == []


def test_that_only_the_lane_makes_threads():
    maker = re.compile(r"\bQThread\(|\bQThreadPool\b|ThreadPoolExecutor\(|threading\.Thread\(")
    assert [
        module
        for module, path in modules("app").items()
        if not module.startswith("app.worker") and maker.search(path.read_text("utf-8"))
    ] == []


def test_that_colours_are_named_in_the_theme_alone():
    literal = re.compile(r"""["']#[0-9a-fA-F]{3,8}["']|QColor\(\s*\d""")
    assert [
        module
        for module, path in modules("app").items()
        if not module.startswith("app.theme") and literal.search(path.read_text("utf-8"))
    ] == []


def test_that_nothing_imports_the_window_or_the_command_line_but_their_entry():
    everything = [*modules("inspector_core"), *modules("app")]
    entries = {"app.__main__", "app.launch", "app.commands"}  # the last for the window's type alone
    assert not [
        (module, name)
        for module in everything
        for name in imported(module)
        if module not in entries
        and (name == "app.window" or name == "tests" or name.startswith("tests."))
    ]
    assert not [
        (module, name)
        for module in modules("app")
        for name in imported(module)
        if name.startswith("inspector_core.cli") and module not in entries
    ]


def test_that_resources_are_reached_through_assets_alone():
    everything = [*modules("inspector_core"), *modules("app")]
    assert [
        module
        for module in everything
        if module != "inspector_core.assets"
        and {"resources", "importlib.resources"} & imported(module)
    ] == []


def loaded_by(code: str) -> set[str]:
    """Top-level packages in sys.modules of a new process that ran this code."""
    script = (
        f"{code}\nimport sys\nprint(' '.join(sorted({{m.split('.')[0] for m in sys.modules}})))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return set(done.stdout.split("\n")[-2].split())


def test_that_help_is_answered_without_numpy():
    heavy = {"numpy", "scipy", "torch", "open3d", "skimage", "PIL", "platformdirs", *SCREEN}
    assert not heavy & loaded_by("from inspector_core.cli.main import run\nrun(['--help'])")
    assert not heavy & loaded_by(
        "from inspector_core.cli.main import run\nrun(['learn', '--help'])"
    )


def test_that_importing_the_core_loads_neither_torch_nor_open3d_nor_the_screen():
    names = [m for m in modules("inspector_core") if m != "inspector_core.cli.settings_page"]
    code = "import importlib\n" + "".join(f"importlib.import_module({name!r})\n" for name in names)
    heavy = {"torch", "torchvision", "timm", "open3d", "skimage", "sklearn", "reportlab", *SCREEN}
    assert not heavy & loaded_by(code)
