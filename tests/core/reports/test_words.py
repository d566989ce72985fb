"""Numbers and sentences as people read them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector_core.reports.words import (
    nearest_sentence,
    nice,
    number,
    p_sentence,
    percent,
    printable,
    probability,
    quantity,
    why,
)
from inspector_core.types import Measure, NearestGood


@pytest.mark.parametrize(
    ("value", "u", "shown"),
    [
        (38.2317, 0.55, ("38.2", "1.1")),
        (-0.62, 0.026, ("−0.620", "0.052")),
        (1234.5, 150.0, ("1234", "300")),
        (-0.0001, 0.02, ("0.000", "0.040")),
        (3.2, 0.0, ("3.20", "")),
        (0.0, 0.0, ("0", "")),
    ],
)
def test_that_a_quantity_is_rounded_by_its_uncertainty(value, u, shown):
    assert quantity(Measure(value, u)) == shown


@given(st.floats(-1e4, 1e4), st.floats(1e-4, 1e2))
def test_that_rounding_changes_a_quantity_by_less_than_its_uncertainty(value, u):
    text, spread = quantity(Measure(value, u))
    assert abs(float(text.replace("−", "-")) - value) <= 0.06 * 2 * u + 0.5 * (2 * u >= 9.5)
    assert float(spread) == pytest.approx(2 * u, rel=0.06, abs=0.5 * (2 * u >= 9.5))
    assert len(text.partition(".")[2]) == len(spread.partition(".")[2])


@pytest.mark.parametrize(
    ("height", "rest"),
    [
        (0.312, "; this part lies 0.31 mm above it there."),
        (-0.6, "; this part lies 0.60 mm below it there."),
        (0.004, "; both are equally high there."),
        (None, "."),
    ],
)
def test_that_the_nearest_good_part_is_one_sentence(height, rest):
    sentence = nearest_sentence(2, NearestGood("train/good/012", (3, 4), height), "mm")
    assert sentence == f"The most similar good part at defect 2 is train/good/012{rest}"


def test_that_words_stand_where_no_good_part_is_named():
    nearest = NearestGood(None, (3, 4), words="colour lies 3.1 times as far")
    assert nearest_sentence(2, nearest, "mm") == "At defect 2 colour lies 3.1 times as far."


def test_that_zero_never_has_a_sign_and_minus_is_a_minus():
    assert number(-0.001) == "0.00"
    assert number(-1.5, 1) == "−1.5"


def test_that_a_p_value_says_when_no_smaller_one_is_possible():
    assert "no smaller one is possible" in p_sentence(1 / 11, 10)
    assert p_sentence(1 / 11, 10).startswith("p = 0.091 against 10 good parts")
    assert "possible" not in p_sentence(2 / 11, 10)
    assert "no p-value" in p_sentence(None, 10)


@pytest.mark.parametrize(
    ("value", "shown"), [(0.61, "0.61"), (0.0243, "0.024"), (0.0083, "0.0083"), (1.0, "1.00")]
)
def test_that_small_p_values_keep_their_digits(value, shown):
    assert probability(value) == shown


def test_that_shares_are_words_for_the_modality_that_speaks():
    assert why(0.08) == "shape 92 %"
    assert why(0.64) == "colour 64 %"
    assert why(None) == "–"
    assert percent(0.072) == "7.2 %"
    assert percent(0.0) == "0 %"


@given(st.floats(1e-6, 1e6))
def test_that_a_nice_length_is_one_two_or_five_and_fits(value):
    found = nice(value)
    digits = found / 10 ** math.floor(math.log10(found) + 1e-9)
    assert min(abs(digits - d) for d in (1, 2, 5)) < 1e-6
    assert found <= value * (1 + 1e-6)
    assert found > value * 0.39


@given(st.text(st.characters(exclude_categories=())))
def test_that_any_text_can_be_printed_and_encoded(text):
    shown = printable(text)
    shown.encode("utf-8")
    assert shown.isprintable()


def test_that_odd_bytes_and_control_characters_are_shown_escaped():
    assert printable("a\udcff\nb") == "a\\xff\\nb"
    assert printable("Teil ü 漢") == "Teil ü 漢"
