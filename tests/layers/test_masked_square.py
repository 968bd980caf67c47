"""The masked n x n convolution: against its definition, tap by tap, and by gradient."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from genkit import backend
from genkit.layers.masked_square import MaskedConvolution
from genkit.randomness import normal
from tests.densities import array

pytestmark = pytest.mark.backends
CLOSE: dict[str, Any] = {"rtol": 1e-5, "atol": 1e-5}


def numbers(name: str, *shape: int) -> np.ndarray:
    return normal(0, f"tests/{name}", 0, shape)


def built(layer: Any, channels: int) -> Any:
    """`layer` for images of `channels`, with random weights, the bias too."""
    layer.build((None, 4, 5, channels))
    for i, variable in enumerate(layer.variables):
        variable.assign(normal(1, "tests/weights", i, tuple(variable.shape)))
    return layer


def run(layer: Any, x: np.ndarray) -> np.ndarray:
    return array(backend.compile(layer, layer.variables)(x))


def group_of(one: int, width: int, groups: int) -> int:
    """Group of map `one`: contiguous groups, the first ones take the remainder."""
    sizes = [width // groups + (g < width % groups) for g in range(groups)]
    return int(np.searchsorted(np.cumsum(sizes), one, side="right"))


def is_open(layer: Any, above: int, across: int, i: int, o: int) -> bool:
    """Whether map o reads map i of the pixel `above` rows higher, `across` on the right."""
    if above or across:
        return above > 0 or (above == 0 and across < 0)
    g_in = group_of(i, layer.input_width, layer.groups)
    g_out = group_of(o, layer.units, layer.groups)
    return g_in < g_out if layer.kind == "A" else g_in <= g_out


def full_mask(layer: Any) -> np.ndarray:
    """`(n, n, C_in, units)`, the rows below the centre too."""
    n, reach = layer.width, layer.width // 2
    mask = np.zeros((n, n, layer.input_width, layer.units))
    for place in np.ndindex(*mask.shape):
        y, x, i, o = place
        mask[place] = is_open(layer, reach - y, x - reach, i, o)
    return mask


def definition(layer: Any, x: np.ndarray) -> np.ndarray:
    """A convolution of 'same' size with n x n taps, of which the mask closes some."""
    n, reach, kernel = layer.width, layer.width // 2, array(layer.kernel.value)
    full = np.ones((n, n, *kernel.shape[2:]))
    full[: reach + 1] = kernel
    full *= full_mask(layer)
    batch, height, width, _ = x.shape
    padded = np.pad(x, ((0, 0), (reach, reach), (reach, reach), (0, 0)))
    out: np.ndarray = np.zeros((batch, height, width, layer.units)) + array(layer.bias.value)
    for row in range(height):
        for column in range(width):
            patch = padded[:, row : row + n, column : column + n]
            out[:, row, column] += np.einsum("bijc,ijco->bo", patch, full)
    return out


@pytest.mark.parametrize("kind", ["A", "B"])
@pytest.mark.parametrize(
    ("groups", "channels", "units", "kernel", "shape"),
    [
        (1, 1, 3, 3, (4, 5)),
        (1, 2, 2, 5, (5, 3)),
        (1, 2, 3, 7, (2, 3)),
        (3, 3, 4, 3, (3, 4)),
        (3, 5, 7, 5, (4, 2)),
    ],
)
def test_it_is_its_definition(
    kind: str, groups: int, channels: int, units: int, kernel: int, shape: tuple[int, int]
) -> None:
    layer = built(MaskedConvolution(units, kernel, groups, kind), channels)
    x = numbers("x", 2, *shape, channels)
    np.testing.assert_allclose(run(layer, x), definition(layer, x), **CLOSE)


@pytest.mark.parametrize("kind", ["A", "B"])
@pytest.mark.parametrize(("groups", "channels", "units"), [(1, 1, 2), (3, 4, 5)])
def test_masks_by_gradient_none_leaks_and_none_is_missing(
    kind: str, groups: int, channels: int, units: int
) -> None:
    layer = built(MaskedConvolution(units, 3, groups, kind), channels)
    x, (row, column) = numbers("x", 1, 4, 5, channels), (2, 3)

    def slopes(x: Any, chosen: Any) -> Any:
        return backend.input_gradient(lambda v: layer(v)[:, row, column] * chosen, x)

    seen = backend.compile(slopes, layer.variables)
    mask = full_mask(layer)
    for o in range(units):
        wanted = np.zeros((4, 5, channels), bool)
        wanted[row - 1 : row + 2, column - 1 : column + 2] = mask[..., o]
        found = array(seen(x, np.eye(units, dtype=np.float32)[o]))[0]
        np.testing.assert_array_equal(found != 0, wanted)


def test_fresh_outputs_are_about_as_large_as_the_inputs() -> None:
    """Kernels are scaled by the taps that are open, and cut off at two standard deviations."""
    layer = MaskedConvolution(64, 3, 1, "A")
    layer.build((None, 12, 12, 16))
    x = numbers("x", 4, 12, 12, 16)
    assert not array(layer.bias.value).any()
    assert 0.8 < np.std(run(layer, x)[:, 1:, 1:-1]) < 1.0


@pytest.mark.parametrize("kernel", [2, 4])
def test_even_kernels_are_refused(kernel: int) -> None:
    with pytest.raises(ValueError, match=rf"kernel must be odd\. Received: {kernel}"):
        MaskedConvolution(3, kernel, 1, "B")


def test_other_kinds_are_refused() -> None:
    with pytest.raises(ValueError, match=r"mask kind must be 'A' or 'B'\. Received: 'C'"):
        MaskedConvolution(3, 3, 1, "C").build((None, 4, 5, 2))


def test_it_comes_back_from_what_keras_writes_of_it() -> None:
    layer = built(MaskedConvolution(4, 5, 3, "A"), 3)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert type(again) is MaskedConvolution
    assert again.get_config() == layer.get_config()
    assert again.built
    for mine, theirs in zip(again.variables, layer.variables, strict=True):
        mine.assign(theirs.value)
    x = numbers("x", 1, 4, 5, 3)
    np.testing.assert_array_equal(run(again, x), run(layer, x))


def test_a_kernel_without_any_tap_is_refused() -> None:
    with pytest.raises(ValueError, match="no open tap"):
        MaskedConvolution(2, 1, 1, "A")
