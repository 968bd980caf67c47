"""Three throwaway learners that prove the family contract, and their registry entries.

`pair` has two networks and two optimisers, `walk` a feed with state, `line` nothing to sample.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from genkit import randomness
from genkit.artifacts import SAMPLE_KINDS, Parts
from genkit.family import (
    Arrays,
    Chunk,
    Evaluation,
    EvaluationRequest,
    Family,
    Feed,
    Forced,
    Metrics,
    Monitor,
    SampleSettings,
)
from genkit.learning import BaseLearner, GradientStep
from genkit.progress import Progress
from genkit.randomness import Noise
from genkit.recipe.schema import DataConfig, PositiveInt, Section
from genkit.registry import DatasetEntry, datasets, families

NAMES = ("pair", "walk", "line")


class ModelConfig(Section):
    """Of all three.

    Args:
        width: units of the hidden layer.
        poison: number of the batch that holds a NaN; null for none.
        pause: seconds that each batch takes.
    """

    width: PositiveInt = 4
    poison: int | None = None
    pause: float = 0.0


class PointsConfig(DataConfig):
    """Points around a line in the plane."""

    noise: float = 0.1


def load_points(config: PointsConfig) -> PointsConfig:
    return config


def points(config: PointsConfig, purpose: str, seed: int, k: int, count: int) -> Arrays:
    """`x` and `y` float32 (count, 1), y = 2 x - 1 + noise."""
    x = randomness.normal(seed, f"points/{purpose}", k, (count, 1))
    error = randomness.normal(seed, f"points/{purpose}", k, (count, 1), stream=1)
    return {"x": x, "y": 2 * x - 1 + np.float32(config.noise) * error}


class PointFeed:
    """Stateless batches of points."""

    def __init__(self, recipe: Any, split: str, seed: int) -> None:
        self.recipe, self.split, self.seed = recipe, split, seed

    def batch(self, k: int) -> Arrays:
        model, train = self.recipe.model, self.recipe.train
        time.sleep(model.pause)
        arrays = points(self.recipe.data, self.split, self.seed, k, train.batch_size)
        if k == model.poison:
            arrays["y"][0] = np.nan
        return arrays

    def save(self) -> Arrays:
        return {}

    def restore(self, state: Arrays) -> None:
        if state:
            raise ValueError(f"no state expected. Received: {sorted(state)}")


def dense(name: str, inputs: int, width: int) -> Any:
    """A small built network (batch, inputs) -> (batch, 1) with names of its own."""
    import keras

    network = keras.Sequential(
        [
            keras.layers.Dense(width, activation="tanh", name=f"{name}_hidden"),
            keras.layers.Dense(1, name=f"{name}_output"),
        ],
        name=name,
    )
    network.build((None, inputs))
    return network


class LineLearner(BaseLearner):
    """Regression: nothing to sample."""

    monitor = Monitor("mse")

    def __init__(self, recipe: Any, inputs: Mapping[str, Any] | None = None) -> None:
        super().__init__(recipe, inputs)
        network = dense("line", 1, recipe.model.width)
        self.networks = {"line": network}
        self.steps = {"line": GradientStep(network, self._loss, recipe.train)}

    def _loss(self, batch: Arrays) -> tuple[Any, dict[str, Any]]:
        from keras import ops

        loss = ops.mean(ops.square(self.networks["line"](batch["x"]) - batch["y"]))
        return loss, {"mse": loss}

    def feed(self, split: str, seed: int) -> Feed:
        return PointFeed(self.recipe, split, seed)

    def evaluate(self, request: EvaluationRequest, progress: Progress) -> Evaluation:
        count = request.limit or 64
        arrays = points(self.recipe.data, request.split, request.seed, 0, count)
        found = np.asarray(self.networks["line"](arrays["x"]))
        return Evaluation(count, {"mse": float(np.mean((found - arrays["y"]) ** 2))})


class Bits:
    """A tile of bits, as an artifact."""

    kind = "bits"
    name = "bits"

    def __init__(self, bits: np.ndarray, index: Sequence[int]) -> None:
        self.bits, self.index = bits, np.asarray(index)

    def save(self, folder: Any) -> list[Any]:
        return self.collect(folder, Parts(len(self.bits), self.meta(), iter([self.arrays()])))

    def arrays(self) -> Arrays:
        return {"samples": self.bits, "index": self.index}

    def meta(self) -> dict[str, int]:
        return {}

    @classmethod
    def collect(cls, folder: Any, parts: Parts) -> list[Any]:
        with (folder / "bits.txt").open("w") as file:
            for arrays in parts.each:
                file.write("".join(f"{int(bit)} " for bit in arrays["samples"].ravel()))
        return [folder / "bits.txt"]

    def preview(self) -> None:
        return None


class PairGenerator:
    """Draws one bit a sample from the generator network."""

    chunks: int | None = 1

    def __init__(self, learner: PairLearner, settings: SampleSettings) -> None:
        self.learner = learner
        self.settings = settings

    def conditions(self, rows: Sequence[Mapping[str, str]], first_index: int) -> Arrays:
        return {}

    def noise(self, seed: int, indices: Sequence[int], chunk: int) -> np.ndarray:
        rows = [randomness.uniform(seed, "pair", i, (3,), chunk) for i in indices]
        return np.stack(rows)

    def begin(self, conditions: Arrays) -> Any:
        return ()

    def advance(
        self, state: Any, noise: np.ndarray, forced: Forced | None, conditions: Arrays
    ) -> Chunk:
        logit = np.asarray(self.learner.networks["generator"](noise[:, :2]))[:, 0]
        probability = 1 / (1 + np.exp(-logit))
        bits = (noise[:, 2] < probability).astype(np.uint8)
        if forced is not None:
            bits = np.where(forced.mask, forced.values, bits).astype(np.uint8)
        log_prob = np.log(np.where(bits, probability, 1 - probability))
        return Chunk(bits, log_prob, state, done=True)

    def finish(self, chunks: Sequence[Chunk], indices: Sequence[int]) -> list[Any]:
        return [Bits(chunks[0].values[: len(indices)], indices)]


class PairLearner(BaseLearner):
    """Two networks that work against each other, each with an optimiser; no monitor."""

    def __init__(self, recipe: Any, inputs: Mapping[str, Any] | None = None) -> None:
        super().__init__(recipe, inputs)
        width, train = recipe.model.width, recipe.train
        generator, critic = dense("generator", 2, width), dense("critic", 1, width)
        self.networks = {"generator": generator, "critic": critic}
        self.steps = {
            "generator": GradientStep(generator, self._fool, train, critic.variables),
            "critic": GradientStep(critic, self._judge, train, generator.variables),
        }

    def _fool(self, batch: Arrays) -> tuple[Any, dict[str, Any]]:
        from keras import ops

        judged = self.networks["critic"](self.networks["generator"](batch["z"]))
        return ops.mean(ops.softplus(-judged)), {}

    def _judge(self, batch: Arrays) -> tuple[Any, dict[str, Any]]:
        from keras import ops

        false = self.networks["critic"](self.networks["generator"](batch["z"]))
        true = self.networks["critic"](batch["y"])
        return ops.mean(ops.softplus(-true)) + ops.mean(ops.softplus(false)), {}

    def feed(self, split: str, seed: int) -> Feed:
        return PointFeed(self.recipe, split, seed)

    def update(self, batch: Arrays, noise: Noise) -> Metrics:
        z = noise.normal("z", (len(batch["y"]), 2))
        judged = self.steps["critic"]({"y": batch["y"], "z": z})
        fooled = self.steps["generator"]({"z": z})
        return {**judged, "generator_loss": fooled["loss"]}

    def evaluate(self, request: EvaluationRequest, progress: Progress) -> Evaluation:
        count = request.limit or 64
        z = randomness.normal(request.seed, "pair/evaluate", 0, (count, 2))
        made = np.asarray(self.networks["generator"](z))
        return Evaluation(count, {"mean_output": float(np.mean(made))})

    def generator(self, settings: SampleSettings) -> PairGenerator:
        return PairGenerator(self, settings)

    def preview(self, count: int, seed: int) -> Sequence[Any]:
        generator = self.generator(SampleSettings(tile=count))
        noise = generator.noise(seed, range(count), 0)
        return generator.finish([generator.advance((), noise, None, {})], range(count))


class WalkFeed:
    """A walker whose next place depends on what the network said before: a feed with state."""

    def __init__(self, learner: WalkLearner, seed: int) -> None:
        self.learner, self.seed = learner, seed
        self.place = np.zeros((learner.recipe.train.batch_size, 1), np.float32)

    def batch(self, k: int) -> Arrays:
        time.sleep(self.learner.recipe.model.pause)
        said = np.asarray(self.learner.networks["walk"](self.place))
        chance = randomness.uniform(self.seed, "walk", k, self.place.shape)
        before = self.place
        self.place = before + np.where(chance < 1 / (1 + np.exp(said)), 0.3, -0.3)
        self.place = np.clip(self.place, -2, 2).astype(np.float32)
        target = self.place * (np.nan if k == self.learner.recipe.model.poison else 1)
        return {"x": before, "y": target.astype(np.float32)}

    def save(self) -> Arrays:
        return {"place": self.place}

    def restore(self, state: Arrays) -> None:
        self.place = np.array(state["place"])


class WalkLearner(LineLearner):
    """Predicts the walker's next place, which its own predictions decide."""

    monitor = Monitor("mean_return", "max")

    def __init__(self, recipe: Any, inputs: Mapping[str, Any] | None = None) -> None:
        BaseLearner.__init__(self, recipe, inputs)
        network = dense("walk", 1, recipe.model.width)
        self.networks = {"walk": network}
        self.steps = {"walk": GradientStep(network, self._walk_loss, recipe.train)}

    def _walk_loss(self, batch: Arrays) -> tuple[Any, dict[str, Any]]:
        from keras import ops

        return ops.mean(ops.square(self.networks["walk"](batch["x"]) - batch["y"])), {}

    def feed(self, split: str, seed: int) -> Feed:
        return WalkFeed(self, seed)

    def evaluate(self, request: EvaluationRequest, progress: Progress) -> Evaluation:
        feed = WalkFeed(self, request.seed)
        count = request.limit or 4
        for k in range(count):
            feed.batch(k)
        return Evaluation(count, {"mean_return": float(feed.place.mean())})


