"""What appearance methods share: which pictures of a part a frozen network looks at, and where.

Settings, the framing learnt from the good parts, features of pictures in batches, and values per grid
cell back as maps. PatchCore, PaDiM, SPADE and the few-shot methods differ only in what they do between.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from inspector_core.detectors.contract import Context
from inspector_core.device import Cost, Plan, with_fallback
from inspector_core.errors import InputError, SettingError, WeightsError
from inspector_core.features import weights
from inspector_core.features.framing import Box, Framing, box_of
from inspector_core.features.looks import LOOKS, Look, picture_of
from inspector_core.memory.nearest import quiet
from inspector_core.progress import Job, Progress
from inspector_core.settings import setting
from inspector_core.types import Array, FloatArray, Registered, SampleRef

if TYPE_CHECKING:
    from inspector_core.features.backbone import Backbone

NETWORKS = (
    "wide_resnet50_2.tv_in1k",
    "wide_resnet50_2.racm_in1k",
    "resnet18.tv_in1k",
    "tf_efficientnet_b5.in1k",
    "mobilenetv2_100.ra_in1k",
    "mobilenetv2_100.tf_in1k",
)
"""Networks that methods on convolutional features work with; "auto" takes the first that is here."""

MEASURING = "Looking where the parts lie"
DESCRIBING = "Describing the good parts"
_KEPT_BYTES = 512 << 20
"""Prepared parts are kept between the two looks at them up to so much, and read again beyond."""
_LEAST_SHARE = 0.25
"""A cell with less of the part than this is not judged by itself."""
_BATCH = 4
"""Pictures that go through the network at once; more brings nothing on a CPU."""
_REACH = 1e-4
"""A pixel with less than this of known cells around it has no value of its own."""
_BYTES_PER_PIXEL = 1200
"""Measured: what a network holds per pixel of its picture, up to its third stage."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewSettings:
    """Settings of every appearance method."""

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
    size_px: int = setting(
        320,
        low=32,
        high=1536,
        unit="px",
        published=224,
        help="Longer side of what the network is shown.",
    )
    margin: float = setting(
        0.08, low=0.0, high=1.0, help="Room left around the parts, as a share of their longer side."
    )
    cells: Literal["part", "all"] = setting(
        "part",
        choices=("part", "all"),
        published="all",
        help="Learn and judge cells on the part alone, or everything in the frame.",
    )
    smoothing_px: float = setting(
        4.0,
        low=0.0,
        high=64.0,
        unit="px",
        published=4.0,
        help="Blur of the map, in pixels of the network's picture.",
    )
    relief_mm: float = setting(
        0.5, low=0.001, high=100.0, unit="mm", help="Height at which the height picture ends."
    )


@dataclass(frozen=True, slots=True)
class Seen:
    """One part through the network.

    stages : look to feature maps (C, h, w) float32, one per stage.
    inside : (gh, gw) bool, cells of the finest stage's grid that are judged.
    """

    stages: Mapping[Look, list[Array]]
    inside: Array


@dataclass(frozen=True, slots=True)
class Views:
    """Which pictures of a part go through which network, the same for all parts of a recipe.

    grid : rows and columns of the cells that are judged.   tell : hears when memory runs short.
    reached : (H, W) bool, pixels that any learnt part covers, while learning.
    """

    network: Backbone
    looks: tuple[Look, ...]
    framing: Framing
    grid: tuple[int, int]
    cells: str
    smoothing_px: float
    relief_mm: float
    context: Context
    reached: Array | None = None
    tell: Callable[[str], None] = field(default=quiet)

    def available(self, part: Registered) -> list[Look]:
        """The looks that this part has what they need for."""
        here = {"rgb": part.sample.rgb is not None}
        return [look for look in self.looks if here.get(look, part.sample.xyz is not None)]

    def see(self, parts: Sequence[Registered]) -> list[Seen]:
        """Features of all looks that the parts have, through the network in one batch."""
        for part in parts:
            self._require_size(part)
        wanted = [(at, look) for at, part in enumerate(parts) for look in self.available(part)]
        pictures = [self._picture(parts[at], look) for at, look in wanted]
        maps = self._through_network(pictures)
        found: list[dict[Look, list[Array]]] = [{} for _ in parts]
        for row, (at, look) in enumerate(wanted):
            found[at][look] = [one[row] for one in maps]
        return [
            Seen(stages, self.inside(part, self.grid))
            for stages, part in zip(found, parts, strict=True)
        ]

    def inside(self, part: Registered, grid: tuple[int, int]) -> Array:
        """(gh, gw) bool, the cells of a grid over the frame that are judged."""
        if self.cells == "all":
            return np.ones(grid, bool)
        share = self.framing.share(part.foreground, grid)
        inside = share >= _LEAST_SHARE
        return inside if inside.any() else share >= share.max()

    def to_map(self, part: Registered, values: Array, inside: Array) -> FloatArray:
        """Values of cells (gh, gw) as a smoothed map (H, W) float32, NaN off the part.

        inside : cells whose values count; the others, and those that are NaN, take what their
        neighbours say.
        """
        known = inside & np.isfinite(values)
        small = smoothed(values, known, self.framing.size, self.smoothing_px)
        large = self.framing.to_source(small)
        return np.where(part.foreground, large, np.float32(np.nan))

    def facts(self) -> dict[str, Any]:
        """As plain JSON, for the recipe."""
        return {
            "network": self.network.name,
            "network_sha256": weights.sha256(self.network.name),
            "looks": [*self.looks],
            "framing": self.framing.facts(),
        }

    def _picture(self, part: Registered, look: Look) -> FloatArray:
        picture = picture_of(part, look, self.relief_mm)
        assert picture is not None
        return self.framing.cut(picture)

    def _through_network(self, pictures: Sequence[FloatArray]) -> list[Array]:
        """One array (n, C, h, w) per stage; in portions, on the CPU when the device is full."""

        def work(plan: Plan) -> list[Array]:
            network = self.network.on(plan.device)
            portions = [
                [one.cpu().numpy() for one in network.maps(np.stack(pictures[start:stop]))]
                for start, stop in _portions(len(pictures), plan.chunk_rows)
            ]
            return [np.concatenate(stage) for stage in zip(*portions, strict=True)]

        height, width = self.framing.size
        cost = Cost(row_bytes=_BYTES_PER_PIXEL * height * width, rows=_BATCH)
        return with_fallback(work, self.context.plan(cost), self.tell)

    def _require_size(self, part: Registered) -> None:
        if part.shape != self.framing.shape:
            here, there = (f"{s[1]} x {s[0]}" for s in (part.shape, self.framing.shape))
            raise InputError(
                f"{part.sample.id}: the picture has {here} pixels, the good parts had {there}",
                cure="take it with the same camera settings, or learn again",
            )


