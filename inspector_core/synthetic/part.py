"""One synthetic part from its name: registered picture, cloud, mask and truth."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import reduce
from itertools import product

import numpy as np
import numpy.typing as npt

from inspector_core.synthetic import truth
from inspector_core.synthetic.camera import Pose, Rays, intrinsics
from inspector_core.synthetic.defects import Ground, plan
from inspector_core.synthetic.families import FAMILIES
from inspector_core.synthetic.flaws import Flaw, Mask, coloured, dented
from inspector_core.synthetic.grid import Grid
from inspector_core.synthetic.lighting import Light, View, Window, shaded, table_texture
from inspector_core.synthetic.noise import Field, Streams
from inspector_core.synthetic.sensor import Lens, Scanner, photographed
from inspector_core.synthetic.surface import Surface

VERSION = 1
"""Goes into every random stream: a change of the generator's output is a new version."""

_SHADOW_MM = 12.0  # how far beside a defect its shadow and its occlusion reach
_EDGE_PX = 4
_ATTEMPTS = 20
_FEWEST_PIXELS = 6
_FIELD_MM = 120.0  # width of the table that a picture shows, about


@dataclass(frozen=True)
class Part:
    """One generated part.

    rgb : (H, W, 3) uint8 sRGB.   xyz : (H, W, 3) float32 mm, camera frame, NaN = no reading.
    mask : (H, W) bool, union of its defects.   defects : records as in truth.json.
    frame : record as in frames.json.   scene : the noise-free views and pictures.
    """

    rgb: npt.NDArray[np.uint8]
    xyz: npt.NDArray[np.float32]
    mask: npt.NDArray[np.bool_]
    defects: tuple[truth.Entry, ...]
    frame: truth.Entry
    scene: truth.Scene


def make_part(
    family: str, *, seed: int, split: str, label: str, index: int, size: int, healthy: bool = False
) -> Part:
    """The part of that name; nothing else decides what it looks like.

    label : "good" or a defect type.   size : pixels a side.   healthy : leave the defects out (the
    same individual, pose, light and sensor noise without them).
    """
    streams = Streams(VERSION, family, seed, split, label, index)
    stage = _Stage(family, streams, size)
    good = stage.see(FAMILIES[family].build(streams, stage.grid))
    scanner = Scanner(good, stage.pose)
    flaws: tuple[Flaw, ...] = ()
    masks: list[Mask] = []
    if label == "good" or healthy:
        scene = stage.scene(good, flaws)
    else:
        ground = Ground(good, scanner.readable, stage.pitch)
        flaws, masks, scene = _defective(family, label, stage, ground, streams)
    if scene.after is not good:
        scanner = Scanner(scene.after, stage.pose)
    xyz = scanner.scanned(stage.camera, streams)
    read = np.isfinite(xyz[..., 2])
    return Part(
        rgb=photographed(scene.picture_after, streams),
        xyz=xyz,
        mask=np.logical_or.reduce([np.zeros(read.shape, bool), *masks]),
        defects=tuple(truth.entry(scene, f, m, read) for f, m in zip(flaws, masks, strict=True)),
        frame=truth.frame(good.surface, stage.pose, stage.light.record()),
        scene=scene,
    )


def _defective(
    family: str, label: str, stage: _Stage, ground: Ground, streams: Streams
) -> tuple[tuple[Flaw, ...], list[Mask], truth.Scene]:
    """Defects with their masks; drawn again when one of them cannot be seen."""
    for attempt in range(_ATTEMPTS):
        flaws = plan(FAMILIES[family], label, ground, streams, attempt)
        scene = stage.scene(ground.view, flaws)
        masks = [truth.mask(scene, flaw) for flaw in flaws]
        if min(mask.sum() for mask in masks) >= _FEWEST_PIXELS:
            return flaws, masks, scene
    raise RuntimeError(f"no visible {label} in {_ATTEMPTS} attempts ({streams.key})")


class _Stage:
    """Camera, pose, lamp and table of one part."""

    def __init__(self, family: str, streams: Streams, size: int) -> None:
        self.pitch = _FIELD_MM / size
        self.grid = Grid.covering(
            FAMILIES[family].half_mm, float(np.clip(self.pitch * 2 / 3, 0.1, 0.25))
        )
        self.camera = intrinsics(size)
        self.pose = Pose.drawn(streams)
        self.light = Light.drawn(streams)
        self._lens = Lens.drawn(streams, size)
        self._rays = Rays.of(self.camera, self.pose)
        texture = table_texture(streams, self._rays)
        red, green, blue = FAMILIES[family].table
        self._table = (red * texture, green * texture, blue * texture)

    def see(self, surface: Surface) -> View:
        return View.of(surface, self._rays, self.pose)

    def scene(self, good: View, flaws: tuple[Flaw, ...]) -> truth.Scene:
        """Both noise-free pictures; shape and colour enter only the modality that shows them."""
        after = good
        picture = after_picture = self._picture(good, (slice(None), slice(None)))
        window = self._window(good.surface, flaws)
        if any(flaw.delta is not None for flaw in flaws):
            surface = reduce(dented, flaws, good.surface)
            after = good.patched(window, View.of(surface, self._rays.cut(window), self.pose))
        if any(flaw.strength is not None for flaw in flaws):
            seen = replace(after.cut(window), surface=reduce(coloured, flaws, after.surface))
            after_picture = picture.copy()
            after_picture[_inside(window)] = self._picture(seen, window)[_FRAME]
        return truth.Scene(self.pose, self.camera, good, after, picture, after_picture, window)

    def _picture(self, view: View, window: Window) -> Field:
        red, green, blue = (band[window] for band in self._table)
        linear = shaded(view, self.light, self.pose, (red, green, blue))
        return self._lens.developed(linear, window)

    def _window(self, surface: Surface, flaws: tuple[Flaw, ...]) -> Window:
        """Rows and columns that the defects and their shadows can change."""
        corners = []
        axis, high = surface.grid.axis, float(surface.height.max())
        for flaw in flaws:
            rows, columns = axis[flaw.window[0]], axis[flaw.window[1]]
            for x, y in product((columns[0], columns[-1]), (rows[0], rows[-1])):
                for z in (0.0, high):
                    place = np.array(x), np.array(y), np.array(z)
                    corners.append(self.pose.to_picture(self.camera, *place))
        if not corners:
            return slice(0), slice(0)
        margin = _SHADOW_MM / self.pitch
        low, far = np.min(corners, axis=0) - margin, np.max(corners, axis=0) + margin
        u0, v0 = (max(0, int(value)) for value in low)
        u1, v1 = (min(self.camera.width, int(value) + 1) for value in far)
        return slice(v0, v1), slice(u0, u1)


_FRAME = (slice(_EDGE_PX, -_EDGE_PX), slice(_EDGE_PX, -_EDGE_PX))


def _inside(window: Window) -> Window:
    """The window without the border where the lens blur lacks its surroundings."""
    rows, columns = window
    return (
        slice(rows.start + _EDGE_PX, rows.stop - _EDGE_PX),
        slice(columns.start + _EDGE_PX, columns.stop - _EDGE_PX),
    )
