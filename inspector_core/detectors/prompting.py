"""What few-shot methods share: which few good parts they compare with, and how."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from inspector_core.detectors.contract import Context
from inspector_core.memory.nearest import nearest, search_cost
from inspector_core.types import Array, FloatArray, SampleRef

CHOOSING = "Choosing prompt parts"
_NAMED = 8
_SMALLEST = 1e-12


def prompt_parts(parts: Sequence[SampleRef], shots: int, seed: int) -> list[SampleRef]:
    """So many of the parts by lot, in their order; all with shots 0 or when there are no more."""
    if shots == 0 or shots >= len(parts):
        return [*parts]
    chosen = np.random.default_rng([seed, shots]).permutation(len(parts))[:shots]
    return [parts[number] for number in np.sort(chosen)]


def said(prompts: Sequence[SampleRef], n_parts: int) -> str:
    """What to tell a person about the choice."""
    names = ", ".join(ref.id for ref in prompts[:_NAMED])
    more = f" and {len(prompts) - _NAMED} more" if len(prompts) > _NAMED else ""
    verb = "is the prompt" if len(prompts) == 1 else "are prompts"
    unused = n_parts - len(prompts)
    rest = f"; the other {unused} good parts are not used" if unused else ""
    return f"{names}{more} {verb}{rest}"


def unit(rows: Array) -> FloatArray:
    """(N, C) rows brought to length 1, float32; a row of zeros stays one."""
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(length, _SMALLEST), np.float32)


def residuals(rows: Array, prompts: Array, context: Context) -> tuple[FloatArray, Array]:
    """0.5 (1 - cos) of each row to the most similar prompt row, and that row's number.

    rows : (N, C), prompts : (M, C), both of length 1 (`unit`): a quarter of the squared distance then.
    """
    distance, index = nearest(rows, prompts, context.plan(search_cost(len(rows), *prompts.shape)))
    return np.asarray(np.square(distance) / 4, np.float32), index
