"""Context stacks: all their views against a loop over frames in NumPy, and what they know."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from genkit.conformance.weights import randomise
from genkit.layers.context import ContextStack, ContextSteps
from tests.layers.test_dilated import by_hand as stack_by_hand
from tests.sequences import array, numbers

CLOSE = {"rtol": 1e-4, "atol": 1e-5}
BATCH = 2
# No pooling; frames with gaps between those that are seen; a condition of the whole sequence.
CASES: list[dict[str, Any]] = [
    {"pool": 1},
    {"pool": 3, "kernel": 3, "dilations": (3, 1)},
    {"pool": 4, "dilations": (2, 2), "vector": 2},
]


def context(**settings: Any) -> ContextStack:
    """A built context stack; so many skip channels that the rectifier never closes all."""
    sizes: dict[str, Any] = {"residual": 4, "skip": 16, "outputs": 2, "dilations": (1, 2)}
    layer = ContextStack(**{**sizes, **settings})
    layer.build((None, None))
    randomise(layer.variables, 1)
    return layer


def inputs(layer: ContextStack, steps: int) -> tuple[np.ndarray, Any]:
    width = layer.stack.vector_width
    vector = numbers("vector", BATCH, width) if width else None
    return np.tanh(numbers("sound", BATCH, steps)), vector


def by_hand(layer: ContextStack, sound: np.ndarray, vector: Any) -> np.ndarray:
    """A frame at a time: the one before it, through the stack, to each of its samples."""
    pool, steps = layer.pool, sound.shape[1]
    x = []
    for first in range(0, steps, pool):
        before = sound[:, first - pool : first] if first else np.zeros((len(sound), pool))
        x.append(before @ array(layer.frame_map.kernel) + array(layer.frame_map.bias))
    maps = np.maximum(stack_by_hand(layer.stack, np.stack(x, axis=1), vector, None), 0.0)
    kernel = array(layer.spread_map.kernel).reshape(-1, pool, layer.outputs)
    bias = array(layer.spread_map.bias).reshape(pool, layer.outputs)
    found = [maps[:, t // pool] @ kernel[:, t % pool] + bias[t % pool] for t in range(steps)]
    return np.stack(found, axis=1)


def nothing(layer: ContextStack) -> tuple[np.ndarray, Any]:
    """The frame and the ring buffers before the first one."""
    rings = layer.stack.rings.zeros(BATCH, layer.compute_dtype)
    return np.zeros((BATCH, layer.pool), np.float32), rings


@pytest.mark.parametrize("settings", CASES, ids=str)
@pytest.mark.parametrize("more", [0, 1])
def test_the_parallel_view_is_a_loop_over_frames(settings: Any, more: int) -> None:
    """The last frame may be a part of one."""
    layer = context(**settings)
    sound, vector = inputs(layer, 6 * layer.pool + more)
    found = array(layer(sound, vector))
    np.testing.assert_allclose(found, by_hand(layer, sound, vector), **CLOSE)


@pytest.mark.parametrize("settings", CASES, ids=str)
def test_an_output_knows_the_frames_that_it_must_and_no_other(settings: Any) -> None:
    """Each sample is changed in a row of its own."""
    layer = context(**settings)
    frames = max(layer.frames_seen) + 3
    steps = frames * layer.pool - (layer.pool > 1)
    sound = np.tanh(numbers("sound", 1, steps)) + np.eye(steps + 1, steps, dtype=np.float32)
    vector = np.repeat(numbers("vector", 1, layer.stack.vector_width), steps + 1, axis=0)
    found = array(layer(sound, vector))
    change = np.abs(found[:-1] - found[-1:]).max(axis=-1)
    frame = np.arange(steps) // layer.pool
    back = frame - frame[:, None]
    assert not change[back <= 0].any()
    np.testing.assert_array_equal(change > 0, np.isin(back, sorted(layer.frames_seen)))


def test_the_frames_that_are_seen_of_two_stacks() -> None:
    assert context(pool=4).frames_seen == {1, 2, 3, 4}
    assert context(pool=4, dilations=(3,), kernel=3).frames_seen == {1, 4, 7}


@pytest.mark.backends
@pytest.mark.parametrize("settings", CASES, ids=str)
def test_frame_by_frame_and_in_stretches_it_is_the_same(settings: Any) -> None:
    layer = context(**settings)
    pool = layer.pool
    sound, vector = inputs(layer, 9 * pool)
    wanted = array(layer(sound, vector))

    (recent, rings), found = nothing(layer), []
    steps = ContextSteps(layer, vector)
    for first in range(0, 9 * pool, pool):
        position = ops.convert_to_tensor(first, "int32")
        part, rings = steps.frame(ops.convert_to_tensor(recent), rings, position)
        found.append(array(part))
        recent = sound[:, first : first + pool]
    assert {part.shape for part in found} == {(BATCH, pool, layer.outputs)}
    np.testing.assert_allclose(np.concatenate(found, axis=1), wanted, **CLOSE)

    (last, others), found = nothing(layer), []
    for first, stop in ((0, 1), (1, 3), (3, 8), (8, 9)):
        position = ops.convert_to_tensor(first * pool, "int32")
        part = sound[:, first * pool : stop * pool]
        out, last, others = layer.stretch(part, last, others, position, vector)
        np.testing.assert_array_equal(array(last), part[:, -pool:])
        found.append(array(out))
    np.testing.assert_allclose(np.concatenate(found, axis=1), wanted, **CLOSE)
    for mine, theirs in zip(others, rings, strict=True):
        np.testing.assert_allclose(array(mine), array(theirs), **CLOSE)


@pytest.mark.parametrize("settings", CASES, ids=str)
def test_a_row_that_begins_later_is_one_of_its_own(settings: Any) -> None:
    """The second row begins with its third frame; what stands before it is silence."""
    layer = context(**settings)
    begins = 2 * layer.pool
    sound, vector = inputs(layer, 7 * layer.pool)
    sound[1, :begins] = 0.0
    inside = np.ones(sound.shape, np.float32)
    inside[1, :begins] = 0.0
    found = array(layer(sound, vector, inside))
    alone = array(layer(sound[1:, begins:], None if vector is None else vector[1:]))
    np.testing.assert_allclose(found[1:, begins:], alone, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(found[0], array(layer(sound, vector))[0])
    told = np.abs(array(layer(sound, vector))[1, begins:] - alone[0])
    assert told.max() > 1e-3, "without `inside` the row would not be told from one that began"


def test_it_comes_back_from_its_configuration() -> None:
    layer = context(pool=4, kernel=3, dilations=(1, 3), vector=2)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert isinstance(again, ContextStack)
    assert again.get_config() == layer.get_config()
    for mine, theirs in zip(again.variables, layer.variables, strict=True):
        assert mine.path.split("/", 1)[1:] == theirs.path.split("/", 1)[1:]
        mine.assign(theirs)
    given = inputs(layer, 9)
    np.testing.assert_array_equal(array(again(*given)), array(layer(*given)))
