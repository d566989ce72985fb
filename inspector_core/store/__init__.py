"""Results on disk: one JSON document and one file of float32 maps a part."""

from inspector_core.store.results import ResultStore

__all__ = ["ResultStore"]
