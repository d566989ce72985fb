"""BTF's published chain against its steps written out plainly."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageFilter

from inspector_core.detectors.btf.detector import BTF
from inspector_core.geometry.prepare import prepare
from tests.core.detectors.btf_published.plates import (
    CONTEXT,
    CORESET,
    GOOD,
    SIZE,
    STRAY,
    TILT,
    plate,
)
from tests.core.detectors.random_weights import MOBILENET
from tests.core.geometry.scenes import table

SIDE, TOP, LEFT = 200, 52, 45


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


def test_that_maps_cover_the_whole_picture(judged):
    for maps in judged:
        for values in maps.arrays().values():
            assert np.isfinite(values).all()
            assert values.min() >= 0
