"""Choosing a coreset: from a pool of the farthest rows, against looking at all rows for every choice.

    python benchmarks/bench_coreset.py [ROWS] [WIDTH] [COUNT]

Prints both times, their ratio, how many choices are the same and both cover radii.
"""

from __future__ import annotations

import sys
import time

import numpy as np
import torch

from inspector_core.device import Plan
from inspector_core.memory.coreset import greedy_coreset
from inspector_core.progress import drain


def plain(features: np.ndarray, count: int) -> np.ndarray:
    """Every choice looks at every row."""
    rows = torch.tensor(features)
    rows -= rows.mean(dim=0)
    squares = rows.square().sum(dim=1)
    chosen = [0]
    remaining = torch.full((len(rows),), torch.inf)
    while len(chosen) < count:
        last = chosen[-1]
        far = torch.addmv(squares + squares[last], rows, rows[last], alpha=-2.0)
        remaining = remaining.minimum(far.clamp_(min=0.0))
        chosen.append(int(remaining.argmax()))
    return np.array(chosen)


def radius(features: np.ndarray, chosen: np.ndarray) -> float:
    """Largest distance of any row from the nearest chosen one."""
    rows, centres = torch.tensor(features), torch.tensor(features[chosen])
    nearest = [torch.cdist(part, centres).amin(dim=1).max() for part in rows.split(4096)]
    return float(max(nearest))


def main() -> None:
    rows, width, count = (*map(int, sys.argv[1:4]), *(60_000, 128, 600)[len(sys.argv) - 1 :])
    rng = np.random.default_rng(0)
    spread = np.linspace(0.2, 2.0, width, dtype=np.float32)
    features = rng.normal(size=(rows, width)).astype(np.float32) * spread
    started = time.perf_counter()
    slow = plain(features, count)
    plain_s = time.perf_counter() - started
    started = time.perf_counter()
    fast = drain(greedy_coreset(features, count, Plan("cpu", rows), start=0))
    pool_s = time.perf_counter() - started
    same = len(set(slow.tolist()) & set(fast.tolist()))
    print(f"{count} of {rows} rows, {width} wide")
    print(f"all rows each time  {plain_s:7.2f} s   cover radius {radius(features, slow):.4f}")
    print(f"from a pool         {pool_s:7.2f} s   cover radius {radius(features, fast):.4f}")
    print(f"ratio {plain_s / pool_s:.1f}, {same} choices the same")


if __name__ == "__main__":
    main()
