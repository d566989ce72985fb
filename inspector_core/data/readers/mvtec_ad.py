"""The MVTec AD layout: <split>/<label>/NAME.png, ground_truth/<defect>/NAME_mask.png; pictures alone.

File numbers repeat from folder to folder, so a part is paired with the masks of its own defect type
only. A mask value other than 0 is a defect. VisA in its converted form has this layout too (JPEG
pictures, masks called NAME.png).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from inspector_core.data.listing import Folders, Listing, has_file, list_folder, stem_and_suffix
from inspector_core.data.pairing import PICTURE_SUFFIXES, Found, Part, group
from inspector_core.data.parts import Loaded, load_part, options_of, read_part, refused_ref
from inspector_core.data.readers import Claim, Entry, Note
from inspector_core.errors import InputError
from inspector_core.files import shown
from inspector_core.progress import Progress
from inspector_core.settings import setting
from inspector_core.types import Problem, SampleRef

SPLITS = {"train": "train", "validation": "validation", "val": "validation", "test": "test"}
TRUTH = "ground_truth"
PICTURES_ONLY = "pictures only: there is no shape in this layout"

_OTHER_ENDINGS = (".depth", ".xyz", ".color", ".colour", "_depth", "_xyz", "_color", "_rgb")
_OTHER_SUFFIXES = frozenset({".npy", ".ply", ".pcd", ".exr"})
_MASK = "_mask"
_STEP = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureSettings:
    """How picture files are understood where they do not say it themselves."""

    page: int = setting(0, low=0, help="Page of a file with several; 0 refuses such files.")
    bit_depth: int = setting(
        0, low=0, high=16, unit="bit", help="Bits that 16-bit pictures really use; 0 takes all 16."
    )


@dataclass(frozen=True, slots=True)
class _Label:
    """One <split>/<label> folder; prefix begins the ids of its parts."""

    split: str
    name: str
    prefix: str
    listing: Listing


class MVTecAD:
    """Reader of the MVTec AD layout."""

    name = "mvtec_ad"
    title = "MVTec AD: train and test with pictures, masks in ground_truth"
    settings = PictureSettings

    def claims(self, folder: Path) -> Claim:
        """Sure where label folders hold nothing but pictures and masks lie in ground_truth.

        Without ground_truth it is a plain folder of pictures as well, and is left to that reader.
        """
        try:
            label = next(_label_folders(folder, Folders()), None)
            if label is None:
                return Claim(0.0, "no train or test folder with pictures right inside its labels")
            if TRUTH in list_folder(folder).folders:
                return Claim(1.0, f"{label.prefix} holds pictures, {TRUTH} lies beside")
            return Claim(0.2, f"{label.prefix} holds pictures, but there is no {TRUTH}")
        except InputError as error:
            return Claim(0.0, error.message)

    def refs(self, folder: Path, settings: PictureSettings) -> Iterator[Entry]:
        """Parts of all splits; see the Reader protocol."""
        root = os.fspath(folder)
        folders = Folders()
        labels = list(_label_folders(folder, folders))
        yield Note(PICTURES_ONLY)
        for text in folders.notes(root):
            yield Note(text)
        masked = TRUTH in list_folder(folder).folders
        if not masked and any(label.name != "good" for label in labels):
            yield Problem(
                TRUTH,
                "no such folder, so no defect is marked",
                "copy it beside train and test; until then there are part-level figures only",
            )
        options = options_of(settings, root)
        count = 0
        for label in labels:
            truth = list_folder(folder / TRUTH / label.listing.path.rpartition(os.sep)[2])
            masks = truth if masked and label.split == "test" else Listing("")
            for part in _parts(label.listing, masks, root):
                if count % _STEP == 0:
                    yield Progress("Reading the folder", count)
                count += 1
                ref = SampleRef(
                    f"{label.prefix}/{part.name}",
                    label.split,
                    label.name,
                    part.files,
                    read_part,
                    options,
                )
                if set(part.files) == {"truth"} and part.problem is None:
                    yield lonely_mask(f"{TRUTH}/{label.name}/{part.name}")
                    continue
                yield ref if part.problem is None else refused_ref(ref, part.problem)
                if part.problem is not None:
                    yield part.problem
                elif masked and label.split == "test" and "truth" not in part.files:
                    yield from missing_mask(ref, f"{TRUTH}/{label.name}/{part.name}{_MASK}.png")

    def first(self, ref: SampleRef) -> Loaded:
        """See the Reader protocol."""
        return load_part(ref)


def missing_mask(ref: SampleRef, looked_for: str) -> Iterator[Problem]:
    """The problem of a bad part without a mask; none for a good one."""
    if ref.label != "good":
        yield Problem(
            ref.id,
            f"defect type {ref.label} but no mask",
            f"add {looked_for}; the part counts for part-level figures only",
        )


def lonely_mask(name: str) -> Problem:
    """The problem of a mask that belongs to no picture."""
    return Problem(name, "a mask without its picture", "add the picture or remove the mask")


def found_masks(pictures: list[Found], masks: Listing) -> list[Found]:
    """The masks of a folder by the name of their picture: NAME_mask, or NAME itself."""
    names = {entry.part.casefold() for entry in pictures}
    found = []
    for file in masks.files:
        stem, suffix = stem_and_suffix(file)
        if suffix in PICTURE_SUFFIXES:
            plain = stem.casefold() in names or not stem.endswith(_MASK)
            part = stem if plain else stem.removesuffix(_MASK)
            found.append(Found(part, "truth", masks.at(file)))
    return found


def found_pictures(listing: Listing) -> list[Found]:
    """The pictures of a folder, each a part of its own."""
    return [
        Found(stem, "rgb", listing.at(file))
        for file in listing.files
        for stem, suffix in [stem_and_suffix(file)]
        if suffix in PICTURE_SUFFIXES
    ]


def _parts(listing: Listing, masks: Listing, root: str) -> Iterator[Part]:
    pictures = found_pictures(listing)
    return group([*pictures, *found_masks(pictures, masks)], root)


def _label_folders(folder: Path, folders: Folders) -> Iterator[_Label]:
    """Every label folder of every split that holds pictures alone, each real folder once."""
    present = set(list_folder(folder).folders)
    for name, split in SPLITS.items():
        if name not in present:
            continue
        outer = list_folder(folder / name)
        for label in outer.folders:
            path = outer.at(label)
            if not has_file(path, PICTURE_SUFFIXES):
                continue
            listing = list_folder(path)
            if _pictures_alone(listing) and folders.new(path):
                yield _Label(split, shown(label), shown(f"{name}/{label}"), listing)


def _pictures_alone(listing: Listing) -> bool:
    """False where names say that depth or clouds lie beside the pictures."""
    for file in listing.files:
        stem, suffix = stem_and_suffix(file)
        if suffix in _OTHER_SUFFIXES or stem.casefold().endswith(_OTHER_ENDINGS):
            return False
    return not {"rgb", "xyz", "depth"} & {name.casefold() for name in listing.folders}
