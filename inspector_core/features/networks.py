"""timm and open_clip, imported in the one place that knows how.

Both import torchvision, and the packaged torchvision (built for CUDA) stops at import beside a CPU build
of torch: its compiled operators are missing. Neither library uses them for the networks here, so their
schemas are declared by hand, only when the plain import fails.
"""

from __future__ import annotations

import importlib
import threading
from types import ModuleType
from typing import Any

from inspector_core.errors import DeviceError

_lock = threading.Lock()
_declared: list[Any] = []
"""Keeps the hand-made operator library alive: torch forgets its schemas when it is collected."""

_OPERATORS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)


def timm_module() -> ModuleType:
    """The timm package; DeviceError when it cannot be imported."""
    return _imported("timm")


def open_clip_module() -> ModuleType:
    """The open_clip package; DeviceError when it cannot be imported."""
    return _imported("open_clip")


def _imported(name: str) -> ModuleType:
    with _lock:
        try:
            _torchvision()
            return importlib.import_module(name)
        except (ImportError, RuntimeError, OSError) as error:
            raise DeviceError(
                f"{name} cannot be loaded ({error})",
                cure="`relief doctor` tells which libraries are broken; btf and aligned need none",
            ) from error


def _torchvision() -> None:
    try:
        importlib.import_module("torchvision")
    except RuntimeError as error:
        if "does not exist" not in str(error) or _declared:
            raise
        import torch

        library = torch.library.Library("torchvision", "DEF")
        for schema in _OPERATORS:
            library.define(schema)
        _declared.append(library)
        importlib.import_module("torchvision")
