"""`relief pretrain`: what is trained once, on parts with known defects, and used for every product."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
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
from inspector_core.errors import InputError
from inspector_core.files import existing_folder

if TYPE_CHECKING:
    from inspector_core.pretrain.auxiliary import Trained
    from inspector_core.types import Scan

EXAMPLES = (
    "relief pretrain inctrl bottle cable screw --out heads.safetensors",
    "relief pretrain inctrl visa/* --out heads.safetensors --shots 4 --seed 1",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's own options."""
    parser.add_argument(
        "what", choices=("inctrl",), metavar="WHAT", help="what to train: inctrl, its heads"
    )
    parser.add_argument(
        "folders",
        type=Path,
        nargs="+",
        metavar="FOLDER",
        help="folder of one class with good and defective parts, named as a person calls the part",
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FILE", help="file of heads to write"
    )
    number = whole_number(1, 100_000)
    parser.add_argument(
        "--epochs", type=number, default=10, metavar="N", help="rounds (default: 10)"
    )
    parser.add_argument(
        "--steps", type=number, default=100, metavar="N", help="steps a round (default: 100)"
    )
    parser.add_argument(
        "--shots",
        type=whole_number(1, 16),
        default=2,
        metavar="K",
        help="good parts that each part is compared with (default: 2)",
    )
    parser.add_argument(
        "--seed",
        type=whole_number(0, 2**31 - 1),
        default=10,
        metavar="N",
        help="seed of every random choice (default: 10, the published one)",
    )
    parser.add_argument(
        "--compat",
        choices=("corrected", "published"),
        default="corrected",
        help="corrected, or with the published code's mixed-up axes and doubled sigmoid "
        "(default: corrected)",
    )
    add_device(parser)
    add_reading(parser)
    add_force(parser)


def run(args: argparse.Namespace, console: Console) -> int:
    """Scan every class, train, write; 4 when some parts were left out."""
    from inspector_core.cli.configuration import Configuration
    from inspector_core.device import hardware, resolve
    from inspector_core.pretrain.auxiliary import pretrain
    from inspector_core.pretrain.inctrl import Choices

    options = assignments(args.set)
    device = str(Configuration().program(device=args.device)["device"].value)
    scans = _scans(args.folders, args.layout, options, console)
    choices = Choices(args.epochs, args.steps, args.shots, args.seed, args.compat)
    machine = hardware()
    resolve(device, machine)
    trained = console.run(
        pretrain(scans, args.out, choices, device=device, machine=machine, force=args.force)
    )
    console.document(document(trained))
    _print(trained, console)
    return 4 if trained.left_out else 0


def _scans(
    folders: Sequence[Path], layout: str | None, options: Mapping[str, object], console: Console
) -> dict[str, Scan]:
    """Class name to its folder, read; InputError when two folders have one name."""
    from inspector_core.cli.reading import read

    found: dict[str, Scan] = {}
    for folder in folders:
        name = existing_folder(folder).resolve().name
        if name in found:
            raise InputError(
                f"two folders are called {printable(name)}",
                cure="rename one: the folder's name says what its parts are",
            )
        found[name] = read(console, [folder], layout, options)
    return found


def document(trained: Trained) -> dict[str, Any]:
    """The JSON of `relief pretrain --json`."""
    training = trained.training
    return {
        "schema": "relief-pretrain/1",
        "heads": str(trained.path),
        "fingerprint": training.fingerprint,
        "classes": [*training.classes],
        "parts": len(training.parts),
        "network": {"name": training.network[0], "sha256": training.network[1]},
        "choices": dict(training.choices),
        "losses": [*training.losses],
        "left_out": [*trained.left_out],
    }


def _print(trained: Trained, console: Console) -> None:
    training = trained.training
    first, last = training.losses[0], training.losses[-1]
    console.say(f"heads       {printable(trained.path)}")
    console.say(f"trained on  {len(training.parts)} parts: {', '.join(training.classes)}")
    console.say(f"mean loss   {first:.4f} in the first round, {last:.4f} in the last")
    console.say(f"hash        {training.fingerprint} of what went in")
    console.say("use         relief learn FOLDER --detector inctrl --set heads=FILE --out RECIPE")
    console.say(
        "            never test on a class it was trained on: the figures would be too good"
    )
