"""Decoding against plain NumPy in float64."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from genkit import backend
from genkit.randomness import normal, uniform
from genkit.sampling import decoding as decoding_module
from genkit.sampling.decoding import (
    Decoding,
    choose,
    cumulative,
    draw,
    edge_distance,
    log_probability,
    weights_of,
)
from tests.densities import array, log_softmax

pytestmark = pytest.mark.backends
LEVELS = [1, 2, 17, 32, 33, 256]
LOWEST, HIGHEST = np.float32(2.0**-24), np.float32(1 - 2.0**-24)  # the extremes of `uniform`
ROWS = 16
DECODINGS = [
    Decoding(),
    Decoding(temperature=0.6),
    Decoding(top_k=3),
    Decoding(top_p=0.8),
    Decoding(temperature=1.7, top_k=9, top_p=0.5),
]
SEEDS = st.integers(0, 2**32)
SCALES = st.floats(0.01, 30.0)


@cache
def compiled(decoding: Decoding) -> Any:
    return backend.compile(lambda logits, u: draw(logits, u, decoding), [])


def logits_of(seed: int, scale: float, levels: int, rows: int = ROWS) -> np.ndarray:
    return normal(seed, "tests/logits", 0, (rows, levels)) * np.float32(scale)


def reference_weights(logits: np.ndarray, decoding: Decoding) -> np.ndarray:
    """Of one row, by sorting."""
    scaled = logits.astype(np.float64) / decoding.temperature
    weights = np.exp(scaled - scaled.max())
    order = np.argsort(-weights, kind="stable")
    if decoding.top_k is not None and decoding.top_k < len(logits):
        weights = np.where(weights >= weights[order[decoding.top_k - 1]], weights, 0.0)
    if decoding.top_p is not None and decoding.top_p < 1:
        sums = np.cumsum(weights[order])
        last = int(np.argmax(sums >= decoding.top_p * sums[-1]))
        weights = np.where(weights >= weights[order[last]], weights, 0.0)
    return weights


def reference_draw(weights: np.ndarray, u: float) -> int:
    return int(np.argmax(np.cumsum(weights) > u * weights.sum()))


@pytest.mark.parametrize("levels", LEVELS)
def test_cumulative_sums(levels: int) -> None:
    weights = uniform(levels, "tests/weights", 0, (3, 2, levels))
    found = array(cumulative(weights))
    wanted = np.cumsum(weights.astype(np.float64), axis=-1)
    assert found.shape == weights.shape
    np.testing.assert_allclose(found, wanted, rtol=1e-5)


@pytest.mark.parametrize("levels", LEVELS)
@given(seed=SEEDS, scale=SCALES)
@settings(max_examples=15)
def test_draws_invert_the_cumulative_distribution(levels: int, seed: int, scale: float) -> None:
    logits, u = logits_of(seed, scale, levels), uniform(seed, "tests/u", 0, (ROWS,))
    found = array(compiled(Decoding())(logits, u))
    assert found.dtype == np.int32
    for i in range(ROWS):
        weights = reference_weights(logits[i], Decoding())
        edges = np.cumsum(weights) / weights.sum()
        if np.min(np.abs(edges - u[i])) > 1e-5:
            assert found[i] == reference_draw(weights, u[i])


@pytest.mark.parametrize("decoding", DECODINGS[1:], ids=str)
@given(seed=SEEDS, scale=st.floats(0.1, 10.0))
@settings(max_examples=15)
def test_draws_of_a_shaped_distribution(decoding: Decoding, seed: int, scale: float) -> None:
    logits, u = logits_of(seed, scale, 17), uniform(seed, "tests/u", 0, (ROWS,))
    found = array(compiled(decoding)(logits, u))
    for i in range(ROWS):
        weights = reference_weights(logits[i], decoding)
        assert weights[found[i]] > 0
        edges = np.cumsum(weights) / weights.sum()
        if np.min(np.abs(edges - u[i])) > 1e-5:
            assert found[i] == reference_draw(weights, u[i])


@pytest.mark.parametrize("decoding", DECODINGS, ids=str)
@pytest.mark.parametrize("levels", [2, 17, 256])
def test_excluded_values_are_never_drawn_not_even_at_the_ends(
    decoding: Decoding, levels: int
) -> None:
    """In 256 values rounding of sums is largest; deep values have underflowed to zero."""
    for scale in (0.5, 60.0):
        logits = logits_of(levels, scale, levels, rows=64)
        for u in (LOWEST, HIGHEST):
            found = array(draw(logits, np.full(64, u), decoding))
            for row, value in zip(logits, found, strict=True):
                assert reference_weights(row, decoding)[value] > 0


@pytest.mark.parametrize("error", [1e-6, -1e-6])
@pytest.mark.parametrize("place", [0, 2, 4])
def test_a_rounded_sum_draws_no_excluded_value(
    error: float, place: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sums of many values are neither exact nor monotone; here one of them is off."""

    def rounded(weights: Any) -> np.ndarray:
        sums = np.cumsum(array(weights), axis=-1)
        sums[..., place] += np.float32(error)
        return sums

    monkeypatch.setattr(decoding_module, "cumulative", rounded)
    logits = np.array([[-200.0, 0.0, -200.0, 1.0, -200.0]], np.float32)
    edge = np.exp(0.0) / (np.exp(0.0) + np.exp(1.0))
    for u in (LOWEST, edge - 1e-7, edge + 1e-7, HIGHEST):
        assert int(array(draw(logits, np.array([u], np.float32), Decoding()))[0]) in (1, 3)


