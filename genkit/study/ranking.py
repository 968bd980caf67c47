"""Which draws, or runs, of a study are the best by its metric."""

from __future__ import annotations

import statistics
from collections.abc import Collection, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

from genkit.study.grouping import Group, draws
from genkit.study.records import Curve, Curves

if TYPE_CHECKING:
    from genkit.recipe import Cell, Study


def measured(study: Study, cells: Sequence[Cell], results: Mapping[str, Any]) -> float | None:
    """The mean of the study's metric over those cells that have it."""
    found = [results.get(cell.name, {}).get("metrics", {}).get(study.metric) for cell in cells]
    values = [float(value) for value in found if value is not None]
    return statistics.fmean(values) if values else None


def best_curves(
    study: Study, group: Group, results: Mapping[str, Any], curves: Curves
) -> list[Curve]:
    """The curves of the cells of the best draws, or runs, of a group; see `best`."""
    units = best(study, group, results, curves.of)
    return [curves.of[cell.name] for cell in chain(*units)]


def best(
    study: Study, group: Group, results: Mapping[str, Any], having: Collection[str]
) -> list[list[Cell]]:
    """The `top` best draws of a group, or runs where nothing is drawn, best first; all of them if
    the study says no `top`.

    Args:
        results: name of a cell -> what is stored about it.
        having: names of the cells that count.
    """
    units = draws(study, group) if study.config.random else [[cell] for cell in group.cells]
    counted = [[cell for cell in unit if cell.name in having] for unit in units]
    worst = float("inf") if study.mode == "min" else float("-inf")

    def value(cells: list[Cell]) -> float:
        found = measured(study, cells, results)
        return worst if found is None else found

    ordered = sorted(filter(None, counted), key=value, reverse=study.mode == "max")
    return ordered[: study.config.top]
