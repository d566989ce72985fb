"""The action table: nothing twice, nothing without icon, nothing undocumented."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields
from pathlib import Path

import pytest
from PySide6.QtGui import QKeySequence

from app.actions.build import keys_of
from app.actions.table import ACTIONS, MENUS, TOOLBAR, by_id, next_sensible
from app.commands import WindowCommands
from app.model.session import Facts
from app.theme.icons import icon_names

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guide" / "window.md"


def test_that_every_action_has_one_id():
    assert [name for name, count in Counter(a.id for a in ACTIONS).items() if count > 1] == []


def test_that_no_key_means_two_things(qapp):
    keys = Counter(
        key.toString(QKeySequence.SequenceFormat.PortableText)
        for action in ACTIONS
        for key in keys_of(action)
    )
    assert [key for key, count in keys.items() if count > 1] == []


def test_that_every_icon_exists():
    assert {action.icon for action in ACTIONS} - set(icon_names()) == set()


def test_that_every_action_is_in_a_menu():
    assert {action.menu for action in ACTIONS} == set(MENUS)


def test_that_every_action_and_its_key_are_in_the_guide():
    text = GUIDE.read_text(encoding="utf-8")
    rows = {line.rsplit("`", 2)[1]: line for line in text.splitlines() if line.endswith("` |")}
    assert [action.id for action in ACTIONS if action.id not in rows] == []
    plain = [a for a in ACTIONS if a.shortcut and not a.shortcut.startswith("std:")]
    assert [a.id for a in plain if f"`{a.shortcut}`" not in rows[a.id]] == []


def test_that_every_action_calls_a_command_that_exists():
    class Recorder:
        def __init__(self):
            self.called = []

        def __getattr__(self, name):
            assert hasattr(WindowCommands, name), name
            return lambda *_: self.called.append(name)

    for action in ACTIONS:
        recorder = Recorder()
        action.run(recorder)
        assert len(recorder.called) == 1, action.id


def test_that_conditions_are_pure_functions_of_the_facts():
    for value in (False, True):
        facts = Facts(**{entry.name: entry.type == "int" or value for entry in fields(Facts)})
        for action in ACTIONS:
            assert action.when(facts) in (True, False)
            if action.is_on is not None:
                assert action.is_on(facts) in (True, False)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (Facts(), "folder.open"),
        (Facts(has_folder=True, n_parts=5, n_good=5), "recipe.learn"),
        (Facts(has_folder=True, n_parts=5, n_good=0), "folder.open"),
        (Facts(has_folder=True, n_parts=5, has_recipe=True), "parts.inspect"),
        (Facts(has_folder=True, n_parts=5, has_recipe=True, n_results=5), "report.export"),
    ],
)
def test_that_the_accent_is_on_the_next_sensible_action(facts, expected):
    assert next_sensible(facts) == expected
    assert expected in TOOLBAR


def test_that_only_cancel_makes_sense_for_the_engine_while_it_is_busy():
    busy = Facts(
        has_folder=True,
        n_parts=5,
        n_good=5,
        has_recipe=True,
        n_results=5,
        is_busy=True,
        has_part=True,
    )
    for name in ("recipe.learn", "parts.inspect", "part.inspect", "report.export", "folder.open"):
        assert not by_id(name).when(busy), name
    assert by_id("work.cancel").when(busy)
