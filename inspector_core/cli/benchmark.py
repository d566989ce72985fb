"""`relief benchmark`: detectors over classes, seeds and shots; resumable, here or on a cluster."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inspector_core.cli.options import add_device
from inspector_core.cli.printing import Console, printable
from inspector_core.errors import InputError, SettingError
from inspector_core.files import shown

if TYPE_CHECKING:
    from inspector_core.benchmark.jobs import BenchmarkJob
    from inspector_core.benchmark.running import Ran

EXAMPLES = (
    "relief benchmark {sample} --detector btf --set cells=16 --out casting-benchmark",
    "relief benchmark {sample} --detector aligned --detector btf --shots all,4 --seeds 0,1,2 "
    "--out casting-benchmark --compare aligned,btf",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's own options."""
    parser.add_argument(
        "path",
        type=Path,
        nargs="+",
        metavar="SUITE.toml|FOLDER",
        help="a suite file, or folders: of one class of parts or of many",
    )
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="DIR",
        help="folder for outcomes and tables; what it holds already is not done again",
    )
    parser.add_argument(
        "--detector",
        action="append",
        default=[],
        metavar="NAME",
        help="detector, repeatable (default: none)",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a setting for every detector that has it, or DETECTOR.NAME=VALUE for one, repeatable; the "
        "settings file does not count here (default: none)",
    )
    parser.add_argument(
        "--seeds", type=_numbers("seed", 0), metavar="LIST", help="seeds, as 0,1,2 (default: 0)"
    )
    parser.add_argument(
        "--shots",
        type=_numbers("number of shots", 1, "all"),
        metavar="LIST",
        help="good parts to learn from, as 1,2,4,all: lists by seed, the same for all detectors "
        "(default: all)",
    )
    parser.add_argument(
        "--class",
        dest="classes",
        action="append",
        default=[],
        metavar="NAME",
        help="class to take, repeatable (default: all)",
    )
    parser.add_argument(
        "--layout", metavar="NAME", help="how the folders are laid out (default: found by looking)"
    )
    parser.add_argument(
        "--scope",
        choices=("all", "part"),
        help="defect-free pixels that count, as for evaluate (default: all)",
    )
    parser.add_argument(
        "--cluster",
        metavar="tcp://HOST:PORT",
        default="",
        help="work on the machines of this Dask scheduler, which must see the folders at the same paths "
        "(default: on this machine)",
    )
    parser.add_argument(
        "--keep-recipes", action="store_true", help="keep what was learnt (default: remove it)"
    )
    parser.add_argument(
        "--compare",
        metavar="A,B",
        help="compare two detectors part by part: names, or titles as in the table (default: none)",
    )
    parser.add_argument(
        "--force", action="store_true", help="do finished jobs again (default: keep them)"
    )
    add_device(parser)


def run(args: argparse.Namespace, console: Console) -> int:
    """Check everything, make the list of jobs, work through it, write tables; 4 when something failed."""
    from inspector_core.benchmark.inputs import Hashes
    from inspector_core.benchmark.jobs import planned
    from inspector_core.benchmark.output import HASHES, OutputFolder
    from inspector_core.benchmark.running import run as run_jobs
    from inspector_core.benchmark.tables import compared, write_tables
    from inspector_core.cli.suites import pair_of, suite_of

    if args.cluster and args.keep_recipes:
        raise SettingError(
            "--keep-recipes and --cluster do not go together: recipes stay on the workers",
            cure="leave one of them out",
        )
    suite = suite_of(args)
    pair = pair_of(args.compare, suite)
    output = OutputFolder.prepared(args.out)
    try:
        jobs = console.run(planned(suite, Hashes(args.out / HASHES)))
    except (InputError, SettingError):
        output.discard()
        raise
    output.write_suite(jobs)
    if args.force:
        output.forget(jobs)
    ran = console.run(run_jobs(jobs, output, cluster=args.cluster, keep_recipes=args.keep_recipes))
    written = write_tables(ran, output)
    comparison = [] if pair is None else compared(ran.documents, output, *pair)
    console.document(document(ran, jobs, args.out, written, comparison))
    _print(ran, jobs, comparison, console)
    console.note(f"written to {shown(args.out)}: {', '.join(written)}")
    incomplete = any(entry["evaluation"]["not_inspected"] for entry in ran.documents)
    return 4 if ran.failed or incomplete else 0


def document(
    ran: Ran,
    jobs: Sequence[BenchmarkJob],
    out: Path,
    written: Sequence[str],
    comparison: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """The JSON of `relief benchmark --json`."""
    done = {entry["name"]: entry for entry in ran.documents}
    failed = {job.name: text for job, text in ran.failed}
    rows = []
    for job in jobs:
        found = done.get(job.name)
        rows.append(
            {
                "name": job.name,
                **{
                    key: value
                    for key, value in job.document().items()
                    if key in ("dataset", "class", "detector", "given", "seed", "shots")
                },
                "error": failed.get(job.name),
                "not_inspected": None if found is None else found["evaluation"]["not_inspected"],
                "maps": None if found is None else found["evaluation"]["maps"],
            }
        )
    return {
        "schema": "relief-benchmark/1",
        "out": str(out),
        "written": list(written),
        "jobs": rows,
        "compare": list(comparison),
        "summary": {
            "jobs": len(jobs),
            "done": len(done),
            "failed": len(failed),
            "done_before": ran.kept,
            "seconds": round(ran.seconds, 1),
        },
    }


def _numbers(what: str, low: int, word: str = "") -> Callable[[str], list[int | str]]:
    """An option's type: whole numbers separated by commas, or the word."""

    def convert(text: str) -> list[int | str]:
        found: list[int | str] = []
        for piece in text.split(","):
            piece = piece.strip()
            if word and piece == word:
                found.append(word)
            elif piece.isdecimal() and int(piece) >= low:
                found.append(int(piece))
            else:
                raise argparse.ArgumentTypeError(f"{piece!r} is no {what}")
        return found

    return convert


def _print(
    ran: Ran,
    jobs: Sequence[BenchmarkJob],
    comparison: Sequence[Mapping[str, Any]],
    console: Console,
) -> None:
    from inspector_core.benchmark.tables import COMPARED_HEADS, HEADS, compared_rows, rows

    console.table(HEADS, rows(ran.documents), right=(4,))
    if comparison:
        console.say()
        console.say(f"first: {comparison[0]['first']}   second: {comparison[0]['second']}")
        console.table(COMPARED_HEADS, compared_rows(comparison), right=(2,))
    console.say()
    console.say(
        f"{len(jobs)} jobs: {len(ran.documents)} done ({ran.kept} before), {len(ran.failed)} failed; "
        f"{ran.seconds:.1f} s"
    )
    for job, text in ran.failed:
        console.say(f"  failed: {printable(job.title)}: {printable(text)}")
    for entry in ran.documents:
        missing = entry["evaluation"]["not_inspected"]
        if missing:
            console.say(
                f"  {printable(entry['job']['class'])}, {entry['job']['detector']}: "
                f"{len(missing)} parts not inspected, the first: {printable(missing[0]['error'])}"
            )
