"""Verification: whether distances tell pairs of one class from pairs of two."""

from __future__ import annotations

import numpy as np

from genkit.artifacts import Figure


def verification_auc(same: np.ndarray, different: np.ndarray) -> float:
    """Probability that a pair of one class is nearer than a pair of two; ties count half.

    The area under the receiver operating characteristic.

    Args:
        same, different: `(N,)` and `(M,)` distances, neither empty.
    """
    ordered = np.sort(different)
    farther = len(ordered) - np.searchsorted(ordered, same, side="right")
    ties = len(ordered) - np.searchsorted(ordered, same, side="left") - farther
    return float(np.mean(farther + 0.5 * ties) / len(ordered))


def distances_figure(
    same: np.ndarray, different: np.ndarray, title: str, name: str = "distances"
) -> Figure:
    """Histograms of both kinds of pairs, each with the area 1.

    Args:
        same, different: squared distances of unit vectors, 0 to 4.
        title: of the picture. name: stem of its file.
    """
    from matplotlib.figure import Figure as Canvas

    canvas = Canvas(figsize=(6, 3.5), layout="constrained")
    axes = canvas.add_subplot()
    edges = np.linspace(0.0, 4.0, 81).tolist()
    for values, label in ((same, "same person"), (different, "different people")):
        if len(values):
            axes.hist(values, edges, density=True, alpha=0.6, label=label)
    axes.set(xlabel="squared distance", ylabel="density", title=title, xlim=(0, 4))
    axes.legend()
    return Figure.from_matplotlib(name, canvas)
