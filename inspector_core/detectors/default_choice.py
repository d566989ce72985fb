"""Which detector learns when nobody names one: the rule, and the figures that it stands on.

Measured with nothing added, fused I-AUROC / AUPRO@30 % / AUPRO@1 % (benchmarks/records.md), beside the
share of one good part that lies on another (`Trial.shares`, its lower quartile):

    parts               share   `aligned`              `unaligned`            `btf`
    casting, rendered    .99    .939 / .968 / .825                            .838 / .914 / .589
    bracket, rendered    .98    .931 / .994 / .934                            .715 / .959 / .650
    tile, rendered       .99    .906 / .976 / .830                            .889 / .946 / .596
    biscuit, rendered    .39    .471 / .839 / .201     .826 / .946 / .703     .812 / .912 / .638
    CandyCane            .33    refuses them           .765 / .985 / .728     .765 / .942 / .490
    tire, pictures              needs clouds           .642 / .938 / .415     .642 / .831 / .219

So parts that lie on one another are compared place by place, all others with every place of the good
parts. Nine tenths of a part must lie on another, in three of four cases: between the brackets and tiles
of other seeds (.98 to .99) and their biscuits (.85, .82, .64).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from inspector_core import detectors
from inspector_core.detectors.aligned.trial import Trial, tried
from inspector_core.detectors.contract import Context, DetectorInfo
from inspector_core.detectors.view_settings import SMALL_FIRST
from inspector_core.device import resolve
from inspector_core.errors import SettingError
from inspector_core.features import weights
from inspector_core.progress import Job
from inspector_core.settings import Value, declared
from inspector_core.types import EMPTY, Modality, SampleRef

PLACE_BY_PLACE = ("aligned",)
ANY_PLACE = ("unaligned", "btf")
CANDIDATES = (*PLACE_BY_PLACE, *ANY_PLACE)
"""Detectors that may be chosen, best first among those that suit the same parts."""

LEAST_SHARE, QUARTER = 0.9, 0.25
MOST_MEGABYTES_ON_CPU = 20
"""Larger networks need more than 0.3 s for one 320 px picture on a CPU core (ResNet-18: 45 MB, 0.3 s;
Wide ResNet-50: 130 MB, 1.5 s; MobileNetV2: 14 MB, 0.2 s)."""

_WITH = {
    **dict.fromkeys(
        PLACE_BY_PLACE,
        "the same place of the good parts, which found most on matching parts in our measurements",
    ),
    **dict.fromkeys(ANY_PLACE, "all places of the good parts"),
}


@dataclass(frozen=True, slots=True)
class Choice:
    """A detector that suits the good parts.

    settings : of the detector, where they differ from its defaults.
    reasons : plain sentences for a person.   facts : what was measured, plain JSON.
    """

    detector: str
    reasons: tuple[str, ...]
    settings: Mapping[str, Value] = field(default_factory=lambda: EMPTY)
    facts: Mapping[str, Any] = field(default_factory=lambda: EMPTY)


def candidates() -> tuple[str, ...]:
    """The detectors of the registry that may be chosen."""
    return tuple(name for name in CANDIDATES if name in detectors.DETECTORS)


def choose(refs: Sequence[SampleRef], context: Context) -> Job[Choice]:
    """The detector for these good parts, found by laying a few of them onto one another.

    Raises SettingError when no candidate can work on this machine with what the parts have.
    """
    trial = yield from tried(refs, context)
    return chosen(trial, without_card=resolve(context.wanted, context.machine) == "cpu")


def chosen(trial: Trial, *, without_card: bool) -> Choice:
    """The rule: what a trial of the good parts says, on a machine with or without a graphics card."""
    rigid = (
        trial.n_clouds == trial.n_read and bool(trial.shares) and _usual_share(trial) >= LEAST_SHARE
    )
    suited = [name for name in candidates() if rigid or name in ANY_PLACE]
    seen = _modalities(trial)
    name = next((name for name in suited if _is_ready(detectors.load(name).info, seen)), None)
    if name is None:
        raise SettingError(
            "no detector can be chosen for these parts on this machine",
            cure="name one with --detector; `relief detectors` lists them",
        )
    info = detectors.load(name).info
    settings, network = _network(info, without_card)
    return Choice(
        name,
        (_about(trial, rigid), f"It compares each place with {_WITH[name]}.", *network),
        settings,
        {
            "parts_tried": trial.n_read,
            "share_on_another": round(_usual_share(trial), 3) if trial.shares else None,
            "close_mm": round(trial.close_mm, 4) if trial.shares else None,
            "apart_mm": round(trial.apart_mm, 4) if trial.shares else None,
        },
    )


def _usual_share(trial: Trial) -> float:
    return float(np.quantile(trial.shares, QUARTER))


def _about(trial: Trial, rigid: bool) -> str:
    """What was found out about the parts, as a sentence."""
    if trial.n_clouds == 0:
        return "The good parts have pictures alone, so they cannot be laid on one another in 3D."
    if trial.n_clouds < trial.n_read:
        lacking = trial.n_read - trial.n_clouds
        return (
            f"{lacking} of {trial.n_read} good parts looked at {'has' if lacking == 1 else 'have'} no "
            "usable cloud, so they cannot all be laid on one another in 3D."
        )
    if not trial.shares:
        return "One good part with a cloud cannot show whether the parts keep one shape."
    percent = f"{100 * _usual_share(trial):.0f} %"
    near = f"lies within {trial.close_mm:.2g} {trial.unit} of another"
    if rigid:
        return (
            f"Laid on one another, the good parts match: usually {percent} or more of one {near}."
        )
    return (
        f"Laid on one another, the good parts do not match: often only {percent} of one {near}, "
        f"and {100 * LEAST_SHARE:.0f} % are needed."
    )


def _modalities(trial: Trial) -> frozenset[Modality]:
    """What all parts that could be read have."""
    found: set[Modality] = set()
    if trial.n_read and trial.n_pictures == trial.n_read:
        found.add("rgb")
    if trial.n_read and trial.n_clouds == trial.n_read:
        found.add("shape")
    return frozenset(found)


def _is_ready(info: DetectorInfo, seen: frozenset[Modality]) -> bool:
    """Whether all is there that the detector needs."""
    has_network = not info.weights or any(weights.find(entry) for entry in info.weights)
    return has_network and seen.issuperset(info.requires)


def _network(info: DetectorInfo, without_card: bool) -> tuple[dict[str, Value], tuple[str, ...]]:
    """The network to look through where the detector's own choice would be too slow here."""
    if not without_card or all(entry.name != "backbone" for entry in declared(info.settings)):
        return {}, ()
    here = [name for name in info.weights or SMALL_FIRST if weights.find(name) is not None]
    quick = [name for name in here if 0 < weights.entry_of(name).megabytes <= MOST_MEGABYTES_ON_CPU]
    if not quick or quick[0] == here[0]:
        return {}, ()
    said = f"It looks through {quick[0]}: {here[0]} is too slow without a graphics card."
    return {"backbone": quick[0]}, (said,)
