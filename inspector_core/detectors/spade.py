"""SPADE (Cohen, Hoshen 2020, arXiv 2005.02357): the most similar good parts, then cell by cell.

A part's global feature finds its K nearest good parts; each cell is as unusual as it is far from the
nearest cell, at any place, of those. Nothing is trained; it works from two good parts on and can show the
good part that it compared with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from inspector_core.detectors.appearance import Appearance, Judge, Learner
from inspector_core.detectors.contract import Context, DetectorInfo
from inspector_core.detectors.view_settings import NETWORKS, ViewSettings
from inspector_core.detectors.views import Views
from inspector_core.memory.nearest import nearest, search_cost, several_nearest
from inspector_core.progress import Job, Progress
from inspector_core.settings import setting
from inspector_core.types import Array, FloatArray

COMPARING = "Comparing the good parts with each other"
_GLOBAL_STAGE = 4
_SCALE_PARTS = 8
"""Good parts that the usual distance of a stage is learnt from."""
_FEWEST_ROWS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class SPADESettings(ViewSettings):
    """Settings of `spade`; published values of paper and code (SPADE-pytorch@077c67b)."""

    stages: Literal["1+2+3", "2+3", "1+2", "1", "2", "3"] = setting(
        "2+3",
        choices=("1+2+3", "2+3", "1+2", "1", "2", "3"),
        published="1+2+3",
        help="Stages of the network whose features are used.",
    )
    neighbours: int = setting(
        50,
        low=1,
        high=500,
        published=5,
        help="Most similar good parts that cells are looked for in.",
    )
    part_score: Literal["map", "mean", "mean_squared"] = setting(
        "map",
        choices=("map", "mean", "mean_squared"),
        published="mean",
        help="What a part is judged by: its map, or its distance as a whole from the most similar good "
        "parts (mean, as the code; mean_squared, as the paper), at which the map then ends; the fused "
        "map keeps it with joined_by=stronger.",
    )
    compat: Literal["project", "published"] = setting(
        "project",
        choices=("project", "published"),
        published="published",
        help="All cells and stages of equal weight, or as the published code computes.",
    )


class SPADE(Appearance):
    """Nearest good parts, then nearest cells; see the module."""

    info: ClassVar[DetectorInfo] = DetectorInfo(
        name="spade",
        title="SPADE",
        summary="Compares with the cells of the most similar good parts; needs two of them.",
        source="Cohen, Hoshen: Sub-Image Anomaly Detection with Deep Pyramid Correspondences, 2020, "
        "arXiv 2005.02357",
        modalities=("rgb", "shape"),
        requires=(),
        settings=SPADESettings,
        suits="A handful of good parts; a baseline that explains itself.",
        weights=NETWORKS,
    )
    besides: ClassVar[tuple[int, ...]] = (_GLOBAL_STAGE,)
    settings: SPADESettings

    def learner(self, n_parts: int, views: Views, context: Context) -> Learner:
        """Keeps the features of all good parts."""
        return _Keeper(self.settings, views, context)

    def judge(self, tensors: Mapping[str, Array], views: Views, context: Context) -> Judge:
        """Compares with them."""
        return _Gallery(self.settings, tensors, views, context)

    def learnt_bytes(self, n_parts: int, cells: int, width: int) -> int:
        """Half-precision features of every part, twice while they are joined."""
        return 2 * 2 * n_parts * cells * width


def global_feature(stage: Array) -> FloatArray:
    """(C,) float32 mean of the last stage (C, h, w)."""
    return np.asarray(stage.mean(axis=(1, 2), dtype=np.float64), np.float32)


def image_score(distances: Array, *, squared: bool) -> float:
    """A part's score from its distances to the K nearest good parts.

    squared : mean of squares (paper), else mean of distances (published code).
    """
    return float(np.mean(np.square(distances) if squared else distances))


def cell_distances(
    queries: Array, gallery: Array, context: Context, *, published: bool = False
) -> FloatArray:
    """(N,) distance of each cell (N, C) from the nearest of the gallery (M, C).

    published : the gallery's last rows beyond a multiple of 100 are left out and 1e-6 is added to every
    difference, as the published code does.
    """
    if published and len(gallery) >= _FEWEST_ROWS:
        # adding to each difference g - q is the same as moving the queries
        gallery = gallery[: len(gallery) // _FEWEST_ROWS * _FEWEST_ROWS]
        queries = queries - np.float32(1e-6)
    plan = context.plan(search_cost(len(queries), *gallery.shape))
    return nearest(queries, gallery, plan)[0]


def joined(distances: Sequence[Array], size: tuple[int, int]) -> FloatArray:
    """(h, w) mean of the stages' distances (gh, gw), each brought to the size (bilinear)."""
    import torch
    from torch.nn.functional import interpolate

    large = [
        interpolate(torch.from_numpy(one)[None, None], size, mode="bilinear", align_corners=False)
        for one in distances
    ]
    return np.asarray(torch.stack(large).mean(dim=0)[0, 0].numpy())


