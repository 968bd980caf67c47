"""The learners of PixelRNN."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from genkit.family import Arrays
from genkit.models.image_density.learner import ImageDensityLearner
from genkit.models.pixelrnn.network import PixelRNN, build_network
from genkit.models.pixelrnn.view import PixelRNNView
from genkit.randomness import Noise


class PixelRNNLearner(ImageDensityLearner):
    """PixelCNN, Row LSTM or Diagonal BiLSTM (arXiv:1601.06759)."""

    def build(self, recipe: Any) -> tuple[PixelRNN, PixelRNNView]:
        shape = recipe.data.image_shape()
        network = build_network(recipe, recipe.model, shape)
        return network, PixelRNNView(network, shape)

    def training_noise(self, noise: Noise) -> Arrays:
        """Factors of map dropout, `(B, layers, h)`."""
        config = self.recipe.model
        if not config.dropout:
            return {}
        return {"kept": self.map_dropout(noise, config.dropout, (config.layers, config.width))}


def make_learner(recipe: Any, inputs: Mapping[str, Any] | None = None) -> ImageDensityLearner:
    """Of one scale or of two, as the recipe says."""
    if recipe.model.multiscale is None:
        return PixelRNNLearner(recipe, inputs)
    from genkit.models.pixelrnn.multiscale import MultiScaleLearner

    return MultiScaleLearner(recipe, inputs)
