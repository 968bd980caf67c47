"""Where the colours lie among maps, and sums that wait for later colours and pixels."""

from __future__ import annotations

import numpy as np
import pytest

from genkit.layers.masked import GroupedDense
from genkit.randomness import normal
from genkit.sampling.raster.colours import (
    Groups,
    Pending,
    dense_by_colour,
    first_by_colour,
    shifted,
)
from tests.densities import array

pytestmark = pytest.mark.backends


def numbers(name: str, *shape: int) -> np.ndarray:
    return normal(0, f"tests/{name}", 0, shape)


def test_groups_lie_side_by_side() -> None:
    groups = Groups(5, 3, gates=2)
    assert groups.order.tolist() == [0, 1, 5, 6, 2, 3, 7, 8, 4, 9]
    assert [groups.size(g) for g in range(3)] == [4, 4, 2]
    assert [groups.rest(g) for g in range(3)] == [10, 6, 2]
    assert groups.cut(1) == slice(4, 8)


def test_what_is_pending_comes_in_order() -> None:
    pending, first, second = Pending(), numbers("a", 2, 5), numbers("b", 2, 3)
    np.testing.assert_array_equal(array(pending.take(first, 2)), first[:, :2])
    np.testing.assert_allclose(
        array(pending.take(second, 2)), first[:, 2:4] + second[:, :2], rtol=1e-6
    )


@pytest.mark.parametrize("gates", [1, 2, 4])
def test_a_dense_layer_cut_by_colour_in_group_major_order(gates: int) -> None:
    layer = GroupedDense(5, 3, gates)
    layer.build((None, 7))
    for i, variable in enumerate(layer.variables):
        variable.assign(numbers(f"w{i}", *variable.shape))
    source, target = Groups(7, 3), Groups(5, 3, gates)
    x = numbers("x", 4, 7)
    found = np.zeros((4, 5 * gates), np.float32)
    for g, (kernel, bias) in enumerate(dense_by_colour(layer, source, target)):
        found[:, int(target.edges[g]) :] += x[:, source.cut(g)] @ array(kernel)
        found[:, target.cut(g)] += array(bias)
    np.testing.assert_allclose(found, array(layer(x))[:, target.order], rtol=1e-4, atol=1e-5)


def test_earlier_colours_of_a_pixel() -> None:
    target, kernel = Groups(4, 3), numbers("k", 3, 4)
    parts = [array(part) for part in first_by_colour(kernel, target, target.ordered)]
    np.testing.assert_array_equal(parts[0], kernel[:1, 2:3])
    np.testing.assert_array_equal(parts[1], kernel[:2, 3:])


def test_sums_for_the_pixels_on_the_right_move_on() -> None:
    old, pushed = (numbers("old", 2, 3),), numbers("new", 2, 6)
    now, later = shifted(old, pushed, 3)
    np.testing.assert_allclose(array(now), pushed[:, :3] + old[0], rtol=1e-6)
    np.testing.assert_array_equal(array(later[0]), pushed[:, 3:])
