"""The few-shot protocol: which good parts a detector sees, the same for all detectors.

For each class and seed the good training parts, sorted by name, are put into one random order (PCG64,
seeded with the seed and the class's name). k shots are the first k of that order, so that the parts of
2 shots are among those of 4. Calibration takes the class's own validation parts; without any it takes
the last of the order, at most 60, never one that was learnt from. Calibration parts fix limits and the
units in which colour and shape are compared; what good looks like is known from the k parts alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from inspector_core.decision.calibration import MOST
from inspector_core.errors import InputError
from inspector_core.files import sha256_bytes
from inspector_core.types import SampleRef, Scan

_WORD = 16


@dataclass(frozen=True, slots=True)
class Shots:
    """Ids of the good parts to learn from, in their order, and of those to calibrate with."""

    learn: tuple[str, ...]
    calibrate: tuple[str, ...]


def order(ids: Sequence[str], class_name: str, seed: int) -> tuple[str, ...]:
    """The parts of a class in the random order of a seed; what order they come in does not matter."""
    known = sorted(ids)
    name = int(sha256_bytes(class_name.encode("utf-8", "surrogateescape"))[:_WORD], 16)
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, name])))
    return tuple(known[at] for at in rng.permutation(len(known)))


def shots(parts: Scan, class_name: str, count: int, seed: int) -> Shots:
    """The parts that `count` shots learn from and calibrate with.

    Raises InputError when the class has too few good parts.
    """
    held = parts.select("validation", good=True)
    good = parts.select("train", good=True)
    spare = 0 if held else 1
    if len(good) < count + spare:
        raise InputError(
            f"{class_name} has {len(good)} good parts to learn from, too few for {count} shots",
            cure=f"ask for at most {max(0, len(good) - spare)} shots",
        )
    everything = order([ref.id for ref in good], class_name, seed)
    calibrate = tuple(ref.id for ref in held) or everything[count:][-MOST:]
    return Shots(everything[:count], calibrate)


def arranged(parts: Scan, chosen: Shots) -> Scan:
    """The scan with these parts to learn from and to calibrate with; test parts stay as they are."""
    splits = {
        **dict.fromkeys(chosen.learn, "train"),
        **dict.fromkeys(chosen.calibrate, "validation"),
    }
    refs: list[SampleRef] = []
    for ref in parts.refs:
        if ref.id in splits:
            refs.append(replace(ref, split=splits[ref.id]))
        elif ref.split == "test":
            refs.append(ref)
    return replace(parts, refs=tuple(refs))
