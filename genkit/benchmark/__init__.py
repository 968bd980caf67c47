"""Timing of workloads: what `genkit bench` and the project's own benchmarks show."""

from __future__ import annotations

from genkit.benchmark.linear import linear_row, raster_lengths
from genkit.benchmark.raster import raster_workloads
from genkit.benchmark.rows import SECONDS, Benchmark, run_all, with_speedups
from genkit.benchmark.sequence import sequence_workloads
from genkit.benchmark.training import training_workload

__all__ = [
    "SECONDS",
    "Benchmark",
    "linear_row",
    "raster_lengths",
    "raster_workloads",
    "run_all",
    "sequence_workloads",
    "training_workload",
    "with_speedups",
]
