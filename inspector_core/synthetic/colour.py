"""Linear light, sRGB and CIELAB (IEC 61966-2-1, CIE 15, D65)."""

from __future__ import annotations

import numpy as np

from inspector_core.synthetic.noise import Field

_TO_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)
_TO_RELATIVE_XYZ = _TO_XYZ / _TO_XYZ.sum(axis=1, keepdims=True)


def encode(linear: Field) -> Field:
    """Linear light to sRGB in 0..1 with a soft shoulder above 0.8, as a camera's tone curve has."""
    value = np.maximum(linear, 1e-6)
    bright = value > 0.8
    knee = value[bright] - 0.8
    value[bright] = 0.8 + 0.2 * knee / (knee + 0.2)
    dark = value < 0.0031308
    faint = 12.92 * value[dark]
    np.log(value, out=value)
    value /= 2.4
    np.exp(value, out=value)
    value *= 1.055
    value -= 0.055
    value[dark] = faint
    return value


def lab(srgb: Field) -> Field:
    """(..., 3) sRGB in 0..1 to CIELAB."""
    linear = np.where(srgb > 0.04045, ((np.maximum(srgb, 0) + 0.055) / 1.055) ** 2.4, srgb / 12.92)
    relative = linear @ _TO_RELATIVE_XYZ.T
    f = np.where(relative > 216 / 24389, np.cbrt(relative), (24389 / 27 * relative + 16) / 116)
    x, y, z = f[..., 0], f[..., 1], f[..., 2]
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def difference(first: Field, second: Field) -> Field:
    """(...) CIE 1976 colour difference of two sRGB arrays (..., 3)."""
    return np.asarray(np.sqrt(((lab(first) - lab(second)) ** 2).sum(axis=-1)))
