"""What adaptive linear prediction alone pays for a sample of sound: the baseline of bits/sample.

A backward-adaptive predictor knows nothing in advance. Before each sample it fits linear
coefficients to the samples before it (exponentially forgetting least squares), and the scale of
its error to the recent errors, so a decoder that saw the same past could do the same. A model of
sound that was trained should pay less. Lossless coders work this way, for example the RLS-LMS mode
of MPEG-4 ALS (ISO/IEC 14496-3; Liebchen et al., 2005).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr

from genkit.data.audio.mulaw import decode, edges
from genkit.errors import DataError

TINY = 1e-9  # keeps the equations solvable where all is silent
LEAST = 1e-12  # of a mass, before its logarithm


@dataclass(frozen=True)
class Choices:
    """What is fixed before the first sample; the defaults are the best on the training recordings
    of the Free Spoken Digit Dataset.

    Args:
        memories: factors by which a sample's weight in the fit of the coefficients shrinks with
            each later sample. One predictor for each.
        weighting: a sample counts in the fit by (variance of the recent errors) ** -weighting, so
            that loud moments do not decide alone.
        variance_memory: factor of forgetting of that variance.
        ridge: added to the diagonal of the covariance, as a share of the mean of its diagonal.
        scale_memories: factors of forgetting of the mean absolute error, the scale of the
            distribution. One expert for each pair of a predictor and one of these.
        freedom: degrees of freedom of Student's t distribution, whose tails the errors have.
        trust: power of an expert's past probabilities in its weight: recent ones count most.
        share: of the weight, what all experts get equally, so that none is given up.
        uniform: share of the uniform distribution over codes, so that nothing is impossible.
        least_scale: of the distribution, where full scale is 1.
    """

    memories: tuple[float, ...] = (0.98, 0.99, 0.995)
    weighting: float = 0.4
    variance_memory: float = 0.6
    ridge: float = 3e-4
    scale_memories: tuple[float, ...] = (0.7, 0.85, 0.95)
    freedom: float = 4.0
    trust: float = 0.995
    share: float = 1e-3
    uniform: float = 1e-3
    least_scale: float = 2e-5


DEFAULT = Choices()


@dataclass(frozen=True)
class BaselineResult:
    """Bits that the baseline pays.

    Args:
        bits_per_sample: mean over all counted samples.
        count: number of counted samples.
        per_recording: `(N,)` float64, the mean of each recording; NaN where none is counted.
    """

    bits_per_sample: float
    count: int
    per_recording: np.ndarray


def linear_prediction_bits(
    codes: Sequence[np.ndarray],
    levels: int,
    order: int = 16,
    warm_up: int = 0,
    choices: Choices = DEFAULT,
) -> BaselineResult:
    """Bits per sample of recordings under adaptive linear prediction.

    Args:
        codes: recordings, each `(T_i,)` int, mu-law codes from 0 to levels - 1.
        levels: number of codes.
        order: number of past samples that a prediction is made of.
        warm_up: samples at the start of each recording that are predicted but not counted, as
            those that a network's receptive field does not cover.
        choices: see `Choices`.

    All recordings advance together, so time grows with the longest one.

    Raises:
        DataError: if no recording is longer than `warm_up`.
        ValueError: if a code is not from 0 to levels - 1.
    """
    lengths = np.array([len(recording) for recording in codes], np.int64)
    counted = np.maximum(lengths - warm_up, 0)
    if not counted.sum():
        raise DataError(
            f"no sample is left to be counted: the longest of {len(codes)} recordings has "
            f"{lengths.max(initial=0)} samples, the first {warm_up} of each are left out. Take a "
            "shorter warm-up or longer recordings"
        )
    _refuse_other_codes(codes, levels)
    totals = np.zeros(len(codes))
    for time, (places, bits) in enumerate(_bits(codes, lengths, levels, order, choices)):
        if time >= warm_up:
            totals[places] += bits
    means = np.divide(totals, counted, out=np.full(len(codes), np.nan), where=counted > 0)
    return BaselineResult(float(totals.sum() / counted.sum()), int(counted.sum()), means)


def _refuse_other_codes(codes: Sequence[np.ndarray], levels: int) -> None:
    for recording in codes:
        lowest, highest = recording.min(initial=0), recording.max(initial=0)
        if lowest < 0 or highest >= levels:
            raise ValueError(
                f"codes are from 0 to {levels - 1}. Received: {recording.min()} to {highest}"
            )


def _bits(
    codes: Sequence[np.ndarray], lengths: np.ndarray, levels: int, order: int, choices: Choices
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """For each time, which recordings still last and the bits `(n,)` of their samples."""
    longest_first = np.argsort(-lengths, kind="stable")
    padded = np.zeros((lengths.max(), len(codes)), np.min_scalar_type(levels - 1))
    for column, i in enumerate(longest_first):
        padded[: lengths[i], column] = codes[i]
    predictor = AdaptivePredictor(len(codes), levels, order, choices)
    lasting = np.searchsorted(-lengths[longest_first], -np.arange(len(padded)))
    for row, n in zip(padded, lasting, strict=True):
        predictor.keep(n)
        yield longest_first[:n], -np.log2(predictor.update(row[:n]))


class AdaptivePredictor:
    """A distribution over the next code of N recordings that advance together.

    Args:
        count: N. levels: number of codes. order: number of past samples in a prediction.
    """

    def __init__(self, count: int, levels: int, order: int, choices: Choices = DEFAULT) -> None:
        self.choices = choices
        self.levels = levels
        self.values = decode(np.arange(levels), levels).astype(np.float64)
        self.edges = np.concatenate([[-np.inf], edges(levels), [np.inf]])
        predictors, scales = len(choices.memories), len(choices.scale_memories)
        self.memories = np.array(choices.memories)[:, None, None, None]
        self.scale_memories = np.array(choices.scale_memories)[:, None, None]
        self.past = np.zeros((count, order))  # the latest value first
        # Weighted moments of the past values (columns) and the value they precede (last column).
        self.moments = np.zeros((predictors, count, order, order + 1))
        self.variance = np.full((predictors, count), 1e-4)
        self.errors = np.full((scales, predictors, count), 1e-2)
        self.log_weights = np.zeros((scales, predictors, count))
        self.forecast = np.zeros((predictors, count))

    def keep(self, count: int) -> None:
        """Forget all recordings but the first `count`."""
        if count == len(self.past):
            return
        self.past = self.past[:count]
        self.moments = self.moments[:, :count]
        for name in ("variance", "errors", "log_weights", "forecast"):
            setattr(self, name, getattr(self, name)[..., :count])

    def probabilities(self) -> np.ndarray:
        """Probabilities `(N, levels)` of the next code."""
        cells = [self._masses(self.edges[i], self.edges[i + 1]) for i in range(self.levels)]
        return np.stack([self._mix(masses) for masses in cells], axis=-1)

    def update(self, codes: np.ndarray) -> np.ndarray:
        """Learn from the next codes `(N,)`; returns the probabilities `(N,)` that they had."""
        masses = self._masses(self.edges[codes], self.edges[codes.astype(np.int64) + 1])
        probabilities = self._mix(masses)
        # Weights are normalised first, so that the logarithms stay small.
        self.log_weights = self.choices.trust * np.log(self._weights())
        self.log_weights += np.log(np.maximum(masses, LEAST))
        self._fit(self.values[codes])
        return probabilities

    def _masses(self, lower: np.ndarray, upper: np.ndarray) -> np.ndarray:
        """Mass `(scales, predictors, N)` that each expert gives to cells of the waveform."""
        scale = self.errors + self.choices.least_scale
        low, high = (lower - self.forecast) / scale, (upper - self.forecast) / scale
        # On the right of the centre the tails' difference would lose its digits: mirror it.
        mirrored = low > 0
        low, high = np.where(mirrored, -high, low), np.where(mirrored, -low, high)
        return stdtr(self.choices.freedom, high) - stdtr(self.choices.freedom, low)

    def _weights(self) -> np.ndarray:
        weights = np.exp(self.log_weights - self.log_weights.max(axis=(0, 1)))
        weights /= weights.sum(axis=(0, 1))
        share = self.choices.share
        return (1.0 - share) * weights + share / (weights.shape[0] * weights.shape[1])

    def _mix(self, masses: np.ndarray) -> np.ndarray:
        mixed = (self._weights() * masses).sum(axis=(0, 1))
        return (1.0 - self.choices.uniform) * mixed + self.choices.uniform / self.levels

    def _fit(self, values: np.ndarray) -> None:
        """Take `values` `(N,)` into the moments, scales and forecasts."""
        choices = self.choices
        error = values - self.forecast
        weight = (self.variance + 1e-6) ** -choices.weighting
        pair = np.concatenate([self.past, values[:, None]], axis=1)
        self.moments *= self.memories
        self.moments += (weight[..., None] * self.past)[..., None] * pair[:, None, :]
        self.variance += (1.0 - choices.variance_memory) * (error**2 - self.variance)
        self.errors += (1.0 - self.scale_memories) * (np.abs(error) - self.errors)
        self.past = np.concatenate([values[:, None], self.past[:, :-1]], axis=1)
        self.forecast = (self._coefficients() * self.past).sum(axis=-1)

    def _coefficients(self) -> np.ndarray:
        """Coefficients `(predictors, N, order)` that fit the past best."""
        covariance, target = self.moments[..., :-1], self.moments[..., -1:]
        order = covariance.shape[-1]
        diagonal = np.einsum("pnii->pn", covariance) / order
        ridge = (self.choices.ridge * diagonal + TINY)[..., None, None] * np.eye(order)
        return np.linalg.solve(covariance + ridge, target)[..., 0]
