"""`relief pretrain`: what is trained once and used for every product."""

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
from inspector_core.errors import InputError, SettingError
from inspector_core.files import existing_folder

if TYPE_CHECKING:
    from inspector_core.pretrain.auxiliary import Trained
    from inspector_core.types import Scan

EXAMPLES = (
    "relief pretrain extractor --out extractor.safetensors --pictures 20000",
    "relief pretrain inctrl bottle cable screw --out heads.safetensors",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's own options."""
    parser.add_argument(
        "what",
        choices=("extractor", "inctrl"),
        metavar="WHAT",
        help="extractor: the program's own network, on pictures that are generated. inctrl: its heads, on "
        "parts with known defects",
    )
    parser.add_argument(
        "folders",
        type=Path,
        nargs="*",
        metavar="FOLDER",
        help="for inctrl: folder of one class with good and defective parts, named as a person calls "
        "the part",
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FILE", help="file of weights to write"
    )
    parser.add_argument(
        "--pictures",
        type=whole_number(1, 100_000_000),
        metavar="N",
        help="for extractor: pictures to generate; a second run with more goes on (default: 200000)",
    )
    parser.add_argument(
        "--teacher",
        metavar="NAME",
        help="for extractor: network to learn from (default: mobilenetv2_100.tf_in1k)",
    )
    number = whole_number(1, 100_000)
    parser.add_argument(
        "--epochs", type=number, metavar="N", help="for inctrl: rounds (default: 10)"
    )
    parser.add_argument(
        "--steps", type=number, metavar="N", help="for inctrl: steps a round (default: 100)"
    )
    parser.add_argument(
        "--shots",
        type=whole_number(1, 16),
        metavar="K",
        help="for inctrl: good parts that each part is compared with (default: 2)",
    )
    parser.add_argument(
        "--seed",
        type=whole_number(0, 2**31 - 1),
        metavar="N",
        help="seed of every random choice (default: 0; for inctrl 10, the published one)",
    )
    parser.add_argument(
        "--compat",
        choices=("corrected", "published"),
        help="for inctrl: corrected, or with the published code's mixed-up axes and doubled sigmoid "
        "(default: corrected)",
    )
    add_device(parser)
    add_reading(parser)
    add_force(parser)


_OWN = {
    "extractor": ("pictures", "teacher"),
    "inctrl": ("epochs", "steps", "shots", "compat"),
}
"""Options that belong to one of the trainings."""


def run(args: argparse.Namespace, console: Console) -> int:
    """Train and write; 4 when some parts were left out."""
    _check(args)
    return _extractor(args, console) if args.what == "extractor" else _inctrl(args, console)


def _check(args: argparse.Namespace) -> None:
    for what, names in _OWN.items():
        given = [name for name in names if getattr(args, name) is not None]
        if given and what != args.what:
            raise SettingError(
                f"--{given[0]} belongs to `relief pretrain {what}`", cure="leave it out"
            )
    if args.what == "inctrl" and not args.folders:
        raise InputError(
            "relief pretrain inctrl needs folders with good and defective parts",
            cure="name one folder for each class of parts",
        )
    if args.what == "extractor" and (args.folders or args.layout or args.set):
        raise SettingError(
            "relief pretrain extractor reads no parts: it generates its pictures",
            cure="leave out folders, --layout and --set",
        )


def _given(args: argparse.Namespace, *names: str) -> dict[str, Any]:
    """The named options that were given, as arguments of a training's choices."""
    return {name: getattr(args, name) for name in names if getattr(args, name) is not None}


def _extractor(args: argparse.Namespace, console: Console) -> int:
    from inspector_core.cli.configuration import Configuration
    from inspector_core.device import hardware
    from inspector_core.pretrain.extractor import Choices
    from inspector_core.pretrain.extractor_file import pretrain_extractor

    device = str(Configuration().program(device=args.device)["device"].value)
    choices = Choices(**_given(args, "pictures", "teacher", "seed"))
    done = console.run(
        pretrain_extractor(args.out, choices, device=device, machine=hardware(), force=args.force)
    )
    console.document(
        {"schema": "relief-pretrain-extractor/1", "file": str(done.path), "record": done.record}
    )
    last = done.record["curve"][-1]
    missed = ", ".join(f"{value:.1%}" for value in last["held_out"])
    console.say(f"extractor   {printable(done.path)}")
    console.say(
        f"pictures    {done.record['pictures']}, from {len(done.record['families'])} families"
    )
    console.say(f"missed      {missed} of the teacher's variance at 1/4, 1/8, 1/16,")
    console.say(f"            on families held out: {', '.join(done.record['held_out_families'])}")
    console.say(
        f"use         relief weights add {printable(done.path)} --as relief_extractor --force"
    )
    return 0


def _inctrl(args: argparse.Namespace, console: Console) -> int:
    from inspector_core.cli.configuration import Configuration
    from inspector_core.device import hardware, resolve
    from inspector_core.pretrain.auxiliary import pretrain
    from inspector_core.pretrain.inctrl import Choices

    options = assignments(args.set)
    device = str(Configuration().program(device=args.device)["device"].value)
    scans = _scans(args.folders, args.layout, options, console)
    choices = Choices(**_given(args, *_OWN["inctrl"], "seed"))
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
    """The JSON of `relief pretrain inctrl --json`."""
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
