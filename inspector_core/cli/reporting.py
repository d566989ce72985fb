"""Report formats on the command line: what `inspect --out` and `demo` share."""

from __future__ import annotations

from inspector_core.errors import SettingError

STORE = "results"
"""The result store's folder inside an output folder."""


def checked_formats(text: str) -> tuple[str, ...]:
    """Formats of a comma-separated list; SettingError names the known ones."""
    from inspector_core.reports import EXPORTERS

    wanted = tuple(dict.fromkeys(part.strip().lower() for part in text.split(",") if part.strip()))
    for name in wanted:
        if name not in EXPORTERS:
            raise SettingError(
                f"there is no format named {name}", cure=f"choose from {', '.join(EXPORTERS)}"
            )
    if not wanted:
        raise SettingError("--format names no format", cure=f"choose from {', '.join(EXPORTERS)}")
    return wanted
