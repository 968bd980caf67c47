"""The learner of spectral envelopes: a linear predictor of each frame, by its likelihood."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from keras import ops

from genkit import backend
from genkit.family import Arrays, Evaluation, EvaluationRequest, Monitor
from genkit.layers.linear_prediction import LARGEST, error_power, step_up
from genkit.models.speech_prosody.base import ProsodyLearner, feature_width
from genkit.models.speech_prosody.network import SpectralEnvelope
from genkit.models.speech_prosody.pictures import envelopes_figure
from genkit.progress import SILENT, Progress
from genkit.speech.envelope import (
    autocorrelations,
    decibels,
    own_predictors,
    spectral_distortion,
)
from genkit.speech.reading import Spoken, padded, rounded_up
from genkit.speech.sizes import CENTRE, FRAME, SPREAD

# Coefficients `(F, order)`, and the natural logarithms of the deviation of their errors `(F,)`.
Predictors = tuple[np.ndarray, np.ndarray]

STEP = 128  # frames; recordings are padded to multiples of it
SHOWN = 3


class EnvelopeLearner(ProsodyLearner):
    """Which spectral envelope each frame has.

    A frame of windowed sound with autocorrelation r has, under a predictor with error power e(r)
    and deviation s, a mean log-likelihood of -(log s^2 + e(r) / s^2 + log 2 pi) / 2 a sample; its
    distance from that of the frame's own best predictor is half of that of Itakura and Saito.
    """

    monitor = Monitor("itakura_saito", "min")

    def __init__(self, recipe: Any, inputs: Mapping[str, Any] | None = None) -> None:
        super().__init__(recipe, inputs, build_network(recipe))
        self._told = backend.compile(self.told, self.network.variables)
        self._correlations: dict[tuple[int, int], np.ndarray] = {}

    # Training

    def told(self, batch: Any) -> Any:
        """Predictors `(B, F, order + 1)` in the form of the network."""
        return self.network(batch["features"], batch.get("vector"))

    def loss(self, batch: Any) -> tuple[Any, dict[str, Any]]:
        """Mean negative log-likelihood (nats a sample) of the frames of a batch."""
        told = self.told(batch)
        log_deviation = told[..., -1] * SPREAD + CENTRE
        left = error_power(step_up(LARGEST * told[..., :-1]), batch["correlations"])
        nats = log_deviation + 0.5 * (left * ops.exp(-2.0 * log_deviation) + np.log(2 * np.pi))
        weight = batch["weight"]
        mean = ops.sum(weight * nats) / ops.maximum(ops.sum(weight), 1.0)
        return mean, {"nats": mean}

    def arrays(self, spoken: Spoken, chosen: Sequence[int]) -> Arrays:
        correlations = [self._correlation(spoken, i) for i in chosen]
        length = rounded_up(max(map(len, correlations)), STEP)
        ones = [np.ones(len(own), np.float32) for own in correlations]
        features = padded([spoken.features(i, pitch=False) for i in chosen], length)
        # Silence where there is nothing, so that all of it is finite.
        silence = np.eye(1, self.config.order + 1, dtype=np.float32)
        weight = padded(ones, length)
        whole = padded(correlations, length) + (1.0 - weight)[..., None] * silence
        return {
            "features": features,
            "correlations": whole,
            "weight": weight,
            **self.vector(spoken, chosen),
        }

    def _correlation(self, spoken: Spoken, number: int) -> np.ndarray:
        """Of the frames of a recording, `(F, order + 1)`; remembered, some 100 kB each."""
        key = (id(spoken), number)  # the learner keeps what it has asked for
        if key not in self._correlations:
            recording, config = spoken.split.recording(number), self.config
            found = autocorrelations(recording, config.codec(), config.hop, config.order)
            self._correlations[key] = found
        return self._correlations[key]

    # Use

    def envelope(self, features: np.ndarray, vector: np.ndarray | None) -> np.ndarray:
        """Reflection coefficients and the logarithm of the deviation, in the scale that networks
        are told, of each frame, `(F, order + 1)` float32.

        Args:
            features: `(F, D)`, linguistic. vector: `(V,)`, who says it; None without conditions.
        """
        return self.alone(self._told, features, STEP, vector)

    def predicted(self, spoken: Spoken, progress: Progress) -> list[np.ndarray]:
        """What is told of each recording's frames."""
        rows = self.rows(self._told, spoken, "envelopes", progress)
        return [row[: spoken.frames(i)] for i, row in enumerate(rows)]

    def evaluate(self, request: EvaluationRequest, progress: Progress) -> Evaluation:
        """Distances from the best predictor of each frame; beside them those of one predictor for
        each phone."""
        spoken = self.spoken(request.split, progress, request.limit)
        told = self.predicted(spoken, SILENT if request.brief else progress)
        every = [self._correlation(spoken, i) for i in range(len(spoken))]
        correlations = np.concatenate(every)
        best = own(correlations)
        metrics = predictor_distances(correlations, best, predictors(np.concatenate(told)))
        if request.brief:
            return Evaluation(len(spoken), metrics)
        baseline = predictor_distances(correlations, best, self._of_phones(spoken))
        metrics |= {f"phone_mean_{key}": value for key, value in baseline.items()}
        figure = envelopes_figure(
            [decibels(*own(r)) for r in every[:SHOWN]],
            [decibels(*predictors(row)) for row in told[:SHOWN]],
            (spoken.split.texts or spoken.split.names)[:SHOWN],
            self.config.hop / spoken.split.sample_rate,
            spoken.split.sample_rate,
        )
        return Evaluation(len(spoken), metrics, {}, [figure], dict(self.dataset.notes))

    def _means(self) -> dict[str, np.ndarray]:
        """Mean autocorrelation of each phone's frames in training, and of all under the empty
        name: its predictor is the most probable one for all of them."""
        spoken = self.spoken("train")
        sums: dict[str, list[Any]] = {"": [0.0, 0]}
        for i in range(len(spoken)):
            utterance, durations = spoken.utterance(i)
            names = np.repeat([phone.name for phone in utterance.phones], durations)
            rows = self._correlation(spoken, i).astype(np.float64)
            for name in ["", *dict.fromkeys(names.tolist())]:
                own = rows[names == name] if name else rows
                total = sums.setdefault(name, [0.0, 0])
                total[0], total[1] = total[0] + own.sum(axis=0), total[1] + len(own)
        return {name: total / count for name, (total, count) in sums.items() if count}

    def _of_phones(self, spoken: Spoken) -> Predictors:
        """The predictor of its phone for each frame of all recordings."""
        means = self._means()
        number = {name: i for i, name in enumerate(means)}
        places = []
        for i in range(len(spoken)):
            utterance, durations = spoken.utterance(i)
            own_numbers = [number.get(phone.name, number[""]) for phone in utterance.phones]
            places.append(np.repeat(own_numbers, durations))
        coefficients, log_deviation = own(np.stack(list(means.values())))
        frames = np.concatenate(places)
        return coefficients[frames], log_deviation[frames]

    def score(self, data: str, limit: int | None, progress: Progress) -> Iterator[dict[str, Any]]:
        """Per recording: frames and distances."""
        spoken = self.scored(data, limit)
        for i, told in enumerate(self.predicted(spoken, progress)):
            found = distances(self._correlation(spoken, i), told)
            yield {"index": i, "name": spoken.split.names[i], "frames": len(told), **found}


