"""Masked convolutions: against plain NumPy, by gradient, and the pieces of their step views."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops

from genkit import backend
from genkit.layers.masked import GroupedDense, RowConvolution, RowsAboveConvolution
from genkit.randomness import normal

pytestmark = pytest.mark.backends
CLOSE = {"rtol": 1e-5, "atol": 1e-5}
# Eager JAX compiles every operation anew for each shape.
EXAMPLES = 12 if backend.name() == "tensorflow" else 3


def numbers(name: str, *shape: int) -> np.ndarray:
    return normal(0, f"tests/{name}", 0, shape)


def built(layer: Any, channels: int) -> Any:
    """`layer` for images of `channels`, with random weights, biases too."""
    layer.build((None, 4, 5, channels))
    for i, variable in enumerate(layer.variables):
        variable.assign(normal(1, "tests/weights", i, tuple(variable.shape)))
    return layer


def array(value: Any) -> np.ndarray:
    return np.asarray(ops.convert_to_numpy(value))


def group_of(one: int, width: int, groups: int) -> int:
    """Group of map `one`: contiguous groups, the first ones take the remainder."""
    base, rest = divmod(width, groups)
    end = 0
    for group in range(groups):
        end += base + (group < rest)
        if one < end:
            return group
    raise ValueError(one)


def tap_open(kind: str, distance: int, g_in: int, g_out: int) -> bool:
    """Whether a tap `distance` pixels to the left (0: the centre) is open."""
    return distance > 0 or (g_in < g_out if kind == "A" else g_in <= g_out)


def masked_row_convolution(layer: Any, x: np.ndarray) -> np.ndarray:
    """The definition, tap by tap."""
    kernel, (batch, height, width, channels) = array(layer.kernel), x.shape
    out = np.zeros((batch, height, width, kernel.shape[-1]))
    for column in range(width):
        for distance in range(layer.left + 1):
            if column < distance:
                continue
            for i in range(channels):
                for o in range(kernel.shape[-1]):
                    g_in = group_of(i, channels, layer.groups)
                    g_out = group_of(o % layer.units, layer.units, layer.groups)
                    if tap_open(layer.kind, distance, g_in, g_out):
                        weight = kernel[layer.left - distance, i, o]
                        out[:, :, column, o] += weight * x[:, :, column - distance, i]
    return out


ROWS = st.tuples(
    st.sampled_from([1, 3]), st.integers(3, 5), st.integers(3, 5), st.sampled_from([1, 3, 5])
)


@given(ROWS, st.sampled_from("AB"), st.integers(1, 2))
@settings(max_examples=EXAMPLES)
def test_row_convolution_is_its_definition(
    sizes: tuple[int, int, int, int], kind: str, gates: int
) -> None:
    groups, channels, units, kernel = sizes
    layer = built(RowConvolution(units, kernel, groups, kind, gates), channels)
    x = numbers("x", 2, 2, 6, channels)
    np.testing.assert_allclose(array(layer(x)), masked_row_convolution(layer, x), **CLOSE)


@pytest.mark.parametrize("kind", ["A", "B"])
@pytest.mark.parametrize(("channels", "units"), [(3, 4), (5, 5), (4, 3)])
def test_masks_by_gradient_none_leaks_and_none_is_missing(
    kind: str, channels: int, units: int
) -> None:
    layer = built(RowConvolution(units, 3, 3, kind), channels)
    x, column = numbers("x", 1, 1, 5, channels), 3
    for o in range(2 * units):
        found = array(backend.input_gradient(lambda v, o=o: layer(v)[:, :, column, o], x))
        wanted = np.zeros((5, channels), bool)
        for i in range(channels):
            g_in, g_out = group_of(i, channels, 3), group_of(o % units, units, 3)
            wanted[column - 1, i] = True
            wanted[column, i] = tap_open(kind, 0, g_in, g_out)
        np.testing.assert_array_equal(found[0, 0] != 0, wanted)


@pytest.mark.parametrize("kind", ["A", "B"])
def test_the_pieces_of_a_row_convolution_add_up_to_it(kind: str) -> None:
    layer = built(RowConvolution(4, 5, 3, kind), 5)
    x = numbers("x", 2, 1, 6, 5)
    whole = array(layer(x))[:, 0]
    padded = np.pad(x[:, 0], ((0, 0), (2, 0), (0, 0)))
    centre = array(layer.masked_kernel())[-1]
    for column in range(6):
        left = padded[:, column : column + 2].reshape(2, -1)
        found = left @ array(layer.left_weights()) + x[:, 0, column] @ centre
        np.testing.assert_allclose(found, whole[:, column], **CLOSE)


def full_masked_convolution(layer: Any, x: np.ndarray) -> np.ndarray:
    """n x n convolution of 'same' size whose taps below the centre row are closed."""
    n, kernel, bias = layer.width, array(layer.kernel), array(layer.bias)
    full = np.zeros((n, n, *kernel.shape[2:]))
    full[: n // 2 + 1] = kernel
    batch, height, width, _ = x.shape
    padded = np.pad(x, ((0, 0), (n // 2, n // 2), (n // 2, n // 2), (0, 0)))
    out = np.zeros((batch, height, width, kernel.shape[-1])) + bias
    for row in range(height):
        for column in range(width):
            patch = padded[:, row : row + n, column : column + n]
            out[:, row, column] += np.einsum("bijc,ijco->bo", patch, full)
    return out


@pytest.mark.parametrize("kernel", [1, 3, 5])
def test_rows_above_equal_a_full_masked_convolution(kernel: int) -> None:
    layer = built(RowsAboveConvolution(3, kernel), 2)
    x = numbers("x", 2, 4, 5, 2)
    np.testing.assert_allclose(array(layer(x)), full_masked_convolution(layer, x), **CLOSE)


@pytest.mark.parametrize("kernel", [1, 3, 5, 7])
def test_rows_above_step_by_step(kernel: int) -> None:
    layer = built(RowsAboveConvolution(3, kernel), 2)
    x = numbers("x", 2, 5, 4, 2)
    whole = array(layer(x))
    above = np.zeros((2, kernel // 2, 4, 2), np.float32)
    for row in range(5):
        found, above = layer.step(x[:, row], above)
        np.testing.assert_allclose(array(found), whole[:, row], **CLOSE)
        assert tuple(above.shape) == (2, kernel // 2, 4, 2)


@given(st.integers(3, 7), st.integers(3, 7), st.sampled_from([1, 3]), st.integers(1, 2))
@settings(max_examples=EXAMPLES)
def test_grouped_dense_sees_earlier_groups_only(
    inputs: int, units: int, groups: int, gates: int
) -> None:
    layer = built(GroupedDense(units, groups, gates), inputs)
    x = numbers("x", 3, inputs)
    kernel, bias = array(layer.kernel).copy(), array(layer.bias)
    into = [group_of(i, inputs, groups) for i in range(inputs)]
    out = [group_of(o % units, units, groups) for o in range(gates * units)]
    kernel[np.array(into)[:, None] > np.array(out)[None]] = 0.0
    whole = x @ kernel + bias
    np.testing.assert_allclose(array(layer(x)), whole, **CLOSE)


@pytest.mark.parametrize("kernel", [2, 4])
def test_even_kernels_are_refused(kernel: int) -> None:
    with pytest.raises(ValueError, match=rf"kernel must be odd\. Received: {kernel}"):
        RowConvolution(3, kernel, 1, "B")
    with pytest.raises(ValueError, match=rf"kernel must be odd\. Received: {kernel}"):
        RowsAboveConvolution(3, kernel)


@pytest.mark.parametrize(
    "layer",
    [
        GroupedDense(4, 3, 2),
        RowConvolution(4, 3, 3, "A", gates=1),
        RowsAboveConvolution(4, 5),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_a_layer_comes_back_from_its_configuration(layer: Any) -> None:
    again = built(type(layer).from_config(layer.get_config()), 3)
    x = numbers("x", 1, 4, 5, 3)
    np.testing.assert_array_equal(array(again(x)), array(built(layer, 3)(x)))
