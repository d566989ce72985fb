"""Options that several commands share, and what they mean."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

from inspector_core.errors import SettingError


class Parser(argparse.ArgumentParser):
    """A parser whose help names the bundled sample by its real path where it says {sample}."""

    def format_help(self) -> str:
        import shlex

        from inspector_core.assets import sample_parts

        text = super().format_help()
        return (
            text.replace("{sample}", shlex.quote(str(sample_parts())))
            if "{sample}" in text
            else text
        )


def add_common(parser: argparse.ArgumentParser) -> None:
    """--json, --quiet, --verbose, --log."""
    group = parser.add_argument_group("output")
    group.add_argument(
        "--json", action="store_true", help="print one JSON document on stdout, nothing else"
    )
    group.add_argument("--quiet", action="store_true", help="no progress and no notes on stderr")
    group.add_argument("--verbose", action="store_true", help="what the program does, on stderr")
    group.add_argument(
        "--log", type=Path, metavar="FILE", help="write a log to FILE (default: no log)"
    )


def add_device(parser: argparse.ArgumentParser) -> None:
    """--device."""
    parser.add_argument(
        "--device",
        metavar="DEVICE",
        help="where to compute: cpu, cuda, cuda:N or auto (default: auto, the first graphics card "
        "or else the CPU)",
    )


def add_reading(parser: argparse.ArgumentParser, *, extra: str = "") -> None:
    """--layout and --set: how a folder is read, and with `extra` what else --set changes."""
    parser.add_argument(
        "--layout", metavar="NAME", help="how the folder is laid out (default: found by looking)"
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help=f"a setting of the reader{extra}, repeatable; docs/guide/settings.md lists all "
        "(default: none)",
    )


def add_force(parser: argparse.ArgumentParser) -> None:
    """--force."""
    parser.add_argument(
        "--force", action="store_true", help="replace what is there already (default: refuse)"
    )


def assignments(pairs: Sequence[str]) -> dict[str, str]:
    """NAME=VALUE pairs as a mapping; SettingError for anything else or a name given twice."""
    chosen: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        name = name.strip().replace("-", "_")
        if not equals or not name:
            raise SettingError(f"--set {pair} is no NAME=VALUE", cure="write --set name=value")
        if name in chosen:
            raise SettingError(f"--set {name} is given twice", cure="give it once")
        chosen[name] = value.strip()
    return chosen


def whole_number(low: int, high: int) -> Callable[[str], int]:
    """An option's type: a whole number in a range."""

    def convert(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = low - 1
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{text!r} is no whole number from {low} to {high}")
        return value

    return convert
