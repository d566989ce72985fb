"""Training the own extractor: what a teacher network sees in generated pictures, standardised.

The loss is the squared error of a channel in units of its spread over all pictures and within the one
at hand, so that dark pictures and pictures of little contrast count as much as bright ones: detectors
compare places of one product, not products with each other.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from inspector_core.errors import WeightsError
from inspector_core.features.backbone import Backbone, open_backbone
from inspector_core.features.extractor import CHANNELS, folded, network
from inspector_core.pretrain.pictures import HELD_OUT, drawn, family_of
from inspector_core.progress import Job, Progress

if TYPE_CHECKING:
    from torch import Tensor

TRAINING = "Training the extractor"
STAGES = (1, 2, 3)
CHUNK = 1024
"""Pictures drawn and shown to the teacher at once; also what is lost at most when training stops."""
_BATCH = 32
_DRAWN = 128
"""Pictures drawn at once."""
_WARM_UP = 200
_DECAY = 0.25
"""Share of the training at whose end the steps become ever smaller."""
_WEIGHT_DECAY = 1e-4
_FLOOR = 0.1
"""Share of the spread over all pictures below which a picture's own spread does not count."""
_JUDGED = 64
_JUDGING_SEED = 20_000_000
_MEASURED_PICTURES = 2048


@dataclass(frozen=True, slots=True)
class Choices:
    """How the extractor is trained.

    pictures : drawn in all, each shown `passes` times.   side : of a picture in pixels.
    """

    pictures: int = 200_000
    passes: int = 3
    side: int = 144
    rate: float = 2e-3
    seed: int = 0
    teacher: str = "mobilenetv2_100.tf_in1k"

    @property
    def chunks(self) -> int:
        return max(1, -(-self.pictures // CHUNK))

    def recipe(self) -> dict[str, Any]:
        """What must be the same for a training to go on; its length may grow."""
        values = asdict(self)
        del values["pictures"]
        return values


@dataclass(slots=True)
class Progressed:
    """Training after some chunks.

    weights, moments : of the trainable network and its optimiser, by name.
    standards : mean and deviation of the teacher's channels per stage, each (C,).
    curve : one entry a chunk: loss, error on held-out families per stage, seconds, parameters.
    """

    chunks: int = 0
    weights: dict[str, Tensor] = field(default_factory=dict)
    moments: dict[str, Tensor] = field(default_factory=dict)
    standards: dict[str, Tensor] = field(default_factory=dict)
    curve: list[dict[str, Any]] = field(default_factory=list)

    def extractor(self) -> dict[str, Tensor]:
        """Weights of the plain network, float32."""
        return folded(self.weights)


def train(
    start: Progressed,
    choices: Choices,
    keep: Callable[[Progressed], None],
    device: str = "cpu",
) -> Job[Progressed]:
    """Train from `start` to the last chunk; yields after every step, keeps after every chunk."""
    teacher = open_backbone(choices.teacher, STAGES, device)
    student = _Student(start, choices, device)
    standards = start.standards
    if not standards:
        standards = yield from _standards(teacher, choices, device)
    curve = list(start.curve)
    for chunk in range(start.chunks, choices.chunks):
        began = time.monotonic()
        total, steps = 0.0, 0
        batches = _batches(teacher, standards, choices, chunk, device)
        for pictures, wanted in batches:
            done = chunk + steps / _steps(choices)
            total += student.moved(pictures, wanted, rate_at(done / choices.chunks, done, choices))
            steps += 1
            yield Progress(TRAINING, int(done * CHUNK), choices.chunks * CHUNK)
        held_out = judged(student.network, teacher, standards, choices, device)
        seconds = round(time.monotonic() - began, 1)
        curve.append(
            {
                "loss": round(total / steps, 5),
                "held_out": held_out,
                "seconds": seconds,
                "parameters": student.parameters,
            }
        )
        found = Progressed(chunk + 1, student.weights(), student.moments(), standards, curve)
        keep(found)
        errors = ", ".join(f"{value:.3f}" for value in held_out)
        note = f"loss {total / steps:.4f}, held-out families {errors}"
        yield Progress(TRAINING, (chunk + 1) * CHUNK, choices.chunks * CHUNK, note)
    return Progressed(
        max(start.chunks, choices.chunks), student.weights(), student.moments(), standards, curve
    )


def rate_at(share: float, chunk: float, choices: Choices) -> float:
    """Size of a step at a share of the training: rising over the first ones, falling at the end."""
    step = chunk * _steps(choices)
    rising = min(1.0, (step + 1) / _WARM_UP)
    falling = min(1.0, max(0.0, (1 - share) / _DECAY))
    return choices.rate * rising * max(falling, 0.005)


def judged(
    student: Any,
    teacher: Backbone,
    standards: Mapping[str, Tensor],
    choices: Choices,
    device: str,
) -> list[float]:
    """Share of each stage's variance that the student misses on families it never saw."""
    import torch

    student.eval()
    missed = torch.zeros(len(STAGES))
    spread = torch.zeros(len(STAGES))
    for number, name in enumerate(HELD_OUT):
        generator = torch.Generator(device).manual_seed(_JUDGING_SEED + number)
        pictures = family_of(name, generator, _JUDGED, choices.side)
        with torch.inference_mode():
            seen = student(_ranged(pictures))
        for stage, (mine, its) in enumerate(
            zip(seen, _standardised(teacher.maps(pictures), standards), strict=True)
        ):
            missed[stage] += float(((mine - its) ** 2).mean())
            spread[stage] += float(its.var(dim=(0, 2, 3)).mean())
    student.train()
    return [round(float(value), 4) for value in missed / spread]


def loss_of(seen: list[Tensor], wanted: list[Tensor]) -> Tensor:
    """Mean over stages of the squared error, per channel in units of its spread in the picture."""
    import torch

    losses = []
    for mine, its in zip(seen, wanted, strict=True):
        spread = its.var(dim=(2, 3), keepdim=True) + _FLOOR
        losses.append(((mine - its) ** 2 / spread).mean())
    return torch.stack(losses).mean()


def _standards(teacher: Backbone, choices: Choices, device: str) -> Job[dict[str, Tensor]]:
    """Mean and deviation of the teacher's channels over generated pictures."""
    import torch

    generator = torch.Generator(device).manual_seed(choices.seed + _JUDGING_SEED // 2)
    sums = [torch.zeros(2, channels, dtype=torch.float64) for channels in CHANNELS]
    pixels = [0] * len(CHANNELS)
    for done in range(0, _MEASURED_PICTURES, _DRAWN):
        yield Progress("Measuring the teacher", done, _MEASURED_PICTURES)
        maps = teacher.maps(drawn(generator, _DRAWN, choices.side))
        for stage, values in enumerate(maps):
            exact = values.double()
            sums[stage][0] += exact.sum(dim=(0, 2, 3)).cpu()
            sums[stage][1] += (exact**2).sum(dim=(0, 2, 3)).cpu()
            pixels[stage] += values.shape[0] * values.shape[2] * values.shape[3]
    found = {}
    for stage, (both, count) in enumerate(zip(sums, pixels, strict=True)):
        mean = both[0] / count
        found[f"mean.{stage}"] = mean.float()
        found[f"deviation.{stage}"] = torch.sqrt(both[1] / count - mean**2).float()
    return found


def _standardised(maps: list[Tensor], standards: Mapping[str, Tensor]) -> list[Tensor]:
    ready = []
    for stage, values in enumerate(maps):
        mean = standards[f"mean.{stage}"].to(values.device)[None, :, None, None]
        deviation = standards[f"deviation.{stage}"].to(values.device)[None, :, None, None]
        ready.append((values - mean) / deviation)
    return ready


def _ranged(pictures: Tensor) -> Tensor:
    """Pictures 0..1 as the extractor takes them, -1..1."""
    import torch

    return (pictures * 2 - 1).contiguous(memory_format=torch.channels_last)


def _steps(choices: Choices) -> int:
    return choices.passes * CHUNK // _BATCH


def _batches(
    teacher: Backbone,
    standards: Mapping[str, Tensor],
    choices: Choices,
    chunk: int,
    device: str,
) -> Iterator[tuple[Tensor, list[Tensor]]]:
    """Batches of one chunk's pictures and what the teacher says, in a new order each pass."""
    import torch

    generator = torch.Generator(device).manual_seed(choices.seed * 1_000_003 + chunk)
    pictures, wanted = [], []
    for _ in range(CHUNK // _DRAWN):
        some = drawn(generator, _DRAWN, choices.side)
        pictures.append(some)
        wanted.append([maps.half() for maps in _standardised(teacher.maps(some), standards)])
    shown = torch.cat(pictures)
    stages = [torch.cat(maps) for maps in zip(*wanted, strict=True)]
    for _ in range(choices.passes):
        order = torch.randperm(CHUNK, generator=generator, device=generator.device)
        for batch in order.split(_BATCH):
            yield _ranged(shown[batch]), [maps[batch].float() for maps in stages]


class _Student:
    """The network in training with its optimiser, whose state is stored and taken up by name."""

    _MOMENTS = ("step", "exp_avg", "exp_avg_sq")

    def __init__(self, start: Progressed, choices: Choices, device: str) -> None:
        import torch

        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(choices.seed)
            self.network = network(trainable=True)
        own = self.network.state_dict()
        if any(
            name not in own or own[name].shape != value.shape
            for name, value in start.weights.items()
        ):
            raise WeightsError(
                "the training that is to go on is that of a network of another shape",
                cure="remove its checkpoint to begin again",
            )
        # blocks that the stored network has not are new ones of a network that has grown
        self.network.load_state_dict({**own, **start.weights})
        self.network.to(device, memory_format=torch.channels_last).train()
        self._named = dict(self.network.named_parameters())
        self._adam = torch.optim.AdamW(self._named.values(), weight_decay=_WEIGHT_DECAY)
        for name, value in self._named.items():
            if f"{name}.step" in start.moments:
                self._adam.state[value] = {
                    # torch counts the steps on the CPU wherever it works
                    kind: start.moments[f"{name}.{kind}"].to("cpu" if kind == "step" else device)
                    for kind in self._MOMENTS
                }

    def moved(self, pictures: Tensor, wanted: list[Tensor], rate: float) -> float:
        """One step down the loss; returns its value."""
        for group in self._adam.param_groups:
            group["lr"] = rate
        self._adam.zero_grad()
        loss = loss_of(self.network(pictures), wanted)
        loss.backward()
        self._adam.step()
        return float(loss.detach())

    @property
    def parameters(self) -> int:
        """How many numbers are learnt."""
        return sum(value.numel() for value in self._named.values())

    def weights(self) -> dict[str, Tensor]:
        """Copies of all weights and running statistics."""
        return {
            name: value.detach().cpu().clone() for name, value in self.network.state_dict().items()
        }

    def moments(self) -> dict[str, Tensor]:
        """Copies of the optimiser's moments, by weight and kind."""
        return {
            f"{name}.{kind}": self._adam.state[value][kind].cpu().clone()
            for name, value in self._named.items()
            if value in self._adam.state
            for kind in self._MOMENTS
        }
