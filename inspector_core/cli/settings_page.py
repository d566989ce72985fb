"""The guide's page of all declared settings: `python -m inspector_core.cli.settings_page` prints it.

python -m inspector_core.cli.settings_page > docs/guide/settings.md
"""

from __future__ import annotations

import sys
from collections.abc import Iterable

from inspector_core.cli.catalogue import Group, learning_groups, reader_groups
from inspector_core.cli.configuration import PREFIX, ProgramSettings
from inspector_core.settings import Setting, declared

_HEAD = """\
# Settings

This page is made from the declarations in the code (`python -m inspector_core.cli.settings_page`); a test keeps
it complete.

Where a value comes from, the later one wins: default, settings file, environment, option. `relief doctor` shows
every value with its origin, and where the settings file lies (`settings.toml` in your platform's configuration
folder).

| where | the program's own, for example | those of a detector, the preparation or the decision |
|---|---|---|
| settings file | `device = "cpu"` | table `[aligned]` (the detector's name), in it `minimum_height_mm = 2.0` |
| environment | `RELIEF_DEVICE=cpu` | `RELIEF_ALIGNED_MINIMUM_HEIGHT_MM=2.0` |
| command line | `--device cpu` | `relief learn … --set minimum_height_mm=2.0` |

Preparation, decision and detector settings are kept in the recipe: inspecting uses what was learnt with.
"Published" is the value of the method's paper or code where ours differs or is worth naming.
"""


def page() -> str:
    """The whole page, Markdown."""
    program = Group(
        "Program",
        f"Options of several commands; variables `{PREFIX}NAME`.",
        declared(ProgramSettings),
    )
    return "\n".join([_HEAD, *_sections([program, *learning_groups(), *reader_groups()])])


def _sections(groups: Iterable[Group]) -> Iterable[str]:
    for group in groups:
        yield f"## {group.title}\n\n{group.note}\n"
        yield "| name | default | possible | published | meaning |\n|---|---|---|---|---|"
        yield from (_row(entry) for entry in group.settings)
        yield ""


def _row(entry: Setting) -> str:
    cells = (
        f"`{entry.name}`",
        _default(entry),
        _possible(entry),
        "" if entry.published is None else _value(entry.published, entry.unit),
        entry.help.replace("|", "\\|"),
    )
    return f"| {' | '.join(cells)} |"


def _value(value: object, unit: str) -> str:
    text = {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
    return f"{text} {unit}".strip()


def _default(entry: Setting) -> str:
    return entry.zero if entry.zero and not entry.default else _value(entry.default, entry.unit)


def _possible(entry: Setting) -> str:
    if entry.zero:
        return f"`{entry.zero}`, {_range(entry)}"
    if entry.choices:
        return ", ".join(f"`{choice}`" for choice in entry.choices)
    if entry.kind is bool:
        return "yes, no"
    return _range(entry)


def _range(entry: Setting) -> str:
    if entry.low is None and entry.high is None:
        return {int: "a whole number", float: "a number", str: "a word"}[entry.kind]
    if entry.high is None:
        return f"from {entry.low:g}"
    return f"up to {entry.high:g}" if entry.low is None else f"{entry.low:g} to {entry.high:g}"


if __name__ == "__main__":
    sys.stdout.write(page())
