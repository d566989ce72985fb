"""How much the evidence of one modality counts beside its other evidence, from disturbed good parts.

On spots of colour, and on dents and bumps, painted on good parts that are judged as if they had not been
learnt, an evidence that sees them is rare. If its rarity (-ln of the share of good pixels) is exponential
with mean 1 on good pixels and with mean m on disturbances, the log of how much more often a disturbance
shows a value than good material does rises by 1 - 1/m for each unit: that is its worth. What sees nothing
of disturbances would only add its noise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from inspector_core.decision.disturbances import painted
from inspector_core.detectors.contract import Context
from inspector_core.detectors.sight import MODALITY, Sight
from inspector_core.detectors.unaligned.memory import Memory, Tails
from inspector_core.errors import InspectorError
from inspector_core.progress import Job, Progress
from inspector_core.types import Array, Registered

DISTURBING = "Disturbing good parts to see what shows it"
_FEWEST = 6
"""With fewer disturbances all evidence counts alike."""
_SEEN = 10.0
"""A disturbance this rare is seen, however much rarer it is."""
_LEAST = 0.1


def worths(
    good: Mapping[int, Registered],
    sight: Sight,
    memories: Mapping[str, Memory],
    tails: Mapping[str, Tails],
    context: Context,
) -> Job[dict[str, float]]:
    """Evidence -> its worth, 0.1 to 1.

    good : good parts that were learnt, by number.
    """
    shown: dict[str, list[float]] = {name: [] for name in memories}
    for done, (number, part) in enumerate(good.items()):
        yield Progress(DISTURBING, done, len(good))
        disturbed = painted(part, seed=(context.seed, number))
        try:
            widened = sight.widened(context.prepare(disturbed.sample))
        except InspectorError:
            continue  # the disturbances made it another part; the others suffice
        (places,) = sight.see([widened])
        marks = {"rgb": disturbed.colour, "shape": disturbed.shape}
        for name in shown.keys() & places.keys():
            distance, _ = memories[name].distances(places[name].rows, context, own=number)
            rarity = tails[name].without(number)(sight.draw(widened, places[name], distance))
            shown[name] += _on(marks[MODALITY[name]], np.log(10) * rarity)
    return {name: worth(values) for name, values in shown.items()}


def worth(shown: Sequence[float]) -> float:
    """From the mean rarity (-ln of a share) of each disturbance; 1 where there are few."""
    if len(shown) < _FEWEST:
        return 1.0
    return max(_LEAST, 1 - 1 / max(1.0, float(np.mean(shown))))


def _on(marks: Array, rarity: Array) -> list[float]:
    """Mean rarity on each disturbance (H, W) 1.., as far as it is known and at most what is seen."""
    from scipy.ndimage import mean

    numbers = np.unique(marks[(marks > 0) & np.isfinite(rarity)])
    capped = np.clip(np.nan_to_num(rarity), 0, _SEEN)
    known = np.where(np.isfinite(rarity), marks, 0)
    return (
        [float(value) for value in np.atleast_1d(mean(capped, known, numbers))]
        if len(numbers)
        else []
    )
