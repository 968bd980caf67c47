"""Sizes of networks that several families build. Light: no Keras."""

from __future__ import annotations

from collections.abc import Sequence


def prime_factors(number: int) -> list[int]:
    """The smallest first; their product is `number`."""
    found, rest = [], number
    while rest > 1:
        prime = next(p for p in range(2, rest + 1) if rest % p == 0)
        found.append(prime)
        rest //= prime
    return found


def upsampling_parameters(inputs: int, maps: int, strides: Sequence[int]) -> int:
    """Trained parameters of a `MapUpsampling`."""
    steps = sum(((2 * stride) ** 2 * maps + 1) * maps for stride in strides)
    return (9 * inputs + 1) * maps + steps
