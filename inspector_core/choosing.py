"""A folder's own detector: a few of its good parts are looked at before anything is learnt."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TypeVar

from inspector_core.decision.calibration import Split, split_parts
from inspector_core.decision.settings import DecisionSettings
from inspector_core.detectors import default_choice
from inspector_core.detectors.contract import Context
from inspector_core.detectors.default_choice import Choice
from inspector_core.device import Hardware, hardware, resolve
from inspector_core.errors import InputError
from inspector_core.files import shown
from inspector_core.geometry.prepare import PrepareSettings, prepare
from inspector_core.progress import Job
from inspector_core.settings import build, declared
from inspector_core.types import Scan

S = TypeVar("S")


def choose(
    parts: Scan,
    *,
    settings: Mapping[str, object] | None = None,
    seed: int = 0,
    device: str = "auto",
    machine: Hardware | None = None,
) -> Job[Choice]:
    """The detector that suits a folder's good parts, and why.

    settings : as for learning; those of preparation and decision count here.   machine : for tests.
    Raises InputError without good parts, SettingError where no detector can be chosen.
    """
    values = settings or {}
    split = good_parts(parts, seed, _own(DecisionSettings, values).held_out)
    machine = machine or hardware()
    resolve(device, machine)
    look = partial(prepare, settings=_own(PrepareSettings, values), seed=seed, normals=False)
    context = Context(prepare=look, machine=machine, wanted=device, seed=seed)
    return (yield from default_choice.choose(split.learn, context))


def good_parts(parts: Scan, seed: int, held_out: float, *, in_turn: bool = False) -> Split:
    """The good parts to learn from and to calibrate with; InputError where there are none."""
    split = split_parts(parts, seed, held_out, in_turn=in_turn)
    if not split.learn:
        raise InputError(
            f"{shown(parts.root)} holds no good parts to learn from",
            cure="put good parts into train/good, or into a folder of their own",
        )
    return split


def _own(cls: type[S], values: Mapping[str, object]) -> S:
    names = {entry.name for entry in declared(cls)}
    return build(cls, {name: value for name, value in values.items() if name in names})
