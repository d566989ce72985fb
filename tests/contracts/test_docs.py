"""The guide against the code: every command, option, setting and exit code is named, and named truly."""

from __future__ import annotations

import importlib
import re
import shlex
from pathlib import Path

import pytest

from inspector_core.cli import main
from inspector_core.cli.catalogue import learning_groups, reader_groups
from inspector_core.cli.configuration import ProgramSettings
from inspector_core.cli.settings_page import page
from inspector_core.reports import EXPORTERS
from inspector_core.settings import declared

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guide"


@pytest.fixture(scope="module")
def commands_page():
    return (GUIDE / "command-line.md").read_text("utf-8")


def options_of(name):
    sub = main.parser(name)._subparsers._group_actions[0].choices[name]
    return {word for action in sub._actions for word in action.option_strings if "--" in word}


@pytest.mark.parametrize("name", main.COMMANDS)
def test_that_each_command_and_its_options_are_in_the_guide(name, commands_page):
    _, heading, rest = commands_page.partition(f"\n## relief {name}\n")
    assert heading
    section = rest.partition("\n## ")[0]
    common = commands_page.partition("\n## relief ")[0]
    missing = [word for word in options_of(name) - {"--help"} if word not in section + common]
    assert missing == []


def test_that_the_guide_names_no_command_or_option_that_does_not_exist(commands_page):
    headed = re.findall(r"^## relief (\S+)$", commands_page, re.M)
    assert set(headed) == set(main.COMMANDS)
    known = {"--help", "--version", "--all"}.union(*(options_of(name) for name in main.COMMANDS))
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", commands_page)) <= known


def test_that_every_line_of_the_guides_examples_parses(commands_page):
    lines = [
        line
        for block in re.findall(r"```sh\n(.*?)```", commands_page, re.S)
        for line in block.splitlines()
        if line.startswith("relief ")
    ]
    assert len(lines) >= len(main.COMMANDS)
    for line in lines:
        words = shlex.split(line, comments=True)[1:]
        name = words[0] if words and words[0] in main.COMMANDS else "app"
        main.parser(name).parse_args(words if words and words[0] == name else [name, *words])


def test_that_every_exit_code_and_format_is_explained(commands_page):
    source = importlib.import_module("inspector_core.cli.execution").__doc__
    for code in re.findall(r"(?:^| )(\d+) (?=[a-z-])", source):
        assert f"| {code} |" in commands_page
    assert all(f"`{name}`" in commands_page for name in EXPORTERS)


def test_that_the_settings_page_is_the_one_made_from_the_declarations():
    assert (GUIDE / "settings.md").read_text("utf-8") == page()


def test_that_the_settings_page_names_every_declared_setting():
    text = page()
    groups = [*learning_groups(), *reader_groups()]
    names = [entry.name for group in groups for entry in group.settings]
    names += [entry.name for entry in declared(ProgramSettings)]
    assert [name for name in names if f"| `{name}` |" not in text] == []


def test_that_no_setting_of_a_reader_is_also_one_of_the_recipe():
    reading = {entry.name for group in reader_groups() for entry in group.settings}
    kept = {entry.name for group in learning_groups() for entry in group.settings}
    assert not reading & kept
    assert not (reading | kept) & {entry.name for entry in declared(ProgramSettings)}
