"""Decoding of the position: rooms, the loss, and that nothing else learns from it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from genkit import backend
from genkit.conformance.weights import randomise
from genkit.rl.environments.maze_raycast import RaycastMaze
from genkit.rl.heads.base import Learned
from genkit.rl.heads.navigation_config import PositionConfig, position_parameters
from genkit.rl.heads.position import PositionDecoder
from genkit.rl.navigation.maps import Rooms

pytestmark = pytest.mark.backends
T, B, WIDTH = 4, 3, 6
ROOMS = Rooms(2, 3)


def array(x: Any) -> np.ndarray:
    return np.asarray(ops.convert_to_numpy(x))


def head(**settings: Any) -> PositionDecoder:
    network = SimpleNamespace(features_width=WIDTH)
    made = PositionDecoder(PositionConfig(**settings), network, ROOMS)
    randomise(made.layer.trainable_variables, 0)
    return made


def learned() -> Learned:
    draw = np.random.default_rng(0)
    features = draw.normal(size=(T + 1, B, WIDTH)).astype(np.float32)
    position = draw.uniform(1.0, (7.0, 5.0, 6.2), (T + 1, B, 3)).astype(np.float32)
    experience = {"observation": {"position": position}}
    return Learned(experience, SimpleNamespace(features=features))


def test_middles_of_rooms_are_where_the_maze_has_them() -> None:
    maze = RaycastMaze(rows=3, columns=4, view=8)
    rooms = Rooms(3, 4)
    middles = array(maze._place(np.arange(12, dtype=np.int32)))
    position = np.concatenate([middles, np.zeros((12, 1))], axis=1).astype(np.float32)
    assert rooms.count == 12
    np.testing.assert_array_equal(array(rooms.of(position[:, None]))[:, 0], np.arange(12))


def test_every_place_belongs_to_the_nearest_room() -> None:
    position = np.random.default_rng(0).uniform(-1, 9, (40, 5, 3)).astype(np.float32)
    rooms = Rooms(2, 3, pitch=2.5, origin=1.0)
    found = array(rooms.of(position))
    assert found.dtype == np.int32
    middles = [(1.0 + 2.5 * c, 1.0 + 2.5 * r) for r in range(2) for c in range(3)]
    gaps = [np.hypot(*(position[..., i] - middle[i] for i in (0, 1))) for middle in middles]
    np.testing.assert_array_equal(found, np.argmin(gaps, axis=0))


def test_the_loss_is_the_cross_entropy_of_a_linear_softmax() -> None:
    made, given = head(weight=0.5), learned()
    kernel, bias = (array(w).astype(np.float64) for w in made.layer.trainable_variables)
    logits = given.unrolled.features[:-1] @ kernel + bias
    chances = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    room = array(ROOMS.of(given.experience["observation"]["position"][:-1]))
    error = -np.log(np.take_along_axis(chances, room[..., None], axis=-1)[..., 0])
    loss, figures = made.loss(given)
    assert float(array(loss)) == pytest.approx(0.5 * error.sum() / B, rel=1e-4)
    right = 100 * (chances.argmax(axis=-1) == room).mean()
    assert {name: float(array(x)) for name, x in figures.items()} == {
        "position_nats": pytest.approx(error.mean(), rel=1e-4),
        "position_percent": pytest.approx(right, rel=1e-5),
    }
    np.testing.assert_allclose(array(made.logits(given.unrolled.features[:-1])), logits, rtol=1e-3)


def test_nothing_of_the_agent_learns_from_it() -> None:
    made, given = head(), learned()
    agent = keras.layers.Dense(WIDTH, name="agent")
    agent.build((None, WIDTH))

    def loss(seen: Any, position: Any) -> Any:
        features = ops.reshape(agent(ops.reshape(seen, (-1, WIDTH))), seen.shape)
        experience = {"observation": {"position": position}}
        return made.loss(Learned(experience, SimpleNamespace(features=features)))

    told = (given.unrolled.features, given.experience["observation"]["position"])
    variables = [*agent.trainable_variables, *made.layer.trainable_variables]
    run = backend.compile(
        lambda *given: backend.gradients(lambda: loss(*given), variables), variables
    )
    _, (kernel, bias, *own) = run(*told)
    assert not array(kernel).any()
    assert not array(bias).any()
    assert all(np.abs(array(gradient)).max() > 0 for gradient in own)


def test_parameters_are_counted_in_closed_form() -> None:
    made = head()
    count = sum(int(np.prod(w.shape)) for w in made.layer.trainable_variables)
    assert position_parameters(WIDTH, ROOMS.count) == count == 42
    assert list(made.networks()) == ["position"]