@pytest.mark.parametrize("error", [1e-6, -1e-6])
def test_rounded_sums_of_blocks_draw_no_excluded_value(
    error: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """48 values are three blocks of 16; values 5 and 37 alone have any weight."""

    def rounded(weights: Any) -> np.ndarray:
        return np.cumsum(array(weights), axis=-1) + np.float32(error)

    monkeypatch.setattr(decoding_module, "cumulative", rounded)
    logits = np.full((1, 48), -np.inf, np.float32)
    logits[0, [5, 37]] = 0.0
    for u in (LOWEST, 0.5 - 1e-7, 0.5 + 1e-7, HIGHEST):
        assert int(array(draw(logits, np.array([u], np.float32), Decoding()))[0]) in (5, 37)


@pytest.mark.parametrize("levels", [17, 256])
@pytest.mark.parametrize("decoding", [DECODINGS[0], DECODINGS[-1], Decoding(0.0)], ids=str)
def test_impossible_values(decoding: Decoding, levels: int) -> None:
    """Logits of minus infinity are never drawn, and leave the rest what it is."""
    logits = logits_of(7, 1.0, levels)
    logits[:, ::2] = -np.inf
    possible = logits[:, 1::2]
    u = uniform(7, "tests/u", 0, (ROWS,))
    nothing = np.zeros(ROWS, np.int32)
    found, chance = (array(a) for a in choose(logits, u, decoding, nothing, nothing))
    among = array(draw(possible, u, decoding))
    np.testing.assert_array_equal(found, 2 * among + 1)
    wanted = np.take_along_axis(log_softmax(possible), among[:, None], -1)[:, 0]
    np.testing.assert_allclose(chance, wanted, rtol=1e-4, atol=1e-5)
    assert np.isneginf(array(log_probability(logits, nothing))).all()


@pytest.mark.parametrize("decoding", [DECODINGS[0], DECODINGS[-1], Decoding(0.0)], ids=str)
@pytest.mark.parametrize("levels", [2, 17, 256])
def test_what_a_sampler_chooses(decoding: Decoding, levels: int) -> None:
    """The draw, or what is given; and the log-probability at temperature 1 of either."""
    logits, u = logits_of(8, 2.0, levels), uniform(8, "tests/u", 0, (ROWS,))
    given = np.arange(ROWS, dtype=np.int32) % levels
    mask = np.arange(ROWS, dtype=np.int32) // 2 % 2
    values, chance = (array(a) for a in choose(logits, u, decoding, given, mask))
    assert (values.dtype, chance.dtype) == (np.int32, np.float32)
    np.testing.assert_array_equal(values[mask == 1], given[mask == 1])
    np.testing.assert_array_equal(values[mask == 0], array(draw(logits, u, decoding))[mask == 0])
    wanted = np.take_along_axis(log_softmax(logits), values[:, None], -1)[:, 0]
    np.testing.assert_allclose(chance, wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.skipif(backend.name() != "tensorflow", reason="float64 is off")
@pytest.mark.parametrize("decoding", [*DECODINGS, Decoding(0.0)], ids=str)
@pytest.mark.parametrize("levels", [2, 17, 40, 256])
def test_float64_all_the_way(decoding: Decoding, levels: int) -> None:
    logits = logits_of(9, 2.0, levels).astype(np.float64)
    u = uniform(9, "tests/u", 0, (ROWS,))
    nothing = np.zeros(ROWS, np.int32)
    values, chance = (array(a) for a in choose(logits, u, decoding, nothing, nothing))
    assert chance.dtype == np.float64
    for i in range(ROWS):
        if decoding.cold:
            assert values[i] == logits[i].argmax()
        else:
            assert values[i] == reference_draw(reference_weights(logits[i], decoding), u[i])
    wanted = np.take_along_axis(log_softmax(logits), values[:, None], -1)[:, 0]
    np.testing.assert_allclose(chance, wanted, rtol=1e-12)
    np.testing.assert_allclose(array(log_probability(logits, values)), wanted, rtol=1e-12)


def test_the_ends_draw_the_first_and_the_last_value_of_any_weight() -> None:
    logits = np.array([[-200.0, 0.0, -200.0, 1.0, -200.0]] * 2, np.float32)
    found = array(draw(logits, np.array([LOWEST, HIGHEST]), Decoding()))
    assert list(found) == [1, 3]


@pytest.mark.parametrize("temperature", [0.0, 1e-300, 1e-46, 1e-40, 1e-30, 1e-4])
def test_cold_draws_take_the_most_probable_value(temperature: float) -> None:
    logits = logits_of(1, 3.0, 17)
    for u in (LOWEST, np.float32(0.5), HIGHEST):
        found = array(draw(logits, np.full(ROWS, u), Decoding(temperature)))
        np.testing.assert_array_equal(found, logits.argmax(-1))


@pytest.mark.parametrize("temperature", [1e6, 1e30])
def test_hot_draws_are_uniform(temperature: float) -> None:
    logits = logits_of(2, 3.0, 4)
    u = np.float32(np.linspace(0.01, 0.99, ROWS))
    found = array(draw(logits, u, Decoding(temperature)))
    np.testing.assert_array_equal(found, np.floor(4 * u).astype(int))


def kept(logits: list[float], decoding: Decoding) -> list[int]:
    weights = array(weights_of(np.array([logits], np.float32), decoding))[0]
    return [int(i) for i in np.flatnonzero(weights)]


def test_top_k_keeps_the_k_most_probable_and_their_ties() -> None:
    logits = [0.0, 3.0, 1.0, 2.0, 1.0]
    assert kept(logits, Decoding(top_k=1)) == [1]
    assert kept(logits, Decoding(top_k=2)) == [1, 3]
    assert kept(logits, Decoding(top_k=3)) == [1, 2, 3, 4]  # two are equal to the third
    assert kept(logits, Decoding(top_k=5)) == [0, 1, 2, 3, 4]
    assert kept(logits, Decoding(top_k=6)) == [0, 1, 2, 3, 4]
    assert kept([1.0] * 4, Decoding(top_k=1)) == [0, 1, 2, 3]


def test_top_p_keeps_the_fewest_values_that_hold_the_share() -> None:
    logits = [float(x) for x in np.log([0.1, 0.4, 0.2, 0.3])]
    assert kept(logits, Decoding(top_p=0.01)) == [1]
    assert kept(logits, Decoding(top_p=0.39)) == [1]
    assert kept(logits, Decoding(top_p=0.41)) == [1, 3]
    assert kept(logits, Decoding(top_p=0.69)) == [1, 3]
    assert kept(logits, Decoding(top_p=0.71)) == [1, 2, 3]
    assert kept(logits, Decoding(top_p=0.91)) == [0, 1, 2, 3]
    assert kept(logits, Decoding(top_p=1.0)) == [0, 1, 2, 3]
    equal = [float(x) for x in np.log([0.25] * 4)]
    assert kept(equal, Decoding(top_p=0.3)) == [0, 1, 2, 3]  # equal values go together


@pytest.mark.parametrize("share", [1e-30, 1e-6, 0.5, 0.95, 1 - 1e-6, 1 - 2.0**-40])
@pytest.mark.parametrize("levels", [2, 17, 256])
def test_top_p_keeps_what_sorting_keeps(levels: int, share: float) -> None:
    """Except where rounding decides: the share is a tie, or two logits are."""
    decoding = Decoding(top_p=share)
    logits = np.concatenate([logits_of(seed, 1.5, levels) for seed in range(4)])
    found = array(weights_of(logits, decoding)) > 0
    certain = 0
    for row, values in zip(logits, found, strict=True):
        if edge_distance(row, 0.5, decoding) > 1e-5:
            np.testing.assert_array_equal(values, reference_weights(row, decoding) > 0)
            certain += 1
    assert values.any()
    assert certain > 50 or share > 0.99


@pytest.mark.parametrize("kept_values", [1, 2, 7, 255])
def test_top_k_keeps_what_sorting_keeps(kept_values: int) -> None:
    decoding = Decoding(top_k=kept_values)
    logits = np.concatenate([logits_of(seed, 1.5, 256) for seed in range(4)])
    found = array(weights_of(logits, decoding)) > 0
    for row, values in zip(logits, found, strict=True):
        if edge_distance(row, 0.5, decoding) > 1e-5:
            np.testing.assert_array_equal(values, reference_weights(row, decoding) > 0)
    assert (found.sum(-1) >= kept_values).all()
    assert np.median(found.sum(-1)) == kept_values


def test_logits_far_apart_and_close_together() -> None:
    """Neither the range of the bisection nor its resolution decides."""
    far = [0.0, -50.0, -80.0, -86.0, -2000.0]
    assert kept(far, Decoding(top_k=3)) == [0, 1, 2]
    assert kept(far, Decoding(top_p=0.999)) == [0]
    assert kept(far, Decoding()) == [0, 1, 2, 3]  # e^-2000 is no float32
    close = [0.0, -1e-5, -3e-5, -1.0]
    assert kept(close, Decoding(top_k=1)) == [0]
    assert kept(close, Decoding(top_k=2)) == [0, 1]
    assert kept(close, Decoding(top_p=0.5)) == [0, 1]
    assert kept([0.0, -1e-7, -1.0], Decoding(top_k=1)) == [0, 1]  # equal but for rounding


def test_top_p_counts_what_top_k_left() -> None:
    logits = [float(x) for x in np.log([0.1, 0.4, 0.2, 0.3])]
    # Of 0.4 and 0.3 alone, the first holds 57 %.
    assert kept(logits, Decoding(top_k=2, top_p=0.55)) == [1]
    assert kept(logits, Decoding(top_k=2, top_p=0.6)) == [1, 3]


@pytest.mark.parametrize("decoding", [Decoding(), Decoding(0.7, 5, 0.9)], ids=str)
def test_draws_follow_the_distribution(decoding: Decoding) -> None:
    """Chi-square of 20,000 draws; the noise is fixed, so this cannot fail by chance."""
    logits, count = logits_of(5, 1.0, 9, rows=1), 20_000
    u = uniform(5, "tests/chi-square", 0, (count,))
    found = array(draw(np.repeat(logits, count, axis=0), u, decoding))
    weights = reference_weights(logits[0], decoding)
    counts = np.bincount(found, minlength=9)
    assert not counts[weights == 0].any()
    expected = count * weights[weights > 0] / weights.sum()
    assert stats.chisquare(counts[weights > 0], expected).pvalue > 0.01
    # The test has the power to notice a wrong distribution.
    assert stats.chisquare(counts[weights > 0], np.roll(expected, 1)).pvalue < 1e-6


@given(seed=SEEDS, scale=SCALES)
@settings(max_examples=15)
def test_log_probabilities(seed: int, scale: float) -> None:
    logits = logits_of(seed, scale, 17)
    values = np.argsort(uniform(seed, "tests/values", 0, (ROWS, 17)))[:, 0].astype(np.int32)
    wanted = np.take_along_axis(log_softmax(logits), values[:, None], -1)[:, 0]
    np.testing.assert_allclose(array(log_probability(logits, values)), wanted, rtol=1e-4, atol=1e-5)


def test_the_distance_to_an_edge() -> None:
    logits = np.log(np.array([0.1, 0.4, 0.2, 0.3], np.float32))
    assert edge_distance(logits, 0.12, Decoding()) == pytest.approx(0.02, abs=1e-6)
    assert edge_distance(logits, 0.4, Decoding()) == pytest.approx(0.1, abs=1e-6)
    assert edge_distance(logits, 0.95, Decoding()) == pytest.approx(0.25, abs=1e-6)
    assert edge_distance(logits, 0.5, Decoding(top_k=2)) == pytest.approx(0.4 / 0.7 - 0.5, abs=1e-5)
    gap = np.log(0.4) - np.log(0.3)
    assert edge_distance(logits, 0.5, Decoding(temperature=0)) == pytest.approx(gap, abs=1e-6)
    assert edge_distance(np.zeros(1), 0.5, Decoding(temperature=0)) == 1.0
    assert edge_distance(np.zeros(1), 0.5, Decoding()) == 1.0
