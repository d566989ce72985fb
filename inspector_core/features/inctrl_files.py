"""Files of trained InCTRL heads: safetensors, with what they were trained on in the header.

A file without that header (a published checkpoint, converted) is read as well; then nobody can tell
whether parts to be tested were trained on.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inspector_core.errors import WeightsError
from inspector_core.features.inctrl_heads import of_checkpoint
from inspector_core.files import json_bytes, sha256_bytes, shown, write_atomic
from inspector_core.types import Sample

if TYPE_CHECKING:
    from torch import Tensor

FORMAT = "relief-inctrl-heads/1"
_HEADER = "relief"
_NAME_DIGITS = 16
"""Of a SHA-256: enough to tell parts apart, short enough for a list of thousands."""


@dataclass(frozen=True, slots=True)
class Training:
    """What heads were trained on and how.

    classes : names of the classes.   parts : short content names of all parts (`content_name`).
    network : name and SHA-256 of the towers' weights.   choices : the training's options.
    losses : mean loss of every epoch.
    """

    classes: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    network: tuple[str, str] = ("", "")
    choices: Mapping[str, Any] = field(default_factory=dict)
    losses: tuple[float, ...] = ()
    software: str = ""

    @property
    def fingerprint(self) -> str:
        """SHA-256 over what went in: parts, classes, towers, options."""
        given = [self.classes, sorted(self.parts), self.network, dict(sorted(self.choices.items()))]
        return sha256_bytes(json_bytes(given))


@dataclass(frozen=True, slots=True)
class HeadsFile:
    """Heads and, where the file says so, what they were trained on."""

    weights: Mapping[str, Tensor]
    training: Training | None = None


def content_name(sample: Sample) -> str:
    """A part's name by what its picture (its cloud, without one) shows, as 16 hex digits."""
    shown_first = sample.rgb if sample.rgb is not None else sample.xyz
    assert shown_first is not None
    size = repr(shown_first.shape).encode("ascii")
    return sha256_bytes(size + shown_first.tobytes())[:_NAME_DIGITS]


def save_heads(path: Path, weights: Mapping[str, Tensor], training: Training) -> None:
    """Write heads and what they were trained on; complete or absent."""
    from safetensors.torch import save

    header = {"format": FORMAT, "fingerprint": training.fingerprint, **asdict(training)}
    tensors = {name: value.detach().cpu().contiguous() for name, value in weights.items()}
    text = json_bytes(header).decode("utf-8")
    write_atomic(path, save(tensors, metadata={_HEADER: text}))


def open_heads(path: Path) -> HeadsFile:
    """Heads from a safetensors file; WeightsError when it holds none."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as stored:
            header = (stored.metadata() or {}).get(_HEADER)
            tensors = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise WeightsError(
            f"{shown(path)} cannot be read as safetensors",
            cure="name a file that `relief pretrain inctrl` wrote",
        ) from error
    return HeadsFile(of_checkpoint(tensors, shown(path)), _training(header, path))


def _training(header: str | None, path: Path) -> Training | None:
    if header is None:
        return None
    try:
        facts = json.loads(header)
        if facts.pop("format") != FORMAT:
            raise ValueError("another format")
        fingerprint = facts.pop("fingerprint")
        for name in ("classes", "parts", "network", "losses"):
            facts[name] = tuple(facts[name])
        training = Training(**facts)
        if training.fingerprint != fingerprint:
            raise ValueError("changed")
        return training
    except (ValueError, KeyError, TypeError) as error:
        raise WeightsError(
            f"{shown(path)}: what it says about its training is damaged",
            cure="train the heads again",
        ) from error
