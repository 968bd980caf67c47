"""What an interaction network predicts against what the simulation does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from genkit.data.physics.simulate import Trajectories
from genkit.family import Evaluation, EvaluationRequest
from genkit.models.interaction_network import rollouts
from genkit.models.interaction_network.feed import whole_scenes
from genkit.progress import Progress

if TYPE_CHECKING:
    from genkit.models.interaction_network.learner import InteractionNetworkLearner

STRIDE = 10  # steps between those that validation looks at
BATCH = 200  # scenes in a compiled batch


def evaluate(
    learner: InteractionNetworkLearner, request: EvaluationRequest, progress: Progress
) -> Evaluation:
    """Errors of one step, and unless brief of roll-outs; or of energies."""
    split = learner.trajectories(request.split, request.limit)
    errors = step_errors(learner, split, STRIDE if request.brief else 1, progress)
    if learner.config.task == "energy":
        return Evaluation(len(split), energy_metrics(errors), notes=_notes(learner))
    metrics = step_metrics(errors)
    if request.brief:
        return Evaluation(len(split), metrics)
    found = rollouts.rolled(learner, split)
    rows = rollouts.horizon(learner, found)
    metrics |= {**rollouts.metrics(rows), **rollouts.penetration(learner, found)}
    pictures = rollouts.pictures(learner, found, rows)
    return Evaluation(len(split), metrics, {"horizon": rows}, pictures, _notes(learner))


def _notes(learner: InteractionNetworkLearner) -> dict[str, str]:
    """What the metrics depend on."""
    told = "told to relations" if learner.config.gap and learner.section.contacts else "not told"
    marshal = f"{learner.config.marshal} of states; gap between surfaces {told}"
    return {
        **learner.dataset.notes,
        "inputs": marshal,
        "steps": "squares of velocities, m2/s2, of all that moves; ratio_percent is that to "
        "velocities that stay as they are",
        "roll-outs": f"first {rollouts.SCENES} scenes in closed loop, metres; energy_change in "
        "parts of the first kinetic and absolute potential energy, median",
    }


def step_errors(
    learner: InteractionNetworkLearner, split: Trajectories, stride: int, progress: Progress
) -> dict[str, np.ndarray]:
    """Of each scene and step of a split; squared errors of each object that moves.

    Returns:
        `model`, `constant` (m, n) squared errors of velocities, `hits` (m, n); or of energies
        `model`, `energy` (m,).
    """
    graph, found = split.scenes.graph, []
    steps = np.arange(0, split.steps, stride)
    every = np.stack(np.meshgrid(np.arange(len(split)), steps, indexing="ij"), -1).reshape(-1, 2)
    progress.start("steps", len(every), "scenes")
    for start in range(0, len(every), BATCH):
        own = every[start : start + BATCH]
        padded = np.concatenate([own, np.repeat(own[-1:], BATCH - len(own), axis=0)])
        told = whole_scenes(split, padded[:, 0], padded[:, 1], learner.dataset.system)
        out = learner.predict(told, graph.senders)
        errors = _errors(told, out, split, padded, graph.moving)
        found.append({name: values[: len(own)] for name, values in errors.items()})
        progress.advance(len(own))
    progress.finish()
    return {name: np.concatenate([part[name] for part in found]) for name in found[0]}


def _errors(
    told: Any, out: Any, split: Trajectories, rows: np.ndarray, moving: np.ndarray
) -> dict[str, np.ndarray]:
    if "energy" in out:
        error = np.square(out["energy"].astype(np.float64) - told["energy"])
        return {"model": error, "energy": told["energy"].astype(np.float64)}
    target = told["target"][:, moving].astype(np.float64)
    guesses = {"model": out["velocity"], "constant": told["velocity"]}
    found = {
        name: np.square(guess[:, moving] - target).sum(axis=-1) for name, guess in guesses.items()
    }
    return {**found, "hits": split.hits[rows[:, 0], rows[:, 1]][:, moving]}


def step_metrics(errors: dict[str, np.ndarray]) -> dict[str, float]:
    """Means and medians of squared errors, in m2/s2, and their ratios to those
    of velocities that stay as they are; the same of objects that are hit."""
    model, constant = errors["model"], errors["constant"]
    found = {
        "velocity_mse": float(model.mean()),
        "constant_velocity_mse": float(constant.mean()),
        "ratio_percent": 100.0 * float(model.mean() / max(constant.mean(), 1e-30)),
        "velocity_median": float(np.median(model)),
        "constant_velocity_median": float(np.median(constant)),
    }
    hits = errors["hits"]
    if hits.any():
        found["hit_ratio_percent"] = 100.0 * float(model[hits].mean() / constant[hits].mean())
        found["other_velocity_mse"] = float(model[~hits].mean())
        found["hit_share"] = float(hits.mean())
    return found


def energy_metrics(errors: dict[str, np.ndarray]) -> dict[str, float]:
    """Mean squared error of the potential energy, and its ratio to that of the mean energy."""
    spread = float(errors["energy"].var())
    mean = float(errors["model"].mean())
    return {
        "energy_mse": mean,
        "energy_variance": spread,
        "ratio_percent": 100 * mean / max(spread, 1e-30),
    }
