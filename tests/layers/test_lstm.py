"""Row LSTM and Diagonal BiLSTM: against the paper's equations, pixel by pixel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from genkit import backend
from genkit.layers.lstm import DiagonalBiLSTM, ForgetBias, RowLSTM, skew, unskew
from genkit.layers.recurrence import GATES
from genkit.randomness import normal
from tests.densities import array

pytestmark = pytest.mark.backends
WIDE = backend.name() == "tensorflow"  # whether there is float64
DTYPE = "float64" if WIDE else "float32"
CLOSE: dict[str, Any] = {"rtol": 1e-9, "atol": 1e-11} if WIDE else {"rtol": 1e-4, "atol": 1e-5}
SLOPES: dict[str, Any] = {"rtol": 1e-6, "atol": 1e-7} if WIDE else {"rtol": 1e-2, "atol": 1e-3}
STEP = 1e-5
Arrays = dict[str, np.ndarray]
Reference = Callable[[Any, Arrays, np.ndarray], np.ndarray]


def numbers(name: str, *shape: int) -> np.ndarray:
    return normal(0, f"tests/{name}", 0, shape).astype(np.float64)


def sigmoid(x: np.ndarray) -> np.ndarray:
    return np.asarray(1.0 / (1.0 + np.exp(-x)))


def randomised(layer: Any, channels: int) -> Any:
    """`layer`, built for `channels`, with random weights, initial states too."""
    layer.build((None, 3, 4, channels))
    for i, variable in enumerate(layer.variables):
        shape = tuple(variable.shape)
        variable.assign(0.6 * normal(1, "tests/weights", i, shape))
    return layer


def run(layer: Any, *given: np.ndarray) -> np.ndarray:
    """Outputs of a layer, compiled: operation by operation takes long on JAX."""
    call = backend.compile(lambda *x: layer(*x), layer.variables)
    return array(call(*(x.astype(DTYPE) for x in given)))


def weights_of(layer: Any) -> Arrays:
    return {variable.path: array(variable.value).astype(np.float64) for variable in layer.variables}


def named(weights: Arrays, ending: str) -> np.ndarray:
    (found,) = (value for path, value in weights.items() if path.endswith(ending))
    return found


def groups_of(width: int, groups: int) -> np.ndarray:
    """Group of each map: contiguous groups, the first ones take the remainder."""
    sizes = [width // groups + (g < width % groups) for g in range(groups)]
    return np.repeat(np.arange(groups), sizes)


def own_pixel(kernel: np.ndarray, units: int, groups: int) -> np.ndarray:
    """`(C_in, 4h)` kernel on the pixel itself: a map of any gate sees colours up to its own."""
    into = groups_of(len(kernel), groups)
    out = np.concatenate([groups_of(units, groups)] * GATES)
    return np.where(into[:, None] <= out, kernel, 0.0)


def step(gates: np.ndarray, cell: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """State and cell (equation 3): [o, f, i, g], c = f c + i g, h = o tanh(c)."""
    o, f, i, g = np.split(gates, GATES)
    cell = sigmoid(f) * cell + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(cell), cell


def row_reference(layer: RowLSTM, weights: Arrays, x: np.ndarray) -> np.ndarray:
    """Equation 3: one row after the other, the state kernel centred on the row above."""
    above, along = named(weights, "/state_to_state"), named(weights, "/kernel").copy()
    bias, (state, cell) = named(weights, "/bias"), named(weights, "/initial")
    along[-1] = own_pixel(along[-1], layer.units, layer.groups)
    batch, height, width, _ = x.shape
    found = np.zeros((batch, height, width, layer.units))
    for b in range(batch):
        states, cells = np.tile(state, (width, 1)), np.tile(cell, (width, 1))
        for r in range(height):
            before = states.copy()
            for c in range(width):
                gates = bias.copy()
                for k, tap in enumerate(above):
                    if 0 <= (near := c + k - len(above) // 2) < width:
                        gates += before[near] @ tap
                for distance, tap in enumerate(reversed(along)):
                    if c >= distance:
                        gates += x[b, r, c - distance] @ tap
                states[c], cells[c] = step(gates, cells[c])
            found[b, r] = states
    return found


def one_direction(
    maps: np.ndarray, kernel: np.ndarray, initial: np.ndarray, columns: list[int]
) -> np.ndarray:
    """States `(H, W, h)` of input-to-state maps `(H, W, 4h)`: each pixel reads the pixel before
    it in its row, in the order of `columns`, and the one above, whose cell is not read."""
    height, width, units = maps.shape[0], maps.shape[1], maps.shape[2] // GATES
    found = np.zeros((height, width, units))
    for r in range(height):
        state, cell = initial
        for c in columns:
            above = found[r - 1, c] if r else initial[0]
            gates = maps[r, c] + state @ kernel[:units] + above @ kernel[units:]
            state, cell = step(gates, cell)
            found[r, c] = state
    return found


def diagonal_reference(layer: DiagonalBiLSTM, weights: Arrays, x: np.ndarray) -> np.ndarray:
    """Section 3.2: both directions, the second one moved down by a row."""
    kernels, initial = named(weights, "/state_to_state"), named(weights, "/initial")
    masked = own_pixel(named(weights, "to_first/kernel"), layer.units, layer.groups)
    columns = list(range(x.shape[2]))
    found = []
    for image in x:
        maps = image @ masked + named(weights, "to_first/bias")
        first = one_direction(maps, kernels[0], initial[0], columns)
        maps = image @ named(weights, "to_second/kernel") + named(weights, "to_second/bias")
        second = one_direction(maps, kernels[1], initial[1], columns[::-1])
        first[1:] += second[:-1]
        found.append(first)
    return np.stack(found)


def row(units: int = 3, kernel: int = 3, state_kernel: int = 3, groups: int = 1) -> RowLSTM:
    return RowLSTM(units, kernel, state_kernel, groups, dtype=DTYPE, name="layer")


def diagonal(units: int = 3, groups: int = 1) -> DiagonalBiLSTM:
    return DiagonalBiLSTM(units, groups, dtype=DTYPE, name="layer")


CASES: dict[str, tuple[Any, Reference, tuple[int, ...]]] = {
    "row": (row, row_reference, (2, 4, 5, 2)),
    "row, wide kernels": (lambda: row(2, 5, 7), row_reference, (1, 3, 4, 3)),
    "row, colours": (lambda: row(4, groups=3), row_reference, (2, 3, 2, 5)),
    "row, one column": (lambda: row(2, 3, 5), row_reference, (1, 4, 1, 2)),
    "diagonal": (diagonal, diagonal_reference, (2, 4, 4, 2)),
    "diagonal, tall": (diagonal, diagonal_reference, (1, 5, 2, 2)),
    "diagonal, broad, colours": (lambda: diagonal(5, 3), diagonal_reference, (2, 2, 4, 4)),
    "diagonal, tall, colours": (lambda: diagonal(3, 3), diagonal_reference, (1, 3, 2, 7)),
    "diagonal, images in turn": (lambda: diagonal(2), diagonal_reference, (8, 2, 3, 2)),
    "diagonal, one after the other": (lambda: diagonal(2), diagonal_reference, (5, 3, 2, 2)),
    "diagonal, colours in turn": (lambda: diagonal(3, 3), diagonal_reference, (6, 2, 2, 4)),
    "diagonal, one column": (diagonal, diagonal_reference, (5, 3, 1, 2)),
    "diagonal, one row": (diagonal, diagonal_reference, (5, 1, 4, 2)),
}
each_case = pytest.mark.parametrize(("make", "reference", "shape"), CASES.values(), ids=CASES)
each_layer = pytest.mark.parametrize("make", [row, diagonal], ids=["row", "diagonal"])


@pytest.mark.parametrize("shape", [(1, 1, 1, 1), (2, 3, 3, 2), (1, 2, 5, 1), (2, 4, 1, 3)])
def test_skewing_moves_each_row_right_by_its_number(shape: tuple[int, ...]) -> None:
    x = numbers("x", *shape).astype(np.float32)
    _, height, width, _ = shape
    found = array(skew(x))
    wanted = np.zeros((shape[0], height, height + width - 1, shape[3]), np.float32)
    for i in range(height):
        wanted[:, i, i : i + width] = x[:, i]
    np.testing.assert_array_equal(found, wanted)
    np.testing.assert_array_equal(array(unskew(found)), x)
    # Whatever lies around the moved rows is dropped.
    np.testing.assert_array_equal(array(unskew(np.where(wanted == 0.0, 7.0, found))), x)


@each_case
def test_a_layer_is_its_definition(make: Any, reference: Reference, shape: tuple[int, ...]) -> None:
    layer, x = randomised(make(), shape[-1]), numbers("x", *shape)
    np.testing.assert_allclose(run(layer, x), reference(layer, weights_of(layer), x), **CLOSE)


@pytest.mark.parametrize(
    "case",
    ["row, colours", "row, wide kernels", "diagonal, tall, colours", "diagonal, images in turn"],
)
def test_gradients_are_the_slopes_of_the_definition(case: str) -> None:
    """By a central difference along one random direction of each weight and of the input."""
    make, reference, shape = CASES[case]
    layer, x = randomised(make(), shape[-1]), numbers("x", *shape)
    mix = numbers("mix", *shape[:-1], layer.units)
    given, weights = x.astype(DTYPE), weights_of(layer)

    def score(x: np.ndarray, moved: Arrays) -> float:
        return float(np.sum(reference(layer, {**weights, **moved}, x) * mix))

    def loss(x: Any) -> Any:
        return ops.sum(layer(x) * mix.astype(DTYPE))

    def slopes(x: Any) -> Any:
        _, own = backend.gradients(lambda: (loss(x), ()), layer.trainable_variables)
        return own, backend.input_gradient(loss, x)

    own, of_input = backend.compile(slopes, layer.variables)(given)
    paths = [variable.path for variable in layer.trainable_variables]
    assert set(paths) == set(weights)
    for path, gradient in zip(paths, own, strict=True):
        way = numbers(path, *weights[path].shape)
        ends = [score(x, {path: weights[path] + s * STEP * way}) for s in (1.0, -1.0)]
        wanted = (ends[0] - ends[1]) / (2 * STEP)
        np.testing.assert_allclose(np.sum(array(gradient) * way), wanted, err_msg=path, **SLOPES)
    way = numbers("way", *shape)
    ends = [score(x + s * STEP * way, {}) for s in (1.0, -1.0)]
    wanted = (ends[0] - ends[1]) / (2 * STEP)
    np.testing.assert_allclose(np.sum(array(of_input) * way), wanted, **SLOPES)


@each_layer
def test_every_initial_state_is_learned(make: Any) -> None:
    """Fresh initial states are zero; each of their numbers has a gradient."""
    layer, x = make(), numbers("x", 2, 3, 4, 2).astype(DTYPE)
    layer.build(x.shape)
    assert not array(layer.initial.value).any()
    assert any(layer.initial is variable for variable in layer.trainable_variables)

    def slopes(x: Any) -> Any:
        return backend.gradients(lambda: (ops.sum(layer(x) ** 2), ()), [layer.initial])[1][0]

    found = array(backend.compile(slopes, layer.variables)(x))
    assert (np.abs(found) > 1e-6).all()


@pytest.mark.skipif(not WIDE, reason="JAX compiles each operation")
@each_layer
def test_gradients_are_the_same_without_compilation(make: Any) -> None:
    layer, x = randomised(make(), 2), numbers("x", 1, 2, 3, 2).astype(DTYPE)

    def slopes(x: Any) -> Any:
        return backend.gradients(lambda: (ops.sum(layer(x) ** 2), ()), layer.variables)[1]

    compiled = backend.compile(slopes, layer.variables)(x)
    for mine, theirs in zip(slopes(x), compiled, strict=True):
        np.testing.assert_allclose(array(mine), array(theirs), **CLOSE)


def test_fresh_gates_forget_slowly() -> None:
    """A bias of 1 for the second of the four gates, 0 for the others."""
    wanted = np.array([0.0] * 3 + [1.0] * 3 + [0.0] * 6, np.float32)
    np.testing.assert_array_equal(array(ForgetBias()((12,))), wanted)
    layers: list[Any] = [row(3), diagonal(3)]
    for layer in layers:
        layer.build((None, 3, 4, 2))
    rows, diagonals = layers
    for bias in (rows.bias, diagonals.to_first.bias, diagonals.to_second.bias):
        np.testing.assert_array_equal(array(bias.value), wanted)


@pytest.mark.parametrize(
    ("make", "gates"), [(row, GATES), (diagonal, 2 * GATES)], ids=["row", "diagonal"]
)
def test_what_is_given_is_added_to_the_input_to_state_maps(make: Any, gates: int) -> None:
    """The same everywhere, it is a change of the biases."""
    layer, x = randomised(make(), 2), numbers("x", 2, 3, 4, 2)
    added = numbers("added", gates * layer.units)
    everywhere = np.broadcast_to(added, (2, 3, 4, len(added)))
    found, plain = run(layer, x, everywhere), run(layer, x)
    biases = [layer.bias] if make is row else [layer.to_first.bias, layer.to_second.bias]
    for bias, part in zip(biases, np.split(added, len(biases)), strict=True):
        bias.assign(array(bias.value) + part)
    wanted = run(layer, x)
    assert np.abs(wanted - plain).max() > 0.1
    np.testing.assert_allclose(found, wanted, **CLOSE)


@pytest.mark.parametrize("width", [2, 4])
def test_even_kernels_are_refused(width: int) -> None:
    with pytest.raises(ValueError, match=rf"^state_kernel must be odd\. Received: {width}"):
        row(state_kernel=width)
    with pytest.raises(ValueError, match=rf"^kernel must be odd\. Received: {width}"):
        row(kernel=width)


@pytest.mark.parametrize(
    "make", [lambda: row(5, 5, 7, 3), lambda: diagonal(5, 3)], ids=["row", "diagonal"]
)
def test_a_layer_comes_back_from_what_keras_writes_of_it(make: Any) -> None:
    layer, x = randomised(make(), 4), numbers("x", 2, 3, 4, 4)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert type(again) is type(layer)
    assert again.get_config() == layer.get_config()
    assert again.built
    for mine, theirs in zip(again.variables, layer.variables, strict=True):
        mine.assign(theirs.value)
    np.testing.assert_array_equal(run(again, x), run(layer, x))
