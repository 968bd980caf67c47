"""The recipes of real images: what the paper says, and how the variants differ."""

import pytest

from genkit.models.gated_pixelcnn.config import outlook
from genkit.recipe import load_recipe

NAMES = ("mnist", "binarized_mnist", "binarized_mnist-small", "binarized_mnist-stochastic",
         "cifar10", "imagenet32", "imagenet64", "omniglot", "images")  # fmt: skip


def recipe(name: str, *options: str):
    return load_recipe(f"gated_pixelcnn/{name}", options)


@pytest.mark.parametrize("name", NAMES)
def test_sizes_are_known_before_anything_is_built_or_read(name) -> None:
    found = recipe(name)
    facts = outlook(found)
    assert facts["parameters"] > 100_000
    assert facts["memory_bytes"] < 16e9
    height, width, channels = found.data.image_shape()
    assert facts["values_per_item"] == height * width * channels
    assert found.train.schedule.decay_steps == found.train.steps


@pytest.mark.parametrize(("name", "side"), [("imagenet32", 32), ("imagenet64", 64)])
def test_the_sizes_of_the_paper(name, side) -> None:
    found = recipe(name)
    assert (found.model.layers, found.model.width, found.model.kernel) == (20, 384, 5)
    assert (found.train.batch_size, found.train.steps) == (128, 200_000)
    assert found.data.image_shape() == (side, side, 3)
    assert found.data.level_count() == 256
    assert found.data.preprocessing() == "none"


@pytest.mark.parametrize(
    ("name", "levels", "words"),
    [
        ("binarized_mnist", 2, "fixed binarization"),
        ("binarized_mnist-small", 2, "fixed binarization"),
        ("binarized_mnist-stochastic", 2, "stochastic binarization"),
        ("omniglot", 2, "threshold binarization at 0.3"),
        ("mnist", 256, "none"),
        ("cifar10", 256, "random horizontal flips"),
        ("images", 32, "quantised from 256 to 32 levels"),
    ],
)
def test_preprocessing_is_named(name, levels, words) -> None:
    found = recipe(name)
    assert found.data.level_count() == levels
    assert words in found.data.preprocessing()


def test_classes_of_one_s_own_pictures() -> None:
    options = ("data.classes=7", "model.condition=class", "data.path=pictures")
    assert recipe("images", *options).data.class_count() == 7
