"""A figure of training over the steps of each cell, as its records have it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from genkit.run.metrics import MetricsLog

if TYPE_CHECKING:
    from genkit.recipe import Study

AXIS = "agent_steps"  # what curves are over where records have it; else steps
METRICS = "metrics.jsonl"

Curve = tuple[np.ndarray, np.ndarray]  # steps, and the figure after them: both `(n,)`


@dataclass(frozen=True)
class Curves:
    """`study.curve` of the cells that are done.

    Args:
        axis: what it is over, `agent_steps` or `step`.
        of: name of a cell -> its curve, of two records or more.
    """

    axis: str
    of: Mapping[str, Curve]


def read_curves(study: Study, folder: Path, results: Mapping[str, Any]) -> Curves:
    """Those of the cells that are done.

    Args:
        folder: of the study. results: name of a cell -> what is stored about it.
    """
    records = {
        cell.name: _records(study, folder / "cells" / cell.name)
        for cell in study.cells()
        if "metrics" in results.get(cell.name, {})  # one that failed has half a curve
    }
    acting = all(AXIS in record for own in records.values() for record in own)
    axis = AXIS if acting else "step"
    return Curves(axis, {n: _curve(study, own, axis) for n, own in records.items() if len(own) > 1})


def _records(study: Study, cell: Path) -> list[dict[str, Any]]:
    """Those of training that have the figure."""
    found = MetricsLog(cell / METRICS).read("train")
    return [record for record in found if record.get(study.curve) is not None]


def _curve(study: Study, records: list[dict[str, Any]], axis: str) -> Curve:
    x = np.array([float(record[axis]) for record in records])
    return x, np.array([float(record[study.curve]) for record in records])
