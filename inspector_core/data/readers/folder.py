"""Plain folders: pictures, organised clouds or depth side by side, with or without subfolders.

rgb/ xyz/ depth/ gt/           pairs by stem          NAME.color.png NAME.depth.png   pairs by suffix
good/ bad/ ANYTHING/           give labels            train/ validation/ test/        give splits
intrinsics.json, *intrinsics*.txt, camera_parameters.json   one camera for the folder, or NAME.intrinsics
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from inspector_core.data.listing import Folders
from inspector_core.data.pairing import check_complete, expected_roles, group
from inspector_core.data.parts import (
    FolderSettings,
    Loaded,
    load_part,
    options_of,
    read_part,
    refused_ref,
)
from inspector_core.data.readers import Claim, Entry, Note
from inspector_core.data.readers.folder_places import Place, candidates, places, roles_in
from inspector_core.errors import InputError
from inspector_core.progress import Progress
from inspector_core.types import SampleRef

_USUAL = 0.5
_STEP = 50
_FEW = 20


class Folder:
    """Reader of plain folders."""

    name = "folder"
    title = "Plain folder: pictures, organised clouds or depth, paired by name"
    settings = FolderSettings

    def claims(self, folder: Path) -> Claim:
        """Never surer than a layout with rules of its own."""
        try:
            for place in candidates(folder, Folders()):
                if roles := roles_in(place.listing):
                    where = place.prefix or "the folder itself"
                    return Claim(0.3, f"{where} holds {' and '.join(sorted(roles))}")
        except InputError as error:
            return Claim(0.0, error.message)
        return Claim(0.0, "no pictures, clouds or depth where a plain folder has them")

    def refs(self, folder: Path, settings: FolderSettings) -> Iterator[Entry]:
        """Parts of all places; see the Reader protocol."""
        folders = Folders()
        found = places(folder, folders)
        root = os.fspath(folder)
        for text in (*_notes(found), *folders.notes(root)):
            yield Note(text)
        options = options_of(settings, root)
        grouped = [(place, list(group(place.found, root))) for place in found]
        everything = [
            part for _, parts in grouped for part in parts if set(part.files) != {"truth"}
        ]
        # a folder for a kind of file says that each part has one; a stray file beside others does not
        share = 0.0 if any(place.by_role for place in found) else _USUAL
        expected = expected_roles(everything, share)
        masked = any("truth" in part.files for part in everything)
        count = 0
        for place, parts in grouped:
            for part in parts:
                if set(part.files) == {"truth"}:
                    continue
                if count % _STEP == 0:
                    yield Progress("Reading the folder", count, len(everything))
                count += 1
                identity = f"{place.prefix}/{part.name}".lstrip("/")
                problem = check_complete(part, identity, expected, place.looked_for)
                camera = place.camera_of(part.name)
                files = {**part.files, "camera": camera} if camera else part.files
                ref = SampleRef(identity, place.split, place.label, files, read_part, options)
                yield ref if part.problem is None else refused_ref(ref, part.problem)
                if problem is None and masked and "truth" not in part.files:
                    problem = place.mask_problem(identity)
                if problem is not None:
                    yield problem

    def first(self, ref: SampleRef) -> Loaded:
        """See the Reader protocol."""
        return load_part(ref)


def _notes(found: list[Place]) -> Iterator[str]:
    labels = {place.label for place in found}
    if len(found) == 1 and not found[0].prefix:
        yield "no subfolders with labels: all parts count as good"
    elif "good" not in labels:
        yield "no subfolder is called good: there is nothing to learn from"
    for place in found:
        beside = place.beside
        if beside:
            yield f"{beside} lies beside this folder: open the folder above to use both"
