"""Initial weights of ordered codes: of the wanted spread, and alike for neighbours."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from genkit import backend
from genkit.layers.smooth import SmoothCodes, cosines
from tests.sequences import array

pytestmark = pytest.mark.backends


def drawn(axis: int, shape: tuple[int, ...], stddev: float = 0.5) -> np.ndarray:
    backend.seed(3)
    return np.moveaxis(array(SmoothCodes(axis, 8, stddev)(shape)), axis, 0)


@pytest.mark.parametrize(("axis", "shape"), [(0, (64, 400)), (1, (2, 64, 300)), (1, (500, 64))])
def test_weights_have_the_spread_and_neighbours_are_alike(
    axis: int, shape: tuple[int, ...]
) -> None:
    weights = drawn(axis, shape).reshape(64, -1)
    assert weights.std() == pytest.approx(0.5, rel=0.1)
    steps = np.diff(weights, axis=0)
    assert steps.std() < 0.2 * weights.std()
    # As many columns rise as fall.
    assert 0.4 < (weights[-1] > weights[0]).mean() < 0.6


def test_every_wave_counts_as_its_frequency_says() -> None:
    basis = cosines(32, 4)
    assert (basis**2).sum(1).mean() == pytest.approx(1.0)
    energy = (basis**2).sum(0)
    np.testing.assert_allclose(energy / energy[0], [1, 1 / 4, 1 / 9, 1 / 16], rtol=1e-6)
    # Cosines of different frequency are orthogonal over the codes.
    products = basis.T @ basis
    np.testing.assert_allclose(products - np.diag(np.diag(products)), 0, atol=1e-9)


def test_the_seed_decides() -> None:
    np.testing.assert_array_equal(drawn(0, (8, 5)), drawn(0, (8, 5)))


def test_config_round_trip() -> None:
    initializer = SmoothCodes(1, 3, 0.25)
    again = keras.initializers.deserialize(keras.initializers.serialize(initializer))
    assert again.get_config() == {"axis": 1, "waves": 3, "stddev": 0.25}
