"""Settings of `btf`: ours, and the published chain as one choice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from inspector_core.settings import setting

PUBLISHED_NETWORK = "wide_resnet50_2.racm_in1k"
NETWORKS = (PUBLISHED_NETWORK, "wide_resnet50_2.tv_in1k")
"""What network=auto takes, the first that is on this machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BTFSettings:
    """Settings of `btf`; published values of the code (3D-ADS@612eb7b).

    compat=published fixes every setting at its published value but `network`, `cleaning`, `neighbours`,
    `coreset` and `reweight`, which keep their meaning.
    """

    compat: Literal["project", "published"] = setting(
        "project",
        choices=("project", "published"),
        published="published",
        help="Judge the part in our cells, or do all as the published code: the whole picture at 224 "
        "pixels without its table, in 28 x 28 patches. Then only network, cleaning, neighbours, "
        "coreset and reweight are looked at.",
    )
    network: str = setting(
        "auto",
        published=PUBLISHED_NETWORK,
        help="With compat=published, what describes colour: auto takes a Wide ResNet-50, none judges "
        "by FPFH alone and needs no weights, or a name of `relief weights list`.",
    )
    cleaning: Literal["grid", "dbscan"] = setting(
        "grid",
        choices=("grid", "dbscan"),
        published="dbscan",
        help="With compat=published, how stray points are found: from the scan's own grid, or by the "
        "published clustering, which takes minutes for a large scan.",
    )
    cells: int = setting(
        64, low=8, high=256, published=28, help="Patches along the longer side of the part."
    )
    weight_rgb: float = setting(
        1.0, low=0.0, high=10.0, published=1.0, help="Weight of colour in the joint distance."
    )
    fusion: Literal["recipe", "stronger", "joint"] = setting(
        "recipe",
        choices=("recipe", "stronger", "joint"),
        published="joint",
        help="The fused map: as the recipe joins colour and shape (joined_by), the stronger of both by "
        "their levels in the banks, or the distance of both together.",
    )
    weight_3d: float = setting(
        3.0, low=0.0, high=10.0, published=1.0, help="Weight of shape in the joint distance."
    )
    weight_relief: float = setting(
        0.5,
        low=0.0,
        high=10.0,
        published=0.0,
        help="Weight of dents and bumps in mm beside the FPFH histograms.",
    )
    bay_cells: float = setting(
        10.0,
        low=0.0,
        high=20.0,
        unit="cells",
        published=0.0,
        help="Bays in the outline up to twice this wide are judged too: a piece may have broken off.",
    )
    neighbours: int = setting(
        100, low=8, high=400, published=100, help="Points that one FPFH histogram looks at."
    )
    search: Literal["grid", "tree"] = setting(
        "grid",
        choices=("grid", "tree"),
        published="tree",
        help="Neighbours from the scan's own grid (fast) or from a tree over all points.",
    )
    normals: Literal["camera", "published"] = setting(
        "camera",
        choices=("camera", "published"),
        published="published",
        help="Normals turned to the camera, or with the arbitrary signs of the published code.",
    )
    scaling: Literal["standardised", "published"] = setting(
        "standardised",
        choices=("standardised", "published"),
        published="published",
        help="Blocks standardised on good parts, or joined as they are (shape outweighs colour).",
    )
    coreset: float = setting(
        0.1, low=0.001, high=1.0, published=0.1, help="Share of the good patches kept in a bank."
    )
    bank_rows: int = setting(
        3000, low=10, high=100_000, help="Most patches kept in a bank, whatever the share."
    )
    projection: Literal["none", "published"] = setting(
        "none",
        choices=("none", "published"),
        published="published",
        help="Choose the kept patches in full detail, or in a random projection.",
    )
    even_out: bool = setting(
        True,
        published=False,
        help="Judge a patch by what other good parts show at its like, not by distance alone.",
    )
    reweight: bool = setting(
        False,
        published=True,
        help="Distances to crowded places of the bank count less; with compat=published maps end at "
        "the published score of the part instead of the distance of its strangest patch.",
    )
    smoothing_cells: float = setting(
        0.75, low=0.0, high=5.0, unit="cells", published=0.5, help="Blur of the maps."
    )
    blur: Literal["exact", "published"] = setting(
        "exact",
        choices=("exact", "published"),
        published="published",
        help="Blur within the part, or the published one in 256 levels over the whole picture.",
    )
