"""What every detector promises: declare itself, learn from good parts, restore, score."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from inspector_core.device import Cost, Hardware, Plan, plan
from inspector_core.progress import Job
from inspector_core.types import AnomalyMaps, Array, Modality, Registered, Sample, SampleRef


@dataclass(frozen=True, slots=True)
class DetectorInfo:
    """A detector's own declaration.

    modalities : what it can use.   requires : what must be present, or it refuses with a sentence.
    weights : networks of the weights registry that it works with, best first; one of them must be on
    the machine. Empty when it needs none.
    settings : the frozen dataclass of its declared settings.
    knows_deviation : it yields a signed distance from the good surface in mm.
    suits : one sentence on which parts it is for.
    uses_normals : it reads the parts' normals, so the preparation fits them.
    leaves_out : its scorers are `LeavesOut`.
    ends_at_part_score : its maps end at a score of the part as a whole. Such maps are joined by the
    stronger: relative to the noise around a pixel that score would be lost.
    """

    name: str
    title: str
    summary: str
    source: str
    modalities: tuple[Modality, ...]
    requires: tuple[Modality, ...]
    settings: type
    suits: str
    weights: tuple[str, ...] = ()
    knows_deviation: bool = False
    uses_normals: bool = False
    leaves_out: bool = False
    ends_at_part_score: bool = False


@dataclass(frozen=True, slots=True)
class State:
    """What was learnt: named arrays and plain JSON facts, nothing else."""

    tensors: Mapping[str, Array]
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Context:
    """What the engine lends a detector.

    prepare : Sample -> Registered with the recipe's preparation settings.
    wanted : "auto", "cpu" or "cuda:N".   machine : what there is to plan with.
    """

    prepare: Callable[[Sample], Registered]
    machine: Hardware
    wanted: str = "cpu"
    seed: int = 0

    def plan(self, cost: Cost) -> Plan:
        """Device and chunk size for a piece of work."""
        return plan(cost, self.wanted, self.machine)


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a place is unusual: the nearest good part there and by how much this one differs.

    nearest_id : None where the method does not remember single parts.
    height_mm : signed difference to that good part at the place, None where not measured.
    words : what it can say instead, a sentence without capital and full stop; empty with a good part.
    """

    nearest_id: str | None
    height_mm: float | None
    words: str = ""


class Scorer(Protocol):
    """A learnt detector, ready for parts."""

    def score(self, part: Registered) -> AnomalyMaps:
        """Maps of one part in source pixels; `fused` may be None, then the engine fuses.

        Raises InputError when the part is not what was learnt (another part, upside down, empty).
        """
        ...

    def explain(self, part: Registered, pixel: tuple[int, int]) -> Explanation | None:
        """What is unusual at pixel (x, y), or None where the method cannot say."""
        ...


class LeavesOut(Scorer, Protocol):
    """A scorer that can do without any one of the good parts that it was learnt from."""

    def without(self, learnt_id: str) -> Scorer:
        """What it would be, as nearly as can be told, had the good part of this id not been learnt."""
        ...


class Detector(Protocol):
    """A method. The constructor stores settings; learning twice equals the second alone."""

    info: ClassVar[DetectorInfo]

    def __init__(self, settings: Any) -> None: ...

    def cost(self, n_parts: int, size: tuple[int, int]) -> Cost:
        """Memory for learning from n parts of (H, W) pixels."""
        ...

    def learn(self, parts: Sequence[SampleRef], context: Context) -> Job[State]:
        """Yield progress, return what was learnt."""
        ...

    def restore(self, state: State, context: Context) -> Scorer:
        """A scorer from a state that `learn` made, here or elsewhere."""
        ...
