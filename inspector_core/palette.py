"""Colours that mean something, the same in window, pictures and reports (`design: visual`)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from inspector_core.types import Verdict

Theme = Literal["light", "dark"]

VERDICT: Mapping[Theme, Mapping[Verdict, str]] = MappingProxyType(
    {
        "light": MappingProxyType(
            {
                Verdict.ACCEPT: "#157a58",
                Verdict.REVIEW: "#946600",
                Verdict.REJECT: "#c8361f",
                Verdict.NOT_INSPECTED: "#626d76",
            }
        ),
        "dark": MappingProxyType(
            {
                Verdict.ACCEPT: "#3fb68b",
                Verdict.REVIEW: "#e0a92e",
                Verdict.REJECT: "#f0624d",
                Verdict.NOT_INSPECTED: "#838d96",
            }
        ),
    }
)
"""Always beside a shape and a word."""

WORD: Mapping[Verdict, str] = MappingProxyType(
    {
        Verdict.ACCEPT: "Accept",
        Verdict.REVIEW: "Review",
        Verdict.REJECT: "Reject",
        Verdict.NOT_INSPECTED: "Not inspected",
    }
)

COLOUR_SHARE, SHAPE_SHARE = "#e08a2e", "#2f81f7"
"""Attribution of a defect to the picture or to the scan."""

TEXT: Mapping[Theme, tuple[str, str, str]] = MappingProxyType(
    {"light": ("#1b2024", "#4f5a63", "#626d76"), "dark": ("#eceff1", "#a9b2ba", "#838d96")}
)
"""Main, secondary, captions; at least 4.5:1 on the panels of their theme."""

LINE: Mapping[Theme, str] = MappingProxyType({"light": "#d5dade", "dark": "#30363c"})
FIELD: Mapping[Theme, str] = MappingProxyType({"light": "#f8f9fa", "dark": "#191c1f"})
ACCENT: Mapping[Theme, str] = MappingProxyType({"light": "#0b63ce", "dark": "#58a6ff"})
VIEW: Mapping[Theme, str] = MappingProxyType({"light": "#24282c", "dark": "#0c0d0e"})
"""Behind pictures and clouds; dark in both themes so that maps read the same."""

OUTLINE, HALO = "#ffffff", "#000000"
"""Around defects, on any picture; the halo is drawn at 70 % opacity."""
NUMBER_TAG, ON_NUMBER_TAG = "#f8f9fa", "#121416"
AXES = ("#ff7b6b", "#6fd08c", "#7fb2ff")
"""Directions x, y, z of the camera frame, on VIEW."""


def rgb(colour: str) -> tuple[int, int, int]:
    """ "#rrggbb" as three numbers 0..255."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
