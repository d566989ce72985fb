"""Few-shot residual: how unlike a part's patches are to all patches of a few good parts.

The residual mathematics of InCTRL (arXiv 2403.06495, equation 1) without its trained heads, on any
pretrained network that looks at pictures; with a DINOv2 network it is close to AnomalyDINO (arXiv
2405.14529). Nothing is trained and no coreset is kept: two good parts are enough to start.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from inspector_core.detectors.appearance import Appearance, Judge, Learner
from inspector_core.detectors.contract import Context, DetectorInfo, State
from inspector_core.detectors.prompting import CHOOSING, prompt_parts, residuals, said, unit
from inspector_core.detectors.view_settings import NETWORKS, ViewSettings
from inspector_core.detectors.views import Views
from inspector_core.features.locally_aware import patch_features
from inspector_core.progress import Job, Progress
from inspector_core.settings import setting
from inspector_core.types import Array, FloatArray, SampleRef

TOWERS = (
    "vit_small_patch14_dinov2.lvd142m",
    "vit_base_patch14_dinov2.lvd142m",
    "vit_small_patch8_224.dino",
    "vit_base_patch8_224.dino",
)
"""Vision transformers trained without labels; few-shot comparison works best in their features."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResidualSettings(ViewSettings):
    """Settings of `residual`; published values are InCTRL's."""

    stages: Literal["1+2+3", "2+3", "1+2", "1", "2", "3", "3+4", "4"] = setting(
        "1+2+3",
        choices=("1+2+3", "2+3", "1+2", "1", "2", "3", "3+4", "4"),
        help="Stages of the network whose residuals are averaged; each counts the same.",
    )
    shots: int = setting(
        4,
        low=0,
        high=64,
        unit="parts",
        published=2,
        help="Good parts to compare with, drawn by the seed; 0 takes all. The others are not used.",
    )
    patch: int = setting(
        3, low=1, high=9, unit="cells", published=1, help="Side of a patch; an odd number."
    )


class Residual(Appearance):
    """Nearest patch of a few good parts, stage by stage; see the module."""

    info: ClassVar[DetectorInfo] = DetectorInfo(
        name="residual",
        title="Few-shot residual",
        summary="Most similar patch of two or more good parts in the features of a pretrained network.",
        source="Residuals of Zhu, Pang: InCTRL, CVPR 2024, arXiv 2403.06495, without its heads; "
        "compare Damm et al.: AnomalyDINO, arXiv 2405.14529",
        modalities=("rgb", "shape"),
        requires=(),
        settings=ResidualSettings,
        suits="A new product of which only a few good parts exist.",
        weights=(*TOWERS, *NETWORKS),
    )
    networks: ClassVar[tuple[str, ...]] = (*TOWERS, *NETWORKS)
    settings: ResidualSettings

    def learn(self, parts: Sequence[SampleRef], context: Context) -> Job[State]:
        """Choose the prompt parts and keep every patch of theirs."""
        prompts = prompt_parts(parts, self.settings.shots, context.seed)
        yield Progress(CHOOSING, 0, len(prompts), said(prompts, len(parts)))
        return (yield from super().learn(prompts, context))

    def learner(self, n_parts: int, views: Views, context: Context) -> Learner:
        """Collects every patch."""
        return _Prompts(self.settings, views)

    def judge(self, tensors: Mapping[str, Array], views: Views, context: Context) -> Judge:
        """Compares with all of them."""
        return _Residuals(self.settings, tensors, views, context)

    def learnt_bytes(self, n_parts: int, cells: int, width: int) -> int:
        """All patches of the prompt parts."""
        shots = min(n_parts, self.settings.shots or n_parts)
        return 2 * 4 * shots * cells * width


def unit_patches(stage: Array, grid: tuple[int, int], patch: int) -> FloatArray:
    """(gh * gw, C) float32 patch features of one stage (C, h, w), each of length 1."""
    return unit(patch_features([stage], grid, patch))


class _Prompts:
    """Every patch of the prompt parts, stage by stage."""

    def __init__(self, settings: ResidualSettings, views: Views) -> None:
        self.patch, self.grid = settings.patch, views.grid
        self.rows: list[list[FloatArray]] = []
        self.numbers: list[int] = []

    def add(self, number: int, stages: list[Array], inside: Array) -> None:
        kept = inside.ravel()
        self.rows.append([unit_patches(stage, self.grid, self.patch)[kept] for stage in stages])
        self.numbers.append(number)

    def finish(self) -> Job[dict[str, Array]]:
        yield from ()
        owner = np.repeat(self.numbers, [len(rows[0]) for rows in self.rows]).astype(np.int32)
        banks = [np.concatenate(rows) for rows in zip(*self.rows, strict=True)]
        self.rows.clear()
        return {"owner": owner, **{f"rows{at}": rows for at, rows in enumerate(banks)}}


class _Residuals(Judge):
    """Mean over the stages of 0.5 (1 - cos) to the most similar prompt patch."""

    def __init__(
        self,
        settings: ResidualSettings,
        tensors: Mapping[str, Array],
        views: Views,
        context: Context,
    ) -> None:
        self.patch, self.grid = settings.patch, views.grid
        self.context = context
        self.owner = tensors["owner"]
        self.banks = [tensors[f"rows{at}"] for at in range(len(tensors) - 1)]

    def values(self, stages: list[Array], inside: Array) -> FloatArray:
        kept = inside.ravel()
        found = [
            residuals(unit_patches(stage, self.grid, self.patch)[kept], bank, self.context)[0]
            for stage, bank in zip(stages, self.banks, strict=True)
        ]
        cells = np.zeros(self.grid, np.float32)
        cells[inside] = np.mean(found, axis=0)
        return cells

    def nearest(self, stages: list[Array], cell: tuple[int, int]) -> int | None:
        row = cell[0] * self.grid[1] + cell[1]
        found = [
            residuals(unit_patches(stage, self.grid, self.patch)[row : row + 1], bank, self.context)
            for stage, bank in zip(stages, self.banks, strict=True)
        ]
        # the stage that finds the cell most unusual decides whose patch it is compared with
        _, index = max(found, key=lambda pair: float(pair[0][0]))
        return int(self.owner[index[0]])
