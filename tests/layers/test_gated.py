"""Gates, shifts, conditional biases and the block of two stacks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from keras import ops

from genkit import backend
from genkit.layers.gated import ConditionalBias, GatedBlock, gate, shift_down
from genkit.randomness import normal

pytestmark = pytest.mark.backends
CLOSE = {"rtol": 1e-5, "atol": 1e-6}


def numbers(name: str, *shape: int) -> np.ndarray:
    return normal(0, f"tests/{name}", 0, shape)


def array(value: Any) -> np.ndarray:
    return np.asarray(ops.convert_to_numpy(value))


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(-x))


def block(first: bool = False, conditional: bool = False, channels: int = 4) -> GatedBlock:
    layer = GatedBlock(4, 3, 3, first, conditional)
    shape = (None, 4, 5, channels)
    layer.build(shape, shape, (None, 2) if conditional else None)
    for i, variable in enumerate(layer.variables):
        variable.assign(normal(1, "tests/weights", i, tuple(variable.shape)))
    return layer


def test_gate_takes_the_filter_first() -> None:
    x = numbers("x", 2, 3, 6)
    np.testing.assert_allclose(array(gate(x)), np.tanh(x[..., :3]) * sigmoid(x[..., 3:]), **CLOSE)


@pytest.mark.parametrize("shape", [(2, 1, 3, 2), (2, 4, 3, 2), (1, 3, 2)])
def test_shift_down_moves_rows_by_one(shape: tuple[int, ...]) -> None:
    x = numbers("x", *shape)
    found = array(shift_down(x))
    assert found.shape == x.shape
    assert not found[:, 0].any()
    np.testing.assert_array_equal(found[:, 1:], x[:, :-1])


def test_conditional_bias_is_a_product() -> None:
    layer = ConditionalBias(units=3, count=2)
    layer.build((None, 4))
    layer.kernel.assign(numbers("kernel", 4, 6))
    vector = numbers("vector", 5, 4)
    found = [array(part) for part in layer(vector)]
    wanted = vector @ numbers("kernel", 4, 6)
    np.testing.assert_allclose(found[0], wanted[:, :3], **CLOSE)
    np.testing.assert_allclose(found[1], wanted[:, 3:], **CLOSE)
    again = ConditionalBias.from_config(layer.get_config())
    assert (again.units, again.count) == (3, 2)


def test_nothing_flows_from_the_horizontal_stack_to_the_vertical_one() -> None:
    layer = block()
    vertical, horizontal = numbers("v", 1, 4, 5, 4), numbers("h", 1, 4, 5, 4)
    back = backend.input_gradient(lambda h: layer(vertical, h)[0], horizontal)
    assert not array(back).any()
    across = backend.input_gradient(lambda v: layer(v, horizontal)[1], vertical)
    assert array(across)[:, :-1].any()
    assert not array(across)[:, -1].any()  # the link is shifted: the last row is below all


def test_only_the_first_block_has_no_residual() -> None:
    first, later = block(first=True), block()
    vertical, horizontal = numbers("v", 2, 4, 5, 4), numbers("h", 2, 4, 5, 4)
    above, across = (array(part) for part in first(vertical, horizontal))
    again, summed = (array(part) for part in later(vertical, horizontal))
    np.testing.assert_array_equal(above, again)  # equal weights, and masks only across
    direct = array(later.output_map(gate(later.horizontal(horizontal) + later.link(
        shift_down(later.vertical(vertical))))))  # fmt: skip
    np.testing.assert_allclose(summed - horizontal, direct, rtol=1e-4, atol=1e-5)
    masked = array(first.output_map(gate(first.horizontal(horizontal) + first.link(
        shift_down(first.vertical(vertical))))))  # fmt: skip
    np.testing.assert_allclose(across, masked, rtol=1e-4, atol=1e-5)


def test_the_first_block_does_not_see_the_pixel_itself_and_later_ones_do() -> None:
    """In the maps before the residual, which would hide a centre tap that is closed."""
    x = numbers("x", 1, 4, 5, 4)
    for first in (True, False):
        layer = block(first=first)
        for maps, own in (([0, 1], [0, 1]), ([2], [2]), ([3], [3])):  # groups of 4 maps

            def centre(h: Any, layer: Any = layer, maps: Any = maps) -> Any:
                return ops.take(layer.horizontal(h)[:, 2, 2], maps, axis=-1)

            seen = array(backend.input_gradient(centre, x))[0, 2, 2]
            earlier = [i for i in range(4) if i < own[0]]
            assert (seen[own] != 0).all() == (not first)
            assert (seen[own] == 0).all() == first
            assert (seen[earlier] != 0).all()


def test_a_condition_is_the_same_bias_at_every_position() -> None:
    layer = block(conditional=True)
    vertical, horizontal = np.zeros((1, 4, 5, 4), np.float32), np.zeros((1, 4, 5, 4), np.float32)
    vectors = np.eye(2, dtype=np.float32)
    outputs = [layer(vertical, horizontal, vectors[i : i + 1]) for i in range(2)]
    interior = [array(out[0])[0, 2, 2] for out in outputs]
    assert np.abs(interior[0] - interior[1]).max() > 0.01
    for out in outputs:
        # Without any input the vertical maps are the biases alone.
        np.testing.assert_allclose(array(out[0]), array(out[0])[:, :1, :1] + 0 * array(out[0]))


def test_dropped_maps_are_zero_in_both_stacks() -> None:
    layer = block(first=True)
    layer.output_map.bias.assign(np.zeros(4))
    vertical, horizontal = numbers("v", 1, 4, 5, 4), numbers("h", 1, 4, 5, 4)
    kept = np.array([[2.0, 0, 1, 1, 0, 0, 0, 0]], np.float32)
    plain = array(layer(vertical, horizontal)[0])
    above, across = (array(part) for part in layer(vertical, horizontal, None, kept))
    np.testing.assert_allclose(above, plain * kept[:, :4], **CLOSE)
    assert not across.any()
