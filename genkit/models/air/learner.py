"""The learner of Attend, Infer, Repeat."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from keras import ops

from genkit import backend
from genkit.artifacts import Artifact, Figure
from genkit.batches import pad_rows
from genkit.data.images.dataset import ImageSplit
from genkit.family import (
    Arrays,
    Check,
    Evaluation,
    EvaluationRequest,
    Generator,
    Metrics,
    Monitor,
    SampleSettings,
    Workload,
)
from genkit.learning import GradientStep
from genkit.models.air import evaluation, objective, priors
from genkit.models.air.config import WHERE
from genkit.models.air.explained import Explained
from genkit.models.air.generator import SceneGenerator, corners
from genkit.models.air.network import build_network
from genkit.models.air.pictures import reconstructions
from genkit.models.air.slots import Baseline
from genkit.models.air.training import RATE, Objective, Statistics
from genkit.models.image_density.images import SPLITS, ImageLearner
from genkit.progress import Progress
from genkit.randomness import Noise, normal, uniform

DIGITS = 3  # of boxes in scores


class AirLearner(ImageLearner):
    """Takes images apart into things, by maximising a bound on their likelihood.

    Its state beside networks and optimisers: how often each count was inferred of late, which is
    the prior of counts for samples and reported likelihoods; and for NVIL averages of scores.
    """

    monitor = Monitor("elbo_nats_per_image", "max")
    split_names = (*SPLITS, "test_unseen")

    def __init__(self, recipe: Any, inputs: Mapping[str, Any] | None = None) -> None:
        super().__init__(recipe, inputs)
        self.config = recipe.model
        self.shape: tuple[int, int, int] = recipe.data.image_shape()
        self.levels: int = recipe.data.level_count()
        self.network = build_network(recipe)
        self.baseline = self._make_baseline()
        self.statistics = Statistics(self.config.slots, self.baseline is not None)
        self.objective = Objective(self.config, self.network, self.baseline, self.statistics)
        self.networks = {"network": self.network}
        own = list(self.statistics.variables().values())
        self.extra_variables = {f"statistics/{v.name}": v for v in own}
        beside = [] if self.baseline is None else self.baseline.variables
        train = recipe.train
        self.steps = {"training": GradientStep(self.network, self.loss, train, [*own, *beside])}
        if self.baseline is not None:
            self.networks["baseline"] = self.baseline
            slower = train.model_copy(
                update={"learning_rate": self.config.baseline_rate, "average": None}
            )
            self.steps["baseline"] = GradientStep(
                self.baseline, self.objective.baseline_loss, slower
            )
        variables = self.network.variables
        self._explain = backend.compile(self._explained, variables)
        self._weigh = backend.compile(self._weighed, variables)
        self._generators: dict[SampleSettings, SceneGenerator] = {}

    def _make_baseline(self) -> Baseline | None:
        config = self.config
        if config.estimator != "nvil":
            return None
        found = Baseline(
            image=config.image,
            units=config.baseline,
            hidden=config.baseline_hidden,
            latents=self.network.latents,
            name="baseline",
        )
        found.build((None, *self.shape))
        return found

    # Training

    def pixels(self, images: Any) -> Any:
        """Values 0 .. levels - 1 as float32 from 0 to 1."""
        return ops.cast(images, "float32") * (1.0 / (self.levels - 1))

    def loss(self, batch: Any) -> tuple[Any, dict[str, Any]]:
        """Mean of minus the bound of `batch["image"]`, values 0 .. levels - 1; see `Objective`."""
        return self.objective({**batch, "image": self.pixels(batch["image"])})

    def update(self, batch: Arrays, noise: Noise) -> Metrics:
        """An update of the model, and with NVIL then one of the baseline."""
        images, update = batch["image"], noise.step
        rows, slots = len(images), self.config.slots
        prior = priors.presence_logits(self.config.presence, slots, update)
        heat = priors.temperature(self.config.temperature, update)
        found = self.steps["training"](
            {
                "image": images,
                "presence": noise.uniform("presence", (rows, slots)),
                "where": noise.normal("where", (rows, slots, WHERE)),
                "what": noise.normal("what", (rows, slots, self.config.what)),
                "prior": np.broadcast_to(prior, (rows, slots)),
                "temperature": np.full((rows, 1), heat, np.float32),
                "rate": np.full((rows, 1), max(RATE, 1.0 / (update + 1)), np.float32),
            }
        )
        metrics = dict(found)
        if self.baseline is not None:
            left = {name: metrics.pop(name) for name in ("scores", "asked", "things")}
            other = self.steps["baseline"]({"image": self.floats(images), **left})
            metrics["baseline_error"] = other["loss"]
        return metrics

    def floats(self, images: np.ndarray) -> np.ndarray:
        """The same on the host."""
        return images.astype(np.float32) * np.float32(1.0 / (self.levels - 1))

    def chances(self) -> np.ndarray:
        """Probabilities `(N + 1,)` of counts 0 .. N, as they were inferred of late."""
        return priors.count_chances(ops.convert_to_numpy(self.statistics.counts.value))

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

    def explain(self, images: np.ndarray) -> Explained:
        """What is most probable of a batch of images `(n, H, W, C)`, at most `eval.batch_size`."""
        size = self.recipe.eval.batch_size
        found = self._explain(pad_rows(images, size - len(images)))
        arrays = {name: np.asarray(ops.convert_to_numpy(x))[: len(images)]
                  for name, x in found.items()}  # fmt: skip
        return Explained(
            chances=1.0 / (1.0 + np.exp(-arrays["presence_logits"].astype(np.float64))),
            counts=arrays["alive"].sum(axis=1).astype(np.int64),
            boxes=corners(arrays["box"]),
            where=arrays["where_mean"],
            what=arrays["what_mean"],
            patches=arrays["patch"],
            canvas=arrays["canvas"],
        )

    def weigh(self, images: np.ndarray, seed: int, start: int, draw: int) -> np.ndarray:
        """Bound, importance weight (log) and count, `(3, n)` float64, of one draw of the latents.

        Args:
            images: `(n, H, W, C)`, at most `eval.batch_size`.
            seed: of what is drawn. start: number of the first image. draw: which one.
        """
        size, slots = self.recipe.eval.batch_size, self.config.slots
        shapes = {"where": (size, slots, WHERE), "what": (size, slots, self.config.what)}
        drawn = {n: normal(seed, f"air/{n}", start, shape, draw) for n, shape in shapes.items()}
        drawn["presence"] = uniform(seed, "air/presence", start, (size, slots), draw)
        prior = priors.count_logits(self.chances())
        found = self._weigh(pad_rows(images, size - len(images)), drawn, prior)
        return np.stack([np.asarray(ops.convert_to_numpy(x), np.float64) for x in found])[
            :, : len(images)
        ]

    def batches(self, split: ImageSplit) -> Iterator[tuple[int, np.ndarray]]:
        """Number of the first image, and images, batch by batch."""
        size = self.recipe.eval.batch_size
        for start in range(0, len(split), size):
            yield start, np.asarray(split.images[start : start + size])

    def evaluate(self, request: EvaluationRequest, progress: Progress) -> Evaluation:
        """Counts, bounds and boxes of a split; see `evaluation`."""
        return evaluation.evaluate(self, request, progress)

    def score(self, data: str, limit: int | None, progress: Progress) -> Iterator[dict[str, Any]]:
        """Per image: index, count, chances of presence, boxes (top, left, height, width), and the
        bound."""
        split = self.images(data).first(limit)
        progress.start("things", len(split), "images")
        for start, images in self.batches(split):
            found = self.explain(images)
            bounds = self.weigh(images, 0, start, 0)[0]
            for row in range(len(images)):
                count = int(found.counts[row])
                yield {
                    "index": start + row,
                    "count": count,
                    "chances": [round(float(x), DIGITS) for x in found.chances[row]],
                    "boxes": np.round(found.boxes[row, :count].astype(float), DIGITS).tolist(),
                    "elbo_nats": float(bounds[row]),
                }
            progress.advance(len(images))
        progress.finish()

    def item_files(self, data: str, limit: int | None, progress: Progress) -> Iterator[Artifact]:
        """A picture of each image with its boxes, above what is drawn of it."""
        split = self.images(data).first(limit)
        progress.start("pictures", len(split), "images")
        for start, images in self.batches(split):
            found = self.explain(images)
            for row in range(len(images)):
                one, name = slice(row, row + 1), f"{start + row:06d}"
                yield reconstructions(images[one], self.levels, [found.rows(one)], name)
                progress.advance(1)
        progress.finish()

    # Samples and pictures

    def generator(self, settings: SampleSettings) -> Generator | None:
        """Scenes from the prior, their counts as often as they were inferred of late."""
        if settings not in self._generators:
            self._generators[settings] = SceneGenerator(
                self.network, self.chances, self.levels, settings
            )
        return self._generators[settings]

    def preview(self, count: int, seed: int) -> Sequence[Figure]:
        """Images that were not trained on, with boxes, over what is drawn of them."""
        del seed
        images = np.asarray(self.split("validation").first(count).images)
        size = self.recipe.eval.batch_size
        found = [self.explain(images[i : i + size]) for i in range(0, len(images), size)]
        return [reconstructions(images, self.levels, found)]

    # Proofs and timings

    def checks(self) -> Iterable[Check]:
        from genkit.models.air.proofs import air_checks

        return air_checks(self)

    def workloads(self, tiles: Sequence[int]) -> Iterable[Workload]:
        return [*(self._sampling(tile) for tile in tiles), *super().workloads(tiles)]

    def _sampling(self, tile: int) -> Workload:
        from genkit.sampling.driver import sample_tile

        generator = self.generator(SampleSettings(tile))
        values = tile * int(np.prod(self.shape))

        def run() -> Any:
            return sample_tile(generator, 0, range(tile), [{}] * tile)  # type: ignore[arg-type]

        return Workload("sample", tile, values, run)
