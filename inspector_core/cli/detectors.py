"""`relief detectors`: the registry as a table."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from inspector_core.cli.printing import Console

if TYPE_CHECKING:
    from inspector_core.detectors.contract import DetectorInfo

EXAMPLES = ("relief detectors", "relief detectors --json")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """No arguments of its own."""


def run(args: argparse.Namespace, console: Console) -> int:
    """Print the registry."""
    from inspector_core.detectors import DEFAULT, infos

    entries = infos()
    console.document(
        {
            "schema": "relief-detectors/1",
            "default": DEFAULT,
            "detectors": [_document(info) for info in entries],
        }
    )
    rows = [
        (
            info.name + (" (default)" if info.name == DEFAULT else ""),
            " + ".join(info.modalities),
            ", ".join(info.weights) or "none needed",
            info.source,
        )
        for info in entries
    ]
    console.table(("name", "sees", "weights", "source"), rows)
    console.say()
    for info in entries:
        console.say(f"{info.name}: {info.summary} {info.suits}")
    return 0


def _document(info: DetectorInfo) -> dict[str, Any]:
    from inspector_core.settings import declared

    return {
        "name": info.name,
        "title": info.title,
        "summary": info.summary,
        "source": info.source,
        "suits": info.suits,
        "modalities": list(info.modalities),
        "requires": list(info.requires),
        "weights": list(info.weights),
        "knows_deviation": info.knows_deviation,
        "settings": [
            {
                "name": entry.name,
                "kind": entry.kind.__name__,
                "default": entry.default,
                "low": entry.low,
                "high": entry.high,
                "choices": list(entry.choices),
                "unit": entry.unit or None,
                "published": entry.published,
                "help": entry.help,
            }
            for entry in declared(info.settings)
        ],
    }
