"""The learner of Attend, Infer, Repeat in 2D."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from keras import ops

from genkit import backend
from genkit.artifacts import Figure
from genkit.data.images.dataset import ImageSplit
from genkit.data.scenes.dataset import BOX, COUNT
from genkit.errors import UsageError
from genkit.family import (
    Arrays,
    Check,
    EvaluationRequest,
    Generator,
    Metrics,
    SampleSettings,
)
from genkit.learning import GradientStep
from genkit.metrics.boxes import matched_overlaps
from genkit.models.air import objective
from genkit.models.air.base import SceneLearner
from genkit.models.air.config import WHERE
from genkit.models.air.downstream import downstream, refuse_tasks
from genkit.models.air.explained import Explained
from genkit.models.air.generator import SceneGenerator, WindowPrior, corners
from genkit.models.air.network import build_network
from genkit.models.air.pictures import reconstructions
from genkit.models.air.slots import Baseline
from genkit.models.air.training import Objective
from genkit.progress import Progress
from genkit.randomness import Noise

DIGITS = 3  # of boxes in scores


def make_learner(recipe: Any, inputs: Mapping[str, Any] | None = None) -> SceneLearner:
    """The learner of a recipe: with windows, or with a renderer."""
    if recipe.model.renderer is None:
        return AirLearner(recipe, inputs)
    from genkit.models.air.solids.learner import SolidsLearner

    return SolidsLearner(recipe, inputs)


class AirLearner(SceneLearner):
    """Things are windows: where they are, and how what they show looks."""

    def __init__(self, recipe: Any, inputs: Mapping[str, Any] | None = None) -> None:
        scored = recipe.model.estimator == "nvil"
        super().__init__(recipe, inputs, scored)
        self.network = build_network(recipe)
        self.baseline = self._make_baseline() if scored else None
        self.objective = Objective(self.config, self.network, self.baseline, self.statistics)
        self.networks = {"network": self.network}
        train, beside = recipe.train, list(self.extra_variables.values())
        if self.baseline is not None:
            self.networks["baseline"] = self.baseline
            rate = self.config.baseline_rate
            own = train.model_copy(update={"learning_rate": rate, "average": None})
            step = GradientStep(self.baseline, self.objective.baseline_loss, own)
            beside += self.baseline.variables
            self.steps = {"baseline": step}
        self.steps["training"] = GradientStep(self.network, self.loss, train, beside)
        self._explain = backend.compile(self._explained, self.network.variables)
        self._weigh = backend.compile(self._weighed, self.network.variables)

    def _make_baseline(self) -> Baseline:
        config = self.config
        found = Baseline(
            maps=config.maps,
            image=config.image,
            units=config.baseline,
            hidden=config.baseline_hidden,
            latents=self.network.latents,
            name="baseline",
        )
        found.build((None, *self.shape))
        return found

    # Training

    def loss(self, batch: Any) -> tuple[Any, dict[str, Any]]:
        """Mean of minus the bound of `batch["image"]`, values 0 .. levels - 1; see `Objective`."""
        return self.objective({**batch, "image": self.pixels(batch["image"])})

    def update(self, batch: Arrays, noise: Noise) -> Metrics:
        """An update of the model, and with NVIL then one of the baseline."""
        images, slots = batch["image"], self.config.slots
        rows = len(images)
        metrics = self.steps["training"](
            {
                "image": images,
                "presence": noise.uniform("presence", (rows, slots)),
                "where": noise.normal("where", (rows, slots, WHERE)),
                "what": noise.normal("what", (rows, slots, self.config.what)),
                **self.schedule(rows, noise.step),
            }
        )
        if self.baseline is not None:
            metrics = dict(metrics)
            left = {name: metrics.pop(name) for name in ("scores", "asked", "things")}
            other = self.steps["baseline"]({"image": self.floats(images), **left})
            metrics["baseline_error"] = other["loss"]
        return metrics

    # Inference

    def _explained(self, images: Any) -> dict[str, Any]:
        found = self.network(self.pixels(images))
        wanted = ("presence_logits", "alive", "box", "where_mean", "what_mean", "canvas")
        patches = [self.network.patches(found["what"][:, i]) for i in range(self.config.slots)]
        return {**{name: found[name] for name in wanted}, "patch": ops.stack(patches, axis=1)}

    def _weighed(self, images: Any, drawn: Any, prior: Any) -> tuple[Any, Any, Any]:
        pixels, noise = self.pixels(images), self.config.noise
        found = self.network(pixels, drawn)
        parts = objective.parts(pixels, found, prior, noise)
        weight = objective.log_weight(pixels, found, prior, noise)
        return objective.bound(parts), weight, ops.sum(found["alive"], axis=1)

    def explain_batch(self, images: np.ndarray) -> Explained:
        found = self._explain(images)
        arrays = {name: np.asarray(ops.convert_to_numpy(x)) for name, x in found.items()}
        return Explained(
            chances=1.0 / (1.0 + np.exp(-arrays["presence_logits"].astype(np.float64))),
            counts=arrays["alive"].sum(axis=1).astype(np.int64),
            canvas=arrays["canvas"],
            boxes=corners(arrays["box"]),
            where=arrays["where_mean"],
            what=arrays["what_mean"],
            patches=arrays["patch"],
        )

    def latent_shapes(self) -> dict[str, tuple[int, ...]]:
        slots = self.config.slots
        return {"where": (slots, WHERE), "what": (slots, self.config.what)}

    def choice_shapes(self) -> dict[str, tuple[int, ...]]:
        return {"presence": (self.config.slots,)}

    # What is said of them

    def compare(self, truth: Arrays, found: Explained) -> dict[str, np.ndarray]:
        """Sums over the overlaps of each scene's boxes, and over how many they are divided."""
        rows = []
        ink = found.drawn_boxes()
        for i, (have, there) in enumerate(zip(found.counts, truth[COUNT], strict=True)):
            true = truth[BOX][i, :there]
            overlaps = [
                matched_overlaps(boxes[i, :have], true).sum() for boxes in (found.boxes, ink)
            ]
            rows.append([*overlaps, max(have, there)])
        window, box, things = np.array(rows, float).T
        return {"window_iou": window, "box_iou": box, "things": things}

    def summary(self, compared: Mapping[str, np.ndarray]) -> dict[str, float]:
        things = compared["things"].sum()
        if not things:
            return {}
        return {name: float(compared[name].sum() / things) for name in ("window_iou", "box_iou")}

    def pictures(self, images: np.ndarray, found: Explained, name: str) -> Figure:
        return reconstructions(images, self.levels, found, name)

    def thing_rows(self, found: Explained, row: int) -> dict[str, Any]:
        """`chances` of presence of each slot, and `boxes` (top, left, height, width)."""
        boxes = found.boxes[row, : int(found.counts[row])].astype(float)
        return {
            "chances": [round(float(x), DIGITS) for x in found.chances[row]],
            "boxes": np.round(boxes, DIGITS).tolist(),
        }

    def refuse(self, split: ImageSplit) -> None:
        if self.recipe.eval.optimise:
            raise UsageError("eval.optimise: is for scenes in 3D")
        if self.recipe.eval.labels:
            refuse_tasks(split)

    def tables(
        self, split: ImageSplit, request: EvaluationRequest, progress: Progress
    ) -> dict[str, list[dict[str, Any]]]:
        """`downstream`, where labels are asked for."""
        if not self.recipe.eval.labels:
            return {}
        return {"downstream": downstream(self, split, request.seed, progress)}

    def thing_notes(self) -> dict[str, str]:
        return {
            "boxes": "window_iou is of the windows, box_iou of the ink drawn in them; things that "
            "were missed or invented count as 0"
        }

    def make_generator(self, settings: SampleSettings) -> Generator:
        return SceneGenerator(WindowPrior(self.network), self.chances, self.levels, settings)

    def checks(self) -> Iterable[Check]:
        from genkit.models.air.proofs import air_checks

        return air_checks(self)
