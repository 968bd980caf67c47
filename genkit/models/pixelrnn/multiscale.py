"""Multi-scale PixelRNN (van den Oord et al., 2016, arXiv:1601.06759, section 3.6).

A small image is drawn first and, upsampled by a network, steers every layer that draws the large
one. The small image is every k-th pixel of every k-th row of the large one, so p(small)
p(large | small) is a lower bound of the likelihood of the large image.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import keras
import numpy as np
from keras import ops

from genkit.family import (
    Arrays,
    Check,
    Evaluation,
    EvaluationRequest,
    SampleSettings,
    Workload,
)
from genkit.layers.map_upsampling import MapUpsampling
from genkit.layers.values import centred_array
from genkit.models.image_density.learner import LN2, ImageDensityLearner
from genkit.models.pixelrnn.network import PixelRNN, build_network
from genkit.models.pixelrnn.scales import MultiScaleGenerator
from genkit.models.pixelrnn.view import PixelRNNView, SteeredView
from genkit.progress import Progress
from genkit.randomness import Noise
from genkit.sampling.decoding import log_probability


@keras.saving.register_keras_serializable(package="genkit")
class MultiScale(keras.Model):
    """The three networks, trained together.

    Args:
        small: density of small images. upsampling: see there. large: density of the images,
            steered by its maps.
        factor: every factor-th pixel of every factor-th row is the small image.

    Input: values centred to [-1, 1], `(B, H, W, C)`. Output: logits of the small image and of the
    large one.
    """

    def __init__(
        self,
        small: PixelRNN,
        upsampling: MapUpsampling,
        large: PixelRNN,
        factor: int,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.small, self.upsampling, self.large = small, upsampling, large
        self.factor = factor
        self.built = True

    def call(self, x: Any) -> tuple[Any, Any]:
        small = reduced(x, self.factor)
        return self.small(small), self.large(x, self.upsampling(small))

    def get_config(self) -> dict[str, Any]:
        parts = {"small": self.small, "upsampling": self.upsampling, "large": self.large}
        own = {name: keras.saving.serialize_keras_object(part) for name, part in parts.items()}
        return {**super().get_config(), **own, "factor": self.factor}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> MultiScale:
        parts = ("small", "upsampling", "large")
        read = {name: keras.saving.deserialize_keras_object(config[name]) for name in parts}
        return cls(**{**config, **read})


def reduced(images: Any, factor: int) -> Any:
    """Every factor-th pixel of every factor-th row of `(B, H, W, C)`."""
    return images[:, ::factor, ::factor]


class MultiScaleLearner(ImageDensityLearner):
    """Trains the small and the large network at once; both likelihoods count."""

    def build(self, recipe: Any) -> tuple[MultiScale, SteeredView]:
        shape, sizes = recipe.data.image_shape(), recipe.model.multiscale
        self.factor = sizes.factor
        self.small_shape = sizes.small_shape(shape)
        small = build_network(recipe, recipe.model.small(), self.small_shape, name="small")
        large = build_network(recipe, recipe.model, shape, given=sizes.maps, name="large")
        upsampling = MapUpsampling(
            sizes.maps, sizes.strides(), dtype=large.dtype_policy, name="upsampling"
        )
        upsampling.build((None, *self.small_shape))
        network = MultiScale(small, upsampling, large, sizes.factor, name="pixelrnn")
        self.small_view = PixelRNNView(small, self.small_shape)
        self.steered = SteeredView(large, shape, self.small_shape, upsampling)
        return network, self.steered

    def vector(self, batch: Mapping[str, Any]) -> np.ndarray:
        """The small images of a batch, centred, `(B, h, w, C)` float32."""
        return centred_array(reduced(batch["image"], self.factor), self.view.levels)

    def training_noise(self, noise: Noise) -> Arrays:
        """Factors of map dropout of both networks, `(B, layers of both, the wider h)`."""
        sizes = [self.recipe.model, self.recipe.model.small()]
        if not sizes[0].dropout:
            return {}
        layers, width = sum(one.layers for one in sizes), max(one.width for one in sizes)
        kept = self.map_dropout(noise, sizes[0].dropout, (layers, width))
        large, small = kept[:, : sizes[0].layers], kept[:, sizes[0].layers :]
        return {"kept": large[..., : sizes[0].width], "kept_small": small[..., : sizes[1].width]}

    def loss(self, batch: Any) -> tuple[Any, dict[str, Any]]:
        """Mean nats/dim of both images together, and the same in bits."""
        values = ops.cast(batch["image"], "int32")
        small = reduced(values, self.factor)
        of_small = {"image": small, "kept": batch.get("kept_small")}
        chances = [
            ops.sum(log_probability(self.view.training_logits(batch), values)),
            ops.sum(log_probability(self.small_view.training_logits(of_small), small)),
        ]
        count = float(np.prod(batch["image"].shape))
        nats, rest = -(chances[0] + chances[1]) / count, -chances[1] / count
        return nats, {"bits_per_dim": nats / LN2, "bits_per_dim_of_small": rest / LN2}

    def _score(self, values: Any, vector: Any) -> Any:
        """Log-probabilities of the values of both images, `(B, n)`."""
        values = ops.cast(values, "int32")
        small = reduced(values, self.factor)
        parts = [
            log_probability(self.view.logits(values, vector), values),
            log_probability(self.small_view.logits(small, None), small),
        ]
        flat = [ops.reshape(part, (int(part.shape[0]), -1)) for part in parts]
        return ops.concatenate(flat, axis=-1)

    def evaluate(self, request: EvaluationRequest, progress: Progress) -> Evaluation:
        """As for one scale; the metrics are those of both images together."""
        found = super().evaluate(request, progress)
        note = (
            "of the small image and of the large one given the small one, together: an upper "
            "bound of the large image's own"
        )
        return replace(found, notes={**found.notes, "likelihood": note})

    def raster_generator(self, settings: SampleSettings) -> Any:
        if settings not in self._generators:
            self._generators[settings] = MultiScaleGenerator(
                self.small_view, self.view, self.factor, settings
            )
        return self._generators[settings]

    def checks(self) -> Iterable[Check]:
        from genkit.conformance.autoregressive import raster_checks

        small = raster_checks(self.small_view)
        return [
            *raster_checks(self.view),
            *(replace(check, name=f"small_{check.name}") for check in small),
            Check("small_image_unseen", 0.0, self._unseen),
        ]

    def _unseen(self) -> float:
        """How many values of the large image do not depend on the small one, under any of some
        random weights: ReLUs hide a dependence under a single draw."""
        from genkit.conformance.dependence import DRAWS, random_images
        from genkit.conformance.weights import random_weights

        images, small = random_images(self.view, 2, 0), self.steered.examples(2)
        changed = np.zeros(self.view.shape, bool)
        for draw in range(DRAWS):
            with random_weights(self.view.variables, draw):
                one, other = (
                    np.asarray(ops.convert_to_numpy(self.view.logits(images, vector)))
                    for vector in (small, -small)
                )
            changed |= np.any(one != other, axis=(0, -1))
        return float(np.sum(~changed))

    def workloads(self, tiles: Sequence[int]) -> Iterable[Workload]:
        from genkit.models.pixelrnn.timing import multiscale_workloads

        own = multiscale_workloads(self, tiles)
        return [*own, *super(ImageDensityLearner, self).workloads(tiles)]
