"""M3DM's fusion block: the published code's own numbers, its pairing, its training, its checkpoint."""

from __future__ import annotations

import argparse

import numpy as np
import pytest
import torch

from inspector_core.detectors.crossmodal.patch_training import (
    Descent,
    PatchPair,
    contrast,
    part_draws,
    patch_draw,
    rate_at,
)
from inspector_core.detectors.m3dm.fusion import (
    FusionChoices,
    branches,
    fused_features,
    fusion_loss,
    layout,
    published_partners,
    published_weights,
    train_fusion,
)
from inspector_core.errors import WeightsError
from inspector_core.features import weights as registry
from inspector_core.features.weights.catalogue import expected
from inspector_core.progress import drain
from tests.core.detectors.seeded import golden, pairs, param, uniform

WIDTHS = (36, 24)


@pytest.fixture(scope="module")
def want():
    return golden("m3dm_uff")


def block():
    return {name: param(name, shape) for name, shape in layout(*WIDTHS).items()}


def given():
    shape = uniform("uff.xyz", (2, 40, 36))
    shape[0, 5:9] = 0
    shape[1, 30:] = 0
    return shape.reshape(80, 36), uniform("uff.rgb", (2, 40, 24)).reshape(80, 24)


def seen_patches():
    """The patches that the published rule takes for measured ones."""
    shape, rgb = given()
    there = (shape != 0).all(axis=1)
    return torch.from_numpy(shape[there]), torch.from_numpy(rgb[there])


def test_that_the_fused_features_are_the_published_ones(want):
    found = fused_features(block(), *given())
    np.testing.assert_allclose(found, want["fused"].reshape(80, 60), atol=2e-5)


def test_that_loss_and_gradients_are_the_published_ones(want):
    shape, rgb = seen_patches()
    assert len(shape) == want["rows_used"]
    weights = block()
    for value in weights.values():
        value.requires_grad_(True)
    loss = fusion_loss(weights, shape, rgb)
    assert loss.item() == pytest.approx(float(want["loss"]), abs=1e-5)
    loss.backward()
    norms = [float(weights[name].grad.norm()) for name in want["grad_names"]]
    np.testing.assert_allclose(norms, want["grad_norms"], rtol=1e-4)


def test_that_three_steps_go_down_the_published_losses(want):
    shape, rgb = seen_patches()
    weights = block()
    descent = Descent(weights, 0.003)
    losses = [descent.moved(fusion_loss(weights, shape, rgb), 0.003) for _ in range(3)]
    losses.append(float(fusion_loss(weights, shape, rgb)))
    np.testing.assert_allclose(losses, want["losses"], atol=2e-5)


