"""Rules that join colour and shape, and rules for the part score, beside each other.

    python benchmarks/bench_fusion.py FOLDER... --detector NAME [--set NAME=VALUE] [--seed N]
        [--keep DIR] [--per-kind N]

Learns from each folder's good parts, scores held-out good parts, the same with painted disturbances, and
test parts; every rule learns from the first two alone. Printed per rule: I-AUROC, AUPRO@30 % and
AUPRO@1 % over all defects, and for each kind that shows in one map only (the other has less than a third
of its AUPRO@1 %) the share of that map's figures that the joined map keeps (>= 95 % and >= 90 % wanted).
The last table has I-AUROC for other part scores on the same maps. --keep stores the maps, so that the
next run learns and scores nothing. Choose on synthetic parts (`relief sample`), not on a test set.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from inspector_core.data.scan import scan
from inspector_core.decision.calibration import split_parts, usual_of
from inspector_core.decision.disturbances import Painted, painted
from inspector_core.decision.evidence import SEEN, Evidence, Gathering
from inspector_core.decision.fusion import fuse
from inspector_core.decision.noise import level, steadied, usual_level
from inspector_core.decision.rarity import Curve, Digest, answer, chained, rarity
from inspector_core.decision.score import part_score
from inspector_core.detectors.contract import Context
from inspector_core.device import hardware
from inspector_core.engine import configure
from inspector_core.errors import InspectorError
from inspector_core.evaluation.metrics import auroc
from inspector_core.evaluation.pixels import read_pixels, read_truth
from inspector_core.evaluation.pooling import pooled_quickly
from inspector_core.evaluation.ranking import of_scores
from inspector_core.evaluation.region_overlap import aupro
from inspector_core.geometry.prepare import prepare
from inspector_core.geometry.smoothing import smooth
from inspector_core.loading import loaded
from inspector_core.progress import drain
from inspector_core.types import AnomalyMaps, Array, Sample


@dataclass(frozen=True, slots=True)
class Held:
    """One scored part.

    role : "good" (held out), "disturbed" (the same, painted) or "test".   maps : as the detector gave.
    foreground, truth : (H, W) bool.   colour, shape : (H, W) int, numbers of painted disturbances.
    """

    name: str
    role: str
    label: str
    maps: AnomalyMaps
    foreground: Array
    truth: Array
    colour: Array
    shape: Array


Rule = Callable[[AnomalyMaps], Array]
Learner = Callable[[Sequence[Held], Sequence[Held]], Rule]


def gathered(good: Sequence[Held], disturbed: Sequence[Held]) -> Gathering:
    """What calibration gathers from these parts."""
    found = Gathering()
    for part in good:
        found.add_level(part.maps)
    for part in disturbed:
        found.add_disturbed(part.maps, Painted(_NOTHING, part.colour, part.shape))
    for number, part in enumerate(good):
        found.add_good(number, part.maps)
    for number, part in enumerate(good):
        found.add_summed(found.without(number).summed(part.maps))
    return found


_NOTHING = Sample("", rgb=np.zeros((1, 1, 3), np.uint8))


def evidence(good: Sequence[Held], disturbed: Sequence[Held]) -> Rule:
    return gathered(good, disturbed).evidence().fused


def either_or_both(good: Sequence[Held], disturbed: Sequence[Held]) -> Rule:
    """Defects may be of colour, of shape, or (one in four) of both: the product of the ratios joins in."""
    learnt = gathered(good, disturbed).evidence()

    def rule(maps: AnomalyMaps) -> Array:
        alone = [replace(learnt, worth={name: learnt.worth[name]}).summed(maps) for name in SEEN]
        known = np.isfinite(alone[0])
        first, second = (ratio[known] for ratio in alone)
        joined = np.full(maps.size, np.nan, np.float32)
        joined[known] = np.logaddexp(np.logaddexp(first, second), first + second - np.log(3))
        return joined

    return rule


def without_level(good: Sequence[Held], disturbed: Sequence[Held]) -> Rule:
    """Evidence of raw values: as if every part were equally noisy everywhere."""
    curves, worth = _rarities(good), {}
    for name in SEEN:
        shown = [curves[name](part.maps.get(name)[spot]) for part, spot in _spots(disturbed, name)]
        share = np.concatenate([np.full(len(values), 1 / len(values)) for values in shown])
        worth[name] = chained(curves[name], answer(np.concatenate(shown), share))
    return Evidence(dict.fromkeys(SEEN, 0.0), worth, Curve(np.arange(2.0), np.arange(2.0))).fused


def _spots(disturbed: Sequence[Held], name: str) -> Iterator[tuple[Held, Array]]:
    for part in disturbed:
        numbers = part.colour if name == "rgb" else part.shape
        for number in range(1, int(numbers.max()) + 1):
            spot = (numbers == number) & np.isfinite(part.maps.get(name))
            if spot.any():
                yield part, spot


def stronger(good: Sequence[Held], _: Sequence[Held]) -> Rule:
    """The larger of both in times the usual: the rule without evidence."""
    usual = _usual(good)
    return lambda maps: fuse(replace(maps, fused=None), usual).fused


def stronger_steadied(good: Sequence[Held], _: Sequence[Held]) -> Rule:
    """The larger of both in times the usual, relative to the noise around each pixel."""
    levels = _levels(good)
    steady = [replace(part, maps=_steady(part.maps, levels)) for part in good]
    usual = _usual(steady)
    return lambda maps: fuse(_steady(maps, levels), usual).fused


def least_p(good: Sequence[Held], _: Sequence[Held]) -> Rule:
    """The smaller p-value (smooth tails)."""
    curves = _rarities(good)
    return lambda maps: np.fmax(*(curves[name](maps.get(name)) for name in SEEN))


def product_of_p(good: Sequence[Held], _: Sequence[Held]) -> Rule:
    """The product of both p-values; Fisher's statistic is a function of it and ranks alike."""
    curves = _rarities(good)
    return lambda maps: sum(curves[name](maps.get(name)) for name in SEEN)


