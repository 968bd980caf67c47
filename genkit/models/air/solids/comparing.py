"""Solids that were inferred against those that there are."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from genkit.data.scenes.dataset import COUNT, LABEL
from genkit.data.scenes.solids import AZIMUTH, POSES
from genkit.family import Arrays
from genkit.models.air.solids.explained import ExplainedSolids, degrees, turn_errors

FAR = 0.4  # a solid that is farther than that from every true one is none of them


def compare(truth: Arrays, found: ExplainedSolids) -> dict[str, np.ndarray]:
    """Each solid of a batch with the nearest, so that the sum of distances is least.

    Returns:
        Arrays with a row for each solid, true or invented: `right`, `missed` and `invented`, 0 or
        1; `place`, distances on the table, and `turn` in degrees, NaN where there is none; and with
        a row for each picture `azimuth`, error of the camera in degrees, and `pictures`, ones.
    """
    rows: list[tuple[float, float, float, float, float]] = []
    for i, (have, there) in enumerate(zip(found.counts, truth[COUNT], strict=True)):
        own, true = found.poses[i, :have], truth[POSES][i, :there]
        near = _near(own, true)
        rows += [(0, 1, 0, np.nan, np.nan)] * (int(there) - len(near))
        rows += [(0, 0, 1, np.nan, np.nan)] * (int(have) - len(near))
        for a, b, gap in near:
            shape = int(truth[LABEL][i, b])
            turn = float(turn_errors(own[a, 2], true[b, 2], np.array(shape)))
            rows.append((float(found.shapes[i, a] == shape), 0, 0, gap, turn))
    columns = np.array(rows, float).reshape(-1, 5).T
    names = ("right", "missed", "invented", "place", "turn")
    error = np.abs(degrees(found.azimuth - truth[AZIMUTH]))
    solids = dict(zip(names, columns, strict=True))
    return {**solids, "azimuth": error, "pictures": np.ones(len(found))}


def _near(own: np.ndarray, true: np.ndarray) -> list[tuple[int, int, float]]:
    """Pairs of rows of poses that belong together, and how far apart they are."""
    from scipy.optimize import linear_sum_assignment

    gaps = np.linalg.norm(own[:, None, :2] - true[None, :, :2], axis=-1)
    # Beyond FAR all are as bad, so that a far one never keeps two near ones apart.
    pairs = zip(*linear_sum_assignment(np.where(gaps <= FAR, gaps, 2 * FAR)), strict=True)
    return [(int(a), int(b), float(gaps[a, b])) for a, b in pairs if gaps[a, b] <= FAR]


def summary(compared: Mapping[str, np.ndarray], camera: bool) -> dict[str, float]:
    """Metrics of what `compare` gave.

    `shape_accuracy` counts a solid that was missed as wrong; errors of place and turn are medians
    over those found, turns modulo the symmetry of the true shape.
    """
    there = int((compared["invented"] == 0).sum())
    metrics = {"invented_per_image": float(compared["invented"].sum() / len(compared["pictures"]))}
    if there:
        metrics["shape_accuracy"] = float(compared["right"].sum() / there)
        metrics["found_share"] = 1.0 - float(compared["missed"].sum() / there)
    places, turns = (compared[name][~np.isnan(compared[name])] for name in ("place", "turn"))
    if len(places):
        metrics["place_error"] = float(np.median(places))
    if len(turns):
        metrics["turn_error_degrees"] = float(np.median(turns))
        metrics["turn_within_15_degrees"] = float((turns <= 15.0).mean())
    if camera:
        metrics["camera_error_degrees"] = float(np.median(compared["azimuth"]))
    return metrics
