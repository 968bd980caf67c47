"""How a figure of training went in the cells of a study: each run, and the mean of the best."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from genkit.run.metrics import MetricsLog

if TYPE_CHECKING:
    from genkit.artifacts import Figure
    from genkit.recipe import Study

NAME = "curves"
AXIS = "agent_steps"  # what is drawn along the axis where records have it; else steps
POINTS = 200
METRICS = "metrics.jsonl"

Curve = tuple[np.ndarray, np.ndarray]


def save_curves(study: Study, folder: Path, results: Mapping[str, Any]) -> list[Path]:
    """`curves.png` and `curves.csv` of `study.curve`, where there is something to draw.

    Args:
        folder: of the study. results: name of a cell -> what is stored about it.
    """
    from genkit.artifacts import Table

    records = {
        cell.name: _records(study, folder / "cells" / cell.name)
        for cell in study.cells()
        if "metrics" in results.get(cell.name, {})  # one that failed has half a curve
    }
    acting = all(AXIS in record for own in records.values() for record in own)
    axis = AXIS if acting else "step"
    curves = {name: _curve(study, own, axis) for name, own in records.items() if len(own) > 1}
    if not curves:
        return []
    best = top(study, curves, results)
    grid, mean = averaged([curves[name] for name in best])
    rows = [{axis: x, f"{study.curve}_top_{len(best)}": y} for x, y in zip(grid, mean, strict=True)]
    files = Table(NAME, rows).save(folder)
    return [*files, *_drawn(study, curves, best, (grid, mean), axis).save(folder)]


def top(study: Study, curves: Mapping[str, Curve], results: Mapping[str, Any]) -> list[str]:
    """Names of the `study.top` best cells by the study's metric; all of them if it says none."""

    def value(name: str) -> float:
        measured = results.get(name, {}).get("metrics", {}).get(study.metric)
        worst = float("inf") if study.mode == "min" else float("-inf")
        return worst if measured is None else float(measured)

    ordered = sorted(curves, key=value, reverse=study.mode == "max")
    return ordered[: study.config.top or len(ordered)]


def averaged(curves: list[Curve]) -> Curve:
    """The mean of curves on common points between where all have begun and all still are."""
    begin = max(float(x[0]) for x, _ in curves)
    end = max(begin, min(float(x[-1]) for x, _ in curves))
    grid = np.linspace(begin, end, POINTS)
    return grid, np.mean([np.interp(grid, x, y) for x, y in curves], axis=0)


def _records(study: Study, cell: Path) -> list[dict[str, Any]]:
    """Those of training that have the figure."""
    found = MetricsLog(cell / METRICS).read("train")
    return [record for record in found if record.get(study.curve) is not None]


def _curve(study: Study, records: list[dict[str, Any]], axis: str) -> Curve:
    x = np.array([float(record[axis]) for record in records])
    return x, np.array([float(record[study.curve]) for record in records])


def _drawn(
    study: Study, curves: Mapping[str, Curve], best: list[str], mean: Curve, axis: str
) -> Figure:
    from matplotlib.figure import Figure as Canvas

    from genkit.artifacts import Figure

    canvas = Canvas(figsize=(7, 4), layout="constrained")
    axes = canvas.subplots()
    for name, (x, y) in curves.items():
        axes.plot(x, y, linewidth=0.8, alpha=0.6 if name in best else 0.2, label=name)
    axes.plot(*mean, color="black", linewidth=2, label=f"mean of {len(best)}")
    axes.set_xlabel(axis.replace("_", " "))
    axes.set_ylabel(study.curve.replace("_", " "))
    axes.set_title(study.name)
    axes.grid(alpha=0.3)
    if len(curves) <= 12:
        axes.legend(fontsize=7)
    return Figure.from_matplotlib(NAME, canvas)
