"""Features of a cloud from Point-MAE: ours stage by stage against the plain published form.

    python benchmarks/bench_point_mae.py [--threads 1] [--repeats 3]

Random weights and a curved part of some 15,700 points on 224 x 224 pixels; both sides with statistics of
the cloud, exact distances and published smoothing. Prints seconds, ratios, the largest difference of each
stage and, from processes of their own, the most memory that each side held above its start.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from plain_point_mae import (
    PlainPointMAE,
    farthest_points,
    groups,
    interpolated,
    planes,
    random_state,
)

from inspector_core.device import peak_memory_mb
from inspector_core.features.point_blocks import PointBlocks
from inspector_core.features.point_embedding import TokenEmbedding
from inspector_core.features.point_transformer import PointSettings
from inspector_core.features.token_planes import point_plane, published_mask
from inspector_core.features.weights.catalogue import expected
from inspector_core.geometry import farthest_points as sampling
from inspector_core.geometry.point_groups import group_points, local_coordinates

SIZE = (224, 224)
GROUPS, GROUP_SIZE = 1024, 128


def part() -> tuple[np.ndarray, np.ndarray]:
    """(N, 3) float32 m and (N,) pixels: a shallow bowl with a bump, 11 cm wide."""
    row, column = np.mgrid[: SIZE[0], : SIZE[1]]
    x, y = (column - 111.5) * 0.0005, (row - 111.5) * 0.0005
    z = 0.4 + 0.5 * (x * x + y * y) - 0.004 * np.exp(-((x - 0.01) ** 2 + y * y) / 1e-4)
    inside = (x / 0.040) ** 2 + (y / 0.0313) ** 2 < 1
    pixels = np.flatnonzero(inside.ravel())
    return np.stack([x, y, z], axis=2).reshape(-1, 3)[pixels].astype(np.float32), pixels


def plain_stages(
    points: np.ndarray, pixels: np.ndarray, state: Any
) -> list[tuple[str, Callable[..., Any]]]:
    """Name and step of each stage; a step takes what the ones before gave."""
    cloud, network = torch.from_numpy(points)[None], PlainPointMAE(state)
    places = torch.from_numpy(pixels)

    def embedded(given: dict[str, Any]) -> Any:
        centres = cloud[:, given["centres"]]
        return network.encoder(cloud[0][given["groups"]] - centres.unsqueeze(2))

    return [
        ("centres", lambda given: farthest_points(cloud, GROUPS)),
        ("groups", lambda given: groups(cloud, cloud[:, given["centres"]], GROUP_SIZE)),
        ("embedding", embedded),
        (
            "blocks",
            lambda given: network.transformed(given["embedding"], cloud[:, given["centres"]]),
        ),
        ("points", lambda given: interpolated(cloud, cloud[:, given["centres"]], given["blocks"])),
        ("plane", lambda given: planes(given["points"], places)),
    ]


def our_stages(
    points: np.ndarray, pixels: np.ndarray, state: Any
) -> list[tuple[str, Callable[..., Any]]]:
    """The same stages; the last two are the sparse matrix and its product for the wanted pixels."""
    embedding, blocks = TokenEmbedding(state, "cloud"), PointBlocks(state)
    fetched = PointSettings().fetched
    wanted = np.flatnonzero(published_mask(pixels, SIZE))

    def embedded(given: dict[str, Any]) -> Any:
        centres = points[given["centres"]]
        local = local_coordinates(points, centres, given["groups"])
        return embedding(torch.from_numpy(local))

    def transformed(given: dict[str, Any]) -> Any:
        centres = torch.from_numpy(points[given["centres"]])
        found = blocks.outputs(given["embedding"], centres, fetched)
        return torch.cat([blocks.normed(one) for one in found], dim=1)

    return [
        ("centres", lambda given: sampling.farthest_points(points, GROUPS)),
        ("groups", lambda given: group_points(points, points[given["centres"]], GROUP_SIZE)),
        ("embedding", embedded),
        ("blocks", transformed),
        (
            "points",
            lambda given: point_plane(
                points, pixels, points[given["centres"]], wanted, SIZE, smoothing="published"
            ),
        ),
        ("plane", lambda given: given["points"] @ given["blocks"].numpy()),
    ]


def run(stages: list[tuple[str, Callable[..., Any]]]) -> tuple[dict[str, Any], dict[str, float]]:
    """What each stage gives and its seconds."""
    given: dict[str, Any] = {}
    seconds = {}
    with torch.inference_mode():
        for name, step in stages:
            started = time.perf_counter()
            given[name] = step(given)
            seconds[name] = time.perf_counter() - started
    return given, seconds


def differences(plain: dict[str, Any], ours: dict[str, Any], mask: np.ndarray) -> dict[str, float]:
    """Largest difference where both sides give the same thing."""
    same = np.sort(plain["groups"][0].numpy()) == np.sort(ours["groups"])
    return {
        "centres": float((plain["centres"].numpy() != ours["centres"]).sum()),
        "groups": float((~same.all(axis=1)).sum()),
        "embedding": float((plain["embedding"][0] - ours["embedding"]).abs().max()),
        "blocks": float((plain["blocks"][0].T - ours["blocks"]).abs().max()),
        "plane": float(np.abs(plain["plane"].numpy()[mask] - ours["plane"]).max()),
    }


def peak(make: Callable[..., Any], threads: int, answer: Any) -> None:
    """Put into `answer` how many MB a run adds to what the process held before."""
    torch.set_num_threads(threads)
    points, pixels = part()
    stages = make(points, pixels, random_state(expected("point_mae.pretrain")))
    before = peak_memory_mb() or 0.0
    run(stages)
    answer.put((peak_memory_mb() or 0.0) - before)


def held(make: Callable[..., Any], threads: int) -> float:
    context = multiprocessing.get_context("spawn")
    answer = context.Queue()
    process = context.Process(target=peak, args=(make, threads, answer))
    process.start()
    megabytes = float(answer.get())
    process.join()
    return megabytes


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=3)
    chosen = parser.parse_args()
    # before this process grows: a new one starts with its parent's peak
    memory = [held(make, chosen.threads) for make in (plain_stages, our_stages)]
    torch.set_num_threads(chosen.threads)
    points, pixels = part()
    state = random_state(expected("point_mae.pretrain"))
    sides = [plain_stages(points, pixels, state), our_stages(points, pixels, state)]
    best: list[dict[str, float]] = [{}, {}]
    found: list[dict[str, Any]] = [{}, {}]
    for _ in range(chosen.repeats):
        for side, stages in enumerate(sides):
            found[side], seconds = run(stages)
            best[side] = {n: min(s, best[side].get(n, s)) for n, s in seconds.items()}
    apart = differences(found[0], found[1], np.flatnonzero(published_mask(pixels, SIZE)))
    print(
        f"{len(points)} points, threads: {chosen.threads}, load {os.getloadavg()[0]:.1f}, "
        f"best of {chosen.repeats}, torch {torch.__version__}, {sys.platform}"
    )
    print(f"{'stage':10} {'plain s':>8} {'ours s':>8} {'ratio':>6}  largest difference")
    for name in best[0]:
        plain, ours = best[0][name], best[1][name]
        told = f"{apart[name]:.1e}" if name in apart else ""
        print(f"{name:10} {plain:8.3f} {ours:8.3f} {plain / ours:6.1f}  {told}")
    totals = [sum(side.values()) for side in best]
    print(f"{'all':10} {totals[0]:8.3f} {totals[1]:8.3f} {totals[0] / totals[1]:6.1f}")
    print(f"memory {memory[0]:.0f} MB and {memory[1]:.0f} MB, {memory[1] / memory[0]:.2f}")


if __name__ == "__main__":
    main()
