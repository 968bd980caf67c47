"""Whether one has been here before: loop closure."""

from __future__ import annotations

from typing import Any

from keras import ops

from genkit.rl.heads.base import Head, Learned
from genkit.rl.heads.control import summed
from genkit.rl.heads.maps import over_time
from genkit.rl.heads.perceptron import Perceptron


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
        self.layer = Perceptron(settings.hidden, 1, name=self.key)
        self.layer.build((None, network.features_width))

    def logits(self, features: Any) -> Any:
        """Of features `(T, B, n)`: `(T, B)`; above 0 a loop is likelier than not."""
        return over_time(self.layer, features)[..., 0]

    def loss(self, learned: Learned) -> tuple[Any, dict[str, Any]]:
        logits, label = self.logits(learned.unrolled.features[:-1]), learned.experience["loop"]
        error = ops.softplus(logits) - label * logits
        figures = {"loop_nats": ops.mean(error), "loop_percent": 100 * ops.mean(label)}
        return self.settings.weight * summed(error), figures

    def shown(self, learned: Learned) -> dict[str, Any]:
        chance = ops.sigmoid(self.logits(learned.unrolled.features[:-1]))
        return {"loop-closure": ops.stack([chance, learned.experience["loop"]], axis=-1)}
