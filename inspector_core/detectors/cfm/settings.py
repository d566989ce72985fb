"""Settings of Crossmodal Feature Mapping."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from inspector_core.detectors.crossmodal.settings import CrossmodalSettings
from inspector_core.settings import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class CFMSettings(CrossmodalSettings):
    """Settings of `cfm`; published values of the paper, of the code where the paper is silent."""

    mapping: Literal["projection", "encoder_decoder", "convolutional"] = setting(
        "projection",
        choices=("projection", "encoder_decoder", "convolutional"),
        published="projection",
        help="Form of the mapping networks: three layers, a bottleneck, or neighbours looked at too.",
    )
    variant: Literal["cross", "intra"] = setting(
        "cross",
        choices=("cross", "intra"),
        published="cross",
        help="Predict each modality from the other, or from itself through the mapping's bottleneck.",
    )
    trained: Literal["here", "published"] = setting(
        "here",
        choices=("here", "published"),
        published="here",
        help="Train the mappings on the good parts, or take the published pair of a category from the "
        "weights on this machine (with compat=published).",
    )
    aggregation: Literal["weighed", "product", "sum", "max", "2d", "3d", "recipe"] = setting(
        "weighed",
        choices=("weighed", "product", "sum", "max", "2d", "3d", "recipe"),
        published="product",
        help="The fused map from both distances at each place: a product in which each counts by what its "
        "mapping explains of good parts, or a plain one; or as the recipe joins colour and shape.",
    )
    standardise: bool = setting(
        True,
        published=False,
        help="Bring all channels around their mean to the same spread over the good parts, and what the "
        "network, colours and surface say to the same weight.",
    )
    rows: int = setting(
        512, low=0, high=100_000, published=0, help="Pixels of a part and step; 0 takes all."
    )
    batch: int = setting(4, low=1, high=64, published=4, help="Parts a step.")
    steps: int = setting(1500, low=1, high=1_000_000, help="Steps of training at most.")
    rate: float = setting(1e-3, low=1e-6, high=1.0, published=1e-3, help="Learning rate of Adam.")
    patience: int = setting(
        4,
        low=0,
        high=1000,
        published=0,
        help="Stop after so many looks at held-out good parts without an improvement; 0 never stops.",
    )
    precision: Literal["single", "bfloat16"] = setting(
        "single",
        choices=("single", "bfloat16"),
        published="single",
        help="Numbers of the mappings; bfloat16 is faster where the processor knows it.",
    )
    blur: Literal["exact", "published"] = setting(
        "exact",
        choices=("exact", "published"),
        published="published",
        help="Blur within the part, or the published boxes over its border (with compat=published).",
    )
    normalise: Literal["none", "published"] = setting(
        "none",
        choices=("none", "published"),
        published="published",
        help="Keep one scale for all parts, or divide each map by its mean, which makes bad parts look "
        "calm, with the published score of the part beside it.",
    )