def smoothed(values: Array, known: Array, size: tuple[int, int], sigma_px: float) -> Array:
    """(h, w) of cells (gh, gw): bilinear, then Gaussian with mirrored border, from known cells alone.

    Computed in double precision, given in the precision of the values.
    """
    import torch
    from scipy.ndimage import gaussian_filter
    from torch.nn.functional import interpolate

    both = np.stack([np.where(known, values, 0), known]).astype(np.float64)
    large = interpolate(torch.from_numpy(both)[None], size, mode="bilinear", align_corners=False)
    total, share = large[0].numpy()
    if sigma_px > 0:
        total, share = (gaussian_filter(one, sigma_px, mode="reflect") for one in (total, share))
    lowest = values[known].min() if known.any() else 0
    reached = share > _REACH
    return np.where(reached, total / np.where(reached, share, 1), lowest).astype(values.dtype)


def chosen_network(settings: ViewSettings, names: Sequence[str]) -> str:
    """The network to use: the one that the settings name, or the first of a method's list that is here.

    Raises WeightsError when it is not here, SettingError for a name that does not exist.
    """
    if settings.backbone != "auto":
        entry = weights.entry_of(settings.backbone)
        if not entry.stages:
            raise WeightsError(
                f"{settings.backbone} is no network that looks at pictures",
                cure=f"choose one of {', '.join(names)}",
            )
        if weights.find(entry.name) is None:
            raise WeightsError(
                f"the network {entry.name} is not on this machine", cure=weights.how_to_get(entry)
            )
        return entry.name
    for name in names:
        if weights.find(name) is not None:
            return name
    entry = weights.entry_of(names[0])
    raise WeightsError(
        "no pretrained network is on this machine",
        cure=f"{weights.how_to_get(entry)}; aligned and btf work without one",
    )


def learnt_views(
    parts: Sequence[SampleRef],
    settings: ViewSettings,
    names: Sequence[str],
    context: Context,
    besides: Sequence[int] = (),
) -> Job[tuple[Views, Iterator[tuple[int, Registered]]]]:
    """The views that suit these good parts, and the parts again, prepared, one by one.

    besides : stages that the method needs after those of the settings.
    Raises InputError when the parts have nothing in common that can be shown, or differ in size.
    """
    from inspector_core.features.backbone import open_backbone

    name = chosen_network(settings, names)
    boxes: list[Box] = []
    reached: Array | None = None
    kept: dict[int, Registered] = {}
    room = _KEPT_BYTES
    lacking: set[str] = set()
    shape: tuple[int, int] | None = None
    for number, ref in enumerate(parts):
        yield Progress(MEASURING, number, len(parts))
        part = context.prepare(ref.load())
        shape = shape or part.shape
        if part.shape != shape:
            raise InputError(
                f"{part.sample.id}: its picture has another size than {parts[0].id}",
                cure="learn from parts that were all taken in the same way",
            )
        lacking |= {"rgb"} if part.sample.rgb is None else set()
        lacking |= {"normals", "height"} if part.sample.xyz is None else set()
        boxes.append(box_of(part.foreground))
        reached = part.foreground if reached is None else reached | part.foreground
        room -= _bytes_of(part)
        if room > 0:
            kept[number] = part
    assert shape is not None
    assert reached is not None
    looks = _looks(settings, lacking)
    stages = [int(stage) for stage in settings.stages.split("+")]
    # which device is the plan's to say, each time that the network is used
    network = open_backbone(name, [*stages, *besides], "cpu")
    framing = _framing(settings, shape, boxes, network.multiple)
    views = Views(
        network=network,
        looks=looks,
        framing=framing,
        grid=_grid(settings, stages, network, framing),
        cells=settings.cells,
        smoothing_px=settings.smoothing_px,
        relief_mm=settings.relief_mm,
        context=context,
        reached=reached,
    )
    return views, _again(parts, kept, context)