LEARNERS = {"pair": "PairLearner", "walk": "WalkLearner", "line": "LineLearner"}


def register() -> None:
    """Put the three families, their data set and their kind of samples into the registry."""
    for name in NAMES:
        families.add(
            Family(
                name=name,
                summary=f"throwaway learner '{name}'",
                papers=(),
                config="tests.learners:ModelConfig",
                learner=f"tests.learners:{LEARNERS[name]}",
                tiny={"small": {"model": {"width": 3}, "data": {"name": "points"}}},
            )
        )
    datasets.add(
        DatasetEntry(
            name="points",
            kind="points",
            summary="points around a line",
            licence="generated, none needed",
            citation="none",
            config="tests.learners:PointsConfig",
            source="tests.learners:load_points",
        )
    )

    SAMPLE_KINDS[Bits.kind] = Bits


def unregister() -> None:
    SAMPLE_KINDS.pop(Bits.kind, None)
    for name in NAMES:
        families.remove(name)
    datasets.remove("points")


@contextmanager
def registered() -> Iterator[None]:
    """The three families for as long as this lasts."""
    register()
    try:
        yield
    finally:
        unregister()


def mapping(family: str, **train: Any) -> dict[str, Any]:
    """A small recipe of `family`, a mapping for `genkit.recipe.from_mapping`."""
    schedule = {"name": "plateau", "patience": 1, "factor": 0.5}
    settings: dict[str, Any] = {
        "steps": 24, "batch_size": 4, "seed": 3, "learning_rate": 0.01, "average": 0.9,
        "checkpoint_every": 6, "log_every": 5, "validate_every": 4, "validate_items": 8,
    }  # fmt: skip
    if family != "pair":
        settings["schedule"] = schedule
    settings.update(train)
    return {
        "name": f"{family}/small",
        "family": family,
        "model": {"width": 4},
        "data": {"name": "points"},
        "train": settings,
    }


def recipe(family: str, model: Mapping[str, Any] | None = None, **train: Any) -> Any:
    """A checked small recipe; `train` and `model` override its values."""
    from genkit.recipe import from_mapping

    values = mapping(family, **train)
    values["model"].update(model or {})
    return from_mapping(values, values["name"])
