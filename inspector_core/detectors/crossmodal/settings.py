"""Settings that methods on colour and shape together share: which features, in which frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from inspector_core.detectors.view_settings import SMALL_FIRST, SightSettings
from inspector_core.errors import SettingError
from inspector_core.settings import setting

TRANSFORMERS = ("vit_base_patch8_224.dino", "vit_small_patch8_224.dino")
NETWORKS = (*TRANSFORMERS, *SMALL_FIRST)
"""Networks for the picture; "auto" takes the first that is here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossmodalSettings(SightSettings):
    """Where the features of colour and shape come from; published values are those of CFM and M3DM."""

    compat: Literal["project", "published"] = setting(
        "project",
        choices=("project", "published"),
        published="published",
        help="Prepare parts as the program does, or as the published code does: table removed, padded "
        "to a square, 224 pixels; needs geometry=points.",
    )
    blocks: Literal["12", "8", "4", "1"] = setting(
        "12",
        choices=("12", "8", "4", "1"),
        published="12",
        help="First blocks of the vision transformer and of the point transformer that are used.",
    )
    geometry: Literal["auto", "points", "surface"] = setting(
        "auto",
        choices=("auto", "points", "surface"),
        published="points",
        help="Features of shape: tokens of the point transformer (needs its weights), or the surface as "
        "it bends and its normals differ; auto takes the transformer where its weights are.",
    )
    colours: Literal["auto", "yes", "no"] = setting(
        "auto",
        choices=("auto", "yes", "no"),
        published="no",
        help="Describe colours as they are, beside what the network sees (with compat=project); auto does "
        "unless the network is a vision transformer.",
    )
    groups: int = setting(
        1024, low=4, high=8192, published=1024, help="Groups of points, each of which is one token."
    )
    group_size: int = setting(
        128, low=3, high=1024, published=128, help="Points of a group (CFM's paper says 32)."
    )
    batch_norm: Literal["cloud", "running"] = setting(
        "cloud",
        choices=("cloud", "running"),
        published="cloud",
        help="Statistics of the point transformer's normalisation: of the cloud at hand, or stored ones "
        "(these need units=unit_sphere).",
    )
    units: Literal["metres", "unit_sphere"] = setting(
        "metres",
        choices=("metres", "unit_sphere"),
        published="metres",
        help="Lengths that the point transformer is given: metres, or shares of the cloud's radius.",
    )
    point_start: Literal["farthest", "first"] = setting(
        "farthest",
        choices=("farthest", "first"),
        published="first",
        help="First group: around the point farthest from the middle, or the topmost point, which one "
        "stray pixel moves.",
    )
    distances: Literal["exact", "published"] = setting(
        "exact",
        choices=("exact", "published"),
        published="published",
        help="Distances of points to groups: exact, or by a formula that fails near a group's middle.",
    )
    point_smoothing: Literal["normalised", "published"] = setting(
        "normalised",
        choices=("normalised", "published"),
        published="published",
        help="Mean over 3 x 3 pixels: of the measured ones, or counting missing ones as zeros.",
    )
    rgb_background: Literal["keep", "black"] = setting(
        "keep",
        choices=("keep", "black"),
        published="keep",
        help="With compat=published, leave the table in the picture (CFM) or blacken it (M3DM, BTF).",
    )
    step_px: int = setting(
        0,
        low=0,
        high=32,
        zero="auto",
        unit="px",
        published=1,
        help="Judge every n-th pixel of the network's picture; auto judges every second with a "
        "transformer and every fourth with others.",
    )

    @property
    def looks_around(self) -> bool:
        """Whether what the network sees around the part is needed too."""
        return False


def require_both(settings: CrossmodalSettings, method: str) -> None:
    """SettingError when the settings leave out a modality that a method learns from."""
    if settings.picture != "auto":
        raise SettingError(
            f"picture={settings.picture} is not possible: {method} learns how colour and shape go together",
            cure="leave picture=auto, or use m3dm, unaligned or patchcore",
        )