def stouffer(good: Sequence[Held], _: Sequence[Held]) -> Rule:
    """The sum of normal scores of both p-values."""
    from scipy.special import ndtri

    curves = _rarities(good)

    def normal(maps: AnomalyMaps, name: str) -> Array:
        rare = np.clip(curves[name](maps.get(name)), 1e-4, None).astype(np.float64)
        # beyond the range of floats the normal score of exp(-r) is sqrt(2 r) but for a logarithm
        return np.where(rare < 600, -ndtri(np.exp(-np.minimum(rare, 600))), np.sqrt(2 * rare))

    return lambda maps: sum(normal(maps, name) for name in SEEN).astype(np.float32)


def own(_: Sequence[Held], __: Sequence[Held]) -> Rule:
    """The fused map that the detector brings."""
    return lambda maps: maps.fused


RULES: dict[str, Learner] = {
    "stronger": stronger,
    "stronger, steadied": stronger_steadied,
    "least p": least_p,
    "product of p, Fisher": product_of_p,
    "Stouffer": stouffer,
    "evidence, no level": without_level,
    "evidence": evidence,
    "evidence or both": either_or_both,
}


def _usual(good: Sequence[Held]) -> dict[str, float]:
    scores = [{name: part_score(part.maps.get(name)) for name in SEEN} for part in good]
    return {name: usual_of(scores, name) for name in SEEN}


def _levels(good: Sequence[Held]) -> dict[str, float]:
    return {
        name: float(np.median([usual_level(level(part.maps.get(name))) for part in good]))
        for name in SEEN
    }


def _steady(maps: AnomalyMaps, levels: dict[str, float]) -> AnomalyMaps:
    return AnomalyMaps(**{name: steadied(maps.get(name), levels[name]) for name in SEEN})


def _rarities(good: Sequence[Held]) -> dict[str, Curve]:
    return {name: rarity([Digest.of(part.maps.get(name)) for part in good]) for name in SEEN}


def mean_of_top(values: Array, share: float) -> float:
    known = np.sort(values[np.isfinite(values)])
    return float(known[-max(1, round(share * known.size)) :].mean())


def smoothed_largest(values: Array) -> float:
    return float(np.nanmax(smooth(values, np.isfinite(values), 2.0)))


SCORES: dict[str, Callable[[Array], float]] = {
    "over 9 px": part_score,
    "largest": lambda values: float(np.nanmax(values)),
    "over 25 px": lambda values: part_score(values, 25),
    "top 0.1 %": lambda values: mean_of_top(values, 0.001),
    "top 1 %": lambda values: mean_of_top(values, 0.01),
    "top 5 %": lambda values: mean_of_top(values, 0.05),
    "smoothed": smoothed_largest,
}


def scored(folder: Path, options: argparse.Namespace) -> Iterator[Held]:
    """Learn from a folder and score its parts."""
    parts = drain(scan(folder))
    chosen = configure(options.detector, dict(word.split("=", 1) for word in options.set))
    normals = chosen.method.info.uses_normals
    look = partial(prepare, settings=chosen.prepare, seed=options.seed, normals=normals)
    context = Context(prepare=look, machine=hardware(), seed=options.seed)
    split = split_parts(parts, options.seed, chosen.decision.held_out)
    state = drain(chosen.method.learn(split.learn, context))
    scorer = chosen.method.restore(state, context)
    seen: dict[str | None, int] = {}
    test = []
    for ref in parts.select("test") or parts.select("test_public"):
        seen[ref.label] = seen.get(ref.label, 0) + 1
        if ref.label == "good" or seen[ref.label] <= options.per_kind:
            test.append(ref)
    for role, refs in (("good", split.calibrate), ("test", tuple(test))):
        for number, item in enumerate(loaded(refs, context.prepare)):
            try:
                part = item.part()
                label = part.sample.label or item.ref.label or ""
                truth = part.sample.truth
                nothing = np.zeros(part.shape, np.int32)
                maps = scorer.score(part)
                truth = nothing > 0 if truth is None else truth
                yield Held(item.ref.id, role, label, maps, part.foreground, truth, nothing, nothing)
                if role == "good":
                    paint = painted(part, (options.seed, number))
                    maps = scorer.score(context.prepare(paint.sample))
                    yield Held(
                        item.ref.id, "disturbed", label, maps, part.foreground,
                        nothing > 0, paint.colour, paint.shape,
                    )  # fmt: skip
            except InspectorError as error:
                print(f"  left out: {error.sentence}")


