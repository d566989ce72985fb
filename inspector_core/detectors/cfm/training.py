"""Training of Crossmodal Feature Mapping on good parts whose tokens are at hand.

Costanzino et al., CVPR 2024: Adam, learning rate 1e-3, batches of four parts, one minus the cosine of
predicted and seen features, averaged over all judged pixels of the batch. Two things are ours: extractors
are frozen and nothing in them is random, so features are made once; and each step looks at some pixels of
each part, for neighbours are mixtures of the same tokens and hardly differ.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from inspector_core.detectors.cfm.gradients import GoodPart, Losses, Networks, tokens_of
from inspector_core.detectors.cfm.mapping import SIDES, Architecture, Direction, fresh
from inspector_core.errors import InputError
from inspector_core.progress import Job, Progress
from inspector_core.types import Array, FloatArray

TRAINING = "Learning how colour and shape go together"
_JUDGED_ROWS = 512
_JUDGED_PARTS = 8
_ORDER, _ROWS, _JUDGED, _START = 0, 1, 2, 3
"""Purposes of random numbers, each with its own sequence."""


@dataclass(frozen=True, slots=True)
class Choices:
    """How mappings are trained.

    rows : judged pixels drawn of each part and step, 0 = all.   batch : parts a step.
    steps : at most.   every : steps between two entries of the curve.   held_out : share of the good
    parts that is not learnt from but judged at each entry, none of fewer than `1 / held_out` parts.
    patience : entries without an improvement by `least` of any held-out loss after which training
    stops, and each mapping is then what it was when it predicted held-out parts best; 0 = never, and the
    last parameters are kept (published). Without held-out parts it is as with 0.
    More steps of fewer pixels learn faster: on 30 rendered castings 1,000 steps of 512 pixels a part take
    no longer than 330 of 2,048 and leave a held-out loss of 0.30 instead of 0.39.
    """

    architecture: Architecture = "projection"
    rows: int = 512
    batch: int = 4
    steps: int = 1500
    rate: float = 1e-3
    every: int = 100
    held_out: float = 0.1
    patience: int = 4
    least: float = 0.005
    seed: int = 0


@dataclass(slots=True)
class Trained:
    """Parameters by direction and name, and how training went.

    curve : one entry each `every` steps: step, loss and held-out loss by direction; a held-out loss is
    None without held-out parts.   reason : why training ended, "steps" or "plateau".
    held_out : numbers of the parts that were not learnt from.
    """

    tensors: dict[Direction, dict[str, FloatArray]]
    curve: list[dict[str, Any]] = field(default_factory=list)
    reason: str = "steps"
    held_out: Sequence[int] = ()


def train(
    ids: Sequence[str],
    parts: Sequence[GoodPart],
    directions: Sequence[Direction],
    choices: Choices,
    device: str = "cpu",
    start: Mapping[Direction, Mapping[str, Array]] | None = None,
) -> Job[Trained]:
    """Train the mappings on good parts.

    ids : of the parts, for sentences.   start : parameters to begin from, fresh ones when not given.
    Parts without judged pixels are left out. Raises InputError when none is left, or names the part
    whose features give no finite loss. Same parts, choices, device and threads give the same bytes.
    """
    used = [number for number in range(len(parts)) if len(parts[number].pixels)]
    if not used:
        raise InputError("no good part has a pixel to learn from", cure="check the parts' clouds")
    learnt, judged = split(used, choices)
    begin = start or beginning(parts[used[0]], directions, choices)
    networks = Networks(begin, choices.rate, device)
    curve: list[dict[str, Any]] = []
    began, recent = time.monotonic(), _Means(directions)
    batches = _batches(learnt, choices)
    best = _Best(choices)
    for step in range(1, choices.steps + 1):
        batch = next(batches)
        rows = [drawn(len(parts[number].pixels), choices, step, number) for number in batch]
        total = sum(map(len, rows))
        for number, some in zip(batch, rows, strict=True):
            for losses, count in networks.gathered(parts[number], some, total):
                recent.add(losses, count, ids[number])
                yield Progress(TRAINING, step - 1, choices.steps)
        networks.move()
        if step % choices.every and step < choices.steps:
            continue
        entry: dict[str, Any] = {"step": step, "loss": recent.take(), "held_out": None}
        for number in judged:
            some = drawn(len(parts[number].pixels), choices, 0, number)
            recent.add(networks.judged(parts[number], some), len(some), ids[number])
            yield Progress(TRAINING, step, choices.steps)
        if judged:
            entry["held_out"] = recent.take()
        curve.append(entry)
        best.seen(entry["held_out"], networks)
        left = (time.monotonic() - began) / step * (choices.steps - step)
        yield Progress(TRAINING, step, choices.steps, said(entry, left))
        if on_plateau(curve, choices):
            return Trained(best.of(networks), curve, "plateau", judged)
    return Trained(best.of(networks), curve, held_out=judged)


def beginning(
    like: GoodPart, directions: Sequence[Direction], choices: Choices
) -> dict[Direction, dict[str, FloatArray]]:
    """Fresh parameters of mappings between features as wide as a part's."""
    found = {}
    for place, direction in enumerate(directions):
        source, target = (tokens_of(like, side).channels for side in SIDES[direction])
        seed = (choices.seed, _START, place)
        found[direction] = fresh(choices.architecture, source, target, seed)
    return found


