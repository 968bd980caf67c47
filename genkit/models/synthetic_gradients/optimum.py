"""How far a linear model of a toy problem is from the best one, and its module from the exact."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from keras import ops

if TYPE_CHECKING:
    from genkit.data.points.toys import PointSplit
    from genkit.models.synthetic_gradients.learner import SyntheticGradientsLearner


def distances(
    learner: SyntheticGradientsLearner, split: PointSplit, loss: float
) -> dict[str, float]:
    """`least_loss` that a linear model can have on these very points and `excess_loss`, where all
    layers are linear, and how far a linear module behind the output is from the exact one."""
    config, found = learner.config, {}
    plain = config.activation == "linear" and not config.normalise
    if not config.hidden_layers or (plain and config.width >= learner.outputs):
        found["least_loss"] = least_loss(config.loss, split.points, split.targets)
        found["excess_loss"] = loss - found["least_loss"]
    found.update(_module(learner))
    return found


def least_loss(name: str, points: np.ndarray, targets: np.ndarray) -> float:
    """The least mean loss of any linear map with an offset, on these points.

    Args:
        name: `mse`, `log` or `cross_entropy`. points: `(N, D)`. targets: `(N, K)`.
    """
    ones = np.ones((len(points), 1))
    x = np.concatenate([points.astype(np.float64), ones], axis=1)
    y = targets.astype(np.float64)
    if name == "mse":
        weights, *_ = np.linalg.lstsq(x, y, rcond=None)
        return float(0.5 * np.square(x @ weights - y).sum(axis=1).mean())
    from scipy.optimize import minimize
    from scipy.special import expit, log_softmax, softmax

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        z = x @ flat.reshape(x.shape[1], y.shape[1])
        if name == "log":
            value, error = (np.logaddexp(0.0, z) - y * z).sum(axis=1), expit(z) - y
        else:
            value, error = -(y * log_softmax(z, axis=1)).sum(axis=1), softmax(z, axis=1) - y
        return float(value.mean()), (x.T @ error).ravel() / len(x)

    settings = {"maxiter": 5000, "ftol": 1e-15, "gtol": 1e-9}
    start = np.zeros(x.shape[1] * y.shape[1])
    return float(minimize(loss, start, jac=True, method="L-BFGS-B", options=settings).fun)


def _module(learner: SyntheticGradientsLearner) -> dict[str, float]:
    """`module_asymmetry` of a linear module, the part of A that is no slope of any loss; and
    behind the output `module_distance` from A = 1, B = -1, C = 0, which is exact for `mse`, and
    for `log` where it sees the sigmoid."""
    config = learner.config
    if config.method != "sg" or config.module.kind == "mlp" or not learner.cuts:
        return {}
    weights = [np.asarray(ops.convert_to_numpy(w)) for w in learner.cuts[0].weights]
    a, c, b = (*weights, None)[:3]
    if a is None or c is None or a.ndim != 2:
        return {}
    found: dict[str, Any] = {}
    size = float(np.linalg.norm(a + a.T))
    if config.module.kind == "linear":
        found["module_asymmetry"] = float(np.linalg.norm(a - a.T)) / size if size else 0.0
    exact = {"mse": "linear", "log": "linear_sigmoid"}.get(config.loss)
    if config.position == "output" and config.module.kind == exact and b is not None:
        one = np.eye(len(a))
        parts = (a - one, b + one, c)
        found["module_distance"] = float(np.sqrt(sum(np.square(part).sum() for part in parts)))
    return found
