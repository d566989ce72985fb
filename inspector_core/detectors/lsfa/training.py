"""Training LSFA's adaptors on the cached patches of good parts (arXiv 2401.03145).

    L = L_LC + w_g L_GC + λ (L_LA + w_a L_GA)

compactness of patches (LC) and of global features (GC) against queues of other parts' recent ones, and
the contrastive alignment of colour with shape for patches (LA) and global features (GA). Random subsets of
patches keep logits and attention small. Compactness alone has a trivial solution, the constant adaptor;
training stops as soon as the patches draw together, and where held-out good parts gain nothing more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from inspector_core.detectors.crossmodal.patch_training import (
    Descent,
    PatchPair,
    contrast_both_ways,
    part_draws,
    patch_draw,
    placed,
    rate_at,
)
from inspector_core.detectors.lsfa.adaptor import (
    SIDES,
    Side,
    Start,
    adapted,
    initial,
    projected,
)
from inspector_core.detectors.lsfa.losses import Queue, compactness, global_features
from inspector_core.detectors.lsfa.validation import (
    Course,
    Ended,
    Look,
    Validation,
    held_out_parts,
)
from inspector_core.progress import Job, Progress

if TYPE_CHECKING:
    from torch import Tensor

TRAINING = "Training the adaptors"


@dataclass(frozen=True, slots=True)
class AdaptationChoices:
    """How adaptors are trained; what the public code does in brackets, where it says anything.

    steps : [664 for ten classes].   parts : in a step [8].   patches : of each part in a step [all].
    rate : largest, reached after the share `warm_up` of the steps [3e-4, half].
    lambda_clc : λ [unknown].   global_ifc, global_clc : w_g, w_a [0.4, 0.1].
    centres : global features of a part; 1 is the mean over its patches [1; k-means in the paper].
    queue, global_queue : most patches, global features remembered [60,000 and 100]; never more than
    the parts have to give in one round.
    compact_after : steps before compactness counts [60]; the queue must be full too.
    limit : of distances in compactness, 0 for none [√50].
    start : adaptors begin as the identity, or at random [random].
    held_out : share of the parts that judge the training, 0 for none [0]; needs four parts.
    look_every, patience : steps between looks at them, and looks without gain before the end.
    """

    steps: int = 400
    parts: int = 4
    patches: int = 512
    rate: float = 3e-4
    warm_up: float = 0.1
    temperature: float = 1.0
    lambda_clc: float = 1.0
    global_ifc: float = 0.4
    global_clc: float = 0.1
    centres: int = 1
    queue: int = 20_000
    global_queue: int = 100
    compact_after: int = 60
    limit: float = 0.0
    start: Start = "identity"
    held_out: float = 0.2
    look_every: int = 20
    patience: int = 5
    seed: int = 0


@dataclass(frozen=True, slots=True)
class TrainedAdaptors:
    """weights : by name, of the best look.   ended : why training did.   looks, losses : in order."""

    weights: dict[str, Tensor]
    ended: Ended
    note: str
    looks: tuple[Look, ...]
    losses: tuple[float, ...]


def train_adaptors(
    parts: Sequence[PatchPair], choices: AdaptationChoices, device: str = "cpu"
) -> Job[TrainedAdaptors]:
    """Train both adaptors on good parts' patches; yields within every step.

    Same parts, choices and device, same weights.
    """
    learnt, held_out = held_out_parts(len(parts), choices.held_out, choices.seed)
    widths: dict[Side, int] = {"rgb": parts[0].rgb.shape[1], "xyz": parts[0].shape.shape[1]}
    weights = initial(widths, choices.seed, choices.start, device)
    descent = Descent(weights, choices.rate)
    memory = _Memory(widths, [len(parts[number]) for number in learnt], choices, device)
    validation = Validation(parts, learnt, held_out, choices.patches, choices.seed, device)
    course = Course(choices.patience)
    draws = part_draws(len(learnt), choices.parts, choices.seed)
    rng = np.random.default_rng([choices.seed, 2])
    warm_up = round(choices.warm_up * choices.steps)
    losses: list[float] = []
    ended: Ended | None = course.seen(validation.look(weights, 0), weights, counts=False)
    for step in range(choices.steps):
        if ended:
            break
        seen = []
        for number in next(draws):
            yield Progress(TRAINING, step, choices.steps)
            seen.append(_seen(parts[learnt[number]], number, weights, choices, rng, device))
        counts = memory.full and step >= choices.compact_after
        loss = _loss(weights, seen, memory if counts else None, choices)
        yield Progress(TRAINING, step, choices.steps)
        rate = rate_at(step, choices.steps, warm_up, choices.rate)
        with _repeatable(device):
            losses.append(descent.moved(loss, rate))
        memory.push(seen)
        if (step + 1) % choices.look_every == 0 or step + 1 == choices.steps:
            yield Progress(TRAINING, step + 1, choices.steps)
            look = validation.look(weights, step + 1)
            ended = course.seen(look, weights, counts=counts)
    ended = ended or "steps"
    note = course.note(ended)
    yield Progress(TRAINING, choices.steps, choices.steps, note)
    return TrainedAdaptors(course.best, ended, note, tuple(course.looks), tuple(losses))


@dataclass(frozen=True, slots=True)
class _Seen:
    """One part in one step: adapted patches (N, C) and global features (K, C) by side."""

    number: int
    local: dict[Side, Tensor]
    whole: dict[Side, Tensor]


class _Memory:
    """Queues of patches and of global features by side, no larger than one round over the parts."""

    def __init__(
        self,
        widths: Mapping[Side, int],
        n_patches: Sequence[int],
        choices: AdaptationChoices,
        device: str,
    ) -> None:
        one_round = sum(min(count, choices.patches) for count in n_patches)
        local = min(choices.queue, one_round)
        whole = min(choices.global_queue, choices.centres * len(n_patches))
        self._several = len(n_patches) > 1
        self.local = {side: Queue(local, width, device) for side, width in widths.items()}
        self.whole = {side: Queue(whole, width, device) for side, width in widths.items()}

    @property
    def full(self) -> bool:
        """Whether compactness can count: the queues hold a round of several parts."""
        return self._several and all(queue.full for queue in self.local.values())

    def push(self, seen: Sequence[_Seen]) -> None:
        """Take in what a step saw."""
        for part in seen:
            for side in SIDES:
                self.local[side].push(part.local[side], part.number)
                self.whole[side].push(part.whole[side], part.number)


def _seen(
    part: PatchPair,
    number: int,
    weights: Mapping[str, Tensor],
    choices: AdaptationChoices,
    rng: np.random.Generator,
    device: str,
) -> _Seen:
    """A random subset of a part's patches through the adaptors."""
    rows = patch_draw(len(part), choices.patches, rng)
    with _repeatable(device):
        rgb = adapted(weights, "rgb", placed(part.rgb[rows], device)[None])[0]
        xyz = adapted(weights, "xyz", placed(part.shape[rows], device)[None])[0]
    whole = global_features(rgb, xyz, choices.centres)
    return _Seen(number, {"rgb": rgb, "xyz": xyz}, dict(zip(SIDES, whole, strict=True)))


