"""How well maps and scores find annotated defects: metrics, intervals, the evaluation protocol.

job = evaluation(parts, scope="all", protocol="exact", recipe_facts=facts)
outcome = drain(job)            # Evaluation; .document() is the JSON of `relief evaluate --json`
same = read_evaluation(path)    # one that was kept as that JSON
markdown(jobs), csv_text(jobs)  # tables of a benchmark from its job documents (`summary`, `page`)
"""

from __future__ import annotations

import importlib
from typing import Any

_HOMES = {
    "Comparison": "inspector_core.evaluation.paired",
    "Curves": "inspector_core.evaluation.curves",
    "Evaluation": "inspector_core.evaluation.outcome",
    "KeptArrays": "inspector_core.evaluation.kept_arrays",
    "MapFigures": "inspector_core.evaluation.outcome",
    "PartOutcome": "inspector_core.evaluation.outcome",
    "FailedPart": "inspector_core.evaluation.ledger",
    "ScoredPart": "inspector_core.evaluation.ledger",
    "common": "inspector_core.evaluation.paired",
    "compare": "inspector_core.evaluation.paired",
    "csv_text": "inspector_core.evaluation.tables",
    "evaluation": "inspector_core.evaluation.protocol",
    "from_document": "inspector_core.evaluation.kept",
    "keep": "inspector_core.evaluation.kept_arrays",
    "markdown": "inspector_core.evaluation.tables",
    "read_evaluation": "inspector_core.evaluation.kept",
    "read_kept": "inspector_core.evaluation.kept_arrays",
    "write_evaluation": "inspector_core.evaluation.kept",
    "write_kept": "inspector_core.evaluation.kept_arrays",
}

__all__ = sorted(_HOMES)  # noqa: PLE0605


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
