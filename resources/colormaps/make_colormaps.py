"""Make the colour tables from published colour maths; README.md beside this file says why these."""

import sys
from pathlib import Path

import numpy as np
from scipy.interpolate import PchipInterpolator

ROWS = 256
# OKLab (Ottosson 2020): perceptual lightness, green-red, blue-yellow
TO_LMS = np.array(
    [
        [1.0, 0.3963377774, 0.2158037573],
        [1.0, -0.1055613458, -0.0638541728],
        [1.0, -0.0894841775, -1.2914855480],
    ]
)
TO_RGB = np.array(
    [
        [4.0767416621, -3.3077115913, 0.2309699292],
        [-1.2684380046, 2.6097574011, -0.3413193965],
        [-0.0041960863, -0.7034186147, 1.7076147010],
    ]
)

# position, lightness, chroma, hue in degrees; the tables are re-sampled to even CIELAB lightness
INFERNO = (
    (0.00, 0.060, 0.020, 285),
    (0.14, 0.200, 0.095, 290),
    (0.28, 0.330, 0.145, 310),
    (0.45, 0.475, 0.170, 356),
    (0.62, 0.620, 0.185, 32),
    (0.78, 0.750, 0.170, 62),
    (0.90, 0.865, 0.165, 92),
    (1.00, 0.985, 0.090, 106),
)
BLUE_YELLOW = (
    (0.00, 0.240, 0.085, 262),
    (0.25, 0.410, 0.070, 262),
    (0.50, 0.570, 0.012, 250),
    (0.75, 0.745, 0.085, 94),
    (1.00, 0.930, 0.155, 99),
)
BLUE_SIDE = ((0.0, 0.985, 0.002, 250), (0.5, 0.640, 0.130, 252), (1.0, 0.380, 0.120, 260))
ORANGE_SIDE = ((0.0, 0.985, 0.002, 70), (0.5, 0.690, 0.145, 60), (1.0, 0.380, 0.105, 48))


def srgb(lab):
    """OKLab (N, 3) to linear light, then gamma; values outside 0..1 are out of gamut."""
    linear = (lab @ TO_LMS.T) ** 3 @ TO_RGB.T
    bent = np.sign(linear) * 1.055 * np.abs(linear) ** (1 / 2.4) - np.sign(linear) * 0.055
    return np.where(np.abs(linear) <= 0.0031308, 12.92 * linear, bent)


def path(points, count=4096):
    """Control points to (count, 3) sRGB in 0..1; chroma gives way where a colour cannot be shown."""
    position, lightness, chroma, hue = np.array(points, float).T
    at = np.linspace(0, 1, count)
    light = PchipInterpolator(position, lightness)(at)
    angle = np.radians(hue)
    a = PchipInterpolator(position, chroma * np.cos(angle))(at)
    b = PchipInterpolator(position, chroma * np.sin(angle))(at)
    share = np.ones(count)
    while True:
        rgb = srgb(np.stack([light, a * share, b * share], axis=1))
        outside = ((rgb < -1e-6) | (rgb > 1 + 1e-6)).any(axis=1)
        if not outside.any():
            return np.clip(rgb, 0, 1)
        share[outside] *= 0.99


def cielab_lightness(rgb):
    """(N, 3) sRGB in 0..1 to L* (CIE 1976)."""
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    y = linear @ [0.2126, 0.7152, 0.0722]
    return np.where(y > 216 / 24389, 116 * np.cbrt(y) - 16, y * 24389 / 27)


def even(points, rows, low=None, high=None):
    """(rows, 3) float in 0..1 along the path, in even steps of L*."""
    rgb = path(points)
    light = cielab_lightness(rgb)
    if light[0] > light[-1]:
        return even_between(rgb[::-1], light[::-1], rows, low, high)[::-1]
    return even_between(rgb, light, rows, low, high)


def even_between(rgb, light, rows, low, high):
    first, last = light[0] if low is None else low, light[-1] if high is None else high
    wanted = np.linspace(first, last, rows)
    return np.stack([np.interp(wanted, light, channel) for channel in rgb.T], axis=1)


def diverging():
    """Both sides reach the same darkness, so that +1 mm and -1 mm weigh the same in grey."""
    half = ROWS // 2
    ends = [cielab_lightness(path(side))[[0, -1]] for side in (BLUE_SIDE, ORANGE_SIDE)]
    white, dark = min(end[0] for end in ends), max(end[1] for end in ends)
    blue, orange = (even(side, half, dark, white) for side in (BLUE_SIDE, ORANGE_SIDE))
    return np.concatenate([blue[::-1], orange])


def main(out):
    grey = np.repeat(np.linspace(0, 1, ROWS)[:, None], 3, axis=1)
    tables = {
        "inferno": even(INFERNO, ROWS),
        "cividis": even(BLUE_YELLOW, ROWS),
        "grey": grey,
        "height": diverging(),
    }
    for name, rows in tables.items():
        lines = [f"#{r:02x}{g:02x}{b:02x}\n" for r, g, b in np.round(rows * 255).astype(int)]
        (out / f"{name}.txt").write_text("".join(lines), encoding="ascii", newline="\n")
        sys.stdout.write(f"{name}.txt\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
