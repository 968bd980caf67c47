"""The `data` sections of the image data sets. Light: no Keras, no file is read."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from genkit.recipe.schema import DataConfig, PositiveInt


class ImagesConfig(DataConfig):
    """What every image data set has; shapes are known before a file is read."""

    def image_shape(self) -> tuple[int, int, int]:
        """(height, width, channels)."""
        raise NotImplementedError

    def level_count(self) -> int:
        """Number of values a channel can take."""
        raise NotImplementedError

    def class_count(self) -> int | None:
        """Number of classes, or None without labels."""
        raise NotImplementedError

    def preprocessing(self) -> str:
        """What is done to the published images, in words: named beside every likelihood."""
        return "none"

    def notes(self) -> dict[str, str]:
        """What a likelihood on this data depends on, in words."""
        return {"data": self.name, "preprocessing": self.preprocessing()}


class DigitsConfig(ImagesConfig):
    """scikit-learn's digits: 8x8, 17 grey levels; split by a fixed permutation.

    Args:
        validation_count, test_count: images held out of 1,797; the rest is for training.
    """

    name: Literal["digits"] = "digits"
    validation_count: Annotated[int, Field(ge=10, le=600)] = 200
    test_count: Annotated[int, Field(ge=10, le=600)] = 400

    def image_shape(self) -> tuple[int, int, int]:
        return (8, 8, 1)

    def level_count(self) -> int:
        return 17

    def class_count(self) -> int | None:
        return 10


class TexturesConfig(ImagesConfig):
    """Generated striped textures; the class is the direction of the stripes.

    Args:
        size: height and width.
        levels: values of a channel.
        channels: 1 for grey, 3 for colour.
        train_count, validation_count, test_count: images in each split.
    """

    name: Literal["textures"] = "textures"
    size: Annotated[int, Field(ge=2, le=512)] = 16
    levels: Annotated[int, Field(ge=2, le=256)] = 16
    channels: Literal[1, 3] = 1
    train_count: PositiveInt = 2048
    validation_count: PositiveInt = 256
    test_count: PositiveInt = 256

    def image_shape(self) -> tuple[int, int, int]:
        return (self.size, self.size, self.channels)

    def level_count(self) -> int:
        return self.levels

    def class_count(self) -> int | None:
        return 4


class BinarizedMnistConfig(ImagesConfig):
    """MNIST in Larochelle's fixed binarization: 50,000 / 10,000 / 10,000 images, no labels."""

    name: Literal["binarized_mnist"] = "binarized_mnist"

    def image_shape(self) -> tuple[int, int, int]:
        return (28, 28, 1)

    def level_count(self) -> int:
        return 2

    def class_count(self) -> int | None:
        return None

    def preprocessing(self) -> str:
        return "fixed binarization (Larochelle and Murray, 2011)"
