"""The text prior: the published texts in their order, and a score that words decide."""

from __future__ import annotations

import pytest
import torch

from inspector_core.features.text_prior import mean_direction, text_score, texts
from tests.core.features.inctrl_golden import CASES, TOLERANCE, Case, arrays, document


def test_that_the_texts_are_the_published_ones_in_their_order():
    facts, counts = document()["prompt_facts"], document()["prompt_counts"]
    expected = {
        kind: tuple(
            template.format(state.format("cable gland"))
            for state in facts["state_words"][kind]
            for template in facts["templates"]
        )
        for kind in ("normal", "anomaly")
    }
    normal, anomalous = texts("cable_gland")
    assert (normal, anomalous) == (expected["normal"], expected["anomaly"])
    assert (len(normal), len(anomalous)) == (counts["normal_texts"], counts["anomaly_texts"])
    assert (len(normal), len(anomalous)) == (154, 88)
    assert [normal[0], normal[-1]] == facts["first_last_normal"]
    assert [anomalous[0], anomalous[-1]] == facts["first_last_anomaly"]


@pytest.mark.parametrize("name", ["airplane", "animal"])
def test_that_classes_of_whole_scenes_have_one_text_each(name):
    assert texts(name) == (
        (f"a photo of {name} for anomaly detection.",),
        (f"a photo without {name} for anomaly detection.",),
    )


@pytest.mark.parametrize(("name", "mode"), CASES)
def test_that_scores_are_those_of_the_published_code(name, mode):
    case = Case(name, mode)
    normal = mean_direction(arrays()["text_normal_embeddings"])
    anomalous = mean_direction(arrays()["text_anomaly_embeddings"])
    found = text_score(case.images, normal, anomalous)
    torch.testing.assert_close(found, case.expected("text_score"), atol=TOLERANCE, rtol=0)


def test_that_a_picture_between_both_words_scores_half_and_length_does_not_matter():
    normal, anomalous = torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0])
    images = torch.tensor([[3.0, 3.0], [0.0, 0.1], [7.0, 0.0]])
    assert text_score(images, normal, anomalous).tolist() == pytest.approx([0.5, 1.0, 0.0])
