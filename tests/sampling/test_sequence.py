"""Samplers of sequences: noise by position, stretches, completion, and the same by every path."""

from __future__ import annotations

import time
from functools import cache
from typing import Any

import numpy as np
import pytest

from genkit import backend
from genkit.conformance import hlo
from genkit.errors import UsageError
from genkit.family import Forced, SampleSettings
from genkit.sampling.decoding import Decoding
from genkit.sampling.driver import sample_tile
from genkit.sampling.sequence import IncrementalGenerator, NaiveGenerator, make_generator
from genkit.sampling.sequence.base import NOISE_BLOCK, position_noise
from genkit.sampling.sequence.loop import Stretches
from tests.densities import log_softmax
from tests.sampling.test_decoding import reference_draw, reference_weights
from tests.sequences import array, codes, wavenet

TILE, LENGTH, STRETCH = 3, 26, 8  # three whole stretches and a cut one; the field is 8
WIDE: dict[str, Any] = {"kernel": 3, "dilations": (1, 3), "input_kernel": 2, "levels": 5}
BOTH = pytest.mark.parametrize("wide", [False, True], ids=["two taps", "three taps"])


@cache
def view(wide: bool = False) -> Any:
    return wavenet(**(WIDE if wide else {}))


@cache
def generator(wide: bool = False, stretch: int = STRETCH, **sampling: Any) -> Any:
    settings = SampleSettings(TILE, **sampling)
    return make_generator(view(wide), settings, LENGTH, stretch)


def drawn(
    wide: bool = False, first: int = 0, forced: Any = None, seed: int = 5, **settings: Any
) -> Any:
    source = generator(wide, **settings)
    (found,) = sample_tile(source, seed, range(first, first + TILE), [{}] * TILE, forced)
    return found


def chances(wide: bool, values: np.ndarray) -> np.ndarray:
    """Log-probabilities `(B, T, levels)` by the parallel network."""
    return log_softmax(array(view(wide).logits(values.astype(np.int32), {})))


def scores(wide: bool, values: np.ndarray) -> np.ndarray:
    return np.take_along_axis(chances(wide, values), values[..., None].astype(int), -1).sum((1, 2))


def given(wide: bool, mask: Any) -> Forced:
    values = codes("given", view(wide).levels, TILE, LENGTH)
    whole = np.zeros((TILE, LENGTH), np.uint8)
    whole[:, mask] = 1
    return Forced(values, whole)


def test_noise_belongs_to_seed_sample_and_position() -> None:
    whole = position_noise(3, 7, 0, 2 * NOISE_BLOCK + 5)
    for start, stop in ((0, 1), (5, NOISE_BLOCK), (NOISE_BLOCK - 3, NOISE_BLOCK + 3), (2048, 2053)):
        np.testing.assert_array_equal(position_noise(3, 7, start, stop), whole[start:stop])
    every = [whole, position_noise(3, 8, 0, NOISE_BLOCK), position_noise(4, 7, 0, NOISE_BLOCK)]
    assert len(np.unique(np.concatenate(every))) > 0.999 * sum(map(len, every))
    chunks = [generator().noise(3, [7, 9], chunk) for chunk in range(4)]
    assert {chunk.shape for chunk in chunks} == {(2, STRETCH)}
    np.testing.assert_array_equal(np.concatenate(chunks, axis=1)[0], whole[: 4 * STRETCH])


@BOTH
def test_samples_invert_the_distribution_of_the_whole_network(wide: bool) -> None:
    """Each value is what its uniform number draws from the parallel logits of the sample."""
    found = drawn(wide)
    weights = np.exp(chances(wide, found.samples))
    for i in range(TILE):
        for t, u in enumerate(position_noise(5, i, 0, LENGTH)):
            if np.min(np.abs(np.cumsum(weights[i, t]) - u)) > 1e-4:
                assert found.samples[i, t] == reference_draw(weights[i, t], u)
    assert found.samples.shape == (TILE, LENGTH)
    assert len(np.unique(found.samples)) > 2
    np.testing.assert_allclose(found.log_prob, scores(wide, found.samples), rtol=1e-4)


@BOTH
def test_the_naive_sampler_draws_the_same(wide: bool) -> None:
    fast, slow = drawn(wide), drawn(wide, sampler="naive")
    assert isinstance(generator(wide), IncrementalGenerator)
    naive = generator(wide, sampler="naive")
    assert isinstance(naive, NaiveGenerator)
    assert naive.window == view(wide).receptive_field + 1 < LENGTH  # the window really moves
    np.testing.assert_array_equal(fast.samples, slow.samples)
    np.testing.assert_allclose(fast.log_prob, slow.log_prob, rtol=1e-4)


