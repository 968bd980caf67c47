"""The auto-encoder whose decoder minimises the mean squared error: what the PixelCNN decoder is
compared with (van den Oord et al., 2016, arXiv:1606.05328, section 3.4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from keras import ops

from genkit import backend
from genkit.artifacts import Images
from genkit.batches import in_batches
from genkit.family import (
    Arrays,
    Evaluation,
    EvaluationRequest,
    Generator,
    Metrics,
    Monitor,
    SampleSettings,
)
from genkit.layers.values import centred
from genkit.learning import GradientStep
from genkit.models.gated_pixelcnn.autoencoder import Autoencoder, build_mse_decoder
from genkit.models.gated_pixelcnn.codes import CodedImages
from genkit.models.gated_pixelcnn.mean_images import MeanImages
from genkit.models.gated_pixelcnn.reconstruction import error, with_reconstructions
from genkit.progress import SILENT, Progress
from genkit.randomness import Noise
from genkit.sampling.raster.steering import VECTOR

MSE = "reconstruction_mse"


class RegressionLearner(CodedImages):
    """Trains by the mean squared error of values brought to 0 .. 1; it has no likelihood."""

    monitor: Monitor | None = Monitor(MSE, "min")

    def __init__(self, recipe: Any, inputs: Mapping[str, Any] | None = None) -> None:
        super().__init__(recipe, inputs)
        self.levels, self.shape = recipe.data.level_count(), recipe.data.image_shape()
        encoder, self.steering = self.build_codes(recipe)
        decoder = build_mse_decoder(recipe, self.steering.width)
        self.autoencoder = Autoencoder(encoder, decoder, name="autoencoder")
        self.networks = {"network": self.autoencoder}
        self.steps = {"training": GradientStep(self.autoencoder, self.loss, recipe.train)}
        self._decode = backend.compile(decoder, decoder.variables)

    def loss(self, batch: Any) -> tuple[Any, dict[str, Any]]:
        """Mean squared error of `batch["image"]`."""
        x = centred(batch["image"], self.levels, "float32")
        found = self.autoencoder(x, batch[VECTOR] if self.further.parts else None)
        squared = ops.mean(ops.square((found - x) * 0.5))
        return squared, {MSE: squared}

    def update(self, batch: Arrays, noise: Noise) -> Metrics:
        del noise
        return self.steps["training"]({"image": batch["image"], VECTOR: self.further.of(batch)})

    def decode(self, vector: np.ndarray) -> np.ndarray:
        """Images `(B, H, W, C)` uint8 of vectors `(B, D)`: means, rounded to the nearest value."""
        means = np.asarray(ops.convert_to_numpy(self._decode(vector)))
        values = np.round((means + 1.0) * (0.5 * (self.levels - 1)))
        return np.clip(values, 0, self.levels - 1).astype(np.uint8)

    def reconstruct(self, batch: Mapping[str, np.ndarray], seed: int, progress: Progress) -> Any:
        """The mean image of each code, `(N, H, W, C)` uint8."""
        del seed, progress
        return in_batches(self.decode, self.coded(batch), self.recipe.eval.batch_size)

    def evaluate(self, request: EvaluationRequest, progress: Progress) -> Evaluation:
        """Mean squared error over a split; unless brief, what is told of reconstructions."""
        split = self.split(request.split).first(request.limit)
        images = np.asarray(split.images)
        batch = {"image": images, **split.conditions(slice(None))}
        progress.start("reconstruction", len(split), "images")
        mean = error(images, self.reconstruct(batch, request.seed, progress), self.levels)
        progress.advance(len(split))
        progress.finish()
        found = Evaluation(len(split), {MSE: mean}, notes=self.dataset.notes)
        whole = with_reconstructions(self, found, request, progress, self.reconstruct)
        whole.metrics[MSE] = mean  # of the whole split
        return whole

    def generator(self, settings: SampleSettings) -> Generator:
        return MeanImages(self.steering, self.decode, settings, self.levels)

    def preview(self, count: int, seed: int) -> Sequence[Images]:
        """Reconstructions of images that were not trained on."""
        split = self.split("validation").first(count)
        batch = {"image": np.asarray(split.images), **split.conditions(slice(None))}
        found = self.reconstruct(batch, seed, SILENT)
        unknown = np.full(len(found), np.nan, np.float32)
        return [Images(found, unknown, np.arange(len(found)), self.levels)]
