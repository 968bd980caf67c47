"""The `model` section of an image embedding's recipe, and what follows from it. Light: no Keras."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from genkit.recipe.schema import Fraction, Section

Width = Annotated[int, Field(ge=1, le=4096)]
Mining = Literal["semi_hard", "hard", "all"]


class ImageEmbeddingConfig(Section):
    """Sizes of a network that maps an image to a unit vector, and how it is trained.

    Args:
        dimensions: of the vector.
        widths: maps of each 3x3 convolution; each has stride 2.
        dense: units of the hidden layer behind them.
        dropout: share of the hidden units that is dropped in training.
        margin: how much farther another person has to be than the same one, in squared
            distances of unit vectors, which go from 0 to 4.
        mining: which triplets of a batch are trained on, see `triplets.triplet_loss`.
        people, photographs: a batch holds so many photographs of each of so many people.
        shift: each training image is moved by chance, up to so many pixels along each side.
    """

    dimensions: Annotated[int, Field(ge=2, le=4096)] = 32
    widths: Annotated[list[Width], Field(min_length=1, max_length=10)] = Field(
        default_factory=lambda: [16, 32, 64]
    )
    dense: Width = 128
    dropout: Fraction = 0.0
    margin: Annotated[float, Field(gt=0, lt=4)] = 0.2
    mining: Mining = "semi_hard"
    people: Annotated[int, Field(ge=2, le=65_536)] = 8
    photographs: Annotated[int, Field(ge=2, le=65_536)] = 4
    shift: Annotated[int, Field(ge=0, le=512)] = 0

    @property
    def embedding_width(self) -> int:
        """Width of what a run of this recipe makes of an image."""
        return self.dimensions

    def conflicts(self, recipe: Any) -> list[tuple[str, str]]:
        """Where this section does not fit the data or the batch."""
        data, train = recipe.data, recipe.train
        if not hasattr(data, "image_shape"):
            return [("data.name", f"image_embedding needs images; '{data.name}' holds none")]
        classes = data.class_count()
        if classes is None:
            return [("data", "image_embedding needs labels, which the data set lacks")]
        found = []
        if self.people * self.photographs != train.batch_size:
            says = "must be people x photographs of the model"
            numbers = f"{self.people} x {self.photographs} = {self.people * self.photographs}"
            found.append(("train.batch_size", f"{says}, {numbers}. Received: {train.batch_size}"))
        if self.people > classes:
            says = f"must be at most {classes}, the people of the data set"
            found.append(("model.people", f"{says}. Received: {self.people}"))
        if self.people % train.accumulate or self.people // train.accumulate < 2:
            says = "must leave two whole people or more in each piece of a batch"
            found.append(("train.accumulate", f"{says} of {self.people}"))
        if self.shift >= min(data.image_shape()[:2]):
            says = "must be smaller than the sides of an image"
            found.append(("model.shift", f"{says}. Received: {self.shift}"))
        return found


def layer_shapes(config: ImageEmbeddingConfig, data: Any) -> list[tuple[int, int, int]]:
    """(height, width, maps) behind each convolution."""
    height, width, _ = data.image_shape()
    shapes = []
    for maps in config.widths:
        height, width = -(-height // 2), -(-width // 2)
        shapes.append((height, width, maps))
    return shapes


def parameter_count(config: ImageEmbeddingConfig, data: Any) -> int:
    """Trained parameters: the closed form, which a test compares with the built network."""
    total, inputs = 0, data.image_shape()[2]
    shapes = layer_shapes(config, data)
    for _, _, maps in shapes:
        total += (9 * inputs + 1) * maps
        inputs = maps
    height, width, maps = shapes[-1]
    total += (height * width * maps + 1) * config.dense
    return total + (config.dense + 1) * config.dimensions


def multiplications(config: ImageEmbeddingConfig, data: Any) -> int:
    """Products of one image's forward pass."""
    total, inputs = 0, data.image_shape()[2]
    shapes = layer_shapes(config, data)
    for height, width, maps in shapes:
        total += height * width * 9 * inputs * maps
        inputs = maps
    height, width, maps = shapes[-1]
    return total + height * width * maps * config.dense + config.dense * config.dimensions


def outlook(recipe: Any) -> dict[str, Any]:
    """Facts about a recipe before anything is built.

    Memory counts weights, gradients, two optimiser moments and averages, the float32 activations
    kept for the backward pass, and the triplets of a batch. The time estimate scales one measured
    step (maps 16, 32, 64 of 32x28 pixels, 128 units, batch 48: 8 ms on one core).
    """
    config, data, train = recipe.model, recipe.data, recipe.train
    parameters = parameter_count(config, data)
    rows = train.batch_size // train.accumulate
    values = sum(height * width * maps for height, width, maps in layer_shapes(config, data))
    copies = 5 if train.average is not None else 4
    work = multiplications(config, data) * train.batch_size * train.steps
    return {
        "parameters": parameters,
        "memory_bytes": 4 * parameters * copies + 8 * rows * values + 4 * rows**3,
        "embedding": f"{config.dimensions} numbers, of unit length",
        "train_seconds_one_core": round(8e-3 * work / (727_000 * 48)),
    }
