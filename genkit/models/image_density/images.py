"""The images of a learner: its data set, and what a user hands it."""

from __future__ import annotations

from genkit import data
from genkit.data.images.dataset import ImageDataset, ImageFeed, ImageSplit
from genkit.data.images.given import read_images
from genkit.family import Feed
from genkit.learning import BaseLearner

SPLITS = ("train", "validation", "test")


class ImageLearner(BaseLearner):
    """A learner of images, whatever it learns of them."""

    _dataset: ImageDataset | None = None

    def feed(self, split: str, seed: int) -> Feed:
        return ImageFeed(self.split(split), self.recipe.train.batch_size, seed)

    @property
    def dataset(self) -> ImageDataset:
        """The recipe's data set, read when first asked for."""
        if self._dataset is None:
            self._dataset = data.load(self.recipe.data)
        return self._dataset

    def split(self, name: str) -> ImageSplit:
        return self.dataset.split(name)

    def images(self, reference: str) -> ImageSplit:
        """The images of a split of the recipe's data set, or of a path."""
        if reference in SPLITS:
            return self.split(reference)
        section = self.recipe.data
        return read_images(reference, section.image_shape(), section.level_count())

    def with_conditions(self, split: ImageSplit) -> ImageSplit:
        """`split` with whatever steers its images."""
        return split
