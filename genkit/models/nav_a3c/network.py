"""The network of Nav A3C: two LSTMs, one behind the other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
from keras import ops

from genkit.layers.stepped_lstm import SteppedLSTM
from genkit.models.agents.network import AgentNetwork


@keras.saving.register_keras_serializable(package="genkit")
class NavNetwork(AgentNetwork):
    """Policy and value behind stacked LSTMs (Mirowski et al., 2017, arXiv:1611.03673): the first is
    given frames and the last reward, the second frames, what the first one gives, the velocity and
    the last action.

    States `(B, S)` are those of both, `S = 2 (stacked + lstm)`.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.first = SteppedLSTM(self.sizes["stacked"], name="first_lstm")

    @property
    def state_width(self) -> int:
        return 2 * int(self.sizes["stacked"] + self.sizes["lstm"])

    def build_memory(self, width: int) -> int:
        self.first.build((None, None, width + 1))
        told = width + self.sizes["stacked"] + self.observation["velocity"][0] + self.actions
        self.memory.build((None, None, told))
        return int(self.sizes["lstm"])

    def remember(
        self,
        frames: Any,
        observation: Mapping[str, Any],
        action: Any,
        reward: Any,
        first: Any,
        state: Any,
    ) -> tuple[Any, Any]:
        early, late = self._parted(state)
        inner, early = self.first(self._rewarded(frames, reward), first, early)
        moved = self._moved(frames, inner, observation, action)
        features, late = self.memory(moved, first, late)
        return features, ops.concatenate([early, late], axis=-1)

    def remember_step(
        self, frames: Any, observation: Mapping[str, Any], action: Any, reward: Any, state: Any
    ) -> tuple[Any, Any]:
        early, late = self._parted(state)
        early = self.first.step(self._rewarded(frames, reward), early)
        inner = early[:, : self.sizes["stacked"]]
        late = self.memory.step(self._moved(frames, inner, observation, action), late)
        return late[:, : self.sizes["lstm"]], ops.concatenate([early, late], axis=-1)

    def _parted(self, state: Any) -> tuple[Any, Any]:
        width = 2 * self.sizes["stacked"]
        return state[:, :width], state[:, width:]

    @staticmethod
    def _rewarded(frames: Any, reward: Any) -> Any:
        return ops.concatenate([frames, reward[..., None]], axis=-1)

    def _moved(self, frames: Any, inner: Any, observation: Mapping[str, Any], action: Any) -> Any:
        taken = ops.one_hot(action, self.actions, dtype="float32")
        return ops.concatenate([frames, inner, observation["velocity"], taken], axis=-1)
