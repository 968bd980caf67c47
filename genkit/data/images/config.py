"""The `data` sections of the image data sets. Light: no Keras, no file is read."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from genkit.data.shares import check_shares
from genkit.recipe.schema import DataConfig, NonNegativeInt, PositiveInt

Levels = Literal[2, 4, 8, 16, 32, 64, 128, 256]
Side = Annotated[int, Field(ge=2, le=1024)]
Width = Annotated[int, Field(ge=1, le=65536)]
VectorShape = Width | Annotated[list[Width], Field(min_length=3, max_length=3)]
Share = Annotated[float, Field(gt=0, lt=1)]


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


class ProcessedConfig(ImagesConfig):
    """Images published with 256 levels, and what is done to them.

    Args:
        levels: values of a channel; fewer than 256 are equal bins of the published ones.
        binarization: `threshold` makes a value 1 where it is above `threshold`; `stochastic`
            draws it from a Bernoulli variable, anew in every epoch of training and once for
            evaluation. Both make 2 levels.
        threshold: share of the brightest value, 255.
        flips: show each training image mirrored left to right or not, by chance.
    """

    levels: Levels = 256
    binarization: Literal["none", "threshold", "stochastic"] = "none"
    threshold: Share = 0.5
    flips: bool = False

    @model_validator(mode="after")
    def _one_way(self) -> ProcessedConfig:
        if self.binarization != "none" and self.levels != 256:
            raise ValueError(
                f"binarization '{self.binarization}' makes 2 levels of 256; leave levels away. "
                f"Received: levels {self.levels}"
            )
        return self

    def level_count(self) -> int:
        return self.levels if self.binarization == "none" else 2

    def preprocessing(self) -> str:
        done = []
        if self.binarization == "threshold":
            done.append(f"threshold binarization at {self.threshold:g} of the brightest value")
        elif self.binarization == "stochastic":
            done.append(
                "stochastic binarization (redrawn each epoch in training, drawn once with a "
                "fixed seed for evaluation)"
            )
        elif self.levels != 256:
            done.append(f"quantised from 256 to {self.levels} levels")
        if self.flips:
            done.append("random horizontal flips in training")
        return ", ".join(done) or "none"


class MnistConfig(ProcessedConfig):
    """MNIST: 28x28 grey, 10 classes.

    Args:
        validation_count: the last of the 60,000 training images, held out. The default makes
            50,000 / 10,000 / 10,000, the sizes of binarized MNIST.
    """

    name: Literal["mnist"] = "mnist"
    validation_count: Annotated[int, Field(ge=1, le=30_000)] = 10_000

    def image_shape(self) -> tuple[int, int, int]:
        return (28, 28, 1)

    def class_count(self) -> int | None:
        return 10


class Cifar10Config(ProcessedConfig):
    """CIFAR-10: 32x32 colour, 10 classes.

    Args:
        validation_count: the last of the 50,000 training images, held out; of a part of the
            data set, the same share.
    """

    name: Literal["cifar10"] = "cifar10"
    validation_count: Annotated[int, Field(ge=1, le=25_000)] = 5_000

    def image_shape(self) -> tuple[int, int, int]:
        return (32, 32, 3)

    def class_count(self) -> int | None:
        return 10


class ImagenetConfig(ProcessedConfig):
    """Downsampled ImageNet (Chrabaszcz et al., 2017): 32x32 or 64x64 colour, 1,000 classes.

    The published validation images are the test split, as in the papers.

    Args:
        validation_count: the last of the 1,281,167 training images, held out.
    """

    name: Literal["imagenet32", "imagenet64"]
    validation_count: Annotated[int, Field(ge=1, le=200_000)] = 10_000

    def image_shape(self) -> tuple[int, int, int]:
        side = 32 if self.name == "imagenet32" else 64
        return (side, side, 3)

    def class_count(self) -> int | None:
        return 1000


class OmniglotConfig(ProcessedConfig):
    """Omniglot: handwritten characters, each by 20 people; ink is bright (1 or 255).

    Drawings 1 to 16 of each character are for training, 17 and 18 for validation, 19 and 20
    for testing.

    Args:
        part: which archive, such as `background` of 964 characters of 30 alphabets.
        size: height and width. 105 is the original, of two levels; smaller ones are averages
            over areas, of 256 levels unless binarized.
        binarization, threshold: as for every data set; for `size` below 105.
    """

    name: Literal["omniglot"] = "omniglot"
    part: Literal["background", "evaluation", "background_small1"] = "background"
    size: Annotated[int, Field(ge=8, le=105)] = 28
    binarization: Literal["none", "threshold", "stochastic"] = "threshold"
    threshold: Share = 0.3

    def image_shape(self) -> tuple[int, int, int]:
        return (self.size, self.size, 1)

    def class_count(self) -> int | None:
        return {"background": 964, "evaluation": 659, "background_small1": 136}[self.part]

    def preprocessing(self) -> str:
        first = f"part {self.part}"
        if self.size != 105:
            first += f", 105x105 averaged to {self.size}x{self.size}"
        rest = super().preprocessing()
        return first if rest == "none" else f"{first}, {rest}"


class ResizedConfig(ProcessedConfig):
    """Pictures brought to one size.

    Args:
        fit: `crop` scales until the shorter side fits and cuts the middle out, `stretch`
            scales each side by itself, `exact` refuses pictures of another size.
        resample: how is scaled: `box` averages areas.
    """

    fit: Literal["crop", "stretch", "exact"] = "crop"
    resample: Literal["box", "bilinear", "bicubic", "lanczos"] = "box"

    def preprocessing(self) -> str:
        height, width, channels = self.image_shape()
        how = f"resized ({self.fit}, {self.resample})" if self.fit != "exact" else "as they are"
        first = f"{height}x{width} {'grey' if channels == 1 else 'colour'}, {how}"
        rest = super().preprocessing()
        return first if rest == "none" else f"{first}, {rest}"


class OrlFacesConfig(ResizedConfig):
    """AT&T (ORL) faces: 40 people, 10 grey portraits each; for conditioning on a person.

    Portraits 1 to 7 of each person are for training, 8 for validation, 9 and 10 for testing.

    Args:
        height, width: 112x92 is the original.
    """

    name: Literal["orl_faces"] = "orl_faces"
    height: Side = 112
    width: Side = 92

    def image_shape(self) -> tuple[int, int, int]:
        return (self.height, self.width, 1)

    def class_count(self) -> int | None:
        return 40


class PortraitsConfig(ResizedConfig):
    """Photographs of people, a folder each, split by person: people of the test split are not
    seen in training.

    Args:
        path: from the working directory, or below `GENKIT_DATA`.
        height, width, channels: what a photograph is brought to.
        people: how many folders of people there are.
        folds, fold: person i, counted from 0, belongs to fold i mod `folds`; the people of
            `fold` are the test split, all others are for training.
        validation_photos: the last so many photographs of each person in training are the
            validation split; at least one is left for training.
    """

    name: Literal["portraits"] = "portraits"
    path: Annotated[str, Field(min_length=1)] = "orl_faces"
    height: Side = 112
    width: Side = 92
    channels: Literal[1, 3] = 1
    people: Annotated[int, Field(ge=2, le=100_000)] = 40
    folds: Annotated[int, Field(ge=2)] = 10
    fold: NonNegativeInt = 0
    validation_photos: PositiveInt = 1

    @model_validator(mode="after")
    def _folds_of_people(self) -> PortraitsConfig:
        if self.folds > self.people:
            raise ValueError(f"folds must be at most people, {self.people}. Received: {self.folds}")
        if self.fold >= self.folds:
            raise ValueError(f"fold must be 0 to {self.folds - 1}. Received: {self.fold}")
        return self

    def image_shape(self) -> tuple[int, int, int]:
        return (self.height, self.width, self.channels)

    def class_count(self) -> int | None:
        return self.people

    def preprocessing(self) -> str:
        held = len(range(self.fold, self.people, self.folds))
        split = f"fold {self.fold} of {self.folds} for testing: {held} of {self.people} people"
        return f"{super().preprocessing()}, {split}"


class SplitConfig(ProcessedConfig):
    """Your own data: where it lies, and how it is split where it is not split already.

    Args:
        path: from the working directory, or below `GENKIT_DATA`.
        validation_share, test_share: held out by a fixed permutation.
        classes: number of classes; null where there are no labels, or none to be used.
    """

    path: Annotated[str, Field(min_length=1)]
    height: Side = 32
    width: Side = 32
    channels: Literal[1, 3] = 3
    classes: Annotated[int, Field(ge=1, le=100_000)] | None = None
    validation_share: Share = 0.1
    test_share: Share = 0.1

    @model_validator(mode="after")
    def _some_left(self) -> SplitConfig:
        check_shares(self.validation_share, self.test_share)
        return self

    def image_shape(self) -> tuple[int, int, int]:
        return (self.height, self.width, self.channels)

    def class_count(self) -> int | None:
        return self.classes


class FolderConfig(SplitConfig, ResizedConfig):
    """A folder of pictures in any format that Pillow reads.

    Sub-folders `train`, `test` and, if you like, `validation` are the splits; without them all
    pictures are split by a fixed permutation. With `classes`, the sub-folders below (in the
    order of their names) are the classes.
    """

    name: Literal["images"] = "images"
    path: Annotated[str, Field(min_length=1)] = "images"


class NpzConfig(SplitConfig):
    """An `.npz` with `images` (N, H, W) or (N, H, W, C), and `labels` where there are classes;
    or `train_images`, `test_images`, `validation_images` and `train_labels`, ....

    Args:
        values: the file holds values 0 .. values - 1.
        vectors: what else images are steered by: name of an array of numbers -> its width D, of
            `(N, D)`, or `[h, w, C]`, of maps `(N, h, w, C)`; `train_NAME`, ... with
            `train_images`.
    """

    name: Literal["npz"] = "npz"
    path: Annotated[str, Field(min_length=1)] = "images.npz"
    values: Annotated[int, Field(ge=2, le=256)] = 256
    vectors: dict[str, VectorShape] = Field(default_factory=dict)

    def vector_shapes(self) -> dict[str, tuple[int, ...]]:
        """Shapes of what images are steered by, by name."""
        return {
            name: (shape,) if isinstance(shape, int) else tuple(shape)
            for name, shape in self.vectors.items()
        }

    @model_validator(mode="after")
    def _as_they_are(self) -> NpzConfig:
        taken = [name for name in self.vectors if name in ("class", "image")]
        if taken:
            raise ValueError(f"vectors: '{taken[0]}' means something else; give another name")
        if self.values != 256 and (self.levels != 256 or self.binarization != "none"):
            raise ValueError(
                "levels and binarization are for files of 256 values. "
                f"Received: values {self.values}"
            )
        return self

    def level_count(self) -> int:
        return super().level_count() if self.values == 256 else self.values
