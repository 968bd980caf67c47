"""The `model` section of a PixelRNN recipe, and what follows from it. Light: no Keras."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from genkit.models.image_density.sizes import prime_factors, upsampling_parameters
from genkit.recipe.schema import Fraction, Section

OddWidth = Annotated[int, Field(ge=3, le=63)]


class MultiScaleConfig(Section):
    """A small image first, which steers the large one (section 3.6).

    Args:
        factor: every factor-th pixel of every factor-th row is the small image.
        maps: that the small image is upsampled to, c.
        layers, width: of the network of small images, of the same kind as the large one.
    """

    factor: Annotated[int, Field(ge=2, le=64)] = 2
    maps: Annotated[int, Field(ge=1, le=1024)] = 16
    layers: Annotated[int, Field(ge=1, le=200)] = 4
    width: Annotated[int, Field(ge=1, le=4096)] = 16

    def small_shape(self, shape: tuple[int, int, int]) -> tuple[int, int, int]:
        return shape[0] // self.factor, shape[1] // self.factor, shape[2]

    def strides(self) -> list[int]:
        """Of the upsampling layers: the prime factors of `factor`, the smallest first."""
        return prime_factors(self.factor)


class PixelRNNConfig(Section):
    """Sizes of a PixelRNN.

    Args:
        kind: `pixelcnn` (masked convolutions), `row` (Row LSTM) or `diagonal` (Diagonal BiLSTM).
        layers: blocks behind the first convolution.
        width: maps h of each layer; between the layers there are 2h.
        first_kernel: odd width of the first masked convolution.
        kernel: odd width of the convolutions of `pixelcnn`, and of the masked one along the row
            that feeds `row`. state_kernel: odd width of the one on the states above, of `row`.
        head, head_layers: maps and count of the 1x1 layers before the softmax.
        residual: add a block's input to its output.
        skip: lead every block's output past the later ones to the head.
        dropout: share of the h maps of each block that is dropped, whole maps at a time, in
            training; not in the paper, for small data sets.
        multiscale: draw a small image first; null for one scale.
    """

    kind: Literal["pixelcnn", "row", "diagonal"] = "row"
    layers: Annotated[int, Field(ge=1, le=200)] = 7
    width: Annotated[int, Field(ge=1, le=4096)] = 16
    first_kernel: OddWidth = 7
    kernel: OddWidth = 3
    state_kernel: OddWidth = 3
    head: Annotated[int, Field(ge=1, le=16384)] = 32
    head_layers: Annotated[int, Field(ge=1, le=8)] = 2
    residual: bool = True
    skip: bool = True
    dropout: Fraction = 0.0
    multiscale: MultiScaleConfig | None = None

    @model_validator(mode="after")
    def _odd(self) -> PixelRNNConfig:
        for key in ("first_kernel", "kernel", "state_kernel"):
            if getattr(self, key) % 2 == 0:
                raise ValueError(f"{key} must be odd. Received: {getattr(self, key)}")
        return self

    def conflicts(self, recipe: Any) -> list[tuple[str, str]]:
        """Where this section does not fit the data."""
        if not hasattr(recipe.data, "image_shape"):
            return [("data.name", f"pixelrnn needs images; '{recipe.data.name}' holds none")]
        height, width, channels = recipe.data.image_shape()
        least = f"must be at least {channels}, a map a colour"
        found = [
            (f"model.{key}", least) for key in ("width", "head") if getattr(self, key) < channels
        ]
        if self.multiscale is None:
            return found
        if self.multiscale.width < channels:
            found.append(("model.multiscale.width", least))
        if height % self.multiscale.factor or width % self.multiscale.factor:
            found.append(
                (
                    "model.multiscale.factor",
                    f"must divide height and width of the images, {height} x {width}",
                )
            )
        return found

    def small(self) -> PixelRNNConfig:
        """The network of small images."""
        sizes = self.multiscale or MultiScaleConfig()
        return self.model_copy(
            update={"layers": sizes.layers, "width": sizes.width, "multiscale": None}
        )


def parameter_count(config: PixelRNNConfig, data: Any) -> int:
    """Trained parameters: the closed form, which a test compares with the built network."""
    channels, levels = data.image_shape()[2], data.level_count()
    if config.multiscale is None:
        return _network_parameters(config, channels, levels, None)
    maps = config.multiscale.maps
    upsampling = upsampling_parameters(channels, maps, config.multiscale.strides())
    small = _network_parameters(config.small(), channels, levels, None)
    return small + upsampling + _network_parameters(config, channels, levels, maps)


def _network_parameters(
    config: PixelRNNConfig, channels: int, levels: int, given: int | None
) -> int:
    h = config.width
    outputs = 4 * h if config.skip else 2 * h
    layer, steered = {
        "pixelcnn": ((2 * h + 1) * h + _half(config.kernel) * h * h + h, h),
        "row": (
            (config.kernel // 2 + 1) * 2 * h * 4 * h
            + config.state_kernel * h * 4 * h
            + 4 * h
            + 2 * h,
            4 * h,
        ),
        "diagonal": (2 * ((2 * h + 1) * 4 * h + 2 * h * 4 * h + 2 * h), 8 * h),
    }[config.kind]
    total = _half(config.first_kernel) * channels * 2 * h + 2 * h
    total += config.layers * (layer + (h + 1) * outputs + (given or 0) * steered)
    inputs = 2 * h
    for _ in range(config.head_layers):
        total += (inputs + 1) * config.head
        inputs = config.head
    return total + (inputs + 1) * channels * levels


def _half(kernel: int) -> int:
    """Taps of a masked kernel, the closed ones in the centre's row included."""
    return (kernel // 2 + 1) * kernel


# Seconds of a training step on two cores for a billion multiplications of parameters with
# positions, measured (28x28, batches of 16): the recurrences wait for rows and diagonals.
SECONDS = {"pixelcnn": 0.068, "row": 0.076, "diagonal": 0.253}
KEPT = {"pixelcnn": 10, "row": 16, "diagonal": 40}


def outlook(recipe: Any) -> dict[str, Any]:
    """Facts about a recipe before anything is built.

    Memory counts weights, gradients, two optimiser moments and the averages, and the float32
    activations kept for the backward pass, in multiples of h a position and layer.
    """
    config, data, train = recipe.model, recipe.data, recipe.train
    height, width, channels = data.image_shape()
    parameters = parameter_count(config, data)
    positions = height * width * train.batch_size // train.accumulate
    kept = 2 if train.rematerialise else KEPT[config.kind]
    activations = positions * config.layers * config.width * kept * 4
    logits = positions * channels * data.level_count() * 4 * 2
    copies = 5 if train.average is not None else 4
    work = parameters * height * width * train.batch_size / 1e9
    values = height * width * channels
    if config.multiscale is not None:
        values += int(math.prod(config.multiscale.small_shape((height, width, channels))))
    return {
        "parameters": parameters,
        "memory_bytes": 4 * parameters * copies + activations + logits,
        "receptive_field": receptive_field(config),
        "values_per_item": values,
        "train_seconds_two_cores": round(work * SECONDS[config.kind] * train.steps),
    }


def receptive_field(config: PixelRNNConfig) -> str:
    """In words: what each kind of layer sees of the image."""
    if config.multiscale is not None:
        whole = receptive_field(config.model_copy(update={"multiscale": None}))
        return f"the whole small image; {whole}"
    reach, side = config.first_kernel // 2, config.kernel // 2
    left = reach + config.layers * side
    if config.kind == "diagonal":
        return "all rows above, all pixels on the left, and earlier colours of the pixel"
    if config.kind == "row":
        return (
            f"a triangle over all rows above, {left} pixels on the left, "
            "and earlier colours of the pixel"
        )
    return (
        f"{reach + config.layers * side} rows above with a blind spot on the right, "
        f"{left} pixels on the left, and earlier colours of the pixel"
    )
