"""The words and table cells of a report, the same for PDF and HTML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from inspector_core import palette
from inspector_core.reports.document import nearest_at
from inspector_core.reports.model import ReportModel
from inspector_core.reports.words import (
    count,
    nearest_sentence,
    number,
    p_sentence,
    part_title,
    percent,
    printable,
    quantity,
    rule_sentence,
    why,
)
from inspector_core.types import Defect, Measure, Result, Verdict

ONLY_LISTED = "Results relate only to the parts listed."
OUTLINES = "Outlines: solid reaches T2, dashed between T1 and T2."
AT_THE_BEGINNING = (
    "What was learnt, all settings and versions stand at the beginning of this report."
)
HATCHED = "Hatched in close-ups: no measurement."


@dataclass(frozen=True, slots=True)
class Cell:
    """Two lines of a table cell; numbers are set right-aligned with figures of one width."""

    main: str
    below: str = ""
    is_number: bool = True


@dataclass(frozen=True, slots=True)
class Column:
    """Head of a column: name, unit under it, and its share of the table's width."""

    name: str
    unit: str
    share: float
    is_number: bool = True


@dataclass(frozen=True, slots=True)
class DefectRow:
    """One defect's cells, in the order of the columns; the last column is the share bar."""

    defect: Defect
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class PartText:
    """Everything a part's page says in words."""

    title: str
    verdict: Verdict
    word: str
    reason: str
    rarity: str
    facts: tuple[tuple[str, str], ...]
    columns: tuple[Column, ...]
    rows: tuple[DefectRow, ...]
    notes: tuple[str, ...]
    quality: tuple[tuple[str, str], ...]
    how: tuple[str, ...]
    inputs: tuple[tuple[str, str], ...]


def head_facts(model: ReportModel) -> tuple[tuple[str, str], ...]:
    """Label and value of what identifies the report."""
    recipe = f"{printable(model.recipe.name)} · {model.recipe.sha256[:8] or 'not saved'}"
    return (
        ("Report", model.report_id),
        ("Issued", moment(model.issued)),
        ("Recipe", recipe),
        ("Software", printable(model.software)),
    )


def moment(iso: str) -> str:
    """ "2026-11-21T10:00:00+00:00" as "2026-11-21 10:00:00 UTC"."""
    return printable(iso.replace("T", " ", 1).replace("+00:00", " UTC"))


def part_text(model: ReportModel, result: Result) -> PartText:
    """The words of one part's page."""
    return PartText(
        title=part_title(result.id),
        verdict=result.verdict,
        word=palette.WORD[result.verdict],
        reason=printable(result.reason.rstrip(".")) + ".",
        rarity="" if result.score is None else _rarity(model, result),
        facts=_facts(result),
        columns=columns(result.unit),
        rows=tuple(DefectRow(defect, _cells(defect)) for defect in result.defects),
        notes=_table_notes(result),
        quality=_quality(result),
        how=how_decided(model, result),
        inputs=tuple((printable(s.path), s.sha256) for s in result.sources),
    )


def columns(unit: str) -> tuple[Column, ...]:
    """Heads of the defect table; `unit` is "mm" or "nominal mm"."""
    return (
        Column("#", "", 0.036),
        Column("Looks like", "pixel x, y", 0.150, False),
        Column("Area", f"{unit}²", 0.088),
        Column("Length", unit, 0.086),
        Column("Width", unit, 0.086),
        Column("Height", unit, 0.088),
        Column("Volume", f"{unit}³", 0.094),
        Column("Position x, y, z", unit, 0.184),
        Column("Peak", "× usual", 0.072),
        Column("Why", "", 0.116, False),
    )


def _cells(defect: Defect) -> tuple[Cell, ...]:
    x, y = defect.peak_px
    where = defect.centroid_mm
    name = printable(defect.name) or "–"
    return (
        Cell(str(defect.number)),
        Cell(name, f"{x}, {y}", False),
        _measured(defect.area_mm2),
        _measured(defect.length_mm),
        _measured(defect.width_mm),
        _measured(defect.height_mm),
        _measured(defect.volume_mm3),
        Cell("–" if where is None else ", ".join(number(value, 1) for value in where)),
        Cell(number(defect.score)),
        Cell(why(defect.colour_share), "", False),
    )


def _measured(measure: Measure | None) -> Cell:
    if measure is None:
        return Cell("–")
    value, spread = quantity(measure)
    return Cell(value, f"± {spread}" if spread else "")


def _rarity(model: ReportModel, result: Result) -> str:
    return p_sentence(result.p_value, len(model.recipe.calibration.scores)) + "."


