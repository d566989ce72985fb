"""PatchCore (Roth et al., CVPR 2022, arXiv 2106.08265): nearest good patch in pretrained features.

Middle stages of a frozen network describe 3 x 3 neighbourhoods; a greedy coreset of the good parts'
patches is the memory bank; a patch is as unusual as it is far from the nearest of the bank. `compat`
switches to what the official code (patchcore-inspection@fcaa92f), anomalib (@b723368) or BTF
(3D-ADS@612eb7b) compute where they differ from the paper.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from inspector_core.detectors.appearance import Appearance, Judge, Learner
from inspector_core.detectors.contract import Context, DetectorInfo
from inspector_core.detectors.view_settings import NETWORKS, ViewSettings
from inspector_core.detectors.views import Views
from inspector_core.features import locally_aware
from inspector_core.features.scaling import Standard
from inspector_core.geometry.smoothing import blur_8bit, blur_whole_sample
from inspector_core.memory.coreset import (
    coreset_cost,
    farthest_from_mean,
    greedy_coreset,
    official_start,
)
from inspector_core.memory.nearest import other_neighbours, search_cost, several_nearest
from inspector_core.memory.reweight import reweighting
from inspector_core.progress import Job
from inspector_core.settings import setting
from inspector_core.types import Array, FloatArray, Registered

_PROJECTED = 128
"""Width in which the coreset is chosen, as in the official code."""
_CANDIDATE_BYTES = 768 << 20
"""Patches that the coreset is chosen from are thinned out evenly over the parts to fit into this."""
_OFFICIAL_STARTS = 10
_OFFICIAL_WIDTH = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class PatchCoreSettings(ViewSettings):
    """Settings of `patchcore`; published values of the official code's baseline."""

    compat: Literal["project", "official", "anomalib", "btf"] = setting(
        "project",
        choices=("project", "official", "anomalib", "btf"),
        published="official",
        help="Follow the paper, or what one of the published codes computes.",
    )
    patch: int = setting(
        3, low=1, high=9, unit="cells", published=3, help="Side of a patch; an odd number."
    )
    standardise: bool = setting(
        False, published=False, help="Bring all channels to the same spread over the good parts."
    )
    coreset: float = setting(
        0.1, low=0.0001, high=1.0, published=0.1, help="Share of the good patches kept in the bank."
    )
    bank_rows: int = setting(
        12_000, low=10, high=200_000, help="Most patches kept in the bank, whatever the share."
    )
    choice: Literal["greedy", "random"] = setting(
        "greedy",
        choices=("greedy", "random"),
        published="greedy",
        help="How the kept patches are chosen: to cover all good ones, or by lot.",
    )
    neighbours: int = setting(
        1, low=1, high=9, published=1, help="Nearest kept patches whose distance is averaged."
    )
    reweight: Literal["none", "paper", "btf"] = setting(
        "none",
        choices=("none", "paper", "btf"),
        published="none",
        help="Let a match in a crowded place of the bank count less.",
    )
    crowd: int = setting(
        9,
        low=2,
        high=50,
        published=9,
        help="Kept patches around a match that reweighting looks at.",
    )


