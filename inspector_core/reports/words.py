"""Numbers and sentences as people read them; every format prints what these return."""

from __future__ import annotations

import math
from collections.abc import Sequence

from inspector_core.types import Measure, NearestGood, Thresholds, Verdict

COVERAGE = 2.0
"""U = k u: about 95 % for k = 2."""


def number(value: float, digits: int = 2) -> str:
    """A number with fixed digits, a true minus sign, and never "−0.00"."""
    text = f"{value:.{digits}f}"
    if text.startswith("-"):
        text = text[1:] if float(text) == 0 else "−" + text[1:]
    return text


def expanded(measure: Measure) -> float:
    """The uncertainty that is printed and exported: U = 2 u."""
    return COVERAGE * measure.uncertainty


def quantity(measure: Measure) -> tuple[str, str]:
    """Value and U (k = 2) as text, both rounded to two digits of U.

    Without a usable uncertainty the value has three digits and U is empty.
    """
    spread = expanded(measure)
    if not (math.isfinite(spread) and spread > 0):
        return significant(measure.value, 3), ""
    digits = max(0, 1 - math.floor(math.log10(spread)))
    return number(measure.value, digits), number(spread, digits)


def significant(value: float, digits: int) -> str:
    """A number with so many significant digits, without exponent."""
    if value == 0 or not math.isfinite(value):
        return number(value, 0) if value == 0 else "–"
    return number(value, max(0, digits - 1 - math.floor(math.log10(abs(value)))))


def percent(share: float) -> str:
    """A share 0..1: "26 %", "7.2 %", "0.4 %"."""
    value = share * 100
    return f"{value:.0f} %" if value >= 10 or value == 0 else f"{value:.1f} %"


def why(colour_share: float | None) -> str:
    """Which modality speaks: "shape 82 %", "colour 64 %"; "–" where only one was seen."""
    if colour_share is None:
        return "–"
    word, share = ("colour", colour_share) if colour_share > 0.5 else ("shape", 1 - colour_share)
    return f"{word} {share * 100:.0f} %"


def probability(p_value: float) -> str:
    """A p-value: "0.61", "0.024", "0.0083"."""
    return number(p_value, 2 if p_value >= 0.0995 else 3 if p_value >= 0.00995 else 4)


def p_sentence(p_value: float | None, n: int) -> str:
    """The p-value with its basis; says when so few good parts allow no smaller one."""
    if p_value is None or n == 0:
        return "no p-value: no good parts were held out"
    text = f"p = {probability(p_value)} against {n} good parts"
    if p_value <= 1 / (n + 1) + 1e-12:
        text += " (no smaller one is possible with so few)"
    return text


def rule_sentence(limits: Thresholds, minimum_area_px: int, n_good: int) -> str:
    """The decision rule with its limits and its unit."""
    return (
        f"A part is rejected when a region of at least {minimum_area_px} pixels reaches "
        f"T2 = {number(limits.t2)} times the usual, goes to review from T1 = {number(limits.t1)}, "
        f"and is accepted below. 1.00 is the usual: the median of the largest values on "
        f"{n_good} good parts that were held out."
    )


def nearest_sentence(defect_number: int, nearest: NearestGood, unit: str) -> str:
    """The good part most like this one at a defect, and by how much this one lies above or below.

    Where none is named: how this part differs from all of them there.
    """
    if nearest.id is None:
        return f"At defect {defect_number} {printable(nearest.words)}."
    first = f"The most similar good part at defect {defect_number} is {printable(nearest.id)}"
    if nearest.height_mm is None or not math.isfinite(nearest.height_mm):
        return f"{first}."
    difference = number(abs(nearest.height_mm))
    if float(difference) == 0:
        return f"{first}; both are equally high there."
    side = "above" if nearest.height_mm > 0 else "below"
    return f"{first}; this part lies {difference} {unit} {side} it there."


def count(n: int, word: str) -> str:
    """ "1 part", "7 parts"."""
    return f"{n:,} {word}" if n == 1 else f"{n:,} {word}s"


def verdict_counts(verdicts: Sequence[Verdict]) -> dict[Verdict, int]:
    """How often each verdict occurs, in the order reject, review, accept, not inspected."""
    order = (Verdict.REJECT, Verdict.REVIEW, Verdict.ACCEPT, Verdict.NOT_INSPECTED)
    return {verdict: sum(entry is verdict for entry in verdicts) for verdict in order}


def printable(text: str) -> str:
    """Text that any font, terminal or form can show: odd bytes and control characters escaped."""
    return "".join(c if c.isprintable() else _escaped(c) for c in text)


def _escaped(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte of a file name that is no UTF-8
        return f"\\x{code - 0xDC00:02x}"
    return character.encode("unicode_escape").decode("ascii")


def part_title(part_id: str) -> str:
    """ "test/dent/004" as "test / dent / 004"."""
    return " / ".join(printable(piece) for piece in part_id.split("/"))


def nice(value: float) -> float:
    """The largest of 1, 2, 5 times a power of ten that is not above the value."""
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (5.0, 2.0, 1.0) if step * power <= value * (1 + 1e-9))


def length(value: float, unit: str) -> str:
    """A scale bar's length: "20 mm", "0.5 mm"."""
    return f"{value:g} {unit}"
