"""Noise and shuffles as pure functions of (seed, purpose, index).

NumPy freezes the bit stream of `Philox.random_raw` for an explicit key and counter, not the
streams of `Generator` methods, so only raw bits are used. Uniform numbers lie strictly inside
(0, 1): u = (k + 1/2) 2^-23 with k of 23 bits, each exact in float32.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

MAX_SEED = 2**63 - 1


@lru_cache(maxsize=1024)
def _purpose_key(purpose: str) -> int:
    return int.from_bytes(hashlib.sha256(purpose.encode()).digest()[:8], "little")


def raw_bits(seed: int, purpose: str, index: int, count: int, stream: int = 0) -> np.ndarray:
    """`count` raw 64-bit words for (seed, purpose, index, stream), dtype uint64.

    Args:
        seed: int, 0 <= seed < 2^63. The user's seed.
        purpose: what the numbers are for; different purposes never share numbers.
        index: int >= 0. Which sample, batch or epoch.
        count: how many words.
        stream: int >= 0. A further index, such as the chunk within a sample.
    """
    if not 0 <= seed <= MAX_SEED:
        raise ValueError(f"a seed must be from 0 to 2^63 - 1. Received: {seed}")
    # Word 0 of the counter is the one Philox itself counts up, so it stays 0 here.
    counter = np.array([0, stream, index, 0], dtype=np.uint64)
    key = np.array([seed, _purpose_key(purpose)], dtype=np.uint64)
    words = np.random.Philox(key=key, counter=counter).random_raw(count)
    return np.asarray(words, dtype=np.uint64)


def uniform(
    seed: int, purpose: str, index: int, shape: Sequence[int], stream: int = 0
) -> np.ndarray:
    """Uniform numbers strictly inside (0, 1), float32, of `shape`."""
    count = int(np.prod(shape, dtype=np.int64))
    words = raw_bits(seed, purpose, index, (count + 1) // 2, stream)
    halves = words.astype("<u8", copy=False).view("<u4")[:count]
    steps = (halves >> np.uint32(9)).astype(np.float32)
    return ((steps + np.float32(0.5)) * np.float32(2.0**-23)).reshape(tuple(shape))


def normal(
    seed: int, purpose: str, index: int, shape: Sequence[int], stream: int = 0
) -> np.ndarray:
    """Standard normal numbers, float32, of `shape` (Box-Muller on uniform numbers)."""
    count = int(np.prod(shape, dtype=np.int64))
    pairs = uniform(seed, purpose, index, (2, (count + 1) // 2), stream).astype(np.float64)
    radius = np.sqrt(-2.0 * np.log(pairs[0]))
    angle = 2.0 * np.pi * pairs[1]
    values = np.concatenate([radius * np.cos(angle), radius * np.sin(angle)])
    return values[:count].astype(np.float32).reshape(tuple(shape))


def permutation(seed: int, purpose: str, index: int, count: int) -> np.ndarray:
    """A permutation of 0..count-1, int64, for (seed, purpose, index)."""
    return np.argsort(raw_bits(seed, purpose, index, count), kind="stable").astype(np.int64)


class Noise:
    """The noise of one training step: named streams of uniform and normal numbers.

    Args:
        seed: the run's seed.
        step: the step's index.
    """

    def __init__(self, seed: int, step: int) -> None:
        self.seed = seed
        self.step = step

    def uniform(self, name: str, shape: Sequence[int]) -> np.ndarray:
        """Uniform numbers in (0, 1), float32, of `shape`, a function of (seed, name, step)."""
        return uniform(self.seed, f"update/{name}", self.step, shape)

    def normal(self, name: str, shape: Sequence[int]) -> np.ndarray:
        """Standard normal numbers, float32, of `shape`, a function of (seed, name, step)."""
        return normal(self.seed, f"update/{name}", self.step, shape)
