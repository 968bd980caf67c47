"""The loss that a module implies, beside the true one, where two numbers cross a cut.

A module that tells slopes implies the loss whose slopes they are, along straight lines from the
middle (arXiv:1703.00522, section 4): a linear one implies a square.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from keras import ops

from genkit.artifacts import Figure
from genkit.models.synthetic_gradients.losses import item_losses

if TYPE_CHECKING:
    from genkit.models.synthetic_gradients.learner import SyntheticGradientsLearner

SIDE = 41  # points along each axis
STEPS = 16  # of an integral, by midpoints: exact for linear modules
REACH = 3.0  # deviations of what crosses the cut, around its mean


@dataclass(frozen=True)
class Surface:
    """Losses over the plane for one target.

    Args:
        target: `(K,)`. axes: `(SIDE,)` of each coordinate.
        true, implied: `(SIDE, SIDE)`, the second coordinate first; equal in the middle.
    """

    target: np.ndarray
    axes: tuple[np.ndarray, np.ndarray]
    true: np.ndarray
    implied: np.ndarray


def in_the_plane(learner: SyntheticGradientsLearner) -> bool:
    """Whether the lowest cut has a module and two numbers cross it."""
    config = learner.config
    if not (config.learned and config.cuts()):
        return False
    steady = config.module.kind != "mlp" or not config.module.normalise
    return steady and tuple(learner.network.shapes[config.cuts()[0]]) == (2,)


def surfaces(learner: SyntheticGradientsLearner) -> list[Surface]:
    """One for each target that is shown: the classes, or two axes of numbers."""
    split = learner.split("train")
    x, targets, _ = learner.items(split, slice(0, 1000))
    crossing = learner.look(x, targets)[0][learner.config.cuts()[0]]
    middle, spread = crossing.mean(axis=0), crossing.std(axis=0) + 1e-3
    axes = tuple(np.linspace(m - REACH * s, m + REACH * s, SIDE) for m, s in zip(middle, spread))  # noqa: B905
    grid = np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, 2).astype(np.float32)
    shown = np.eye(learner.outputs, dtype=np.float32)
    return [_surface(learner, target, axes, grid, middle) for target in shown]


def _surface(
    learner: SyntheticGradientsLearner, target: np.ndarray, axes: Any, grid: np.ndarray, middle: Any
) -> Surface:
    start = middle.astype(np.float32)
    targets = np.broadcast_to(target, (len(grid), len(target))).copy()
    true = losses_above(learner, grid, targets)
    origin = losses_above(learner, np.repeat(start[None], len(grid), 0), targets)[0]
    implied = np.full(len(grid), float(origin))
    for step in range(STEPS):
        at = start + np.float32((step + 0.5) / STEPS) * (grid - start)
        implied += (learner.told(at, targets) * (grid - start)).sum(axis=1) / STEPS
    shape = (SIDE, SIDE)
    return Surface(target, axes, true.reshape(shape), implied.reshape(shape))


def losses_above(
    learner: SyntheticGradientsLearner, crossing: np.ndarray, targets: np.ndarray
) -> np.ndarray:
    """Loss of each item, `(n,)`, if this crossed the lowest cut."""
    layers = range(learner.config.cuts()[0] + 1, len(learner.network.blocks))
    given, _ = learner.network.run(ops.convert_to_tensor(crossing), layers, training=False)
    losses = item_losses(learner.config.loss, given[-1], ops.convert_to_tensor(targets))
    return np.asarray(ops.convert_to_numpy(losses))


def figures(learner: SyntheticGradientsLearner) -> list[Figure]:
    """True, implied and their difference, a row for each target."""
    from matplotlib.figure import Figure as Canvas

    found = surfaces(learner)
    canvas = Canvas(figsize=(9, 2.8 * len(found)), layout="constrained")
    for row, surface in enumerate(found):
        low, high = float(surface.true.min()), float(surface.true.max())
        gap = surface.implied - surface.true
        most = max(float(np.abs(gap).max()), 1e-9)
        panels = (
            ("true loss", surface.true, low, high, "viridis"),
            ("implied loss", surface.implied, low, high, "viridis"),
            ("difference", gap, -most, most, "coolwarm"),
        )
        for column, (title, values, least, top, colours) in enumerate(panels):
            axes = canvas.add_subplot(len(found), 3, 3 * row + column + 1)
            (left, right), (bottom, up) = ((a[0], a[-1]) for a in surface.axes)
            shown = axes.imshow(
                values,
                extent=(left, right, bottom, up),
                origin="lower",
                aspect="auto",
                vmin=least,
                vmax=top,
                cmap=colours,
            )
            canvas.colorbar(shown, ax=axes)
            axes.set_title(f"{title}, target {' '.join(f'{t:g}' for t in surface.target)}")
    return [Figure.from_matplotlib("losses", canvas)]
