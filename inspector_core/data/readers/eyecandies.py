"""The Eyecandies layout: <split>/data/<index>_<item>.<ext>, six lights, 16-bit depth, normals, masks.

Every depth value is a measurement (0 and 65535 too). Depth has no physical unit: it is multiplied by
100 and called "nominal mm". Camera: pinhole, 711.11 px at 512 px width, principal point (W/2, H/2).
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from inspector_core.data.camera import Camera
from inspector_core.data.decode import RawFile, Unusable, about, name_in, open_file
from inspector_core.data.grids import fitted_mask
from inspector_core.data.listing import list_folder
from inspector_core.data.parts import Loaded, options_of, refused_ref
from inspector_core.data.pictures import decode_grey, decode_mask, decode_picture
from inspector_core.data.readers import Claim, Entry, Note
from inspector_core.data.readers.eyecandies_published import (
    FOCAL_PX,
    published_background,
    published_cloud,
    published_depth,
)
from inspector_core.errors import InputError
from inspector_core.progress import Progress
from inspector_core.settings import setting
from inspector_core.types import Array, FloatArray, Problem, Sample, SampleRef, Source

SPLITS = {
    "train": "train",
    "val": "validation",
    "test_public": "test",
    "test_private": "test_private",
}
KINDS = ("bumps", "dents", "colors", "normals")
NOMINAL_MM = 100.0

_FILE = re.compile(r"^(\d+)_(\w+)\.(?:png|yaml|txt)$")
_ENTRY = re.compile(rb"^\s*(\w+):\s*([-+.\deE]+)\s*$", re.MULTILINE)
_ITEMS = {
    "depth": "depth",
    "info_depth": "info",
    "normals": "normals",
    "pose": "pose",
    "mask": "truth",
}
_NEEDED = {"depth": "{}_depth.png", "info": "{}_info_depth.yaml"}
_WIDTH = 512
_STEP = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class EyecandiesSettings:
    """Which of the published pictures is used, and what becomes of the belt."""

    light: int = setting(
        0, low=0, high=5, help="Light: 0 all spots, 1 to 4 one spot, 5 soft.", published=4
    )
    published_background: bool = setting(
        False,
        help="Points that the published rule calls background become missing.",
        published=True,
    )


class Eyecandies:
    """Reader of the Eyecandies layout."""

    name = "eyecandies"
    title = "Eyecandies: train, val, test_public with flat files in data"
    settings = EyecandiesSettings

    def claims(self, folder: Path) -> Claim:
        """Sure when a split's data folder holds <index>_info_depth.yaml."""
        try:
            for name in SPLITS:
                files = list_folder(folder / name / "data").files
                if any(file.endswith("_info_depth.yaml") for file in files):
                    return Claim(1.0, f"{name}/data holds depth with its normalisation")
        except InputError as error:
            return Claim(0.0, error.message)
        return Claim(0.0, "no train/data or test_public/data with depth and its normalisation")

    def refs(self, folder: Path, settings: EyecandiesSettings) -> Iterator[Entry]:
        """Parts of all splits; see the Reader protocol."""
        root = os.fspath(folder)
        options = options_of(settings, root)
        yield Note("nominal scale: depth has no physical unit, lengths are nominal mm (times 100)")
        substituted = 0
        count = 0
        for outer, split in SPLITS.items():
            for index, items in _by_index(list_folder(folder / outer / "data").files).items():
                if count % _STEP == 0:
                    yield Progress("Reading the folder", count)
                count += 1
                data = folder / outer / "data"
                files = {item: os.fspath(data / name) for item, name in items.items()}
                ref, problem = _ref(f"{outer}/{index}", split, files, settings.light, options)
                substituted += _light_of(ref.files) not in (settings.light, None)
                yield ref
                if problem is not None:
                    yield problem
        if substituted:
            yield Note(f"image_{settings.light} missing for {substituted} parts: image_0 used")

    def first(self, ref: SampleRef) -> Loaded:
        """See the Reader protocol."""
        return Loaded(read(ref), "nominal")


