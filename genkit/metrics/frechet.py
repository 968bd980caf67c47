"""Fréchet distance between real and generated sound, on statistics of log-mel spectrograms.

Where no trained embedding is at hand this is what the Fréchet audio distance (Kilgour et al., 2019,
arXiv:1812.08466) measures with one. Its size says something only beside `real_split`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from genkit.errors import DataError
from genkit.metrics.log_mel import log_mel
from genkit.randomness import permutation

BANDS = 24


def frechet_log_mel(
    real: Sequence[np.ndarray],
    fake: Sequence[np.ndarray],
    sample_rate: int,
    seed: int = 0,
    draws: int = 10,
) -> dict[str, float]:
    """Fréchet distance of real and fake recordings, and of real and other real ones.

    A recording is the mean and the standard deviation of its log-mel frames, a vector of 48; a set
    of recordings is a normal distribution of such vectors. Few recordings make the distance too
    large, even that of a set to another one from the same source. All distances are therefore
    taken between sets of one size: half of the real recordings, or the number of fake ones where
    that is less. Distances for other counts do not compare.

    Args:
        real, fake: recordings, each `(T_i,)`, 16-bit PCM or floats from -1 to 1. Both should have
            gone through the model's quantisation, which is heard in a spectrogram.
        sample_rate: Hz.
        seed: of the choice of recordings.
        draws: how many choices the distances are means of.

    Returns:
        `distance`: real to fake. `real_split`: real to other real ones. `count`: recordings on
        each side.

    Raises:
        DataError: if there are fewer than four real or two fake recordings.
    """
    if len(real) < 4 or len(fake) < 2:
        raise DataError(
            "the Fréchet distance needs at least 4 real and 2 generated recordings. "
            f"Received: {len(real)} and {len(fake)}"
        )
    known, drawn = statistics(real, sample_rate), statistics(fake, sample_rate)
    count = min(len(real) // 2, len(fake))
    to_fake, to_real = [], []
    for draw in range(draws):
        order = permutation(seed, "metrics/frechet/real", draw, len(real))
        chosen = permutation(seed, "metrics/frechet/fake", draw, len(fake))[:count]
        one, other = known[order[:count]], known[order[count : 2 * count]]
        to_fake.append(distance_of_sets(one, drawn[chosen]))
        to_real.append(distance_of_sets(one, other))
    return {
        "distance": float(np.mean(to_fake)),
        "real_split": float(np.mean(to_real)),
        "count": float(count),
    }


def statistics(recordings: Sequence[np.ndarray], sample_rate: int) -> np.ndarray:
    """Mean and standard deviation of the log-mel frames of each recording, `(N, 2 * 24)`."""
    frames = [log_mel(recording, sample_rate, BANDS) for recording in recordings]
    return np.stack([np.concatenate([one.mean(axis=0), one.std(axis=0)]) for one in frames])


def distance_of_sets(one: np.ndarray, other: np.ndarray) -> float:
    """Fréchet distance of the normal distributions fitted to vectors `(N, D)` and `(M, D)`.

    Maximum likelihood, nothing shrunk: singular covariances, of fewer vectors than D, do no harm
    in `frechet_distance`.
    """
    return frechet_distance(
        one.mean(axis=0), _covariance(one), other.mean(axis=0), _covariance(other)
    )


def frechet_distance(
    mean: np.ndarray, covariance: np.ndarray, other_mean: np.ndarray, other_covariance: np.ndarray
) -> float:
    """Squared Fréchet (2-Wasserstein) distance of two normal distributions.

    |m - n|^2 + tr(A + B - 2 (A^1/2 B A^1/2)^1/2), Dowson and Landau, 1982. A^1/2 B A^1/2 is
    symmetric, unlike AB, so its eigenvalues are real and found without loss where A or B is
    singular; those that rounding made negative are zero.

    Args:
        mean, other_mean: `(D,)`. covariance, other_covariance: `(D, D)`.
    """
    values, vectors = np.linalg.eigh(covariance)
    root = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
    between = np.linalg.eigvalsh(root @ other_covariance @ root)
    overlap = np.sqrt(np.maximum(between, 0.0)).sum()
    shift = np.sum((mean - other_mean) ** 2)
    spread = np.trace(covariance) + np.trace(other_covariance) - 2.0 * overlap
    return float(max(shift + spread, 0.0))


def _covariance(vectors: np.ndarray) -> np.ndarray:
    return np.cov(vectors, rowvar=False, bias=True)
