"""Crossmodal Feature Mapping of one part: ours stage by stage beside the plain published form.

    python benchmarks/bench_cfm.py [--threads 1] [--repeats 2] [--blocks 12] [--device cpu] [--bf16]

Random weights of full size (DINO ViT-B/8, Point-MAE, both mappings) and a curved part of some 15,700
points on 224 x 224 pixels. Both sides take statistics of the cloud, exact distances, published smoothing,
mask and blur, and nothing random. Prints seconds, shares and ratios of the stages, the largest difference
of the blurred maps in shares of their maximum and, from processes of their own, the most memory of each
side. On CUDA: frames per second and memory of ours alone, full size and pruned to 8, 4 and 1 blocks.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import platform
import sys
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from bench_point_mae import part
from plain_cfm import Clock, PlainCFM, PrunedPointMAE
from plain_point_mae import random_state
from torch import Tensor

from inspector_core.detectors import cfm_mapping, cfm_maps
from inspector_core.detectors.cfm_mapping import CROSS, SIDES, CrossmodalMapping
from inspector_core.device import peak_memory_mb
from inspector_core.features.networks import timm_module
from inspector_core.features.point_transformer import PointSettings, PointTransformer
from inspector_core.features.token_map import Block, TokenMap
from inspector_core.features.token_planes import bilinear_plane, point_plane, published_mask
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

    def __init__(
        self,
        vision: Any,
        points: PointTransformer,
        mappings: Mapping[str, CrossmodalMapping],
        device: str,
    ) -> None:
        self.vision, self.points, self.mappings, self.device = vision, points, mappings, device

    @torch.inference_mode()
    def inspect(
        self, picture: Tensor, points: np.ndarray, pixels: np.ndarray, clock: Clock
    ) -> np.ndarray:
        """(224, 224) float32 blurred map; arguments as in `PlainCFM.inspect`, on the CPU."""
        with clock.stage("ViT-B/8"):
            patches = self.vision.forward_features(picture.to(self.device))[0, 1:].cpu().numpy()
        centres, tokens = self._tokens(points, clock)
        with clock.stage("weights of pixels"):
            judged = np.flatnonzero(published_mask(pixels, SIZE))
            plane = point_plane(
                points, pixels, points[centres], judged, SIZE, smoothing="published"
            )
            shape = TokenMap([Block(tokens, plane)])
            colour = TokenMap([Block(patches, bilinear_plane(GRID, SIZE, judged))])
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
            embedded = self.points._embedding(local)
        with clock.stage("blocks"):
            blocks, fetched = self.points._blocks, self.points.settings.fetched
            outputs = blocks.outputs(embedded, torch.from_numpy(centres).to(self.device), fetched)
            tokens = torch.cat([blocks.normed(one) for one in outputs], dim=1)
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


def our_side(chosen: argparse.Namespace) -> OurCFM:
    settings = PointSettings(groups=GROUPS, group_size=GROUP_SIZE, blocks=chosen.blocks)
    state = {
        name: value
        for name, value in random_state(expected("point_mae.pretrain")).items()
        if _kept(name, chosen.blocks)
    }
    points = PointTransformer(state, settings, device=chosen.device)
    mappings = {
        direction: CrossmodalMapping(tensors, chosen.device, half=chosen.bf16)
        for direction, tensors in mapping_states(points.channels).items()
    }
    vision = vision_transformer(chosen.blocks).to(chosen.device)
    return OurCFM(vision, points, mappings, chosen.device)


def _kept(name: str, blocks: int) -> bool:
    """Whether a parameter of the point transformer belongs to its first blocks."""
    parts = name.split(".")
    return not name.startswith("blocks.blocks.") or int(parts[2]) < blocks


def picture() -> Tensor:
    """(1, 3, 224, 224) smooth colours, normalised."""
    generator = torch.Generator().manual_seed(0)
    coarse = torch.randn(1, 3, 14, 14, generator=generator)
    return torch.nn.functional.interpolate(coarse, SIZE, mode="bicubic")


def once(side: PlainCFM | OurCFM) -> tuple[np.ndarray, dict[str, float]]:
    """The map of the part and the seconds of each stage."""
    points, pixels = part()
    clock = Clock()
    if isinstance(side, PlainCFM):
        found = side.inspect(picture(), torch.from_numpy(points), torch.from_numpy(pixels), clock)
        return found.numpy(), clock.seconds
    return side.inspect(picture(), points, pixels, clock), clock.seconds


def peak(which: str, chosen: argparse.Namespace, answer: Any) -> None:
    """Put into `answer` the MB of a process before and at most during one part."""
    torch.set_num_threads(chosen.threads)
    side = plain_side(chosen) if which == "plain" else our_side(chosen)
    before = peak_memory_mb()
    once(side)
    answer.put((before, peak_memory_mb()))


def held(which: str, chosen: argparse.Namespace) -> tuple[float, float]:
    context = multiprocessing.get_context("spawn")
    answer = context.Queue()
    process = context.Process(target=peak, args=(which, chosen, answer))
    process.start()
    megabytes: tuple[float, float] = answer.get()
    process.join()
    return megabytes


def best_of(side: PlainCFM | OurCFM, repeats: int) -> tuple[np.ndarray, dict[str, float]]:
    """The map, and the fastest run's seconds of each stage; one run before it is warm-up."""
    found, best = once(side)
    for _ in range(repeats):
        found, seconds = once(side)
        if sum(seconds.values()) < sum(best.values()):
            best = seconds
    return found, best