def _facts(result: Result) -> tuple[tuple[str, str], ...]:
    facts = []
    if result.score is not None:
        facts.append(("Score", f"{number(result.score)} × usual"))
    for name, title in (("rgb", "Colour alone"), ("shape", "Shape alone")):
        if name in result.scores:
            facts.append((title, f"{number(result.scores[name])} × usual"))
    if result.label is not None:
        facts.append(("Labelled", printable(result.label)))
    return tuple(facts)


def _table_notes(result: Result) -> tuple[str, ...]:
    if not result.defects:
        return ()
    notes = [
        "± U: expanded uncertainty, k = 2, about 95 %. Height: negative below the good surface. "
        "Position: camera's frame. Names are suggestions."
    ]
    if result.unit != "mm":
        notes.append("The data carry no physical unit: millimetres are nominal.")
    rules: dict[str, list[int]] = {}
    for defect in result.defects:
        rules.setdefault(defect.extent_rule, []).append(defect.number)
    for rule, numbers in rules.items():
        if rule:
            which = "Extent" if len(rules) == 1 else f"Extent of {_listed(numbers)}"
            notes.append(f"{which}: {printable(rule)}.")
    found = nearest_at(result)
    if found is not None:
        notes.append(nearest_sentence(found[0].number, found[1], result.unit))
    for defect in result.defects:
        if defect.not_measurable:
            reason = printable(defect.not_measurable.rstrip("."))
            reason = reason.removeprefix("not measurable: ")
            notes.append(f"Defect {defect.number}, not measurable: {reason}.")
    return tuple(notes)


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(str(n) for n in numbers)


def _quality(result: Result) -> tuple[tuple[str, str], ...]:
    height, width = result.size
    rows = []
    if width:
        rows.append(("Size", f"{width} × {height} pixels"))
    pitch = result.quality.get("mm_per_px")
    if pitch is not None:
        rows.append(("Pixel on the part", f"{number(pitch, 3)} {result.unit}"))
    missing = result.quality.get("missing")
    if missing is not None:
        rows.append(("No measurement", f"{percent(missing)} of the part"))
    if result.score is not None:
        unseen = (("rgb", "Colour", "picture"), ("shape", "Shape", "scan"))
        rows += [
            (word, f"not judged: no {source}")
            for name, word, source in unseen
            if name not in result.scores
        ]
    rows += [("Note", printable(note)) for note in result.notes]
    return tuple(rows)


def promise_sentences(model: ReportModel) -> tuple[str, ...]:
    """What the limits promise, and every reason to trust that less."""
    found = [model.promise.sentence]
    if model.provisional:
        n = len(model.recipe.calibration.scores)
        found.append(
            f"The limits are provisional: only {n} good parts were held out, 20 are wanted."
        )
    if model.limits_moved:
        own = model.recipe.calibration.thresholds
        found.append(
            f"The limits were moved by hand (the recipe's: T1 {number(own.t1)}, T2 {number(own.t2)}): "
            "a preview, as the promise holds for limits fixed beforehand."
        )
    return tuple(found)


def how_decided(model: ReportModel, result: Result | None = None) -> tuple[str, ...]:
    """How it was decided, in words; a part's page in a batch repeats only the rule and its promise."""
    recipe, calibration = model.recipe, model.recipe.calibration
    number_held = len(calibration.scores)
    held = (
        f"{number_held:,} of them, each judged as if it had not been learnt"
        if calibration.in_turn
        else count(number_held, "other")
    )
    learnt = (
        f"The detector “{recipe.detector}” learnt what good looks like from "
        f"{count(recipe.n_learnt, 'good part')} and was calibrated on {held}. "
        "No defective part was used."
    )
    if recipe.reasons:
        learnt += f" It was chosen for these parts: {printable(' '.join(recipe.reasons))}"
    rule = rule_sentence(model.thresholds, calibration.minimum_area_px, number_held)
    promise = " ".join(promise_sentences(model))
    if result is None:
        return learnt, rule, promise, _settings(model)
    last = AT_THE_BEGINNING if model.is_batch else _settings(model)
    if result.timings_s:
        last += f" This part took {number(sum(result.timings_s.values()))} s."
    return (rule, promise, last) if model.is_batch else (learnt, rule, promise, last)


def _settings(model: ReportModel) -> str:
    recipe = model.recipe
    values = {**recipe.settings, **recipe.prepare}
    listed = ", ".join(f"{name} {_plain(value)}" for name, value in values.items())
    libraries = ", ".join(f"{name} {version}" for name, version in model.versions.items())
    return (
        f"Settings: {printable(listed) or 'none'}. Seed {recipe.seed}; "
        f"learnt {moment(recipe.created) or 'at an unknown time'}; inspected on "
        f"{printable(model.device) or 'an unknown device'}; {printable(libraries)}."
    )


def _plain(value: object) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else f"{value}"
