"""A cloud to tokens: the published numbers, settings that do not fit together, published files."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from inspector_core.errors import InputError, SettingError, WeightsError
from inspector_core.features import weights
from inspector_core.features.point_embedding import TokenEmbedding
from inspector_core.features.point_transformer import (
    PointSettings,
    PointTransformer,
    open_point_transformer,
    unit_sphere,
)
from inspector_core.features.weights.catalogue import expected
from inspector_core.geometry.farthest_points import farthest_points
from inspector_core.geometry.point_groups import group_points, local_coordinates
from tests.core.features.point_network import NETWORK, golden, parameter, state

SMALL = {"groups": 12, "group_size": 8}


@pytest.fixture(scope="module")
def full():
    """The only network of full size here."""
    return state()


@pytest.fixture(scope="module")
def case():
    return golden("mm_point_transformer")


@pytest.fixture(scope="module")
def cloud():
    return golden("mm_fps_group")["cloud"][:600]


@pytest.fixture(scope="module")
def narrow():
    return state(width=24, depth=12)


def small(narrow, **settings):
    return PointTransformer(narrow, PointSettings(**SMALL, **settings), heads=3)


def test_that_features_are_the_published_numbers(full, case, cloud):
    network = PointTransformer(full, PointSettings(groups=48, group_size=16))
    found = network.tokens(cloud)
    assert (found.centre_index == case["center_index"]).all()
    assert (found.centres == cloud[case["center_index"]]).all()
    np.testing.assert_allclose(found.tokens, case["cloud_stats"], atol=2e-4)
    assert found.tokens.shape == (48, network.channels)
    millimetres = network.tokens(cloud * np.float32(1000))
    np.testing.assert_allclose(millimetres.tokens[:4], case["cloud_stats_mm"], atol=1e-3)


@pytest.mark.parametrize("batch_norm", ["cloud", "running"])
def test_that_embeddings_are_the_published_numbers(full, case, cloud, batch_norm):
    centres = cloud[farthest_points(cloud, 48)]
    local = local_coordinates(cloud, centres, group_points(cloud, centres, 16))
    found = TokenEmbedding(full, batch_norm)(torch.from_numpy(local))
    np.testing.assert_allclose(found, case[f"tokens_{batch_norm}"], atol=2e-5)


def test_that_branches_are_left_out_in_the_published_order_of_draws(full, case, cloud):
    settings = PointSettings(groups=48, group_size=16, drop_path="published")
    found = PointTransformer(full, settings).tokens(cloud, torch.Generator().manual_seed(3))
    np.testing.assert_allclose(found.tokens, case["published_seed"], atol=2e-4)


def published_file(path, full):
    """A checkpoint as Point-MAE's training saves it: decoder, optimiser and figures beside the encoder."""
    shapes = {
        "mask_token": (1, 1, 384),
        "decoder_pos_embed.0.weight": (128, 3),
        "MAE_decoder.blocks.0.norm1.weight": (384,),
        "MAE_decoder.norm.bias": (384,),
        "increase_dim.0.weight": (96, 384, 1),
    }
    beside = {f"module.{name}": parameter(name, shape) for name, shape in shapes.items()}
    inside = {f"module.MAE_encoder.{name}": value for name, value in full.items()}
    optimiser = {
        "state": {0: {"step": 3, "exp_avg": torch.zeros(4)}},
        "param_groups": [{"lr": 1e-3}],
    }
    content = {"base_model": {**inside, **beside}, "optimizer": optimiser, "epoch": 300}
    torch.save({**content, "metrics": {"acc": 0.0}, "best_metrics": {"acc": 0.0}}, path)
    return path


def test_that_a_published_checkpoint_gives_the_network(full, case, cloud, tmp_path, monkeypatch):
    monkeypatch.setenv("RELIEF_WEIGHTS", str(tmp_path / "weights"))
    settings = PointSettings(groups=48, group_size=16)
    with pytest.raises(WeightsError, match="not on this machine"):
        open_point_transformer(settings)
    weights.add(published_file(tmp_path / "mine.pth", full), NETWORK)
    found = open_point_transformer(settings).tokens(cloud)
    np.testing.assert_allclose(found.tokens, case["cloud_stats"], atol=2e-4)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda found: found.pop("norm.weight"), "lacks norm.weight"),
        (lambda found: found.update({"cls_token": torch.zeros(1)}), "has besides cls_token"),
        (lambda found: found.update({"norm.bias": torch.zeros(3)}), "another size of norm.bias"),
    ],
)
def test_that_another_networks_file_is_refused(tmp_path, monkeypatch, change, problem):
    monkeypatch.setenv("RELIEF_WEIGHTS", str(tmp_path / "weights"))
    # one stored number for each tensor: small files
    found = {name: torch.zeros(()).expand(shape) for name, shape in expected(NETWORK).items()}
    change(found)
    torch.save({"base_model": found}, tmp_path / "other.pth")
    with pytest.raises(WeightsError, match=problem):
        weights.add(tmp_path / "other.pth", NETWORK)
    assert weights.find(NETWORK) is None


