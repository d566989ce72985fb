"""Pictures of things: leaves lying over each other, solids with shadows, mosaics, relief as normals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspector_core.pretrain.pictures.chance import Chance
from inspector_core.pretrain.pictures.fields import lit, noise, slopes
from inspector_core.pretrain.pictures.textures import clouds, colours

if TYPE_CHECKING:
    from torch import Tensor

_LEAVES = 14
_SOLIDS = 7
_CELLS = 40


class _Shapes:
    """K shapes in every picture: ellipses, boxes, diamonds and what lies between them."""

    def __init__(self, chance: Chance, count: int, sizes: tuple[float, float]) -> None:
        import torch

        self.chance, self.count = chance, count
        angle = chance.uniform(0.0, 6.28319, count)
        size = chance.log_uniform(*sizes, count)
        aspect = chance.log_uniform(0.25, 1.0, count)
        self.size = size * torch.sqrt(aspect)
        centre = chance.uniform(-0.6, 0.6, 2, count) * chance.side
        cos, sin = torch.cos(angle), torch.sin(angle)
        self._u = self._plane(cos / size, sin / size, centre)
        self._v = self._plane(-sin / (size * aspect), cos / (size * aspect), centre)
        kind = chance.uniform(0.0, 1.0, 2, count)
        # weights of the three norms: mostly one of them, sometimes a rounded mixture
        round_ = (kind[:, 0] < 0.5).float()
        self._box = (1 - round_) * (kind[:, 1] < 0.7).float() * 0.9
        self._round = torch.clamp(round_ + 0.1, max=1.0)
        self._diamond = (1 - self._round - self._box).clamp_min(0.0)

    @staticmethod
    def _plane(across: Tensor, down: Tensor, centre: Tensor) -> Tensor:
        import torch

        return torch.stack((across, down, -across * centre[:, 0] - down * centre[:, 1]), dim=-1)

    def at(self, shift: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, Tensor, Tensor]:
        """Norm and own coordinates (u, v), each (B, K, s * s): below 1 inside the shape.

        shift : (B,) pixels across and down by which the shapes are moved.
        """
        import torch

        side = self.chance.side
        where = torch.arange(side, device=self.chance.device, dtype=torch.float32) - side / 2
        y, x = torch.meshgrid(where, where, indexing="ij")
        base = torch.stack((x.ravel(), y.ravel(), torch.ones_like(x).ravel()))
        if shift is not None:
            moved = base.expand(self.chance.count, -1, -1).clone()
            moved[:, 0] -= shift[0][:, None]
            moved[:, 1] -= shift[1][:, None]
            u, v = torch.bmm(self._u, moved), torch.bmm(self._v, moved)
        else:
            u, v = self._u @ base, self._v @ base
        first, second = u.abs(), v.abs()
        norm = (
            self._round[..., None] * torch.sqrt(u**2 + v**2)
            + self._box[..., None] * torch.maximum(first, second)
            + self._diamond[..., None] * (first + second)
        )
        return norm, u, v


def leaves(chance: Chance) -> Tensor:
    """Shaded, striped shapes of all sizes, each over the ones before, with shadows."""
    import torch

    side = chance.side
    shapes = _Shapes(chance, _LEAVES, (0.03 * side, 0.6 * side))
    norm, u, v = shapes.at()
    rank = torch.arange(1, _LEAVES + 1, device=chance.device, dtype=torch.float32)[None, :, None]
    top = ((norm < 1) * rank).amax(dim=1)
    which = (top.long() - 1).clamp_min(0)[:, None]
    own = [values.gather(1, which)[:, 0] for values in (norm, u, v)]
    shift = chance.uniform(-0.04, 0.04, 2) * side
    cast_by = ((shapes.at((shift[:, 0], shift[:, 1]))[0] < 1) * rank).amax(dim=1)
    shadow = 1 - chance.uniform(0.0, 0.7, 1) * (cast_by > top).float()

    def of_leaf(values: Tensor) -> Tensor:
        """(B, C, K) to (B, C, s * s): each pixel's leaf's value."""
        return values.gather(2, which.expand(-1, values.shape[1], -1))

    paint = of_leaf(colours(chance, _LEAVES))
    period = of_leaf(chance.log_uniform(0.1, 3.0, 1, _LEAVES))[:, 0]
    stripes = of_leaf(chance.uniform(-0.25, 0.25, 1, _LEAVES) * chance.happens(0.5, 1, _LEAVES))
    shade = of_leaf(chance.uniform(-0.5, 0.5, 1, _LEAVES))[:, 0]
    bright = (
        1 + shade * own[1] + of_leaf(chance.uniform(0.0, 0.6, 1, _LEAVES))[:, 0] * (1 - own[0] ** 4)
    )
    paint = paint * bright[:, None] + stripes * torch.sin(6.28319 * own[2] / period)[:, None]
    ground = clouds(chance).flatten(2)
    covered = (top > 0)[:, None]
    picture = torch.where(covered, paint, ground) * shadow[:, None]
    texture = noise(chance, 3, chance.uniform(0.4, 1.6))
    return picture.unflatten(2, (side, side)) + chance.uniform(0.0, 0.06, 1, 1, 1) * texture


def heights(chance: Chance) -> Tensor:
    """(B, s, s) in pixels: caps, plates with bevels, ridges and dents over a wavy ground."""
    side = chance.side
    shapes = _Shapes(chance, _SOLIDS, (0.05 * side, 0.5 * side))
    norm, _, v = shapes.at()
    size = shapes.size[..., None]
    inner = (1 - norm).clamp_min(0.0)
    cap = size * (1 - norm.clamp(max=1) ** 2).clamp_min(0.0).sqrt()
    bevel = chance.log_uniform(0.5, 8.0, _SOLIDS, 1)
    plate = (inner * size * bevel).minimum(0.4 * size)
    ridge = size * (1 - v.clamp(-1, 1) ** 2).sqrt() * (norm < 1)
    kind = chance.whole(0, 2, _SOLIDS, 1)
    solid = cap * (kind == 0) + plate * (kind == 1) + ridge * (kind == 2)
    solid = solid * chance.uniform(0.1, 0.8, _SOLIDS, 1)
    hollow = chance.happens(0.3, _SOLIDS, 1)
    raised = (solid * (1 - hollow)).amax(dim=1)
    height = (raised - 0.6 * (solid * hollow).amax(dim=1)).unflatten(1, (side, side))
    wavy = noise(chance, 1, chance.uniform(2.0, 3.0))[:, 0]
    rough = noise(chance, 1, chance.uniform(0.2, 1.5))[:, 0]
    return (
        height
        + chance.log_uniform(0.3, 8.0, 1, 1) * wavy
        + chance.log_uniform(0.02, 0.4, 1, 1) * rough
    )


def solids(chance: Chance) -> Tensor:
    """Solids and hollows of one or several materials under a lamp, with cast shadows."""
    import torch

    height = heights(chance)
    mottled = chance.log_uniform(0.01, 0.12, 1, 1, 1) * noise(chance, 3, chance.uniform(0.5, 2.0))
    level = height.flatten(1).quantile(0.5, dim=1)[:, None, None]
    two = chance.happens(0.5, 1, 1, 1) * (height > level).float()[:, None]
    albedo = torch.lerp(colours(chance, 1, 1), colours(chance, 1, 1), two)
    return lit(chance, height, albedo + mottled)


def normal_pictures(chance: Chance) -> Tensor:
    """Relief as detectors show it to a network: normals as colours, or height scales as channels."""
    import torch

    height = heights(chance)
    dx, dy = slopes(height * chance.log_uniform(0.2, 2.0, 1, 1))
    length = torch.sqrt(dx**2 + dy**2 + 1)
    normals = torch.stack((-dx / length, dy / length, 1 / length), dim=1) / 2 + 0.5
    rough = 0.02 * chance.uniform(0.0, 1.0, 1, 1, 1) * noise(chance, 3, chance.uniform(0.0, 1.0))
    deep = height[:, None] * chance.log_uniform(0.005, 0.05, 1, 1, 1) + 0.5
    as_height = chance.happens(0.2, 1, 1, 1)
    shown = as_height * deep + (1 - as_height) * (normals + rough)
    empty = (noise(chance, 1, chance.uniform(1.5, 2.5)) > chance.uniform(1.2, 4.0, 1, 1, 1)).float()
    missing = torch.tensor([0.5, 0.5, 1.0], device=chance.device).view(1, 3, 1, 1)
    return shown * (1 - empty) + missing * empty


def mosaics(chance: Chance) -> Tensor:
    """Cells around random points, each with its own colour, with or without joints."""
    import torch

    side = chance.side
    at = torch.arange(side, device=chance.device, dtype=torch.float32)
    y, x = torch.meshgrid(at, at, indexing="ij")
    pixels = torch.stack((x.ravel(), y.ravel()), dim=1)
    distance = torch.cdist(pixels, chance.uniform(-0.1, 1.1, _CELLS, 2) * side)
    near = distance.topk(2, dim=2, largest=False)
    joint = torch.sigmoid(near.values[..., 1] - near.values[..., 0] - chance.uniform(0.0, 5.0, 1))
    paint = colours(chance, _CELLS).gather(2, near.indices[..., 0][:, None].expand(-1, 3, -1))
    picture = (paint * joint[:, None]).unflatten(2, (side, side))
    return picture + 0.04 * noise(chance, 3, chance.uniform(0.3, 1.5))
