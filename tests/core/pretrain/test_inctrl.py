"""Training of the heads: it learns to tell apart, by seed, and goes on where it was stopped."""

from __future__ import annotations

from functools import cache

import pytest
import torch

from inspector_core.errors import InputError
from inspector_core.features.clip_towers import View
from inspector_core.features.inctrl_heads import initial, judge
from inspector_core.features.residuals import residual_maps
from inspector_core.pretrain.inctrl import (
    HALF_BATCH,
    Choices,
    LabelledClass,
    Progressed,
    draws,
    train,
)
from inspector_core.progress import drain

PATCHES, CHANNELS, WIDTH, LAYERS = 9, 6, 16, 2
QUICK = Choices(epochs=2, steps=6, shots=2, seed=1)


def draw_rows(name, *shape):
    seed = sum(ord(letter) * 7**at for at, letter in enumerate(name)) % 2**31
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@cache
def made_view(name):
    """Good parts of a class are nearly alike, one patch and the image of a bad one are not; words say
    nothing."""
    kind = name.split("/")[0]
    patches = draw_rows(kind, LAYERS, 1, PATCHES, CHANNELS)
    patches = patches + 0.1 * draw_rows(name, LAYERS, 1, PATCHES, CHANNELS)
    image = draw_rows(kind, 1, WIDTH) + 0.1 * draw_rows(name, 1, WIDTH)
    if "/bad" in name:
        patches[:, :, 3] = -patches[:, :, 3]
        image = image + torch.linspace(1, 0, WIDTH)
    return View(patches, image)


def views(names):
    found = [made_view(name) for name in names]
    return View(
        torch.cat([one.patches for one in found], dim=1), torch.cat([one.images for one in found])
    )


def labelled(kind, n_good=10, n_bad=6):
    words = torch.nn.functional.normalize(draw_rows(kind + "words", 1, WIDTH))
    return LabelledClass(
        kind,
        tuple(f"{kind}/good{at}" for at in range(n_good)),
        tuple(f"{kind}/bad{at}" for at in range(n_bad)),
        words.expand(2, WIDTH),
    )


def start(seed=0):
    return Progressed(initial(seed, PATCHES, WIDTH), {})


def run(choices=QUICK, begin=None, classes=None, keep=lambda _: None):
    return drain(
        train(
            classes or [labelled("nut"), labelled("gear")], views, begin or start(), choices, keep
        )
    )


def scores(weights, names, kind):
    shown = views([f"{kind}/good0", f"{kind}/good1"])
    seen = views(names)
    prompts = shown.patches[:, :, None].expand(-1, -1, len(names), -1, -1)
    images = shown.images[:, None].expand(-1, len(names), -1)
    maps = residual_maps(seen.patches, prompts)
    return judge(weights, maps, seen.images, images, torch.full((len(names),), 0.5)).final


@pytest.mark.parametrize("compat", ["corrected", "published"])
def test_that_training_lowers_the_loss(compat):
    trained = run(Choices(epochs=4, steps=15, seed=1, compat=compat))
    assert len(trained.losses) == 4
    assert trained.losses[-1] < 0.9 * trained.losses[0]


def test_that_trained_heads_tell_good_from_bad_in_a_class_they_never_saw():
    classes = [labelled(kind) for kind in ("nut", "gear", "ring", "disc", "plug", "lid")]
    trained = run(Choices(epochs=8, steps=20, seed=1), classes=classes)
    good = scores(trained.weights, [f"cap/good{at}" for at in range(2, 10)], "cap")
    bad = scores(trained.weights, [f"cap/bad{at}" for at in range(8)], "cap")
    assert good.max() < bad.min()


def test_that_the_seed_decides_every_byte():
    first, again, other = run(), run(), run(Choices(epochs=2, steps=6, shots=2, seed=2))
    assert first.losses == again.losses
    assert all(torch.equal(first.weights[name], again.weights[name]) for name in first.weights)
    assert first.losses != other.losses


def test_that_training_goes_on_where_it_was_stopped_with_the_same_bytes():
    whole = run()
    kept = []
    run(Choices(epochs=1, steps=6, shots=2, seed=1), keep=kept.append)
    resumed = run(begin=kept[-1])
    assert resumed.losses == whole.losses
    for name, value in whole.weights.items():
        assert torch.equal(resumed.weights[name], value), name


def test_that_a_step_has_as_many_bad_as_good_and_prompts_of_the_same_class():
    classes = [labelled("nut"), labelled("gear")]
    for draw in draws(classes, Choices(steps=20, shots=4), 0):
        assert draw.labels == (0.0,) * HALF_BATCH + (1.0,) * HALF_BATCH
        for name, kind, label, prompts in zip(
            draw.queries, draw.classes, draw.labels, draw.prompts, strict=True
        ):
            assert name in (classes[kind].bad if label else classes[kind].good)
            assert len(set(prompts)) == 4
            assert set(prompts) <= set(classes[kind].good) - {name}


def test_that_a_published_step_may_take_a_query_as_its_own_prompt():
    choices = Choices(steps=50, shots=8, compat="published")
    assert any(
        name in prompts
        for draw in draws([labelled("nut")], choices, 0)
        for name, prompts in zip(draw.queries, draw.prompts, strict=True)
    )


def test_that_every_epoch_draws_anew():
    first, second = (list(draws([labelled("nut")], QUICK, epoch)) for epoch in (0, 1))
    assert first != second
    assert first == list(draws([labelled("nut")], QUICK, 0))


@pytest.mark.parametrize(
    ("classes", "said"),
    [
        ([labelled("nut", n_good=2)], "nut has 2 good parts"),
        ([labelled("nut", n_bad=0)], "none of the folders holds defective parts"),
    ],
    ids=["few good", "no bad"],
)
def test_that_too_little_is_refused_with_a_sentence(classes, said):
    with pytest.raises(InputError, match=said) as caught:
        run(classes=classes)
    assert caught.value.cure
