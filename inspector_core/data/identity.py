"""Parts that are the same by content: equal pictures in what is learnt and what is tested."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from inspector_core.files import sha256_file
from inspector_core.progress import Job, Progress, counted
from inspector_core.types import SampleRef

_STEP = 20


def duplicates(refs: Sequence[SampleRef]) -> Job[tuple[tuple[SampleRef, ...], ...]]:
    """Groups of two or more parts whose pictures (clouds, without pictures) are equal byte for byte.

    Only files of equal size are hashed. Files that cannot be read belong to no group: loading their
    part says why.
    """
    by_size: dict[int, list[SampleRef]] = defaultdict(list)
    for ref in refs:
        try:
            by_size[os.stat(_main_file(ref)).st_size].append(ref)
        except OSError:
            continue
    suspects = [ref for group in by_size.values() if len(group) > 1 for ref in group]
    by_hash: dict[str, list[SampleRef]] = defaultdict(list)
    for step, ref in counted("Comparing pictures", suspects):
        if step.done % _STEP == 0:
            yield step
        try:
            by_hash[sha256_file(Path(_main_file(ref)))].append(ref)
        except OSError:
            continue
    yield Progress("Comparing pictures", len(suspects), len(suspects))
    return tuple(tuple(group) for group in by_hash.values() if len(group) > 1)


def _main_file(ref: SampleRef) -> str:
    return next((ref.files[role] for role in ("rgb", "xyz", "depth") if role in ref.files), "")
