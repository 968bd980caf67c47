"""Codes of images: what the two auto-encoders share, whatever their decoder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from keras import ops

from genkit import backend
from genkit.batches import in_batches
from genkit.layers.values import centred
from genkit.models.gated_pixelcnn.autoencoder import Encoder, build_encoder
from genkit.models.gated_pixelcnn.conditions import CODE
from genkit.models.gated_pixelcnn.steering import SteeredImages
from genkit.sampling.raster.steering import Steering


class Codes:
    """The `Embedder` that an encoder is, in batches of one size so that it compiles once.

    Args:
        encoder: built. levels: of the images. size: images in a compiled batch.
    """

    def __init__(self, encoder: Encoder, levels: int, size: int) -> None:
        self.encoder, self.levels, self.size = encoder, levels, size
        self._encode = backend.compile(self._code, encoder.variables)

    def _code(self, values: Any) -> Any:
        return ops.cast(
            self.encoder(centred(values, self.levels, self.encoder.compute_dtype)), "float32"
        )

    def embed(self, images: np.ndarray) -> np.ndarray:
        """Codes `(N, bottleneck)` float32 of `(N, H, W, C)` values."""
        return in_batches(lambda x: ops.convert_to_numpy(self._encode(x)), images, self.size)


class CodedImages(SteeredImages):
    """Images whose code is the last of their conditions."""

    def build_codes(self, recipe: Any) -> tuple[Encoder, Steering]:
        """The encoder, and all conditions of the decoder; `further` are those beside the code."""
        encoder = build_encoder(recipe)
        self.codes = Codes(encoder, recipe.data.level_count(), recipe.eval.batch_size)
        self.sources.embedders[CODE] = self.codes
        steering = self.sources.steering(recipe)
        self.further = Steering([part for part in steering.parts if part.name != CODE])
        return encoder, steering

    def embed(self, images: np.ndarray) -> np.ndarray:
        """Codes `(N, bottleneck)` float32 of `(N, H, W, C)` uint8 values."""
        return self.codes.embed(images)

    def coded(self, batch: Mapping[str, Any]) -> np.ndarray:
        """All that steers the decoder of each image of a batch, `(B, D + bottleneck)`."""
        parts = [self.further.of(batch)] if self.further.parts else []
        return np.concatenate([*parts, self.embed(batch["image"])], axis=-1)
