"""From nothing to a file of extractor weights: train, write what it was trained on; resumable.

FILE.safetensors                the weights in half precision, and how they came to be
FILE.checkpoint.safetensors     the training itself; a longer one goes on from it
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from inspector_core.device import Cost, Hardware, plan
from inspector_core.errors import SettingError
from inspector_core.features import weights
from inspector_core.features.extractor import CHANNELS
from inspector_core.features.weights.reading import RECORD
from inspector_core.files import write_atomic
from inspector_core.pretrain.checkpoints import check_target, keep, stored
from inspector_core.pretrain.extractor import CHUNK, TRAINING, Choices, Progressed, train
from inspector_core.pretrain.pictures import FAMILIES, HELD_OUT
from inspector_core.progress import Job, Progress
from inspector_core.software import label

_GROUPS = ("weights", "moments", "standards")
_TRAINING_BYTES = 2 << 30


@dataclass(frozen=True, slots=True)
class Trained:
    """The file that was written, and its record."""

    path: Path
    record: dict[str, Any]


def pretrain_extractor(
    out: Path,
    choices: Choices,
    *,
    device: str = "auto",
    machine: Hardware,
    force: bool = False,
) -> Job[Trained]:
    """Train the extractor on generated pictures and write it with its record.

    Goes on where a training with the same choices ended, which may have had fewer pictures. Raises
    OutputError when `out` exists or cannot be written, WeightsError when the teacher is not here,
    SettingError when its channels are not the extractor's.
    """
    check_target(out, force=force)
    teacher = weights.entry_of(choices.teacher)
    if teacher.channels[: len(CHANNELS)] != CHANNELS:
        raise SettingError(
            f"{teacher.name} cannot be the teacher: its stages have other channels than the extractor's",
            cure="take one of the MobileNetV2 networks",
        )
    recipe = {**choices.recipe(), "teacher_sha256": weights.sha256(choices.teacher)}
    checkpoint = out.with_suffix(".checkpoint.safetensors")
    start = _start(checkpoint, recipe)
    if start.chunks:
        yield Progress(TRAINING, 0, 1, f"going on after {start.chunks * CHUNK} pictures")
    where = plan(Cost(fixed_bytes=_TRAINING_BYTES), device, machine).device
    hold = partial(_keep, checkpoint, recipe)
    done = yield from train(start, choices, hold, device=where)
    record = {
        "what": "relief_extractor",
        "pictures": done.chunks * CHUNK,
        "choices": asdict(choices),
        "families": {name: share for name, (_, share) in FAMILIES.items()},
        "held_out_families": [*HELD_OUT],
        "teacher": {
            "name": teacher.name,
            "sha256": recipe["teacher_sha256"],
            "licence": teacher.licence,
        },
        "curve": done.curve,
        "software": label(),
    }
    _write(out, done, record)
    return Trained(out, record)


def _write(out: Path, done: Progressed, record: dict[str, Any]) -> None:
    from safetensors.torch import save

    tensors = {name: value.half().contiguous() for name, value in done.extractor().items()}
    write_atomic(out, save(tensors, metadata={RECORD: json.dumps(record)}))


def _keep(path: Path, recipe: dict[str, Any], done: Progressed) -> None:
    """Write how far training has come."""
    header = {"recipe": recipe, "chunks": done.chunks, "curve": done.curve}
    tensors = (done.weights, done.moments, done.standards)
    keep(path, header, dict(zip(_GROUPS, tensors, strict=True)))


def _start(path: Path, recipe: dict[str, Any]) -> Progressed:
    """How far an earlier run came; the beginning when there is none or it had another recipe."""
    found = stored(path)
    if found is None or found[0].get("recipe") != recipe:
        return Progressed()
    header, groups = found
    held = [groups.get(name, {}) for name in _GROUPS]
    return Progressed(header["chunks"], held[0], held[1], held[2], header["curve"])
