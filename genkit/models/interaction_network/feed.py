"""Pairs of states, one step apart, for training."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from genkit.data.dataset import StatelessFeed
from genkit.data.physics.scenes import Scenes, System
from genkit.data.physics.simulate import Trajectories
from genkit.family import Arrays
from genkit.randomness import uniform

BEFORE = 5  # steps before a hit in which it is about to be


class Receivers(StatelessFeed):
    """Single objects with what acts on them, and their velocities a step later.

    A quarter each of a batch is hit in the step, is hit soon after, nearly touches, or is any; what
    a split does not have is replaced by any.

    Args:
        split: whose trajectories. batch_size: objects. seed: of the choice.
        balance: false takes any alone.
    """

    described = "a feed of objects"

    def __init__(self, split: Trajectories, batch_size: int, seed: int, balance: bool) -> None:
        self.split, self.batch_size, self.seed = split, batch_size, seed
        self.moving = split.scenes.graph.moving
        self.classes = events(split, self.moving) if balance else []

    def batch(self, k: int) -> Arrays:
        """The receivers of batch `k`, and `target` `(B, 2)`."""
        draw = uniform(self.seed, "physics/receivers", k, (3, self.batch_size)).astype(np.float64)
        scene = (draw[0] * len(self.split)).astype(np.int64)
        step = (draw[1] * self.split.steps).astype(np.int64)
        chosen = self.moving[(draw[2] * len(self.moving)).astype(np.int64)]
        share, start = self.batch_size // 4, 0
        for listed in self.classes:
            own = slice(start, start + share)
            picked = listed[(draw[0, own] * len(listed)).astype(np.int64)]
            scene[own], step[own], chosen[own] = picked.T
            start += share
        return receivers(self.split, scene, step, chosen)


class WholeScenes(StatelessFeed):
    """Scenes with all their objects, and what they are a step later, and their energy.

    Args:
        split, batch_size, seed: as of `Receivers`. system: knows energies.
    """

    described = "a feed of scenes"

    def __init__(self, split: Trajectories, batch_size: int, seed: int, system: System) -> None:
        self.split, self.batch_size, self.seed = split, batch_size, seed
        self.system = system

    def batch(self, k: int) -> Arrays:
        """Scenes of batch `k`, with `target` `(B, N, 2)` and `energy` `(B,)`."""
        draw = uniform(self.seed, "physics/scenes", k, (2, self.batch_size)).astype(np.float64)
        scene = (draw[0] * len(self.split)).astype(np.int64)
        step = (draw[1] * self.split.steps).astype(np.int64)
        return whole_scenes(self.split, scene, step, self.system)


def events(split: Trajectories, moving: np.ndarray) -> list[np.ndarray]:
    """Lists `(n, 3)` of scene, step and object: hit, hit soon, near; those that are not empty."""
    hits, near = split.hits[:, :, moving], split.near[:, :, moving]
    soon = np.zeros_like(hits)
    for ahead in range(1, BEFORE + 1):
        soon[:, :-ahead] |= hits[:, ahead:]
    found = (hits, soon & ~hits, near & ~hits & ~soon)
    lists = [np.argwhere(kind) for kind in found]
    return [np.stack([*rows[:, :2].T, moving[rows[:, 2]]], 1) for rows in lists if len(rows)]


def receivers(
    split: Trajectories, scene: np.ndarray, step: np.ndarray, chosen: np.ndarray
) -> Arrays:
    """What the objects `chosen` `(B,)` of scenes and steps are told, and `target` `(B, 2)`."""
    scenes, graph = split.scenes, split.scenes.graph
    senders = graph.senders[chosen]
    found = {
        "position": split.position[scene, step, chosen],
        "velocity": split.velocity[scene, step, chosen],
        "attributes": scenes.attributes[scene, chosen],
        "effects": scenes.effects[scene, chosen],
        "relations": scenes.relations[scene, chosen],
        "mask": graph.mask[chosen],
        "target": split.velocity[scene, step + 1, chosen],
    }
    rows = scene[:, None], step[:, None], senders
    found["sender_position"], found["sender_velocity"] = split.position[rows], split.velocity[rows]
    found["sender_attributes"] = scenes.attributes[scene[:, None], senders]
    found["sender_moves"] = (~graph.static[senders]).astype(np.float32)
    return found


def whole_scenes(
    split: Trajectories, scene: np.ndarray, step: np.ndarray, system: System
) -> Arrays:
    """Scenes `(B,)` at their steps, `target` `(B, N, 2)` and potential `energy` `(B,)`."""
    scenes = split.scenes.rows(scene)
    position, velocity = split.position[scene, step], split.velocity[scene, step]
    now = scenes.at(position.astype(np.float64), velocity.astype(np.float64))
    return {
        **constants(now),
        "position": position,
        "velocity": velocity,
        "target": split.velocity[scene, step + 1],
        "moves": np.broadcast_to(~scenes.graph.static, position.shape[:2]).astype(np.float32),
        "energy": system.potential(now).astype(np.float32),
    }


def constants(scenes: Scenes) -> Arrays:
    """What does not change in scenes: `attributes`, `effects`, `relations`, `mask`."""
    mask = scenes.graph.mask
    found = {n: getattr(scenes, n) for n in ("attributes", "effects", "relations")}
    return {**found, "mask": np.broadcast_to(mask, (len(scenes), *mask.shape))}


def told(scenes: Scenes) -> Arrays:
    """Constants and states of scenes, as `learner.predict` takes them."""
    state = {"position": scenes.position, "velocity": scenes.velocity}
    found = {name: np.asarray(x, np.float32) for name, x in state.items()}
    return {**constants(scenes), **found}


def joined(batches: Sequence[Arrays]) -> Arrays:
    """Batches one behind the other."""
    return {name: np.concatenate([b[name] for b in batches]) for name in batches[0]}
