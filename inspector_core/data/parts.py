"""One part from its files: picture, cloud or depth, mask, camera; brought onto one pixel grid.

Shared by the readers whose parts are separate files (`mvtec3d`, `folder`). Roles in SampleRef.files:
rgb, xyz, depth, truth, camera.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from inspector_core.data import depth as depths
from inspector_core.data import units
from inspector_core.data.camera import Camera, parse_camera
from inspector_core.data.clouds import Cloud, check_not_empty, decode_cloud
from inspector_core.data.decode import RawFile, Unusable, about, name_in, open_file
from inspector_core.data.grids import check_turn, fitted_mask, on_grid
from inspector_core.data.pictures import Picture, decode_mask, decode_picture
from inspector_core.errors import InputError
from inspector_core.settings import as_json, build, setting
from inspector_core.types import (
    Array,
    BoolArray,
    FloatArray,
    Intrinsics,
    Problem,
    Sample,
    SampleRef,
    Source,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PartSettings:
    """How the files of a part are understood where they do not say it themselves."""

    unit: str = setting(
        "auto", choices=("auto", "m", "mm"), help="Unit of the coordinates in the files."
    )
    xyz_scale: float = setting(
        0.0, low=0.0, high=1.0, unit="m", help="Metres per value of a cloud in whole numbers."
    )
    page: int = setting(0, low=0, help="Page of a file with several; 0 refuses such files.")
    bit_depth: int = setting(
        0, low=0, high=16, unit="bit", help="Bits that 16-bit pictures really use; 0 takes all 16."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderSettings(PartSettings):
    """Also those of depth pictures and of foreign frames."""

    depth_scale: float = setting(
        0.0, low=0.0, high=1.0, unit="m", help="Metres per depth value; 0 asks the camera file."
    )
    max_depth: float = setting(
        0.0, low=0.0, unit="mm", help="Readings beyond this distance count as missing; 0 keeps all."
    )
    axes: str = setting(
        units.AXES[0], choices=units.AXES, help="Signs that lead to x right, y down, z away."
    )


@dataclass(frozen=True, slots=True)
class Loaded:
    """A decoded part and what was found out on the way.

    unit : of the files' coordinates ("m", "mm", "nominal", "" without a cloud).
    fixed : options that all other parts of the folder should share, such as the unit found.
    """

    sample: Sample
    unit: str = ""
    fixed: Mapping[str, Any] = field(default_factory=dict)


def options_of(settings: object, root: str, native_unit: str = "") -> dict[str, Any]:
    """What a reference carries: the settings, the scanned folder, the unit that the layout fixes."""
    return {**as_json(settings), "root": root, "native_unit": native_unit}


def read_part(ref: SampleRef) -> Sample:
    """Decode a part; raises InputError with file, problem and cure."""
    return load_part(ref).sample


def refused(ref: SampleRef) -> Sample:
    """The `read` of a part that the scan found unusable: raises its problem."""
    raise InputError(str(ref.options["problem"]), cure=str(ref.options["cure"]))


def refused_ref(ref: SampleRef, problem: Problem) -> SampleRef:
    """The same part, refused with the scan's sentence when it is loaded."""
    options = {"problem": f"{problem.path}: {problem.problem}", "cure": problem.cure}
    return SampleRef(ref.id, ref.split, ref.label, ref.files, refused, options)


def load_part(ref: SampleRef) -> Loaded:
    """Decode a part and say which unit its files have; raises InputError."""
    return _Reading(ref).loaded()


