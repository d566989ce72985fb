"""Training of CFM's mappings: what is learnt, when it stops, what it refuses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from inspector_core.detectors.cfm import training as cfm_training
from inspector_core.detectors.cfm.gradients import Networks
from inspector_core.detectors.cfm.mapping import (
    CROSS,
    INTRA,
    SIDES,
    CrossmodalMapping,
    neighbours_of,
)
from inspector_core.detectors.cfm.training import Choices, drawn, on_plateau, split, train
from inspector_core.errors import InputError
from inspector_core.features.token_map import Block, TokenMap
from inspector_core.progress import drain
from tests.core.detectors.cfm_golden import Seen

SIZE = (12, 12)
SHORT = Choices(rows=40, steps=30, every=10)


def on_every_pixel(values):
    from scipy.sparse import identity

    return TokenMap([Block(values.astype(np.float32), identity(len(values), np.float32, "csr"))])


def good_part(seed, pixels=None):
    """Shape follows from colour and colour from shape: three smooth waves, mixed in two ways."""
    pixels = np.arange(SIZE[0] * SIZE[1]) if pixels is None else pixels
    rng = np.random.default_rng(seed)
    row, column = np.divmod(pixels, SIZE[1])
    phase = rng.uniform(0, 6.28, 3)
    waves = np.sin(np.stack([row / 3, column / 3, (row + column) / 4], axis=1) + phase)
    fixed = np.random.default_rng(99)
    colour = waves @ fixed.normal(size=(3, 16)) + 0.5
    shape = waves @ fixed.normal(size=(3, 24)) - 0.5
    return Seen(on_every_pixel(colour), on_every_pixel(shape), pixels, SIZE)


def several(count=6):
    return [f"good/{seed}" for seed in range(count)], [good_part(seed) for seed in range(count)]


def as_bytes(trained):
    return [
        (direction, name, value.tobytes())
        for direction, tensors in trained.tensors.items()
        for name, value in tensors.items()
    ]


def loss_of(part, tensors, direction):
    source, target = (getattr(part, side) for side in SIDES[direction])
    around = neighbours_of(part.pixels, part.size)
    return CrossmodalMapping(tensors[direction]).distances(source, target, around).mean()


@pytest.mark.parametrize(
    ("architecture", "directions"),
    [
        ("projection", CROSS),
        ("projection", INTRA),
        ("encoder_decoder", CROSS),
        ("convolutional", CROSS),
    ],
)
def test_that_good_parts_that_were_not_seen_are_predicted_better(architecture, directions):
    ids, parts = several()
    choices = Choices(architecture=architecture, rows=40, steps=60, every=30, rate=5e-3)
    before = cfm_training.beginning(parts[0], directions, choices)
    after = drain(train(ids, parts, directions, choices)).tensors
    unseen = good_part(77)
    for direction in directions:
        assert loss_of(unseen, after, direction) < 0.5 * loss_of(unseen, before, direction)


def test_that_five_parts_are_enough_to_find_a_place_where_both_disagree():
    ids, parts = several(5)
    trained = drain(train(ids, parts, CROSS, Choices(rows=0, steps=80, every=40, rate=5e-3)))
    assert trained.curve[-1]["held_out"] is None
    part = good_part(77)
    colour, bad = part.rgb.rows(slice(None)).copy(), 40
    colour[bad] = -colour[bad]
    part = replace(part, rgb=on_every_pixel(colour))
    product = np.ones(len(part.pixels))
    for direction in CROSS:
        source, target = (getattr(part, side) for side in SIDES[direction])
        product *= CrossmodalMapping(trained.tensors[direction]).distances(source, target)
    assert product.argmax() == bad


def test_that_training_repeats_to_the_byte_and_the_seed_changes_it():
    ids, parts = several()
    first = as_bytes(drain(train(ids, parts, CROSS, SHORT)))
    assert first == as_bytes(drain(train(ids, parts, CROSS, SHORT)))
    assert first != as_bytes(drain(train(ids, parts, CROSS, replace(SHORT, seed=1))))


def test_that_progress_counts_steps_and_says_how_it_goes():
    ids, parts = several()
    told = []
    trained = drain(train(ids, parts, CROSS, SHORT), told.append)
    assert [entry["step"] for entry in trained.curve] == [10, 20, 30]
    assert told[-1].done == told[-1].total == 30
    notes = [step.note for step in told if step.note]
    assert len(notes) == 3
    assert notes[0].startswith("loss 2Dto3D ")
    # a step for every part of a batch at least, so that stopping never waits for a whole batch
    assert len(told) >= 30 * SHORT.batch * 3 // 4


def test_that_the_time_that_is_left_is_said():
    entry = {"loss": {"2Dto3D": 0.25}, "held_out": {"2Dto3D": 0.5}}
    assert cfm_training.said(entry, 30).endswith("held-out good parts 0.5000; at most 30 s left")
    assert cfm_training.said(entry, 600).endswith("at most 10 min left")
    assert cfm_training.said(entry, 0).endswith("0.5000")


def test_that_a_tenth_of_the_good_parts_is_held_out_and_none_of_a_few():
    learnt, judged = split(range(40), Choices())
    assert len(judged) == 4
    assert sorted(learnt + judged) == list(range(40))
    assert split(range(9), Choices()) == (list(range(9)), [])


def test_that_held_out_parts_are_judged_at_the_same_pixels_each_time():
    choices = Choices(rows=10)
    assert drawn(1000, choices, 0, 3).tolist() == drawn(1000, choices, 0, 3).tolist()
    assert drawn(1000, choices, 1, 3).tolist() != drawn(1000, choices, 2, 3).tolist()
    some = drawn(1000, choices, 1, 3)
    assert len(np.unique(some)) == 10
    assert some.tolist() == sorted(some)
    assert drawn(7, choices, 1, 3).tolist() == list(range(7))


def curve_of(*losses):
    return [{"held_out": {"2Dto3D": loss / 2, "3Dto2D": loss / 2}} for loss in losses]


def test_that_training_ends_when_held_out_parts_are_predicted_no_better():
    choices = Choices(patience=2, least=0.01)
    assert on_plateau(curve_of(1.0, 0.5, 0.499, 0.498), choices)
    assert not on_plateau(curve_of(1.0, 0.5, 0.499, 0.49), choices)
    assert not on_plateau(curve_of(0.5, 0.6), choices)
    assert not on_plateau(curve_of(1.0, 1.0, 1.0, 1.0), replace(choices, patience=0))
    assert not on_plateau([{"held_out": None}] * 9, choices)


def test_that_training_goes_on_while_one_direction_still_improves():
    choices = Choices(patience=2, least=0.01)
    falling = [1.0, 0.9, 0.8, 0.7, 0.6]
    rising = [1.0, 1.1, 1.2, 1.3, 1.4]
    curve = [
        {"held_out": {"2Dto3D": one, "3Dto2D": other}}
        for one, other in zip(falling, rising, strict=True)
    ]
    assert not on_plateau(curve, choices)
    assert on_plateau([*curve, *curve[-1:] * 2], choices)


def test_that_each_mapping_is_kept_from_its_best_look():
    """The held-out part is the others' opposite, so that learning from them makes its losses rise."""
    ids, parts = several(10)
    choices = Choices(rows=20, steps=20, every=2, patience=40)
    (number,) = split(range(10), choices)[1]
    own = parts[number]
    opposite = [Block(-block.tokens, block.weights) for block in own.shape.blocks]
    parts = [*parts[:number], replace(own, shape=TokenMap(opposite)), *parts[number + 1 :]]
    trained = drain(train(ids, parts, CROSS, choices))
    last = drain(train(ids, parts, CROSS, replace(choices, patience=0)))
    assert list(trained.held_out) == [number]
    rows = drawn(len(own.pixels), choices, 0, number)
    for name in CROSS:
        looks = [entry["held_out"][name] for entry in trained.curve]
        assert looks[-1] > min(looks)
        for found, expected in ((trained, min(looks)), (last, looks[-1])):
            networks = Networks(found.tensors, 1e-3, "cpu")
            loss = networks.judged(parts[number], rows)[name] / len(rows)
            assert loss == pytest.approx(expected, abs=1e-5)


