"""The small arrays that a comparison of two detectors needs, in memory and on disk."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from inspector_core.errors import InputError
from inspector_core.evaluation.outcome import Evaluation
from inspector_core.evaluation.resampling import Shares
from inspector_core.files import shown, write_atomic
from inspector_core.types import Array

SCHEMA = "relief-resampling/1"
_TABLES = ("normal_above", "normal_reached", "overlap_above", "overlap_reached")


@dataclass(frozen=True, slots=True)
class KeptArrays:
    """One detector's part scores and thinned curves, part by part.

    recipe : name, detector, sha256, seed.   ids : the n parts.   bad : (n,) bool.
    scores : map to (n,) float64 part scores, NaN where a part has none.
    aupro : map to the exact values at `LIMITS`; missing where only the thinned curve is known.
    shares : map to its curve by part, for the parts whose pixels count.
    """

    recipe: Mapping[str, Any]
    ids: tuple[str, ...]
    bad: Array
    scores: Mapping[str, Array]
    aupro: Mapping[str, tuple[float, ...]]
    shares: Mapping[str, Shares]

    @property
    def title(self) -> str:
        """The recipe's name for sentences."""
        return str(self.recipe.get("name") or self.recipe.get("detector") or "a recipe")

    def only(self, ids: Sequence[str]) -> KeptArrays:
        """These parts alone, in this order; exact areas stay only when no part is left out."""
        place = {part: at for at, part in enumerate(self.ids)}
        order = np.array([place[part] for part in ids], int)
        return KeptArrays(
            recipe=self.recipe,
            ids=tuple(ids),
            bad=self.bad[order],
            scores={name: values[order] for name, values in self.scores.items()},
            aupro=self.aupro if len(ids) == len(self.ids) else {},
            shares={
                name: table.only([part for part in ids if part in set(table.ids)])
                for name, table in self.shares.items()
            },
        )


def keep(evaluation: Evaluation) -> KeptArrays:
    """What a comparison needs of an evaluation that was just computed (one read back has no curves by
    part)."""
    names = dict.fromkeys(name for part in evaluation.parts for name in part.scores)
    return KeptArrays(
        recipe=dict(evaluation.recipe),
        ids=tuple(part.id for part in evaluation.parts),
        bad=np.array([part.bad for part in evaluation.parts], bool),
        scores={
            name: np.array([part.scores.get(name, np.nan) for part in evaluation.parts])
            for name in names
        },
        aupro={
            name: figures.aupro
            for name, figures in evaluation.maps.items()
            if evaluation.estimator == "exact" and figures.aupro is not None
        },
        shares={name: table.compact() for name, table in evaluation.shares.items()},
    )


def write_kept(path: Path, kept: KeptArrays) -> None:
    """Keep the arrays as an .npz without pickles, complete or not at all."""
    head = {
        "schema": SCHEMA,
        "recipe": dict(kept.recipe),
        "ids": list(kept.ids),
        "aupro": {name: list(values) for name, values in kept.aupro.items()},
        "scores": list(kept.scores),
        "shares": {name: list(table.ids) for name, table in kept.shares.items()},
    }
    arrays: dict[str, Any] = {
        "head": np.frombuffer(json.dumps(head).encode("utf-8"), np.uint8),
        "bad": kept.bad,
        **{f"scores.{name}": values for name, values in kept.scores.items()},
    }
    for name, table in kept.shares.items():
        arrays[f"{name}.n_normal"] = table.n_normal
        arrays[f"{name}.n_components"] = table.n_components
        for column in _TABLES:
            # neighbours differ little, so differences pack well
            arrays[f"{name}.{column}"] = _packed(getattr(table, column))
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)
    write_atomic(path, stream.getvalue())


def read_kept(path: Path) -> KeptArrays:
    """Arrays that `write_kept` kept; InputError when the file is none."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            return _read(archive)
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise InputError(
            f"{shown(path)} could not be read as arrays of an evaluation ({error})",
            cure="evaluate the recipe again",
        ) from error


def _read(archive: Mapping[str, Array]) -> KeptArrays:
    head = json.loads(archive["head"].tobytes().decode("utf-8"))
    if head["schema"] != SCHEMA:
        raise ValueError(f"it is {head['schema']}, not {SCHEMA}")
    return KeptArrays(
        recipe=head["recipe"],
        ids=tuple(head["ids"]),
        bad=archive["bad"],
        scores={name: archive[f"scores.{name}"] for name in head["scores"]},
        aupro={name: tuple(values) for name, values in head["aupro"].items()},
        shares={
            name: Shares(
                tuple(ids),
                archive[f"{name}.n_normal"],
                archive[f"{name}.n_components"],
                *(_unpacked(archive[f"{name}.{column}"]) for column in _TABLES),
            )
            for name, ids in head["shares"].items()
        },
    )


def _packed(column: Array) -> Array:
    if column.dtype.kind == "f":
        return column
    return np.diff(column, axis=1, prepend=column.dtype.type(0))


def _unpacked(column: Array) -> Array:
    return column if column.dtype.kind == "f" else np.cumsum(column, axis=1, dtype=column.dtype)
