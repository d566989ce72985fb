"""The registry of detectors: name to class, imported on use."""

from __future__ import annotations

import importlib
from typing import cast

from inspector_core.detectors.contract import Detector, DetectorInfo
from inspector_core.errors import SettingError

DETECTORS: dict[str, str] = {
    "aligned": "inspector_core.detectors.aligned.detector:Aligned",
    "btf": "inspector_core.detectors.btf.detector:BTF",
    "cfm": "inspector_core.detectors.cfm.detector:CFM",
    "inctrl": "inspector_core.detectors.inctrl.detector:InCTRL",
    "lsfa": "inspector_core.detectors.lsfa.detector:LSFA",
    "m3dm": "inspector_core.detectors.m3dm.detector:M3DM",
    "padim": "inspector_core.detectors.padim:PaDiM",
    "patchcore": "inspector_core.detectors.patchcore:PatchCore",
    "residual": "inspector_core.detectors.residual:Residual",
    "spade": "inspector_core.detectors.spade:SPADE",
    "unaligned": "inspector_core.detectors.unaligned.detector:Unaligned",
}
"""name -> "module:class"."""

AUTOMATIC = "auto"
"""No detector: the good parts say which one suits them (`default_choice`)."""
DEFAULT = AUTOMATIC


def load(name: str) -> type[Detector]:
    """The detector class of that name; SettingError names those that exist."""
    if name not in DETECTORS:
        raise SettingError(
            f"there is no detector named {name}", cure=f"choose one of {', '.join(DETECTORS)}"
        )
    module, _, attribute = DETECTORS[name].partition(":")
    return cast(type[Detector], getattr(importlib.import_module(module), attribute))


def infos() -> tuple[DetectorInfo, ...]:
    """The declarations of all detectors (imports their modules, not their networks)."""
    return tuple(load(name).info for name in DETECTORS)
