"""A colour and gradient descriptor that needs no pretrained weights.

Per square cell of the part: CIELAB at three blurs (the widest and the differences), energy and
directedness of the gradient at two scales, energy of fine detail, darkest and brightest detail.
"""

from __future__ import annotations

import numpy as np

from inspector_core.geometry.organised import CellGrid
from inspector_core.types import Array, FloatArray

BLURS_CELLS = (0.4, 1.0, 2.0)
"""Sigmas of the three blurs in cells."""
EDGE_CELLS = (0.25, 0.6)
"""Sigmas at which gradients are taken, in cells."""
CHANNELS = 19
_SIDE_PX = 6
"""Finer than this many pixels along a cell's side nothing is computed: the blurs hide it."""
EVENNESS = 1.25
"""Brightness between parts is evened out up to this factor; more than that is a finding."""
_ENOUGH_PIXELS = 20_000
_D65 = np.array([0.95047, 1.0, 1.08883], np.float32)
_TO_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ],
    np.float32,
)


def cielab(rgb: Array, gain: float = 1.0) -> FloatArray:
    """(..., 3) sRGB in 0..1 to (..., 3) float32 CIELAB (D65); the gain multiplies linear light."""
    rgb = np.asarray(rgb, np.float32)
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** np.float32(2.4))
    relative = ((np.float32(gain) * linear).reshape(-1, 3) @ _TO_XYZ.T).reshape(rgb.shape)
    for channel in range(3):  # numpy is slow on rows of three numbers
        relative[..., channel] /= _D65[channel]
    root = np.where(relative > 0.008856, np.cbrt(relative), 7.787 * relative + 16 / 116)
    x, y, z = root[..., 0], root[..., 1], root[..., 2]
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1).astype(np.float32)


def brightness(rgb: Array, mask: Array) -> float:
    """Median linear luminance of the masked pixels; rgb (H, W, 3) sRGB in 0..1, mask (H, W) bool."""
    colours = np.asarray(rgb[mask], np.float32)
    colours = colours[:: max(1, len(colours) // _ENOUGH_PIXELS)]
    linear = np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
    return float(np.median(linear @ _TO_XYZ[1]))


def evening_gain(brightness_here: float, brightness_usual: float) -> float:
    """Factor that brings a part to the usual brightness, within the evenness."""
    if brightness_here <= 0 or brightness_usual <= 0:
        return 1.0
    return float(np.clip(brightness_usual / brightness_here, 1 / EVENNESS, EVENNESS))


def colour_descriptor(rgb: Array, mask: Array, grid: CellGrid, gain: float = 1.0) -> FloatArray:
    """(rows, columns, 19) float32 descriptor of each cell, 0 where a cell has no masked pixel.

    rgb : (H, W, 3) float32 sRGB in 0..1.   mask : (H, W) bool, the part.   gain : on linear light.
    Nothing outside the mask enters a blur or a gradient, so the table's colour does not matter.
    """
    rgb, weight, grid = _reduced(rgb, mask, grid)
    lab = cielab(rgb, gain)
    fine, middle, wide = (_blurred(lab, weight, sigma * grid.cell_px) for sigma in BLURS_CELLS)
    texture = np.abs(lab - fine)
    colour, _ = grid.mean(np.concatenate([wide, middle - wide, fine - middle, texture], 2), weight)
    edges = [_edges(lab, weight, sigma * grid.cell_px, grid) for sigma in EDGE_CELLS]
    extremes = _extremes(fine[..., 0] - wide[..., 0], weight, grid)
    chroma = np.hypot(colour[..., 10], colour[..., 11])[..., None]
    details = np.concatenate([colour[..., 3:10], chroma, *edges, extremes], axis=2)
    return np.concatenate([colour[..., :3], np.sign(details) * np.log1p(np.abs(details))], axis=2)


def _reduced(rgb: Array, mask: Array, grid: CellGrid) -> tuple[Array, Array, CellGrid]:
    """The crop, its weight 0..1 and its grid, with pixels joined while a cell keeps enough of them."""
    weight = grid.crop(mask).astype(np.float32)
    cropped = grid.crop(rgb)
    least = min(_SIDE_PX, grid.cell_px)
    side = next(d for d in range(least, grid.cell_px + 1) if grid.cell_px % d == 0)
    factor = grid.cell_px // side
    if factor > 1:
        joined = CellGrid(0, 0, grid.rows * side, grid.columns * side, factor)
        cropped, count = joined.mean(cropped, weight)
        weight = np.asarray(count / factor**2, np.float32)
    return cropped, weight, CellGrid(0, 0, grid.rows, grid.columns, side)


def _edges(lab: Array, weight: Array, sigma_px: float, grid: CellGrid) -> Array:
    """(rows, columns, 3): gradient energy of L, its directed part, gradient energy of a and b."""
    down, across = np.gradient(_blurred(lab, weight, sigma_px), axis=(0, 1))
    products = np.stack(
        [
            across[..., 0] ** 2,
            down[..., 0] ** 2,
            across[..., 0] * down[..., 0],
            (across[..., 1:] ** 2 + down[..., 1:] ** 2).sum(axis=2),
        ],
        axis=2,
    )
    xx, yy, xy, chroma = np.moveaxis(grid.mean(products, weight)[0], 2, 0)
    directed = np.hypot(xx - yy, 2 * xy)
    return np.sqrt(np.stack([xx + yy, directed, chroma], axis=2))


def _extremes(detail: Array, weight: Array, grid: CellGrid) -> Array:
    """(rows, columns, 2): smallest and largest detail in each cell, 0 where it has no pixel."""
    side = grid.cell_px
    inside = weight > 0
    found = []
    for sign in (1, -1):
        values = np.where(inside, sign * detail, np.inf).reshape(
            grid.rows, side, grid.columns, side
        )
        smallest = values.min(axis=(1, 3))
        found.append(sign * np.where(np.isfinite(smallest), smallest, 0.0))
    return np.stack(found, axis=2).astype(np.float32)


def _blurred(image: Array, weight: Array, sigma_px: float) -> Array:
    """Gaussian blur over the weighted pixels alone; (h, w, C)."""
    from scipy.ndimage import gaussian_filter

    share = gaussian_filter(weight, sigma_px, mode="constant", truncate=3.0)
    share = np.maximum(share, 1e-6)
    channels = [
        gaussian_filter(image[..., c] * weight, sigma_px, mode="constant", truncate=3.0) / share
        for c in range(image.shape[2])
    ]
    return np.stack(channels, axis=2)
