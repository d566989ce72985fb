"""Settings of LSFA; what is inferred, because neither paper nor code tells it, says so in its help."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from inspector_core.detectors.lsfa.training import AdaptationChoices
from inspector_core.detectors.m3dm.settings import PatchBankSettings
from inspector_core.settings import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class LSFASettings(PatchBankSettings):
    """Settings of `lsfa`; published values of yuanpengtu/LSFA@a8dd6d7."""

    steps: int = setting(
        400, low=0, high=1_000_000, published=664, help="Steps in which the adaptors are trained."
    )
    batch: int = setting(4, low=1, high=64, published=8, help="Parts that are seen at once.")
    accumulate: int = setting(
        1,
        low=1,
        high=64,
        published=16,
        help="How often that many parts are seen before a step is taken (inferred; the published code "
        "throws away all but the last).",
    )
    patches: int = setting(
        256,
        low=8,
        high=65_536,
        published=3136,
        help="Patches of a part and step, by lot; fewer than all is inferred to do as well.",
    )
    attend: Literal["part", "all"] = setting(
        "part",
        choices=("part", "all"),
        published="all",
        help="Patches that the adaptors look at: those on the part, or the rest of the picture too, "
        "where shape is zero (the choice of the part is inferred).",
    )
    heads: int = setting(
        12,
        low=1,
        high=64,
        published=12,
        help="Heads of the adaptors' attention, at most; the number must divide the width of the "
        "features, so narrow ones have fewer (inferred).",
    )
    shared_width: int = setting(
        512,
        low=8,
        high=4096,
        published=512,
        help="Width to which colour and shape are brought to be compared in training.",
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
    both_ways: bool = setting(
        True,
        published=True,
        help="Shape is told by colour and colour by shape (inferred), or the former alone as in M3DM.",
    )
    lambda_clc: float = setting(
        1.0,
        low=0.0,
        high=100.0,
        published=1.1111,
        help="Weight of likeness across modalities against compactness within (inferred; the paper's "
        "value is not known, the published code has 1 against 0.9).",
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
    rotation: float = setting(
        0.0,
        low=0.0,
        high=100.0,
        zero="none",
        published=0.05,
        help="Weight of likeness between a picture's colour and that of the same picture with its tiles "
        "of 4 x 4 pixels turned by right angles (in the published code, not in the paper's abstract).",
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
        60,
        low=0,
        high=1_000_000,
        published=60,
        help="Steps before compactness counts; what is remembered must be full too.",
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
    look_every: int = setting(
        20, low=1, high=10_000, help="Steps between two looks at held-out parts (inferred)."
    )
    patience: int = setting(
        5,
        low=1,
        high=1000,
        help="Looks at held-out parts without a gain before training ends (inferred).",
    )
    collapse: float = setting(
        0.1,
        low=0.0,
        high=1.0,
        help="Share of their first mean distance below which patches have drawn together and training "
        "stops (inferred).",
    )

    @property
    def looks_around(self) -> bool:
        """Whether what the network sees around the part is needed too."""
        return self.attend == "all"

    def choices(self, seed: int) -> AdaptationChoices:
        """How the adaptors are trained."""
        return AdaptationChoices(
            steps=self.steps,
            parts=self.batch,
            patches=self.patches,
            accumulate=self.accumulate,
            rate=self.rate,
            warm_up=self.warm_up,
            temperature=self.temperature,
            lambda_clc=self.lambda_clc,
            global_ifc=self.global_compactness,
            global_clc=self.global_alignment,
            rotation=self.rotation,
            both_ways=self.both_ways,
            centres=self.centres,
            queue=self.queue,
            global_queue=self.global_queue,
            compact_after=self.compact_after,
            limit=self.distance_limit,
            start=self.start,
            heads=self.heads,
            shared=self.shared_width,
            held_out=self.judged_share,
            look_every=self.look_every,
            patience=self.patience,
            collapse=self.collapse,
            seed=seed,
        )
