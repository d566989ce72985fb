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
    from inspector_core.detectors.default_choice import candidates

    entries = infos()
    console.document(
        {
            "schema": "relief-detectors/1",
            "default": DEFAULT,
            "candidates": list(candidates()),
            "detectors": [_document(info) for info in entries],
        }
    )
    rows = [
        (
            info.name + (" *" if info.name in candidates() else ""),
            " + ".join(info.modalities),
            _network(info),
            info.source,
        )
        for info in entries
    ]
    console.table(("name", "sees", "network", "source"), rows)
    console.say(
        "* `relief learn` chooses one of these by the good parts, unless --detector names one"
    )
    console.say()
    for info in entries:
        console.say(f"{info.name}: {info.summary} {info.suits}")
    return 0


def _network(info: DetectorInfo) -> str:
    """Which pretrained network it would look through on this machine."""
    if not info.weights:
        return "none needed"
    return _present(info) or f"missing, e.g. {info.weights[0]}"


def _present(info: DetectorInfo) -> str | None:
    from inspector_core.features import weights

    return next((name for name in info.weights if weights.find(name) is not None), None)


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
        "network": _present(info),
        "ready": not info.weights or _present(info) is not None,
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
