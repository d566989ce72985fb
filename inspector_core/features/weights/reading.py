"""A state dict from a file that anybody may have made: safetensors, or a checkpoint without code in it."""

from __future__ import annotations

import argparse
import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from inspector_core.errors import WeightsError
from inspector_core.files import shown

if TYPE_CHECKING:
    from torch import Tensor

_PICKLE = b"\x80"
"""First byte of a checkpoint in the form before zip archives."""
RECORD = "relief"
"""Key of the metadata that `relief pretrain` writes."""
_CONTAINERS = ("state_dict", "model", "base_model", "model_state")
"""Keys under which training scripts put the state dict, tried when the catalogue names none."""


def read_state(file: Path, container: str = "") -> dict[str, Tensor]:
    """Names and tensors of a weights file.

    container : the key that holds the state dict in a checkpoint.   Raises WeightsError for a file that
    is neither safetensors nor a checkpoint of plain tensors; such a pickle is never executed.
    """
    if not file.is_file():
        raise WeightsError(f"{shown(file)} is no file", cure="check its name")
    if file.suffix == ".safetensors":
        return _safetensors(file)
    content = _checkpoint(file)
    for key in (container, *_CONTAINERS):
        inner = content.get(key)
        if key and isinstance(inner, Mapping):
            content = inner
            break
    tensors = _tensors(content)
    if not tensors:
        raise WeightsError(
            f"{shown(file)} holds no network weights", cure="check that it is the right file"
        )
    return tensors


def _safetensors(file: Path) -> dict[str, Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(file)
    except (SafetensorError, OSError, ValueError) as error:
        raise WeightsError(
            f"{shown(file)} is damaged or no safetensors file", cure="load it again"
        ) from error


def training_record(file: Path) -> dict[str, str]:
    """What a safetensors file of our own says about how it was trained, empty for all others."""
    from safetensors import SafetensorError, safe_open

    if file.suffix != ".safetensors":
        return {}
    try:
        with safe_open(file, "pt") as opened:
            told = opened.metadata() or {}
    except (SafetensorError, OSError):
        return {}
    return {key: text for key, text in told.items() if key == RECORD}


def _checkpoint(file: Path) -> Mapping[str, object]:
    import torch

    if not zipfile.is_zipfile(file) and _first_byte(file) != _PICKLE:
        raise WeightsError(
            f"{shown(file)} is neither safetensors nor a checkpoint",
            cure="check that it is the right file",
        )
    try:
        # M3DM's file also holds its command line
        with torch.serialization.safe_globals([argparse.Namespace]):
            content = torch.load(file, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise WeightsError(
            f"{shown(file)} would run code when it is read",
            cure="convert it to safetensors where you trust it, and add that file",
        ) from error
    except (RuntimeError, OSError, EOFError, ValueError, KeyError) as error:
        raise WeightsError(
            f"{shown(file)} is damaged or no checkpoint", cure="load it again"
        ) from error
    return content if isinstance(content, Mapping) else {}


def _first_byte(file: Path) -> bytes:
    with file.open("rb") as stream:
        return stream.read(1)


def _tensors(content: Mapping[str, object]) -> dict[str, Tensor]:
    import torch

    return {str(name): value for name, value in content.items() if isinstance(value, torch.Tensor)}
