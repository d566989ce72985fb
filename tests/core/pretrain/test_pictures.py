"""Generated pictures: the same for the same seed, varied, and as a camera would give them."""

from __future__ import annotations

import pytest
import torch

from inspector_core.pretrain.pictures import FAMILIES, HELD_OUT, drawn, family_of
from inspector_core.pretrain.pictures.cameras import photographed
from inspector_core.pretrain.pictures.chance import Chance
from inspector_core.pretrain.pictures.fields import blurred, lit, noise

SIDE = 48


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def test_that_a_seed_gives_the_same_pictures_again_and_another_one_others():
    first, again, other = (drawn(seeded(seed), 40, SIDE) for seed in (3, 3, 4))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_that_pictures_have_the_256_levels_of_a_camera():
    pictures = drawn(seeded(), 40, SIDE)
    assert pictures.shape == (40, 3, SIDE, SIDE)
    assert pictures.min() >= 0
    assert pictures.max() <= 1
    levels = pictures * 255
    assert torch.allclose(levels, levels.round(), atol=1e-4)


@pytest.mark.parametrize("name", [*FAMILIES, *HELD_OUT])
def test_that_pictures_of_a_family_differ_and_show_something(name):
    pictures = family_of(name, seeded(), 16, SIDE)
    assert torch.isfinite(pictures).all()
    within = pictures.std(dim=(1, 2, 3))
    assert (within > 0.01).float().mean() > 0.7
    assert pictures.mean(dim=(1, 2, 3)).std() > 0.02


def test_that_held_out_families_are_trained_on_nowhere():
    assert not set(HELD_OUT) & set(FAMILIES)
    shown = {id(family) for family, _ in FAMILIES.values()}
    assert not shown & {id(family) for family in HELD_OUT.values()}


def test_that_noise_of_a_higher_slope_is_softer_and_drawn_out_noise_has_a_direction():
    chance = Chance(seeded(), 32, SIDE)
    rough = noise(chance, 1, torch.full((32,), 0.0))
    soft = noise(chance, 1, torch.full((32,), 2.0))

    def step(field):
        return (field[..., 1:] - field[..., :-1]).abs().mean()

    assert step(soft) < 0.4 * step(rough)
    straight = noise(chance, 1, torch.full((32,), 1.0), torch.full((32,), 20.0))[:, 0]
    across = (straight[:, :, 1:] - straight[:, :, :-1]).abs().mean(dim=(1, 2))
    down = (straight[:, 1:] - straight[:, :-1]).abs().mean(dim=(1, 2))
    uneven = torch.maximum(across / down, down / across)
    assert uneven.median() > 1.5


def test_that_each_picture_is_blurred_by_its_own_sigma():
    dot = torch.zeros(2, 1, 33, 33)
    dot[:, :, 16, 16] = 1
    spread = blurred(dot, torch.tensor([0.01, 2.0]))
    assert spread[0, 0, 16, 16] == pytest.approx(1.0, abs=1e-4)
    assert spread[1, 0, 16, 16] == pytest.approx(1 / (2 * 3.14159 * 4), rel=0.05)
    assert spread.sum(dim=(1, 2, 3)).tolist() == pytest.approx([1.0, 1.0], abs=1e-4)


def test_that_a_flat_surface_is_lit_evenly_and_a_step_is_not():
    albedo = torch.full((8, 3, SIDE, SIDE), 0.5)
    flat = lit(Chance(seeded(), 8, SIDE), torch.zeros(8, SIDE, SIDE), albedo)
    assert flat.std(dim=(2, 3)).max() < 1e-4
    height = torch.zeros(8, SIDE, SIDE)
    height[:, 12:36, 12:36] = 6.0
    stepped = lit(Chance(seeded(), 8, SIDE), height, albedo)
    assert stepped.std(dim=(2, 3)).min() > 0.01


def test_that_a_camera_keeps_what_the_scene_shows():
    scene = torch.zeros(64, 3, SIDE, SIDE)
    scene[..., SIDE // 2 :] = 0.8
    taken = photographed(Chance(seeded(), 64, SIDE), scene)
    left, right = taken[..., :16].mean(dim=(1, 2, 3)), taken[..., -16:].mean(dim=(1, 2, 3))
    assert (right > left).float().mean() > 0.9
