"""How fast each reader feeds: batches of its recipe, alone, on whatever of the real files is there.

    GENKIT_DATA=... python benchmarks/feeding.py --step-seconds 0.14

Prints one JSON object with a row per data set: counts, the seconds to read everything, the median
and slowest of many batches, and with `--step-seconds` the share of such a training step. Data sets
whose files are missing are named under `missing`.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from typing import Any

import numpy as np

from genkit import data
from genkit.data.images.dataset import ImageFeed
from genkit.errors import GenkitError
from genkit.recipe import load_recipe

CASES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("gated_pixelcnn/binarized_mnist", ()),
    ("gated_pixelcnn/mnist", ()),
    ("gated_pixelcnn/binarized_mnist-stochastic", ()),
    ("gated_pixelcnn/cifar10", ()),
    ("gated_pixelcnn/omniglot", ()),
    ("gated_pixelcnn/omniglot", ("data.part=background_small1",)),
    ("gated_pixelcnn/images", ("data.path=orl_faces", "data.channels=1")),
    ("gated_pixelcnn/imagenet32", ()),
    ("gated_pixelcnn/imagenet64", ()),
    ("gated_pixelcnn/digits", ()),
)


def measure(recipe: str, options: tuple[str, ...], batch: int, repeats: int) -> dict[str, Any]:
    """One row."""
    resolved = load_recipe(recipe, options)
    start = time.perf_counter()
    dataset = data.load(resolved.data)
    feed = ImageFeed(dataset.split("train"), batch, 0)
    feed.batch(0)
    opened = time.perf_counter() - start
    seconds = []
    for k in range(1, repeats + 1):
        start = time.perf_counter()
        feed.batch(k)
        seconds.append(time.perf_counter() - start)
    return {
        "recipe": recipe,
        "options": list(options),
        "counts": {name: len(split) for name, split in dataset.splits.items()},
        "open_seconds": round(opened, 3),
        "batch_milliseconds": round(1e3 * float(np.median(seconds)), 3),
        "slowest_milliseconds": round(1e3 * max(seconds), 3),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--repeats", type=int, default=200)
    parser.add_argument("--step-seconds", type=float, help="a training step to compare with")
    asked = parser.parse_args()
    rows, missing = [], []
    for recipe, options in CASES:
        try:
            row = measure(recipe, options, asked.batch, asked.repeats)
        except GenkitError as error:
            missing.append({"recipe": recipe, "why": str(error).splitlines()[0]})
            continue
        if asked.step_seconds:
            row["share_of_step"] = round(row["batch_milliseconds"] / 1e3 / asked.step_seconds, 5)
        rows.append(row)
    print(json.dumps({"batch": asked.batch, "rows": rows, "missing": missing}, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
