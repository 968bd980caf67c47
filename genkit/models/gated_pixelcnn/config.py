"""The `model` section of a Gated PixelCNN recipe, and what follows from it. Light: no Keras."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from genkit.models.gated_pixelcnn.conditions import condition_conflicts, condition_shapes
from genkit.models.gated_pixelcnn.sizes import (
    encoder_parameters,
    mse_decoder_parameters,
    spatial_parameters,
    steering_width,
)
from genkit.recipe.schema import Fraction, Section


class SpatialConfig(Section):
    """Conditions that depend on the place (section 2.3): a deconvolution network makes maps of the
    image's size from them, s = m(h).

    Args:
        maps: of every layer of that network, c.
        factor: how much smaller than the image its first maps are.
    """

    maps: Annotated[int, Field(ge=1, le=1024)] = 16
    factor: Annotated[int, Field(ge=1, le=64)] = 4

    def small_shape(self, shape: tuple[int, ...]) -> tuple[int, int]:
        return shape[0] // self.factor, shape[1] // self.factor


class AutoencoderConfig(Section):
    """A convolutional encoder whose code steers the decoder, trained together (section 3.4).

    Args:
        bottleneck: width of the code.
        widths: maps of the encoder's 3x3 convolutions, each of stride 2.
        dense: units between the last maps and the code.
        decoder: `pixelcnn`, whose sizes are those of the section around; or `mse`, transposed
            convolutions that mirror the encoder and minimise the mean squared error.
    """

    bottleneck: Annotated[int, Field(ge=1, le=65536)] = 10
    widths: Annotated[list[Annotated[int, Field(ge=1, le=4096)]], Field(min_length=1)] = Field(
        default=[32, 64]
    )
    dense: Annotated[int, Field(ge=1, le=65536)] = 128
    decoder: Literal["pixelcnn", "mse"] = "pixelcnn"


def _listed(value: Any) -> Any:
    """`none` is no condition, and a single name one."""
    if value == "none":
        return []
    return [value] if isinstance(value, str) else value


class GatedPixelCNNConfig(Section):
    """Sizes of a Gated PixelCNN.

    Args:
        layers: gated blocks, the first included.
        width: maps p of each stack.
        first_kernel, kernel: odd width of the first and of the further convolutions.
        head: maps of the 1x1 layer before the softmax.
        dropout: share of the gated maps of each block that is dropped, whole maps at a time,
            in training.
        condition: what steers every block: `none`, or one or several of `class`, the vectors of
            the data set (`data.vectors`), and the recipe's `inputs`, runs that embed images.
        spatial: conditions steer each place by itself; null for all places alike.
        autoencoder: images are coded and decoded; null for none.
    """

    layers: Annotated[int, Field(ge=1, le=200)] = 7
    width: Annotated[int, Field(ge=1, le=4096)] = 32
    first_kernel: Annotated[int, Field(ge=3, le=63)] = 7
    kernel: Annotated[int, Field(ge=3, le=63)] = 3
    head: Annotated[int, Field(ge=1, le=16384)] = 64
    dropout: Fraction = 0.0
    condition: Annotated[list[str], BeforeValidator(_listed)] = Field(default_factory=list)
    spatial: SpatialConfig | None = None
    autoencoder: AutoencoderConfig | None = None

    @model_validator(mode="after")
    def _consistent(self) -> GatedPixelCNNConfig:
        for key in ("first_kernel", "kernel"):
            if getattr(self, key) % 2 == 0:
                raise ValueError(f"{key} must be odd. Received: {getattr(self, key)}")
        if len(set(self.condition)) != len(self.condition):
            raise ValueError(f"condition names something twice. Received: {self.condition}")
        return self

    def conflicts(self, recipe: Any) -> list[tuple[str, str]]:
        """Where this section does not fit the data."""
        if not hasattr(recipe.data, "image_shape"):
            return [("data.name", f"gated_pixelcnn needs images; '{recipe.data.name}' holds none")]
        height, width, channels = recipe.data.image_shape()
        found = [
            (f"model.{key}", f"must be at least {channels}, a map a colour")
            for key in ("width", "head")
            if getattr(self, key) < channels
        ]
        return [
            *found,
            *condition_conflicts(self, recipe),
            *self._size_conflicts(height, width),
        ]

    def _size_conflicts(self, height: int, width: int) -> list[tuple[str, str]]:
        """Factors that do not divide the images."""
        factors = {}
        if self.spatial is not None:
            factors["spatial.factor"] = self.spatial.factor
        if self.autoencoder is not None and self.autoencoder.decoder == "mse":
            factors["autoencoder.widths"] = 2 ** len(self.autoencoder.widths)
        return [
            (
                f"model.{key}",
                f"makes the images {factor} times smaller, which must divide their height and "
                f"width, {height} x {width}",
            )
            for key, factor in factors.items()
            if height % factor or width % factor
        ]

    @property
    def embedding_width(self) -> int | None:
        """Width of what a run of this recipe makes of an image; None where it makes nothing."""
        return None if self.autoencoder is None else self.autoencoder.bottleneck

    @property
    def reach(self) -> int:
        """How many columns left and right, and rows above the row above, are seen."""
        return self.first_kernel // 2 + (self.layers - 1) * (self.kernel // 2)


def parameter_count(recipe: Any) -> int:
    """Trained parameters: the closed form, which a test compares with the built network."""
    config, shape = recipe.model, recipe.data.image_shape()
    coder = config.autoencoder
    total = 0 if coder is None else encoder_parameters(coder, shape)
    if coder is not None and coder.decoder == "mse":
        steered = steering_width(condition_shapes(recipe))
        return total + mse_decoder_parameters(coder, steered, shape)
    return total + _decoder_parameters(config, recipe)


def _decoder_parameters(config: GatedPixelCNNConfig, recipe: Any) -> int:
    shape, levels = recipe.data.image_shape(), recipe.data.level_count()
    channels, p, total = shape[2], config.width, 0
    conditions = condition_shapes(recipe)
    steered = steering_width(conditions)
    if config.spatial is not None and steered:
        total += spatial_parameters(config.spatial, conditions, shape)
        steered = config.spatial.maps
    for layer in range(config.layers):
        inputs = channels if layer == 0 else p
        kernel = config.first_kernel if layer == 0 else config.kernel
        rows = kernel // 2 + 1
        total += rows * kernel * inputs * 2 * p + 2 * p  # vertical
        total += rows * inputs * 2 * p  # horizontal
        total += (2 * p + 1) * 2 * p  # link
        total += (p + 1) * p  # output map
        total += steered * 4 * p
    return total + (p + 1) * config.head + (config.head + 1) * channels * levels


def outlook(recipe: Any) -> dict[str, Any]:
    """Facts about a recipe before anything is built.

    Memory counts weights, gradients, two optimiser moments and the averages, and the float32
    activations kept for the backward pass (about 9p a position and layer). The time estimate
    scales one measured step (7 layers x 32, 28x28, batch 64: 0.5 s on two cores).
    """
    config, data, train = recipe.model, recipe.data, recipe.train
    height, width, channels = data.image_shape()
    parameters = parameter_count(recipe)
    positions = height * width * train.batch_size // train.accumulate
    kept = 2 if train.rematerialise else 9
    activations = positions * config.layers * config.width * kept * 4
    logits = positions * channels * data.level_count() * 4 * 2
    copies = 5 if train.average is not None else 4
    flops = parameters * height * width * train.batch_size
    seconds = 0.5 * flops / (180_000 * 784 * 64) * train.steps
    return {
        "parameters": parameters,
        "memory_bytes": 4 * parameters * copies + activations + logits,
        "receptive_field": receptive_field(config),
        "values_per_item": height * width * channels,
        "train_seconds_two_cores": round(seconds),
    }


def receptive_field(config: GatedPixelCNNConfig) -> str:
    """In words: a rectangle above, and pixels on the left."""
    reach = config.reach
    return (
        f"{reach + 1} rows above x {2 * reach + 1} columns, {reach} pixels on the left, "
        "and earlier colours of the pixel"
    )
