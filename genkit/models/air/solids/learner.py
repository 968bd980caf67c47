"""The learner of solids: AIR with a renderer as its decoder."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from keras import ops

from genkit import backend
from genkit.artifacts import Figure
from genkit.batches import pad_rows
from genkit.data.images.dataset import ImageSplit
from genkit.data.scenes import solids
from genkit.data.scenes.dataset import LABEL
from genkit.errors import UsageError
from genkit.family import (
    Arrays,
    Check,
    EvaluationRequest,
    Feed,
    Generator,
    Metrics,
    Monitor,
    SampleSettings,
)
from genkit.learning import GradientStep
from genkit.models.air import objective
from genkit.models.air.base import SceneLearner
from genkit.models.air.config import POSE
from genkit.models.air.generator import SceneGenerator
from genkit.models.air.pictures import beside
from genkit.models.air.solids import objective as choices
from genkit.models.air.solids.comparing import compare, summary
from genkit.models.air.solids.explained import ExplainedSolids, degrees
from genkit.models.air.solids.feed import SolidsFeed
from genkit.models.air.solids.network import build_network
from genkit.models.air.solids.optimising import optimise, refuse_search
from genkit.models.air.solids.prior import SolidsPrior
from genkit.models.air.training import prior_of
from genkit.progress import Progress
from genkit.randomness import Noise
from genkit.rendering.solids import NAMES

DIGITS = 3  # of poses in scores


class SolidsLearner(SceneLearner):
    """Things are solids on a table: which, where and how turned; and perhaps the camera's turn."""

    def __init__(self, recipe: Any, inputs: Mapping[str, Any] | None = None) -> None:
        super().__init__(recipe, inputs)
        self.renderer = recipe.model.renderer
        self.view = solids.view(recipe.data)
        self.network = build_network(recipe)
        self.networks = {"network": self.network}
        own = list(self.extra_variables.values())
        loss = self.supervised_loss if self.renderer.supervised else self.loss
        self.steps = {"training": GradientStep(self.network, loss, recipe.train, own)}
        self._explain = backend.compile(self._explained, self.network.variables)
        self._weigh = backend.compile(self._weighed, self.network.variables)
        self._label_loss = backend.compile(
            lambda batch: sum(self._label_errors(batch)), self.network.variables
        )
        if self.renderer.supervised:
            self.monitor = Monitor("label_loss", "min")

    # Training

    def feed(self, split: str, seed: int) -> Feed:
        if self.renderer.supervised:
            return SolidsFeed(self.split(split), self.recipe.train.batch_size, seed)
        return super().feed(split, seed)

    def labels(self, batch: Arrays) -> Arrays:
        """`label` `(B,)` and `target` `(B, 3)`, the pose in units of the prior."""
        target = batch[solids.POSES][:, 0] / self.network.deviations
        return {LABEL: batch[LABEL][:, 0].astype(np.int32), "target": target.astype(np.float32)}

    def loss(self, batch: Any) -> tuple[Any, dict[str, Any]]:
        """Mean of minus the bound, several draws of each picture.

        Args:
            batch: `image` `(B, H, W, C)`; `presence` and `shape` `(B, K N)`, `pose` `(B, K N 3)`,
                `azimuth` `(B, K)` for K draws; `prior` `(B, N)`, `temperature` and `rate` `(B, 1)`.
        """
        count = self.renderer.particles
        images = ops.tile(self.pixels(batch["image"]), (count, 1, 1, 1))
        found = self.network(images, self._several(batch))
        self.statistics.see_counts(found["alive"], batch["rate"][0, 0])
        prior = prior_of(self.network, batch)
        picture = self.network.picture(self.view, found)
        parts = self._parts(images, picture, found, ops.tile(prior, (count, 1)))
        tempered = choices.tempered(parts, batch["temperature"][0, 0])
        presence = choices.less_the_others(objective.scores(tempered), count)
        shape = choices.less_the_others(choices.shape_scores(tempered), count)
        gain = objective.bound(tempered) + choices.surrogate(found, presence, shape)
        return ops.mean(-gain), {
            "elbo_nats_per_image": ops.mean(objective.bound(parts)),
            "log_likelihood_nats": ops.mean(parts["log_likelihood"]),
            "presence_nats": ops.mean(ops.sum(parts["presence_kl"], axis=1)),
            "pose_nats": ops.mean(ops.sum(parts["where_kl"], axis=1)),
            "shape_nats": ops.mean(ops.sum(parts["what_kl"], axis=1)),
            "mean_count": ops.mean(ops.sum(found["alive"], axis=1)),
        }

    def _several(self, batch: Any) -> dict[str, Any]:
        """What chance decides for all draws, draw k of picture b in row k B + b."""
        count, slots = self.renderer.particles, self.config.slots
        shapes = {"presence": (slots,), "shape": (slots,), "pose": (slots, POSE), "azimuth": ()}
        found = {}
        for name, shape in shapes.items():
            each = ops.reshape(batch[name], (-1, count, *shape))
            swapped = ops.swapaxes(each, 0, 1)
            found[name] = ops.reshape(swapped, (-1, *shape))
        return found

    def _parts(self, images: Any, picture: Any, found: Any, prior: Any) -> dict[str, Any]:
        noise, camera = self.config.noise, self.renderer.camera
        return choices.parts(images, picture, found, prior, noise, camera)

    def supervised_loss(self, batch: Any) -> tuple[Any, dict[str, Any]]:
        """Cross-entropy of the shape, and squared error of its pose in units of the prior."""
        nats, error = self._label_errors(batch)
        self.statistics.see_counts(ops.ones_like(nats)[:, None], batch["rate"][0, 0])
        mean, wrong = ops.mean(nats), ops.mean(error)
        return mean + wrong, {"shape_nats": mean, "pose_error": wrong}

    def _label_errors(self, batch: Any) -> tuple[Any, Any]:
        found = self.network.labelled(self.pixels(batch["image"]), batch[LABEL])
        return found["shape_nats"], ops.sum(ops.square(found["pose_mean"] - batch["target"]), -1)

    def update(self, batch: Arrays, noise: Noise) -> Metrics:
        rows, slots, count = len(batch["image"]), self.config.slots, self.renderer.particles
        ready: Arrays = {"image": batch["image"], **self.schedule(rows, noise.step)}
        if self.renderer.supervised:
            return self.steps["training"]({**ready, **self.labels(batch)})
        for name in ("presence", "shape"):
            ready[name] = noise.uniform(name, (rows, count * slots))
        ready["pose"] = noise.normal("pose", (rows, count * slots * POSE))
        ready["azimuth"] = noise.normal("azimuth", (rows, count))
        return self.steps["training"](ready)

    # Inference

    def _explained(self, images: Any) -> dict[str, Any]:
        found = self.network(self.pixels(images))
        wanted = ("presence_logits", "alive", "shape", "azimuth_mean")
        return {
            **{name: found[name] for name in wanted},
            "shape_chances": ops.softmax(found["shape_logits"]),
            "pose": self.network.poses(found["pose_mean"]),
            "canvas": self.network.picture(self.view, found),
        }

    def _weighed(self, images: Any, drawn: Any, prior: Any) -> tuple[Any, Any, Any]:
        pixels = self.pixels(images)
        found = self.network(pixels, drawn)
        picture = self.network.picture(self.view, found)
        parts = self._parts(pixels, picture, found, prior)
        noise, camera = self.config.noise, self.renderer.camera
        weight = choices.log_weight(pixels, picture, found, prior, noise, camera)
        return objective.bound(parts), weight, ops.sum(found["alive"], axis=1)

    def explain_batch(self, images: np.ndarray) -> ExplainedSolids:
        found = self._explain(images)
        arrays = {name: np.asarray(ops.convert_to_numpy(x)) for name, x in found.items()}
        return ExplainedSolids(
            chances=1.0 / (1.0 + np.exp(-arrays["presence_logits"].astype(np.float64))),
            counts=arrays["alive"].sum(axis=1).astype(np.int64),
            canvas=arrays["canvas"],
            shapes=arrays["shape"].astype(np.int64),
            shape_chances=arrays["shape_chances"].astype(np.float64),
            poses=arrays["pose"],
            azimuth=arrays["azimuth_mean"] * np.float32(self.network.camera_deviation),
        )

    def latent_shapes(self) -> dict[str, tuple[int, ...]]:
        return {"pose": (self.config.slots, POSE), "azimuth": ()}

    def choice_shapes(self) -> dict[str, tuple[int, ...]]:
        return dict.fromkeys(("presence", "shape"), (self.config.slots,))

    def fit(
        self, batch: Arrays, seed: int, start: int, draws: int, brief: bool
    ) -> dict[str, np.ndarray]:
        """As for all scenes; of a network that learns from labels its loss instead, since nothing
        ever taught it how sure it is."""
        if not self.renderer.supervised:
            return super().fit(batch, seed, start, draws, brief)
        size, count = self.recipe.eval.batch_size, len(batch["image"])
        ready = {"image": batch["image"], **self.labels(batch)}
        padded = {name: pad_rows(array, size - count) for name, array in ready.items()}
        loss = np.asarray(ops.convert_to_numpy(self._label_loss(padded)), np.float64)
        return {"label_loss": loss[:count]}

    # What is said of them

    def compare(self, truth: Arrays, found: ExplainedSolids) -> dict[str, np.ndarray]:
        return compare(truth, found)

    def summary(self, compared: Mapping[str, np.ndarray]) -> dict[str, float]:
        return summary(compared, self.renderer.camera)

    def pictures(self, images: np.ndarray, found: ExplainedSolids, name: str) -> Figure:
        """Pictures above what is rendered of their solids."""
        nothing = [np.zeros((0, 4))] * len(images)
        return beside(images, found.canvas, self.levels, nothing, name)

    def thing_rows(self, found: ExplainedSolids, row: int) -> dict[str, Any]:
        """`solids`: shape and its chance, x, y and turn in degrees; `chances` of presence; and with
        a camera its `azimuth` in degrees."""
        rows = [
            {
                "shape": NAMES[found.shapes[row, i]],
                "chance": round(float(found.shape_chances[row, i].max()), DIGITS),
                "x": round(float(found.poses[row, i, 0]), DIGITS),
                "y": round(float(found.poses[row, i, 1]), DIGITS),
                "turn": round(float(degrees(found.poses[row, i, 2])), DIGITS),
            }
            for i in range(int(found.counts[row]))
        ]
        chances = [round(float(x), DIGITS) for x in found.chances[row]]
        said: dict[str, Any] = {"chances": chances, "solids": rows}
        if self.renderer.camera:
            said["azimuth"] = round(float(degrees(found.azimuth[row])), DIGITS)
        return said

    def refuse(self, split: ImageSplit) -> None:
        if self.recipe.eval.labels:
            raise UsageError("eval.labels: sums and orders are of scenes of digits")
        if self.recipe.eval.optimise:
            refuse_search(split, self.recipe.data.turn)

    def tables(
        self, split: ImageSplit, request: EvaluationRequest, progress: Progress
    ) -> dict[str, list[dict[str, Any]]]:
        """`optimised`, where it is asked for: the same found by descent."""
        count = self.recipe.eval.optimise
        if not count:
            return {}
        return {"optimised": [optimise(self, split, count, request.seed, progress)]}

    def thing_notes(self) -> dict[str, str]:
        return {
            "solids": "paired by place, at most 0.4 apart; shape_accuracy counts those missed as "
            "wrong, turns are modulo the symmetry of the true shape and of no sphere"
        }

    def make_generator(self, settings: SampleSettings) -> Generator:
        prior = SolidsPrior(self.view, self.network.deviations, self.config.slots)
        return SceneGenerator(prior, self.chances, self.levels, settings)

    def checks(self) -> Iterable[Check]:
        from genkit.models.air.solids.proofs import solids_checks

        return solids_checks(self)
