"""How the draws of a study fare, from the best to the worst."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from genkit.study.grouping import Group, draws, points
from genkit.study.labels import labels
from genkit.study.plots import LEGEND, canvas, line_style
from genkit.study.ranking import measured

if TYPE_CHECKING:
    from genkit.artifacts import Figure
    from genkit.recipe import Study

NAME = "robustness"
PERCENT = "draws_percent"

Row = dict[str, Any]


def save_robustness(study: Study, folder: Path, results: Mapping[str, Any]) -> list[Path]:
    """`robustness.png` and `robustness.csv` of a study that draws values.

    As figure 3 (right) of Jaderberg et al., 2017 (arXiv:1611.05397).

    Args:
        folder: of the study. results: name of a cell -> what is stored about it.
    """
    from genkit.artifacts import Table

    if study.config.random is None:
        return []
    groups = points(study)
    lines = [sorted_draws(study, group, results) for group in groups]
    if not any(lines):
        return []
    names = labels(groups)
    rows = [{"row": name, **row} for name, line in zip(names, lines, strict=True) for row in line]
    return [*Table(NAME, rows).save(folder), *_drawn(study, names, lines).save(folder)]


def sorted_draws(study: Study, point: Group, results: Mapping[str, Any]) -> list[Row]:
    """The draws of a point of the grid that are done, best first.

    Each has its place, from 0 % for the best to 100 % for the worst; the study's metric, a mean
    where the draw is of several runs; and what was drawn.
    """
    random = study.config.random
    keys = list(random.ranges) if random else []
    found = []
    for cells in draws(study, point):
        value = measured(study, cells, results)
        if value is not None:
            found.append((value, {key: cells[0].overrides[key] for key in keys}))
    found.sort(key=lambda pair: pair[0], reverse=study.mode == "max")
    places = np.linspace(0.0, 100.0, len(found))
    return [
        {PERCENT: float(place), study.metric: value, **drawn}
        for place, (value, drawn) in zip(places, found, strict=True)
    ]


def _drawn(study: Study, names: Sequence[str], lines: Sequence[list[Row]]) -> Figure:
    from genkit.artifacts import Figure

    figure, axes = canvas(study, "draws, best first (%)", study.metric)
    for number, (name, line) in enumerate(zip(names, lines, strict=True)):
        if line:
            x, y = [row[PERCENT] for row in line], [row[study.metric] for row in line]
            axes.plot(x, y, marker="o", markersize=3, label=name, **line_style(number))
    axes.set_xlim(-2, 102)
    if 1 < len(names) <= LEGEND:
        axes.legend(fontsize=7)
    return Figure.from_matplotlib(NAME, figure)
