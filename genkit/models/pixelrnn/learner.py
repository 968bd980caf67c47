"""The learners of PixelRNN."""

from __future__ import annotations

from typing import Any

from genkit.learning import policy
from genkit.models.image_density.learner import ImageDensityLearner
from genkit.models.pixelrnn.network import PixelRNN
from genkit.models.pixelrnn.view import PixelRNNView


def build_network(
    recipe: Any, shape: tuple[int, int, int], given: int | None = None, name: str = "pixelrnn"
) -> PixelRNN:
    """The built network of a recipe for images of a shape."""
    config = recipe.model
    network = PixelRNN(
        kind=config.kind,
        layers=config.layers,
        width=config.width,
        first_kernel=config.first_kernel,
        kernel=config.kernel,
        state_kernel=config.state_kernel,
        head=config.head,
        head_layers=config.head_layers,
        residual=config.residual,
        skip=config.skip,
        levels=recipe.data.level_count(),
        channels=shape[2],
        given=given,
        rematerialise=recipe.train.rematerialise,
        dtype=policy(recipe.train),
        name=name,
    )
    network.build((None, *shape))
    return network


class PixelRNNLearner(ImageDensityLearner):
    """PixelCNN, Row LSTM or Diagonal BiLSTM (arXiv:1601.06759)."""

    def build(self, recipe: Any) -> tuple[PixelRNN, PixelRNNView]:
        shape = recipe.data.image_shape()
        network = build_network(recipe, shape)
        return network, PixelRNNView(network, shape)
