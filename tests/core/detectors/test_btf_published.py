"""BTF's published chain: against its steps written out plainly, against the goldens, and its refusals."""

from __future__ import annotations

import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

from inspector_core.detectors.btf import published_sight as btf_published_sight
from inspector_core.detectors.btf.detector import BTF, BTFSettings
from inspector_core.detectors.btf.published import published_score
from inspector_core.detectors.btf.published_sight import PublishedSight
from inspector_core.detectors.contract import Context
from inspector_core.detectors.patchcore import drawn
from inspector_core.device import Hardware, Plan
from inspector_core.errors import InputError, SettingError, WeightsError
from inspector_core.geometry.prepare import prepare
from inspector_core.memory.nearest import nearest
from inspector_core.progress import drain
from inspector_core.recipe import Recipe, open_recipe, save
from inspector_core.settings import build
from inspector_core.types import Calibration, Sample, SampleRef, Thresholds
from tests.core.detectors.random_weights import MOBILENET, random_weights
from tests.core.geometry.scenes import cloud, table

CORESET = 0.05
GOLDENS = Path(__file__).resolve().parents[2] / "goldens"
SIZE, TILT = (96, 110), (4, -3)
SIDE, TOP, LEFT = 200, 52, 45
PART = np.s_[30:66, 35:75]
STRAY = np.s_[5:9, 90:95]
PLAN = Plan("cpu", 500)
CONTEXT = Context(prepare=prepare, machine=Hardware(), seed=0)


def plate(seed, dent=False, stain=False):
    """A ribbed plate 8 mm above a table, a crumb of 8 mm in the corner; a dent at (40, 48)."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]]
    heights = np.zeros(SIZE)
    heights[PART] = (8 + 1.2 * np.sin(columns / 5.0) + 0.03 * rng.normal(size=SIZE))[PART]
    heights[STRAY] = 8
    grey = 120 + 12 * rng.normal(size=SIZE)
    rgb = np.stack([grey, 0.9 * grey, 0.8 * grey], axis=2)
    if dent:
        heights -= 1.5 * np.exp(-((rows - 40) ** 2 + (columns - 48) ** 2) / 10.0)
    if stain:
        rgb[50:56, 55:62] = (30, 20, 160)
    picture = np.clip(rgb, 0, 255).astype(np.uint8)
    return Sample(f"plate/{seed}", rgb=picture, xyz=cloud(heights, tilt_deg=TILT))


GOOD = tuple(plate(seed) for seed in range(2))
SAMPLES = {}


def read(ref):
    return SAMPLES[ref.id]


def learnt(samples=GOOD, context=CONTEXT, **settings):
    SAMPLES.update({sample.id: sample for sample in samples})
    refs = [SampleRef(sample.id, "train", "good", {}, read) for sample in samples]
    given = {"compat": "published", "network": MOBILENET, "coreset": CORESET, **settings}
    detector = BTF(build(BTFSettings, given))
    state = drain(detector.learn(refs, context))
    return state, detector.restore(state, context)


@pytest.fixture(scope="module", autouse=True)
def network(tmp_path_factory):
    with random_weights(tmp_path_factory.mktemp("networks"), MOBILENET):
        yield


@pytest.fixture(scope="module")
def full():
    return learnt()


@pytest.fixture(scope="module")
def alone():
    return learnt(network="none")


@pytest.fixture(scope="module")
def pictures():
    return learnt([without(sample, "xyz") for sample in GOOD])


def without(sample, name):
    return replace(sample, id=f"{sample.id} without {name}", **{name: None})


def plain_preparation(sample):
    """Published cloud (200, 200, 3) in metres and picture, by the known table and the known crumb."""
    plane = table(TILT)
    metres = sample.xyz.astype(np.float64) / 1000
    keep = np.abs(metres @ np.array(plane.normal) + plane.offset / 1000) >= 0.005
    padding = ((TOP, SIDE - SIZE[0] - TOP), (LEFT, SIDE - SIZE[1] - LEFT), (0, 0))
    keep[STRAY] = False
    xyz = np.pad(sample.xyz / np.float32(1000) * keep[..., None], padding)
    picture = sample.rgb.copy()
    picture[~keep] = 0
    return xyz, np.pad(picture, padding)


def plain_shape(xyz):
    """(784, 33): open3d with the published radii, zeros where nothing is, two poolings."""
    import open3d
    import torch

    index = np.arange(224) * SIDE // 224
    small = xyz[index[:, None], index].reshape(-1, 3)
    valid = np.flatnonzero((small != 0).all(axis=1))
    points = open3d.geometry.PointCloud(open3d.utility.Vector3dVector(small[valid]))
    search = open3d.geometry.KDTreeSearchParamHybrid
    points.estimate_normals(search(radius=0.1, max_nn=30))
    found = open3d.pipelines.registration.compute_fpfh_feature(
        points, search(radius=0.25, max_nn=100)
    )
    plane = np.zeros((33, 224 * 224), np.float32)
    plane[:, valid] = found.data
    pooled = torch.nn.AvgPool2d(3, 1)(torch.from_numpy(plane.reshape(1, 33, 224, 224)))
    return torch.nn.AdaptiveAvgPool2d(28)(pooled)[0].numpy().reshape(33, 784).T


def plain_colour(picture):
    """(784, C): Pillow's bicubic, two stages of the network, two poolings."""
    import torch

    from inspector_core.features.backbone import open_backbone

    small = np.asarray(Image.fromarray(picture).resize((224, 224), Image.Resampling.BICUBIC))
    batch = torch.from_numpy(np.moveaxis(small, 2, 0)[None] / np.float32(255))
    stages = open_backbone(MOBILENET, (2, 3)).maps(batch)
    assert [one.shape[2] for one in stages] == [28, 14]
    pooled = [torch.nn.AdaptiveAvgPool2d(28)(torch.nn.AvgPool2d(3, 1)(one)) for one in stages]
    return torch.cat(pooled, dim=1)[0].numpy().reshape(-1, 784).T


