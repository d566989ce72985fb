"""The VisA layout as published: Data/Images/{Normal,Anomaly}, Data/Masks/Anomaly, ../split_csv/1cls.csv.

The table (columns object, split, label, image, mask) says which pictures are for learning. Mask values
are defect classes: any but 0 is a defect. `image_anno.csv`, where it lies in the folder, names the
defect types. Converted VisA has the layout of MVTec AD and is read by that reader.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from inspector_core.data.decode import name_in
from inspector_core.data.listing import has_file, list_folder
from inspector_core.data.pairing import PICTURE_SUFFIXES, group
from inspector_core.data.parts import Loaded, load_part, options_of, read_part, refused_ref
from inspector_core.data.readers import Claim, Entry, Note
from inspector_core.data.readers.mvtec_ad import (
    PICTURES_ONLY,
    PictureSettings,
    found_masks,
    found_pictures,
    lonely_mask,
    missing_mask,
)
from inspector_core.errors import InputError
from inspector_core.progress import Progress
from inspector_core.settings import setting
from inspector_core.types import Problem, SampleRef

BAD, COMBINED = "bad", "combined"
UNLISTED = "unlisted"
"""Split of pictures that the table does not name."""

_KINDS = {"Normal": "good", "Anomaly": BAD}
_IMAGES = os.path.join("Data", "Images")
_MASKS = os.path.join("Data", "Masks")
_TYPES = "image_anno.csv"
_STEP = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class VisASettings(PictureSettings):
    """Also which of the published divisions is used."""

    division: str = setting(
        "1cls",
        choices=("1cls", "2cls_fewshot", "2cls_highshot"),
        help="Table in split_csv that says which pictures are for learning.",
        published="1cls",
    )


class VisA:
    """Reader of the VisA layout as published."""

    name = "visa"
    title = "VisA as published: Data/Images, Data/Masks, tables in split_csv beside"
    settings = VisASettings

    def claims(self, folder: Path) -> Claim:
        """Sure when Data/Images holds Normal or Anomaly with pictures in it."""
        for kind in _KINDS:
            if has_file(os.fspath(folder / _IMAGES / kind), PICTURE_SUFFIXES):
                return Claim(1.0, f"Data/Images/{kind} holds pictures")
        return Claim(0.0, "no Data/Images/Normal or Data/Images/Anomaly with pictures")

    def refs(self, folder: Path, settings: VisASettings) -> Iterator[Entry]:
        """Parts of both kinds; see the Reader protocol."""
        root = os.fspath(folder)
        options = options_of(settings, root)
        yield Note(PICTURES_ONLY)
        table = folder.parent / "split_csv" / f"{settings.division}.csv"
        splits, problem = _splits(table, folder.name, root)
        if problem is not None:
            yield problem
        types = _types(folder / _TYPES)
        unlisted, count = 0, 0
        listed = set(splits)
        for kind, label in _KINDS.items():
            pictures = found_pictures(list_folder(folder / _IMAGES / kind))
            masks = found_masks(pictures, list_folder(folder / _MASKS / kind))
            for part in group([*pictures, *masks], root):
                if count % _STEP == 0:
                    yield Progress("Reading the folder", count)
                count += 1
                if set(part.files) == {"truth"} and part.problem is None:
                    yield lonely_mask(f"Data/Masks/{kind}/{part.name}")
                    continue
                key = f"{kind}/{part.name}".casefold()
                listed.discard(key)
                split = splits.get(key, UNLISTED) if splits else _usual_split(kind)
                unlisted += split == UNLISTED
                ref = SampleRef(
                    f"{kind}/{part.name}",
                    split,
                    types.get(key, label) if label == BAD else label,
                    part.files,
                    read_part,
                    options,
                )
                yield ref if part.problem is None else refused_ref(ref, part.problem)
                if part.problem is not None:
                    yield part.problem
                elif "truth" not in part.files:
                    yield from missing_mask(ref, f"Data/Masks/{kind}/{part.name}.png")
        if unlisted:
            yield Note(f"pictures that {table.name} does not name: {unlisted}, split {UNLISTED}")
        if listed:
            yield Problem(
                name_in(os.fspath(table), root),
                f"pictures that it names and are not here: {len(listed)}, the first {min(listed)}",
                "copy the folder again",
            )

    def first(self, ref: SampleRef) -> Loaded:
        """See the Reader protocol."""
        return load_part(ref)


def _usual_split(kind: str) -> str:
    """Without the table: whatever is normal can be learnt from."""
    return "train" if kind == "Normal" else "test"


def _splits(table: Path, category: str, root: str) -> tuple[dict[str, str], Problem | None]:
    """ "anomaly/000" (lower case) to the split that the table gives it, {} where there is no table."""
    name = name_in(os.fspath(table), root)
    try:
        rows = _rows(table)
    except FileNotFoundError:
        return {}, Problem(
            name,
            "no such table: all normal parts count as train, all others as test",
            "copy split_csv from the original; until then no good part is left to test with",
        )
    except (OSError, ValueError, csv.Error) as error:
        raise InputError(f"{name}: no table of pictures", cure="copy it again") from error
    own = [row for row in rows if row.get("object") == category and row.get("split")]
    splits = {key: row["split"] for row in own if (key := _key(row.get("image") or ""))}
    if not splits:
        raise InputError(
            f"{name}: holds no pictures of {category}",
            cure="give the folder the name that it has in the table",
        )
    return splits, None


def _types(path: Path) -> dict[str, str]:
    """ "anomaly/000" (lower case) to its defect type, "combined" for several; {} without the table."""
    try:
        rows = _rows(path)
    except (OSError, ValueError, csv.Error):
        return {}
    types = {}
    for row in rows:
        names = [name.strip() for name in (row.get("label") or "").split(",") if name.strip()]
        if key := _key(row.get("image") or ""):
            types[key] = names[0] if len(names) == 1 else COMBINED if names else BAD
    return types


def _rows(path: Path) -> list[Mapping[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def _key(image: str) -> str:
    """The last folder and the stem of "candle/Data/Images/Anomaly/000.JPG", lower case."""
    *_, kind, file = ["", *image.replace("\\", "/").split("/")]
    return f"{kind}/{file.rpartition('.')[0]}".casefold() if kind and file else ""
