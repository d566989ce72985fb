"""How a surface looks: key light with soft shadow, fill, sky with occlusion, highlights, reflections."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from inspector_core.synthetic.camera import Pose, Rays, cast
from inspector_core.synthetic.grid import Grid, Lookup
from inspector_core.synthetic.noise import Field, Streams, smooth_noise
from inspector_core.synthetic.surface import Colour, Surface

Window = tuple[slice, slice]
Mask = npt.NDArray[np.bool_]
Vector = tuple[Any, ...]
"""Three numbers or three fields."""

_TABLE_HALF_MM = 95.0
_TABLE_ROUGH = 0.9


@dataclass(frozen=True)
class Light:
    """The lamp of one picture: direction to it in the part's frame without the part's turn.

    colour : factor on red, green, blue.   gain : brightness, 1 on average.
    """

    azimuth_deg: float
    elevation_deg: float
    gain: float
    colour: Colour

    @classmethod
    def drawn(cls, streams: Streams) -> Light:
        """A random lamp around the upper left, 52 degrees high."""
        rng = streams("light")
        azimuth = 130 + rng.uniform(-22, 22)
        elevation = 52 + rng.uniform(-5, 5)
        gain = float(np.clip(rng.normal(1.0, 0.06), 0.85, 1.15))
        warm = float(np.clip(rng.normal(0.0, 0.012), -0.03, 0.03))
        return cls(azimuth, elevation, gain, (1 + warm, 1.0, 1 - warm))

    def direction(self, turn_deg: float) -> tuple[float, float, float]:
        """Unit vector to the lamp in the part frame of a part turned by `turn_deg`."""
        azimuth = np.radians(self.azimuth_deg - turn_deg)
        elevation = np.radians(self.elevation_deg)
        flat = np.cos(elevation)
        return (
            float(flat * np.cos(azimuth)),
            float(flat * np.sin(azimuth)),
            float(np.sin(elevation)),
        )

    def record(self) -> dict[str, float]:
        """The lamp as in frames.json."""
        return {
            "azimuth_deg": self.azimuth_deg,
            "elevation_deg": self.elevation_deg,
            "gain": self.gain,
        }


def lit_share(
    height: Field, grid: Grid, direction: tuple[float, float, float], softness: float
) -> Field:
    """(n, n) 0..1 share of a distant lamp seen from each node.

    The steepest sight line towards the lamp is compared with the lamp's elevation; `softness` is
    half the lamp's width as a slope.
    """
    flat = float(np.hypot(direction[0], direction[1]))
    slope = direction[2] / flat
    steps = int(np.ceil(height.max() / slope / grid.cell)) + 1
    n = len(height)
    horizon = np.full(height.shape, -1e9)
    for step in range(1, min(steps, n - 1)):
        right = round(step * direction[0] / flat)
        up = round(step * direction[1] / flat)
        here = (slice(max(0, -up), n - max(0, up)), slice(max(0, -right), n - max(0, right)))
        there = (slice(max(0, up), n + min(0, up)), slice(max(0, right), n + min(0, right)))
        rise = (height[there] - height[here]) / (float(np.hypot(right, up)) * grid.cell)
        np.maximum(horizon[here], rise, out=horizon[here])
    t = np.clip((slope + softness - horizon) / (2 * softness), 0.0, 1.0)
    return t * t * (3 - 2 * t)


def openness(height: Field, grid: Grid) -> Field:
    """(n, n) 0..1, how much of the sky a node sees: 1 on a plateau, low in holes and corners."""
    from scipy.ndimage import gaussian_filter

    result = np.ones(height.shape)
    for radius, weight in ((1.2, 0.9), (4.0, 0.8)):
        hidden = gaussian_filter(height, radius / grid.cell, truncate=2.5) - height
        result /= 1 + weight * np.maximum(hidden, 0) / radius
    return result


@dataclass(frozen=True)
class View:
    """What each pixel sees of a surface: place and height in the part frame (mm), all (H, W).

    look : unit vector from the point to the camera, part frame, three fields.
    """

    surface: Surface
    x: Field
    y: Field
    h: Field
    look: tuple[Field, Field, Field]

    @classmethod
    def of(cls, surface: Surface, rays: Rays, pose: Pose) -> View:
        """Casts every pixel's ray."""
        h = cast(surface.height, surface.grid, rays)
        x, y = rays.at(h)
        tx, ty, tz = (c - p for c, p in zip(pose.camera, (x, y, h), strict=True))
        length = np.sqrt(tx**2 + ty**2 + tz**2)
        return cls(surface, x, y, h, (tx / length, ty / length, tz / length))

    def cut(self, window: Window) -> View:
        """The same view of a block of pixels."""
        look_x, look_y, look_z = (field[window] for field in self.look)
        return View(
            self.surface,
            self.x[window],
            self.y[window],
            self.h[window],
            (look_x, look_y, look_z),
        )

    def patched(self, window: Window, block: View) -> View:
        """The view with a block of pixels seen anew, on the block's surface."""
        fields = []
        for old, new in zip(
            (self.x, self.y, self.h, *self.look),
            (block.x, block.y, block.h, *block.look),
            strict=True,
        ):
            field = old.copy()
            field[window] = new
            fields.append(field)
        x, y, h, look_x, look_y, look_z = fields
        return View(block.surface, x, y, h, (look_x, look_y, look_z))

    @cached_property
    def on_part(self) -> Mask:
        """(H, W) bool, pixels that see the part and not the table."""
        return np.asarray(self.h > 0.12)

    @cached_property
    def _at_part(self) -> Lookup:
        return Lookup(self.surface.grid, self.x[self.on_part], self.y[self.on_part])

    @cached_property
    def _at_half(self) -> Lookup:
        return Lookup(self.surface.grid.halved(), self.x, self.y)

    def read(self, field: Field, table: float = 0.0) -> Field:
        """(H, W) values of an (n, n) field where the part is seen, `table` elsewhere."""
        result = np.full(self.h.shape, table)
        result[self.on_part] = self._at_part(field)
        return result

    def read_coarse(self, field: Field) -> Field:
        """(H, W) values of a field on every second node, part and table alike."""
        return self._at_half(field)

    def normal(self, slopes: tuple[Field, Field]) -> tuple[Field, Field, Field]:
        """(H, W) unit normals in the part frame for slopes dz/dx, dz/dy on the grid."""
        nx, ny = -self.read(slopes[0]), -self.read(slopes[1])
        nz = 1 / np.sqrt(nx**2 + ny**2 + 1)
        return nx * nz, ny * nz, nz


