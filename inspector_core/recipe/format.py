"""The recipe folder: `recipe.json` and `tensors.safetensors`, each complete or absent.

recipe.json holds every fact and the SHA-256 of every tensor's bytes; its own `sha256` covers all of
it but the time of writing, so equal content has an equal hash wherever and whenever it was learnt.
"""

from __future__ import annotations

import json
from codecs import BOM_UTF8
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from inspector_core.decision.evidence import Evidence
from inspector_core.detectors.contract import State
from inspector_core.errors import RecipeError
from inspector_core.files import (
    new_folder,
    read_json,
    recovered,
    sha256_bytes,
    shown,
    write_json,
)
from inspector_core.recipe.migrations import FORMAT, check_format, migrated
from inspector_core.types import Array, Calibration, Thresholds

DOCUMENT = "recipe.json"
TENSORS = "tensors.safetensors"


@dataclass(frozen=True, slots=True)
class Recipe:
    """A learnt detector with its calibration.

    settings, prepare : declared settings of the detector and of the preparation, as plain values.
    fingerprint : what the good parts looked like (size, mm per pixel, unit, orientation, ...).
    learn_parts : ids learnt from.   seconds : how long learning took.
    sha256 : hash of the content, empty before it was saved.   path : where it lies, or None.
    """

    name: str
    detector: str
    settings: Mapping[str, Any]
    prepare: Mapping[str, Any]
    state: State
    calibration: Calibration
    fingerprint: Mapping[str, Any]
    learn_parts: tuple[str, ...]
    seed: int = 0
    software: Mapping[str, str] = field(default_factory=dict)
    created: str = ""
    seconds: float = 0.0
    sha256: str = ""
    path: Path | None = None

    @property
    def thresholds(self) -> Thresholds:
        return self.calibration.thresholds

    @property
    def judged(self) -> tuple[str, ...]:
        """Modalities ("rgb", "shape") that the calibration parts were scored in."""
        return tuple(self.fingerprint.get("judged", ()))

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why its detector was chosen, one sentence each; empty where somebody named it."""
        return tuple(self.fingerprint.get("choice", {}).get("reasons", ()))

    @property
    def display_top(self) -> float:
        """Upper end of every display of this recipe's maps, in times the usual."""
        return 2 * self.thresholds.t2


def save(recipe: Recipe, folder: Path, *, force: bool = False) -> Recipe:
    """Write the recipe as a new folder and return it with hash and path.

    Raises OutputError when the folder exists (unless `force`) or cannot be written.
    """
    from safetensors.numpy import save_file

    tensors = {name: np.ascontiguousarray(value) for name, value in recipe.state.tensors.items()}
    document = _document(recipe, tensors)
    document["sha256"] = content_hash(document)
    with new_folder(folder, replace=force) as temporary:
        save_file(tensors, temporary / TENSORS)
        write_json(temporary / DOCUMENT, document)
    return replace(recipe, sha256=str(document["sha256"]), path=folder)


def with_thresholds(recipe: Recipe, thresholds: Thresholds) -> Recipe:
    """The same recipe with other thresholds, not yet saved."""
    return replace(
        recipe, calibration=replace(recipe.calibration, thresholds=thresholds), sha256="", path=None
    )


def content_hash(document: Mapping[str, Any]) -> str:
    """SHA-256 over the canonical JSON of everything but the hash itself and the times."""
    relevant = {
        key: value
        for key, value in document.items()
        if key not in ("sha256", "created", "seconds", "software")
    }
    text = json.dumps(relevant, sort_keys=True, ensure_ascii=True, allow_nan=False)
    return sha256_bytes(text.encode("ascii"))


def open_recipe(folder: Path) -> Recipe:
    """Read and verify a recipe; RecipeError says what is damaged, missing or too new."""
    document = _read_document(recovered(folder))
    tensors = _read_tensors(folder, document)
    try:
        return _from_document(document, tensors, folder)
    except (KeyError, TypeError, ValueError) as error:
        raise _damaged(folder, f"{DOCUMENT} lacks or garbles {error}") from error


