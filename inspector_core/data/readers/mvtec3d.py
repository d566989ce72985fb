"""The MVTec 3D-AD layout: <split>/<label>/{rgb,xyz,gt}/NAME.*, xyz in metres, (0, 0, 0) = missing.

Pairs are made by name, never by position. A gt value other than 0 is a defect (published files hold
type codes 253 to 255). Works without any xyz (RGB only) and without any rgb.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from inspector_core.data.decode import Unusable, name_in
from inspector_core.data.listing import (
    Folders,
    Listing,
    exists,
    has_file,
    list_folder,
    stem_and_suffix,
)
from inspector_core.data.pairing import (
    CLOUD_SUFFIXES,
    PICTURE_SUFFIXES,
    Found,
    Part,
    check_complete,
    group,
)
from inspector_core.data.parts import (
    Loaded,
    PartSettings,
    load_part,
    options_of,
    read_part,
    refused_ref,
)
from inspector_core.data.pictures import decode_mask
from inspector_core.data.readers import Claim, Entry, Note
from inspector_core.errors import InputError
from inspector_core.files import shown
from inspector_core.progress import Progress
from inspector_core.types import Problem, SampleRef

SPLITS = {"train": "train", "validation": "validation", "val": "validation", "test": "test"}
_ROLES = {"rgb": "rgb", "xyz": "xyz", "gt": "truth"}
_SUFFIXES = {"rgb": PICTURE_SUFFIXES, "xyz": CLOUD_SUFFIXES, "truth": PICTURE_SUFFIXES}
_LOOKED_FOR = {"rgb": "rgb/{}.png", "xyz": "xyz/{}.tiff"}
_STEP = 50


@dataclass(frozen=True, slots=True)
class _Label:
    """One <split>/<label> folder; prefix begins the ids of its parts."""

    split: str
    name: str
    prefix: str
    listing: Listing

    @property
    def roles(self) -> set[str]:
        """Roles that it holds files of."""
        return {
            role
            for name, role in _ROLES.items()
            if name in self.listing.folders and has_file(self.listing.at(name), _SUFFIXES[role])
        }


class MVTec3D:
    """Reader of the MVTec 3D-AD layout."""

    name = "mvtec3d"
    title = "MVTec 3D-AD: train, validation, test with rgb, xyz and gt"
    settings = PartSettings

    def claims(self, folder: Path) -> Claim:
        """Sure when a split holds a label folder with rgb or xyz in it."""
        kinds: set[str] = set()
        try:
            for label in _label_folders(folder, Folders()):
                kinds |= {"rgb", "xyz"} & set(label.listing.folders)
                if len(kinds) == 2:
                    return Claim(1.0, f"{label.prefix} holds rgb and xyz")
        except InputError as error:
            return Claim(0.0, error.message)
        if kinds:
            return Claim(0.9, f"train or test folders hold {kinds.pop()}, and nothing else")
        return Claim(0.0, "no train or test folder with rgb or xyz inside")

    def refs(self, folder: Path, settings: PartSettings) -> Iterator[Entry]:
        """Parts of all splits; see the Reader protocol."""
        root = os.fspath(folder)
        folders = Folders()
        labels = list(_label_folders(folder, folders))
        for text in folders.notes(root):
            yield Note(text)
        present = {role for label in labels for role in label.roles}
        if "xyz" not in present:
            yield Note("no xyz folder: pictures only, shape is missing")
        if "rgb" not in present:
            yield Note("no rgb folder: clouds only, colour is missing")
        camera = folder / "calibration" / "camera_parameters.json"
        shared = {"camera": os.fspath(camera)} if exists(camera) else {}
        options = options_of(settings, root, native_unit="m")
        empty_masks: dict[bytes, int] = {}
        count = 0
        for label in labels:
            for part in _parts(label.listing, root):
                if count % _STEP == 0:
                    yield Progress("Reading the folder", count)
                count += 1
                identity = f"{label.prefix}/{part.name}"
                problem = check_complete(part, identity, present - {"truth"}, _LOOKED_FOR)
                files = {**part.files, **shared}
                ref = SampleRef(identity, label.split, label.name, files, read_part, options)
                yield ref if part.problem is None else refused_ref(ref, part.problem)
                if problem is None and "truth" in present and label.split == "test":
                    problem = _mask_problem(ref, root, empty_masks)
                if problem is not None:
                    yield problem

    def first(self, ref: SampleRef) -> Loaded:
        """See the Reader protocol."""
        return load_part(ref)


def _label_folders(folder: Path, folders: Folders) -> Iterator[_Label]:
    """Every label folder of every split that holds rgb or xyz, each real folder once."""
    present = set(list_folder(folder).folders)
    for name, split in SPLITS.items():
        if name not in present:
            continue
        outer = list_folder(folder / name)
        for label in outer.folders:
            listing = list_folder(outer.at(label))
            if {"rgb", "xyz"} & set(listing.folders) and folders.new(listing.path):
                yield _Label(split, shown(label), shown(f"{name}/{label}"), listing)


def _parts(listing: Listing, root: str) -> Iterator[Part]:
    found: list[Found] = []
    for name, role in _ROLES.items():
        if name not in listing.folders:
            continue
        inner = list_folder(listing.at(name))
        for file in inner.files:
            part, kind = stem_and_suffix(file)
            if kind in _SUFFIXES[role]:
                found.append(Found(part, role, inner.at(file)))
    return (part for part in group(found, root) if set(part.files) != {"truth"})


def _mask_problem(ref: SampleRef, root: str, known: dict[bytes, int]) -> Problem | None:
    """A bad part without mask, or a good part with a mask that marks something."""
    path = ref.files.get("truth")
    if path is None:
        if ref.label == "good":
            return None
        return Problem(
            ref.id,
            f"defect type {ref.label} but no mask",
            f"add gt/{ref.id.rpartition('/')[2]}.png; the part counts for part-level figures only",
        )
    if ref.label != "good":
        return None
    marked = _marked(path, known)
    if not marked:
        return None
    return Problem(
        name_in(path, root),
        f"{marked:,} pixels are marked on a part labelled good",
        "check the label; the part counts for part-level figures only",
    )


def _marked(path: str, known: dict[bytes, int]) -> int:
    """Marked pixels of a mask. Empty masks of one size are equal files: each is decoded once."""
    try:
        data = Path(path).read_bytes()
        if data not in known:
            known[data] = int(decode_mask(data).sum())
        return known[data]
    except (Unusable, OSError):
        return 0  # the header check or loading says what is wrong with the file
