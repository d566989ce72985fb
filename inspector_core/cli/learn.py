"""`relief learn`: from good parts to a recipe."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inspector_core.cli.options import (
    add_device,
    add_force,
    add_reading,
    assignments,
    whole_number,
)
from inspector_core.cli.printing import Console, printable
from inspector_core.cli.reading import read
from inspector_core.errors import OutputError
from inspector_core.files import ensure_writable, existing_folder, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from inspector_core.cli.configuration import Chosen, Configuration
    from inspector_core.detectors.default_choice import Choice
    from inspector_core.recipe import Recipe
    from inspector_core.settings import Value
    from inspector_core.types import Calibration, Scan

_MOST_UNUSUAL = 3
EXAMPLES = (
    "relief learn {sample} --out casting-recipe",
    "relief learn {sample} --out casting-btf --detector btf --seed 1",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's own options."""
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="folder with good parts")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="RECIPE", help="recipe folder to write"
    )
    parser.add_argument(
        "--detector",
        metavar="NAME",
        help="how to look for defects (default: auto, what suits the good parts; it says why)",
    )
    parser.add_argument(
        "--seed",
        type=whole_number(0, 2**31 - 1),
        metavar="N",
        help="seed of every random choice (default: 0)",
    )
    parser.add_argument(
        "--name", default="", help="the recipe's name (default: that of the folder)"
    )
    add_device(parser)
    add_reading(parser, extra=", the detector, the preparation or the decision")
    add_force(parser)


def run(args: argparse.Namespace, console: Console) -> int:
    """Check settings and output folder, then scan, learn, calibrate, save."""
    from inspector_core import engine
    from inspector_core.cli.configuration import Configuration

    given = assignments(args.set)
    existing_folder(args.folder)
    _check_output(args.out, force=args.force)
    configuration = Configuration()
    for problem in configuration.problems:
        console.note(f"note: {problem}")
    program = configuration.program(device=args.device, detector=args.detector, seed=args.seed)
    found, choice, settings = _decided(args, console, configuration, program, given)
    recipe = console.run(
        engine.learn(
            found,
            args.out,
            detector=choice,
            settings=settings,
            seed=int(program["seed"].value),
            device=str(program["device"].value),
            name=args.name,
            force=args.force,
        )
    )
    console.document(document(recipe, args.out))
    _print(recipe, args.out, console)
    return 0


def _decided(
    args: argparse.Namespace,
    console: Console,
    configuration: Configuration,
    program: Mapping[str, Chosen],
    given: Mapping[str, str],
) -> tuple[Scan, Choice, dict[str, Value]]:
    """The parts, the detector that will learn from them, and its settings, all of them checked."""
    from inspector_core import engine
    from inspector_core.choosing import choose
    from inspector_core.cli.catalogue import divided
    from inspector_core.detectors import AUTOMATIC
    from inspector_core.detectors.default_choice import Choice, candidates

    choice = Choice(str(program["detector"].value), ())
    is_automatic = choice.detector == AUTOMATIC
    reader, rest = divided(given, candidates() if is_automatic else (choice.detector,))
    if not is_automatic:  # whatever is wrong with the settings is said before any work
        engine.configure(choice.detector, configuration.values_of(choice.detector, rest))
    found = read(console, [args.folder], args.layout, reader)
    if is_automatic:
        seed, device = int(program["seed"].value), str(program["device"].value)
        choice = console.run(choose(found, settings=rest, seed=seed, device=device))
        console.note(f"detector: {choice.detector}")
    settings = configuration.values_of(choice.detector, rest)
    engine.configure(choice.detector, settings)
    return found, choice, settings


def _check_output(out: Path, *, force: bool) -> None:
    if out.exists() and not force:
        raise OutputError(f"{shown(out)} exists already", cure="choose another name or use --force")
    if (
        out.exists()
        and not (out / "recipe.json").exists()
        and (out.is_file() or any(out.iterdir()))
    ):
        raise OutputError(f"{shown(out)} is no recipe", cure="choose another name")
    ensure_writable(out.absolute().parent)


def document(recipe: Recipe, out: Path) -> dict[str, Any]:
    """The JSON of `relief learn --json`."""
    from inspector_core.decision.thresholds import promise
    from inspector_core.device import peak_memory_mb

    calibration = recipe.calibration
    said = promise(calibration.scores, recipe.thresholds.t2)
    return {
        "schema": "relief-learn/1",
        "recipe": str(out),
        "name": recipe.name,
        "sha256": recipe.sha256,
        "detector": recipe.detector,
        "reasons": list(recipe.reasons),
        "seed": recipe.seed,
        "settings": {**recipe.settings, **recipe.prepare},
        "parts": {"learn": len(recipe.learn_parts), "calibrate": len(calibration.scores)},
        "seconds": recipe.seconds,
        "peak_memory_mb": peak_memory_mb(),
        "thresholds": {"t1": recipe.thresholds.t1, "t2": recipe.thresholds.t2},
        "provisional": calibration.provisional,
        "promise": {
            "false_reject_upper_95": said.upper_95,
            "exceeded": said.exceeded,
            "parts": said.n,
            "sentence": said.sentence,
        },
        "held_out": {
            "in_turn": calibration.in_turn,
            "scores": list(calibration.scores),
            "parts": list(calibration.parts),
        },
    }


def _most_unusual(calibration: Calibration) -> str:
    """The held-out parts with the largest scores, worst first."""
    worst = sorted(zip(calibration.scores, calibration.parts, strict=True), reverse=True)
    return ", ".join(f"{printable(part)} {score:.2f}" for score, part in worst[:_MOST_UNUSUAL])


def _print(recipe: Recipe, out: Path, console: Console) -> None:
    from statistics import median

    from inspector_core.decision.thresholds import needed_for, promise

    calibration, limits = recipe.calibration, recipe.thresholds
    said = promise(calibration.scores, limits.t2)
    console.say(f"recipe      {printable(out)}")
    console.say(f"hash        {recipe.sha256}")
    console.say(f"detector    {recipe.detector}")
    for sentence in recipe.reasons:
        console.say(f"            {printable(sentence)}")
    turns = " in turn" if calibration.in_turn else ""
    console.say(
        f"parts       {len(recipe.learn_parts)} learnt, {len(calibration.scores)} held out{turns}, "
        f"{recipe.seconds:.0f} s"
    )
    if calibration.scores:
        middle, largest = median(calibration.scores), max(calibration.scores)
        console.say(f"held out    median score {middle:.2f}, largest {largest:.2f}")
        console.say(f"unusual     {_most_unusual(calibration)}")
        console.say("            look at them: a bad part among the good ones raises the limits")
    mark = " (provisional: fewer than 20 held-out parts)" if calibration.provisional else ""
    console.say(f"limits      T1 {limits.t1:.2f} review, T2 {limits.t2:.2f} reject{mark}")
    console.say("            in times the usual: 1.0 is the largest value of a typical good part")
    console.say(f"promise     {said.sentence}")
    if said.upper_95 > 0.05:
        console.say(f"            {needed_for(0.05)} held-out good parts, none rejected, give 5 %.")