class _Reading:
    """The files of one part while they are read: collects sources and notes."""

    def __init__(self, ref: SampleRef) -> None:
        self.ref = ref
        self.root = str(ref.options.get("root", ""))
        self.native_unit = str(ref.options.get("native_unit", ""))
        names = set(FolderSettings.__dataclass_fields__)
        given = {name: value for name, value in ref.options.items() if name in names}
        self.settings = build(FolderSettings, given)
        self.sources: list[Source] = []
        self.notes: list[str] = []
        self.unit = ""
        self.unit_note = str(ref.options.get("unit_note", ""))

    def loaded(self) -> Loaded:
        picture = self.picture()
        cloud = self.cloud(picture.size if picture else None)
        if picture is None and cloud is None:
            raise InputError(
                f"{self.ref.id}: neither picture nor cloud", cure="add the files or remove the part"
            )
        xyz = None if cloud is None else self.in_mm(*cloud)
        rgb = self.fitted(picture, None if cloud is None else cloud[1])
        if rgb is None and cloud is not None:
            rgb = cloud[1].rgb
        shape = rgb.shape[:2] if rgb is not None else xyz.shape[:2]  # type: ignore[union-attr]
        truth = self.truth((shape[1], shape[0]), picture.size if picture else None)
        sample = Sample(
            id=self.ref.id,
            rgb=rgb,
            xyz=xyz,
            truth=truth,
            label=self.ref.label,
            split=self.ref.split,
            intrinsics=self.intrinsics((shape[1], shape[0])),
            sources=tuple(self.sources),
            notes=tuple(self.notes),
        )
        fixed = {"unit": self.unit, "unit_note": self.unit_note} if self.unit else {}
        return Loaded(sample, self.unit, fixed)

    def open(self, role: str) -> RawFile | None:
        path = self.ref.files.get(role)
        if path is None:
            return None
        file = open_file(path, self.root)
        self.sources.append(file.source)
        return file

    def picture(self) -> Picture | None:
        file = self.open("rgb")
        if file is None:
            return None
        with about(file):
            settings = self.settings
            return decode_picture(file.data, file.suffix, settings.page, settings.bit_depth)

    def cloud(self, grid: tuple[int, int] | None) -> tuple[RawFile, Cloud] | None:
        settings = self.settings
        if file := self.open("xyz"):
            with about(file):
                return file, decode_cloud(file.data, grid, settings.page, settings.xyz_scale)
        file = self.open("depth")
        if file is None:
            return None
        camera = self.camera()
        with about(file):
            if camera is None:
                raise Unusable(
                    "depth without camera intrinsics",
                    "add intrinsics.json with fx, fy, cx, cy, or a 3x3 matrix as text",
                )
            values = depths.decode_depth(file.data, settings.page)
            scale = depths.scale_of(values, camera, settings.depth_scale)
            return file, depths.back_projected(values, camera, scale)

    def camera(self) -> Camera | None:
        path = self.ref.files.get("camera")
        if path is None:
            return None
        file = open_file(path, self.root)
        if file.source not in self.sources:
            self.sources.append(file.source)
        with about(file):
            return parse_camera(file.data)

    def intrinsics(self, size: tuple[int, int]) -> Intrinsics | None:
        """The camera on the part's grid; a camera file that nothing depends on is only noted."""
        try:
            camera = self.camera()
            return camera.sized(*size).intrinsics if camera else None
        except InputError as error:
            self.notes.append(f"camera file not used ({error.message})")
        except Unusable as refusal:
            self.notes.append(f"camera file not used ({refusal.problem})")
        return None

    def in_mm(self, file: RawFile, cloud: Cloud) -> FloatArray:
        with about(file):
            extent = units.diagonal(cloud.xyz)
            self.unit, note = units.resolve(
                extent, self.settings.unit, cloud.unit, self.native_unit
            )
            self.unit_note = note or self.unit_note
            xyz, notes = units.to_mm(cloud.xyz, self.unit, self.settings.axes)
            if self.settings.max_depth:
                beyond = xyz[..., 2] > self.settings.max_depth
                xyz[beyond] = np.nan
                check_not_empty(np.isfinite(xyz[..., 2]))
        self.notes += [*cloud.notes, *([self.unit_note] if self.unit_note else []), *notes]
        return xyz

    def fitted(self, picture: Picture | None, cloud: Cloud | None) -> Array | None:
        """The picture on the cloud's grid: upright, of the same size; refused where unclear."""
        if picture is None:
            return None
        name = name_in(self.ref.files["rgb"], self.root)
        upright = picture.upright()
        if cloud is None:
            self.notes += upright.notes
            return upright.rgb
        try:
            if picture.orientation != 1:
                check_turn(picture, cloud.size)
            rgb, notes = on_grid(upright, cloud.size)
        except Unusable as refusal:
            raise InputError(f"{name}: {refusal.problem}", cure=refusal.cure) from refusal
        self.notes += notes
        return rgb

    def truth(self, size: tuple[int, int], picture: tuple[int, int] | None) -> BoolArray | None:
        """Annotated pixels on the grid of `size`; all False for a good part without a mask.

        None where the mask contradicts the label: such a part counts for part-level figures only.
        """
        good = self.ref.label == "good"
        file = self.open("truth")
        if file is None:
            return np.zeros(size[::-1], bool) if good else None
        with about(file):
            mask = fitted_mask(decode_mask(file.data), size, picture)
        marked = int(mask.sum())
        if self.ref.label is None or good == (marked == 0):
            return mask
        contradiction = (
            f"{marked:,} pixels are marked on a part labelled good"
            if good
            else "no pixel is marked"
        )
        self.notes.append(f"mask ignored: {contradiction}; counted for part-level figures only")
        return None
