"""Exact AUPRO over many large maps: the program's form beside the plain one, time and memory.

    python benchmarks/bench_metrics.py [--maps 200] [--side 800] [--quick] [--json]

Maps are made (correlated noise, half of the parts with one to three defects), float32, a value at every
pixel. The plain form joins all pixels, sorts them once with argsort and sums up, as the published codes
do. Each form runs in a process of its own, so that its peak memory is its own; both are given the maps
and the masks in memory. "reading" is labelling the masks and sorting each map, "area" the rest.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time

import numpy as np

LIMITS = (0.30, 0.10, 0.05, 0.01)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--maps", type=int, default=200)
    arguments.add_argument("--side", type=int, default=800)
    arguments.add_argument("--quick", action="store_true", help="20 maps")
    arguments.add_argument("--json", action="store_true")
    arguments.add_argument("--form", choices=("ours", "plain"), help="run one form only")
    given = arguments.parse_args()
    if given.quick:
        given.maps = 20
    if given.form:
        print(json.dumps(one_form(given.form, given.maps, given.side)))
        return
    forms = {form: in_its_own_process(form, given) for form in ("ours", "plain")}
    gap = float(np.abs(np.subtract(forms["ours"]["aupro"], forms["plain"]["aupro"])).max())
    if given.json:
        print(json.dumps({**forms, "largest_difference": gap}, indent=1))
    else:
        show(forms, gap, given)
    assert gap <= 1e-12, gap


def in_its_own_process(form: str, given: argparse.Namespace) -> dict[str, object]:
    words = [sys.executable, __file__, "--form", form, "--maps", given.maps, "--side", given.side]
    done = subprocess.run([str(word) for word in words], stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def one_form(form: str, n_maps: int, side: int) -> dict[str, object]:
    from inspector_core.device import peak_memory_mb

    compute = ours if form == "ours" else plain
    compute(*made(2, 100))
    maps, masks = made(n_maps, side)
    before = peak_memory_mb()
    worked = time.process_time()
    started = time.perf_counter()
    read, areas = compute(maps, masks)
    spent = time.perf_counter() - started
    return {
        "seconds": spent,
        "processor_s": time.process_time() - worked,
        "reading_s": read - started,
        "area_s": spent - (read - started),
        "peak_memory_mb": peak_memory_mb(),
        "made_memory_mb": before,
        "defect_pixels": int(sum(mask.sum() for mask in masks if mask is not None)),
        "aupro": list(areas),
    }


def made(n_maps: int, side: int) -> tuple[np.ndarray, list[np.ndarray | None]]:
    """(n, side, side) float32 maps and their masks; the first half are good parts."""
    maps = np.empty((n_maps, side, side), np.float32)
    masks: list[np.ndarray | None] = []
    rows, columns = np.mgrid[:side, :side].astype(np.float32)
    for number in range(n_maps):
        rng = np.random.default_rng(number)
        maps[number] = coarse(rng, 50, side) + 0.5 * coarse(rng, 10, side)
        maps[number] += 0.02 * rng.standard_normal((side, side), np.float32)
        mask = None
        if number >= n_maps // 2:
            mask = np.zeros((side, side), bool)
            for _ in range(rng.integers(1, 4)):
                y, x = rng.uniform(0.1 * side, 0.9 * side, 2)
                a, b = rng.uniform(0.01 * side, 0.06 * side, 2)
                mask |= ((rows - y) / a) ** 2 + ((columns - x) / b) ** 2 < 1
            maps[number][mask] += rng.uniform(1.0, 3.0)
        masks.append(mask)
    return maps, masks


def coarse(rng: np.random.Generator, step: int, side: int) -> np.ndarray:
    """Noise that varies over `step` pixels, (side, side) float32."""
    grid = rng.standard_normal((side // step + 2,) * 2, np.float32)
    at = np.arange(side, dtype=np.float32) / step
    low = at.astype(int)
    part = at - low
    lines = grid[low] * (1 - part)[:, None] + grid[low + 1] * part[:, None]
    return lines[:, low] * (1 - part) + lines[:, low + 1] * part


def ours(maps, masks) -> tuple[float, tuple[float, ...]]:
    from inspector_core.evaluation.pooling import pooled_quickly, read_maps
    from inspector_core.evaluation.region_overlap import aupro

    parts = read_maps(maps, masks)
    read = time.perf_counter()
    return read, aupro(pooled_quickly(parts), LIMITS)


def plain(maps, masks) -> tuple[float, tuple[float, ...]]:
    """All pixels in one array, one argsort, cumulative sums; ties enter together."""
    from scipy import ndimage

    weight = np.zeros(maps.shape, np.float64)
    n_regions = 0
    for number, mask in enumerate(masks):
        if mask is not None:
            labels, n = ndimage.label(mask, np.ones((3, 3)))
            sizes = np.bincount(labels.ravel())
            weight[number] = np.where(labels > 0, 1.0 / sizes[labels], 0.0)
            n_regions += n
    read = time.perf_counter()
    scores = maps.ravel()
    order = np.argsort(scores)[::-1]
    weight = weight.ravel()[order]
    scores = scores[order]
    del order
    normal = np.cumsum(weight == 0)
    overlap = np.cumsum(weight)
    last = np.append(scores[1:] != scores[:-1], True)
    fpr = np.append(0.0, normal[last] / normal[-1])
    pro = np.append(0.0, np.minimum(overlap[last] / n_regions, 1.0))
    return read, tuple(area(fpr, pro, limit) for limit in LIMITS)


def area(x: np.ndarray, y: np.ndarray, limit: float) -> float:
    inside = x <= limit
    end = int(inside.sum())
    x_in, y_in = x[inside], y[inside]
    if end < len(x) and x_in[-1] < limit:
        share = (limit - x[end - 1]) / (x[end] - x[end - 1])
        x_in = np.append(x_in, limit)
        y_in = np.append(y_in, y[end - 1] + share * (y[end] - y[end - 1]))
    return float(np.trapezoid(y_in, x_in) / limit)


def show(forms: dict[str, dict[str, object]], gap: float, given: argparse.Namespace) -> None:
    print(
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, numpy {np.__version__}"
    )
    print(
        f"{given.maps} maps of {given.side}x{given.side}, {forms['ours']['defect_pixels']} defect pixels"
    )
    heads = ("reading s", "area s", "together s", "of all cores s", "ratio", "peak MB")
    print(f"{'form':8}" + "".join(f"{head:>16}" for head in heads))
    slowest = forms["plain"]["seconds"]
    for form, row in forms.items():
        seconds = (row["reading_s"], row["area_s"], row["seconds"], row["processor_s"])
        cells = (*(f"{value:.2f}" for value in seconds), f"{slowest / row['seconds']:.1f}")
        print(
            f"{form:8}"
            + "".join(f"{cell:>16}" for cell in (*cells, f"{row['peak_memory_mb']:.0f}"))
        )
    print(
        f"the maps alone take {forms['ours']['made_memory_mb']:.0f} MB; largest difference {gap:.1e}"
    )
    print(
        "AUPRO "
        + ", ".join(
            f"@{limit:.0%} {a:.6f}" for limit, a in zip(LIMITS, forms["ours"]["aupro"], strict=True)
        )
    )


if __name__ == "__main__":
    main()
