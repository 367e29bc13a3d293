#!/usr/bin/env python3
"""Makes the bundled fonts from Inter 3.19 and JetBrains Mono (Debian: fonts-inter, fonts-jetbrains-mono; pip install fonttools).

Inter: the default digits become its tabular ones (Qt before 6.7 cannot ask for font features) and the cubic outlines TrueType ones,
so that PDFs embed TrueType. Both: the characters that the studio draws, under names of their own, so that an installed Inter stays itself.
Usage: make_fonts.py INTER_FOLDER JETBRAINS_FOLDER OUT
"""
import sys
from pathlib import Path

from fontTools import subset
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont, newTable

CHARACTERS = (list(range(0x20, 0x7F)) + list(range(0xA0, 0x180)) + list(range(0x391, 0x3CA)) + list(range(0x2010, 0x2027)) + [0x2030, 0x2032, 0x2033]
              + list(range(0x2070, 0x208F)) + list(range(0x2190, 0x219A)) + [0x0192, 0x2202, 0x2206, 0x220F, 0x2211, 0x2212, 0x221A, 0x221E, 0x2248,
                 0x2260, 0x2264, 0x2265, 0x2318, 0x25A0, 0x25A1, 0x25B2, 0x25B6, 0x25BC, 0x25CB, 0x25CF, 0x2605, 0x2713, 0x2715])


def tabular_forms(font):
    """Default glyph -> glyph of equal width, as the font's own feature `tnum` says."""
    gsub = font["GSUB"].table
    forms = {}
    for feature in gsub.FeatureList.FeatureRecord:
        if feature.FeatureTag == "tnum":
            for index in feature.Feature.LookupListIndex:
                for subtable in gsub.LookupList.Lookup[index].SubTable:
                    forms.update(getattr(subtable, "ExtSubTable", subtable).mapping)
    return forms


def shrink(font):
    options = subset.Options(layout_features=["kern", "mark", "mkmk", "ccmp", "locl"], hinting=False, notdef_outline=True, name_IDs=["*"])
    worker = subset.Subsetter(options)
    worker.populate(unicodes=CHARACTERS)
    worker.subset(font)


def rename(font, family, style):
    for record in font["name"].names:
        new = {1: family if style in ("Regular", "Bold") else f"{family} {style}", 2: style if style in ("Regular", "Bold") else "Regular",
               3: f"{family} {style}", 4: f"{family} {style}", 6: f"{family.replace(' ', '')}-{style}", 16: family, 17: style}.get(record.nameID)
        if new:
            record.string = new
    font["name"].names = [r for r in font["name"].names if r.nameID in (0, 1, 2, 3, 4, 5, 6, 13, 14, 16, 17)]


def to_truetype(font):
    order, glyphs, drawn = font.getGlyphOrder(), {}, font.getGlyphSet()
    for name in order:
        pen = TTGlyphPen(drawn)
        drawn[name].draw(Cu2QuPen(pen, 0.5, reverse_direction=True))
        glyphs[name] = pen.glyph()
    for table in ("CFF ", "VORG", "DSIG"):
        if table in font:
            del font[table]
    font["loca"] = newTable("loca")
    glyf = font["glyf"] = newTable("glyf")
    glyf.glyphOrder, glyf.glyphs = order, glyphs
    maxp = font["maxp"] = newTable("maxp")
    maxp.tableVersion = 0x00010000
    for field in ("maxZones", "maxTwilightPoints", "maxStorage", "maxFunctionDefs", "maxInstructionDefs", "maxStackElements",
                  "maxSizeOfInstructions", "maxComponentElements"):
        setattr(maxp, field, 1 if field == "maxZones" else 0)
    font.sfntVersion = "\0\1\0\0"
    font["post"].formatType = 3.0
    for name in order:
        glyphs[name].recalcBounds(glyf)
    font["hmtx"].metrics = {n: (font["hmtx"].metrics[n][0], getattr(glyphs[n], "xMin", 0)) for n in order}


def main():
    inter, mono, out = map(Path, sys.argv[1:4])
    for style in ("Regular", "Medium", "SemiBold"):
        font = TTFont(inter / f"Inter-{style}.otf")
        tabular = tabular_forms(font)
        for table in font["cmap"].tables:
            for code in range(0x30, 0x3A):
                if code in table.cmap:
                    table.cmap[code] = tabular.get(table.cmap[code], table.cmap[code])
        shrink(font)
        to_truetype(font)
        rename(font, "Weft Sans", style)
        font.save(out / f"WeftSans-{style}.ttf")
    font = TTFont(mono / "JetBrainsMono-Regular.ttf")
    shrink(font)
    rename(font, "Weft Mono", "Regular")
    font.save(out / "WeftMono-Regular.ttf")


main()
