"""Whether a window can be shown at all, without asking Qt, which aborts where it cannot."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

_WITHOUT_DISPLAY = ("offscreen", "minimal", "vnc", "linuxfb", "eglfs")


def has_display(environment: Mapping[str, str] | None = None, platform: str = sys.platform) -> bool:
    """True outside Linux, with a display server's variable, or with a Qt platform that needs none."""
    env = os.environ if environment is None else environment
    if not platform.startswith("linux"):
        return True
    chosen = env.get("QT_QPA_PLATFORM", "").split(":")[0]
    return bool(env.get("DISPLAY") or env.get("WAYLAND_DISPLAY")) or chosen in _WITHOUT_DISPLAY
