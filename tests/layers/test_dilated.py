"""The dilated causal stack: all its views against each other and against plain NumPy."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops

from genkit import backend
from genkit.layers.dilated import DilatedCausalStack, DilatedGatedLayer
from genkit.layers.dilated_steps import DilatedSteps
from genkit.layers.dilation import receptive_field, seen_lags
from tests.sequences import array, numbers, stack

CLOSE = {"rtol": 1e-4, "atol": 1e-5}
BATCH, STEPS = 2, 13
CASES: list[tuple[int, tuple[int, ...], dict[str, int]]] = [
    (2, (1, 2, 4, 1, 2, 4), {}),
    (3, (1, 3, 2), {"vector": 3}),
    (2, (5, 1, 5), {"local": 2}),
    (3, (2, 7), {"vector": 1, "local": 2}),
]


def inputs(layer: Any, steps: int = STEPS) -> tuple[np.ndarray, Any, Any]:
    x = numbers("x", BATCH, steps, layer.residual)
    vector = numbers("vector", BATCH, layer.vector_width) if layer.vector_width else None
    local = numbers("local", BATCH, steps, layer.local_width) if layer.local_width else None
    return x, vector, local


def by_hand(layer: Any, x: np.ndarray, vector: Any, local: Any) -> np.ndarray:
    """The paper's equations in float64, a time step at a time."""
    total = np.zeros((*x.shape[:2], layer.skip)) + array(layer.skip_bias)
    for one in layer.layers:
        kernel, following = array(one.kernel).astype(np.float64), x.astype(np.float64)
        z = np.zeros((*x.shape[:2], layer.gated))
        for t in range(x.shape[1]):
            before = np.tile(array(one.bias).astype(np.float64), (len(x), 1))
            for back in range(one.taps):
                at = t - back * one.dilation
                before += x[:, at] @ kernel[one.taps - 1 - back] if at >= 0 else 0.0
            before += 0.0 if vector is None else vector @ array(one.vector_kernel)
            before += 0.0 if local is None else local[:, t] @ array(one.local_kernel)
            f, g = np.split(before, 2, axis=-1)
            z[:, t] = np.tanh(f) / (1.0 + np.exp(-g))
        total += z @ array(one.skip_kernel)
        if not one.last:
            following = following + z @ array(one.back_kernel) + array(one.back_bias)
        x = following
    return total


def by_steps(
    layer: Any, x: Any, vector: Any, local: Any, rings: Any = None, start: int = 0
) -> tuple[np.ndarray, Any]:
    steps = DilatedSteps(layer, vector, local)
    rings = layer.rings.zeros(len(x), layer.compute_dtype) if rings is None else rings
    found = []
    for i in range(x.shape[1]):
        at = (ops.convert_to_tensor(n, "int32") for n in (start + i, i))
        skips, rings = steps.step(x[:, i], rings, *at)
        found.append(array(skips))
    return np.stack(found, axis=1), rings


@pytest.mark.parametrize(("kernel", "dilations", "widths"), CASES)
def test_the_parallel_view_is_the_papers_equation(
    kernel: int, dilations: tuple[int, ...], widths: Any
) -> None:
    layer = stack(kernel, dilations, **widths)
    given = inputs(layer)
    np.testing.assert_allclose(array(layer(*given)), by_hand(layer, *given), **CLOSE)


@pytest.mark.parametrize(("kernel", "dilations", "widths"), CASES)
def test_steps_are_the_parallel_view(kernel: int, dilations: tuple[int, ...], widths: Any) -> None:
    layer = stack(kernel, dilations, **widths)
    given = inputs(layer)
    np.testing.assert_allclose(by_steps(layer, *given)[0], array(layer(*given)), **CLOSE)


@given(
    kernel=st.sampled_from([2, 3]),
    dilations=st.lists(st.integers(1, 6), min_size=1, max_size=4),
    cuts=st.lists(st.integers(1, STEPS - 1), max_size=2),
    seed=st.integers(0, 2**31),
)
@settings(max_examples=8)
def test_any_mixture_of_steps_and_stretches(
    kernel: int, dilations: Sequence[int], cuts: list[int], seed: int
) -> None:
    """Pieces of any length, every second one in parallel, go on where the one before stopped."""
    layer = stack(kernel, dilations, residual=3, gated=2, skip=2)
    x = numbers("x", 1, STEPS, 3, seed=seed)
    rings: Any = layer.rings.zeros(1, "float32")
    found, edges = [], [0, *sorted(set(cuts)), STEPS]
    for number, (start, stop) in enumerate(pairwise(edges)):
        piece = x[:, start:stop]
        if (number + seed) % 2:
            skips, rings = by_steps(layer, piece, None, None, rings, start)
        else:
            skips, rings = layer.stretch(piece, rings, ops.convert_to_tensor(start, "int32"))
        found.append(array(skips))
    np.testing.assert_allclose(np.concatenate(found, 1), array(layer(x)), **CLOSE)
    _, wanted = by_steps(layer, x, None, None)
    for mine, theirs in zip(rings, wanted, strict=True):
        np.testing.assert_allclose(array(mine), array(theirs), **CLOSE)


