"""The learner of durations: an LSTM over phones that minimises squared errors of logarithms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from keras import ops

from genkit import backend
from genkit.family import Arrays, Evaluation, EvaluationRequest, Monitor
from genkit.models.speech_prosody.base import ProsodyLearner, feature_width
from genkit.models.speech_prosody.network import PhoneDurations
from genkit.models.speech_prosody.pictures import durations_figure
from genkit.progress import Progress
from genkit.speech.context import phone_features
from genkit.speech.reading import Spoken, padded, rounded_up
from genkit.speech.utterance import Utterance

STEP = 32  # phones; sequences are padded to multiples of it
_CENTRE = 2.5  # of natural logarithms of frames: 12 frames


class DurationLearner(ProsodyLearner):
    """How long phones last (arXiv:1609.03499, section 3.2)."""

    monitor = Monitor("rmse_milliseconds", "min")

    def __init__(self, recipe: Any, inputs: Mapping[str, Any] | None = None) -> None:
        super().__init__(recipe, inputs, build_network(recipe))
        self._told = backend.compile(self.told, self.network.variables)

    # Training

    def told(self, batch: Any) -> Any:
        """Log-durations `(B, N)` in the scale of the network."""
        return self.network(batch["features"], batch.get("vector"))

    def loss(self, batch: Any) -> tuple[Any, dict[str, Any]]:
        """Mean squared error of log-durations over the phones of a batch."""
        weight = batch["weight"]
        error = ops.square(self.told(batch) - batch["wanted"])
        mean = ops.sum(weight * error) / ops.maximum(ops.sum(weight), 1.0)
        return mean, {"log_rmse": ops.sqrt(mean)}

    def arrays(self, spoken: Spoken, chosen: Sequence[int]) -> Arrays:
        durations = [spoken.utterance(i)[1] for i in chosen]
        length = rounded_up(max(map(len, durations)), STEP)
        wanted = [scaled(own) for own in durations]
        return {
            "features": padded([spoken.table(i) for i in chosen], length),
            "wanted": padded(wanted, length),
            "weight": padded([np.ones(len(own), np.float32) for own in durations], length),
            **self.vector(spoken, chosen),
        }

    # Use

    def durations(self, utterance: Utterance, vector: np.ndarray | None) -> np.ndarray:
        """Frames of each phone, `(N,)` int64, at least 1.

        Args:
            utterance: what is to be said. vector: `(V,)`, who says it; None without conditions.
        """
        table = phone_features(utterance, self.phones)
        return frames(self.alone(self._told, table, STEP, vector))

    def predicted(self, spoken: Spoken, progress: Progress) -> list[np.ndarray]:
        """Frames of each phone of each recording."""
        rows = self.rows(self._told, spoken, "durations", progress)
        return [frames(row[: len(spoken.utterance(i)[1])]) for i, row in enumerate(rows)]

    def evaluate(self, request: EvaluationRequest, progress: Progress) -> Evaluation:
        """Errors of durations in milliseconds, those of the mean duration of a phone beside."""
        spoken = self.spoken(request.split, progress, request.limit)
        told = self.predicted(spoken, progress)
        true = [spoken.utterance(i)[1] for i in range(len(spoken))]
        milliseconds = 1000 * self.config.hop / self.recipe.data.sample_rate
        metrics = errors(np.concatenate(true), np.concatenate(told), milliseconds)
        if request.brief:
            return Evaluation(len(spoken), metrics)
        names = [[p.name for p in spoken.utterance(i)[0].phones] for i in range(len(spoken))]
        means = self._means()
        mean = np.array([means.get(name, means[""]) for own in names for name in own])
        baseline = errors(np.concatenate(true), mean, milliseconds)
        metrics |= {f"phone_mean_{key}": value for key, value in baseline.items()}
        figure = durations_figure(true, told, milliseconds, request.split)
        notes = {**self.dataset.notes, "phones": "pauses included"}
        return Evaluation(len(spoken), metrics, {}, [figure], notes)

    def _means(self) -> dict[str, float]:
        """Mean frames of each phone in training, and of all under the empty name."""
        spoken = self.spoken("train")
        found: dict[str, list[int]] = {"": []}
        for i in range(len(spoken)):
            utterance, durations = spoken.utterance(i)
            for phone, frames_of_one in zip(utterance.phones, durations, strict=True):
                found.setdefault(phone.name, []).append(int(frames_of_one))
                found[""].append(int(frames_of_one))
        return {name: float(np.mean(values)) for name, values in found.items()}

    def score(self, data: str, limit: int | None, progress: Progress) -> Iterator[dict[str, Any]]:
        """Per recording: its length in seconds, the predicted one, and errors."""
        spoken = self.scored(data, limit)
        milliseconds = 1000 * self.config.hop / self.recipe.data.sample_rate
        for i, told in enumerate(self.predicted(spoken, progress)):
            true = spoken.utterance(i)[1]
            yield {
                "index": i,
                "name": spoken.split.names[i],
                "phones": len(true),
                "seconds": float(true.sum()) * milliseconds / 1000,
                "predicted_seconds": float(told.sum()) * milliseconds / 1000,
                **errors(true, told, milliseconds),
            }


def scaled(durations: np.ndarray) -> np.ndarray:
    """Frames in the scale of the network, float32; phones shorter than a frame count as half."""
    return (np.log(np.maximum(durations, 0.5)) - _CENTRE).astype(np.float32)


def frames(values: np.ndarray) -> np.ndarray:
    """Whole frames of what the network tells, at least 1 and at most 2,000."""
    return np.clip(np.rint(np.exp(values.astype(np.float64) + _CENTRE)), 1, 2_000).astype(np.int64)


def errors(true: np.ndarray, told: np.ndarray, milliseconds: float) -> dict[str, float]:
    """Root mean square error of durations in milliseconds, and correlation."""
    difference = (true - told).astype(np.float64) * milliseconds
    found = {"rmse_milliseconds": float(np.sqrt(np.mean(np.square(difference))))}
    if len(true) > 1 and np.std(true) > 0 and np.std(told) > 0:
        found["correlation"] = float(np.corrcoef(true, told)[0, 1])
    return found


def build_network(recipe: Any) -> PhoneDurations:
    """The built network of a recipe."""
    config = recipe.model
    width = config.vector_width(recipe.data)
    network = PhoneDurations(
        feature_width(recipe), width, config.dense, config.units, name="durations"
    )
    network.build()
    return network