@pytest.mark.parametrize("stretch", [1, 5, 1000])
def test_the_length_of_stretches_changes_no_sample(stretch: int) -> None:
    found, usual = drawn(stretch=stretch), drawn()
    np.testing.assert_array_equal(found.samples, usual.samples)
    np.testing.assert_allclose(found.log_prob, usual.log_prob, rtol=1e-6)
    assert generator(stretch=stretch).chunks == -(-LENGTH // min(stretch, LENGTH))


def test_a_sample_does_not_depend_on_its_tile() -> None:
    whole = drawn(first=3)
    for count in (1, 2):
        (part,) = sample_tile(generator(), 5, range(3, 3 + count), [{}] * count)
        np.testing.assert_array_equal(part.samples, whole.samples[:count])
        np.testing.assert_array_equal(part.log_prob, whole.log_prob[:count])
    assert list(whole.index) == [3, 4, 5]
    assert not np.array_equal(drawn(first=0).samples, whole.samples)
    assert not np.array_equal(drawn(first=3, seed=6).samples, whole.samples)


def test_a_large_tile_is_drawn_in_two_threads() -> None:
    found = {}
    for threads in (1, 2):
        source = IncrementalGenerator(view(), SampleSettings(16), LENGTH, LENGTH, threads=threads)
        (found[threads],) = sample_tile(source, 5, range(16), [{}] * 16)
    assert make_generator(view(), SampleSettings(16), 9).threads == 2  # type: ignore[attr-defined]
    same = (found[1].samples == found[2].samples).all(axis=1)
    assert same.sum() >= 15  # but for a near-tie
    np.testing.assert_array_equal(found[2].samples[:TILE], drawn().samples)


@BOTH
@pytest.mark.parametrize(
    "mask", [slice(0, 11), slice(4, 19, 2), slice(20, None)], ids=["prime", "holes", "end"]
)
def test_completion_keeps_what_is_given(wide: bool, mask: slice) -> None:
    forced = given(wide, mask)
    found = drawn(wide, forced=forced)
    np.testing.assert_array_equal(found.samples[:, mask], forced.values[:, mask])
    np.testing.assert_allclose(found.log_prob, scores(wide, found.samples), rtol=1e-4)
    slow = drawn(wide, forced=forced, sampler="naive")
    np.testing.assert_array_equal(slow.samples, found.samples)
    # The same noise: before the first given value, values are drawn as without any.
    first = mask.start
    np.testing.assert_array_equal(found.samples[:, :first], drawn(wide).samples[:, :first])


def test_whole_stretches_that_are_given_are_taken_at_once() -> None:
    wide, forced = True, given(True, slice(0, 2 * STRETCH + 1))
    asked: list[str] = []
    found = {}
    for quick in (True, False):
        source = IncrementalGenerator(
            view(wide), SampleSettings(TILE), LENGTH, STRETCH, quick_priming=quick
        )
        for name in ("_advance", "_given"):
            run = getattr(source, name)
            setattr(source, name, lambda *a, run=run, name=name: asked.append(name) or run(*a))
        (found[quick],) = sample_tile(source, 5, range(TILE), [{}] * TILE, forced)
    assert asked == ["_given"] * 2 + ["_advance"] * 2 + ["_advance"] * 4
    np.testing.assert_array_equal(found[True].samples, found[False].samples)
    np.testing.assert_allclose(found[True].log_prob, found[False].log_prob, rtol=1e-5)


def test_everything_given_scores_a_sequence() -> None:
    forced = given(False, slice(None))
    found = drawn(forced=forced)
    np.testing.assert_array_equal(found.samples, forced.values)
    np.testing.assert_allclose(found.log_prob, scores(False, forced.values), rtol=1e-4)


def test_shaped_draws_keep_log_probabilities_of_the_model() -> None:
    settings: dict[str, Any] = {"temperature": 0.7, "top_p": 0.8}
    found = drawn(**settings)
    np.testing.assert_allclose(found.log_prob, scores(False, found.samples), rtol=1e-4)
    logits, decoding = chances(False, found.samples), generator(**settings).decoding
    for place, value in np.ndenumerate(found.samples):
        assert reference_weights(logits[place], decoding)[value] > 0
    cold = drawn(temperature=0.0)
    np.testing.assert_array_equal(cold.samples, drawn(temperature=0.0, seed=6).samples)
    np.testing.assert_array_equal(cold.samples, chances(False, cold.samples).argmax(-1))


def test_one_compiled_program_serves_every_stretch() -> None:
    """A position that the compiler takes for a constant would make a program for each."""
    source = IncrementalGenerator(wavenet(), SampleSettings(2), 10_000, 4)
    state, seconds = source.begin({}), []
    for chunk in range(6):
        start = time.perf_counter()
        found = source.advance(state, source.noise(0, range(2), chunk), None, {})
        seconds.append(time.perf_counter() - start)
        state = found.state
    assert np.median(seconds[1:]) < seconds[0] / 5


def test_a_step_copies_no_buffer() -> None:
    """Neither ring buffers nor what is drawn: time would grow with their length."""
    length, network = 37, wavenet(dilations=(1, 11, 13), input_kernel=2)
    run, batch = Stretches(network, Decoding(), keep_logits=True), 5
    state = {
        "before": np.zeros(batch, np.int32),
        "network": {
            "older": np.zeros((batch, 1), np.int32),
            "rings": tuple(np.zeros((d, 1, batch, 4), np.float32) for d in (1, 11, 13)),
        },
    }
    rows = [np.zeros((batch, length), dtype) for dtype in (np.float32, np.int32, np.int32)]
    program = hlo.read(
        backend.optimised_hlo(run.advance, network.variables, state, np.int32(0), *rows, {})
    )
    assert program.loops == 1
    copies = program.loop_copies(at_least=64)
    grows = [c for c in copies if any({11, 13, length} & set(sizes) for _, sizes in c.shape)]
    assert grows == [], "\n".join(map(str, grows))


@pytest.mark.parametrize(
    ("sampling", "length", "stretch", "says"),
    [
        ({"top_k": 8}, 9, 4, "--top-k must be at most the number of levels, 7. Received: 8"),
        ({"sampler": "fast"}, 9, 4, "--sampler: unknown sampler 'fast'. Allowed: incremental, "
         "naive."),
        ({}, 0, 4, "a sequence and its stretches have at least one value. Received: 0 values in "
         "stretches of 4"),
        ({}, 9, 0, "a sequence and its stretches have at least one value. Received: 9 values in "
         "stretches of 0"),
    ],
)  # fmt: skip
def test_settings_that_cannot_be(sampling: Any, length: int, stretch: int, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        make_generator(view(), SampleSettings(TILE, **sampling), length, stretch)
    assert caught.value.message == says