def predictors(told: np.ndarray) -> Predictors:
    """What a network tells of frames `(F, order + 1)`, as predictors."""
    reflection = ops.convert_to_tensor(LARGEST * told[:, :-1], "float32")
    coefficients = np.asarray(ops.convert_to_numpy(step_up(reflection)), np.float64)
    return coefficients, told[:, -1].astype(np.float64) * SPREAD + CENTRE


def own(correlations: np.ndarray) -> Predictors:
    """The best predictor of each frame."""
    coefficients, power = own_predictors(correlations)
    return coefficients, 0.5 * np.log(np.maximum(power, 1e-12))


def distances(correlations: np.ndarray, told: np.ndarray) -> dict[str, float]:
    """Of what a network tells of frames, from their own best predictors."""
    return predictor_distances(correlations, own(correlations), predictors(told))


def predictor_distances(
    correlations: np.ndarray, best: Predictors, others: Predictors
) -> dict[str, float]:
    """Means over frames: the distance of Itakura and Saito, and spectral distortion in dB.

    Args:
        correlations: `(F, order + 1)`. best: their own predictors. others: those that are judged.
    """
    coefficients, log_deviation = others
    rows, whole = correlations.astype(np.float64), np.pad(-coefficients, ((0, 0), (1, 0)))
    whole[:, 0] = 1.0
    lags = np.abs(np.arange(rows.shape[1])[:, None] - np.arange(rows.shape[1]))
    left = np.einsum("fi,fij,fj->f", whole, rows[:, lags], whole)
    found = left * np.exp(-2 * log_deviation) - 2 * (best[1] - log_deviation) - 1.0
    spectra = [decibels(*pair) for pair in (best, others)]
    return {
        "itakura_saito": float(np.mean(found)),
        "log_spectral_distortion_db": spectral_distortion(spectra),
    }


def build_network(recipe: Any) -> SpectralEnvelope:
    """The built network of a recipe."""
    config = recipe.model
    network = SpectralEnvelope(
        feature_width(recipe) + FRAME,
        config.vector_width(recipe.data),
        config.order,
        config.units,
        config.layers,
        config.halo,
        name="envelope",
    )
    network.build()
    return network