def split(used: Sequence[int], choices: Choices) -> tuple[list[int], list[int]]:
    """Numbers of the parts to learn from and of those held out, both ascending."""
    count = min(int(len(used) * choices.held_out + 1e-9), _JUDGED_PARTS)
    order = _random(choices, _JUDGED).permutation(len(used))
    held_out = {used[place] for place in order[:count]}
    return [n for n in used if n not in held_out], sorted(held_out)


def drawn(pixels: int, choices: Choices, step: int, number: int) -> Array:
    """Ascending numbers of the pixels that a step looks at in one part; step 0 is that of judging."""
    rows = choices.rows if step else _JUDGED_ROWS
    if rows == 0 or rows >= pixels:
        return np.arange(pixels)
    rng = _random(choices, _ROWS, step, number)
    return np.sort(rng.choice(pixels, rows, replace=False, shuffle=False))


def on_plateau(curve: Sequence[Mapping[str, Any]], choices: Choices) -> bool:
    """Whether no direction's held-out loss has improved for `patience` entries."""
    if not choices.patience or any(entry["held_out"] is None for entry in curve):
        return False
    if len(curve) <= choices.patience:
        return False
    return not any(
        min(entry["held_out"][name] for entry in curve[-choices.patience :])
        <= min(entry["held_out"][name] for entry in curve[: -choices.patience])
        * (1 - choices.least)
        for name in curve[0]["held_out"]
    )


def said(entry: Mapping[str, Any], left_s: float) -> str:
    """A line on one entry of the curve: losses by direction, and the time that is left."""
    losses = ", ".join(f"{name} {value:.4f}" for name, value in entry["loss"].items())
    if entry["held_out"]:
        losses += "; held-out good parts " + ", ".join(
            f"{value:.4f}" for value in entry["held_out"].values()
        )
    if left_s < 1:
        return f"loss {losses}"
    time_left = f"{left_s:.0f} s" if left_s < 90 else f"{left_s / 60:.0f} min"
    return f"loss {losses}; at most {time_left} left"


def _batches(learnt: Sequence[int], choices: Choices) -> Iterator[list[int]]:
    """Batches of all parts in a new order in each epoch, without end."""
    epoch = 0
    while True:
        order = _random(choices, _ORDER, epoch).permutation(len(learnt))
        for first in range(0, len(order), choices.batch):
            yield [learnt[place] for place in order[first : first + choices.batch]]
        epoch += 1


def _random(choices: Choices, *purpose: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64([choices.seed, *purpose]))


class _Best:
    """The parameters of each mapping when it predicted held-out parts best, where that is judged."""

    def __init__(self, choices: Choices) -> None:
        self._judges = choices.patience > 0
        self._loss: Losses = {}
        self._kept: dict[Direction, dict[str, FloatArray]] = {}

    def seen(self, losses: Losses | None, networks: Networks) -> None:
        """Keep what is better than before."""
        if not self._judges or losses is None:
            return
        for name, loss in losses.items():
            if loss < self._loss.get(name, np.inf):
                self._loss[name] = loss
                self._kept[name] = networks.parameters()[name]

    def of(self, networks: Networks) -> dict[Direction, dict[str, FloatArray]]:
        """Of all mappings; the present ones where none was kept."""
        return {**networks.parameters(), **self._kept}


class _Means:
    """Mean losses by direction over what was added since they were last taken."""

    def __init__(self, directions: Sequence[Direction]) -> None:
        self._sums = dict.fromkeys(directions, 0.0)
        self._count = 0

    def add(self, losses: Losses, count: int, part: str) -> None:
        """Add a portion of a part: its summed losses; InputError when they are not finite."""
        for direction, value in losses.items():
            if not np.isfinite(value):
                raise InputError(
                    f"{part}: its features give no finite loss ({direction})",
                    cure="look at the part's picture and cloud, or learn without it",
                )
            self._sums[direction] += value
        self._count += count

    def take(self) -> Losses:
        """Means so far, rounded; begins anew."""
        found = {name: round(total / self._count, 6) for name, total in self._sums.items()}
        self._sums, self._count = dict.fromkeys(self._sums, 0.0), 0
        return found
