"""The four verbs: scan, learn, inspect, evaluate. Each is a job: it yields progress, returns a value.

refs --load--> Sample --prepare--> Registered --score--> AnomalyMaps --decide--> Result --> store
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from inspector_core import detectors
from inspector_core.calibrating import calibrated
from inspector_core.choosing import choose, good_parts
from inspector_core.data.scan import scan as scan_folder
from inspector_core.decision.calibration import Split
from inspector_core.decision.decide import Decider
from inspector_core.decision.fingerprint import check, facts_of
from inspector_core.decision.fusion import fuse
from inspector_core.decision.settings import DecisionSettings
from inspector_core.decision.verdict import is_trusted
from inspector_core.detectors.contract import Context, Detector, Scorer
from inspector_core.detectors.default_choice import Choice
from inspector_core.device import Hardware, hardware, name_of, resolve
from inspector_core.errors import InspectorError, OutputError, SettingError
from inspector_core.evaluation.ledger import FailedPart, ScoredPart
from inspector_core.evaluation.outcome import Evaluation
from inspector_core.evaluation.protocol import evaluation
from inspector_core.features.exposure import brightest, common_gain
from inspector_core.files import ensure_writable, shown
from inspector_core.geometry.prepare import PrepareSettings, prepare
from inspector_core.loading import Loaded, loaded
from inspector_core.progress import Job, Progress, relayed
from inspector_core.recipe import Recipe, save
from inspector_core.settings import as_json, build, declared
from inspector_core.software import label, versions
from inspector_core.store import ResultStore
from inspector_core.types import (
    AnomalyMaps,
    Defect,
    NearestGood,
    Registered,
    Result,
    SampleRef,
    Scan,
    Verdict,
)

log = logging.getLogger(__name__)

CHECKING = "Checking the good parts"
LEARNING = "Learning what good looks like"


@dataclass(frozen=True, slots=True)
class Inspected(Progress):
    """Progress that carries the result of the part just done, maps included."""

    result: Result | None = None


@dataclass(frozen=True, slots=True)
class Configured:
    """Everything that `--set` can change, checked."""

    method: Detector
    method_settings: Any
    prepare: PrepareSettings
    decision: DecisionSettings

    @property
    def joins(self) -> bool:
        """Colour and shape are joined by evidence, where both are there."""
        return self.decision.joined_by == "evidence" and not self.method.info.ends_at_part_score

    @property
    def in_turn(self) -> bool:
        """Good parts are held out one after the other, not a share of them."""
        return self.decision.in_turn and self.method.info.leaves_out


def scan(
    folder: Path, layout: str | None = None, options: Mapping[str, object] | None = None
) -> Job[Scan]:
    """How a folder is read: layout, parts, problems. Nothing is decoded but one part."""
    return scan_folder(folder, layout, options)


def configure(detector: str, values: Mapping[str, object]) -> Configured:
    """Detector, preparation and decision settings from one list of values, by name.

    Raises SettingError for an unknown name or an impossible value.
    """
    kind = detectors.load(detector)
    owners = {"method": kind.info.settings, "prepare": PrepareSettings, "decide": DecisionSettings}
    known = {entry.name: owner for owner, cls in owners.items() for entry in declared(cls)}
    chosen: dict[str, dict[str, object]] = {owner: {} for owner in owners}
    for name, value in values.items():
        if name not in known:
            raise SettingError(
                f"{detector} has no setting named {name}",
                cure=f"known settings: {', '.join(sorted(known))}",
            )
        chosen[known[name]][name] = value
    method_settings: Any = build(kind.info.settings, chosen["method"])
    return Configured(
        kind(method_settings),
        method_settings,
        build(PrepareSettings, chosen["prepare"]),
        build(DecisionSettings, chosen["decide"]),
    )


def learn(
    parts: Scan,
    out: Path,
    *,
    detector: str | Choice = detectors.DEFAULT,
    settings: Mapping[str, object] | None = None,
    seed: int = 0,
    device: str = "auto",
    name: str = "",
    force: bool = False,
    machine: Hardware | None = None,
) -> Job[Recipe]:
    """Learn what good looks like from a folder's good parts, calibrate on held-out ones, save.

    detector : a name, "auto" for the one that suits the parts, or a choice made before.
    settings : values of the declared settings by name (`configure`).   machine : for tests.
    Raises InputError without good parts, OutputError before any work when `out` cannot be written,
    SettingError for unknown or impossible settings, DeviceError when memory cannot suffice.
    """
    started = time.perf_counter()
    _check_target(out, force)
    values = dict(settings or {})
    if detector == detectors.AUTOMATIC:
        detector = yield from choose(
            parts, settings=values, seed=seed, device=device, machine=machine
        )
    choice = detector if isinstance(detector, Choice) else Choice(str(detector), ())
    chosen = configure(choice.detector, {**choice.settings, **values})
    split = good_parts(parts, seed, chosen.decision.held_out, in_turn=chosen.in_turn)
    machine = machine or hardware()
    checked = yield from _readable(split, _context(chosen, seed, device, machine))
    split = checked.split
    if not chosen.prepare.rgb_gain:
        gain = common_gain(checked.brightness)
        chosen = replace(chosen, prepare=replace(chosen.prepare, rgb_gain=gain))
        if gain != 1.0:
            yield Progress(CHECKING, note=f"the pictures are dark: brightened {gain:g} times")
    context = _context(chosen, seed, device, machine)
    width, height = parts.image_size or (0, 0)
    cost = chosen.method.cost(len(split.learn), (height, width))
    plan = context.plan(cost)
    needed = f"about {cost.fixed_bytes / 2**30:.1f} GB of memory needed"
    yield Progress(LEARNING, 0, len(split.learn), plan.note or needed)
    state = yield from relayed(chosen.method.learn(split.learn, context), LEARNING)
    scorer = chosen.method.restore(state, context)
    calibration, fingerprint = yield from calibrated(
        split, scorer, context, chosen.decision, joins=chosen.joins
    )
    if checked.left_out:
        fingerprint["left_out"] = checked.left_out
    if choice.reasons:
        fingerprint["choice"] = {"reasons": list(choice.reasons), **choice.facts}
    recipe = Recipe(
        name=name or out.name,
        detector=choice.detector,
        settings=as_json(chosen.method_settings),
        prepare={**as_json(chosen.prepare), **as_json(chosen.decision)},
        state=state,
        calibration=calibration,
        fingerprint=fingerprint,
        learn_parts=tuple(ref.id for ref in split.learn),
        seed=seed,
        software={**versions(), "device": name_of(resolve(device, machine))},
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        seconds=round(time.perf_counter() - started, 2),
    )
    yield Progress("Writing the recipe", 1, 1)
    return save(recipe, out, force=force)


def inspect(
    refs: Sequence[SampleRef],
    recipe: Recipe,
    *,
    store: ResultStore | None = None,
    device: str = "auto",
    machine: Hardware | None = None,
) -> Job[tuple[Result, ...]]:
    """Inspect parts one by one; after each, yields `Inspected` with its result (maps included).

    Returns the results without maps, in the order of `refs`. A part that cannot be inspected gets
    the verdict not_inspected with its sentence; the others go on.
    """
    inspector = Inspector(recipe, device, machine)
    results: list[Result] = []
    yield Progress("Inspecting", 0, len(refs))
    for done, item in enumerate(loaded(refs, inspector.context.prepare), start=1):
        yield Progress(f"Inspecting {item.ref.id}", done - 1, len(refs))
        result = inspector.result(item)
        if store is not None:
            store.write(result)
        results.append(result.without_maps())
        yield Inspected(f"Inspecting {item.ref.id}", done, len(refs), "", result)
    return tuple(results)


def evaluate(
    refs: Sequence[SampleRef],
    recipe: Recipe,
    *,
    scope: str = "all",
    protocol: str = "exact",
    store: ResultStore | None = None,
    device: str = "auto",
) -> Job[Evaluation]:
    """Metrics over labelled parts, per map and per defect type (methods: decision, section 6)."""
    inspector = Inspector(recipe, device)
    return (
        yield from evaluation(
            _Scoring(refs, inspector, store),
            scope=scope,
            protocol=protocol,
            recipe_facts=inspector.facts(),
            seed=recipe.seed,
        )
    )


class Inspector:
    """A recipe made ready for parts: the scorer, and what the recipe expects of a part."""

    def __init__(
        self, recipe: Recipe, device: str = "auto", machine: Hardware | None = None
    ) -> None:
        machine = machine or hardware()
        chosen = configure(recipe.detector, {**recipe.settings, **recipe.prepare})
        self.recipe = recipe
        self.context = _context(chosen, recipe.seed, device, machine)
        self.scorer: Scorer = chosen.method.restore(recipe.state, self.context)
        self.trusted = is_trusted(recipe.calibration, recipe.learn_parts)
        self.device = name_of(resolve(device, machine))

    def facts(self) -> dict[str, Any]:
        """What an evaluation's document says about the recipe, as plain JSON."""
        recipe = self.recipe
        return {
            "name": recipe.name,
            "detector": recipe.detector,
            "sha256": recipe.sha256,
            "seed": recipe.seed,
            "thresholds": {"t1": recipe.thresholds.t1, "t2": recipe.thresholds.t2},
            "trusted": self.trusted,
            "judged": list(recipe.judged),
        }

    def decider(self, item: Loaded, maps: AnomalyMaps) -> Decider:
        """The part's decision at any thresholds, from maps made now or stored earlier."""
        recipe = self.recipe
        return Decider(
            item.part(), maps, recipe.calibration, trusted=self.trusted, judged=recipe.judged
        )

    def maps(self, item: Loaded) -> AnomalyMaps:
        """Raw maps of a part, fused filled in; InputError when the part is not what was learnt."""
        part = item.part()
        return self._maps(part, facts_of(part))

    def _maps(self, part: Registered, facts: Mapping[str, Any]) -> AnomalyMaps:
        check(facts, self.recipe.fingerprint, part.sample.id)
        calibration = self.recipe.calibration
        return fuse(self.scorer.score(part), calibration.usual, calibration.evidence)

    def result(self, item: Loaded) -> Result:
        """One part's result; failures become not_inspected with their sentence."""
        try:
            return self._inspected(item)
        except InspectorError as error:
            return self._failed(item, error.sentence)
        except Exception:
            log.exception("inspecting %s", item.ref.id)
            return self._failed(
                item, f"{item.ref.id}: a fault of the program; see the log file and report it."
            )

    def _inspected(self, item: Loaded) -> Result:
        part = item.part()
        started = time.perf_counter()
        facts = facts_of(part)
        maps = self._maps(part, facts)
        scored = time.perf_counter()
        decider = self.decider(item, maps)
        decision = decider.at(self.recipe.thresholds)
        decided = time.perf_counter()
        nearest = self._nearest(part, decision.defects)
        timings = {
            **item.timings_s,
            "score": round(scored - started, 4),
            "decide": round(decided - scored, 4),
            "explain": round(time.perf_counter() - decided, 4),
        }
        quality = {
            name: float(facts[name])
            for name in ("mm_per_px", "missing", "foreground_px")
            if facts[name] is not None
        }
        return replace(
            self._failed(item, ""),
            verdict=decision.verdict,
            reason=decision.reason,
            scores=decision.scores,
            p_value=decision.p_value,
            defects=decision.defects,
            nearest=nearest,
            maps=decider.maps,
            timings_s=timings,
            quality=quality,
            notes=(*part.sample.notes, *part.notes, *maps.notes),
        )

    def _nearest(self, part: Registered, defects: Sequence[Defect]) -> NearestGood | None:
        """What the scorer says of the strongest defect, while it still knows the part."""
        if not defects:
            return None
        at = defects[0].peak_px
        found = self.scorer.explain(part, at)
        if found is None:
            return None
        return NearestGood(found.nearest_id, at, found.height_mm, found.words)

    def _failed(self, item: Loaded, sentence: str) -> Result:
        recipe, sample = self.recipe, item.sample
        return Result(
            id=item.ref.id,
            split=item.ref.split,
            label=item.ref.label if sample is None else sample.label,
            verdict=Verdict.NOT_INSPECTED,
            reason=sentence,
            sources=() if sample is None else sample.sources,
            size=(0, 0) if sample is None else sample.shape,
            thresholds=recipe.thresholds,
            usual=recipe.calibration.usual,
            timings_s=item.timings_s,
            notes=() if sample is None else sample.notes,
            unit="mm" if sample is None else sample.unit,
            recipe_sha256=recipe.sha256,
            software=label(),
            device=self.device,
            error=sentence,
        )