def plain_patches(sample):
    xyz, picture = plain_preparation(sample)
    colour, shape = plain_colour(picture), plain_shape(xyz)
    return {"rgb": colour, "shape": shape, "joint": np.concatenate([colour, shape], axis=1)}


def plain_coreset(rows, count):
    remaining = np.linalg.norm(rows - rows[0], axis=1)
    chosen = [0]
    while len(chosen) < count:
        chosen.append(int(remaining.argmax()))
        remaining = np.minimum(remaining, np.linalg.norm(rows - rows[chosen[-1]], axis=1))
    return chosen


def plain_map(distance):
    """224 pixels, 256 levels, Pillow's blur; then the square's own size and the padding off."""
    import torch

    cells = torch.from_numpy(distance.astype(np.float32).reshape(1, 1, 28, 28))
    large = torch.nn.functional.interpolate(cells, (224, 224), mode="bilinear")[0, 0].numpy()
    levels = Image.fromarray((large / large.max() * 255).astype(np.uint8))
    blurred = np.asarray(levels.filter(ImageFilter.GaussianBlur(4)), np.float32)
    blurred = torch.from_numpy(blurred / 255 * large.max())[None, None]
    back = torch.nn.functional.interpolate(blurred, (SIDE, SIDE), mode="bilinear")[0, 0].numpy()
    return back[TOP : TOP + SIZE[0], LEFT : LEFT + SIZE[1]]


def plain_score(patches, distance, bank):
    """φ = w s*: the matched row's three nearest, itself among them and left out of the sum."""
    worst = distance.argmax()
    match = np.linalg.norm(bank - patches[worst], axis=1).argmin()
    near = np.argsort(np.linalg.norm(bank - bank[match], axis=1), kind="stable")[1:3]
    scale = np.sqrt(patches.shape[1])
    far = np.linalg.norm(bank[near] - patches[worst], axis=1) / scale
    return distance[worst] * (1 - np.exp(distance[worst] / scale) / np.exp(far).sum())


@pytest.fixture(scope="module")
def plain():
    """(bank, distances, patches) of a dented and stained part per bank, step by step."""
    good = [plain_patches(sample) for sample in GOOD]
    query = plain_patches(plate(9, dent=True, stain=True))
    found = {}
    for name, patches in query.items():
        library = np.concatenate([one[name] for one in good]).astype(np.float64)
        bank = library[plain_coreset(library, int(CORESET * len(library)))]
        distance = np.linalg.norm(patches[:, None] - bank[None], axis=2).min(axis=1)
        found[name] = (bank, distance, patches)
    return found


