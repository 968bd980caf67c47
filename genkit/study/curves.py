"""How a figure of training went: in every run, or for every row the mean and spread of its runs."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from genkit.study.averaging import averaged, common_grid, spread
from genkit.study.grouping import Group, points
from genkit.study.labels import labels
from genkit.study.plots import LEGEND, canvas, line_style
from genkit.study.ranking import best, best_curves
from genkit.study.records import Curve, Curves, read_curves

if TYPE_CHECKING:
    from genkit.artifacts import Figure
    from genkit.recipe import Study

NAME = "curves"
LEGEND_RUNS = 12  # single runs that are named


def save_curves(study: Study, folder: Path, results: Mapping[str, Any]) -> list[Path]:
    """`curves.png` and `curves.csv` of `study.curve`, where there is something to draw.

    Args:
        folder: of the study. results: name of a cell -> what is stored about it.
    """
    if not study.curve:
        return []
    curves = read_curves(study, folder, results)
    if not curves.of:
        return []
    groups = points(study)
    if len(groups) == 1:
        return _save_runs(study, folder, results, curves, groups[0])
    return _save_rows(study, folder, results, curves, groups)


def _save_runs(
    study: Study, folder: Path, results: Mapping[str, Any], curves: Curves, group: Group
) -> list[Path]:
    """Each run, and the mean of the best."""
    from genkit.artifacts import Table

    units = best(study, group, results, curves.of)
    names = [cell.name for cell in chain(*units)]
    mean = averaged([curves.of[name] for name in names])
    column = f"{study.curve}_top_{len(units)}"
    rows = [{curves.axis: x, column: y} for x, y in zip(*mean, strict=True)]
    figure = _runs_drawn(study, curves, names, mean, f"mean of {len(units)}")
    return [*Table(NAME, rows).save(folder), *figure.save(folder)]


def _runs_drawn(study: Study, curves: Curves, names: list[str], mean: Curve, label: str) -> Figure:
    from genkit.artifacts import Figure

    figure, axes = canvas(study, curves.axis, study.curve)
    for name, (x, y) in curves.of.items():
        axes.plot(x, y, linewidth=0.8, alpha=0.6 if name in names else 0.2, label=name)
    axes.plot(*mean, color="black", linewidth=2, label=label)
    if len(curves.of) <= LEGEND_RUNS:
        axes.legend(fontsize=7)
    return Figure.from_matplotlib(NAME, figure)


def _save_rows(
    study: Study,
    folder: Path,
    results: Mapping[str, Any],
    curves: Curves,
    groups: list[Group],
) -> list[Path]:
    """The mean of each row over its best runs, between the least and the most of them."""
    from genkit.artifacts import Table

    found = {
        label: best_curves(study, group, results, curves)
        for label, group in zip(labels(groups), groups, strict=True)
    }
    grid = common_grid(list(chain(*found.values())))
    spreads = {label: spread(own, grid) if own else None for label, own in found.items()}
    columns: dict[str, np.ndarray] = {curves.axis: grid}
    for label, own in spreads.items():
        if own is not None:
            columns |= {
                f"{label} {name}": values
                for name, values in zip(("mean", "min", "max"), own, strict=True)
            }
    rows = [
        {
            name: "" if np.isnan(value) else value
            for name, value in zip(columns, values, strict=True)
        }
        for values in zip(*columns.values(), strict=True)
    ]
    figure = _rows_drawn(study, curves.axis, grid, spreads)
    return [*Table(NAME, rows).save(folder), *figure.save(folder)]


def _rows_drawn(
    study: Study, axis: str, grid: np.ndarray, spreads: Mapping[str, np.ndarray | None]
) -> Figure:
    """A row keeps its colour whichever others are done."""
    from genkit.artifacts import Figure

    figure, axes = canvas(study, axis, study.curve)
    for number, (label, own) in enumerate(spreads.items()):
        if own is None:
            continue
        mean, low, high = own
        style = line_style(number)
        axes.plot(grid, mean, linewidth=1.5, label=label, **style)
        axes.fill_between(grid, low, high, color=style["color"], alpha=0.15, linewidth=0)
    if len(spreads) <= LEGEND:
        axes.legend(fontsize=7)
    return Figure.from_matplotlib(NAME, figure)
