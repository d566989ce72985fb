"""The only module that knows where shipped resources lie."""

from __future__ import annotations

from importlib.resources import as_file, files
from pathlib import Path


def resource(*parts: str) -> Path:
    """Path of a shipped resource, e.g. `resource("fonts", "Inter-Regular.ttf")`.

    The project is installed unpacked (editable or as a wheel in its own environment), so the path
    is a real one and stays valid for the life of the process.
    """
    node = files("resources").joinpath(*parts)
    with as_file(node) as path:
        return Path(path)


def sample_parts() -> Path:
    """The bundled sample part, in the MVTec 3D-AD layout."""
    return resource("parts", "casting")
