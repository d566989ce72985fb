"""Flat materials: coloured noise, gratings, weaves, brushed and cast metal, grain, print.

Each function draws (B, 3, s, s) float32, about 0..1, from a Chance.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspector_core.pretrain.pictures.chance import Chance
from inspector_core.pretrain.pictures.fields import blurred, lit, noise, turned

if TYPE_CHECKING:
    from torch import Tensor


def colours(chance: Chance, *shape: int) -> Tensor:
    """(B, 3, *shape) colours: a common brightness, and hues that are mostly weak."""
    light = chance.uniform(0.05, 0.95, 1, *shape)
    strength = chance.uniform(0.0, 1.0, 1, *shape) ** 2
    hue = chance.uniform(-0.6, 0.6, 3, *shape)
    return (light + strength * hue).clamp(0, 1)


def tinted(chance: Chance, field: Tensor) -> Tensor:
    """A scalar field (B, s, s) as a blend between two colours, 0 the first, 1 the second."""
    first, second = colours(chance, 1, 1), colours(chance, 1, 1)
    return first + (second - first) * field[:, None]


def clouds(chance: Chance) -> Tensor:
    """Noise of many octaves whose channels are mixed at random, often nearly grey."""
    import torch

    field = noise(chance, 3, chance.uniform(0.4, 2.2))
    grey = chance.uniform(0.0, 1.0, 1, 1, 1)
    field = grey * field[:, :1] + (1 - grey) * field
    mixing = torch.eye(3, device=chance.device) + 0.4 * chance.normal(3, 3)
    field = torch.einsum("bij,bjhw->bihw", mixing, field)
    return colours(chance, 1, 1) + chance.log_uniform(0.02, 0.35, 1, 1, 1) * field


def gratings(chance: Chance) -> Tensor:
    """Stripes and checks, bent, soft or hard, of one or two periods."""
    import torch

    u, v = turned(chance, chance.log_uniform(4.0, 60.0), warp=0.4)
    share = chance.uniform(0.2, 0.8)[:, None, None]
    hard = chance.log_uniform(1.0, 30.0)[:, None, None]
    first = torch.sigmoid(hard * (torch.cos(6.28319 * u) / 2 + 0.5 - share))
    factor = chance.log_uniform(0.25, 4.0)[:, None, None]
    second = torch.sigmoid(hard * (torch.cos(6.28319 * v * factor) / 2 + 0.5 - share))
    kind = chance.whole(0, 2)[:, None, None]
    crossed = torch.where(kind == 1, first * second, (first - second).abs())
    field = torch.where(kind == 0, first, crossed)
    return tinted(chance, field) + 0.05 * noise(chance, 3, chance.uniform(0.3, 1.5))


def weaves(chance: Chance) -> Tensor:
    """Threads over and under each other: plain, twill, basket; carpets where they are fuzzy."""
    import torch

    u, v = turned(chance, chance.log_uniform(4.0, 26.0), warp=0.6)
    step = chance.whole(1, 3)[:, None, None].float()
    over = torch.remainder(torch.floor(u) + step * torch.floor(v), step + 1) < 1
    round_u = torch.sin(3.14159 * torch.remainder(u, 1)).abs()
    round_v = torch.sin(3.14159 * torch.remainder(v, 1)).abs()
    height = torch.where(over, 0.4 + 0.6 * round_u, 0.4 * round_v)
    fuzz = noise(chance, 1, chance.uniform(0.2, 1.0))[:, 0]
    height = height + chance.uniform(0.0, 0.3)[:, None, None] * fuzz
    threads = torch.where(over[:, None], colours(chance, 1, 1), colours(chance, 1, 1))
    dye = 0.06 * noise(chance, 3, chance.uniform(0.5, 1.5))
    return lit(chance, chance.log_uniform(0.5, 5.0)[:, None, None] * height, threads + dye)


def brushed(chance: Chance) -> Tensor:
    """Ground, milled or brushed metal, and wood: fine structure drawn out along one direction."""
    grain = noise(chance, 1, chance.uniform(0.2, 1.2), chance.log_uniform(6.0, 60.0))[:, 0]
    height = chance.log_uniform(0.1, 1.5)[:, None, None] * grain
    albedo = colours(chance, 1, 1) + 0.1 * grain[:, None] * chance.uniform(0.0, 1.0, 3, 1, 1)
    return lit(chance, height, albedo)


def cast(chance: Chance) -> Tensor:
    """Cast skin, foam, stone and sand: rough relief with pits or grains under a lamp."""
    import torch

    fine = noise(chance, 1, chance.uniform(0.3, 1.6))[:, 0]
    wide = noise(chance, 1, chance.uniform(1.5, 2.8))[:, 0]
    level = chance.uniform(0.8, 2.5)[:, None, None]
    sign = 2 * chance.happens(0.5, 1, 1) - 1
    spots = sign * torch.relu(noise(chance, 1, chance.uniform(0.8, 1.6))[:, 0] - level)
    depth = chance.log_uniform(0.2, 3.0, 3, 1, 1)
    height = depth[:, 0] * fine * 0.5 + depth[:, 1] * 2 * wide + depth[:, 2] * 3 * spots
    mottled = 0.08 * noise(chance, 3, chance.uniform(0.8, 2.0))
    return lit(chance, height, colours(chance, 1, 1) + mottled)


def grains(chance: Chance) -> Tensor:
    """Two materials side by side in grains, flakes or veins of sharp or soft outline."""
    import torch

    field = noise(chance, 1, chance.uniform(0.7, 2.2), chance.log_uniform(1.0, 5.0))[:, 0]
    veined = chance.happens(0.4, 1, 1)
    field = veined * (field.abs() - 0.4) + (1 - veined) * (field - chance.uniform(-1, 1, 1, 1))
    mask = torch.sigmoid(chance.log_uniform(2.0, 60.0)[:, None, None] * field)[:, None]
    return mask * clouds(chance) + (1 - mask) * clouds(chance)


_GLYPH = (7, 5)
_LINES, _LETTERS = 12, 18


def print_marks(chance: Chance) -> Tensor:
    """Rows of signs, codes and bars, printed or raised on a plain or cloudy ground."""
    import torch
    from torch.nn.functional import grid_sample, pad

    rows, columns = _GLYPH
    dots = chance.happens(0.55, _LINES, _LETTERS, rows, columns)
    mirrored = chance.happens(0.5, 1, 1, 1, 1)
    dots = mirrored * torch.maximum(dots, dots.flip(-1)) + (1 - mirrored) * dots
    bars = chance.happens(0.2, 1, 1, 1, 1)
    dots = bars * dots[..., :1, :] + (1 - bars) * dots
    dots = dots * chance.happens(0.8, _LINES, _LETTERS, 1, 1)
    sheet = pad(dots, (0, 1, 0, 2)).permute(0, 1, 3, 2, 4)
    sheet = sheet.reshape(chance.count, 1, _LINES * (rows + 2), _LETTERS * (columns + 1))
    u, v = turned(chance, chance.log_uniform(1.0, 6.0), warp=0.0)
    grid = torch.stack((u / (sheet.shape[3] / 2), v / (sheet.shape[2] / 2)), dim=-1)
    grid = torch.remainder(grid + 1, 2) - 1
    ink = grid_sample(sheet, grid, align_corners=False)[:, 0]
    raised = chance.happens(0.4, 1, 1)
    ground = clouds(chance)
    painted = ground * (1 - ink[:, None]) + colours(chance, 1, 1) * ink[:, None]
    soft = blurred(ink[:, None], chance.uniform(0.5, 1.5))[:, 0]
    relief = lit(chance, soft * chance.uniform(-4.0, 4.0)[:, None, None], ground)
    return raised[:, None] * relief + (1 - raised[:, None]) * painted


def contours(chance: Chance) -> Tensor:
    """Growth rings, agate, moire: stripes along the level lines of a soft field."""
    import torch

    field = noise(chance, 1, chance.uniform(1.8, 3.0), chance.log_uniform(1.0, 4.0))[:, 0]
    rings = torch.sin(chance.log_uniform(3.0, 25.0)[:, None, None] * field)
    hard = chance.log_uniform(1.0, 12.0)[:, None, None]
    return tinted(chance, torch.sigmoid(hard * rings)) + 0.04 * noise(
        chance, 3, chance.uniform(0.2, 1.5)
    )
