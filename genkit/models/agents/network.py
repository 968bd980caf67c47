"""The network of an actor-critic agent: what is seen, what is remembered, policy and value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import keras
from keras import ops

from genkit.layers.stepped_lstm import SteppedLSTM
from genkit.rl.environments.base import Space

PICTURES = ("image", "depth")


class Unrolled(NamedTuple):
    """What a network makes of a stretch of experience.

    Args:
        encoded: `(T, B, e)`, what the dense layers were given, see `AgentNetwork.encoded`.
        features: `(T, B, n)`, what policy, value and further heads are computed from.
        logits: `(T, B, A)` of the policy. values: `(T, B)`.
        state: `(B, S)`, what is remembered behind the last step.
    """

    encoded: Any
    features: Any
    logits: Any
    values: Any
    state: Any


@keras.saving.register_keras_serializable(package="genkit")
class AgentNetwork(keras.Model):
    """Policy and value of what was seen so far (Mnih et al., 2016, arXiv:1602.01783, section 4).

    Args:
        sizes: of the recipe's section `sees`, `convolutions`, `dense`, `lstm`, `previous`.
        observation: part -> shape. actions: how many there are.

    States `(B, S)` are of the LSTM, `S = 2h`; a feed-forward network remembers nothing and has a
    single unused column.

    Attributes:
        maps_shape: `(h, w, c)` behind the convolutions; None where no picture is seen.
        encoded_width: numbers that the dense layers are given.
        features_width: numbers that policy and value are computed from.
    """

    maps_shape: tuple[int, int, int] | None = None
    encoded_width: int
    features_width: int

    def __init__(
        self,
        *,
        sizes: dict[str, Any],
        observation: dict[str, Any],
        actions: int,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.sizes, self.actions = dict(sizes), actions
        self.observation = {name: tuple(shape) for name, shape in observation.items()}
        self.convolutions = [
            keras.layers.Conv2D(
                one["filters"],
                one["kernel"],
                one["stride"],
                activation="relu",
                name=f"convolution_{i}",
            )
            for i, one in enumerate(sizes["convolutions"])
        ]
        self.dense = [
            keras.layers.Dense(units, activation="relu", name=f"dense_{i}")
            for i, units in enumerate(sizes["dense"])
        ]
        self.memory: Any = SteppedLSTM(sizes["lstm"], name="lstm") if sizes["lstm"] else None
        # From zero: all actions are as likely, and nothing is promised.
        self.policy = keras.layers.Dense(actions, kernel_initializer="zeros", name="policy")
        self.value = keras.layers.Dense(1, kernel_initializer="zeros", name="value")

    @property
    def state_width(self) -> int:
        """Numbers of a state."""
        return 2 * self.sizes["lstm"] or 1

    def build(self, input_shape: Any = None) -> None:
        width = 0
        shapes = [self.observation[part] for part in PICTURES if part in self.sizes["sees"]]
        if shapes:
            channels = sum(shape[2] if len(shape) == 3 else 1 for shape in shapes)
            picture: tuple[Any, ...] = (None, *shapes[0][:2], channels)
            for layer in self.convolutions:
                layer.build(picture)
                picture = layer.compute_output_shape(picture)
            width = _product(picture[1:])
            self.maps_shape = (int(picture[1]), int(picture[2]), int(picture[3]))
        for part in self.sizes["sees"]:
            width += 0 if part in PICTURES else self.observation[part][0]
        self.encoded_width = width
        for layer in self.dense:
            layer.build((None, width))
            width = layer.units
        width += self.actions * ("action" in self.sizes["previous"])
        width += int("reward" in self.sizes["previous"])
        if self.memory is not None:
            self.memory.build((None, None, width))
            width = self.sizes["lstm"]
        self.features_width = width
        self.policy.build((None, width))
        self.value.build((None, width))
        self.built = True

    def maps(self, observation: Mapping[str, Any]) -> Any:
        """Pictures `(N, h, w, c)` of observations `(N, ...)` by part, behind the convolutions."""
        pictures = [observation[part] for part in PICTURES if part in self.sizes["sees"]]
        flat = [one if len(one.shape) == 4 else one[..., None] for one in pictures]
        found = ops.concatenate([ops.cast(one, "float32") / 255.0 for one in flat], axis=-1)
        for layer in self.convolutions:
            found = layer(found)
        return found

    def encoded(self, observation: Mapping[str, Any]) -> Any:
        """What dense layers are given, `(N, e)`: maps, flat, and other parts as they are."""
        parts = []
        if any(part in self.sizes["sees"] for part in PICTURES):
            maps = self.maps(observation)
            parts.append(ops.reshape(maps, (-1, _product(maps.shape[1:]))))
        parts += [observation[part] for part in self.sizes["sees"] if part not in PICTURES]
        return parts[0] if len(parts) == 1 else ops.concatenate(parts, axis=-1)

    def seen(self, observation: Mapping[str, Any], action: Any, reward: Any) -> Any:
        """Features `(N, n)` of observations `(N, ...)` by part, each by itself.

        Args:
            action: `(N,)` int32, of the step before; -1 where there was none.
            reward: `(N,)` of the step before.
        """
        return self._told(self.encoded(observation), action, reward)

    def _told(self, found: Any, action: Any, reward: Any) -> Any:
        """Features of what was encoded, and of the step before."""
        for layer in self.dense:
            found = layer(found)
        previous = []
        if "action" in self.sizes["previous"]:
            previous.append(ops.one_hot(action, self.actions, dtype="float32"))
        if "reward" in self.sizes["previous"]:
            previous.append(reward[:, None])
        return ops.concatenate([found, *previous], axis=-1) if previous else found

    def call(
        self, observation: Mapping[str, Any], action: Any, reward: Any, first: Any, state: Any
    ) -> Unrolled:
        """A stretch of experience, time first.

        Args:
            observation: part -> `(T, B, ...)`.
            action, reward: `(T, B)`, of the step before each.
            first: `(T, B)` bool, true where an episode begins.
            state: `(B, S)` before the first step.
        """
        steps, batch = (int(n) for n in action.shape[:2])

        def flat(x: Any) -> Any:
            return ops.reshape(x, (steps * batch, *x.shape[2:]))

        encoded = self.encoded({part: flat(observation[part]) for part in self.sizes["sees"]})
        features = self._told(encoded, flat(action), flat(reward))
        encoded, features = (ops.reshape(x, (steps, batch, -1)) for x in (encoded, features))
        if self.memory is not None:
            features, state = self.memory(features, first, state)
        logits, values = self.policy(features), self.value(features)[..., 0]
        return Unrolled(encoded, features, logits, values, state)

    def step(
        self, observation: Mapping[str, Any], action: Any, reward: Any, state: Any
    ) -> tuple[Any, Any, Any]:
        """Logits `(B, A)`, values `(B,)` and the new state of one step; see `call`."""
        features = self.seen(observation, action, reward)
        if self.memory is not None:
            state = self.memory.step(features, state)
            features = state[:, : self.sizes["lstm"]]
        return self.policy(features), self.value(features)[:, 0], state

    def get_config(self) -> dict[str, Any]:
        own = {"sizes": self.sizes, "observation": self.observation, "actions": self.actions}
        return {**super().get_config(), **own}


def _product(shape: Any) -> int:
    total = 1
    for side in shape:
        total *= int(side)
    return total


NETWORK_KEYS = ("sees", "convolutions", "dense", "lstm", "previous")


def build_network(config: Any, observation: Mapping[str, Space], actions: int) -> AgentNetwork:
    """The built network of a section `model` for what an environment shows and takes."""
    values = config.model_dump()
    network = AgentNetwork(
        sizes={key: values[key] for key in NETWORK_KEYS},
        observation={name: space.shape for name, space in observation.items()},
        actions=actions,
        name="agent",
    )
    network.build()
    return network
