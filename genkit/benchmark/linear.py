"""Linear time: 2n values should cost about twice n, since nothing is copied or computed anew."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from genkit.benchmark.raster import incremental_workload
from genkit.benchmark.timing import in_turns, timed
from genkit.family import Workload
from genkit.sampling.raster import RasterNetwork


def raster_lengths(model: RasterNetwork, tile: int) -> Iterator[tuple[str, Workload, Workload]]:
    """What is doubled, and the incremental sampler on n and on 2n values.

    Only for networks whose weights do not depend on the size of the image.
    """
    height, width, channels = model.shape
    doubled = {"height": (2 * height, width, channels), "width": (height, 2 * width, channels)}
    for side, shape in doubled.items():
        larger = copy.copy(model)
        larger.shape = shape
        yield side, incremental_workload(model, tile), incremental_workload(larger, tile)


def linear_row(doubled: str, once: Workload, twice: Workload, seconds: float) -> dict[str, Any]:
    """`ratio` of the time for 2n values over that for n, measured in turns."""
    for workload in (once, twice):
        timed(workload.run)
    turns = in_turns(twice.run, [once.run], seconds)
    return {
        "doubled": doubled,
        "sampler": once.name,
        "tile": once.tile,
        "values": once.values,
        "seconds": turns.reference_median(),
        "seconds_of_twice": turns.median(),
        "ratio": turns.ratio(),
    }
