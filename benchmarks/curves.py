"""Draws the training and validation curve of runs.

    python benchmarks/curves.py nats_per_image curve.png runs/RUN...

The training loss is that of the trained weights on one batch, smoothed; validation is that of the
averaged weights.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

SMOOTH = 10


def rows(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def smoothed(values: np.ndarray) -> np.ndarray:
    """Means over `SMOOTH` neighbours."""
    return np.convolve(values, np.ones(SMOOTH) / SMOOTH, mode="valid")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("metric")
    parser.add_argument("picture", type=Path)
    parser.add_argument("runs", type=Path, nargs="+")
    asked = parser.parse_args()
    figure = Figure(figsize=(6, 3.2), layout="constrained")
    axes = figure.add_subplot()
    for run in asked.runs:
        every = rows(run)
        found = [r for r in every if r["kind"] == "validation"]
        steps = [r["step"] for r in found]
        values = [r[asked.metric] for r in found]
        axes.plot(steps, values, marker="o", markersize=3, label="validation, averaged weights")
        # The loss is in nats a dimension; validation tells how many dimensions there are.
        scale = found[0][asked.metric] / found[0]["nats_per_dim"]
        train = [r for r in every if r["kind"] == "train"]
        loss = smoothed(np.array([r["loss"] for r in train]) * scale)
        axes.plot([r["step"] for r in train][SMOOTH - 1 :], loss, lw=0.7, label="training batches")
        axes.set_ylim(min(values) - 1, max(values) + 4)
    axes.set(xlabel="step", ylabel=asked.metric.replace("_", " "))
    axes.legend()
    figure.savefig(asked.picture, dpi=110)


if __name__ == "__main__":
    main()
