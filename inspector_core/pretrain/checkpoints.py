"""Files of a training that was stopped: named groups of tensors and a header that says whose they are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inspector_core.errors import OutputError, WeightsError
from inspector_core.features.weights.reading import RECORD
from inspector_core.files import ensure_writable, shown, write_atomic

if TYPE_CHECKING:
    from torch import Tensor

Groups = Mapping[str, Mapping[str, "Tensor"]]
_BETWEEN = "/"


def check_target(out: Path, *, force: bool) -> None:
    """Raise OutputError when the file to write exists, has no fitting name or cannot be written."""
    if out.suffix != ".safetensors":
        raise OutputError(f"{shown(out)} is no .safetensors name", cure="choose another name")
    if out.exists() and not force:
        raise OutputError(f"{shown(out)} exists already", cure="choose another name or use --force")
    ensure_writable(out.absolute().parent)


def keep(path: Path, header: Mapping[str, Any], groups: Groups) -> None:
    """Write groups of tensors and the header, in one step."""
    from safetensors.torch import save

    tensors = {
        f"{group}{_BETWEEN}{name}": value.contiguous()
        for group, named in groups.items()
        for name, value in named.items()
    }
    write_atomic(path, save(tensors, metadata={RECORD: json.dumps(header)}))


def stored(path: Path) -> tuple[dict[str, Any], dict[str, dict[str, Tensor]]] | None:
    """Header and groups of a file that `keep` wrote, None when there is none.

    Raises WeightsError when it is damaged.
    """
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        return None
    groups: dict[str, dict[str, Tensor]] = {}
    try:
        with safe_open(path, framework="pt") as file:
            header: dict[str, Any] = json.loads((file.metadata() or {})[RECORD])
            for key in file.keys():  # noqa: SIM118
                group, _, name = key.partition(_BETWEEN)
                groups.setdefault(group, {})[name] = file.get_tensor(key)
    except (SafetensorError, OSError, ValueError, KeyError) as error:
        raise WeightsError(f"{shown(path)} is damaged", cure="remove it to begin again") from error
    return header, groups
