"""Which defects exist, how large they are, and which modality shows them."""

from __future__ import annotations

from dataclasses import dataclass

from inspector_core.synthetic import profiles
from inspector_core.synthetic.profiles import Form

Range = tuple[float, float]

CONTRAST: Range = (9.0, 26.0)
"""Colour difference (CIE 1976) of a stain or a wrong colour at its strongest place."""

RIGHT_THROUGH = 40.0
"""Depth in mm of what goes down to the table, whatever the part's height."""


@dataclass(frozen=True)
class Kind:
    """A variety of a defect type.

    length, width, depth : ranges in mm, drawn evenly on a logarithmic scale; width is a share of
    the length where `slender` is False.   on_rim : sits on the part's outer edge.
    """

    name: str
    form: Form
    length: Range
    width: Range
    depth: Range = (1.0, 1.0)
    slender: bool = False
    on_rim: bool = False


@dataclass(frozen=True)
class DefectType:
    """A folder of defective parts.   sign : of the height change, 0 for colour only."""

    sign: int
    in_rgb: bool
    kinds: tuple[Kind, ...]

    @property
    def in_xyz(self) -> bool:
        return self.sign != 0


TYPES: dict[str, DefectType] = {
    "dent": DefectType(
        -1,
        False,
        (
            Kind("ding", profiles.bowl, (1.0, 4.0), (0.6, 1.0), (0.35, 0.9)),
            Kind("broad", profiles.swell, (3.0, 8.6), (0.6, 1.0), (0.35, 0.8)),
            Kind("gouge", profiles.gouge, (2.5, 7.0), (0.9, 1.7), (0.5, 1.0), slender=True),
        ),
    ),
    "bump": DefectType(
        1,
        False,
        (
            Kind("spatter", profiles.bowl, (1.0, 3.2), (0.75, 1.0), (0.35, 0.9)),
            Kind("swell", profiles.swell, (3.0, 8.7), (0.6, 1.0), (0.35, 0.9)),
            Kind("burr", profiles.ridge, (2.5, 7.0), (0.8, 1.5), (0.4, 1.2), slender=True),
        ),
    ),
    "hole": DefectType(
        -1,
        True,
        (
            Kind("pit", profiles.pit, (1.2, 3.6), (0.7, 1.0), (0.8, 2.5)),
            Kind("chip", profiles.broken, (3.2, 9.0), (0.5, 0.9), (0.8, 3.5), on_rim=True),
            Kind(
                "bite",
                profiles.through,
                (3.2, 9.0),
                (0.6, 1.0),
                (RIGHT_THROUGH, RIGHT_THROUGH),
                on_rim=True,
            ),
            Kind(
                "drilled", profiles.drilled, (1.2, 3.2), (1.0, 1.0), (RIGHT_THROUGH, RIGHT_THROUGH)
            ),
        ),
    ),
    "scratch": DefectType(
        -1,
        True,
        (
            Kind("single", profiles.scratch, (3.0, 9.0), (0.4, 0.9), (0.3, 0.7), slender=True),
            Kind("pair", profiles.scratch_pair, (4.0, 9.0), (0.4, 0.7), (0.3, 0.7), slender=True),
            Kind(
                "curved", profiles.scratch_curved, (4.0, 9.0), (0.4, 0.9), (0.3, 0.7), slender=True
            ),
        ),
    ),
    "stain": DefectType(
        0,
        True,
        (
            Kind("drop", profiles.drop, (1.2, 9.0), (0.7, 1.0)),
            Kind("dried_ring", profiles.dried_ring, (2.4, 8.0), (0.8, 1.0)),
            Kind("smear", profiles.smear, (4.0, 11.7), (0.25, 0.5)),
        ),
    ),
    "wrong_colour": DefectType(
        0,
        True,
        (
            Kind("fleck", profiles.patch, (1.0, 2.6), (0.6, 1.0)),
            Kind("patch", profiles.patch, (2.5, 8.0), (0.6, 1.0)),
            Kind("bloom", profiles.bloom, (3.5, 10.3), (0.6, 1.0)),
        ),
    ),
}
