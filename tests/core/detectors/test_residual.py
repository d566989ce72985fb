"""Few-shot residual: the residual mathematics on a network's stages, from very few good parts."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import torch

from inspector_core.detectors.contract import Context
from inspector_core.detectors.residual import Residual, ResidualSettings, unit_patches
from inspector_core.device import Hardware
from inspector_core.errors import WeightsError
from inspector_core.features.residuals import nearest_residual, unit_rows
from inspector_core.geometry.prepare import prepare
from inspector_core.progress import drain
from inspector_core.settings import build
from tests.contracts.tiny_parts import refs
from tests.core.detectors.random_weights import MOBILENET, random_weights

CONTEXT = Context(prepare=partial(prepare, seed=0), machine=Hardware(), seed=0)
FINE = {"stages": "1+2", "size_px": 160}
"""Random weights say something about small things in their first stages alone."""


@pytest.fixture(scope="module", autouse=True)
def network(tmp_path_factory):
    with random_weights(tmp_path_factory.mktemp("net"), MOBILENET):
        yield


def method(**settings):
    return Residual(build(ResidualSettings, {**FINE, **settings}))


def learnt(n_parts, context=CONTEXT, **settings):
    detector = method(**settings)
    state = drain(detector.learn(refs(n_parts), context))
    return detector.restore(state, context), state


def part(seed=50, **options):
    return CONTEXT.prepare(refs(1, first=seed, **options)[0].load())


def test_that_two_good_parts_are_enough_to_see_a_dent_and_a_stain():
    scorer, _ = learnt(2, size_px=320)
    for bad, modality in ((part(dent_mm=1.2), "shape"), (part(stain=True), "rgb")):
        values = scorer.score(bad).get(modality)
        truth = bad.sample.truth & bad.foreground
        assert np.median(values[truth]) > np.quantile(values[bad.foreground & ~truth], 0.9)


def test_that_maps_are_residuals_between_0_and_1_and_nought_for_a_prompt():
    scorer, _ = learnt(2)
    prompt = CONTEXT.prepare(refs(1)[0].load())
    for values in scorer.score(prompt).arrays().values():
        assert np.nanmax(values) < 1e-6
    for values in scorer.score(part(stain=True)).arrays().values():
        assert np.nanmin(values) >= 0
        assert np.nanmax(values) <= 1


def test_that_cells_are_judged_as_the_formula_says():
    scorer, state = learnt(2, patch=1)
    bad = part(stain=True)
    (seen,) = scorer.views.see([bad])
    kept = seen.inside.ravel()
    expected = np.mean(
        [
            nearest_residual(
                torch.from_numpy(unit_patches(stage, scorer.views.grid, 1)[kept]),
                unit_rows(torch.from_numpy(np.array(state.tensors[f"rgb.rows{at}"]))),
            )[0].numpy()
            for at, stage in enumerate(seen.stages["rgb"])
        ],
        axis=0,
    )
    found = scorer.judges["rgb"].values(seen.stages["rgb"], seen.inside)
    np.testing.assert_allclose(found[seen.inside], expected, atol=1e-6)


def test_that_more_prompts_never_raise_a_cell():
    whole = {"framing": "whole", "cells": "all", "shots": 0}
    (few, _), (many, _) = learnt(2, **whole), learnt(5, **whole)
    (seen,) = many.views.see([part(stain=True)])
    stages, inside = seen.stages["rgb"], seen.inside
    fewer = few.judges["rgb"].values(stages, inside)
    more = many.judges["rgb"].values(stages, inside)
    assert (more <= fewer + 1e-6).all()
    assert more.mean() < fewer.mean()


def test_that_only_the_prompts_are_learnt_and_a_person_is_told():
    notes = []
    detector = method(shots=2)
    state = drain(detector.learn(refs(6), CONTEXT), lambda step: notes.append(step.note))
    assert len(state.facts["parts"]) == 2
    assert any("the other 4 good parts are not used" in note for note in notes)
    assert set(np.unique(state.tensors["rgb.owner"])) == {0, 1}


def test_that_the_most_similar_prompt_part_is_named():
    scorer, state = learnt(3)
    prompt = CONTEXT.prepare(refs(1, first=1)[0].load())
    rows, columns = np.nonzero(prompt.foreground)
    found = scorer.explain(prompt, (int(columns[40]), int(rows[40])))
    assert found.nearest_id == state.facts["parts"][1]
    assert found.height_mm is None


def test_that_missing_networks_are_named_with_the_command_that_brings_one(monkeypatch, tmp_path):
    monkeypatch.setenv("RELIEF_WEIGHTS", str(tmp_path))
    with pytest.raises(WeightsError, match=r"resnet18.tv_in1k is not on this machine") as caught:
        drain(method(backbone="resnet18.tv_in1k").learn(refs(2), CONTEXT))
    assert "relief weights" in caught.value.cure
