"""LSFA, Local-to-global Self-supervised Feature Adaptation (Tu et al., ECCV 2024, arXiv 2401.03145).

Frozen features of colour and of shape pass through one small transformer layer each, trained on good
parts so that what is alike lies close within a modality and what belongs together across. Banks of the
adapted features then judge as in M3DM. The paper's full text was not at hand and the public code does not
run: what is inferred says so in its help.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from inspector_core.detectors.contract import Context, DetectorInfo, Scorer, State
from inspector_core.detectors.crossmodal.patch_rows import PatchRows
from inspector_core.detectors.crossmodal.patch_training import PatchPair
from inspector_core.detectors.crossmodal.settings import NETWORKS, require_both
from inspector_core.detectors.crossmodal.sight import learnt_crossmodal
from inspector_core.detectors.lsfa.adaptor import Side, adapted_features
from inspector_core.detectors.lsfa.training import AdaptationChoices, train_adaptors
from inspector_core.detectors.m3dm.banks import BankName
from inspector_core.detectors.m3dm.judging import learn_judge
from inspector_core.detectors.m3dm.scoring import PatchBankScorer, good_patches, judged_facts
from inspector_core.detectors.m3dm.settings import PatchBankSettings
from inspector_core.detectors.sight_learning import LARGEST_PX
from inspector_core.detectors.view_choice import network_bytes
from inspector_core.device import Cost
from inspector_core.errors import InputError
from inspector_core.progress import Job, Progress
from inspector_core.settings import setting
from inspector_core.types import FloatArray, SampleRef

if TYPE_CHECKING:
    from torch import Tensor

ADAPTING = "Adapting the good parts"
_ADAPTOR = "adaptor."
_PATCH_BYTES = 1 << 20
_TRAINING_BYTES = 768 << 20
_PIXEL_BYTES = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class LSFASettings(PatchBankSettings):
    """Settings of `lsfa`; published values of yuanpengtu/LSFA@a8dd6d7."""

    steps: int = setting(
        400, low=0, high=1_000_000, published=664, help="Steps in which the adaptors are trained."
    )
    batch: int = setting(4, low=1, high=64, published=8, help="Parts a step.")
    patches: int = setting(
        512,
        low=8,
        high=65_536,
        published=3136,
        help="Patches of a part and step, by lot; fewer than all is inferred to do as well.",
    )
    rate: float = setting(3e-4, low=1e-7, high=1.0, published=3e-4, help="Learning rate of AdamW.")
    warm_up: float = setting(
        0.1,
        low=0.0,
        high=1.0,
        published=0.5,
        help="Share of the steps in which the rate rises; then it falls to nothing (inferred).",
    )
    temperature: float = setting(
        1.0, low=0.01, high=10.0, published=1.0, help="Divides likenesses across the modalities."
    )
    lambda_clc: float = setting(
        1.0,
        low=0.0,
        high=100.0,
        help="Weight of likeness across modalities against compactness within (inferred; the paper's "
        "value is not known).",
    )
    global_compactness: float = setting(
        0.4,
        low=0.0,
        high=100.0,
        published=0.4,
        help="Weight of whole parts beside patches in compactness.",
    )
    global_alignment: float = setting(
        0.1,
        low=0.0,
        high=100.0,
        published=0.1,
        help="Weight of whole parts beside patches in likeness across modalities.",
    )
    centres: int = setting(
        1,
        low=1,
        high=64,
        published=1,
        help="Global features of a part: 1 is the mean of its patches, more are means over regions "
        "found by k-means (the paper's form; their sharing by both modalities is inferred).",
    )
    queue: int = setting(
        20_000,
        low=16,
        high=1_000_000,
        published=60_000,
        help="Patches remembered for compactness; at most one round over the parts, so that few parts "
        "fill it too (inferred), and never the same part's.",
    )
    global_queue: int = setting(
        100, low=1, high=100_000, published=100, help="Global features remembered for compactness."
    )
    compact_after: int = setting(
        60, low=0, high=1_000_000, published=60, help="Steps before compactness counts."
    )
    distance_limit: float = setting(
        0.0,
        low=0.0,
        high=1000.0,
        zero="none",
        published=7.0711,
        help="Distances beyond this pull no more; the published limit switches compactness off where "
        "features are large.",
    )
    start: Literal["identity", "random"] = setting(
        "identity",
        choices=("identity", "random"),
        published="random",
        help="Adaptors begin by changing nothing (inferred), or at random.",
    )
    judged_share: float = setting(
        0.2,
        low=0.0,
        high=0.5,
        published=0.0,
        help="Share of the good parts that only judge the training; the best step counts (inferred). "
        "Needs four parts.",
    )
    patience: int = setting(
        5, low=1, high=1000, help="Looks at held-out parts without a gain before training ends."
    )


class LSFA:
    """Banks of adapted features; see the module."""

    info: ClassVar[DetectorInfo] = DetectorInfo(
        name="lsfa",
        title="LSFA",
        summary="Nearest good patch in features adapted to the parts, of colour and of shape.",
        source="Tu et al.: Self-supervised Feature Adaptation for 3D Industrial Anomaly Detection, "
        "ECCV 2024, arXiv 2401.03145",
        modalities=("rgb", "shape"),
        requires=(),
        settings=LSFASettings,
        suits="Parts with picture and cloud in any position, twenty good ones or more; learns from both, "
        "judges by one too.",
        weights=NETWORKS,
    )

    def __init__(self, settings: LSFASettings) -> None:
        self.settings = settings

    def cost(self, n_parts: int, size: tuple[int, int]) -> Cost:
        """Memory for learning: the networks, patches of all parts, the adaptors in training, banks."""
        settings = replace(self.settings, size_px=self.settings.size_px or LARGEST_PX)
        fixed = network_bytes(settings, NETWORKS, size) + _TRAINING_BYTES
        return Cost(fixed_bytes=fixed + n_parts * _PATCH_BYTES + _PIXEL_BYTES * size[0] * size[1])

    def learn(self, parts: Sequence[SampleRef], context: Context) -> Job[State]:
        """Patches of the good parts, the adaptors, banks of what they give."""
        settings = self.settings
        require_both(settings, "lsfa")
        sight, again = yield from learnt_crossmodal(parts, settings, context)
        if len(sight.modalities) < 2:
            raise InputError(
                "the good parts do not all have picture and cloud, and lsfa learns from both",
                cure="use m3dm, btf or patchcore, which learn from one",
            )
        good = yield from good_patches(again, len(parts), sight, settings, context.seed)
        device = context.plan(Cost(fixed_bytes=_TRAINING_BYTES)).device
        trained = yield from train_adaptors(
            [_pair(rows) for rows in good.parts], self._choices(context.seed), device
        )
        features: list[dict[BankName, FloatArray]] = []
        for number, rows in enumerate(good.parts):
            yield Progress(ADAPTING, number, len(parts))
            features.append(_features(rows, trained.weights, device))
        learnt, facts = yield from learn_judge(features, good.whole, settings, context)
        adaptors = {
            f"{_ADAPTOR}{name}": value.numpy()
            for name, value in trained.weights.items()
            if "_mlp." in name
        }
        facts |= judged_facts(sight, [ref.id for ref in parts], [])
        facts |= {"training": trained.note}
        return State({**good.tensors(), **adaptors, **learnt}, facts)

    def restore(self, state: State, context: Context) -> Scorer:
        """A scorer from what `learn` returned."""
        import torch

        weights = {
            name.removeprefix(_ADAPTOR): torch.from_numpy(np.array(value))
            for name, value in state.tensors.items()
            if name.startswith(_ADAPTOR)
        }
        device = context.plan(Cost(fixed_bytes=_TRAINING_BYTES)).device
        return PatchBankScorer(
            self.settings, state, context, lambda rows: _features(rows, weights, device)
        )

    def _choices(self, seed: int) -> AdaptationChoices:
        settings = self.settings
        return AdaptationChoices(
            steps=settings.steps,
            parts=settings.batch,
            patches=settings.patches,
            rate=settings.rate,
            warm_up=settings.warm_up,
            temperature=settings.temperature,
            lambda_clc=settings.lambda_clc,
            global_ifc=settings.global_compactness,
            global_clc=settings.global_alignment,
            centres=settings.centres,
            queue=settings.queue,
            global_queue=settings.global_queue,
            compact_after=settings.compact_after,
            limit=settings.distance_limit,
            start=settings.start,
            held_out=settings.judged_share,
            patience=settings.patience,
            seed=seed,
        )


def _pair(rows: PatchRows) -> PatchPair:
    assert rows.rgb is not None
    assert rows.shape is not None
    return PatchPair(rows.rgb, rows.shape)


def _features(
    rows: PatchRows, weights: Mapping[str, Tensor], device: str
) -> dict[BankName, FloatArray]:
    """A part's adapted features of each modality that it has."""
    found: dict[BankName, FloatArray] = {}
    sides: tuple[tuple[BankName, Side, FloatArray | None], ...] = (
        ("shape", "xyz", rows.shape),
        ("rgb", "rgb", rows.rgb),
    )
    for name, side, features in sides:
        if features is not None:
            found[name] = adapted_features(weights, side, features, device)
    return found
