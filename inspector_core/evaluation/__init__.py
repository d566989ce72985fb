"""How well maps and scores find annotated defects: metrics, intervals, the evaluation protocol.

job = evaluation(parts, scope="all", protocol="exact", recipe_facts=facts)
outcome = drain(job)            # Evaluation; .document() is the JSON of `relief evaluate --json`
"""

from __future__ import annotations

import importlib
from typing import Any

_HOMES = {
    "Evaluation": "inspector_core.evaluation.outcome",
    "MapFigures": "inspector_core.evaluation.outcome",
    "FailedPart": "inspector_core.evaluation.ledger",
    "ScoredPart": "inspector_core.evaluation.ledger",
    "evaluation": "inspector_core.evaluation.protocol",
}

__all__ = sorted(_HOMES)  # noqa: PLE0605


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
