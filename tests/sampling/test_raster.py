"""Samplers of images: conditions, noise, completion, and the same by every path."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from genkit.data.images.dataset import ImageSplit
from genkit.errors import UsageError
from genkit.family import Forced, SampleSettings
from genkit.progress import SILENT
from genkit.sampling.driver import sample_tile
from genkit.sampling.priming import image_primes
from genkit.sampling.raster import IncrementalGenerator, NaiveGenerator, make_generator
from tests import densities
from tests.densities import array, log_softmax
from tests.sampling.test_decoding import reference_draw, reference_weights

pytestmark = pytest.mark.backends
TILE = 4
GREY: dict[str, Any] = {"model": {"condition": "class"}}
COLOUR: dict[str, Any] = {"model": {"width": 5, "head": 7}, "data": {"size": 3, "channels": 3}}


def generator(settings: Any, **sampling: Any) -> Any:
    """Cached with the learner: compiled once in a process."""
    return densities.learner(**settings).generator(SampleSettings(TILE, **sampling))


def drawn(settings: Any, indices: range = range(TILE), seed: int = 5, forced: Any = None,
          rows: Any = None, **sampling: Any) -> Any:  # fmt: skip
    rows = rows or [{}] * len(indices)
    (found,) = sample_tile(generator(settings, **sampling), seed, indices, rows, forced)
    return found


def noise_of(settings: Any, index: int, seed: int = 5) -> np.ndarray:
    """The uniform numbers of one sample, `(H, W, C)`."""
    source = generator(settings)
    chunks = range(source.chunks or 0)
    return np.concatenate([source.noise(seed, [index], chunk)[0] for chunk in chunks])


def test_noise_belongs_to_seed_sample_and_row() -> None:
    source = generator(COLOUR, sampler="naive")  # a row a chunk
    rows = [source.noise(5, range(4, 8), row) for row in range(3)]
    assert rows[0].shape == (TILE, 1, 3, 3)
    assert rows[0].dtype == np.float32
    for row in range(3):
        np.testing.assert_array_equal(source.noise(5, [6, 9, 0, 1], row)[0], rows[row][2])
    every = np.concatenate([part.ravel() for part in rows] + [source.noise(6, [4], 0).ravel()])
    assert len(np.unique(every)) == every.size
    assert 0 < every.min() <= every.max() < 1


def test_samples_are_images_of_the_model() -> None:
    found = drawn(GREY)
    assert found.samples.dtype == np.uint8
    assert found.samples.shape == (TILE, 4, 4, 1)
    assert found.samples.max() < 3
    assert found.levels == 3
    assert list(found.labels) == [0, 1, 2, 3]
    assert drawn(COLOUR).labels is None


def labels_of(images: Any) -> Any:
    return images.index if images.labels is None else images.labels


@pytest.mark.parametrize("settings", [GREY, COLOUR], ids=["grey", "colour"])
def test_samples_invert_the_distribution_of_the_whole_network(settings: Any) -> None:
    """Each value is what its uniform number draws from the parallel logits of the sample."""
    learner, found = densities.learner(**settings), drawn(settings)
    images = found.samples.astype(np.int32)
    rows = [{} if found.labels is None else {"class": str(label)} for label in labels_of(found)]
    vector = generator(settings).vector(generator(settings).conditions(rows, 0))
    logits = array(learner.view.logits(images, vector))
    for i in range(TILE):
        for place, u in np.ndenumerate(noise_of(settings, i)):
            weights = np.exp(log_softmax(logits[i][place]))
            if np.min(np.abs(np.cumsum(weights) - u)) > 1e-4:
                assert images[i][place] == reference_draw(weights, u)
    assert len(np.unique(images)) > 1


@pytest.mark.parametrize("settings", [GREY, COLOUR], ids=["grey", "colour"])
def test_the_naive_sampler_draws_the_same(settings: Any) -> None:
    fast, slow = drawn(settings), drawn(settings, sampler="naive")
    assert isinstance(generator(settings), IncrementalGenerator)
    assert isinstance(generator(settings, sampler="naive"), NaiveGenerator)
    np.testing.assert_array_equal(fast.samples, slow.samples)
    np.testing.assert_allclose(fast.log_prob, slow.log_prob, rtol=1e-4)


@pytest.mark.parametrize("settings", [GREY, COLOUR], ids=["grey", "colour"])
def test_log_probabilities_are_the_scores(settings: Any) -> None:
    """At temperature 1, whatever the draw was shaped by."""
    learner, found = densities.learner(**settings), drawn(settings)
    split = ImageSplit(found.samples, found.labels, found.levels)
    scores = np.concatenate(list(learner.log_probabilities(split, SILENT)))
    np.testing.assert_allclose(found.log_prob, scores, rtol=1e-4)


def test_shaped_draws_keep_log_probabilities_of_the_model() -> None:
    settings = {"temperature": 0.5, "top_k": 2, "top_p": 0.9}
    learner, found = densities.learner(**GREY), drawn(GREY, **settings)
    split = ImageSplit(found.samples, found.labels, found.levels)
    scores = np.concatenate(list(learner.log_probabilities(split, SILENT)))
    np.testing.assert_allclose(found.log_prob, scores, rtol=1e-4)
    logits = array(learner.view.logits(found.samples.astype(np.int32), np.eye(4, dtype="float32")))
    decoding = generator(GREY, **settings).decoding
    for place, value in np.ndenumerate(found.samples):
        assert reference_weights(logits[place], decoding)[value] > 0


def test_temperature_zero_needs_no_noise() -> None:
    cold = drawn(GREY, temperature=0.0)
    np.testing.assert_array_equal(cold.samples, drawn(GREY, temperature=0.0, seed=6).samples)
    assert not np.array_equal(drawn(GREY).samples, drawn(GREY, seed=6).samples)


def test_a_sample_does_not_depend_on_how_many_are_asked_for() -> None:
    whole = drawn(GREY, range(4, 8))
    for count in (1, 3):
        part = drawn(GREY, range(4, 4 + count))
        np.testing.assert_array_equal(part.samples, whole.samples[:count])
        np.testing.assert_array_equal(part.log_prob, whole.log_prob[:count])
    np.testing.assert_array_equal(drawn(GREY, range(4, 8)).samples, whole.samples)
    assert not np.array_equal(drawn(GREY, range(8, 12)).samples, whole.samples)


@pytest.mark.parametrize("region", ["top", "right", "1:3,0:2"])
@pytest.mark.parametrize("settings", [GREY, COLOUR], ids=["grey", "colour"])
def test_completion_keeps_what_is_given(settings: Any, region: str) -> None:
    learner = densities.learner(**settings)
    images = learner.split("test").images[:TILE]
    forced = image_primes(images, region)
    found = drawn(settings, forced=forced)
    given = forced.mask == 1
    np.testing.assert_array_equal(found.samples[given], images[given])
    assert not np.array_equal(found.samples, images)
    split = ImageSplit(found.samples, found.labels, found.levels)
    scores = np.concatenate(list(learner.log_probabilities(split, SILENT)))
    np.testing.assert_allclose(found.log_prob, scores, rtol=1e-4)
    slow = drawn(settings, forced=forced, sampler="naive")
    np.testing.assert_array_equal(slow.samples, found.samples)
    # The same noise: where nothing is given before a value, it is drawn as without primes.
    first = np.flatnonzero(given[0])[0]
    free = drawn(settings)
    np.testing.assert_array_equal(
        found.samples.reshape(TILE, -1)[:, :first], free.samples.reshape(TILE, -1)[:, :first]
    )


def test_everything_given_scores_an_image() -> None:
    learner = densities.learner(**GREY)
    split = learner.split("test").first(TILE)
    forced = Forced(split.images, np.ones_like(split.images))
    rows = [{"class": str(label)} for label in split.labels]
    found = drawn(GREY, forced=forced, rows=rows)
    np.testing.assert_array_equal(found.samples, split.images)
    scores = np.concatenate(list(learner.log_probabilities(split, SILENT)))
    np.testing.assert_allclose(found.log_prob, scores, rtol=1e-4)


def test_a_condition_steers_its_sample_only() -> None:
    rows = [{"class": "2"}, {}, {"class": "2"}, {"class": "3"}]
    steered, free = drawn(GREY, rows=rows), drawn(GREY)
    assert list(steered.labels) == [2, 1, 2, 3]
    for i in (1, 3):
        np.testing.assert_array_equal(steered.samples[i], free.samples[i])
    assert list(drawn(GREY, range(6, 9)).labels) == [2, 3, 0]


@pytest.mark.parametrize(
    ("settings", "row", "says"),
    [
        (
            GREY,
            {"class": "4"},
            "--condition class=...: a class is an integer from 0 to 3. Received: '4'",
        ),
        (
            GREY,
            {"class": "-1"},
            "--condition class=...: a class is an integer from 0 to 3. Received: '-1'",
        ),
        (
            GREY,
            {"class": "two"},
            "--condition class=...: a class is an integer from 0 to 3. Received: 'two'",
        ),
        (
            GREY,
            {"klass": "1"},
            "--condition: unknown condition 'klass'. Did you mean 'class'? Allowed: class.",
        ),
        (COLOUR, {"class": "1"}, "--condition: unknown condition 'class'. Allowed: none."),
    ],
)
def test_wrong_conditions(settings: Any, row: dict[str, str], says: str) -> None:
    with pytest.raises(UsageError) as caught:
        generator(settings).conditions([row], 0)
    assert caught.value.message == says


def test_settings_that_the_model_cannot_have() -> None:
    view = densities.learner(**GREY).view
    with pytest.raises(UsageError) as caught:
        make_generator(view, SampleSettings(TILE, top_k=4))
    assert caught.value.message == "--top-k must be at most the number of levels, 3. Received: 4"
    with pytest.raises(UsageError) as caught:
        make_generator(view, SampleSettings(TILE, sampler="incremantal"))
    assert caught.value.message == (
        "--sampler: unknown sampler 'incremantal'. Did you mean 'incremental'? "
        "Allowed: fixed-point, incremental, naive."
    )


def test_a_large_tile_draws_what_small_ones_draw() -> None:
    """A tile of 16 may be computed in parts; near-ties apart, values stay what they are."""
    (large,) = sample_tile(
        densities.learner(**GREY).generator(SampleSettings(16)), 5, range(16), [{}] * 16
    )
    small = [drawn(GREY, range(start, start + TILE)) for start in range(0, 16, TILE)]
    samples = np.concatenate([found.samples for found in small])
    same = (large.samples == samples).all(axis=(1, 2, 3))
    assert same.sum() >= 15
    log_prob = np.concatenate([found.log_prob for found in small])
    np.testing.assert_allclose(large.log_prob[same], log_prob[same], rtol=1e-4)
    np.testing.assert_array_equal(large.labels, np.arange(16) % 4)
    np.testing.assert_array_equal(large.index, np.arange(16))


def test_generators_are_compiled_once_for_the_same_settings() -> None:
    assert generator(GREY) is generator(GREY)
    assert generator(GREY) is not generator(GREY, sampler="naive")
