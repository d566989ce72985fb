"""Smoothing of maps within the part."""

from __future__ import annotations

import numpy as np

from inspector_core.types import Array, FloatArray


def smooth(values: Array, mask: Array, sigma_px: float) -> FloatArray:
    """Gaussian mean over the masked pixels with a finite value alone.

    values : (H, W), NaN = unknown.   mask : (H, W) bool.   sigma_px : 0 leaves the values as they are.
    Gives (H, W) float32, NaN outside the mask and where nothing known lies within four sigmas.
    """
    from scipy.ndimage import gaussian_filter

    known = mask & np.isfinite(values)
    result = np.full(values.shape, np.nan, np.float32)
    if sigma_px <= 0:
        result[known] = values[known]
        return result
    total = gaussian_filter(np.where(known, values, 0).astype(np.float32), sigma_px, mode="nearest")
    share = gaussian_filter(known.astype(np.float32), sigma_px, mode="nearest")
    inside = mask & (share > 1e-6)
    result[inside] = total[inside] / share[inside]
    return result


def spilled(values: Array, width_px: int, share: float) -> FloatArray:
    """The map with a rim of pixels around what is known: each a share of its known neighbours' mean.

    values : (H, W) >= 0, NaN = unknown.   width_px : of the rim; the share counts once for all of it.
    """
    from scipy.ndimage import uniform_filter

    result = np.asarray(values, np.float32).copy()
    known = np.isfinite(result)
    if not known.any():
        return result
    box = tuple(
        slice(max(0, int(at[0]) - width_px), int(at[-1]) + 1 + width_px)
        for at in (np.flatnonzero(known.any(axis=1)), np.flatnonzero(known.any(axis=0)))
    )
    inside = result[box]
    before = np.isfinite(inside)
    for _ in range(width_px):
        there = np.isfinite(inside)
        total = uniform_filter(np.where(there, inside, 0), 3, mode="constant")
        count = uniform_filter(there.astype(np.float32), 3, mode="constant")
        new = ~there & (count > 1e-3)
        inside[new] = total[new] / count[new]
    inside[~before] *= np.float32(share)
    return result


def blur_whole_sample(values: Array, sigma_px: float) -> FloatArray:
    """Gaussian as anomalib blurs: the border pixel is the mirror's axis and does not repeat.

    values : (H, W) finite.
    """
    from scipy.ndimage import gaussian_filter

    return np.asarray(gaussian_filter(values.astype(np.float32), sigma_px, mode="mirror"))


def blur_8bit(values: Array, radius_px: float = 4.0) -> FloatArray:
    """The published blur of BTF and M3DM: 256 levels of the map's own maximum, Pillow's Gaussian.

    values : (H, W) finite, not negative.
    """
    from PIL import Image, ImageFilter

    top = np.float32(values.max())
    if top <= 0:
        return np.zeros(values.shape, np.float32)
    levels = (values.astype(np.float32) / top * np.float32(255)).astype(np.uint8)
    blurred = Image.fromarray(levels).filter(ImageFilter.GaussianBlur(radius_px))
    return np.asarray(blurred, np.float32) / np.float32(255) * top
