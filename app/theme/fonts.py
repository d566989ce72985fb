"""Fonts: the shipped families with tabular figures, in the sizes of the type scale."""

from __future__ import annotations

import logging
from functools import cache

from PySide6.QtGui import QFont, QFontDatabase

from app.theme.tokens import TYPE
from inspector_core.assets import resource

logger = logging.getLogger(__name__)

FAMILIES = ("Inter", "Noto Sans SC", "Noto Sans CJK SC")


@cache
def load_fonts() -> tuple[str, ...]:
    """Families found in the shipped fonts; needs an application, does its work once.

    A damaged or missing file only costs looks: Qt then takes the system's own families.
    """
    loaded: list[str] = []
    folder = resource("fonts")
    for path in sorted([*folder.glob("*.ttf"), *folder.glob("*.otf")]):
        number = QFontDatabase.addApplicationFont(str(path))
        if number < 0:
            logger.warning("font not usable: %s", path.name)
            continue
        loaded += QFontDatabase.applicationFontFamilies(number)
    return tuple(dict.fromkeys(loaded))


@cache
def text_font(style: str = "body") -> QFont:
    """The font of one entry of the type scale, figures all of one width; not to be changed."""
    scale = TYPE[style]
    font = QFont()
    font.setFamilies([*FAMILIES, QFontDatabase.systemFont(_GENERAL).family()])
    font.setPixelSize(scale.size)
    font.setWeight(QFont.Weight(scale.weight))
    font.setFeature(QFont.Tag("tnum"), 1)
    if scale.tracking:
        font.setLetterSpacing(QFont.SpacingType.PercentageSpacing, 100.0 + scale.tracking)
    if scale.capitals:
        font.setCapitalization(QFont.Capitalization.AllUppercase)
    return font


_GENERAL = QFontDatabase.SystemFont.GeneralFont