def _document(recipe: Recipe, tensors: Mapping[str, Array]) -> dict[str, Any]:
    calibration = recipe.calibration
    return {
        "format": FORMAT,
        "name": recipe.name,
        "detector": recipe.detector,
        "settings": dict(recipe.settings),
        "prepare": dict(recipe.prepare),
        "seed": recipe.seed,
        "learn_parts": list(recipe.learn_parts),
        "calibration": {
            "usual": dict(calibration.usual),
            "parts": list(calibration.parts),
            "scores": list(calibration.scores),
            "t1": calibration.thresholds.t1,
            "t2": calibration.thresholds.t2,
            "minimum_area_px": calibration.minimum_area_px,
            "evidence": dict(calibration.evidence),
            "in_turn": calibration.in_turn,
        },
        "fingerprint": dict(recipe.fingerprint),
        "facts": dict(recipe.state.facts),
        "tensors": {
            name: {
                "dtype": str(value.dtype),
                "shape": list(value.shape),
                "sha256": sha256_bytes(value.tobytes()),
            }
            for name, value in sorted(tensors.items())
        },
        "software": dict(recipe.software),
        "created": recipe.created,
        "seconds": recipe.seconds,
    }


def _from_document(document: Mapping[str, Any], tensors: dict[str, Array], folder: Path) -> Recipe:
    calibration = document["calibration"]
    return Recipe(
        name=str(document["name"]),
        detector=str(document["detector"]),
        settings=document["settings"],
        prepare=document["prepare"],
        state=State(tensors, document["facts"]),
        calibration=Calibration(
            usual={name: float(value) for name, value in calibration["usual"].items()},
            parts=tuple(calibration["parts"]),
            scores=tuple(float(value) for value in calibration["scores"]),
            thresholds=Thresholds(float(calibration["t1"]), float(calibration["t2"])),
            minimum_area_px=int(calibration["minimum_area_px"]),
            evidence=_evidence(calibration["evidence"]),
            in_turn=bool(calibration.get("in_turn", False)),
        ),
        fingerprint=document["fingerprint"],
        learn_parts=tuple(document["learn_parts"]),
        seed=int(document["seed"]),
        software=document["software"],
        created=str(document["created"]),
        seconds=float(document["seconds"]),
        sha256=str(document["sha256"]),
        path=folder,
    )


def _evidence(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The same document, once it is clear that maps can be joined by it."""
    if document:
        Evidence.of_document(document)
    return document


def _read_document(folder: Path) -> dict[str, Any]:
    path = folder / DOCUMENT
    if not path.is_file():
        raise RecipeError(
            f"{shown(folder)} is no recipe: {DOCUMENT} is missing",
            cure="name the folder that `relief learn --out` wrote",
        )
    try:
        document = read_json(path)
    except (ValueError, OSError) as error:
        raise _damaged(folder, f"{DOCUMENT} cannot be read: {_why(path, error)}") from error
    if not isinstance(document, dict):
        raise _damaged(folder, f"{DOCUMENT} holds no object")
    check_format(document, shown(folder))
    # the hash is that of the file as it was written, so it is compared before any migration
    if document.get("sha256") != content_hash(document):
        raise _damaged(folder, f"{DOCUMENT} was changed after it was written")
    return migrated(document)


def _why(path: Path, error: Exception) -> str:
    """Why a JSON file cannot be read, in a person's words."""
    if isinstance(error, OSError):
        return error.strerror or str(error)
    if path.read_bytes().startswith(BOM_UTF8):
        return "it begins with a byte order mark, an editor has changed it"
    if isinstance(error, json.JSONDecodeError):
        return f"no JSON in line {error.lineno}, column {error.colno}"
    if isinstance(error, UnicodeDecodeError):
        return "no UTF-8 text"
    return str(error)


def _read_tensors(folder: Path, document: Mapping[str, Any]) -> dict[str, Array]:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    path = folder / TENSORS
    try:
        tensors: dict[str, Array] = load_file(path)
    except FileNotFoundError as error:
        raise _damaged(folder, f"{TENSORS} is missing") from error
    except (SafetensorError, OSError, ValueError) as error:
        raise _damaged(folder, f"{TENSORS} cannot be read ({error})") from error
    listed = document["tensors"]
    for name in sorted(set(listed) ^ set(tensors)):
        where = "is missing" if name in listed else "is not listed"
        raise _damaged(folder, f"tensor {name} {where}")
    for name, facts in listed.items():
        # a flipped byte in a safetensors file loads without complaint
        if sha256_bytes(tensors[name].tobytes()) != facts["sha256"]:
            raise _damaged(folder, f"tensor {name} hash differs")
    return tensors


def _damaged(folder: Path, why: str) -> RecipeError:
    return RecipeError(
        f"recipe {shown(folder)} is damaged ({why})", cure="restore it from a copy or learn again"
    )
