"""What the window says of good parts at a defect: the nearest one, words in its place, or neither."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QLabel

from inspector_core.detectors.contract import Explanation
from inspector_core.progress import Progress

WORDS = (
    "colour lies 3.1 times as far from what shape makes expect as on good parts, shape 1.2 times"
)


@pytest.mark.parametrize(
    ("explanation", "said"),
    [
        (Explanation("train/good/003", -0.4), "train / good / 003"),
        (Explanation("train/good/003", None), "no reading to compare there"),
        (Explanation(None, None, WORDS), f"Defect 1: {WORDS}."),
        (None, "This detector does not say."),
    ],
)
def test_that_what_the_method_says_of_a_defect_is_shown(inspected, monkeypatch, explanation, said):
    def explain(_part, _recipe, _pixel):
        yield Progress("Comparing")
        return explanation

    monkeypatch.setattr(inspected.engine, "explain", explain)
    inspected.show("test/good/040")
    inspected.show("test/dent/050")
    compared = inspected.window.inspector.nearest
    text = compared.findChild(QLabel)
    inspected.wait(lambda: said in text.text())
    assert text.heightForWidth(text.width()) <= compared.height()
