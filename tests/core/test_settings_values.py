"""Values of settings as files, variables and options give them."""

from __future__ import annotations

import pytest

from inspector_core.errors import SettingError
from inspector_core.settings import Setting


def one(kind, **options):
    return Setting(name="what", kind=kind, default=None, help="", **options)


@pytest.mark.parametrize(("value", "expected"), [(True, "yes"), (False, "no"), ("auto", "auto")])
def test_that_yes_and_no_of_a_settings_file_are_words_where_words_are_chosen(value, expected):
    assert one(str, choices=("auto", "yes", "no")).convert(value) == expected


@pytest.mark.parametrize("value", [True, 3, 0.5])
def test_that_another_type_than_a_word_is_refused_with_the_choices(value):
    with pytest.raises(SettingError, match="is not possible") as caught:
        one(str, choices=("product", "sum")).convert(value)
    assert caught.value.cure == "choose one of product, sum"


@pytest.mark.parametrize(
    ("kind", "value", "cure"),
    [
        (int, True, "give a whole number"),
        (int, "2.5", "give a whole number"),
        (float, "wide", "give a number"),
        (bool, "maybe", "give yes or no"),
    ],
)
def test_that_a_value_of_the_wrong_kind_is_refused_with_what_is_expected(kind, value, cure):
    with pytest.raises(SettingError) as caught:
        one(kind).convert(value)
    assert caught.value.cure == cure
