"""M3DM, Multi-3D-Memory (Wang et al., CVPR 2023, arXiv 2303.00601): banks of colour, shape and both fused.

Patch features of good parts fill a memory bank per modality, and a third of features fused by a block that
learnt which colour belongs to which shape. A patch is as unusual as it is far from the nearest row; what the
banks say is added up with weights learnt from good parts alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from inspector_core.detectors.contract import Context, DetectorInfo, Scorer, State
from inspector_core.detectors.crossmodal.patch_rows import PatchRows
from inspector_core.detectors.crossmodal.patch_training import PatchPair
from inspector_core.detectors.crossmodal.settings import NETWORKS
from inspector_core.detectors.crossmodal.sight import learnt_crossmodal
from inspector_core.detectors.m3dm.banks import BankName
from inspector_core.detectors.m3dm.fusion import (
    FusionChoices,
    fused_features,
    published_partners,
    published_weights,
    train_fusion,
)
from inspector_core.detectors.m3dm.judging import learn_judge
from inspector_core.detectors.m3dm.scoring import (
    PatchBankScorer,
    good_patches,
    judged_facts,
    judged_patches,
)
from inspector_core.detectors.m3dm.settings import PatchBankSettings
from inspector_core.detectors.sight_learning import LARGEST_PX
from inspector_core.detectors.view_choice import network_bytes
from inspector_core.device import Cost
from inspector_core.errors import SettingError
from inspector_core.progress import Job, Progress
from inspector_core.settings import setting
from inspector_core.types import Array, FloatArray, SampleRef

if TYPE_CHECKING:
    from torch import Tensor

FUSING = "Fusing colour and shape of the good parts"
_BLOCK = "fusion."
_PATCH_BYTES = 1 << 20
"""Of a part's patches, kept in three forms. Measured: 730 MB in all for 24 canes of 512 px, 990 MB for 30
castings of 400 px, which is less than is planned with."""
_TRAINING_BYTES = 512 << 20
_PIXEL_BYTES = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class M3DMSettings(PatchBankSettings):
    """Settings of `m3dm`; published values of nomewang/M3DM@62b7f46."""

    banks: Literal["all", "rgb+shape", "rgb", "shape"] = setting(
        "all",
        choices=("all", "rgb+shape", "rgb", "shape"),
        published="all",
        help="Banks that are kept: of colour, of shape, and with all of both fused where parts have both.",
    )
    fusion_block: Literal["here", "published"] = setting(
        "here",
        choices=("here", "published"),
        published="published",
        help="Train the fusion on the good parts, or take the published block from the weights here; "
        "users report low figures with the latter.",
    )
    uff_pairing: Literal["true", "published"] = setting(
        "true",
        choices=("true", "published"),
        published="published",
        help="Train the fusion on colour and shape of the same patch, or on the pairs that the published "
        "code makes by mistake, nearly all wrong.",
    )
    uff_steps: int = setting(
        300, low=1, high=1_000_000, help="Steps in which the fusion is trained."
    )
    uff_patches: int = setting(
        1024, low=16, high=65_536, help="Patches of all parts that a step compares with each other."
    )
    uff_rate: float = setting(
        0.003, low=1e-6, high=1.0, published=0.003, help="Learning rate of AdamW for the fusion."
    )


class M3DM:
    """Three memory banks and what joins them; see the module."""

    info: ClassVar[DetectorInfo] = DetectorInfo(
        name="m3dm",
        title="M3DM",
        summary="Nearest good patch in colour, in shape and in a learnt fusion of both.",
        source="Wang et al.: Multimodal Industrial Anomaly Detection via Hybrid Fusion, CVPR 2023, "
        "arXiv 2303.00601",
        modalities=("rgb", "shape"),
        requires=(),
        settings=M3DMSettings,
        suits="Parts with picture and cloud in any position; one modality alone is judged too.",
        weights=NETWORKS,
    )

    def __init__(self, settings: M3DMSettings) -> None:
        self.settings = settings

    def cost(self, n_parts: int, size: tuple[int, int]) -> Cost:
        """Memory for learning: the networks, patches of all parts, banks, the fusion in training."""
        settings = replace(self.settings, size_px=self.settings.size_px or LARGEST_PX)
        fixed = network_bytes(settings, NETWORKS, size) + _TRAINING_BYTES
        return Cost(fixed_bytes=fixed + n_parts * _PATCH_BYTES + _PIXEL_BYTES * size[0] * size[1])

    def learn(self, parts: Sequence[SampleRef], context: Context) -> Job[State]:
        """Patches of the good parts, the fusion, banks, and what joins them."""
        settings = self.settings
        sight, again = yield from learnt_crossmodal(parts, settings, context)
        patches = judged_patches(settings)
        good = yield from good_patches(again, len(parts), sight, settings, context.seed, patches)
        tensors = good.tensors()
        wanted = _wanted(settings, sight.modalities)
        block: dict[str, Tensor] = {}
        if "fused" in wanted:
            block = yield from self._block(good.parts, context)
            tensors |= {f"{_BLOCK}{name}": value.numpy() for name, value in block.items()}
        device = context.plan(Cost(fixed_bytes=_TRAINING_BYTES)).device
        features: list[dict[BankName, FloatArray]] = []
        for number, rows in enumerate(good.parts):
            yield Progress(FUSING, number, len(parts))
            features.append(_features(rows, wanted, block, device))
        learnt, facts = yield from learn_judge(features, good.whole, settings, context)
        notes = [
            f"More distance of {name} makes a part look better here: set fusion=weights."
            for name in facts["inverted"]
        ]
        facts |= judged_facts(sight, [ref.id for ref in parts], notes)
        return State({**tensors, **learnt}, facts)

    def restore(self, state: State, context: Context) -> Scorer:
        """A scorer from what `learn` returned."""
        import torch

        block = {
            name.removeprefix(_BLOCK): torch.from_numpy(np.array(value))
            for name, value in state.tensors.items()
            if name.startswith(_BLOCK)
        }
        wanted: tuple[BankName, ...] = tuple(state.facts["banks"])
        device = context.plan(Cost(fixed_bytes=_TRAINING_BYTES)).device
        return PatchBankScorer(
            self.settings,
            state,
            context,
            judged_patches(self.settings),
            lambda rows: _features(rows, wanted, block, device),
        )

    def _block(self, good: Sequence[PatchRows], context: Context) -> Job[dict[str, Tensor]]:
        settings = self.settings
        first = good[0]
        assert first.rgb is not None
        assert first.shape is not None
        if settings.fusion_block == "published":
            return published_weights(first.shape.shape[1], first.rgb.shape[1])
        choices = FusionChoices(
            steps=settings.uff_steps,
            patches=settings.uff_patches,
            rate=settings.uff_rate,
            seed=context.seed,
        )
        device = context.plan(Cost(fixed_bytes=_TRAINING_BYTES)).device
        pairs = [_pair(rows, settings.uff_pairing) for rows in good]
        trained = yield from train_fusion(pairs, choices, device)
        return trained.weights


def _wanted(settings: M3DMSettings, there: Sequence[str]) -> tuple[BankName, ...]:
    """The banks that are kept; SettingError when none of the wanted ones can be."""
    wanted: tuple[BankName, ...] = ("shape", "rgb", "fused")
    if settings.banks != "all":
        wanted = tuple(name for name in wanted if name in settings.banks.split("+"))
    kept = tuple(name for name in wanted if name in there or (name == "fused" and len(there) == 2))
    if not kept:
        raise SettingError(
            f"banks={settings.banks} is not possible: the good parts have no such features",
            cure="use banks=all",
        )
    return kept


def _features(
    rows: PatchRows, wanted: Sequence[BankName], block: Mapping[str, Tensor], device: str
) -> dict[BankName, FloatArray]:
    """A part's features for each wanted bank that it has something for."""
    found: dict[BankName, FloatArray] = {}
    if "shape" in wanted and rows.shape is not None:
        found["shape"] = rows.shape
    if "rgb" in wanted and rows.rgb is not None:
        found["rgb"] = rows.rgb
    if "fused" in wanted and rows.shape is not None and rows.rgb is not None:
        found["fused"] = fused_features(block, rows.shape, rows.rgb, device)
    return found


def _pair(rows: PatchRows, pairing: str) -> PatchPair:
    """Colour and shape of a part for training the fusion."""
    assert rows.rgb is not None
    assert rows.shape is not None
    if pairing == "true":
        return PatchPair(rows.rgb, rows.shape)
    partner, there = _wrong_partners(rows)
    return PatchPair(rows.rgb[partner], rows.shape[there])


def _wrong_partners(rows: PatchRows) -> tuple[Array, Array]:
    """Numbers of patches of colour and of those of shape that the published code pairs with them."""
    height, side = rows.grid
    if height != side or side % 2:
        raise SettingError(
            f"uff_pairing=published is not possible on {height} x {side} patches",
            cure="use compat=published and patch_px=4, or uff_pairing=true",
        )
    row, column = np.divmod(published_partners(side)[rows.cells], side // 2)
    wrong = 2 * row * side + 2 * column
    place = np.searchsorted(rows.cells, wrong).clip(max=len(rows) - 1)
    there = np.flatnonzero(rows.cells[place] == wrong)
    if len(there) == 0:
        raise SettingError(
            "uff_pairing=published finds no partner on the part", cure="use uff_pairing=true"
        )
    return place[there], there
