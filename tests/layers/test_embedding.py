"""The causal embedding: rows of tables, one sum by either way."""

from __future__ import annotations

import numpy as np
import pytest

from genkit.conformance.weights import randomise
from genkit.layers.embedding import CausalEmbedding
from tests.sequences import array, codes, numbers


def built(taps: int, levels: int = 5, units: int = 3) -> CausalEmbedding:
    layer = CausalEmbedding(levels, units, taps)
    layer.build((None, None, levels))
    randomise(layer.variables, 1)
    return layer


@pytest.mark.parametrize("taps", [1, 2, 3])
def test_codes_are_rows_of_the_kernel(taps: int) -> None:
    layer = built(taps)
    given = codes("codes", 6, 2, 9)  # 5 stands for no code
    found = array(layer(layer.one_hot(given)))
    table = np.pad(array(layer.kernel), ((0, 0), (0, 1), (0, 0)))
    assert found.shape == (2, 10 - taps, 3)
    for t in range(found.shape[1]):
        rows = [table[tap, given[:, t + tap]] for tap in range(taps)]
        np.testing.assert_allclose(found[:, t], sum(rows) + array(layer.bias), rtol=1e-5, atol=1e-6)


@pytest.mark.backends
@pytest.mark.parametrize("taps", [1, 3])
def test_tables_give_what_the_product_gives(taps: int) -> None:
    layer = built(taps)
    given = codes("codes", 6, 4, taps)
    rows = [array(table)[given[:, tap]] for tap, table in enumerate(layer.tables())]
    wanted = array(layer(layer.one_hot(given)))[:, 0]
    np.testing.assert_allclose(sum(rows), wanted, rtol=1e-5, atol=1e-6)


def test_it_comes_back_from_its_configuration() -> None:
    layer = built(2)
    assert CausalEmbedding.from_config(layer.get_config()).get_config() == layer.get_config()
    assert layer(numbers("x", 1, 4, 5)).shape == (1, 3, 3)
    with pytest.raises(ValueError, match=r"at least one tap\. Received: 0"):
        CausalEmbedding(5, 3, 0)
