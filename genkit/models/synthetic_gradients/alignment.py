"""How the errors that layers are told agree with the true ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from genkit.artifacts import Figure

if TYPE_CHECKING:
    from genkit.models.synthetic_gradients.learner import SyntheticGradientsLearner

BATCHES = 4


def measured(learner: SyntheticGradientsLearner, split: Any) -> list[dict[str, Any]]:
    """A row for each layer: cosine, share of equal signs and ratio of lengths of the error told
    and the true one, means over items of a few batches.

    An error of zero has a cosine of 0; signs are compared where the true one is not zero.
    """
    size = min(learner.recipe.train.batch_size, len(split))
    count = max(1, min(BATCHES, len(split) // size))
    found = [_batch(learner, split, slice(i * size, (i + 1) * size)) for i in range(count)]
    rows = []
    for layer, cut in enumerate(learner.network.shapes):
        del cut
        values = np.mean([batch[layer] for batch in found], axis=0)
        names = ("cosine", "sign_agreement", "norm_ratio")
        row: dict[str, Any] = {"layer": layer, "cut": layer in learner.config.cuts()}
        rows.append({**row, **{n: float(v) for n, v in zip(names, values, strict=True)}})
    return rows


def _batch(
    learner: SyntheticGradientsLearner, split: Any, chosen: slice
) -> list[tuple[float, ...]]:
    x, targets, _ = learner.items(split, chosen)
    return [agreement(told, true) for told, true in learner.layer_errors(x, targets)]


def agreement(told: np.ndarray, true: np.ndarray) -> tuple[float, float, float]:
    """Mean cosine, share of equal signs, ratio of lengths of errors `(B, ...)`."""
    a = told.reshape(len(told), -1).astype(np.float64)
    b = true.reshape(len(true), -1).astype(np.float64)
    lengths = np.linalg.norm(a, axis=1), np.linalg.norm(b, axis=1)
    both = lengths[0] * lengths[1]
    cosines = np.where(both > 0, (a * b).sum(axis=1) / np.where(both > 0, both, 1.0), 0.0)
    where = b != 0
    signs = (np.sign(a) == np.sign(b))[where]
    ratio = lengths[0].mean() / lengths[1].mean() if lengths[1].any() else np.nan
    return float(cosines.mean()), float(signs.mean()) if signs.size else np.nan, float(ratio)


def summary(learner: SyntheticGradientsLearner, rows: list[dict[str, Any]]) -> dict[str, float]:
    """Means over the layers below the highest cut, whose errors the method decides."""
    cuts = learner.config.cuts()
    below = [row for row in rows if cuts and row["layer"] <= cuts[-1]]
    if not below:
        return {}
    names = ("cosine", "sign_agreement")
    return {f"{name}_below_cuts": float(np.mean([row[name] for row in below])) for name in names}


def figure(rows: list[dict[str, Any]], split: str) -> Figure:
    """Cosines and signs by layer."""
    from matplotlib.figure import Figure as Canvas

    canvas = Canvas(figsize=(6, 3.2), layout="constrained")
    axes = canvas.add_subplot()
    layers = [row["layer"] for row in rows]
    for name, said in (("cosine", "cosine"), ("sign_agreement", "share of equal signs")):
        axes.plot(layers, [row[name] for row in rows], marker="o", label=said)
    for row in rows:
        if row["cut"]:
            axes.axvline(row["layer"] + 0.5, color="0.8", zorder=0)
    axes.axhline(0.0, color="0.5", linewidth=0.8)
    axes.set(xlabel="layer", title=f"{split}: the error told and the true one", ylim=(-0.3, 1.05))
    axes.legend()
    return Figure.from_matplotlib("alignment", canvas)
