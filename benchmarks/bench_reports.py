"""How long reports take, and whether a thousand parts need more memory than one.

    python benchmarks/bench_reports.py [--quick]

Budgets (2 cores): PDF + HTML + JSON of one part of 800 x 800 points within 1 s (95 % of runs 2 s); of 1,000
parts, every eighth rejected, within 60 s and 300 MB above idle. `cpu` is the processor time of the
process, which a busy machine hardly changes. The pictures are the bundled sample's, enlarged to a folder of
their own; its files are read again for every page.
"""

from __future__ import annotations

import argparse
import gc
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from inspector_core.assets import sample_parts
from inspector_core.data.scan import scan
from inspector_core.data.writers import write_part
from inspector_core.detectors.contract import State
from inspector_core.geometry.prepare import prepare
from inspector_core.progress import drain
from inspector_core.recipe import Recipe
from inspector_core.reports import PartMaterial, build, export
from inspector_core.store import ResultStore
from inspector_core.types import (
    AnomalyMaps,
    Array,
    Calibration,
    Defect,
    Measure,
    Region,
    Result,
    Sample,
    Thresholds,
    Verdict,
)

FORMATS = ("pdf", "html", "json")
LIMITS = Thresholds(1.2, 1.5)
USUAL = {"rgb": 1.0, "shape": 1.0, "fused": 1.0}
RECIPE = Recipe(
    name="bench",
    detector="aligned",
    settings={},
    prepare={},
    state=State({}),
    calibration=Calibration(
        USUAL, tuple(map(str, range(60))), tuple(np.linspace(0.6, 1.4, 60)), LIMITS
    ),
    fingerprint={"mm_per_px": 0.3},
    learn_parts=(),
    sha256="0" * 64,
)


def enlarged(array: Array, factor: int) -> Array:
    """The picture or mask, every value repeated factor x factor times."""
    return np.repeat(np.repeat(array, factor, axis=0), factor, axis=1)


def denser(xyz: Array, factor: int) -> Array:
    """The cloud with linearly interpolated points; gaps grow by a pixel."""
    for axis in (0, 1):
        size = xyz.shape[axis]
        at = np.clip((np.arange(size * factor) + 0.5) / factor - 0.5, 0, size - 1)
        low = np.minimum(at.astype(int), size - 2)
        share = (at - low).astype(np.float32).reshape((-1, 1, 1) if axis == 0 else (1, -1, 1))
        xyz = np.take(xyz, low, axis) * (1 - share) + np.take(xyz, low + 1, axis) * share
    return xyz


def material(sample: Sample, foreground: Array, factor: int) -> PartMaterial:
    """The sample with made-up maps, hot where its truth is."""
    assert sample.rgb is not None
    assert sample.xyz is not None
    assert sample.truth is not None
    truth, part = enlarged(sample.truth, factor), enlarged(foreground, factor)
    level = np.where(part, np.where(truth, 2.2, 0.4), np.nan).astype(np.float32)
    deviation = np.where(part, np.where(truth, -0.6, 0.02), np.nan).astype(np.float32)
    maps = AnomalyMaps(rgb=level / 2, shape=level, fused=level, deviation_mm=deviation)
    large = replace(
        sample,
        rgb=enlarged(sample.rgb, factor),
        xyz=denser(sample.xyz, factor),
        truth=truth,
        normals=None,
    )
    return PartMaterial(large, maps)


def result(part_id: str, made: PartMaterial, verdict: Verdict) -> Result:
    """A result with two defects, or none for an accepted part."""
    truth = made.sample.truth
    assert truth is not None
    rows, columns = np.nonzero(truth)
    box = (int(columns.min()), int(rows.min()), int(columns.max()), int(rows.max()))
    first = Defect(
        number=1,
        region=Region.from_mask(truth),
        bbox_px=box,
        peak_px=(int(columns[0]), int(rows[0])),
        score=2.2,
        score_rgb=1.1,
        score_shape=2.2,
        colour_share=0.1,
        name="dent",
        extent_rule="deviation above 0.1 mm",
        centroid_mm=(8.0, 19.2, 378.5),
        area_mm2=Measure(12.0, 0.4),
        length_mm=Measure(5.1, 0.2),
        width_mm=Measure(3.3, 0.2),
        height_mm=Measure(-0.6, 0.02),
        volume_mm3=Measure(4.2, 0.3),
    )
    rejected = verdict is Verdict.REJECT
    score = 2.2 if rejected else 0.8
    return Result(
        part_id,
        "test",
        None,
        verdict,
        "2 defects above T2" if rejected else "Nothing above T1",
        made.sample.sources,
        made.sample.shape,
        {"rgb": score / 2, "shape": score, "fused": score},
        0.02 if rejected else 0.6,
        LIMITS,
        USUAL,
        (first, replace(first, number=2)) if rejected else (),
        quality={"mm_per_px": 0.15, "missing": 0.12},
    )


