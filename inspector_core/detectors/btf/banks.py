"""What both forms of BTF share: names of banks, parts that lack a modality, one progress for all banks."""

from __future__ import annotations

from collections.abc import Collection
from typing import TypeVar

from inspector_core.errors import InputError
from inspector_core.progress import Job, Progress
from inspector_core.types import Registered

T = TypeVar("T")

DESCRIBING = "Describing the good parts"
RGB, SHAPE, JOINT = "rgb", "shape", "joint"
"""Names of banks in the state."""
STEPS = 1000
"""Steps of learning, half of them for describing the parts."""


def lacking(part: Registered, banks: Collection[str]) -> list[str]:
    """Notes on what the part lacks; InputError when nothing that was learnt is there."""
    learnt = {RGB: "picture", SHAPE: "cloud"}
    there = {RGB: part.sample.rgb is not None, SHAPE: part.sample.xyz is not None}
    missing = [name for name in learnt if name in banks and not there[name]]
    if not missing:
        return []
    if len(missing) == len(set(banks) - {JOINT}):
        raise InputError(
            f"{part.sample.id}: the {learnt[missing[0]]} is missing, "
            "and the recipe was learnt from nothing else",
            cure="scan the part as the good ones were scanned, or learn again",
        )
    if missing == [RGB]:
        return ["No picture: judged by shape alone."]
    return ["No cloud: judged by colour alone, and what lies around the part counts as part."]


def between(job: Job[T], first: int, last: int) -> Job[T]:
    """The same job as a stretch of a longer one's progress, which never goes back."""
    done = first
    try:
        while True:
            try:
                step = next(job)
            except StopIteration as finished:
                value: T = finished.value
                return value
            done = max(done, first + int((last - first) * (step.share or 0.0)))
            yield Progress(step.stage, done, STEPS, step.note)
    finally:
        job.close()
