"""Solids that were inferred against those that there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from genkit.data.scenes.dataset import COUNT, LABEL
from genkit.data.scenes.solids import AZIMUTH, POSES
from genkit.family import Arrays
from genkit.models.air.solids.explained import ExplainedSolids, turn_errors

FAR = 0.4  # a solid that is farther than that from every true one is none of them


@dataclass(frozen=True)
class Pairs:
    """Solids that belong together.

    Args:
        found, true: `(P,)` shapes. places: `(P,)` distances on the table. turns: `(P,)` degrees,
            NaN of spheres. missed: true solids without one. invented: found ones without one.
    """

    found: np.ndarray
    true: np.ndarray
    places: np.ndarray
    turns: np.ndarray
    missed: int
    invented: int


def paired(truth: Arrays, found: ExplainedSolids) -> Pairs:
    """Each solid with the nearest, so that the sum of distances is least."""
    from scipy.optimize import linear_sum_assignment

    rows: list[tuple[int, int, float, float]] = []
    missed = invented = 0
    for i, (have, there) in enumerate(zip(found.counts, truth[COUNT], strict=True)):
        own, true = found.poses[i, :have], truth[POSES][i, :there]
        gaps = np.linalg.norm(own[:, None, :2] - true[None, :, :2], axis=-1)
        pairs = [(a, b) for a, b in zip(*linear_sum_assignment(gaps), strict=True)]
        near = [(a, b) for a, b in pairs if gaps[a, b] <= FAR]
        missed += int(there) - len(near)
        invented += int(have) - len(near)
        for a, b in near:
            shape = int(truth[LABEL][i, b])
            turn = turn_errors(own[a, 2], true[b, 2], np.array(shape))
            rows.append((int(found.shapes[i, a]), shape, float(gaps[a, b]), float(turn)))
    columns = np.array(rows, float).reshape(-1, 4).T
    return Pairs(
        columns[0].astype(int), columns[1].astype(int), columns[2], columns[3], missed, invented
    )


def compare(truth: Arrays, batches: Sequence[ExplainedSolids], camera: bool) -> dict[str, float]:
    """Metrics: shapes and poses of solids that were found, and how many were.

    `shape_accuracy` counts a solid that was missed as wrong; errors of place and turn are medians
    over those found, turns modulo the symmetry of the true shape.
    """
    found, start = [], 0
    for batch in batches:
        rows = slice(start, start + len(batch.counts))
        found.append(paired({name: array[rows] for name, array in truth.items()}, batch))
        start = rows.stop
    true = sum(len(p.true) + p.missed for p in found)
    if not true:
        return {}
    right = sum(int((p.found == p.true).sum()) for p in found)
    places = np.concatenate([p.places for p in found])
    turns = np.concatenate([p.turns for p in found])
    metrics = {
        "shape_accuracy": right / true,
        "found_share": 1.0 - sum(p.missed for p in found) / true,
        "invented_per_image": sum(p.invented for p in found) / start,
    }
    if len(places):
        metrics["place_error"] = float(np.median(places))
    turned = turns[~np.isnan(turns)]
    if len(turned):
        metrics["turn_error_degrees"] = float(np.median(turned))
        metrics["turn_within_15_degrees"] = float((turned <= 15.0).mean())
    if camera:
        azimuth = np.concatenate([batch.azimuth for batch in batches])
        error = np.rad2deg(np.abs(azimuth - truth[AZIMUTH]))
        metrics["camera_error_degrees"] = float(np.median(error))
    return metrics
