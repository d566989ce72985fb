"""The golden's parts, made again from their recipe: clouds, tokens, planes, mappings."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from inspector_core.detectors.cfm.mapping import parameter_shapes
from inspector_core.features.token_map import Block, TokenMap
from inspector_core.features.token_planes import bilinear_plane, point_plane, published_mask

FOLDER = Path(__file__).resolve().parents[2] / "goldens" / "cfm"
SIZE = (224, 224)
WIDTHS = {"2Dto3D": (24, 36), "3Dto2D": (36, 24)}


@dataclass(frozen=True)
class Seen:
    """Features of one part's judged pixels, as training takes them."""

    rgb: TokenMap | None
    shape: TokenMap | None
    pixels: np.ndarray
    size: tuple[int, int] = SIZE


def uniform(name, shape, low=-1.0, high=1.0, seed=0):
    rng = np.random.Generator(np.random.PCG64([seed, zlib.crc32(name.encode())]))
    return (low + (high - low) * rng.random(shape)).astype(np.float32)


def parameter(name, shape, seed=0):
    rng = np.random.Generator(np.random.PCG64([seed, zlib.crc32(name.encode())]))
    values = 2 * rng.random(shape) - 1
    scale = np.sqrt(3 / np.prod(shape[1:])) if len(shape) > 1 else 0.1
    return (values * scale).astype(np.float32)


def cloud(number):
    """(224, 224, 3) float32 m, zeros where nothing was measured."""
    i, j = np.mgrid[:224, :224].astype(np.float64)
    x, y = (j - 111.5) * 0.0005, (i - 111.5) * 0.0005
    z = 0.40 + 0.5 * (x * x + y * y) + 0.013 * (number + 1) * x + 0.007 * y
    a, b = [(0.040, 0.030), (0.034, 0.036)][number]
    inside = (x / a) ** 2 + (y / b) ** 2 < 1
    inside[100:106, 90:97] = False
    return np.where(inside[..., None], np.stack([x, y, z], axis=2), 0).astype(np.float32)


def part(number, centre_index):
    """The golden's part with the published plane of exact distances, judged in the published mask."""
    xyz = cloud(number).reshape(-1, 3)
    points = np.flatnonzero((xyz != 0).all(axis=1))
    pixels = np.flatnonzero(published_mask(points, SIZE))
    plane = point_plane(
        xyz[points],
        points,
        xyz[points][centre_index],
        pixels,
        SIZE,
        smoothing="published",
    )
    shape = TokenMap([Block(uniform(f"cfm.xyz_tokens.{number}", (36, 64)).T.copy(), plane)])
    patches = uniform(f"cfm.rgb_tokens.{number}", (24, 28, 28)).reshape(24, -1).T.copy()
    rgb = TokenMap([Block(patches, bilinear_plane((28, 28), SIZE, pixels))])
    return Seen(rgb, shape, pixels)


def mappings():
    """The golden's two mappings before training."""
    return {
        direction: {
            name: parameter(f"CFM_{direction}.{name}", shape)
            for name, shape in parameter_shapes("projection", *widths).items()
        }
        for direction, widths in WIDTHS.items()
    }