def test_that_the_published_order_pairs_unrelated_patches():
    patch = np.arange(56 * 56)
    true = (patch // 56 // 2) * 28 + (patch % 56) // 2
    wrong = published_partners(56)
    assert np.bincount(wrong).tolist() == [4] * 784, "every colour patch has four partners"
    assert (wrong == true).mean() == pytest.approx(0.002551020408163265)
    away = np.hypot(wrong // 28 - true // 28, wrong % 28 - true % 28)
    assert away.mean() == pytest.approx(13.899649045955018)


def test_that_the_loss_is_least_for_the_true_partners():
    keys = torch.eye(8)
    right = contrast(keys, keys, 0.1)
    for turn in range(1, 8):
        assert contrast(keys.roll(turn, 0), keys, 0.1) > right + 1


def test_that_training_learns_to_tell_partners_of_parts_it_never_saw():
    parts = pairs(7)
    choices = FusionChoices(steps=120, parts=4, patches=200, seed=3)
    trained = drain(train_fusion(parts[:6], choices))
    shape, rgb = torch.from_numpy(parts[6].shape), torch.from_numpy(parts[6].rgb)
    untrained = drain(train_fusion(parts[:6], FusionChoices(steps=0)))
    before = float(fusion_loss(untrained.weights, shape, rgb))
    after = float(fusion_loss(trained.weights, shape, rgb))
    mixed = float(fusion_loss(trained.weights, shape, rgb.roll(1, 0)))
    assert after < before - 0.5
    assert mixed > after + 1


def test_that_wrongly_paired_patches_teach_nothing_about_the_right_ones():
    parts = pairs(6)
    rng = np.random.default_rng(0)
    mixed = [PatchPair(part.rgb[rng.permutation(len(part))], part.shape) for part in parts]
    choices = FusionChoices(steps=60, parts=4, patches=200)
    right, wrong = (drain(train_fusion(some, choices)) for some in (parts, mixed))
    (probe,) = pairs(1, seed=0)
    shape, rgb = torch.from_numpy(probe.shape), torch.from_numpy(probe.rgb)
    assert fusion_loss(right.weights, shape, rgb) < fusion_loss(wrong.weights, shape, rgb) - 0.5


def test_that_the_same_seed_trains_the_same_weights_and_another_does_not():
    parts = pairs(3, 40)
    first, again, other = (
        drain(train_fusion(parts, FusionChoices(steps=4, parts=2, patches=32, seed=seed)))
        for seed in (1, 1, 2)
    )
    assert first.losses == again.losses
    assert all(torch.equal(first.weights[name], again.weights[name]) for name in first.weights)
    assert first.losses != other.losses
    assert not any(value.requires_grad for value in first.weights.values())


def test_that_fusing_in_portions_changes_nothing(monkeypatch):
    from inspector_core.detectors.m3dm import fusion as m3dm_fusion

    shape, rgb = given()
    whole = fused_features(block(), shape, rgb)
    monkeypatch.setattr(m3dm_fusion, "_BLOCK_ROWS", 7)
    np.testing.assert_allclose(fused_features(block(), shape, rgb), whole, atol=1e-6)


def test_that_each_side_of_the_fused_feature_depends_on_its_own_modality():
    shape, rgb = (torch.from_numpy(rows) for rows in given())
    plain = branches(block(), shape, rgb)
    changed = branches(block(), shape, rgb + 1)
    assert torch.equal(plain[0], changed[0])
    assert not torch.equal(plain[1], branches(block(), shape, rgb.flip(1))[1])


def test_that_a_part_comes_once_before_any_comes_again():
    draws = part_draws(5, 2, seed=0)
    seen = [number for _ in range(5) for number in next(draws)]
    assert np.bincount(seen).tolist() == [2] * 5
    assert sorted(next(part_draws(3, 16, seed=0))) == [0, 1, 2]


def test_that_a_step_sees_each_patch_at_most_once():
    rng = np.random.default_rng(0)
    some = patch_draw(50, 20, rng)
    assert len(set(some.tolist())) == 20
    assert patch_draw(10, 20, rng).tolist() == list(range(10))


def test_that_the_rate_rises_then_falls_to_nothing():
    rates = [rate_at(step, 30, 10, 0.003) for step in range(31)]
    assert rates[9] == rates[10] == 0.003
    assert (np.diff(rates[:10]) > 0).all()
    assert (np.diff(rates[10:]) < 0).all()
    assert rates[30] == pytest.approx(0)


def test_that_a_pair_needs_both_modalities_of_the_same_patches():
    with pytest.raises(ValueError, match="same N"):
        PatchPair(np.zeros((3, 2)), np.zeros((4, 2)))


def test_that_the_layout_is_the_published_one():
    assert layout(1152, 768) == dict(expected("m3dm.fusion"))


@pytest.fixture
def weights_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("RELIEF_WEIGHTS", str(tmp_path / "weights"))
    return tmp_path


def checkpoint(folder, tensors):
    """A file as the published training script writes it."""
    content = {
        "model": tensors,
        "optimizer": {"state": {}, "param_groups": []},
        "epoch": 2,
        "scaler": {"scale": 65536.0},
        "args": argparse.Namespace(lr=0.003, output_dir="checkpoints"),
    }
    torch.save(content, folder / "fusion.pth")
    return folder / "fusion.pth"


def test_that_a_published_checkpoint_is_accepted_and_fuses(weights_folder):
    tensors = {name: torch.full(shape, 0.001) for name, shape in layout(1152, 768).items()}
    registry.add(checkpoint(weights_folder, tensors), "m3dm.fusion")
    found = published_weights(1152, 768)
    assert all(torch.equal(found[name], tensors[name]) for name in tensors)
    fused = fused_features(found, np.ones((2, 1152), np.float32), np.ones((2, 768), np.float32))
    assert fused.shape == (2, 1920)
    with pytest.raises(WeightsError, match="1152 and 768 channels"):
        published_weights(36, 24)


def test_that_a_wrong_file_is_refused(weights_folder):
    with pytest.raises(WeightsError, match=r"fusion\.pth is not m3dm\.fusion: it has another size"):
        registry.add(checkpoint(weights_folder, block()), "m3dm.fusion")
    other = {"rgb_norm.weight": torch.ones(768)}
    with pytest.raises(WeightsError, match="lacks xyz_norm"):
        registry.add(checkpoint(weights_folder, other), "m3dm.fusion")
    with pytest.raises(WeightsError, match="not on this machine"):
        published_weights(1152, 768)
