"""What learners share: naming of variables, schedules, and the compiled gradient step."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from genkit import backend, data
from genkit.artifacts import Artifact
from genkit.errors import UsageError
from genkit.family import (
    Arrays,
    Check,
    Evaluation,
    EvaluationRequest,
    Feed,
    Forced,
    Generator,
    Metrics,
    Monitor,
    SampleSettings,
    Workload,
)
from genkit.progress import Progress
from genkit.randomness import Noise
from genkit.recipe.schema import OptimizerConfig, ScheduleConfig, TrainConfig

Loss = Callable[[Any], tuple[Any, Mapping[str, Any]]]


@keras.saving.register_keras_serializable(package="genkit")
class ScheduledRate(keras.optimizers.schedules.LearningRateSchedule):
    """Learning rate as a function of the update, times a factor that the loop may lower.

    Args:
        rate: base rate.
        schedule: how it moves.
    """

    def __init__(self, rate: float, schedule: ScheduleConfig) -> None:
        self.rate = rate
        self.schedule = schedule
        self.factor = keras.Variable(1.0, trainable=False, name="rate_factor")
        self.done: keras.Variable | None = None  # updates of the training, see `Updater`

    def __call__(self, step: Any) -> Any:
        """Rate before update `step`, an integer scalar; float scalar."""
        done = ops.cast(step if self.done is None else self.done.value, "float32")
        rate = self.rate * self.factor * self._shape(done)
        if self.schedule.warmup:
            rate = rate * ops.minimum(1.0, (done + 1.0) / self.schedule.warmup)
        return rate

    def _shape(self, done: Any) -> Any:
        schedule = self.schedule
        if schedule.name == "steps":
            passed = sum(ops.cast(done >= bound, "float32") for bound in schedule.boundaries)
            return ops.power(schedule.factor, passed)
        if schedule.name == "linear":
            part = ops.minimum(done / float(schedule.decay_steps or 1), 1.0)
            return 1.0 - (1.0 - schedule.floor) * part
        if schedule.name == "cosine":
            part = ops.minimum(done / float(schedule.decay_steps or 1), 1.0)
            return schedule.floor + (1.0 - schedule.floor) * 0.5 * (1.0 + ops.cos(np.pi * part))
        return ops.ones_like(done)

    def get_config(self) -> dict[str, Any]:
        return {"rate": self.rate, "schedule": self.schedule.model_dump()}


def make_optimizer(
    settings: OptimizerConfig, rate: ScheduledRate, clip_norm: float | None
) -> keras.optimizers.Optimizer:
    """The Keras optimiser that a recipe names."""
    common: dict[str, Any] = {
        "learning_rate": rate,
        "global_clipnorm": clip_norm,
        "weight_decay": settings.weight_decay or None,
        "name": settings.name,
    }
    adam = {"beta_1": settings.beta_1, "beta_2": settings.beta_2, "epsilon": settings.epsilon}
    if settings.name == "adam":
        return keras.optimizers.Adam(**common, **adam)
    if settings.name == "adamw":
        return keras.optimizers.AdamW(**common, **adam)
    if settings.name == "rmsprop":
        return keras.optimizers.RMSprop(
            **common, rho=settings.rho, momentum=settings.momentum, epsilon=settings.epsilon
        )
    return keras.optimizers.SGD(**common, momentum=settings.momentum)


class Updater:
    """An optimiser, its rate and running averages for some weights; its `apply` is one update.

    The average warms up: its decay at update k is min(average, (1 + k) / (10 + k)).

    Args:
        weights: trained Keras variables.
        train: the recipe's training section.
        rate: a base learning rate; None for that of `train`.
        counted: the schedule follows calls of `count`, one an update of the training, and not those
            of `apply`, of which an update may have none or several.
    """

    def __init__(
        self,
        weights: Sequence[keras.Variable],
        train: TrainConfig,
        rate: float | None = None,
        counted: bool = False,
    ) -> None:
        self.train = train
        self.rate = ScheduledRate(train.learning_rate if rate is None else rate, train.schedule)
        if counted:
            self.rate.done = keras.Variable(0.0, trainable=False, name="updates_done")
        self.optimizer = make_optimizer(train.optimizer, self.rate, train.clip_norm)
        self.weights: list[keras.Variable] = list(weights)
        self.optimizer.build(self.weights)
        self.averages: list[keras.Variable] = []
        if train.average is not None:
            self.averages = [
                keras.Variable(ops.copy(w.value), trainable=False, name="average")
                for w in self.weights
            ]

    def touched(self) -> list[keras.Variable]:
        """Every variable that `apply` and `count` read or assign."""
        counter = [] if self.rate.done is None else [self.rate.done]
        own = [*self.optimizer.variables, self.rate.factor, *counter]
        return [*self.weights, *own, *self.averages]

    def variables(self) -> dict[str, keras.Variable]:
        """Optimiser, rate factor and averages by name; the weights are not among them."""
        named = {variable.path: variable for variable in self.optimizer.variables}
        named["rate_factor"] = self.rate.factor
        if self.rate.done is not None:
            named["updates_done"] = self.rate.done
        for weight, average in zip(self.weights, self.averages, strict=False):
            named[f"average/{weight.path}"] = average
        return named

    def use_averages(self) -> None:
        for weight, average in zip(self.weights, self.averages, strict=False):
            weight.assign(average.value)

    def count(self) -> None:
        """One more update of the training is done; within a compiled function."""
        if self.rate.done is not None:
            self.rate.done.assign(self.rate.done.value + 1.0)

    def apply(self, found: Sequence[Any], chosen: Any = None) -> dict[str, Any]:
        """One update by gradients, within a compiled function.

        Args:
            found: gradients, one a weight.
            chosen: bool scalar; false leaves everything as it was. None for true.

        Returns:
            `gradient_norm` and `learning_rate`, scalars.
        """
        rate = self.optimizer.learning_rate
        done = ops.cast(self.optimizer.iterations, "float32")
        norm = ops.sqrt(sum(ops.sum(ops.square(g)) for g in found))
        before = [ops.copy(v.value) for v in self.touched()] if chosen is not None else []
        self.optimizer.apply(list(found), self.weights)
        if self.train.average is not None:
            decay = ops.minimum(self.train.average, (1.0 + done) / (10.0 + done))
            for weight, average in zip(self.weights, self.averages, strict=True):
                average.assign(average.value + (1.0 - decay) * (weight.value - average.value))
        for variable, value in zip(self.touched(), before, strict=False):
            variable.assign(ops.where(chosen, variable.value, value))
        return {"gradient_norm": norm, "learning_rate": rate}


class GradientStep(Updater):
    """Networks that learn together, one optimiser, one compiled update.

    Gradients are averaged over `accumulate` equal pieces of the batch, clipped by their global
    norm, applied, and followed by the running average of the weights.

    Args:
        networks: a built Keras layer or model, or several.
        loss: `loss(batch) -> (scalar, metrics)`, in `keras.ops`, of a nested batch.
        train: the recipe's training section.
        uses: every further variable that `loss` reads or assigns.
        apart: updates weights of its own by the same loss, which are no part of the norm that
            gradients are clipped by; None for none.
    """

    def __init__(
        self,
        networks: keras.Layer | Sequence[keras.Layer],
        loss: Loss,
        train: TrainConfig,
        uses: Sequence[keras.Variable] = (),
        apart: Updater | None = None,
    ) -> None:
        every = [networks] if isinstance(networks, keras.Layer) else list(networks)
        super().__init__([w for one in every for w in one.trainable_variables], train)
        self.loss, self.apart = loss, apart
        own = [*self.touched(), *([] if apart is None else apart.touched())]
        touched = [*(v for one in every for v in one.variables), *own, *uses]
        unique = list({id(variable): variable for variable in touched}.values())
        self._whole = backend.compile(self._update, unique)
        self._piece = backend.compile(self._gradients, unique)
        self._join = backend.compile(self._add, [])
        self._apply = backend.compile(self._finish, unique)

    def __call__(self, batch: Any) -> Metrics:
        """Apply one update; metrics are scalar arrays, among them loss and gradient_norm."""
        pieces = self.train.accumulate
        if pieces == 1:
            return self._whole(batch)
        total = None
        for piece in range(pieces):
            found = self._piece(_slice(batch, piece, pieces))
            total = found if total is None else self._join(total, found)
        return self._apply(total)

    def _gradients(self, batch: Any) -> tuple[list[Any], dict[str, Any]]:
        learning = [*self.weights, *([] if self.apart is None else self.apart.weights)]
        (loss, metrics), found = backend.gradients(lambda: self.loss(batch), learning)
        # bfloat16 losses hand back bfloat16 gradients; the weights are float32.
        found = [ops.cast(g, w.dtype) for g, w in zip(found, learning, strict=True)]
        return found, {"loss": ops.cast(loss, "float32"), **metrics}

    def _add(self, left: Any, right: Any) -> Any:
        return keras.tree.map_structure(ops.add, left, right)

    def _finish(self, total: Any) -> Metrics:
        found, metrics = keras.tree.map_structure(lambda x: x / self.train.accumulate, total)
        return {**metrics, **self._applied(found)}

    def _update(self, batch: Any) -> Metrics:
        found, metrics = self._gradients(batch)
        return {**metrics, **self._applied(found)}

    def _applied(self, found: Sequence[Any]) -> dict[str, Any]:
        count = len(self.weights)
        if self.apart is not None:
            self.apart.apply(found[count:])
        return self.apply(found[:count])


def _slice(batch: Any, piece: int, pieces: int) -> Any:
    """Piece `piece` of `pieces` equal ones along the first axis of every array."""

    def cut(array: Any) -> Any:
        size = array.shape[0] // pieces
        return array[piece * size : (piece + 1) * size]

    return keras.tree.map_structure(cut, batch)


class BaseLearner:
    """Defaults of the `Learner` protocol for families that train by gradient steps.

    A subclass fills `self.networks` (name -> built Keras layer or model) and `self.steps`
    (name -> `GradientStep`), or `self.updaters` (name -> `Updater`) where it compiles a step of its
    own, and overrides what it does differently.
    """

    monitor: Monitor | None = None

    def __init__(self, recipe: Any, inputs: Mapping[str, Any] | None = None) -> None:
        self.recipe = recipe
        self.inputs = dict(inputs or {})
        self.networks: dict[str, keras.Layer] = {}
        self.steps: dict[str, GradientStep] = {}
        self.updaters: dict[str, Updater] = {}
        self.extra_variables: dict[str, keras.Variable] = {}

    def variables(self) -> dict[str, keras.Variable]:
        """Every variable by a stable name: `part/path`."""
        named: list[tuple[str, keras.Variable]] = []
        for part, network in self.networks.items():
            named += [(f"{part}/{variable.path}", variable) for variable in network.variables]
        for part, step in self._all_updaters().items():
            named += [(f"{part}/{key}", variable) for key, variable in step.variables().items()]
        named += list(self.extra_variables.items())
        names = [name for name, _ in named]
        if len(set(names)) != len(names):
            doubles = sorted({name for name in names if names.count(name) > 1})
            raise ValueError(f"two variables share a name: {doubles}. Name the layers.")
        return dict(named)

    def feed(self, split: str, seed: int) -> Feed:
        raise NotImplementedError(f"{type(self).__name__} has to define feed")

    def update(self, batch: Arrays, noise: Noise) -> Metrics:
        """One gradient step of the only `GradientStep`."""
        del noise
        (step,) = self.steps.values()
        return step(batch)

    def scale_rates(self, factor: float) -> None:
        for step in self._all_updaters().values():
            step.rate.factor.assign(step.rate.factor.value * factor)

    def use_averages(self) -> None:
        for step in self._all_updaters().values():
            step.use_averages()

    def _all_updaters(self) -> dict[str, Updater]:
        return {**self.steps, **self.updaters}

    def evaluate(self, request: EvaluationRequest, progress: Progress) -> Evaluation:
        raise UsageError(f"family '{self.recipe.family}' has nothing to evaluate")

    def score(self, data: str, limit: int | None, progress: Progress) -> Iterator[dict[str, Any]]:
        raise UsageError(f"family '{self.recipe.family}' does not score items")

    def item_files(self, data: str, limit: int | None, progress: Progress) -> Iterator[Artifact]:
        raise UsageError(f"family '{self.recipe.family}' has no files of items: leave --files out")

    def generator(self, settings: SampleSettings) -> Generator | None:
        """Nothing to sample."""
        return None

    def primes(self, reference: str, keep: str | None) -> Forced:
        raise UsageError(f"family '{self.recipe.family}' does not take --prime")

    def preview(self, count: int, seed: int) -> Sequence[Any]:
        """No pictures during training."""
        return ()

    def checks(self) -> Iterable[Check]:
        """Nothing beyond saving and loading."""
        return ()

    def workloads(self, tiles: Sequence[int]) -> Iterable[Workload]:
        """The training step: what every learner has."""
        from genkit.benchmark import training_workload

        return [training_workload(self)]


class DataLearner(BaseLearner):
    """A learner of a data set with splits; the data set is read when it is first asked for."""

    _dataset: Any = None

    @property
    def dataset(self) -> Any:
        """The recipe's data set."""
        if self._dataset is None:
            self._dataset = data.load(self.recipe.data)
        return self._dataset

    def split(self, name: str) -> Any:
        """A split of the data set."""
        return self.dataset.split(name)


def dropout_factors(noise: Noise, rate: float, shape: tuple[int, ...]) -> np.ndarray:
    """Factors of dropout of a shape, float32: 0, or 1 / (1 - rate)."""
    survives = noise.uniform("dropout", shape) >= rate
    return survives.astype(np.float32) / np.float32(1.0 - rate)


def policy(train: TrainConfig) -> str:
    """The Keras dtype policy of a recipe's precision."""
    return "mixed_bfloat16" if train.precision == "bfloat16" else "float32"
