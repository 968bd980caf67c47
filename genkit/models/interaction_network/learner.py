"""The learner of interaction networks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from genkit import backend
from genkit.artifacts.rollouts import Rollouts
from genkit.data.physics.graph import Graph
from genkit.data.physics.simulate import Trajectories
from genkit.family import (
    Arrays,
    Check,
    Evaluation,
    EvaluationRequest,
    Feed,
    Generator,
    Metrics,
    Monitor,
    SampleSettings,
    Workload,
)
from genkit.learning import DataLearner, GradientStep
from genkit.models.interaction_network import evaluation, rollouts
from genkit.models.interaction_network.feed import Receivers, WholeScenes, joined
from genkit.models.interaction_network.generator import RolloutGenerator
from genkit.models.interaction_network.marshalling import SPEED, gathered
from genkit.models.interaction_network.network import CHANGE, ENERGY, build_network
from genkit.models.interaction_network.noise import noisy
from genkit.models.interaction_network.normalisation import measured
from genkit.models.interaction_network.rollouts import drawn_radius
from genkit.progress import Progress
from genkit.randomness import Noise

MEASURED = 20_000  # objects, or scenes, that centres and scales are measured on
SCALES_SEED = 0
CHUNK = 50  # steps of a roll-out in one compiled call


class InteractionNetworkLearner(DataLearner):
    """Predicts velocities a step later, or energies (arXiv:1612.00222).

    Args:
        recipe, inputs: as for every learner.
    """

    chunk = CHUNK

    def __init__(self, recipe: Any, inputs: Mapping[str, Any] | None = None) -> None:
        super().__init__(recipe, inputs)
        self.config, self.section = recipe.model, recipe.data
        energy = self.config.task == "energy"
        self.monitor = Monitor("energy_mse" if energy else "velocity_mse", "min")
        self.network = build_network(recipe)
        self.networks = {"network": self.network}
        # Whether centres and scales are those of the data yet.
        self.known = keras.Variable(0.0, trainable=False, name="scales_known")
        self.extra_variables = {"scales_known": self.known}
        self.steps = {"training": GradientStep(self.network, self.loss, recipe.train)}
        self._whole = backend.compile(self._scene_outputs, self.network.variables)
        self._rolled = backend.compile(self._roll, self.network.variables)

    # Training

    def feed(self, split: str, seed: int) -> Feed:
        """Batches of a split; the first one of `train` measures centres and scales."""
        found = self._feed(split, seed, self.recipe.train.batch_size)
        if split == "train" and not float(ops.convert_to_numpy(self.known.value)):
            self._measure()
        return found

    def _feed(self, split: str, seed: int, size: int) -> Receivers | WholeScenes:
        trajectories = self.split(split)
        if self.config.whole:
            return WholeScenes(trajectories, size, seed, self.dataset.system)
        # Without relations hits cannot be told apart: balanced, they would only seem frequent.
        balance = self.config.balance and self.config.kind == "interaction"
        return Receivers(trajectories, size, seed, balance)

    def _graph(self) -> Graph:
        """Of the scenes that training shows."""
        return self.dataset.graph("train")

    def _measure(self) -> None:
        size = 1_000
        feed = self._feed("train", SCALES_SEED, size)
        told = joined([feed.batch(k) for k in range(MEASURED // size)])
        if self.config.whole:
            tensors = {n: ops.convert_to_tensor(x) for n, x in told.items()}
            arrays = gathered(tensors, self._graph().senders)
            told = {n: np.asarray(ops.convert_to_numpy(x)) for n, x in arrays.items()}
        self.network.normalise(measured(told, self.config, self.section))
        self.known.assign(1.0)

    def loss(self, batch: Any) -> tuple[Any, dict[str, Any]]:
        """Mean squared error in the scale of what is predicted, and penalties.

        Args:
            batch: of the feed.
        """
        told = gathered(batch, self._graph().senders) if self.config.whole else batch
        found = self.network(told)
        if self.config.task == "energy":
            wanted = self.network.scale(ENERGY, batch["energy"][:, None])[:, 0]
            error = ops.mean(ops.square(found["level"] - wanted))
            raw = ops.mean(ops.square(found["energy"] - batch["energy"]))
            metrics = {"energy_mse": raw}
        else:
            error, metrics = self._velocity_error(batch, found)
        penalty = self.config.effect_l2 * self._effect_size(told, found)
        penalty = penalty + self.config.weight_l2 * self._weight_size()
        return error + penalty, metrics

    def _velocity_error(self, batch: Any, found: Any) -> tuple[Any, dict[str, Any]]:
        network, target = self.network, batch["target"]
        if self.config.predict == "velocity":
            wanted = network.scale(SPEED, target)
        else:
            wanted = (target - batch["velocity"]) / network.scales[CHANGE]
        weights = ops.ones_like(target[..., 0])
        if self.config.whole:
            weights = weights * np.asarray(~self._graph().static, np.float32)
        total = ops.sum(weights)

        def mean(values: Any) -> Any:
            return ops.sum(ops.sum(ops.square(values), axis=-1) * weights) / total

        raw = mean(found["velocity"] - target)
        return mean(found["out"] - wanted), {"velocity_mse": raw}

    def _effect_size(self, told: Any, found: Any) -> Any:
        if "effects" not in found or not self.config.effect_l2:
            return 0.0
        squares = ops.sum(ops.mean(ops.square(found["effects"]), axis=-1))
        return squares / ops.maximum(ops.sum(told["mask"]), 1.0)

    def _weight_size(self) -> Any:
        if not self.config.weight_l2:
            return 0.0
        return sum(ops.sum(ops.square(w)) for w in self.network.trainable_variables)

    def update(self, batch: Arrays, noise: Noise) -> Metrics:
        return self.steps["training"](noisy(batch, self.config.noise, self.network, noise))

    # Prediction

    def _scene_outputs(self, told: Any, senders: Any) -> dict[str, Any]:
        return self.network(gathered(told, senders))

    def predict(self, told: Arrays, senders: np.ndarray) -> dict[str, np.ndarray]:
        """What follows from scenes, see `InteractionNetwork.call`.

        Args:
            told: `constants` of scenes with `position` and `velocity` `(B, N, 2)` float32.
            senders: `(N, K)`.
        """
        names = ("attributes", "effects", "relations", "mask", "position", "velocity")
        ready = {name: np.asarray(told[name], np.float32) for name in names}
        found = self._whole(ready, np.asarray(senders, np.int32))
        return {name: np.asarray(ops.convert_to_numpy(x)) for name, x in found.items()}

    def _roll(
        self, told: Any, senders: Any, moving: Any, position: Any, velocity: Any
    ) -> tuple[Any, Any]:
        """Positions and velocities `(CHUNK, B, N, 2)` of the next steps."""
        shape = (CHUNK, *position.shape)

        def one(step: Any, place: Any, speed: Any, places: Any, speeds: Any) -> tuple[Any, ...]:
            now = {**told, "position": place, "velocity": speed}
            found = self.network(gathered(now, senders))["velocity"] * moving
            place = place + self.section.dt * found
            places = ops.slice_update(places, (step, 0, 0, 0), place[None])
            speeds = ops.slice_update(speeds, (step, 0, 0, 0), found[None])
            return step + 1, place, found, places, speeds

        start = (0, position, velocity, ops.zeros(shape), ops.zeros(shape))
        done = ops.while_loop(lambda step, *_: step < CHUNK, one, start, maximum_iterations=CHUNK)
        return done[3], done[4]

    def roll(
        self, told: Arrays, senders: np.ndarray, moving: np.ndarray, steps: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Closed loop: positions and velocities `(B, steps + 1, N, 2)` float32, the given first.

        Args:
            told: see `predict`. senders: `(N, K)`. moving: `(N,)` bool, who is not fixed.
        """
        names = ("attributes", "effects", "relations", "mask")
        ready = {name: np.asarray(told[name], np.float32) for name in names}
        place, speed = (np.asarray(told[n], np.float32) for n in ("position", "velocity"))
        free = np.asarray(moving, np.float32)[None, :, None]
        places, speeds = [place[None]], [speed[None]]
        for _ in range(-(-steps // CHUNK)):
            found = self._rolled(ready, np.asarray(senders, np.int32), free, place, speed)
            x, v = (np.asarray(ops.convert_to_numpy(part)) for part in found)
            places.append(x)
            speeds.append(v)
            place, speed = x[-1], v[-1]
        whole = (np.concatenate(parts)[: steps + 1] for parts in (places, speeds))
        x, v = (np.swapaxes(part, 0, 1) for part in whole)
        return x, v

    def evaluate(self, request: EvaluationRequest, progress: Progress) -> Evaluation:
        """Errors of a step and of roll-outs, or of energies; see `evaluation`."""
        return evaluation.evaluate(self, request, progress)

    def trajectories(self, split: str, limit: int | None) -> Trajectories:
        """The first scenes of a split."""
        found: Trajectories = self.split(split)
        return found.first(limit)

    def generator(self, settings: SampleSettings) -> Generator | None:
        """Roll-outs; of energies there are none."""
        if self.config.task == "energy":
            return None
        return RolloutGenerator(self, settings)

    def preview(self, count: int, seed: int) -> list[Rollouts]:
        """The first validation scenes, rolled out; of energies nothing."""
        if self.config.task == "energy":
            return []
        found = rollouts.rolled(self, self.split("validation").first(count))
        numbers = np.arange(len(found.truth))
        nothing = np.zeros(len(numbers), np.float32)
        radius = drawn_radius(self.section, found.truth.scenes)
        states = found.position, nothing, numbers, found.velocity, found.truth.position
        effects = rollouts.effect_sizes(self, found.truth.state(0))
        return [Rollouts(*states, radius, effects)]

    def checks(self) -> Iterable[Check]:
        """See `proofs`."""
        from genkit.models.interaction_network.proofs import checks

        return checks(self)

    def workloads(self, tiles: Sequence[int]) -> Iterable[Workload]:
        """Roll-outs and simulations of as many scenes, `values` are scene-steps; the training step
        last."""
        from genkit.models.interaction_network.timing import workloads

        return [*workloads(self, tiles), *super().workloads(tiles)]
