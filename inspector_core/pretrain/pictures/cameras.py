"""What a camera makes of a scene: uneven light, darkness, highlights, blur, noise, JPEG, 8 bits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspector_core.pretrain.pictures.chance import Chance
from inspector_core.pretrain.pictures.fields import blurred, noise

if TYPE_CHECKING:
    from torch import Tensor

_BLOCK = 8


def photographed(chance: Chance, scene: Tensor) -> Tensor:
    """(B, 3, s, s) float32 in 0..1 in steps of 1 / 255.

    scene : (B, 3, s, s), about 0..1.
    """
    import torch

    picture = _lit_unevenly(chance, scene).clamp_min(0.0)
    dark = chance.happens(0.3, 1, 1, 1)
    gain = dark * chance.log_uniform(0.15, 0.6, 1, 1, 1) + (1 - dark) * chance.uniform(
        0.6, 1.4, 1, 1, 1
    )
    tint = 1 + 0.08 * chance.normal(3, 1, 1).clamp(-2, 2)
    picture = (picture * gain * tint).clamp(0, 1) ** chance.log_uniform(0.6, 1.5, 1, 1, 1)
    picture = blurred(picture, 0.3 + chance.uniform(0.0, 1.0) ** 3 * 2.2)
    picture = picture + _sensor_noise(chance, picture)
    pressed = _jpeg(chance, picture.clamp(0, 1))
    picture = torch.where(chance.happens(0.3, 1, 1, 1) > 0, pressed, picture).clamp(0, 1)
    grey = chance.happens(0.15, 1, 1, 1)
    picture = grey * picture.mean(dim=1, keepdim=True) + (1 - grey) * picture
    return torch.round(picture * 255) / 255


def _lit_unevenly(chance: Chance, scene: Tensor) -> Tensor:
    """Soft shadows and bright spots across the scene, in half of the pictures."""
    import torch

    soft = noise(chance, 1, chance.uniform(2.0, 3.5))
    strength = chance.happens(0.5, 1, 1, 1) * chance.uniform(0.0, 0.4, 1, 1, 1)
    spots = torch.relu(
        noise(chance, 1, chance.uniform(2.5, 3.5)) - chance.uniform(1.2, 2.5, 1, 1, 1)
    )
    shine = chance.happens(0.25, 1, 1, 1) * chance.uniform(0.0, 2.0, 1, 1, 1)
    return scene * torch.exp(strength * soft) + shine * spots


def _sensor_noise(chance: Chance, picture: Tensor) -> Tensor:
    """Read noise, shot noise, and the correlation that demosaicking leaves."""
    import torch

    level = chance.uniform(0.0, 1.0, 1, 1, 1) ** 2 * 0.03
    fine = chance.normal(3, chance.side, chance.side)
    smooth = blurred(fine, chance.uniform(0.3, 0.8))
    return level * smooth * torch.sqrt(0.15 + picture.clamp_min(0.0))


def _jpeg(chance: Chance, picture: Tensor) -> Tensor:
    """Cosine coefficients of 8 x 8 blocks, rounded more coarsely the higher their frequency."""
    import torch

    side = picture.shape[-1] // _BLOCK * _BLOCK
    at = torch.arange(_BLOCK, device=picture.device, dtype=torch.float32)
    basis = torch.cos(3.14159265 / _BLOCK * (at[None] + 0.5) * at[:, None]) * (2 / _BLOCK) ** 0.5
    basis[0] /= 2**0.5
    blocks = picture[..., :side, :side].unflatten(3, (-1, _BLOCK)).unflatten(2, (-1, _BLOCK))
    blocks = blocks.transpose(3, 4)
    found = basis @ blocks @ basis.T
    coarse = chance.log_uniform(0.004, 0.06, 1, 1, 1, 1, 1)
    step = coarse * (1 + (at[:, None] + at[None]) * 0.7)
    blocks = basis.T @ (torch.round(found / step) * step) @ basis
    pressed = picture.clone()
    pressed[..., :side, :side] = blocks.transpose(3, 4).flatten(4, 5).flatten(2, 3)
    return pressed