def _loss(
    weights: Mapping[str, Tensor],
    seen: Sequence[_Seen],
    memory: _Memory | None,
    choices: AdaptationChoices,
) -> Tensor:
    """The loss of one step; without memory compactness does not count yet."""
    import torch

    def alignment(level: Sequence[dict[Side, Tensor]]) -> Tensor:
        rgb, xyz = (
            projected(weights, side, torch.cat([part[side] for part in level])) for side in SIDES
        )
        return contrast_both_ways(rgb, xyz, choices.temperature)

    local = alignment([part.local for part in seen])
    total = choices.lambda_clc * (
        local + choices.global_clc * alignment([part.whole for part in seen])
    )
    if memory is None:
        return total
    for side in SIDES:
        for part in seen:
            near = _drawn_in(part.local[side], memory.local[side], part.number, choices)
            whole = _drawn_in(part.whole[side], memory.whole[side], part.number, choices)
            total = total + (near + choices.global_ifc * whole) / len(seen)
    return total


def _drawn_in(
    features: Tensor, queue: Queue, number: int, choices: AdaptationChoices
) -> Tensor | float:
    """Compactness against other parts' rows: a part's own are itself some steps ago."""
    others = queue.of_others(number)
    if not bool(others.any()):
        return 0.0
    return compactness(features, queue.rows[: queue.filled], others, choices.limit)


def _repeatable(device: str) -> AbstractContextManager[None]:
    """Attention whose gradient is the same each time; the fused ones on a GPU add in any order."""
    if device == "cpu":
        return nullcontext()
    from torch.nn.attention import SDPBackend, sdpa_kernel

    context: AbstractContextManager[None] = sdpa_kernel(SDPBackend.MATH)
    return context
