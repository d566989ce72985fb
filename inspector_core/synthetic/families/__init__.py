"""The families of synthetic parts, by name."""

from __future__ import annotations

from inspector_core.synthetic.families import biscuit, bracket, tile
from inspector_core.synthetic.surface import Family

FAMILIES: dict[str, Family] = {
    family.name: family for family in (bracket.FAMILY, biscuit.FAMILY, tile.FAMILY)
}
