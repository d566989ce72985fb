"""Choosing what an appearance method looks at: the network, the looks, the frame around the parts."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from inspector_core.detectors.contract import Context
from inspector_core.detectors.view_settings import NetworkSettings
from inspector_core.detectors.views import BATCH, BYTES_PER_PIXEL, Views
from inspector_core.errors import InputError, SettingError, WeightsError
from inspector_core.features import weights
from inspector_core.features.framing import Box, Framing, box_of
from inspector_core.features.looks import LOOKS, RELIEF_MM, Look
from inspector_core.progress import Job, Progress
from inspector_core.types import Array, Registered, SampleRef

if TYPE_CHECKING:
    from inspector_core.features.backbone import Backbone

Opener = Callable[[str, Sequence[int], str], "Backbone"]
"""What opens a network: its name, the stages that are wanted, a device."""

MEASURING = "Looking where the parts lie"
_KEPT_BYTES = 512 << 20
"""Prepared parts are kept between the two looks at them up to so much, and read again beyond."""


def chosen_network(settings: NetworkSettings, names: Sequence[str]) -> str:
    """The network to use: the one that the settings name, or the first of a method's list that is here.

    Raises WeightsError when it is not here or does not exist, SettingError when it has not the stages.
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
        return _with_stages(entry.name, settings)
    for name in names:
        if weights.find(name) is not None:
            return _with_stages(name, settings)
    entry = weights.entry_of(names[0])
    raise WeightsError(
        "no pretrained network is on this machine",
        cure=f"{weights.how_to_get(entry)}; aligned and btf work without one",
    )


def learnt_views(
    parts: Sequence[SampleRef],
    settings: NetworkSettings,
    names: Sequence[str],
    context: Context,
    besides: Sequence[int] = (),
    opener: Opener | None = None,
    *,
    cells: str = "part",
    relief_mm: float = RELIEF_MM,
) -> Job[tuple[Views, Iterator[tuple[int, Registered]]]]:
    """The views that suit these good parts, and the parts again, prepared, one by one.

    besides : stages that the method needs after those of the settings.   opener : `open_backbone`
    unless the network is looked through in another way.   cells, relief_mm : of `Views`.
    Raises InputError when the parts have nothing in common that can be shown, or differ in size.
    """
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
    looks = chosen_looks(settings.picture, lacking)
    stages = [int(stage) for stage in settings.stages.split("+")]
    network = _opened(opener, name, [*stages, *_reached(name, besides)])
    framing = _framing(settings, shape, boxes, network.multiple)
    views = Views(
        network=network,
        looks=looks,
        framing=framing,
        grid=_grid(settings, stages, network, framing),
        cells=cells,
        smoothing_px=settings.smoothing_px,
        relief_mm=relief_mm,
        context=context,
        reached=reached,
    )
    return views, _again(parts, kept, context)


def restored_views(
    facts: Mapping[str, Any],
    settings: NetworkSettings,
    context: Context,
    besides: Sequence[int] = (),
    opener: Opener | None = None,
    *,
    cells: str = "part",
    relief_mm: float = RELIEF_MM,
) -> Views:
    """The views of a recipe; WeightsError when its network is missing or has other weights."""
    name = str(facts["network"])
    stages = [int(stage) for stage in settings.stages.split("+")]
    network = _opened(opener, name, [*stages, *_reached(name, besides)])
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
        cells=cells,
        smoothing_px=settings.smoothing_px,
        relief_mm=relief_mm,
        context=context,
    )


def _opened(opener: Opener | None, name: str, stages: Sequence[int]) -> Backbone:
    """The network, where its weights are read; which device it works on is said with every batch."""
    from inspector_core.features.backbone import open_backbone

    return (opener or open_backbone)(name, stages, "cpu")


def _with_stages(name: str, settings: NetworkSettings) -> str:
    """The name again; SettingError when the network has not the stages of the settings."""
    known = len(weights.entry_of(name).stages)
    if max(int(stage) for stage in settings.stages.split("+")) > known:
        raise SettingError(
            f"stages={settings.stages} is not possible: {name} has stages 1 to {known}",
            cure="choose other stages, or another network with backbone=NAME",
        )
    return name


def _reached(name: str, stages: Sequence[int]) -> list[int]:
    """The wanted stages, or a network's last where it has not as many."""
    return [min(stage, len(weights.entry_of(name).stages)) for stage in stages]


def network_width(settings: NetworkSettings, names: Sequence[str]) -> int:
    """Channels of the chosen stages together, those of the first network on the list where none is here."""
    try:
        name = chosen_network(settings, names)
    except WeightsError:
        name = names[0]
    channels = weights.entry_of(name).channels
    return sum(channels[int(stage) - 1] for stage in settings.stages.split("+"))


def network_bytes(settings: NetworkSettings, names: Sequence[str], size: tuple[int, int]) -> int:
    """Memory of the network itself and of one batch through it; a guess where none is here."""
    try:
        entry = weights.entry_of(chosen_network(settings, names))
        held = 4 * (entry.megabytes << 20)
    except WeightsError:
        held = 0
    longer = max(size)
    share = min(size) / longer if longer else 1.0
    return int(held + BATCH * BYTES_PER_PIXEL * settings.size_px**2 * share)


def chosen_looks(wanted: str, lacking: Container[str]) -> tuple[Look, ...]:
    """The looks that parts are shown in; InputError when they lack what the wanted ones need.

    wanted : looks joined by "+", or "auto" for colour and normals as far as the parts have them.
    lacking : looks that some of the parts lack what is needed for.
    """
    names = ("rgb", "normals") if wanted == "auto" else tuple(wanted.split("+"))
    missing = [name for name in names if name in lacking]
    if missing and (wanted != "auto" or len(missing) == len(names)):
        what = "pictures" if missing[0] == "rgb" else "clouds"
        raise InputError(
            f"the good parts do not all have {what}",
            cure="learn from parts that were all scanned in the same way, or set picture=auto",
        )
    return tuple(look for look in LOOKS if look in names and look not in lacking)


def _framing(
    settings: NetworkSettings, shape: tuple[int, int], boxes: Sequence[Box], multiple: int
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
    settings: NetworkSettings, stages: Sequence[int], network: Backbone, framing: Framing
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
