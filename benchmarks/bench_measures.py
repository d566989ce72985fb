"""Measured area, length, depth and volume of found defects against the truth of rendered parts.

    python benchmarks/bench_measures.py FOLDER RECIPE [--json]

FOLDER holds test parts in the MVTec 3D-AD layout and truth.json (defects with area_mm2, length_mm,
max_depth_mm, max_height_mm, volume_*_mm3, bbox_uv). A defect counts as found when a region at or above
T1 overlaps its annotated pixels. Printed per kind of defect: how many were found and could be measured,
and the median and 90th percentile of the relative error.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from pathlib import Path

import numpy as np

from inspector_core import engine
from inspector_core.progress import drain
from inspector_core.recipe import open_recipe

QUANTITIES = ("area", "length", "height", "volume")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("recipe", type=Path)
    arguments.add_argument("--json", action="store_true")
    given = arguments.parse_args()
    table = measure(given.folder, given.recipe)
    print(json.dumps(table, indent=1)) if given.json else show(table)


def measure(folder: Path, recipe_folder: Path) -> dict[str, dict[str, object]]:
    """Kind of defect to its counts and relative errors."""
    truth = json.loads((folder / "truth.json").read_text("utf-8"))
    recipe = open_recipe(recipe_folder)
    scan = drain(engine.scan(folder))
    refs = [ref for ref in scan.select("test") if truth.get(key(ref.id))]
    results = {result.id: result for result in drain(engine.inspect(refs, recipe))}
    errors: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for ref in refs:
        annotated = ref.load().truth
        assert annotated is not None
        for entry in truth[key(ref.id)]:
            counts[entry["type"]][0] += 1
            found = matching(results[ref.id], annotated, entry)
            if found is None:
                continue
            counts[entry["type"]][1] += 1
            for name, value in relative_errors(found, entry).items():
                errors[entry["type"]][name].append(value)
    return {
        kind: {
            "defects": counts[kind][0],
            "found": counts[kind][1],
            **{
                name: {
                    "n": len(errors[kind][name]),
                    "median": quantile(errors[kind][name], 0.5),
                    "p90": quantile(errors[kind][name], 0.9),
                }
                for name in QUANTITIES
            },
        }
        for kind in sorted(counts)
    } | {"all": summary(counts, errors)}


def summary(counts, errors) -> dict[str, object]:
    """The same over all kinds."""
    pooled = {name: [v for kind in errors for v in errors[kind][name]] for name in QUANTITIES}
    return {
        "defects": sum(pair[0] for pair in counts.values()),
        "found": sum(pair[1] for pair in counts.values()),
        **{
            name: {"n": len(v), "median": quantile(v, 0.5), "p90": quantile(v, 0.9)}
            for name, v in pooled.items()
        },
    }


def key(part_id: str) -> str:
    """ "test/dent/004" as truth.json names it."""
    return part_id.removeprefix("test/")


def matching(result, annotated, entry):
    """The found defect that overlaps the annotated one most, or None."""
    u0, v0, u1, v1 = entry["bbox_uv"]
    place = np.zeros_like(annotated)
    place[v0 : v1 + 1, u0 : u1 + 1] = annotated[v0 : v1 + 1, u0 : u1 + 1]
    overlaps = [(int((d.region.mask() & place).sum()), d) for d in result.defects]
    best = max(overlaps, key=lambda pair: pair[0], default=(0, None))
    return best[1] if best[0] else None


def relative_errors(found, entry) -> dict[str, float]:
    """Quantity to |measured - true| / true, for those that could be measured and have a truth."""
    depth, height = entry.get("max_depth_mm") or 0, entry.get("max_height_mm") or 0
    volume = max(entry.get("volume_removed_mm3") or 0, entry.get("volume_added_mm3") or 0)
    truth = {
        "area": (found.area_mm2, entry["area_mm2"]),
        "length": (found.length_mm, entry["length_mm"]),
        "height": (found.height_mm, -depth if depth > height else height),
        "volume": (found.volume_mm3, volume),
    }
    if not entry["in_xyz"]:
        truth = {name: truth[name] for name in ("area", "length")}
    return {
        name: abs(measured.value - true) / abs(true)
        for name, (measured, true) in truth.items()
        if measured is not None and true
    }


def quantile(values: list[float], point: float) -> float | None:
    return round(float(np.quantile(values, point)), 3) if values else None


def show(table: dict[str, dict[str, object]]) -> None:
    head = f"{'kind':18}{'found':>8}" + "".join(
        f"{name + ' med/p90 (n)':>24}" for name in QUANTITIES
    )
    print(head)
    for kind, row in table.items():
        cells = ""
        for name in QUANTITIES:
            entry = row[name]
            text = (
                f"{entry['median']:.0%} / {entry['p90']:.0%} ({entry['n']})" if entry["n"] else "-"
            )
            cells += f"{text:>24}"
        print(f"{kind:18}{row['found']:>4}/{row['defects']:<3}{cells}")


if __name__ == "__main__":
    main()
