"""Returns of pseudo-rewards, changes of cells and dueling maps against loops."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from keras import ops

from genkit.rl.heads.config import CellsConfig, base, map_parameters
from genkit.rl.heads.control import change_of_cells, control_loss, control_returns
from genkit.rl.heads.maps import MapValues, chosen

pytestmark = pytest.mark.backends
T, B, A = 6, 4, 3
GRID = (2, 3)
DISCOUNT = 0.9


def array(x: Any) -> np.ndarray:
    return np.asarray(ops.convert_to_numpy(x))


def drawn() -> dict[str, np.ndarray]:
    """Environment 0 goes on throughout, 1 ends in the middle, 2 is cut off, 3 does both."""
    draw = np.random.default_rng(0)
    ends, cuts = np.zeros((T, B), bool), np.zeros((T, B), bool)
    ends[2, 1] = ends[1, 3] = True
    cuts[3, 2] = cuts[4, 3] = cuts[5, 2] = True
    return {
        "rewards": draw.random((T, B, *GRID)).astype(np.float32),
        "values": draw.normal(size=(T + 1, B, *GRID, A)).astype(np.float32),
        "action": draw.integers(0, A, (T, B)).astype(np.int32),
        "terminated": ends,
        "truncated": cuts,
    }


def returns_by_sums(given: dict[str, np.ndarray]) -> np.ndarray:
    """Forwards from each step, as sums: up to the end, or to where nothing more is known."""
    found = np.zeros((T, B, *GRID))
    best = given["values"].max(axis=-1)
    for b in range(B):
        for t in range(T):
            total, factor = np.zeros(GRID), 1.0
            for k in range(t, T):
                if given["terminated"][k, b]:
                    break  # nothing is known of this change, and nothing follows
                if given["truncated"][k, b]:
                    total += factor * best[k, b]
                    break
                total += factor * given["rewards"][k, b]
                factor *= DISCOUNT
            else:
                total += factor * best[T, b]
            found[t, b] = total
    return found


def test_returns_are_sums_up_to_an_end_a_cut_or_the_last_state() -> None:
    given = drawn()
    best = given["values"].max(axis=-1)
    found = control_returns(
        given["rewards"], DISCOUNT, best, given["terminated"], given["truncated"]
    )
    np.testing.assert_allclose(array(found), returns_by_sums(given), rtol=1e-5, atol=1e-5)


def test_the_loss_sums_over_cells_and_steps_but_where_episodes_were_cut_off() -> None:
    given = drawn()
    best = given["values"].max(axis=-1)
    experience = {name: given[name] for name in ("action", "terminated", "truncated")}
    loss, mean = control_loss(given["values"], best, given["rewards"], experience, DISCOUNT)
    wanted, returns = 0.0, returns_by_sums(given)
    for b in range(B):
        for t in range(T):
            if not given["truncated"][t, b]:
                taken = given["values"][t, b, ..., given["action"][t, b]]
                wanted += ((returns[t, b] - taken) ** 2).sum() / B
    assert float(array(loss)) == pytest.approx(wanted, rel=1e-4)
    assert float(array(mean)) == pytest.approx(returns.mean(), rel=1e-4)


def test_values_of_the_actions_that_were_taken() -> None:
    given = drawn()
    found = array(chosen(given["values"][:-1], given["action"]))
    for t in range(T):
        for b in range(B):
            taken = given["values"][t, b, ..., given["action"][t, b]]
            np.testing.assert_array_equal(found[t, b], taken)


@pytest.mark.parametrize(("cell", "crop"), [(1, 0), (2, 1), (4, 2)])
def test_change_of_cells_is_that_of_the_papers_words(cell: int, crop: int) -> None:
    height, width = 8 + 2 * crop, 4 + 2 * crop
    image = np.random.default_rng(cell).integers(0, 256, (3, 2, height, width, 3), np.uint8)
    found = array(change_of_cells(image, cell, crop))
    assert found.shape == (2, 2, 8 // cell, 4 // cell)
    seen = image.astype(np.float64) / 255
    for t, b, row, column in np.ndindex(*found.shape):
        down, right = crop + row * cell, crop + column * cell
        one, two = (seen[s, b, down : down + cell, right : right + cell] for s in (t, t + 1))
        assert found[t, b, row, column] == pytest.approx(np.abs(one - two).mean(), abs=1e-6)


def test_a_picture_of_84_pixels_has_20_by_20_cells() -> None:
    assert CellsConfig().grid(84, 84) == (20, 20)
    layer = MapValues(4, (20, 20), 32)
    layer.build((None, 8))
    assert layer.small == (9, 9, 32)
    assert tuple(layer(np.zeros((2, 8), np.float32)).shape) == (2, 20, 20, 1, 4)


@pytest.mark.parametrize("side", range(1, 30))
def test_every_side_has_a_transposed_convolution(side: int) -> None:
    small, kernel, stride = base(side)
    assert (small - 1) * stride + kernel == side


@pytest.mark.parametrize(("grid", "units"), [((2, 3), 1), ((5, 4), 3)])
def test_maps_are_a_value_and_advantages_of_mean_zero(grid: tuple[int, int], units: int) -> None:
    layer = MapValues(A, grid, 2, units)
    layer.build((None, 5))
    draw = np.random.default_rng(0)
    for weight in layer.trainable_variables:
        weight.assign(draw.normal(size=weight.shape))
    count = sum(int(np.prod(w.shape)) for w in layer.trainable_variables)
    assert count == map_parameters(5, grid, 2, units * (1 + A))
    features = draw.normal(size=(2, 5)).astype(np.float32)
    found = array(layer(features))
    assert found.shape == (2, *grid, units, A)
    small = np.maximum(features @ array(layer.dense.kernel) + array(layer.dense.bias), 0)
    small = small.reshape(2, *layer.small)
    kernel = array(layer.values.kernel)  # (high, wide, maps, width)
    stride = [base(side)[2] for side in grid]
    wanted = np.tile(array(layer.values.bias), (2, *grid, 1))
    for n, row, column in np.ndindex(2, *layer.small[:2]):
        stamp = kernel @ small[n, row, column]
        down, right = row * stride[0], column * stride[1]
        wanted[n, down : down + len(stamp), right : right + stamp.shape[1]] += stamp
    wanted = wanted.reshape(2, *grid, units, 1 + A)
    value, advantage = wanted[..., :1], wanted[..., 1:]
    assert (advantage < 0).any()
    wanted = value + advantage - advantage.mean(axis=-1, keepdims=True)
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-4)


def test_cells_that_do_not_fill_the_picture() -> None:
    with pytest.raises(ValueError, match="cells of 4 pixels do not fill 36 x 38"):
        CellsConfig().grid(40, 42)
    with pytest.raises(ValueError, match="what crop"):
        CellsConfig(crop=4).grid(8, 8)
