"""The shipped fonts: what the PDF writer and Qt can use, and the characters that reports print."""

import struct

import pytest

from inspector_core.assets import resource
from inspector_core.reports.pdf_type import font, runs, shortened, text_width, wrapped

LATIN = ["Inter-Regular", "Inter-Medium", "Inter-SemiBold", "Inter-Bold"]
SHIPPED = [*LATIN, "InterTabular-Regular", "InterTabular-SemiBold", "NotoSansSC-Regular"]
SIGNS = "−±×≥≤·…–—²³µ°“”‘’→□ÄÖÜäöüßéñç"


def tables(name):
    data = resource("fonts", f"{name}.ttf").read_bytes()
    version, count = struct.unpack(">IH", data[:6])
    entries = [struct.unpack(">4sIII", data[12 + 16 * k : 28 + 16 * k]) for k in range(count)]
    return version, {tag.decode(): data[at : at + size] for tag, _, at, size in entries}


@pytest.mark.parametrize("name", SHIPPED)
def test_that_outlines_are_truetype(name):
    version, found = tables(name)
    assert version == 0x00010000
    assert {"glyf", "loca", "cmap"} <= set(found)
    assert "CFF " not in found


@pytest.mark.parametrize("name", LATIN)
def test_that_figures_of_one_width_can_be_asked_for(name):
    assert b"tnum" in tables(name)[1]["GSUB"]


def test_that_licences_lie_beside_the_fonts():
    for name in ("OFL-Inter.txt", "OFL-NotoSansSC.txt"):
        assert "SIL OPEN FONT LICENSE" in resource("fonts", name).read_text(encoding="utf-8")


def test_that_the_chinese_font_stays_small():
    assert resource("fonts", "NotoSansSC-Regular.ttf").stat().st_size < 1_300_000


@pytest.mark.parametrize("name", ["Inter", "Inter-Bold", "Figures", "Figures-Bold"])
def test_that_every_sign_of_a_report_has_a_glyph(name):
    assert not [sign for sign in SIGNS if ord(sign) not in font(name).face.charToGlyph]


def test_that_common_chinese_has_glyphs():
    level_1 = [bytes([0xA0 + row, 0xA0 + cell]) for row in range(16, 55) for cell in range(1, 95)]
    known = font("Chinese").face.charToGlyph
    assert not [code for code in level_1 if ord(code.decode("gb2312")) not in known]


def test_that_figures_in_columns_have_one_width():
    widths = {round(text_width(digit, 8.5, figures=True), 6) for digit in "0123456789"}
    assert len(widths) == 1


def test_that_a_line_takes_each_script_from_its_font_and_boxes_what_nobody_has():
    assert list(runs("Teil 零件\U0001f600")) == [
        ("Inter", "Teil "),
        ("Chinese", "零件"),
        ("Inter", "□"),
    ]


def test_that_wrapped_lines_fit_and_lose_nothing():
    text = "a report of " + "x" * 90 + " and some more words 零件零件"
    lines = wrapped(text, 8.0, 40.0)
    assert max(text_width(line, 8.0) for line in lines) <= 40.0
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_that_a_shortened_name_keeps_both_ends():
    short = shortened("test/a/very/long/path/to/a/part/0042.png", 8.0, 30.0)
    assert text_width(short, 8.0) <= 30.0
    assert short.startswith("test/")
    assert short.endswith("42.png")
