"""Generators of images in raster order, shared by every family that draws pixel by pixel."""

from __future__ import annotations

from collections.abc import Callable

from genkit.errors import UsageError, unknown
from genkit.family import SampleSettings
from genkit.sampling.raster.base import RasterGenerator
from genkit.sampling.raster.fixed_point import (
    ImageFixedPoint,
    RowFixedPoint,
    fixed_point_generator,
)
from genkit.sampling.raster.incremental import IncrementalGenerator
from genkit.sampling.raster.naive import NaiveGenerator
from genkit.sampling.raster.network import RasterNetwork, RowNetwork
from genkit.sampling.raster.steering import ClassPart, Part, Steering, VectorPart

__all__ = [
    "SAMPLERS",
    "ClassPart",
    "ImageFixedPoint",
    "IncrementalGenerator",
    "NaiveGenerator",
    "Part",
    "RasterGenerator",
    "RasterNetwork",
    "RowFixedPoint",
    "RowNetwork",
    "Steering",
    "VectorPart",
    "fixed_point_generator",
    "make_generator",
]

_GENERATORS: dict[str, Callable[[RasterNetwork, SampleSettings], RasterGenerator]] = {
    "incremental": IncrementalGenerator,
    "fixed-point": fixed_point_generator,
    "naive": NaiveGenerator,
}
SAMPLERS = tuple(_GENERATORS)


def make_generator(model: RasterNetwork, settings: SampleSettings) -> RasterGenerator:
    """The generator of the sampler that the settings name."""
    if settings.sampler not in SAMPLERS:
        raise UsageError(f"--sampler: {unknown('sampler', settings.sampler, SAMPLERS)}")
    return _GENERATORS[settings.sampler](model, settings)
