"""Fixtures that the whole suite shares, and the platform for Qt."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("VTK_DEFAULT_OPENGL_WINDOW", "vtkEGLRenderWindow")
os.environ.setdefault("OMP_NUM_THREADS", "2")

ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("RELIEF_SHARED", ROOT.parent / "shared"))


def shared_path(*parts: str) -> Path:
    """A path in the evaluation data, or a skip that says what is missing."""
    path = SHARED.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"needs the evaluation data {'/'.join(parts)} (set RELIEF_SHARED)")
    return path


@pytest.fixture
def shared():
    """Function from path parts to a path in the evaluation data; skips where it is absent."""
    return shared_path