class PatchCore(Appearance):
    """Memory bank of locally aware patch features; see the module."""

    info: ClassVar[DetectorInfo] = DetectorInfo(
        name="patchcore",
        title="PatchCore",
        summary="Nearest good patch in the features of a pretrained network.",
        source="Roth et al.: Towards Total Recall in Industrial Anomaly Detection, CVPR 2022, "
        "arXiv 2106.08265",
        modalities=("rgb", "shape"),
        requires=(),
        settings=PatchCoreSettings,
        suits="Parts in any position whose good look varies; 20 to 50 good parts often suffice.",
        weights=NETWORKS,
    )
    settings: PatchCoreSettings

    def learner(self, n_parts: int, views: Views, context: Context) -> Learner:
        """Collects patches."""
        return _Collector(self.settings, n_parts, views, context)

    def judge(self, tensors: Mapping[str, Array], views: Views, context: Context) -> Judge:
        """Searches the bank."""
        return _Bank(self.settings, tensors, views, context)

    def learnt_bytes(self, n_parts: int, cells: int, width: int) -> int:
        """Candidates, their projection twice, the bank."""
        rows = min(n_parts * cells, _CANDIDATE_BYTES // (4 * width))
        kept = min(self.settings.bank_rows, rows)
        return 4 * rows * (width + 2 * min(width, _PROJECTED)) + 4 * kept * width

    def draw(self, part: Registered, views: Views, values: Array, inside: Array) -> FloatArray:
        """The map as the followed code draws it."""
        if self.settings.compat in ("project", "official"):
            return super().draw(part, views, values, inside)
        # both judge the whole picture, so cells that were left out have the lowest value there is
        filled = np.where(np.isfinite(values), values, np.nanmin(values))
        small = drawn(filled, views.framing.size, views.smoothing_px, self.settings.compat)
        return np.where(part.foreground, views.framing.to_source(small), np.float32(np.nan))


def embed(stages: list[Array], grid: tuple[int, int], settings: PatchCoreSettings) -> FloatArray:
    """(gh * gw, D) float32 patch features of one part."""
    if settings.compat == "official":
        return locally_aware.official_features(
            stages, grid, width=_OFFICIAL_WIDTH, target=_OFFICIAL_WIDTH, patch=settings.patch
        )
    if settings.compat == "anomalib":
        return locally_aware.anomalib_features(stages, grid)
    if settings.compat == "btf":
        return locally_aware.btf_features(stages, grid)
    return locally_aware.patch_features(stages, grid, settings.patch)


def drawn(values: Array, size: tuple[int, int], sigma_px: float, compat: str) -> FloatArray:
    """(h, w) of cells (gh, gw) as anomalib (nearest, Gaussian) or BTF (bilinear, 256 levels) draw it."""
    import torch
    from torch.nn.functional import interpolate

    cells = torch.from_numpy(np.asarray(values, np.float32))[None, None]
    if compat == "anomalib":
        large = interpolate(cells, size, mode="nearest")[0, 0].numpy()
        return blur_whole_sample(large, sigma_px)
    large = interpolate(cells, size, mode="bilinear", align_corners=False)[0, 0].numpy()
    return blur_8bit(large, sigma_px)


class _Collector:
    """Patches of the good parts, evenly thinned out to what memory allows."""

    def __init__(
        self, settings: PatchCoreSettings, n_parts: int, views: Views, context: Context
    ) -> None:
        self.settings, self.context = settings, context
        self.n_parts, self.grid = n_parts, views.grid
        self.rows: list[FloatArray] = []
        self.numbers: list[int] = []
        self.n_patches = 0

    def add(self, number: int, stages: list[Array], inside: Array) -> None:
        features = embed(stages, self.grid, self.settings)[inside.ravel()]
        self.n_patches += len(features)
        most = max(1, _CANDIDATE_BYTES // (4 * features.shape[1] * self.n_parts))
        if len(features) > most:
            rng = np.random.default_rng([self.context.seed, number])
            features = features[np.sort(rng.permutation(len(features))[:most])]
        self.rows.append(features)
        self.numbers.append(number)

    def finish(self) -> Job[dict[str, Array]]:
        owner = np.repeat(self.numbers, [len(rows) for rows in self.rows]).astype(np.int32)
        features = np.concatenate(self.rows)
        self.rows.clear()
        tensors: dict[str, Array] = {}
        if self.settings.standardise:
            standard = Standard.of(features)
            features = standard.apply(features)
            tensors |= standard.tensors("standard")
        wanted = round(self.settings.coreset * self.n_patches)
        count = max(1, min(wanted, self.settings.bank_rows, len(features)))
        chosen = yield from self._chosen(features, count)
        return {**tensors, "rows": features[chosen], "owner": owner[chosen]}

    def _chosen(self, features: FloatArray, count: int) -> Job[Array]:
        rng = np.random.default_rng([self.context.seed, 128])
        if self.settings.choice == "random":
            return np.sort(rng.permutation(len(features))[:count])
        placed = features
        if features.shape[1] > _PROJECTED:
            # directions keep their relative lengths, and a step costs a twelfth
            mixing = rng.normal(size=(features.shape[1], _PROJECTED)).astype(np.float32)
            placed = features @ mixing
        plan = self.context.plan(coreset_cost(*placed.shape))
        initial, start = None, 0
        if self.settings.compat == "official":
            starts = rng.choice(len(placed), min(_OFFICIAL_STARTS, len(placed)), replace=False)
            initial = official_start(placed, starts)
        elif self.settings.compat == "project":
            start = farthest_from_mean(placed)
        chosen: Array = yield from greedy_coreset(placed, count, plan, start=start, initial=initial)
        return chosen


class _Bank(Judge):
    """Distances to the nearest kept patches."""

    def __init__(
        self,
        settings: PatchCoreSettings,
        tensors: Mapping[str, Array],
        views: Views,
        context: Context,
    ) -> None:
        self.settings, self.context = settings, context
        self.grid = views.grid
        self.rows, self.owner = tensors["rows"], tensors["owner"]
        self.standard = Standard.from_tensors("standard", tensors) if settings.standardise else None
        self.crowds = self._crowds()

    def values(self, stages: list[Array], inside: Array) -> FloatArray:
        features = self._features(stages)[inside.ravel()]
        count = min(self.settings.neighbours, len(self.rows))
        plan = self.context.plan(search_cost(len(features), *self.rows.shape))
        distances, index = several_nearest(features, self.rows, count, plan)
        judged = patch_scores(distances, self.settings.compat)
        if self.crowds is not None:
            top = int(distances[:, 0].argmax())
            factor = reweighting(
                features[top : top + 1],
                distances[top : top + 1, 0],
                index[top : top + 1, 0],
                self.rows,
                self.crowds,
                scaled=self.settings.reweight == "btf",
            )
            # the published part score is that of its most unusual patch; the map keeps its form
            judged = judged * factor
        cells = np.full(self.grid, np.nan, np.float32)
        cells[inside] = judged
        return cells

    def nearest(self, stages: list[Array], cell: tuple[int, int]) -> int | None:
        row = cell[0] * self.grid[1] + cell[1]
        features = self._features(stages)[row : row + 1]
        plan = self.context.plan(search_cost(1, *self.rows.shape))
        _, index = several_nearest(features, self.rows, 1, plan)
        return int(self.owner[index[0, 0]])

    def _features(self, stages: list[Array]) -> FloatArray:
        features = embed(stages, self.grid, self.settings)
        return features if self.standard is None else self.standard.apply(features)

    def _crowds(self) -> Array | None:
        """(M, b) rows around each row, for reweighting; None where it is off or impossible."""
        if self.settings.reweight == "none" or len(self.rows) < 3:
            return None
        if self.settings.reweight == "btf":
            return self._others(2)
        own = np.arange(len(self.rows))[:, None]
        return np.concatenate([own, self._others(self.settings.crowd - 1)], axis=1)

    def _others(self, count: int) -> Array:
        count = min(count, len(self.rows) - 1)
        plan = self.context.plan(search_cost(len(self.rows), *self.rows.shape))
        return other_neighbours(self.rows, count, plan)


def patch_scores(distances: Array, compat: str) -> FloatArray:
    """(N,) scores from (N, k) Euclidean distances: their mean, of squares in the official code."""
    counted = np.square(distances) if compat == "official" else distances
    return np.asarray(counted.mean(axis=1), np.float32)
