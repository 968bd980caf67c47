"""To excite what the network sees with: feature control."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from genkit.rl.heads.base import Head, Learned
from genkit.rl.heads.control import control_loss
from genkit.rl.heads.maps import MapValues, over_time


class FeatureControl(Head):
    """Values of exciting each unit behind the last convolution, by n-step Q-learning on replayed
    stretches (Jaderberg et al., 2017, arXiv:1611.05397, section 3.1).

    What is learned moves what is rewarded, which alone does not settle. So a slow copy of the
    network gives the rewards, the activations behind each action, and the values that a stretch
    ends with, by a state that it unrolled itself.

    Args:
        settings: `feature_control`. network: whose features it is computed from.
        copy: makes another network like it.
    """

    name = "feature-control"
    replays = True

    def __init__(self, settings: Any, network: Any, copy: Any) -> None:
        self.settings, self.network = settings, network
        self.layer, self.slow_layer = (self._new(network) for _ in range(2))
        self.slow_network = copy()
        fast, slow = (network, self.layer), (self.slow_network, self.slow_layer)
        self.pairs = [
            (behind, ahead)
            for one, other in zip(slow, fast, strict=True)
            for behind, ahead in zip(one.variables, other.variables, strict=True)
        ]
        for behind, ahead in self.pairs:
            behind.assign(ahead)

    def _new(self, network: Any) -> MapValues:
        rows, columns, units = network.maps_shape
        layer = MapValues(
            network.actions, (rows, columns), self.settings.width, units, name="feature_control"
        )
        layer.build((None, network.features_width))
        return layer

    def slow(self) -> dict[str, keras.Layer]:
        return {"slow_network": self.slow_network, "slow_feature_control": self.slow_layer}

    def loss(self, learned: Learned) -> tuple[Any, dict[str, Any]]:
        experience, unrolled = learned.again()
        values = over_time(self.layer, unrolled.features)
        slow = self.slow_network.unroll(experience)
        best = ops.max(over_time(self.slow_layer, slow.features), axis=-1)
        rewards = self._activations(slow.encoded)[1:]
        error, mean = control_loss(values, best, rewards, experience, self.settings.discount)
        self._follow()
        figures = {"feature_control_loss": error, "feature_control_mean_return": mean}
        return self.settings.weight * error, {**figures, "activation": ops.mean(rewards)}

    def _activations(self, encoded: Any) -> Any:
        """`(T, B, rows, columns, units)` of what was encoded: maps come first in it."""
        rows, columns, units = self.network.maps_shape
        maps = encoded[..., : rows * columns * units]
        return ops.reshape(maps, (*maps.shape[:2], rows, columns, units))

    def _follow(self) -> None:
        for behind, ahead in self.pairs:
            now = ops.stop_gradient(ahead.value)
            behind.assign(behind.value + self.settings.rate * (now - behind.value))

    def shown(self, learned: Learned) -> dict[str, Any]:
        values = over_time(self.layer, learned.unrolled.features[:-1])
        seen = self._activations(learned.unrolled.encoded)[:-1]
        best = ops.max(values, axis=-1)
        return {"feature-control": ops.mean(best, axis=-1), "features": ops.mean(seen, axis=-1)}
