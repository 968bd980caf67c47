"""The images of a learner: its data set, and what a user hands it."""

from __future__ import annotations

from genkit.data.images.dataset import ImageFeed, ImageSplit
from genkit.data.images.given import read_images
from genkit.family import Feed
from genkit.learning import DataLearner

SPLITS = ("train", "validation", "test")


class ImageLearner(DataLearner):
    """A learner of images, whatever it learns of them."""

    split_names: tuple[str, ...] = SPLITS  # that a reference to images may name

    def feed(self, split: str, seed: int) -> Feed:
        return ImageFeed(self.split(split), self.recipe.train.batch_size, seed)

    def images(self, reference: str) -> ImageSplit:
        """The images of a split of the recipe's data set, or of a path."""
        if reference in self.split_names:
            return self.split(reference)
        section = self.recipe.data
        return read_images(reference, section.image_shape(), section.level_count())

    def with_conditions(self, split: ImageSplit) -> ImageSplit:
        """`split` with whatever steers its images."""
        return split
