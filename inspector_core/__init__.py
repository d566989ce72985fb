"""Relief Inspector's core: find, measure and explain defects on parts seen in colour and in 3D.

    from inspector_core import drain, inspect, learn, scan

    folder = scan(Path("parts"))
    recipe = drain(learn(folder, detector="aligned", out=Path("recipe")))
    results = drain(inspect(folder, recipe))

Importing this package loads neither torch nor open3d; names are resolved on first use (PEP 562).
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "scan": "inspector_core.engine",
    "learn": "inspector_core.engine",
    "inspect": "inspector_core.engine",
    "evaluate": "inspector_core.engine",
    "drain": "inspector_core.progress",
    "Progress": "inspector_core.progress",
    "InspectorError": "inspector_core.errors",
    "Sample": "inspector_core.types",
    "SampleRef": "inspector_core.types",
    "Result": "inspector_core.types",
    "Verdict": "inspector_core.types",
}

__all__ = ["__version__", *sorted(_HOMES)]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
