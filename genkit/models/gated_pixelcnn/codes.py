"""Codes of images: the encoder as an embedder, in batches of one size so that it compiles once."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops

from genkit import backend
from genkit.layers.values import centred
from genkit.models.gated_pixelcnn.autoencoder import Encoder
from genkit.sampling.driver import pad_rows


class Codes:
    """The `Embedder` that an encoder is.

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
        found = []
        for start in range(0, len(images), self.size):
            batch = np.asarray(images[start : start + self.size])
            codes = self._encode(pad_rows(batch, self.size - len(batch)))
            found.append(np.asarray(ops.convert_to_numpy(codes))[: len(batch)])
        return np.concatenate(found)
