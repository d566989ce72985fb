"""M3DM and LSFA from parts to maps, on small made-up parts and the shipped extractor."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from scipy.sparse import identity

from inspector_core.detectors.contract import Context
from inspector_core.detectors.crossmodal.paired import Paired
from inspector_core.detectors.crossmodal.patch_rows import patch_rows, side_of
from inspector_core.detectors.lsfa.detector import LSFA
from inspector_core.detectors.lsfa.settings import LSFASettings
from inspector_core.detectors.m3dm.banks import NOBODY, PatchBank
from inspector_core.detectors.m3dm.detector import M3DM, M3DMSettings
from inspector_core.device import Hardware
from inspector_core.errors import InputError, SettingError
from inspector_core.features.token_map import Block, TokenMap
from inspector_core.geometry.prepare import prepare
from inspector_core.memory.nearest import search_cost
from inspector_core.progress import drain
from tests.contracts.tiny_parts import refs
from tests.core.detectors.tiny_transformers import tiny_transformers

METHODS = {"m3dm": (M3DM, M3DMSettings), "lsfa": (LSFA, LSFASettings)}
SHORT = {
    "m3dm": {"uff_steps": 3, "uff_patches": 64},
    "lsfa": {"steps": 3, "patches": 32, "compact_after": 0},
}
CONTEXT = Context(partial(prepare), Hardware())


def learnt(name, count=3, **settings):
    method, declared = METHODS[name]
    detector = method(declared(**{**SHORT[name], "patch_px": 2, **settings}))
    state = drain(detector.learn(refs(count), CONTEXT))
    return detector.restore(state, CONTEXT), state


@pytest.fixture(scope="module", params=METHODS)
def scorer(request):
    return learnt(request.param)


LARGE = {"rate": 0.01, "judged_share": 0.0}


@pytest.fixture(scope="module")
def plain_state():
    """States of lsfa as it comes, by how its adaptors begin."""
    kept = {}

    def state(start):
        if start not in kept:
            kept[start] = learnt("lsfa", **LARGE, start=start)[1]
        return kept[start]

    return state


def part(**options):
    (ref,) = refs(1, first=50, **options)
    return CONTEXT.prepare(ref.load())


def test_that_maps_cover_the_part_and_its_joint_map_lies_between_none_and_finite(scorer):
    found, _ = scorer
    one = part()
    maps = found.score(one)
    for name in ("rgb", "shape", "fused"):
        values = maps.get(name)
        assert np.isfinite(values[one.foreground]).all(), name
        assert (values[one.foreground] >= 0).all(), name
        assert np.isnan(values[~one.foreground]).any(), name


def test_that_a_learnt_part_is_nearer_than_another(scorer):
    found, _ = scorer
    own = found.score(CONTEXT.prepare(refs(1)[0].load()))
    other = found.score(part())
    for name in ("rgb", "shape"):
        assert np.nanmean(own.get(name)) < np.nanmean(other.get(name))


def test_that_a_missing_modality_is_said_and_the_rest_judged(scorer):
    found, _ = scorer
    maps = found.score(part(drop="xyz"))
    assert maps.shape is None
    assert any("No cloud" in note for note in maps.notes)
    assert np.isfinite(maps.fused[~np.isnan(maps.fused)]).all()
    maps = found.score(part(drop="rgb"))
    assert maps.rgb is None
    assert any("No picture" in note for note in maps.notes)


def test_that_a_dent_and_a_stain_stand_out_in_their_own_maps(scorer):
    found, _ = scorer
    for change, name in (({"dent_mm": 2.0}, "shape"), ({"stain": True}, "rgb")):
        bad = part(**change)
        values = found.score(bad).get(name)
        on = bad.foreground & ~bad.sample.truth
        assert values[bad.foreground & bad.sample.truth].mean() > 1.5 * values[on].mean()


@pytest.mark.parametrize("name", METHODS)
def test_that_the_published_chain_runs_from_part_to_map(name):
    published = {
        "compat": "published",
        "point_smoothing": "published",
        "blur": "published",
        "standardise": False,
        "groups": 24,
        "group_size": 16,
        "patch_px": 4,
        "coreset": 0.02,
        "fusion": "sgd_ocsvm",
        "calibration": "self",
        "part_score": "project",
    }
    if name == "m3dm":
        published["uff_pairing"] = "published"
    else:
        published |= {"attend": "all", "rotation": 0.05, "accumulate": 2}
    with tiny_transformers():
        found, state = learnt(name, 2, **published)
        one = part()
        maps = found.score(one)
        row, column = np.argwhere(one.foreground)[len(state.facts["parts"]) * 100]
        told = found.explain(one, (int(column), int(row)))
    assert not any(key.endswith("standard.mean") for key in state.tensors)
    assert np.isfinite(maps.fused[one.foreground]).all()
    assert maps.part_score is not None
    assert told.nearest_id in state.facts["parts"]


@pytest.mark.parametrize("name", METHODS)
def test_that_learning_twice_gives_the_same_bytes(name):
    first, again = (learnt(name, 2)[1] for _ in range(2))
    assert first.tensors.keys() == again.tensors.keys()
    assert all((first.tensors[key] == again.tensors[key]).all() for key in first.tensors)


@pytest.mark.parametrize(
    "settings",
    [
        {"banks": "rgb"},
        {"banks": "rgb+shape", "fusion": "recipe"},
        {"fusion": "sgd_ocsvm", "calibration": "self", "bank_stats": "published"},
        {"coreset_sizes": "published", "projection": "published", "zero_row": True},
        {"part_score": "project", "blur": "published", "standardise": False},
    ],
)
def test_that_every_choice_of_m3dm_learns_and_scores(settings):
    found, state = learnt("m3dm", **settings)
    maps = found.score(part())
    joined = settings.get("fusion") != "recipe" and settings.get("banks") != "rgb"
    assert (maps.fused is not None) == joined
    assert ("shape" in state.facts["banks"]) == (settings.get("banks") != "rgb")
    assert (maps.part_score is not None) == (settings.get("part_score") == "project")


def test_that_the_published_part_score_leaves_the_maps_as_they_are():
    _, state = learnt("m3dm")
    bad, good = part(dent_mm=2.0), part()
    detector = M3DM(M3DMSettings(**SHORT["m3dm"], patch_px=2))
    plain = detector.restore(state, CONTEXT).score(bad)
    scored = M3DM(replace(detector.settings, part_score="project")).restore(state, CONTEXT)
    maps = scored.score(bad)
    for name in ("rgb", "shape", "fused"):
        np.testing.assert_array_equal(maps.get(name), plain.get(name))
    assert maps.part_score > scored.score(good).part_score


def test_that_a_single_banks_score_is_the_parts():
    found, _ = learnt("m3dm", banks="shape", part_score="project")
    one = part(dent_mm=2.0)
    own = found.score(one).part_score
    looked = found._looked(one)
    distances = looked.judged.distances["shape"]
    assert 0 < own < distances.max()  # re-weighting takes something off


@pytest.mark.parametrize("name", METHODS)
def test_that_the_good_part_most_like_a_learnt_one_is_itself(name):
    found, state = learnt(name, coreset=1.0)
    for number, ref in enumerate(refs(3)):
        good = CONTEXT.prepare(ref.load())
        rows, columns = np.nonzero(good.foreground)
        some = range(0, len(rows), len(rows) // 12)
        told = [found.explain(good, (int(columns[at]), int(rows[at]))) for at in some]
        assert {one.nearest_id for one in told} == {state.facts["parts"][number]}
        assert {one.height_mm for one in told} == {None}


def test_that_colours_count_as_much_as_what_the_network_sees():
    found, state = learnt("m3dm", banks="rgb")
    paired = found.sight.see(part())
    network = paired.rgb.widths[0]
    spread = state.tensors["rgb.standard.spread"]
    rows = np.concatenate(
        [patch_rows(found.sight.see(CONTEXT.prepare(ref.load())), 2).rgb for ref in refs(3)]
    )
    times = rows.std(axis=0) / spread
    assert times[:network].max() < 1 < times[network:].min()
    share = np.square(times[:network]).sum() / np.square(times[network:]).sum()
    assert share == pytest.approx(1, rel=0.2)


def test_that_nothing_is_explained_off_the_part(scorer):
    found, _ = scorer
    assert found.explain(part(), (0, 0)) is None


def test_that_a_row_of_zeros_is_no_good_part():
    found, _ = learnt("m3dm", banks="shape", zero_row=True)
    bank = found.judge.banks["shape"]
    zero = np.zeros(bank.rows.shape[1], np.float32)
    plan = CONTEXT.plan(search_cost(1, *bank.rows.shape))
    assert bank.owner[bank.search(zero[None], plan)[1][0]] == NOBODY
    assert bank.most_like(zero, plan) in range(3)
    alone = PatchBank(zero[None], np.array([NOBODY]), bank.mean, bank.deviation)
    assert alone.most_like(zero, plan) is None


@pytest.mark.parametrize(
    "settings",
    [
        {"attend": "all", "rotation": 0.05},
        {"heads": 2, "shared_width": 16, "both_ways": False, "start": "random"},
    ],
)
def test_that_every_choice_of_lsfa_learns_scores_and_changes_what_is_learnt(plain_state, settings):
    plain = plain_state(start=settings.get("start", "identity"))
    found, state = learnt("lsfa", **LARGE, **settings)
    one = part()
    maps = found.score(one)
    assert np.isfinite(maps.fused[one.foreground]).all()
    (name,) = [key for key in state.tensors if key.endswith("rgb_mlp.0.mlp.fc2.weight")]
    assert (state.tensors[name] != plain.tensors[name]).any()
    assert found.score(part(drop="xyz")).rgb is not None
    assert found.score(part(drop="rgb")).shape is not None


def test_that_tiles_are_turned_alike_whenever_the_same_parts_are_learnt():
    first, again = (learnt("lsfa", 2, rotation=0.5, attend="all")[1] for _ in range(2))
    assert all((first.tensors[key] == again.tensors[key]).all() for key in first.tensors)


def test_that_parts_with_clouds_alone_teach_m3dm_and_not_lsfa():
    bare = refs(2, drop="rgb")
    state = drain(M3DM(M3DMSettings(**SHORT["m3dm"])).learn(bare, CONTEXT))
    assert state.facts["banks"] == ["shape"]
    with pytest.raises(InputError, match="lsfa learns from both"):
        drain(LSFA(LSFASettings(**SHORT["lsfa"])).learn(bare, CONTEXT))
    with pytest.raises(SettingError, match="banks=rgb is not possible"):
        drain(M3DM(M3DMSettings(banks="rgb")).learn(bare, CONTEXT))


def paired(size=(4, 6), pixels=None):
    pixels = np.arange(size[0] * size[1]) if pixels is None else np.array(pixels)
    tokens = np.arange(len(pixels), dtype=np.float32)[:, None]
    one = TokenMap([Block(tokens, identity(len(pixels), np.float32, "csr"))])
    return Paired(one, None, pixels, size)


def test_that_a_patch_is_the_mean_of_its_judged_pixels():
    rows = patch_rows(paired(), 2)
    assert rows.grid == (2, 3)
    assert rows.rgb[:, 0].tolist() == [3.5, 5.5, 7.5, 15.5, 17.5, 19.5]
    assert rows.shape is None
    some = patch_rows(paired(pixels=[0, 1, 23]), 2)
    assert some.cells.tolist() == [0, 5]
    assert some.rgb[:, 0].tolist() == [0.5, 2.0]


def test_that_patches_of_one_pixel_are_the_pixels():
    rows = patch_rows(paired(), 1)
    values = np.arange(24.0)
    np.testing.assert_allclose(rows.at_pixels(values), values)
    np.testing.assert_allclose(rows.on_grid(values).ravel(), values)


def test_that_equal_values_stay_equal_at_pixels_of_any_outline():
    rows = patch_rows(paired((7, 9), [0, 8, 30, 31, 40, 62]), 3)
    np.testing.assert_allclose(rows.at_pixels(np.full(len(rows), 2.5)), 2.5)


def test_that_a_pixel_finds_its_patch_or_one_that_touches_it():
    rows = patch_rows(paired((8, 8), [0, 1, 8, 27, 63]), 2)
    assert rows.cells.tolist() == [0, 5, 15]  # rows and columns (0, 0), (1, 1), (3, 3)
    assert (rows.at(1, 1), rows.at(3, 2), rows.at(7, 7)) == (0, 1, 2)
    assert rows.at(0, 4) == 1
    assert rows.at(7, 0) is None
    assert rows.at(-5, 0) is None


def test_that_about_56_patches_lie_along_the_longer_side():
    assert side_of((224, 224), 0) == 4
    assert side_of((30, 20), 0) == 1
    assert side_of((224, 224), 7) == 7
