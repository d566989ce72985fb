"""`relief evaluate`: metrics per map and per defect type."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inspector_core.cli.options import add_device, add_reading, assignments
from inspector_core.cli.printing import Console, printable
from inspector_core.cli.reading import chosen, read
from inspector_core.files import existing_folder

if TYPE_CHECKING:
    from inspector_core.evaluation import Evaluation, MapFigures
    from inspector_core.recipe import Recipe
    from inspector_core.types import SampleRef, Scan

EXAMPLES = (
    "relief evaluate {sample} --recipe casting-recipe",
    "relief evaluate {sample} --recipe casting-recipe --scope part --json",
)
_FEW_PARTS = 60
"""Below so many parts the interval is printed before the value."""
_TITLES = {"no_model": "no model"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's own options."""
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="folder of annotated parts")
    parser.add_argument(
        "--recipe", type=Path, required=True, metavar="RECIPE", help="recipe to evaluate"
    )
    parser.add_argument(
        "--scope",
        choices=("all", "part"),
        default="all",
        help="defect-free pixels that count: all, or those on the part and within 3 pixels of it "
        "(default: all)",
    )
    parser.add_argument(
        "--protocol",
        choices=("exact", "published", "btf100", "cfm99"),
        default="exact",
        help="AUPRO estimator: exact with that of the detector's paper beside it, or the latter or a "
        "named one alone, for comparison with published tables only (default: exact)",
    )
    parser.add_argument(
        "--against",
        type=Path,
        metavar="RECIPE",
        help="second recipe: how sure is the difference between the two on the same parts? (default: none)",
    )
    parser.add_argument(
        "--split",
        action="append",
        default=[],
        metavar="NAME",
        help="split to evaluate, repeatable (default: test, or all parts where there is none)",
    )
    add_device(parser)
    add_reading(parser)


def run(args: argparse.Namespace, console: Console) -> int:
    """Evaluate; 4 when some parts could not be scored."""
    from inspector_core import engine
    from inspector_core.cli.configuration import Configuration
    from inspector_core.recipe import open_recipe

    options = assignments(args.set)
    device = str(Configuration().program(device=args.device)["device"].value)
    recipes = [open_recipe(path) for path in (args.recipe, args.against) if path is not None]
    paths = [existing_folder(args.folder)]
    found = read(console, paths, args.layout, options)
    refs, notes = _held_out(console, found, chosen(found, paths, args.split), recipes)
    outcome, *others = [
        console.run(
            engine.evaluate(refs, recipe, scope=args.scope, protocol=args.protocol, device=device)
        )
        for recipe in recipes
    ]
    outcome = replace(outcome, notes=(*notes, *outcome.notes))
    against = _against(outcome, others[0]) if others else None
    console.document({**outcome.document(), **({"against": against} if against else {})})
    _print(outcome, console)
    if against:
        _print_against(outcome, against, console)
    return 4 if any(each.not_inspected for each in (outcome, *others)) else 0


def _against(outcome: Evaluation, other: Evaluation) -> dict[str, Any]:
    """The comparison with a second recipe as JSON values, map by map, over the parts both scored."""
    from inspector_core.evaluation import common, compare, keep

    first, second, left_out = common(keep(outcome), keep(other))
    shared = [name for name in outcome.maps if name in other.maps]
    compared = [compare(first, second, name, seed=outcome.seed).document() for name in shared]
    return {"recipe": dict(other.recipe), "left_out": list(left_out), "maps": compared}


