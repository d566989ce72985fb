"""BTF on small rendered plates: what it finds, what it refuses, what stays the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from inspector_core.detectors.btf.detector import BTF, BTFSettings
from inspector_core.detectors.contract import Context
from inspector_core.device import Hardware
from inspector_core.errors import InputError
from inspector_core.geometry.foreground import with_bays
from inspector_core.geometry.prepare import prepare
from inspector_core.progress import drain
from inspector_core.settings import build
from inspector_core.types import Sample, SampleRef
from tests.core.geometry.scenes import cloud

SIZE = (96, 110)
SMALL = {"cells": 24, "bank_rows": 300, "coreset": 0.3, "fusion": "stronger"}


def plate(seed, dent=False, stain=False, shift=0):
    """A ribbed plate on a table, another texture each time; a dent at (40, 40), a stain at (50, 70)."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]]
    inside = (abs(rows - 48) < 30) & (abs(columns - 55 - shift) < 38)
    heights = np.where(inside, 8 + 1.5 * np.sin((columns - shift) / 6.0), 0.0)
    heights = np.where(inside, heights + 0.02 * rng.normal(size=SIZE), 0.0)
    grey = 0.5 + 0.04 * gaussian_filter(rng.normal(size=SIZE), 1.0)
    rgb = np.repeat(grey[..., None], 3, axis=2)
    if dent:
        heights -= 1.5 * np.exp(-((rows - 40) ** 2 + (columns - 40) ** 2) / 12.0)
    if stain:
        spot = np.exp(-((rows - 50) ** 2 + (columns - 70) ** 2) / 14.0)[..., None]
        rgb = rgb * (1 - spot * [0.1, 0.4, 0.5])
    picture = np.clip(255 * rgb, 0, 255).astype(np.uint8)
    return Sample(f"plate/{seed}", rgb=picture, xyz=cloud(heights, tilt_deg=(4, -3)))


GOOD = tuple(plate(seed, shift=seed % 3) for seed in range(5))
SAMPLES = {sample.id: sample for sample in GOOD}


def read(ref):
    return SAMPLES[ref.id]


def refs(samples):
    SAMPLES.update({sample.id: sample for sample in samples})
    return [SampleRef(sample.id, "train", "good", {}, read) for sample in samples]


def context(seed=0):
    return Context(prepare=prepare, machine=Hardware(), seed=seed)


def learnt(samples=GOOD, **settings):
    detector = BTF(build(BTFSettings, {**SMALL, **settings}))
    state = drain(detector.learn(refs(samples), context()))
    return detector.restore(state, context())


@pytest.fixture(scope="module")
def scorer():
    return learnt()


def without(sample, name):
    return replace(sample, id=f"{sample.id} without {name}", **{name: None})


def peak(values):
    row, column = np.unravel_index(np.nanargmax(values), values.shape)
    return int(row), int(column)


def near(found, expected, reach=6):
    return max(abs(found[0] - expected[0]), abs(found[1] - expected[1])) <= reach


def test_that_a_dent_is_the_strangest_place_in_shape_and_altogether(scorer):
    maps = scorer.score(prepare(plate(20, dent=True)))
    assert near(peak(maps.shape), (40, 40))
    assert near(peak(maps.fused), (40, 40))
    good = scorer.score(prepare(plate(21)))
    assert np.nanmax(maps.fused) > 1.5 * np.nanmax(good.fused)
    assert np.nanmax(maps.rgb) < 1.5 * np.nanmax(good.rgb), "colour carries no sign of it"


def test_that_a_stain_is_the_strangest_place_in_colour_and_altogether(scorer):
    maps = scorer.score(prepare(plate(22, stain=True)))
    assert near(peak(maps.rgb), (50, 70))
    assert near(peak(maps.fused), (50, 70))
    good = scorer.score(prepare(plate(23)))
    assert np.nanmax(maps.shape) < 1.5 * np.nanmax(good.shape), "shape carries no sign of it"


