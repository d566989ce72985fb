"""The turned last layer: lengths, distances and angles are those of the layer as it was learnt."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from inspector_core.detectors.cfm import mapping as cfm_mapping
from inspector_core.detectors.cfm.mapping import CrossmodalMapping, apart
from inspector_core.detectors.cfm.turned_layer import TurnedLayer
from inspector_core.features.token_map import Block, TokenMap
from inspector_core.features.token_tensors import TokenTensors


def layer(outputs, inputs, seed=0):
    generator = torch.Generator().manual_seed(seed)
    weight = torch.randn(outputs, inputs, generator=generator)
    return weight, torch.randn(outputs, generator=generator)


@settings(max_examples=40, deadline=None)
@given(
    outputs=st.integers(1, 40),
    inputs=st.integers(1, 40),
    rows=st.integers(1, 5),
    seed=st.integers(0, 9),
)
def test_that_outputs_are_the_layers_turned(outputs, inputs, rows, seed):
    weight, bias = layer(outputs, inputs, seed)
    turned = TurnedLayer(weight, bias, torch.float32)
    active = torch.randn(rows, inputs, generator=torch.Generator().manual_seed(seed + 1))
    want = (active @ weight.T + bias) @ turned.turn
    room = turned.room(rows + 1)
    np.testing.assert_allclose(turned(active, room), want, atol=1e-4)
    np.testing.assert_allclose(turned(active[:1], room), want[:1], atol=1e-4)


@settings(max_examples=20, deadline=None)
@given(outputs=st.integers(1, 40), inputs=st.integers(1, 40))
def test_that_turning_keeps_every_length(outputs, inputs):
    turn = TurnedLayer(*layer(outputs, inputs), torch.float32).turn.double()
    np.testing.assert_allclose(turn @ turn.T, np.eye(outputs), atol=1e-6)


@pytest.mark.parametrize(("outputs", "share"), [(1152, 0.47), (768, 0.29)])
def test_that_the_published_widths_spare_these_shares_of_the_products(outputs, share):
    turned = TurnedLayer(*layer(outputs, 960), torch.float32)
    assert turned.spared / (outputs * 960) > share


def test_that_weights_of_too_low_a_rank_are_turned_too():
    weight, bias = torch.zeros(6, 4), torch.arange(6.0)
    weight[:, 0] = 1.0
    turned = TurnedLayer(weight, bias, torch.float32)
    active = torch.eye(4)
    np.testing.assert_allclose(
        turned(active, turned.room(4)) @ turned.turn.T, active @ weight.T + bias, atol=1e-5
    )


def test_that_half_precision_is_that_of_the_products_alone():
    turned = TurnedLayer(*layer(24, 16), torch.bfloat16)
    active = torch.ones(3, 16, dtype=torch.bfloat16)
    assert turned(active, turned.room(3)).dtype == torch.bfloat16
    assert turned.turn.dtype == torch.float32


def in_double(tensors, features, seen):
    """Distances of unit vectors, every step of the mapping in double precision."""
    from torch.nn.functional import gelu, linear, normalize

    hidden = torch.from_numpy(features).double()
    for name in ("input", "projection", "output"):
        weight, bias = (torch.from_numpy(tensors[f"{name}.{kind}"]) for kind in ("weight", "bias"))
        hidden = linear(gelu(hidden) if name != "input" else hidden, weight.double(), bias.double())
    return (normalize(hidden) - normalize(torch.from_numpy(seen).double())).norm(dim=1).numpy()


@pytest.mark.parametrize("widths", [(96, 144), (144, 96)])
@pytest.mark.parametrize("distance", [0.5, 0.1, 0.02, 0.002])
def test_that_small_distances_of_well_trained_mappings_keep_their_digits(widths, distance):
    rng = np.random.default_rng(0)
    tensors = cfm_mapping.fresh("projection", *widths, (0,))
    # eight pixels take from each token, so that turning tokens pays
    weights = csr_matrix(np.repeat(np.eye(50, dtype=np.float32), 8, axis=0))
    features = rng.normal(size=(50, widths[0])).astype(np.float32)
    mapping = CrossmodalMapping(tensors)
    source = TokenMap([Block(features, weights)])
    predicted = mapping.predict(source)[::8]
    noise = rng.normal(size=predicted.shape)
    noise *= distance * np.linalg.norm(predicted, axis=1, keepdims=True) / widths[1] ** 0.5
    seen = (3 * (predicted + noise)).astype(np.float32)
    target = TokenMap([Block(seen, weights)])
    assert TokenTensors(target, "cpu").on_tokens_pays(widths[1], mapping._turned.spared)
    found = mapping.distances(source, target)
    want = np.repeat(in_double(tensors, features, seen), 8)
    np.testing.assert_allclose(found, want, atol=5e-7)
    assert 0.5 * distance < np.median(found) < 1.5 * distance


def test_that_rows_of_nothing_lie_at_distance_1():
    one, nothing = torch.ones(1, 4), torch.zeros(1, 4)
    assert apart(one, nothing.clone()).item() == pytest.approx(1)
    assert apart(nothing, one.clone()).item() == pytest.approx(1)
    assert apart(nothing, nothing.clone()).item() == 0
