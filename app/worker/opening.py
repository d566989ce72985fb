"""From a reference to everything the window shows of a part."""

from __future__ import annotations

from app.model.open_part import OpenPart
from app.model.part_view import Message, PartView
from app.model.pictures import grid_normals
from app.worker.sentences import in_window
from app.worker.way import Way
from inspector_core.decision.decide import Decider
from inspector_core.errors import InspectorError
from inspector_core.geometry.measure import pitch_mm
from inspector_core.geometry.prepare import prepare
from inspector_core.types import AnomalyMaps, Array, Registered, Result, Sample, SampleRef

NO_RECIPE = Message(
    "No recipe yet",
    "Learn from this folder's good parts, or open a recipe, to see what is unusual here.",
)
NOT_YET = Message("Not inspected yet", "Inspect all parts, or only this one, to see its maps.")


def opened(
    ref: SampleRef,
    result: Result | None,
    maps: AnomalyMaps | None,
    way: Way | None,
) -> OpenPart:
    """The part with maps where there are some, otherwise with the words that stand in their place.

    way : the recipe's, None without one.
    """
    recipe_sha256 = "" if way is None else way.recipe.sha256
    try:
        sample = ref.load()
    except InspectorError as error:
        view = PartView(ref.id, message=_refused(error))
        return OpenPart(ref, view, result=result, recipe_sha256=recipe_sha256)
    try:
        part = prepare(sample, normals=False) if way is None else way.prepare(sample)
    except InspectorError as error:
        view = _raw_view(sample, _refused(error))
        return OpenPart(ref, view, result=result, recipe_sha256=recipe_sha256)
    decider = None if maps is None or way is None else way.decider(part, maps)
    message = None if decider is not None else _why_no_maps(result, recipe_sha256)
    view = _view(part, decider, message)
    opened_part = OpenPart(ref, view, part, decider, result, recipe_sha256)
    if way is not None:
        # measuring and tracing once here keeps the window's thread free of it
        limits = way.recipe.thresholds
        opened_part.outlines(opened_part.decide(limits), limits)
    return opened_part


def _refused(error: InspectorError) -> Message:
    return Message("Not inspected", error.message, in_window(error.cure))


def _why_no_maps(result: Result | None, recipe_sha256: str) -> Message:
    if not recipe_sha256:
        return NO_RECIPE
    if result is None:
        return NOT_YET
    return Message("Not inspected", in_window(result.error or result.reason))


def _normals(sample: Sample, known: Array | None) -> Array | None:
    """What the relief is drawn with; made here, so that the window's thread need not."""
    return known if known is not None or sample.xyz is None else grid_normals(sample.xyz)


def _raw_view(sample: Sample, message: Message) -> PartView:
    return PartView(
        sample.id,
        rgb=sample.rgb,
        xyz=sample.xyz,
        normals=_normals(sample, sample.normals),
        unit=sample.unit,
        message=message,
    )


def _view(part: Registered, decider: Decider | None, message: Message | None) -> PartView:
    sample = part.sample
    pitch = None
    if decider is not None:
        pitch = decider.pitch_mm
    elif sample.xyz is not None:
        pitch = pitch_mm(sample.xyz, part.foreground & part.valid)
    evidence = None if decider is None else decider.evidence
    return PartView(
        sample.id,
        rgb=sample.rgb,
        xyz=sample.xyz,
        normals=_normals(sample, part.normals),
        foreground=part.foreground,
        rgb_map=None if evidence is None else evidence.rgb,
        shape_map=None if evidence is None else evidence.shape,
        fused_map=None if evidence is None else evidence.fused,
        deviation_mm=None if evidence is None else evidence.deviation_mm,
        height_mm=part.height,
        mm_per_px=pitch,
        unit=sample.unit,
        gain=part.gain,
        message=message,
    )