def test_that_a_piece_broken_off_the_rim_is_seen_where_it_was(scorer):
    sample = plate(35)
    gone = np.s_[40:52, 82:94]
    table = cloud(np.zeros(SIZE), tilt_deg=(4, -3))
    xyz, rgb = sample.xyz.copy(), sample.rgb.copy()
    xyz[gone], rgb[gone] = table[gone], 20
    part = prepare(replace(sample, id="broken", xyz=xyz, rgb=rgb))
    assert part.foreground[gone].mean() < 0.5
    maps = scorer.score(part)
    assert np.isfinite(maps.fused[gone]).mean() > 0.8
    whole = scorer.score(prepare(sample))
    assert np.nanmedian(maps.fused[gone]) > 1.5 * np.nanmax(whole.fused)


def test_that_maps_are_finite_on_the_part_and_nowhere_else(scorer):
    part = prepare(plate(24, dent=True, stain=True))
    maps = scorer.score(part)
    bay = scorer.settings.bay_cells * scorer.facts["cell_px"]
    for values in (maps.rgb, maps.shape, maps.fused):
        assert values.shape == SIZE
        assert (np.isfinite(values) == with_bays(part.foreground, bay)).all()
        assert np.nanmin(values) >= 0


def test_that_learning_scoring_and_restoring_repeat_to_the_byte(scorer):
    part = prepare(plate(25, dent=True))
    again = learnt().score(part)
    for name, values in scorer.score(part).arrays().items():
        assert values.tobytes() == again.get(name).tobytes()


def test_that_a_part_turned_in_its_plane_stays_good(scorer):
    sample = plate(26)
    turned = Sample(
        "turned",
        rgb=np.ascontiguousarray(sample.rgb[::-1, ::-1]),
        xyz=np.ascontiguousarray(sample.xyz[::-1, ::-1] * np.array([-1, -1, 1], np.float32)),
    )
    usual = [np.nanmax(scorer.score(prepare(plate(seed))).fused) for seed in (21, 23, 26)]
    assert np.nanmax(scorer.score(prepare(turned)).fused) < 1.5 * np.median(usual)


def test_that_pictures_alone_are_enough():
    scorer = learnt([without(sample, "xyz") for sample in GOOD])
    maps = scorer.score(prepare(without(plate(27, stain=True), "xyz")))
    assert near(peak(maps.rgb), (50, 70))
    assert maps.shape is None
    assert maps.fused is None
    with pytest.raises(InputError, match="the picture is missing"):
        scorer.score(prepare(without(plate(27), "rgb")))


def test_that_clouds_alone_are_enough():
    scorer = learnt([without(sample, "rgb") for sample in GOOD])
    maps = scorer.score(prepare(without(plate(28, dent=True), "rgb")))
    assert near(peak(maps.shape), (40, 40))
    assert maps.rgb is None
    with pytest.raises(InputError, match="the cloud is missing"):
        scorer.score(prepare(without(plate(28), "xyz")))


def test_that_a_missing_picture_leaves_shape_and_says_so(scorer):
    maps = scorer.score(prepare(without(plate(29, dent=True), "rgb")))
    assert near(peak(maps.shape), (40, 40))
    assert maps.rgb is None
    assert maps.notes == ("No picture: judged by shape alone.",)


def test_that_a_missing_cloud_leaves_colour_and_says_so(scorer):
    maps = scorer.score(prepare(without(plate(30), "xyz")))
    assert maps.shape is None
    assert np.nanmedian(maps.fused) == pytest.approx(np.nanmedian(maps.rgb), abs=0.3), "same unit"
    assert np.isfinite(maps.rgb).all()
    assert maps.notes[0].startswith("No cloud: judged by colour alone")


