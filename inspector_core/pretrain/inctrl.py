"""Training InCTRL's heads on parts with known defects (CVPR 2024, arXiv 2403.06495, section 3.4).

The towers are frozen, so pictures are seen once and remembered (`views`). A step draws good and bad
parts from all classes, for each of them a few good parts of its own class as prompts, and moves adapter
and heads towards telling good from bad. What the published code does otherwise is `compat="published"`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from inspector_core.errors import InputError
from inspector_core.features.clip_towers import View
from inspector_core.features.inctrl_heads import is_running, judge
from inspector_core.features.residuals import residual_maps, scrambled
from inspector_core.features.text_prior import text_score
from inspector_core.pretrain.losses import Loss, loss_of
from inspector_core.progress import Job, Progress

if TYPE_CHECKING:
    from torch import Tensor

TRAINING = "Training the heads"
HALF_BATCH = 8
"""Good parts in a step, and as many bad ones."""
LEARNING_RATE = 1e-3
_BETAS = (0.9, 0.999)


@dataclass(frozen=True, slots=True)
class Choices:
    """How heads are trained.

    shots : prompts of a query.   compat : "published" takes the published code's mixed-up axes and
    doubled sigmoid, and lets a query be its own prompt.
    """

    epochs: int = 10
    steps: int = 100
    shots: int = 2
    seed: int = 10
    compat: Literal["corrected", "published"] = "corrected"

    @property
    def loss(self) -> Loss:
        return "published" if self.compat == "published" else "focal"


@dataclass(frozen=True, slots=True)
class LabelledClass:
    """Parts of one class by name, and what words say about it.

    directions : (2, D) mean directions of the texts about whole and damaged ones.
    """

    name: str
    good: tuple[str, ...]
    bad: tuple[str, ...]
    directions: Tensor


@dataclass(frozen=True, slots=True)
class Draw:
    """One step's queries, with class, label and prompts of each, by name."""

    queries: tuple[str, ...]
    classes: tuple[int, ...]
    labels: tuple[float, ...]
    prompts: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Progressed:
    """Training after some epochs: heads, the optimiser's moments, mean loss of each epoch."""

    weights: dict[str, Tensor]
    moments: dict[str, Tensor]
    losses: tuple[float, ...] = ()


def checked(classes: Sequence[LabelledClass], shots: int) -> None:
    """Raise InputError when there is nothing to tell apart or a class has too few prompts."""
    for one in classes:
        if len(one.good) <= shots:
            raise InputError(
                f"{one.name} has {len(one.good)} good parts, and {shots} prompts beside the part "
                "that is judged need one more",
                cure="add good parts or train with fewer --shots",
            )
    if not any(one.bad for one in classes):
        raise InputError(
            "none of the folders holds defective parts",
            cure="name folders with good and with defective parts, in folders by defect type",
        )


def draws(classes: Sequence[LabelledClass], choices: Choices, epoch: int) -> Iterator[Draw]:
    """The steps of one epoch; the same for the same seed, whatever was trained before."""
    random = np.random.default_rng([choices.seed, epoch])
    good = [(at, name) for at, one in enumerate(classes) for name in one.good]
    bad = [(at, name) for at, one in enumerate(classes) for name in one.bad]
    for _ in range(choices.steps):
        chosen = [*_some(good, random), *_some(bad, random)]
        prompts = []
        for at, name in chosen:
            own = choices.compat == "corrected"
            others = [other for other in classes[at].good if not (own and other == name)]
            picked = random.choice(len(others), choices.shots, replace=False)
            prompts.append(tuple(others[number] for number in picked))
        yield Draw(
            queries=tuple(name for _, name in chosen),
            classes=tuple(at for at, _ in chosen),
            labels=(0.0,) * HALF_BATCH + (1.0,) * HALF_BATCH,
            prompts=tuple(prompts),
        )


def _some(parts: list[tuple[int, str]], random: np.random.Generator) -> list[tuple[int, str]]:
    picked = random.choice(len(parts), HALF_BATCH, replace=len(parts) < HALF_BATCH)
    return [parts[number] for number in picked]


