"""One update of a cut network: every segment by what it is told at its upper cut."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
from keras import ops

from genkit import backend
from genkit.models.synthetic_gradients.losses import item_losses, output_errors
from genkit.models.synthetic_gradients.modules import InputModule
from genkit.models.synthetic_gradients.network import CutNetwork
from genkit.models.synthetic_gradients.signals import Above, Crossing, Cut


@dataclass
class Segment:
    """What a batch gave in one segment.

    Args:
        gradients: of its weights. statistics: of its normalisations, a list a layer.
        crossing: what its lower cut lets through; None of the lowest.
        above: what is known above that cut; None of the lowest.
        errors: with probes, the error at what each of its layers gives, of each item.
    """

    gradients: list[Any]
    statistics: list[list[Any]]
    crossing: Crossing | None
    above: Above | None
    errors: list[Any]


class Decoupled:
    """Gradients of a cut network.

    Args:
        network: built. cuts: its cuts, bottom first. inputs: what predicts the activations at
            each cut from the data, or nothing.
        loss: name of the loss.
    """

    def __init__(
        self, network: CutNetwork, cuts: list[Cut], inputs: list[InputModule], loss: str
    ) -> None:
        self.network, self.cuts, self.inputs, self.loss = network, cuts, inputs, loss

    def segments(
        self, x: Any, targets: Any, warm: Any, probed: bool = False
    ) -> tuple[list[Segment], Any, Any, Any]:
        """What a batch gives, segment by segment, bottom first; outputs; the items' losses; and
        what is lost by predicted inputs, `(scalar, gradients)`.

        Args:
            x: `(B, ...)`. targets: `(B, K)`. warm: see `Cut.cross`.
            probed: find the errors at all layers.
        """
        entered, reached, real = self._forward(x)
        outputs = real[0][-1]
        losses = item_losses(self.loss, outputs, targets)
        errors = output_errors(self.loss, reached[-1], targets)
        found: list[Segment] = []
        signal = None
        for number in reversed(range(len(entered))):
            segment, back = self._segment(number, entered[number], targets, signal, probed)
            if number:
                above = Above(back, entered[number], losses, errors, targets)
                segment.above = above
                segment.crossing = self.cuts[number - 1].cross(reached[number - 1], above, warm)
                signal = segment.crossing.signal
            if self.inputs:
                # Evaluation will have real inputs, and averages must be of those.
                segment.statistics = [real[1][i] for i in self.network.segments[number]]
            found.append(segment)
        return found[::-1], outputs, losses, self._input_loss(x, reached)

    def _forward(self, x: Any) -> tuple[list[Any], list[Any], tuple[list[Any], list[Any]]]:
        """What enters and what leaves each segment; and what layers give of real inputs, with
        their batch statistics."""
        entered, reached = [x], []
        for number, layers in enumerate(self.network.segments):
            given, _ = self.network.run(entered[-1], layers, training=True)
            reached.append(ops.stop_gradient(given[-1]))
            if number < len(self.cuts):
                told = self.inputs[number](x) if self.inputs else reached[-1]
                entered.append(ops.stop_gradient(told))
        if self.inputs:
            real = self.network.run(x, range(len(self.network.blocks)), training=True)
        else:
            real = (reached, [])
        return entered, reached, real

    def _segment(
        self, number: int, x: Any, targets: Any, signal: Any, probed: bool
    ) -> tuple[Segment, Any]:
        """Gradients of a segment that is told `signal`, and the error that it would send back."""
        network, batch = self.network, x.shape[0]
        layers = network.segments[number]
        shapes = [network.shapes[i] for i in layers] if probed else []
        probes = [ops.zeros((batch, *shape)) for shape in shapes]

        def objective(entering: Any, *added: Any) -> tuple[Any, Any]:
            given, statistics = network.run(entering, layers, True, added, aligned=number > 0)
            if signal is None:
                value = ops.sum(item_losses(self.loss, given[-1], targets))
            else:
                value = ops.sum(signal * given[-1])
            return value / batch, statistics

        weights = network.segment_weights(number)
        (_, statistics), found, slopes = backend.gradients(objective, weights, [x, *probes])
        errors = [batch * slope for slope in slopes[1:]]
        return Segment(list(found), statistics, None, None, errors), batch * slopes[0]

    def _input_loss(self, x: Any, reached: list[Any]) -> tuple[Any, list[Any]]:
        """Mean square by which predicted inputs miss, and its gradients."""
        if not self.inputs:
            return 0.0, []

        def loss() -> tuple[Any, Any]:
            total = 0.0
            for module, wanted in zip(self.inputs, reached, strict=False):
                total = total + ops.mean(ops.square(module(x) - ops.stop_gradient(wanted)))
            return total, {}

        weights = [w for module in self.inputs for w in module.trainable_variables]
        (value, _), found = backend.gradients(loss, weights)
        return value, list(found)

    def true_errors(self, x: Any, targets: Any) -> list[Any]:
        """The error of each layer by whole backpropagation, `(B, *shape)` of each item."""
        network, batch = self.network, x.shape[0]
        layers = range(len(network.blocks))
        probes = [ops.zeros((batch, *shape)) for shape in network.shapes]

        def objective(*added: Any) -> tuple[Any, Any]:
            given, _ = network.run(x, layers, True, added)
            return ops.sum(item_losses(self.loss, given[-1], targets)), {}

        _, _, slopes = backend.gradients(objective, [], probes)
        return list(slopes)


def weights_of(cuts: list[Cut]) -> list[keras.Variable]:
    """Trained variables at all cuts."""
    return [weight for cut in cuts for weight in cut.weights]
