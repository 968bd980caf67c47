"""What `genkit bench` times of a multi-scale PixelRNN."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from genkit import backend
from genkit.benchmark.raster import forward_forms, tile_after_tile
from genkit.conformance.dependence import random_images
from genkit.family import SampleSettings, Workload

if TYPE_CHECKING:
    from genkit.models.pixelrnn.multiscale import MultiScaleLearner


def multiscale_workloads(learner: MultiScaleLearner, tiles: Sequence[int]) -> list[Workload]:
    """The incremental sampler of both images beside a forward pass of both networks."""
    network = learner.networks["network"]
    passes = [backend.compile(network, network.variables, xla=xla) for xla in forward_forms()]
    values = sum(int(np.prod(shape)) for shape in (learner.small_shape, learner.view.shape))
    found = []
    for tile in tiles:
        images = random_images(learner.view, tile, 0).astype(np.float32)
        run = tile_after_tile(learner.raster_generator(SampleSettings(tile)))
        forward = [lambda one=one, x=images: one(x) for one in passes]
        found.append(Workload("incremental", tile, tile * values, run, forward))
    return found
