"""Declared settings: one declaration, checked values, sentences for impossible ones."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from inspector_core.errors import SettingError
from inspector_core.settings import as_json, build, declared, setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    share: float = setting(0.1, low=0.0, high=1.0, unit="of the part", help="A share.")
    count: int = setting(30, low=1, help="A count.", published=100)
    mode: str = setting("exact", choices=("exact", "fast"), help="A word.")
    smooth: bool = setting(True, help="A switch.")


def test_that_text_becomes_the_declared_type():
    built = build(Example, {"share": "0.5", "count": "7", "mode": "fast", "smooth": "no"})
    assert built == Example(share=0.5, count=7, mode="fast", smooth=False)


def test_that_values_survive_json():
    assert build(Example, as_json(Example(share=0.25))) == Example(share=0.25)


def test_that_the_declaration_carries_help_range_and_published_value():
    count = {entry.name: entry for entry in declared(Example)}["count"]
    assert (count.kind, count.default, count.low, count.published) == (int, 30, 1, 100)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("share", "1.5", "from 0 to 1 of the part"),
        ("share", "nan", "from 0 to 1"),
        ("share", "much", "give a number"),
        ("count", "2.5", "give a whole number"),
        ("count", "0", "at least 1"),
        ("mode", "slow", "exact, fast"),
        ("smooth", "maybe", "yes or no"),
        ("colour", "1", "known settings: count, mode, share, smooth"),
    ],
)
def test_that_impossible_values_are_refused_with_the_cure(name, value, words):
    with pytest.raises(SettingError) as caught:
        build(Example, {name: value})
    assert words in caught.value.sentence
    assert caught.value.exit_code == 2


def test_that_a_word_may_stand_for_the_value_zero():
    @dataclass(frozen=True, slots=True, kw_only=True)
    class Gain:
        gain: float = setting(0.0, low=0.0, high=20.0, zero="auto", help="A factor.")

    assert build(Gain, {"gain": "auto"}) == build(Gain, {"gain": 0}) == Gain()
    assert build(Gain, {"gain": "2"}).gain == 2.0
    with pytest.raises(SettingError) as told:
        build(Gain, {"gain": "bright"})
    assert "a number or auto" in told.value.cure
