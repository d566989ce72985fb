"""`relief demo`: the whole job on the bundled sample part."""

from __future__ import annotations

import argparse
import contextlib
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from inspector_core.cli.display import has_display
from inspector_core.cli.inspect import Session, summary
from inspector_core.cli.options import add_device
from inspector_core.cli.printing import Console, printable
from inspector_core.cli.reporting import STORE
from inspector_core.cli.stopping import released
from inspector_core.errors import InspectorError, OutputError
from inspector_core.files import ensure_writable, new_folder, shown

if TYPE_CHECKING:
    from inspector_core.types import Result

EXAMPLES = ("relief demo", "relief demo --headless --out demo-report")

MARKER = ".relief-demo"
"""Lies in every folder that the demo wrote: such a folder may be replaced, no other."""
RECIPE = "recipe"
FORMATS = ("pdf", "html", "csv", "json")

log = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's own options."""
    parser.add_argument(
        "--headless",
        action="store_true",
        help="open no window (default: open it if there is a display)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("demo-report"),
        metavar="DIR",
        help="folder to write (default: demo-report)",
    )
    add_device(parser)


def run(args: argparse.Namespace, console: Console) -> int:
    """Learn, inspect, report; then the window, or without a display its picture."""
    from inspector_core.assets import sample_parts
    from inspector_core.cli.configuration import Configuration

    _check(args.out)
    device = str(Configuration().program(device=args.device)["device"].value)
    headless = args.headless or not has_display() or "app" not in args.screen
    out = args.out.absolute()
    with new_folder(out, replace=True) as folder:
        results = _work(console, sample_parts(), folder, device)
        (folder / MARKER).touch()
    args.folder, args.recipe, args.report = sample_parts(), out / RECIPE, out
    args.results = out / STORE
    if headless:
        _picture(args, console)
    _close(results, args.out, console, said_headless=headless and not args.headless)
    if headless:
        return 4 if any(result.error for result in results) else 0
    with released():
        return int(args.screen["app"](args))


def _check(out: Path) -> None:
    if out.exists() and not (out / MARKER).exists():
        raise OutputError(
            f"{shown(out)} exists and was not written by the demo",
            cure="choose another folder with --out",
        )
    ensure_writable(out.absolute().parent)


def _work(console: Console, sample: Path, folder: Path, device: str) -> tuple[Result, ...]:
    from inspector_core import detectors, engine
    from inspector_core.reports.material import report_of
    from inspector_core.store import ResultStore

    found = console.run(engine.scan(sample))
    recipe = console.run(
        engine.learn(
            found,
            folder / RECIPE,
            detector=detectors.DEFAULT,
            name="Sample casting",
            device=device,
        )
    )
    turns = " in turn" if recipe.calibration.in_turn else ""
    console.say(
        f"learnt {len(recipe.learn_parts)} good parts, held out {len(recipe.calibration.scores)}{turns}: "
        f"review from {recipe.thresholds.t1:.2f}, reject from {recipe.thresholds.t2:.2f}"
    )
    for sentence in recipe.reasons:
        console.say(sentence)
    store = ResultStore.create(folder / STORE, recipe.sha256)
    refs = found.select("test")
    session = Session(console, recipe, refs, device)
    results = session.inspect(store)
    model = report_of(results, recipe, found.refs, store, title="Sample casting")
    session.report(model, folder, FORMATS)
    console.document(model.document)
    return results


def _picture(args: argparse.Namespace, console: Console) -> None:
    """window.png, where the window's libraries can draw it; the rest of the demo needs none of them."""
    hook = args.screen.get("demo")
    if hook is None:
        return
    try:
        code = hook(args)
        problem = "" if code == 0 else f"ended with code {code}"
    except InspectorError as error:
        problem = error.sentence
    except Exception as error:
        log.exception("drawing the window")
        problem = f"{type(error).__name__}: {error}"
    if problem:
        with contextlib.suppress(OSError):
            (args.report / "window.png").unlink(missing_ok=True)
        console.note(f"window.png was not drawn: {printable(problem)}")


def _close(results: Sequence[Result], out: Path, console: Console, *, said_headless: bool) -> None:
    from inspector_core.types import Verdict

    stopped = (Verdict.REVIEW, Verdict.REJECT)
    bad = [result for result in results if result.label != "good"]
    good = [result for result in results if result.label == "good"]
    found = sum(result.verdict in stopped for result in bad)
    lost = sum(result.verdict is Verdict.REJECT for result in good)
    console.say()
    console.say(summary(results))
    console.say(
        f"{found} of {len(bad)} defective parts found, {lost} of {len(good)} good parts rejected"
    )
    place = f"{shown(out)}/"
    if said_headless:
        console.say(f"No display: wrote {place} instead of opening the window")
    else:
        files = sorted(
            entry.name for entry in out.iterdir() if entry.is_file() and entry.name != MARKER
        )
        console.say(f"report in {place} ({', '.join(files)})")