def restored_views(
    facts: Mapping[str, Any],
    settings: ViewSettings,
    context: Context,
    besides: Sequence[int] = (),
) -> Views:
    """The views of a recipe; WeightsError when its network is missing or has other weights."""
    from inspector_core.features.backbone import open_backbone

    name = str(facts["network"])
    stages = [int(stage) for stage in settings.stages.split("+")]
    network = open_backbone(name, [*stages, *besides], "cpu")
    if weights.sha256(name) != facts["network_sha256"]:
        raise WeightsError(
            f"the recipe was learnt with other weights of {name} than this machine has",
            cure="add the same weights file, or learn again",
        )
    framing = Framing.from_facts(facts["framing"])
    return Views(
        network=network,
        looks=tuple(facts["looks"]),
        framing=framing,
        grid=_grid(settings, stages, network, framing),
        cells=settings.cells,
        smoothing_px=settings.smoothing_px,
        relief_mm=settings.relief_mm,
        context=context,
    )


def batches(
    parts: Iterator[tuple[int, Registered]], count: int = _BATCH
) -> Iterator[list[tuple[int, Registered]]]:
    """Numbered parts in portions that go through a network together."""
    portion: list[tuple[int, Registered]] = []
    for entry in parts:
        portion.append(entry)
        if len(portion) == count:
            yield portion
            portion = []
    if portion:
        yield portion


def network_bytes(settings: ViewSettings, names: Sequence[str], size: tuple[int, int]) -> int:
    """Memory of the network itself and of one batch through it; a guess where none is here."""
    try:
        entry = weights.entry_of(chosen_network(settings, names))
        held = 4 * (entry.megabytes << 20)
    except WeightsError:
        held = 0
    longer = max(size)
    share = min(size) / longer if longer else 1.0
    return int(held + _BATCH * _BYTES_PER_PIXEL * settings.size_px**2 * share)


def _looks(settings: ViewSettings, lacking: set[str]) -> tuple[Look, ...]:
    if settings.picture == "auto":
        looks = tuple(look for look in ("rgb", "normals") if look not in lacking)
        if looks:
            return tuple(look for look in LOOKS if look in looks)
    else:
        looks = tuple(settings.picture.split("+"))
    missing = [look for look in looks if look in lacking] or ([] if looks else ["rgb"])
    if missing:
        what = "pictures" if missing[0] == "rgb" else "clouds"
        raise InputError(
            f"the good parts do not all have {what}",
            cure="learn from parts that were all scanned in the same way, or set picture=auto",
        )
    return tuple(look for look in LOOKS if look in looks)


def _framing(
    settings: ViewSettings, shape: tuple[int, int], boxes: Sequence[Box], multiple: int
) -> Framing:
    if settings.framing == "published":
        return Framing.centre(
            shape,
            shorter_px=round(settings.size_px * 256 / 224),
            crop_px=settings.size_px,
            multiple=multiple,
        )
    whole = [(0, 0, *shape)]
    return Framing.around(
        shape,
        boxes if settings.framing == "part" else whole,
        longer_px=settings.size_px,
        multiple=multiple,
        margin=settings.margin,
    )


def _grid(
    settings: ViewSettings, stages: Sequence[int], network: Backbone, framing: Framing
) -> tuple[int, int]:
    if settings.grid != "auto":
        if int(settings.grid) not in stages:
            raise SettingError(
                f"grid={settings.grid} is no stage of stages={settings.stages}",
                cure="choose one of them, or auto",
            )
        at = stages.index(int(settings.grid))
    else:
        at = stages.index(2) if 2 in stages else int(np.argmin(network.reductions))
    # networks pad, so that a side is rounded up
    rows, columns = (-(-side // network.reductions[at]) for side in framing.size)
    return rows, columns


def _again(
    parts: Sequence[SampleRef], kept: dict[int, Registered], context: Context
) -> Iterator[tuple[int, Registered]]:
    for number, ref in enumerate(parts):
        part = kept.pop(number, None)
        yield number, context.prepare(ref.load()) if part is None else part


def _bytes_of(part: Registered) -> int:
    arrays = (part.sample.rgb, part.sample.xyz, part.normals, part.height, part.foreground)
    return sum(array.nbytes for array in arrays if array is not None)


def _portions(count: int, most: int) -> Iterator[tuple[int, int]]:
    for start in range(0, count, most):
        yield start, min(count, start + most)