def cells_of(stage: Array, *, column_first: bool = False) -> Array:
    """(h * w, C) of (C, h, w), row by row, or column by column as the published code orders them."""
    order = (2, 1, 0) if column_first else (1, 2, 0)
    return np.ascontiguousarray(stage.transpose(order)).reshape(-1, stage.shape[0])


class _Keeper:
    """Features of every good part, in half precision."""

    def __init__(self, settings: SPADESettings, views: Views, context: Context) -> None:
        self.settings, self.context = settings, context
        self.globals: list[FloatArray] = []
        self.cells: list[list[Array]] = []
        self.starts: list[list[int]] = []

    def add(self, number: int, stages: list[Array], inside: Array) -> None:
        self.globals.append(global_feature(stages[-1]))
        published = self.settings.compat == "published"
        kept = []
        for stage in stages[:-1]:
            cells = cells_of(stage, column_first=published)
            if not published:
                cells = cells[_at_grid(inside, stage.shape[1:]).ravel()]
            kept.append(cells.astype(np.float16))
        self.cells.append(kept)

    def finish(self) -> Job[dict[str, Array]]:
        tensors: dict[str, Array] = {"global": np.stack(self.globals)}
        for stage in range(len(self.cells[0])):
            own = [cells[stage] for cells in self.cells]
            tensors[f"cells{stage}"] = np.concatenate(own)
            tensors[f"first{stage}"] = np.cumsum([0, *(len(cells) for cells in own)])
        yield Progress(COMPARING, 0, len(self.globals))
        usual = np.ones(len(self.cells[0]), np.float32)
        if self.settings.compat == "project" and len(self.globals) > 1:
            usual = yield from self._usual()
        return {**tensors, "usual": usual}

    def _usual(self) -> Job[FloatArray]:
        """(stages,) mean distance of good parts' cells from another good part's, per stage."""
        count = min(_SCALE_PARTS, len(self.cells))
        found = np.zeros((count, len(self.cells[0])))
        for number in range(count):
            yield Progress(COMPARING, number, count)
            other = self.cells[(number + 1) % len(self.cells)]
            for stage, cells in enumerate(self.cells[number]):
                some = cells[:: max(1, len(cells) // 500)].astype(np.float32)
                found[number, stage] = cell_distances(
                    some, other[stage].astype(np.float32), self.context
                ).mean()
        return np.maximum(found.mean(axis=0), 1e-6).astype(np.float32)


class _Gallery(Judge):
    """Distances from the cells of the K most similar good parts."""

    def __init__(
        self,
        settings: SPADESettings,
        tensors: Mapping[str, Array],
        views: Views,
        context: Context,
    ) -> None:
        self.settings, self.context, self.size = settings, context, views.framing.size
        self.tensors = tensors
        self.n_stages = len(tensors["usual"])

    def values(self, stages: list[Array], inside: Array) -> FloatArray:
        similar = self._similar(stages[-1])
        published = self.settings.compat == "published"
        found = []
        for number, stage in enumerate(stages[:-1]):
            gallery = np.concatenate([self._cells(number, part) for part in similar])
            distances = cell_distances(
                cells_of(stage), gallery.astype(np.float32), self.context, published=published
            )
            usual = self.tensors["usual"][number]
            found.append((distances / usual).reshape(stage.shape[1:]))
        return joined(found, self.size)

    def level(self, stages: list[Array]) -> float | None:
        """The score of the part as a whole, where the settings ask for it."""
        if self.settings.part_score == "map":
            return None
        distances, _ = self._search(stages[-1])
        return image_score(distances, squared=self.settings.part_score == "mean_squared")

    def nearest(self, stages: list[Array], cell: tuple[int, int]) -> int | None:
        """The most similar part as a whole: that is what its cells were compared with."""
        return int(self._similar(stages[-1])[0])

    def _similar(self, last: Array) -> Array:
        """Numbers of the K most similar good parts, nearest first."""
        return self._search(last)[1]

    def _search(self, last: Array) -> tuple[Array, Array]:
        """Distances of the K most similar good parts and their numbers, nearest first."""
        known = self.tensors["global"]
        count = min(self.settings.neighbours, len(known))
        plan = self.context.plan(search_cost(1, *known.shape))
        distances, index = several_nearest(global_feature(last)[None], known, count, plan)
        return distances[0], index[0]

    def _cells(self, stage: int, part: int) -> Array:
        first = self.tensors[f"first{stage}"]
        return self.tensors[f"cells{stage}"][first[part] : first[part + 1]]


def _at_grid(inside: Array, grid: tuple[int, ...]) -> Array:
    """(gh, gw) bool of a mask on another grid: a cell is inside where its centre is."""
    rows = (np.arange(grid[0]) * inside.shape[0] + inside.shape[0] // 2) // grid[0]
    columns = (np.arange(grid[1]) * inside.shape[1] + inside.shape[1] // 2) // grid[1]
    return inside[np.minimum(rows, inside.shape[0] - 1)][
        :, np.minimum(columns, inside.shape[1] - 1)
    ]
