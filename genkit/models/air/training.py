"""What an update of AIR computes: the bound, its gradient through presence, running averages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
from keras import ops

from genkit.models.air import objective
from genkit.models.air.config import AirConfig
from genkit.models.air.network import AIR
from genkit.models.air.slots import Baseline

RATE = 0.01  # of running averages; larger in the first updates, so that they begin as plain means


class Statistics:
    """Running averages: how often each count is inferred, and of the scores of presence.

    Args:
        slots: N. scored: whether scores are averaged, for NVIL.
    """

    def __init__(self, slots: int, scored: bool) -> None:
        every = keras.ops.ones((slots + 1,)) / (slots + 1)
        self.counts = keras.Variable(every, trainable=False, name="count_frequencies")
        names = ("score_mean", "score_square", "advantage_square") if scored else ()
        self._scores = {n: keras.Variable(0.0, trainable=False, name=n) for n in names}

    def variables(self) -> dict[str, keras.Variable]:
        """By a stable name."""
        return {"count_frequencies": self.counts, **self._scores}

    def see_counts(self, alive: Any, rate: Any) -> None:
        """Take note of the presence `(B, N)` of things."""
        count = ops.sum(ops.cast(alive > 0.5, "int32"), axis=1)
        seen = ops.mean(ops.one_hot(count, self.counts.shape[0], dtype="float32"), axis=0)
        self.counts.assign(self.counts.value + rate * (seen - self.counts.value))

    def see(self, name: str, value: Any, rate: Any) -> Any:
        """Take note of a mean; returns the running one, this one included."""
        kept = self._scores[name]
        now = kept.value + rate * (value - kept.value)
        kept.assign(now)
        return now


def gradient_scaled(x: Any, factor: Any) -> Any:
    """`x`, whose gradient is multiplied by `factor`."""
    still = ops.stop_gradient(x)
    return still + factor * (x - still)


def prior_of(network: Any, batch: Mapping[str, Any]) -> Any:
    """Log-odds `(B, N)` of presence in an update: learned, or as the schedule in the batch says."""
    if network.prior == "learned":
        return ops.broadcast_to(network.prior_logits, ops.shape(batch["prior"]))
    return batch["prior"]


class Objective:
    """The loss of a batch.

    Args:
        config: the recipe's section. network, baseline: built; a baseline for NVIL only.
        statistics: running averages.
    """

    def __init__(
        self, config: AirConfig, network: AIR, baseline: Baseline | None, statistics: Statistics
    ) -> None:
        self.config, self.network = config, network
        self.baseline, self.statistics = baseline, statistics

    def __call__(self, batch: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
        """Mean of minus the bound, in nats.

        Args:
            batch: `image` `(B, H, W, C)` from 0 to 1, `presence`, `where`, `what` for
                `AIR.call`, `prior` `(B, N)`, `temperature`, `greed` and `rate` `(B, 1)`.
        """
        images, noise = batch["image"], self.config.noise
        relaxed = self.config.estimator == "concrete"
        drawn = {name: batch[name] for name in ("presence", "where", "what")}
        found = self.network(images, drawn, batch["temperature"] if relaxed else None)
        rate = batch["rate"][0, 0]
        self.statistics.see_counts(found["alive"], rate)
        if relaxed:
            parts = objective.parts(images, found, prior_of(self.network, batch), noise)
            gain = objective.bound(parts) + self._greed(batch, found)
            return self._result(found, parts, ops.mean(-gain), {})
        return self._nvil(batch, found, rate)

    def _nvil(
        self, batch: Mapping[str, Any], found: Mapping[str, Any], rate: Any
    ) -> tuple[Any, dict[str, Any]]:
        images, noise, prior = batch["image"], self.config.noise, prior_of(self.network, batch)
        parts = objective.parts(images, found, prior, noise)
        scores = ops.stop_gradient(objective.scores(parts))
        asked = ops.stop_gradient(objective.reached(found["alive"]))
        things = ops.stop_gradient(self.network.things(found))
        mean, deviation = self._usual(scores, asked, rate)
        expected = mean + deviation * self._predicted(images, things)
        advantages = scores - ops.stop_gradient(expected)
        if self.config.normalise:
            square = _mean(ops.square(advantages), asked)
            spread = self.statistics.see("advantage_square", square, rate)
            factor = 1.0 / ops.maximum(1.0, ops.sqrt(spread))
            # Scores and the divergence of presence alike, so that the bound stays what it is.
            logits = gradient_scaled(found["presence_logits"], factor)
            found = {**found, "presence_logits": logits}
            parts = objective.parts(images, found, prior, noise)
        gain = objective.bound(parts) + objective.nvil_surrogate(found, advantages)
        gain = gain + self._greed(batch, found)
        extras = {
            "scores": (scores - mean) / deviation,
            "asked": asked,
            "things": things,
            "advantage": ops.sqrt(_mean(ops.square(advantages), asked)),
        }
        return self._result(found, parts, ops.mean(-gain), extras)

    def _greed(self, batch: Mapping[str, Any], found: Mapping[str, Any]) -> Any:
        """What first things are to explain on their own, as much as it weighs now."""
        if not self.config.greed.start:
            return 0.0
        told = objective.greed(batch["image"], found["canvases"], self.config.noise)
        return batch["greed"][:, 0] * told

    def _usual(self, scores: Any, asked: Any, rate: Any) -> tuple[Any, Any]:
        """Running mean and deviation of scores, at least 1: what the baseline predicts is told in
        them, so that it need not learn how large a bound is."""
        mean = self.statistics.see("score_mean", _mean(scores, asked), rate)
        square = self.statistics.see("score_square", _mean(ops.square(scores), asked), rate)
        return mean, ops.sqrt(ops.maximum(square - ops.square(mean), 1.0))

    def _predicted(self, images: Any, things: Any) -> Any:
        if self.baseline is None:
            return 0.0
        return ops.stop_gradient(self.baseline(images, things))

    def _result(
        self, found: Mapping[str, Any], parts: Mapping[str, Any], loss: Any, extras: dict[str, Any]
    ) -> tuple[Any, dict[str, Any]]:
        count = ops.mean(ops.sum(ops.cast(found["alive"] > 0.5, "float32"), axis=1))
        return loss, {
            "elbo_nats_per_image": ops.mean(objective.bound(parts)),
            "log_likelihood_nats": ops.mean(parts["log_likelihood"]),
            "presence_nats": ops.mean(ops.sum(parts["presence_kl"], axis=1)),
            "where_nats": ops.mean(ops.sum(parts["where_kl"], axis=1)),
            "what_nats": ops.mean(ops.sum(parts["what_kl"], axis=1)),
            "mean_count": count,
            **extras,
        }

    def baseline_loss(self, batch: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
        """Mean squared error of the baseline, of what `_nvil` left behind."""
        if self.baseline is None:
            raise ValueError("there is no baseline to train")
        error = ops.square(batch["scores"] - self.baseline(batch["image"], batch["things"]))
        return _mean(error, batch["asked"]), {}


def _mean(x: Any, weights: Any) -> Any:
    return ops.sum(x * weights) / ops.maximum(ops.sum(weights), 1.0)
