"""What layers above a cut make of what crosses it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from keras import ops

from genkit.models.synthetic_gradients.losses import item_losses

if TYPE_CHECKING:
    from genkit.models.synthetic_gradients.learner import SyntheticGradientsLearner


def losses_above(
    learner: SyntheticGradientsLearner, crossing: np.ndarray, targets: np.ndarray
) -> np.ndarray:
    """Loss of each item, `(n,)`, if this crossed the lowest cut."""
    layers = range(learner.config.cuts()[0] + 1, len(learner.network.blocks))
    given, _ = learner.network.run(ops.convert_to_tensor(crossing), layers, training=False)
    losses = item_losses(learner.config.loss, given[-1], ops.convert_to_tensor(targets))
    return np.asarray(ops.convert_to_numpy(losses))
