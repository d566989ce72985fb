"""Where a plain folder keeps parts, and which role each file plays by its name or its header."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from inspector_core.data.decode import Unusable
from inspector_core.data.headers import peek
from inspector_core.data.listing import (
    Folders,
    Listing,
    has_file,
    list_folder,
    stem_and_suffix,
    suffix,
)
from inspector_core.data.pairing import CLOUD_SUFFIXES, DEPTH_SUFFIXES, PICTURE_SUFFIXES, Found
from inspector_core.files import shown
from inspector_core.types import Problem

SPLITS = {"train": "train", "validation": "validation", "val": "validation", "test": "test"}
GOOD_NAMES = frozenset({"good", "ok", "normal"})

_ROLE_FOLDERS = {
    **dict.fromkeys(("rgb", "color", "colour", "image", "images"), "rgb"),
    **dict.fromkeys(("xyz", "cloud", "clouds", "points", "pcd", "ply"), "xyz"),
    "depth": "depth",
    **dict.fromkeys(("gt", "ground_truth", "truth", "mask", "masks"), "truth"),
}
_SUFFIXES = {
    "rgb": PICTURE_SUFFIXES,
    "xyz": CLOUD_SUFFIXES,
    "depth": DEPTH_SUFFIXES,
    "truth": PICTURE_SUFFIXES,
}
_ROLE_WORDS = {
    **dict.fromkeys(("rgb", "color", "colour", "image"), "rgb"),
    **dict.fromkeys(("xyz", "cloud", "points"), "xyz"),
    "depth": "depth",
    **dict.fromkeys(("gt", "truth", "mask"), "truth"),
}
_ANY_SUFFIX = PICTURE_SUFFIXES | CLOUD_SUFFIXES | DEPTH_SUFFIXES
_NAMED_ROLE = re.compile(rf"^(.+?)[._-]({'|'.join(_ROLE_WORDS)})$", re.IGNORECASE)
_CAMERA = re.compile(
    r"^(?:(?P<part>.+?)[._-])?(?:camera[._-]?)?(?:intrinsics?|camera_parameters)$", re.IGNORECASE
)
_CAMERA_SUFFIXES = frozenset({".json", ".txt"})
_OTHER_LAYOUT = "_info_depth.yaml"


@dataclass(slots=True)
class Place:
    """A folder that holds parts.

    prefix : of the parts' ids, "" for the scanned folder itself.   by_role : rgb/ xyz/ ... inside.
    cameras : part name (lower case) to its camera file, "" for the one that all share.
    """

    listing: Listing
    prefix: str
    split: str
    label: str | None
    found: list[Found] = field(default_factory=list)
    by_role: bool = False
    cameras: dict[str, str] = field(default_factory=dict)

    @property
    def looked_for(self) -> Mapping[str, str]:
        """Role to the file name that a missing partner should have, {} for the part."""
        if self.by_role:
            return {"rgb": "rgb/{}.png", "xyz": "xyz/{}.tiff", "depth": "depth/{}.png"}
        return {"rgb": "{}.color.png", "xyz": "{}.xyz.tiff", "depth": "{}.depth.png"}

    @property
    def beside(self) -> str:
        """The role folder next to a folder that is one itself, "" where there is none."""
        parent, _, name = self.listing.path.rpartition(os.sep)
        if self.prefix or _ROLE_FOLDERS.get(name.casefold()) not in ("rgb", "xyz", "depth"):
            return ""
        others = [other for other in list_folder(parent).folders if other != name]
        roles = [
            other
            for other in others
            if _ROLE_FOLDERS.get(other.casefold()) in ("rgb", "xyz", "depth")
        ]
        return shown(roles[0]) if roles else ""

    def camera_of(self, part: str) -> str | None:
        """The camera file of a part."""
        return self.cameras.get(part.casefold()) or self.cameras.get("")

    def mask_problem(self, identity: str) -> Problem | None:
        """A bad part without a mask where others have one."""
        if self.label in ("good", None):
            return None
        return Problem(
            identity,
            f"defect type {self.label} but no mask",
            "add its mask; the part counts for part-level figures only",
        )


def candidates(folder: Path, folders: Folders) -> Iterator[Place]:
    """Folders that may hold parts, not looked into yet: the scanned folder itself, its label folders,
    and those below train, validation and test."""
    root = list_folder(folder)
    folders.new(root.path)
    yield Place(root, "", "train", "good")
    for name in filter(_may_be_label, root.folders):
        outer = list_folder(root.at(name))
        if not folders.new(outer.path):
            continue
        split = SPLITS.get(name.casefold())
        if split is None:
            yield _labelled(outer, shown(name), "", name)
            continue
        yield _labelled(outer, shown(name), split, "good" if split != "test" else "")
        for label in filter(_may_be_label, outer.folders):
            inner = list_folder(outer.at(label))
            if folders.new(inner.path):
                yield _labelled(inner, f"{shown(name)}/{shown(label)}", split, label)


def places(folder: Path, folders: Folders) -> list[Place]:
    """The candidates that hold parts, with their files; inner ones share the outer camera file."""
    own, *inner = candidates(folder, folders)
    for place in (own, *inner):
        _fill(place)
    filled = [place for place in inner if place.found]
    for place in filled:
        place.cameras = {**own.cameras, **place.cameras}
    if not own.found:
        return filled
    if filled:  # loose files beside labelled folders: nothing says what they are
        own.split, own.label = "test", None
    return [own, *filled]


def roles_in(listing: Listing) -> set[str]:
    """Roles of the files that a folder seems to hold, by names alone; stops at the first of a kind."""
    if any(name.endswith(_OTHER_LAYOUT) for name in listing.files):
        return set()
    roles = {
        role
        for name in listing.folders
        if (role := _ROLE_FOLDERS.get(name.casefold())) in ("rgb", "xyz", "depth")
        and has_file(listing.at(name), _SUFFIXES[role])
    }
    if not roles and any(suffix(name) in _ANY_SUFFIX for name in listing.files):
        roles.add("pictures or clouds")
    return roles


def _may_be_label(name: str) -> bool:
    return name.casefold() not in _ROLE_FOLDERS and name.casefold() != "calibration"


def _labelled(listing: Listing, prefix: str, split: str, name: str) -> Place:
    """A place with the label of its folder; good ones without a split are for learning."""
    label = "good" if name.casefold() in GOOD_NAMES else shown(name) or None
    return Place(listing, prefix, split or ("train" if label == "good" else "test"), label)


def _fill(place: Place) -> None:
    listing = place.listing
    if any(name.endswith(_OTHER_LAYOUT) for name in listing.files):
        return
    roles = {
        name: role
        for name in listing.folders
        if (role := _ROLE_FOLDERS.get(name.casefold())) is not None
    }
    if set(roles.values()) & {"rgb", "xyz", "depth"}:
        place.by_role = True
        place.found = _from_role_folders(listing, roles)
        place.cameras = _cameras(listing, set())
    else:
        place.found = _from_names(listing)
        masks = {name: role for name, role in roles.items() if role == "truth"}
        if place.found:
            place.found += _from_role_folders(listing, masks)
        place.cameras = _cameras(listing, {entry.part.casefold() for entry in place.found})


def _from_role_folders(listing: Listing, roles: Mapping[str, str]) -> list[Found]:
    """Files of rgb/, xyz/, ...; where both gt and mask lie there, gt is the truth."""
    chosen: dict[str, str] = {}
    for name, role in roles.items():
        if role not in chosen or name.casefold() in ("gt", "ground_truth"):
            chosen[role] = name
    found = []
    for role, name in chosen.items():
        inner = list_folder(listing.at(name))
        for file in inner.files:
            part, kind = stem_and_suffix(file)
            if kind in _SUFFIXES[role]:
                found.append(
                    Found(_unmarked(part) if role == "truth" else part, role, inner.at(file))
                )
    return found


def _unmarked(name: str) -> str:
    """NAME of NAME_mask, as MVTec AD writes its masks."""
    named = _NAMED_ROLE.match(name)
    return named[1] if named and _ROLE_WORDS[named[2].casefold()] == "truth" else name


def _from_names(listing: Listing) -> list[Found]:
    """Files that lie side by side: by NAME.color and the like, else by what their header says."""
    found: list[Found] = []
    unnamed: dict[str, list[str]] = defaultdict(list)
    for file in listing.files:
        part, kind = stem_and_suffix(file)
        if kind not in _ANY_SUFFIX:
            continue
        named = _NAMED_ROLE.match(part)
        role = _ROLE_WORDS[named[2].casefold()] if named else ""
        if named and kind in _SUFFIXES[role]:
            found.append(Found(named[1], role, listing.at(file)))
        else:
            unnamed[part].append(file)
    for part, files in unnamed.items():
        several = len(files) > 1
        found += [
            Found(part, _role_by_header(listing.at(file), several), listing.at(file))
            for file in files
        ]
    return found


def _role_by_header(path: str, several: bool) -> str:
    """xyz, depth or rgb of a file whose name does not say it.

    several : other files have the same stem, so that a one-channel 16-bit PNG is its depth.
    """
    kind = suffix(path)
    if kind in (".ply", ".pcd"):
        return "xyz"
    if kind == ".exr":
        return "depth"
    try:
        header = peek(path)
    except (Unusable, OSError):
        return "xyz" if kind == ".npy" or (kind in CLOUD_SUFFIXES and several) else "rgb"
    if header.kind == "npy":
        return "depth" if header.channels == 1 else "xyz"
    if header.floating or header.bits > 16:
        return "depth" if header.channels == 1 else "xyz"
    return "depth" if several and header.channels == 1 and header.bits == 16 else "rgb"


def _cameras(listing: Listing, parts: set[str]) -> dict[str, str]:
    """Camera files here or in calibration/: by part, and the shared one where there is just one."""
    cameras: dict[str, str] = {}
    shared: list[str] = []
    calibration = list_folder(listing.at("calibration"))
    for place in (listing, calibration):
        for file in place.files:
            name, kind = stem_and_suffix(file)
            named = _CAMERA.match(name) if kind in _CAMERA_SUFFIXES else None
            if named and named["part"] and named["part"].casefold() in parts:
                cameras[named["part"].casefold()] = place.at(file)
            elif named:
                shared.append(place.at(file))
    if len(shared) == 1:
        cameras[""] = shared[0]
    return cameras
