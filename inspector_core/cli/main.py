"""The parser. Imports nothing that `relief --help` does not need, so it answers at once.

`run` hands a parsed command to `execution`, which turns failures into sentences and exit codes.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Callable, Mapping, Sequence

from inspector_core import __version__
from inspector_core.cli.options import Parser, add_common

Handler = Callable[[argparse.Namespace], int]

COMMANDS: dict[str, str] = {
    "app": "Open the window, on a folder of parts if one is named.",
    "demo": "Learn the bundled sample part, inspect its test parts, write a report and show them.",
    "scan": "Show how a folder is read: layout, parts, sizes, units, problems.",
    "learn": "Learn what good looks like from a folder's good parts and write a recipe.",
    "inspect": "Inspect parts or folders with a recipe: verdict, score, measured defects, reports.",
    "evaluate": "Compute metrics of a recipe on annotated parts, per map and per defect type.",
    "benchmark": "Compare detectors over classes, seeds and shots; goes on where it was stopped.",
    "detectors": "List the detectors: what they see, what weights they need, where they come from.",
    "weights": "Pretrained networks: list them, add files, fetch them, verify them.",
    "pretrain": "Train once, on parts with known defects, what a few-shot detector uses for every product.",
    "sample": "Make synthetic parts with exact masks and true measures.",
    "doctor": "Check this machine: versions, device, memory, graphics, fonts, folders, settings.",
}
"""name -> what it does. `inspector_core.cli.<name>` holds EXAMPLES, add_arguments and run."""


def run(argv: Sequence[str], screen: Mapping[str, Handler] | None = None) -> int:
    """Run a command and return its exit code; never raises.

    screen : what needs a window, by name. "app" opens it: reads `folder`, `recipe` (Path or None) and
    `device` of the namespace. "demo" draws window.png into the folder `report`; it also finds
    `folder`, `recipe` and `results` (Path to the store) there.
    """
    words = _with_command([*argv])
    if words is None:
        return 2
    try:
        args = parser(words[0] if words else "").parse_args(words)
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else 2
    args.screen = dict(screen or {})
    # numpy's many small products spin idle threads otherwise, and sums would depend on the cores
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from inspector_core.cli.execution import execute

    return execute(args)


def parser(wanted: str) -> argparse.ArgumentParser:
    """The top parser; only the wanted command gets its arguments, for only its module is imported."""
    top = Parser(
        prog="relief",
        description="Find, measure and explain defects on parts seen in colour and in 3D.",
        epilog="`relief FOLDER` opens the window; `relief COMMAND --help` explains a command.",
    )
    top.add_argument("--version", action="version", version=f"Relief Inspector {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, summary in COMMANDS.items():
        one = commands.add_parser(
            name,
            help=summary,
            description=summary,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        if name == wanted:
            module = importlib.import_module(f"inspector_core.cli.{name}")
            one.epilog = "examples:\n" + "\n".join(f"  {line}" for line in module.EXAMPLES)
            module.add_arguments(one)
            add_common(one)
            one.set_defaults(run=module.run)
    return top


def _with_command(words: list[str]) -> list[str] | None:
    """`relief` and `relief FOLDER` mean `relief app`; anything else unknown is refused with a guess."""
    if words and (words[0] in COMMANDS or words[0] in ("-h", "--help", "--version")):
        return words
    first = words[0] if words else ""
    if not first or first.startswith("-") or os.path.exists(first) or os.sep in first:
        return ["app", *words]
    import difflib

    near = difflib.get_close_matches(first, COMMANDS, n=1)
    hint = f"did you mean `relief {near[0]}`?" if near else "`relief --help` lists the commands."
    said = os.fsencode(first).decode("utf-8", "backslashreplace")
    print(f"relief: {said} is neither a command nor a folder; {hint}", file=sys.stderr)
    return None


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