@pytest.mark.parametrize("name", ["rgb", "shape", "joint"])
def test_that_the_banks_are_those_of_the_steps_written_out(full, plain, name):
    rows, bank = full[0].tensors[f"{name}.rows"], plain[name][0]
    assert rows.shape == bank.shape
    assert len(rows) == int(CORESET * 784 * len(GOOD))
    scale = np.abs(bank).max()
    # convolutions add in another order on another number of threads
    np.testing.assert_allclose(rows, bank, atol=1e-4 * scale)


@pytest.fixture(scope="module")
def judged(full):
    """The part's maps, and those that end at the published score."""
    state, scorer = full
    reweighting = BTF(replace(scorer.settings, reweight=True)).restore(state, CONTEXT)
    part = prepare(plate(9, dent=True, stain=True))
    return scorer.score(part), reweighting.score(part)


MAPS = pytest.mark.parametrize(
    ("bank", "field"), [("rgb", "rgb"), ("shape", "shape"), ("joint", "fused")]
)


@MAPS
def test_that_the_maps_are_those_of_the_steps_written_out(judged, plain, bank, field):
    distance, found = plain[bank][1], judged[0].get(field)
    assert found.shape == SIZE
    np.testing.assert_allclose(found, plain_map(distance), atol=1.01 * distance.max() / 255)


@MAPS
def test_that_reweighted_maps_end_at_the_published_score(judged, plain, bank, field):
    rows, distance, patches = plain[bank]
    published, reweighted = (maps.get(field) for maps in judged)
    assert reweighted.max() == pytest.approx(plain_score(patches, distance, rows), rel=1e-4)
    np.testing.assert_allclose(
        reweighted / reweighted.max(), published / published.max(), atol=1e-5
    )


def golden_rows():
    """Bank and patches of the golden by its own recipe."""

    def uniform(name, shape):
        rng = np.random.Generator(np.random.PCG64([0, zlib.crc32(name.encode())]))
        return (2 * rng.random(shape) - 1).astype(np.float32)

    bank = uniform("btf.bank", (300, 40))
    patches = bank[np.arange(784) % 300] * np.float32(0.97)
    patches = (patches + np.float32(0.05) * uniform("btf.test", (784, 40))).reshape(28, 28, 40)
    patches[10:13, 14:18] += 0.5
    return bank, patches.reshape(784, 40)


def test_that_distances_score_and_map_equal_the_published_ones():
    bank, patches = golden_rows()
    distance, index = nearest(patches, bank, PLAN)
    with np.load(GOLDENS / "btf_score" / "golden.npz") as golden:
        np.testing.assert_allclose(distance, golden["min_dist"], atol=5e-5)
        score = published_score(patches, distance, index, bank, PLAN)
        assert score == pytest.approx(float(golden["score"]), abs=1e-5)
        small = drawn(golden["min_dist"].reshape(28, 28), (224, 224), 4.0, "btf")
        np.testing.assert_array_equal(small, golden["map_published"])


def test_that_a_bank_of_two_rows_weighs_nothing():
    bank, patches = golden_rows()
    distance, index = nearest(patches, bank[:2], PLAN)
    assert published_score(patches, distance, index, bank[:2], PLAN) == distance.max()


class Watching:
    """A network that keeps what it is shown."""

    def __init__(self):
        self.shown = None

    def on(self, _device):
        return self

    def maps(self, batch):
        import torch

        self.shown = batch[0]
        return [torch.zeros(1, 4, 28, 28), torch.zeros(1, 4, 14, 14)]


