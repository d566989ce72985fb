"""`relief inspect`: a verdict, measured defects and reports for parts or folders."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from inspector_core.cli.options import add_device, add_force, add_reading, assignments
from inspector_core.cli.printing import Console, printable, width_of
from inspector_core.cli.reading import chosen, read
from inspector_core.cli.reporting import STORE, checked_formats
from inspector_core.errors import DiskFullError, OutputError, SettingError
from inspector_core.files import ensure_writable, new_folder, sha256_file, shown

if TYPE_CHECKING:
    from inspector_core.progress import Job, Progress
    from inspector_core.recipe import Recipe
    from inspector_core.reports.model import ReportModel
    from inspector_core.store import ResultStore
    from inspector_core.types import Result, SampleRef, Verdict

EXAMPLES = (
    "relief inspect {sample} --recipe casting-recipe --out casting-report",
    "relief inspect {sample}/test/dent/rgb/000.png --recipe casting-recipe --json",
)
USUAL_FORMATS = "pdf,html,csv,json"
_WIDEST_ID = 48


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's own options."""
    parser.add_argument(
        "path",
        type=Path,
        nargs="+",
        metavar="PATH",
        help="folder of parts, or a file of one part (its picture or its cloud)",
    )
    parser.add_argument(
        "--recipe", type=Path, required=True, metavar="RECIPE", help="recipe to inspect with"
    )
    parser.add_argument(
        "--split",
        action="append",
        default=[],
        metavar="NAME",
        help="split to inspect, repeatable (default: test, or all parts where there is none)",
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="folder for results and reports (default: none)"
    )
    parser.add_argument(
        "--format",
        metavar="LIST",
        help="report formats, separated by commas: pdf, html, csv, json, png, tiff, ply "
        f"(default: {USUAL_FORMATS})",
    )
    parser.add_argument(
        "--resume",
        action="store_true",
        help="go on with what --out holds already, and keep finished parts if stopped "
        "(default: all or nothing)",
    )
    parser.add_argument(
        "--fail-on",
        choices=("review", "reject"),
        help="end with code 7 when a part reaches this verdict (default: never)",
    )
    parser.add_argument(
        "--cluster",
        metavar="tcp://HOST:PORT",
        default="",
        help="inspect on the machines of this Dask scheduler, which must see the parts and the recipe at "
        "the same paths (default: on this machine)",
    )
    add_device(parser)
    add_reading(parser)
    add_force(parser)


def run(args: argparse.Namespace, console: Console) -> int:
    """Check outputs, inspect, print a line a part, write reports."""
    from inspector_core.cli.configuration import Configuration
    from inspector_core.recipe import open_recipe
    from inspector_core.reports.material import report_of
    from inspector_core.store import ResultStore

    options = assignments(args.set)
    formats = checked_formats(args.format or USUAL_FORMATS)
    if args.out is None and (args.format or args.resume):
        raise SettingError("--format and --resume need --out", cure="name a folder with --out")
    if args.out is not None:
        check_output(args.out, force=args.force, resume=args.resume)
    device = str(Configuration().program(device=args.device)["device"].value)
    recipe = open_recipe(args.recipe)
    refs = chosen(read(console, args.path, args.layout, options), args.path, args.split)
    cluster = (args.cluster, args.recipe) if args.cluster else None
    if args.out is None:
        session = Session(console, recipe, refs, device, cluster)
        results = session.inspect(None)
        model = report_of(results, recipe, refs, None)
    else:
        with _folder(args.out, force=args.force, resume=args.resume) as folder:
            session = Session(console, recipe, refs, device, cluster)
            store = ResultStore.create(folder / STORE, recipe.sha256)
            results = session.inspect(store)
            model = report_of(results, recipe, refs, store)
            session.report(model, folder, formats)
        console.note(f"written to {shown(args.out)}")
    console.document(model.document)
    console.say(summary(results))
    return exit_code(results, args.fail_on, session.disk_full)


