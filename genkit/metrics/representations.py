"""Representations compared: dissimilarity matrices and linear probes.

Kriegeskorte et al., 2008, Representational similarity analysis.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from genkit.artifacts import Figure


def dissimilarity(activations: np.ndarray) -> np.ndarray:
    """`(N, N)`: 1 less the Pearson correlation of the activations `(N, ...)` of each pair of items.

    An item whose activations are all equal has no correlation: its rows are 1, but for itself.
    """
    rows = activations.reshape(len(activations), -1).astype(np.float64)
    rows = rows - rows.mean(axis=1, keepdims=True)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    rows = np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0)
    found = 1.0 - rows @ rows.T
    np.fill_diagonal(found, 0.0)
    return np.asarray(found)


def matrix_correlations(left: Sequence[np.ndarray], right: Sequence[np.ndarray]) -> np.ndarray:
    """Spearman's correlation of the upper triangles of each of `left` with each of `right`."""
    from scipy.stats import rankdata

    def ranked(matrices: Sequence[np.ndarray]) -> np.ndarray:
        upper = np.triu_indices(len(matrices[0]), 1)
        ranks = np.stack([rankdata(matrix[upper]) for matrix in matrices])
        ranks -= ranks.mean(axis=1, keepdims=True)
        lengths = np.linalg.norm(ranks, axis=1, keepdims=True)
        return np.divide(ranks, lengths, out=np.zeros_like(ranks), where=lengths > 0)

    return np.asarray(ranked(left) @ ranked(right).T)


def class_distance(matrix: np.ndarray, labels: np.ndarray) -> float:
    """Mean dissimilarity of items of different classes less that of items of one class."""
    same = labels[:, None] == labels[None, :]
    np.fill_diagonal(same, False)
    other = labels[:, None] != labels[None, :]
    if not same.any() or not other.any():
        return float("nan")
    return float(matrix[other].mean() - matrix[same].mean())


def probe_accuracy(
    known: np.ndarray, labels: np.ndarray, held_out: np.ndarray, truth: np.ndarray
) -> float:
    """Accuracy of a ridge classifier on activations `(n, ...)`, scaled by the known ones."""
    from sklearn.linear_model import RidgeClassifier

    mean = known.reshape(len(known), -1).mean(axis=0)
    spread = known.reshape(len(known), -1).std(axis=0) + 1e-6

    def flat(x: np.ndarray) -> np.ndarray:
        return (x.reshape(len(x), -1) - mean) / spread

    classifier = RidgeClassifier(alpha=10.0).fit(flat(known), labels)
    return float((classifier.predict(flat(held_out)) == truth).mean())


def grid_figure(matrices: Sequence[np.ndarray], titles: Sequence[str], name: str) -> Figure:
    """Matrices side by side, a row of ten at most."""
    from matplotlib.figure import Figure as Canvas

    columns = min(10, len(matrices))
    lines = -(-len(matrices) // columns)
    canvas = Canvas(figsize=(1.5 * columns, 1.75 * lines), layout="constrained")
    for i, (matrix, title) in enumerate(zip(matrices, titles, strict=True)):
        axes = canvas.add_subplot(lines, columns, i + 1)
        axes.imshow(matrix, vmin=0.0, vmax=1.5, cmap="viridis", interpolation="nearest")
        axes.set(xticks=[], yticks=[])
        axes.set_title(title, fontsize=8)
    return Figure.from_matplotlib(name, canvas)


def correlation_figure(
    matrix: np.ndarray, title: str, name: str, axes_names: tuple[str, str]
) -> Figure:
    """Correlations of layers with layers."""
    from matplotlib.figure import Figure as Canvas

    canvas = Canvas(figsize=(4.6, 4), layout="constrained")
    axes = canvas.add_subplot()
    shown = axes.imshow(matrix, vmin=-0.2, vmax=1.0, cmap="magma", interpolation="nearest")
    axes.set(title=title, xlabel=axes_names[1], ylabel=axes_names[0])
    canvas.colorbar(shown, ax=axes)
    return Figure.from_matplotlib(name, canvas)