def test_that_cloud_and_picture_are_prepared_as_the_golden(monkeypatch):
    with np.load(GOLDENS / "mm_preprocess" / "golden.npz") as arrays:
        golden = dict(arrays)
    missing = ~golden["xyz"].any(axis=2, keepdims=True)
    xyz = np.where(missing, np.nan, 1000 * golden["xyz"]).astype(np.float32)
    sample = Sample("golden", rgb=golden["rgb"], xyz=xyz)
    watching, described = Watching(), []

    def keep(points, _neighbours):
        described.append(points)
        return np.zeros((len(points), 33), np.float32)

    monkeypatch.setattr(btf_published_sight.fpfh, "published_fpfh", keep)
    seen = PublishedSight(watching, True, "grid", 100, CONTEXT).see(prepare(sample))
    assert seen.square.offset == tuple(golden["padded_offset"])
    assert seen.square.side == 200
    points = golden["resized"].reshape(3, -1)[:, golden["valid_index"]].T
    np.testing.assert_allclose(described[0], points, rtol=3e-7)
    np.testing.assert_array_equal(
        np.rint(255 * watching.shown).transpose(1, 2, 0), golden["rgb_m3dm_224"]
    )


def test_that_fpfh_alone_needs_no_weights_and_finds_a_dent(alone, tmp_path, monkeypatch):
    monkeypatch.setenv("RELIEF_WEIGHTS", str(tmp_path / "empty"))
    state, scorer = learnt(network="none")
    assert {name.partition(".")[0] for name in state.tensors} == {"shape"}
    maps = scorer.score(prepare(plate(11, dent=True)))
    assert maps.rgb is None
    assert maps.fused is None
    row, column = np.unravel_index(maps.shape[PART].argmax(), maps.shape[PART].shape)
    assert max(abs(row + 30 - 40), abs(column + 35 - 48)) <= 6
    assert maps.shape.tobytes() == alone[1].score(prepare(plate(11, dent=True))).shape.tobytes()


def test_that_without_a_wide_resnet_the_sentence_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("RELIEF_WEIGHTS", str(tmp_path / "empty"))
    with pytest.raises(WeightsError, match="no Wide ResNet-50 is on this machine") as caught:
        learnt(network="auto")
    assert "wide_resnet50_2.racm_in1k" in caught.value.cure
    assert "network=none" in caught.value.cure
    with pytest.raises(WeightsError, match="not on this machine"):
        learnt(network="wide_resnet50_2.tv_in1k")


def test_that_a_network_that_sees_no_pictures_is_refused():
    with pytest.raises(WeightsError, match="no network that looks at pictures"):
        learnt(network="point_mae.pretrain")


def test_that_a_network_without_the_published_form_is_refused():
    with pytest.raises(SettingError, match="goes with the published form alone"):
        BTF(build(BTFSettings, {"network": "none"}))


def test_that_a_missing_picture_leaves_shape_and_says_so(full, alone):
    part = prepare(without(plate(12, dent=True), "rgb"))
    maps = full[1].score(part)
    assert maps.rgb is None
    assert maps.fused is None
    assert maps.notes == ("No picture: judged by shape alone.",)
    assert maps.shape.tobytes() == alone[1].score(part).shape.tobytes()
    assert full[1].explain(part, (50, 40)).nearest_id in {sample.id for sample in GOOD}


def test_that_a_missing_cloud_is_refused_because_the_table_would_stay(full):
    with pytest.raises(InputError, match="the cloud is missing, and the published prep") as caught:
        full[1].score(prepare(without(plate(12), "xyz")))
    assert "compat=project" in caught.value.cure


def test_that_pictures_alone_are_judged_as_they_are(pictures):
    state, scorer = pictures
    assert {name.partition(".")[0] for name in state.tensors} == {"rgb"}
    stained, plain = (
        scorer.score(prepare(without(plate(13, stain=stain), "xyz"))) for stain in (True, False)
    )
    assert stained.shape is None
    assert stained.rgb[53, 58] > plain.rgb[53, 58]
    with pytest.raises(InputError, match="the picture is missing"):
        scorer.score(prepare(without(plate(13), "rgb")))


def test_that_pictures_alone_and_no_network_leave_nothing_to_judge_by():
    with pytest.raises(InputError, match="there is no cloud, and network=none"):
        learnt([without(sample, "xyz") for sample in GOOD], network="none")


def test_that_good_parts_with_and_without_a_cloud_do_not_go_together():
    with pytest.raises(InputError, match="only some of the good parts have a cloud"):
        learnt([GOOD[0], without(GOOD[1], "xyz")])


def test_that_a_picture_that_one_good_part_lacks_is_left_out():
    state, _ = learnt([GOOD[0], without(GOOD[1], "rgb")])
    assert {name.partition(".")[0] for name in state.tensors} == {"shape"}
    assert state.facts["network"] == ""


