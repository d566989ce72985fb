"""The one style sheet: resources/themes/style.qss filled with tokens; fonts are set by `fonts`."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path
from string import Template

from PySide6.QtGui import QColor

from app.theme.tokens import RADIUS_CARD, RADIUS_CONTROL, RADIUS_TAG, TARGET, Tokens
from inspector_core.assets import resource

# what the style sheet can only take from files: drawings in the theme's colours
_DRAWINGS = {
    "chevron_down": ("chevron-down", "text2"),
    "chevron_view": ("chevron-down", "view_text2"),
    "chevron_up": ("chevron-up", "text2"),
    "check": ("accept", "on_accent"),
    "check_menu": ("accept", "text1"),
    "submenu": ("chevron-right", "text2"),
}


@cache
def _drawing_folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="relief-inspector-theme-")


def _drawings(tokens: Tokens) -> dict[str, str]:
    folder = Path(_drawing_folder().name)
    paths = {}
    for key, (icon, role) in _DRAWINGS.items():
        path = folder / f"{tokens.name}-{key}.svg"
        text = resource("icons", f"{icon}.svg").read_text(encoding="utf-8")
        path.write_text(text.replace("currentColor", getattr(tokens, role)), encoding="utf-8")
        paths[key] = path.as_posix()
    return paths


def rgba(colour: str) -> str:
    """A token as the style sheet writes it, alpha included."""
    value = QColor(colour)
    return f"rgba({value.red()}, {value.green()}, {value.blue()}, {value.alpha()})"


def style_sheet(tokens: Tokens) -> str:
    """The application's style sheet. Properties it looks at:

    QLabel tone "1" "2" "3" "accept" "review" "reject" "accent"; QPushButton kind "primary" "flat" "chip";
    QFrame/QWidget panel "bar" "rail" "inspector" "status" "card"; QFrame line "h" "v".
    """
    colours = {name: rgba(getattr(tokens, name)) for name in _names(tokens)}
    template = resource("themes", "style.qss").read_text(encoding="utf-8")
    return Template(template).substitute(
        colours,
        **_drawings(tokens),
        radius=RADIUS_CONTROL,
        radius_tag=RADIUS_TAG,
        radius_card=RADIUS_CARD,
        # a control's box is its content plus 2 px padding and a 1 px border above and below
        content=TARGET - 6,
        target=TARGET,
        chip_content=TARGET - 6,
    )


def _names(tokens: Tokens) -> list[str]:
    return [name for name in tokens.__dataclass_fields__ if name != "name"]
