"""The auto-encoder with a PixelCNN decoder (van den Oord et al., 2016, arXiv:1606.05328, 3.4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from keras import ops

from genkit.family import Evaluation, EvaluationRequest
from genkit.layers.values import centred
from genkit.models.gated_pixelcnn.autoencoder import Autoencoder
from genkit.models.gated_pixelcnn.codes import CodedImages
from genkit.models.gated_pixelcnn.learner import GatedPixelCNNLearner
from genkit.models.gated_pixelcnn.network import build_network
from genkit.models.gated_pixelcnn.reconstruction import with_reconstructions
from genkit.models.gated_pixelcnn.view import GatedPixelCNNView
from genkit.progress import Progress
from genkit.sampling.raster.steering import VECTOR


class AutoencoderLearner(CodedImages, GatedPixelCNNLearner):
    """Encoder and decoder trained together: the code of an image steers its own density.

    The view, which samplers and checks use, is that of the decoder.
    """

    def build(self, recipe: Any) -> tuple[Autoencoder, GatedPixelCNNView]:
        encoder, steering = self.build_codes(recipe)
        decoder = build_network(recipe)
        self.autoencoder = Autoencoder(encoder, decoder, name="autoencoder")
        return self.autoencoder, self.view_of(decoder, recipe, steering)

    def vector(self, batch: Mapping[str, Any]) -> np.ndarray:
        """The conditions beside the code, which is made in the compiled step."""
        return self.further.of(batch)

    def _steering(self, values: Any, vector: Any) -> Any:
        """All that steers the decoder."""
        x = centred(values, self.view.levels, self.autoencoder.compute_dtype)
        return self.autoencoder.steering(x, vector if self.further.parts else None)

    def loss(self, batch: Any) -> tuple[Any, dict[str, Any]]:
        """Mean nats/dim of images given their code, and the same in bits."""
        return super().loss({**batch, VECTOR: self._steering(batch["image"], batch[VECTOR])})

    def _score(self, values: Any, vector: Any) -> Any:
        values = ops.cast(values, "int32")
        return super()._score(values, self._steering(values, vector))

    def reconstruct(self, batch: Mapping[str, np.ndarray], seed: int, progress: Progress) -> Any:
        """A sample from the code of each image, `(N, H, W, C)` uint8."""
        vectors = self.coded(batch)
        return self.draw(len(vectors), seed, progress, vectors).samples

    def evaluate(self, request: EvaluationRequest, progress: Progress) -> Evaluation:
        """As for every density; the likelihood is that of images given their code. Unless brief,
        reconstructions too."""
        found = super().evaluate(request, progress)
        return with_reconstructions(self, found, request, progress, self.reconstruct)
