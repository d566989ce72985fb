"""Remembered views: the same again, in half the room, gone when they no longer fit."""

from __future__ import annotations

import numpy as np
import torch

from inspector_core.features.residuals import residual_map, unit_rows
from inspector_core.pretrain.remembered import Remembered

RNG = np.random.default_rng(0)


def patches(channels=8):
    return RNG.normal(size=(3, 5, channels)).astype(np.float32)


def test_that_views_return_in_the_order_asked_for(tmp_path):
    kept = Remembered(tmp_path / "views", "towers")
    given = {name: (patches(), RNG.normal(size=4).astype(np.float32)) for name in "abc"}
    for name, (rows, image) in given.items():
        kept.keep(name, rows, image)
    found = kept.views(["c", "a", "c"])
    assert found.patches.shape == (3, 3, 5, 8)
    for at, name in enumerate("cac"):
        np.testing.assert_allclose(found.patches[:, at].numpy(), given[name][0], rtol=1e-3)
        assert found.images[at].numpy().tolist() == given[name][1].tolist()


def test_that_half_precision_changes_a_residual_by_less_than_a_millionth(tmp_path):
    kept = Remembered(tmp_path / "views", "towers")
    rows, bank = patches(896), [unit_rows(torch.from_numpy(one)) for one in patches(896)]
    kept.keep("a", rows, np.zeros(4, np.float32))
    exact = residual_map([torch.from_numpy(one) for one in rows], bank)
    stored = residual_map(list(kept.views(["a"]).patches[:, 0]), bank)
    assert (stored - exact).abs().max() < 1e-5
    assert (stored - exact).abs().mean() < 5e-6


def test_that_views_of_other_towers_are_forgotten_and_own_ones_found_again(tmp_path):
    kept = Remembered(tmp_path / "views", "towers")
    kept.keep("a", patches(), np.zeros(4, np.float32))
    assert "a" in Remembered(tmp_path / "views", "towers")
    assert "b" not in Remembered(tmp_path / "views", "towers")
    assert "a" not in Remembered(tmp_path / "views", "other towers")


def test_that_words_are_kept_by_class_however_it_is_called(tmp_path):
    kept = Remembered(tmp_path / "views", "towers")
    directions = RNG.normal(size=(2, 4)).astype(np.float32)
    kept.keep_words("Türgriff/links", directions)
    assert kept.words("Türgriff/links").numpy().tolist() == directions.tolist()
    assert kept.words("Türgriff links") is None
    kept.forget()
    assert not (tmp_path / "views").exists()
