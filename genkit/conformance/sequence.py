"""The conformance suite of sequence models: causal, complete, and the same by every path."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np
from keras import ops

from genkit import backend
from genkit.conformance.dependence import BATCH, MOST_POSITIONS, dependence_checks, measure
from genkit.conformance.suite import FLOAT_LIMIT, TILE, Suite
from genkit.family import Arrays, Check, SampleSettings
from genkit.randomness import normal, raw_bits
from genkit.sampling.sequence import IncrementalGenerator, NaiveGenerator, SequenceNetwork

Conditions = Callable[[int, int], Arrays]  # of (samples, time steps)
STRETCHES = 3  # chunks of the compared sequences; the last one is cut
SMALL = 256  # longer sequences are measured at fewer positions, a few samples at once
FEW_POSITIONS = 16
AT_ONCE = 2**14  # time steps of all samples together
LONGEST_STRETCH = 2**12


def sequence_checks(network: SequenceNetwork, conditions: Conditions | None = None) -> list[Check]:
    """Every proof for one model. Weights are put back afterwards.

    Args:
        network: of the family.
        conditions: arrays for a number of samples and time steps; None takes what the network
            gives to someone who asks for nothing.
    """

    def unasked(samples: int, steps: int) -> Arrays:
        return network.conditions([{}] * samples, 0)

    chosen = conditions or unasked
    line = Line(network, chosen)
    length = line.shape[1]
    large = length > SMALL
    most = FEW_POSITIONS if large else MOST_POSITIONS
    batch = max(1, min(BATCH, AT_ONCE // length))
    suite = SequenceSuite(network, chosen, length)
    return [*dependence_checks(cache(lambda: measure(line, most, batch))), *suite.checks()]


class Line:
    """A sequence model as an image of one row, for `genkit.conformance.dependence`.

    The row is two values longer than the receptive field, so that its last output has values
    that it must not see any more. Numbers between codes, of which gradients are taken, move
    along a random line in the space of one-hot codes.
    """

    def __init__(self, network: SequenceNetwork, conditions: Conditions) -> None:
        self.network, self._conditions = network, conditions
        self.shape = (1, network.receptive_field + 2, 1)
        self.levels = network.levels
        self.variables = network.variables
        self._direction = normal(3, "conformance/direction", 0, (self.levels,))

    def examples(self, count: int) -> np.ndarray:
        """Nothing: a line has conditions of its own."""
        return np.zeros((count, 1), np.float32)

    def _own(self, batch: int) -> Arrays:
        length = self.shape[1]
        own = self.network.cut(self._conditions(1, length), 0, length)
        return {name: np.repeat(array, batch, axis=0) for name, array in own.items()}

    def scores(self, x: Any, vector: Any) -> Any:
        one_hot = x[:, 0] * self._direction + np.float32(1.0 / self.levels)
        return self.network.scores(one_hot, self._own(x.shape[0]))[:, None, :, None]

    def logits(self, values: Any, vector: Any) -> Any:
        found = self.network.logits(values[:, 0, :, 0], self._own(values.shape[0]))
        return found[:, None, :, None]

    def sees(self, output: tuple[int, int, int], value: tuple[int, int, int]) -> bool:
        return bool(self._seen(output[1])[value[1]])

    def expected(self, outputs: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """As `genkit.conformance.dependence.expected`: one row at a time, since a sequence may be
        too long for a matrix of all pairs."""
        seen = np.stack([self._seen(int(output)) for output in outputs])
        seeing = np.stack([self._seen(output)[values] for output in range(self.shape[1])])
        return seen, seeing

    def _seen(self, output: int) -> np.ndarray:
        """`(N,)` bool, which values an output must depend on."""
        found = np.zeros(self.shape[1], bool)
        found[:output] = self.network.seen(output)
        return found


class SequenceSuite(Suite):
    """Sequences a little longer than the receptive field, in stretches.

    Conditions are arrays of the whole tile.
    """

    def __init__(self, network: SequenceNetwork, conditions: Conditions, length: int) -> None:
        settings, stretch = SampleSettings(TILE), min(length // STRETCHES + 1, LONGEST_STRETCH)
        sizes = (network, settings, length, stretch)
        step_by_step = IncrementalGenerator(*sizes, with_logits=True, quick_priming=False)
        arrays = conditions(TILE, length)
        super().__init__(network.variables, step_by_step, NaiveGenerator(*sizes), arrays, length)
        self.network, self.length = network, length
        # All parts of a tile have one size, so that a form is compiled once.
        self.rows = TILE
        while self.rows > 1 and self.rows * length > AT_ONCE:
            self.rows //= 2
        self.at_once = IncrementalGenerator(*sizes, with_logits=True)
        self._forms = {
            xla: backend.compile(network.logits, network.variables, xla=xla)
            for xla in (True, False)
        }

    def checks(self) -> list[Check]:
        quick = self.over_weights(lambda: self.given_logits(self.at_once))
        return [*super().checks(), Check("quick_priming_logits", FLOAT_LIMIT, quick)]

    def random(self, draw: int) -> np.ndarray:
        bits = raw_bits(draw, "conformance/sequences", 0, TILE * self.length)
        values = (bits % np.uint64(self.network.levels)).astype(np.int32)
        return values.reshape(TILE, self.length)

    def parallel(self, values: np.ndarray, xla: bool = True) -> np.ndarray:
        """A few samples at once where they are long."""
        own, found = self.network.cut(self.conditions, 0, self.length), []
        for part in (slice(row, row + self.rows) for row in range(0, TILE, self.rows)):
            arrays = {name: array[part] for name, array in own.items()}
            found.append(ops.convert_to_numpy(self._forms[xla](values[part], arrays)))
        return np.concatenate(found)

    def joined(self, parts: Sequence[Any]) -> np.ndarray:
        whole = np.concatenate([ops.convert_to_numpy(part) for part in parts], axis=1)
        return whole[:, : self.length]