def test_that_one_cloud_gives_the_same_bytes_again(narrow, cloud):
    network = small(narrow)
    first, again = network.tokens(cloud), network.tokens(cloud)
    assert first.tokens.tobytes() == again.tokens.tobytes()


def test_that_the_cloud_is_left_as_it_was(narrow, cloud):
    before = cloud.copy()
    small(narrow, units="unit_sphere").tokens(cloud)
    assert (cloud == before).all()


@pytest.mark.parametrize(
    ("blocks", "fetched"),
    [(12, (3, 7, 11)), (8, (1, 4, 7)), (4, (1, 2, 3)), (1, (0,)), (6, (5,))],
)
def test_that_pruned_networks_fetch_the_published_blocks(narrow, cloud, blocks, fetched):
    network = small(narrow, blocks=blocks)
    assert network.settings.fetched == fetched
    assert network.tokens(cloud).tokens.shape == (12, 24 * len(fetched)) == (12, network.channels)


def test_that_a_pruned_network_is_the_beginning_of_the_whole(narrow, cloud):
    whole = small(narrow).tokens(cloud).tokens
    beginning = small(narrow, blocks=4).tokens(cloud).tokens
    # block 3 is the first that the whole fetches and the last that four blocks do
    np.testing.assert_allclose(beginning[:, 48:], whole[:, :24], atol=1e-6)


def test_that_stored_statistics_need_the_unit_sphere(narrow, cloud):
    with pytest.raises(SettingError, match="metres") as caught:
        PointSettings(batch_norm="running")
    assert "unit_sphere" in caught.value.cure
    found = small(narrow, batch_norm="running", units="unit_sphere").tokens(cloud)
    assert np.isfinite(found.tokens).all()


@pytest.mark.parametrize("blocks", [0, 13])
def test_that_impossible_numbers_of_blocks_are_refused(blocks):
    with pytest.raises(SettingError, match=f"not {blocks}"):
        PointSettings(blocks=blocks)


def test_that_the_unit_sphere_forgets_place_and_unit(narrow, cloud):
    moved = cloud.astype(np.float64) * 1000 + [100, 0, -50]
    network = small(narrow, units="unit_sphere", batch_norm="running")
    found, other = network.tokens(cloud), network.tokens(moved)
    np.testing.assert_allclose(found.tokens, other.tokens, atol=1e-3)
    np.testing.assert_allclose(other.centres, moved[other.centre_index], rtol=1e-6)
    assert np.abs(np.linalg.norm(unit_sphere(cloud), axis=1).max() - 1) < 1e-6


def test_that_metres_and_millimetres_are_told_apart(narrow, cloud):
    network = small(narrow)
    apart = network.tokens(cloud).tokens - network.tokens(cloud * np.float32(1000)).tokens
    assert np.abs(apart).max() > 0.1


def test_that_few_points_make_smaller_groups_with_a_note(narrow, cloud):
    found = small(narrow).tokens(cloud[:5])
    assert found.tokens.shape == (12, 72)
    assert np.isfinite(found.tokens).all()
    assert found.notes == ("groups of 5 points: the cloud has no more",)
    assert small(narrow).tokens(cloud[:8]).notes == ()


@pytest.mark.parametrize("count", [0, 2])
def test_that_a_cloud_without_a_surface_is_refused(narrow, cloud, count):
    with pytest.raises(InputError) as caught:
        small(narrow).tokens(cloud[:count])
    assert caught.value.cure


def test_that_chance_needs_a_generator_and_nothing_else_takes_one(narrow, cloud):
    with pytest.raises(ValueError, match="generator"):
        small(narrow, drop_path="published").tokens(cloud)
    with pytest.raises(ValueError, match="generator"):
        small(narrow).tokens(cloud, torch.Generator())


def test_that_published_sampling_leaves_out_points_near_the_origin(narrow, cloud):
    near = cloud - cloud[300]
    published = small(narrow, sampling="published").tokens(near).centre_index[1:]
    plain = small(narrow).tokens(near).centre_index
    assert (np.square(near[published]).sum(axis=1) > 1e-3).all()
    assert plain[0] == 0
