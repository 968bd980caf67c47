"""The `data` sections of scenes. Light: no Keras, no file is read."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import Field, model_validator

from genkit.data.images.config import ImagesConfig
from genkit.recipe.schema import PositiveInt

Count = Annotated[int, Field(ge=0, le=16)]
Counts = Annotated[list[Count], Field(min_length=1)]
Apart = Literal["boxes", "ink", "any"]


class ScenesConfig(ImagesConfig):
    """Scenes of several things.

    Scenes for training are made without end; those of other splits are always the same.

    Args:
        size: height and width of the canvas.
        counts: how many things a scene may hold; scenes of each of them are equally many.
        unseen_counts: how many those of a further split `test_unseen` hold, which no other split
            has; empty for no such split.
        train_count: scenes that count as the split, where one asks for it whole.
        validation_count, test_count: scenes, `test_count` in each of the test splits.
    """

    size: Annotated[int, Field(ge=4, le=512)] = 50
    counts: Counts = Field(default_factory=lambda: [0, 1, 2])
    unseen_counts: list[Count] = Field(default_factory=list)
    train_count: PositiveInt = 60_000
    validation_count: PositiveInt = 3_000
    test_count: PositiveInt = 6_000

    @model_validator(mode="after")
    def _counts_once(self) -> ScenesConfig:
        every = [*self.counts, *self.unseen_counts]
        if len(set(every)) != len(every):
            raise ValueError(
                "counts and unseen_counts must name each number once. "
                f"Received: {self.counts} and {self.unseen_counts}"
            )
        return self

    @property
    def most(self) -> int:
        """Things of the fullest scene."""
        return max(*self.counts, *self.unseen_counts, 1)

    def image_shape(self) -> tuple[int, int, int]:
        return (self.size, self.size, 1)

    def level_count(self) -> int:
        return 256

    def class_count(self) -> int | None:
        return None


class FlatConfig(ScenesConfig):
    """Things on a dark canvas, which never lie partly outside of it.

    Args:
        apart: `boxes`: the boxes of things do not overlap; `ink`: no pixel belongs to two things;
            `any`: things lie anywhere, and add up where they overlap.
    """

    apart: Apart = "boxes"

    def thing_side(self) -> int:
        """Height and width that the largest thing may have."""
        raise NotImplementedError

    @model_validator(mode="after")
    def _room(self) -> FlatConfig:
        side = self.thing_side()
        if side > self.size:
            raise ValueError(
                f"size must be at least {side}, the side of the largest thing. "
                f"Received: {self.size}"
            )
        return self

    def preprocessing(self) -> str:
        how = {"boxes": "boxes apart", "ink": "no common pixel", "any": "anywhere"}[self.apart]
        return f"{self.size}x{self.size}, {how}{self._made()}"

    def _made(self) -> str:
        return ""


class DigitScenesConfig(FlatConfig):
    """Digits, cut to their ink.

    Args:
        sides: least and greatest height and width of a digit's picture, of which the ink is a part:
            drawn evenly; smaller than the original is an average over areas.
    """

    sides: Annotated[list[PositiveInt], Field(min_length=2, max_length=2)]

    def _original(self) -> int:
        """Height and width of the digits as published."""
        raise NotImplementedError

    @model_validator(mode="after")
    def _least_first(self) -> DigitScenesConfig:
        least, greatest = self.sides
        if not 2 <= least <= greatest <= self._original():
            raise ValueError(
                f"sides must be two numbers from 2 to {self._original()}, the smaller one first. "
                f"Received: {self.sides}"
            )
        return self

    def thing_side(self) -> int:
        return self.sides[1]

    def _made(self) -> str:
        least, greatest = self.sides
        original = self._original()
        if least == original:
            return ""
        to = (
            f"{least}x{least}" if least == greatest else f"{least}x{least} to {greatest}x{greatest}"
        )
        return f", digits {original}x{original} averaged to {to}"


class MultiMnistConfig(DigitScenesConfig):
    """MNIST's digits on a canvas: training shows its first 50,000 training digits, validation the
    last 10,000, testing its test digits."""

    name: Literal["multi_mnist"] = "multi_mnist"
    sides: Annotated[list[PositiveInt], Field(min_length=2, max_length=2)] = Field(
        default_factory=lambda: [28, 28]
    )

    def _original(self) -> int:
        return 28


class MultiDigitsConfig(DigitScenesConfig):
    """scikit-learn's digits, 8x8, on a canvas; no file is needed."""

    name: Literal["multi_digits"] = "multi_digits"
    size: Annotated[int, Field(ge=4, le=512)] = 20
    sides: Annotated[list[PositiveInt], Field(min_length=2, max_length=2)] = Field(
        default_factory=lambda: [8, 8]
    )
    train_count: PositiveInt = 10_000
    validation_count: PositiveInt = 900
    test_count: PositiveInt = 1_800

    def _original(self) -> int:
        return 8


class SpritesConfig(FlatConfig):
    """Discs, squares and triangles, upright, each in one of six colours.

    Every split has all of them; scenes of one split are in no other.

    Args:
        sides: least and greatest height of a sprite, drawn evenly.
        colours: false makes all of them white, and scenes grey.
    """

    name: Literal["sprites"] = "sprites"
    sides: Annotated[list[PositiveInt], Field(min_length=2, max_length=2)] = Field(
        default_factory=lambda: [10, 16]
    )
    colours: bool = True

    @model_validator(mode="after")
    def _least_first(self) -> SpritesConfig:
        if not 3 <= self.sides[0] <= self.sides[1]:
            raise ValueError(
                "sides must be two numbers of 3 and more, the smaller one first. "
                f"Received: {self.sides}"
            )
        return self

    def image_shape(self) -> tuple[int, int, int]:
        return (self.size, self.size, 3 if self.colours else 1)

    def thing_side(self) -> int:
        # A triangle is wider than high by 2 / sqrt(3), and edges are smooth.
        return math.ceil(2 / 3**0.5 * self.sides[1]) + 2

    def _made(self) -> str:
        return f", {self.sides[0]} to {self.sides[1]} pixels high"


class SolidsConfig(ScenesConfig):
    """Spheres, cubes and lying cylinders on a table, seen by a camera, in grey.

    Args:
        size: height and width of a picture.
        reach: how far from the middle of the table solids lie, along both of its sides; the table
            itself reaches 1.6 far.
        apart_by: least distance between the middles of two solids.
        turn: degrees that the camera may be turned about the table, to either side.
        samples: rays along each side of a pixel.
    """

    name: Literal["solids"] = "solids"
    size: Annotated[int, Field(ge=8, le=512)] = 32
    counts: Counts = Field(default_factory=lambda: [1])
    reach: Annotated[float, Field(gt=0, le=1.2)] = 1.0
    apart_by: Annotated[float, Field(ge=0, le=2)] = 0.8
    turn: Annotated[float, Field(ge=0, le=180)] = 0.0
    samples: Annotated[int, Field(ge=1, le=4)] = 2
    train_count: PositiveInt = 10_000
    validation_count: PositiveInt = 1_000
    test_count: PositiveInt = 2_000

    def preprocessing(self) -> str:
        camera = f", camera within {self.turn:g} degrees" if self.turn else ""
        return f"rendered, {self.size}x{self.size} grey{camera}"
