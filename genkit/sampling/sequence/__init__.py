"""Generators of 1-D sequences, shared by every family that draws value after value in time."""

from __future__ import annotations

from genkit.errors import UsageError, unknown
from genkit.family import SampleSettings
from genkit.sampling.sequence.base import STRETCH, SequenceGenerator
from genkit.sampling.sequence.incremental import IncrementalGenerator
from genkit.sampling.sequence.naive import NaiveGenerator
from genkit.sampling.sequence.network import SequenceNetwork, SequenceStep

__all__ = [
    "SAMPLERS",
    "STRETCH",
    "IncrementalGenerator",
    "NaiveGenerator",
    "SequenceGenerator",
    "SequenceNetwork",
    "SequenceStep",
    "make_generator",
]

_GENERATORS: dict[str, type[SequenceGenerator]] = {
    "incremental": IncrementalGenerator,
    "naive": NaiveGenerator,
}
SAMPLERS = tuple(_GENERATORS)


def make_generator(
    network: SequenceNetwork, settings: SampleSettings, length: int, stretch: int = STRETCH
) -> SequenceGenerator:
    """The generator of the sampler that the settings name, for samples of `length` values."""
    if settings.sampler not in SAMPLERS:
        raise UsageError(f"--sampler: {unknown('sampler', settings.sampler, SAMPLERS)}")
    return _GENERATORS[settings.sampler](network, settings, length, stretch)
