"""LSFA, Local-to-global Self-supervised Feature Adaptation (Tu et al., ECCV 2024, arXiv 2401.03145).

Frozen features of colour and of shape pass through one small transformer layer each, trained on good
parts so that what is alike lies close within a modality and what belongs together across. Banks of the
adapted features then judge as in M3DM. The paper's full text was not at hand and the public code does not
run: what is inferred says so in its help.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

import numpy as np

from inspector_core.detectors.contract import Context, DetectorInfo, Scorer, State
from inspector_core.detectors.crossmodal.settings import NETWORKS, require_both
from inspector_core.detectors.crossmodal.sight import learnt_crossmodal
from inspector_core.detectors.lsfa.patches import (
    attended_patches,
    bank_features,
    good_part,
    with_turned,
)
from inspector_core.detectors.lsfa.settings import LSFASettings
from inspector_core.detectors.lsfa.training import train_adaptors
from inspector_core.detectors.m3dm.banks import BankName
from inspector_core.detectors.m3dm.judging import learn_judge
from inspector_core.detectors.m3dm.scoring import PatchBankScorer, good_patches, judged_facts
from inspector_core.detectors.sight_learning import LARGEST_PX
from inspector_core.detectors.view_choice import network_bytes
from inspector_core.device import Cost
from inspector_core.errors import InputError
from inspector_core.progress import Job, Progress
from inspector_core.types import FloatArray, SampleRef

ADAPTING = "Adapting the good parts"
_ADAPTOR = "adaptor."
_PATCH_BYTES = 1 << 20
_TRAINING_BYTES = 768 << 20
_PIXEL_BYTES = 300


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
        patches = attended_patches(settings.patch_px, everywhere=settings.attend == "all")
        if settings.rotation:
            patches = with_turned(patches, context.seed)
        good = yield from good_patches(again, len(parts), sight, settings, context.seed, patches)
        device = context.plan(Cost(fixed_bytes=_TRAINING_BYTES)).device
        trained = yield from train_adaptors(
            [good_part(rows) for rows in good.parts], settings.choices(context.seed), device
        )
        features: list[dict[BankName, FloatArray]] = []
        for number, rows in enumerate(good.parts):
            yield Progress(ADAPTING, number, len(parts))
            features.append(bank_features(rows, trained.weights, device, settings.heads))
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
        settings = self.settings
        return PatchBankScorer(
            settings,
            state,
            context,
            attended_patches(settings.patch_px, everywhere=settings.attend == "all"),
            lambda rows: bank_features(rows, weights, device, settings.heads),
        )
