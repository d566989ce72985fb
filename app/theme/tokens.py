"""The two themes as data: colours, type, space and radii; the only place with literal colours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from inspector_core.types import Verdict


@dataclass(frozen=True, slots=True)
class Tokens:
    """Colours of one theme, "#rrggbb" or "#aarrggbb".

    bg0 window, bg1 panel, bg2 field, bg3 selection and hover; line hairlines.
    text1 main, text2 secondary, text3 captions, text_disabled.
    accent the one primary action, focus ring, selection mark; on_accent text upon it.
    accept, review, reject verdicts, always beside a shape and a word; on_verdict the shape's colour.
    colour, shape attribution of a defect to picture or scan.
    view behind pictures and cloud; dark in both themes so that maps read the same. Everything named
    view_* is drawn upon it and therefore equal in both themes.
    """

    name: str
    bg0: str
    bg1: str
    bg2: str
    bg3: str
    line: str
    text1: str
    text2: str
    text3: str
    text_disabled: str
    accent: str
    accent_hover: str
    on_accent: str
    accept: str
    review: str
    reject: str
    on_verdict: str
    neutral: str
    view: str
    histogram: str
    colour: str = "#e08a2e"
    shape: str = "#2f81f7"
    view_line: str = "#30363c"
    view_text1: str = "#eceff1"
    view_text2: str = "#b4bcc4"
    view_tag: str = "#c80c0d0e"
    view_skeleton: str = "#1affffff"
    outline: str = "#ffffff"
    halo: str = "#b0000000"
    number_tag: str = "#f8f9fa"
    on_number_tag: str = "#121416"
    marker: str = "#7fd1ff"
    hatch: str = "#6e9fb3c8"
    axis_x: str = "#ff7b6b"
    axis_y: str = "#6fd08c"
    axis_z: str = "#7fb2ff"

    def verdict(self, verdict: Verdict) -> str:
        """The verdict's colour; grey for a part that was not inspected."""
        return {
            Verdict.ACCEPT: self.accept,
            Verdict.REVIEW: self.review,
            Verdict.REJECT: self.reject,
            Verdict.NOT_INSPECTED: self.neutral,
        }[verdict]


DARK = Tokens(
    name="dark",
    bg0="#121416",
    bg1="#191c1f",
    bg2="#212529",
    bg3="#2a2f34",
    line="#30363c",
    text1="#eceff1",
    text2="#a9b2ba",
    text3="#838d96",
    text_disabled="#5b646c",
    accent="#58a6ff",
    accent_hover="#79b8ff",
    on_accent="#0c1116",
    accept="#3fb68b",
    review="#e0a92e",
    reject="#f0624d",
    on_verdict="#121416",
    neutral="#838d96",
    view="#0c0d0e",
    histogram="#4a7fb8",
)

LIGHT = Tokens(
    name="light",
    bg0="#eef0f2",
    bg1="#f8f9fa",
    bg2="#ffffff",
    bg3="#e9ecef",
    line="#d5dade",
    text1="#1b2024",
    text2="#4f5a63",
    text3="#626d76",
    text_disabled="#a3acb4",
    accent="#0b63ce",
    accent_hover="#0a56b3",
    on_accent="#ffffff",
    accept="#157a58",
    review="#946600",
    reject="#c8361f",
    on_verdict="#ffffff",
    neutral="#626d76",
    view="#24282c",
    histogram="#7fb3ee",
)

THEMES: Mapping[str, Tokens] = MappingProxyType({"dark": DARK, "light": LIGHT})


@dataclass(frozen=True, slots=True)
class TextStyle:
    """Size and line height in px, weight as in QFont, letter spacing in percent added."""

    size: int
    line: int
    weight: int = 400
    tracking: float = 0.0
    capitals: bool = False


TYPE: Mapping[str, TextStyle] = MappingProxyType(
    {
        "body": TextStyle(13, 18),
        "strong": TextStyle(13, 18, 600),
        "note": TextStyle(12, 17),
        "note-strong": TextStyle(12, 17, 600),
        "caption": TextStyle(11, 14),
        "section": TextStyle(11, 14, 600, 4.0, True),
        "lead": TextStyle(14, 20),
        "card": TextStyle(15, 20, 600),
        "verdict": TextStyle(22, 26, 600),
        "start": TextStyle(28, 34, 600),
        "operator": TextStyle(64, 72, 600),
    }
)

# 4 px grid
PADDING = 16
GAP_S, GAP_M, GAP_L = 6, 8, 14
RADIUS_TAG, RADIUS_CONTROL, RADIUS_CARD = 4, 6, 10
TARGET = 28
TOP_BAR, RAIL, INSPECTOR, STATUS = 44, 212, 320, 26
