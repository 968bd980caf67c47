"""The learner of cut networks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from genkit import backend
from genkit.artifacts import Figure
from genkit.batches import pad_rows
from genkit.data.images.dataset import ImageFeed
from genkit.data.points.toys import PointFeed, PointSplit
from genkit.errors import DataError, UsageError
from genkit.family import (
    Arrays,
    Check,
    Evaluation,
    EvaluationRequest,
    Feed,
    Metrics,
    Monitor,
)
from genkit.layers.values import centred_array
from genkit.learning import Updater
from genkit.models.image_density.images import ImageLearner
from genkit.models.synthetic_gradients import evaluation, sheets, surfaces
from genkit.models.synthetic_gradients.config import input_shape, output_count
from genkit.models.synthetic_gradients.decoupled import Decoupled, Segment, weights_of
from genkit.models.synthetic_gradients.losses import item_losses, wrong_share
from genkit.models.synthetic_gradients.modules import InputModule
from genkit.models.synthetic_gradients.network import build_network
from genkit.models.synthetic_gradients.signals import Cut
from genkit.progress import Progress
from genkit.randomness import Noise

NETWORK, MODULES, INPUTS = "network", "modules", "inputs"


class SyntheticGradientsLearner(ImageLearner):
    """Classifies images, or maps points, by layers that learn by what crosses cuts.

    Args:
        recipe, inputs: as for every learner. An input `reference` is a run of this family, whose
            representations evaluation compares with this one's.
    """

    def __init__(self, recipe: Any, inputs: Mapping[str, Any] | None = None) -> None:
        super().__init__(recipe, inputs)
        self.config, data = recipe.model, recipe.data
        self.outputs = output_count(data)
        classes = data.class_count() is not None
        self.monitor = Monitor("error_rate" if classes else "loss", "min")
        self.network = build_network(recipe)
        self.cuts = self._cuts()
        predicted = self._input_modules()
        self.decoupled = Decoupled(self.network, self.cuts, predicted, self.config.loss)
        self.networks = {"network": self.network}
        for cut in self.cuts:
            if cut.module is not None:
                self.networks[cut.module.name] = cut.module
            if cut.matrix is not None:
                self.extra_variables[cut.matrix.name] = cut.matrix
        self.networks.update({module.name: module for module in predicted})
        self.updaters = self._updaters(predicted)
        self._compile()

    def _cuts(self) -> list[Cut]:
        shapes, seed = self.network.shapes, self.recipe.seed
        places = enumerate(self.config.cuts())
        return [Cut(self.config, shapes[cut], self.outputs, i, seed) for i, cut in places]

    def _input_modules(self) -> list[InputModule]:
        found = []
        if self.config.unlock == "both":
            entering = (None, *self.network_input())
            for number, cut in enumerate(self.config.cuts()):
                shape = self.network.shapes[cut]
                module = InputModule(self.config.module, shape, name=f"input_{number}")
                module.build(entering)
                found.append(module)
        return found

    def network_input(self) -> tuple[int, ...]:
        """Shape of an item."""
        return input_shape(self.recipe.data)

    def _updaters(self, predicted: Sequence[InputModule]) -> dict[str, Updater]:
        """One for all weights of the network, or one a segment where only some are updated."""
        train, rate = self.recipe.train, self.config.module.rate
        network = self.network
        found: dict[str, Updater] = {}
        if self.config.update_prob < 1.0:
            for number in range(len(network.segments)):
                if weights := network.segment_weights(number):
                    found[f"segment_{number}"] = Updater(weights, train, counted=True)
            for number, cut in enumerate(self.cuts):
                if cut.weights:
                    found[f"cut_{number}"] = Updater(cut.weights, train, rate, counted=True)
        else:
            found[NETWORK] = Updater(network.trainable_variables, train)
            if weights_of(self.cuts) and not self.config.module.search:
                found[MODULES] = Updater(weights_of(self.cuts), train, rate)
        if predicted:
            weights = [w for module in predicted for w in module.trainable_variables]
            found[INPUTS] = Updater(weights, train, rate)
        return found

    def _compile(self) -> None:
        variables = list(self.variables().values())
        self._trained = backend.compile(self._update, variables)
        self._named = backend.compile(self._outcomes, variables)
        self._looked = backend.compile(self._outputs, variables)
        self._errors = backend.compile(self._layer_errors, variables)
        self._told = backend.compile(self._tell, variables)

    # Data

    def feed(self, split: str, seed: int) -> Feed:
        found, size = self.split(split), self.recipe.train.batch_size
        if isinstance(found, PointSplit):
            return PointFeed(found, size, seed)
        return ImageFeed(found, size, seed)

    def images(self, reference: str) -> Any:
        """A split, or images at a path."""
        if reference not in self.split_names and not hasattr(self.recipe.data, "image_shape"):
            raise UsageError(f"'{reference}' is no split. Allowed: {', '.join(self.split_names)}")
        return super().images(reference)

    def items(self, split: Any, chosen: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        """Items of a split, their targets, and their classes where there are any.

        Returns:
            `(n, ...)` float32, images from -1 to 1; `(n, K)` float32; `(n,)` int64.
        """
        if isinstance(split, PointSplit):
            labels = None if split.labels is None else split.labels[chosen]
            return split.points[chosen], split.targets[chosen], labels
        pixels = np.asarray(split.images[chosen])
        if split.labels is None:
            return self._floats(pixels), np.zeros((len(pixels), self.outputs), np.float32), None
        labels = np.asarray(split.labels[chosen])
        if len(labels) and not 0 <= labels.min() <= labels.max() < self.outputs:
            raise DataError(
                f"labels must be 0 to {self.outputs - 1}, the classes of this network. Received: "
                f"{labels.min()} to {labels.max()}"
            )
        return self._floats(pixels), np.eye(self.outputs, dtype=np.float32)[labels], labels

    def _floats(self, pixels: np.ndarray) -> np.ndarray:
        return centred_array(pixels, self.recipe.data.level_count())

    def _batch(self, batch: Arrays) -> tuple[np.ndarray, np.ndarray]:
        if "point" in batch:
            return batch["point"], batch["target"]
        return self._floats(batch["image"]), np.eye(self.outputs, dtype=np.float32)[batch["label"]]

    # Training

    def update(self, batch: Arrays, noise: Noise) -> Metrics:
        """One update of all segments, or of those that are drawn."""
        x, targets = self._batch(batch)
        warm = np.float32(noise.step < self.config.warmup_bprop)
        drawn = noise.uniform("segments", (len(self.network.segments),))
        return self._trained(x, targets, warm, drawn < self.config.update_prob)

    def _update(self, x: Any, targets: Any, warm: Any, chosen: Any) -> dict[str, Any]:
        found, outputs, losses, missed = self.decoupled.segments(x, targets, warm)
        metrics = self._apply(found, missed[1], chosen)
        if self.config.module.search and self.config.method == "sg":
            self._search(found)
        crossings = [segment.crossing for segment in found[1:] if segment.crossing is not None]
        told = sum((crossing.loss for crossing in crossings), 0.0)
        metrics["loss"] = ops.mean(losses)
        if self.config.learned:
            metrics["module_loss"] = ops.cast(told, "float32")
        if self.decoupled.inputs:
            metrics["input_loss"] = missed[0]
        if self.recipe.data.class_count() is not None:
            metrics["error_rate"] = wrong_share(outputs, targets)
        return metrics

    def _search(self, found: Sequence[Segment]) -> None:
        """Linear modules by the exact best rate along their gradients."""
        for cut, segment in zip(self.cuts, found[1:], strict=True):
            above, crossing = segment.above, segment.crossing
            if above is None or crossing is None:
                raise ValueError("a segment above a cut knows what crosses it")
            rate = cut.best_rate(above.entered, above, crossing.gradients)
            for weight, slope in zip(cut.weights, crossing.gradients, strict=True):
                weight.assign(weight.value - rate * slope)

    def _apply(self, found: Sequence[Segment], missed: list[Any], chosen: Any) -> dict[str, Any]:
        """Updates of networks, modules and moving averages."""
        some = self.config.update_prob < 1.0
        told = [[] if s.crossing is None else s.crossing.gradients for s in found]
        metrics: dict[str, Any] = {}
        if some:
            squares: Any = 0.0
            for number, segment in enumerate(found):
                if f"segment_{number}" in self.updaters:
                    updater = self.updaters[f"segment_{number}"]
                    metrics = updater.apply(segment.gradients, chosen[number])
                    squares = squares + ops.square(metrics["gradient_norm"])
                if number and f"cut_{number - 1}" in self.updaters:
                    # A module learns when the segment above it does, which knows the error.
                    self.updaters[f"cut_{number - 1}"].apply(told[number], chosen[number])
            metrics["gradient_norm"] = ops.sqrt(squares)
        else:
            flat = [g for segment in found for g in segment.gradients]
            metrics = self.updaters[NETWORK].apply(self._in_order(flat))
            if MODULES in self.updaters:
                self.updaters[MODULES].apply([g for gradients in told for g in gradients])
        if INPUTS in self.updaters:
            self.updaters[INPUTS].apply(missed)
        for updater in self.updaters.values():
            updater.count()
        for number, segment in enumerate(found):
            self.network.move_averages(number, segment.statistics, chosen[number] if some else None)
        return metrics

    def _in_order(self, flat: Sequence[Any]) -> list[Any]:
        """Gradients of all segments in the order of the network's weights."""
        numbers = range(len(self.network.segments))
        weights = [w for number in numbers for w in self.network.segment_weights(number)]
        by_weight = {id(weight): g for weight, g in zip(weights, flat, strict=True)}
        return [by_weight[id(weight)] for weight in self.network.trainable_variables]

    # What the network does

    def _outputs(self, x: Any, targets: Any) -> tuple[list[Any], Any]:
        """What all layers give, by moving averages, and the items' losses."""
        given, _ = self.network.run(x, range(len(self.network.blocks)), training=False)
        return given[1:], item_losses(self.config.loss, given[-1], targets)

    def _outcomes(self, x: Any, targets: Any) -> tuple[Any, Any]:
        given, losses = self._outputs(x, targets)
        return given[-1], losses

    def outcomes(self, x: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Outputs of items `(n, K)` and their losses `(n,)`."""
        found = self._by_batches(self._named, x, targets)
        return np.concatenate([o for o, _ in found]), np.concatenate([n for _, n in found])

    def look(self, x: np.ndarray, targets: np.ndarray) -> tuple[list[np.ndarray], np.ndarray]:
        """What each layer gives of items, and their losses `(n,)`; a batch of any size."""
        found = self._by_batches(self._looked, x, targets)
        layers = [np.concatenate(each) for each in zip(*(p[0] for p in found), strict=True)]
        return layers, np.concatenate([losses for _, losses in found])

    def _by_batches(self, run: Any, x: np.ndarray, targets: np.ndarray) -> list[Any]:
        """What `run` gives batch by batch, all of one shape; what was padded is cut off."""
        size, found = self.recipe.eval.batch_size, []
        for start in range(0, len(x), size):
            own = x[start : start + size], targets[start : start + size]
            missing = size - len(own[0])
            given = run(*(pad_rows(array, missing) for array in own))
            kept = len(own[0])
            found.append(
                keras.tree.map_structure(
                    lambda y, kept=kept: np.asarray(ops.convert_to_numpy(y))[:kept], given
                )
            )
        return found

    def _layer_errors(self, x: Any, targets: Any) -> tuple[list[Any], list[Any]]:
        found, *_ = self.decoupled.segments(x, targets, ops.zeros(()), probed=True)
        told = [error for segment in found for error in segment.errors]
        crossings = [segment.crossing for segment in found if segment.crossing is not None]
        missed = [ops.cast(crossing.loss, "float32") for crossing in crossings]
        return list(zip(told, self.decoupled.true_errors(x, targets), strict=True)), missed

    def errors(
        self, x: np.ndarray, targets: np.ndarray
    ) -> tuple[list[tuple[np.ndarray, np.ndarray]], list[float]]:
        """The error that each layer is told of a training batch and the true one, `(B, ...)`; and
        the loss of the module at each cut, zeros without modules."""
        pairs, missed = keras.tree.map_structure(
            lambda e: np.asarray(ops.convert_to_numpy(e)), self._errors(x, targets)
        )
        return pairs, [float(loss) for loss in missed]

    def layer_errors(
        self, x: np.ndarray, targets: np.ndarray
    ) -> list[tuple[np.ndarray, np.ndarray]]:
        """The errors of `errors` alone."""
        return self.errors(x, targets)[0]

    def _tell(self, h: Any, targets: Any) -> Any:
        return self.cuts[0].tell(h, targets)

    def told(self, h: np.ndarray, targets: np.ndarray) -> np.ndarray:
        """What the module of the lowest cut says of activations, see `Cut.tell`."""
        return np.asarray(ops.convert_to_numpy(self._told(h, targets)))

    def evaluate(self, request: EvaluationRequest, progress: Progress) -> Evaluation:
        """Losses and errors; unless brief what crosses the cuts and what layers hold."""
        return evaluation.evaluate(self, request, progress)

    def score(self, data: str, limit: int | None, progress: Progress) -> Iterator[dict[str, Any]]:
        """Per item: index, class, what is predicted, with what probability, and the loss."""
        return sheets.rows(self, self.images(data).first(limit), progress)

    def item_files(self, data: str, limit: int | None, progress: Progress) -> Iterator[Figure]:
        """Sheets of images with what is predicted of each."""
        return sheets.sheets(self, self.images(data).first(limit), progress)

    def preview(self, count: int, seed: int) -> Sequence[Figure]:
        """In the plane the loss that the lowest module implies, beside the true one."""
        del count, seed
        return surfaces.figures(self) if surfaces.in_the_plane(self) else ()

    def checks(self) -> Iterable[Check]:
        """See `proofs`."""
        from genkit.models.synthetic_gradients.proofs import checks

        return checks(self)
