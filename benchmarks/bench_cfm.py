"""Crossmodal Feature Mapping of one part: ours stage by stage beside the plain published form.

    python benchmarks/bench_cfm.py [--threads 1] [--repeats 2] [--blocks 12] [--bf16]
        [--device cpu] [--processor]

Random weights of full size (DINO ViT-B/8, Point-MAE, both mappings) and a curved part of some 15,700
points on 224 x 224 pixels. Both sides take statistics of the cloud, exact distances, published smoothing,
mask and blur, and nothing random. Prints seconds, shares and ratios of the stages, the largest difference
of the blurred maps in shares of their maximum and, from processes of their own, the most memory of each
side. With --processor the seconds are the processor's, which others on the machine change less. On CUDA:
frames per second and memory of ours alone, full size and pruned to 8, 4 and 1 blocks.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import platform
import sys
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from bench_point_mae import part
from plain_cfm import Clock, PlainCFM, PrunedPointMAE
from plain_point_mae import random_state
from torch import Tensor

from inspector_core.detectors.cfm import mapping as cfm_mapping
from inspector_core.detectors.cfm import maps as cfm_maps
from inspector_core.detectors.cfm.mapping import CROSS, SIDES, CrossmodalMapping
from inspector_core.device import peak_memory_mb
from inspector_core.features.networks import timm_module
from inspector_core.features.point_blocks import PointBlocks
from inspector_core.features.point_embedding import TokenEmbedding
from inspector_core.features.point_transformer import PointSettings
from inspector_core.features.token_map import Block, TokenMap
from inspector_core.features.token_planes import (
    bilinear_plane,
    only_needed,
    point_plane,
    published_mask,
)
from inspector_core.features.wanted_tokens import wanted_tokens
from inspector_core.features.weights.catalogue import expected
from inspector_core.geometry.farthest_points import farthest_points
from inspector_core.geometry.point_groups import group_points, local_coordinates

SIZE, GRID = (224, 224), (28, 28)
GROUPS, GROUP_SIZE = 1024, 128
CARD_SHARES = {
    "ViT-B/8": 5,
    "centres": 2,
    "groups": 3,
    "group encoder": 13,
    "blocks": 4,
    "3-NN to points": 6,
    "plane": 15,
    "bilinear RGB": 3,
    "mappings": 34,
    "maps and blur": 15,
}
"""Shares of the published form in an earlier measurement on one thread, per cent."""
AFTER_TOKENS = ("3-NN to points", "plane", "bilinear RGB", "mappings", "maps and blur")
PUBLISHED_RATES = {"12": (21.755, 438), "8": (24.146, 296), "4": (24.527, 211), "1": (42.818, 48)}
"""Frames per second and MB by blocks, on another GPU (RTX 4090), preparation included."""


class OurCFM:
    """Our way through the same networks."""

    def __init__(self, chosen: argparse.Namespace) -> None:
        self.device = chosen.device
        self.fetched = PointSettings(blocks=chosen.blocks).fetched
        state = {
            name: value.to(self.device)
            for name, value in random_state(expected("point_mae.pretrain")).items()
            if kept(name, chosen.blocks)
        }
        self.embedding, self.blocks = TokenEmbedding(state, "cloud"), PointBlocks(state)
        self.vision = vision_transformer(chosen.blocks).to(self.device)
        self.mappings = {
            direction: CrossmodalMapping(tensors, self.device, half=chosen.bf16)
            for direction, tensors in mapping_states(384 * len(self.fetched)).items()
        }

    @torch.inference_mode()
    def inspect(
        self, picture: Tensor, points: np.ndarray, pixels: np.ndarray, clock: Clock
    ) -> np.ndarray:
        """(224, 224) float32 blurred map; arguments as in `PlainCFM.inspect`, on the CPU."""
        with clock.stage("weights of pixels"):
            judged = np.flatnonzero(published_mask(pixels, SIZE))
            needed, enlarging = only_needed(bilinear_plane(GRID, SIZE, judged))
        with clock.stage("ViT-B/8"):
            patches = wanted_tokens(
                self.vision, picture.to(self.device), torch.from_numpy(needed).to(self.device)
            )
            colour = TokenMap([Block(patches[0].cpu().numpy(), enlarging)])
        centres, tokens = self._tokens(points, clock)
        with clock.stage("weights of pixels"):
            plane = point_plane(
                points, pixels, points[centres], judged, SIZE, smoothing="published"
            )
            shape = TokenMap([Block(tokens, plane)])
        with clock.stage("mappings and distances"):
            sides = {"rgb": colour, "shape": shape}
            psi = {}
            for direction, mapping in self.mappings.items():
                source, target = SIDES[direction]
                psi[target] = mapping.distances(sides[source], sides[target])
        with clock.stage("maps and blur"):
            fused = cfm_maps.aggregate(psi["rgb"], psi["shape"], "product")
            return cfm_maps.blurred(cfm_maps.on_grid(fused, judged, SIZE), "published", 4.0)

    def _tokens(self, points: np.ndarray, clock: Clock) -> tuple[np.ndarray, np.ndarray]:
        """Numbers of the centres and the tokens (G, C) of their groups."""
        with clock.stage("centres"):
            chosen = farthest_points(points, GROUPS)
        centres = points[chosen]
        with clock.stage("groups"):
            index = group_points(points, centres, GROUP_SIZE)
            local = torch.from_numpy(local_coordinates(points, centres, index)).to(self.device)
        with clock.stage("group encoder"):
            embedded = self.embedding(local)
        with clock.stage("blocks"):
            at = torch.from_numpy(centres).to(self.device)
            outputs = self.blocks.outputs(embedded, at, self.fetched)
            tokens = torch.cat([self.blocks.normed(one) for one in outputs], dim=1)
            return chosen, tokens.cpu().numpy()


OURS = {
    "3-NN to points": "weights of pixels",
    "mappings": "mappings and distances",
}
"""Our stages that do the work of several of the plain form stand beside the first of them."""


def vision_transformer(blocks: int) -> Any:
    torch.manual_seed(0)
    network = timm_module().create_model("vit_base_patch8_224", num_classes=0).eval()
    network.blocks = network.blocks[:blocks]
    return network


def mapping_states(channels: int) -> dict[str, dict[str, np.ndarray]]:
    widths = {"rgb": 768, "shape": channels}
    return {
        direction: cfm_mapping.fresh(
            "projection", *(widths[side] for side in SIDES[direction]), (0, place)
        )
        for place, direction in enumerate(CROSS)
    }


def plain_side(chosen: argparse.Namespace) -> PlainCFM:
    settings = PointSettings(blocks=chosen.blocks)
    state = random_state(expected("point_mae.pretrain"))
    states = {
        direction: {name: torch.from_numpy(value) for name, value in tensors.items()}
        for direction, tensors in mapping_states(384 * len(settings.fetched)).items()
    }
    network = PrunedPointMAE(state, chosen.blocks, settings.fetched)
    return PlainCFM(vision_transformer(chosen.blocks), network, states)


def kept(name: str, blocks: int) -> bool:
    """Whether a parameter of the point transformer belongs to its first blocks."""
    return not name.startswith("blocks.blocks.") or int(name.split(".")[2]) < blocks


def picture() -> Tensor:
    """(1, 3, 224, 224) smooth colours, normalised."""
    generator = torch.Generator().manual_seed(0)
    coarse = torch.randn(1, 3, 14, 14, generator=generator)
    return torch.nn.functional.interpolate(coarse, SIZE, mode="bicubic")


def once(side: PlainCFM | OurCFM, processor: bool) -> tuple[np.ndarray, dict[str, float]]:
    """The map of the part and the seconds of each stage."""
    points, pixels = part()
    clock = Clock(time.process_time if processor else time.perf_counter)
    if isinstance(side, PlainCFM):
        found = side.inspect(picture(), torch.from_numpy(points), torch.from_numpy(pixels), clock)
        return found.numpy(), clock.seconds
    return side.inspect(picture(), points, pixels, clock), clock.seconds


@dataclass(frozen=True, slots=True)
class Measured:
    """One side: its map, the fastest seconds of each stage, MB before the first part and at most in it."""

    map: np.ndarray
    seconds: dict[str, float]
    before: float
    most: float


def measure(which: str, chosen: argparse.Namespace, answer: Any) -> None:
    """Put a `Measured` into `answer`; the first run gives the memory and warms up for the others."""
    torch.set_num_threads(chosen.threads)
    side = plain_side(chosen) if which == "plain" else OurCFM(chosen)
    before = peak_memory_mb() or 0.0
    found, best = once(side, chosen.processor)
    most = peak_memory_mb() or 0.0
    for number in range(chosen.repeats):
        found, seconds = once(side, chosen.processor)
        best = {n: s if number == 0 else min(s, best[n]) for n, s in seconds.items()}
    answer.put(Measured(found, best, before, most))


def measured(which: str, chosen: argparse.Namespace) -> Measured:
    """A side measured in a process of its own."""
    context = multiprocessing.get_context("spawn")
    answer = context.Queue()
    process = context.Process(target=measure, args=(which, chosen, answer))
    process.start()
    found: Measured = answer.get()
    process.join()
    return found


def compared(chosen: argparse.Namespace) -> None:
    plain, ours = (measured(which, chosen) for which in ("plain", "ours"))
    total = sum(plain.seconds.values())
    print(f"{'stage':16} {'plain s':>8} {'share':>6} {'card':>5} {'ours s':>8} {'ratio':>6}")
    for name, value in plain.seconds.items():
        mine = ours.seconds.get(OURS.get(name, name))
        told = "" if mine is None else f"{mine:8.3f} {value / mine:6.1f}"
        print(f"{name:16} {value:8.3f} {value / total:6.1%} {CARD_SHARES[name]:4d}% {told}")
    tails = [
        sum(s for name, s in side.seconds.items() if name in (*AFTER_TOKENS, *OURS.values()))
        for side in (plain, ours)
    ]
    totals = [total, sum(ours.seconds.values())]
    for title, (a, b) in (("after the tokens", tails), ("all", totals)):
        print(f"{title:16} {a:8.3f} {a / total:6.1%} {'':5} {b:8.3f} {a / b:6.1f}")
    apart = np.abs(plain.map - ours.map).max() / plain.map.max()
    print(f"largest difference of the maps: {apart:.1e} of the maximum")
    for name, side in (("plain", plain), ("ours", ours)):
        above = side.most - side.before
        print(f"memory, {name}: {side.most:.0f} MB at most, {above:.0f} MB above its networks")
    print(f"ours / plain: {ours.most / plain.most:.2f}")


def on_cuda(chosen: argparse.Namespace) -> None:
    print(f"{'blocks':>6} {'frames/s':>9} {'MB':>7}   published (RTX 4090): frames/s, MB")
    for blocks, (rate, megabytes) in PUBLISHED_RATES.items():
        chosen.blocks = int(blocks)
        side = OurCFM(chosen)
        once(side, False)
        torch.cuda.reset_peak_memory_stats()
        started = time.perf_counter()
        for _ in range(chosen.repeats):
            once(side, False)
        seconds = (time.perf_counter() - started) / chosen.repeats
        most = torch.cuda.max_memory_allocated() / (1 << 20)
        print(f"{blocks:>6} {1 / seconds:9.1f} {most:7.0f}   {rate}, {megabytes}")
        print(
            "       ", ", ".join(f"{n} {s * 1e3:.1f} ms" for n, s in once(side, False)[1].items())
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--blocks", type=int, default=12, choices=(12, 8, 4, 1))
    parser.add_argument("--device", default="cpu")
    parser.add_argument(
        "--bf16", action="store_true", help="our mappings' deeper layers in bfloat16"
    )
    parser.add_argument("--processor", action="store_true", help="seconds of the processor")
    chosen = parser.parse_args()
    torch.set_num_threads(chosen.threads)
    points, _ = part()
    print(
        f"{len(points)} points, {chosen.blocks} blocks, {platform.machine()}, threads "
        f"{chosen.threads}, load {os.getloadavg()[0]:.1f}, best of {chosen.repeats}, torch "
        f"{torch.__version__}, {sys.platform}{', processor time' * chosen.processor}"
    )
    if chosen.device.startswith("cuda"):
        on_cuda(chosen)
    else:
        compared(chosen)


if __name__ == "__main__":
    main()
