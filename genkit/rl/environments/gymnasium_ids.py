"""Environments that are registered with Gymnasium, in the form that agents here expect."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces

from genkit.errors import UsageError
from genkit.rl.environments import imports
from genkit.rl.environments.outside_config import GymnasiumConfig
from genkit.rl.environments.pictures import luminance, resized

Part = Callable[[Any], np.ndarray]

# The parts of observations that agents know.
PICTURES = ("image", "depth")
VECTORS = ("velocity", "position", "vector")


class GymnasiumEnvironment(gymnasium.Env[Any, Any]):
    """An environment whose actions are numbered from 0 and whose observations are named arrays.

    Attributes:
        inner: the environment as Gymnasium makes it. action_names: of the actions.
        action_space: `Discrete` from 0. observation_space: a `Dict` of `Box`es: `image`
            `(H, W, C)` uint8, `depth`, and `velocity`, `position` and `vector` `(N,)` float32.

    Raises:
        UsageError: actions or observations are of another kind.
    """

    def __init__(self, env: gymnasium.Env[Any, Any], config: GymnasiumConfig) -> None:
        self.inner = env
        actions = env.action_space
        if not isinstance(actions, spaces.Discrete):
            raise UsageError(
                f"'{config.id}' has actions of the kind {actions}; "
                "agents here choose one of several numbered actions (Discrete)"
            )
        self._start = int(actions.start)
        self.action_space = spaces.Discrete(int(actions.n))
        self.action_names = _action_names(env, int(actions.n))
        self._parts: dict[str, tuple[str | None, Part]] = {}
        described: dict[str, spaces.Space[Any]] = {}
        for name, source, space in _named(config.id, env.observation_space):
            described[name], part = _part(config, name, space)
            self._parts[name] = (source, part)
        self.observation_space = spaces.Dict(described)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        super().reset(seed=seed)
        observation, info = self.inner.reset(seed=seed, options=options)
        return self._seen(observation), info

    def step(self, action: int) -> tuple[dict[str, np.ndarray], float, bool, bool, dict[str, Any]]:
        observation, reward, terminated, truncated, info = self.inner.step(
            int(action) + self._start
        )
        return self._seen(observation), float(reward), bool(terminated), bool(truncated), info

    def close(self) -> None:
        self.inner.close()

    def _seen(self, observation: Any) -> dict[str, np.ndarray]:
        return {
            name: part(observation if source is None else observation[source])
            for name, (source, part) in self._parts.items()
        }


def make(config: GymnasiumConfig) -> GymnasiumEnvironment:
    """The environment of a section.

    Raises:
        UsageError: see `GymnasiumConfig.make`.
    """
    _check(config.id)
    options: dict[str, Any] = dict(config.options)
    if config.limit is not None:
        options["max_episode_steps"] = config.limit
    try:
        env = gymnasium.make(config.id, disable_env_checker=True, **options)
    except (gymnasium.error.Error, ImportError, TypeError, ValueError) as error:
        raise UsageError(f"Gymnasium cannot make '{config.id}': {error}") from error
    try:
        return GymnasiumEnvironment(env, config)
    except UsageError:
        env.close()
        raise


def _check(identifier: str) -> None:
    """See to it that there is such an environment; one of a module, once that is imported."""
    module, colon, _ = identifier.partition(":")
    if colon:
        if not imports.allowed():
            raise UsageError(
                f"'{identifier}' imports the Python module '{module}', which runs its code. "
                "If you trust it, add --allow-import"
            )
        return
    known = list(gymnasium.registry)
    if identifier in known:
        return
    near = difflib.get_close_matches(identifier, known, n=4, cutoff=0.5)
    hint = f" The nearest are: {', '.join(near)}." if near else ""
    if identifier.startswith("ALE/"):
        hint = " Atari games are the environment 'atari'."
    raise UsageError(f"Gymnasium knows no environment '{identifier}'.{hint}")


def _action_names(env: gymnasium.Env[Any, Any], count: int) -> tuple[str, ...]:
    meanings = getattr(env.unwrapped, "get_action_meanings", None)
    names = tuple(str(name) for name in meanings()) if meanings else ()
    return names if len(names) == count else tuple(str(action) for action in range(count))


def _named(
    identifier: str, space: spaces.Space[Any]
) -> list[tuple[str, str | None, spaces.Space[Any]]]:
    """Name, key within the observation (None for all of it) and space of each part."""
    if isinstance(space, spaces.Dict):
        strange = sorted(set(space.spaces) - {*PICTURES, *VECTORS})
        if strange or not space.spaces:
            raise UsageError(
                f"'{identifier}' has observations with the parts {sorted(space.spaces)}; "
                f"agents here know: {', '.join([*PICTURES, *VECTORS])}"
            )
        return [(name, name, part) for name, part in space.spaces.items()]
    if isinstance(space, spaces.Box) and len(space.shape) == 3 and space.dtype == np.uint8:
        return [("image", None, space)]
    return [("vector", None, space)]


def _part(config: GymnasiumConfig, name: str, space: spaces.Space[Any]) -> tuple[spaces.Box, Part]:
    """What one part looks like, and what makes it of what the environment gives."""
    if isinstance(space, spaces.Discrete) and name not in PICTURES:
        return _one_hot(space)
    if isinstance(space, spaces.Box):
        if name not in PICTURES:
            return _vector(space)
        if name == "depth" and len(space.shape) in (2, 3):
            return _depth(config, space)
        if len(space.shape) == 3 and space.dtype == np.uint8:
            return _image(config, space)
    raise UsageError(
        f"'{config.id}' has observations of a kind that agents here do not know: "
        f"{name} is {space}. Known: Box and Discrete, and pictures as Box of "
        "(height, width, channels) uint8"
    )


def _one_hot(space: spaces.Discrete[Any]) -> tuple[spaces.Box, Part]:
    count, start = int(space.n), int(space.start)

    def part(value: Any) -> np.ndarray:
        row = np.zeros(count, np.float32)
        row[int(value) - start] = 1
        return row

    return spaces.Box(0, 1, (count,), np.float32), part


def _vector(space: spaces.Box) -> tuple[spaces.Box, Part]:
    with np.errstate(over="ignore"):  # bounds of float64 that float32 does not hold are infinite
        low, high = (
            np.asarray(bound).astype(np.float32).reshape(-1) for bound in (space.low, space.high)
        )
    described = spaces.Box(low, high, dtype=np.float32)
    return described, lambda value: np.asarray(value, np.float32).reshape(-1)


def _image(config: GymnasiumConfig, space: spaces.Box) -> tuple[spaces.Box, Part]:
    def part(value: Any) -> np.ndarray:
        image = np.asarray(value, np.uint8)
        if config.grey:
            image = luminance(image)
        return resized(image, config.size) if config.size else image

    shape = part(np.zeros(space.shape, np.uint8)).shape
    return spaces.Box(0, 255, shape, np.uint8), part


def _depth(config: GymnasiumConfig, space: spaces.Box) -> tuple[spaces.Box, Part]:
    """Depth is kept as it is; without pixels of another size, as they would mix distances."""
    if config.size and space.shape[:2] != (config.size, config.size):
        raise UsageError(
            f"'{config.id}' has depth of {space.shape[0]} x {space.shape[1]} pixels, "
            "which cannot be resized; leave size at null"
        )
    return space, np.asarray
