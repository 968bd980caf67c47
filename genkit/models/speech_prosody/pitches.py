"""The learner of pitch: log-F0 frame after frame, squared error; voicing beside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from keras import ops

from genkit import backend
from genkit.family import Arrays, Check, Evaluation, EvaluationRequest, Monitor
from genkit.metrics.speech.contours import Contour, contour_errors
from genkit.models.speech_prosody.base import ProsodyLearner, feature_width
from genkit.models.speech_prosody.network import PitchContour
from genkit.models.speech_prosody.pictures import contours_figure
from genkit.progress import SILENT, Progress
from genkit.randomness import Noise
from genkit.speech.context import frame_features, phone_features
from genkit.speech.pitch import log_hertz_of
from genkit.speech.reading import Spoken, padded, rounded_up
from genkit.speech.utterance import Utterance

STEP = 128  # frames; contours are padded to multiples of it
SHOWN = 4
NOTHING = 12_000.0  # cents, ten octaves


class PitchLearner(ProsodyLearner):
    """How the pitch moves (arXiv:1609.03499, section 3.2)."""

    # The next frame is told ever better while contours that are drawn freely get worse.
    monitor = Monitor("rmse_cents", "min")

    def __init__(self, recipe: Any, inputs: Mapping[str, Any] | None = None) -> None:
        super().__init__(recipe, inputs, build_network(recipe))
        self._loss = backend.compile(self.loss, self.network.variables)
        self._draw = backend.compile(self.drawn, self.network.variables)

    # Training

    def told(self, batch: Any) -> Any:
        """Log-F0 and the logit of voicing `(B, F, 2)`, each after the true ones before it."""
        contour = batch["contour"]
        before = ops.pad(contour[:, :-1], ((0, 0), (1, 0), (0, 0)))
        return self.network(before, batch["known"], batch["features"], batch.get("vector"))

    def loss(self, batch: Any) -> tuple[Any, dict[str, Any]]:
        """Squared error of log-F0 and cross-entropy of voicing, means over frames."""
        told, contour, weight = self.told(batch), batch["contour"], batch["weight"]
        total = ops.maximum(ops.sum(weight), 1.0)
        error = ops.square(told[..., 0] - contour[..., 0])
        logit, flag = told[..., 1], contour[..., 1]
        entropy = ops.relu(logit) - logit * flag + ops.log1p(ops.exp(-ops.abs(logit)))
        squared, voicing = (ops.sum(weight * part) / total for part in (error, entropy))
        return squared + voicing, {"squared_error": squared, "voicing_nats": voicing}

    def arrays(self, spoken: Spoken, chosen: Sequence[int]) -> Arrays:
        contours = [spoken.contour(i) for i in chosen]
        length = rounded_up(max(map(len, contours)), STEP)
        ones = [np.ones(len(own), np.float32) for own in contours]
        return {
            "features": padded([spoken.features(i, pitch=False) for i in chosen], length),
            "contour": padded(contours, length),
            "weight": padded(ones, length),
            "known": np.tile(shown(length, self.config.forget), (len(contours), 1)),
            **self.vector(spoken, chosen),
        }

    def noisy(self, arrays: Arrays, noise: Noise) -> Arrays:
        """With the past of some frames hidden."""
        drawn = noise.uniform("forget", arrays["known"].shape)
        return {**arrays, "known": (drawn >= self.config.forget).astype(np.float32)}

    # Use

    def drawn(self, batch: Any) -> Any:
        """Contours that follow from their own beginnings, `(B, F, 2)`."""
        known = shown(int(batch["features"].shape[1]), self.config.forget)
        return self.network.draw(batch["features"], known, batch.get("vector"))

    def contour(
        self, utterance: Utterance, durations: np.ndarray, vector: np.ndarray | None
    ) -> np.ndarray:
        """Log-F0 in the scale of networks and voicing, 0 or 1, of each frame, `(F, 2)` float32.

        Args:
            utterance: what is to be said. durations: `(N,)` frames of each phone.
            vector: `(V,)`, who says it; None without conditions.
        """
        features = frame_features(phone_features(utterance, self.phones), durations)
        return self.alone(self._draw, features, STEP, vector).astype(np.float32)

    def predicted(self, spoken: Spoken, progress: Progress) -> list[np.ndarray]:
        """The contour of each recording with its true durations, drawn freely."""
        rows = self.rows(self._draw, spoken, "contours", progress)
        return [row[: spoken.frames(i)] for i, row in enumerate(rows)]

    def evaluate(self, request: EvaluationRequest, progress: Progress) -> Evaluation:
        """Errors of the next frame, and of contours that are drawn freely, in cents."""
        spoken = self.spoken(request.split, progress, request.limit)
        metrics = self._next_frame(spoken)
        told = self.predicted(spoken, SILENT if request.brief else progress)
        true = [spoken.contour(i) for i in range(len(spoken))]
        # Where nothing is voiced yet there is no pitch to compare: worse than any.
        metrics |= {"rmse_cents": NOTHING, **errors(np.concatenate(true), np.concatenate(told))}
        if request.brief:
            return Evaluation(len(spoken), metrics)
        each = [errors(own, other) for own, other in zip(true, told, strict=True)]
        within = [row["correlation"] for row in each if "correlation" in row]
        if within:
            metrics["correlation_within_recordings"] = float(np.mean(within))
        texts = spoken.split.texts or spoken.split.names
        seconds = self.config.hop / self.recipe.data.sample_rate
        figure = contours_figure(true[:SHOWN], told[:SHOWN], texts[:SHOWN], seconds, request.split)
        return Evaluation(len(spoken), metrics, {}, [figure], dict(self.dataset.notes))

    def _next_frame(self, spoken: Spoken) -> dict[str, float]:
        """Losses, means over all frames."""
        sums: dict[str, float] = {}
        count = 0.0
        for chosen in self.chunks(len(spoken)):
            arrays = self.arrays(spoken, chosen)
            loss, parts = self._loss(arrays)
            frames = float(arrays["weight"].sum())
            count += frames
            for key, value in {"loss": loss, **parts}.items():
                sums[key] = sums.get(key, 0.0) + frames * float(ops.convert_to_numpy(value))
        return {key: value / count for key, value in sums.items()}

    def score(self, data: str, limit: int | None, progress: Progress) -> Iterator[dict[str, Any]]:
        """Per recording: frames and errors of a contour that is drawn freely."""
        spoken = self.scored(data, limit)
        for i, told in enumerate(self.predicted(spoken, progress)):
            found = errors(spoken.contour(i), told)
            yield {"index": i, "name": spoken.split.names[i], "frames": len(told), **found}

    def checks(self) -> Iterable[Check]:
        from genkit.models.speech_prosody.proofs import pitch_checks

        return pitch_checks(self)


def shown(count: int, forget: float) -> np.ndarray:
    """In which frames the past is seen once training is over, `(count,)` float32: as often as in
    training, at equal distances. Seen always, it would carry more weight than it was learned with.
    """
    share = 1.0 - forget
    # Half a step on, so that rounding decides nothing.
    turns = np.floor(np.arange(count + 1) * share + 0.5)
    return np.diff(turns).astype(np.float32)


def errors(true: np.ndarray, told: np.ndarray) -> dict[str, float]:
    """Of contours `(F, 2)`: root mean square error in cents and correlation over frames that both
    voice, and the share of frames whose voicing differs; what is not defined is left out."""
    real, made = (Contour(log_hertz_of(own[:, 0]), own[:, 1] > 0.5) for own in (true, told))
    found = contour_errors(real, made)
    kept = {
        "rmse_cents": found.rmse_cents,
        "correlation": found.correlation,
        "voicing_error": found.voicing_error,
    }
    return {key: value for key, value in kept.items() if np.isfinite(value)}


def build_network(recipe: Any) -> PitchContour:
    """The built network of a recipe."""
    config = recipe.model
    network = PitchContour(
        feature_width(recipe),
        config.vector_width(recipe.data),
        config.channels,
        config.residual,
        config.skip,
        config.head,
        config.dilation_list(),
        name="pitch",
    )
    network.build()
    return network