def read(ref: SampleRef) -> Sample:
    """Decode a part; raises InputError with file, problem and cure."""
    files = _Files(ref)
    picture = files.open("rgb")
    with about(picture):
        decoded = decode_picture(picture.data, picture.suffix)
    rgb, shape = decoded.rgb, decoded.rgb.shape[:2]
    raw, low, high = files.depth(shape)
    camera = _camera(shape[1], shape[0])
    depth = published_depth(raw, low, high)
    xyz = camera.points(depth)
    notes = ["nominal scale: depth times 100 is called mm", *decoded.notes]
    light = _light_of(ref.files)
    if light != ref.options["light"]:
        notes.append(f"image_{light} used, image_{ref.options['light']} is missing")
    if ref.options["published_background"]:
        xyz[files.background(raw, low, high)] = np.nan
        notes.append("points of the published background rule taken as missing")
    return Sample(
        id=ref.id,
        rgb=rgb,
        xyz=(xyz * NOMINAL_MM).astype(np.float32),
        normals=files.normals(shape),
        truth=files.truth(shape),
        label=ref.label,
        split=ref.split,
        intrinsics=camera.intrinsics,
        sources=tuple(files.sources),
        notes=tuple(notes),
        unit="nominal mm",
    )


class _Files:
    """The files of one part while they are read; collects their hashes."""

    def __init__(self, ref: SampleRef) -> None:
        self.ref = ref
        self.root = str(ref.options.get("root", ""))
        self.sources: list[Source] = []

    def open(self, role: str) -> RawFile:
        file = open_file(self.ref.files[role], self.root)
        self.sources.append(file.source)
        return file

    def depth(self, shape: tuple[int, ...]) -> tuple[Array, float, float]:
        """(H, W) uint16 and the two ends of its range in nominal units."""
        info = self.open("info")
        with about(info):
            values = _entries(info.data)
            if not {"min", "max"} <= values.keys() or values["min"] >= values["max"]:
                raise Unusable("no normalisation min and max", "copy the file again")
        file = self.open("depth")
        with about(file):
            raw = decode_grey(file.data)
            if raw.shape != shape:
                raise Unusable(
                    f"depth {raw.shape[1]}x{raw.shape[0]}, picture {shape[1]}x{shape[0]}",
                    "copy the part again from the original",
                )
        return raw, values["min"], values["max"]

    def normals(self, shape: tuple[int, ...]) -> FloatArray | None:
        """(H, W, 3) unit vectors towards the camera, x right, y down, z away; NaN where undefined.

        Stored as (n + 1) * 127.5 with y up and z towards the camera, and not of length 1.
        """
        if "normals" not in self.ref.files:
            return None
        file = self.open("normals")
        with about(file):
            stored = decode_picture(file.data).rgb
            if stored.shape[:2] != shape or stored.dtype != np.uint8:
                raise Unusable("normals do not match the picture", "copy the part again")
        return _unit_vectors(stored)

    def truth(self, shape: tuple[int, ...]) -> Array | None:
        """(H, W) bool; None for the private test parts, whose truth is not published."""
        if "truth" not in self.ref.files:
            return np.zeros(shape, bool) if self.ref.label == "good" else None
        file = self.open("truth")
        with about(file):
            size = (shape[1], shape[0])
            return fitted_mask(decode_mask(file.data), size, size)

    def background(self, raw: Array, low: float, high: float) -> Array:
        """(H, W) bool by the published rule."""
        if "pose" not in self.ref.files:
            raise InputError(
                f"{self.ref.id}: pose missing, the published background rule needs it",
                cure="copy the pose file or use --set published_background=no",
            )
        file = self.open("pose")
        with about(file):
            try:
                pose = np.array(file.data.split(), np.float64).reshape(4, 4)
            except ValueError as error:
                raise Unusable("no 4x4 pose", "copy the file again") from error
        focal = FOCAL_PX * raw.shape[1] / _WIDTH
        cloud = published_cloud(raw, low, high, pose, focal)
        return published_background(cloud, raw.shape[1] // 2)[1]


def _unit_vectors(stored: Array) -> FloatArray:
    """(H, W, 3) uint8 to float32 unit vectors in our frame, one plane at a time for speed."""
    x, y, z = (stored[..., axis].astype(np.float32) / np.float32(127.5) - 1 for axis in range(3))
    length = np.sqrt(x * x + y * y + z * z)
    with np.errstate(divide="ignore"):
        scale = np.where(length > 0, 1 / length, np.float32(np.nan))
    return np.stack([x * scale, -y * scale, -z * scale], axis=2)


def _camera(width: int, height: int) -> Camera:
    focal = FOCAL_PX * width / _WIDTH
    return Camera(focal, focal, width / 2, height / 2, width, height)


def _by_index(names: tuple[str, ...]) -> dict[str, dict[str, str]]:
    """Index to item ("depth", "image_0", ...) to file name, in the order of the names."""
    parts: dict[str, dict[str, str]] = defaultdict(dict)
    for name in names:
        if found := _FILE.match(name):
            parts[found[1]][found[2]] = name
    return parts


def _ref(
    identity: str, split: str, files: Mapping[str, str], light: int, options: dict[str, object]
) -> tuple[SampleRef, Problem | None]:
    roles = {role: files[item] for item, role in _ITEMS.items() if item in files}
    picture = files.get(f"image_{light}") or files.get("image_0")
    if picture is not None:
        roles = {"rgb": picture, **roles}
    label, problem = _label(files, str(options["root"]))
    ref = SampleRef(identity, split, label, roles, read, options)
    index = identity.rpartition("/")[2]
    missing = [name.format(index) for role, name in _NEEDED.items() if role not in roles]
    if picture is None:
        missing.append(f"{index}_image_0.png")
    if missing:
        problem = Problem(
            identity,
            f"incomplete, looked for {', '.join(missing)}",
            "copy the files again or remove the part",
        )
        return refused_ref(ref, problem), problem
    return ref, problem


def _light_of(files: Mapping[str, str]) -> int | None:
    found = re.search(r"_image_(\d)\.png$", files.get("rgb", ""))
    return int(found[1]) if found else None


def _label(files: Mapping[str, str], root: str) -> tuple[str | None, Problem | None]:
    """good, one kind, or combined, from the metadata; from the kinds' masks where these are missing."""
    path = files.get("metadata")
    if path is None:
        return _label_from_masks(files)
    try:
        values = _entries(Path(path).read_bytes())
        kinds = [kind for kind in KINDS if values.get(f"anomalous_{kind}")]
        if "anomalous" not in values:
            raise ValueError
    except (OSError, ValueError):
        problem = Problem(name_in(path, root), "no metadata in it", "copy the file again")
        return None, problem
    return _name_of(kinds, bool(values["anomalous"])), None


def _label_from_masks(files: Mapping[str, str]) -> tuple[str | None, Problem | None]:
    masks = {kind: files[f"{kind}_mask"] for kind in KINDS if f"{kind}_mask" in files}
    if len(masks) < len(KINDS):
        return None, None
    try:
        kinds = [kind for kind, path in masks.items() if decode_mask(Path(path).read_bytes()).any()]
    except (OSError, Unusable):
        return None, None
    return _name_of(kinds, bool(kinds)), None


def _name_of(kinds: list[str], anomalous: bool) -> str:
    if not anomalous:
        return "good"
    return kinds[0] if len(kinds) == 1 else "combined"


def _entries(data: bytes) -> dict[str, float]:
    """Numbers of a small YAML file, nested keys flattened; raises ValueError."""
    return {key.decode(): float(value) for key, value in _ENTRY.findall(data)}
