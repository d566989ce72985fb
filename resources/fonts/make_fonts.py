"""Make the shipped fonts from Debian's packages; README.md beside this file says how and why."""

import sys
from pathlib import Path

from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont, newTable

INTER = Path("/usr/share/fonts/opentype/inter")
NOTO = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")
NOTO_SC = 2  # face number of Noto Sans CJK SC in the collection
MODIFIED = 3_755_000_000  # seconds since 1904, fixed so that the same input gives the same bytes

LATIN = [*range(0x20, 0x7F), *range(0xA0, 0x250), *range(0x1E00, 0x1F00), 0x2BC]
GREEK = [*range(0x370, 0x400)]
CYRILLIC = [*range(0x400, 0x460)]
SIGNS = [
    *range(0x2000, 0x2070),
    *range(0x2070, 0x20D0),
    *range(0x2100, 0x2200),
    *range(0x2200, 0x2300),
    0x2318,
    0x2713,
    0x2715,
    0x2717,
    0x25A1,
    0x25CB,
    0x25CF,
    0x25B2,
    0x25BC,
    0xFFFD,
]
REPORT = [*range(0x20, 0x7F), *range(0xA0, 0x100), *map(ord, "–—‘’“”…·×±−≤≥≈→←↑↓□✓✕�")]


def gb2312_level_1():
    rows = [1, *range(16, 56)]  # row 1: punctuation
    for row in rows:
        for cell in range(1, 95):
            try:
                yield ord(bytes([0xA0 + row, 0xA0 + cell]).decode("gb2312"))
            except UnicodeDecodeError:
                continue
    yield from range(0xFF01, 0xFF5F)  # full-width punctuation and letters


def subset(font, characters, features):
    options = Options()
    options.layout_features = features
    options.hinting = False
    options.desubroutinize = True
    options.name_IDs = ["*"]
    options.notdef_outline = True
    options.drop_tables += ["vhea", "vmtx", "VORG", "DSIG", "BASE"]
    options.recalc_timestamp = False
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=characters)
    subsetter.subset(font)


def to_truetype(font, error):
    """Cubic outlines to quadratic ones within `error` font units."""
    order = font.getGlyphOrder()
    glyphs, quadratic = font.getGlyphSet(), {}
    for name in order:
        pen = TTGlyphPen(None)
        glyphs[name].draw(Cu2QuPen(pen, error, reverse_direction=True))
        quadratic[name] = pen.glyph()
    font["loca"] = newTable("loca")
    glyf = font["glyf"] = newTable("glyf")
    glyf.glyphOrder, glyf.glyphs = order, quadratic
    for name in order:
        advance, _ = font["hmtx"][name]
        quadratic[name].recalcBounds(glyf)
        font["hmtx"][name] = (advance, getattr(quadratic[name], "xMin", 0) or 0)
    maxp = font["maxp"]
    maxp.tableVersion = 0x00010000
    for field in (
        "maxTwilightPoints",
        "maxStorage",
        "maxFunctionDefs",
        "maxInstructionDefs",
        "maxStackElements",
        "maxSizeOfInstructions",
    ):
        setattr(maxp, field, 0)
    maxp.maxZones = 1
    maxp.maxComponentElements = 0
    post = font["post"]
    post.formatType, post.extraNames, post.mapping, post.glyphOrder = 3.0, [], {}, order
    del font["CFF "]
    font.sfntVersion = "\000\001\000\000"


def tabular(font):
    """Point digits and signs at the glyphs of the feature tnum; reportlab knows no features."""
    swap = {}
    table = font["GSUB"].table
    for record in table.FeatureList.FeatureRecord:
        if record.FeatureTag == "tnum":
            for index in record.Feature.LookupListIndex:
                for sub in table.LookupList.Lookup[index].SubTable:
                    swap.update(getattr(getattr(sub, "ExtSubTable", sub), "mapping", {}))
    for sub in font["cmap"].tables:
        sub.cmap = {code: swap.get(glyph, glyph) for code, glyph in sub.cmap.items()}
    for record in font["name"].names:
        if record.nameID in (1, 3, 4, 6, 16):
            record.string = str(record).replace("Inter", "InterTabular", 1)


def save(font, path, flavor=None):
    font["head"].modified = font["head"].created = MODIFIED
    font.recalcTimestamp = False
    font.flavor = flavor
    font.save(path)
    sys.stdout.write(f"{path.name}: {path.stat().st_size / 1000:.0f} kB\n")


def main(out):
    text = ["kern", "mark", "mkmk", "ccmp", "locl", "tnum", "case", "frac", "zero"]
    for weight in ("Regular", "Medium", "SemiBold", "Bold"):
        font = TTFont(INTER / f"Inter-{weight}.otf", recalcTimestamp=False)
        subset(font, [*LATIN, *GREEK, *CYRILLIC, *SIGNS], text)
        to_truetype(font, error=1.0)
        save(font, out / f"Inter-{weight}.ttf")
    for weight in ("Regular", "SemiBold"):
        font = TTFont(INTER / f"Inter-{weight}.otf", recalcTimestamp=False)
        subset(font, REPORT, ["kern", "tnum"])
        to_truetype(font, error=1.0)
        save(font, out / f"Inter-{weight}.woff", flavor="woff")
        font = TTFont(INTER / f"Inter-{weight}.otf", recalcTimestamp=False)
        tabular(font)
        subset(font, REPORT, [])
        to_truetype(font, error=1.0)
        save(font, out / f"InterTabular-{weight}.ttf")
    font = TTFont(NOTO, fontNumber=NOTO_SC, recalcTimestamp=False)
    subset(font, list(gb2312_level_1()), [])
    to_truetype(font, error=2.0)
    save(font, out / "NotoSansSC-Regular.ttf")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
