"""Scenes in closed loop against the simulation: how far they are off, what becomes of energy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from genkit.artifacts import Animation, Figure
from genkit.artifacts.heat import heat
from genkit.artifacts.trails import film
from genkit.data.physics.contact import gap
from genkit.data.physics.scenes import Scenes, attribute, kinetic
from genkit.data.physics.simulate import Trajectories
from genkit.models.interaction_network.feed import told

if TYPE_CHECKING:
    from genkit.models.interaction_network.learner import InteractionNetworkLearner

SCENES = 20  # that are rolled out
MARKS = (1, 10, 100, 1_000)  # steps that metrics name
FILMS = 3  # scenes that have a GIF
POINTS = 60  # of curves over time
FAR = 10.0  # sizes of its scene by which an object is away that has left it for good


@dataclass(frozen=True)
class Rolled:
    """Scenes in closed loop.

    Args:
        truth: what the simulation does. position, velocity: `(S, T + 1, N, 2)` of the model.
        constant: positions of objects that keep their first velocities.
    """

    truth: Trajectories
    position: np.ndarray
    velocity: np.ndarray
    constant: np.ndarray


def rolled(learner: InteractionNetworkLearner, split: Trajectories) -> Rolled:
    """The first scenes of a split from their first states to their ends."""
    truth = split.first(SCENES)
    graph = truth.scenes.graph
    place, speed = learner.roll(told(truth.state(0)), graph.senders, ~graph.static, truth.steps)
    times = learner.section.dt * np.arange(truth.steps + 1)[:, None, None]
    constant = truth.position[:, :1] + times * truth.velocity[:, :1]
    return Rolled(truth, place, speed, constant)


def horizon(learner: InteractionNetworkLearner, found: Rolled) -> list[dict[str, float]]:
    """A row for each of some steps: mean distance (metres) between predicted and true positions,
    that of constant velocities, median part by which the energy changed, and share of scenes that
    an object left for good."""
    steps = found.truth.steps
    chosen = np.unique(np.geomspace(1, steps, min(POINTS, steps)).round().astype(int))
    chosen = np.unique([*chosen, *(mark for mark in MARKS if mark <= steps)])
    return [_row(learner, found, int(step)) for step in chosen]


def _row(learner: InteractionNetworkLearner, found: Rolled, step: int) -> dict[str, Any]:
    moving = found.truth.scenes.graph.moving
    true = found.truth.position[:, step, moving].astype(np.float64)
    lost = diverged(found, step)
    row: dict[str, Any] = {"step": step}
    for name, places in (("position_error", found.position), ("constant", found.constant)):
        away = np.linalg.norm(places[:, step, moving] - true, axis=-1)
        row[name] = _mean(away[~lost])
    drift, real = (energy_change(learner, found, step, own) for own in (True, False))
    row["energy_change"], row["true_energy_change"] = _median(drift[~lost]), _median(real)
    row["diverged"] = float(lost.mean())
    return row


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if values.size else float("nan")


def _median(values: np.ndarray) -> float:
    return float(np.median(values)) if values.size else float("nan")


def diverged(found: Rolled, step: int) -> np.ndarray:
    """`(S,)` bool: whose positions are no numbers, or far outside of where the scene is."""
    truth = found.truth.position.reshape(len(found.truth), -1, 2)
    low, high = truth.min(axis=1), truth.max(axis=1)
    size = np.maximum((high - low).max(axis=-1), 1e-9)
    away = np.abs(found.position[:, step] - ((low + high) / 2)[:, None]).max(axis=(1, 2))
    return ~(np.isfinite(away) & (away < FAR * size))


def energy_change(
    learner: InteractionNetworkLearner, found: Rolled, step: int, own: bool
) -> np.ndarray:
    """`(S,)`: kinetic and potential energy after a step less that at first, in parts of the kinetic
    and the absolute potential energy at first."""
    system, section = learner.dataset.system, learner.section

    def energies(t: int, model: bool) -> tuple[np.ndarray, np.ndarray]:
        position = found.position if model else found.truth.position
        velocity = found.velocity if model else found.truth.velocity
        scenes = found.truth.scenes.at(
            position[:, t].astype(np.float64), velocity[:, t].astype(np.float64)
        )
        return kinetic(section, scenes), system.potential(scenes)

    with np.errstate(all="ignore"):  # of scenes that diverged nobody looks at it
        start, now = energies(0, False), energies(step, own)
        scale = np.maximum(start[0] + np.abs(start[1]), 1e-12)
        change: np.ndarray = (now[0] + now[1] - start[0] - start[1]) / scale
    return change


def penetration(learner: InteractionNetworkLearner, found: Rolled) -> dict[str, float]:
    """How deep balls are in walls, metres, and the share of balls and steps that are deeper than a
    tenth of their radius; of scenes that did not diverge. Without walls nothing."""
    kept = ~diverged(found, found.truth.steps)
    if "wall_x" not in learner.section.attributes or not kept.any():
        return {}
    scenes, graph = found.truth.scenes.rows(kept), found.truth.scenes.graph
    radius = attribute(learner.section, scenes, "radius")
    wall = scenes.attributes[..., 2:].astype(np.float64)
    deep, true = (
        np.stack([_depth(places[kept, t], radius, wall, graph) for t in range(places.shape[1])])
        for places in (found.position, found.truth.position)
    )
    balls = graph.moving
    share = deep[..., balls] > 0.1 * radius[None][..., balls]
    return {
        "wall_penetration_share": float(share.mean()),
        "wall_penetration": float(deep[..., balls].mean()),
        "true_wall_penetration": float(true[..., balls].mean()),
    }


def _depth(place: np.ndarray, radius: np.ndarray, wall: np.ndarray, graph: Any) -> np.ndarray:
    """`(S, N)` metres into a wall."""
    place = place.astype(np.float64)
    away = place[:, graph.senders] - place[:, :, None]
    walls = wall[:, graph.senders]
    gaps = gap(np, away, radius[:, :, None], 0.0, walls)
    flat = (np.abs(walls).sum(axis=-1) > 0.5) & (graph.mask > 0)
    return np.where(flat, np.maximum(-gaps, 0.0), 0.0).max(axis=-1)


def metrics(rows: list[dict[str, float]]) -> dict[str, float]:
    """Of the steps that are named, and of the last one; nothing of a step by which all scenes
    diverged."""
    found = {}
    for row in rows:
        if row["step"] in MARKS:
            step = int(row["step"])
            found[f"position_error_{step}"] = row["position_error"]
            found[f"constant_position_error_{step}"] = row["constant"]
    last = rows[-1]
    found["energy_change"] = last["energy_change"]
    found["true_energy_change"] = last["true_energy_change"]
    found["diverged_share"] = last["diverged"]
    return {name: value for name, value in found.items() if np.isfinite(value)}


def pictures(
    learner: InteractionNetworkLearner, found: Rolled, rows: list[dict[str, float]]
) -> list[Figure | Animation]:
    """Error over time, what the first scenes do, and how strong effects are."""
    shown: list[Figure | Animation] = [_curve(rows)]
    radius = drawn_radius(learner.section, found.truth.scenes)
    for number in range(min(FILMS, len(found.truth))):
        gif = film(found.position[number], found.truth.position[number], radius[number])
        shown.append(Animation(f"rollout-{number}", gif))
    sizes = effect_sizes(learner, found.truth.state(0).rows(slice(0, 1)))[0]
    return [*shown, heat("effects", sizes)] if sizes.any() else shown


def drawn_radius(section: Any, scenes: Scenes) -> np.ndarray:
    """At which objects are drawn, `(S, N)`: theirs, or a hundredth of the scene; 0 for walls."""
    names = section.attributes
    if "radius" in names:
        return scenes.attributes[..., names.index("radius")]
    size = np.ptp(scenes.position, axis=1).max(axis=-1, keepdims=True)
    return np.broadcast_to(0.01 * size, scenes.position.shape[:2]).astype(np.float32)


def _curve(rows: list[dict[str, float]]) -> Figure:
    from matplotlib.figure import Figure as Canvas

    canvas = Canvas(figsize=(5, 3.2), layout="constrained")
    axes = canvas.subplots()
    steps = [row["step"] for row in rows]
    axes.plot(steps, [row["position_error"] for row in rows], label="model")
    axes.plot(steps, [row["constant"] for row in rows], "--", label="constant velocity")
    axes.set(xscale="log", yscale="log", xlabel="steps", ylabel="metres off")
    axes.legend()
    return Figure.from_matplotlib("horizon", canvas)


def effect_sizes(learner: InteractionNetworkLearner, scenes: Scenes) -> np.ndarray:
    """Norms `(S, N, N)` float32 of the effects on each object by sender; 0 where there is no
    relation, and of networks without effects."""
    graph, count = scenes.graph, len(scenes.graph)
    found = np.zeros((len(scenes), count, count), np.float32)
    out = learner.predict(told(scenes), graph.senders)
    if "effects" in out:
        size = np.linalg.norm(out["effects"], axis=-1)
        for i, k in zip(*np.nonzero(graph.mask), strict=True):
            found[:, i, graph.senders[i, k]] += size[:, i, k]
    return found
