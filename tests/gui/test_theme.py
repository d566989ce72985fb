"""The theme: tokens, style sheet, fonts and icons."""

from __future__ import annotations

import re

import numpy as np
import pytest
from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QColor, QFontMetricsF, QIcon, QImage, QPainter, QPixmap
from PySide6.QtWidgets import QApplication, QPushButton

from app.theme import icons
from app.theme.apply import apply_theme, current, theme
from app.theme.fonts import load_fonts, text_font
from app.theme.style_sheet import style_sheet
from app.theme.tokens import DARK, LIGHT, TARGET, THEMES, TYPE, Tokens
from inspector_core.assets import resource
from inspector_core.types import Verdict


def luminance(colour: str) -> float:
    value = QColor(colour)
    parts = [value.redF(), value.greenF(), value.blueF()]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("tokens", THEMES.values(), ids=lambda t: t.name)
@pytest.mark.parametrize(
    "role", ["text1", "text2", "text3", "accent", "accept", "review", "reject", "neutral"]
)
def test_that_text_has_a_contrast_of_4_5_on_window_panel_and_field(
    tokens: Tokens, role: str
) -> None:
    for ground in ("bg1", "bg2"):
        assert contrast(getattr(tokens, role), getattr(tokens, ground)) >= 4.5


@pytest.mark.parametrize("tokens", THEMES.values(), ids=lambda t: t.name)
def test_that_signs_upon_a_colour_have_a_contrast_of_4_5(tokens: Tokens) -> None:
    assert contrast(tokens.on_accent, tokens.accent) >= 4.5
    assert contrast(tokens.on_number_tag, tokens.number_tag) >= 4.5
    for verdict in Verdict:
        assert contrast(tokens.on_verdict, tokens.verdict(verdict)) >= 4.5
    for text in (tokens.view_text1, tokens.view_text2):
        assert contrast(text, tokens.view) >= 4.5


def test_that_both_themes_draw_maps_on_the_same_tags_and_outlines() -> None:
    names = [name for name in DARK.__dataclass_fields__ if name.startswith("view_")]
    assert [getattr(DARK, n) for n in names] == [getattr(LIGHT, n) for n in names]


@pytest.mark.parametrize("tokens", THEMES.values(), ids=lambda t: t.name)
def test_that_the_style_sheet_is_filled_completely_and_its_pictures_exist(
    qapp: QApplication, tokens: Tokens
) -> None:
    text = style_sheet(tokens)
    assert "$" not in text.split("*/", 1)[1]
    paths = re.findall(r'url\("([^"]+)"\)', text)
    assert paths
    assert all(not QPixmap(path).isNull() for path in paths)


def test_that_no_colour_is_written_outside_the_tokens() -> None:
    root = resource().parent / "app"
    literal = re.compile(r"""["']#[0-9a-fA-F]{6,8}["']""")
    found = [
        path.relative_to(root).as_posix()
        for path in root.rglob("*.py")
        if path.name != "tokens.py" and literal.search(path.read_text(encoding="utf-8"))
    ]
    assert found == []
    assert not re.search(r"#[0-9a-fA-F]{3,8}\b", resource("themes", "style.qss").read_text())


def test_that_choosing_a_theme_changes_palette_and_tells_once(qapp: QApplication, qtbot) -> None:
    apply_theme(qapp, "dark")
    assert qapp.palette().window().color().name() == DARK.bg1
    told: list[Tokens] = []
    theme().changed.connect(told.append)
    apply_theme(qapp, "light")
    theme().changed.disconnect(told.append)
    assert told == [LIGHT]
    assert current() is LIGHT
    assert qapp.palette().window().color().name() == LIGHT.bg1


def test_that_following_the_system_takes_one_of_the_two_themes(qapp: QApplication) -> None:
    apply_theme(qapp, "system")
    assert current() in (DARK, LIGHT)
    assert theme().choice == "system"


def test_that_buttons_are_at_least_28_pixels_high(qapp: QApplication, qtbot) -> None:
    apply_theme(qapp, "dark")
    for kind in ("", "primary", "flat", "chip"):
        button = QPushButton("Learn")
        button.setProperty("kind", kind)
        qtbot.addWidget(button)
        assert button.sizeHint().height() >= TARGET, kind


@pytest.mark.parametrize("style", TYPE)
def test_that_figures_are_equally_wide(qapp: QApplication, style: str) -> None:
    if "Inter" not in load_fonts():
        pytest.skip("the shipped fonts are not there")
    metrics = QFontMetricsF(text_font(style))
    widths = [metrics.horizontalAdvance(figure * 8) for figure in "0123456789"]
    assert max(widths) - min(widths) < 0.01 * max(widths)
    assert metrics.horizontalAdvance("1111") > metrics.horizontalAdvance("iiii") * 1.5


def painted(icon: QIcon, size: int = 16) -> QImage:
    return icon.pixmap(QSize(size, size)).toImage()


def opaque_colours(image: QImage) -> np.ndarray:
    """(N, 3) uint8 colours of the opaque pixels."""
    image = image.convertToFormat(QImage.Format.Format_RGBA8888)
    pixels = np.frombuffer(image.constBits(), np.uint8).reshape(-1, 4)
    return pixels[pixels[:, 3] == 255, :3]


def near(pixels: np.ndarray, colour: str) -> np.ndarray:
    """(N,) bool: equal but for rounding."""
    wanted = np.array(QColor(colour).getRgb()[:3])
    return (abs(pixels.astype(int) - wanted) <= 2).all(axis=1)


@pytest.mark.parametrize("name", icons.icon_names())
def test_that_every_icon_is_drawn_on_the_16_px_grid_in_the_themes_colour(
    qapp: QApplication, name: str
) -> None:
    text = icons.drawing(name)
    assert 'viewBox="0 0 16 16"' in text
    assert 'stroke-width="1.5"' in text
    assert not re.search(r"#[0-9a-fA-F]{3,6}", text)
    apply_theme(qapp, "dark")
    pixels = opaque_colours(painted(icons.icon(name), 64))
    assert len(pixels)
    assert near(pixels, DARK.text1).all()


def test_that_an_icon_made_earlier_follows_the_theme(qapp: QApplication) -> None:
    apply_theme(qapp, "dark")
    icon = icons.icon("stop")
    before = painted(icon, 64)
    apply_theme(qapp, "light")
    assert before.pixelColor(16, 32).name() == DARK.text1
    assert painted(icon, 64).pixelColor(16, 32).name() == LIGHT.text1


def test_that_an_unknown_icon_is_refused() -> None:
    with pytest.raises(KeyError, match="no icon named 'unicorn'"):
        icons.icon("unicorn")


@pytest.mark.parametrize("verdict", list(Verdict))
def test_that_a_verdict_badge_has_its_colour_and_a_shape_upon_it(
    qapp: QApplication, verdict: Verdict
) -> None:
    apply_theme(qapp, "dark")
    image = QImage(32, 32, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(0)
    painter = QPainter(image)
    icons.paint_verdict(painter, verdict, QRectF(0, 0, 32, 32))
    painter.end()
    assert image.pixelColor(16, 2).name() == DARK.verdict(verdict)
    assert near(opaque_colours(image), DARK.on_verdict).any()
    assert image.pixelColor(0, 0).alpha() == 0
