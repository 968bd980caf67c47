"""Whether one has been here before: loop closure."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from genkit.rl.heads.base import Head, Learned
from genkit.rl.heads.control import summed
from genkit.rl.heads.maps import over_time


@keras.saving.register_keras_serializable(package="genkit")
class LoopClassifier(keras.Layer):
    """The logit that a loop is closed: a hidden layer and a linear one.

    Args:
        hidden: units.

    Input: `(N, n)`. Output: `(N,)`.
    """

    def __init__(self, hidden: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.hidden = hidden
        self.inner = keras.layers.Dense(hidden, activation="relu", name="hidden")
        self.outer = keras.layers.Dense(1, kernel_initializer="zeros", name="logit")

    def build(self, input_shape: Any) -> None:
        self.inner.build(input_shape)
        self.outer.build((None, self.hidden))
        self.built = True

    def call(self, features: Any) -> Any:
        return self.outer(self.inner(features))[:, 0]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "hidden": self.hidden}


class LoopClosure(Head):
    """Whether the agent is where it has been before, and was away in between: the cross-entropy of
    `experience["loop"]`, summed over the newest stretch (Mirowski et al., 2017, arXiv:1611.03673;
    the first version prints it without logarithms). See `LoopLabels`.

    Args:
        settings: `loop_closure`. network: whose features it is computed from.
    """

    name = "loop-closure"

    def __init__(self, settings: Any, network: Any) -> None:
        self.settings = settings
        self.layer = LoopClassifier(settings.hidden, name="loop_closure")
        self.layer.build((None, network.features_width))

    def networks(self) -> dict[str, keras.Layer]:
        return {"loop_closure": self.layer}

    def logits(self, features: Any) -> Any:
        """Of features `(T, B, n)`: `(T, B)`; above 0 a loop is likelier than not."""
        return over_time(self.layer, features)

    def loss(self, learned: Learned) -> tuple[Any, dict[str, Any]]:
        logits, label = self.logits(learned.unrolled.features[:-1]), learned.experience["loop"]
        error = ops.softplus(logits) - label * logits
        figures = {"loop_nats": ops.mean(error), "loop_percent": 100 * ops.mean(label)}
        return self.settings.weight * summed(error), figures

    def shown(self, learned: Learned) -> dict[str, Any]:
        chance = ops.sigmoid(self.logits(learned.unrolled.features[:-1]))
        return {"loop-closure": ops.stack([chance, learned.experience["loop"]], axis=-1)}
