"""The evaluation protocol: which pixels and parts count, and what is computed from them.

Every pixel counts by default; without a value (outside the foreground) it takes the lowest value of
the category's maps. Parts come in one by one and are reduced at once to their finite values: float32
in memory up to 512 MB, beyond that in an unnamed temporary file (`spill`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Sized
from typing import Any

from inspector_core.decision.verdict import reservation, verdict_of
from inspector_core.device import peak_memory_mb
from inspector_core.errors import SettingError
from inspector_core.evaluation.figures import NO_MODEL, Entry, Request
from inspector_core.evaluation.intervals import REPLICATES
from inspector_core.evaluation.ledger import FailedPart, Ledger, ScoredPart
from inspector_core.evaluation.map_tables import map_tables
from inspector_core.evaluation.outcome import Evaluation, MapFigures, PartOutcome
from inspector_core.evaluation.region_overlap import SAMPLED
from inspector_core.evaluation.spill import Spill
from inspector_core.progress import Job, Progress
from inspector_core.types import Thresholds, Verdict

SCOPES = ("all", "part")
PROTOCOLS = ("exact", "published", *SAMPLED)
_ESTIMATOR_OF = {"cfm": "cfm99"}
"""Detectors whose published tables used another estimator than the common btf100."""


def estimator_of(protocol: str, detector: str) -> str:
    """The AUPRO estimator behind a protocol: "published" is that of the detector's paper."""
    if protocol not in PROTOCOLS:
        raise SettingError(
            f"protocol={protocol} is not possible", cure=f"choose one of {', '.join(PROTOCOLS)}"
        )
    return _ESTIMATOR_OF.get(detector, "btf100") if protocol == "published" else protocol


def evaluation(
    parts: Iterable[ScoredPart | FailedPart],
    *,
    scope: str = "all",
    protocol: str = "exact",
    recipe_facts: Mapping[str, Any],
    seed: int = 0,
    replicates: int = REPLICATES,
    notes: Sequence[str] = (),
) -> Job[Evaluation]:
    """Figures per map and per defect type.

    recipe_facts : goes into the result as it is; "detector", "thresholds" ({"t1", "t2"}), "trusted"
    (False: nothing is accepted, too few parts were learnt) and "judged" (modalities that a part needs
    before it is accepted) are read.
    replicates : resamplings behind each 95 % interval.
    notes : said in the result before the protocol's own.
    Raises InputError when no part counts, InspectorError for maps that break their contract.
    """
    if scope not in SCOPES:
        raise SettingError(f"scope={scope} is not possible", cure="choose one of all, part")
    detector = str(recipe_facts.get("detector", ""))
    estimator = estimator_of(protocol, detector)
    published = estimator_of("published", detector) if estimator == "exact" else estimator
    total = len(parts) if isinstance(parts, Sized) else 0
    with Spill() as spill:
        ledger = Ledger(spill, scope, seed)
        try:
            for done, part in enumerate(parts, start=1):
                ledger.add(part)
                yield Progress(f"Evaluating {part.id}", done, total)
        finally:
            getattr(parts, "close", lambda: None)()
        ledger.require_parts()
        tables = yield from map_tables(ledger, Request(estimator, published, seed, replicates))
    no_model = tables.whole.pop(NO_MODEL)
    outcomes = _outcomes(ledger.entries, recipe_facts)
    return Evaluation(
        recipe=dict(recipe_facts),
        scope=scope,
        estimator=estimator,
        n_good=sum(not entry.bad for entry in ledger.entries),
        n_bad=sum(entry.bad for entry in ledger.entries),
        maps=tables.whole,
        no_model=no_model,
        per_type=tables.per_type,
        verdicts=_verdicts(outcomes) if recipe_facts.get("thresholds") else {},
        not_inspected=tuple(ledger.failed),
        seconds=ledger.seconds_per_part(),
        peak_memory_mb=peak_memory_mb(),
        seed=seed,
        replicates=replicates,
        notes=(*notes, *ledger.notes(), *_map_notes(tables.whole)),
        published_estimator=published,
        parts=outcomes,
        curves=tables.curves,
        shares=tables.shares,
    )


def _outcomes(entries: Sequence[Entry], recipe_facts: Mapping[str, Any]) -> tuple[PartOutcome, ...]:
    thresholds = recipe_facts.get("thresholds")
    limits = thresholds and Thresholds(float(thresholds["t1"]), float(thresholds["t2"]))
    trusted = bool(recipe_facts.get("trusted", True))
    judged = recipe_facts.get("judged", ())
    found = []
    for entry in entries:
        verdict = None
        if limits and "fused" in entry.scores:
            whole = trusted and not reservation(entry.scores, judged)
            verdict = verdict_of(entry.scores["fused"], limits, trusted=whole).value
        found.append(
            PartOutcome(entry.id, entry.label, entry.bad, dict(entry.scores), verdict, entry.own)
        )
    return tuple(found)


def _verdicts(parts: Sequence[PartOutcome]) -> dict[str, dict[str, int]]:
    counts = {
        kind: {verdict.value: 0 for verdict in (Verdict.ACCEPT, Verdict.REVIEW, Verdict.REJECT)}
        for kind in ("good", "bad")
    }
    for part in parts:
        if part.verdict is not None:
            counts["bad" if part.bad else "good"][part.verdict] += 1
    return counts


def _map_notes(maps: Mapping[str, MapFigures]) -> list[str]:
    return [
        f"{name}: {text}"
        for name, table in maps.items()
        for key, text in table.reasons.items()
        if key in ("ties", "separation")
    ]
