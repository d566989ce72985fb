"""Losses of InCTRL's training: the published figures, and what the second sigmoid does."""

from __future__ import annotations

import pytest
import torch

from inspector_core.pretrain.losses import LOSSES, loss_of
from tests.core.features.inctrl_golden import CASES, TOLERANCE, Case

FIGURES = {
    "cross-entropy": ("loss_correct_bce", "{}"),
    "focal": ("loss_correct_focal_on_probabilities", "{}"),
    "published": ("loss_published_focal_logits_on_probabilities", "published_{}"),
}


@pytest.mark.parametrize("kind", LOSSES)
@pytest.mark.parametrize(("name", "mode"), CASES)
def test_that_losses_are_those_of_the_published_scores(name, mode, kind):
    case = Case(name, mode)
    figure, scores = FIGURES[kind]
    found = sum(
        loss_of(kind, case.expected(scores.format(score)), case.labels).item()
        for score in ("final", "image_residual_score")
    )
    assert found == pytest.approx(case.figure(figure), abs=TOLERANCE)


@pytest.mark.parametrize(
    ("score", "label", "loss"),
    [(0.0, 0, 0.1733), (0.5, 0, 0.377), (1.0, 0, 0.702), (1.0, 1, 0.0227), (0.0, 1, 0.1733)],
)
def test_that_the_published_loss_is_never_near_nought(score, label, loss):
    found = loss_of("published", torch.tensor([score]), torch.tensor([float(label)]))
    assert found.item() == pytest.approx(loss, abs=5e-4)


@pytest.mark.parametrize("kind", ["cross-entropy", "focal"])
def test_that_the_corrected_losses_reach_nought_and_a_sure_mistake_costs_more(kind):
    label = torch.tensor([1.0])
    right, unsure, wrong = (
        loss_of(kind, torch.tensor([score]), label).item() for score in (1.0, 0.5, 0.01)
    )
    assert right == 0
    assert right < unsure < wrong
