"""Whether a state dict is the network that it claims to be: names and shapes, strictly."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from inspector_core.errors import WeightsError
from inspector_core.features.weights.catalogue import Entry, catalogue, expected

if TYPE_CHECKING:
    from torch import Tensor

_COUNTER = "num_batches_tracked"
"""Old files lack this counter of batch normalisation; it has no effect on results."""
_CLASSIFIERS = ("fc.", "classifier.", "head.")
"""What many publishers cut off and no detector here uses."""
_NAMED = 3


def fitted(entry: Entry, state: Mapping[str, Tensor], what: str) -> dict[str, Tensor]:
    """The tensors of a network under its own names, in its order.

    what : the file, for the sentence.   Raises WeightsError when a name is missing or unknown or a
    shape differs; a missing classifier is no fault.
    """
    found = _renamed(entry, state)
    shapes = expected(entry.name)
    missing = [
        name
        for name in shapes
        if name not in found and _COUNTER not in name and not name.startswith(_CLASSIFIERS)
    ]
    unknown = [name for name in found if name not in shapes and not name.startswith(_CLASSIFIERS)]
    other = [
        name for name, value in found.items() if name in shapes and value.shape != shapes[name]
    ]
    for names, problem in (
        (missing, "lacks"),
        (unknown, "has besides"),
        (other, "has another size of"),
    ):
        if names:
            more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
            raise WeightsError(
                f"{what} is not {entry.name}: it {problem} {', '.join(names[:_NAMED])}{more}",
                cure="check which network the file belongs to and name it with --as",
            )
    return {name: found[name] for name in shapes if name in found}


def candidates(state: Mapping[str, Tensor]) -> list[Entry]:
    """The networks whose names and shapes a state dict has."""
    fit = []
    for entry in catalogue().values():
        if not _resembles(entry, state):
            continue
        try:
            fitted(entry, state, "")
        except WeightsError:
            continue
        fit.append(entry)
    return fit


def _resembles(entry: Entry, state: Mapping[str, Tensor]) -> bool:
    """A quick look, for building a network to compare with takes seconds."""
    if entry.kind == "open_clip":
        return any("visual." in name for name in state)
    if entry.stages:
        first = entry.stages[0].partition(".")[0] + "."
        return any(name.startswith(first) for name in state)
    return True


def _renamed(entry: Entry, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    found = {}
    for name, value in state.items():
        for beginning in entry.strip:
            name = name.removeprefix(beginning)
        if name.startswith(entry.ignore) or (entry.select and not name.startswith(entry.select)):
            continue
        found[name] = value
    return found