def test_that_the_recipe_joins_the_maps_where_nothing_else_is_asked_for():
    maps = learnt(fusion="recipe").score(prepare(plate(20, dent=True)))
    assert BTFSettings().fusion == "recipe"
    assert maps.fused is None
    assert near(peak(maps.shape), (40, 40))


def test_that_parts_without_a_common_modality_are_refused():
    with pytest.raises(InputError, match="neither pictures nor clouds in common"):
        learnt([without(GOOD[0], "rgb"), without(GOOD[1], "xyz")])


def test_that_one_good_part_is_enough_to_learn():
    maps = learnt(GOOD[:1]).score(prepare(plate(31, dent=True)))
    assert near(peak(maps.shape), (40, 40))


def test_that_a_part_too_small_for_patches_is_refused(scorer):
    tiny = Sample("tiny", rgb=np.zeros((5, 5, 3), np.uint8))
    only_pictures = learnt([without(sample, "xyz") for sample in GOOD[:2]])
    with pytest.raises(InputError, match="tiny: the part is too small"):
        only_pictures.score(prepare(tiny))


def holed(sample):
    """The sample with no readings where its stain would be."""
    xyz = sample.xyz.copy()
    xyz[42:58, 62:78] = np.nan
    return replace(sample, id=f"{sample.id} holed", xyz=xyz)


def test_that_missing_readings_say_nothing_of_shape_and_colour_still_speaks(scorer):
    maps = scorer.score(prepare(holed(plate(32, stain=True))))
    assert maps.shape[50, 70] < np.nanmedian(maps.shape)
    assert near(peak(maps.rgb), (50, 70))
    assert maps.fused[50, 70] > 3 * np.nanmedian(maps.fused)


def test_that_readings_missing_in_good_parts_too_are_usual():
    scorer = learnt([holed(sample) for sample in GOOD])
    maps = scorer.score(prepare(holed(plate(34, dent=True))))
    assert near(peak(maps.shape), (40, 40))
    around = maps.fused[38:62, 58:82]
    assert np.nanmax(around) < 0.5 * np.nanmax(maps.fused)


def test_that_the_nearest_good_part_is_named(scorer):
    part = prepare(GOOD[3])
    told = [scorer.explain(part, (x, y)) for x in range(30, 80, 6) for y in range(30, 70, 6)]
    assert {one.nearest_id for one in told} <= {sample.id for sample in GOOD}
    assert scorer.explain(part, (0, 0)) is None
    own = sum(one.nearest_id == GOOD[3].id for one in told)
    assert own > len(told) / len(GOOD), "its own patches are in the bank"


def test_that_progress_only_grows_and_closing_stops():
    job = BTF(build(BTFSettings, SMALL)).learn(refs(GOOD), context())
    steps = []
    try:
        while True:
            steps.append(next(job))
    except StopIteration:
        pass
    shares = [step.share for step in steps]
    assert shares == sorted(shares)
    assert shares[0] == 0
    assert {step.stage for step in steps} >= {"Describing the good parts"}
    stopped = BTF(build(BTFSettings, SMALL)).learn(refs(GOOD), context())
    next(stopped)
    stopped.close()


@pytest.mark.parametrize(
    "settings",
    [
        {"reweight": True, "even_out": False},
        {"scaling": "published", "weight_relief": 0.0},
        {"blur": "published"},
        {"projection": "published"},
        {"smoothing_cells": 0.0},
        {"search": "tree"},
        {"search": "tree", "normals": "published"},
    ],
    ids=str,
)
def test_that_the_published_choices_find_the_dent_too(settings):
    maps = learnt(**settings).score(prepare(plate(33, dent=True)))
    assert near(peak(maps.shape), (40, 40), reach=8)


def test_that_the_memory_estimate_grows_with_parts_and_pictures():
    detector = BTF(BTFSettings())
    small = detector.cost(4, (400, 400)).fixed_bytes
    assert detector.cost(20, (400, 400)).fixed_bytes >= small
    assert detector.cost(4, (800, 800)).fixed_bytes > small
