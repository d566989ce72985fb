"""From folders of labelled parts to a file of trained heads: look, train, write; resumable.

FILE.safetensors            the heads, when all is done
FILE.partial.safetensors    after each epoch, until then
FILE.views/                 what the towers saw, until then
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

from inspector_core.detectors.contract import Context
from inspector_core.detectors.inctrl.detector import read_words
from inspector_core.detectors.inctrl.sight import Sight, chosen_squares, view_cost
from inspector_core.detectors.prompting import prompt_parts
from inspector_core.device import Hardware
from inspector_core.errors import InputError, InspectorError
from inspector_core.features import clip_towers
from inspector_core.features.clip_towers import Towers
from inspector_core.features.inctrl_files import Training, content_name, save_heads
from inspector_core.features.inctrl_heads import initial
from inspector_core.geometry.prepare import PrepareSettings, prepare
from inspector_core.loading import loaded
from inspector_core.pretrain.checkpoints import check_target, keep, stored
from inspector_core.pretrain.inctrl import Choices, LabelledClass, Progressed, checked, train
from inspector_core.pretrain.remembered import Remembered
from inspector_core.progress import Job, Progress
from inspector_core.software import label
from inspector_core.types import SampleRef, Scan

LOOKING = "Looking at the parts"
_FRAMED = 16
"""Good parts of a class, by lot, that say where its parts lie."""
_MARGIN = 0.08
_WEIGHTS, _MOMENTS = "weights", "moments"


@dataclass(frozen=True, slots=True)
class Trained:
    """What came out: the file, what the heads were trained on, and the sentences of parts left out."""

    path: Path
    training: Training
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Looked:
    """One class after the towers saw it."""

    labelled: LabelledClass
    left_out: tuple[str, ...]


def pretrain(
    scans: Mapping[str, Scan],
    out: Path,
    choices: Choices,
    *,
    device: str = "auto",
    machine: Hardware,
    force: bool = False,
) -> Job[Trained]:
    """Train heads on the labelled parts of some classes and write them with what they were trained on.

    scans : class name, as a person would say it, to its folder.
    Goes on where an earlier run with the same parts and choices was stopped. Raises OutputError when
    `out` exists or cannot be written, InputError when there is nothing to tell apart.
    """
    check_target(out, force=force)
    network = clip_towers.network()
    towers = clip_towers.open_towers()
    context = _context(choices.seed, device, machine)
    where = context.plan(view_cost(1)).device
    framing = "published" if choices.compat == "published" else "part"
    remembered = Remembered(out.with_suffix(".views"), f"{network} {framing} {_MARGIN}", where)
    seen = []
    for name, found in scans.items():
        seen.append((yield from _looked(name, found, framing, towers, remembered, context)))
    classes = [one.labelled for one in seen]
    checked(classes, choices.shots)
    del towers
    training = Training(
        classes=tuple(one.name for one in classes),
        parts=tuple(sorted({part for one in classes for part in (*one.good, *one.bad)})),
        network=network,
        choices=asdict(choices),
        software=label(),
    )
    part_file = out.with_suffix(".partial.safetensors")
    start = _stored(part_file, training.fingerprint) or Progressed(initial(choices.seed), {})
    if start.losses:
        yield Progress(LOOKING, 1, 1, f"going on after epoch {len(start.losses)}")
    hold = partial(_keep, part_file, training.fingerprint)
    done = yield from train(classes, remembered.views, start, choices, hold, device=where)
    training = replace(training, losses=done.losses)
    save_heads(out, done.weights, training)
    part_file.unlink(missing_ok=True)
    remembered.forget()
    return Trained(out, training, tuple(why for one in seen for why in one.left_out))


def _looked(
    name: str, found: Scan, framing: str, towers: Towers, remembered: Remembered, context: Context
) -> Job[_Looked]:
    """Show every labelled part of a class to the towers, unless they saw it before; read its texts."""
    good, bad = found.select(good=True), [r for r in found.select(good=False) if r.label]
    sight = yield from _sight(name, good, framing, towers, context)
    names: dict[bool, dict[str, None]] = {True: {}, False: {}}
    left_out = []
    parts = [*good, *bad]
    for done, item in enumerate(loaded(parts, context.prepare)):
        note = ""
        try:
            part = item.part()
            named = content_name(part.sample)
            if named not in remembered:
                if not sight.available(part):
                    raise InputError(f"{item.ref.id}: no picture", cure="add its picture")
                seen = sight.see(part, "rgb")
                remembered.keep(named, seen.patches, seen.image)
            names[item.ref.label == "good"][named] = None
        except InspectorError as error:
            note = f"left out: {error.sentence}"
            left_out.append(error.sentence)
        yield Progress(f"{LOOKING} of {name}", done, len(parts), note)
    words = remembered.words(name)
    if words is None:
        remembered.keep_words(name, (yield from read_words(towers, name)))
        words = remembered.words(name)
    assert words is not None
    labelled = LabelledClass(name, tuple(names[True]), tuple(names[False]), words)
    return _Looked(labelled, tuple(left_out))


def _sight(
    name: str, good: Sequence[SampleRef], framing: str, towers: Towers, context: Context
) -> Job[Sight]:
    """Where the towers look at a class: around some of its good parts."""
    parts = []
    some = prompt_parts(good, _FRAMED, context.seed)
    for done, item in enumerate(loaded(some, context.prepare)):
        yield Progress(f"{LOOKING} of {name}", done, len(some))
        if item.error is None:
            parts.append(item.part())
    if not parts:
        raise InputError(
            f"{name} holds no good parts that can be read",
            cure="put good parts into train/good, or leave this folder out",
        )
    same = [part for part in parts if part.shape == parts[0].shape]
    return Sight(towers, chosen_squares(same, framing, _MARGIN, 1), ("rgb",), 0.5, context)


def _context(seed: int, device: str, machine: Hardware) -> Context:
    made = partial(prepare, settings=PrepareSettings(), seed=seed, normals=False)
    return Context(prepare=made, machine=machine, wanted=device, seed=seed)


def _keep(path: Path, fingerprint: str, progressed: Progressed) -> None:
    """Write how far training has come."""
    header = {"fingerprint": fingerprint, "losses": progressed.losses}
    keep(path, header, {_WEIGHTS: progressed.weights, _MOMENTS: progressed.moments})


def _stored(path: Path, fingerprint: str) -> Progressed | None:
    """How far an earlier run came, None when there is none or it trained on something else."""
    found = stored(path)
    if found is None or found[0].get("fingerprint") != fingerprint:
        return None
    header, groups = found
    return Progressed(groups[_WEIGHTS], groups.get(_MOMENTS, {}), tuple(header["losses"]))
