"""Speed of the dilated causal stack as a sampler: embedding, 30 layers, head and draw.

    python benchmarks/audio_stack.py                                  the sizes that docs tell of
    python benchmarks/audio_stack.py --residual 64 --skip 256 --tile 16 --threads 2

Prints one JSON object: a row per size, each measured in a process of its own with as many cores
as it has threads.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from typing import Any

ROWS = (  # residual, skip, tile, threads
    (32, 128, 1, 1),
    (64, 256, 1, 1),
    (64, 256, 8, 1),
    (64, 256, 16, 1),
    (64, 256, 16, 2),
)
SAMPLE_RATE = 16_000
HEAD, LEVELS = 256, 256
CYCLES, CYCLE = 3, 10


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--residual", type=int)
    parser.add_argument("--skip", type=int)
    parser.add_argument("--tile", type=int, default=1)
    parser.add_argument("--threads", type=int, choices=(1, 2), default=1)
    parser.add_argument("--kernel", type=int, default=2)
    parser.add_argument("--stretch", type=int, default=1024)
    parser.add_argument("--seconds", type=float, default=4.0)
    return parser.parse_args()


def alone(asked: argparse.Namespace) -> None:
    """As many cores as threads; before anything imports NumPy or a backend."""
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, cores[: asked.threads])
    for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "NPROC"):
        os.environ[name] = str(asked.threads)


def measured(asked: argparse.Namespace) -> dict[str, Any]:
    """The row of one size."""
    import numpy as np

    from genkit import backend
    from genkit.benchmark.blas import stacked, stacked_product_seconds
    from genkit.layers.dilation import dilation_cycles
    from genkit.models.wavenet.network import WaveNet
    from genkit.models.wavenet.sampling import WaveNetSequence

    backend.seed(0)
    network = WaveNet(
        levels=LEVELS,
        residual=asked.residual,
        skip=asked.skip,
        head=HEAD,
        dilations=dilation_cycles(CYCLES, CYCLE),
        kernel=asked.kernel,
    )
    network.build((None, None))
    view = WaveNetSequence(network)
    first, chunks = stretches(view, asked, asked.stretch, asked.seconds)
    _, longer = stretches(view, asked, 2 * asked.stretch, asked.seconds / 2)
    seconds = float(np.median(chunks)) / asked.stretch
    products = [stacked(weights, weights[-1].shape[0]) for weights in view.products()]
    blas = stacked_product_seconds(products)
    return {
        "layers": CYCLES * CYCLE,
        "kernel": asked.kernel,
        "residual": asked.residual,
        "skip": asked.skip,
        "tile": asked.tile,
        "threads": asked.threads,
        "stretch": asked.stretch,
        "backend": backend.name(),
        "parameters": network.count_params(),
        "steps_per_second": 1.0 / seconds,
        "steps_per_second_worst": asked.stretch / max(chunks),
        "values_per_second": asked.tile / seconds,
        "real_time_factor": 1.0 / seconds / SAMPLE_RATE,
        "blas_seconds_per_step": blas,
        "blas_ratio": seconds / blas if asked.tile == 1 else None,
        "compile_seconds": first - seconds * asked.stretch,
        "linear_time_ratio": float(np.median(longer)) / (seconds * asked.stretch),
    }


def stretches(
    view: Any, asked: argparse.Namespace, stretch: int, budget: float
) -> tuple[float, list[float]]:
    """Seconds of the first chunk, which compiles, and of those that follow."""
    from genkit import backend
    from genkit.family import SampleSettings
    from genkit.sampling.sequence import IncrementalGenerator

    settings = SampleSettings(asked.tile)
    generator = IncrementalGenerator(view, settings, 2**30, stretch, threads=asked.threads)
    state, taken = generator.begin({}), []
    backend.synchronise(state["parts"])
    while len(taken) < 4 or sum(taken[1:]) < budget:
        noise = generator.noise(0, range(asked.tile), len(taken))
        start = time.perf_counter()
        chunk = generator.advance(state, noise, None, {})  # its values are waited for
        taken.append(time.perf_counter() - start)
        state = chunk.state
    return taken[0], taken[1:]


def every_row() -> list[dict[str, Any]]:
    rows = []
    for residual, skip, tile, threads in ROWS:
        sizes = {"residual": residual, "skip": skip, "tile": tile, "threads": threads}
        options = [part for name, value in sizes.items() for part in (f"--{name}", str(value))]
        command = [sys.executable, __file__, *options]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        rows += json.loads(done.stdout)["rows"]
    return rows


def main() -> None:
    asked = arguments()
    if asked.residual is None or asked.skip is None:
        rows = every_row()
    else:
        alone(asked)
        rows = [measured(asked)]
    print(json.dumps({"schema": 1, "rows": rows}, indent=1))


if __name__ == "__main__":
    main()
