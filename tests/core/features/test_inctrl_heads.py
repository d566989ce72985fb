"""Adapter and heads of InCTRL: the published numbers, strict names, training mode."""

from __future__ import annotations

import pytest
import torch

from inspector_core.errors import WeightsError
from inspector_core.features.inctrl_heads import initial, is_running, judge, layout, of_checkpoint
from inspector_core.features.residuals import residual_maps, scrambled
from inspector_core.features.text_prior import mean_direction, text_score
from tests.core.features.inctrl_golden import CASES, TOLERANCE, Case, arrays, weights


def judged(case, *, published=False):
    query, prompts, prompt_images = case.query, case.prompts, case.prompt_images
    if published:
        query, prompts, prompt_images = scrambled(query, prompts, prompt_images)
    directions = [
        mean_direction(arrays()[f"text_{kind}_embeddings"]) for kind in ("normal", "anomaly")
    ]
    return judge(
        of_checkpoint(weights(), "golden"),
        residual_maps(query, prompts),
        case.images,
        prompt_images,
        text_score(case.images, *directions),
        training=case.mode == "train",
    )


def close(found, expected):
    torch.testing.assert_close(found, expected, atol=TOLERANCE, rtol=0)


@pytest.mark.parametrize(("name", "mode"), CASES)
def test_that_every_score_is_that_of_the_published_code(name, mode):
    case = Case(name, mode)
    found = judged(case)
    close(found.image_residual, case.expected("image_residual"))
    close(found.image_score, case.expected("image_residual_score"))
    close(found.holistic, case.expected("holistic"))
    close(found.final, case.expected("final"))


@pytest.mark.parametrize(("name", "mode"), CASES)
def test_that_the_published_axis_order_gives_the_published_scores(name, mode):
    case = Case(name, mode)
    found = judged(case, published=True)
    close(found.final, case.expected("published_final"))
    close(found.image_score, case.expected("published_image_residual_score"))
    difference = (found.final - judged(case).final).abs().max().item()
    assert difference == pytest.approx(
        case.figure("max_abs_diff_published_final_vs_correct"), abs=TOLERANCE
    )


def test_that_a_checkpoint_with_towers_and_counters_gives_its_heads():
    counters = {"diff_head.bn1.num_batches_tracked": torch.tensor(7)}
    whole = {
        **weights(),
        **counters,
        "visual.proj": torch.zeros(2, 2),
        "logit_scale": torch.ones(()),
    }
    found = of_checkpoint(whole, "checkpoint.pyth")
    assert found.keys() == weights().keys() == layout(225, 32).keys()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda w: w.pop("diff_head.bn1.running_var"), "diff_head.bn1.running_var is missing"),
        (lambda w: w.update({"diff_head.extra": torch.ones(1)}), "diff_head.extra is unknown"),
        (lambda w: w.pop("adapter.fc.0.weight"), "adapter and heads are missing"),
        (
            lambda w: w.update({"diff_head.projection2.bias": torch.ones(3)}),
            "diff_head.projection2.bias is (3,), not (64,)",
        ),
    ],
    ids=["missing", "unknown", "none", "shape"],
)
def test_that_other_names_and_shapes_are_refused_with_a_sentence(change, said):
    tensors = weights()
    change(tensors)
    with pytest.raises(WeightsError, match="holds no heads of InCTRL") as caught:
        of_checkpoint(tensors, "some.safetensors")
    assert said in caught.value.sentence
    assert "relief pretrain inctrl" in caught.value.cure


def test_that_untrained_heads_have_the_published_sizes_and_come_from_their_seed():
    first, again, other = initial(3), initial(3), initial(4)
    assert {name: tuple(value.shape) for name, value in first.items()} == layout()
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["adapter.fc.0.weight"], other["adapter.fc.0.weight"])
    assert first["diff_head.projection1.weight"].abs().max() <= 225**-0.5


def test_that_training_mode_moves_the_running_statistics_of_the_two_used_norms_alone():
    case, tensors = Case("query4_shot2", "train"), weights()
    maps = residual_maps(case.query, case.prompts)
    judge(tensors, maps, case.images, case.prompt_images, torch.zeros(4), training=True)
    moved = {name for name, value in tensors.items() if not torch.equal(value, weights()[name])}
    assert moved == {name for name in layout(225, 32) if is_running(name) and "bn1" not in name}
