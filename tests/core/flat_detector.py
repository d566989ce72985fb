"""A detector small enough to reason about: mean picture and mean height, nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from inspector_core.detectors.contract import Context, DetectorInfo, Explanation, State
from inspector_core.device import Cost
from inspector_core.errors import InputError
from inspector_core.progress import Job, Progress
from inspector_core.settings import setting
from inspector_core.types import AnomalyMaps, Registered, SampleRef


@dataclass(frozen=True, slots=True, kw_only=True)
class FlatSettings:
    strength: float = setting(1.0, low=0.1, high=10.0, help="Factor on the maps.")


class Flat:
    """Distance from the mean of the good parts, pixel by pixel."""

    info = DetectorInfo(
        name="flat",
        title="Flat",
        summary="Mean picture and mean height.",
        source="tests",
        modalities=("rgb", "shape"),
        requires=("rgb", "shape"),
        settings=FlatSettings,
        suits="Tests.",
        knows_deviation=True,
    )

    def __init__(self, settings: FlatSettings) -> None:
        self.settings = settings

    def cost(self, n_parts: int, size: tuple[int, int]) -> Cost:
        return Cost(fixed_bytes=size[0] * size[1] * 16, row_bytes=n_parts, rows=1)

    def learn(self, parts: Sequence[SampleRef], context: Context) -> Job[State]:
        grey, height = [], []
        for done, ref in enumerate(parts):
            yield Progress("Learning", done, len(parts))
            part = context.prepare(ref.load())
            grey.append(part.colour().mean(axis=2))
            height.append(np.nan_to_num(part.height))
        return State(
            {
                "grey": np.mean(grey, axis=0, dtype=np.float32),
                "height": np.mean(height, axis=0, dtype=np.float32),
                "spread": np.std(height, axis=0, dtype=np.float32) + np.float32(0.02),
            }
        )

    def restore(self, state: State, context: Context) -> Flat._Scorer:
        return self._Scorer(state, self.settings.strength)

    class _Scorer:
        def __init__(self, state: State, strength: float) -> None:
            self.state, self.strength = state, np.float32(strength)

        def score(self, part: Registered) -> AnomalyMaps:
            if part.sample.xyz is None or part.sample.rgb is None:
                raise InputError("the part has no cloud or no picture", cure="export both")
            tensors = self.state.tensors
            outside = np.where(part.foreground, np.float32(0), np.float32(np.nan))
            deviation = np.nan_to_num(part.height) - tensors["height"]
            colour = np.abs(part.colour().mean(axis=2) - tensors["grey"])
            return AnomalyMaps(
                rgb=(colour * self.strength + outside).astype(np.float32),
                shape=(np.abs(deviation) * self.strength + outside).astype(np.float32),
                deviation_mm=(deviation + outside).astype(np.float32),
                spread_mm=tensors["spread"],
            )

        def explain(self, part: Registered, pixel: tuple[int, int]) -> Explanation | None:
            return None
