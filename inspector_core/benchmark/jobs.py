"""The list of jobs of a benchmark, each named by the hash of everything that determines its outcome."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from inspector_core import __version__, detectors
from inspector_core.benchmark.classes import PartClass, classes
from inspector_core.benchmark.inputs import Hashes, census, content_of, hash_of
from inspector_core.benchmark.shots import Shots, shots
from inspector_core.benchmark.suite import ALL, Method, Suite
from inspector_core.data import readers
from inspector_core.engine import scan
from inspector_core.errors import InputError, SettingError, WeightsError
from inspector_core.files import shown
from inspector_core.progress import Job, relayed
from inspector_core.settings import Value, as_json, build
from inspector_core.types import Scan

FORMAT = "relief-benchmark-job/1"
READING = "Reading"


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchmarkJob:
    """One class, detector, seed and number of shots; plain values, so that it travels.

    settings : all of the detector's, defaults included.   given : those that were asked for.
    shots : ALL or a number; then `learn` and `calibrate` are ids of parts, otherwise empty.
    reading : all settings of the reader.   inputs : hash of the content of all files.
    weights : network to SHA-256.   software : version of this program.
    folder, census : where the parts lie and what they look like from outside; no part of the name.
    """

    dataset: str
    class_name: str
    layout: str
    detector: str
    settings: Mapping[str, Value]
    given: Mapping[str, Value]
    seed: int
    shots: int
    device: str
    scope: str
    inputs: str
    folder: str
    census: str
    learn: tuple[str, ...] = ()
    calibrate: tuple[str, ...] = ()
    reading: Mapping[str, Value] = field(default_factory=dict)
    weights: Mapping[str, str] = field(default_factory=dict)
    software: str = __version__

    def document(self) -> dict[str, Any]:
        """Everything that determines the outcome, as JSON; `name` is its hash."""
        return {
            "dataset": self.dataset,
            "class": self.class_name,
            "detector": self.detector,
            "settings": dict(self.settings),
            "given": dict(self.given),
            "seed": self.seed,
            "shots": None if self.shots == ALL else self.shots,
            "learn": list(self.learn),
            "calibrate": list(self.calibrate),
            "layout": self.layout,
            "reading": dict(self.reading),
            "inputs": self.inputs,
            "weights": dict(self.weights),
            "scope": self.scope,
            "device": self.device,
            "software": self.software,
        }

    @property
    def name(self) -> str:
        """Hash of the document: the name of the output."""
        return hash_of([FORMAT, self.document()])[:32]

    @property
    def title(self) -> str:
        """The job in a person's words: "bottle, btf cells=32, 4 shots, seed 1"."""
        method = Method(self.detector, self.given, self.settings).title
        words = [self.class_name, method]
        if self.shots != ALL:
            words.append(f"{self.shots} shot{'' if self.shots == 1 else 's'}")
        return ", ".join([*words, f"seed {self.seed}"])


def planned(suite: Suite, hashes: Hashes) -> Job[tuple[BenchmarkJob, ...]]:
    """The jobs of a suite in a fixed order: class, detector, shots, seed.

    Reads every class's folder and hashes its files. Raises InputError for a class without parts to
    learn from or to test with, or with too few good parts for the shots.
    """
    jobs: list[BenchmarkJob] = []
    seen: set[tuple[str, str]] = set()
    weights = {entry.title: weights_of(entry) for entry in suite.methods}
    try:
        for dataset in suite.datasets:
            for one in classes(dataset):
                if (one.dataset, one.name) in seen:
                    raise SettingError(
                        f"{one.dataset} has two classes called {one.name}",
                        cure="give the data sets different names in a suite file",
                    )
                seen.add((one.dataset, one.name))
                stage = f"{READING} {one.name}"
                options = as_json(build(readers.load(one.layout).settings, dataset.reading))
                parts = yield from relayed(scan(one.folder, one.layout, options), stage)
                _check(one, parts)
                content = yield from content_of(parts.refs, hashes, stage)
                common = {
                    "dataset": one.dataset,
                    "class_name": one.name,
                    "layout": one.layout,
                    "reading": options,
                    "inputs": content,
                    "folder": parts.root,
                    "census": census(parts.refs),
                    "scope": suite.scope,
                    "device": suite.device,
                }
                jobs += _of_class(suite, one.name, parts, common, weights)
    finally:
        hashes.keep()
    return tuple(jobs)


def _of_class(
    suite: Suite,
    name: str,
    parts: Scan,
    common: Mapping[str, Any],
    weights: Mapping[str, Mapping[str, str]],
) -> Sequence[BenchmarkJob]:
    lists = {
        (count, seed): Shots((), ()) if count == ALL else shots(parts, name, count, seed)
        for count in suite.shots
        for seed in suite.seeds
    }
    return [
        BenchmarkJob(
            detector=method.detector,
            settings=method.settings,
            given=method.given,
            seed=seed,
            shots=count,
            learn=chosen.learn,
            calibrate=chosen.calibrate,
            weights=weights[method.title],
            **common,
        )
        for method in suite.methods
        for (count, seed), chosen in lists.items()
    ]


def _check(one: PartClass, parts: Scan) -> None:
    if not parts.select("train", good=True):
        raise InputError(
            f"{shown(one.folder)} holds no good parts to learn from",
            cure="put good parts into train/good",
        )
    if not parts.select("test"):
        raise InputError(
            f"{shown(one.folder)} holds no test parts",
            cure="a benchmark needs train and test folders; name its class folders or another set",
        )


def weights_of(method: Method) -> dict[str, str]:
    """SHA-256 of the pretrained networks that a detector uses, "missing" for those that are not here.

    Where its settings name some of those it declares, these; otherwise all.
    """
    from inspector_core.features import weights

    declared = detectors.load(method.detector).info.weights
    chosen = [name for name in declared if name in method.settings.values()]
    found = {}
    for name in chosen or declared:
        try:
            found[name] = weights.sha256(name)
        except WeightsError:
            found[name] = "missing"
    return found
