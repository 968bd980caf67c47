"""Evaluation of a WaveNet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from genkit.family import Evaluation, EvaluationRequest
from genkit.progress import Progress

if TYPE_CHECKING:
    from genkit.data.audio.dataset import AudioSplit
    from genkit.models.wavenet.learner import WaveNetLearner

LN2 = float(np.log(2.0))


def evaluate(
    learner: WaveNetLearner, request: EvaluationRequest, progress: Progress
) -> Evaluation:
    """Bits a sample of a split, with and without what lies before a full receptive field."""
    split = learner.split(request.split).first(request.limit)
    warm_up = learner.recipe.eval.warm_up
    warm_up = learner.recipe.model.reach() if warm_up is None else warm_up
    scores = dict(learner.log_probabilities(split, progress))
    metrics = likelihood([scores[i] for i in range(len(split))], warm_up)
    metrics["uniform_bits_per_sample"] = float(np.log2(learner.recipe.model.levels))
    if request.brief:
        return Evaluation(len(split), metrics)
    return Evaluation(len(split), metrics)


def likelihood(scores: list[np.ndarray], warm_up: int) -> dict[str, float]:
    """Means over audio samples of log-probabilities `(T,)` in nats, one array a recording.

    Where every recording is shorter than the warm-up, nothing is left and all samples count.
    """
    whole = np.concatenate(scores)
    warm = np.concatenate([own[warm_up:] for own in scores])
    counted = warm if len(warm) else whole
    return {
        "bits_per_sample": float(-counted.mean() / LN2),
        "bits_per_sample_with_warm_up": float(-whole.mean() / LN2),
        "samples": float(len(counted)),
    }
