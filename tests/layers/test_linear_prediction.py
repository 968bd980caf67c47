"""Linear prediction by a condition, against filters and closed forms."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import ops
from scipy.signal import lfilter

from genkit.data.audio.mulaw import decode, edges
from genkit.layers.linear_prediction import LARGEST, LinearPrediction, error_power, step_up

pytestmark = pytest.mark.backends
GENERATOR = np.random.default_rng(0)


def layer(order: int = 3, levels: int = 16, hop: int = 2, halo: int = 1) -> LinearPrediction:
    """Frames with a feature before the predictor and one behind it."""
    return LinearPrediction(levels, order, 1, hop, halo)


def test_step_up_of_two_in_closed_form() -> None:
    found = ops.convert_to_numpy(step_up(ops.convert_to_tensor([[0.5, -0.3]], "float32")))
    np.testing.assert_allclose(found, [[0.5 * (1 + 0.3), -0.3]], rtol=1e-6)


def test_step_up_in_the_order_of_levinson() -> None:
    """Against the recursion as it is written down."""
    reflection = GENERATOR.uniform(-0.9, 0.9, size=7)
    wanted: list[float] = []
    for last in reflection:
        wanted = [a - last * b for a, b in zip(wanted, wanted[::-1], strict=True)] + [last]
    found = ops.convert_to_numpy(step_up(ops.convert_to_tensor(reflection[None], "float32")))
    np.testing.assert_allclose(found[0], wanted, rtol=1e-4, atol=1e-5)


def test_small_reflections_make_stable_filters() -> None:
    reflection = GENERATOR.uniform(-0.9, 0.9, size=(200, 8))
    found = ops.convert_to_numpy(step_up(ops.convert_to_tensor(reflection, "float32")))
    for row in found.astype(np.float64):
        assert np.abs(np.roots([1.0, *-row])).max() < 1.0


def test_a_forecast_is_that_of_the_filter() -> None:
    own, order, count = layer(), 3, 9
    values = GENERATOR.normal(size=(1, order + count)).astype(np.float32)
    coefficients = np.tile(GENERATOR.normal(size=(1, 1, order + 1)), (1, count, 1))
    centre, scale = own.forecast(ops.convert_to_tensor(values), coefficients.astype(np.float32))
    wanted = lfilter([0.0, *coefficients[0, 0, :order]], [1.0], values[0])[order:]
    np.testing.assert_allclose(ops.convert_to_numpy(centre)[0], wanted, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(ops.convert_to_numpy(scale)[0], coefficients[0, :, order], rtol=1e-6)


def test_densities_are_those_of_a_logistic() -> None:
    """Cells much narrower than the scale have the mass of the density times their width."""
    own = layer(levels=256)
    centre, scale = 0.1, -1.5
    found = own.log_density(
        ops.convert_to_tensor([centre], "float32"),
        ops.convert_to_tensor([scale], "float32"),
        ops.zeros((1, 2)),
    )
    borders = (edges(256) - centre) / np.exp(scale)
    masses = np.diff(1 / (1 + np.exp(-borders)))
    density = np.exp(ops.convert_to_numpy(found))[0, 1:-1] / np.exp(scale)
    np.testing.assert_allclose(density, masses, rtol=2e-3)


def test_the_network_moves_centre_and_scale() -> None:
    own, zero, scale = layer(levels=256), ops.zeros((1,)), -3.0
    moved = own.log_density(zero, zero + scale, ops.convert_to_tensor([[2.0, 0.5]], "float32"))
    centre = 2.0 * np.exp(scale + 0.5)
    wanted = own.log_density(zero + centre, zero + scale + 0.5, ops.zeros((1, 2)))
    np.testing.assert_allclose(*(ops.convert_to_numpy(x) for x in (moved, wanted)), rtol=1e-4)


def test_codes_and_their_one_hot_form_are_the_same() -> None:
    own = layer()
    codes = np.array([[3, 15, 0, 16]], np.int32)  # 16 is none
    one_hot = np.eye(17, 16, dtype=np.float32)[codes]
    by_code = ops.convert_to_numpy(own.values(ops.convert_to_tensor(codes)))
    by_row = ops.convert_to_numpy(own.values_of_rows(ops.convert_to_tensor(one_hot)))
    np.testing.assert_allclose(by_code, by_row)
    np.testing.assert_allclose(by_code[0], [*decode(np.array([3, 15, 0]), 16), 0.0], rtol=1e-6)


def test_a_frame_tells_its_own_time_steps() -> None:
    own = layer(order=1)
    # Halo, two frames, halo: a feature, a reflection coefficient, a deviation, a feature.
    frames = np.zeros((1, 4, 4), np.float32)
    frames[0, 1], frames[0, 2] = [9.0, 0.5, 1.0, 9.0], [9.0, -5.0, 0.0, 9.0]
    found = ops.convert_to_numpy(own.coefficients(ops.convert_to_tensor(frames)))
    assert found.shape == (1, 4, 2)
    # Two time steps a frame; what is no reflection coefficient is taken for the largest one.
    np.testing.assert_allclose(found[0, :, 0], LARGEST * np.array([0.5, 0.5, -1.0, -1.0]))
    deviation = np.exp(found[0, :, 1]) * np.pi / np.sqrt(3)  # of a logistic of that scale
    np.testing.assert_allclose(deviation, np.exp([-3.0, -3.0, -5.0, -5.0]), rtol=1e-5)


def test_it_is_saved_with_its_sizes() -> None:
    own = layer(order=5)
    saved = keras.layers.deserialize(keras.layers.serialize(own))
    assert (saved.order, saved.column, saved.hop, saved.halo) == (5, 1, 2, 1)


def test_error_power_is_that_of_the_filtered_sound() -> None:
    """Of a sound that is silent at both ends, whose autocorrelation is that of all of it."""
    sound = np.pad(GENERATOR.normal(size=50), 5)
    correlations = np.correlate(sound, sound, "full")[len(sound) - 1 :][:4]
    coefficients = np.array([0.7, -0.2, 0.1])
    left = np.convolve(sound, [1.0, *-coefficients])
    found = error_power(
        *(ops.convert_to_tensor(x[None], "float32") for x in (coefficients, correlations))
    )
    np.testing.assert_allclose(ops.convert_to_numpy(found), [np.sum(left**2)], rtol=1e-4)
