"""The learner of two networks with clocks of their own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import keras
import numpy as np
from keras import ops

from genkit import backend
from genkit.artifacts import Figure
from genkit.data.dataset import StatelessFeed
from genkit.data.sequences.streams import DigitStream
from genkit.errors import UsageError
from genkit.family import Arrays, Check, Evaluation, EvaluationRequest, Feed, Metrics, Monitor
from genkit.layers.values import centred_array
from genkit.learning import DataLearner, Updater
from genkit.metrics.confusion import confusion_figure
from genkit.models.synthetic_gradients.clocks.network import Often, Seldom
from genkit.models.synthetic_gradients.losses import item_losses, wrong_share
from genkit.models.synthetic_gradients.recurrent.network import Bridge, distance
from genkit.progress import Progress
from genkit.randomness import Noise

WARM_UP = 3  # periods of a stream before counts are judged


class PeriodFeed(StatelessFeed):
    """Periods of streams of digits: what each shows, and what is to be counted.

    Args:
        stream: of the data set. split, seed: of its images. rows: streams side by side.
    """

    described = "a feed of periods"

    def __init__(self, stream: DigitStream, split: str, seed: int, rows: int) -> None:
        self.stream, self.split, self.seed, self.rows = stream, split, seed, rows

    def batch(self, k: int) -> Arrays:
        """`image` `(T, B, H, W, C)`; `often`, `seldom` `(B,)` int64, the counts of the period."""
        period = self.stream.config.period
        steps = range(k * period, (k + 1) * period)
        found = [self.stream.step(self.split, self.seed, s, self.rows) for s in steps]
        shown, first, second = (np.stack(parts) for parts in zip(*found, strict=True))
        images = centred_array(shown, self.stream.split(self.split).levels)
        return {"image": images, "often": first.sum(axis=0), "seldom": second.sum(axis=0)}


class ClocksLearner(DataLearner):
    """The first network works at every step, the second at the end of each period.

    `bprop`: the first waits for a period to end and for the second, and is then updated through
    all steps of the period. `sg`: it is updated at every step, by a bridge that tells the gradient
    of what comes later, and at the end of a period by a module that tells what its message will
    do to the loss of the second. `noprop`: neither is told.

    Args:
        recipe, inputs: as for every learner.
    """

    monitor: Monitor | None = Monitor("error_rate", "min")

    def __init__(self, recipe: Any, inputs: Mapping[str, Any] | None = None) -> None:
        super().__init__(recipe, inputs)
        self.config, data = recipe.model, recipe.data
        section, classes = self.config.clocks, data.class_count()
        self.method = self.config.method
        self.often = Often(
            encoder=section.encoder,
            units=section.units,
            message=section.message,
            classes=classes,
            shape=data.stream_shape(),
            name="often",
        )
        self.seldom = Seldom(
            units=section.units, message=section.message, classes=classes, name="seldom"
        )
        self.bridge = Bridge(section.hidden, 2 * section.units, False, name="bridge")
        self.answer = Bridge(section.hidden, section.message, False, name="answer")
        self.networks = {n.name: n for n in (self.often, self.seldom, self.bridge, self.answer)}
        for network in (self.often, self.seldom):
            network.build(None)
        self.bridge.build((None, 2 * section.units))
        self.answer.build((None, section.message))
        train, rate = recipe.train, self.config.module.rate
        self.updaters = {
            name: Updater(
                network.trainable_variables,
                train,
                rate if network in (self.bridge, self.answer) else None,
                counted=True,
            )
            for name, network in self.networks.items()
        }
        self.states = {}
        for network in (self.often, self.seldom):
            zeros = np.zeros((train.batch_size, 2 * network.units), np.float32)
            name = f"state_{network.name}"
            self.states[network.name] = keras.Variable(zeros, trainable=False, name=name)
        self.extra_variables = {v.name: v for v in self.states.values()}
        self._compile()

    def _compile(self) -> None:
        variables = list(self.variables().values())
        self._whole = backend.compile(self._locked, variables)
        self._one = backend.compile(self._step, variables)
        self._last = backend.compile(self._tick, variables)
        self._named = backend.compile(self._count, variables)

    # Training

    def feed(self, split: str, seed: int) -> Feed:
        return PeriodFeed(self.dataset, split, seed, self.recipe.train.batch_size)

    def update(self, batch: Arrays, noise: Noise) -> Metrics:
        """A period: one update of the first network, or one at each of its steps."""
        del noise
        counts = [
            np.eye(self.recipe.data.class_count(), dtype=np.float32)[batch[name]] for name in _BOTH
        ]
        if self.method == "bprop":
            return self._whole(batch["image"], *counts)
        for step, image in enumerate(batch["image"][:-1]):
            self._one(image, np.float32(step == 0))
        return self._last(batch["image"][-1], *counts)

    def _locked(self, images: Any, often: Any, seldom: Any) -> dict[str, Any]:
        """Both networks by the true gradient of a period."""
        start, heard = self.states["often"].value, self.states["seldom"].value

        def loss() -> tuple[Any, Any]:
            state, after, logits, other = self._period(images, start, heard)
            parts = _mean_loss(logits, often), _mean_loss(other, seldom)
            return sum(parts), (parts, state, after, logits, other)

        mine, theirs = self.often.trainable_variables, self.seldom.trainable_variables
        (_, (parts, state, after, logits, other)), found = backend.gradients(loss, [*mine, *theirs])
        metrics = self.updaters["often"].apply(found[: len(mine)])
        self.updaters["seldom"].apply(found[len(mine) :])
        self._keep(state, after)
        self._count_update()
        return {**metrics, **_metrics(parts, (logits, other), (often, seldom))}

    def _step(self, image: Any, first: Any) -> dict[str, Any]:
        """A step at which nothing is told: the first network by its bridge alone."""
        start = self.states["often"].value
        flag = _flag(image.shape[0], first)

        def objective(state: Any) -> tuple[Any, Any]:
            after, _, _ = self.often(image, flag, state)
            return self._future(after), (after,)

        return self._advance(start, objective)[0]

    def _tick(self, image: Any, often: Any, seldom: Any) -> dict[str, Any]:
        """The last step of a period: both tell, and the second answers the first one's message."""
        start, heard = self.states["often"].value, self.states["seldom"].value
        flag = _flag(image.shape[0], 0.0)

        def objective(state: Any) -> tuple[Any, Any]:
            after, message, logits = self.often(image, flag, state)
            own = _mean_loss(logits, often)
            value = own + self._future(after)
            if self.method == "sg":
                value = value + ops.sum(self.answer.word(message) * message) / message.shape[0]
            return value, (after, message, logits, own)

        metrics, (_, message, logits, own) = self._advance(start, objective)

        def answered(sent: Any) -> tuple[Any, Any]:
            after, other = self.seldom(sent, heard)
            return _mean_loss(other, seldom), (after, other)

        theirs = self.seldom.trainable_variables
        message = ops.stop_gradient(message)
        (loss, (after, other)), found, (back,) = backend.gradients(answered, theirs, [message])
        self.updaters["seldom"].apply(found)
        self.states["seldom"].assign(ops.stop_gradient(after))
        if self.method == "sg":
            metrics["answer_loss"] = self._teach(self.answer, message, message.shape[0] * back)
        self._count_update()
        return {**metrics, **_metrics((own, loss), (logits, other), (often, seldom))}

    def _future(self, after: Any) -> Any:
        """What the bridge says of a state, as a loss with that slope."""
        if self.method != "sg":
            return 0.0 * ops.sum(after)
        return ops.sum(self.bridge.word(after) * after) / after.shape[0]

    def _advance(self, start: Any, objective: Any) -> tuple[dict[str, Any], Any]:
        """One update of the first network, and of its bridge by what this step sends back.

        Args:
            start: state. objective: gives a loss and extras, the next state first.
        """
        weights = self.often.trainable_variables
        (_, extras), found, (back,) = backend.gradients(objective, weights, [start])
        metrics = self.updaters["often"].apply(found)
        if self.method == "sg":
            metrics["module_loss"] = self._teach(self.bridge, start, start.shape[0] * back)
        self.states["often"].assign(ops.stop_gradient(extras[0]))
        return metrics, extras

    def _teach(self, module: Bridge, seen: Any, wanted: Any) -> Any:
        """One update of a module towards what was wanted of it."""

        def loss() -> tuple[Any, Any]:
            return distance(module(seen)[0], wanted), {}

        (value, _), found = backend.gradients(loss, module.trainable_variables)
        self.updaters[module.name].apply(found)
        return value

    def _count_update(self) -> None:
        for updater in self.updaters.values():
            updater.count()

    def _keep(self, state: Any, after: Any) -> None:
        self.states["often"].assign(ops.stop_gradient(state))
        self.states["seldom"].assign(ops.stop_gradient(after))

    # What they can do

    def _count(self, images: Any, state: Any, heard: Any) -> tuple[Any, ...]:
        state, heard, logits, other = self._period(images, state, heard)
        return state, heard, ops.argmax(logits, axis=-1), ops.argmax(other, axis=-1)

    def _period(self, images: Any, state: Any, heard: Any) -> tuple[Any, ...]:
        """Both states and the logits of both counts behind a period `(T, B, H, W, C)`."""
        message, logits = None, None
        for step in range(images.shape[0]):
            flag = _flag(images.shape[1], float(step == 0))
            state, message, logits = self.often(images[step], flag, state)
        heard, other = self.seldom(message, heard)
        return state, heard, logits, other

    def evaluate(self, request: EvaluationRequest, progress: Progress) -> Evaluation:
        """Share of wrong counts of both networks, of as many counts as asked for; unless brief
        also which for which."""
        if request.split not in self.dataset.splits:
            raise UsageError(f"there is no split '{request.split}' of digits")
        rows, period = self.recipe.eval.batch_size, self.recipe.data.period
        count = rows * max(1, self.recipe.data.test_steps // period - WARM_UP)
        count = min(request.limit or count, count)
        periods = WARM_UP + -(-count // rows)
        feed = PeriodFeed(self.dataset, request.split, request.seed, rows)
        state, heard = (
            np.zeros((rows, 2 * n.units), np.float32) for n in (self.often, self.seldom)
        )
        named: dict[str, list[np.ndarray]] = {name: [] for name in _BOTH}
        true: dict[str, list[np.ndarray]] = {name: [] for name in _BOTH}
        progress.start("periods", periods, "periods")
        for k in range(periods):
            batch = feed.batch(k)
            found = self._named(batch["image"], state, heard)
            state, heard, *counts = (np.asarray(ops.convert_to_numpy(x)) for x in found)
            for name, counted in zip(_BOTH, counts, strict=True):
                if k >= WARM_UP:
                    named[name].append(counted)
                    true[name].append(batch[name])
            progress.advance(1)
        progress.finish()
        return self._evaluation(
            request,
            *(
                {name: np.concatenate(parts)[:count] for name, parts in each.items()}
                for each in (named, true)
            ),
        )

    def checks(self) -> Iterable[Check]:
        """See `clocks.proofs`."""
        from genkit.models.synthetic_gradients.clocks.proofs import checks

        return checks(self)

    def _evaluation(
        self, request: EvaluationRequest, named: dict[str, np.ndarray], true: dict[str, np.ndarray]
    ) -> Evaluation:
        wrong = {name: float((named[name] != true[name]).mean()) for name in _BOTH}
        metrics = {f"error_rate_{name}": value for name, value in wrong.items()}
        metrics["error_rate"] = float(np.mean(list(wrong.values())))
        for name in _BOTH:
            usual = np.bincount(true[name]).argmax()
            metrics[f"chance_error_rate_{name}"] = float((true[name] != usual).mean())
        count = len(true["often"])
        if request.brief:
            return Evaluation(count, metrics)
        classes = np.arange(self.recipe.data.class_count())
        figures: list[Figure] = [
            confusion_figure(
                true[name],
                named[name],
                classes,
                f"{request.split}: the network that ticks {name}",
                f"counts-{name}",
                axes_names=("there are", "counted"),
            )
            for name in _BOTH
        ]
        return Evaluation(count, metrics, {}, figures)


_BOTH = ("often", "seldom")


def _flag(rows: int, first: Any) -> Any:
    return ops.zeros((rows, 1)) + first


def _mean_loss(logits: Any, wanted: Any) -> Any:
    return ops.mean(item_losses("cross_entropy", logits, wanted))


def _metrics(losses: Any, logits: Any, wanted: Any) -> dict[str, Any]:
    """Losses and shares of wrong counts of both."""
    found = {"loss": losses[0] + losses[1]}
    for name, own, true in zip(_BOTH, logits, wanted, strict=True):
        found[f"error_rate_{name}"] = wrong_share(own, true)
    return found
