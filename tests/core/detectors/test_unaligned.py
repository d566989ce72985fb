"""Unaligned comparison: what it looks at, how it joins its evidence, what it says about missing things."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from inspector_core.detectors.contract import Context
from inspector_core.detectors.sight_learning import Extent, shown_px
from inspector_core.detectors.unaligned.detector import Unaligned, UnalignedSettings
from inspector_core.device import Hardware
from inspector_core.errors import InputError
from inspector_core.geometry.prepare import prepare
from inspector_core.progress import drain
from inspector_core.types import SampleRef
from tests.contracts import tiny_parts
from tests.core.detectors.random_weights import MOBILENET, random_weights

CONTEXT = Context(prepare=partial(prepare, seed=0), machine=Hardware(), seed=0)


@pytest.fixture(scope="module", autouse=True)
def networks(tmp_path_factory):
    with random_weights(tmp_path_factory.mktemp("networks"), MOBILENET):
        yield


def method(**values):
    return Unaligned(UnalignedSettings(backbone=MOBILENET, stages="1", **values))


@pytest.fixture(scope="module")
def state():
    return drain(method().learn(tiny_parts.refs(4), CONTEXT))


@pytest.fixture(scope="module")
def scorer(state):
    return method().restore(state, CONTEXT)


def prepared(**options):
    (ref,) = tiny_parts.refs(1, first=60, **options)
    return CONTEXT.prepare(ref.load())


def with_normals(ref):
    """The part of a reference with stored normals: all towards the camera."""
    sample = tiny_parts.read(ref)
    normals = np.zeros((*sample.shape, 3), np.float32)
    normals[..., 2] = -1
    return replace(sample, normals=normals)


def refs_with_normals(count, first=0):
    return [
        SampleRef(ref.id, ref.split, ref.label, {}, with_normals, dict(ref.options))
        for ref in tiny_parts.refs(count, first=first)
    ]


def test_that_colour_is_seen_by_a_network_and_as_it_is_and_shape_by_the_surface(scorer):
    assert scorer.sight.evidence == ("rgb", "colour", "surface", "histogram")


def test_that_a_good_part_is_mostly_as_rare_as_half_of_the_good_pixels(scorer):
    part = prepared()
    maps = scorer.score(part)
    for values in (maps.rgb, maps.shape):
        usual = np.median(values[part.foreground])
        assert 0.03 < usual < 1.0


def test_that_a_defect_is_rarer_than_one_good_pixel_in_a_hundred(scorer):
    for options, name in (({"dent_mm": 1.2}, "shape"), ({"stain": True}, "rgb")):
        part = prepared(**options)
        truth = part.sample.truth & part.foreground
        assert np.median(scorer.score(part).get(name)[truth]) > 2


def test_that_each_modality_joins_the_rarity_of_its_evidence(scorer):
    part = scorer.sight.widened(prepared(stain=True))
    maps = scorer.score(part)
    (places,) = scorer.sight.see([part])
    for modality, names in (("rgb", ("rgb", "colour")), ("shape", ("surface", "histogram"))):
        drawn = []
        for name in names:
            distance, _ = scorer.memories[name].distances(places[name].rows, CONTEXT)
            rarity = scorer.tails[name].whole(scorer.sight.draw(part, places[name], distance))
            drawn.append(np.float32(scorer.facts["worths"][name]) * rarity)
        np.testing.assert_array_equal(maps.get(modality), sum(drawn))


def test_that_a_part_pictured_a_little_darker_keeps_its_colours_and_a_dark_one_does_not(scorer):
    part = prepared()
    usual = scorer.sight.describe(part, "colour").rows[:, 0]
    change = {}
    for gain in (0.94, 0.6):
        lightness = scorer.sight.describe(replace(part, gain=gain), "colour").rows[:, 0]
        change[gain] = float(np.median(usual - lightness))
    assert abs(change[0.94]) < 0.5
    assert change[0.6] > 5


def test_that_pictures_alone_are_judged_by_colour_alone():
    parts = tiny_parts.refs(3, drop="xyz")
    scorer = method().restore(drain(method().learn(parts, CONTEXT)), CONTEXT)
    assert scorer.sight.evidence == ("rgb", "colour")
    maps = scorer.score(prepared(drop="xyz"))
    assert maps.shape is None
    assert np.isfinite(maps.rgb).all()


def test_that_clouds_alone_are_judged_by_shape_alone():
    parts = tiny_parts.refs(3, drop="rgb")
    scorer = method().restore(drain(method().learn(parts, CONTEXT)), CONTEXT)
    assert scorer.sight.evidence == ("normals", "surface", "histogram")
    assert scorer.score(prepared(drop="rgb")).rgb is None


@pytest.mark.parametrize(("judged", "absent"), [("rgb", "shape"), ("shape", "rgb")])
def test_that_one_modality_can_be_chosen(judged, absent):
    chosen = method(picture=judged)
    maps = chosen.restore(drain(chosen.learn(tiny_parts.refs(3), CONTEXT)), CONTEXT).score(
        prepared()
    )
    assert maps.get(absent) is None
    assert maps.get(judged) is not None


def test_that_parts_with_nothing_in_common_are_refused():
    parts = [*tiny_parts.refs(1, drop="rgb"), *tiny_parts.refs(1, first=1, drop="xyz")]
    with pytest.raises(InputError) as caught:
        drain(method().learn(parts, CONTEXT))
    assert "neither pictures nor clouds" in caught.value.message


def test_that_readings_which_good_parts_do_not_lack_are_missed(scorer):
    part = prepared()
    rows, columns = np.nonzero(part.foreground)
    middle = (int(np.median(rows)) + 6, int(np.median(columns)) - 8)
    hole = np.zeros(part.shape, bool)
    hole[middle[0] - 3 : middle[0] + 4, middle[1] - 3 : middle[1] + 4] = True
    xyz = part.sample.xyz.copy()
    xyz[hole] = np.nan
    holed = CONTEXT.prepare(replace(part.sample, xyz=xyz))
    before, after = (scorer.score(one).shape for one in (part, holed))
    assert np.median(after[hole]) > max(2, 2 * np.median(before[hole]))


def test_that_a_missing_picture_or_cloud_is_said(scorer):
    assert "No picture" in scorer.score(prepared(drop="rgb")).notes[0]
    assert "No cloud" in scorer.score(prepared(drop="xyz")).notes[0]


def test_that_normals_that_came_with_the_good_parts_are_wanted_again():
    state = drain(method().learn(refs_with_normals(3), CONTEXT))
    assert state.facts["looks"] == ["rgb", "normals"]
    scorer = method().restore(state, CONTEXT)
    (ref,) = refs_with_normals(1, first=60)
    assert scorer.score(CONTEXT.prepare(ref.load())).shape is not None
    with pytest.raises(InputError) as caught:
        scorer.score(prepared())
    assert "normals=none" in caught.value.cure


@pytest.mark.parametrize("normals", ["fitted", "none"])
def test_that_stored_normals_can_be_left_aside(normals):
    chosen = method(normals=normals)
    with_them = drain(chosen.learn(refs_with_normals(3), CONTEXT))
    without = drain(chosen.learn(tiny_parts.refs(3), CONTEXT))
    assert ("normals" in with_them.facts["looks"]) == (normals == "fitted")
    for name, array in without.tensors.items():
        assert with_them.tensors[name].tobytes() == array.tobytes(), name


def test_that_the_most_similar_good_part_is_named_for_a_pixel_of_the_part(scorer):
    part = prepared(stain=True)
    y, x = np.argwhere(part.sample.truth & part.foreground)[0]
    assert scorer.explain(part, (int(x), int(y))).nearest_id in scorer.facts["parts"]
    assert scorer.explain(part, (0, 0)) is None


def test_that_the_rim_says_less_than_the_place_next_to_it(scorer):
    part = prepared(stain=True)
    values = scorer.score(part).rgb
    beyond = np.isfinite(values) & ~scorer.sight.widened(part).foreground
    assert beyond.sum() > 0.02 * part.foreground.sum()
    assert values[beyond].max() < np.nanmax(values)


def bar(width, length, size=512):
    mask = np.zeros((size, size), bool)
    mask[40 : 40 + length, 40 : 40 + width] = True
    return mask


def test_that_the_extent_of_a_bar_is_its_length_its_width_and_its_area():
    extent = Extent.of([bar(30, 300), bar(30, 200), bar(50, 200)])
    assert extent.longest == 300
    assert extent.thickness == pytest.approx(30, abs=2)
    assert extent.area == 9000


@pytest.mark.parametrize(
    ("thickness", "longest", "shown"),
    [
        (32, 300, 600),  # thin: enlarged twice
        (16, 300, 600),  # never more than twice
        (48, 300, 400),  # until it spans 64 px
        (300, 300, 320),  # thick: as small as is good for the network
        (32, 460, 768),  # never larger than this
    ],
)
def test_that_thin_parts_are_enlarged_within_limits(thickness, longest, shown):
    assert shown_px(longest, thickness) == shown


def test_that_a_piece_broken_off_the_outline_is_judged(scorer):
    part = prepared()
    rows, columns = np.nonzero(part.foreground)
    middle = (int(rows.min()) + int(rows.max())) // 2
    xyz, table = part.sample.xyz.copy(), part.sample.xyz[4, 4, 2]
    notch = np.zeros(part.shape, bool)
    notch[middle - 2 : middle + 3, columns.min() - 1 : columns.min() + 6] = True
    xyz[notch] *= (table / xyz[..., 2:3])[notch]
    broken = CONTEXT.prepare(replace(part.sample, xyz=xyz))
    missing = notch & part.foreground & ~broken.foreground
    assert missing.sum() > 10
    found = scorer.score(broken).shape[missing]
    assert np.isfinite(found).mean() > 0.7
    assert np.nanmedian(found) > 2


def test_that_evidence_is_weighed_by_what_it_shows_of_disturbances(state):
    worths = state.facts["worths"]
    assert worths.keys() == {"rgb", "colour", "surface", "histogram"}
    assert all(0.1 <= value < 1 for value in worths.values())
    # random weights see little; colours as they are show a spot of colour
    assert worths["colour"] > 0.5