@dataclass(frozen=True, slots=True)
class _Scoring:
    """The parts of an evaluation, scored as they are asked for; sized, for the progress."""

    refs: Sequence[SampleRef]
    inspector: Inspector
    store: ResultStore | None

    def __len__(self) -> int:
        return len(self.refs)

    def __iter__(self) -> Iterator[ScoredPart | FailedPart]:
        for item in loaded(self.refs, self.inspector.context.prepare):
            result = self.inspector.result(item)
            if self.store is not None:
                self.store.write(result)
            yield scored(item, result)


def scored(item: Loaded, result: Result) -> ScoredPart | FailedPart:
    """A part as an evaluation counts it, from its result with maps."""
    if result.maps is None:
        return FailedPart(result.id, result.label, result.error)
    part = item.part()
    return ScoredPart(
        id=result.id,
        label=result.label,
        truth=part.sample.truth,
        foreground=part.foreground,
        maps=result.maps,
        scores=result.scores,
        seconds=sum(result.timings_s.values()),
    )


def _context(chosen: Configured, seed: int, device: str, machine: Hardware) -> Context:
    resolve(device, machine)  # an impossible device is refused before any work
    return Context(
        prepare=partial(
            prepare, settings=chosen.prepare, seed=seed, normals=chosen.method.info.uses_normals
        ),
        machine=machine,
        wanted=device,
        seed=seed,
    )