def train(
    classes: Sequence[LabelledClass],
    views: Callable[[Sequence[str]], View],
    start: Progressed,
    choices: Choices,
    keep: Callable[[Progressed], None],
    device: str = "cpu",
) -> Job[Progressed]:
    """Train from `start` to the last epoch; yields after every step, keeps after every epoch.

    views : names of N parts to their views, patches (L, N, P, C) and images (N, D), on the device.
    """
    checked(classes, choices.shots)
    weights = {name: value.to(device, copy=True) for name, value in start.weights.items()}
    optimiser = _Optimiser(weights, start.moments, device)
    losses = list(start.losses)
    for epoch in range(len(losses), choices.epochs):
        total = 0.0
        for step, draw in enumerate(draws(classes, choices, epoch)):
            done = epoch * choices.steps + step
            yield Progress(TRAINING, done, choices.epochs * choices.steps)
            total += optimiser.moved(_loss(weights, draw, classes, views, choices))
        losses.append(total / choices.steps)
        keep(_progressed(weights, optimiser, losses))
        note = f"epoch {epoch + 1} of {choices.epochs}: mean loss {losses[-1]:.4f}"
        yield Progress(TRAINING, (epoch + 1) * choices.steps, choices.epochs * choices.steps, note)
    return _progressed(weights, optimiser, losses)


def _progressed(
    weights: dict[str, Tensor], optimiser: _Optimiser, losses: list[float]
) -> Progressed:
    copies = {name: value.detach().cpu().clone() for name, value in weights.items()}
    return Progressed(copies, optimiser.moments(), tuple(losses))


def _loss(
    weights: dict[str, Tensor],
    draw: Draw,
    classes: Sequence[LabelledClass],
    views: Callable[[Sequence[str]], View],
    choices: Choices,
) -> Tensor:
    """Loss of the final score plus that of the image residual score, over one step's batch."""
    import torch

    seen = views(draw.queries)
    shown = views([name for names in zip(*draw.prompts, strict=True) for name in names])
    batch = len(draw.queries)
    prompts = shown.patches.unflatten(1, (choices.shots, batch))
    prompt_images = shown.images.unflatten(0, (choices.shots, batch))
    patches = seen.patches
    if choices.compat == "published":
        patches, prompts, prompt_images = scrambled(patches, prompts, prompt_images)
    words = torch.stack(
        [
            text_score(seen.images[at : at + 1], *classes[number].directions)[0]
            for at, number in enumerate(draw.classes)
        ]
    )
    judged = judge(
        weights,
        residual_maps(patches, prompts),
        seen.images,
        prompt_images,
        words,
        training=True,
    )
    labels = torch.tensor(draw.labels, device=patches.device)
    return loss_of(choices.loss, judged.final, labels) + loss_of(
        choices.loss, judged.image_score, labels
    )


class _Optimiser:
    """AdamW over named weights, whose moments can be stored and taken up again by name."""

    _MOMENTS = ("step", "exp_avg", "exp_avg_sq")

    def __init__(self, weights: dict[str, Tensor], moments: dict[str, Tensor], device: str) -> None:
        import torch

        self._named = {name: value for name, value in weights.items() if not is_running(name)}
        for value in self._named.values():
            value.requires_grad_(True)
        self._adam = torch.optim.AdamW(self._named.values(), lr=LEARNING_RATE, betas=_BETAS)
        for name, value in self._named.items():
            if f"{name}.step" in moments:
                self._adam.state[value] = {
                    # torch counts the steps on the CPU wherever it works
                    kind: moments[f"{name}.{kind}"].to(
                        "cpu" if kind == "step" else device, copy=True
                    )
                    for kind in self._MOMENTS
                }

    def moved(self, loss: Tensor) -> float:
        """One step down the loss; returns its value."""
        self._adam.zero_grad()
        loss.backward()
        self._adam.step()
        return float(loss.detach())

    def moments(self) -> dict[str, Tensor]:
        """Copies of the moments, by weight and kind."""
        return {
            f"{name}.{kind}": self._adam.state[value][kind].cpu().clone()
            for name, value in self._named.items()
            if value in self._adam.state
            for kind in self._MOMENTS
        }