def table_texture(streams: Streams, rays: Rays) -> Field:
    """(H, W) brightness of the table where the rays meet it, about 1."""
    rng = streams("table")
    grid = Grid.covering(_TABLE_HALF_MM, 0.5)
    pattern = 0.05 * smooth_noise(rng, grid.axis, 9.0) + 0.05 * smooth_noise(rng, grid.axis, 0.9)
    return Lookup(grid, rays.foot_x, rays.foot_y)(np.clip(1 + pattern, 0.6, 1.4))


def shaded(view: View, light: Light, pose: Pose, table: tuple[Field, Field, Field]) -> Field:
    """(H, W, 3) linear light that leaves each seen point towards the camera, before the lens.

    table : reflectance of the table in red, green, blue, (H, W) each.
    """
    surface, half = view.surface, view.surface.grid.halved()
    lamp = light.direction(pose.rotation_deg)
    lit = view.read_coarse(lit_share(surface.coarse, half, lamp, 0.16)) * light.gain
    sky = view.read_coarse(openness(surface.coarse, half))
    normal = view.normal(surface.fine_slopes)
    rough, metal = view.read(surface.rough, _TABLE_ROUGH), view.read(surface.metal)
    facing = np.maximum(dot(normal, lamp), 0)
    soft = (0.62 * facing * lit + (0.20 + 0.16 * normal[2]) * sky) * (1 - metal)
    shine = 0.20 * _highlight(normal, view, lamp, rough) * lit
    shine += _surroundings(normal, view, lamp, rough) * sky
    bands = []
    for index in range(3):
        colour = np.where(view.on_part, view.read(surface.albedo[index]), table[index])
        mirror = 0.04 + metal * (colour - 0.04)
        bands.append((colour * soft + mirror * shine) * light.colour[index])
    return np.stack(bands, axis=2)


def dot(a: Vector, b: Vector) -> Field:
    """Scalar product of two vectors of numbers or fields."""
    return np.asarray(a[0] * b[0] + a[1] * b[1] + a[2] * b[2])


def _highlight(normal: Vector, view: View, lamp: Vector, rough: Field) -> Field:
    """Normalised Blinn highlight of the key lamp."""
    half = tuple(look + towards for look, towards in zip(view.look, lamp, strict=True))
    length = np.sqrt(dot(half, half))
    cosine = np.maximum(dot(normal, half) / length, 1e-6)
    exponent = 2 / np.maximum(rough, 0.12) ** 3
    return (exponent + 4) / 14 * np.exp(exponent * np.log(cosine))


def _surroundings(normal: Vector, view: View, lamp: Vector, rough: Field) -> Field:
    """What a mirror in the room would show: dark below, bright ceiling, a wide panel at the lamp."""
    twice = 2 * dot(normal, view.look)
    mirrored = tuple(twice * n - look for n, look in zip(normal, view.look, strict=True))
    ceiling = 0.10 + 0.38 * np.clip(0.5 + 0.5 * mirrored[2] / (0.3 + rough), 0, 1)
    panel = np.clip((dot(mirrored, lamp) - 0.45) / 0.5, 0, 1)
    return ceiling + 0.38 * panel * panel
