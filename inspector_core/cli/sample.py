"""`relief sample`: synthetic parts with truth."""

from __future__ import annotations

import argparse
from pathlib import Path

from inspector_core.cli.options import add_force, whole_number
from inspector_core.cli.printing import Console
from inspector_core.errors import OutputError
from inspector_core.files import shown

EXAMPLES = (
    "relief sample --family bracket --count 20 --out brackets",
    "relief sample --family tile --count 10 --size 200 --seed 3 --out tiles",
)
_OURS = "truth.json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's own options."""
    parser.add_argument(
        "--family",
        required=True,
        metavar="NAME",
        help="bracket (rigid, machined), biscuit (organic) or tile (flat, textured)",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder to write")
    parser.add_argument(
        "--count",
        type=whole_number(1, 100_000),
        default=20,
        metavar="N",
        help="good parts to learn from; calibration and test parts come in proportion (default: 20)",
    )
    parser.add_argument(
        "--size",
        type=whole_number(1, 100_000),
        default=400,
        metavar="PX",
        help="width and height of the pictures in pixels (default: 400)",
    )
    parser.add_argument(
        "--seed",
        type=whole_number(0, 2**31 - 1),
        default=0,
        metavar="N",
        help="seed: the same seed gives the same parts, byte for byte (default: 0)",
    )
    add_force(parser)


def run(args: argparse.Namespace, console: Console) -> int:
    """Make the parts and print how many of which kind were written."""
    from inspector_core import synthetic

    if args.force and args.out.exists() and not (args.out / _OURS).exists():
        raise OutputError(
            f"{shown(args.out)} holds something else than synthetic parts",
            cure="choose another folder",
        )
    made = console.run(
        synthetic.make(
            args.family,
            args.out,
            count=args.count,
            size=args.size,
            seed=args.seed,
            force=args.force,
        )
    )
    splits: dict[str, dict[str, int]] = {}
    for (split, label), number in made.parts.items():
        splits.setdefault(split, {})[label] = number
    console.document(
        {
            "schema": "relief-sample/1",
            "folder": shown(args.out),
            "family": made.family,
            "size": [made.size, made.size],
            "seed": made.seed,
            "parts": made.total,
            "splits": splits,
        }
    )
    rows = [(split, label, number) for (split, label), number in made.parts.items()]
    console.table(("split", "label", "parts"), rows, right=(2,))
    console.say()
    console.say(
        f"{made.total} parts of {made.size}x{made.size} pixels, family {made.family}, seed {made.seed}, "
        f"in {shown(args.out)}"
    )
    return 0
