"""BTF, "Back to the Feature" (Horwitz & Hoshen, CVPR Workshops 2023): nearest good patch.

A part is cut into patches; each is described by its colour and by its shape (FPFH); a memory bank keeps
representative patches of good parts; a patch is as unusual as it is far from the nearest of them. No
training, no registration. `project` is our form of it, which needs no pretrained weights; `published`
computes what the published code does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from inspector_core.detectors.btf import project, published
from inspector_core.detectors.btf.settings import BTFSettings
from inspector_core.detectors.contract import Context, DetectorInfo, Scorer, State
from inspector_core.device import Cost
from inspector_core.errors import SettingError
from inspector_core.progress import Job
from inspector_core.types import SampleRef

__all__ = ["BTF", "BTFSettings"]


class BTF:
    """Memory bank over [colour | FPFH] patches; see the module."""

    info: ClassVar[DetectorInfo] = DetectorInfo(
        name="btf",
        title="Back to the Feature",
        summary="Nearest good patch by colour and FPFH shape histograms; needs no training.",
        source="Horwitz, Hoshen: Back to the Feature, CVPR Workshops 2023, arXiv 2203.05550",
        modalities=("rgb", "shape"),
        requires=(),
        settings=BTFSettings,
        suits="Parts that lie in any position or do not keep one shape: food, rope, foam.",
        uses_normals=True,
    )

    def __init__(self, settings: BTFSettings) -> None:
        if settings.compat == "project" and settings.network != "auto":
            raise SettingError(
                f"network={settings.network} goes with the published form alone",
                cure="set compat=published too",
            )
        self.settings = settings
        self._published = settings.compat == "published"

    def cost(self, n_parts: int, size: tuple[int, int]) -> Cost:
        """Memory for learning."""
        if self._published:
            return published.cost(self.settings, n_parts, size)
        return project.cost(self.settings, n_parts, size)

    def learn(self, parts: Sequence[SampleRef], context: Context) -> Job[State]:
        """Describe the good parts, keep a coreset per modality (of both for the joint distance)."""
        if self._published:
            return published.learn(self.settings, parts, context)
        return project.learn(self.settings, parts, context)

    def restore(self, state: State, context: Context) -> Scorer:
        """A scorer from what `learn` returned."""
        if self._published:
            return published.PublishedScorer(self.settings, state, context)
        return project.ProjectScorer(self.settings, state, context)
