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
        frames: `(T, B, f)`, what they made of it: of each observation by itself.
        features: `(T, B, n)`, what policy, value and further heads are computed from.
        logits: `(T, B, A)` of the policy. values: `(T, B)`.
        state: `(B, S)`, what is remembered behind the last step.
    """

    encoded: Any
    frames: Any
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
        encoded_width, frames_width: numbers that the dense layers are given, and give.
        features_width: numbers that policy and value are computed from.
    """

    maps_shape: tuple[int, int, int] | None = None
    encoded_width: int
    frames_width: int
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
        self.frames_width = width
        width = self.build_memory(width)
        self.features_width = width
        self.policy.build((None, width))
        self.value.build((None, width))
        self.built = True

    def build_memory(self, width: int) -> int:
        """Build what stands between frames of this width and policy and value; its width."""
        width += self.actions * ("action" in self.sizes["previous"])
        width += int("reward" in self.sizes["previous"])
        if self.memory is None:
            return width
        self.memory.build((None, None, width))
        return int(self.sizes["lstm"])

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

    def framed(self, encoded: Any) -> Any:
        """Frames `(N, f)` of what was encoded."""
        for layer in self.dense:
            encoded = layer(encoded)
        return encoded

    def told(self, frames: Any, action: Any, reward: Any) -> Any:
        """Frames `(..., f)`, and beside them what of the step before is told.

        Args:
            action: `(...)` int32, of the step before; -1 where there was none.
            reward: `(...)` of the step before.
        """
        parts = [frames]
        if "action" in self.sizes["previous"]:
            parts.append(ops.one_hot(action, self.actions, dtype="float32"))
        if "reward" in self.sizes["previous"]:
            parts.append(reward[..., None])
        return parts[0] if len(parts) == 1 else ops.concatenate(parts, axis=-1)

    def remember(
        self,
        frames: Any,
        observation: Mapping[str, Any],
        action: Any,
        reward: Any,
        first: Any,
        state: Any,
    ) -> tuple[Any, Any]:
        """Features `(T, B, n)` of frames `(T, B, f)`, and the new state; see `call`."""
        del observation
        features = self.told(frames, action, reward)
        return (features, state) if self.memory is None else self.memory(features, first, state)

    def remember_step(
        self, frames: Any, observation: Mapping[str, Any], action: Any, reward: Any, state: Any
    ) -> tuple[Any, Any]:
        """Features `(B, n)` of frames `(B, f)`, and the new state, of one step."""
        del observation
        features = self.told(frames, action, reward)
        if self.memory is None:
            return features, state
        state = self.memory.step(features, state)
        return state[:, : self.sizes["lstm"]], state

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
        encoded = self.encoded(
            {
                part: ops.reshape(observation[part], (steps * batch, *observation[part].shape[2:]))
                for part in self.sizes["sees"]
            }
        )
        frames = self.framed(encoded)
        encoded, frames = (ops.reshape(x, (steps, batch, -1)) for x in (encoded, frames))
        features, state = self.remember(frames, observation, action, reward, first, state)
        logits, values = self.policy(features), self.value(features)[..., 0]
        return Unrolled(encoded, frames, features, logits, values, state)

    def unroll(self, experience: Mapping[str, Any]) -> Unrolled:
        """What the network makes of a stretch of experience."""
        found: Unrolled = self(
            experience["observation"],
            experience["previous_action"],
            experience["previous_reward"],
            experience["first"],
            experience["state"],
        )
        return found

    def step(
        self, observation: Mapping[str, Any], action: Any, reward: Any, state: Any
    ) -> tuple[Any, Any, Any]:
        """Logits `(B, A)`, values `(B,)` and the new state of one step; see `call`."""
        frames = self.framed(self.encoded(observation))
        features, state = self.remember_step(frames, observation, action, reward, state)
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


def build_network(
    config: Any,
    observation: Mapping[str, Space],
    actions: int,
    kind: type[AgentNetwork] = AgentNetwork,
    further: tuple[str, ...] = (),
) -> AgentNetwork:
    """The built network of a section `model` for what an environment shows and takes.

    Args:
        kind: its class. further: keys of the section that it needs beside the common ones.
    """
    values = config.model_dump()
    network = kind(
        sizes={key: values[key] for key in (*NETWORK_KEYS, *further)},
        observation={name: space.shape for name, space in observation.items()},
        actions=actions,
        name="agent",
    )
    network.build()
    return network
