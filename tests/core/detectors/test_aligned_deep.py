"""Deep colour of `aligned`, with seeded random networks: what it adds, what it keeps, what it refuses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from inspector_core.detectors.aligned.detector import Aligned, AlignedSettings
from inspector_core.detectors.contract import State
from inspector_core.errors import WeightsError
from inspector_core.features import weights
from inspector_core.geometry.prepare import prepare
from inspector_core.progress import drain
from inspector_core.settings import build
from tests.core.detectors.random_weights import MOBILENET, random_weights
from tests.core.detectors.test_aligned import DENT, GOOD, SIZE, STAIN, context, far, peak, plate


def woven(seed, spot=0.0, **pose):
    """A plate; a spot of it is woven from pixels brighter and darker by `spot`, its mean is the same."""
    sample = plate(seed, **pose)
    rows, columns = np.indices(SIZE)
    weave = np.where((rows + columns) % 2, spot, -spot)
    weave *= np.hypot(rows - STAIN[0], columns - STAIN[1]) < 7
    rgb = np.clip(sample.rgb + weave[..., None], 0, 255).astype(np.uint8)
    return replace(sample, id=f"woven/{sample.id}/{spot}", rgb=rgb)


DEEP = build(AlignedSettings, {"backbone": MOBILENET, "size_px": 256})


def learnt_state(settings):
    refs, around = context(GOOD)
    return drain(Aligned(settings).learn(refs, around)), around


@pytest.fixture(scope="module")
def networks(tmp_path_factory):
    with random_weights(tmp_path_factory.mktemp("deep"), MOBILENET) as folder:
        yield folder


@pytest.fixture(scope="module")
def deep(networks):
    return learnt_state(DEEP)


def test_that_a_spot_of_another_texture_is_found_by_the_network_alone(deep):
    part = prepare(woven(30, spot=20))
    state, around = deep
    assert far(peak(Aligned(DEEP).restore(state, around).score(part).rgb), STAIN) <= 7
    plain = build(AlignedSettings, {"backbone": "none"})
    state, around = learnt_state(plain)
    assert far(peak(Aligned(plain).restore(state, around).score(part).rgb), STAIN) > 7


def test_that_a_dent_shows_in_the_shape_and_not_in_deep_colour(deep):
    state, around = deep
    scorer = Aligned(DEEP).restore(state, around)
    maps = scorer.score(prepare(woven(31, dent_mm=0.6)))
    good = scorer.score(prepare(woven(31)))
    assert far(peak(maps.shape), DENT) <= 3
    assert maps.rgb[DENT] == pytest.approx(good.rgb[DENT], rel=0.5)


def test_that_the_recipe_names_the_network_and_restores_the_same_maps(deep):
    state, around = deep
    assert state.facts["deep"]["network"] == MOBILENET
    assert state.facts["deep"]["network_sha256"] == weights.sha256(MOBILENET)
    again = State({name: array.copy() for name, array in state.tensors.items()}, state.facts)
    part = prepare(woven(32))
    first = Aligned(DEEP).restore(state, around).score(part)
    second = Aligned(DEEP).restore(again, around).score(part)
    assert first.rgb.tobytes() == second.rgb.tobytes()


def test_that_a_recipe_needs_the_very_network_that_it_was_learnt_with(deep):
    state, around = deep
    facts = {**state.facts, "deep": {**state.facts["deep"], "network_sha256": "0" * 64}}
    with pytest.raises(WeightsError, match="other weights of mobilenetv2") as caught:
        Aligned(DEEP).restore(State(state.tensors, facts), around)
    assert "learn again" in caught.value.cure


def test_that_without_any_network_plain_colour_is_compared(networks, monkeypatch):
    monkeypatch.setattr(weights, "find", lambda name: None)
    state, around = learnt_state(AlignedSettings())
    assert "deep" not in state.facts
    maps = Aligned(AlignedSettings()).restore(state, around).score(prepare(woven(33)))
    assert np.isfinite(maps.rgb).any()
    with pytest.raises(WeightsError, match="not on this machine"):
        Aligned(DEEP).cost(5, SIZE)


def test_that_two_good_parts_are_too_few_for_the_network(networks):
    refs, around = context(GOOD[:2])
    state = drain(Aligned(DEEP).learn(refs, around))
    assert "deep" not in state.facts


def test_that_the_network_counts_in_the_memory(networks):
    with_it = Aligned(DEEP).cost(20, (400, 400)).fixed_bytes
    without = Aligned(build(AlignedSettings, {"backbone": "none"})).cost(20, (400, 400)).fixed_bytes
    assert with_it > without + 20_000_000
