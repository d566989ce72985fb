"""CFM's networks, training and maps against the published code's own numbers (tests/goldens/cfm)."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector_core.detectors.cfm import mapping as cfm_mapping
from inspector_core.detectors.cfm import maps as cfm_maps
from inspector_core.detectors.cfm.gradients import Networks
from inspector_core.detectors.cfm.mapping import CROSS, SIDES, CrossmodalMapping
from inspector_core.detectors.cfm.training import Choices, train
from inspector_core.errors import RecipeError, WeightsError
from inspector_core.features import weights
from inspector_core.features.token_map import Block, TokenMap
from inspector_core.progress import drain
from tests.core.detectors import cfm_golden

ALL_PIXELS = Choices(rows=0, batch=2, steps=3, every=1, held_out=0.0)


@pytest.fixture(scope="module")
def golden():
    with np.load(cfm_golden.FOLDER / "golden.npz") as arrays:
        return dict(arrays)


@pytest.fixture(scope="module")
def parts(golden):
    interpolation = cfm_golden.FOLDER.parent / "mm_interpolate" / "golden.npz"
    with np.load(interpolation) as arrays:
        first = arrays["center_index"]
    return [cfm_golden.part(0, first), cfm_golden.part(1, golden["center_index_1"])]


@pytest.fixture(scope="module")
def trained(parts):
    return drain(train(["a", "b"], parts, CROSS, ALL_PIXELS, start=cfm_golden.mappings()))


def distances(part, tensors):
    """Psi2D and psi3D at the judged pixels."""
    found = {}
    for direction in CROSS:
        source, target = SIDES[direction]
        mapping = CrossmodalMapping(tensors[direction])
        found[target] = mapping.distances(getattr(part, source), getattr(part, target))
    return found["rgb"], found["shape"]


def blurred_product(part, tensors):
    fused = cfm_maps.aggregate(*distances(part, tensors), "product")
    return cfm_maps.blurred(cfm_maps.on_grid(fused, part.pixels, part.size), "published", 4.0)


def test_that_the_published_pixels_are_judged(golden, parts):
    assert [len(part.pixels) for part in parts] == golden["mask_count"].tolist()


def test_that_both_distances_are_the_published_ones(golden, parts):
    for name, values in zip(
        ("psi2d", "psi3d"), distances(parts[0], cfm_golden.mappings()), strict=True
    ):
        np.testing.assert_allclose(values, golden[name].ravel()[parts[0].pixels], atol=2e-5)


def test_that_aggregations_sum_to_the_published_sums(golden, parts):
    both = distances(parts[0], cfm_golden.mappings())
    found = [cfm_maps.aggregate(*both, how).sum(dtype=float) for how in ("sum", "max", "product")]
    np.testing.assert_allclose(found, golden["agg_sums"], rtol=1e-6)


def test_that_blur_and_scores_are_the_published_ones(golden, parts):
    found = blurred_product(parts[0], cfm_golden.mappings())
    np.testing.assert_allclose(found, golden["blurred"], atol=5e-5)
    units = cfm_maps.normalised(found)
    scores = [
        found.max(),
        units.score,
        units.overlap.mean(),
        units.pixels.mean(),
    ]
    np.testing.assert_allclose(scores, golden["scores"], rtol=1e-4)


def test_that_three_steps_of_training_are_the_published_ones(golden, parts, trained):
    before = [list(entry["loss"].values()) for entry in trained.curve]
    np.testing.assert_allclose(before, golden["losses"][:3], atol=2e-6)
    after = Networks(trained.tensors, 1e-3, "cpu")
    sums = [after.judged(part, np.arange(len(part.pixels))) for part in parts]
    pixels = sum(len(part.pixels) for part in parts)
    found = [sum(one[direction] for one in sums) / pixels for direction in CROSS]
    np.testing.assert_allclose(found, golden["losses"][3], atol=2e-6)


def test_that_three_steps_move_the_parameters_as_published(golden, trained):
    for key in (name for name in golden if name.startswith("after_CFM_")):
        direction, name = key.removeprefix("after_CFM_").split(".", 1)
        found = trained.tensors[direction][name]
        found = found[:4] if found.ndim == 2 else found
        # Adam divides by tiny second moments, so single entries may move by a step's size
        assert (np.abs(found - golden[key]) > 5e-5).mean() <= 0.002, key


def test_that_gradients_are_the_published_ones(golden, parts):
    networks = Networks(cfm_golden.mappings(), 1e-3, "cpu")
    total = sum(len(part.pixels) for part in parts)
    for part in parts:
        for _ in networks.gathered(part, np.arange(len(part.pixels)), total):
            pass
    for name, norm in zip(golden["grad_names"], golden["grad_norms"], strict=True):
        direction, parameter = name.removeprefix("CFM_").split(".", 1)
        gradient = networks.named[direction][parameter].grad
        assert float(gradient.norm()) == pytest.approx(norm, rel=1e-4)


def test_that_the_map_after_training_is_the_published_one(golden, parts, trained):
    found = blurred_product(parts[0], trained.tensors)
    np.testing.assert_allclose(found, golden["blurred_after"], atol=5e-5)


def some_tokens(rng, pixels, *blocks):
    """A token map of (tokens, channels) blocks whose weights do not sum to 1."""
    from scipy.sparse import random_array

    made = []
    for tokens, channels in blocks:
        shares = random_array(
            (pixels, tokens), density=min(1.0, 4 / tokens), rng=rng, dtype=np.float32
        )
        values = rng.normal(size=(tokens, channels)).astype(np.float32)
        made.append(Block(values, shares.tocsr()))
    return TokenMap(made)


def dense_prediction(tensors, features, pixels, size):
    """The network on a whole picture (h, w), as a plain torch module runs it; zeros off the part."""
    import torch
    from torch.nn.functional import conv2d, gelu, linear

    architecture = cfm_mapping.architecture_of(tensors)
    hidden = torch.from_numpy(features)
    for number, (name, value) in enumerate(
        (name.removesuffix(".weight"), torch.from_numpy(value))
        for name, value in tensors.items()
        if name.endswith("weight")
    ):
        hidden = gelu(hidden) if number else hidden
        bias = torch.from_numpy(tensors[f"{name}.bias"])
        if value.ndim == 4:
            assert architecture == "convolutional"
            picture = torch.zeros(hidden.shape[1], size[0] * size[1])
            picture[:, pixels] = hidden.T
            picture = conv2d(picture.reshape(1, -1, *size), value, bias, padding=1)
            hidden = picture[0].flatten(1)[:, pixels].T
        else:
            hidden = linear(hidden, value, bias)
    return hidden.numpy()


def a_case(architecture, blocks, seed=0, size=(9, 11), share=0.6):
    rng = np.random.default_rng(seed)
    pixels = np.flatnonzero(rng.random(size[0] * size[1]) < share)
    source = some_tokens(rng, len(pixels), *blocks)
    target = some_tokens(rng, len(pixels), (5, 7))
    tensors = cfm_mapping.fresh(architecture, source.channels, 7, (seed,))
    return tensors, source, target, pixels, size


FEW_TOKENS = ((6, 8), (4, 9))
MANY_TOKENS = ((400, 8), (300, 9))


@pytest.mark.parametrize("blocks", [FEW_TOKENS, MANY_TOKENS])
@pytest.mark.parametrize("architecture", ["projection", "encoder_decoder", "convolutional"])
def test_that_predictions_from_tokens_equal_the_network_on_a_whole_picture(architecture, blocks):
    tensors, source, _, pixels, size = a_case(architecture, blocks)
    around = cfm_mapping.neighbours_of(pixels, size)
    found = CrossmodalMapping(tensors).predict(source, around)
    want = dense_prediction(tensors, source.rows(slice(None)), pixels, size)
    np.testing.assert_allclose(found, want, atol=1e-5)


@settings(max_examples=25, deadline=None)
@given(
    rows=st.integers(1, 80),
    seed=st.integers(0, 9),
    architecture=st.sampled_from(["projection", "encoder_decoder", "convolutional"]),
)
def test_that_pixels_at_once_do_not_change_distances(rows, seed, architecture):
    tensors, source, target, pixels, size = a_case(architecture, FEW_TOKENS, seed)
    around = cfm_mapping.neighbours_of(pixels, size)
    mapping = CrossmodalMapping(tensors)
    whole = mapping.distances(source, target, around)
    np.testing.assert_allclose(
        mapping.distances(source, target, around, rows=rows), whole, atol=2e-6
    )
    assert ((whole >= 0) & (whole <= 2)).all()


def test_that_distances_are_those_of_unit_vectors():
    tensors, source, target, _, _ = a_case("projection", FEW_TOKENS)
    mapping = CrossmodalMapping(tensors)
    predicted, seen = mapping.predict(source), target.rows(slice(None))
    cosine = (predicted * seen).sum(1) / np.maximum(
        np.linalg.norm(predicted, axis=1) * np.linalg.norm(seen, axis=1), 1e-12
    )
    known = np.linalg.norm(seen, axis=1) > 0
    found = mapping.distances(source, target)
    np.testing.assert_allclose(found[known], np.sqrt(2 - 2 * cosine[known]), atol=1e-4)
    np.testing.assert_allclose(found[~known], 1, atol=1e-6)


def test_that_a_perfect_prediction_is_at_distance_zero_to_rounding():
    """The root of 2 - 2 cos would give 3e-4 for vectors that differ by rounding."""
    tensors, source, _, pixels, _ = a_case("projection", FEW_TOKENS)
    mapping = CrossmodalMapping(tensors)
    from scipy.sparse import identity

    same = TokenMap([Block(mapping.predict(source), identity(len(pixels), np.float32, "csr"))])
    assert mapping.distances(source, same).max() < 1e-6


def test_that_half_precision_stays_within_a_hundredth():
    tensors, source, target, _, _ = a_case("projection", ((50, 64),), size=(30, 30))
    single = CrossmodalMapping(tensors).distances(source, target)
    half = CrossmodalMapping(tensors, half=True).distances(source, target)
    assert 0 < np.abs(single - half).max() < 0.01


def test_that_neighbours_are_numbers_of_judged_pixels():
    # a 3 x 3 grid of which the middle column and the first pixel are judged
    found = cfm_mapping.neighbours_of(np.array([0, 1, 4, 7]), (3, 3))
    none = 4
    assert found[0].tolist() == [none, none, none, none, 0, 1, none, none, 2]
    assert found[2].tolist() == [0, 1, none, none, 2, none, none, 3, none]


@pytest.mark.parametrize("architecture", ["projection", "encoder_decoder", "convolutional"])
def test_that_parameters_tell_their_network_in_any_order(architecture):
    tensors = cfm_mapping.fresh(architecture, 12, 20, (0,))
    assert cfm_mapping.architecture_of(dict(sorted(tensors.items()))) == architecture


def test_that_other_parameters_are_refused():
    tensors = cfm_mapping.fresh("projection", 12, 20, (0,))
    with pytest.raises(RecipeError, match="no network that this program knows"):
        cfm_mapping.architecture_of({**tensors, "more.weight": np.zeros((2, 2))})
    with pytest.raises(RecipeError):
        cfm_mapping.architecture_of({"input.weight": np.zeros(3)})


def checkpoint(folder, direction, **changed):
    """A file with the published names and shapes, random values."""
    import torch

    source, target = (768, 1152) if direction == "2Dto3D" else (1152, 768)
    tensors = cfm_mapping.fresh("projection", source, target, (1,)) | changed
    path = folder / f"CFM_{direction}_bagel_250ep_4bs.pth"
    torch.save({name: torch.from_numpy(value) for name, value in tensors.items()}, path)
    return path, tensors


@pytest.mark.parametrize("direction", CROSS)
def test_that_published_checkpoints_are_taken_in(tmp_path, monkeypatch, direction):
    monkeypatch.setenv("RELIEF_WEIGHTS", str(tmp_path / "weights"))
    path, tensors = checkpoint(tmp_path, direction)
    assert weights.add(path).entry.name.startswith("cfm.")
    found = cfm_mapping.published(direction)
    assert {name: value.tolist() for name, value in found.items()} == {
        name: value.tolist() for name, value in tensors.items()
    }
    assert CrossmodalMapping(found).architecture == "projection"


def test_that_the_other_directions_checkpoint_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("RELIEF_WEIGHTS", str(tmp_path / "weights"))
    path, _ = checkpoint(tmp_path, "2Dto3D")
    with pytest.raises(WeightsError, match=r"is not cfm.3d_to_2d: it has another size of"):
        weights.add(path, "cfm.3d_to_2d")


def test_that_a_checkpoint_with_a_layer_too_many_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("RELIEF_WEIGHTS", str(tmp_path / "weights"))
    extra = {"projection_b.weight": np.zeros((960, 960), np.float32)}
    path, _ = checkpoint(tmp_path, "2Dto3D", **extra)
    with pytest.raises(WeightsError, match=r"it has besides projection_b.weight"):
        weights.add(path)