def _check_target(out: Path, force: bool) -> None:
    if out.exists() and not force:
        raise OutputError(f"{shown(out)} exists already", cure="choose another name or use --force")
    ensure_writable(out.parent)


@dataclass(frozen=True, slots=True)
class _Checked:
    """Good parts that can be used.

    left_out : sentences that say why the others cannot.   brightness : of the parts to learn from.
    """

    split: Split
    left_out: list[str]
    brightness: list[float]


def _readable(split: Split, context: Context) -> Job[_Checked]:
    """The split without the parts that cannot be used.

    Raises the first part's own error when none can be used.
    """
    failed: dict[str, InspectorError] = {}
    light: dict[str, float] = {}
    everything = list({ref.id: ref for ref in (*split.learn, *split.calibrate)}.values())
    for done, item in enumerate(loaded(everything, context.prepare), start=1):
        note = ""
        if item.error is not None:
            failed[item.ref.id] = item.error
            note = f"left out: {item.error.sentence}"
        elif (bright := brightest(item.part())) is not None:
            light[item.ref.id] = bright
        yield Progress(CHECKING, done, len(everything), note)
    learn = tuple(ref for ref in split.learn if ref.id not in failed)
    calibrate = tuple(ref for ref in split.calibrate if ref.id not in failed)
    if not learn or not calibrate:
        raise next(iter(failed.values()))
    return _Checked(
        replace(split, learn=learn, calibrate=calibrate),
        [error.sentence for error in failed.values()],
        [light[ref.id] for ref in learn if ref.id in light],
    )