@dataclass
class Session:
    """One run over parts: inspects, prints as it goes, and remembers whether the disk filled up.

    cluster : address of a Dask scheduler and the recipe's folder, None for this machine.
    """

    console: Console
    recipe: Recipe
    refs: Sequence[SampleRef]
    device: str
    cluster: tuple[str, Path] | None = None
    disk_full: bool = False

    def inspect(self, store: ResultStore | None) -> tuple[Result, ...]:
        """Results in the order of the parts; those that a store holds already are not made again."""
        from inspector_core import engine

        kept = {} if store is None else _finished(store, self.refs)
        done: dict[str, Result] = dict(kept)
        for result in kept.values():
            self._say(result)

        def tell(step: Progress) -> None:
            self.console.tell(step)
            if isinstance(step, engine.Inspected) and step.result is not None:
                done[step.result.id] = step.result.without_maps()
                self._say(step.result)

        pending = [ref for ref in self.refs if ref.id not in kept]
        try:
            self.console.run(self._job(pending, store), tell)
        except DiskFullError as error:
            if not done:
                raise
            self.disk_full = True
            self.console.complain(
                f"{error.message} after {len(done)} of {len(self.refs)} parts; free some space and go on "
                "with --resume."
            )
        return tuple(done[ref.id] for ref in self.refs if ref.id in done)

    def _job(self, refs: Sequence[SampleRef], store: ResultStore | None) -> Job[tuple[Result, ...]]:
        from inspector_core import engine
        from inspector_core.benchmark.remote import inspect_on

        if self.cluster and refs:
            address, folder = self.cluster
            sha256 = self.recipe.sha256
            return inspect_on(address, refs, folder, sha256, store=store, device=self.device)
        return engine.inspect(refs, self.recipe, store=store, device=self.device)

    def report(self, model: ReportModel, folder: Path, formats: Sequence[str]) -> None:
        """Write the reports; a full disk is said and leaves the results."""
        from inspector_core.reports import export

        try:
            self.console.run(export(model, folder, formats, force=True))
        except DiskFullError as error:
            self.disk_full = True
            self.console.complain(error.sentence)

    def _say(self, result: Result) -> None:
        from inspector_core.decision.verdict import reservation

        reserved = "" if result.error else reservation(result.scores, self.recipe.judged)
        self.console.say(line_of(result, self._widest) + (f"; {reserved}" if reserved else ""))

    @cached_property
    def _widest(self) -> int:
        return min(_WIDEST_ID, max(width_of(printable(ref.id)) for ref in self.refs))


def line_of(result: Result, width: int) -> str:
    """One part on one line: id, verdict, score, p-value, defects, largest area."""
    name = printable(result.id)
    name += " " * max(0, width - width_of(name))
    verdict = word_of(result.verdict)
    if result.error:
        return f"{name}  {verdict:<13}  {printable(result.error)}"
    score = "-" if result.score is None else f"{result.score:.2f}"
    p_value = "-" if result.p_value is None else f"{result.p_value:.3f}"
    areas = [defect.area_mm2.value for defect in result.defects if defect.area_mm2 is not None]
    n = len(result.defects)
    said = f"{n} defect{'' if n == 1 else 's'}"
    largest = f", largest {max(areas):.1f} {result.unit}²" if areas else ""
    return f"{name}  {verdict:<13}  score {score:>6}  p {p_value:>5}  {said}{largest}"


def word_of(verdict: Verdict) -> str:
    """The verdict as it is printed: "not inspected"."""
    return verdict.value.replace("_", " ")


def summary(results: Sequence[Result]) -> str:
    """The last line: how many parts got which verdict, and in what time."""
    from inspector_core.types import Verdict

    counts = [f"{sum(r.verdict is v for r in results)} {word_of(v)}" for v in Verdict]
    seconds = sum(sum(result.timings_s.values()) for result in results)
    return f"{len(results)} part{'' if len(results) == 1 else 's'}: {', '.join(counts)}; {seconds:.1f} s"


def exit_code(results: Sequence[Result], fail_on: str | None, disk_full: bool = False) -> int:
    """7 when --fail-on was met, 4 when some parts failed, 3 when the only one did, else 0."""
    from inspector_core.types import Verdict

    reached = {"reject": {Verdict.REJECT}, "review": {Verdict.REJECT, Verdict.REVIEW}}
    if fail_on is not None and any(r.verdict in reached[fail_on] for r in results):
        return 7
    failed = [result for result in results if result.verdict is Verdict.NOT_INSPECTED]
    if disk_full:
        return DiskFullError.exit_code
    if failed:
        return 3 if len(results) == 1 else 4
    return 0


def check_output(out: Path, *, force: bool, resume: bool) -> None:
    """Raise OutputError before any work when the output folder cannot or must not be used."""
    if out.exists():
        ours = (out / STORE / "store.json").exists()
        vacant = out.is_dir() and not any(out.iterdir())
        if not (force or resume):
            raise OutputError(
                f"{shown(out)} exists already",
                cure="choose another folder, or use --resume to go on or --force to replace it",
            )
        if not (ours or vacant):
            raise OutputError(
                f"{shown(out)} holds something else than results", cure="choose another folder"
            )
    ensure_writable(out.absolute().parent)


@contextlib.contextmanager
def _folder(out: Path, *, force: bool, resume: bool) -> Iterator[Path]:
    """Where to write: beside the target until all is there, or in it when going on."""
    if resume:
        ensure_writable(out)
        yield out
    else:
        with new_folder(out.absolute(), replace=force) as temporary:
            yield temporary


def _finished(store: ResultStore, refs: Sequence[SampleRef]) -> dict[str, Result]:
    """Stored results of parts whose files still have the content that was inspected."""
    from inspector_core.types import Verdict

    stored = {result.id: result for result in store.results()}
    finished = {}
    for ref in refs:
        result = stored.get(ref.id)
        if result is None or result.verdict is Verdict.NOT_INSPECTED:
            continue
        try:
            present = {sha256_file(Path(path)) for path in ref.files.values()}
        except OSError:
            continue
        if all(source.sha256 in present for source in result.sources):
            finished[ref.id] = result
    return finished
