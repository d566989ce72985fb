"""Which detector is chosen for which parts, and what is said about it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from inspector_core import detectors
from inspector_core.detectors.aligned.trial import Trial
from inspector_core.detectors.btf.detector import BTF
from inspector_core.detectors.default_choice import ANY_PLACE, CANDIDATES, candidates, chosen
from inspector_core.detectors.view_settings import ViewSettings
from inspector_core.errors import SettingError
from inspector_core.features import weights

RIGID = Trial(8, 8, 8, (0.92, 0.95, 0.97, 0.97, 0.98, 0.98, 0.99), 0.31, 0.09)
SOFT = Trial(8, 8, 8, (0.09, 0.1, 0.12, 0.19, 0.3, 0.52, 0.66), 0.29, 0.55)
PICTURES = Trial(8, 8, 0)
LARGE, QUICK = "resnet18.tv_in1k", "mobilenetv2_100.ra_in1k"


class Looks(BTF):
    """A detector that looks through a network."""

    info = replace(BTF.info, name="unaligned", settings=ViewSettings, weights=(LARGE, QUICK))


@pytest.fixture
def registry(monkeypatch):
    """The candidates that need no network, in the registry alone."""
    known = {name: detectors.DETECTORS[name] for name in ("aligned", "btf")}
    monkeypatch.setattr(detectors, "DETECTORS", known)
    return known


@pytest.fixture
def here(registry, monkeypatch):
    """The networks on this machine, for a third candidate that looks through one of two."""
    found: set[str] = set()
    monkeypatch.setitem(registry, "unaligned", f"{__name__}:Looks")
    monkeypatch.setattr(weights, "find", lambda name: Path(name) if name in found else None)
    return found


def test_that_rigid_parts_are_compared_place_by_place(registry):
    choice = chosen(RIGID, without_card=True)
    assert choice.detector == "aligned"
    first, second = choice.reasons
    assert first == (
        "Laid on one another, the good parts match: usually 96 % or more of one lies within 0.31 mm "
        "of another."
    )
    assert "the same place of the good parts" in second
    assert choice.facts["share_on_another"] == 0.96


def test_that_parts_that_differ_in_shape_are_compared_with_every_place(registry):
    choice = chosen(SOFT, without_card=True)
    assert choice.detector == "btf"
    assert "do not match" in choice.reasons[0]
    assert "all places of the good parts" in choice.reasons[1]


def test_that_one_odd_part_among_rigid_ones_changes_nothing(registry):
    odd = replace(RIGID, shares=(0.1, *RIGID.shares[1:]))
    assert chosen(odd, without_card=True).detector == "aligned"


def test_that_pictures_alone_need_no_cloud(registry):
    choice = chosen(PICTURES, without_card=True)
    assert choice.detector == "btf"
    assert "pictures alone" in choice.reasons[0]
    assert choice.facts["share_on_another"] is None


def test_that_one_part_shows_nothing_about_shape(registry):
    choice = chosen(Trial(1, 1, 1), without_card=True)
    assert choice.detector == "btf"
    assert "cannot show" in choice.reasons[0]


def test_that_lengths_of_data_without_a_scale_are_called_nominal(registry):
    said = chosen(replace(RIGID, unit="nominal mm"), without_card=True).reasons[0]
    assert "within 0.31 nominal mm" in said


def test_that_parts_that_do_not_all_have_clouds_are_not_aligned(registry):
    choice = chosen(replace(RIGID, n_clouds=7), without_card=True)
    assert choice.detector == "btf"
    assert choice.reasons[0].startswith("1 of 8 good parts looked at has no usable cloud")


def test_that_the_best_that_is_ready_is_chosen(here):
    assert candidates() == CANDIDATES
    assert chosen(SOFT, without_card=True).detector == "btf"
    here.add(QUICK)
    assert chosen(SOFT, without_card=True).detector == "unaligned"


def test_that_without_a_card_a_quick_network_is_preferred(here):
    here |= {LARGE, QUICK}
    slow, quick = (chosen(SOFT, without_card=without) for without in (False, True))
    assert slow.settings == {}
    assert quick.settings == {"backbone": QUICK}
    assert quick.reasons[-1] == (
        f"It looks through {QUICK}: {LARGE} is too slow without a graphics card."
    )


def test_that_a_slow_network_is_used_where_it_is_the_only_one(here):
    here.add(LARGE)
    choice = chosen(SOFT, without_card=True)
    assert (choice.detector, choice.settings) == ("unaligned", {})


def test_that_a_registry_without_candidates_says_what_to_do(monkeypatch):
    monkeypatch.setattr(detectors, "DETECTORS", {})
    with pytest.raises(SettingError) as told:
        chosen(RIGID, without_card=True)
    assert "--detector" in told.value.cure


@pytest.mark.parametrize("trial", [RIGID, SOFT, PICTURES, Trial(1, 1, 1), Trial(0, 0, 0)])
def test_that_every_reason_is_a_sentence(trial):
    choice = chosen(trial, without_card=False)
    assert choice.detector in CANDIDATES
    assert choice.detector == "aligned" or choice.detector in ANY_PLACE
    assert 2 <= len(choice.reasons) <= 3
    assert all(reason.endswith(".") and not reason[0].islower() for reason in choice.reasons)
