"""The table of a study: what the runs of each grid point measured, taken together."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from genkit.study import grouping
from genkit.study.grouping import Group

if TYPE_CHECKING:
    from genkit.recipe import Cell, Study

CONFIDENCE = 0.95

Row = dict[str, Any]


def rows(study: Study, results: Mapping[str, Row]) -> list[Row]:
    """One row a grid point, in the order of the cells; what is averaged over shares a row.

    Args:
        study: whose cells are asked for.
        results: name of a cell -> what is stored about it.
    """
    groups = grouping.rows(study)
    several = any(len(group.cells) > 1 for group in groups)
    return [_row(study, group, results, several) for group in groups]


def _row(study: Study, group: Group, results: Mapping[str, Row], several: bool) -> Row:
    cells = group.cells
    done = [results[c.name]["metrics"] for c in cells if "metrics" in results.get(c.name, {})]
    row: Row = {key: _plain(value) for key, value in group.values.items()}
    values = _measured(done, study.metric)
    row["runs"] = f"{len(values)}/{len(cells)}"
    row |= _statistics(study.metric, values, several)
    row[f"{study.metric}_min"] = min(values, default="")
    row[f"{study.metric}_max"] = max(values, default="")
    if study.success is not None:
        row["success_rate"] = sum(map(study.success.reached, values)) / len(cells)
    if study.keep is not None:
        row |= _kept(study, cells, results)
    for metric in study.also:
        row |= _statistics(metric, _measured(done, metric), several)
    return row


def _kept(study: Study, cells: list[Cell], results: Mapping[str, Row]) -> Row:
    """The run that is best by the metric that decides what is kept, and what it measured."""
    keep = study.keep
    found = [
        (results[cell.name]["metrics"], cell.name)
        for cell in cells
        if keep is not None and keep.metric in results.get(cell.name, {}).get("metrics", {})
    ]
    if keep is None or not found:
        return {"kept": "", f"{study.metric}_kept": ""}
    choose = min if keep.mode == "min" else max
    metrics, name = choose(found, key=lambda pair: pair[0][keep.metric])
    return {"kept": name, f"{study.metric}_kept": metrics.get(study.metric, "")}


def _measured(done: Sequence[Mapping[str, float]], metric: str) -> list[float]:
    return [float(metrics[metric]) for metrics in done if metric in metrics]


def _statistics(metric: str, values: Sequence[float], several: bool) -> Row:
    """Columns of one metric; empty where there are too few values."""
    more = len(values) > 1
    found: Row = {
        f"{metric}_mean": statistics.fmean(values) if values else "",
        f"{metric}_std": statistics.stdev(values) if more else "",
    }
    if several:
        found[f"{metric}_interval"] = interval(values) if more else ""
    return found


def interval(values: Sequence[float]) -> float:
    """Half the width of the 95 % interval of the mean: Student's t, n - 1 degrees of freedom."""
    from scipy.special import stdtrit

    quantile = float(stdtrit(len(values) - 1, (1 + CONFIDENCE) / 2))
    return quantile * statistics.stdev(values) / math.sqrt(len(values))


def _plain(value: Any) -> Any:
    return value if isinstance(value, int | float | str) else json.dumps(value)


def markdown(study: Study, table: Sequence[Row], results: Mapping[str, Row]) -> str:
    """The table for people, with what it shows, its best row and the cells that failed."""
    from genkit.artifacts import Table

    better = "less" if study.mode == "min" else "more"
    text = f"# {study.name}\n\n{study.description}\n\n" if study.description else ""
    text += f"{study.metric} on {study.split}, {better} is better.{_words(study, table)}\n\n"
    text += Table("table", table).markdown()
    best = _best(study, table)
    if best is not None:
        text += f"\nBest mean: {best}\n"
    failed = [f"- {name}: {row['error']}\n" for name, row in results.items() if "error" in row]
    return text + ("\nFailed:\n\n" + "".join(failed) if failed else "")


def _words(study: Study, table: Sequence[Row]) -> str:
    """What a row takes together, where it is more than one run."""
    if f"{study.metric}_interval" not in table[0]:
        return ""
    over = [*study.average, *(["seeds"] if len(study.config.seeds) > 1 else [])]
    each = f" A row is over {' and '.join(over)}." if over else ""
    return f"{each} An interval is half the width of the 95 % interval of the mean (Student's t)."


def _best(study: Study, table: Sequence[Row]) -> str | None:
    column = f"{study.metric}_mean"
    measured = [row for row in table if row[column] != ""]
    if not measured:
        return None
    choose = min if study.mode == "min" else max
    row = choose(measured, key=lambda row: row[column])
    varied = grouping.rows(study)[0].values
    where = ", ".join(f"{key}={row[key]}" for key in varied)
    return f"{row[column]:.6g}" + (f" at {where}" if where else "")
