"""Joining colour and shape by what good parts and painted disturbances say."""

from __future__ import annotations

import json

import numpy as np
import pytest

from inspector_core.decision.disturbances import Painted
from inspector_core.decision.evidence import Evidence, Gathering
from inspector_core.decision.fusion import fuse
from inspector_core.types import AnomalyMaps, Sample

SIZE = (96, 110)
GOOD = 6
SAMPLE = Sample("painted", rgb=np.zeros((*SIZE, 3), np.uint8))


def noise(seed):
    return np.random.Generator(np.random.PCG64(seed)).exponential(size=SIZE).astype(np.float32)


def spots():
    """(H, W) int: six squares."""
    numbers = np.zeros(SIZE, np.int32)
    for number in range(6):
        row, column = 10 + 40 * (number // 3), 10 + 35 * (number % 3)
        numbers[row : row + 8, column : column + 8] = number + 1
    return numbers


def learnt(rgb_answer, shape_answer):
    """Evidence from noise, and from spots where the maps rise by these factors of the noise."""
    gathering = Gathering()
    goods = []
    here = spots()
    for seed in range(GOOD):
        goods.append(AnomalyMaps(rgb=noise(seed), shape=5 * noise(100 + seed)))
        gathering.add_level(goods[-1])
        rgb, shape = noise(200 + seed), 5 * noise(300 + seed)
        rgb[here > 0] *= rgb_answer
        shape[here > 0] *= shape_answer
        gathering.add_disturbed(AnomalyMaps(rgb=rgb, shape=shape), Painted(SAMPLE, here, here))
    for number, maps in enumerate(goods):
        gathering.add_good(number, maps)
    for number, maps in enumerate(goods):
        gathering.add_summed(gathering.without(number).summed(maps))
    return gathering.evidence()


@pytest.fixture(scope="module")
def even():
    return learnt(8.0, 8.0)


def test_that_the_joint_unit_is_rarity_among_good_parts(even):
    fused = even.fused(AnomalyMaps(rgb=noise(50), shape=5 * noise(51)))
    for rare in (1.0, 2.0, 4.0):
        assert (fused > rare).mean() == pytest.approx(np.exp(-rare), rel=0.25)


def test_that_a_defect_of_one_modality_stands_out_whatever_the_units(even):
    for name, scale in (("rgb", 1), ("shape", 5)):
        maps = {"rgb": noise(60), "shape": 5 * noise(61)}
        maps[name][40:46, 50:56] = 14 * scale
        fused = even.fused(AnomalyMaps(**maps))
        assert fused[40:46, 50:56].min() > np.delete(fused, np.s_[40:46], axis=0).max()


def test_that_a_blind_modality_does_not_drown_the_other():
    sharp_colour = learnt(8.0, 1.0)
    maps = AnomalyMaps(rgb=noise(70), shape=5 * noise(71))
    blind, telling = maps.shape > 5 * 5.5, maps.rgb > 5.5
    fused = sharp_colour.fused(maps)
    assert fused[telling].mean() > fused[blind & ~telling].mean() + 2


def test_that_a_missing_modality_speaks_neither_for_nor_against(even):
    values = noise(80)
    alone = even.fused(AnomalyMaps(rgb=values))
    assert np.isfinite(alone).all()
    order = np.argsort(values.ravel())
    steady = even.summed(AnomalyMaps(rgb=values)).ravel()
    assert np.corrcoef(np.arange(values.size), np.argsort(np.argsort(steady))[order])[0, 1] > 0.99


def test_that_a_pixel_is_unknown_only_where_no_map_knows_it(even):
    rgb, shape = noise(90), 5 * noise(91)
    rgb[:10], shape[:20] = np.nan, np.nan
    fused = even.fused(AnomalyMaps(rgb=rgb, shape=shape))
    assert np.isnan(fused[:10]).all()
    assert np.isfinite(fused[10:]).all()


def test_that_too_few_disturbances_leave_both_maps_equal_by_rarity():
    gathering = Gathering()
    goods = [AnomalyMaps(rgb=noise(n), shape=5 * noise(100 + n)) for n in range(GOOD)]
    for maps in goods:
        gathering.add_level(maps)
    for number, maps in enumerate(goods):
        gathering.add_good(number, maps)
    found = gathering.evidence()
    rgb, shape = (found.worth[name](np.array([at])) for name, at in (("rgb", 4.0), ("shape", 20.0)))
    assert rgb == pytest.approx(shape, abs=0.5)
    assert rgb == pytest.approx(4, abs=0.5)


def test_that_evidence_survives_json(even):
    again = Evidence.of_document(json.loads(json.dumps(even.document())))
    maps = AnomalyMaps(rgb=noise(1), shape=5 * noise(2))
    assert (again.fused(maps) == even.fused(maps)).all()
    by_recipe = fuse(maps, {"rgb": 1.0, "shape": 1.0}, even.document())
    assert (by_recipe.fused == even.fused(maps)).all()


def test_that_without_evidence_the_stronger_counts_as_in_older_recipes():
    maps = AnomalyMaps(rgb=noise(1), shape=5 * noise(2))
    fused = fuse(maps, {"rgb": 2.0, "shape": 10.0}).fused
    assert (fused == np.fmax(maps.rgb / np.float32(2), maps.shape / np.float32(10))).all()


def test_that_a_detectors_own_map_stays(even):
    maps = AnomalyMaps(rgb=noise(1), fused=noise(2))
    assert fuse(maps, {}, even.document()) is maps


def test_that_a_part_is_judged_by_what_others_say():
    gathering = Gathering()
    goods = [
        AnomalyMaps(rgb=noise(n) + (20 if n == 2 else 0), shape=noise(100 + n)) for n in range(3)
    ]
    for maps in goods:
        gathering.add_level(maps)
    for number, maps in enumerate(goods):
        gathering.add_good(number, maps)
    odd = goods[2]
    assert gathering.without(2).summed(odd).mean() > gathering.evidence().summed(odd).mean() + 3
