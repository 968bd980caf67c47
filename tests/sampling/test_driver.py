"""One tile: padding, noise, cancellation."""

from __future__ import annotations

import numpy as np
import pytest

from genkit.family import Chunk, Forced
from genkit.sampling.driver import sample_tile
from tests.sampling.fake import LEVELS, SHAPE, FakeGenerator


def test_a_short_tile_is_padded_with_the_samples_that_follow() -> None:
    generator = FakeGenerator(tile=4)
    (short,) = sample_tile(generator, 1, range(8, 10), [{"class": "1"}] * 2)
    assert generator.asked == [[8, 9, 10, 11]]
    assert generator.rows == [[{"class": "1"}, {"class": "1"}, {}, {}]]
    assert len(short.samples) == 2
    assert list(short.index) == [8, 9]
    (whole,) = sample_tile(generator, 1, range(8, 12), [{"class": "1"}] * 4)
    np.testing.assert_array_equal(short.samples, whole.samples[:2])
    np.testing.assert_array_equal(short.log_prob, whole.log_prob[:2])


def test_forced_values_are_padded_too() -> None:
    values = np.full((3, *SHAPE), LEVELS - 1, np.uint8)
    mask = np.zeros_like(values)
    mask[:, 1] = 1
    (found,) = sample_tile(FakeGenerator(4), 0, range(3), [{}] * 3, Forced(values, mask))
    (free,) = sample_tile(FakeGenerator(4), 0, range(3), [{}] * 3)
    assert (found.samples[:, 1] == LEVELS - 1).all()
    np.testing.assert_array_equal(np.delete(found.samples, 1, 1), np.delete(free.samples, 1, 1))


@pytest.mark.parametrize("indices", [range(0), range(5)])
def test_a_tile_holds_one_sample_to_its_size(indices: range) -> None:
    with pytest.raises(ValueError, match=rf"a tile holds 1 to 4 samples. Received: {len(indices)}"):
        sample_tile(FakeGenerator(4), 0, indices, [{}] * len(indices))


def test_a_watcher_sees_every_chunk_and_may_cancel() -> None:
    seen: list[bool] = []
    sample_tile(FakeGenerator(2), 0, range(2), [{}] * 2, on_chunk=lambda c: seen.append(c.done))
    assert seen == [False] * (SHAPE[0] - 1) + [True]

    def cancel(chunk: Chunk) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sample_tile(FakeGenerator(2), 0, range(2), [{}] * 2, on_chunk=cancel)
