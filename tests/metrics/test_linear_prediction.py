"""The baseline of bits per sample: a distribution that knows the past only."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtr

from genkit import randomness
from genkit.data.audio.mulaw import decode, edges, encode
from genkit.errors import DataError
from genkit.metrics.linear_prediction import AdaptivePredictor, linear_prediction_bits

LEVELS = 256


def noise(index: int, count: int) -> np.ndarray:
    return randomness.normal(0, "test", index, (count,)).astype(np.float64)


def ar2(index: int, count: int, scale: float) -> np.ndarray:
    """y_t = 1.6 y_(t-1) - 0.8 y_(t-2) + noise: stationary, a resonance."""
    values = np.zeros(count + 2)
    for t, shock in enumerate(noise(index, count), start=2):
        values[t] = 1.6 * values[t - 1] - 0.8 * values[t - 2] + scale * shock
    return values[2:]


def bits_of_each(codes: np.ndarray, levels: int = LEVELS) -> np.ndarray:
    predictor = AdaptivePredictor(1, levels, order=4)
    return np.array([-np.log2(predictor.update(codes[t : t + 1])[0]) for t in range(len(codes))])


@pytest.mark.parametrize("levels", [2, 16, 256])
def test_the_probabilities_of_all_codes_sum_to_one_and_are_those_that_are_paid(levels: int) -> None:
    codes = encode(np.stack([ar2(0, 60, 0.01), ar2(1, 60, 0.2)]), levels)
    predictor = AdaptivePredictor(2, levels, order=4)
    for t in range(60):
        every = predictor.probabilities()
        assert every.shape == (2, levels)
        assert every.min() >= 1e-3 / levels * 0.999
        np.testing.assert_allclose(every.sum(axis=-1), 1.0, atol=1e-9)
        paid = predictor.update(codes[:, t])
        np.testing.assert_allclose(paid, every[[0, 1], codes[:, t]], rtol=1e-12)


def test_a_later_sample_changes_no_earlier_bits() -> None:
    codes = encode(ar2(2, 120, 0.05))
    changed = codes.copy()
    changed[80] = 255 - changed[80]
    before, after = bits_of_each(codes), bits_of_each(changed)
    assert np.array_equal(before[:80], after[:80])
    assert before[80] != after[80]
    assert np.all(before[81:100] != after[81:100])


def test_recordings_do_not_see_each_other_and_the_warm_up_is_left_out() -> None:
    lengths = (70, 200, 1, 130)
    codes = [encode(ar2(10 + i, n, 0.03)) for i, n in enumerate(lengths)]
    each = [bits_of_each(recording) for recording in codes]
    found = linear_prediction_bits(codes, LEVELS, order=4)
    np.testing.assert_allclose(found.per_recording, [bits.mean() for bits in each], rtol=1e-9)
    assert found.bits_per_sample == pytest.approx(np.concatenate(each).mean(), rel=1e-9)
    assert found.count == sum(lengths)
    late = linear_prediction_bits(codes, LEVELS, order=4, warm_up=100)
    assert late.count == 100 + 30
    rest = np.concatenate([bits[100:] for bits in each])
    assert late.bits_per_sample == pytest.approx(rest.mean(), rel=1e-9)
    assert np.array_equal(np.isnan(late.per_recording), [True, False, True, False])


def test_white_noise_costs_its_entropy() -> None:
    scale = 0.1
    codes = [encode(scale * noise(20 + i, 1500)) for i in range(8)]
    borders = np.concatenate([[0.0], ndtr(edges(LEVELS) / scale), [1.0]])
    masses = np.diff(borders)
    entropy = -np.sum(masses * np.log2(np.maximum(masses, 1e-300)))
    found = linear_prediction_bits(codes, LEVELS, order=2, warm_up=200).bits_per_sample
    assert entropy - 0.03 < found < entropy + 0.15


def test_a_resonance_costs_the_entropy_of_its_innovations() -> None:
    """Cells are narrow beside the innovations: h(innovation) less the log of the cell's width."""
    scale = 0.03
    codes = [encode(ar2(40 + i, 1500, scale)) for i in range(8)]
    widths = np.diff(np.concatenate([[-1.0], edges(LEVELS), [1.0]]))
    differential = 0.5 * np.log2(2 * np.pi * np.e * scale**2)
    rate = np.mean([differential - np.log2(widths[c[200:]]).mean() for c in codes])
    found = linear_prediction_bits(codes, LEVELS, order=2, warm_up=200).bits_per_sample
    assert rate - 0.03 < found < rate + 0.15
    # Without memory the same sound costs the entropy of its marginal, which is far more.
    shuffled = [c[randomness.permutation(0, "test", i, len(c))] for i, c in enumerate(codes)]
    assert linear_prediction_bits(shuffled, LEVELS, 2, 200).bits_per_sample > found + 0.8


def test_silence_and_full_scale_cost_finite_bits() -> None:
    silence = np.full(400, encode(np.zeros(1))[0])
    jump = np.where(np.arange(400) % 2, 255, 0)
    found = linear_prediction_bits([silence, jump], LEVELS)
    assert np.isfinite(found.per_recording).all()
    assert found.per_recording[0] < 0.3
    assert linear_prediction_bits([silence], LEVELS, warm_up=300).bits_per_sample < 0.05
    assert abs(decode(silence[:1])[0]) < 1e-3


def test_what_cannot_be_measured_is_refused() -> None:
    with pytest.raises(DataError, match=r"longest of 2 recordings has 5 samples, the first 7"):
        linear_prediction_bits([np.zeros(5, int), np.zeros(3, int)], LEVELS, warm_up=7)
    with pytest.raises(DataError, match="longest of 0 recordings has 0 samples"):
        linear_prediction_bits([], LEVELS)
    with pytest.raises(ValueError, match=r"codes are from 0 to 15. Received: 3 to 16"):
        linear_prediction_bits([np.array([3, 16])], 16)