def kept(folder: Path, options: argparse.Namespace) -> list[Held]:
    """The scored parts, from the folder where they were kept."""
    if options.keep is None:
        return list(scored(folder, options))
    place = options.keep / f"{folder.resolve().name}.{options.detector}.{options.seed}"
    if not (place / "complete").exists():
        place.mkdir(parents=True, exist_ok=True)
        for number, part in enumerate(scored(folder, options)):
            maps = {name: part.maps.get(name) for name in (*SEEN, "fused")}
            arrays = {name: values for name, values in maps.items() if values is not None}
            facts = json.dumps([part.name, part.role, part.label])
            np.savez_compressed(
                place / f"{number:04d}.npz", facts=np.array(facts), **arrays,
                foreground=part.foreground, truth=part.truth,
                colour_spots=part.colour.astype(np.uint8), shape_spots=part.shape.astype(np.uint8),
            )  # fmt: skip
        (place / "complete").touch()
    return [_read(path) for path in sorted(place.glob("*.npz"))]


def _read(path: Path) -> Held:
    with np.load(path) as file:
        maps = AnomalyMaps(**{name: file[name] for name in (*SEEN, "fused") if name in file})
        spots = (file["colour_spots"], file["shape_spots"])
        facts = json.loads(str(file["facts"]))
        return Held(*facts, maps, file["foreground"], file["truth"], *spots)


Figures = dict[str, tuple[float, float, float]]
"""Kind of defect ("" = all) to I-AUROC, AUPRO@30 %, AUPRO@1 %."""


def figures(test: Sequence[Held], maps: Sequence[Array]) -> Figures:
    pixels, scores = [], []
    for part, values in zip(test, maps, strict=True):
        seen = part.foreground | np.isfinite(values)
        pixels.append(read_pixels(values, read_truth(part.truth, seen), seen))
        scores.append(part_score(values))
    found = {}
    for kind in ("", *sorted({part.label for part in test} - {"good"})):
        chosen = [
            n for n, part in enumerate(test) if kind in ("", part.label) or part.label == "good"
        ]
        areas = aupro(pooled_quickly([pixels[n] for n in chosen]))
        found[kind] = (_auroc(test, scores, kind), areas[0], areas[-1])
    return found


def _auroc(test: Sequence[Held], scores: Sequence[float], kind: str = "") -> float:
    pairs = list(zip(test, scores, strict=True))
    good = [score for part, score in pairs if part.label == "good"]
    bad = [score for part, score in pairs if part.label != "good" and kind in ("", part.label)]
    return auroc(of_scores(good, bad))


def report(folder: Path, parts: Sequence[Held]) -> None:
    good, disturbed, test = (
        [part for part in parts if part.role == role] for role in ("good", "disturbed", "test")
    )
    single = {name: figures(test, [part.maps.get(name) for part in test]) for name in SEEN}
    alone = {
        kind: max(SEEN, key=lambda name: single[name][kind][2])
        for kind in single["rgb"]
        if kind
        and min(t[kind][2] for t in single.values()) < max(t[kind][2] for t in single.values()) / 3
    }
    print(f"\n{folder}: {len(good)} held-out good parts, {len(test)} test parts")
    heads = "".join(f"  {kind[:12]:>14s}" for kind in alone)
    print(f"{'':22s} I-AUROC  @30 %   @1 % {heads}   kept of @30 % / @1 %")
    for name, table in single.items():
        _line(name, table, {})
    rules = RULES | ({"detector's own": own} if test[0].maps.fused is not None else {})
    joined = {}
    for name, learner in rules.items():
        rule = learner(good, disturbed)
        joined[name] = [rule(part.maps) for part in test]
        _line(name, figures(test, joined[name]), {k: single[m][k] for k, m in alone.items()})
    print(f"\n{'I-AUROC by part score':22s}" + "".join(f"{name:>12s}" for name in SCORES))
    for name in ("stronger", "evidence"):
        values = [_auroc(test, [score(m) for m in joined[name]]) for score in SCORES.values()]
        print(f"{name:22s}" + "".join(f"{value:12.3f}" for value in values))


def _line(name: str, table: Figures, of: Figures) -> None:
    shares = "".join(
        f"  {100 * table[kind][1] / best[1]:6.0f} / {100 * table[kind][2] / best[2]:5.0f}"
        for kind, best in of.items()
    )
    print(f"{name:22s}   " + "  ".join(f"{value:.3f}" for value in table[""]) + shares, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    parser.add_argument("--detector", required=True)
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, default=None, metavar="DIR")
    parser.add_argument("--per-kind", type=int, default=1000, metavar="N")
    options = parser.parse_args()
    for folder in options.folders:
        report(folder, kept(folder, options))


if __name__ == "__main__":
    main()
