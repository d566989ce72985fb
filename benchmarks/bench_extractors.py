"""The own extractor beside its teacher, random weights and hand-made filters: one detector, four networks.

    python benchmarks/bench_extractors.py FOLDER... [--teacher NAME] [--extractor FILE] [--seeds N...] [--json]

Learns PatchCore from the pictures of each folder, colour only, with the settings of the tire's baseline
(three stages, standardised, a random bank of 12,000 patches), evaluates it, and exchanges nothing but the
network. FOLDER is a part class in any layout that `relief scan` reads, or `family:NAME` for a synthetic
family that is made on the spot. A teacher that is not on this machine is left out. With several seeds,
each drawing another bank, the figures are means.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import fmean

import torch
from torch.nn.functional import conv2d, pad

from inspector_core.cli.main import run
from inspector_core.features import backbone, weights
from inspector_core.features.extractor import STRIDES
from inspector_core.features.weights.catalogue import model_of
from inspector_core.features.weights.reading import read_state

TEACHER = "mobilenetv2_100.tf_in1k"
OWN = "relief_extractor"
COMMON = ("stages=1+2+3", "standardise=yes", "choice=random", "coreset=1", "held_out=0")
FRAMES = {
    "tire": ("framing=whole", "size_px=320", "smoothing_px=3.2", "rgb_gain=3"),
    "CandyCane": ("framing=part", "size_px=768"),
}
"""What the README of a data set says about its pictures; others are shown at 512 px."""
LIMITS = ("0.30", "0.01")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("folders", nargs="+")
    arguments.add_argument("--teacher", default=TEACHER)
    arguments.add_argument("--extractor", type=Path, help="weights to judge instead of the shipped")
    arguments.add_argument("--networks", nargs="*", help="some of: own teacher random hand-made")
    arguments.add_argument("--seeds", nargs="+", type=int, default=[0])
    arguments.add_argument("--json", action="store_true")
    given = arguments.parse_args()
    networks = makers(given)
    rows = []
    for name in given.folders:
        with tempfile.TemporaryDirectory() as place:
            folder = made(name, Path(place))
            for title, maker in networks.items():
                if given.networks and title not in given.networks:
                    continue
                several = [judged(folder, maker, seed) for seed in given.seeds]
                figures = {key: fmean(one[key] for one in several) for key in several[0]}
                rows.append({"set": name.rpartition("/")[2], "network": title, **figures})
                if not given.json:
                    shown(rows[-1])
    if given.json:
        print(json.dumps(rows, indent=1))


def makers(given: argparse.Namespace) -> dict[str, Callable]:
    """Name of a network to what opens it for some stages."""
    opened = backbone.open_backbone
    own = read_state(given.extractor) if given.extractor else None
    found = {
        "own": lambda stages: opened(OWN, stages) if own is None else of_weights(own, stages),
        "random": lambda stages: of_weights(None, stages),
        "hand-made": HandMade,
    }
    if weights.find(given.teacher) is not None:
        found["teacher"] = lambda stages: opened(given.teacher, stages)
    else:
        print(f"{given.teacher} is not on this machine: left out", file=sys.stderr)
    return {
        name: found[name] for name in ("own", "teacher", "random", "hand-made") if name in found
    }


def of_weights(state: dict | None, stages: tuple[int, ...]) -> backbone.Backbone:
    """The own network with given weights, or random ones."""
    entry = weights.entry_of(OWN)
    torch.manual_seed(0)
    network = model_of(entry)
    if state is not None:
        network.load_state_dict({name: value.float() for name, value in state.items()})
    return backbone.Backbone(entry, network, stages)


class HandMade:
    """Gaussian derivatives up to the second order of three opponent colours, as three stages."""

    name, device, multiple = OWN, "cpu", 8

    def __init__(self, stages: tuple[int, ...]) -> None:
        self.stages = stages
        self.channels = tuple(36 for _ in stages)
        self.reductions = tuple(STRIDES[stage - 1] for stage in stages)

    def on(self, _device: str) -> HandMade:
        return self

    def maps(self, pictures: torch.Tensor) -> list[torch.Tensor]:
        """(B, 36, h, w) per stage: value, two slopes and three curvatures, at two scales."""
        red, green, blue = torch.as_tensor(pictures).float().unbind(1)
        colours = torch.stack((red + green + blue, red - green, red + green - 2 * blue), dim=1)
        return [self._stage(colours, STRIDES[stage - 1]) for stage in self.stages]

    def _stage(self, colours: torch.Tensor, stride: int) -> torch.Tensor:
        found = []
        for sigma in (0.35 * stride, 0.7 * stride):
            value, slope, bend = (self._kernel(sigma, order) for order in range(3))
            pairs = ((value, value), (value, slope), (slope, value))
            pairs += ((value, bend), (bend, value), (slope, slope))
            found += [self._filtered(colours, down, across, stride) for down, across in pairs]
        return torch.cat(found, dim=1)

    @staticmethod
    def _kernel(sigma: float, order: int) -> torch.Tensor:
        reach = int(3 * sigma + 1)
        at = torch.arange(-reach, reach + 1).float()
        bell = torch.exp(-0.5 * (at / sigma) ** 2)
        bell /= bell.sum()
        factors = (torch.ones_like(at), -at / sigma, (at / sigma) ** 2 - 1)
        return bell * factors[order]

    @staticmethod
    def _filtered(
        colours: torch.Tensor, down: torch.Tensor, across: torch.Tensor, stride: int
    ) -> torch.Tensor:
        edges = (len(across) // 2,) * 2 + (len(down) // 2,) * 2
        wide = pad(colours, edges, mode="replicate")
        wide = conv2d(
            wide, down.view(1, 1, -1, 1).expand(3, 1, -1, 1), stride=(stride, 1), groups=3
        )
        return conv2d(
            wide, across.view(1, 1, 1, -1).expand(3, 1, 1, -1), stride=(1, stride), groups=3
        )


def made(name: str, place: Path) -> Path:
    """The folder, made first where it is a synthetic family."""
    kind, _, family = name.partition(":")
    if kind != "family":
        return Path(name)
    done = run(["sample", "--family", family, "--out", str(place / family), "--quiet"])
    if done:
        raise SystemExit(done)
    return place / family


def judged(folder: Path, maker: Callable, seed: int) -> dict[str, float]:
    """Figures of PatchCore on this network."""
    frame = next((sets for name, sets in FRAMES.items() if folder.name == name), ("size_px=512",))
    sets = [
        word
        for one in (*COMMON, *frame, "picture=rgb", f"backbone={OWN}")
        for word in ("--set", one)
    ]
    with tempfile.TemporaryDirectory() as place, network(maker):
        recipe = str(Path(place) / "recipe")
        options = ("--detector", "patchcore", "--seed", str(seed), *sets)
        answer("learn", str(folder), "--out", recipe, *options)
        found = answer("evaluate", str(folder), "--recipe", recipe)["maps"]["rgb"]
    aupro = {f"aupro_{limit}": found["aupro"][limit] for limit in LIMITS}
    return {"i_auroc": found["i_auroc"], **aupro}


@contextlib.contextmanager
def network(maker: Callable) -> Iterator[None]:
    """Whatever network is asked for, this one is opened."""
    before = backbone.open_backbone
    backbone.open_backbone = lambda _name, stages, _device="cpu": maker(tuple(stages))
    try:
        yield
    finally:
        backbone.open_backbone = before


def answer(*words: str) -> dict:
    """The JSON document of a command, run in this process."""
    said = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    with contextlib.redirect_stdout(said):
        code = run([*words, "--json", "--quiet"])
    said.flush()
    text = said.buffer.getvalue().decode()
    if code not in (0, 1):
        raise SystemExit(f"relief {words[0]} ended with {code}: {text}")
    return json.loads(text)


def shown(row: dict) -> None:
    values = " / ".join(f"{row[key]:.3f}" for key in ("i_auroc", "aupro_0.30", "aupro_0.01"))
    print(f"{row['set']:<24} {row['network']:<10} {values}", flush=True)


if __name__ == "__main__":
    main()
