"""Items with what is predicted of them: rows, and sheets of pictures."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from genkit.artifacts import Figure
from genkit.data.points.toys import PointSplit
from genkit.errors import UsageError
from genkit.progress import Progress

if TYPE_CHECKING:
    from genkit.models.synthetic_gradients.learner import SyntheticGradientsLearner

PIECE = 1000
SHEET = 50  # images of a sheet
COLUMNS = 10


def rows(
    learner: SyntheticGradientsLearner, split: Any, progress: Progress
) -> Iterator[dict[str, Any]]:
    """Per item: `index`; `label`, `loss` where known; `named` and `probability`, or `output`."""
    progress.start("items", len(split), "items")
    classes = learner.recipe.data.class_count() is not None
    for start in range(0, len(split), PIECE):
        x, targets, labels = learner.items(split, slice(start, start + PIECE))
        outputs, losses = learner.outcomes(x, targets)
        known = labels is not None or isinstance(split, PointSplit)
        for i, output in enumerate(outputs.astype(np.float64)):
            row: dict[str, Any] = {"index": start + i}
            if labels is not None:
                row["label"] = int(labels[i])
            if classes:
                row["named"] = int(output.argmax())
                row["probability"] = float(_probabilities(learner, output)[output.argmax()])
            else:
                row["output"] = [round(float(number), 6) for number in output]
            if known:
                row["loss"] = float(losses[i])
            yield row
            progress.advance(1)
    progress.finish()


def _probabilities(learner: SyntheticGradientsLearner, output: np.ndarray) -> np.ndarray:
    """Of the classes, from outputs `(K,)`; for the loss `mse` outputs themselves, cut at 0, 1."""
    loss = learner.config.loss
    if loss == "mse":
        return np.clip(output, 0.0, 1.0)
    if loss == "log":
        return np.asarray(1.0 / (1.0 + np.exp(-output)))
    shifted = np.exp(output - output.max())
    return np.asarray(shifted / shifted.sum())


def sheets(learner: SyntheticGradientsLearner, split: Any, progress: Progress) -> Iterator[Figure]:
    """Pictures of fifty images with what they are named; wrong ones in red, with what they are."""
    if isinstance(split, PointSplit):
        raise UsageError("points have no pictures: leave --files out")
    progress.start("sheets", len(split), "images")
    for start in range(0, len(split), SHEET):
        chosen = slice(start, start + SHEET)
        x, targets, labels = learner.items(split, chosen)
        outputs, _ = learner.outcomes(x, targets)
        images = np.asarray(split.images[chosen])
        yield _sheet(images, split.levels, outputs.argmax(axis=-1), labels, f"{start:06d}")
        progress.advance(len(x))
    progress.finish()


def _sheet(
    images: np.ndarray, levels: int, named: np.ndarray, labels: np.ndarray | None, name: str
) -> Figure:
    from matplotlib.figure import Figure as Canvas

    lines = -(-len(images) // COLUMNS)
    canvas = Canvas(figsize=(COLUMNS, 1.2 * lines), layout="constrained")
    for i, image in enumerate(images):
        axes = canvas.add_subplot(lines, COLUMNS, i + 1)
        shown = image[..., 0] if image.shape[-1] == 1 else image
        top = levels - 1
        axes.imshow(shown / top, cmap="gray", vmin=0.0, vmax=1.0, interpolation="nearest")
        axes.set(xticks=[], yticks=[])
        wrong = labels is not None and named[i] != labels[i]
        title = f"{named[i]} (is {labels[i]})" if wrong and labels is not None else str(named[i])
        axes.set_title(title, fontsize=8, color="crimson" if wrong else "black")
    return Figure.from_matplotlib(name, canvas)
