"""The yardstick of `blas_ratio`: plain products with the weights of a network."""

from __future__ import annotations

import numpy as np
import pytest

from genkit.benchmark.blas import stacked, stacked_product_seconds
from tests.sequences import wavenet


def test_weights_of_a_layer_become_one_matrix() -> None:
    weights = [np.arange(12.0).reshape(2, 2, 3), np.arange(4.0).reshape(2, 2)]
    found = stacked(weights, 3)
    assert found.shape == (6, 3)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found.ravel()[:16], [*range(12), *range(4)])
    assert not found.ravel()[16:].any()


def test_ten_times_the_products_take_longer() -> None:
    matrix = np.ones((200, 100), np.float32)
    few, many = (stacked_product_seconds([matrix] * count) for count in (3, 30))
    assert 0 < 3 * few < many
    assert few < 1e-3


@pytest.mark.parametrize("conditions", [{}, {"vector": 3, "local": 2}])
def test_a_network_tells_what_a_step_multiplies_with(conditions: dict[str, int]) -> None:
    """Conditions and biases are no products of a step, and a code only chooses a row."""
    view = wavenet(gated=3, input_kernel=2, **conditions)
    sizes = [sum(weights.size for weights in layer) for layer in view.products()]
    gates, skips, back = 2 * 4 * 6, 3 * 6, 3 * 4
    assert sizes == [gates + skips + back] * 2 + [gates + skips, 6 * 5, 5 * 7]
