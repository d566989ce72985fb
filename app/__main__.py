"""The console script `relief`: headless commands run without Qt, which is imported to open a window."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from inspector_core.cli.main import run


def _app(args: argparse.Namespace) -> int:
    from app.launch import open_window

    return open_window(args)


def _demo(args: argparse.Namespace) -> int:
    from app.launch import draw_window

    return draw_window(args)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; returns its exit code."""
    return run(sys.argv[1:] if argv is None else argv, screen={"app": _app, "demo": _demo})


if __name__ == "__main__":
    sys.exit(main())
