"""Where the conditions of a Gated PixelCNN come from: labels, files, and runs that embed images."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from genkit.data.images.dataset import ImageSplit
from genkit.data.vectors import checked, read_vectors
from genkit.errors import UsageError
from genkit.models.gated_pixelcnn.conditions import condition_shapes
from genkit.models.image_density.images import SPLITS, ImageLearner
from genkit.sampling.raster.steering import ClassPart, Part, Steering, VectorPart

IMAGE = "image"
DEFAULT_SPLIT = "validation"  # steers samples for which nothing is asked


class Embedder(Protocol):
    """A learner that turns images into vectors."""

    def embed(self, images: np.ndarray) -> np.ndarray:
        """`(N, D)` float32 of `(N, H, W, C)` uint8 values 0 .. levels - 1."""
        ...


class InputEmbedder:
    """The learner of a run among the inputs, opened when it is first needed.

    Opening it earlier would draw its initial weights from the very stream of the recipe's own.
    """

    def __init__(self, run: Any) -> None:
        self.run = run

    @cached_property
    def learner(self) -> Embedder:
        from genkit.opening import open_run

        found: Any = open_run(self.run, self.run.recipe.eval.checkpoint).learner
        return found

    def embed(self, images: np.ndarray) -> np.ndarray:
        return self.learner.embed(images)


class Sources:
    """Vectors of the images of one learner.

    Args:
        learner: whose images they are.
        embedders: name of a condition -> what makes it of images.
    """

    def __init__(self, learner: ImageLearner, embedders: Mapping[str, Embedder]) -> None:
        self.learner, self.embedders = learner, dict(embedders)

    def steering(self, recipe: Any) -> Steering:
        """All conditions of a recipe."""
        shapes = condition_shapes(recipe)
        return Steering([self._part(name, shape) for name, shape in shapes.items()])

    def _part(self, name: str, shape: tuple[int, ...]) -> Part:
        if name == "class":
            return ClassPart(shape[0])
        embeds = name in self.embedders
        keys = (name, IMAGE) if embeds else (name,)
        default = (IMAGE if embeds else name, DEFAULT_SPLIT)
        return VectorPart(name, shape, self._look_up(name, shape), keys, default)

    def _look_up(self, name: str, shape: tuple[int, ...]) -> Callable[[str, str], np.ndarray]:
        def look_up(key: str, reference: str) -> np.ndarray:
            if key == IMAGE:
                return self.embedded(self.learner.images(reference), [name]).vectors[name]
            if reference not in SPLITS:
                return read_vectors(reference, name, shape)
            found = self.embedded(self.learner.split(reference), [name]).vectors
            if name not in found:
                raise UsageError(f"the data set has no '{name}'")
            return checked(found[name], f"split {reference}", name, shape)

        return look_up

    def word(self, part: Part, reference: str) -> str | None:
        """The key by which an image of a split or path chooses its own vector; None if it has none
        there, or a class, which is known by itself."""
        if part.name in self.embedders:
            return IMAGE
        known = reference in SPLITS and part.name in self.learner.split(reference).vectors
        return part.name if known else None

    def embedded(self, split: ImageSplit, names: Sequence[str] | None = None) -> ImageSplit:
        """`split` with the vectors that are made of its images: those of some conditions, by
        default of all that batches hold."""
        wanted = self.learner.recipe.model.condition if names is None else names
        missing = [n for n in wanted if n in self.embedders and n not in split.vectors]
        made = {name: self.embedders[name].embed(np.asarray(split.images)) for name in missing}
        return replace(split, vectors={**split.vectors, **made}) if made else split


class SteeredImages(ImageLearner):
    """A learner of images that are steered by what its recipe says."""

    def __init__(self, recipe: Any, inputs: Mapping[str, Any] | None = None) -> None:
        embedders = {name: InputEmbedder(run) for name, run in (inputs or {}).items()}
        self.sources = Sources(self, embedders)
        self._splits: dict[str, ImageSplit] = {}
        super().__init__(recipe, inputs)

    def split(self, name: str) -> ImageSplit:
        """The images of a split, with the vectors that are made of them."""
        if name not in self._splits:
            self._splits[name] = self.sources.embedded(super().split(name))
        return self._splits[name]

    def with_conditions(self, split: ImageSplit) -> ImageSplit:
        return self.sources.embedded(split)
