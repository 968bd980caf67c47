"""The learner of copying: truncated backpropagation through time, with a bridge or without."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import astuple
from typing import Any

import keras
import numpy as np
from keras import ops

from genkit import backend
from genkit.batches import pad_rows
from genkit.data.dataset import StatelessFeed
from genkit.data.sequences.copying import Episodes
from genkit.family import (
    Arrays,
    Check,
    Evaluation,
    EvaluationRequest,
    Feed,
    Metrics,
    Monitor,
)
from genkit.learning import DataLearner, Updater
from genkit.models.synthetic_gradients.recurrent import evaluation
from genkit.models.synthetic_gradients.recurrent.curriculum import Curriculum
from genkit.models.synthetic_gradients.recurrent.network import Bridge, Speaker, distance
from genkit.progress import Progress
from genkit.randomness import Noise


class NumberFeed(StatelessFeed):
    """Numbers of updates: what an update shows depends on how far the curriculum is."""

    described = "a feed of numbers"

    def batch(self, k: int) -> Arrays:
        """`update`, the number."""
        return {"update": np.asarray(k)}


class CopyLearner(DataLearner):
    """Reads symbols and says them. An update is a window of an episode.

    At the end of a window the gradient of what comes later is cut off (`noprop`) or told by a
    bridge (`sg`), which learns from what the next window sends back, bootstrapped.

    Args:
        recipe, inputs: as for every learner.
    """

    monitor: Monitor | None = Monitor("solved", "max")

    def __init__(self, recipe: Any, inputs: Mapping[str, Any] | None = None) -> None:
        super().__init__(recipe, inputs)
        self.config, data = recipe.model, recipe.data
        section = self.config.recurrent
        self.bridged = self.config.method == "sg"
        self.network = Speaker(
            section.units, data.stream_shape()[0], data.class_count(), name="speaker"
        )
        self.network.build(None)
        width = 2 * section.units
        hidden = section.hidden
        self.bridge = Bridge(hidden, width, section.auxiliary and self.bridged, name="bridge")
        self.bridge.build((None, width))
        self.networks = {"network": self.network, "bridge": self.bridge}
        train = recipe.train
        self.updaters = {
            "network": Updater(self.network.trainable_variables, train),
            "bridge": Updater(
                self.bridge.trainable_variables, train, self.config.module.rate, counted=True
            ),
        }
        zeros = np.zeros((train.batch_size, width), np.float32)
        self.state = keras.Variable(zeros, trainable=False, name="state")
        start = np.asarray(astuple(Curriculum()), np.float32)
        self.where = keras.Variable(start, trainable=False, name="where")
        self.extra_variables = {"state": self.state, "where": self.where}
        self._compile()
        self._present: tuple[Any, Episodes] | None = None

    def _compile(self) -> None:
        variables = list(self.variables().values())
        self._trained = backend.compile(self._window, variables)
        self._said = backend.compile(self._say, variables)

    # Training

    def feed(self, split: str, seed: int) -> Feed:
        return NumberFeed()

    def curriculum(self) -> Curriculum:
        """Where training is."""
        return Curriculum(*map(float, ops.convert_to_numpy(self.where.value)))

    def update(self, batch: Arrays, noise: Noise) -> Metrics:
        """The next window of the present episode."""
        at = self.curriculum()
        key = noise.seed, at.episode, at.length, at.repeats
        if self._present is None or self._present[0] != key:
            made = self.dataset.episodes(
                noise.seed,
                "train",
                int(at.episode),
                self.recipe.train.batch_size,
                int(at.length),
                int(at.repeats),
            )
            self._present = (key, made)
        episode, window = self._present[1], self.config.recurrent.window
        piece = _piece(episode, int(at.position), window)
        last = at.position + window >= len(episode)
        first, more = np.float32(at.position == 0), np.float32(not last)
        found = self._trained(*piece, first, more)
        bits, said = float(np.asarray(found["bits"])), float(piece[2].sum())
        after = at.window(window, bits, said)
        if last:
            after = after.ended(self.recipe.data.repeat, self.recipe.data.longest)
        self.where.assign(np.asarray(astuple(after), np.float32))
        numbers = {"length": after.length, "solved": after.solved}
        if at.average >= 0:
            numbers["bits_per_symbol"] = at.average
        if self.recipe.data.repeat:
            numbers["repeats"] = after.repeats
        kept = ("loss", "gradient_norm", "learning_rate", "module_loss")
        return {**{n: found[n] for n in kept if n in found}, **numbers}

    def _window(
        self, inputs: Any, targets: Any, asked: Any, first: Any, more: Any
    ) -> dict[str, Any]:
        """Gradients of a window and what it sends back to its beginning; one update.

        Args:
            inputs, targets, asked: `(T, B, D)`, `(T, B)`, `(T,)`. first: 1 at the beginning of an
                episode. more: 1 where something comes behind the window.
        """
        start, section = self.state.value * (1.0 - first), self.config.recurrent
        size = start.shape[0]

        def objective(state: Any) -> tuple[Any, Any]:
            logits, end = self.network.window(inputs, state)
            wanted = ops.one_hot(targets, logits.shape[-1])
            nats = -ops.sum(wanted * ops.log_softmax(logits, axis=-1), axis=-1)
            total = ops.sum(ops.mean(nats, axis=1) * asked)
            value = total
            word = ops.zeros_like(end)
            if self.bridged:
                word = more * self.bridge.word(end)
                value = value + section.weight * ops.sum(word * end) / size
            return value, (total, end, word)

        weights = self.network.trainable_variables
        (_, (total, end, word)), found, (back,) = backend.gradients(objective, weights, [start])
        metrics = self.updaters["network"].apply(found)
        metrics["loss"] = total / ops.maximum(ops.sum(asked), 1.0)
        metrics["bits"] = total / math.log(2.0)
        if self.bridged:
            metrics["module_loss"] = self._learn(start, size * back, word, 1.0 - first)
        self.state.assign(ops.stop_gradient(end))
        return metrics

    def _learn(self, start: Any, back: Any, word: Any, known: Any) -> Any:
        """One update of the bridge at the beginning of a window, where it spoke of this one."""

        def loss() -> tuple[Any, Any]:
            slope, later = self.bridge(start)
            missed = distance(slope, back)
            if self.bridge.later is not None:
                missed = missed + distance(later, word)
            return known * missed, {}

        weights = self.bridge.trainable_variables
        (value, _), found = backend.gradients(loss, weights)
        self.updaters["bridge"].apply(found, known > 0)
        self.updaters["bridge"].count()
        return value

    # What it can do

    def _say(self, inputs: Any, state: Any) -> tuple[Any, Any]:
        logits, state = self.network.window(inputs, state)
        return ops.log_softmax(logits, axis=-1), state

    def say(self, episode: Episodes) -> np.ndarray:
        """Log-probabilities `(E, B, K)` of an episode of any number of rows and steps."""
        window, size = self.config.recurrent.window, episode.inputs.shape[1]
        state: Any = np.zeros((size, 2 * self.config.recurrent.units), np.float32)
        parts = []
        for position in range(0, len(episode), window):
            inputs, _, _ = _piece(episode, position, window)
            said, state = self._said(inputs, state)
            state = np.asarray(ops.convert_to_numpy(state))
            parts.append(np.asarray(ops.convert_to_numpy(said)))
        return np.concatenate(parts)[: len(episode)]

    def evaluate(self, request: EvaluationRequest, progress: Progress) -> Evaluation:
        """Bits a symbol by length, and the longest that is solved."""
        return evaluation.evaluate(self, request, progress)

    def checks(self) -> list[Check]:
        """See `recurrent.proofs`."""
        from genkit.models.synthetic_gradients.recurrent.proofs import checks

        return list(checks(self))


def _piece(
    episode: Episodes, position: int, window: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Steps of an episode from a position on; nothing is read or asked behind its end."""
    stop = position + window
    arrays = (episode.inputs, episode.targets, episode.asked)
    inputs, targets, asked = (array[position:stop] for array in arrays)
    missing = window - len(inputs)
    inputs, targets, asked = (pad_rows(array, missing) for array in (inputs, targets, asked))
    return inputs, targets.astype(np.int32), asked
