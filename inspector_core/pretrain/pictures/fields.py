"""Scalar fields that textures and shapes are made of: noise, turned coordinates, blur."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspector_core.pretrain.pictures.chance import Chance

if TYPE_CHECKING:
    from torch import Tensor


def noise(chance: Chance, channels: int, slope: Tensor, stretch: Tensor | None = None) -> Tensor:
    """(B, channels, s, s) Gaussian noise whose amplitude falls with frequency, mean 0, deviation 1.

    slope : (B,) exponent of 1 / f; 0 is white, 1 what natural pictures have, 2 is soft.
    stretch : (B,) factor by which structure is drawn out along a random direction, 1 for none.
    """
    import torch

    side = chance.side
    up = torch.fft.fftfreq(side, device=chance.device)[:, None]
    across = torch.fft.rfftfreq(side, device=chance.device)[None, :]
    if stretch is None:
        radius = torch.sqrt(up**2 + across**2).expand(chance.count, -1, -1)
    else:
        angle = chance.uniform(0.0, 3.14159)[:, None, None]
        along = up * torch.cos(angle) + across * torch.sin(angle)
        beside = across * torch.cos(angle) - up * torch.sin(angle)
        radius = torch.sqrt((along * stretch[:, None, None]) ** 2 + beside**2)
    weight = (radius + 0.5 / side) ** -slope[:, None, None]
    weight[:, 0, 0] = 0.0
    spectrum = torch.fft.rfft2(chance.normal(channels, side, side))
    field = torch.fft.irfft2(spectrum * weight[:, None], s=(side, side))
    return field / field.std(dim=(2, 3), keepdim=True).clamp_min(1e-6)


def turned(chance: Chance, period: Tensor, warp: float = 0.0) -> tuple[Tensor, Tensor]:
    """Coordinates (u, v), each (B, s, s), in periods of so many pixels, turned by a random angle.

    period : (B,) pixels.   warp : largest bending, in periods.
    """
    import torch

    side = chance.side
    angle = chance.uniform(0.0, 6.28319)[:, None, None]
    at = torch.arange(side, device=chance.device, dtype=torch.float32) - side / 2
    y, x = at[None, :, None], at[None, None, :]
    scale = period[:, None, None]
    u = (x * torch.cos(angle) + y * torch.sin(angle)) / scale
    v = (y * torch.cos(angle) - x * torch.sin(angle)) / scale
    shift = chance.uniform(0.0, 1.0, 2)
    u, v = u + shift[:, :1, None], v + shift[:, 1:, None]
    if warp:
        bent = (
            noise(chance, 2, chance.uniform(2.0, 3.0))
            * chance.uniform(0.0, warp)[:, None, None, None]
        )
        u, v = u + bent[:, 0], v + bent[:, 1]
    return u, v


def blurred(pictures: Tensor, sigma: Tensor) -> Tensor:
    """Pictures (B, C, s, s) under a Gaussian of sigma (B,) pixels each, edges mirrored."""
    import torch
    from torch.nn.functional import conv2d, pad

    count, channels, side, _ = pictures.shape
    reach = min(side - 1, max(1, int(3 * float(sigma.max()) + 0.5)))
    at = torch.arange(-reach, reach + 1, device=pictures.device, dtype=torch.float32)
    kernel = torch.exp(-0.5 * (at[None] / sigma[:, None].clamp_min(1e-3)) ** 2)
    kernel = (kernel / kernel.sum(dim=1, keepdim=True)).repeat_interleave(channels, 0)
    flat = pictures.reshape(1, count * channels, side, side)
    groups = count * channels
    flat = conv2d(pad(flat, (reach, reach, 0, 0), "reflect"), kernel[:, None, None], groups=groups)
    flat = conv2d(
        pad(flat, (0, 0, reach, reach), "reflect"), kernel[:, None, :, None], groups=groups
    )
    return flat.reshape(pictures.shape)


def slopes(height: Tensor) -> tuple[Tensor, Tensor]:
    """Derivatives (d/dx, d/dy) of heights (B, s, s) by central differences, edges repeated."""
    from torch.nn.functional import pad

    wide = pad(height[:, None], (1, 1, 1, 1), "replicate")[:, 0]
    return (wide[:, 1:-1, 2:] - wide[:, 1:-1, :-2]) / 2, (
        wide[:, 2:, 1:-1] - wide[:, :-2, 1:-1]
    ) / 2


def lit(chance: Chance, height: Tensor, albedo: Tensor) -> Tensor:
    """Surfaces under one lamp, sky and a highlight.

    height : (B, s, s) pixels.   albedo : (B, 3, s, s) in 0..1.   Returns (B, 3, s, s), about 0..1.
    """
    import torch

    dx, dy = slopes(height)
    length = torch.sqrt(dx**2 + dy**2 + 1)
    around = chance.uniform(0.0, 6.28319)[:, None, None]
    above = chance.uniform(0.25, 1.3)[:, None, None]
    across = torch.cos(above)
    towards = (across * torch.cos(around), across * torch.sin(around), torch.sin(above))
    facing = ((towards[2] - dx * towards[0] - dy * towards[1]) / length).clamp_min(0.0)
    half = torch.sqrt(towards[0] ** 2 + towards[1] ** 2 + (towards[2] + 1) ** 2)
    gloss = (towards[2] + 1 - dx * towards[0] - dy * towards[1]) / (length * half)
    sharpness = chance.log_uniform(6.0, 120.0)[:, None, None]
    strength = (chance.uniform(0.0, 1.0) ** 2 * chance.happens(0.6))[:, None, None]
    shine = strength * gloss.clamp_min(0.0) ** sharpness
    sky = chance.uniform(0.1, 0.5)[:, None, None] * (0.5 + 0.5 / length)
    lamp = (
        chance.uniform(0.5, 1.1)[:, None, None] * facing * _unshaded(chance, height, around, above)
    )
    tint = 1 + 0.15 * chance.normal(3, 1, 1).clamp(-2, 2)
    return albedo * (sky[:, None] + tint * lamp[:, None]) + tint * shine[:, None]


_REACHES = (2, 4, 7, 11, 16, 24)


def _unshaded(chance: Chance, height: Tensor, around: Tensor, above: Tensor) -> Tensor:
    """(B, s, s): 1 where the lamp reaches, less in the shadow of what is higher."""
    import torch
    from torch.nn.functional import grid_sample

    side = chance.side
    at = torch.linspace(-1, 1, side, device=chance.device)
    y, x = torch.meshgrid(at, at, indexing="ij")
    rise = torch.tan(above)
    over = torch.zeros_like(height)
    for reach in _REACHES:
        step = 2 * reach / (side - 1)
        grid = torch.stack((x + step * torch.cos(around), y + step * torch.sin(around)), dim=-1)
        there = grid_sample(height[:, None], grid, align_corners=True, padding_mode="border")[:, 0]
        over = torch.maximum(over, there - height - reach * rise)
    depth = chance.uniform(0.0, 0.9)[:, None, None]
    return 1 - depth * (over / 1.5).clamp(0, 1)