def resident_mb() -> float:
    """Main memory that this process holds."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def one_part(load: Callable[[], PartMaterial], runs: int) -> None:
    """Rows for reports of a single rejected part."""
    made = load()
    verdict = result("test/dent/001", made, Verdict.REJECT)
    for formats in (FORMATS, ("pdf",), ("html",), ("json", "csv"), ("png",), ("ply", "tiff")):
        wall, cpu = [], []
        for _ in range(runs + 1):
            with tempfile.TemporaryDirectory() as folder:
                started = time.perf_counter(), time.process_time()
                report = build([verdict], RECIPE, lambda _: made)
                drain(export(report, Path(folder), formats))
                wall.append(time.perf_counter() - started[0])
                cpu.append(time.process_time() - started[1])
        taken = sorted(wall[1:])
        p95 = taken[min(len(taken) - 1, round(0.95 * len(taken)))]
        print(
            f"one part, {'+'.join(formats):16}{statistics.median(taken):9.2f}{p95:9.2f}"
            f"{statistics.median(cpu[1:]):9.2f}"
        )


def many_parts(load: Callable[[], PartMaterial], count: int) -> None:
    """One row for a batch in which every eighth part has a page."""
    made = load()
    verdicts = (Verdict.REJECT, *[Verdict.ACCEPT] * 7)
    results = [result(f"test/{k:04d}", made, verdicts[k % 8]) for k in range(count)]
    with tempfile.TemporaryDirectory() as folder:
        again = on_disk(made, Path(folder))
        again()
        del made
        gc.collect()
        idle, most = resident_mb(), 0.0

        def watch(_: object) -> None:
            nonlocal most
            most = max(most, resident_mb())

        started = time.perf_counter(), time.process_time()
        report = build(results, RECIPE, lambda _: again())
        paths = drain(export(report, Path(folder) / "report", FORMATS), watch)
        wall, cpu = time.perf_counter() - started[0], time.process_time() - started[1]
        size = sum(path.stat().st_size for path in paths) / 1e6
    print(
        f"{count:5} parts, {len([r for r in results if r.defects])} pages{'':8}{wall:9.1f}{'':9}{cpu:9.1f}"
        f"   +{most - idle:.0f} MB at most, files {size:.0f} MB"
    )


def on_disk(made: PartMaterial, folder: Path) -> Callable[[], PartMaterial]:
    """The material as files and stored maps, and the function that reads them again."""
    sample = made.sample
    write_part(folder / "parts", "test", "dent", "000", sample.rgb, sample.xyz, sample.truth)
    (ref,) = drain(scan(folder / "parts")).refs
    store = ResultStore.create(folder / "store", "")
    store.write(Result(ref.id, "", None, Verdict.NOT_INSPECTED, "", maps=made.maps))
    return lambda: PartMaterial(ref.load(), store.maps(ref.id))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--quick", action="store_true", help="5 runs and 100 parts")
    quick = options.parse_args().quick
    refs = {ref.id: ref for ref in drain(scan(sample_parts())).refs}
    ref = refs["test/dent/001"]
    foreground = prepare(ref.load()).foreground
    print(
        f"{platform.platform()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, "
        f"{5 if quick else 30} runs"
    )
    print(f"{'':28}{'median s':>9}{'p95 s':>9}{'cpu s':>9}")
    one_part(lambda: material(ref.load(), foreground, 2), 5 if quick else 30)
    many_parts(lambda: material(ref.load(), foreground, 2), 100 if quick else 1000)


if __name__ == "__main__":
    main()
