"""Which pretrained networks there are, where they come from, and what their files hold."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from inspector_core.errors import WeightsError
from inspector_core.features import extractor

Kind = Literal["own", "timm", "open_clip", "layout"]
Shapes = Mapping[str, tuple[int, ...]]

_IMAGENET_MEAN = (0.485, 0.456, 0.406)
_IMAGENET_STD = (0.229, 0.224, 0.225)
_BLOCKS = 12
_BESIDE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Entry:
    """One network of the catalogue (catalogue.toml explains the fields).

    mean, std : what pictures in 0..1 are normalised with.   arguments : of timm's create_model.
    stages : modules that give stages 1 to 4, channels theirs; empty for networks that no picture goes through.
    sha256 : of the upstream file, whole or its beginning, or empty.   page : where people find it.
    megabytes : of the upstream file, 0 where unknown.   shipped : it comes with the program.
    """

    name: str
    title: str
    kind: Kind
    model: str
    file: str
    url: str
    page: str
    sha256: str
    licence: str
    megabytes: int
    used_by: tuple[str, ...]
    mean: tuple[float, ...] = _IMAGENET_MEAN
    std: tuple[float, ...] = _IMAGENET_STD
    arguments: Mapping[str, Any] = field(default_factory=dict)
    stages: tuple[str, ...] = ()
    channels: tuple[int, ...] = ()
    container: str = ""
    strip: tuple[str, ...] = ()
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    shipped: bool = False

    def file_matches(self, name: str) -> bool:
        """Whether a file of that name is what the publisher calls this network's file."""
        before, braces, after = self.file.partition("{category}")
        if not braces:
            return bool(self.file) and name == self.file
        return name.startswith(before) and name.endswith(after)


@cache
def catalogue() -> Mapping[str, Entry]:
    """name -> entry, in the order of the file."""
    content = _BESIDE.joinpath("catalogue.toml").read_text("utf-8")
    entries = {}
    for row in tomllib.loads(content)["network"]:
        values: dict[str, Any] = {
            key: tuple(v) if isinstance(v, list) else v for key, v in row.items()
        }
        entries[row["name"]] = Entry(**values)
    return MappingProxyType(entries)


def entry_of(name: str) -> Entry:
    """The entry of that name; WeightsError names those that exist."""
    known = catalogue()
    if name not in known:
        raise WeightsError(
            f"there is no network named {name}", cure=f"choose one of {', '.join(known)}"
        )
    return known[name]


@cache
def expected(name: str) -> Shapes:
    """Parameter and buffer names of a network and their shapes; nothing is allocated."""
    entry = entry_of(name)
    if entry.kind == "layout":
        return MappingProxyType(_layout(entry.model))
    import torch

    with torch.device("meta"):
        state = model_of(entry).state_dict()
    return MappingProxyType({name: tuple(value.shape) for name, value in state.items()})


def model_of(entry: Entry) -> Any:
    """The network with random weights, whole, as its library or this project builds it."""
    from inspector_core.features.networks import open_clip_module, timm_module

    if entry.kind == "own":
        return extractor.network()
    if entry.kind == "open_clip":
        clip = open_clip_module()
        return clip.CLIP(**_clip_sizes(clip, entry.model))
    return timm_module().create_model(entry.model, pretrained=False, **entry.arguments)


def _clip_sizes(clip: Any, model: str) -> dict[str, Any]:
    sizes: dict[str, Any] = clip.get_model_config(model)
    return sizes


def _layout(name: str) -> dict[str, tuple[int, ...]]:
    content = _BESIDE.joinpath("layouts.json").read_text("utf-8")
    shapes: dict[str, tuple[int, ...]] = {}
    for key, shape in json.loads(content)[name].items():
        several = range(_BLOCKS) if "{i}" in key else (0,)
        for number in several:
            shapes[key.replace("{i}", str(number))] = tuple(shape)
    return shapes
