"""What all built-in environments have in common: shapes, chance, episodes, compilation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from keras import ops

from genkit import backend, registry

pytestmark = pytest.mark.backends
NAMES = [n for n in registry.environments.names() if registry.environments.get(n).builtin]
BATCH = 6


def environment(name: str, **options: Any) -> Any:
    return registry.resolve(registry.environments.get(name).config)(**options).make()


def noise(env: Any, seed: int, batch: int = BATCH) -> Any:
    drawn = np.random.default_rng(seed).random((batch, env.draws), np.float32)
    return ops.convert_to_tensor(drawn)


def arrays(mapping: Any) -> dict[str, np.ndarray]:
    return {name: np.asarray(ops.convert_to_numpy(value)) for name, value in mapping.items()}


def actions(env: Any, seed: int, batch: int = BATCH) -> Any:
    drawn = np.random.default_rng(seed).integers(0, len(env.actions), batch)
    return ops.convert_to_tensor(drawn.astype(np.int32))


@pytest.mark.parametrize("name", NAMES)
def test_observations_look_as_they_are_said_to(name: str) -> None:
    env = environment(name)
    state = env.begin(noise(env, 0))
    for step in range(3):
        found = arrays(env.observe(state))
        assert list(found) == list(env.observation)
        for part, space in env.observation.items():
            assert found[part].shape == (BATCH, *space.shape)
            assert found[part].dtype == space.dtype
        state = env.advance(state, actions(env, step), noise(env, step)).state


@pytest.mark.parametrize("name", NAMES)
def test_compiled_they_are_the_same(name: str) -> None:
    env = environment(name)
    compiled = backend.compile(env.advance, [])
    state = other = env.begin(noise(env, 0))
    for step in range(12):
        given = (actions(env, step), noise(env, step))
        first, second = env.advance(state, *given), compiled(other, *given)
        state, other = first.state, second.state
        for name_, value in arrays(state).items():
            np.testing.assert_allclose(arrays(other)[name_], value, rtol=1e-5, atol=1e-5)
        np.testing.assert_array_equal(
            ops.convert_to_numpy(first.reward), ops.convert_to_numpy(second.reward)
        )


@pytest.mark.parametrize("name", NAMES)
def test_an_environment_of_a_batch_knows_nothing_of_the_others(name: str) -> None:
    env = environment(name)
    every = np.random.default_rng(0).random((3, BATCH, env.draws), np.float32)
    chosen = np.random.default_rng(1).integers(0, len(env.actions), (3, BATCH)).astype(np.int32)

    def run(rows: slice) -> dict[str, np.ndarray]:
        state = env.begin(ops.convert_to_tensor(every[0, rows]))
        for t in range(1, 3):
            numbers, moves = (ops.convert_to_tensor(x[t, rows]) for x in (every, chosen))
            state = env.advance(state, moves, numbers).state
        return arrays(env.observe(state))

    whole, alone = run(slice(None)), run(slice(2, 3))
    for part in env.observation:
        np.testing.assert_array_equal(alone[part][0], whole[part][2])


@pytest.mark.parametrize(
    ("name", "limit"), [("key-door", 7), ("pong-reduced", 9), ("maze-raycast", 5)]
)
def test_an_episode_is_cut_off_and_another_one_begins(name: str, limit: int) -> None:
    env = environment(name, limit=limit)
    state = env.begin(noise(env, 0))
    for step in range(limit):
        found = env.advance(state, ops.zeros((BATCH,), "int32"), noise(env, 100 + step))
        state = found.state
        cut = np.asarray(ops.convert_to_numpy(found.truncated))
        over = np.asarray(ops.convert_to_numpy(found.terminated))
        assert not (cut & over).any()
        np.testing.assert_array_equal(cut, (step == limit - 1) & ~over)
    fresh = arrays(env.begin(noise(env, 100 + limit - 1)))
    for part, value in arrays(state).items():
        np.testing.assert_array_equal(value, fresh[part])


@pytest.mark.parametrize("name", NAMES)
def test_other_numbers_are_other_episodes(name: str) -> None:
    env = environment(name)
    first, same, other = (
        arrays(env.observe(env.begin(noise(env, seed, 32))))["image"] for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, same)
    assert (first != other).any()
