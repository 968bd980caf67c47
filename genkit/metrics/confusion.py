"""Confusion matrices: what samples were asked to be, and what a classifier says they are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from genkit.artifacts import Figure

WRITTEN = 30  # classes up to which counts and names are written out


def confusion_figure(
    asked: np.ndarray,
    named: np.ndarray,
    classes: np.ndarray,
    title: str,
    name: str = "confusion",
    names: Sequence[str] | None = None,
    axes_names: tuple[str, str] = ("asked for", "recognised as"),
) -> Figure:
    """A matrix with a row for each class that was asked for.

    Args:
        asked, named: `(N,)` int, classes.
        classes: `(K,)` int, all that there are: two pictures of a run have the same axes.
        title: of the picture. name: stem of its file.
        names: `(K,)`, of the classes; None writes the numbers.
        axes_names: what `asked` and `named` are.
    """
    from matplotlib.figure import Figure as Canvas
    from sklearn.metrics import ConfusionMatrixDisplay

    written = len(classes) <= WRITTEN
    size = 5 if len(classes) <= 12 else 8
    figure = Canvas(figsize=(size, size), layout="constrained")
    axes = figure.add_subplot()
    ConfusionMatrixDisplay.from_predictions(
        asked,
        named,
        labels=classes,
        display_labels=names,
        include_values=written,
        xticks_rotation="vertical" if names is not None else "horizontal",
        ax=axes,
        colorbar=not written,
    )
    if not written:
        axes.set(xticks=[], yticks=[])
    axes.set(xlabel=axes_names[1], ylabel=axes_names[0], title=title)
    return Figure.from_matplotlib(name, figure)
