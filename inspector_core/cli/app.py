"""`relief app`: opens the window. The window itself is handed in by the program's entry."""

from __future__ import annotations

import argparse
from pathlib import Path

from inspector_core.cli.display import has_display
from inspector_core.cli.options import add_device
from inspector_core.cli.printing import Console
from inspector_core.cli.stopping import released
from inspector_core.errors import DeviceError, InputError
from inspector_core.files import existing_folder, shown

EXAMPLES = ("relief app {sample}", "relief {sample} --recipe demo-report/recipe")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's own options."""
    parser.add_argument(
        "folder", nargs="?", type=Path, metavar="FOLDER", help="folder of parts to open"
    )
    parser.add_argument(
        "--recipe", type=Path, metavar="RECIPE", help="recipe to open with it (default: none)"
    )
    add_device(parser)


def run(args: argparse.Namespace, console: Console) -> int:
    """Check what can be checked without a window, then open it."""
    if args.folder is not None:
        existing_folder(args.folder)
    if args.recipe is not None and not args.recipe.is_dir():
        raise InputError(f"{shown(args.recipe)} is no recipe folder", cure="check its name")
    if "app" not in args.screen:
        raise DeviceError(
            "this command line was started without the window", cure="start it with `relief`"
        )
    if not has_display():
        raise DeviceError(
            "there is no display to open the window on",
            cure="use scan, learn, inspect and evaluate here, or `relief demo --headless`",
        )
    with released():
        return int(args.screen["app"](args))
