"""Timing of workloads: what `genkit bench` and the project's own benchmarks show."""

from __future__ import annotations

from genkit.benchmark.raster import linear_time_workloads, raster_workloads
from genkit.benchmark.rows import SECONDS, run_all
from genkit.benchmark.training import training_workload

__all__ = [
    "SECONDS",
    "linear_time_workloads",
    "raster_workloads",
    "run_all",
    "training_workload",
]