def test_that_a_training_that_cannot_improve_ends_early():
    ids, parts = several(10)
    choices = Choices(rows=20, steps=500, every=5, patience=2, rate=1e-9)
    trained = drain(train(ids, parts, CROSS, choices))
    assert trained.reason == "plateau"
    assert trained.curve[-1]["step"] == 15


def test_that_a_part_without_a_finite_loss_is_named():
    ids, parts = several(4)
    broken = parts[2].shape.rows(slice(None)).copy()
    broken[:, 0] = np.nan
    parts[2] = replace(parts[2], shape=on_every_pixel(broken))
    with pytest.raises(InputError, match="good/2: its features give no finite loss"):
        drain(train(ids, parts, CROSS, SHORT))


def test_that_parts_without_pixels_are_left_out():
    ids, parts = several(4)
    empty = good_part(0, np.arange(0))
    with_empty = drain(train(["empty", *ids], [empty, *parts], CROSS, SHORT))
    assert np.isfinite(with_empty.curve[-1]["loss"]["2Dto3D"])
    with pytest.raises(InputError, match="no good part has a pixel to learn from"):
        drain(train(["empty"], [empty], CROSS, SHORT))


def test_that_pixels_at_once_do_not_change_what_is_learnt(monkeypatch):
    ids, parts = several(2)
    from inspector_core.detectors.cfm import gradients as cfm_gradients

    whole = drain(train(ids, parts, CROSS, replace(SHORT, steps=3)))
    monkeypatch.setattr(cfm_gradients, "_PORTION", 7)
    portions = drain(train(ids, parts, CROSS, replace(SHORT, steps=3)))
    for direction, tensors in whole.tensors.items():
        for name, value in tensors.items():
            np.testing.assert_allclose(portions.tensors[direction][name], value, atol=2e-5)


def test_that_a_batch_counts_every_pixel_the_same():
    """Published: large parts weigh more."""
    small, large = good_part(0, np.arange(20)), good_part(1)
    choices = Choices(rows=0, batch=2, steps=1, every=1)
    trained = drain(train(["small", "large"], [small, large], CROSS, choices))
    start = cfm_training.beginning(small, CROSS, choices)
    from inspector_core.detectors.cfm.gradients import Networks

    networks = Networks(start, 1e-3, "cpu")
    sums = [networks.judged(one, np.arange(len(one.pixels)))["2Dto3D"] for one in (small, large)]
    assert trained.curve[0]["loss"]["2Dto3D"] == pytest.approx(sum(sums) / (20 + 144), abs=2e-6)
