"""Pretrained networks: which there are, whether they are here, and their checked tensors."""

from inspector_core.features.weights.catalogue import Entry, catalogue, entry_of
from inspector_core.features.weights.store import (
    Status,
    add,
    fetch,
    find,
    folder,
    how_to_get,
    load,
    sha256,
    status,
    verify,
)

__all__ = [
    "Entry",
    "Status",
    "add",
    "catalogue",
    "entry_of",
    "fetch",
    "find",
    "folder",
    "how_to_get",
    "load",
    "sha256",
    "status",
    "verify",
]
