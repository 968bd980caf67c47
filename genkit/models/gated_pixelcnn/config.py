"""The `model` section of a Gated PixelCNN recipe, and what follows from it. Light: no Keras."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from genkit.recipe.schema import Fraction, Section


class GatedPixelCNNConfig(Section):
    """Sizes of a Gated PixelCNN.

    Args:
        layers: gated blocks, the first included.
        width: maps p of each stack.
        first_kernel, kernel: odd width of the first and of the further convolutions.
        head: maps of the 1x1 layer before the softmax.
        dropout: share of the gated maps of each block that is dropped, whole maps at a time,
            in training.
        condition: `class` steers every block by the image's class.
    """

    layers: Annotated[int, Field(ge=1, le=200)] = 7
    width: Annotated[int, Field(ge=1, le=4096)] = 32
    first_kernel: Annotated[int, Field(ge=3, le=63)] = 7
    kernel: Annotated[int, Field(ge=3, le=63)] = 3
    head: Annotated[int, Field(ge=1, le=16384)] = 64
    dropout: Fraction = 0.0
    condition: Literal["none", "class"] = "none"

    @model_validator(mode="after")
    def _odd(self) -> GatedPixelCNNConfig:
        for key in ("first_kernel", "kernel"):
            if getattr(self, key) % 2 == 0:
                raise ValueError(f"{key} must be odd. Received: {getattr(self, key)}")
        return self

    def conflicts(self, recipe: Any) -> list[tuple[str, str]]:
        """Where this section does not fit the data."""
        if not hasattr(recipe.data, "image_shape"):
            return [("data.name", f"gated_pixelcnn needs images; '{recipe.data.name}' holds none")]
        found = []
        channels, classes = recipe.data.image_shape()[2], recipe.data.class_count()
        if self.condition == "class" and classes is None:
            found.append(("model.condition", "class needs labels, which the data set lacks"))
        for key in ("width", "head"):
            if getattr(self, key) < channels:
                found.append((f"model.{key}", f"must be at least {channels}, a map a colour"))
        return found

    @property
    def reach(self) -> int:
        """How many columns left and right, and rows above the row above, are seen."""
        return self.first_kernel // 2 + (self.layers - 1) * (self.kernel // 2)


def parameter_count(config: GatedPixelCNNConfig, data: Any) -> int:
    """Trained parameters: the closed form, which a test compares with the built network."""
    channels = data.image_shape()[2]
    p, total = config.width, 0
    for layer in range(config.layers):
        inputs = channels if layer == 0 else p
        kernel = config.first_kernel if layer == 0 else config.kernel
        rows = kernel // 2 + 1
        total += rows * kernel * inputs * 2 * p + 2 * p  # vertical
        total += rows * inputs * 2 * p  # horizontal
        total += (2 * p + 1) * 2 * p  # link
        total += (p + 1) * p  # output map
        if config.condition == "class":
            total += (data.class_count() or 0) * 4 * p
    outputs = channels * data.level_count()
    return total + (p + 1) * config.head + (config.head + 1) * outputs


def outlook(recipe: Any) -> dict[str, Any]:
    """Facts about a recipe before anything is built.

    Memory counts weights, gradients, two optimiser moments and the averages, and the float32
    activations kept for the backward pass (about 9p a position and layer). The time estimate
    scales one measured step (7 layers x 32, 28x28, batch 64: 0.5 s on two cores).
    """
    config, data, train = recipe.model, recipe.data, recipe.train
    height, width, channels = data.image_shape()
    parameters = parameter_count(config, data)
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
