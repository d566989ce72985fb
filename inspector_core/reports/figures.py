"""The drawings of one part's page: panes with outlines and scale bars, close-ups of defects."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from inspector_core.reports.drawing import Box, Drawing, Raster, Shape
from inspector_core.reports.furniture import label, outline, scale_bar, tag_place, tags, triad
from inspector_core.reports.pictures import PartPictures, Window, hatched, resized
from inspector_core.reports.words import printable
from inspector_core.types import Array, Defect

WIDTH = 178.0
"""Millimetres of paper that a row of panes fills."""
GAP = 3.0
CLOSE_UP = 26.0
"""Side of a close-up in mm of paper."""
MOST_CLOSE_UPS = 12
MAP_TITLES = {"rgb": "Colour map", "shape": "Shape map"}
_TALLEST = 68.0
_CLOSE_UP_SHARPNESS = 6.0


class PartFigures:
    """One part's drawings, made once and shared by all formats."""

    def __init__(self, pictures: PartPictures) -> None:
        self.pictures = pictures
        self.result = pictures.result
        self._close_ups: dict[int, list[tuple[str, Drawing]]] = {}

    @cached_property
    def panes(self) -> tuple[Drawing, ...]:
        """Photograph, cloud and fused map at one scale, as far as they exist, in a row."""
        pictures = self.pictures
        has_cloud, has_map = pictures.sample.xyz is not None, "fused" in pictures.maps
        columns = max(2, 1 + has_cloud + has_map)
        width = (WIDTH - GAP * (columns - 1)) / columns
        width = min(width, _TALLEST * pictures.window.aspect)
        title = "Picture" if pictures.sample.rgb is not None else "Scan, shaded"
        found = [self._flat(width, pictures.window.of(pictures.photo), title)]
        cloud = self._cloud(width) if has_cloud else None
        if cloud is not None:
            found.append(cloud)
        if has_map:
            found.append(
                self._flat(width, pictures.overlaid("fused", pictures.window), self._map_title())
            )
        return tuple(found)

    @property
    def shows_missing(self) -> bool:
        """Whether a close-up hatches places without measurement."""
        return self.pictures.sample.xyz is not None and bool(self.result.defects)

    def close_ups(self, defect: Defect) -> list[tuple[str, Drawing]]:
        """The same square around a defect in every modality, with titles."""
        if defect.number not in self._close_ups:
            self._close_ups[defect.number] = self._made_close_ups(defect)
        return self._close_ups[defect.number]

    def draw(self) -> None:
        """Make every picture of the part's page now, encoded as it will be written."""
        shown = [
            drawing
            for d in self.result.defects[:MOST_CLOSE_UPS]
            for _, drawing in self.close_ups(d)
        ]
        for drawing in (*self.panes, *shown):
            for shape in drawing.shapes:
                if isinstance(shape, Raster):
                    _ = shape.encoded

    def _map_title(self) -> str:
        seen = [MAP_TITLES[name] for name in MAP_TITLES if name in self.pictures.maps]
        return seen[0] if len(seen) == 1 else "Fused map"

    def _flat(self, width: float, picture: Array, title: str) -> Drawing:
        """A pane on the source pixels."""
        pictures, window = self.pictures, self.pictures.window
        scale = width / window.size[1]
        height = window.size[0] * scale
        marked = [
            (defect, [window.to_pane(path, scale) for path in pictures.outlines(defect)])
            for defect in self.result.defects
        ]
        signs = [*label(title), *self._scale_bar(width, height, scale)]
        shapes = [
            Raster(0, 0, width, height, resized(picture, width)),
            *signs,
            *self._marks(marked, width, height, signs),
        ]
        return Drawing(width, height, tuple(shapes), self._says(title))

    def _cloud(self, width: float) -> Drawing | None:
        found = self.pictures.cloud(width)
        if found is None:
            return None
        picture, view = found
        scale = width / picture.shape[1]
        height = picture.shape[0] * scale
        marked = []
        for defect in self.result.defects:
            paths = [
                np.clip((view.project(points)[0] + 0.5) * scale, -width, 2 * width)
                for path in self.pictures.outlines(defect)
                for points in (self._on_surface(path),)
                if points is not None
            ]
            if paths:
                marked.append((defect, paths))
        signs = [*label("Cloud, tilted 35°"), *triad(view.axes(), width, height)]
        shapes = [
            Raster(0, 0, width, height, picture),
            *signs,
            *self._marks(marked, width, height, signs),
        ]
        return Drawing(width, height, tuple(shapes), self._says("Cloud"))

    def _marks(
        self,
        marked: list[tuple[Defect, list[Array]]],
        width: float,
        height: float,
        signs: list[Shape],
    ) -> list[Shape]:
        """Outlines with their numbers; the numbers lie above all outlines and beside the signs."""
        shapes: list[Shape] = []
        boxes: list[Box] = []
        taken = [sign for sign in signs if isinstance(sign, Box)]
        for defect, paths in marked:
            shapes += outline(paths, self._dashed(defect))
            boxes.append(tag_place(paths, [*taken, *boxes], width, height))
        return shapes + tags(boxes, [defect for defect, _ in marked])

    def _on_surface(self, path: Array) -> Array | None:
        """Points (N, 3) mm under a path of source pixels; gaps in the scan are bridged along it."""
        xyz = self.pictures.sample.xyz
        assert xyz is not None
        column = np.clip(np.rint(path[:, 0]).astype(int), 0, xyz.shape[1] - 1)
        row = np.clip(np.rint(path[:, 1]).astype(int), 0, xyz.shape[0] - 1)
        points = xyz[row, column].astype(np.float64)
        known = np.flatnonzero(np.isfinite(points).all(axis=1))
        if known.size < 2:
            return None
        at = np.arange(len(points))
        return np.stack([np.interp(at, known, points[known, axis]) for axis in range(3)], axis=1)

    def _made_close_ups(self, defect: Defect) -> list[tuple[str, Drawing]]:
        pictures = self.pictures
        window = pictures.close_up(defect)
        found = [("Picture", self._close_up(window, window.of(pictures.photo), None))]
        for name, title in MAP_TITLES.items():
            if name in pictures.maps:
                picture = pictures.overlaid(name, window)
                found.append((title, self._close_up(window, picture, defect, name == "shape")))
        deviations = pictures.deviations(window)
        if deviations is not None:
            found.append(("Deviation", self._close_up(window, deviations, defect, True)))
        return found

    def _close_up(
        self, window: Window, picture: Array, defect: Defect | None, of_scan: bool = False
    ) -> Drawing:
        """A square with the defect's outline, or with a scale bar where no defect is given."""
        scale = CLOSE_UP / window.size[1]
        height = window.size[0] * scale
        picture = resized(picture, CLOSE_UP, _CLOSE_UP_SHARPNESS)
        if of_scan and self.pictures.sample.xyz is not None:
            picture = hatched(picture, self.pictures.missing(window), CLOSE_UP)
        shapes: list[Shape] = [Raster(0, 0, CLOSE_UP, height, picture)]
        if defect is None:
            shapes += self._scale_bar(CLOSE_UP, height, scale)
        else:
            paths = [window.to_pane(path, scale) for path in self.pictures.outlines(defect)]
            shapes += outline(paths, self._dashed(defect))
        return Drawing(CLOSE_UP, height, tuple(shapes))

    def _scale_bar(self, width: float, height: float, scale: float) -> list[Shape]:
        pitch = self.pictures.mm_per_px
        if pitch is None:
            return scale_bar(width, height, scale, "px")
        return scale_bar(width, height, scale / pitch, self.result.unit)

    def _dashed(self, defect: Defect) -> bool:
        """Defects below T2 are drawn dashed: they do not reject the part."""
        return defect.score < self.pictures.model.thresholds.t2

    def _says(self, title: str) -> str:
        defects = self.result.defects
        first = f"{title} of {printable(self.result.id)}: {self.result.verdict.value}"
        if not defects:
            return f"{first}, no defects"
        x, y = defects[0].peak_px
        plural = "s" if len(defects) > 1 else ""
        return f"{first}, {len(defects)} defect{plural}, strongest at pixel {x}, {y}"
