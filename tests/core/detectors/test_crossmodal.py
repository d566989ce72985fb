"""Features of colour and shape at the same pixels: by the program's own means, and as published."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import fields, replace
from functools import partial

import numpy as np
import pytest

from inspector_core.detectors.contract import Context
from inspector_core.detectors.crossmodal.patch_rows import patch_rows, with_around
from inspector_core.detectors.crossmodal.settings import CrossmodalSettings
from inspector_core.detectors.crossmodal.sight import learnt_crossmodal, restored_crossmodal
from inspector_core.detectors.crossmodal.standard import PairedStandard
from inspector_core.detectors.view_settings import SightSettings
from inspector_core.device import Hardware
from inspector_core.errors import InputError, SettingError, WeightsError
from inspector_core.geometry import published
from inspector_core.geometry.prepare import prepare
from inspector_core.progress import drain
from inspector_core.settings import declared
from tests.contracts.tiny_parts import refs
from tests.core.detectors.tiny_transformers import tiny_transformers

CONTEXT = Context(prepare=partial(prepare, seed=0), machine=Hardware(), seed=0)
SMALL = {"groups": 24, "group_size": 16}


def prepared(**options):
    (ref,) = refs(1, first=options.pop("first", 50), **options)
    return CONTEXT.prepare(ref.load())


def learnt(**settings):
    sight, _ = drain(learnt_crossmodal(refs(2), CrossmodalSettings(**settings), CONTEXT))
    return sight


@pytest.fixture(scope="module")
def own():
    """Without any weights but those that come with the program."""
    return learnt()


@pytest.fixture
def transformers():
    with tiny_transformers():
        yield


def test_that_colour_and_shape_are_described_at_the_same_pixels(own):
    part = prepared()
    paired = own.see(part)
    assert len(paired.rgb) == len(paired.shape) == len(paired.pixels) > 100
    assert own.modalities == ("rgb", "shape")
    covered = paired.spread(np.ones(len(paired.pixels)))[1].mean()
    top, left, bottom, right = own.sight.views.framing.box
    assert covered == pytest.approx(part.foreground[top:bottom, left:right].mean(), abs=0.05)


def test_that_values_come_back_to_where_they_were_judged(own):
    part = prepared()
    paired = own.see(part)
    column = paired.pixels % paired.size[1]
    drawn = own.to_map(part, paired, column.astype(np.float32))
    _, left, _, right = own.sight.views.framing.box
    y, x = np.nonzero(part.foreground)
    expected = (x + 0.5 - left) / (right - left) * paired.size[1] - 0.5
    assert np.abs(drawn[y, x] - expected).max() < 2.0
    assert np.isfinite(drawn[part.foreground]).all()


def test_that_what_is_missing_is_none(own):
    assert own.see(prepared(drop="rgb")).rgb is None
    without_cloud = own.see(prepared(drop="xyz"))
    assert without_cloud.shape is None
    assert without_cloud.rgb is not None


def test_that_standardised_features_have_no_mean_and_one_spread(own):
    good = [own.see(prepared(first=number)) for number in (60, 61)]
    standard = PairedStandard.learnt(good)
    rows = np.concatenate([standard.of(one).shape.rows(slice(None)) for one in good])
    np.testing.assert_allclose(rows.mean(axis=0), 0, atol=1e-3)
    # channels of one block have one spread; a narrow block's is larger, so that blocks count alike
    widths = good[0].shape.widths
    usual = np.repeat([np.sqrt(sum(widths) / len(widths) / width) for width in widths], widths)
    spread = rows.std(axis=0) / usual
    assert (np.abs(spread - 1) < 0.02).sum() > 0.8 * len(spread)
    assert (
        PairedStandard.restored(standard.tensors()).of(good[0]).rgb.channels == good[0].rgb.channels
    )


def test_that_colours_join_what_the_network_sees_of_the_picture(own):
    part = prepared()
    network, colours = own.see(part).rgb.blocks
    assert own.see(part).rgb.widths == (network.tokens.shape[1], colours.tokens.shape[1])
    assert learnt(colours="no").see(part).rgb.widths == (network.tokens.shape[1],)
    stained = own.see(prepared(stain=True)).rgb.blocks[1]
    assert np.abs(stained.tokens - colours.tokens).max() > 0.1


def test_that_a_transformer_looks_alone_unless_colours_are_asked_for(transformers):
    part = prepared()
    assert len(learnt(**SMALL).see(part).rgb.blocks) == 1
    assert len(learnt(**SMALL, colours="yes").see(part).rgb.blocks) == 2


def test_that_a_recipe_from_before_there_were_colours_has_none(own):
    facts = {name: fact for name, fact in own.facts().items() if name != "colours"}
    again = restored_crossmodal(facts, CrossmodalSettings(), CONTEXT)
    assert len(again.see(prepared()).rgb.blocks) == 1


def darker(picture):
    assert picture.shape[0] == 3
    return picture / 2


@pytest.mark.parametrize("how", ["project", "transformers", "published"])
def test_that_an_altered_picture_is_seen_at_the_same_pixels(how):
    with tiny_transformers() if how != "project" else nullcontext():
        sight = {
            "project": learnt,
            "transformers": partial(learnt, **SMALL),
            "published": lambda: drain(learnt_crossmodal(refs(2), published_settings(), CONTEXT))[
                0
            ],
        }[how]()
        part = prepared()
        paired = sight.see(part)
        same = sight.altered(part, paired, lambda picture: picture)
        dark = sight.altered(part, paired, darker)
    assert same.shape is None
    assert (same.pixels == paired.pixels).all()
    every = slice(None)
    np.testing.assert_allclose(same.rgb.rows(every), paired.rgb.rows(every), atol=1e-5)
    assert not np.allclose(dark.rgb.rows(every), paired.rgb.rows(every), atol=1e-2)


def test_that_colours_as_they_are_end_with_the_part(own):
    paired = own.see(prepared())
    off = np.setdiff1d(np.arange(paired.size[0] * paired.size[1]), paired.pixels)
    network, colours = paired.colour_at(off, own.token_grid).blocks
    assert network.rows(slice(None)).any()
    assert not colours.rows(slice(None)).any()


class Everywhere(CrossmodalSettings):
    """Of a method that looks around the part too."""

    looks_around = True


@pytest.mark.parametrize("how", ["project", "published"])
def test_that_the_cells_around_have_the_colour_that_is_there_and_no_shape(how):
    with tiny_transformers() if how != "project" else nullcontext():
        settings = published_settings() if how == "published" else CrossmodalSettings(colours="no")
        settings = Everywhere(**{one.name: getattr(settings, one.name) for one in fields(settings)})
        sight, _ = drain(learnt_crossmodal(refs(2), settings, CONTEXT))
        paired = sight.see(prepared())
    side = 4
    rows = patch_rows(paired, side)
    around = with_around(rows, paired, side, sight.token_grid).around
    assert around.count == len(around.rgb) == rows.grid[0] * rows.grid[1] - len(rows)
    assert not around.shape.any()
    assert around.shape.shape == (1, paired.shape.channels)
    # as many pixels as are judged or lie around, each with the colour that its own tokens give it
    every = paired.colour_at(np.arange(paired.size[0] * paired.size[1]), sight.token_grid)
    np.testing.assert_allclose(every.rows(paired.pixels), paired.rgb.rows(slice(None)), atol=1e-5)
    h, w = paired.size
    tiles = every.rows(slice(None))[: h // side * side * w].reshape(h // side, side, w, -1)
    tiles = tiles[:, :, : w // side * side].reshape(h // side, side, w // side, side, -1)
    means = tiles.mean(axis=(1, 3))
    cells = np.setdiff1d(np.arange(rows.grid[0] * rows.grid[1]), rows.cells)
    whole = (cells // rows.grid[1] < h // side) & (cells % rows.grid[1] < w // side)
    wanted = means[cells[whole] // rows.grid[1], cells[whole] % rows.grid[1]]
    np.testing.assert_allclose(around.rgb[whole], wanted, atol=1e-4)


def test_that_a_part_that_fills_its_grid_has_nothing_around(own):
    paired = own.see(prepared())
    full = replace(paired, pixels=np.arange(paired.size[0] * paired.size[1]))
    full = replace(full, rgb=paired.colour_at(full.pixels, own.token_grid), shape=None)
    assert with_around(patch_rows(full, 4), full, 4, own.token_grid).around is None


def test_that_a_recipe_sees_as_it_was_learnt(own):
    again = restored_crossmodal(own.facts(), CrossmodalSettings(), CONTEXT)
    part = prepared()
    some = slice(0, 50)
    assert (again.see(part).shape.rows(some) == own.see(part).shape.rows(some)).all()


OTHER = {
    "picture": "rgb",
    "framing": "whole",
    "margin": 0.3,
    "smoothing_px": 1.0,
    "stages": "1+2",
    "grid": "1",
    "size_px": 160,
    "normals": "fitted",
}
"""Another value of every setting that comes from what all methods on networks share."""


def what_is_seen(**settings):
    sight = learnt(**settings)
    part = prepared()
    paired = sight.see(part)
    rows = [side and side.rows(slice(None)).tobytes() for side in (paired.rgb, paired.shape)]
    values = np.linspace(0, 1, len(paired.pixels)).astype(np.float32)
    drawn = sight.to_map(part, paired, values, CrossmodalSettings(**settings).smoothing_px)
    return paired.pixels.tobytes(), *rows, drawn.tobytes()


@pytest.fixture(scope="module")
def usually_seen():
    return what_is_seen()


def test_that_all_settings_of_the_frame_are_known_here():
    inherited = {entry.name for entry in declared(SightSettings)}
    assert inherited - {"backbone"} == OTHER.keys()


@pytest.mark.parametrize("name", OTHER)
def test_that_no_setting_of_the_frame_is_without_effect(usually_seen, name):
    assert what_is_seen(**{name: OTHER[name]}) != usually_seen


def test_that_stages_are_those_of_other_networks_than_transformers(transformers):
    paired = learnt(**SMALL, stages="1+2", grid="2").see(prepared())
    assert paired.rgb.channels == 24


def test_that_transformers_are_taken_where_their_weights_are(transformers):
    sight = learnt(**SMALL)
    paired = sight.see(prepared())
    assert (paired.rgb.channels, paired.shape.channels) == (24, 72)
    assert paired.size[1] == 112
    again = restored_crossmodal(sight.facts(), CrossmodalSettings(**SMALL), CONTEXT)
    assert (again.see(prepared()).pixels == paired.pixels).all()


def test_that_fewer_blocks_give_narrower_shape(transformers):
    assert learnt(**SMALL, blocks="1").see(prepared()).shape.channels == 24


def test_that_other_weights_than_the_learnt_are_refused(transformers):
    facts = learnt(**SMALL).facts()
    with pytest.raises(WeightsError, match=r"other weights of point_mae.pretrain"):
        restored_crossmodal(
            {**facts, "point_network_sha256": "another"}, CrossmodalSettings(**SMALL), CONTEXT
        )


def published_settings(**others):
    return CrossmodalSettings(
        compat="published",
        point_smoothing="published",
        point_start="first",
        backbone="vit_small_patch8_224.dino",
        **SMALL,
        **others,
    )


def test_that_the_published_frame_is_the_published_preparation(transformers):
    sight, _ = drain(learnt_crossmodal(refs(2), published_settings(), CONTEXT))
    part = prepared()
    paired = sight.see(part)
    metres = np.where(part.valid[..., None], part.sample.xyz / np.float32(1000), np.float32(0))
    squared = published.preprocess(metres, part.sample.rgb)
    cloud, measured = published.resized_cloud(squared.xyz)
    assert set(measured) <= set(paired.pixels)
    assert paired.size == (224, 224)
    tokens = sight.points.tokens(cloud.reshape(3, -1).T[measured]).tokens
    assert (paired.shape.blocks[0].tokens == tokens).all()


def test_that_a_published_map_lies_on_the_part(transformers):
    sight, _ = drain(learnt_crossmodal(refs(2), published_settings(), CONTEXT))
    part = prepared()
    paired = sight.see(part)
    row, _ = np.divmod(paired.pixels, 224)
    drawn = sight.to_map(part, paired, row.astype(np.float32))
    assert np.isnan(drawn[~part.foreground]).all()
    y, x = np.nonzero(part.foreground)
    # padded by 2 to 100, then enlarged to 224; the outermost pixels mix with what is not judged
    inner = (y > y.min() + 4) & (y < y.max() - 4) & (x > x.min() + 4) & (x < x.max() - 4)
    apart = np.abs(drawn[y, x][inner] - ((y[inner] + 2.5) * 2.24 - 0.5))
    # the hole shows the table, which is not judged
    assert np.quantile(apart, 0.9) < 1.5


def test_that_the_picture_keeps_its_table_or_loses_it(transformers):
    part = prepared()
    kept, black = (
        drain(learnt_crossmodal(refs(2), published_settings(rgb_background=how), CONTEXT))[0]
        for how in ("keep", "black")
    )
    some = slice(0, 50)
    assert not np.allclose(kept.see(part).rgb.rows(some), black.see(part).rgb.rows(some))
    assert (kept.see(part).shape.rows(some) == black.see(part).shape.rows(some)).all()


def test_that_published_preparation_needs_a_transformer():
    settings = replace(published_settings(), backbone="relief_extractor")
    with pytest.raises(SettingError, match="vision transformer"):
        drain(learnt_crossmodal(refs(1), settings, CONTEXT))


@pytest.mark.parametrize(("drop", "what"), [("rgb", "picture"), ("xyz", "cloud")])
def test_that_published_preparation_refuses_a_part_without_both(transformers, drop, what):
    sight, _ = drain(learnt_crossmodal(refs(2), published_settings(), CONTEXT))
    with pytest.raises(InputError, match=f"the {what} is missing"):
        sight.see(prepared(drop=drop))


def test_that_a_cloud_in_another_unit_is_refused_with_the_cure(transformers):
    sight, _ = drain(learnt_crossmodal(refs(2), published_settings(), CONTEXT))
    part = prepared()
    for factor in (1 / 1000, 1000):
        xyz = part.sample.xyz * np.float32(factor)
        other = replace(part, sample=replace(part.sample, xyz=xyz))
        with pytest.raises(InputError, match="mm across") as caught:
            sight.see(other)
        assert "unit=m" in caught.value.cure


def test_that_a_part_of_which_the_published_preparation_leaves_nothing_is_refused(transformers):
    sight, _ = drain(learnt_crossmodal(refs(2), published_settings(), CONTEXT))
    part = prepared()
    flat = part.sample.xyz.copy()
    flat[..., 2] = 400.0
    with pytest.raises(InputError, match="leaves nothing of the part"):
        sight.see(replace(part, sample=replace(part.sample, xyz=flat)))


def test_that_published_lengths_on_a_cloud_without_unit_are_noted(transformers):
    sight, _ = drain(learnt_crossmodal(refs(2), published_settings(), CONTEXT))
    part = prepared()
    assert sight.see(part).notes == ()
    nominal = replace(part, sample=replace(part.sample, unit="nominal mm"))
    assert "nominal millimetres" in sight.see(nominal).notes[0]
