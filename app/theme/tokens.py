"""The two themes as data: colours, type, space and radii; the window's only place with literal colours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from inspector_core import palette
from inspector_core.types import Verdict


def _over(colour: str, opacity: float) -> str:
    """A colour with opacity, "#aarrggbb"."""
    return f"#{round(255 * opacity):02x}{colour[1:]}"


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
    colour: str = palette.COLOUR_SHARE
    shape: str = palette.SHAPE_SHARE
    view_line: str = "#30363c"
    view_text1: str = "#eceff1"
    view_text2: str = "#b4bcc4"
    view_tag: str = "#c80c0d0e"
    outline: str = palette.OUTLINE
    halo: str = _over(palette.HALO, 0.7)
    number_tag: str = palette.NUMBER_TAG
    on_number_tag: str = palette.ON_NUMBER_TAG
    marker: str = "#7fd1ff"
    hatch: str = "#6e9fb3c8"
    axis_x: str = palette.AXES[0]
    axis_y: str = palette.AXES[1]
    axis_z: str = palette.AXES[2]

    def verdict(self, verdict: Verdict) -> str:
        """The verdict's colour; grey for a part that was not inspected."""
        return {
            Verdict.ACCEPT: self.accept,
            Verdict.REVIEW: self.review,
            Verdict.REJECT: self.reject,
            Verdict.NOT_INSPECTED: self.neutral,
        }[verdict]


def _theme(name: palette.Theme, **own: str) -> Tokens:
    """What has a meaning comes from the palette that window and reports share, the rest is given."""
    text1, text2, text3 = palette.TEXT[name]
    verdict = palette.VERDICT[name]
    return Tokens(
        name=name,
        bg1=palette.FIELD[name],
        line=palette.LINE[name],
        text1=text1,
        text2=text2,
        text3=text3,
        accent=palette.ACCENT[name],
        accept=verdict[Verdict.ACCEPT],
        review=verdict[Verdict.REVIEW],
        reject=verdict[Verdict.REJECT],
        neutral=verdict[Verdict.NOT_INSPECTED],
        view=palette.VIEW[name],
        **own,
    )


DARK = _theme(
    "dark",
    bg0="#121416",
    bg2="#212529",
    bg3="#2a2f34",
    text_disabled="#5b646c",
    accent_hover="#79b8ff",
    on_accent="#0c1116",
    on_verdict="#121416",
    histogram="#4a7fb8",
)

LIGHT = _theme(
    "light",
    bg0="#eef0f2",
    bg2="#ffffff",
    bg3="#e9ecef",
    text_disabled="#a3acb4",
    accent_hover="#0a56b3",
    on_accent="#ffffff",
    on_verdict="#ffffff",
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
