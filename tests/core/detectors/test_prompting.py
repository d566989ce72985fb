"""Which few good parts are compared with: by lot, by seed, in their order."""

from __future__ import annotations

import pytest

from inspector_core.detectors.prompting import prompt_parts, said
from tests.contracts.tiny_parts import refs


def test_that_the_seed_chooses_and_the_order_stays():
    parts = refs(20)
    chosen = prompt_parts(parts, 4, seed=1)
    assert len(chosen) == 4
    assert chosen == prompt_parts(parts, 4, seed=1) != prompt_parts(parts, 4, seed=2)
    assert chosen == sorted(chosen, key=parts.index)


@pytest.mark.parametrize("shots", [0, 3, 8])
def test_that_all_are_taken_when_asked_for_or_when_there_are_no_more(shots):
    parts = refs(3)
    assert prompt_parts(parts, shots, seed=0) == parts


def test_that_a_person_is_told_which_parts_count_and_which_do_not():
    parts = refs(20)
    assert said(parts[:1], 1) == "train/good/000 is the prompt"
    assert said(parts[:2], 5) == (
        "train/good/000, train/good/001 are prompts; the other 3 good parts are not used"
    )
    assert "train/good/007 and 4 more are prompts" in said(parts[:12], 12)
