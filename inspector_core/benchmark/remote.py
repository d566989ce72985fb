"""Inspecting many parts on a cluster: chunks go out, results come back and are kept in their order."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from inspector_core.benchmark import cluster
from inspector_core.benchmark.inputs import hash_of
from inspector_core.engine import Inspected, Inspector
from inspector_core.errors import DeviceError, RecipeError
from inspector_core.loading import load
from inspector_core.progress import Job, Progress
from inspector_core.recipe import open_recipe
from inspector_core.store import ResultStore
from inspector_core.types import Result, SampleRef

CHUNK = 4
"""Parts a call; their maps come back together."""
_AHEAD = 3
"""Chunks out or unread for each worker: enough to keep it busy, few enough for its memory."""


def inspect_on(
    address: str,
    refs: Sequence[SampleRef],
    recipe_folder: Path,
    recipe_sha256: str,
    *,
    store: ResultStore | None = None,
    device: str = "auto",
) -> Job[tuple[Result, ...]]:
    """The same as `engine.inspect`, on the machines of a Dask scheduler at tcp://HOST:PORT.

    Parts and recipe must lie at the same paths there. Yields `Inspected` part by part in the order of
    `refs`; a part that fails gets its sentence. Raises DeviceError when the cluster cannot be used,
    RecipeError when the recipe changed on the way.
    """
    chunks = [refs[at : at + CHUNK] for at in range(0, len(refs), CHUNK)]
    folder = os.fspath(recipe_folder.absolute())
    with cluster.connected(address) as client:
        yield from cluster.checked(client, [folder, *_folders(refs)])
        calls = [
            cluster.Call(_key(chunk, recipe_sha256, device), (folder, recipe_sha256, chunk, device))
            for chunk in chunks
        ]
        results: list[Result] = []
        window = _AHEAD * max(1, cluster.workers(client))
        yield Progress("Inspecting", 0, len(refs))
        for found in cluster.answers(client, inspected, calls, window=window, in_order=True):
            if isinstance(found, cluster.Waiting):
                stage = f"Inspecting on {found.workers} workers"
                yield Progress(stage, len(results), len(refs), found.note)
                continue
            if found.error:
                raise DeviceError(
                    f"the cluster gave up: {found.error}", cure="inspect here instead"
                )
            for result in found.value:
                if store is not None:
                    store.write(result)
                results.append(result.without_maps())
                stage = f"Inspecting {result.id}"
                yield Inspected(stage, len(results), len(refs), "", result)
    return tuple(results)


def inspected(
    folder: str, sha256: str, refs: Sequence[SampleRef], device: str
) -> tuple[Result, ...]:
    """Results of some parts, maps included. A module-level function: what workers call."""
    inspector = _inspector(folder, sha256, device)
    return tuple(inspector.result(load(ref, inspector.context.prepare)) for ref in refs)


@lru_cache(maxsize=1)
def _inspector(folder: str, sha256: str, device: str) -> Inspector:
    """A worker keeps its last recipe ready."""
    recipe = open_recipe(Path(folder))
    if recipe.sha256 != sha256:
        raise RecipeError(
            f"{folder} holds another recipe on this worker", cure="give all machines the same one"
        )
    return Inspector(recipe, device)


def _folders(refs: Sequence[SampleRef]) -> list[str]:
    return sorted({os.path.dirname(path) for ref in refs for path in ref.files.values()})


def _key(chunk: Sequence[SampleRef], sha256: str, device: str) -> str:
    """Names a chunk's work by recipe and parts; files changed in between make another one."""
    parts = [[ref.id, *(_stamp(path) for path in ref.files.values())] for ref in chunk]
    return f"relief-inspect-{hash_of([sha256, device, parts])[:32]}"


def _stamp(path: str) -> list[object]:
    try:
        status = os.stat(path)
    except OSError:
        return [path]
    return [path, status.st_size, status.st_mtime_ns]
