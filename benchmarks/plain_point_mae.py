"""Point-MAE features of a cloud as CFM and M3DM compute them, stage by stage, for comparison.

Written from the published description without any of the savings in `inspector_core`: one loop for the
centres, a broadcast table of distances for the groups, convolutions over channels-first points, a full
sort for the nearest centres, dense maps of every pixel. Chance is left out on both sides (DropPath off);
normalisation takes the statistics of the cloud, as published. Shapes have a leading batch of one.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

WIDTH, HEADS, DEPTH = 384, 6, 12
FETCHED = (3, 7, 11)


def random_state(shapes: Mapping[str, tuple[int, ...]], seed: int = 0) -> dict[str, Tensor]:
    """Weights made from their names: the recipe of the goldens (tests/goldens/mm_point_transformer)."""
    state = {}
    for name, shape in shapes.items():
        rng = np.random.Generator(np.random.PCG64([seed, zlib.crc32(name.encode())]))
        draw = 2 * rng.random(shape) - 1
        if name.endswith("num_batches_tracked"):
            state[name] = torch.tensor(0)
            continue
        if name.endswith("running_var"):
            draw = 1 + 0.5 * draw
        elif name.endswith(("running_mean", "bias")):
            draw = 0.1 * draw
        elif len(shape) > 1:
            draw = draw * np.sqrt(3 / np.prod(shape[1:]))
        else:
            draw = 1 + 0.2 * draw
        state[name] = torch.from_numpy(draw.astype(np.float32))
    return state


def farthest_points(points: Tensor, count: int) -> Tensor:
    """(count,) numbers of the chosen points.   points : (1, N, 3)."""
    nearest = torch.full(points.shape[:2], 1e10)
    chosen = torch.zeros(count, dtype=torch.long)
    last = 0
    for step in range(count):
        chosen[step] = last
        apart = ((points - points[:, last : last + 1]) ** 2).sum(-1)
        nearest = torch.minimum(nearest, apart)
        last = int(nearest.argmax(-1))
    return chosen


def groups(points: Tensor, centres: Tensor, size: int) -> Tensor:
    """(1, G, size) numbers of the nearest points, from a table of all differences."""
    apart = torch.norm(points.unsqueeze(2) - centres.unsqueeze(1), dim=-1)
    return torch.topk(apart, size, dim=1, largest=False, sorted=True)[1].permute(0, 2, 1)


class Embedding(nn.Module):
    """(1, G, k, 3) local coordinates to (1, G, 384) tokens."""

    def __init__(self) -> None:
        super().__init__()
        self.first_conv = nn.Sequential(
            nn.Conv1d(3, 128, 1), nn.BatchNorm1d(128), nn.ReLU(inplace=True), nn.Conv1d(128, 256, 1)
        )
        self.second_conv = nn.Sequential(
            nn.Conv1d(512, 512, 1),
            nn.BatchNorm1d(512),
            nn.ReLU(inplace=True),
            nn.Conv1d(512, WIDTH, 1),
        )

    def forward(self, local: Tensor) -> Tensor:
        batch, count, size, _ = local.shape
        feature = self.first_conv(local.reshape(batch * count, size, 3).transpose(2, 1))
        of_group = torch.max(feature, dim=2, keepdim=True)[0].expand(-1, -1, size)
        feature = self.second_conv(torch.cat([of_group, feature], dim=1))
        return torch.max(feature, dim=2)[0].reshape(batch, count, WIDTH)


class Attention(nn.Module):
    """Products of all queries with all keys, held at once."""

    def __init__(self) -> None:
        super().__init__()
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH, bias=False)
        self.proj = nn.Linear(WIDTH, WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        batch, count, _ = x.shape
        three = self.qkv(x).reshape(batch, count, 3, HEADS, WIDTH // HEADS).permute(2, 0, 3, 1, 4)
        share = (three[0] @ three[1].transpose(-2, -1)) * (WIDTH // HEADS) ** -0.5
        seen = share.softmax(dim=-1) @ three[2]
        return self.proj(seen.transpose(1, 2).reshape(batch, count, WIDTH))


class MLP(nn.Module):
    """384 to 1536 and back."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(functional.gelu(self.fc1(x)))


class Block(nn.Module):
    """Attention and MLP, each behind a norm."""

    def __init__(self) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.attn, self.mlp = Attention(), MLP()

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class Blocks(nn.Module):
    """The twelve blocks under the name that they have in the published file."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(Block() for _ in range(DEPTH))


class PlainPointMAE(nn.Module):
    """Parameter names are those of the published file; left in training mode, as published."""

    def __init__(self, state: Mapping[str, Tensor]) -> None:
        super().__init__()
        self.encoder, self.blocks, self.norm = Embedding(), Blocks(), nn.LayerNorm(WIDTH)
        self.pos_embed = nn.Sequential(nn.Linear(3, 128), nn.GELU(), nn.Linear(128, WIDTH))
        self.load_state_dict(dict(state))

    def transformed(self, tokens: Tensor, centres: Tensor) -> Tensor:
        """(1, 1152, G) features of blocks 3, 7 and 11.   tokens : (1, G, 384); centres : (1, G, 3)."""
        position = self.pos_embed(centres)
        found = []
        for number, block in enumerate(self.blocks.blocks):
            tokens = block(tokens + position)
            if number in FETCHED:
                found.append(self.norm(tokens).transpose(-1, -2))
        return torch.cat(found, dim=1)


def interpolated(points: Tensor, centres: Tensor, tokens: Tensor, exact: bool = True) -> Tensor:
    """(1, C, N) features of points by the inverse squared distances of three centres.

    points : (1, N, 3).   centres : (1, G, 3).   tokens : (1, C, G).
    exact : distances by subtraction; else by the published expansion |a|² + |b|² - 2ab.
    """
    if exact:
        # one table at a time, for the published expansion holds no differences of all coordinates either
        apart = (points[..., 0, None] - centres[:, None, :, 0]).square_()
        for axis in (1, 2):
            apart += (points[..., axis, None] - centres[:, None, :, axis]).square_()
    else:
        apart = -2 * torch.matmul(points, centres.permute(0, 2, 1))
        apart += (points**2).sum(-1)[:, :, None]
        apart += (centres**2).sum(-1)[:, None, :]
    ranked, index = apart.sort(dim=-1)
    inverse = 1.0 / (ranked[:, :, :3] + 1e-8)
    share = inverse / inverse.sum(dim=2, keepdim=True)
    gathered = tokens.permute(0, 2, 1)[0][index[:, :, :3]]
    return (gathered * share.unsqueeze(-1)).sum(dim=2).permute(0, 2, 1)


def planes(features: Tensor, pixels: Tensor, size: int = 224, cells: int = 224) -> Tensor:
    """(cells², C) features of every output pixel: scattered, averaged over 3 x 3, pooled.

    features : (1, C, N).   pixels : (N,) row-major numbers in a picture of `size` x `size`.
    """
    full = torch.zeros((1, features.shape[1], size * size))
    full[..., pixels] = features
    pooled = nn.AvgPool2d(3, stride=1)(full.view(1, -1, size, size))
    pooled = nn.AdaptiveAvgPool2d((cells, cells))(pooled)
    return pooled.reshape(pooled.shape[1], -1).T
