"""Mu-law companding: sound as a few hundred codes (ITU-T G.711; section 2.2 of arXiv:1609.03499).

f(x) = sign(x) ln(1 + mu |x|) / ln(1 + mu) with mu = levels - 1 is spread over the codes 0 .. mu, so
that quiet sounds get finer steps than loud ones. Silence is code `levels // 2`.
"""

from __future__ import annotations

import numpy as np

FULL_SCALE = 32768.0  # of 16-bit PCM


def encode(sound: np.ndarray, levels: int = 256) -> np.ndarray:
    """Codes `(...)` int32 of sound.

    Args:
        sound: `(...)`, 16-bit PCM, or floats from -1 to 1; what lies beyond is clipped.
        levels: number of codes, 2 to 65,536.
    """
    mu = _mu(levels)
    x = np.asarray(sound)
    x = x / FULL_SCALE if np.issubdtype(x.dtype, np.integer) else x.astype(np.float64)
    x = np.clip(x, -1.0, 1.0)
    companded = np.sign(x) * np.log1p(mu * np.abs(x)) / np.log1p(mu)
    return np.floor((companded + 1.0) / 2.0 * mu + 0.5).astype(np.int32)


def decode(codes: np.ndarray, levels: int = 256) -> np.ndarray:
    """Sound `(...)` float32, from -1 to 1, of codes."""
    mu = _mu(levels)
    companded = 2.0 * np.asarray(codes, np.float64) / mu - 1.0
    x = np.sign(companded) * np.expm1(np.abs(companded) * np.log1p(mu)) / mu
    return x.astype(np.float32)


def pcm_of(sound: np.ndarray) -> np.ndarray:
    """16-bit PCM `(...)` int16 of sound from -1 to 1; what lies beyond is cut."""
    x = np.asarray(sound, np.float64) * FULL_SCALE
    return np.clip(np.rint(x), -FULL_SCALE, FULL_SCALE - 1.0).astype(np.int16)


def edges(levels: int = 256) -> np.ndarray:
    """Sound at the `(levels - 1,)` borders between codes, rising, float64."""
    mu = _mu(levels)
    companded = 2.0 * (np.arange(1, levels) - 0.5) / mu - 1.0
    return np.sign(companded) * np.expm1(np.abs(companded) * np.log1p(mu)) / mu


def _mu(levels: int) -> int:
    if not 2 <= levels <= 65536:
        raise ValueError(f"mu-law has 2 to 65,536 levels. Received: {levels}")
    return levels - 1
