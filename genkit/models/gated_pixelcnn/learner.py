"""The learners of the Gated PixelCNN."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from genkit.family import Arrays, Evaluation, EvaluationRequest, Forced, Learner
from genkit.models.gated_pixelcnn.network import GatedPixelCNN, build_network
from genkit.models.gated_pixelcnn.portraits import with_portraits
from genkit.models.gated_pixelcnn.steering import SteeredImages
from genkit.models.gated_pixelcnn.view import GatedPixelCNNView
from genkit.models.image_density.learner import ImageDensityLearner
from genkit.progress import Progress
from genkit.randomness import Noise
from genkit.sampling.raster.steering import Steering


class GatedPixelCNNLearner(SteeredImages, ImageDensityLearner):
    """Gated PixelCNN, unconditional or steered by classes, vectors and maps (arXiv:1606.05328)."""

    def build(self, recipe: Any) -> tuple[Any, GatedPixelCNNView]:
        network = build_network(recipe)
        return network, self.view_of(network, recipe, self.sources.steering(recipe))

    def view_of(self, network: GatedPixelCNN, recipe: Any, steering: Steering) -> GatedPixelCNNView:
        shape, reach = recipe.data.image_shape(), recipe.model.reach
        return GatedPixelCNNView(network, shape, reach, steering)

    def evaluate(self, request: EvaluationRequest, progress: Progress) -> Evaluation:
        """As for every density; of portraits also whether they show their person."""
        found = super().evaluate(request, progress)
        for name in self.recipe.model.condition:
            if name not in self.sources.embedders:
                continue
            found = with_portraits(self, name, found, request, progress)
        return found

    def primes(self, reference: str, keep: str | None) -> Forced:
        """As for every density; each image is completed as steered by itself, where that is known:
        by its class, its own code, its own vectors."""
        forced = super().primes(reference, keep)
        own = forced.conditions or [{} for _ in forced.values]
        for part in self.view.steering.parts:
            word = self.sources.word(part, reference)
            if word is not None:
                own = [{**row, word: f"{reference}:{i}"} for i, row in enumerate(own)]
        return replace(forced, conditions=[] if not any(own) else own)

    def training_noise(self, noise: Noise) -> Arrays:
        """Factors of map dropout, `(B, layers, 2 * width)`: 0, or 1 / (1 - rate)."""
        config = self.recipe.model
        if not config.dropout:
            return {}
        maps = (config.layers, 2 * config.width)
        return {"kept": self.map_dropout(noise, config.dropout, maps)}


def make_learner(recipe: Any, inputs: Mapping[str, Any] | None = None) -> Learner:
    """Of images alone, or of an auto-encoder with one of its decoders."""
    coder = recipe.model.autoencoder
    if coder is None:
        return GatedPixelCNNLearner(recipe, inputs)
    if coder.decoder == "mse":
        from genkit.models.gated_pixelcnn.regression import RegressionLearner

        return RegressionLearner(recipe, inputs)
    from genkit.models.gated_pixelcnn.coding import AutoencoderLearner

    return AutoencoderLearner(recipe, inputs)