def test_conditions_of_a_stretch_are_those_of_its_steps() -> None:
    layer = stack(2, (1, 3), vector=2, local=3)
    x, vector, local = inputs(layer)
    rings = layer.rings.zeros(BATCH, "float32")
    first, rings = layer.stretch(x[:, :5], rings, 0, vector, local[:, :5])
    second, _ = by_steps(layer, x[:, 5:], vector, local[:, 5:], rings, start=5)
    found = np.concatenate([array(first), second], axis=1)
    np.testing.assert_allclose(found, array(layer(x, vector, local)), **CLOSE)


@pytest.mark.parametrize(("kernel", "dilations"), [(2, (1, 2, 3)), (3, (2, 1)), (3, (4, 1))])
def test_an_output_sees_its_receptive_field_and_no_more(
    kernel: int, dilations: tuple[int, ...]
) -> None:
    layer = stack(kernel, dilations)
    field = receptive_field(kernel, dilations)
    steps, place = field + 6, field + 3
    x = numbers("x", 1, steps, 4)
    slope = array(backend.input_gradient(lambda x: layer(x)[:, place], x))
    seen = np.abs(slope[0]).max(axis=-1) > 0
    np.testing.assert_array_equal(
        seen, [place - t in seen_lags(kernel, dilations) for t in range(steps)]
    )
    assert place - np.flatnonzero(seen).min() + 1 == field


def test_conditions_reach_every_layer_of_their_sample_and_time_step_only() -> None:
    layer = stack(2, (1, 2), vector=2, local=2)
    x, vector, local = inputs(layer)
    moved, later = vector.copy(), local.copy()
    moved[1] += 1.0
    later[:, 9:] += 1.0
    base = array(layer(x, vector, local))
    change = np.abs(array(layer(x, moved, local)) - base).max(axis=-1)
    assert not change[0].any()
    assert (change[1] > 1e-3).all()
    change = np.abs(array(layer(x, vector, later)) - base).max(axis=-1)
    assert not change[:, :9].any()
    assert (change[:, 9:] > 1e-3).all()


@pytest.mark.backends
def test_conditions_begin_silent_and_are_learned_from_at_once() -> None:
    layer = DilatedCausalStack(4, 5, (1, 2), vector=3, local=2)
    layer.build((None, None, 4))
    x, vector, local = inputs(layer)
    np.testing.assert_array_equal(layer(x, vector, local), layer(x, 2 * vector, -local))

    kernel = layer.layers[0].local_kernel
    before = array(layer(x, vector, local)).sum()
    kernel.assign(kernel + 1e-2)
    assert abs(array(layer(x, vector, local)).sum() - before) > 1e-3


def test_the_last_layer_has_no_residual_weights() -> None:
    layer = stack(2, (1, 2, 4))
    names = [variable.path for variable in layer.variables]
    assert [f"layer_{i}/back_kernel" in " ".join(names) for i in range(3)] == [True, True, False]
    loss = backend.gradients(lambda: (ops.sum(layer(inputs(layer)[0])), {}), layer.variables)
    for variable, slope in zip(layer.variables, loss[1], strict=True):
        assert np.abs(array(slope)).max() > 0, f"{variable.path} changes nothing"


def test_it_comes_back_from_its_configuration() -> None:
    layer = stack(3, (1, 3), vector=2, local=3)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert isinstance(again, DilatedCausalStack)
    assert again.get_config() == layer.get_config()
    for mine, theirs in zip(again.variables, layer.variables, strict=True):
        assert mine.path.split("/", 1)[1:] == theirs.path.split("/", 1)[1:]
        mine.assign(theirs)
    given = inputs(layer)
    np.testing.assert_array_equal(array(again(*given)), array(layer(*given)))
    one = layer.layers[0]
    assert DilatedGatedLayer.from_config(one.get_config()).get_config() == one.get_config()


def test_it_is_saved_and_loaded_in_a_model(tmp_path: Any) -> None:
    layer = stack(2, (1, 3))
    x = keras.Input((STEPS, 4))
    model = keras.Model(x, layer(x))
    model.save(tmp_path / "stack.keras")
    again = keras.saving.load_model(tmp_path / "stack.keras")
    x = inputs(layer)[0]
    np.testing.assert_array_equal(array(again(x)), array(model(x)))


def test_half_precision_is_only_a_matter_of_rounding() -> None:
    layer = stack(2, (1, 2))
    half = stack(2, (1, 2), dtype="mixed_bfloat16")
    x = inputs(layer)[0]
    found = array(ops.cast(half(x), "float32"))
    np.testing.assert_allclose(found, array(layer(x)), atol=0.1)
    assert half.layers[0].kernel.dtype == "float32"


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"kernel": 4}, "must be 2 or 3 wide. Received: 4"),
        ({"dilations": ()}, r"needs one dilation >= 1 a layer. Received: \[\]"),
        ({"dilations": (1, 0)}, r"needs one dilation >= 1 a layer. Received: \[1, 0\]"),
    ],
)
def test_stacks_that_cannot_be(settings: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        stack(**settings)


def test_the_input_has_the_width_of_the_residual_sum() -> None:
    with pytest.raises(ValueError, match=r"must have 4 channels.*Received: shape \(None, 9, 3\)"):
        DilatedCausalStack(4, 6, [1, 2]).build((None, 9, 3))