def _held_out(
    console: Console, found: Scan, refs: Sequence[SampleRef], recipes: Sequence[Recipe]
) -> tuple[list[SampleRef], list[str]]:
    """The parts without those whose picture a recipe was learnt or calibrated with, and what to say.

    A copy under another name is found by content; a part of the same name may be another one, so it is
    only said.
    """
    from inspector_core.data.identity import duplicates

    known = {
        part for recipe in recipes for part in (*recipe.learn_parts, *recipe.calibration.parts)
    }
    notes = []
    copies = {
        ref.id: next(other.id for other in group if other.id in known)
        for group in console.run(duplicates(found.refs))
        if any(other.id in known for other in group)
        for ref in group
        if ref.id not in known
    }
    kept = [ref for ref in refs if ref.id not in copies]
    for ref in refs:
        if ref.id in copies:
            notes.append(f"{ref.id} has the same picture as {copies[ref.id]}: left out")
    same = sum(ref.id in known for ref in kept)
    if same:
        notes.append(
            f"{same} part{'s have' if same > 1 else ' has'} the name of a part that was learnt or "
            "calibrated with: if it is the same part, the figures are too good"
        )
    return kept, notes


def _print(outcome: Evaluation, console: Console) -> None:
    facts = outcome.recipe
    console.say(
        f"recipe    {printable(facts['name'])} ({facts['detector']}, {str(facts['sha256'])[:12]})"
    )
    console.say(f"parts     {outcome.n_good} good, {outcome.n_bad} defective")
    console.say(f"pixels    scope {outcome.scope}")
    if outcome.seconds is not None:
        console.say(
            f"time      {outcome.seconds[0]:.2f} s a part, 95 % below {outcome.seconds[1]:.2f} s"
        )
    console.say()
    _print_maps(outcome, console)
    for kind, counts in outcome.verdicts.items():
        said = ", ".join(f"{number} {verdict}" for verdict, number in counts.items())
        console.say(
            f"{'good' if kind == 'good' else 'defective'} parts at the recipe's limits: {said}"
        )
    _print_types(outcome, console)
    for note in outcome.notes:
        console.say(f"note: {printable(note)}")
    if outcome.not_inspected:
        console.say()
        console.say(f"{len(outcome.not_inspected)} not inspected:")
        for _, error in outcome.not_inspected:
            console.say(f"  {printable(error)}")


def _print_maps(outcome: Evaluation, console: Console) -> None:
    from inspector_core.evaluation.region_overlap import LIMITS

    few = outcome.n_good + outcome.n_bad < _FEW_PARTS
    rows = [*outcome.maps.items(), ("no_model", outcome.no_model)]
    console.table(
        ("map", "I-AUROC", "I-AP", "P-AUROC", "P-AP", "P-F1-max*"),
        [
            *(_ranked(name, figures, few) for name, figures in rows),
            *_own_row(outcome, few),
            ("chance", "0.500", "-", "0.500", "-", "-"),
        ],
    )
    console.say()
    estimators = [outcome.estimator]
    if outcome.estimator == "exact":
        estimators.append(outcome.published_estimator)
    overlap = [_overlap(name, figures, estimators, few) for name, figures in rows]
    console.table(
        ("AUPRO up to", "estimator", *(f"{100 * limit:.0f} %" for limit in LIMITS)),
        [
            *(row for block in overlap for row in block),
            ("chance", "", *(f"{limit / 2:.3f}" for limit in LIMITS)),
        ],
    )
    console.say()
    console.say("* at the best threshold on these very parts (an oracle). Brackets: 95 % interval.")
    published = outcome.published_estimator
    if _own_row(outcome, few):
        console.say("  own score: the method's own of the part; verdicts rest on the map.")
    console.say(
        f"  {published} is for comparison with published tables only; at 1 % it usually reads low."
    )


def _print_types(outcome: Evaluation, console: Console) -> None:
    if not outcome.per_type:
        return
    console.say()
    both = outcome.estimator == "exact"
    heads = ["defect type", "parts", "map", "I-AUROC", "P-AUROC", "AUPRO@30 %", "@1 %"]
    if both:
        heads += [f"{outcome.published_estimator}: @30 %", "@1 %"]
    rows = []
    for kind, table in outcome.per_type.items():
        for name, figures in table.items():
            areas = (figures.aupro, figures.published) if both else (figures.aupro,)
            rows.append(
                (
                    kind,
                    figures.n_bad,
                    _TITLES.get(name, name),
                    _number(figures.i_auroc),
                    _number(figures.p_auroc),
                    *(_number(area and area[at]) for area in areas for at in (0, 3)),
                )
            )
    console.table(heads, rows, right=(1,))


