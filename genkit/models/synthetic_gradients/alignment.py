"""How the errors that layers are told agree with the true ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from genkit.artifacts import Figure
from genkit.models.synthetic_gradients.choosing import chosen

if TYPE_CHECKING:
    from genkit.models.synthetic_gradients.learner import SyntheticGradientsLearner

BATCHES = 4
NAMES = ("cosine", "sign_agreement", "norm_ratio", "distance")


def measured(learner: SyntheticGradientsLearner, split: Any) -> list[dict[str, Any]]:
    """A row for each layer: cosine, share of equal signs, ratio of lengths and distance in units
    of the true one, of the error told and the true one, means over items of a few batches; at cuts
    with a module also its loss.

    An error of zero has a cosine of 0; signs are compared where the true one is not zero.
    """
    size = min(learner.recipe.train.batch_size, len(split))
    count = max(1, min(BATCHES, len(split) // size))
    order = chosen(len(split), size * count)
    batches = [learner.items(split, own)[:2] for own in np.split(order, count)]
    errors = [learner.errors(*batch) for batch in batches]
    found = [[agreement(*pair) for pair in pairs] for pairs, _ in errors]
    missed = np.mean([losses for _, losses in errors], axis=0)
    cuts, rows = list(learner.config.cuts()), []
    for layer in range(len(learner.network.blocks)):
        values = np.mean([batch[layer] for batch in found], axis=0)
        row: dict[str, Any] = {"layer": layer, "cut": layer in cuts}
        row |= {name: _finite(v) for name, v in zip(NAMES, values, strict=True)}
        if learner.config.learned:  # a table has the same columns in every row
            row["module_loss"] = float(missed[cuts.index(layer)]) if layer in cuts else None
        rows.append(row)
    return rows


def _finite(value: Any) -> float | None:
    return float(value) if np.isfinite(value) else None


def agreement(told: np.ndarray, true: np.ndarray) -> tuple[float, ...]:
    """`NAMES` of errors `(B, ...)`; what is not defined is NaN."""
    a = told.reshape(len(told), -1).astype(np.float64)
    b = true.reshape(len(true), -1).astype(np.float64)
    lengths = np.linalg.norm(a, axis=1), np.linalg.norm(b, axis=1)
    both = lengths[0] * lengths[1]
    cosines = np.where(both > 0, (a * b).sum(axis=1) / np.where(both > 0, both, 1.0), 0.0)
    where = b != 0
    signs = (np.sign(a) == np.sign(b))[where]
    ratio = lengths[0].mean() / lengths[1].mean() if lengths[1].any() else np.nan
    length = lengths[1].mean()
    apart = np.linalg.norm(a - b, axis=1).mean() / length if length else np.nan
    equal = signs.mean() if signs.size else np.nan
    return float(cosines.mean()), float(equal), float(ratio), float(apart)


def summary(learner: SyntheticGradientsLearner, rows: list[dict[str, Any]]) -> dict[str, float]:
    """Means over the layers below the highest cut, whose errors the method decides."""
    cuts = learner.config.cuts()
    below = [row for row in rows if cuts and row["layer"] <= cuts[-1]]
    if not below:
        return {}
    found = {}
    for name in ("cosine", "sign_agreement", "distance"):
        values = [row[name] for row in below if row[name] is not None]
        if values:
            found[f"{name}_below_cuts"] = float(np.mean(values))
    if learner.config.learned:
        found["module_loss"] = float(np.sum([row["module_loss"] or 0.0 for row in rows]))
    return found


def figure(rows: list[dict[str, Any]], split: str) -> Figure:
    """Cosines and signs by layer."""
    from matplotlib.figure import Figure as Canvas

    canvas = Canvas(figsize=(6, 3.2), layout="constrained")
    axes = canvas.add_subplot()
    layers = [row["layer"] for row in rows]
    for name, said in (("cosine", "cosine"), ("sign_agreement", "share of equal signs")):
        values = [np.nan if row[name] is None else row[name] for row in rows]
        axes.plot(layers, values, marker="o", label=said)
    for row in rows:
        if row["cut"]:
            axes.axvline(row["layer"] + 0.5, color="0.8", zorder=0)
    axes.axhline(0.0, color="0.5", linewidth=0.8)
    axes.set(xlabel="layer", title=f"{split}: the error told and the true one", ylim=(-0.3, 1.05))
    axes.legend()
    return Figure.from_matplotlib("alignment", canvas)
