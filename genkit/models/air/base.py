"""What learners of scenes share, whatever draws their things."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from keras import ops

from genkit.batches import pad_rows
from genkit.data.images.dataset import ImageSplit
from genkit.family import (
    Arrays,
    Evaluation,
    EvaluationRequest,
    Generator,
    Monitor,
    SampleSettings,
    Workload,
)
from genkit.models.air import evaluation, priors
from genkit.models.air.things import Things
from genkit.models.air.training import RATE, Statistics
from genkit.models.image_density.images import SPLITS, ImageLearner
from genkit.progress import Progress
from genkit.randomness import normal, uniform

BLOCK = 64  # images whose noise is made together


class SceneLearner(ImageLearner):
    """Takes images apart into things, by maximising a bound on their likelihood.

    Its state beside networks and optimisers: how often each count was inferred of late, which is
    the prior of counts for samples and reported likelihoods.

    Args:
        recipe, inputs: as for every learner. scored: whether scores are averaged as well.

    A subclass sets `network`, and `_weigh`: compiled, from images, what chance decides and log-odds
    of presence to bound, importance weight (log) and count `(B,)`.
    """

    monitor: Monitor | None = Monitor("elbo_nats_per_image", "max")
    split_names = (*SPLITS, "test_unseen")
    network: Any
    _weigh: Any

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

    def explain_batch(self, images: np.ndarray) -> Things:
        """The most probable things of `eval.batch_size` images `(B, H, W, C)`."""
        raise NotImplementedError

    def latent_shapes(self) -> dict[str, tuple[int, ...]]:
        """Shapes, of one image, of the standard normal numbers that chance decides by."""
        raise NotImplementedError

    def choice_shapes(self) -> dict[str, tuple[int, ...]]:
        """The same of uniform numbers."""
        raise NotImplementedError

    def compare(self, truth: Arrays, found: Any) -> dict[str, np.ndarray]:
        """What is inferred of a batch against the truth: arrays that `summary` puts together."""
        raise NotImplementedError

    def summary(self, compared: Mapping[str, np.ndarray]) -> dict[str, float]:
        """Metrics of things, beside counts."""
        raise NotImplementedError

    def pictures(self, images: np.ndarray, found: Any, name: str) -> Any:
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

    def refuse(self, split: ImageSplit) -> None:
        """UsageError where the recipe's `eval` asks for what a split cannot give."""

    def tables(
        self, split: ImageSplit, request: EvaluationRequest, progress: Progress
    ) -> dict[str, list[dict[str, Any]]]:
        """Further tables of an evaluation, which take time."""
        return {}

    # Inference

    def explain(self, images: np.ndarray) -> Any:
        """The most probable things of images `(n, H, W, C)`, values 0 .. levels - 1."""
        size, found = self.recipe.eval.batch_size, []
        for start in range(0, len(images), size):
            own = images[start : start + size]
            things = self.explain_batch(pad_rows(own, size - len(own)))
            found.append(things.rows(slice(0, len(own))))
        return found[0].joined(found)

    def weigh(self, images: np.ndarray, seed: int, start: int, draw: int) -> np.ndarray:
        """Bound, importance weight (log) and count, `(3, n)` float64, of one draw of the latents.

        Args:
            images: `(n, H, W, C)`.
            seed: of what is drawn. start: number of the first image. draw: which one.
        """
        size, found = self.recipe.eval.batch_size, []
        prior = priors.count_logits(self.chances())
        for first in range(0, len(images), size):
            own = images[first : first + size]
            drawn = {
                **noise_rows(normal, self.latent_shapes(), seed, start + first, size, draw),
                **noise_rows(uniform, self.choice_shapes(), seed, start + first, size, draw),
            }
            weighed = self._weigh(pad_rows(own, size - len(own)), drawn, prior)
            arrays = [np.asarray(ops.convert_to_numpy(x), np.float64) for x in weighed]
            found.append(np.stack(arrays)[:, : len(own)])
        return np.concatenate(found, axis=1)

    def fit(
        self, batch: Arrays, seed: int, start: int, draws: int, brief: bool
    ) -> dict[str, np.ndarray]:
        """How well what is inferred fits, arrays `(n,)`: the bound, the importance-weighted one
        unless brief or there are no draws, and the count of one draw.

        Args:
            batch: `image`, and the truth where it is known. seed, start, draws: of the latents.
        """
        images = batch["image"]
        several = np.stack([self.weigh(images, seed, start, k) for k in range(max(1, draws))])
        found = {
            "elbo_nats_per_image": several[:, 0].mean(axis=0),
            "drawn_count": several[0, 2].astype(np.int64),
        }
        if draws and not brief:
            weights = np.logaddexp.reduce(several[:, 1], axis=0) - np.log(draws)
            found["iwae_nats_per_image"] = weights
        return found

    # What all have

    def pixels(self, images: Any) -> Any:
        """Values 0 .. levels - 1 as float32 from 0 to 1."""
        return ops.cast(images, "float32") * (1.0 / (self.levels - 1))

    def floats(self, images: np.ndarray) -> np.ndarray:
        """The same on the host."""
        return images.astype(np.float32) * np.float32(1.0 / (self.levels - 1))

    def schedule(self, rows: int, update: int) -> dict[str, np.ndarray]:
        """What changes from update to update: `prior` `(rows, N)`, `temperature`, `greed` and
        `rate` `(rows, 1)`.

        Pieces of a batch move the averages one after the other; their rates are such that all
        pieces count alike and together as much as the rate of an update says.
        """
        pieces = self.recipe.train.accumulate
        share = max(RATE, 1.0 / (update + 1)) / pieces
        rates = [share / (1.0 - (pieces - 1 - piece) * share) for piece in range(pieces)]
        prior = priors.presence_logits(self.config.presence, self.config.slots, update)
        heat = priors.temperature(self.config.heat, update)
        greed = priors.between(self.config.greed.start, 0.0, self.config.greed.steps, update)
        return {
            "prior": np.broadcast_to(prior, (rows, self.config.slots)),
            "temperature": np.full((rows, 1), heat, np.float32),
            "greed": np.full((rows, 1), greed, np.float32),
            "rate": np.repeat(np.array(rates, np.float32), rows // pieces)[:, None],
        }

    def chances(self) -> np.ndarray:
        """Probabilities `(N + 1,)` of counts 0 .. N, as they were inferred of late."""
        return priors.count_chances(ops.convert_to_numpy(self.statistics.counts.value))

    def notes(self) -> dict[str, str]:
        """What metrics depend on, in words."""
        chances = ", ".join(f"{n}: {chance:.4f}" for n, chance in enumerate(self.chances()))
        return {
            "likelihood": f"density of pixels from 0 to 1, normal with deviation "
            f"{self.config.noise:g}; prior of counts {chances}",
            **self.thing_notes(),
        }

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
                yield self.pictures(images[one], found.rows(one), name)
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
        return [self.pictures(images, self.explain(images), "reconstructions")]

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


def noise_rows(
    draw: Callable[..., np.ndarray],
    shapes: Mapping[str, tuple[int, ...]],
    seed: int,
    start: int,
    count: int,
    stream: int,
) -> Arrays:
    """Noise of the images `start` to `start + count - 1`, each a function of (seed, its number,
    stream): made for blocks of `BLOCK` images, whatever the batch.

    Args:
        draw: `randomness.normal` or `uniform`. shapes: of one image, by name.
    """
    blocks = range(start // BLOCK, (start + count - 1) // BLOCK + 1)
    found = {}
    for name, shape in shapes.items():
        rows = [draw(seed, f"air/{name}", block, (BLOCK, *shape), stream) for block in blocks]
        first = start - blocks[0] * BLOCK
        found[name] = np.concatenate(rows)[first : first + count]
    return found
