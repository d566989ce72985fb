"""Training LSFA's adaptors on the cached patches of good parts (arXiv 2401.03145).

    L = L_LC + w_g L_GC + λ (L_LA + w_a L_GA + w_r L_R)

compactness of patches (LC) and of global features (GC) against queues of other parts' recent ones, the
contrastive alignment of colour with shape for patches (LA) and global features (GA), and, where wanted, of
colour with that of the picture whose tiles were turned (R, in the public code alone). Random subsets of
patches keep logits and attention small. Compactness alone has a trivial solution, the constant adaptor;
training stops as soon as the patches draw together, and where held-out good parts gain nothing more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from inspector_core.detectors.crossmodal.partners import BOTH, FORWARD
from inspector_core.detectors.crossmodal.patch_training import Descent, part_draws, rate_at
from inspector_core.detectors.lsfa.adaptor import HEADS, SHARED_WIDTH, SIDES, Side, Start, initial
from inspector_core.detectors.lsfa.drawing import GoodPart, adapted_parts, drawn
from inspector_core.detectors.lsfa.losses import Queue, alignment, global_features
from inspector_core.detectors.lsfa.validation import (
    COLLAPSED,
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
_TURNED_SHARE = 6
"""One in so many judged patches of a step is compared with its turned self (published)."""


@dataclass(frozen=True, slots=True)
class AdaptationChoices:
    """How adaptors are trained; what the public code does in brackets, where it says anything.

    steps : [664 for ten classes].   parts : seen at once [8].   patches : of each part [all].
    accumulate : how often parts are seen before a step is taken [16, of which 15 are thrown away].
    rate : largest, reached after the share `warm_up` of the steps [3e-4, half].
    lambda_clc : λ [1/0.9].   global_ifc, global_clc : w_g, w_a [0.4, 0.1].
    rotation : w_r, needs turned pictures [0.05].
    both_ways : alignment tells shape by colour and colour by shape, or the former alone [both].
    centres : global features of a part; 1 is the mean over its patches [1; k-means in the paper].
    queue, global_queue : most patches, global features remembered [60,000 and 100]; never more than
    the parts have to give in one round.
    compact_after : steps before compactness counts [60]; the queue must be full too.
    limit : of distances in compactness, 0 for none [√50].
    start : adaptors begin as the identity, or at random [random].
    heads : of attention, at most [12].   shared : width in which modalities are compared [512].
    held_out : share of the parts that judge the training, 0 for none [0]; needs four parts.
    look_every, patience : steps between looks at them, and looks without gain before the end.
    collapse : share of the first mean distance between patches below which training ends.
    """

    steps: int = 400
    parts: int = 4
    patches: int = 256
    accumulate: int = 1
    rate: float = 3e-4
    warm_up: float = 0.1
    temperature: float = 1.0
    lambda_clc: float = 1.0
    global_ifc: float = 0.4
    global_clc: float = 0.1
    rotation: float = 0.0
    both_ways: bool = True
    centres: int = 1
    queue: int = 20_000
    global_queue: int = 100
    compact_after: int = 60
    limit: float = 0.0
    start: Start = "identity"
    heads: int = HEADS
    shared: int = SHARED_WIDTH
    held_out: float = 0.2
    look_every: int = 20
    patience: int = 5
    collapse: float = COLLAPSED
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
    parts: Sequence[GoodPart], choices: AdaptationChoices, device: str = "cpu"
) -> Job[TrainedAdaptors]:
    """Train both adaptors on good parts' patches; yields within every step.

    Same parts, choices and device, same weights.
    """
    learnt, held_out = held_out_parts(len(parts), choices.held_out, choices.seed)
    judges = [parts[number] for number in held_out]
    training = _Training([parts[number] for number in learnt], choices, device)
    validation = Validation(
        training.parts, judges, choices.patches, choices.heads, choices.seed, device
    )
    course = Course(choices.patience, choices.collapse)
    weights = training.weights
    ended: Ended | None = course.seen(validation.look(weights, 0), weights, counts=False)
    losses: list[float] = []
    for step in range(choices.steps):
        if ended:
            break
        losses.append((yield from training.step(step)))
        if (step + 1) % choices.look_every == 0 or step + 1 == choices.steps:
            yield Progress(TRAINING, step + 1, choices.steps)
            look = validation.look(weights, step + 1)
            ended = course.seen(look, weights, counts=training.compacting(step))
    ended = ended or "steps"
    note = course.note(ended)
    yield Progress(TRAINING, choices.steps, choices.steps, note)
    return TrainedAdaptors(course.best, ended, note, tuple(course.looks), tuple(losses))


@dataclass(frozen=True, slots=True)
class _Seen:
    """Some parts, seen at once: adapted patches (ΣN, C) and global features (ΣK, C) by side.

    counts, regions : N and K of each part.   turned : (ΣN, C) adapted colour of the turned pictures.
    """

    numbers: Sequence[int]
    counts: Sequence[int]
    regions: Sequence[int]
    local: Mapping[Side, Tensor]
    whole: Mapping[Side, Tensor]
    turned: Tensor | None


class _Training:
    """The adaptors on their way."""

    def __init__(self, parts: Sequence[GoodPart], choices: AdaptationChoices, device: str) -> None:
        self.parts, self._choices, self._device = parts, choices, device
        pair = parts[0].pair
        widths: dict[Side, int] = {"rgb": pair.rgb.shape[1], "xyz": pair.shape.shape[1]}
        self.weights = initial(widths, choices.seed, choices.start, device, choices.shared)
        self._descent = Descent(self.weights, choices.rate)
        self._memory = _Memory(widths, [len(part) for part in parts], choices, device)
        self._draws = part_draws(len(parts), choices.parts, choices.seed)
        self._rng, self._turned_rng = (np.random.default_rng([choices.seed, at]) for at in (2, 6))

    def compacting(self, step: int) -> bool:
        """Whether compactness counts."""
        return self._memory.full and step >= self._choices.compact_after

    def step(self, step: int) -> Job[float]:
        """One step; its loss."""
        choices = self._choices
        total, share = 0.0, 1 / choices.accumulate
        for _ in range(choices.accumulate):
            seen = yield from self._see(step)
            with _repeatable(self._device):
                loss = self._loss(seen, self.compacting(step))
                total += share * self._descent.gathered(loss, share)
            self._memory.push(seen)
        warm_up = round(choices.warm_up * choices.steps)
        self._descent.stepped(rate_at(step, choices.steps, warm_up, choices.rate))
        return total

    def _see(self, step: int) -> Job[_Seen]:
        """Random patches of the next parts through the adaptors."""
        choices = self._choices
        numbers = next(self._draws)
        parts = [
            drawn(self.parts[number], choices.patches, self._rng, self._device)
            for number in numbers
        ]
        counts = [part.judged for part in parts]
        local: dict[Side, Tensor] = {}
        turned: Tensor | None = None
        for side in SIDES:
            yield Progress(TRAINING, step, choices.steps)
            with _repeatable(self._device):
                local[side] = adapted_parts(self.weights, side, parts, choices.heads)
        if choices.rotation:
            yield Progress(TRAINING, step, choices.steps)
            with _repeatable(self._device):
                turned = adapted_parts(self.weights, "rgb", parts, choices.heads, turned=True)
        yield Progress(TRAINING, step, choices.steps)
        whole, regions = _whole(local, counts, choices.centres)
        return _Seen(numbers, counts, regions, local, whole, turned)

    def _loss(self, seen: _Seen, compact: bool) -> Tensor:
        """The loss over some parts; compactness counts where `compact` says so."""
        choices = self._choices
        total = self._alignment(seen.local) + choices.global_clc * self._alignment(seen.whole)
        if seen.turned is not None:
            total = total + choices.rotation * self._consistency(seen.local["rgb"], seen.turned)
        total = choices.lambda_clc * total
        if compact:
            total = total + self._memory.compactness(seen)
        return total

    def _alignment(self, level: Mapping[Side, Tensor]) -> Tensor:
        """Colour and shape of one place tell each other from all others."""
        choices = self._choices
        shares = BOTH if choices.both_ways else FORWARD
        rgb, xyz = ((side, level[side]) for side in SIDES)
        return alignment(self.weights, rgb, xyz, choices.temperature, shares)

    def _consistency(self, straight: Tensor, turned: Tensor) -> Tensor:
        """Colour of one place, straight and turned, tell each other from others, for some of the places."""
        count = max(1, len(straight) // _TURNED_SHARE)
        some = np.sort(self._turned_rng.permutation(len(straight))[:count])
        both = straight[some], turned[some]
        return alignment(
            self.weights, ("rgb", both[0]), ("rgb", both[1]), self._choices.temperature
        )


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
        self._choices, self._several = choices, len(n_patches) > 1
        self.local = {side: Queue(local, width, device) for side, width in widths.items()}
        self.whole = {side: Queue(whole, width, device) for side, width in widths.items()}

    @property
    def full(self) -> bool:
        """Whether compactness can count: the queues hold a round of several parts."""
        return self._several and all(queue.full for queue in self.local.values())

    def push(self, seen: _Seen) -> None:
        """Take in what was seen."""
        for side in SIDES:
            for queue, rows, counts in self._levels(seen, side):
                for number, some in zip(seen.numbers, rows.split([*counts]), strict=True):
                    queue.push(some, number)

    def compactness(self, seen: _Seen) -> Tensor | float:
        """Distance of patches and of whole parts to other parts' nearest, mean over the parts."""
        total: Tensor | float = 0.0
        for side in SIDES:
            for weight, (queue, rows, counts) in zip(
                (1.0, self._choices.global_ifc), self._levels(seen, side), strict=True
            ):
                for number, some in zip(seen.numbers, rows.split([*counts]), strict=True):
                    near = queue.drawn_in(some, number, self._choices.limit)
                    total = total + weight * near / len(seen.numbers)
        return total

    def _levels(
        self, seen: _Seen, side: Side
    ) -> tuple[tuple[Queue, Tensor, Sequence[int]], tuple[Queue, Tensor, Sequence[int]]]:
        """Patches, then whole parts: their queue, what was seen, how much of each part."""
        return (
            (self.local[side], seen.local[side], seen.counts),
            (self.whole[side], seen.whole[side], seen.regions),
        )


def _whole(
    local: Mapping[Side, Tensor], counts: Sequence[int], centres: int
) -> tuple[dict[Side, Tensor], list[int]]:
    """Global features (ΣK, C) of some parts by side, and K of each."""
    import torch

    rows = zip(*(local[side].split([*counts]) for side in SIDES), strict=True)
    found = [global_features(rgb, xyz, centres) for rgb, xyz in rows]
    whole = {side: torch.cat([one[at] for one in found]) for at, side in enumerate(SIDES)}
    return whole, [len(rgb) for rgb, _ in found]


def _repeatable(device: str) -> AbstractContextManager[None]:
    """Attention whose gradient is the same each time; the fused ones on a GPU add in any order."""
    if device == "cpu":
        return nullcontext()
    from torch.nn.attention import SDPBackend, sdpa_kernel

    context: AbstractContextManager[None] = sdpa_kernel(SDPBackend.MATH)
    return context