def _ranked(name: str, figures: MapFigures, few: bool) -> tuple[str, ...]:
    return (
        _TITLES.get(name, name),
        _with_interval(figures.i_auroc, figures.i_auroc_interval, few),
        _number(figures.i_ap),
        _number(figures.p_auroc),
        _number(figures.ap),
        _number(None if figures.best_f1 is None else figures.best_f1.value),
    )


def _own_row(outcome: Evaluation, few: bool) -> list[tuple[str, ...]]:
    """The line of the method's own part score, none where it has no other than the map's."""
    from inspector_core.evaluation.outcome import DECIDING

    figures = outcome.maps.get(DECIDING)
    if figures is None or figures.i_auroc_own is None:
        return []
    shown = _with_interval(figures.i_auroc_own, figures.i_auroc_own_interval, few)
    return [("own score", shown, "-", "-", "-", "-")]


def _overlap(
    name: str, figures: MapFigures, estimators: Sequence[str], few: bool
) -> list[tuple[str, ...]]:
    """The map's line, and below it that of the published estimator if it stands beside."""
    spans = figures.aupro_intervals or (None,) * 4
    lines = []
    for at, estimator in enumerate(estimators):
        areas = (figures.published if at else figures.aupro) or (None,) * 4
        cells = [
            _with_interval(area, span if at == 0 and limit in (0, 3) else None, few)
            for limit, (area, span) in enumerate(zip(areas, spans, strict=True))
        ]
        lines.append(("" if at else _TITLES.get(name, name), estimator, *cells))
    return lines


def _print_against(outcome: Evaluation, against: Mapping[str, Any], console: Console) -> None:
    first, second = (
        f"{printable(facts['name'])} ({facts['detector']})"
        for facts in (outcome.recipe, against["recipe"])
    )
    console.say()
    console.say(f"difference  {first} minus {second}")
    rows = []
    for compared in against["maps"]:
        for name, metric in compared["metrics"].items():
            low, high = metric["interval"]
            rows.append(
                (
                    compared["map"],
                    _metric(name),
                    _number(metric["first"]),
                    _number(metric["second"]),
                    f"{metric['difference']:+.3f}",
                    f"[{low:+.3f}, {high:+.3f}]",
                    f"{metric['share_above']:.0%}",
                    f"{metric['share_below']:.0%}",
                    f"{metric['p']:.3f}",
                )
            )
    heads = ("map", "metric", "first", "second", "difference", "95 % interval")
    console.table((*heads, "first better", "second better", "p"), rows)
    counts = against["maps"][0]["parts"] if against["maps"] else {"good": 0, "bad": 0}
    console.say(
        f"  the same {counts['good']} good and {counts['bad']} defective parts, drawn together; "
        "p two-sided"
    )
    if against["left_out"]:
        console.say(f"note: scored by one only, left out: {', '.join(against['left_out'])}")


def _metric(key: str) -> str:
    """ "aupro@0.30" is AUPRO@30 %."""
    name, _, limit = key.partition("@")
    return f"AUPRO@{100 * float(limit):.0f} %" if limit else name.upper().replace("_", "-")


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _with_interval(value: float | None, span: tuple[float, float] | None, few: bool) -> str:
    """ "0.90 [0.81-0.97]", with few parts "[0.81-0.97] 0.90": then the interval is what counts."""
    if value is None or span is None:
        return _number(value)
    interval = f"[{span[0]:.3f}-{span[1]:.3f}]"
    return f"{interval} {value:.3f}" if few else f"{value:.3f} {interval}"
