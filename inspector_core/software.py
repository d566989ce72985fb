"""Which versions made a result."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

from inspector_core import __version__

PACKAGES = ("numpy", "scipy", "torch", "open3d", "tifffile", "pillow")


def label() -> str:
    """Name and version as they stand in results: "Relief Inspector 0.1.0"."""
    return f"Relief Inspector {__version__}"


def versions() -> dict[str, str]:
    """Versions of the program, Python and the libraries whose numbers enter a result."""
    found = {"relief-inspector": __version__, "python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "missing"
    return found
