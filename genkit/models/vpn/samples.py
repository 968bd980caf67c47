"""What is told of samples: how near they are to what happened, frame by frame."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from genkit.family import Evaluation, EvaluationRequest
from genkit.metrics.likeness import psnr, ssim
from genkit.progress import Progress

if TYPE_CHECKING:
    from genkit.models.vpn.learner import VPNLearner


def with_samples(
    learner: VPNLearner, found: Evaluation, request: EvaluationRequest, progress: Progress
) -> Evaluation:
    """`found` with samples that go on from the first videos of the split, `eval.recognise` of them.

    Adds `psnr` and `ssim` of samples beside what happened, and of copying the last given frame,
    means over videos and predicted frames, and a row for each frame in the table `frames`.
    """
    count = min(learner.recipe.eval.recognise, found.count)
    if not count:
        return found
    split = learner.split(request.split)
    batch = split.items(np.arange(count))
    drawn = learner.draw(batch, request.seed, progress).samples
    context, top = learner.config.context, learner.levels - 1
    truth, samples = batch["video"][:, context:], drawn[:, context:]
    last = np.broadcast_to(batch["video"][:, context - 1 : context], truth.shape)
    figures: dict[str, np.ndarray] = {}
    for name, other in (("", samples), ("copy_last_", last)):
        figures[f"{name}psnr"] = psnr(truth, other, top)
        figures[f"{name}ssim"] = ssim(truth, other, top)
    metrics = {name: float(values.mean()) for name, values in figures.items()}
    rows: list[dict[str, Any]] = [
        {**row, **{name: float(values[:, t].mean()) for name, values in figures.items()}}
        for t, row in enumerate(found.tables["frames"])
    ]
    return replace(
        found,
        metrics={**found.metrics, **metrics},
        tables={**found.tables, "frames": rows},
    )