def compared(chosen: argparse.Namespace) -> None:
    # before this process grows: a new one starts with its parent's peak
    memory = {which: held(which, chosen) for which in ("plain", "ours")}
    maps, seconds = {}, {}
    for which, make in (("plain", plain_side), ("ours", our_side)):
        maps[which], seconds[which] = best_of(make(chosen), chosen.repeats)
    plain, ours = seconds["plain"], seconds["ours"]
    totals = {which: sum(stages.values()) for which, stages in seconds.items()}
    print(f"{'stage':16} {'plain s':>8} {'share':>6} {'card':>5} {'ours s':>8} {'ratio':>6}")
    for name, value in plain.items():
        share = value / totals["plain"]
        mine = ours.get(OURS.get(name, name))
        told = "" if mine is None else f"{mine:8.3f} {value / mine:6.1f}"
        print(f"{name:16} {value:8.3f} {share:6.1%} {CARD_SHARES[name]:4d}% {told}")
    tails = [
        sum(s for name, s in plain.items() if name in AFTER_TOKENS),
        sum(s for name, s in ours.items() if name in (*AFTER_TOKENS, *OURS.values())),
    ]
    for title, (a, b) in (("after the tokens", tails), ("all", totals.values())):
        print(f"{title:16} {a:8.3f} {a / totals['plain']:6.1%} {'':5} {b:8.3f} {a / b:6.1f}")
    apart = np.abs(maps["plain"] - maps["ours"]).max() / maps["plain"].max()
    print(f"largest difference of the maps: {apart:.1e} of the maximum")
    for which, (before, most) in memory.items():
        print(f"memory, {which}: {most:.0f} MB at most, {most - before:.0f} MB above its networks")
    print(f"ours / plain: {memory['ours'][1] / memory['plain'][1]:.2f}")


def on_cuda(chosen: argparse.Namespace) -> None:
    print(f"{'blocks':>6} {'frames/s':>9} {'MB':>7}   published (RTX 4090): frames/s, MB")
    for blocks, (rate, megabytes) in PUBLISHED_RATES.items():
        chosen.blocks = int(blocks)
        side = our_side(chosen)
        once(side)
        torch.cuda.reset_peak_memory_stats()
        started = time.perf_counter()
        for _ in range(chosen.repeats):
            once(side)
        seconds = (time.perf_counter() - started) / chosen.repeats
        most = torch.cuda.max_memory_allocated() / (1 << 20)
        print(f"{blocks:>6} {1 / seconds:9.1f} {most:7.0f}   {rate}, {megabytes}")
        print("       ", ", ".join(f"{n} {s * 1e3:.1f} ms" for n, s in once(side)[1].items()))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--blocks", type=int, default=12, choices=(12, 8, 4, 1))
    parser.add_argument("--device", default="cpu")
    parser.add_argument(
        "--bf16", action="store_true", help="our mappings' deeper layers in bfloat16"
    )
    chosen = parser.parse_args()
    torch.set_num_threads(chosen.threads)
    points, _ = part()
    print(
        f"{len(points)} points, {chosen.blocks} blocks, {platform.machine()}, threads "
        f"{chosen.threads}, load {os.getloadavg()[0]:.1f}, best of {chosen.repeats}, torch "
        f"{torch.__version__}, {sys.platform}"
    )
    if chosen.device.startswith("cuda"):
        on_cuda(chosen)
    else:
        compared(chosen)


if __name__ == "__main__":
    main()
