"""Which families of pictures there are, and batches that mix them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from inspector_core.pretrain.pictures import scenes, textures
from inspector_core.pretrain.pictures.cameras import photographed
from inspector_core.pretrain.pictures.chance import Chance
from inspector_core.pretrain.pictures.fields import noise

if TYPE_CHECKING:
    from torch import Generator, Tensor

SIDE_MULTIPLE = 16
Family = Callable[[Chance], "Tensor"]

FAMILIES: Mapping[str, tuple[Family, int]] = MappingProxyType(
    {
        "leaves": (scenes.leaves, 8),
        "solids": (scenes.solids, 5),
        "normals": (scenes.normal_pictures, 4),
        "clouds": (textures.clouds, 2),
        "gratings": (textures.gratings, 2),
        "weaves": (textures.weaves, 3),
        "brushed": (textures.brushed, 2),
        "cast": (textures.cast, 3),
        "grains": (textures.grains, 2),
        "print": (textures.print_marks, 3),
    }
)
"""Name to how it is drawn and its share of a batch."""
HELD_OUT: Mapping[str, Family] = MappingProxyType(
    {"mosaics": scenes.mosaics, "contours": textures.contours}
)
"""Families that nothing is trained on: what training is judged by."""
_COMPOSED = 0.35


def drawn(generator: Generator, count: int, side: int) -> Tensor:
    """(count, 3, side, side) float32 in 0..1, all families in their shares, in random order.

    A third of the pictures shows two of them side by side along a wandering outline.
    """
    import torch

    whole = Chance(generator, count, side)
    scenes_ = [family(Chance(generator, n, side)) for family, n in _shares(count)]
    scene = torch.cat(scenes_)[whole.order()]
    other = scene[whole.order()]
    outline = noise(whole, 1, whole.uniform(1.5, 3.0)) - whole.uniform(-1.0, 1.0, 1, 1, 1)
    mask = torch.sigmoid(outline * whole.log_uniform(3.0, 80.0, 1, 1, 1))
    mask = mask * whole.happens(_COMPOSED, 1, 1, 1)
    scene = scene * (1 - mask) + other * mask
    return _turned(photographed(whole, scene), whole)


def family_of(name: str, generator: Generator, count: int, side: int) -> Tensor:
    """(count, 3, side, side) float32 in 0..1: pictures of one family, also of a held-out one."""
    family = FAMILIES[name][0] if name in FAMILIES else HELD_OUT[name]
    chance = Chance(generator, count, side)
    return photographed(chance, family(chance))


def _shares(count: int) -> list[tuple[Family, int]]:
    """Families and how many pictures of each; the largest takes what rounding leaves."""
    total = sum(share for _, share in FAMILIES.values())
    counts = [count * share // total for _, share in FAMILIES.values()]
    counts[0] += count - sum(counts)
    return [(family, n) for (family, _), n in zip(FAMILIES.values(), counts, strict=True) if n]


def _turned(pictures: Tensor, chance: Chance) -> Tensor:
    """Half of the pictures mirrored, half of them on their side."""
    import torch

    mirrored = chance.happens(0.5, 1, 1, 1) > 0
    pictures = torch.where(mirrored, pictures.flip(3), pictures)
    aside = chance.happens(0.5, 1, 1, 1) > 0
    return torch.where(aside, pictures.transpose(2, 3), pictures)
