"""Aligned comparison on small rendered plates: what it finds in mm, what it refuses, what it explains."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from inspector_core.detectors.aligned.detector import Aligned, AlignedSettings
from inspector_core.detectors.contract import Context
from inspector_core.device import Hardware
from inspector_core.errors import InputError
from inspector_core.geometry.prepare import prepare
from inspector_core.progress import drain
from inspector_core.settings import build
from inspector_core.types import Sample, SampleRef
from tests.core.geometry.scenes import cloud

SIZE = (120, 130)
CENTRE = (60, 65)
DENT, STAIN = (50, 48), (70, 84)


def plate(
    seed, *, angle=0.0, shift=(0, 0), dent_mm=0.0, stain=False, warp=0.0, light=1.0, other=False
):
    """A plate with one boss off its middle; turned by `angle` and shifted in pixels.

    dent_mm : depth of a dent at DENT, which lies in the plate's own frame, as the stain at STAIN does.
    warp : mm by which the far end is lifted.   other : another part, a ring.
    """
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]].astype(float)
    rows, columns = rows - CENTRE[0] - shift[0], columns - CENTRE[1] - shift[1]
    turn = np.deg2rad(angle)
    v = np.cos(turn) * rows + np.sin(turn) * columns
    u = np.cos(turn) * columns - np.sin(turn) * rows
    inside = (abs(v) < 30) & (abs(u) < 42)
    heights = np.where(inside, 6 + warp * (u + 42) / 84, 0.0)
    heights += np.where(np.hypot(v + 8, u - 20) < 9, 4.0, 0.0)
    if other:
        heights = np.where(abs(np.hypot(v, u) - 30) < 8, 15.0, 0.0)
    heights = np.where(heights > 0, heights + 0.02 * rng.normal(size=SIZE), 0.0)
    grey = (0.5 + 0.1 * np.sin(u / 5)) * light + 0.02 * gaussian_filter(rng.normal(size=SIZE), 1.0)
    rgb = np.repeat(grey[..., None], 3, axis=2)
    spot = (np.array(DENT) - CENTRE, np.array(STAIN) - CENTRE)
    heights -= dent_mm * np.exp(-((v - spot[0][0]) ** 2 + (u - spot[0][1]) ** 2) / 14.0)
    if stain:
        near = np.exp(-((v - spot[1][0]) ** 2 + (u - spot[1][1]) ** 2) / 14.0)[..., None]
        rgb = rgb * (1 - near * [0.1, 0.4, 0.5])
    name = f"plate/{seed}/{angle:g}/{shift}/{dent_mm:g}/{stain}/{warp:g}/{light:g}/{other}"
    picture = np.clip(255 * rgb, 0, 255).astype(np.uint8)
    return Sample(name, rgb=picture, xyz=cloud(heights, tilt_deg=(4, -3)))


GOOD = tuple(
    plate(seed, angle=3 * (seed % 5) - 6, shift=(seed % 3, -(seed % 4)), warp=0.1 * (seed % 4))
    for seed in range(9)
)


def context(samples):
    by_name = {sample.id: sample for sample in samples}
    refs = [SampleRef(name, "train", "good", {}, lambda ref: by_name[ref.id]) for name in by_name]
    return refs, Context(prepare=prepare, machine=Hardware(), seed=0)


def learnt(samples=GOOD, backbone="none", **settings):
    detector = Aligned(build(AlignedSettings, {"backbone": backbone, **settings}))
    refs, around = context(samples)
    return detector.restore(drain(detector.learn(refs, around)), around)


@pytest.fixture(scope="module")
def scorer():
    return learnt()


def where(place, angle, shift):
    """Pixel (row, column) where a place of the straight plate is seen on a turned one."""
    turn = np.deg2rad(angle)
    v, u = np.array(place) - CENTRE
    row = np.cos(turn) * v - np.sin(turn) * u + CENTRE[0] + shift[0]
    column = np.sin(turn) * v + np.cos(turn) * u + CENTRE[1] + shift[1]
    return round(row), round(column)


def peak(values):
    return tuple(int(at) for at in np.unravel_index(np.nanargmax(values), values.shape))


def far(found, expected):
    return max(abs(found[0] - expected[0]), abs(found[1] - expected[1]))


@pytest.mark.parametrize(("angle", "shift"), [(0, (0, 0)), (35, (4, -6)), (-150, (-3, 5))])
def test_that_a_dent_stands_out_in_the_shape_however_the_part_lies(scorer, angle, shift):
    maps = scorer.score(prepare(plate(20, angle=angle, shift=shift, dent_mm=0.6)))
    place = where(DENT, angle, shift)
    assert far(peak(maps.shape), place) <= 3
    good = scorer.score(prepare(plate(21, angle=angle, shift=shift)))
    assert np.nanmax(maps.shape) > 1.5 * np.nanmax(good.shape)
    assert maps.deviation_mm[place] == pytest.approx(-0.6, abs=0.12)


def test_that_a_stain_stands_out_in_colour_alone(scorer):
    maps = scorer.score(prepare(plate(22, stain=True)))
    good = scorer.score(prepare(plate(23)))
    assert far(peak(maps.rgb), STAIN) <= 4
    assert np.nanmax(maps.rgb) > 2 * np.nanmax(good.rgb)
    assert np.nanmax(maps.shape) < 1.5 * np.nanmax(good.shape)


def test_that_what_good_parts_do_together_is_no_defect(scorer):
    """The far end is lifted by 0 to 0.3 mm in good parts: a slope of 0.25 mm is usual, a dent is not."""
    usual = np.nanmax(scorer.score(prepare(plate(24))).shape)
    lifted = np.nanmax(scorer.score(prepare(plate(24, warp=0.25))).shape)
    dented = np.nanmax(scorer.score(prepare(plate(24, dent_mm=0.25))).shape)
    assert lifted < 1.4 * usual
    assert dented > 1.4 * lifted


def test_that_a_brighter_exposure_is_no_stain(scorer):
    plain = np.nanmax(scorer.score(prepare(plate(25))).rgb)
    bright = np.nanmax(scorer.score(prepare(plate(25, light=1.25))).rgb)
    stained = np.nanmax(scorer.score(prepare(plate(25, light=1.25, stain=True))).rgb)
    assert bright < 1.6 * plain
    assert stained > 2 * bright


def test_that_missing_material_is_seen_where_it_should_be(scorer):
    sample = plate(26)
    whole = prepare(sample)
    gone = np.s_[30:48, 24:44]
    assert whole.foreground[gone].mean() > 0.9
    table = cloud(np.zeros(SIZE), tilt_deg=(4, -3))
    xyz = sample.xyz.copy()
    xyz[gone] = table[gone]
    maps = scorer.score(prepare(replace(sample, id="piece gone", xyz=xyz)))
    seen = np.isfinite(maps.shape[gone])
    assert seen.mean() > 0.5
    assert np.nanmedian(maps.shape[gone]) > 3 * np.nanmedian(maps.shape[whole.foreground])


def test_that_another_part_is_refused_with_its_share(scorer):
    with pytest.raises(
        InputError, match=r"does not lie on the good parts: .* % of it fits"
    ) as caught:
        scorer.score(prepare(plate(27, other=True)))
    assert "right side" in caught.value.cure


def test_that_the_nearest_good_part_is_told_with_the_height_above_it(scorer):
    part = prepare(plate(28, dent_mm=0.6))
    told = scorer.explain(part, DENT[::-1])
    assert told.nearest_id in {sample.id for sample in GOOD}
    assert told.height_mm == pytest.approx(-0.6, abs=0.2)
    assert scorer.explain(part, (0, 0)) is None


def test_that_a_broken_part_among_the_good_is_left_out_with_a_reason():
    scorer = learnt((*GOOD[:5], plate(40, other=True)))
    ((name, reason),) = scorer.model.left_out
    assert "True" in name
    assert "does not lie on the other good parts" in reason
    assert np.isfinite(scorer.score(prepare(plate(41))).shape).any()


def test_that_parts_that_do_not_align_are_refused_with_the_way_out():
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]]
    tangles = []
    for number in range(5):
        walls = np.zeros(SIZE, bool)
        for _ in range(4):
            angle, offset = rng.uniform(0, np.pi), rng.uniform(-25, 25)
            across = np.cos(angle) * (rows - 60) + np.sin(angle) * (columns - 65) - offset
            walls |= (abs(across) < 2) & (np.hypot(rows - 60, columns - 65) < 50)
        tangles.append(Sample(f"tangle/{number}", xyz=cloud(15.0 * walls, tilt_deg=(4, -3))))
    with pytest.raises(InputError, match="do not lie on one another") as caught:
        learnt(tuple(tangles))
    assert "btf" in caught.value.cure


def test_that_without_pictures_shape_alone_is_judged():
    bare = tuple(replace(sample, rgb=None) for sample in GOOD[:5])
    scorer = learnt(bare)
    maps = scorer.score(prepare(replace(plate(42, dent_mm=0.6), rgb=None)))
    assert maps.rgb is None
    assert far(peak(maps.shape), DENT) <= 3


def test_that_a_part_without_a_picture_is_scored_on_shape_with_a_note(scorer):
    maps = scorer.score(prepare(replace(plate(43, dent_mm=0.6), rgb=None)))
    assert maps.rgb is None
    assert maps.notes == ("No picture: shape only.",)


def test_that_more_parts_than_wanted_are_thinned_evenly():
    scorer = learnt(most_parts=3)
    assert scorer.model.good.names == (GOOD[0].id, GOOD[4].id, GOOD[8].id)
