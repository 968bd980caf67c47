"""One tile: padding, noise, streaming, cancellation."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest

from genkit.family import Chunk, Forced
from genkit.sampling.driver import sample_tile, stream_tile, tile_chunks
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


def test_chunks_come_as_they_are_drawn_without_their_state() -> None:
    generator = FakeGenerator(2)
    drawn: list[int] = []
    advance = generator.advance

    def counted(*arguments: Any) -> Chunk:
        drawn.append(1)
        return advance(*arguments)

    generator.advance = counted  # type: ignore[method-assign]
    chunks = tile_chunks(generator, 0, range(2), [{}] * 2)
    first = next(chunks)
    assert len(drawn) == 1
    assert (first.state, first.done) == (None, False)
    rest = list(chunks)
    (whole,) = sample_tile(FakeGenerator(2), 0, range(2), [{}] * 2)
    values = np.stack([chunk.values for chunk in [first, *rest]], axis=1)
    np.testing.assert_array_equal(values, whole.samples)


class Long(FakeGenerator):
    """A long sample whose chunks are large."""

    length, size = 100, 2**18

    def advance(
        self, state: Any, noise: np.ndarray, forced: Forced | None, conditions: Any
    ) -> Chunk:
        values = np.zeros((1, self.size), np.uint8)
        return Chunk(values, values, state + 1, state + 1 == self.length)


def test_a_writer_takes_chunks_that_nobody_keeps() -> None:
    generator = Long(tile=1)
    tracemalloc.start()
    taken: list[int] = []
    count = stream_tile(generator, 0, range(1), [{}], lambda chunk: taken.append(chunk.values.size))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == len(taken) == Long.length
    assert sum(taken) == Long.length * Long.size
    assert peak < 5 * Long.size


def test_a_writer_that_is_gone_ends_the_tile() -> None:
    generator = FakeGenerator(2)

    def gone(chunk: Chunk) -> None:
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        stream_tile(generator, 0, range(2), [{}] * 2, gone)
    assert generator.asked == [[0, 1]]
