"""Speed of the renderer of solids: pictures a second, and with the gradients of poses.

    python benchmarks/rendering.py

Prints one JSON object: a row for each number of rays along a pixel's side.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from typing import Any

BATCH = 256
SIZE = 32


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each figure")
    parser.add_argument("--objects", type=int, default=1, help="solids of a scene")
    return parser.parse_args()


def rate(run: Callable[[], Any], seconds: float) -> float:
    """Calls a second, the first one, which compiles, left out."""
    from keras import ops

    ops.convert_to_numpy(run())
    count, began = 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        ops.convert_to_numpy(run())
        count += 1
    return count / (time.perf_counter() - began)


def measured(samples: int, asked: argparse.Namespace) -> dict[str, float]:
    import numpy as np
    from keras import ops

    from genkit import backend
    from genkit.rendering.camera import View
    from genkit.rendering.gradient import rendered
    from genkit.rendering.scene import render

    random = np.random.default_rng(0)
    view, shape = View(size=SIZE, samples=samples), (BATCH, asked.objects)
    shapes = random.integers(0, 3, shape).astype(np.int32)
    poses = random.uniform(-1, 1, (*shape, 3)).astype(np.float32)
    alive, azimuth = np.ones(shape, np.float32), np.zeros(BATCH, np.float32)

    def total(moved: Any) -> Any:
        given = [ops.convert_to_tensor(x) for x in (shapes, alive, azimuth)]
        return ops.sum(rendered(view, given[0], moved, given[1], given[2]))

    pictures = backend.compile(lambda *scene: render(ops, view, *scene), [])
    slopes = backend.compile(lambda moved: backend.input_gradient(total, moved), [])
    return {
        "rays_along_a_pixel": samples,
        "pictures_per_second": BATCH
        * rate(lambda: pictures(shapes, poses, alive, azimuth), asked.seconds),
        "gradients_per_second": BATCH * rate(lambda: slopes(poses), asked.seconds),
    }


def main() -> None:
    asked = arguments()
    rows = [measured(samples, asked) for samples in (1, 2)]
    print(json.dumps({"size": SIZE, "batch": BATCH, "objects": asked.objects, "rows": rows}))


if __name__ == "__main__":
    main()
