"""How much sooner the rows of a study reach what the best of its reference is."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from genkit.files import write_atomically
from genkit.study.averaging import exact_mean
from genkit.study.grouping import is_reference, points
from genkit.study.labels import labels, words
from genkit.study.ranking import best_curves
from genkit.study.records import Curve, Curves, read_curves

if TYPE_CHECKING:
    from genkit.recipe import Study

NAME = "speedups"

Row = dict[str, Any]


def save_speedups(study: Study, folder: Path, results: Mapping[str, Any]) -> list[Path]:
    """`speedups.csv` and `speedups.md` of a study with a curve and a reference.

    Args:
        folder: of the study. results: name of a cell -> what is stored about it.
    """
    from genkit.artifacts import Table

    if not study.curve or not study.reference:
        return []
    curves = read_curves(study, folder, results)
    if not curves.of:
        return []
    rows = speedups(study, results, curves)
    text = markdown(study, rows, curves.axis)
    path = folder / f"{NAME}.md"
    write_atomically(path, text.encode())
    return [*Table(NAME, rows).save(folder), path]


def speedups(study: Study, results: Mapping[str, Any], curves: Curves) -> list[Row]:
    """A row for each point of the grid, over its `top` best draws or runs; empty where unknown.

    The speed-up is the steps after which the mean curve of the reference is at its best, divided
    by those after which the row's own is as good (Jaderberg et al., 2017, arXiv:1611.05397).
    All curves are cut where the shortest of them ends.

    Args:
        results: name of a cell -> what is stored about it.
        curves: at least one.
    """
    groups = points(study)
    found = [best_curves(study, group, results, curves) for group in groups]
    end = min(float(x[-1]) for x, _ in chain(*found))
    cut = [[curve for whole in own if (curve := cut_at(whole, end)) is not None] for own in found]
    at = next(number for number, group in enumerate(groups) if is_reference(study, group))
    target = _best_of(cut[at], study.mode)
    reference = _reached(cut[at], target, study.mode)
    rows: list[Row] = []
    for label, whole, own in zip(labels(groups), found, cut, strict=True):
        steps = _reached(own, target, study.mode)
        row: Row = {"row": label, "runs": len(whole)}
        row |= _statistics("auc", [area(curve) for curve in own])
        row |= _statistics("final", [float(y[-1]) for _, y in whole])
        row |= {"reference_best": target, "reference_steps": reference, "steps": steps}
        row["speed_up"] = reference / steps if reference is not None and steps else None
        rows.append({key: "" if value is None else value for key, value in row.items()})
    return rows


def cut_at(curve: Curve, end: float) -> Curve | None:
    """The part of a curve up to step `end`; None for one that begins no earlier."""
    x, y = curve
    if x[0] >= end:
        return None
    inside = x < end
    return np.append(x[inside], end), np.append(y[inside], np.interp(end, x, y))


def area(curve: Curve) -> float:
    """The mean height of a curve over its steps, by trapezia; those before it begins are left
    out."""
    x, y = curve
    return float(np.sum(np.diff(x) * (y[1:] + y[:-1]) / 2) / (x[-1] - x[0]))


def first_reached(curve: Curve, target: float, mode: str) -> float | None:
    """The steps after which a curve is first at `target` or better; None if it never is."""
    x, y = curve
    sign = 1.0 if mode == "max" else -1.0
    above = np.flatnonzero(sign * y >= sign * target)
    if not len(above):
        return None
    i = int(above[0])
    if i == 0:
        return float(x[0])
    part = (target - y[i - 1]) / (y[i] - y[i - 1])
    return float(x[i - 1] + part * (x[i] - x[i - 1]))


def _best_of(curves: Sequence[Curve], mode: str) -> float | None:
    """The best of the mean of curves."""
    if not curves:
        return None
    _, y = exact_mean(curves)
    return float(y.max() if mode == "max" else y.min())


def _reached(curves: Sequence[Curve], target: float | None, mode: str) -> float | None:
    """The steps after which the mean of curves is first as good as `target`."""
    if not curves or target is None:
        return None
    return first_reached(exact_mean(curves), target, mode)


def _statistics(name: str, values: Sequence[float]) -> Row:
    return {
        f"{name}_mean": statistics.fmean(values) if values else None,
        f"{name}_std": statistics.stdev(values) if len(values) > 1 else None,
    }


def markdown(study: Study, rows: Sequence[Row], axis: str) -> str:
    """The rows for people, with what the columns mean."""
    from genkit.artifacts import Table

    better = "less" if study.mode == "min" else "more"
    over = {"step": "updates"}.get(axis, axis.replace("_", " "))
    counted = "draws" if study.config.random else "runs"
    each = f" A row is over its {study.config.top} best {counted}." if study.config.top else ""
    reference = ", ".join(f"{key}={words(value)}" for key, value in study.reference.items())
    text = (
        f"# {study.name}\n\n{study.curve} over {over}, {better} is better.{each} `auc` is the mean "
        "of a curve from its first record to where the shortest ends, `final` its last record. "
        "`speed_up` is the steps that the mean curve of the reference needs to its best, divided "
        f"by those that the row's needs to be as good. Reference: {reference}.\n\n"
    )
    return text + Table(NAME, [_rounded(row) for row in rows]).markdown()


def _rounded(row: Row) -> Row:
    """Steps are read as whole numbers."""
    whole = ("reference_steps", "steps")
    return {k: round(v) if k in whole and v != "" else v for k, v in row.items()}
