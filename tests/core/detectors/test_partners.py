"""The contrastive loss in both directions against the plain form that autograd differentiates."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from inspector_core.detectors.crossmodal import partners
from inspector_core.detectors.crossmodal.partners import told_apart


def features(count, scale):
    generator = torch.Generator().manual_seed(count)
    return [scale * torch.randn(count, 9, generator=generator).requires_grad_() for _ in range(2)]


@pytest.mark.parametrize("held", [1 << 19, 100, 1])
@pytest.mark.parametrize("scale", [0.1, 1.0, 20.0])
@pytest.mark.parametrize("shares", [(1.0, 1.0), (2.0, 0.0), (0.0, 2.0)])
def test_that_loss_and_slopes_are_those_of_the_plain_form(monkeypatch, held, scale, shares):
    monkeypatch.setattr(partners, "_BLOCK", held)
    rows, columns = features(37, scale)
    found = told_apart(rows, columns, shares)
    logits, partner = rows @ columns.T, torch.arange(37)
    plain = shares[0] * cross_entropy(logits, partner) + shares[1] * cross_entropy(
        logits.T, partner
    )
    assert found.item() == pytest.approx(plain.item(), rel=1e-5)
    ours, theirs = (torch.autograd.grad(loss, (rows, columns)) for loss in (3 * found, 3 * plain))
    for mine, wanted in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(mine, wanted, atol=2e-5 * float(wanted.abs().max()))


def test_that_a_pair_alone_costs_nothing():
    rows, columns = features(1, 1.0)
    assert told_apart(rows, columns).item() == pytest.approx(0, abs=1e-6)