def lone(heights, name):
    return Sample(name, xyz=cloud(heights, tilt_deg=TILT))


def test_that_a_part_of_which_nothing_is_left_is_refused(alone):
    flat = np.zeros(SIZE)
    flat[PART] = 3.0
    with pytest.raises(InputError, match="flat: the published preparation leaves 0 points"):
        alone[1].score(prepare(lone(flat, "flat")))


def test_that_an_empty_cloud_is_refused(alone):
    part = prepare(GOOD[0])
    nothing = np.full((*SIZE, 3), np.nan, np.float32)
    empty = replace(part, sample=replace(part.sample, xyz=nothing), valid=np.zeros(SIZE, bool))
    with pytest.raises(InputError, match="the cloud is 0 mm across"):
        alone[1].score(empty)


def test_that_fewer_points_than_neighbours_are_judged(alone):
    pin = np.zeros(SIZE)
    pin[40:43, 50:53] = 8.0
    maps = alone[1].score(prepare(lone(pin, "pin")))
    assert np.isfinite(maps.shape).all()
    assert maps.shape.max() > 0


@pytest.mark.parametrize(("factor", "said"), [(0.001, "0.07"), (1000, "7")])
def test_that_a_cloud_in_another_unit_is_refused(alone, factor, said):
    sample = plate(14)
    other = replace(sample, id="other", xyz=(sample.xyz * factor).astype(np.float32))
    with pytest.raises(InputError, match=f"other: the cloud is {said}.* mm across") as caught:
        alone[1].score(prepare(other))
    assert "unit=m" in caught.value.cure


def test_that_a_cloud_without_unit_or_table_is_judged_with_a_note(alone):
    sample = replace(plate(15), unit="nominal mm")
    assert "nominal millimetres" in alone[1].score(prepare(sample)).notes[0]
    rubble = np.random.default_rng(1).uniform(0, 200, SIZE)
    bare = alone[1].score(prepare(lone(rubble, "bare")))
    assert bare.notes[0].startswith("No table found")


def test_that_maps_cover_the_whole_picture(judged):
    for maps in judged:
        for values in maps.arrays().values():
            assert np.isfinite(values).all()
            assert values.min() >= 0


def test_that_a_recipe_on_disk_restores_to_the_byte(alone, tmp_path):
    state, scorer = alone
    calibration = Calibration({"shape": 1.0}, ("a",), (1.0,), Thresholds(1.0, 1.5))
    recipe = Recipe("r", "btf", {}, {}, state, calibration, {}, ("a",))
    again = BTF(scorer.settings).restore(
        open_recipe(save(recipe, tmp_path / "r").path).state, CONTEXT
    )
    part = prepare(plate(16, dent=True))
    assert again.score(part).shape.tobytes() == scorer.score(part).shape.tobytes()


def test_that_sixteen_bits_and_gain_change_nothing_of_a_picture(pictures):
    sample = without(plate(17), "xyz")
    deep = replace(sample, rgb=sample.rgb.astype(np.uint16) * 257)
    parts = (prepare(sample), prepare(deep), replace(prepare(sample), gain=2.0))
    assert len({pictures[1].score(part).rgb.tobytes() for part in parts}) == 1


def test_that_the_nearest_good_part_is_its_own(alone):
    part = prepare(GOOD[1])
    told = [alone[1].explain(part, (x, 48)).nearest_id for x in range(38, 72, 4)]
    assert told.count(GOOD[1].id) > len(told) / 2


def test_that_progress_only_grows():
    SAMPLES.update({sample.id: sample for sample in GOOD})
    refs = [SampleRef(sample.id, "train", "good", {}, read) for sample in GOOD]
    detector = BTF(build(BTFSettings, {"compat": "published", "network": "none"}))
    shares = [step.share for step in detector.learn(refs, CONTEXT)]
    assert shares == sorted(shares)
    assert shares[0] == 0


def test_that_the_memory_estimate_grows_with_parts_and_falls_without_colour():
    def cost(n_parts, **settings):
        detector = BTF(build(BTFSettings, {"compat": "published", **settings}))
        return detector.cost(n_parts, (800, 800)).fixed_bytes

    assert cost(20) > cost(4) > cost(4, network="none")
