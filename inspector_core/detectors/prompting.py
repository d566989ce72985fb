"""Which few good parts a few-shot method compares with."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from inspector_core.types import SampleRef

CHOOSING = "Choosing prompt parts"
_NAMED = 8


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
