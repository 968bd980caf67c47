"""What the layers of a cut network hold (arXiv:1703.00522, section 5)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from genkit.artifacts import Figure
from genkit.errors import UsageError
from genkit.metrics.representations import (
    class_distance,
    correlation_figure,
    dissimilarity,
    grid_figure,
    matrix_correlations,
    probe_accuracy,
)
from genkit.models.synthetic_gradients.choosing import chosen
from genkit.progress import Progress

if TYPE_CHECKING:
    from genkit.models.synthetic_gradients.learner import SyntheticGradientsLearner

FEWEST = 3  # items that can be compared
COMPARED = 400  # items of a dissimilarity matrix
TAUGHT = 2000  # training items that a probe learns from
TESTED = 2000


@dataclass
class Representations:
    """Metrics, a row for each layer, tables and figures."""

    metrics: dict[str, float]
    rows: list[dict[str, Any]]
    tables: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    figures: list[Figure] = field(default_factory=list)


def compared(
    learner: SyntheticGradientsLearner, split: Any, progress: Progress
) -> Representations | None:
    """Dissimilarity matrices of all layers with their correlations, and probes; beside those of
    the run that is the input `reference`, where there is one. None of fewer than three items."""
    if len(split) < FEWEST:
        return None
    x, targets, labels = _by_class(learner, split)
    layers, _ = learner.look(x, targets)
    matrices = [dissimilarity(layer) for layer in layers]
    own = matrix_correlations(matrices, matrices)
    rows: list[dict[str, Any]] = [
        {"class_distance": class_distance(m, labels), "rdm_correlation_below": None}
        for m in matrices
    ]
    for i, row in enumerate(rows[1:], 1):
        row["rdm_correlation_below"] = float(own[i, i - 1])
    for row, accuracy in zip(rows, _probes(learner, split, progress), strict=True):
        row["probe_accuracy"] = accuracy
    titles = [f"layer {i}" for i in range(len(matrices))]
    method, figures = learner.config.method, []
    figures.append(grid_figure(matrices, titles, "representations"))
    both = (f"layers, {method}", f"layers, {method}")
    figures.append(correlation_figure(own, "representations compared", "rdm-correlations", both))
    figures.append(_probe_figure(rows))
    found = Representations({}, rows, {"rdm_correlations": _table(own)}, figures)
    if "reference" in learner.inputs:
        _beside(learner, found, matrices, (x, targets))
    return found


def _by_class(
    learner: SyntheticGradientsLearner, split: Any
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Some items of a split, in the order of their classes."""
    x, targets, labels = learner.items(split, chosen(len(split), COMPARED))
    if labels is None:
        raise UsageError("representations are compared by class: the split has no labels")
    order = np.argsort(labels, kind="stable")
    return x[order], targets[order], labels[order]


def _probes(learner: SyntheticGradientsLearner, split: Any, progress: Progress) -> list[float]:
    """Accuracy of a linear probe at each layer."""
    train = learner.split("train")
    known = learner.items(train, chosen(len(train), TAUGHT))
    tested = learner.items(split, chosen(len(split), TESTED))
    taught, _ = learner.look(known[0], known[1])
    asked, _ = learner.look(tested[0], tested[1])
    progress.start("probes", len(taught), "layers")
    found = []
    for layer, other in zip(taught, asked, strict=True):
        assert known[2] is not None  # noqa: S101 - refused above
        assert tested[2] is not None  # noqa: S101
        found.append(probe_accuracy(layer, known[2], other, tested[2]))
        progress.advance(1)
    progress.finish()
    return found


def _beside(
    learner: SyntheticGradientsLearner,
    found: Representations,
    matrices: list[np.ndarray],
    items: tuple[np.ndarray, np.ndarray],
) -> None:
    """Adds what the representations of the reference say."""
    from genkit.opening import open_run

    run = learner.inputs["reference"]
    other: Any = open_run(run, run.recipe.eval.checkpoint).learner
    layers, _ = other.look(*items)
    theirs = [dissimilarity(layer) for layer in layers]
    crossed = matrix_correlations(matrices, theirs)
    axes = (f"layers, {learner.config.method}", f"layers, {other.config.method}")
    found.figures.append(correlation_figure(crossed, "beside the reference", "rdm-beside", axes))
    found.figures.append(
        grid_figure(theirs, [f"layer {i}" for i in range(len(theirs))], "representations-reference")
    )
    found.tables["rdm_beside_reference"] = _table(crossed)
    if len(theirs) == len(matrices):
        for row, value in zip(found.rows, np.diag(crossed), strict=True):
            row["rdm_correlation_with_reference"] = float(value)
        found.metrics["rdm_correlation_with_reference"] = float(np.diag(crossed).mean())


def _probe_figure(rows: list[dict[str, Any]]) -> Figure:
    """What probes read by layer, and how far apart classes lie."""
    from matplotlib.figure import Figure as Canvas

    canvas = Canvas(figsize=(6, 3.2), layout="constrained")
    axes = canvas.add_subplot()
    for name, said in (
        ("probe_accuracy", "accuracy of a linear probe"),
        ("class_distance", "distance of classes"),
    ):
        axes.plot(range(len(rows)), [row[name] for row in rows], marker="o", label=said)
    axes.set(xlabel="layer", title="what layers hold")
    axes.legend()
    return Figure.from_matplotlib("probes", canvas)


def _table(matrix: np.ndarray) -> list[dict[str, Any]]:
    return [
        {"layer": i, **{str(j): round(float(value), 4) for j, value in enumerate(row)}}
        for i, row in enumerate(matrix)
    ]
