"""Watching adaptors learn, by good parts alone: do held-out ones fit better, are patches still apart?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from inspector_core.detectors.crossmodal.patch_training import detached
from inspector_core.detectors.lsfa.adaptor import SIDES, Side
from inspector_core.detectors.lsfa.drawing import GoodPart, adapted_parts, drawn
from inspector_core.detectors.lsfa.losses import compactness, pairwise_distance

if TYPE_CHECKING:
    from torch import Tensor

Ended = Literal["steps", "no gain", "collapse"]
COLLAPSED = 0.1
"""Share of the patches' first mean distance from each other below which they have drawn together."""
_LEAST_GAIN = 1e-3
_PARTS = 8
"""Parts of each kind that a look takes in."""
_FEWEST = 4


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen after some steps.

    compactness : mean distance of held-out patches to the nearest of the parts learnt from, relative to
    their spread, mean of both sides; None without held-out parts.
    spread : mean distance between patches by side.
    """

    step: int
    compactness: float | None
    spread: Mapping[Side, float]


def held_out_parts(n_parts: int, share: float, seed: int) -> tuple[list[int], list[int]]:
    """Numbers of the parts to learn from and of those that judge: none of fewer than four parts."""
    count = max(1, round(share * n_parts)) if share > 0 and n_parts >= _FEWEST else 0
    order = np.random.default_rng([seed, 3]).permutation(n_parts).tolist()
    return sorted(order[count:]), sorted(order[:count])


class Validation:
    """The same patches of the same parts, adapted again at every look."""

    def __init__(
        self,
        learnt: Sequence[GoodPart],
        held_out: Sequence[GoodPart],
        patches: int,
        heads: int,
        seed: int,
        device: str,
    ) -> None:
        rng = np.random.default_rng([seed, 4])
        self._heads = heads
        self._learnt, self._held_out = (
            [drawn(part, patches, rng, device) for part in parts[:_PARTS]]
            for parts in (learnt, held_out)
        )

    def look(self, weights: Mapping[str, Tensor], step: int) -> Look:
        """How the adaptors do now."""
        import torch

        spread: dict[Side, float] = {}
        fit = []
        with torch.no_grad():
            for side in SIDES:
                known = adapted_parts(weights, side, self._learnt, self._heads)
                if not self._held_out:
                    spread[side] = pairwise_distance(known)
                    continue
                new = adapted_parts(weights, side, self._held_out, self._heads)
                spread[side] = pairwise_distance(new)
                squares = known.square().sum(dim=1)
                counts = [part.judged for part in self._held_out]
                nearest = [compactness(rows, known, squares).item() for rows in new.split(counts)]
                fit.append(float(np.mean(nearest)) / max(spread[side], 1e-12))
        return Look(step, float(np.mean(fit)) if fit else None, spread)


class Course:
    """Keeps the best weights so far and says when to end."""

    def __init__(self, patience: int, collapse: float = COLLAPSED) -> None:
        self._collapse = collapse
        self.looks: list[Look] = []
        self.best: dict[str, Tensor] = {}
        self.best_look: Look | None = None
        self._patience = patience
        self._without_gain = 0

    def seen(self, look: Look, weights: Mapping[str, Tensor], *, counts: bool) -> Ended | None:
        """Take a look in; a reason where training is to end.

        counts : whether compactness is being trained already; before, missing gains are forgiven.
        """
        self.looks.append(look)
        if self._collapsed(look):
            return "collapse"
        if self.best_look is None or self._gained(look, self.best_look):
            self.best, self.best_look, self._without_gain = detached(weights), look, 0
        elif counts:
            self._without_gain += 1
        return "no gain" if self._without_gain >= self._patience else None

    def note(self, ended: Ended) -> str:
        """What to tell a person about the training."""
        first, best = self.looks[0], self.best_look
        assert best is not None
        if ended == "collapse":
            return (
                "training of the adaptors stopped: the patches drew together; "
                f"those of step {best.step} are kept"
            )
        if best.compactness is None or first.compactness is None:
            return f"adaptors trained for {best.step} steps; no part was held out to judge them"
        if best.step == 0:
            return "no training brought held-out good parts nearer: the features stay as they are"
        return (
            f"adaptors of step {best.step}: held-out good parts at {best.compactness:.3f} of the "
            f"patches' spread, {first.compactness:.3f} before"
        )

    def _collapsed(self, look: Look) -> bool:
        first = self.looks[0].spread
        return any(not look.spread[side] >= self._collapse * first[side] for side in first)

    @staticmethod
    def _gained(look: Look, best: Look) -> bool:
        if look.compactness is None or best.compactness is None:
            return True
        return look.compactness < best.compactness * (1 - _LEAST_GAIN)
