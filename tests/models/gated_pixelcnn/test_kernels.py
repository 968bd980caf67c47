"""The kernels of the step view do what the plain layers do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from keras import ops

from genkit.layers.gated import gate
from genkit.models.gated_pixelcnn.kernels import Kernels, gate_halved
from tests import densities
from tests.densities import array

pytestmark = pytest.mark.backends
CLOSE = {"rtol": 1e-5, "atol": 1e-5}
COLOUR: dict[str, Any] = {
    "model": {"width": 5, "head": 7, "kernel": 5},
    "data": {"size": 3, "channels": 3},
}


def numbers(*shape: int) -> np.ndarray:
    return np.random.default_rng(len(shape)).normal(size=shape).astype(np.float32)


def test_a_gate_whose_half_is_scaled_is_the_gate() -> None:
    maps = 3 * numbers(4, 10)
    halved = maps * np.repeat([1.0, 0.5], 5).astype(np.float32)
    np.testing.assert_allclose(array(gate_halved(halved)), array(gate(maps)), rtol=1e-6, atol=1e-7)


def test_products_of_all_colours_add_up_to_the_layer() -> None:
    """Each colour's maps are multiplied by what later colours and later pixels need of them."""
    network = densities.learner(**COLOUR).networks["network"]
    cut, layer = Kernels(network), network.blocks[1].horizontal
    across = [array(kernel) for kernel in cut.prepare()["across"][0]]
    x = numbers(2, 1, 3, 5)
    whole = array(layer(x))[:, 0] * cut.half
    units = 10
    found = np.zeros((2, 3, units), np.float32)
    for column in range(3):
        for g, kernel in enumerate(across):
            rows = cut.maps.order[cut.maps.cut(g)]
            product = x[:, 0, column][:, rows] @ kernel
            wide = cut.gates.rest(g)
            found[:, column, units - wide :] += product[:, :wide]
            for tap in range(2):
                if column + 1 + tap < 3:
                    start = wide + tap * units
                    found[:, column + 1 + tap] += product[:, start : start + units]
    np.testing.assert_allclose(found, whole[..., cut.gates.order], **CLOSE)


def test_a_dense_layer_cut_by_colour() -> None:
    network = densities.learner(**COLOUR).networks["network"]
    cut, layer = Kernels(network), network.hidden
    parts = cut.prepare()["hidden"]
    x = numbers(4, 5)
    found = np.zeros((4, 7), np.float32)
    for g, (kernel, bias) in enumerate(parts):
        product = x[:, cut.maps.order[cut.maps.cut(g)]] @ array(kernel)
        found[:, 7 - cut.hidden.rest(g) :] += product
        found[:, cut.hidden.cut(g)] += array(bias)
    whole = array(layer(ops.convert_to_tensor(x)))
    np.testing.assert_allclose(found, whole[:, cut.hidden.order], **CLOSE)
