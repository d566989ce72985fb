"""Settings that appearance methods share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from inspector_core.features.looks import RELIEF_MM
from inspector_core.settings import setting

NETWORKS = (
    "wide_resnet50_2.tv_in1k",
    "wide_resnet50_2.racm_in1k",
    "resnet18.tv_in1k",
    "tf_efficientnet_b5.in1k",
    "mobilenetv2_100.ra_in1k",
    "mobilenetv2_100.tf_in1k",
    "relief_extractor",
)
"""Networks that methods on convolutional features work with; "auto" takes the first that is here."""
SMALL_FIRST = (
    "mobilenetv2_100.tf_in1k",
    "mobilenetv2_100.ra_in1k",
    "relief_extractor",
    "resnet18.tv_in1k",
    "wide_resnet50_2.tv_in1k",
    "wide_resnet50_2.racm_in1k",
    "tf_efficientnet_b5.in1k",
)
"""The same for detectors of our own: a part shall take less than a second on a CPU."""


def cells_setting() -> Any:
    """Declares `cells`, for methods that can judge what lies around the part too."""
    return setting(
        "part",
        choices=("part", "all"),
        published="all",
        help="Learn and judge cells on the part alone, or everything in the frame.",
    )


def relief_setting() -> Any:
    """Declares `relief_mm`, for methods that can show a network the height as a picture."""
    return setting(
        RELIEF_MM, low=0.001, high=100.0, unit="mm", help="Height at which the height picture ends."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameSettings:
    """What of a part is shown to a network, and how its map is drawn."""

    picture: Literal["auto", "rgb", "normals", "height", "rgb+normals", "rgb+height"] = setting(
        "auto",
        choices=("auto", "rgb", "normals", "height", "rgb+normals", "rgb+height"),
        published="rgb",
        help="What the network is shown: the picture, the normals or the height as a picture, or both; "
        "auto shows colour and normals where the parts have them.",
    )
    framing: Literal["part", "whole", "published"] = setting(
        "part",
        choices=("part", "whole", "published"),
        published="published",
        help="Show where the parts lie, the whole picture, or its centre square (224 of 256).",
    )
    margin: float = setting(
        0.08, low=0.0, high=1.0, help="Room left around the parts, as a share of their longer side."
    )
    smoothing_px: float = setting(
        4.0,
        low=0.0,
        high=64.0,
        unit="px",
        published=4.0,
        help="Blur of the map, in pixels of the network's picture.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkSettings(FrameSettings):
    """Settings of every method on the stages of a network."""

    backbone: str = setting(
        "auto",
        help="Pretrained network, as `relief weights list` names it; auto takes the first of the "
        "method's list that is on this machine.",
    )
    stages: Literal["1+2+3", "2+3", "1+2", "1", "2", "3", "3+4", "4"] = setting(
        "2+3",
        choices=("1+2+3", "2+3", "1+2", "1", "2", "3", "3+4", "4"),
        help="Stages of the network whose features are used.",
    )
    grid: Literal["auto", "1", "2", "3", "4"] = setting(
        "auto",
        choices=("auto", "1", "2", "3", "4"),
        help="Stage whose grid of cells is judged; auto takes 2 where it is used, else the finest.",
    )
    size_px: int = setting(
        320,
        low=32,
        high=1536,
        unit="px",
        published=224,
        help="Longer side of what the network is shown.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewSettings(NetworkSettings):
    """Settings of methods that judge each picture by itself, the height as a picture too."""

    cells: Literal["part", "all"] = cells_setting()
    relief_mm: float = relief_setting()


@dataclass(frozen=True, slots=True, kw_only=True)
class SightSettings(NetworkSettings):
    """Settings of methods that join what a network sees with the colours and the surface as they are."""

    stages: Literal["1+2+3", "2+3", "1+2", "1", "2", "3", "3+4", "4"] = setting(
        "1+2+3",
        choices=("1+2+3", "2+3", "1+2", "1", "2", "3", "3+4", "4"),
        help="Stages of the network whose features are used.",
    )
    size_px: int = setting(
        0,
        low=0,
        high=1536,
        unit="px",
        help="Longer side of what the network is shown; 0 chooses it from how many pixels the good parts "
        "are across.",
    )
    picture: Literal["auto", "rgb", "shape"] = setting(  # type: ignore[assignment]
        "auto",
        choices=("auto", "rgb", "shape"),
        help="What is judged: colour, shape, or what the parts have.",
    )
    normals: Literal["auto", "fitted", "none"] = setting(
        "auto",
        choices=("auto", "fitted", "none"),
        help="Show the network the normals that came with the parts, where they did; those fitted to "
        "the points; or none, which leaves shape to the surface itself.",
    )
