"""`relief weights`: pretrained networks on this machine: list, add, fetch, verify."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inspector_core.cli.printing import Console, printable
from inspector_core.errors import SettingError, WeightsError
from inspector_core.files import shown

if TYPE_CHECKING:
    from inspector_core.features.weights import Status

EXAMPLES = (
    "relief weights list",
    "relief weights add wide_resnet50_2-95faca4d.pth",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's own options."""
    parser.add_argument(
        "action",
        choices=("list", "add", "fetch", "verify"),
        metavar="ACTION",
        help="list: networks, licences and which are on this machine. add: take weights from files that "
        "you have. fetch: load networks from their publishers over the internet. verify: read the "
        "files and compare them with their records",
    )
    parser.add_argument(
        "what",
        nargs="*",
        metavar="FILE|NAME",
        help="files to add, or networks to fetch or verify (default of verify: all that are here)",
    )
    parser.add_argument(
        "--as",
        dest="name",
        metavar="NAME",
        help="with add, which network the file is (default: found out from the file)",
    )
    parser.add_argument(
        "--force",
        action="store_true",
        help="replace what is here; with add, also take bytes that differ from the published ones",
    )


def run(args: argparse.Namespace, console: Console) -> int:
    """Do one of the four; 5 when a file is missing or not what it claims."""
    from inspector_core.features import weights

    _check(args)
    if args.action == "list":
        return _list(weights.status(), console)
    if args.action == "add":
        added = [weights.add(Path(file), args.name, force=args.force) for file in args.what]
        return _report(added, console, "added")
    if args.action == "fetch":
        done = [console.run(weights.fetch(name, force=args.force)) for name in args.what]
        return _report(done, console, "fetched")
    names = args.what or [s.entry.name for s in weights.status() if s.presence != "missing"]
    return _report([weights.verify(name) for name in names], console, "verified")


def _check(args: argparse.Namespace) -> None:
    if args.action in ("add", "fetch") and not args.what:
        what = "a file" if args.action == "add" else "a network"
        raise SettingError(f"weights {args.action} needs {what}", cure="name it")
    if args.action == "list" and args.what:
        raise SettingError("weights list takes no names", cure="leave them out")
    if args.name and (args.action != "add" or len(args.what) != 1):
        raise SettingError("--as belongs to one file that is added", cure="add one file at a time")


def _list(entries: tuple[Status, ...], console: Console) -> int:
    from inspector_core.features import weights

    console.document(_document("list", entries))
    rows = [
        (
            one.entry.name,
            one.presence if one.presence != "present" or one.checked else "present (own file)",
            f"{one.entry.megabytes} MB" if one.entry.megabytes else "-",
            one.entry.licence,
            ", ".join(one.entry.used_by),
        )
        for one in entries
    ]
    console.table(("network", "here", "to load", "licence", "used by"), rows)
    console.say()
    console.say(f"folder    {printable(shown(weights.folder()))}")
    console.say("btf and aligned need none of them; `relief weights fetch NAME` loads one.")
    return 0


def _report(entries: list[Status], console: Console, done: str) -> int:
    console.document(_document(done, tuple(entries)))
    for one in entries:
        origin = f" (from {printable(one.origin)})" if one.origin else ""
        state = done if one.presence == "present" else one.presence
        published = (
            "" if one.checked else "; its publisher names no SHA-256 that it could be held against"
        )
        console.say(f"{one.entry.name}: {state}{origin}{published if state == done else ''}")
    altered = [one for one in entries if one.presence != "present"]
    if altered:
        names = ", ".join(one.entry.name for one in altered)
        raise WeightsError(
            f"not what was added: {names}", cure="add or fetch them again with --force"
        )
    return 0


def _document(action: str, entries: tuple[Status, ...]) -> dict[str, Any]:
    from inspector_core.features import weights

    return {
        "schema": "relief-weights/1",
        "action": action,
        "folder": shown(weights.folder()),
        "networks": [
            {
                "name": one.entry.name,
                "title": one.entry.title,
                "presence": one.presence,
                "published_bytes": one.checked,
                "path": shown(one.path) if one.presence != "missing" else None,
                "origin": one.origin or None,
                "licence": one.entry.licence,
                "megabytes": one.entry.megabytes or None,
                "sha256": one.entry.sha256 or None,
                "url": one.entry.url or None,
                "page": one.entry.page,
                "used_by": list(one.entry.used_by),
            }
            for one in entries
        ],
    }
