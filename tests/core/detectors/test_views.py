"""What appearance methods share: pictures through the network, cells back as maps, memory that runs short."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from inspector_core.detectors.contract import Context
from inspector_core.detectors.patchcore import PatchCore, PatchCoreSettings
from inspector_core.detectors.view_choice import chosen_looks, chosen_network, learnt_views
from inspector_core.detectors.view_settings import NETWORKS, ViewSettings
from inspector_core.device import Hardware
from inspector_core.errors import InputError, SettingError, WeightsError
from inspector_core.features import weights
from inspector_core.features.backbone import Backbone
from inspector_core.geometry.prepare import prepare
from inspector_core.progress import drain
from inspector_core.settings import build
from tests.contracts.tiny_parts import refs
from tests.core.detectors.random_weights import MOBILENET, random_weights

CONTEXT = Context(prepare=partial(prepare, seed=0), machine=Hardware(), seed=0)
QUICK = {"stages": "1+2", "size_px": 96}


@pytest.fixture(scope="module", autouse=True)
def network(tmp_path_factory):
    with random_weights(tmp_path_factory.mktemp("net"), MOBILENET) as folder:
        yield folder


def views_of(parts, **settings):
    chosen = build(ViewSettings, {**QUICK, **settings})
    return drain(learnt_views(parts, chosen, NETWORKS, CONTEXT))


def prepared(seed=50, **options):
    return CONTEXT.prepare(refs(1, first=seed, **options)[0].load())


def test_that_the_frame_is_learnt_around_the_parts_and_stays_as_json():
    views, again = views_of(refs(3))
    top, left, bottom, right = views.framing.box
    for _, part in again:
        rows, columns = np.nonzero(part.foreground)
        assert top <= rows.min()
        assert rows.max() < bottom
        assert left <= columns.min()
        assert columns.max() < right
    assert bottom - top < 96
    assert views.facts()["network"] == MOBILENET
    assert views.facts()["network_sha256"] == weights.sha256(MOBILENET)


def test_that_the_judged_grid_is_that_of_stage_2_or_the_one_that_is_asked_for():
    height, width = views_of(refs(1))[0].framing.size
    assert views_of(refs(1))[0].grid == (height // 8, width // 8)
    assert views_of(refs(1), grid="1")[0].grid == (height // 4, width // 4)
    with pytest.raises(SettingError, match="grid=3 is no stage"):
        views_of(refs(1), grid="3")


def test_that_parts_seen_together_are_what_they_are_alone():
    views, again = views_of(refs(3))
    parts = [part for _, part in again]
    together = views.see(parts)
    for part, one in zip(parts, together, strict=True):
        (alone,) = views.see([part])
        for look in ("rgb", "normals"):
            for first, second in zip(alone.stages[look], one.stages[look], strict=True):
                np.testing.assert_allclose(first, second, atol=1e-4)


def test_that_when_memory_runs_short_portions_shrink_and_it_is_said(monkeypatch):
    detector = PatchCore(build(PatchCoreSettings, QUICK))
    plain = drain(detector.learn(refs(3), CONTEXT))
    whole = Backbone.maps

    def cramped(self, pictures):
        if len(pictures) > 1:
            raise MemoryError
        return whole(self, pictures)

    monkeypatch.setattr(Backbone, "maps", cramped)
    notes = [step.note for step in detector.learn(refs(5), CONTEXT)]
    assert any("not enough memory: 1 rows at once" in note for note in notes)
    short = drain(detector.learn(refs(3), CONTEXT))
    np.testing.assert_allclose(short.tensors["rgb.rows"], plain.tensors["rgb.rows"], atol=1e-4)
    scorer = detector.restore(plain, CONTEXT)
    assert any("memory" in note for note in scorer.score(prepared()).notes)


def test_that_a_part_of_another_size_is_refused_with_both_sizes():
    views, _ = views_of(refs(1))
    with pytest.raises(InputError, match="128 x 128 pixels, the good parts had 96 x 96"):
        views.see([prepared(size=128)])
    with pytest.raises(InputError, match="another size"):
        views_of([*refs(1), *refs(1, first=5, size=128)])


def test_that_a_map_covers_the_part_alone_and_known_cells_speak_for_their_neighbours():
    views, _ = views_of(refs(1))
    part = prepared()
    values = np.full(views.grid, np.nan, np.float32)
    inside = views.inside(part, views.grid)
    values[inside] = 2.0
    found = views.to_map(part, values, inside)
    np.testing.assert_allclose(found[part.foreground], 2.0, rtol=1e-5)
    assert np.isnan(found[~part.foreground]).all()


def test_that_looks_follow_what_the_parts_have():
    assert chosen_looks("auto", set()) == ("rgb", "normals")
    assert chosen_looks("auto", {"normals", "height"}) == ("rgb",)
    assert chosen_looks("rgb+height", set()) == ("rgb", "height")
    with pytest.raises(InputError, match="do not all have clouds"):
        chosen_looks("rgb+height", {"normals", "height"})
    with pytest.raises(InputError, match="do not all have pictures"):
        chosen_looks("auto", {"rgb", "normals", "height"})


def test_that_the_network_is_the_named_one_or_the_first_that_is_here():
    assert chosen_network(ViewSettings(), NETWORKS) == MOBILENET
    assert chosen_network(ViewSettings(backbone=MOBILENET), NETWORKS) == MOBILENET
    with pytest.raises(WeightsError, match=r"resnet18\.tv_in1k is not on this machine"):
        chosen_network(ViewSettings(backbone="resnet18.tv_in1k"), NETWORKS)
    with pytest.raises(WeightsError, match="no network that looks at pictures"):
        chosen_network(ViewSettings(backbone="point_mae.pretrain"), NETWORKS)
    with pytest.raises(WeightsError, match="no network named resnet"):
        chosen_network(ViewSettings(backbone="resnet"), NETWORKS)
    with pytest.raises(SettingError, match="relief_extractor has stages 1 to 3"):
        chosen_network(ViewSettings(backbone="relief_extractor", stages="3+4"), NETWORKS)


def test_that_a_recipe_refuses_other_weights_than_it_was_learnt_with():
    detector = PatchCore(build(PatchCoreSettings, QUICK))
    state = drain(detector.learn(refs(2), CONTEXT))
    other = replace(state, facts={**state.facts, "network_sha256": "00"})
    with pytest.raises(WeightsError, match="learnt with other weights"):
        detector.restore(other, CONTEXT)


@pytest.mark.parametrize("compat", ["official", "anomalib", "btf"])
def test_that_patchcore_runs_as_each_published_code_and_finds_a_stain(compat):
    settings = {"stages": "1", "framing": "part", "compat": compat, "smoothing_px": 2.0}
    detector = PatchCore(build(PatchCoreSettings, settings))
    scorer = detector.restore(drain(detector.learn(refs(3), CONTEXT)), CONTEXT)
    part = prepared(stain=True)
    values = scorer.score(part).rgb
    truth = part.sample.truth & part.foreground
    assert np.median(values[truth]) > np.quantile(values[part.foreground & ~truth], 0.8)
    assert scorer.explain(part, (40, 52)).nearest_id.startswith("train/good/")


@pytest.mark.parametrize("reweight", ["paper", "btf"])
def test_that_reweighting_lowers_the_whole_map_by_one_factor(reweight):
    def scored(**more):
        detector = PatchCore(build(PatchCoreSettings, {**QUICK, "coreset": 0.5, **more}))
        scorer = detector.restore(drain(detector.learn(refs(3), CONTEXT)), CONTEXT)
        return scorer.score(prepared(stain=True)).rgb

    plain, lowered = scored(), scored(reweight=reweight)
    ratio = (lowered / plain)[np.isfinite(plain)]
    assert np.ptp(ratio) < 1e-4
    assert 0 < ratio[0] <= 1
