"""CFM on whole parts: what learning keeps, what its choices do, what it refuses."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from inspector_core.detectors.cfm import detector as cfm_detector
from inspector_core.detectors.cfm.detector import CFM, CFMSettings
from inspector_core.detectors.cfm.words import sentence
from inspector_core.detectors.contract import Context
from inspector_core.device import Hardware
from inspector_core.errors import InputError, SettingError, WeightsError
from inspector_core.geometry.prepare import prepare
from inspector_core.progress import drain
from tests.contracts.tiny_parts import refs
from tests.core.detectors.tiny_transformers import tiny_transformers

CONTEXT = Context(prepare=partial(prepare, seed=0), machine=Hardware(), seed=0)
SHORT = {"steps": 60, "rows": 256}


def prepared(**options):
    (ref,) = refs(1, first=options.pop("first", 50), **options)
    return CONTEXT.prepare(ref.load())


def learnt(count=3, **settings):
    detector = CFM(CFMSettings(**{**SHORT, **settings}))
    return detector, drain(detector.learn(refs(count), CONTEXT))


@pytest.fixture(scope="module")
def scorer():
    detector, state = learnt()
    return detector.restore(state, CONTEXT)


def scored(settings, state, part):
    return CFM(CFMSettings(**{**SHORT, **settings})).restore(state, CONTEXT).score(part)


def test_that_training_lowers_the_loss_and_keeps_its_curve():
    _, state = learnt(steps=300, rows=128)
    first, last = state.facts["curve"][0]["loss"], state.facts["curve"][-1]["loss"]
    assert all(last[name] < first[name] for name in ("2Dto3D", "3Dto2D"))
    assert state.facts["ended_by"] == "steps"


def test_that_the_fused_map_is_the_product_before_the_blur():
    _, state = learnt(smoothing_px=0.0)
    part = prepared(dent_mm=1.0)
    product = scored({"smoothing_px": 0.0, "aggregation": "product"}, state, part)
    largest = scored({"smoothing_px": 0.0, "aggregation": "max"}, state, part)
    # both are drawn from the same cells; enlarging them mixes, so only bounds hold between cells
    on = part.foreground
    assert (largest.fused[on] >= np.maximum(product.rgb, product.shape)[on] - 1e-5).all()
    assert np.nanmax(product.fused) <= np.nanmax(product.rgb) * np.nanmax(product.shape) + 1e-5
    assert scored({"aggregation": "recipe"}, state, part).fused is None


def test_that_both_distances_lie_between_0_and_2(scorer):
    maps = scorer.score(prepared(stain=True))
    for values in (maps.rgb, maps.shape):
        assert np.nanmin(values) >= 0
        assert np.nanmax(values) <= 2


def test_that_a_modality_can_predict_itself():
    detector, state = learnt(variant="intra")
    assert {name.partition(".")[0] for name in state.tensors} >= {"2Dto2D", "3Dto3D"}
    maps = detector.restore(state, CONTEXT).score(prepared())
    assert maps.rgb is not None
    assert maps.shape is not None


@pytest.mark.parametrize("mapping", ["encoder_decoder", "convolutional"])
def test_that_other_mappings_learn_and_score(mapping):
    detector, state = learnt(count=2, mapping=mapping, steps=10)
    assert detector.restore(state, CONTEXT).score(prepared()).shape is not None


def test_that_a_normalised_map_is_divided_by_its_mean_and_the_published_score_stands_beside():
    _, state = learnt()
    part = prepared(stain=True)
    product = {"aggregation": "product"}
    plain = scored(product, state, part)
    normal = scored({**product, "normalise": "published"}, state, part)
    on = np.isfinite(plain.fused)
    values = plain.fused[on]
    np.testing.assert_allclose(normal.fused[on], values / values[values != 0].mean(), rtol=1e-4)
    assert np.isnan(normal.fused[~on]).all()
    expected = values.max() / np.sqrt(values[values != 0].mean())
    assert normal.part_score == pytest.approx(expected, rel=1e-4)
    assert plain.part_score is None
    joined = scored({"aggregation": "recipe", "normalise": "published"}, state, part)
    assert joined.part_score is None


def test_that_the_published_blur_bleeds_into_the_mean_that_published_maps_are_divided_by():
    _, state = learnt()
    part = prepared(stain=True)
    published_blur = {"aggregation": "product", "blur": "published"}
    plain = scored(published_blur, state, part)
    normal = scored({**published_blur, "normalise": "published"}, state, part)
    on = np.isfinite(plain.fused)
    # the published mean is over the blurred grid, which is not zero beside the part either
    (level,) = np.unique(np.round(plain.fused[on] / normal.fused[on], 4))
    assert 0 < level < plain.fused[on].mean()
    assert normal.part_score == pytest.approx(plain.fused[on].max() / np.sqrt(level), rel=0.1)


def test_that_usual_features_have_a_direction_of_their_own():
    """The channel that all pixels share is as long as usual features, and recipes know of it."""
    detector, state = learnt(steps=3)
    channels = state.tensors["2Dto3D.input.weight"].shape[1] - 1
    assert len(state.tensors["rgb.standard.mean"]) == channels
    assert state.facts["anchor"] == 1.0
    _, plain = learnt(steps=3, standardise=False)
    assert plain.tensors["2Dto3D.input.weight"].shape[1] == channels
    assert plain.facts["anchor"] == 0.0
    part = prepared(stain=True)
    maps = detector.restore(state, CONTEXT).score(part)
    assert np.isfinite(maps.fused[part.foreground]).all()


def test_that_a_place_is_explained_in_words(scorer):
    part = prepared(stain=True)
    maps = scorer.score(part)
    y, x = np.unravel_index(np.nanargmax(maps.rgb), maps.rgb.shape)
    told = scorer.explain(part, (int(x), int(y)))
    assert (told.nearest_id, told.height_mm) == (None, None)
    times = {name: maps.get(name)[y, x] / np.nanmedian(maps.get(name)) for name in ("rgb", "shape")}
    assert f"{max(times.values()):.1f} times as far from what" in told.words
    assert scorer.explain(part, (0, 0)) is None


def test_that_the_larger_difference_is_said_first_in_times_the_part():
    maps = {
        name: np.full((3, 4), level, np.float32) for name, level in (("rgb", 0.5), ("shape", 0.2))
    }
    maps["rgb"][0, 0] = maps["shape"][0, 0] = np.nan
    maps["shape"][2, 1], maps["rgb"][0, 3] = 0.6, 1.0
    assert sentence(maps, (1, 2), crossed=True) == (
        "shape lies 3.0 times as far from what colour makes expect as elsewhere on the part, "
        "colour 1.0 times"
    )
    assert sentence(maps, (3, 0), crossed=False) == (
        "colour lies 2.0 times as far from what its own mapping makes of it as elsewhere on the part, "
        "shape 1.0 times"
    )
    assert sentence(maps, (0, 0), crossed=True) == ""
    assert sentence({**maps, "rgb": 0 * maps["rgb"]}, (1, 2), crossed=True) == ""


@pytest.mark.parametrize(("drop", "what"), [("rgb", "picture"), ("xyz", "cloud")])
def test_that_a_part_without_both_is_refused_with_a_way_out(scorer, drop, what):
    with pytest.raises(InputError, match=f"the {what} is missing") as caught:
        scorer.score(prepared(drop=drop))
    assert "unaligned" in caught.value.cure


def test_that_one_modality_alone_is_no_choice():
    with pytest.raises(SettingError, match="picture=rgb is not possible") as caught:
        learnt(picture="rgb")
    assert "m3dm" in caught.value.cure


def test_that_learning_refuses_parts_without_clouds():
    with pytest.raises(InputError, match="the cloud is missing"):
        drain(CFM(CFMSettings(**SHORT)).learn(refs(2, drop="xyz"), CONTEXT))


def test_that_the_published_chain_runs_from_part_to_map():
    published = {
        "compat": "published",
        "point_smoothing": "published",
        "blur": "published",
        "aggregation": "product",
        "standardise": False,
        "groups": 24,
        "group_size": 16,
        "steps": 4,
    }
    with tiny_transformers():
        detector, state = learnt(count=2, **published)
        part = prepared()
        maps = detector.restore(state, CONTEXT).score(part)
    assert not any(name.endswith("standard.mean") for name in state.tensors)
    assert np.isfinite(maps.fused[part.foreground]).all()
    assert state.tensors["2Dto3D.input.weight"].shape == (48, 24)


PAIR = {"compat": "published", "trained": "published", "standardise": False, "point_start": "first"}


def test_that_published_mappings_need_published_features():
    with pytest.raises(SettingError, match="trained=published needs") as caught:
        learnt(trained="published")
    assert "standardise=no" in caught.value.cure


def test_that_missing_published_mappings_are_said_before_any_part_is_read():
    with tiny_transformers(), pytest.raises(WeightsError, match=r"cfm.2d_to_3d"):
        CFM(CFMSettings(**SHORT, **PAIR)).learn(None, CONTEXT).send(None)


def test_that_published_mappings_of_other_features_are_refused(monkeypatch):
    made = {"input.weight": np.zeros((960, 768)), "output.weight": np.zeros((1152, 960))}
    monkeypatch.setattr(cfm_detector, "published", lambda direction: made)
    with tiny_transformers(), pytest.raises(WeightsError, match="768 channels of colour and 1152"):
        learnt(count=1, **PAIR, groups=24, group_size=16)
