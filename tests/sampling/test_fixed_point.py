"""Proposals on the shared noise: the same samples, and how many passes they took."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from keras import ops

from genkit.data.images.dataset import ImageSplit
from genkit.family import Chunk, Forced, SampleSettings
from genkit.progress import SILENT
from genkit.sampling.driver import sample_tile
from genkit.sampling.raster import (
    ImageFixedPoint,
    NaiveGenerator,
    RowFixedPoint,
    make_generator,
)
from genkit.sampling.raster.fixed_point import agreement
from genkit.sampling.raster.steering import Steering
from tests import densities
from tests.densities import array
from tests.sampling.test_raster import COLOUR, GREY, TILE, drawn

pytestmark = pytest.mark.backends
SHAPED = {"temperature": 0.7, "top_k": 2, "top_p": 0.9}


@cache
def generator(colour: bool, whole: bool, **sampling: Any) -> Any:
    view = densities.learner(**(COLOUR if colour else GREY)).view
    settings = SampleSettings(TILE, **sampling)
    if whole:
        return ImageFixedPoint(view, settings)
    return RowFixedPoint(view, settings, view.parallel_rows())


def sample(source: Any, forced: Forced | None = None, count: int = TILE) -> tuple[Any, list[Chunk]]:
    chunks: list[Chunk] = []
    (found,) = sample_tile(source, 5, range(count), [{}] * count, forced, chunks.append)
    return found, chunks


def passes(chunks: list[Chunk]) -> tuple[np.ndarray, float]:
    """Of each image, and those that the tile made."""
    own = np.sum([chunk.extras["passes"] for chunk in chunks], axis=0)
    return own, float(sum(chunk.extras["passes_run"] for chunk in chunks))


def test_agreement_ends_after_the_first_change() -> None:
    drawn = np.array([[[1, 2], [0, 1]]] * 4)
    proposed = drawn.copy()
    proposed[1, 0, 0] = 2
    proposed[2, 1, 0] = 2
    proposed[2, 1, 1] = 0
    proposed[3, 1, 1] = 0
    assert list(array(agreement(proposed, drawn))) == [4, 1, 3, 4]


@pytest.mark.parametrize("whole", [False, True], ids=["rows", "whole"])
@pytest.mark.parametrize("colour", [False, True], ids=["grey", "colour"])
def test_it_draws_what_the_others_draw(colour: bool, whole: bool) -> None:
    settings = COLOUR if colour else GREY
    found, chunks = sample(generator(colour, whole))
    wanted = drawn(settings, sampler="naive")
    np.testing.assert_array_equal(found.samples, wanted.samples)
    np.testing.assert_allclose(found.log_prob, wanted.log_prob, rtol=1e-4)
    assert (found.labels is None) == colour
    height, values = found.samples.shape[1], found.samples[0].size
    own, run = passes(chunks)
    assert len(chunks) == height
    assert own.shape == (TILE,)
    assert own.min() >= 1  # no value of an image is settled without a pass
    assert own.max() <= run + 1e-5 <= (values if whole else values / height) + 2e-5


@pytest.mark.parametrize("whole", [False, True], ids=["rows", "whole"])
def test_shaped_draws_and_log_probabilities_at_temperature_one(whole: bool) -> None:
    found, _ = sample(generator(False, whole, **SHAPED))
    np.testing.assert_array_equal(found.samples, drawn(GREY, **SHAPED).samples)
    learner = densities.learner(**GREY)
    split = ImageSplit(found.samples, found.labels, found.levels)
    scores = np.concatenate(list(learner.log_probabilities(split, SILENT)))
    np.testing.assert_allclose(found.log_prob, scores, rtol=1e-4)


@pytest.mark.parametrize("whole", [False, True], ids=["rows", "whole"])
@pytest.mark.parametrize("colour", [False, True], ids=["grey", "colour"])
def test_given_values_anywhere(colour: bool, whole: bool) -> None:
    settings = COLOUR if colour else GREY
    images = densities.learner(**settings).split("test").images[:TILE]
    mask = (np.arange(images.size).reshape(images.shape) * 7919 % 11 < 5).astype(np.uint8)
    forced = Forced(images, mask)
    found, _ = sample(generator(colour, whole), forced)
    np.testing.assert_array_equal(found.samples[mask == 1], images[mask == 1])
    wanted = drawn(settings, forced=forced, sampler="naive")
    np.testing.assert_array_equal(found.samples, wanted.samples)
    np.testing.assert_allclose(found.log_prob, wanted.log_prob, rtol=1e-4)


@pytest.mark.parametrize("whole", [False, True], ids=["rows", "whole"])
def test_a_given_image_is_scored_in_one_pass(whole: bool) -> None:
    images = densities.learner(**GREY).split("test").images[:TILE]
    found, chunks = sample(generator(False, whole), Forced(images, np.ones_like(images)))
    np.testing.assert_array_equal(found.samples, images)
    own, run = passes(chunks)
    assert run == pytest.approx(1.0)
    np.testing.assert_allclose(own, 1.0, rtol=1e-6)


def test_a_short_tile() -> None:
    found, chunks = sample(generator(False, False), count=3)
    np.testing.assert_array_equal(found.samples, drawn(GREY).samples[:3])
    assert passes(chunks)[0].shape == (TILE,)  # of the padded tile


class Chain:
    """Each value all but surely follows the one before it: 1, 2, 0, 1, ..."""

    shape = (3, 4, 1)
    levels = 3
    steering = Steering()
    variables: list[Any] = []  # noqa: RUF012

    def logits(self, values: Any, vector: Any) -> Any:
        flat = ops.reshape(values, (values.shape[0], -1))
        before = ops.concatenate([ops.zeros_like(flat[:, :1]), flat[:, :-1]], axis=1)
        logits = 100.0 * ops.one_hot((before + 1) % self.levels, self.levels)
        return ops.reshape(logits, (values.shape[0], *self.shape, self.levels))

    def parallel_rows(self) -> None:
        return None


def test_a_chain_of_n_values_takes_n_passes_and_no_more() -> None:
    chain: Any = Chain()
    source = make_generator(chain, SampleSettings(2, sampler="fixed-point"))
    assert isinstance(source, ImageFixedPoint)
    found, chunks = sample(source, count=2)
    np.testing.assert_array_equal(found.samples[0].ravel(), np.arange(1, 13) % 3)
    own, run = passes(chunks)
    # A third of the first proposal, all zeros, is right by chance, but comes after wrong values.
    assert run == 12
    np.testing.assert_array_equal(own, [12, 12])
    naive = NaiveGenerator(chain, SampleSettings(2))
    np.testing.assert_array_equal(sample(naive, count=2)[0].samples, found.samples)


def test_images_are_counted_by_themselves() -> None:
    """An image that is given needs no further pass, though the tile makes more for the other."""
    chain: Any = Chain()
    source = make_generator(chain, SampleSettings(2, sampler="fixed-point"))
    values = np.zeros((2, *Chain.shape), np.uint8)
    mask = np.stack([np.ones(Chain.shape, np.uint8), np.zeros(Chain.shape, np.uint8)])
    _, chunks = sample(source, Forced(values, mask), count=2)
    own, run = passes(chunks)
    assert list(own) == [1, 12]
    assert run == 12


def test_it_is_the_sampler_of_that_name() -> None:
    view = densities.learner(**GREY).view
    found = make_generator(view, SampleSettings(TILE, sampler="fixed-point"))
    assert isinstance(found, RowFixedPoint)
