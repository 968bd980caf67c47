"""What learners of scenes share, whatever draws their things."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from keras import ops

from genkit.data.images.dataset import ImageSplit
from genkit.family import (
    Evaluation,
    EvaluationRequest,
    Generator,
    Metrics,
    Monitor,
    SampleSettings,
    Workload,
)
from genkit.models.air import evaluation, priors
from genkit.models.air.training import RATE, Statistics
from genkit.models.image_density.images import SPLITS, ImageLearner
from genkit.progress import Progress


class SceneLearner(ImageLearner):
    """Takes images apart into things, by maximising a bound on their likelihood.

    Its state beside networks and optimisers: how often each count was inferred of late, which is
    the prior of counts for samples and reported likelihoods.

    Args:
        recipe, inputs: as for every learner. scored: whether scores are averaged as well.
    """

    monitor: Monitor | None = Monitor("elbo_nats_per_image", "max")
    split_names = (*SPLITS, "test_unseen")
    network: Any

    def __init__(
        self, recipe: Any, inputs: Mapping[str, Any] | None = None, scored: bool = False
    ) -> None:
        super().__init__(recipe, inputs)
        self.config = recipe.model
        self.shape: tuple[int, int, int] = recipe.data.image_shape()
        self.levels: int = recipe.data.level_count()
        self.statistics = Statistics(self.config.slots, scored)
        self.extra_variables = {
            f"statistics/{name}": v for name, v in self.statistics.variables().items()
        }
        self._generators: dict[SampleSettings, Generator] = {}

    # What a kind of scene knows

    def explain(self, images: np.ndarray) -> Any:
        """The most probable things of a batch, with `counts` and `canvas`."""
        raise NotImplementedError

    def weigh(self, images: np.ndarray, seed: int, start: int, draw: int) -> np.ndarray:
        """Bound, importance weight (log) and count, `(3, n)` float64, of one draw of the latents.

        Args:
            images: `(n, H, W, C)`, at most `eval.batch_size`.
            seed: of what is drawn. start: number of the first image. draw: which one.
        """
        raise NotImplementedError

    def compare(self, truth: Any, found: Sequence[Any]) -> dict[str, float]:
        """Metrics of what is inferred against the truth, beside counts."""
        raise NotImplementedError

    def pictures(self, images: np.ndarray, found: Sequence[Any], name: str) -> Any:
        """A figure of images and what is inferred of them."""
        raise NotImplementedError

    def thing_rows(self, found: Any, row: int) -> dict[str, Any]:
        """What `score` says of the things of one image."""
        raise NotImplementedError

    def thing_notes(self) -> dict[str, str]:
        """What the metrics of things depend on, in words."""
        raise NotImplementedError

    def make_generator(self, settings: SampleSettings) -> Generator:
        raise NotImplementedError

    def tables(
        self, split: ImageSplit, request: EvaluationRequest, progress: Progress
    ) -> dict[str, list[dict[str, Any]]]:
        """Further tables of an evaluation, which take time."""
        return {}

    # What all have

    def pixels(self, images: Any) -> Any:
        """Values 0 .. levels - 1 as float32 from 0 to 1."""
        return ops.cast(images, "float32") * (1.0 / (self.levels - 1))

    def floats(self, images: np.ndarray) -> np.ndarray:
        """The same on the host."""
        return images.astype(np.float32) * np.float32(1.0 / (self.levels - 1))

    def schedule(self, rows: int, update: int) -> dict[str, np.ndarray]:
        """What changes from update to update: `prior` `(rows, N)`, `temperature` and `rate`
        `(rows, 1)`."""
        prior = priors.presence_logits(self.config.presence, self.config.slots, update)
        heat = priors.temperature(self.config.temperature, update)
        return {
            "prior": np.broadcast_to(prior, (rows, self.config.slots)),
            "temperature": np.full((rows, 1), heat, np.float32),
            "rate": np.full((rows, 1), max(RATE, 1.0 / (update + 1)), np.float32),
        }

    def chances(self) -> np.ndarray:
        """Probabilities `(N + 1,)` of counts 0 .. N, as they were inferred of late."""
        return priors.count_chances(ops.convert_to_numpy(self.statistics.counts.value))

    def batches(self, split: ImageSplit) -> Iterator[tuple[int, np.ndarray]]:
        """Number of the first image, and images, batch by batch."""
        size = self.recipe.eval.batch_size
        for start in range(0, len(split), size):
            yield start, np.asarray(split.images[start : start + size])

    def evaluate(self, request: EvaluationRequest, progress: Progress) -> Evaluation:
        """Counts, bounds and things of a split; see `evaluation`."""
        return evaluation.evaluate(self, request, progress)

    def score(self, data: str, limit: int | None, progress: Progress) -> Iterator[dict[str, Any]]:
        """Per image: index, count, its things, and the bound."""
        split = self.images(data).first(limit)
        progress.start("things", len(split), "images")
        for start, images in self.batches(split):
            found = self.explain(images)
            bounds = self.weigh(images, 0, start, 0)[0]
            for row in range(len(images)):
                yield {
                    "index": start + row,
                    "count": int(found.counts[row]),
                    **self.thing_rows(found, row),
                    "elbo_nats": float(bounds[row]),
                }
            progress.advance(len(images))
        progress.finish()

    def item_files(self, data: str, limit: int | None, progress: Progress) -> Iterator[Any]:
        """A picture of each image and its things, above what is drawn of it."""
        split = self.images(data).first(limit)
        progress.start("pictures", len(split), "images")
        for start, images in self.batches(split):
            found = self.explain(images)
            for row in range(len(images)):
                one, name = slice(row, row + 1), f"{start + row:06d}"
                yield self.pictures(images[one], [found.rows(one)], name)
                progress.advance(1)
        progress.finish()

    def generator(self, settings: SampleSettings) -> Generator | None:
        """Scenes from the prior, their counts as often as they were inferred of late."""
        if settings not in self._generators:
            self._generators[settings] = self.make_generator(settings)
        return self._generators[settings]

    def preview(self, count: int, seed: int) -> Sequence[Any]:
        """Images that were not trained on, over what is drawn of them."""
        del seed
        images = np.asarray(self.split("validation").first(count).images)
        size = self.recipe.eval.batch_size
        found = [self.explain(images[i : i + size]) for i in range(0, len(images), size)]
        return [self.pictures(images, found, "reconstructions")]

    def workloads(self, tiles: Sequence[int]) -> Iterable[Workload]:
        return [*(self._sampling(tile) for tile in tiles), *super().workloads(tiles)]

    def _sampling(self, tile: int) -> Workload:
        from genkit.sampling.driver import sample_tile

        generator: Any = self.generator(SampleSettings(tile))
        rows: list[Mapping[str, str]] = [{}] * tile
        values = tile * int(np.prod(self.shape))
        return Workload(
            "sample", tile, values, lambda: sample_tile(generator, 0, range(tile), rows)
        )


def summed(metrics: Mapping[str, Any], names: Sequence[str]) -> tuple[Metrics, dict[str, Any]]:
    """Metrics without those of some names, and these."""
    kept = dict(metrics)
    return kept, {name: kept.pop(name) for name in names}
